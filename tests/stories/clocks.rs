//! A machine whose clock is wrong, is set, or was asleep: nothing goes out
//! early, nothing twice, and it is said.

use std::time::Duration;

use allgreen::domain::delivery::State;
use allgreen::domain::ids::DeliveryId;
use allgreen::networks::http::Request;
use allgreen::ops::views::{self, Verdict};
use allgreen::ops::{Scope, posts::PostTime};
use allgreen::sandbox::faults::Fault;
use allgreen::support::time::UtcMs;

use crate::office::Office;
use crate::world::{World, minutes};

const HOUR_MS: i64 = 3_600_000;

/// Hears the time of the same server under two names, as of two hosts.
async fn two_hosts_are_heard(world: &World) {
    let base = world.sandbox.base().to_owned();
    for host in ["127.0.0.1", "localhost"] {
        let url = base.replace("127.0.0.1", host);
        let url = format!("{url}/xrpc/com.atproto.server.describeServer");
        let mut request = Request::get("test", url.parse().unwrap());
        request.private = true;
        world.networks.http().send(&request).await.unwrap();
    }
    world.wake();
}

async fn open_incidents(world: &World) -> Vec<String> {
    let open = world.store.read(|q| q.incidents(true, 100)).await.unwrap();
    open.into_iter().map(|incident| incident.text).collect()
}

async fn due_of(office: &Office, id: &DeliveryId) -> UtcMs {
    let id = id.clone();
    let read = office.hub.store.read(move |q| q.delivery(&id)).await;
    read.unwrap().due
}

