//! Disconnecting for good: one transaction, then the bytes, then the network.

use serde_json::json;

use super::acting::Acting;
use super::posts::acts::Machine;
use super::{Hub, OpError};
use crate::domain::channel::{Channel, Status};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, LoginId};
use crate::domain::machine::Ask;
use crate::domain::notice::Severity;
use crate::domain::role::Act;
use crate::domain::words::count;
use crate::engine::sessions::as_session;
use crate::networks::Session;
use crate::store::attempts::Record;
use crate::store::disconnect::DisconnectCounts;
use crate::store::notices::NewNotice;
use crate::store::queue::QueueQuery;
use crate::store::summaries::ChannelSummary;
use crate::store::{StoreError, Tx};
use crate::support::fault;

/// How often the log is asked to be cut; each try waits for readers itself.
const WIPE_TRIES: u32 = 3;
/// Why it is done so thoroughly.
const RULE: &str = "The rules of the networks demand that access is deleted when it is no longer used: the tokens and everything fetched with them are gone, what was published stays at the network.";

/// What disconnecting would do, in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisconnectPreview {
    /// The channel.
    pub channel: ChannelSummary,
    /// What goes and what stays.
    pub counts: DisconnectCounts,
    /// Whether it was disconnected already, so that nothing would change.
    pub already: bool,
}

impl DisconnectPreview {
    /// Whether posts would be cancelled, so that the handle must be typed.
    pub fn cancels_posts(&self) -> bool {
        let counts = &self.counts;
        counts.scheduled + counts.missed + counts.failed + counts.drafts > 0
    }
}

/// What became of asking the network to forget the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// It was asked, and said that it did.
    Asked,
    /// It was asked and refused or did not answer.
    Refused(String),
    /// It was not asked, and why.
    NotAsked(String),
}

/// What disconnecting did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The channel after it.
    pub channel: ChannelSummary,
    /// What went and what stayed.
    pub counts: DisconnectCounts,
    /// Whether it was disconnected before; then nothing was changed now.
    pub already: bool,
    /// Whether the tokens were wiped from the store.
    pub wiped: bool,
    /// Whether bytes of them may still be in the file: a reader keeps the log
    /// open, and the publisher goes on trying.
    pub wipe_pending: bool,
    /// How many kept backups were rewritten without them.
    pub backups_rewritten: usize,
    /// Why a backup could not be rewritten.
    pub backups_problem: Option<String>,
    /// What became of asking the network.
    pub revoked: Revoked,
    /// The rule that demands it, in one sentence.
    pub rule: &'static str,
}

impl Receipt {
    /// What went and what stayed, a sentence a line; `name` is the channel's.
    pub fn words(&self, name: &str) -> Vec<String> {
        if self.already {
            return vec![format!(
                "{name} was disconnected before; nothing was changed."
            )];
        }
        let counts = &self.counts;
        let cancelled = counts.scheduled + counts.missed + counts.failed;
        let cached = counts.cached_posts + counts.metrics + counts.comments;
        let mut lines = vec![
            format!("{name} is disconnected for good."),
            format!(
                "Gone: {}, {}, {}.",
                count(cancelled, "post", "posts"),
                count(counts.drafts, "draft", "drafts"),
                count(cached, "cached row", "cached rows")
            ),
            format!(
                "Stays: {} in the history.",
                count(counts.published, "published post", "published posts")
            ),
        ];
        lines.push(match (self.wiped, self.wipe_pending) {
            (_, true) => {
                "Tokens: removed; their bytes leave the file as soon as nobody reads it.".into()
            }
            (true, false) => format!(
                "Tokens: wiped, from {} too. Copies taken elsewhere cannot be reached.",
                count(self.backups_rewritten as u64, "backup", "backups")
            ),
            (false, false) => format!(
                "Tokens: kept, {} use the same login.",
                count(counts.siblings, "other channel", "other channels")
            ),
        });
        if let Some(problem) = &self.backups_problem {
            lines.push(format!("A backup could not be rewritten: {problem}"));
        }
        lines.push(match &self.revoked {
            Revoked::Asked => "The network was asked to forget the login, and did.".into(),
            Revoked::Refused(why) => {
                format!("The network was asked to forget the login and refused: {why}")
            }
            Revoked::NotAsked(why) => {
                format!("The network was not asked to forget the login: {why}.")
            }
        });
        lines.push(self.rule.into());
        lines
    }
}

/// What disconnecting a channel would do.
///
/// # Errors
/// When the role does not allow it.
pub async fn preview(hub: &Hub, channel: &ChannelId) -> Result<DisconnectPreview, OpError> {
    let id = channel.clone();
    hub.look(move |q, acting| {
        let channel = q.channel_summary(&id)?;
        acting.require(q, &channel.channel.workspace_id, Act::Disconnect)?;
        Ok(DisconnectPreview {
            already: channel.channel.status == Status::Disconnected,
            counts: q.disconnect_counts(&id)?,
            channel,
        })
    })
    .await
}

/// Disconnects a channel for good. Doing it again changes nothing.
///
/// # Errors
/// When the role does not allow it or the transaction failed: then nothing was
/// changed. What fails after it is in the receipt.
pub async fn disconnect(hub: &Hub, channel: &ChannelId) -> Result<Receipt, OpError> {
    let (id, machine) = (channel.clone(), Machine::of(hub));
    let done = hub
        .change(move |tx, acting| write(tx, acting, &machine, &id))
        .await?;
    fault::point("disconnect.after");
    let mut receipt = Receipt {
        channel: done.channel,
        counts: done.counts,
        already: done.already,
        wiped: done.wiped.is_some(),
        wipe_pending: false,
        backups_rewritten: 0,
        backups_problem: None,
        revoked: Revoked::NotAsked(done.reason.into()),
        rule: RULE,
    };
    // Both do nothing when nothing is noted, and make good what a crash or a
    // reader left undone the last time.
    let rewritten = match &done.wiped {
        Some(login) => hub.store.wipe_backups(login).await,
        None => hub.store.finish_backup_wipes().await,
    };
    match rewritten {
        Ok(rewritten) => receipt.backups_rewritten = rewritten,
        Err(error) => receipt.backups_problem = Some(error.to_string()),
    }
    receipt.wipe_pending = !finish_wipe(hub).await;
    if let Some(session) = &done.session {
        receipt.revoked = revoke(hub, &receipt.channel.channel, session).await;
    }
    Ok(receipt)
}

