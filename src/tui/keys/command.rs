//! The command line that does what a key does here.

use super::super::model::{Model, Pane};
use super::{Do, reason};

/// The command that does the same; `None` where there is none.
pub fn command(model: &Model, does: Do) -> Option<String> {
    let one = || model.channel().map(|view| view.full_name());
    let post = || model.delivery().map(|view| view.delivery.id.to_string());
    // What acts on marks takes all of them.
    let channels: Vec<String> = model
        .each_chosen_channel()
        .map(|view| view.full_name())
        .collect();
    let posts: Vec<String> = model
        .each_chosen_post()
        .map(|view| view.delivery.id.to_string())
        .collect();
    let all = |names: &[String]| (!names.is_empty()).then(|| names.join(" "));
    Some(match does {
        Do::Reconnect => format!("allgreen channel reconnect {}", one()?),
        Do::Disconnect => format!("allgreen channel disconnect {}", one()?),
        Do::Probe => format!("allgreen channel probe {}", all(&channels)?),
        // The command takes one channel.
        Do::Pause if channels.len() > 1 => return None,
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
        Do::Cancel => format!("allgreen post cancel {}", all(&posts)?),
        Do::Send if reason::is_refused(model) => format!("allgreen post retry {}", all(&posts)?),
        Do::Send => format!("allgreen post send {}", all(&posts)?),
        Do::Live => format!("allgreen post resolve {} live", post()?),
        Do::NotLive => format!("allgreen post resolve {} not-live", post()?),
        Do::Leave => format!("allgreen post resolve {} leave", post()?),
        Do::Open if model.list == Pane::Queue || model.in_calendar() => {
            format!("allgreen post why {}", post()?)
        }
        Do::Open if model.list == Pane::Channels => {
            format!("allgreen channel show {}", one()?)
        }
        Do::Duplicate => {
            let one = &model.delivery()?.delivery;
            format!("allgreen post duplicate {}", one.post_id)
        }
        Do::Edit => format!("allgreen post edit {}", post()?),
        Do::New => format!("allgreen compose --account {}", one()?),
        Do::Aside => {
            let taking = model.taking()?;
            format!("allgreen aside {} --until WHEN", taking.named.join(" "))
        }
        Do::HealthCheck => "allgreen check --guide".into(),
        Do::Undo => "allgreen post undo".into(),
        Do::Workspace => "allgreen workspace list".into(),
        _ => return None,
    })
}
