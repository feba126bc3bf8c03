//! Connecting, and logging in again: the same account or nothing.

use allgreen::domain::channel::{Cause, Evidence, Status};
use allgreen::domain::delivery::State;
use allgreen::domain::network::Network;
use allgreen::domain::role::Role;
use allgreen::ops::connect::{connect, reconnect};
use allgreen::ops::disconnect::disconnect;
use allgreen::ops::workspaces::{self, WorkspaceChange};
use allgreen::ops::{ErrorKind, Scope, names, views};

use crate::office::{Office, minutes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_connecting_makes_a_green_row_that_says_who_and_when() {
    let office = Office::open().await;
    let ann = office.person("ann");
    let connected = office.connect_in(&office.main().await, &ann).await;
    assert!(!connected.reconnected);
    let channel = &connected.channel.channel;
    assert_eq!(
        (channel.status, channel.cause, channel.publishable),
        (Status::Active, Cause::None, true)
    );
    assert_eq!(
        (channel.remote_id.as_str(), channel.handle.as_str()),
        (ann.did.as_str(), "ann.test")
    );
    assert_eq!(channel.connected_at, office.clock.now());
    assert_eq!(channel.connected_by, office.hub.operator.id);
    assert_eq!(channel.last_proof_at, Some(office.clock.now()));
    let view = views::channel(&office.hub, &channel.id).await.unwrap();
    assert_eq!(view.lamp, views::Lamp::Green);
    assert_eq!(view.fix, "");
    let history = views::history(&office.hub, &channel.id, 10).await.unwrap();
    assert_eq!(history[0].row.kind, "connected");
    assert_eq!(history[0].row.by, Some(office.hub.operator.id.clone()));
    assert_eq!(
        history[0].by_name.as_deref(),
        Some(office.hub.operator.name.as_str())
    );
    let audit = office.hub.store.read(|q| q.audit(10)).await.unwrap();
    assert_eq!(audit[0].act, "channel.connect");
    let dump = office.dump().join("\n");
    assert!(
        !dump.contains(&ann.app_password),
        "the password is sealed only"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_41_another_account_is_refused_both_are_named_and_nothing_changes() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let bob = office.person("bob");
    office.post(&channel, "later", minutes(60)).await;
    let before = office.dump();
    let refused = reconnect(&office.hub, &channel, Office::credential(&bob))
        .await
        .unwrap_err();
    assert_eq!(refused.code, "another_account");
    for named in ["@ann.test", &ann.did, "@bob.test", &bob.did] {
        assert!(refused.what.contains(named), "{named}: {}", refused.what);
    }
    assert_eq!(office.dump(), before, "not one row changed");
    assert_eq!(
        office.calls("deleteSession"),
        1,
        "the session of the wrong account was let go"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_does_not_work_changes_nothing() {
    let office = Office::open().await;
    let (mut ann, channel) = office.channel("ann").await;
    ann.app_password = "aaaa-bbbb-cccc-dddd".into();
    let before = office.dump();
    let refused = reconnect(&office.hub, &channel, Office::credential(&ann)).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Failed);
    assert_eq!(office.dump(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_connecting_a_connected_account_is_its_reconnect() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let again = office.connect_in(&office.main().await, &ann).await;
    assert!(again.reconnected);
    assert_eq!(again.channel.channel.id, channel);
    let all = views::channels(&office.hub, &Scope::All).await.unwrap();
    assert_eq!(all.len(), 1);
    let channel = &all[0].summary.channel;
    assert_eq!(channel.reconnected_by, Some(office.hub.operator.id.clone()));
    let sealed: i64 = office
        .raw()
        .query_row("SELECT count(DISTINCT generation) FROM secret", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(sealed, 1, "the pair before the proved one is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_a_disconnected_channel_is_not_reconnected_and_the_way_is_named() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    disconnect(&office.hub, &channel).await.unwrap();
    let refused = reconnect(&office.hub, &channel, Office::credential(&ann))
        .await
        .unwrap_err();
    assert_eq!(refused.code, "disconnected");
    assert!(
        refused
            .hint
            .contains("allgreen channel connect bluesky --workspace main --handle ann.test"),
        "{}",
        refused.hint
    );
    let new = office.connect_in(&office.main().await, &ann).await;
    assert_ne!(new.channel.channel.id, channel);
    assert_eq!(new.channel.channel.previous_id, Some(channel));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_a_plan_refuses_before_the_login_starts_and_never_a_reconnect() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let bob = office.person("bob");
    let main = office.main().await;
    let plan = |plan: &str| WorkspaceChange {
        plan: Some(plan.into()),
        ..WorkspaceChange::default()
    };
    workspaces::set(&office.hub, &main, plan("free"))
        .await
        .unwrap();
    office.sandbox.bluesky().forget_calls();
    let refused = connect(
        &office.hub,
        &main,
        Network::Bluesky,
        Office::credential(&bob),
    )
    .await
    .unwrap_err();
    assert_eq!(
        (refused.kind, refused.code),
        (ErrorKind::NotAllowed, "plan_network")
    );
    assert!(refused.hint.contains("ann (hub admin)"), "{}", refused.hint);

    office
        .raw()
        .execute(
            "UPDATE plan SET max_channels = 1 WHERE name = 'professional'",
            [],
        )
        .unwrap();
    workspaces::set(&office.hub, &main, plan("professional"))
        .await
        .unwrap();
    let refused = connect(
        &office.hub,
        &main,
        Network::Bluesky,
        Office::credential(&bob),
    )
    .await
    .unwrap_err();
    assert_eq!(refused.code, "plan_limit");
    assert!(refused.what.contains("1 of 1"), "{}", refused.what);
    assert!(
        office.sandbox.bluesky().calls().is_empty(),
        "no login was started"
    );

    workspaces::set(&office.hub, &main, plan("free"))
        .await
        .unwrap();
    reconnect(&office.hub, &channel, Office::credential(&ann))
        .await
        .unwrap();
    assert!(office.connect_in(&main, &ann).await.reconnected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b5_one_login_mends_every_channel_it_serves_and_counts_the_unseen_ones() {
    let office = Office::open().await;
    let (ann, first) = office.channel("ann").await;
    let other = office.workspace("Other").await;
    let second = office.connect_in(&other, &ann).await.channel.channel.id;
    for id in [first.clone(), second.clone()] {
        let (now, entropy) = (office.clock.now(), office.hub.entropy.clone());
        office
            .hub
            .store
            .write(move |tx| {
                tx.break_channel(&id, Cause::AppRemoved, &Evidence::default(), now, &entropy)
            })
            .await
            .unwrap();
    }
    let eve = office
        .colleague("eve", &office.main().await, Role::Admin)
        .await;
    let mended = reconnect(&eve, &first, Office::credential(&ann))
        .await
        .unwrap();
    assert_eq!((mended.siblings.len(), mended.hidden_siblings), (0, 1));
    for id in [&first, &second] {
        let view = views::channel(&office.hub, id).await.unwrap();
        assert_eq!(view.lamp, views::Lamp::Green);
    }
    let told = views::notices(&office.hub, &Scope::Workspace(other), true, 10)
        .await
        .unwrap();
    assert!(
        told.iter()
            .any(|notice| notice.text == "@ann.test was logged in again elsewhere"),
        "{told:?}"
    );
    let audit = office.hub.store.read(|q| q.audit(20)).await.unwrap();
    let objects: Vec<_> = audit
        .iter()
        .filter(|row| row.act == "channel.reconnect" && row.operator_id == eve.operator.id)
        .map(|row| row.object.clone())
        .collect();
    assert!(objects.contains(&first.to_string()) && objects.contains(&second.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_what_failed_for_access_reasons_is_tried_again_after_the_reconnect() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let failed = office.post(&channel, "access was gone", minutes(5)).await;
    let refused = office.post(&channel, "refused itself", minutes(6)).await;
    let on_time = office.post(&channel, "still to come", minutes(500)).await;
    let raw = office.raw();
    for (id, access) in [(&failed, 1), (&refused, 0)] {
        raw.execute(
            "UPDATE delivery SET state = 'failed', access_failure = ?2 WHERE id = ?1",
            (id.as_str(), access),
        )
        .unwrap();
    }
    office.clock.advance(minutes(30));
    let mended = reconnect(&office.hub, &channel, Office::credential(&ann))
        .await
        .unwrap();
    let retried = std::slice::from_ref(&failed);
    assert_eq!(mended.plan.retried, retried);
    assert_eq!(mended.plan.late, retried);
    assert_eq!(mended.plan.on_time, [on_time]);
    assert_eq!(
        mended.plan.wait_until,
        Some(office.clock.now().plus(minutes(2)))
    );
    let state = |id: &allgreen::domain::ids::DeliveryId| {
        let id = id.clone();
        let store = office.hub.store.clone();
        async move { store.read(move |q| q.delivery(&id)).await.unwrap().state }
    };
    assert_eq!(state(&failed).await, State::Scheduled);
    assert_eq!(state(&refused).await, State::Failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_named_as_people_name_it_and_near_misses_are_suggested() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let other = office.workspace("Other").await;
    let hub = &office.hub;
    for name in [
        "@ann.test",
        "ann.test",
        "bs:@ann.test",
        "bluesky:ANN.test",
        "main/bs:@ann.test",
        &channel.as_str()[..10],
        &channel.as_str().to_lowercase(),
    ] {
        assert_eq!(
            names::channel(hub, &Scope::All, name).await.unwrap(),
            channel,
            "{name}"
        );
    }
    let near = names::channel(hub, &Scope::All, "main/bs:@anm.test")
        .await
        .unwrap_err();
    assert_eq!(near.kind, ErrorKind::NotFound);
    assert_eq!(near.hint, "Did you mean main/bs:@ann.test?");
    office.connect_in(&other, &ann).await;
    let both = names::channel(hub, &Scope::All, "@ann.test")
        .await
        .unwrap_err();
    assert_eq!((both.kind, both.code), (ErrorKind::Usage, "ambiguous"));
    assert!(both.what.contains("main/bs:@ann.test") && both.what.contains("other/bs:@ann.test"));
    let scope = Scope::Workspace(office.main().await);
    assert_eq!(
        names::channel(hub, &scope, "@ann.test").await.unwrap(),
        channel
    );
}
