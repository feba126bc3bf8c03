//! The morning check: what needs a hand in the order of the damage, left and
//! gone on with, and handed over in the evening.

use jiff::tz::TimeZone;

use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::ids::ChannelId;
use allgreen::domain::role::Role;
use allgreen::domain::words::Wall;
use allgreen::ops::Scope;
use allgreen::ops::aside::{Target, set};
use allgreen::ops::connect::reconnect;
use allgreen::ops::disconnect::disconnect;
use allgreen::ops::handover::handover;
use allgreen::ops::runbook::{Key, Of, Progress, Walk, What, items, open, summary, walk};
use allgreen::ops::views;

use crate::office::{Office, minutes};

const ALL: Of = Of::Scope(Scope::All);

async fn break_it(office: &Office, channel: &ChannelId, cause: Cause) {
    let (id, now) = (channel.clone(), office.clock.now());
    let entropy = office.hub.entropy.clone();
    let store = &office.hub.store;
    store
        .write(move |tx| tx.break_channel(&id, cause, &Evidence::default(), now, &entropy))
        .await
        .unwrap();
}

fn keys(walk: &Walk) -> Vec<String> {
    let name = |key: &Key| match key {
        Key::Login(_) => "login".to_owned(),
        Key::Hub(id) => id.clone(),
        other => format!("{other:?}"),
    };
    walk.steps.iter().map(|step| name(&step.key)).collect()
}

