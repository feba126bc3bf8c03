//! Time zones change their rules: a post that was chosen for 9:00 may then go
//! out at another clock time. Its instant stays, and that is said.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Inner;
use crate::domain::delivery::State;
use crate::domain::notice::Severity;
use crate::domain::when::civil;
use crate::store::StoreError;
use crate::store::incidents::NewIncident;
use crate::store::notices::NewNotice;
use crate::store::queue::QueueQuery;

/// The kind of its incidents; the subject is the zone.
const CHANGED: &str = "timezone_changed";

/// Compares the clock time every scheduled post was chosen for with the one it
/// has by today's rules of its zone.
///
/// # Errors
/// When the store fails.
pub async fn compare(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let now = inner.now();
    let query = QueueQuery {
        states: vec![State::Scheduled],
        from: Some(now),
        ..QueueQuery::default()
    };
    let scheduled = inner
        .parts
        .store
        .read(move |q| q.deliveries(&query))
        .await?;
    let mut moved: BTreeMap<String, Vec<(String, String, String)>> = BTreeMap::new();
    for one in scheduled {
        let by_the_rules = civil(one.due, &one.timezone);
        if !one.civil.is_empty() && one.civil != by_the_rules {
            let those = moved.entry(one.timezone).or_default();
            those.push((one.id.to_string(), one.civil, by_the_rules));
        }
    }
    let entropy = inner.parts.entropy.clone();
    let open = inner.parts.store.read(|q| q.incidents(true, 1000)).await?;
    let over: Vec<String> = open
        .into_iter()
        .filter(|one| one.kind == CHANGED && !moved.contains_key(&one.subject))
        .map(|one| one.subject)
        .collect();
    if moved.is_empty() && over.is_empty() {
        return Ok(());
    }
    inner
        .parts
        .store
        .write(move |tx| {
            for zone in &over {
                tx.resolve_incident(CHANGED, zone, now)?;
            }
            for (zone, those) in &moved {
                let Some((id, chosen, shown)) = those.first() else {
                    continue;
                };
                let posts = match those.len() {
                    1 => "1 post goes".to_owned(),
                    n => format!("{n} posts go"),
                };
                let text = format!(
                    "The rules of {zone} changed: {posts} out at another clock time than was chosen, the first at {shown} instead of {chosen}. Reschedule what should keep its clock time"
                );
                let command = format!("allgreen post show {id}");
                let new = NewIncident {
                    kind: CHANGED,
                    subject: zone,
                    cause: CHANGED,
                    network: None,
                    workspace_id: None,
                    severity: Severity::Attention,
                    text: &text,
                    command: Some(&command),
                };
                let (incident, fresh) = tx.open_or_count(&new, now, &entropy)?;
                if fresh {
                    let notice = NewNotice {
                        incident_id: Some(incident),
                        kind: CHANGED,
                        text,
                        command: Some(command),
                        ..NewNotice::default()
                    };
                    tx.add_notice(&notice, Severity::Attention, now, &entropy)?;
                }
            }
            Ok(())
        })
        .await
}
