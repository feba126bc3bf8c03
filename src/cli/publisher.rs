//! `publisher` and `daemon`: who publishes, and doing it here.
//!
//! The one place where the command line starts the engine.

use std::sync::Arc;
use std::time::Duration;

use super::args::hub::{Daemon, Publisher};
use super::ask;
use super::context::Context;
use super::json::PublisherJson;
use super::output::{Exit, Failure, Table};
use super::words::{ago, count, maybe_ago};
use crate::domain::delivery::Shown;
use crate::domain::ids::CommandId;
use crate::domain::machine::Rules;
use crate::domain::publisher::{CommandKind, PublisherKind};
use crate::engine::{Engine, EngineError, Once, Parts, Pass, rules};
use crate::ops::Hub;
use crate::ops::probe::{Asked, progress, wait};
use crate::ops::publisher::{PublisherView, publisher};
use crate::ops::views::{self, QueueFilter};

/// How often it is looked whether something happened.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The engine over an opened hub; it does nothing until it is run.
pub fn engine(hub: &Hub) -> Engine {
    Engine::new(Parts {
        store: hub.store.clone(),
        networks: Arc::clone(&hub.networks),
        clock: hub.clock.clone(),
        entropy: hub.entropy.clone(),
        timing: hub.config.engine.clone(),
        rules: Rules {
            unknown_bound: hub.config.engine.unknown_reads,
            confirming_bound: hub.config.engine.confirming_most,
            ..rules()
        },
        lock: hub.paths.publisher_lock.clone(),
        media: hub.paths.media.clone(),
    })
}

/// How long another publisher is waited for before its role is tried again.
const TURN: Duration = Duration::from_millis(500);

/// Waits for what was asked of the publisher. When nobody publishes, this
/// process takes the role for the queued requests, does them and gives it back.
///
/// # Errors
/// When the store fails, or the publisher is silent.
pub async fn carried_out(
    context: &Context,
    hub: &Hub,
    id: &CommandId,
    span: Duration,
) -> Result<Asked, Failure> {
    let until = hub.clock.now().plus(span);
    loop {
        let now = progress(hub, id).await?;
        let left = until.since(hub.clock.now());
        if matches!(now, Asked::Done { .. }) {
            return Ok(now);
        }
        if context.flags.no_publish {
            let somebody = publisher(hub).await?.running;
            return Ok(wait(hub, id, if somebody { left } else { Duration::ZERO }).await?);
        }
        // One turn as publisher does every queued request, this one perhaps too.
        // Whoever had the role may have given it back just before it was asked.
        context.uncut(engine(hub).once(Once::Commands)).await?;
        let asked = wait(hub, id, left.min(TURN)).await?;
        if matches!(asked, Asked::Done { .. }) || left <= TURN {
            return Ok(asked);
        }
    }
}

/// Says that something was asked and is not done yet.
pub fn queued(context: &Context, n: u64, what: &str) -> Exit {
    let be = if n == 1 { "is" } else { "are" };
    not_yet(context, &format!("{} {be}", count(n, what)))
}

fn not_yet(context: &Context, what_is: &str) -> Exit {
    context.output.progress(&format!(
        "{what_is} queued for the publisher and not done yet. See who publishes with: allgreen publisher show"
    ));
    Exit::Queued
}

/// Says that posts wait because nobody publishes.
pub fn nobody(context: &Context, posts: u64) -> Exit {
    let (be, go) = if posts == 1 {
        ("is", "It goes")
    } else {
        ("are", "They go")
    };
    context.output.progress(&format!(
        "{} {be} queued for the publisher, and nobody publishes. {go} out with: allgreen daemon",
        count(posts, "post")
    ));
    Exit::Queued
}

/// Carries out a `publisher` command.
///
/// # Errors
/// What `ops` refuses.
pub async fn run(context: &Context, command: Publisher) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let view = publisher(&hub).await?;
    match command {
        Publisher::Show => {
            show(context, &view)?;
            Ok(Exit::Done)
        }
        Publisher::Stop => stop(context, &hub, &view).await,
    }
}

/// Who publishes, in a few words.
pub fn words(view: &PublisherView) -> String {
    let who = view.kind.map_or("process", PublisherKind::name);
    let pid = view.pid.unwrap_or_default();
    match (view.running, view.silent) {
        (true, false) => format!("{who} publishes"),
        (true, true) => format!("{who} {pid} is silent"),
        (false, _) => "NOBODY PUBLISHES".into(),
    }
}

