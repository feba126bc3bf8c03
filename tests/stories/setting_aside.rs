//! Setting aside: one person takes a broken thing on until a time, and nothing
//! turns green for it.

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::domain::reading::Reading;
use allgreen::domain::role::Role;
use allgreen::ops::aside::{Target, end, named, set};
use allgreen::ops::disconnect::disconnect;
use allgreen::ops::posts::{How, reschedule, undo_last};
use allgreen::ops::views::{self, ChannelView, Lamp};
use allgreen::ops::{ErrorKind, Scope};
use allgreen::store::logins::FailedRefresh;
use allgreen::store::reading::Failure;

use crate::office::{Office, minutes};

const NOTE: &str = "client looks for the Page admin";

async fn broken(office: &Office, name: &str) -> ChannelId {
    let (_, channel) = office.channel(name).await;
    break_it(office, &channel).await;
    channel
}

async fn break_it(office: &Office, channel: &ChannelId) {
    let (id, now) = (channel.clone(), office.clock.now());
    let entropy = office.hub.entropy.clone();
    let store = &office.hub.store;
    store
        .write(move |tx| {
            tx.break_channel(&id, Cause::RoleLost, &Evidence::default(), now, &entropy)
        })
        .await
        .unwrap();
}

/// A broken channel with a post that was missed before it broke.
async fn missed(office: &Office) -> (ChannelId, DeliveryId) {
    let (_, channel) = office.channel("ann").await;
    let post = office.post(&channel, "late", minutes(1)).await;
    office.clock.advance(minutes(25 * 60));
    office.pass().await;
    let why = views::why(&office.hub, &post).await.unwrap();
    assert_eq!(why.verdict, "missed");
    break_it(office, &channel).await;
    (channel, post)
}

