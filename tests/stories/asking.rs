//! Asking the publisher, and asking how things stand.

use std::time::Duration;

use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::publisher::{CommandKind, PublisherKind};
use allgreen::engine::process;
use allgreen::ops::disconnect::disconnect;
use allgreen::ops::probe::{Asked, ask, probe, wait};
use allgreen::ops::publisher::publisher;
use allgreen::ops::views::{self, Lamp, Verdict};
use allgreen::ops::{ErrorKind, Scope};

use crate::office::{Office, minutes};

/// A publisher that holds the role as far as the store knows.
async fn begins_to_publish(office: &Office) -> i64 {
    let (me, now) = (process::this(PublisherKind::Daemon), office.clock.now());
    let store = &office.hub.store;
    store
        .write(move |tx| tx.begin_term(&me, now))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_probe_is_asked_of_whoever_publishes_and_answers_in_a_sentence() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    assert!(!publisher(&office.hub).await.unwrap().running);
    let id = probe(&office.hub, &channel).await.unwrap();
    let asked = wait(&office.hub, &id, Duration::ZERO).await.unwrap();
    assert_eq!(asked, Asked::Queued);
    office.commands().await;
    let asked = wait(&office.hub, &id, Duration::from_secs(30)).await;
    assert_eq!(
        asked.unwrap(),
        Asked::Done {
            ok: true,
            text: "@ann.test is proved: it may publish.".into()
        }
    );
    office
        .sandbox
        .bluesky()
        .revoke_app_password(&ann.did, &ann.app_password)
        .unwrap();
    let id = ask(&office.hub, CommandKind::Probe, channel.as_str())
        .await
        .unwrap();
    office.commands().await;
    let asked = wait(&office.hub, &id, Duration::from_secs(30)).await;
    let Asked::Done { ok: false, text } = asked.unwrap() else {
        panic!("the probe must fail")
    };
    assert!(text.contains("@ann.test cannot publish"), "{text}");

    disconnect(&office.hub, &channel).await.unwrap();
    let refused = probe(&office.hub, &channel).await.unwrap_err();
    assert_eq!(refused.code, "disconnected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_that_lives_but_is_silent_is_named_by_its_pid() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let term = begins_to_publish(&office).await;
    office.clock.advance(Duration::from_secs(40));
    assert!(!publisher(&office.hub).await.unwrap().silent);
    office.clock.advance(Duration::from_secs(1));
    let view = publisher(&office.hub).await.unwrap();
    assert!(view.running && view.silent);
    let refused = probe(&office.hub, &channel).await.unwrap_err();
    assert_eq!(
        (refused.kind, refused.code),
        (ErrorKind::Failed, "publisher_silent")
    );
    let pid = std::process::id().to_string();
    assert!(refused.what.contains(&pid) && refused.hint.contains(&pid));
    let now = office.clock.now();
    let store = &office.hub.store;
    store.write(move |tx| tx.end_term(term, now)).await.unwrap();
    probe(&office.hub, &channel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_says_the_worst_first_and_what_is_at_risk() {
    let office = Office::open().await;
    let (_, ann) = office.channel("ann").await;
    let (_, bob) = office.channel("bob").await;
    for after in [30, 60 * 5, 60 * 24 * 3] {
        office.post(&bob, &after.to_string(), minutes(after)).await;
    }
    let check = async || views::check(&office.hub, &Scope::All, None).await.unwrap();
    assert_eq!(check().await.verdict, Verdict::CannotTell);
    begins_to_publish(&office).await;
    assert_eq!(check().await.verdict, Verdict::Green);

    office.clock.advance(minutes(121));
    begins_to_publish(&office).await;
    let stale = check().await;
    assert_eq!((stale.verdict, stale.attention), (Verdict::Attention, 2));
    assert_eq!(stale.channels[0].channel.words, "proof 2 h old");
    assert!(
        stale.channels[0]
            .channel
            .fix
            .starts_with("allgreen channel probe main/bs:@")
    );

    let (id, now, entropy) = (bob.clone(), office.clock.now(), office.hub.entropy.clone());
    let store = &office.hub.store;
    store
        .write(move |tx| {
            tx.break_channel(&id, Cause::AppRemoved, &Evidence::default(), now, &entropy)
        })
        .await
        .unwrap();
    let broken = check().await;
    assert_eq!(
        (broken.verdict, broken.verdict.exit_code()),
        (Verdict::Broken, 2)
    );
    let first = &broken.channels[0];
    assert_eq!(first.channel.summary.channel.id, bob);
    assert_eq!((first.channel.lamp, first.channel.held), (Lamp::Broken, 3));
    assert_eq!(first.channel.words, "access removed");
    assert_eq!(
        first.channel.fix,
        "allgreen channel reconnect main/bs:@bob.test"
    );
    assert_eq!(
        (first.at_risk.h1, first.at_risk.h24, first.at_risk.d7),
        (1, 2, 3)
    );
    assert_eq!(broken.channels[1].channel.summary.channel.id, ann);

    let status = views::status(&office.hub, &Scope::All).await.unwrap();
    assert_eq!((status.queued, status.held), (0, 3));
    assert_eq!((status.lamps.broken, status.lamps.attention), (1, 1));
    assert_eq!(status.incidents.len(), 1);
    assert_eq!(status.next_due, None, "nothing goes out while it is held");
    let read = allgreen::ops::notices::read_all(&office.hub).await.unwrap();
    assert_eq!((read as u64, status.unread), (status.unread, 1));
}
