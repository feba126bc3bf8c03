//! Line 2 of the screen: what happened since an operator was here last, each
//! thing once, and only what they may see.

use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::role::Role;
use allgreen::ops::views::{Since, since};
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
