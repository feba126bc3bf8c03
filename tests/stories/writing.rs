//! Writing a post in the composer: kept as a draft all the while, scheduled or
//! saved when it is done, and nobody's change is written over unseen.

use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, PostId};
use allgreen::domain::role::Role;
use allgreen::ops::posts::{
    self, How, NewPost, Place, PostChange, PostTime, Writing, desk, edit, keep, near, open, save,
    send_written, undo_last,
};
use allgreen::ops::views::{self, PostView};
use allgreen::store::posts::DraftTime;

use crate::office::{Office, minutes};

const LATER: &str = "2026-11-21 16:00";

async fn writing(office: &Office, to: &[&ChannelId], text: &str) -> Writing {
    Writing {
        workspace: office.main().await,
        text: text.into(),
        to: to.iter().map(|id| ((*id).clone(), None)).collect(),
        when: None,
        only_on_time: false,
        media: Vec::new(),
        options: Default::default(),
    }
}

async fn stored(office: &Office, id: &PostId) -> PostView {
    views::post(&office.hub, id).await.unwrap()
}

fn states(view: &PostView) -> Vec<State> {
    let all = view.deliveries.iter().map(|one| one.delivery.state);
    all.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_one_draft_however_often_it_is_kept() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let mut new = writing(&office, &[&ann], "Red").await;
    let kept = keep(&office.hub, None, new.clone()).await.unwrap();
    assert_eq!(kept.beside, None);
    // Longer than any network takes, on one more channel, with a time.
    new.text = "Red is back ".repeat(400);
    new.to = vec![(bob.clone(), Some("for bob".into())), (ann.clone(), None)];
    new.when = Some(LATER.into());
    let again = keep(&office.hub, Some(kept.seen.clone()), new.clone())
        .await
        .unwrap();
    assert_eq!(again.seen.post, kept.seen.post);
    let view = stored(&office, &again.seen.post).await;
    assert_eq!(view.post.text, new.text);
    assert_eq!(states(&view), [State::Draft; 2]);
    let one = view.deliveries.iter().find(|one| one.text == "for bob");
    assert_eq!(one.unwrap().delivery.civil, LATER);
    // Nowhere to go yet: the text stays, and is found again.
    new.to.clear();
    let alone = keep(&office.hub, Some(again.seen), new).await.unwrap();
    let drafts = desk(&office.hub, &office.main().await)
        .await
        .unwrap()
        .drafts;
    assert_eq!(drafts.len(), 1);
    assert_eq!(drafts[0].post.id, alone.seen.post);
    assert!(drafts[0].deliveries.is_empty());
    office.clock.advance(minutes(600));
    office.pass().await;
    assert_eq!(office.calls("putRecord"), 0, "a draft never goes out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_scheduled_and_goes_out_and_undo_cancels_it() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let mut new = writing(&office, &[&ann], "Red is back").await;
    let kept = keep(&office.hub, None, new.clone()).await.unwrap();
    new.text.push('!');
    let late = PostTime::At("2026-11-21 13:00".into());
    let past = send_written(&office.hub, Some(kept.seen.clone()), new.clone(), late).await;
    assert_eq!(past.unwrap_err().code, "past");
    let when = PostTime::At(LATER.into());
    let view = send_written(&office.hub, Some(kept.seen), new.clone(), when.clone())
        .await
        .unwrap();
    assert_eq!(states(&view), [State::Scheduled]);
    assert_eq!(view.post.text, "Red is back!");
    let left = desk(&office.hub, &office.main().await)
        .await
        .unwrap()
        .drafts;
    assert!(left.is_empty(), "the draft became the post");
    undo_last(&office.hub).await.unwrap();
    assert_eq!(
        states(&stored(&office, &view.post.id).await),
        [State::Cancelled]
    );
    let view = send_written(&office.hub, None, new, PostTime::Now)
        .await
        .unwrap();
    office.pass().await;
    assert_eq!(
        states(&stored(&office, &view.post.id).await),
        [State::Published]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_write_on_one_post_are_told_and_neither_loses_a_word() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let bob = office
        .colleague("bob", &office.main().await, Role::Editor)
        .await;
    // A draft of both.
    let mine = writing(&office, &[&ann], "Mine").await;
    let first = keep(&office.hub, None, mine.clone()).await.unwrap();
    let theirs = open(&bob, &first.seen.post).await.unwrap();
    let theirs = keep(
        &bob,
        Some(theirs.seen),
        writing(&office, &[&ann], "Theirs").await,
    )
    .await
    .unwrap();
    let second = keep(&office.hub, Some(first.seen), mine).await.unwrap();
    let told = second.beside.unwrap();
    assert!(
        told.starts_with("bob changed it at 2026-11-21 14:02"),
        "{told}"
    );
    assert_ne!(second.seen.post, theirs.seen.post);
    assert_eq!(stored(&office, &theirs.seen.post).await.post.text, "Theirs");
    assert_eq!(stored(&office, &second.seen.post).await.post.text, "Mine");
    // A post that waits.
    let when = PostTime::At(LATER.into());
    let new = writing(&office, &[&ann], "Waits").await;
    let view = send_written(&office.hub, None, new.clone(), when)
        .await
        .unwrap();
    let opened = open(&office.hub, &view.post.id).await.unwrap();
    let text = Some("Bob was here".to_owned());
    let change = PostChange {
        text,
        ..PostChange::default()
    };
    edit(&bob, &view.post.id, change).await.unwrap();
    let refused = save(&office.hub, opened.seen, None, new.clone()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, "changed_meanwhile");
    assert!(refused.what.contains("bob changed it"), "{refused}");
    assert_eq!(
        stored(&office, &view.post.id).await.post.text,
        "Bob was here"
    );
    // Told, and done again: that is a decision.
    let opened = open(&office.hub, &view.post.id).await.unwrap();
    save(&office.hub, opened.seen, None, new).await.unwrap();
    assert_eq!(stored(&office, &view.post.id).await.post.text, "Waits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_post_is_saved_whole_and_what_went_out_stays() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let (_, cid) = office.channel("cid").await;
    let when = PostTime::At(LATER.into());
    let mut new = writing(&office, &[&ann, &bob], "Waits").await;
    let view = send_written(&office.hub, None, new.clone(), when)
        .await
        .unwrap();
    let id = view.post.id.clone();
    // Ann's goes out before.
    let of = |view: &PostView, channel: &ChannelId| {
        let all = view.deliveries.iter().map(|one| one.delivery.clone());
        all.into_iter().find(|one| one.channel_id == *channel)
    };
    let anns = of(&view, &ann).unwrap();
    posts::send_now(&office.hub, &[anns.id]).await.unwrap();
    office.pass().await;
    let opened = open(&office.hub, &id).await.unwrap();
    let draft = keep(&office.hub, None, new.clone()).await.unwrap();
    new.text = "Changed".into();
    new.to = vec![(cid.clone(), None), (bob.clone(), Some("for bob".into()))];
    new.when = Some("2026-11-21 17:30".into());
    new.only_on_time = true;
    let saved = save(&office.hub, opened.seen, Some(draft.seen.clone()), new)
        .await
        .unwrap();
    let (anns, bobs, cids) = (
        of(&saved.view, &ann).unwrap(),
        of(&saved.view, &bob).unwrap(),
        of(&saved.view, &cid).unwrap(),
    );
    assert_eq!(anns.state, State::Published);
    assert_eq!(anns.text.as_deref(), Some("Waits"), "as it went out");
    assert_eq!(bobs.text.as_deref(), Some("for bob"));
    assert_eq!(
        (bobs.civil.as_str(), bobs.only_on_time),
        ("2026-11-21 17:30", true)
    );
    assert_eq!(
        (cids.state, cids.civil.as_str()),
        (State::Scheduled, "2026-11-21 17:30")
    );
    let gone = views::post(&office.hub, &draft.seen.post).await;
    assert!(gone.is_err(), "its draft is gone");
    // A tick that is taken away cancels; an unchanged time moves nothing.
    let opened = open(&office.hub, &id).await.unwrap();
    let mut less = writing(&office, &[&bob], "Changed").await;
    less.when = Some("2026-11-21 17:30".into());
    let saved = save(&office.hub, opened.seen, None, less).await.unwrap();
    assert_eq!(of(&saved.view, &cid).unwrap().state, State::Cancelled);
    assert_eq!(of(&saved.view, &bob).unwrap().due, bobs.due);
    undo_last(&office.hub).await.unwrap();
    let view = stored(&office, &id).await;
    assert_eq!(of(&view, &cid).unwrap().state, State::Scheduled);
    assert!(
        of(&view, &bob).unwrap().only_on_time,
        "undone, it is as strict as it was"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_keeps_its_time_wherever_it_goes_and_however_it_is_typed() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let mut new = writing(&office, &[], "Red").await;
    let mut seen = None;
    let told = async |id: &PostId| stored(&office, id).await.post.draft;
    for (typed, kept) in [
        (Some("21.11. 16:0x"), Some("21.11. 16:0x")),
        (Some("tomorrow 9:30"), Some("2026-11-22 09:30")),
        (None, None),
        (Some("2026-11-21 16:00"), Some(LATER)),
    ] {
        new.when = typed.map(str::to_owned);
        new.only_on_time = typed.is_some();
        let draft = keep(&office.hub, seen, new.clone()).await.unwrap();
        let told = told(&draft.seen.post).await;
        assert_eq!(told.when.as_deref(), kept, "{typed:?}");
        assert_eq!(told.only_on_time, typed.is_some());
        seen = Some(draft.seen);
    }
    new.to = vec![(ann.clone(), None)];
    let when = PostTime::At(LATER.into());
    let view = send_written(&office.hub, seen, new, when).await.unwrap();
    assert_eq!(told(&view.post.id).await, DraftTime::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_post_of_the_channel_near_to_it_is_found_and_its_own_is_not() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let mut theirs = Vec::new();
    for (to, at) in [
        (&ann, LATER),
        (&ann, "2026-11-21 16:20"),
        (&bob, "2026-11-21 17:00"),
    ] {
        let new = writing(&office, &[to], at).await;
        let when = PostTime::At(at.into());
        let view = send_written(&office.hub, None, new, when).await.unwrap();
        theirs.push(view);
    }
    let due = |at: usize| theirs[at].deliveries[0].delivery.due;
    let place = Place {
        workspace: office.main().await,
        channels: vec![ann.clone(), bob.clone()],
        at: due(0).plus(minutes(5)),
        post: None,
    };
    let found = async |place: &Place| near(&office.hub, place.clone()).await.unwrap();
    assert_eq!(found(&place).await, [(ann.clone(), due(0))]);
    let own = Place {
        post: Some(theirs[0].post.id.clone()),
        ..place.clone()
    };
    assert_eq!(found(&own).await, [(ann.clone(), due(1))]);
    let later = Place {
        at: due(1).plus(minutes(15)),
        ..place.clone()
    };
    let both = [(ann.clone(), due(1)), (bob.clone(), due(2))];
    assert_eq!(found(&later).await, both);
    let main = office.main().await;
    let eve = office.colleague("eve", &main, Role::Viewer).await;
    assert!(near(&eve, place).await.is_err(), "viewers write nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_network_does_not_take_stays_a_draft_and_viewers_write_nothing() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let long = writing(&office, &[&ann], &"x".repeat(301)).await;
    let kept = keep(&office.hub, None, long.clone()).await.unwrap();
    let when = PostTime::At(LATER.into());
    let refused = send_written(&office.hub, Some(kept.seen.clone()), long.clone(), when).await;
    assert_eq!(refused.unwrap_err().code, "invalid_post");
    assert_eq!(
        states(&stored(&office, &kept.seen.post).await),
        [State::Draft]
    );
    let main = office.main().await;
    let vic = office.colleague("vic", &main, Role::Viewer).await;
    for refused in [
        keep(&vic, None, long.clone()).await.unwrap_err(),
        open(&vic, &kept.seen.post).await.unwrap_err(),
        desk(&vic, &main).await.unwrap_err(),
        send_written(&vic, None, long, PostTime::Now)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.code, "not_allowed");
    }
}

/// A red dot.
pub const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 12, b'I', b'D', b'A', b'T', 8,
    0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E',
    b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_are_copied_once_and_a_post_and_its_draft_may_show_the_same() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let picture = office.home.path().join("red.png");
    std::fs::write(&picture, PNG).unwrap();
    let medium = posts::take(&office.hub, picture, "a red dot".into())
        .await
        .unwrap();
    let copies = || std::fs::read_dir(&office.hub.paths.media).unwrap().count();
    let mut new = writing(&office, &[&ann], "Look").await;
    new.media = vec![medium];
    let when = PostTime::At(LATER.into());
    let view = send_written(&office.hub, None, new.clone(), when)
        .await
        .unwrap();
    // Its text is changed; meanwhile a draft shows the same picture.
    let opened = open(&office.hub, &view.post.id).await.unwrap();
    new.media.clone_from(&opened.view.media);
    new.text = "Look again".into();
    let draft = keep(&office.hub, None, new.clone()).await.unwrap();
    assert_eq!(stored(&office, &draft.seen.post).await.media.len(), 1);
    assert_eq!(copies(), 1);
    let saved = save(&office.hub, opened.seen, Some(draft.seen), new.clone())
        .await
        .unwrap();
    assert_eq!(
        (saved.view.post.text.as_str(), saved.view.media.len()),
        ("Look again", 1)
    );
    assert_eq!(copies(), 1, "the post needs it yet");
    // Left out, the copy goes with it.
    let opened = open(&office.hub, &view.post.id).await.unwrap();
    new.media.clear();
    save(&office.hub, opened.seen, None, new).await.unwrap();
    assert_eq!(copies(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_that_somebody_else_scheduled_is_neither_sent_twice_nor_written_over() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let bob = office
        .colleague("bob", &office.main().await, Role::Editor)
        .await;
    let mine = writing(&office, &[&ann], "Flash sale").await;
    let kept = keep(&office.hub, None, mine.clone()).await.unwrap();
    let theirs = open(&bob, &kept.seen.post).await.unwrap();
    let later = || PostTime::At(LATER.into());
    let waits = send_written(&bob, Some(theirs.seen), mine.clone(), later())
        .await
        .unwrap();
    assert_eq!(waits.post.id, kept.seen.post);
    // As it is now, and as it was: neither is a draft to be written on.
    let now = open(&office.hub, &kept.seen.post).await.unwrap();
    assert!(!now.only_draft);
    for seen in [kept.seen.clone(), now.seen] {
        let refused = send_written(&office.hub, Some(seen.clone()), mine.clone(), later()).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, "changed_meanwhile");
        assert!(refused.hint.contains("Theirs stays"), "{refused}");
        let typed = writing(&office, &[&ann], "Flash sale, half a wo").await;
        let beside = keep(&office.hub, Some(seen), typed).await.unwrap();
        assert_ne!(beside.seen.post, waits.post.id);
        assert!(beside.beside.is_some());
    }
    let view = stored(&office, &waits.post.id).await;
    assert_eq!(view.post.text, "Flash sale");
    assert_eq!(states(&view), [State::Scheduled], "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_a_draft_and_nothing_else_is_gone_on_with() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    // One of its two channels was scheduled by itself.
    let both = writing(&office, &[&ann, &bob], "Both").await;
    let kept = keep(&office.hub, None, both).await.unwrap();
    let of_ann = stored(&office, &kept.seen.post).await.deliveries[0]
        .delivery
        .id
        .clone();
    posts::reschedule(
        &office.hub,
        std::slice::from_ref(&of_ann),
        How::At(LATER.into()),
    )
    .await
    .unwrap();
    let thread = NewPost {
        to: vec![ann],
        text: "First".into(),
        when: PostTime::Draft,
        zone: None,
        only_on_time: false,
        media: Vec::new(),
        only_for: Vec::new(),
        options: Default::default(),
        then: vec!["Second".into()],
    };
    let thread = posts::create(&office.hub, thread).await.unwrap();
    for post in [&kept.seen.post, &thread.post.id] {
        assert!(!open(&office.hub, post).await.unwrap().only_draft);
    }
    let drafts = desk(&office.hub, &office.main().await)
        .await
        .unwrap()
        .drafts;
    assert!(drafts.is_empty(), "{drafts:?}");
}
