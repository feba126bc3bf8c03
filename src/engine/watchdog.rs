//! The watchdog: a scheduled post that is late without an attempt opens an
//! incident that names what blocks it.

use std::sync::Arc;

use super::Inner;
use crate::domain::ids::ChannelId;
use crate::domain::notice::Severity;
use crate::store::StoreError;
use crate::store::incidents::NewIncident;
use crate::store::notices::NewNotice;

/// The kind of its incidents; the subject is the channel.
const OVERDUE: &str = "overdue";

/// Opens and resolves incidents about overdue posts. Held posts are not its
/// business: the broken channel has its own incident, a pause was somebody's
/// wish. Posts that wait for their turn in a paced catch-up are not either.
///
/// # Errors
/// When the store fails.
pub async fn watch(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let now = inner.now();
    let before = now.minus(inner.parts.timing.watchdog_after);
    // A pause of the pacing that is over excuses nothing any more.
    let pause = inner.parts.timing.catch_up_spacing;
    let paced: Vec<ChannelId> = inner
        .memory()
        .caught_up
        .iter()
        .filter(|(_, (sent, _))| now.since(*sent) <= pause)
        .map(|(channel, _)| channel.clone())
        .collect();
    let entropy = inner.parts.entropy.clone();
    inner
        .parts
        .store
        .write(move |tx| {
            let mut overdue = std::collections::BTreeSet::new();
            for delivery in tx.overdue_with_reason(before)? {
                let channel = tx.channel(&delivery.channel_id)?;
                if !channel.can_send() || paced.contains(&channel.id) {
                    continue;
                }
                let reason = delivery
                    .last_error
                    .as_ref()
                    .and_then(|error| error.evidence.message.clone())
                    .unwrap_or_else(|| "no answer yet".into());
                overdue.insert(channel.id.to_string());
                let text = format!("A post on {} is late: {reason}", channel.name());
                let command = format!("allgreen post why {}", delivery.id);
                let new = NewIncident {
                    kind: OVERDUE,
                    subject: channel.id.as_str(),
                    cause: delivery
                        .last_error
                        .as_ref()
                        .map_or("unknown", |error| error.class.name()),
                    network: Some(channel.kind.network()),
                    workspace_id: Some(&channel.workspace_id),
                    severity: Severity::Attention,
                    text: &text,
                    command: Some(&command),
                };
                if tx.open_incident(OVERDUE, channel.id.as_str())?.is_some() {
                    continue;
                }
                let (incident, _) = tx.open_or_count(&new, now, &entropy)?;
                tx.touch_incident(&incident, &channel.id)?;
                let notice = NewNotice {
                    workspace_id: Some(channel.workspace_id.clone()),
                    channel_id: Some(channel.id.clone()),
                    delivery_id: Some(delivery.id.clone()),
                    incident_id: Some(incident),
                    kind: OVERDUE,
                    text,
                    command: Some(command),
                };
                tx.add_notice(&notice, Severity::Attention, now, &entropy)?;
            }
            // One that is being tried just now is neither late anew nor done.
            for delivery in tx.open_deliveries()? {
                if delivery.due < before {
                    overdue.insert(delivery.channel_id.to_string());
                }
            }
            for incident in tx.incidents(true, 1000)? {
                if incident.kind == OVERDUE && !overdue.contains(&incident.subject) {
                    tx.resolve_incident(OVERDUE, &incident.subject, now)?;
                }
            }
            Ok(())
        })
        .await
}
