//! `post resolve`: a person says what happened to a post.

use super::super::args::post::{Outcome, Resolve};
use super::super::context::Context;
use super::super::output::{Exit, Failure};
use super::{look, send};
use crate::ops::names::{self, PostOrDelivery};
use crate::ops::posts::{Answer, resolve};

/// `post resolve`
pub async fn run(context: &Context, command: &Resolve) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let PostOrDelivery::Delivery(id) = names::post(&hub, &command.id).await? else {
        return Err(Failure::usage(
            "one_delivery",
            format!(
                "{} is a post; each of its deliveries is decided by itself.",
                command.id
            ),
            "Name the delivery (dlv_...): allgreen post show shows them.",
        ));
    };
    let (answer, words) = match &command.outcome {
        Outcome::Live { link } => (Answer::Live(link.clone()), "is live"),
        Outcome::NotLive => (Answer::NotLive, "is not live and is sent again"),
        Outcome::Leave => (Answer::Leave, "is left as it is"),
    };
    if context.dry_run(&format!("write down that {id} {words}."))? {
        return Ok(Exit::Done);
    }
    let view = resolve(&hub, &id, answer.clone()).await?;
    if answer == Answer::NotLive {
        return send::follow(context, &hub, &[view]).await;
    }
    let json = look::json(&hub, std::slice::from_ref(&view)).await?;
    if let [one] = json.as_slice() {
        context
            .output
            .done(one, &format!("Written down: {id} {words}."))?;
    }
    Ok(Exit::Done)
}
