//! Whose fault it is (A5, A9, C7): the network's, our app's, the login's, or
//! nobody's who could have been asked.

use std::time::Duration;

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::Cause;
use allgreen::domain::delivery::State;
use allgreen::domain::ids::DeliveryId;
use allgreen::domain::publisher::CommandKind;
use allgreen::sandbox::faults::Fault;
use allgreen::store::incidents::Incident;

use crate::office::Office;
use crate::stand_in::{Asked, LIFE, Stage, refusal};
use crate::world::{World, minutes};

fn of_kind<'a>(incidents: &'a [Incident], kind: &str) -> Vec<&'a Incident> {
    let of = incidents.iter().filter(|one| one.kind == kind);
    of.collect()
}

async fn told(stage: &Stage, part: &str) -> usize {
    let said = stage.world.notices().await;
    said.iter().filter(|text| text.contains(part)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_bad_weather_is_one_incident_without_flips_and_without_a_storm() {
    let mut stage = Stage::new(40, 4).await;
    // The clock of this story jumps further than the looks are apart.
    stage.world.timing.weather_window = minutes(120);
    let mut posts = Vec::new();
    for channel in &stage.channels {
        posts.push(stage.world.schedule(channel, "later", minutes(80)).await);
    }
    stage
        .network
        .answer(|_, _| Some(refusal(AnswerClass::Transient, Some(503))));
    stage.world.publish().await;
    let over = stage.world.clock.now().plus(minutes(360));
    stage
        .world
        .pass_until(minutes(5), "six hours are over", async || {
            stage.world.clock.now() >= over
        })
        .await;
    let open = stage.incidents(true).await;
    let weather = of_kind(&open, "weather");
    let [weather] = weather.as_slice() else {
        panic!("one incident: {open:#?}")
    };
    for part in ["it is them, not you", "HTTP 503", "https://status.example/"] {
        assert!(weather.text.contains(part), "{}", weather.text);
    }
    assert_eq!(told(&stage, "it is them").await, 1);
    assert_eq!(of_kind(&open, "overdue"), Vec::<&Incident>::new());
    assert_eq!(stage.network.calls(Asked::Post), 0, "posts wait");
    let asked = stage.network.calls(Asked::Refresh) + stage.network.calls(Asked::Probe);
    // Each login once or twice, then one of a server at a turn.
    assert!((40..600).contains(&asked), "asked {asked} times");
    stage.nobody_is_to_blame().await;

    stage.network.answer(|_, _| None);
    stage
        .world
        .pass_until(minutes(1), "everything is out", async || {
            stage.network.posts().len() == posts.len()
        })
        .await;
    stage
        .world
        .pass_until(minutes(1), "it is over", async || {
            of_kind(&stage.incidents(true).await, "weather").is_empty()
        })
        .await;
    let said = stage.world.notices().await;
    assert_eq!(told(&stage, "is itself again").await, 1, "{said:#?}");
    stage.nobody_is_to_blame().await;
    stage.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_a_server_that_answers_is_not_held_by_the_trouble_of_another() {
    let stage = Stage::new(20, 2).await;
    // The odd ones live on the second server.
    stage.network.answer(|_, account| {
        let n: usize = account[1..].parse().unwrap();
        (n % 2 == 1).then(|| refusal(AnswerClass::Transient, Some(502)))
    });
    let mut posts = Vec::new();
    for channel in &stage.channels {
        posts.push(stage.world.schedule(channel, "later", minutes(10)).await);
    }
    stage.ask(CommandKind::Probe, &stage.channels).await;
    let open = stage.incidents(true).await;
    let weather = of_kind(&open, "weather");
    assert!(weather[0].text.contains("s1.example"), "{weather:#?}");
    stage.world.advance(minutes(20));
    stage.pass().await;
    for (n, post) in posts.iter().enumerate() {
        let out = stage.delivery(post).await.state == State::Published;
        assert_eq!(out, n % 2 == 0, "post {n}");
    }
    // A named refusal is believed in any weather.
    stage
        .network
        .answer(|_, _| Some(refusal(AnswerClass::Revoked, Some(401))));
    stage.ask(CommandKind::Probe, &stage.channels[1..2]).await;
    let all = stage.all().await;
    assert_eq!(all[1].cause, Cause::AccessWithdrawn);
    assert_eq!(all.iter().filter(|one| !one.publishable).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_39_a_wrong_client_secret_is_one_incident_of_the_app_and_flips_nothing() {
    let stage = Stage::new(30, 3).await;
    stage.network.answer(|asked, _| {
        (asked == Asked::Refresh).then(|| refusal(AnswerClass::AppFault, Some(401)))
    });
    let living = stage
        .world
        .schedule(&stage.channels[0], "with the token that lives", minutes(5))
        .await;
    let waiting = stage
        .world
        .schedule(
            &stage.channels[1],
            "after the end of the token",
            minutes(70),
        )
        .await;
    for _ in 0..4 {
        stage.ask(CommandKind::Refresh, &stage.channels).await;
        stage.world.advance(minutes(10));
    }
    stage.pass().await;
    let out = stage.delivery(&living).await.state;
    assert_eq!(out, State::Published, "a token that lives is used");
    stage.world.advance(LIFE);
    stage.pass().await;
    assert_eq!(stage.delivery(&waiting).await.state, State::Scheduled);
    let open = stage.incidents(true).await;
    let faults = of_kind(&open, "app_fault");
    assert_eq!(faults.len(), 1, "{open:#?}");
    assert!(faults[0].text.contains("No channel is to blame"));
    assert_eq!(of_kind(&open, "weather").len(), 0);
    assert_eq!(told(&stage, "refuses this app").await, 1);
    stage.nobody_is_to_blame().await;
    let waits = stage.all().await[1].clone();
    let now = stage.world.clock.now();
    let read = stage
        .world
        .store
        .read(move |q| q.waits_for_app(&waits, now));
    assert!(read.await.unwrap(), "and that is what it waits for");

    stage.network.answer(|_, _| None);
    stage.world.advance(minutes(70));
    stage.pass().await;
    assert_eq!(stage.delivery(&waiting).await.state, State::Published);
    assert_eq!(of_kind(&stage.incidents(true).await, "app_fault").len(), 0);
    assert_eq!(told(&stage, "takes this app again").await, 1);
    stage.nobody_is_to_blame().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_09_the_pause_that_is_asked_for_is_kept_and_jittered_and_none_is_none_at_all() {
    let day = Duration::from_secs(86_400);
    // What each way of saying it is read as: `http::reply`, row 9.
    for (asked, least) in [
        (Some(Duration::from_secs(290)), Duration::from_secs(290)),
        (Some(day), day),
        (Some(Duration::ZERO), Duration::from_secs(15)),
        (None, Duration::from_secs(60)),
    ] {
        let stage = Stage::new(8, 8).await;
        stage.network.answer(move |_, _| {
            let mut limited = refusal(AnswerClass::RateLimited, Some(429));
            limited.retry_after = asked;
            Some(limited)
        });
        let mut posts = Vec::new();
        for channel in &stage.channels {
            posts.push(stage.world.schedule(channel, "later", minutes(1)).await);
        }
        stage.world.advance(minutes(1));
        stage.pass().await;
        let now = stage.world.clock.now();
        let mut pauses = Vec::new();
        for post in &posts {
            let delivery = stage.delivery(post).await;
            assert_eq!(delivery.state, State::Scheduled);
            let pause = delivery.next_attempt_at.unwrap().since(now);
            assert!(pause >= least && pause <= least + least / 10, "{pause:?}");
            pauses.push(pause);
        }
        pauses.sort();
        pauses.dedup();
        assert!(pauses.len() > 1, "they do not come back as one: {pauses:?}");
        assert_eq!(stage.network.calls(Asked::Post), posts.len());
        // A refresh that is one too many waits as long.
        stage.ask(CommandKind::Refresh, &stage.channels[..1]).await;
        let waits = stage.logins().await;
        let next = waits
            .iter()
            .find_map(|login| login.next_refresh_at)
            .unwrap();
        let asked = asked.unwrap_or_default();
        assert!(next.since(now) >= asked && next.since(now) <= asked + day / 10);
        stage.nobody_is_to_blame().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_14_a_network_down_for_six_hours_expires_nobody_and_catches_up_in_paces() {
    let mut world = World::new().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (one, two) = (world.connect(&ann).await, world.connect(&bob).await);
    world.publish().await;
    let mut late = Vec::new();
    for n in 1..=4 {
        late.push(
            world
                .schedule(&one, &format!("late {n}"), minutes(30 * n))
                .await,
        );
    }
    world.sandbox.bluesky().down(true);
    let over = world.clock.now().plus(minutes(360));
    world
        .pass_until(minutes(10), "six hours are over", async || {
            world.clock.now() >= over
        })
        .await;
    for channel in [&one, &two] {
        let during = world.channel(channel).await;
        assert!(during.publishable && during.cause == Cause::None);
        assert_eq!(during.token.refresh_failures, 0);
    }
    let open = world.store.read(|q| q.incidents(true, 100)).await.unwrap();
    assert_eq!(of_kind(&open, "weather").len(), 0, "a small hub: {open:#?}");
    assert_eq!(of_kind(&open, "overdue").len(), 1, "{open:#?}");
    // One of the present, on the channel with the backlog.
    let live = world.schedule(&one, "live", minutes(20)).await;
    world.sandbox.bluesky().down(false);
    world
        .pass_until(Duration::from_secs(20), "all are out", async || {
            let mut out = true;
            for post in late.iter().chain([&live]) {
                out &= world.delivery(post).await.state == State::Published;
            }
            out
        })
        .await;
    let mut sent = Vec::new();
    for post in &late {
        sent.push(world.delivery(post).await.published_at.unwrap());
    }
    sent.sort();
    for pair in sent.windows(2) {
        assert!(pair[1].since(pair[0]) >= minutes(1), "paced: {sent:?}");
    }
    let live = world.delivery(&live).await;
    let wait = live.published_at.unwrap().since(live.due);
    assert!(wait <= minutes(1), "{wait:?}");
    let open = world.store.read(|q| q.incidents(true, 100)).await.unwrap();
    assert_eq!(open, Vec::new(), "resolved by itself");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c7_what_is_late_is_one_incident_that_names_what_keeps_it() {
    let mut stage = Stage::new(3, 3).await;
    for channel in &stage.channels {
        stage.world.schedule(channel, "later", minutes(1)).await;
    }
    stage.network.answer(|asked, _| {
        (asked == Asked::Post).then(|| refusal(AnswerClass::RateLimited, Some(429)))
    });
    stage.world.publish().await;
    stage
        .world
        .pass_until(Duration::from_secs(15), "all are in it", async || {
            let open = stage.incidents(true).await;
            open.iter().any(|one| one.channels.len() == 3)
        })
        .await;
    let open = stage.incidents(true).await;
    let [overdue] = open.as_slice() else {
        panic!("one incident: {open:#?}")
    };
    assert_eq!(
        (overdue.kind.as_str(), overdue.cause.as_str()),
        ("overdue", "rate_limit")
    );
    let said = stage.world.notices().await;
    // The clock of a story may jump while a post is armed, which is said too.
    let once = told(&stage, "late: It says rate_limited").await;
    assert_eq!(once, 1, "{said:#?}");
    stage.network.answer(|_, _| None);
    stage
        .world
        .pass_until(Duration::from_secs(15), "it is over", async || {
            stage.incidents(true).await.is_empty()
        })
        .await;
    assert_eq!(stage.network.posts().len(), 3);
    stage.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_post_that_was_refused_once_and_is_found_live_counts_no_more() {
    const SEND: &str = "com.atproto.repo.putRecord";
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let bluesky = office.sandbox.bluesky();
    let state = async |id: &DeliveryId| {
        let id = id.clone();
        let read = office.hub.store.read(move |q| q.delivery(&id));
        read.await.unwrap().state
    };

    // Refused with a token that ran out, sent with the next, and not answered.
    let first = office.post(&channel, "first", minutes(0)).await;
    bluesky.expire_access_tokens(&ann.did).unwrap();
    bluesky.fault_once(SEND, Fault::Delay(0));
    bluesky.fault_once(SEND, Fault::DropAnswer);
    for _ in 0..4 {
        office.pass().await;
        office.clock.advance(minutes(1));
    }
    assert_eq!(state(&first).await, State::Published);
    assert_eq!(bluesky.waiting_faults(), 0);

    let second = office.post(&channel, "second", minutes(0)).await;
    bluesky.expire_access_tokens(&ann.did).unwrap();
    for _ in 0..2 {
        office.pass().await;
        office.clock.advance(minutes(1));
    }
    let id = channel.clone();
    let read = office.hub.store.read(move |q| q.channel(&id));
    assert!(read.await.unwrap().publishable, "a token that ran out once");
    assert_eq!(state(&second).await, State::Published);
    assert_eq!(bluesky.live_posts(&ann.did).unwrap(), ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_repeat_whose_token_ran_out_goes_out_with_the_next_one() {
    const SEND: &str = "com.atproto.repo.putRecord";
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let bluesky = office.sandbox.bluesky();
    let post = office.post(&channel, "first", minutes(0)).await;
    bluesky.fault_once(SEND, Fault::DropBeforeProcessing);
    office.pass().await;
    // The repeat is refused, and may not go back to scheduled: the one before
    // it was never answered.
    bluesky.expire_access_tokens(&ann.did).unwrap();
    for _ in 0..8 {
        office.clock.advance(minutes(1));
        office.pass().await;
    }
    assert_eq!(office.calls("putRecord"), 3);
    let read = office
        .hub
        .store
        .read(move |q| Ok((q.delivery(&post)?.state, q.channel(&channel)?.publishable)));
    assert_eq!(read.await.unwrap(), (State::Published, true));
    assert_eq!(bluesky.live_posts(&ann.did).unwrap(), ["first"]);
}
