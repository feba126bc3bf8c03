//! A hundred thousand failures that are nobody's fault, and one named refusal
//! each: the two halves of "never falsely red, never silently red" (A5).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::Cause;
use allgreen::domain::publisher::CommandKind;
use allgreen::networks::Refusal;

use crate::stand_in::{Asked, Stage, refusal};
use crate::world::minutes;

/// What an outage looks like from here, in turn.
fn trouble(n: usize) -> Refusal {
    let (class, status, what) = [
        (AnswerClass::RateLimited, Some(429), "Too Many Requests"),
        (AnswerClass::Transient, Some(500), "Internal Server Error"),
        (AnswerClass::Transient, Some(502), "Bad Gateway"),
        (AnswerClass::Transient, Some(503), "Service Unavailable"),
        (AnswerClass::Transient, Some(504), "Gateway Timeout"),
        (AnswerClass::Transient, None, "no answer in time"),
        (AnswerClass::Transient, None, "the name was not resolved"),
        (AnswerClass::Transient, None, "no trusted connection"),
    ][n % 8];
    let mut refusal = refusal(class, status);
    refusal.evidence.message = Some(what.to_owned());
    refusal.retry_after = n.is_multiple_of(16).then_some(Duration::from_secs(30));
    refusal
}

/// Counts what it injects, per call.
#[derive(Default)]
struct Injector([AtomicUsize; 3]);

impl Injector {
    fn inject(&self, asked: Asked) -> Refusal {
        let before = self.0[asked as usize].fetch_add(1, Ordering::Relaxed);
        trouble(before)
    }

    fn of(&self, asked: Asked) -> usize {
        self.0[asked as usize].load(Ordering::Relaxed)
    }

    fn all(&self) -> usize {
        [Asked::Refresh, Asked::Probe, Asked::Post]
            .map(|asked| self.of(asked))
            .iter()
            .sum()
    }
}

const LOGINS: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_failures_of_theirs_flip_no_channel_and_count_no_login() {
    storm(3_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: cargo test --release --test stories -- --ignored --nocapture hundred_thousand"]
async fn a5_a_hundred_thousand_failures_of_theirs_flip_no_channel_and_count_no_login() {
    storm(100_000).await;
}

async fn storm(failures: usize) {
    let stage = Stage::new(LOGINS, LOGINS).await;
    let injector = Arc::new(Injector::default());
    // Posts are refused first: their logins are well meanwhile.
    let by = Arc::clone(&injector);
    stage
        .network
        .answer(move |asked, _| (asked == Asked::Post).then(|| by.inject(asked)));
    for channel in &stage.channels {
        stage.world.schedule(channel, "patience", minutes(1)).await;
    }
    while injector.of(Asked::Post) < failures / 100 {
        stage.world.advance(minutes(15));
        stage.pass().await;
    }
    stage.nobody_is_to_blame().await;
    // Then everything is. By hand, as weather would keep the rest from asking.
    let by = Arc::clone(&injector);
    stage.network.answer(move |asked, _| Some(by.inject(asked)));
    let mut round = 0;
    while injector.all() < failures {
        let kind = [CommandKind::Probe, CommandKind::Refresh][round % 2];
        stage.ask(kind, &stage.channels).await;
        stage.world.advance(minutes(1));
        round += 1;
    }
    stage.nobody_is_to_blame().await;
    assert!(injector.all() >= failures, "{}", injector.all());
    for asked in [Asked::Refresh, Asked::Probe, Asked::Post] {
        let n = injector.of(asked);
        println!("{asked:?}: {n} failures injected");
        assert!(n >= failures / 100, "{asked:?}: {n}");
    }
    for login in stage.logins().await {
        assert_eq!(login.last_counted_at, None, "{}", login.remote_user_id);
    }
    let said = stage.world.notices().await;
    let red = ["reconnect", "expired", "failing"];
    let wrong = said
        .iter()
        .find(|text| red.iter().any(|word| text.contains(word)));
    assert_eq!(wrong, None);
    // And the other half: a named refusal is believed after one confirmation,
    // whatever the weather is.
    stage
        .network
        .answer(|_, _| Some(refusal(AnswerClass::Revoked, Some(401))));
    stage.network.forget_calls();
    let few = &stage.channels[..20];
    stage.ask(CommandKind::Probe, few).await;
    for (n, channel) in stage.all().await.iter().enumerate() {
        let red = channel.cause == Cause::AccessWithdrawn && !channel.publishable;
        assert_eq!(red, n < few.len(), "{}", channel.handle);
        let asked = stage.network.calls_of(&channel.handle).len();
        assert_eq!(asked, if red { 2 } else { 0 }, "{}", channel.handle);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_every_named_refusal_flips_within_one_confirmed_attempt() {
    let named: Vec<AnswerClass> = AnswerClass::ALL
        .iter()
        .copied()
        .filter(|class| class.meaning().cause.is_some())
        .collect();
    for kind in [CommandKind::Probe, CommandKind::Refresh] {
        let stage = Stage::new(named.len(), 1).await;
        let classes = named.clone();
        stage.network.answer(move |_, account| {
            let n: usize = account[1..].parse().unwrap();
            Some(refusal(classes[n], Some(401)))
        });
        stage.world.advance(minutes(1));
        stage.ask(kind, &stage.channels).await;
        for (channel, class) in stage.all().await.iter().zip(&named) {
            assert_eq!(Some(channel.cause), class.meaning().cause, "{class:?}");
            assert!(!channel.publishable, "{class:?}");
            let asked = stage.network.calls_of(&channel.handle).len();
            assert_eq!(asked, 2, "{class:?}: once, and once to confirm it");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_trouble_between_a_refusal_and_its_confirmation_decides_nothing() {
    let stage = Stage::new(1, 1).await;
    let mut n = 0;
    stage.network.answer(move |_, _| {
        n += 1;
        Some(if n % 2 == 1 {
            refusal(AnswerClass::Revoked, Some(401))
        } else {
            trouble(n)
        })
    });
    for _ in 0..10 {
        stage.ask(CommandKind::Probe, &stage.channels).await;
        stage.world.advance(minutes(10));
    }
    assert_eq!(stage.network.calls(Asked::Probe), 12);
    stage.nobody_is_to_blame().await;
}