fn wall(office: &Office) -> Wall {
    Wall {
        now: office.clock.now(),
        zone: TimeZone::UTC,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_the_walk_follows_the_damage_and_goes_on_where_it_was_left() {
    let office = Office::open().await;
    let (ann, late) = office.channel("ann").await;
    let (_, soon) = office.channel("bob").await;
    let (_, missed) = office.channel("cleo").await;
    office.post(&missed, "missed", minutes(1)).await;
    office.clock.advance(minutes(25 * 60));
    office.pass().await;
    office.post(&late, "in an hour", minutes(60)).await;
    office.post(&soon, "in a minute", minutes(1)).await;
    break_it(&office, &late, Cause::AppRemoved).await;
    break_it(&office, &soon, Cause::RoleLost).await;

    let first = open(&office.hub, &ALL).await.unwrap();
    assert_eq!(
        keys(&first),
        ["login", "login", "Missed", "Soon", "inc_publisher"]
    );
    let of = |walk: &Walk, at: usize| walk.steps[at].key.clone();
    assert_eq!(
        of(&first, 0),
        Key::Login(soon.to_string()),
        "its post is due first, and no login mends it"
    );
    let begun = office.clock.now();

    office.clock.advance(minutes(5));
    reconnect(&office.hub, &late, Office::credential(&ann))
        .await
        .unwrap();
    // The screen was closed meanwhile: opened again it goes on.
    let left = open(&office.hub, &ALL).await.unwrap();
    assert_eq!(left.begun.at, begun.0);
    assert_eq!(left.done(), 1);
    let Progress::Done { by, at } = &left.steps[0].progress else {
        panic!("{:?}", left.steps[0]);
    };
    assert_eq!(by.as_ref().map(|(_, name)| name.as_str()), Some("ann"));
    assert_eq!(*at, Some(office.clock.now()));

    // Of another operator it is another walk, and a viewer may walk too.
    let main = office.main().await;
    let eve = office.colleague("eve", &main, Role::Viewer).await;
    let hers = open(&eve, &ALL).await.unwrap();
    assert_eq!((hers.begun.at, hers.done()), (office.clock.now().0, 0));

    // The next morning it begins anew.
    office.clock.advance(minutes(13 * 60));
    let next = open(&office.hub, &ALL).await.unwrap();
    assert_eq!(next.begun.at, office.clock.now().0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_what_is_set_aside_ends_the_walk_and_stays_in_its_summary() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    break_it(&office, &channel, Cause::RoleLost).await;
    let of = Of::Channels(vec![channel.clone()]);
    let begun = walk(&office.hub, &of, None).await.unwrap();
    assert_eq!(keys(&begun), ["login"], "of chosen channels nothing else");
    assert!(!begun.is_over());
    let until = office.clock.now().plus(minutes(24 * 60));
    set(
        &office.hub,
        &[Target::Channel(channel)],
        until,
        "ask the client",
    )
    .await
    .unwrap();
    let over = walk(&office.hub, &of, Some(begun.begun)).await.unwrap();
    assert!(over.is_over());
    let lines = summary(&over, "1 channel", &wall(&office));
    assert_eq!(lines.len(), 4);
    assert!(lines[1].starts_with("0 of 1 healthy"), "{lines:?}");
    assert!(
        lines[2].contains("1 set aside: ann.test, ann, Sun, “ask the client”"),
        "{lines:?}"
    );
    let open = items(&over, &wall(&office));
    assert_eq!(open.len(), 1, "it is red still");
    assert_eq!(
        open[0].commands,
        ["allgreen channel probe main/bs:@ann.test"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handover_says_what_broke_healed_went_out_and_is_at_risk() {
    let office = Office::open().await;
    let (ann, mended) = office.channel("ann").await;
    let (_, broken) = office.channel("bob").await;
    office.post(&mended, "goes out", minutes(1)).await;
    office.clock.advance(minutes(2));
    office.pass().await;
    break_it(&office, &mended, Cause::AppRemoved).await;
    break_it(&office, &broken, Cause::AppRemoved).await;
    office.post(&broken, "held", minutes(60)).await;
    office.post(&broken, "tomorrow", minutes(20 * 60)).await;
    office.clock.advance(minutes(10));
    reconnect(&office.hub, &mended, Office::credential(&ann))
        .await
        .unwrap();

    let told = handover(&office.hub, &Scope::All, None).await.unwrap();
    let names = |rows: &[allgreen::ops::handover::Turned]| -> Vec<String> {
        rows.iter()
            .map(|row| format!("{} {}", row.name, row.said))
            .collect()
    };
    assert_eq!(names(&told.broke), ["main/bs:@bob.test access removed"]);
    assert_eq!(names(&told.healed), ["main/bs:@ann.test by ann"]);
    assert_eq!((told.went_out, told.failed), (1, 0));
    assert_eq!(
        (told.due, told.at_risk.len()),
        (1, 1),
        "12 hours, not a day"
    );
    let lines = told.lines("My workspace", &wall(&office));
    let text = lines.join("\n");
    assert!(
        text.contains("1. Broken, a login mends it: main/bs:@bob.test."),
        "{text}"
    );
    assert!(!text.contains(['✖', '▲', '●', '│']), "{text}");
    // Of what was before nothing is told.
    let later = office.clock.now().plus(minutes(1));
    office.clock.advance(minutes(2));
    let told = handover(&office.hub, &Scope::All, Some(later))
        .await
        .unwrap();
    assert!(told.broke.is_empty() && told.healed.is_empty());
    assert_eq!(told.walk.healthy, 1, "what is open is open all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_channel_left_to_decide_is_walked_and_handed_over() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    office.post(&channel, "under way", minutes(1)).await;
    disconnect(&office.hub, &channel).await.unwrap();
    // It was under way when the channel left, and the network did not say.
    office.leave_to_decide();
    let now = walk(&office.hub, &ALL, None).await.unwrap();
    assert_eq!(keys(&now), ["Decide", "inc_publisher"]);
    let told = handover(&office.hub, &Scope::All, None).await.unwrap();
    let text = told.lines("all", &wall(&office)).join("\n");
    assert!(
        text.contains("1. Post, to decide: main/bs:@ann.test"),
        "{text}"
    );
    // It is of its workspace, and of no other.
    let other = office.workspace("Other").await;
    let of = Of::Scope(Scope::Workspace(other.clone()));
    let there = walk(&office.hub, &of, None).await.unwrap();
    assert_eq!(keys(&there), ["inc_publisher"]);
    let eve = office.colleague("eve", &other, Role::Viewer).await;
    let hers = walk(&eve, &ALL, None).await.unwrap();
    assert_eq!(keys(&hers), ["inc_publisher"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_of_others_never_push_those_of_a_workspace_out_of_its_walk() {
    let office = Office::open().await;
    let (_, many) = office.channel("ann").await;
    let other = office.workspace("Other").await;
    let bob = office.connect_in(&other, &office.person("bob")).await;
    let few = bob.channel.channel.id;
    for n in 0..201 {
        office.post(&many, &format!("{n}"), minutes(10)).await;
    }
    let last = office.post(&few, "the last one", minutes(20)).await;
    let raw = office.raw();
    raw.execute("UPDATE delivery SET state = 'missed'", [])
        .unwrap();
    let eve = office.colleague("eve", &other, Role::Editor).await;
    let hers = walk(&eve, &ALL, None).await.unwrap();
    let What::Posts { posts, count, .. } = &hers.steps[0].what else {
        panic!("{:?}", hers.steps[0]);
    };
    assert_eq!((posts.len(), *count), (1, 1));
    assert_eq!(posts[0].delivery.id, last);
    // Of the whole hub the rest is a number, and never somebody's by itself.
    let all = walk(&office.hub, &ALL, None).await.unwrap();
    let What::Posts { posts, .. } = &all.steps[0].what else {
        panic!("{:?}", all.steps[0]);
    };
    let listed: Vec<Target> = posts
        .iter()
        .map(|view| Target::Post(view.delivery.id.clone()))
        .collect();
    assert_eq!(listed.len(), 200);
    let until = office.clock.now().plus(minutes(60));
    set(&office.hub, &listed, until, "later").await.unwrap();
    let all = walk(&office.hub, &ALL, None).await.unwrap();
    assert_eq!(all.steps[0].progress, Progress::Open);
    let items = items(&all, &wall(&office));
    assert_eq!(items[200].text, "and 2 more.");
    assert_eq!(items[200].commands, ["allgreen post list --state missed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_cause_is_no_second_break_and_what_failed_is_counted_once() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let broke = office.clock.now();
    break_it(&office, &channel, Cause::AppRemoved).await;
    office.clock.advance(minutes(10));
    break_it(&office, &channel, Cause::RoleLost).await;
    let told = handover(&office.hub, &Scope::All, None).await.unwrap();
    assert_eq!(told.broke.len(), 1);
    assert_eq!(told.broke[0].at, broke);
    let since = views::since(&office.hub, &Scope::All, told.since).await;
    let since = since.unwrap();
    assert_eq!(since.broke, 1);
    assert_eq!(
        (told.went_out, told.failed, told.more),
        (since.sent, since.failed, since.more)
    );
}
