//! `post`: writing, looking at and moving what goes out.

use super::args::post::Post;
use super::context::Context;
use super::output::{Exit, Failure};
use crate::domain::delivery::Shown;
use crate::domain::ids::DeliveryId;
use crate::ops::names::{self, PostOrDelivery};
use crate::ops::views::{self, DeliveryView, QueueFilter};
use crate::ops::{Hub, Scope};

mod acts;
mod create;
mod duplicate;
mod edit;
mod look;
pub mod plan;
mod resolve;
mod send;
mod why;

/// Carries out a `post` command.
///
/// # Errors
/// What `ops` refuses.
pub async fn run(context: &Context, command: &Post) -> Result<Exit, Failure> {
    match command {
        Post::Create(create) => create::run(context, create).await,
        Post::List(list) => look::list(context, list).await,
        Post::Show(one) => look::show(context, &one.id).await,
        Post::Edit(change) => edit::run(context, change).await,
        Post::Duplicate(copy) => duplicate::run(context, copy).await,
        Post::Cancel(pick) => acts::cancel(context, pick).await,
        Post::Delete(pick) => acts::delete(context, pick).await,
        Post::Retry(many) => acts::retry(context, many).await,
        Post::Send(many) => send::run(context, many).await,
        Post::Reschedule(change) => acts::reschedule(context, change).await,
        Post::Resolve(decision) => resolve::run(context, decision).await,
        Post::Why(question) => why::run(context, question).await,
        Post::Plan { channel } => plan::run(context, channel).await,
        Post::Undo => acts::undo(context).await,
    }
}

/// The deliveries a command is about: of a post all of them, each once.
async fn deliveries(hub: &Hub, texts: &[String]) -> Result<Vec<DeliveryView>, Failure> {
    let mut found: Vec<DeliveryView> = Vec::new();
    for text in texts {
        let views = match names::post(hub, text).await? {
            PostOrDelivery::Post(id) => views::post(hub, &id).await?.deliveries,
            PostOrDelivery::Delivery(id) => vec![delivery(hub, &id).await?],
        };
        for view in views {
            if !found.iter().any(|one| one.delivery.id == view.delivery.id) {
                found.push(view);
            }
        }
    }
    Ok(found)
}

/// One delivery by its id.
async fn delivery(hub: &Hub, id: &DeliveryId) -> Result<DeliveryView, Failure> {
    Ok(views::why(hub, id).await?.delivery)
}

/// The same deliveries as they are now.
async fn again(hub: &Hub, before: &[DeliveryView]) -> Result<Vec<DeliveryView>, Failure> {
    let mut now = Vec::new();
    for view in before {
        now.push(delivery(hub, &view.delivery.id).await?);
    }
    Ok(now)
}

fn ids(views: &[DeliveryView]) -> Vec<DeliveryId> {
    views.iter().map(|view| view.delivery.id.clone()).collect()
}

/// Everything a channel holds.
async fn held(context: &Context, hub: &Hub, channel: &str) -> Result<Vec<DeliveryView>, Failure> {
    let filter = QueueFilter {
        scope: Scope::All,
        channel: Some(context.channel(hub, channel).await?),
        states: vec![Shown::Held],
        ..QueueFilter::default()
    };
    Ok(views::queue(hub, filter).await?)
}