fn show(context: &Context, view: &PublisherView) -> Result<(), Failure> {
    let now = context.now();
    let mut table = Table::facts();
    table.fact("publisher", words(view));
    if view.running {
        table.maybe("host", view.host.as_deref());
        table.maybe("pid", view.pid.map(|pid| pid.to_string()));
        table.maybe("since", view.since.map(|at| ago(at, now)));
    }
    table.fact("last sign", maybe_ago(view.heartbeat_at, now));
    context.output.one(&PublisherJson::from(view), &table)
}

async fn stop(context: &Context, hub: &Hub, view: &PublisherView) -> Result<Exit, Failure> {
    let Some(pid) = view.pid.filter(|_| view.running) else {
        context
            .output
            .done(&PublisherJson::from(view), "Nobody publishes.")?;
        return Ok(Exit::Done);
    };
    let status = views::status(hub, &crate::ops::Scope::All).await?;
    let would = format!(
        "The {} with pid {pid} finishes what is in flight and ends; {} then wait until somebody publishes.",
        view.kind.map_or("publisher", PublisherKind::name),
        count(status.queued, "scheduled post"),
    );
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    ask::go_on(&context.flags, &would).await?;
    let id = crate::ops::probe::ask(hub, CommandKind::Stop, "").await?;
    context.output.progress("Waiting for the publisher to end.");
    let until = context.now().plus(context.wait());
    wait(hub, &id, context.wait()).await?;
    loop {
        let view = publisher(hub).await?;
        if !view.running || view.pid != Some(pid) {
            context
                .output
                .done(&PublisherJson::from(&view), "The publisher has ended.")?;
            return Ok(Exit::Done);
        }
        if context.now() >= until {
            return Ok(not_yet(context, "The stop is"));
        }
        context.clock.sleep(LOOK_EVERY).await;
    }
}

/// Carries out `daemon`.
///
/// # Errors
/// When the lock or the store cannot be used.
pub async fn daemon(context: &Context, command: &Daemon) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    if let Some(trouble) = hub.trouble() {
        return Err(trouble.into());
    }
    if hub.read_only || context.flags.no_publish {
        return Err(Failure::usage(
            "cannot_publish",
            "A daemon publishes, and --read-only or --no-publish forbid it.",
            "Leave that flag out.",
        ));
    }
    if context.flags.dry_run {
        let due = QueueFilter {
            states: vec![Shown::Scheduled],
            until: Some(context.now()),
            ..QueueFilter::default()
        };
        let n = views::queue(&hub, due).await?.len() as u64;
        context.dry_run(&format!("publish what is due: {}.", count(n, "post")))?;
        return Ok(Exit::Done);
    }
    let engine = engine(&hub);
    let view = publisher(&hub).await?;
    if command.once {
        let pass = context.uncut(engine.once(Once::Everything)).await?;
        return once(context, &view, pass);
    }
    if view.running {
        context.output.progress(&format!(
            "Waiting for the {} with pid {} to end.",
            view.kind.map_or("publisher", PublisherKind::name),
            view.pid.unwrap_or_default()
        ));
    }
    let running = context.uncut(engine.run(PublisherKind::Daemon, context.stop()));
    let announced = async {
        while !engine.leads() {
            context.clock.sleep(LOOK_EVERY).await;
        }
        context.output.progress("This daemon publishes now.");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        done = running => done?,
        () = announced => {}
    }
    context.output.progress("This daemon no longer publishes.");
    Ok(Exit::Done)
}

/// What one pass left, and whether something is still open.
fn once(context: &Context, view: &PublisherView, pass: Option<Pass>) -> Result<Exit, Failure> {
    let Some(pass) = pass else {
        context.output.progress(&format!(
            "Another process publishes (pid {}); it does what is due.",
            view.pid.unwrap_or_default()
        ));
        return Ok(Exit::Queued);
    };
    let sentence = format!(
        "{} went out, {} of open outcome, {} waiting.",
        count(pass.published, "post"),
        pass.open,
        pass.waiting
    );
    let json = serde_json::json!({
        "published": pass.published, "open": pass.open, "waiting": pass.waiting,
    });
    context.output.done(&json, &sentence)?;
    Ok(if pass.open + pass.waiting > 0 {
        Exit::Queued
    } else {
        Exit::Done
    })
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => crate::ops::OpError::from(error).into(),
            EngineError::Lock { path, reason } => Self::failed(
                "lock",
                format!("The publisher's lock {path} cannot be used: {reason}."),
                "Check the directory and its permissions.",
            ),
            EngineError::Restored => Self::failed(
                "restored",
                "This store was restored from a backup.",
                "Make sure that the one it came from publishes no more, then confirm with: allgreen restore.",
            ),
        }
    }
}
