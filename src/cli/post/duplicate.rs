//! `post duplicate`: another post like one that there is.

use super::super::args::post::Duplicate;
use super::super::context::Context;
use super::super::output::{Exit, Failure};
use super::super::words::count;
use super::{create, delivery};
use crate::domain::ids::PostId;
use crate::ops::names::{self, PostOrDelivery};
use crate::ops::posts::{self, PostTime, Targets, duplicate};

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
    if context.dry_run_flag() {
        let targets = posts::targets(&hub, &post, only.as_ref()).await?;
        context.dry_run(&would(&post, &targets, &when))?;
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
    create::written(context, &hub, view, now).await
}

/// What would be written, and where to: the channels are the other post's, so
/// who types the command may not know them.
fn would(post: &PostId, targets: &Targets, when: &PostTime) -> String {
    let mut text = format!(
        "write another post like {post} for {} ({}) and {}.",
        count(targets.to.len() as u64, "channel"),
        targets.to.join(", "),
        create::then(when)
    );
    for name in &targets.gone {
        text.push_str(&format!(" {name} is disconnected and will be left out."));
    }
    text
}
