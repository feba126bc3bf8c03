//! Line 2 of the screen: what happened since an operator was here last, each
//! thing once, and only what they may see.

use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::days::Day;
use allgreen::domain::role::Role;
use allgreen::ops::views::{Since, days, since};
use allgreen::ops::{Hub, Scope, visits};

use crate::office::{Office, minutes};

/// What a screen of this hub greets with, if its operator was here before.
async fn greeting(hub: &Hub) -> Option<Since> {
    let at = visits::left(hub).await.unwrap()?;
    Some(since(hub, &Scope::All, at).await.unwrap())
}

#[tokio::test]
async fn each_operator_is_told_what_happened_since_they_left() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let (_, other) = office.channel("bob").await;
    let away = office.workspace("Elsewhere").await;
    let carol = office.colleague("carol", &away, Role::Owner).await;
    assert_eq!(greeting(&office.hub).await, None, "nobody was here yet");

    visits::leave(&office.hub).await.unwrap();
    visits::leave(&carol).await.unwrap();
    let left = office.clock.now();
    assert_eq!(greeting(&office.hub).await, Some(Since::nothing(left)));

    office.post(&channel, "good night", minutes(1)).await;
    office.clock.advance(std::time::Duration::from_secs(120));
    office.pass().await;
    // It breaks, for another cause as well, and is mended; a second one breaks.
    let entropy = office.hub.store.entropy().clone();
    let (now, id) = (office.clock.now(), channel.clone());
    let next = now.plus(minutes(60));
    let write = office.hub.store.write(move |tx| {
        let seen = Evidence::default();
        tx.break_channel(&id, Cause::Expired, &seen, now, &entropy)?;
        tx.break_channel(&id, Cause::PasswordChanged, &seen, now, &entropy)?;
        tx.prove_channel(&id, next, None, now, &entropy)?;
        tx.break_channel(&other, Cause::Expired, &seen, now, &entropy)?;
        Ok(())
    });
    write.await.unwrap();
    let told = Since {
        broke: 2,
        healed: 1,
        sent: 1,
        ..Since::nothing(left)
    };
    assert_eq!(greeting(&office.hub).await, Some(told));
    let elsewhere = Since::nothing(left);
    assert_eq!(greeting(&carol).await, Some(elsewhere), "not theirs to see");
    let scope = Scope::Workspace(office.main().await);
    assert!(since(&carol, &scope, left).await.is_err());

    // What was told is not told again, to nobody but the others.
    office.clock.advance(std::time::Duration::from_secs(60));
    visits::leave(&office.hub).await.unwrap();
    let again = Since::nothing(office.clock.now());
    assert_eq!(greeting(&office.hub).await, Some(again));
}

#[tokio::test]
async fn what_others_did_takes_no_room_of_what_is_counted_here() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let away = office.workspace("Elsewhere").await;
    let bob = office.person("bob");
    let theirs = office.connect_in(&away, &bob).await.channel;
    let (left, main) = (office.clock.now(), office.main().await);
    let entropy = office.hub.store.entropy().clone();
    for id in [theirs.channel.id.clone(), channel.clone()] {
        office.post(&id, "good night", minutes(1)).await;
    }
    office.clock.advance(std::time::Duration::from_secs(120));
    office.pass().await;
    let now = office.clock.now();
    let write = office.hub.store.write(move |tx| {
        tx.break_channel(
            &channel,
            Cause::Expired,
            &Evidence::default(),
            now,
            &entropy,
        )
        .map(drop)
    });
    write.await.unwrap();
    for (workspace, broke) in [(main, 1), (away, 0)] {
        let counted = office.hub.store.read(move |q| {
            let all = q.happened_since(left, std::slice::from_ref(&workspace), 1)?;
            let of = all.of.get(&workspace).copied().unwrap_or_default();
            assert_eq!(all.of.len(), 1, "only what was asked for");
            Ok((of.sent, of.broke))
        });
        assert_eq!(counted.await.unwrap(), (1, broke));
    }
    let none = office
        .hub
        .store
        .read(move |q| q.happened_since(left, &[], 1));
    let none = none.await.unwrap();
    assert!(none.of.is_empty() && !none.more, "not a word of the others");
}

#[tokio::test]
async fn the_last_days_of_a_channel_are_what_was_seen_of_it() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let hour = std::time::Duration::from_secs(3600);
    let now = office.clock.now();
    let midnight = now.0 - now.0.rem_euclid(86_400_000);
    let midnights: Vec<_> = (-1..=2)
        .map(|day| allgreen::support::time::UtcMs(midnight + day * 86_400_000))
        .collect();
    let seen = |midnights: Vec<_>| {
        let (hub, id) = (office.hub.clone(), channel.clone());
        async move { days(&hub, &[id], midnights).await.unwrap().days }
    };
    // Nobody published yet, so nobody knows.
    office.clock.advance(hour);
    let today = midnights[..3].to_vec();
    assert_eq!(seen(today.clone()).await, [Day::Before, Day::Unwatched]);

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let engine = office.engine();
    let kind = allgreen::domain::publisher::PublisherKind::Daemon;
    let running = tokio::spawn(async move { engine.run(kind, stopped).await });
    while office
        .hub
        .store
        .read(|q| q.latest_term())
        .await
        .unwrap()
        .is_none()
    {
        tokio::task::yield_now().await;
    }
    office.clock.advance(hour);
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(seen(today).await, [Day::Before, Day::Well]);

    let (entropy, now, id) = (
        office.hub.store.entropy().clone(),
        office.clock.now(),
        channel.clone(),
    );
    let write = office.hub.store.write(move |tx| {
        tx.break_channel(&id, Cause::Expired, &Evidence::default(), now, &entropy)
            .map(drop)
    });
    write.await.unwrap();
    office.clock.advance(hour * 24);
    let all = [Day::Before, Day::Broken, Day::Broken];
    assert_eq!(seen(midnights.clone()).await, all);

    let away = office.workspace("Elsewhere").await;
    let carol = office.colleague("carol", &away, Role::Owner).await;
    assert!(days(&carol, &[channel], midnights).await.is_err());
}
