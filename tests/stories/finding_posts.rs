//! The finder's posts: by words, by the time they are due, and nobody else's.

use std::time::Duration;

use allgreen::domain::ids::DeliveryId;
use allgreen::domain::role::Role;
use allgreen::ops::posts::cancel;
use allgreen::ops::views::{PostSearch, find_posts};
use allgreen::ops::{Hub, Scope};

use crate::office::{Office, minutes};

fn search(words: &[&str]) -> PostSearch {
    PostSearch {
        scope: Scope::All,
        channel: None,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        around: None,
        within: None,
        limit: 6,
    }
}

async fn found(hub: &Hub, search: PostSearch) -> Vec<DeliveryId> {
    let views = find_posts(hub, search).await.unwrap();
    views.into_iter().map(|view| view.delivery.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_are_found_by_every_word_as_it_is_typed() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let felt = office.post(&ann, "Red felt, 50% off", minutes(60)).await;
    let wool = office.post(&bob, "Red wool, 500 metres", minutes(30)).await;
    let gone = office.post(&ann, "Red ink", minutes(10)).await;
    cancel(&office.hub, std::slice::from_ref(&gone))
        .await
        .unwrap();
    let hub = &office.hub;
    // The next one first; what was cancelled is not looked for.
    let both = found(hub, search(&["red"])).await;
    assert_eq!(both, [wool.clone(), felt.clone()]);
    assert_eq!(
        found(hub, search(&["RED", "felt"])).await,
        std::slice::from_ref(&felt)
    );
    // A sign stands for itself, and a handle is as good as a word of the text.
    assert_eq!(
        found(hub, search(&["50%"])).await,
        std::slice::from_ref(&felt)
    );
    assert_eq!(
        found(hub, search(&["bob.test"])).await,
        std::slice::from_ref(&wool)
    );
    assert!(found(hub, search(&["re_"])).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_posts_are_found_by_the_time_they_are_due_the_nearest_first() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    let early = office.post(&ann, "early", minutes(60)).await;
    let late = office.post(&ann, "late", minutes(90)).await;
    office.post(&bob, "another channel", minutes(80)).await;
    office.post(&ann, "far away", minutes(60 * 30)).await;
    let around = PostSearch {
        channel: Some(ann.clone()),
        around: Some(office.clock.now().plus(minutes(85))),
        within: Some(Duration::from_secs(12 * 3600)),
        ..search(&[])
    };
    assert_eq!(found(&office.hub, around).await, [late, early]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e3_a_member_of_one_workspace_finds_no_post_of_another() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let other = office.workspace("Other").await;
    let theirs = office.connect_in(&other, &office.person("carl")).await;
    office.post(&ann, "ours", minutes(60)).await;
    let channel = theirs.channel.channel.id.clone();
    let visible = office.post(&channel, "theirs", minutes(70)).await;
    let eve = office.colleague("eve", &other, Role::Viewer).await;
    assert_eq!(found(&eve, search(&[])).await, [visible]);
    assert_eq!(found(&office.hub, search(&[])).await.len(), 2);
}