async fn view(office: &Office, channel: &ChannelId) -> ChannelView {
    views::channel(&office.hub, channel).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_set_aside_is_as_red_as_before_and_ends_by_itself() {
    let office = Office::open().await;
    let channel = broken(&office, "ann").await;
    let target = [Target::Channel(channel.clone())];
    let before = views::check(&office.hub, &Scope::All, None).await.unwrap();
    let until = office.clock.now().plus(minutes(60));
    set(&office.hub, &target, until, NOTE).await.unwrap();

    let after = views::check(&office.hub, &Scope::All, None).await.unwrap();
    assert_eq!(after.verdict, before.verdict);
    assert_eq!((after.broken, after.green), (before.broken, before.green));
    let one = view(&office, &channel).await;
    assert_eq!(one.lamp, Lamp::Broken);
    let aside = one.aside.unwrap();
    assert_eq!((aside.by_name.as_str(), aside.note.as_str()), ("ann", NOTE));

    office.clock.advance(minutes(60));
    assert_eq!(view(&office, &channel).await.aside, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_note_is_left_out_and_hides_neither_its_channel_nor_another_note() {
    let office = Office::open().await;
    let (one, two) = (broken(&office, "ann").await, broken(&office, "bob").await);
    let until = office.clock.now().plus(minutes(60));
    let target = |id: &ChannelId| [Target::Channel(id.clone())];
    for channel in [&one, &two] {
        set(&office.hub, &target(channel), until, NOTE)
            .await
            .unwrap();
    }
    for damaged in ["'[\"broken'", "'7'", "CAST(x'ff' AS TEXT)"] {
        let sql = format!("UPDATE set_aside SET about = {damaged} WHERE object = ?1");
        office.raw().execute(&sql, [one.as_str()]).unwrap();
        let all = views::channels(&office.hub, &Scope::All).await.unwrap();
        assert_eq!(all.len(), 2, "{damaged}");
        for view in all {
            let noted = view.summary.channel.id == two;
            assert_eq!(view.lamp, Lamp::Broken);
            assert_eq!(view.aside.is_some(), noted, "{damaged}");
        }
    }
    // It is in nobody's way: it is ended, and set aside anew.
    let again = set(&office.hub, &target(&one), until, "anew").await;
    assert_eq!(again.unwrap()[0].note, "anew");
    assert_eq!(view(&office, &one).await.aside.unwrap().note, "anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_anew_is_nobodys_yet() {
    let office = Office::open().await;
    let channel = broken(&office, "ann").await;
    let target = [Target::Channel(channel.clone())];
    let until = office.clock.now().plus(minutes(600));
    set(&office.hub, &target, until, "").await.unwrap();
    office.clock.advance(minutes(5));
    let (id, now) = (channel.clone(), office.clock.now());
    let entropy = office.hub.entropy.clone();
    let healed = office
        .hub
        .store
        .write(move |tx| tx.prove_channel(&id, now, None, now, &entropy));
    healed.await.unwrap();
    assert_eq!(view(&office, &channel).await.aside, None);
    office.clock.advance(minutes(5));
    break_it(&office, &channel).await;
    let again = view(&office, &channel).await;
    assert_eq!((again.lamp, again.aside), (Lamp::Broken, None));
}

/// Proves a channel, as a probe does.
async fn prove(office: &Office, channel: &ChannelId) {
    let (id, now) = (channel.clone(), office.clock.now());
    let entropy = office.hub.entropy.clone();
    let store = &office.hub.store;
    let proved = store.write(move |tx| tx.prove_channel(&id, now, None, now, &entropy));
    proved.await.unwrap();
}

/// Has the posts of a channel read, or refused to be.
async fn read(office: &Office, channel: &ChannelId, refused: bool) {
    let (id, now) = (channel.clone(), office.clock.now());
    let failure = Failure {
        at: now,
        refused: true,
        class: AnswerClass::MissingScope,
        evidence: Evidence::default(),
    };
    let store = &office.hub.store;
    let write = store.write(move |tx| match refused {
        true => tx.reading_failed(&id, Reading::Posts, &failure, now),
        false => tx.reading_went_well(&id, Reading::Posts, now, now),
    });
    write.await.unwrap();
}

/// Has a refresh of the login of a channel fail, or bring the same pair again.
async fn refresh(office: &Office, channel: &ChannelId, failures: u8) {
    let (id, now) = (channel.clone(), office.clock.now());
    let store = &office.hub.store;
    let write = store.write(move |tx| {
        let channel = tx.channel(&id)?;
        let (login, generation) = (channel.login_id.unwrap(), channel.token.generation);
        tx.begin_refresh(&login, generation, now)?;
        if failures == 0 {
            return tx.refresh_brought_nothing_new(&login, generation, now);
        }
        let failed = FailedRefresh {
            error: "no",
            http_status: Some(400),
            failures,
            counted: true,
            transient_tries: 0,
            unanswered: None,
            next: None,
        };
        tx.refresh_failed(&login, &failed, now)
    });
    write.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_only_to_be_looked_after_ends_with_it_and_comes_back_as_nobodys() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let target = [Target::Channel(channel.clone())];
    let aside = async || view(&office, &channel).await.aside.map(|one| one.note);
    let until = office.clock.now().plus(minutes(60 * 24 * 7));
    for trouble in ["proof", "reading", "refresh"] {
        for note in ["first", "again"] {
            // It begins.
            match trouble {
                "proof" => office.clock.advance(minutes(60 * 5)),
                "reading" => read(&office, &channel, true).await,
                _ => refresh(&office, &channel, 1).await,
            }
            let one = view(&office, &channel).await;
            assert_eq!(one.lamp, Lamp::Attention, "{trouble}");
            assert_eq!(one.aside, None, "{trouble} {note}");
            set(&office.hub, &target, until, note).await.unwrap();
            // It goes on.
            match trouble {
                "proof" => office.clock.advance(minutes(60)),
                "reading" => read(&office, &channel, true).await,
                _ => refresh(&office, &channel, 3).await,
            }
            assert_eq!(aside().await.as_deref(), Some(note), "{trouble}");
            // It passes.
            match trouble {
                "reading" => read(&office, &channel, false).await,
                "refresh" => refresh(&office, &channel, 0).await,
                _ => {}
            }
            prove(&office, &channel).await;
            let one = view(&office, &channel).await;
            assert_eq!((one.lamp, one.aside), (Lamp::Green, None), "{trouble}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_is_missed_again_is_nobodys_yet() {
    let office = Office::open().await;
    let (channel, post) = missed(&office).await;
    let target = [Target::Post(post.clone())];
    let aside = async || {
        let why = views::why(&office.hub, &post).await.unwrap();
        (why.verdict, why.delivery.aside.map(|one| one.note))
    };
    let until = office.clock.now().plus(minutes(60 * 24 * 7));
    set(&office.hub, &target, until, NOTE).await.unwrap();
    assert_eq!(aside().await, ("missed", Some(NOTE.into())));
    prove(&office, &channel).await;
    let soon = How::At("in 5m".into());
    let moved = reschedule(&office.hub, std::slice::from_ref(&post), soon).await;
    moved.unwrap();
    assert_eq!(aside().await.1, None);
    office.clock.advance(minutes(60 * 25));
    office.pass().await;
    assert_eq!(aside().await, ("missed", None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_ended_early_and_each_act_taken_back() {
    let office = Office::open().await;
    let channel = broken(&office, "ann").await;
    let target = [Target::Channel(channel.clone())];
    let until = office.clock.now().plus(minutes(60));
    let note = async || view(&office, &channel).await.aside.map(|one| one.note);
    set(&office.hub, &target, until, "one").await.unwrap();
    set(&office.hub, &target, until, "two").await.unwrap();
    assert_eq!(end(&office.hub, &target).await.unwrap(), 1);
    assert_eq!(note().await, None);
    let again = end(&office.hub, &target).await.unwrap_err();
    assert_eq!(again.code, "not_set_aside");
    for known in [Some("two"), Some("one"), None] {
        let undone = undo_last(&office.hub).await.unwrap();
        assert_eq!(undone.asides, 1);
        assert_eq!(note().await.as_deref(), known);
    }
    // Somebody else said something newer: that is not swept away.
    set(&office.hub, &target, until, "mine").await.unwrap();
    let main = office.main().await;
    let bob = office.colleague("bob", &main, Role::Editor).await;
    set(&bob, &target, until, "bob's").await.unwrap();
    let refused = undo_last(&office.hub).await.unwrap_err();
    assert_eq!(refused.code, "cannot_undo");
    assert_eq!(note().await.as_deref(), Some("bob's"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_well_needs_nobody_and_a_viewer_takes_nothing_on() {
    let office = Office::open().await;
    let (_, well) = office.channel("ann").await;
    let sick = broken(&office, "bob").await;
    let until = office.clock.now().plus(minutes(60));
    let target = |id: &ChannelId| [Target::Channel(id.clone())];
    let refused = set(&office.hub, &target(&well), until, "").await;
    assert_eq!(refused.unwrap_err().code, "nothing_wrong");
    let past = set(&office.hub, &target(&sick), office.clock.now(), "").await;
    assert_eq!(past.unwrap_err().code, "past");
    let main = office.main().await;
    let viewer = office.colleague("eve", &main, Role::Viewer).await;
    let refused = set(&viewer, &target(&sick), until, "").await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotAllowed);
    let post = office.post(&sick, "waits", minutes(30)).await;
    let held = set(&office.hub, &[Target::Post(post)], until, "").await;
    assert_eq!(held.unwrap_err().code, "nothing_wrong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_set_aside_speaks_for_its_channels_and_a_post_for_itself() {
    let office = Office::open().await;
    let (channel, post) = missed(&office).await;
    let login = view(&office, &channel)
        .await
        .summary
        .channel
        .login_id
        .unwrap();
    let until = office.clock.now().plus(minutes(48 * 60));
    let found = named(&office.hub, &Scope::All, login.as_str())
        .await
        .unwrap();
    assert_eq!(found, [Target::Login(login.clone())]);
    set(&office.hub, &found, until, NOTE).await.unwrap();
    let aside = view(&office, &channel).await.aside.unwrap();
    assert_eq!(aside.object, channel.as_str(), "it is said of the channel");
    // Whichever way it was said, it is ended either way.
    assert_eq!(end(&office.hub, &found).await.unwrap(), 1);
    set(&office.hub, &found, until, NOTE).await.unwrap();
    let alone = [Target::Channel(channel.clone())];
    assert_eq!(end(&office.hub, &alone).await.unwrap(), 1);
    assert_eq!(view(&office, &channel).await.aside, None);

    let found = named(&office.hub, &Scope::All, post.as_str())
        .await
        .unwrap();
    set(&office.hub, &found, until, "ask the client")
        .await
        .unwrap();
    let missed = views::why(&office.hub, &post).await.unwrap();
    assert_eq!(missed.delivery.aside.unwrap().note, "ask the client");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_set_aside_only_where_the_person_may() {
    let office = Office::open().await;
    let ann = broken(&office, "ann").await;
    let other = office.workspace("Other").await;
    let bob = office.person("bob");
    let bob = office.connect_in(&other, &bob).await.channel.channel.id;
    break_it(&office, &bob).await;
    let raw = office.raw();
    raw.execute(
        "UPDATE channel SET login_id = (SELECT login_id FROM channel WHERE id = ?1)",
        [ann.as_str()],
    )
    .unwrap();
    let login = view(&office, &ann).await.summary.channel.login_id.unwrap();
    let main = office.main().await;
    let eve = office.colleague("eve", &main, Role::Editor).await;
    let until = office.clock.now().plus(minutes(60));
    let target = [Target::Login(login)];
    let made = set(&eve, &target, until, NOTE).await.unwrap();
    assert_eq!(made.len(), 1);
    assert!(view(&office, &ann).await.aside.is_some());
    assert_eq!(view(&office, &bob).await.aside, None, "not hers to see");
    // Somebody of both takes the other on as well; she ends only her own.
    let both = [Target::Channel(bob.clone())];
    set(&office.hub, &both, until, "mine").await.unwrap();
    assert_eq!(end(&eve, &target).await.unwrap(), 1);
    assert_eq!(view(&office, &bob).await.aside.unwrap().note, "mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_about_a_channel_that_left() {
    let office = Office::open().await;
    let (channel, post) = missed(&office).await;
    disconnect(&office.hub, &channel).await.unwrap();
    office.leave_to_decide();
    let until = office.clock.now().plus(minutes(60));
    for target in [Target::Channel(channel), Target::Post(post)] {
        let refused = set(&office.hub, &[target], until, NOTE).await.unwrap_err();
        assert_eq!(refused.code, "disconnected");
    }
    let kept: i64 = office
        .raw()
        .query_row("SELECT count(*) FROM set_aside", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_is_not_taken_back_when_the_note_is_gone_or_a_newer_one_was_there() {
    let office = Office::open().await;
    let channel = broken(&office, "ann").await;
    let target = [Target::Channel(channel.clone())];
    let until = office.clock.now().plus(minutes(60));
    set(&office.hub, &target, until, "one").await.unwrap();
    end(&office.hub, &target).await.unwrap();
    let main = office.main().await;
    let bob = office.colleague("bob", &main, Role::Editor).await;
    set(&bob, &target, until, "bob's").await.unwrap();
    end(&bob, &target).await.unwrap();
    let refused = undo_last(&office.hub).await.unwrap_err();
    assert_eq!(refused.code, "cannot_undo", "bob's was newer");
    undo_last(&bob).await.unwrap();
    end(&bob, &target).await.unwrap();
    office.raw().execute("DELETE FROM set_aside", []).unwrap();
    let refused = undo_last(&bob).await.unwrap_err();
    assert_eq!(refused.code, "cannot_undo", "nothing is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_no_note_outlives_its_channel_in_any_file() {
    let office = Office::open().await;
    let (channel, post) = missed(&office).await;
    let login = view(&office, &channel)
        .await
        .summary
        .channel
        .login_id
        .unwrap();
    let until = office.clock.now().plus(minutes(60));
    for (target, note) in [
        (Target::Channel(channel.clone()), "marked-note-channel"),
        (Target::Login(login), "marked-note-login"),
        (Target::Post(post), "marked-note-post"),
    ] {
        set(&office.hub, &[target], until, note).await.unwrap();
    }
    office.hub.store.backup_daily("2026-11-21").await.unwrap();
    let found = || {
        let home = office.home.path();
        let mut files: Vec<_> = ["allgreen.db", "allgreen.db-wal"]
            .iter()
            .map(|name| home.join(name))
            .collect();
        let backups = std::fs::read_dir(home.join("backups")).unwrap();
        files.extend(backups.map(|entry| entry.unwrap().path()));
        files.retain(|file| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes.windows(12).any(|window| window == b"marked-note-")
        });
        files
    };
    assert!(found().len() >= 2, "the scan finds what is there");
    disconnect(&office.hub, &channel).await.unwrap();
    assert_eq!(found(), Vec::<std::path::PathBuf>::new());
}