async fn in_doubt(world: &World) -> bool {
    world.store.read(|q| q.clock_in_doubt()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_a_clock_set_an_hour_forward_sends_nothing_early() {
    let mut world = World::with_its_own_clock().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "at half past", minutes(28)).await;
    world.clock.step(HOUR_MS);
    world.wake();
    world
        .until("the clock is in doubt", async || in_doubt(&world).await)
        .await;
    let said = "This machine's clock was set forward by 1 h: posts wait until other hosts confirm the new time";
    assert!(world.notices().await.contains(&said.to_owned()));
    // Whatever passes meanwhile by the wrong clock, the true time has not come.
    for _ in 0..20 {
        world.advance(minutes(1));
    }
    world
        .until("somebody was asked for the time", async || {
            world.sandbox.bluesky().calls().iter().any(|call| {
                call.endpoint.ends_with("getSession") || call.endpoint.ends_with("refreshSession")
            })
        })
        .await;
    assert!(in_doubt(&world).await);
    assert_eq!(world.delivery(&post).await.state, State::Scheduled);
    assert!(world.live(&ann).is_empty());
    // Somebody sets it right again.
    world.clock.step(-HOUR_MS);
    world.wake();
    world
        .until("it is believed again", async || !in_doubt(&world).await)
        .await;
    world.advance(minutes(7));
    assert!(world.live(&ann).is_empty());
    world.advance(minutes(1));
    world.until_state(&post, State::Published).await;
    assert_eq!(world.live(&ann), ["at half past"]);
    assert!(open_incidents(&world).await.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_a_clock_set_forward_rightly_is_confirmed_within_one_proof() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "due by now", minutes(28)).await;
    // The network's clock agrees with the new time.
    world.clock.step(HOUR_MS);
    world.wake();
    world.until_state(&post, State::Published).await;
    let notices = world.notices().await;
    let right = "This machine's clock is right again: posts go out at their times";
    assert!(notices.contains(&right.to_owned()), "{notices:?}");
    assert_eq!(world.live(&ann), ["due by now"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_ten_years_forward_misses_nothing_expires_nothing_and_sends_nothing() {
    let mut world = World::with_its_own_clock().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "tomorrow", minutes(60 * 24)).await;
    let ten_years = 3_653 * 24 * HOUR_MS;
    world.clock.step(ten_years);
    world.wake();
    world
        .until("the clock is in doubt", async || in_doubt(&world).await)
        .await;
    for _ in 0..10 {
        world.advance(minutes(1));
    }
    assert_eq!(world.delivery(&post).await.state, State::Scheduled);
    world.clock.step(-ten_years);
    world.wake();
    world
        .until("it is believed again", async || !in_doubt(&world).await)
        .await;
    assert!(world.channel(&channel).await.publishable);
    assert!(world.live(&ann).is_empty());
    world.advance(minutes(60 * 24));
    world.until_state(&post, State::Published).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_a_slow_drift_ahead_is_seen_by_two_hosts_and_one_host_alone_is_not_believed() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    // One host says that we are two minutes ahead: perhaps it is wrong itself.
    world.sandbox.bluesky().clock_off(-120_000);
    let first = world.schedule(&channel, "first", minutes(1)).await;
    world.advance(minutes(1));
    world.until_state(&first, State::Published).await;
    two_hosts_are_heard(&world).await;
    world
        .until("the clock is in doubt", async || in_doubt(&world).await)
        .await;
    let open = open_incidents(&world).await;
    let ahead = "This machine's clock is 2 m ahead of other hosts: posts wait, so that none goes out early. Set the clock";
    assert_eq!(open, [ahead]);
    let second = world.schedule(&channel, "second", minutes(1)).await;
    world.advance(minutes(1));
    world.advance(minutes(1));
    assert_eq!(world.delivery(&second).await.state, State::Scheduled);
    world.sandbox.bluesky().clock_off(0);
    two_hosts_are_heard(&world).await;
    world.until_state(&second, State::Published).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_a_clock_behind_is_said_and_stops_nothing() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    world.sandbox.bluesky().clock_off(HOUR_MS);
    two_hosts_are_heard(&world).await;
    let behind = "This machine's clock is 1 h behind other hosts: posts go out that much late. Set the clock";
    world
        .until("it is said", async || {
            open_incidents(&world).await == [behind]
        })
        .await;
    let post = world
        .schedule(&channel, "late by an hour", minutes(1))
        .await;
    world.advance(minutes(1));
    world.until_state(&post, State::Published).await;
    world.sandbox.bluesky().clock_off(0);
    two_hosts_are_heard(&world).await;
    world
        .until("it is over", async || {
            open_incidents(&world).await.is_empty()
        })
        .await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_a_clock_set_back_sends_nothing_twice_and_keeps_its_pauses() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let out = world.schedule(&channel, "out", minutes(5)).await;
    world.advance(minutes(5));
    world.until_state(&out, State::Published).await;
    let bluesky = world.sandbox.bluesky();
    let busy = Fault::RateLimited { retry_after: 120 };
    bluesky.fault_once("com.atproto.repo.putRecord", busy);
    let later = world.schedule(&channel, "asked to wait", minutes(1)).await;
    world.advance(minutes(1));
    world
        .until("it waits", async || {
            world.delivery(&later).await.next_attempt_at.is_some()
        })
        .await;
    world.clock.step(-HOUR_MS);
    world.wake();
    world
        .until("it is said", async || {
            let said = "This machine's clock was set back by 1 h";
            world.notices().await.contains(&said.to_owned())
        })
        .await;
    // It is not due for another hour by the new clock: that is what was chosen.
    world.advance(minutes(58));
    assert_eq!(world.live(&ann), ["out"]);
    world.advance(minutes(3));
    world.until_state(&later, State::Published).await;
    assert_eq!(world.live(&ann), ["out", "asked to wait"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_a_lost_answer_is_not_settled_sooner_because_the_clock_was_set() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "once", minutes(5)).await;
    let bluesky = world.sandbox.bluesky();
    bluesky.fault_once("com.atproto.repo.putRecord", Fault::DropAnswer);
    world.advance(minutes(5));
    world.until_state(&post, State::Unknown).await;
    let reads = || {
        let calls = world.sandbox.bluesky().calls();
        let reads = calls
            .iter()
            .filter(|call| call.endpoint.ends_with("getRecord"));
        reads.count()
    };
    let planned = world.delivery(&post).await.next_look_at.unwrap();
    let before = reads();
    // Under a minute is no reason for doubt, but 50 of the 90 seconds.
    world.clock.step(50_000);
    world.wake();
    world
        .until("the reading moved along", async || {
            world.delivery(&post).await.next_look_at.unwrap()
                == planned.plus(Duration::from_secs(50))
        })
        .await;
    world.advance(Duration::from_secs(60));
    assert_eq!(reads(), before);
    world.advance(Duration::from_secs(31));
    world.until_state(&post, State::Published).await;
    assert_eq!(world.live(&ann), ["once"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_after_eight_hours_asleep_what_is_late_goes_out_once_and_nothing_is_doubted() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let night = world.schedule(&channel, "in the night", minutes(120)).await;
    let morning = world
        .schedule(&channel, "in the morning", minutes(481))
        .await;
    world.advance(minutes(480));
    world.until_state(&night, State::Published).await;
    world.advance(minutes(1));
    world.until_state(&morning, State::Published).await;
    assert_eq!(world.live(&ann), ["in the night", "in the morning"]);
    let notices = world.notices().await;
    assert!(
        !notices.iter().any(|text| text.contains("clock")),
        "{notices:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_33_a_step_between_two_publishers_is_seen_and_told_everywhere() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let post = office.post(&channel, "at half past", minutes(28)).await;
    office.pass().await;
    // Nobody publishes while the clock is set; the network keeps the true time.
    office.clock.step(HOUR_MS);
    office.sandbox.bluesky().clock_off(-HOUR_MS);
    let pass = office.pass().await;
    assert_eq!((pass.published, pass.waiting), (0, 1));
    assert!(
        office
            .sandbox
            .bluesky()
            .live_posts(&ann.did)
            .unwrap()
            .is_empty()
    );
    let why = views::why(&office.hub, &post).await.unwrap();
    assert_eq!(why.verdict, "held");
    assert!(
        why.sentence.contains("clock was set forward by 1 h"),
        "{}",
        why.sentence
    );
    let check = views::check(&office.hub, &Scope::All, None).await.unwrap();
    assert_eq!(check.verdict, Verdict::Broken);
    let status = views::status(&office.hub, &Scope::All).await.unwrap();
    assert_eq!((status.queued, status.held), (0, 1));
    // Confirmed: the network has the same time.
    office.sandbox.bluesky().clock_off(0);
    let pass = office.pass().await;
    assert_eq!(pass.published, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_34_a_post_keeps_its_instant_when_the_rules_of_its_zone_change_and_that_is_said() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let post = office.post(&channel, "at nine", minutes(60 * 19)).await;
    let due = due_of(&office, &post).await;
    // As if it had been chosen under other rules.
    office
        .raw()
        .execute(
            "UPDATE delivery SET civil = '2026-11-22 10:02', timezone = 'Europe/Lisbon'",
            [],
        )
        .unwrap();
    office.pass().await;
    let status = views::status(&office.hub, &Scope::All).await.unwrap();
    let said = "The rules of Europe/Lisbon changed: 1 post goes out at another clock time than was chosen, the first at 2026-11-22 09:02 instead of 2026-11-22 10:02. Reschedule what should keep its clock time";
    let texts: Vec<_> = status
        .incidents
        .iter()
        .map(|one| one.text.as_str())
        .collect();
    assert_eq!(texts, [said]);
    assert_eq!(due_of(&office, &post).await, due);
    // Chosen anew, it is over with the next day's look.
    office
        .raw()
        .execute("UPDATE delivery SET civil = '2026-11-22 09:02'", [])
        .unwrap();
    office.clock.advance(minutes(60 * 24));
    office.pass().await;
    let status = views::status(&office.hub, &Scope::All).await.unwrap();
    assert!(
        status
            .incidents
            .iter()
            .all(|one| one.kind != "timezone_changed")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_34_the_year_2038_and_a_leap_second_are_times_like_any_other() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    for (text, due) in [
        ("2038-01-19T03:14:08Z", "2038-01-19T03:14:08Z"),
        ("2099-12-31 23:59", "2099-12-31T23:59:00Z"),
        // RFC 3339 allows it; the second after it is the same instant here.
        ("2030-12-31T23:59:60Z", "2030-12-31T23:59:59Z"),
    ] {
        let view = office
            .try_post(&channel, text, PostTime::At(text.into()))
            .await
            .unwrap();
        assert_eq!(view.deliveries[0].delivery.due.to_string(), due, "{text}");
    }
}
