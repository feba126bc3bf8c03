//! The command line that does what a key does here.

use super::super::model::{Model, Pane};
use super::{Do, reason};

/// The command that does the same; `None` where there is none.
pub fn command(model: &Model, does: Do) -> Option<String> {
    let channel = || model.channel().map(|view| view.full_name());
    let post = || model.delivery().map(|view| view.delivery.id.to_string());
    Some(match does {
        Do::Reconnect => format!("allgreen channel reconnect {}", channel()?),
        Do::Disconnect => format!("allgreen channel disconnect {}", channel()?),
        Do::Probe => format!("allgreen channel probe {}", channel()?),
        Do::Pause => {
            let view = model.channel()?;
            let word = match view.summary.channel.paused_at {
                Some(_) => "resume",
                None => "pause",
            };
            format!("allgreen channel {word} {}", view.full_name())
        }
        Do::Connect => "allgreen channel connect NETWORK".into(),
        Do::Cancel if model.list == Pane::Notices && model.sheet().is_none() => {
            format!("allgreen notice read {}", model.news.selected()?.id)
        }
        Do::Cancel => format!("allgreen post cancel {}", post()?),
        Do::Send if reason::is_refused(model) => format!("allgreen post retry {}", post()?),
        Do::Send => format!("allgreen post send {}", post()?),
        Do::Live => format!("allgreen post resolve {} live", post()?),
        Do::NotLive => format!("allgreen post resolve {} not-live", post()?),
        Do::Leave => format!("allgreen post resolve {} leave", post()?),
        Do::Open if model.list == Pane::Queue => format!("allgreen post why {}", post()?),
        Do::Open if model.list == Pane::Channels => {
            format!("allgreen channel show {}", channel()?)
        }
        Do::Undo => "allgreen post undo".into(),
        Do::Workspace => "allgreen workspace list".into(),
        _ => return None,
    })
}
