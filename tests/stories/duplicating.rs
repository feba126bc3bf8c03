//! Another post like one that there is.

use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, PostId};
use allgreen::domain::role::Role;
use allgreen::ops::disconnect::disconnect;
use allgreen::ops::posts::{
    Duplicate, NewPost, PostTime, Writing, cancel, create, delete, duplicate, is_duplicate,
    targets as targets_of, undo_last,
};
use allgreen::ops::views::PostView;

use crate::office::{Office, minutes, new_post};
use crate::writing::PNG;

fn like(post: &PostId, when: PostTime) -> Duplicate {
    Duplicate {
        post: post.clone(),
        only: None,
        when,
        zone: None,
    }
}

fn at(text: &str) -> PostTime {
    PostTime::At(text.into())
}

fn targets(view: &PostView) -> Vec<(ChannelId, String)> {
    let of = |one: &allgreen::ops::views::DeliveryView| {
        (one.delivery.channel_id.clone(), one.text.clone())
    };
    let mut all: Vec<_> = view.deliveries.iter().map(of).collect();
    all.sort();
    all
}

/// A post with a picture that went to two channels, one with a text of its own.
async fn written(office: &Office, ann: &ChannelId, bob: &ChannelId) -> PostView {
    let picture = office.home.path().join("red.png");
    std::fs::write(&picture, PNG).unwrap();
    let new = NewPost {
        to: vec![ann.clone(), bob.clone()],
        only_for: vec![(bob.clone(), "for bob".into())],
        only_on_time: true,
        media: vec![(picture, "a red dot".into())],
        ..new_post(ann, "Red is back", at("in 5m"))
    };
    create(&office.hub, new).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_is_a_post_of_its_own_with_the_same_texts_and_media() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let first = written(&office, &ann, &bob).await;

    let draft = duplicate(&office.hub, like(&first.post.id, PostTime::Draft))
        .await
        .unwrap();
    assert_ne!(draft.post.id, first.post.id);
    assert_eq!(targets(&draft), targets(&first));
    assert!(
        draft
            .deliveries
            .iter()
            .all(|one| one.delivery.state == State::Draft)
    );
    assert!(draft.deliveries.iter().all(|one| one.delivery.only_on_time));
    let (copy, medium) = (&draft.media[0], &first.media[0]);
    assert_eq!(
        (&copy.file, &copy.name, &copy.alt),
        (&medium.file, &medium.name, &medium.alt)
    );
    assert_ne!(copy.id, medium.id);

    let second = duplicate(&office.hub, like(&first.post.id, at("in 2h")))
        .await
        .unwrap();
    let due = office.clock.now().plus(minutes(120));
    assert!(second.deliveries.iter().all(|one| one.delivery.due == due));
    assert!(
        second
            .deliveries
            .iter()
            .all(|one| one.delivery.state == State::Scheduled)
    );
    assert_eq!(
        second.warnings.len(),
        2,
        "the same text is scheduled: {:?}",
        second.warnings
    );

    // What goes with one of them stays with the others.
    undo_last(&office.hub).await.unwrap();
    let ids: Vec<_> = draft
        .deliveries
        .iter()
        .map(|one| one.delivery.id.clone())
        .collect();
    delete(&office.hub, &ids).await.unwrap();
    assert!(office.hub.paths.media.join(&medium.file).is_file());

    // Of one delivery it is for that channel alone.
    let only = first
        .deliveries
        .iter()
        .find(|one| one.text == "for bob")
        .unwrap();
    let one = Duplicate {
        only: Some(only.delivery.id.clone()),
        ..like(&first.post.id, PostTime::Draft)
    };
    let one = duplicate(&office.hub, one).await.unwrap();
    assert_eq!(targets(&one), [(bob.clone(), "for bob".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_is_refused_as_a_new_post_is_and_leaves_out_who_is_gone() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let first = written(&office, &ann, &bob).await;
    let before = office.dump();
    let wrong = duplicate(&office.hub, like(&first.post.id, at("2020-01-01 9:00"))).await;
    assert_eq!(wrong.unwrap_err().code, "past");
    let eve = office
        .colleague("eve", &office.main().await, Role::Viewer)
        .await;
    let before_eve = office.dump();
    assert_ne!(before, before_eve);
    let refused = duplicate(&eve, like(&first.post.id, at("in 2h")))
        .await
        .unwrap_err();
    assert_eq!(refused.code, "not_allowed");
    let refused = targets_of(&eve, &first.post.id, None).await.unwrap_err();
    assert_eq!(refused.code, "not_allowed");
    let both = targets_of(&office.hub, &first.post.id, None).await.unwrap();
    assert_eq!(both.to.len(), 2, "{both:?}");
    assert_eq!(office.dump(), before_eve, "nothing was changed");

    disconnect(&office.hub, &bob).await.unwrap();
    let second = duplicate(&office.hub, like(&first.post.id, at("in 2h")))
        .await
        .unwrap();
    assert_eq!(targets(&second), [(ann.clone(), "Red is back".to_owned())]);
    let told_before = targets_of(&office.hub, &first.post.id, None).await.unwrap();
    assert_eq!(told_before.to, ["main/bs:@ann.test"]);
    assert_eq!(told_before.gone, ["main/bs:@bob.test"]);
    let told = |text: &&String| text.contains("bob") && text.contains("left out");
    assert!(
        second.warnings.iter().any(|text| told(&text)),
        "{:?}",
        second.warnings
    );
    disconnect(&office.hub, &ann).await.unwrap();
    let nobody = duplicate(&office.hub, like(&first.post.id, at("in 2h")))
        .await
        .unwrap_err();
    assert_eq!(nobody.code, "disconnected");
    let nowhere = targets_of(&office.hub, &first.post.id, None).await;
    assert_eq!(nowhere.unwrap_err().code, "disconnected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_is_duplicated_with_all_of_its_parts() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let new = NewPost {
        then: vec!["two".into(), "three".into()],
        ..new_post(&ann, "one", at("in 5m"))
    };
    let first = create(&office.hub, new).await.unwrap();
    let second = duplicate(&office.hub, like(&first.post.id, at("in 2h")))
        .await
        .unwrap();
    let parts = second
        .deliveries
        .iter()
        .map(|one| (one.delivery.part_no, one.text.as_str()));
    assert_eq!(
        parts.collect::<Vec<_>>(),
        [(1, "one"), (2, "two"), (3, "three")]
    );
    let root = &second.deliveries[0].delivery.id;
    assert_eq!(second.deliveries[2].delivery.root_id.as_ref(), Some(root));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_a_duplicate_until_a_word_of_it_is_changed() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let first = written(&office, &ann, &bob).await;
    let same = Writing {
        workspace: office.main().await,
        text: "Red is back".into(),
        to: vec![(bob.clone(), Some("for bob".into())), (ann.clone(), None)],
        when: Some("2026-11-21 18:00".into()),
        only_on_time: true,
        media: first.media.clone(),
        options: first.post.options.clone(),
    };
    let is = async |of: Writing| {
        is_duplicate(&office.hub, &first.post.id, &of)
            .await
            .unwrap()
    };
    assert!(is(same.clone()).await);
    let text = Writing {
        text: "Red was back".into(),
        ..same.clone()
    };
    let fewer = Writing {
        to: vec![(ann.clone(), None)],
        ..same.clone()
    };
    let own = Writing {
        to: vec![(bob, None), (ann, None)],
        ..same.clone()
    };
    let bare = Writing {
        media: Vec::new(),
        ..same.clone()
    };
    let late = Writing {
        only_on_time: false,
        ..same
    };
    for other in [text, fewer, own, bare, late] {
        assert!(!is(other.clone()).await, "{other:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cancelled_is_not_copied_with_the_rest() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let first = written(&office, &ann, &bob).await;
    let bobs = first
        .deliveries
        .iter()
        .find(|one| one.delivery.channel_id == bob)
        .unwrap();
    let bobs = bobs.delivery.id.clone();
    cancel(&office.hub, std::slice::from_ref(&bobs))
        .await
        .unwrap();
    let copy = duplicate(&office.hub, like(&first.post.id, at("in 2h")))
        .await
        .unwrap();
    let to: Vec<_> = targets(&copy).into_iter().map(|(to, _)| to).collect();
    assert_eq!(
        to.as_slice(),
        std::slice::from_ref(&ann),
        "it was taken from bob's channel"
    );
    let told = async |only| targets_of(&office.hub, &first.post.id, only).await.unwrap();
    assert_eq!(told(None).await.to, ["main/bs:@ann.test"]);
    assert_eq!(told(Some(&bobs)).await.to, ["main/bs:@bob.test"]);

    // Who names it, or the whole of a cancelled post, wants it all the same.
    let named = Duplicate {
        only: Some(bobs),
        ..like(&first.post.id, PostTime::Draft)
    };
    let named = duplicate(&office.hub, named).await.unwrap();
    assert_eq!(targets(&named), [(bob, "for bob".to_owned())]);
    let anns = first
        .deliveries
        .iter()
        .find(|one| one.delivery.channel_id == ann)
        .unwrap();
    cancel(&office.hub, std::slice::from_ref(&anns.delivery.id))
        .await
        .unwrap();
    let whole = duplicate(&office.hub, like(&first.post.id, PostTime::Draft))
        .await
        .unwrap();
    assert_eq!(whole.deliveries.len(), 2);
}
