//! `post create`: from flags, or from the object `post show --json` prints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::args::post::Create;
use super::super::context::Context;
use super::super::files;
use super::super::json::PostJson;
use super::super::output::{Exit, Failure};
use super::super::words::{count, local};
use super::send;
use crate::domain::delivery::Shown;
use crate::domain::ids::ChannelId;
use crate::domain::post_options::{LinkCard, PostOptions};
use crate::ops::Hub;
use crate::ops::posts::{NewPost, PostTime, create};
use crate::ops::views::PostView;
use crate::support::time::UtcMs;

/// What `--file` reads of the object `post show --json` prints. What the store
/// decides (ids, states, attempts) is not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostFile {
    text: String,
    #[serde(default)]
    media: Vec<MediaFile>,
    #[serde(default)]
    options: PostOptions,
    deliveries: Vec<DeliveryFile>,
}

#[derive(Debug, Deserialize)]
struct MediaFile {
    file: PathBuf,
    alt: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryFile {
    channel_id: String,
    scheduled_at: Option<UtcMs>,
    timezone: Option<String>,
    text: Option<String>,
    #[serde(default = "first_part")]
    part_no: u32,
}

fn first_part() -> u32 {
    1
}

/// `post create`
pub async fn run(context: &Context, command: &Create) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let new = match &command.file {
        Some(path) => from_file(context, &hub, path, command.only_on_time).await?,
        None => from_flags(context, &hub, command).await?,
    };
    let now = new.when == PostTime::Now;
    let would = format!(
        "write {} of {}{} for {} and {}.",
        match new.then.len() {
            0 => "a post".to_owned(),
            later => format!("a thread of {} parts, the first", later + 1),
        },
        count(new.text.chars().count() as u64, "character"),
        match new.media.len() {
            0 => String::new(),
            1 => " with 1 medium".to_owned(),
            n => format!(" with {n} media"),
        },
        count(new.to.len() as u64, "channel"),
        then(&new.when),
    );
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    let view = create(&hub, new).await?;
    written(context, &hub, view, now).await
}

/// Says what was written, with what is odd about it; what goes out now is
/// followed until it did.
pub async fn written(
    context: &Context,
    hub: &Hub,
    view: PostView,
    now: bool,
) -> Result<Exit, Failure> {
    for warning in &view.warnings {
        context.output.progress(warning);
    }
    // Who wants nobody to publish here is told what was written, not waited for.
    if now && !context.flags.no_publish {
        return send::follow_post(context, hub, view).await;
    }
    context
        .output
        .done(&PostJson::from(&view), &sentence(&view))?;
    Ok(Exit::Done)
}

/// What becomes of what is written.
pub fn then(when: &PostTime) -> String {
    match when {
        PostTime::At(text) => format!("schedule it ({text})"),
        PostTime::Now => "send it now".into(),
        PostTime::Draft => "keep it as a draft".into(),
    }
}

/// What was written, in one sentence.
fn sentence(view: &PostView) -> String {
    let first_parts = view
        .deliveries
        .iter()
        .filter(|one| one.delivery.part_no == 1);
    let mut targets = count(first_parts.count() as u64, "channel");
    if let Some(parts @ 2..) = view.deliveries.first().map(|one| one.parts) {
        targets.push_str(&format!(" as a thread of {parts} parts"));
    }
    let id = &view.post.id;
    match view.deliveries.first() {
        Some(first) if first.shown == Shown::Draft => {
            format!("Kept {id} as a draft for {targets}.")
        }
        Some(first) => {
            let held = view
                .deliveries
                .iter()
                .filter(|one| one.shown == Shown::Held)
                .count() as u64;
            let due = local(first.delivery.due, &first.delivery.timezone);
            let mut text = format!("Scheduled {id} for {due} on {targets}.");
            if held > 0 {
                text.push_str(&format!(
                    " {} held until its channel publishes again.",
                    held
                ));
            }
            text
        }
        None => format!("Wrote {id}."),
    }
}

async fn from_flags(context: &Context, hub: &Hub, command: &Create) -> Result<NewPost, Failure> {
    let mut to = Vec::new();
    for text in &command.to {
        to.push(context.channel(hub, text).await?);
    }
    let mut only_for = Vec::new();
    for pair in &command.only_for {
        let Some((channel, text)) = pair.split_once('=') else {
            return Err(Failure::usage(
                "only_for",
                format!("--only-for \"{pair}\" names no text."),
                "Write it as --only-for CHANNEL=TEXT.",
            ));
        };
        only_for.push((context.channel(hub, channel).await?, text.to_owned()));
    }
    let when = match (&command.at, command.now, command.draft) {
        (Some(at), ..) => PostTime::At(at.clone()),
        (None, true, _) => PostTime::Now,
        (None, _, true) => PostTime::Draft,
        (None, false, false) => {
            return Err(Failure::usage(
                "no_time",
                "It is not said when the post goes out.",
                "Add --at WHEN, --now or --draft.",
            ));
        }
    };
    Ok(NewPost {
        to,
        text: files::body(command.text.as_deref(), command.text_file.as_deref()).await?,
        when,
        zone: command.tz.clone(),
        only_on_time: command.only_on_time,
        media: files::with_alts(&command.media, &command.alts),
        only_for,
        options: PostOptions {
            visibility: command.visibility,
            content_warning: command.content_warning.clone(),
            language: command.language.clone(),
            link_card: card(command)?,
        },
        then: command.then.clone(),
    })
}

