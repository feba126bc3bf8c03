//! Acts on the queue: checked before, all or nothing, and taken back.

use std::time::Duration;

use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::delivery::{Blocker, Delivery, Shown, State};
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::ops::posts::{
    How, NewPost, PostChange, PostTime, cancel, cancel_held, create, edit, reschedule, send_now,
    undo_last,
};
use allgreen::ops::views::{self, QueueFilter};
use allgreen::ops::{ErrorKind, pause};

use crate::office::{Office, minutes, new_post};

mod decisions;
mod plan;

async fn delivery(office: &Office, id: &DeliveryId) -> Delivery {
    let id = id.clone();
    let store = &office.hub.store;
    store.read(move |q| q.delivery(&id)).await.unwrap()
}

async fn breaks(office: &Office, channel: &ChannelId) {
    let (id, now, entropy) = (
        channel.clone(),
        office.clock.now(),
        office.hub.entropy.clone(),
    );
    let store = &office.hub.store;
    store
        .write(move |tx| {
            tx.break_channel(&id, Cause::AppRemoved, &Evidence::default(), now, &entropy)
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_what_cannot_go_out_is_refused_before_anything_is_stored() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let before = office.dump();
    let later = || PostTime::At("2026-11-21T15:00:00Z".into());
    let long = "x".repeat(301);
    let with_media = NewPost {
        media: vec![(office.home.path().join("key"), "a key".into())],
        ..new_post(&channel, "no image", later())
    };
    let picture = office.home.path().join("red.png");
    std::fs::write(&picture, PNG).unwrap();
    let too_long = NewPost {
        media: vec![(picture, "red".into())],
        ..new_post(&channel, &long, later())
    };
    for (new, code) in [
        (new_post(&channel, &long, later()), "invalid_post"),
        (too_long, "invalid_post"),
        (new_post(&channel, "  ", later()), "invalid_post"),
        (with_media, "media"),
        (
            new_post(
                &channel,
                "late",
                PostTime::At("2026-11-21T14:01:59Z".into()),
            ),
            "past",
        ),
    ] {
        let refused = create(&office.hub, new).await.unwrap_err();
        assert_eq!(refused.code, code, "{refused}");
        assert!(!refused.hint.is_empty());
    }
    assert_eq!(office.dump(), before, "not one row");
    let left = std::fs::read_dir(&office.hub.paths.media).unwrap().count();
    assert_eq!(left, 0, "no copy of a file is left behind");
    let long = create(&office.hub, new_post(&channel, &long, PostTime::Draft))
        .await
        .unwrap();
    assert!(long.warnings[0].contains("too long"), "{:?}", long.warnings);
}

/// A red dot.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 12, b'I', b'D', b'A', b'T', 8,
    0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E',
    b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_a_time_the_clocks_skip_is_refused_and_one_that_comes_twice_asks() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let before = office.dump();
    for (time, code) in [
        ("2027-03-28 02:30", "dst_gap"),
        ("2027-10-31 02:30", "dst_fold"),
        ("2027-13-01 10:00", "no_time"),
        ("yesterday 10:00", "no_time"),
    ] {
        let new = NewPost {
            zone: Some("Europe/Berlin".into()),
            ..new_post(&channel, "text", PostTime::At(time.into()))
        };
        let refused = create(&office.hub, new).await.unwrap_err();
        assert_eq!((refused.kind, refused.code), (ErrorKind::Usage, code));
    }
    assert_eq!(office.dump(), before);
    let new = NewPost {
        zone: Some("Europe/Berlin".into()),
        ..new_post(&channel, "text", PostTime::At("tomorrow 9:30".into()))
    };
    let view = create(&office.hub, new).await.unwrap();
    let one = &view.deliveries[0].delivery;
    assert_eq!(one.due.to_string(), "2026-11-22T08:30:00Z");
    assert_eq!(
        (one.civil.as_str(), one.timezone.as_str()),
        ("2026-11-22 09:30", "Europe/Berlin")
    );
    let ids = std::slice::from_ref(&one.id);
    let gap = reschedule(&office.hub, ids, How::At("2027-03-28 02:30".into())).await;
    assert_eq!(gap.unwrap_err().code, "dst_gap");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_media_are_copied_so_that_a_later_change_of_the_file_changes_nothing() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let picture = office.home.path().join("red.png");
    std::fs::write(&picture, PNG).unwrap();
    let view = create(
        &office.hub,
        NewPost {
            media: vec![(picture.clone(), "a red dot".into())],
            ..new_post(&channel, "look", PostTime::Now)
        },
    )
    .await
    .unwrap();
    let medium = &view.media[0];
    assert_eq!(
        (medium.name.as_str(), medium.mime.as_str(), medium.size),
        ("red.png", "image/png", Some((1, 1)))
    );
    std::fs::write(&picture, b"something else").unwrap();
    let copy = office.hub.paths.media.join(&medium.file);
    assert_eq!(std::fs::read(copy).unwrap(), PNG);
    office.pass().await;
    let id = &view.deliveries[0].delivery.id;
    assert_eq!(delivery(&office, id).await.state, State::Published);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_a_post_goes_to_channels_of_one_workspace_with_texts_of_their_own() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let other = office.workspace("Other").await;
    let cid = office.person("cid");
    let cid = office
        .connect_in(&other, &cid)
        .await
        .channel
        .channel
        .id
        .clone();
    let two = NewPost {
        to: vec![ann.clone(), bob.clone(), ann.clone()],
        only_for: vec![(bob.clone(), "for bob".into())],
        ..new_post(&ann, "for all", PostTime::Now)
    };
    let view = create(&office.hub, two.clone()).await.unwrap();
    let texts: Vec<_> = view.deliveries.iter().map(|one| one.text.clone()).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts.contains(&"for all".into()) && texts.contains(&"for bob".into()));
    let across = NewPost {
        to: vec![ann.clone(), cid.clone()],
        ..two.clone()
    };
    let refused = create(&office.hub, across).await.unwrap_err();
    assert_eq!(refused.code, "several_workspaces");
    let stray = NewPost {
        to: vec![ann],
        only_for: vec![(cid, "x".into())],
        ..two
    };
    let refused = create(&office.hub, stray).await.unwrap_err();
    assert_eq!(refused.code, "not_a_target");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_posting_to_a_red_or_paused_channel_is_held_and_said() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    breaks(&office, &channel).await;
    let view = office
        .try_post(&channel, "patience", PostTime::Now)
        .await
        .unwrap();
    assert!(
        view.warnings[0].contains("will be held until it can"),
        "{:?}",
        view.warnings
    );
    let one = &view.deliveries[0];
    assert_eq!(
        (one.shown, one.blocker),
        (Shown::Held, Some(Blocker::ChannelDisconnected))
    );
    let why = views::why(&office.hub, &one.delivery.id).await.unwrap();
    assert_eq!(why.verdict, "held");
    assert!(
        why.sentence.contains("@ann.test cannot publish since"),
        "{}",
        why.sentence
    );
    let cancelled = cancel_held(&office.hub, &channel).await.unwrap();
    assert_eq!(cancelled[0].shown, Shown::Cancelled);

    let (_, bob) = office.channel("bob").await;
    let paused = pause::pause(&office.hub, &bob).await.unwrap();
    assert_eq!(
        paused.lamp,
        views::Lamp::Green,
        "the lamp keeps its truth beside the pause"
    );
    let view = office
        .try_post(&bob, "patience", PostTime::Now)
        .await
        .unwrap();
    assert_eq!(view.deliveries[0].blocker, Some(Blocker::Paused));
    let refused = cancel_held(&office.hub, &channel)
        .await
        .map(|all| all.len());
    assert_eq!(refused.unwrap(), 0);
    pause::resume(&office.hub, &bob).await.unwrap();
    office.pass().await;
    let id = &view.deliveries[0].delivery.id;
    assert_eq!(delivery(&office, id).await.state, State::Published);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_a_bulk_cancel_is_all_or_nothing_and_one_undo_takes_it_back() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let one = office.post(&channel, "one", minutes(10)).await;
    let two = office.post(&channel, "two", minutes(20)).await;
    let live = office.post(&channel, "live", minutes(0)).await;
    office.pass().await;
    let before = office.dump();
    let refused = cancel(&office.hub, &[one.clone(), live.clone()])
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind, refused.code),
        (ErrorKind::Failed, "already_live")
    );
    assert!(refused.what.contains(live.as_str()));
    assert_eq!(office.dump(), before, "none was cancelled");

    let both = [one.clone(), two.clone()];
    cancel(&office.hub, &both).await.unwrap();
    let listed = views::queue(&office.hub, QueueFilter::default())
        .await
        .unwrap();
    assert_eq!(
        listed.len(),
        1,
        "cancelled ones are hidden from default lists"
    );
    let undone = undo_last(&office.hub).await.unwrap();
    assert_eq!(undone.restored, both);
    assert_eq!(undone.what, "cancelling of 2 posts");
    for id in &both {
        let now = delivery(&office, id).await;
        assert_eq!((now.state, now.cancelled_at), (State::Scheduled, None));
    }
    let audit = office.hub.store.read(|q| q.audit(2)).await.unwrap();
    assert_eq!(
        (audit[0].act.as_str(), audit[1].act.as_str()),
        ("post.undo", "post.cancel")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_a_move_changes_the_key_and_undo_gives_time_and_key_back() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let id = office.post(&channel, "movable", minutes(10)).await;
    office
        .raw()
        .execute(
            "UPDATE delivery SET idem_key = 'of the old time' WHERE id = ?1",
            [id.as_str()],
        )
        .unwrap();
    let before = delivery(&office, &id).await;
    let ids = std::slice::from_ref(&id);
    let moved = reschedule(&office.hub, ids, How::By("3d".into()))
        .await
        .unwrap();
    let now = &moved[0].delivery;
    assert_eq!(
        now.due,
        before.due.plus(Duration::from_secs(3 * 86_400)),
        "no clock change in between"
    );
    assert_eq!(now.idem_key, None);
    undo_last(&office.hub).await.unwrap();
    let back = delivery(&office, &id).await;
    assert_eq!((back.due, back.civil), (before.due, before.civil));
    let nothing = reschedule(&office.hub, ids, How::By("-1h".into())).await;
    assert_eq!(nothing.unwrap_err().code, "past");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_spread_puts_them_one_after_the_other_in_their_order() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let later = office.post(&channel, "later", minutes(300)).await;
    let soon = office.post(&channel, "soon", minutes(200)).await;
    let how = How::Spread {
        every: minutes(20),
        from: Some("2026-11-22T08:00:00Z".into()),
    };
    reschedule(&office.hub, &[later.clone(), soon.clone()], how)
        .await
        .unwrap();
    let at = |text: &str| allgreen::support::time::UtcMs::parse_rfc3339(text).unwrap();
    assert_eq!(
        delivery(&office, &soon).await.due,
        at("2026-11-22T08:00:00Z")
    );
    assert_eq!(
        delivery(&office, &later).await.due,
        at("2026-11-22T08:20:00Z")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c5_undo_leaves_what_began_to_be_sent_or_was_changed_by_somebody_else() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let first = office.post(&channel, "first", minutes(50)).await;
    let second = office.post(&channel, "second", minutes(60)).await;
    let third = office.post(&channel, "third", minutes(70)).await;
    let all = [first.clone(), second.clone(), third.clone()];
    reschedule(&office.hub, &all, How::By("5m".into()))
        .await
        .unwrap();
    office.clock.advance(minutes(55));
    office.pass().await;
    assert_eq!(
        office.sandbox.bluesky().live_posts(&ann.did).unwrap(),
        ["first"]
    );
    let eve = office
        .colleague(
            "eve",
            &office.main().await,
            allgreen::domain::role::Role::Editor,
        )
        .await;
    reschedule(&eve, std::slice::from_ref(&third), How::By("1h".into()))
        .await
        .unwrap();
    let undone = undo_last(&office.hub).await.unwrap();
    assert_eq!(undone.restored, [second]);
    let kept: Vec<_> = undone.kept.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(kept, [first.clone(), third]);
    assert!(undone.kept[0].1.contains(first.as_str()), "{undone:?}");
    assert_eq!(
        delivery(&office, &first).await.state,
        State::Published,
        "what is live stays live"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_undo_of_writing_cancels_and_there_is_an_end_to_undo() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let id = office.post(&channel, "oops", minutes(10)).await;
    undo_last(&office.hub).await.unwrap();
    assert_eq!(delivery(&office, &id).await.state, State::Cancelled);
    let end = undo_last(&office.hub).await.unwrap_err();
    assert_eq!(end.code, "nothing_to_undo");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_an_edit_reaches_what_is_to_come_and_not_what_went_out() {
    let office = Office::open().await;
    let (ann, a) = office.channel("ann").await;
    let (bob, b) = office.channel("bob").await;
    let both = NewPost {
        to: vec![a, b],
        ..new_post(
            &office.channel("cid").await.1,
            "before",
            PostTime::At("2026-11-21T15:00:00Z".into()),
        )
    };
    let view = create(&office.hub, both).await.unwrap();
    let of = |person: &str| {
        let one = view
            .deliveries
            .iter()
            .find(|one| one.channel_handle == person);
        one.unwrap().delivery.id.clone()
    };
    send_now(&office.hub, &[of("ann.test")]).await.unwrap();
    office.pass().await;
    let long = PostChange {
        text: Some("y".repeat(301)),
        ..PostChange::default()
    };
    let refused = edit(&office.hub, &view.post.id, long).await.unwrap_err();
    assert_eq!(refused.code, "invalid_post");
    let change = PostChange {
        text: Some("after".into()),
        ..PostChange::default()
    };
    edit(&office.hub, &view.post.id, change).await.unwrap();
    let now = views::post(&office.hub, &view.post.id).await.unwrap();
    let text = |id: DeliveryId| {
        now.deliveries
            .iter()
            .find(|one| one.delivery.id == id)
            .unwrap()
            .text
            .clone()
    };
    assert_eq!(text(of("ann.test")), "before");
    assert_eq!(text(of("bob.test")), "after");
    office.clock.advance(minutes(60));
    office.pass().await;
    let live = |did: &str| office.sandbox.bluesky().live_posts(did).unwrap();
    assert_eq!(
        (live(&ann.did), live(&bob.did)),
        (vec!["before".into()], vec!["after".into()])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_undo_of_an_edit_gives_the_text_back() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let id = office.post(&channel, "before", minutes(60)).await;
    let post = delivery(&office, &id).await.post_id;
    let change = PostChange {
        text: Some("after".into()),
        ..PostChange::default()
    };
    edit(&office.hub, &post, change).await.unwrap();
    undo_last(&office.hub).await.unwrap();
    let now = views::post(&office.hub, &post).await.unwrap();
    assert_eq!(now.deliveries[0].text, "before");
}
