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
    let (after, exit) = wait(context, hub, sent).await?;
    if context.output.shape == Shape::Json {
        context.output.json(&look::json(hub, &after).await?)?;
    } else {
        for view in &after {
            context.output.say(&outcome(view))?;
        }
    }
    exit
}

/// Prints a post that was to go out at once.
pub fn tell_post(context: &Context, view: &PostView) -> Result<(), Failure> {
    if context.output.shape == Shape::Json {
        return context.output.json(&PostJson::from(view));
    }
    for delivery in &view.deliveries {
        context.output.say(&outcome(delivery))?;
    }
    Ok(())
}

/// Waits until each delivery is over, or until the time for it has passed. The
/// second value is how the command ends after printing what it found.
pub async fn wait(
    context: &Context,
    hub: &Hub,
    sent: &[DeliveryView],
) -> Result<(Vec<DeliveryView>, Result<Exit, Failure>), Failure> {
    if who_publishes(hub).await?.running {
        // It looks at once instead of at its next turn. What was asked for is
        // stored already, so a silent publisher is said after that is printed.
        if let Err(error) = probe::ask(hub, CommandKind::Wake, "").await {
            return Ok((again(hub, sent).await?, Err(error.into())));
        }
    }
    let until = context.now().plus(context.wait());
    context.output.progress(&format!(
        "Waiting for the publisher to send {}.",
        count(sent.len() as u64, "post")
    ));
    loop {
        let views = again(hub, sent).await?;
        let open = views.iter().filter(|view| is_open(view)).count() as u64;
        let running = who_publishes(hub).await?.running;
        if open == 0 || !running || context.now() >= until {
            let exit = ending(context, &views, open);
            return Ok((views, exit));
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

fn ending(context: &Context, views: &[DeliveryView], open: u64) -> Result<Exit, Failure> {
    let refused = views
        .iter()
        .find(|view| matches!(view.shown, Shown::Failed | Shown::NeedsDecision));
    if let Some(view) = refused {
        let id = &view.delivery.id;
        return Err(match view.shown {
            Shown::NeedsDecision => Failure::new(
                Exit::NeedsChoice,
                "needs_decision",
                format!("Nobody can tell whether {id} went out."),
                format!(
                    "Look at the profile, then: allgreen post resolve {id} live|not-live|leave"
                ),
            ),
            _ => Failure::failed(
                "not_sent",
                format!("{id} did not go out: {}.", error(view)),
                format!("See: allgreen post why {id}"),
            ),
        });
    }
    let held = views
        .iter()
        .filter(|view| view.shown == Shown::Held)
        .count() as u64;
    if open + held > 0 {
        return Ok(publisher::queued(context, &count(open + held, "post")));
    }
    Ok(Exit::Done)
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
            "{id} is held: {}.",
            view.blocker.map_or("it waits", |blocker| blocker.words())
        ),
        Shown::Failed => format!("{id} did not go out on {name}: {}.", error(view)),
        other => format!("{id} on {name} is {}.", other.name().replace('_', " ")),
    }
}
