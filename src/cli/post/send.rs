//! `post send`, and waiting for what the publisher does with it.

use std::time::Duration;

use super::super::args::post::Many;
use super::super::ask;
use super::super::context::Context;
use super::super::json::PostJson;
use super::super::output::{Exit, Failure, Shape};
use super::super::publisher;
use super::super::words::count;
use super::{acts, again, deliveries, ids, look};
use crate::domain::delivery::Shown;
use crate::domain::publisher::CommandKind;
use crate::ops::publisher::publisher as who_publishes;
use crate::ops::views::{DeliveryView, PostView};
use crate::ops::{Hub, posts, probe};

/// How often the outcome is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// `post send`
pub async fn run(context: &Context, many: &Many) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let mut found = deliveries(&hub, &many.ids).await?;
    // Of a whole post only what is not over; a delivery named by itself is
    // refused in words by the use case.
    if acts::is_post(&many.ids) {
        found.retain(|view| !acts::is_over(view));
    }
    let would = format!("{} will go out now.", count(found.len() as u64, "post"));
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    ask::go_on(&context.flags, &would).await?;
    let after = posts::send_now(&hub, &ids(&found)).await?;
    follow(context, &hub, &after).await
}

/// Waits for deliveries that are due now, prints them, and says how it ended.
pub async fn follow(context: &Context, hub: &Hub, sent: &[DeliveryView]) -> Result<Exit, Failure> {
    let waited = wait(context, hub, sent).await?;
    if context.output.shape == Shape::Json {
        context
            .output
            .json(&look::json(hub, &waited.views).await?)?;
    } else {
        tell(context, &waited.views)?;
    }
    waited.ending(context)
}

/// The same for a post that was just written: the whole post is printed.
pub async fn follow_post(context: &Context, hub: &Hub, post: PostView) -> Result<Exit, Failure> {
    let waited = wait(context, hub, &post.deliveries).await?;
    if context.output.shape == Shape::Json {
        let post = PostView {
            deliveries: waited.views.clone(),
            ..post
        };
        context.output.json(&PostJson::from(&post))?;
    } else {
        tell(context, &waited.views)?;
    }
    waited.ending(context)
}

/// One line each; a single refusal is said once, on standard error.
fn tell(context: &Context, views: &[DeliveryView]) -> Result<(), Failure> {
    let refused = views.iter().filter(|view| is_refused(view)).count();
    for view in views {
        if !(is_refused(view) && refused == 1) {
            context.output.say(&outcome(view))?;
        }
    }
    Ok(())
}

/// What waiting for the publisher brought.
struct Waited {
    views: Vec<DeliveryView>,
    /// Why it was not waited any longer, when the publisher does nothing.
    broken_off: Option<Failure>,
    /// Whether somebody publishes.
    running: bool,
}

/// Waits until each delivery is over, or until the time for it has passed. What
/// was asked for is stored already, so nothing here undoes it.
async fn wait(context: &Context, hub: &Hub, sent: &[DeliveryView]) -> Result<Waited, Failure> {
    if who_publishes(hub).await?.running {
        // It looks at once instead of at its next turn.
        if let Err(error) = probe::ask(hub, CommandKind::Wake, "").await {
            return Ok(Waited {
                views: again(hub, sent).await?,
                broken_off: Some(error.into()),
                running: true,
            });
        }
        context.output.progress(&format!(
            "Waiting for the publisher to send {}.",
            count(sent.len() as u64, "post")
        ));
    }
    let until = context.now().plus(context.wait());
    loop {
        let views = again(hub, sent).await?;
        let publisher = who_publishes(hub).await?;
        let broken_off = publisher.refuse_silent().err().map(Failure::from);
        let over = !views.iter().any(is_open) || !publisher.running;
        if over || broken_off.is_some() || context.now() >= until {
            return Ok(Waited {
                views,
                broken_off,
                running: publisher.running,
            });
        }
        context.clock.sleep(LOOK_EVERY).await;
    }
}

fn is_open(view: &DeliveryView) -> bool {
    matches!(
        view.shown,
        Shown::Scheduled | Shown::Sending | Shown::Confirming
    )
}

fn is_refused(view: &DeliveryView) -> bool {
    matches!(view.shown, Shown::Failed | Shown::NeedsDecision)
}

impl Waited {
    /// How the command ends after it printed what it found.
    fn ending(self, context: &Context) -> Result<Exit, Failure> {
        if let Some(view) = self.views.iter().find(|view| is_refused(view)) {
            return Err(refusal(view));
        }
        let held = self.views.iter().find(|view| view.shown == Shown::Held);
        let waiting = self
            .views
            .iter()
            .filter(|view| is_open(view) || view.shown == Shown::Held)
            .count() as u64;
        match (waiting, self.broken_off) {
            (0, _) => Ok(Exit::Done),
            (_, Some(failure)) => Err(failure),
            (_, None) if held.is_some() && !self.views.iter().any(is_open) => {
                let name = held.map(look::name).unwrap_or_default();
                context.output.progress(&format!(
                    "What is held goes out when its channel publishes again. See: allgreen channel show {name}"
                ));
                Ok(Exit::Queued)
            }
            (n, None) if !self.running => Ok(publisher::nobody(context, n)),
            (n, None) => Ok(publisher::queued(context, n, "post")),
        }
    }
}

fn refusal(view: &DeliveryView) -> Failure {
    let id = &view.delivery.id;
    if view.shown == Shown::NeedsDecision {
        return Failure::new(
            Exit::NeedsChoice,
            "needs_decision",
            format!("Nobody can tell whether {id} went out."),
            format!("Look at the profile, then: allgreen post resolve {id} live|not-live|leave"),
        );
    }
    Failure::failed(
        "not_sent",
        format!("{id} did not go out: {}.", error(view)),
        format!("See: allgreen post why {id}"),
    )
}

fn error(view: &DeliveryView) -> String {
    view.delivery
        .last_error
        .as_ref()
        .map_or_else(
            || "the network refused it".into(),
            |error| {
                error
                    .evidence
                    .message
                    .clone()
                    .unwrap_or_else(|| error.class.name().replace('_', " "))
            },
        )
        .trim_end_matches('.')
        .to_owned()
}

/// One sentence on how a delivery stands.
fn outcome(view: &DeliveryView) -> String {
    let (id, name) = (&view.delivery.id, look::name(view));
    match view.shown {
        Shown::Published => {
            let link = view.delivery.permalink.as_deref().unwrap_or_default();
            format!("{id} went out on {name}. {link}")
                .trim_end()
                .to_owned()
        }
        Shown::Held => format!(
            "{id} is held on {name}: {}.",
            view.blocker
                .map_or("it waits", |blocker| blocker.words())
                .to_lowercase()
        ),
        Shown::Failed => format!("{id} did not go out on {name}: {}.", error(view)),
        other => format!("{id} on {name} is {}.", other.name().replace('_', " ")),
    }
}
