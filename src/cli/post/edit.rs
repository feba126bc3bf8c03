//! `post edit`: text and media of what has not gone out.

use super::super::args::post::Edit;
use super::super::context::Context;
use super::super::files;
use super::super::json::PostJson;
use super::super::output::{Exit, Failure};
use super::super::words::count;
use crate::ops::names::{self, PostOrDelivery};
use crate::ops::posts::{PostChange, edit};

/// `post edit`
pub async fn run(context: &Context, command: &Edit) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let target = names::post(&hub, &command.id).await?;
    let text = if command.text.is_some() || command.text_file.is_some() {
        Some(files::body(command.text.as_deref(), command.text_file.as_deref()).await?)
    } else {
        None
    };
    let media = (command.no_media || !command.media.is_empty())
        .then(|| files::with_alts(&command.media, &command.alts));
    let (post, change) = match target {
        PostOrDelivery::Post(id) => (
            id,
            PostChange {
                text,
                media,
                ..PostChange::default()
            },
        ),
        PostOrDelivery::Delivery(_) if media.is_some() => {
            return Err(Failure::usage(
                "media_of_one",
                "The media belong to the whole post, not to one channel of it.",
                "Name the post (pst_...) instead of the delivery.",
            ));
        }
        PostOrDelivery::Delivery(id) => (
            super::delivery(&hub, &id).await?.delivery.post_id,
            PostChange {
                only_for: text.map(|text| (id, Some(text))).into_iter().collect(),
                ..PostChange::default()
            },
        ),
    };
    if context.dry_run(&format!("change the post {post}."))? {
        return Ok(Exit::Done);
    }
    let view = edit(&hub, &post, change).await?;
    for warning in &view.warnings {
        context.output.progress(warning);
    }
    let sentence = format!(
        "Changed {post} on {}.",
        count(view.deliveries.len() as u64, "channel")
    );
    context.output.done(&PostJson::from(&view), &sentence)?;
    Ok(Exit::Done)
}
