//! What happened: notices, incidents, the history of a channel.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::acting::Acting;
use super::super::{Hub, OpError, Scope};
use crate::domain::ids::{ChannelId, IncidentId};
use crate::domain::notice::Severity;
use crate::domain::role::Act;
use crate::store::Reads;
use crate::store::history::HistoryRow;
use crate::store::incidents::Incident;
use crate::store::notices::Notice;
use crate::support::time::UtcMs;

/// Notices of the scope and of the hub, newest first.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn notices(
    hub: &Hub,
    scope: &Scope,
    unread: bool,
    limit: u32,
) -> Result<Vec<Notice>, OpError> {
    let scope = scope.clone();
    hub.look(move |q, acting| visible_notices(q, acting, &scope, unread, limit))
        .await
}

/// Incidents that touch a channel of the scope or the whole hub, newest first.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn incidents(
    hub: &Hub,
    scope: &Scope,
    open: bool,
    limit: u32,
) -> Result<Vec<Incident>, OpError> {
    let scope = scope.clone();
    let mut list = store_trouble(hub).await;
    let seen = hub.look(move |q, acting| visible_incidents(q, acting, &scope, open, limit));
    list.extend(seen.await?);
    Ok(list)
}

/// The kind of incident that says that this process was given no passphrase.
pub const KEY_LOCKED: &str = "key_locked";

/// What the screen says while another process keeps the store locked.
pub fn store_busy(since: UtcMs) -> Incident {
    let text = "The store is busy: another program keeps it locked. Everything can be read; what is to be written or sent waits.";
    of_store("store_busy", since, text.into(), None)
}

/// An incident of the store itself, which is not written into it.
fn of_store(kind: &str, opened_at: UtcMs, text: String, command: Option<&str>) -> Incident {
    Incident {
        id: IncidentId::from_stored(format!("inc_{kind}")),
        kind: kind.into(),
        subject: "store".into(),
        cause: "none".into(),
        network: None,
        severity: Severity::Broken,
        text,
        command: command.map(Into::into),
        opened_at,
        resolved_at: None,
        failures: 1,
        channels: Vec::new(),
    }
}

/// What is wrong with the store itself and cannot be written into it: it is
/// damaged, its key is not there, or a full disk keeps new tokens out of it.
pub(in crate::ops) async fn store_trouble(hub: &Hub) -> Vec<Incident> {
    let mut list = Vec::new();
    if let Some(trouble) = hub.trouble() {
        let (now, text) = (hub.clock.now(), trouble.to_string());
        // A key that nobody unlocked is as it should be; whoever did publishes.
        list.push(if trouble.code == "locked_key" {
            Incident {
                severity: Severity::Attention,
                ..of_store(KEY_LOCKED, now, text, None)
            }
        } else {
            of_store("store_unusable", now, text, None)
        });
    }
    if let Ok(Some(host)) = crate::ops::restore::waits_for(hub).await {
        let text = format!(
            "This store was restored from a backup of {host} and calls no network. Make sure that {host} publishes no more, then confirm."
        );
        let command = format!("allgreen restore --confirm-host {host}");
        list.push(of_store(
            "store_restored",
            hub.clock.now(),
            text,
            Some(&command),
        ));
    }
    let kept = hub.store.rescued().await.unwrap_or_default();
    if let Some(first) = kept.iter().map(|kept| kept.at).min() {
        let text = format!(
            "New tokens of {} could not be stored and are kept in {}. Free some space or check the disk; they are stored as soon as somebody publishes and that works.",
            if kept.len() == 1 {
                "a login".into()
            } else {
                format!("{} logins", kept.len())
            },
            hub.store.paths().rescue().display(),
        );
        list.push(of_store(
            "store_unwritable",
            first,
            text,
            Some("allgreen publisher show"),
        ));
    }
    list
}

/// One line of a channel's history and the name of who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryView {
    /// The line.
    pub row: HistoryRow,
    /// The operator's name, when it was a person.
    pub by_name: Option<String>,
}

/// The history of a channel, newest first.
///
/// # Errors
/// When the channel is unknown or not the operator's to see.
pub async fn history(hub: &Hub, id: &ChannelId, limit: u32) -> Result<Vec<HistoryView>, OpError> {
    let id = id.clone();
    hub.look(move |q, acting| {
        let channel = q.channel(&id)?;
        acting.require(q, &channel.workspace_id, Act::Look)?;
        let mut names = HashMap::new();
        let mut lines = Vec::new();
        for row in q.history(&id, limit)? {
            let by_name = match &row.by {
                Some(by) => Some(match names.entry(by.clone()) {
                    Entry::Occupied(known) => String::clone(known.get()),
                    Entry::Vacant(new) => new.insert(q.person(by)?.name).clone(),
                }),
                None => None,
            };
            lines.push(HistoryView { row, by_name });
        }
        Ok(lines)
    })
    .await
}

/// The notices the operator may see.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub(in crate::ops) fn visible_notices(
    q: &Reads<'_>,
    acting: &Acting,
    scope: &Scope,
    unread: bool,
    limit: u32,
) -> Result<Vec<Notice>, OpError> {
    if let Scope::Workspace(id) = scope {
        acting.require(q, id, Act::Look)?;
    }
    let visible = acting.visible(q)?;
    let mut notices = q.notices(scope.workspace(), unread, u32::MAX)?;
    notices.retain(|notice| {
        let workspace = notice.workspace_id.as_ref();
        workspace.is_none_or(|id| visible.iter().any(|one| one.id == *id))
    });
    notices.truncate(limit as usize);
    Ok(notices)
}

pub(in crate::ops) fn visible_incidents(
    q: &Reads<'_>,
    acting: &Acting,
    scope: &Scope,
    open: bool,
    limit: u32,
) -> Result<Vec<Incident>, OpError> {
    if let Scope::Workspace(id) = scope {
        acting.require(q, id, Act::Look)?;
    }
    let visible = acting.visible(q)?;
    let mut seen = Vec::new();
    for incident in q.incidents(open, u32::MAX)? {
        let mut touches = incident.channels.is_empty();
        for id in &incident.channels {
            let workspace = q.channel(id)?.workspace_id;
            touches |= visible.iter().any(|one| one.id == workspace)
                && scope.workspace().is_none_or(|only| *only == workspace);
        }
        if touches {
            seen.push(incident);
        }
        if seen.len() >= limit as usize {
            break;
        }
    }
    Ok(seen)
}
