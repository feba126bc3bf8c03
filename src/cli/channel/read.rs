//! `channel posts`, `metrics` and `comments`: what was read of a channel.

use super::acts::ask_all;
use crate::cli::args::channel::Read;
use crate::cli::context::Context;
use crate::cli::json::{ReadJson, count};
use crate::cli::output::{Cell, Exit, Failure, Shape, Table};
use crate::cli::publisher;
use crate::cli::words::{ago, beginning};
use crate::domain::ids::ChannelId;
use crate::domain::publisher::CommandKind;
use crate::domain::reading::{Count, Reading};
use crate::ops::Hub;
use crate::ops::probe::Asked;
use crate::ops::views::{self, ReadState};
use crate::support::time::UtcMs;

/// Graphemes of a text in a table.
const TEXT: usize = 60;

/// `channel posts`
pub async fn posts(context: &Context, command: &Read) -> Result<Exit, Failure> {
    let Some((hub, id, anew)) = begin(context, command).await? else {
        return Ok(Exit::Done);
    };
    let view = views::recent_posts(&hub, &id).await?;
    let now = context.now();
    let note = note(&view.state, Reading::Posts, view.posts.len(), now);
    let mut table = Table::new(&["when", "text", "link", "read", "id"], "");
    for one in &view.posts {
        table.row(vec![
            ago(one.post.at, now),
            said(&one.post.text),
            link(one.post.permalink.as_deref()),
            ago(one.fetched_at, now),
            one.post.id.as_str().into(),
        ]);
    }
    say(context, &note)?;
    context.output.one(&ReadJson::posts(&view, note), &table)?;
    end(&view.state, anew, context)
}

/// `channel metrics`
pub async fn metrics(context: &Context, command: &Read) -> Result<Exit, Failure> {
    let Some((hub, id, anew)) = begin(context, command).await? else {
        return Ok(Exit::Done);
    };
    let view = views::metrics(&hub, &id).await?;
    let now = context.now();
    let note = note(&view.state, Reading::Metrics, view.posts.len(), now);
    let mut heading = vec!["when", "text"];
    heading.extend(Count::ALL.iter().map(|name| name.name()));
    heading.extend(["link", "id"]);
    let mut table = Table::new(&heading, "");
    for one in &view.posts {
        let mut row = vec![ago(one.post.at, now), said(&one.post.text)];
        row.extend(Count::ALL.iter().map(|name| {
            count(&one.post.counts, *name)
                .map_or_else(|| Cell::both("\u{2013}", ""), |n| n.to_string().into())
        }));
        row.push(link(one.post.permalink.as_deref()));
        row.push(one.post.id.as_str().into());
        table.row(row);
    }
    say(context, &note)?;
    context
        .output
        .one(&ReadJson::metrics(&view, note), &table)?;
    end(&view.state, anew, context)
}

/// `channel comments`
pub async fn comments(context: &Context, command: &Read) -> Result<Exit, Failure> {
    let Some((hub, id, anew)) = begin(context, command).await? else {
        return Ok(Exit::Done);
    };
    let view = views::comments(&hub, &id).await?;
    let now = context.now();
    let note = note(&view.state, Reading::Comments, view.comments.len(), now);
    let mut table = Table::new(&["when", "kind", "author", "text", "link", "id"], "");
    for one in &view.comments {
        table.row(vec![
            ago(one.at, now),
            one.kind.name().into(),
            format!("@{}", one.author).into(),
            said(&one.text),
            link(one.permalink.as_deref()),
            one.id.as_str().into(),
        ]);
    }
    say(context, &note)?;
    context
        .output
        .one(&ReadJson::comments(&view, note), &table)?;
    end(&view.state, anew, context)
}

/// A reading that was asked for: when, and how far it is.
struct Anew {
    since: UtcMs,
    asked: Option<Asked>,
}

/// The channel, read anew when that is asked for; `None` after a dry run of that.
async fn begin(
    context: &Context,
    command: &Read,
) -> Result<Option<(Hub, ChannelId, Anew)>, Failure> {
    let hub = context.hub().await?;
    let id = context.channel(&hub, &command.id).await?;
    let mut anew = Anew {
        since: context.now(),
        asked: None,
    };
    if !command.refresh {
        return Ok(Some((hub, id, anew)));
    }
    let name = views::channel(&hub, &id).await?.full_name();
    if context.dry_run(&format!("read {name} at its network."))? {
        return Ok(None);
    }
    let ids = std::slice::from_ref(&id);
    let asked = ask_all(context, &hub, CommandKind::Read, ids).await?;
    anew.asked = asked.into_iter().next().map(|(_, asked)| asked);
    Ok(Some((hub, id, anew)))
}

/// How the command ends: well, unless what was asked for was not done. What
/// else was read along with it is no business of this one.
fn end(state: &ReadState, anew: Anew, context: &Context) -> Result<Exit, Failure> {
    let fresh = state.fetched_at.is_some_and(|at| at >= anew.since);
    match anew.asked {
        Some(Asked::Done { ok: false, text }) if !fresh => {
            let name = state.channel.full_name();
            let hint = format!("See: allgreen channel show {name}");
            Err(Failure::failed("not_read", text, hint))
        }
        Some(Asked::Running | Asked::Queued) => Ok(publisher::queued(context, 1, "reading")),
        _ => Ok(Exit::Done),
    }
}

/// Says the note to people; programs read it in the JSON.
fn say(context: &Context, note: &Option<String>) -> Result<(), Failure> {
    match note {
        Some(note) if context.output.shape == Shape::Table => context.output.say(note),
        Some(note) => {
            context.output.progress(note);
            Ok(())
        }
        None => Ok(()),
    }
}

/// What there is to know about what is shown, in a sentence or two.
fn note(state: &ReadState, what: Reading, shown: usize, now: UtcMs) -> Option<String> {
    let what = what.name();
    if state.is_gone() {
        return Some(match shown {
            0 => "Disconnected for good; what was read of it was deleted.".into(),
            _ => "Disconnected for good; these are the posts that went out from here.".into(),
        });
    }
    if let Some(why) = state.why_not {
        return Some(why.into());
    }
    let unread = "whoever publishes does that by itself, --refresh at once";
    Some(state.words(what, shown, now, unread))
}

fn said(text: &str) -> Cell {
    Cell::both(beginning(text, TEXT), text)
}

fn link(link: Option<&str>) -> Cell {
    link.map_or_else(|| Cell::both("\u{2013}", ""), Cell::from)
}
