//! Asking the publisher for something and waiting for how it went. Only it
//! speaks to the networks in the background.

use std::time::Duration;

use super::publisher::publisher;
use super::{Hub, OpError};
use crate::domain::ids::{ChannelId, CommandId, DeliveryId};
use crate::domain::publisher::CommandKind;
use crate::domain::role::Act;
use crate::store::commands::Progress;

/// How far what was asked for is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Done.
    Done {
        /// Whether it went well.
        ok: bool,
        /// One sentence on how it went.
        text: String,
    },
    /// The publisher works on it.
    Running,
    /// Nobody took it yet.
    Queued,
}

/// How often the answer is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Asks for a proof of a channel now.
///
/// # Errors
/// When the role does not allow it or the publisher is silent.
pub async fn probe(hub: &Hub, channel: &ChannelId) -> Result<CommandId, OpError> {
    ask(hub, CommandKind::Probe, channel.as_str()).await
}

/// Asks the publisher for something. `object` is the id it is about: a channel
/// to prove, refresh or read, a delivery to look up, else empty.
///
/// # Errors
/// When the role does not allow it, the object is unknown or disconnected, or
/// the publisher lives but is silent.
pub async fn ask(hub: &Hub, kind: CommandKind, object: &str) -> Result<CommandId, OpError> {
    publisher(hub).await?.refuse_silent()?;
    let object = object.to_owned();
    hub.change(move |tx, acting| {
        match kind {
            CommandKind::Probe | CommandKind::Refresh | CommandKind::Read => {
                let channel = tx.channel(&ChannelId::from_stored(object.clone()))?;
                acting.require(tx, &channel.workspace_id, Act::Probe)?;
                if channel.disconnected_at.is_some() {
                    return Err(OpError::failed(
                        "disconnected",
                        format!("{} is disconnected for good.", channel.name()),
                        "Connect the account again to get a new channel.",
                    ));
                }
            }
            CommandKind::LookUp => {
                let delivery = tx.delivery(&DeliveryId::from_stored(object.clone()))?;
                acting.require(tx, &delivery.workspace_id, Act::Queue)?;
            }
            CommandKind::Wake => {
                acting.person(tx)?;
            }
            CommandKind::Stop | CommandKind::Backup => acting.require_hub(tx)?,
        }
        if matches!(kind, CommandKind::Stop | CommandKind::Backup) {
            let act = format!("publisher.{}", kind.name());
            acting.audit(tx, None, &act, &object, &serde_json::json!({}))?;
        }
        Ok(tx.ask(kind, &object, &acting.operator, acting.now, &acting.entropy)?)
    })
    .await
}

/// Waits until what was asked for is done, at most `span`.
///
/// # Errors
/// When the store cannot be read, or the publisher falls silent meanwhile.
pub async fn wait(hub: &Hub, id: &CommandId, span: Duration) -> Result<Asked, OpError> {
    let until = hub.clock.now().plus(span);
    loop {
        let asked = progress(hub, id).await?;
        if matches!(asked, Asked::Done { .. }) || hub.clock.now() >= until {
            return Ok(asked);
        }
        publisher(hub).await?.refuse_silent()?;
        let next = hub.clock.now().plus(LOOK_EVERY).min(until);
        hub.clock.sleep_until(next).await;
    }
}

/// How far it is now.
///
/// # Errors
/// When there is no such command.
pub async fn progress(hub: &Hub, id: &CommandId) -> Result<Asked, OpError> {
    let id = id.clone();
    hub.look(move |q, _| {
        let command = q.command(&id)?;
        Ok(match command.progress {
            Progress::Queued => Asked::Queued,
            Progress::Running => Asked::Running,
            Progress::Done { ok } => Asked::Done {
                ok,
                text: command.result.unwrap_or_default(),
            },
        })
    })
    .await
}
