//! What other processes ask of the publisher.

use std::sync::Arc;

use super::harvester::{self, Harvest};
use super::refresher::{self, Renewed, Wanted};
use super::taken::{Taken, What};
use super::{Inner, resolver, upkeep};
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::publisher::CommandKind;
use crate::domain::reading::Reading;
use crate::store::StoreError;
use crate::store::commands::Command;
use crate::support::fault;

/// Carries out one command and writes down how it went.
///
/// # Errors
/// When the store fails.
pub async fn carry_out(inner: &Arc<Inner>, command: &Command) -> Result<(), StoreError> {
    let (ok, text) = match run(inner, command).await {
        Ok(done) => done,
        Err(error) => (false, error.to_string()),
    };
    let (id, now) = (command.id.clone(), inner.now());
    inner
        .parts
        .store
        .write(move |tx| tx.finish_command(&id, ok, &text, now))
        .await
}

/// Writes down that a command ended in a panic.
///
/// # Errors
/// When the store fails.
pub async fn broke_off(inner: &Arc<Inner>, command: &Command) -> Result<(), StoreError> {
    let (id, now) = (command.id.clone(), inner.now());
    let text = "The publisher failed inside while doing this; its log says where. \
                Nothing was left half done. Ask again.";
    inner
        .parts
        .store
        .write(move |tx| tx.finish_command(&id, false, text, now))
        .await
}

async fn run(inner: &Arc<Inner>, command: &Command) -> Result<(bool, String), StoreError> {
    match command.kind {
        CommandKind::Probe | CommandKind::Refresh => {
            let wanted = match command.kind {
                CommandKind::Refresh => Wanted::NewPair {
                    asked_at: command.asked_at,
                },
                _ => Wanted::Proof,
            };
            prove(
                inner,
                &ChannelId::from_stored(command.object.clone()),
                wanted,
            )
            .await
        }
        CommandKind::Read => {
            fault::panics("command.read");
            read(inner, &ChannelId::from_stored(command.object.clone())).await
        }
        CommandKind::LookUp => {
            let id = DeliveryId::from_stored(command.object.clone());
            let wanted = id.clone();
            let delivery = inner.parts.store.read(move |q| q.delivery(&wanted)).await?;
            // A reading may end in a repeat, so it takes the channel's turn too.
            if !inner.memory().sending.insert(delivery.channel_id.clone()) {
                return Ok((
                    false,
                    "Its channel is being sent to or read just now; ask again in a moment.".into(),
                ));
            }
            let _taken = Taken::new(inner, What::Channel(delivery.channel_id));
            let open = resolver::look(inner, &id).await?;
            Ok((
                !open,
                if open {
                    "Still unknown; the next reading is planned.".into()
                } else {
                    "Read.".into()
                },
            ))
        }
        CommandKind::Wake | CommandKind::Stop => Ok((true, "Done.".into())),
        CommandKind::Backup => {
            let path = upkeep::backup(inner).await?;
            Ok((true, format!("Backup {} is whole.", path.display())))
        }
    }
}

async fn read(inner: &Arc<Inner>, id: &ChannelId) -> Result<(bool, String), StoreError> {
    let tried = match harvester::read(inner, id, Reading::ALL).await? {
        Harvest::Tried(tried) => tried,
        Harvest::NotNow(why) => return Ok((false, why)),
    };
    let mut said = Vec::new();
    for (what, brought) in &tried {
        let what = what.name();
        said.push(match brought {
            Ok(n) => format!("{n} {what} read."),
            Err(refusal) => {
                let why = refusal.evidence.message.as_deref();
                let why = why.unwrap_or_else(|| refusal.class.name());
                format!("No {what} read: {why}")
            }
        });
    }
    if said.is_empty() {
        said.push("This network gives nothing to read.".into());
    }
    let well = tried.iter().all(|(_, brought)| brought.is_ok());
    Ok((well, said.join(" ")))
}

/// What a good proof says of a channel: posts may be refused all the same.
async fn proved(inner: &Arc<Inner>, id: &ChannelId) -> Result<(bool, String), StoreError> {
    let id = id.clone();
    let channel = inner.parts.store.read(move |q| q.channel(&id)).await?;
    let name = channel.name();
    Ok(if channel.publishable {
        (true, format!("{name} is proved: it may publish."))
    } else {
        let cause = channel.cause.words();
        (
            false,
            format!(
                "The login of {name} works, and its posts are refused: {cause}. Only a reconnect mends that."
            ),
        )
    })
}

async fn prove(
    inner: &Arc<Inner>,
    id: &ChannelId,
    wanted: Wanted,
) -> Result<(bool, String), StoreError> {
    let channel_id = id.clone();
    let channel = inner
        .parts
        .store
        .read(move |q| q.channel(&channel_id))
        .await?;
    let Some(login) = channel.login_id.clone() else {
        return Ok((
            false,
            format!(
                "{} is disconnected. Connect the account again.",
                channel.name()
            ),
        ));
    };
    let renewed = refresher::renew(inner, &login, None, wanted).await?;
    let name = channel.name();
    Ok(match renewed {
        Renewed::Good => proved(inner, id).await?,
        Renewed::Gone => (
            false,
            format!("{name} has no login any more. Reconnect it."),
        ),
        Renewed::Broken(refusal) => {
            let cause = refusal
                .cause()
                .map_or("broken", crate::domain::channel::Cause::words);
            let said = refusal
                .evidence
                .message
                .map(|text| format!(" \u{201c}{text}\u{201d}"))
                .unwrap_or_default();
            (false, format!("{name} cannot publish: {cause}.{said}"))
        }
        Renewed::Unknown(refusal) => {
            let said = refusal
                .evidence
                .message
                .unwrap_or_else(|| refusal.class.name().into());
            (
                false,
                format!(
                    "{name} could not be proved now ({said}). Nothing was changed; it is tried again."
                ),
            )
        }
    })
}
