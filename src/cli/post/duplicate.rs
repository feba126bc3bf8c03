//! `post duplicate`: another post like one that there is.

use super::super::args::post::Duplicate;
use super::super::context::Context;
use super::super::json::PostJson;
use super::super::output::{Exit, Failure};
use super::{create, delivery, send};
use crate::ops::names::{self, PostOrDelivery};
use crate::ops::posts::{self, PostTime, duplicate};

/// `post duplicate`
pub async fn run(context: &Context, command: &Duplicate) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let (post, only) = match names::post(&hub, &command.id).await? {
        PostOrDelivery::Post(id) => (id, None),
        PostOrDelivery::Delivery(id) => {
            let post = delivery(&hub, &id).await?.delivery.post_id;
            (post, Some(id))
        }
    };
    let when = match (&command.at, command.now) {
        (Some(at), _) => PostTime::At(at.clone()),
        (None, true) => PostTime::Now,
        (None, false) => PostTime::Draft,
    };
    let would = format!(
        "write another post like {post} and {}.",
        create::then(&when)
    );
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    let now = when == PostTime::Now;
    let wanted = posts::Duplicate {
        post,
        only,
        when,
        zone: command.tz.clone(),
    };
    let view = duplicate(&hub, wanted).await?;
    for warning in &view.warnings {
        context.output.progress(warning);
    }
    // Who wants nobody to publish here is told what was written, not waited for.
    if now && !context.flags.no_publish {
        return send::follow_post(context, &hub, view).await;
    }
    context
        .output
        .done(&PostJson::from(&view), &create::sentence(&view))?;
    Ok(Exit::Done)
}