async fn from_file(
    context: &Context,
    hub: &Hub,
    path: &Path,
    only_on_time: bool,
) -> Result<NewPost, Failure> {
    let text = files::read(path).await?;
    let post: PostFile = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(
            "bad_file",
            format!("{} is not a post: {error}.", files::name(path)),
            "Write it as allgreen post show ID --json prints one.",
        )
    })?;
    let mut to = Vec::new();
    let mut only_for: Vec<(ChannelId, String)> = Vec::new();
    let then = later_parts(&post.deliveries)?;
    for delivery in post.deliveries.iter().filter(|one| one.part_no == 1) {
        let id = context.channel(hub, &delivery.channel_id).await?;
        if let Some(own) = delivery.text.as_ref().filter(|own| **own != post.text) {
            only_for.push((id.clone(), own.clone()));
        }
        to.push(id);
    }
    let (when, zone) = one_time(&post.deliveries)?;
    Ok(NewPost {
        to,
        text: post.text,
        when,
        zone,
        only_on_time,
        media: post
            .media
            .into_iter()
            .map(|medium| (medium.file, medium.alt.unwrap_or_default()))
            .collect(),
        only_for,
        options: post.options,
        then,
    })
}

/// The card that is asked for; without a title the host stands for it.
fn card(command: &Create) -> Result<Option<LinkCard>, Failure> {
    let Some(text) = &command.link_card else {
        return Ok(None);
    };
    let address = url::Url::parse(text).ok();
    let host = address.as_ref().and_then(|url| url.host_str());
    let Some(host) = host else {
        return Err(Failure::usage(
            "bad_link",
            "The address of the link card is no web address.",
            "Write it as https://host/path.",
        ));
    };
    let title = command.card_title.clone();
    Ok(Some(LinkCard {
        url: text.clone(),
        title: title.unwrap_or_else(|| host.trim_start_matches("www.").to_owned()),
        description: command.card_description.clone().unwrap_or_default(),
    }))
}

/// The texts of the later parts of a thread: the same on every channel.
fn later_parts(deliveries: &[DeliveryFile]) -> Result<Vec<String>, Failure> {
    let mut by_channel: BTreeMap<&str, BTreeMap<u32, &str>> = BTreeMap::new();
    for one in deliveries {
        let parts = by_channel.entry(&one.channel_id).or_default();
        let text = one.text.as_deref().unwrap_or_default();
        parts.insert(one.part_no, text);
    }
    let mut threads = by_channel.into_values().map(|mut parts| {
        parts.remove(&1);
        parts
    });
    let first = threads.next().unwrap_or_default();
    let in_order = first.keys().copied().eq(2..2 + first.len() as u32);
    if !in_order || threads.any(|other| other != first) {
        return Err(Failure::usage(
            "several_threads",
            "The later parts of the thread are not the same on every channel, or one is missing.",
            "Number them from 2 and give each channel the same, or write one file for each channel.",
        ));
    }
    Ok(first.into_values().map(str::to_owned).collect())
}

/// The one time of all deliveries; a draft when none has one.
fn one_time(deliveries: &[DeliveryFile]) -> Result<(PostTime, Option<String>), Failure> {
    let Some(first) = deliveries.first() else {
        return Err(Failure::usage(
            "no_channel",
            "The post goes to no channel.",
            "List at least one delivery with a channelId.",
        ));
    };
    if deliveries
        .iter()
        .any(|one| one.scheduled_at != first.scheduled_at)
    {
        return Err(Failure::usage(
            "several_times",
            "The deliveries have different times.",
            "Give them one scheduledAt, or write one file for each time.",
        ));
    }
    let when = first
        .scheduled_at
        .map_or(PostTime::Draft, |at| PostTime::At(at.to_string()));
    Ok((when, first.timezone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_post_show_prints_can_be_read_back() {
        let json = r#"{"id":"pst_1","workspaceId":"wsp_1","text":"Hi","media":[{"id":"med_1","file":"a.jpg","mime":"image/jpeg","alt":null}],
            "deliveries":[{"id":"dlv_1","channelId":"soc_1","scheduledAt":"2026-11-24T08:00:00Z","timezone":"Europe/Berlin","text":"Own","state":"scheduled"}],
            "createdBy":"opr_1","createdAt":"2026-11-21T14:00:00Z"}"#;
        let post: PostFile = serde_json::from_str(json).unwrap();
        assert_eq!(post.media[0].file, PathBuf::from("a.jpg"));
        let (when, zone) = one_time(&post.deliveries).unwrap();
        assert_eq!(when, PostTime::At("2026-11-24T08:00:00Z".into()));
        assert_eq!(zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(post.deliveries[0].text.as_deref(), Some("Own"));
    }

    proptest! {
        #[test]
        fn outside_no_file_makes_it_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            text in any::<String>(),
            at in prop_oneof!["[ -~]{0,30}", "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5,8}Z"],
            part in any::<u32>(),
        ) {
            let _ = serde_json::from_slice::<PostFile>(&bytes);
            let json = serde_json::json!({
                "text": text,
                "media": [{ "file": text, "alt": null }],
                "deliveries": [
                    { "channelId": text, "scheduledAt": at, "timezone": text, "partNo": part },
                    { "channelId": text, "partNo": 1 },
                ],
            });
            if let Ok(post) = serde_json::from_value::<PostFile>(json) {
                prop_assert_eq!(&post.text, &text);
                let _ = (one_time(&post.deliveries), later_parts(&post.deliveries));
            }
        }
    }

    #[test]
    fn a_file_has_one_time_and_without_one_it_is_a_draft() {
        let one = |at: Option<i64>| DeliveryFile {
            channel_id: "soc_1".into(),
            scheduled_at: at.map(UtcMs),
            timezone: None,
            text: None,
            part_no: 1,
        };
        assert_eq!(one_time(&[one(None)]).unwrap().0, PostTime::Draft);
        assert!(one_time(&[one(Some(1)), one(Some(2))]).is_err());
        assert!(one_time(&[]).is_err());
    }
}
