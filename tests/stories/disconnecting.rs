//! Disconnecting for good: what goes, what stays, and the bytes.

use std::path::PathBuf;

use allgreen::domain::channel::Status;
use allgreen::domain::delivery::State;
use allgreen::ops::connect::reconnect;
use allgreen::ops::disconnect::{Revoked, disconnect, preview};
use allgreen::ops::posts::{PostTime, cancel};
use allgreen::ops::views;
use allgreen::sandbox::faults::Outage;

use crate::office::{Office, minutes};

/// Every sealed value that is in the store now.
fn sealed(office: &Office) -> Vec<Vec<u8>> {
    office
        .raw()
        .prepare("SELECT sealed FROM secret")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// The files in which one of the values is found.
fn found_in(office: &Office, values: &[Vec<u8>]) -> Vec<PathBuf> {
    let home = office.home.path();
    let mut files: Vec<PathBuf> = ["allgreen.db", "allgreen.db-wal"]
        .iter()
        .map(|name| home.join(name))
        .collect();
    for entry in std::fs::read_dir(home.join("backups")).unwrap() {
        files.push(entry.unwrap().path());
    }
    files.retain(|file| {
        let bytes = std::fs::read(file).unwrap_or_default();
        values.iter().any(|value| {
            // The end of a value: a page could hold its beginning elsewhere.
            let tail = &value[value.len() - 24..];
            bytes.windows(tail.len()).any(|window| window == tail)
        })
    });
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_the_receipt_counts_what_went_and_a_second_time_changes_nothing() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let one = office.post(&channel, "one", minutes(10)).await;
    office.post(&channel, "two", minutes(20)).await;
    let gone = office.post(&channel, "three", minutes(30)).await;
    cancel(&office.hub, &[gone]).await.unwrap();
    office
        .try_post(&channel, "a draft", PostTime::Draft)
        .await
        .unwrap();
    let live = office.post(&channel, "live", minutes(0)).await;
    office.pass().await;

    let before = preview(&office.hub, &channel).await.unwrap();
    assert!(before.cancels_posts() && !before.already);
    let receipt = disconnect(&office.hub, &channel).await.unwrap();
    assert_eq!(receipt.counts, before.counts);
    assert_eq!(
        (
            receipt.counts.scheduled,
            receipt.counts.drafts,
            receipt.counts.published
        ),
        (2, 1, 1)
    );
    assert!(receipt.wiped && !receipt.wipe_pending && !receipt.already);
    assert_eq!(receipt.revoked, Revoked::Asked);
    assert_eq!(office.calls("deleteSession"), 1);
    assert_eq!(receipt.channel.channel.status, Status::Disconnected);

    let why = views::why(&office.hub, &one).await.unwrap();
    assert_eq!(why.verdict, "cancelled");
    assert!(
        why.sentence.contains("ann cancelled it"),
        "{}",
        why.sentence
    );
    let why = views::why(&office.hub, &live).await.unwrap();
    assert_eq!(why.verdict, "went_out");

    let rows = office.dump();
    let again = disconnect(&office.hub, &channel).await.unwrap();
    assert!(again.already);
    assert_eq!(
        again.channel.channel.disconnected_at,
        receipt.channel.channel.disconnected_at
    );
    assert_eq!(office.dump(), rows, "not one row changed");
    assert_eq!(
        office.calls("deleteSession"),
        1,
        "the network is not asked twice"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_no_sealed_byte_is_left_in_database_log_or_backups() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let mut values = sealed(&office);
    office.hub.store.backup_daily("2026-11-20").await.unwrap();
    reconnect(&office.hub, &channel, Office::credential(&ann))
        .await
        .unwrap();
    values.extend(sealed(&office));
    office.hub.store.backup_daily("2026-11-21").await.unwrap();
    assert_eq!(values.len(), 6, "two pairs of three values each");
    assert!(
        found_in(&office, &values).len() >= 3,
        "the scan finds what is there"
    );

    let receipt = disconnect(&office.hub, &channel).await.unwrap();
    assert_eq!(receipt.backups_rewritten, 2);
    assert_eq!(found_in(&office, &values), Vec::<PathBuf>::new());
    assert!(sealed(&office).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_the_scan_notices_when_the_wipe_is_left_out() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let values = sealed(&office);
    let (now, by) = (office.clock.now(), office.hub.operator.id.clone());
    office
        .hub
        .store
        .write(move |tx| tx.disconnect_channel(&channel, &by, now, false))
        .await
        .unwrap();
    assert!(office.hub.store.finish_wipe().await.unwrap());
    assert_eq!(
        found_in(&office, &values),
        [office.home.path().join("allgreen.db")]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_siblings_keep_the_login_and_the_network_is_not_asked() {
    let office = Office::open().await;
    let (ann, first) = office.channel("ann").await;
    let other = office.workspace("Other").await;
    let second = office.connect_in(&other, &ann).await.channel.channel.id;
    let receipt = disconnect(&office.hub, &first).await.unwrap();
    assert_eq!(receipt.counts.siblings, 1);
    assert!(!receipt.wiped);
    assert_eq!(
        receipt.revoked,
        Revoked::NotAsked("other channels use the same login".into())
    );
    assert_eq!(office.calls("deleteSession"), 0);
    let left = views::channel(&office.hub, &second).await.unwrap();
    assert!(left.summary.channel.can_send());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_a_network_that_is_down_does_not_keep_the_tokens_here() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let values = sealed(&office);
    office.sandbox.bluesky().outage(Outage::Closed);
    let receipt = disconnect(&office.hub, &channel).await.unwrap();
    assert!(matches!(receipt.revoked, Revoked::Refused(_)));
    assert!(receipt.wiped && !receipt.wipe_pending);
    assert_eq!(found_in(&office, &values), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_a_lost_answer_is_still_looked_up_after_it() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let post = office.post(&channel, "on the wire", minutes(0)).await;
    office.sandbox.bluesky().fault_once(
        "com.atproto.repo.putRecord",
        allgreen::sandbox::faults::Fault::DropAnswer,
    );
    office.pass().await;
    disconnect(&office.hub, &channel).await.unwrap();
    let id = post.clone();
    let open = office
        .hub
        .store
        .read(move |q| q.delivery(&id))
        .await
        .unwrap();
    assert_eq!(open.state, State::Unknown, "never cancelled, only resolved");
    office.clock.advance(minutes(5));
    office.pass().await;
    let why = views::why(&office.hub, &post).await.unwrap();
    assert_eq!(why.verdict, "went_out", "{}", why.sentence);
    assert_eq!(
        office.sandbox.bluesky().live_posts(&ann.did).unwrap(),
        ["on the wire"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_what_was_lost_on_the_way_and_is_not_there_says_so_after_it() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let post = office.post(&channel, "on the wire", minutes(0)).await;
    office.sandbox.bluesky().fault_once(
        "com.atproto.repo.putRecord",
        allgreen::sandbox::faults::Fault::DropBeforeProcessing,
    );
    office.pass().await;
    disconnect(&office.hub, &channel).await.unwrap();
    for _ in 0..3 {
        office.clock.advance(minutes(5));
        office.pass().await;
    }
    assert!(
        office
            .sandbox
            .bluesky()
            .live_posts(&ann.did)
            .unwrap()
            .is_empty()
    );
    let why = views::why(&office.hub, &post).await.unwrap();
    assert_eq!(why.verdict, "failed", "{}", why.sentence);
    assert!(
        why.sentence.contains("answer to it was lost")
            && why.sentence.contains("channel is disconnected"),
        "{}",
        why.sentence
    );
    assert!(
        !why.sentence.contains("refused"),
        "nobody refused it: {}",
        why.sentence
    );
    let notices: Vec<String> = office
        .raw()
        .prepare("SELECT text FROM notice WHERE kind = 'post_failed'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("does not have it"), "{notices:?}");
}