/// What the transaction did.
struct Done {
    channel: ChannelSummary,
    counts: DisconnectCounts,
    already: bool,
    /// The login whose bytes go.
    wiped: Option<LoginId>,
    /// Its tokens, in memory only, to ask the network with.
    session: Option<Session>,
    /// Whose they are.
    /// Why the network is not asked, when it is not.
    reason: &'static str,
}

fn write(tx: &Tx<'_>, acting: &Acting, machine: &Machine, id: &ChannelId) -> Result<Done, OpError> {
    let channel = tx.channel(id)?;
    acting.require(tx, &channel.workspace_id, Act::Disconnect)?;
    if channel.status == Status::Disconnected {
        return already(tx, &channel);
    }
    let session = tokens(tx, &channel)?;
    let wipe = !fault::armed("wipe.skip");
    let done = tx.disconnect_channel(id, &acting.operator, acting.now, wipe)?;
    ask_where_blind(tx, acting, machine, &channel)?;
    let counts = done.counts;
    let detail = json!({
        "handle": channel.handle, "remoteId": channel.remote_id, "scheduled": counts.scheduled,
        "missed": counts.missed, "failed": counts.failed, "drafts": counts.drafts, "open": counts.open,
        "siblings": counts.siblings,
    });
    let workspace = Some(&channel.workspace_id);
    acting.audit(tx, workspace, "channel.disconnect", id.as_str(), &detail)?;
    let notice = NewNotice {
        workspace_id: Some(channel.workspace_id.clone()),
        channel_id: Some(id.clone()),
        kind: "disconnected",
        text: format!("{} was disconnected for good", channel.name()),
        command: Some(format!("allgreen channel history {id}")),
        ..NewNotice::default()
    };
    tx.add_notice(&notice, Severity::Info, acting.now, &acting.entropy)?;
    let (alone, restored) = (done.wiped_login.is_some(), tx.restored()?);
    Ok(Done {
        channel: tx.channel_summary(id)?,
        counts,
        already: false,
        reason: if restored {
            "the store was restored and nobody confirmed it"
        } else if alone {
            "there were no tokens any more"
        } else {
            "other channels use the same login"
        },
        session: session.filter(|_| alone && !restored),
        wiped: done.wiped_login,
    })
}

/// The row as it is.
fn already(tx: &Tx<'_>, channel: &Channel) -> Result<Done, OpError> {
    Ok(Done {
        channel: tx.channel_summary(&channel.id)?,
        counts: DisconnectCounts {
            published: tx.disconnect_counts(&channel.id)?.published,
            ..DisconnectCounts::default()
        },
        already: true,
        wiped: None,
        session: None,
        reason: "it was disconnected before",
    })
}

/// The login of the channel with its tokens, where there are any.
fn tokens(tx: &Tx<'_>, channel: &Channel) -> Result<Option<Session>, OpError> {
    let Some(login) = &channel.login_id else {
        return Ok(None);
    };
    if channel.token.generation == 0 {
        return Ok(None);
    }
    match tx.open_pair(login) {
        Ok(pair) => Ok(Some(as_session(&tx.login(login)?, pair))),
        // What does not open cannot be revoked, but it can be wiped.
        Err(StoreError::Sealed(_) | StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Lost answers that need a token to be read become a person's to decide.
fn ask_where_blind(
    tx: &Tx<'_>,
    acting: &Acting,
    machine: &Machine,
    channel: &Channel,
) -> Result<(), OpError> {
    let network = machine.networks.get(channel.kind.network());
    if network.is_some_and(|(network, _)| network.descriptor().lookup_needs_no_token) {
        return Ok(());
    }
    let query = QueueQuery {
        channel: Some(channel.id.clone()),
        states: vec![State::Unknown, State::Confirming],
        ..QueueQuery::default()
    };
    for delivery in tx.deliveries(&query)? {
        let mut record = Record::new(&delivery.id, State::NeedsDecision);
        record.ask = Some(Ask::Unreadable);
        tx.record(&record, acting.now)?;
    }
    Ok(())
}

async fn finish_wipe(hub: &Hub) -> bool {
    for _ in 0..WIPE_TRIES {
        match hub.store.finish_wipe().await {
            Ok(true) => return true,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "a wipe could not be finished yet"),
        }
    }
    false
}

async fn revoke(hub: &Hub, channel: &Channel, session: &Session) -> Revoked {
    let network = channel.kind.network();
    let Some((networked, net)) = hub.networks.get(network) else {
        return Revoked::NotAsked(format!("{} is not built in", network.title()));
    };
    let by_hand = networked.descriptor().ended_by_hand;
    // A login made in the browser is the program's own to give back.
    if let Some(how) = by_hand.filter(|_| session.client_id.is_empty()) {
        return Revoked::NotAsked(how.into());
    }
    match networked.revoke(&net, session).await {
        Ok(()) => Revoked::Asked,
        Err(refusal) => Revoked::Refused(
            refusal
                .evidence
                .message
                .unwrap_or_else(|| refusal.class.name().replace('_', " ")),
        ),
    }
}
