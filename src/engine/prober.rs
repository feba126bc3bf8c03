//! Which logins are proved next: hourly per channel, and shortly before a due
//! delivery when the last proof is old.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use crate::domain::ids::LoginId;
use crate::store::StoreError;
use crate::support::time::UtcMs;

/// A due delivery is preceded by its proof by this much.
const AHEAD: Duration = Duration::from_secs(60);

/// What is to be proved now, and when the next one follows.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Logins with the generation that was seen.
    pub now: BTreeMap<LoginId, i64>,
    /// The next instant something is to be proved.
    pub next: Option<UtcMs>,
}

/// Plans the proofs.
///
/// # Errors
/// When the store cannot be read.
pub async fn plan(inner: &Arc<Inner>) -> Result<Plan, StoreError> {
    let now = inner.now();
    let timing = inner.parts.timing.clone();
    let networks = Arc::clone(&inner.parts.networks);
    inner
        .parts
        .store
        .read(move |q| {
            let mut plan = Plan::default();
            for due in q.probes_planned()? {
                let Some((networked, _)) = networks.get(due.network) else {
                    continue;
                };
                let mut at = due.next_probe_at;
                if let (true, Some(next_due)) = (
                    networked.descriptor().probe_is_free && due.publishable,
                    due.next_due,
                ) {
                    // Just ahead of the post, unless a proof is fresh enough then.
                    let ahead = next_due.minus(AHEAD);
                    let old_at = due
                        .last_proof_at
                        .map_or(now, |last| last.plus(timing.proof_before_due));
                    let wanted = ahead.max(old_at);
                    if wanted < next_due {
                        at = Some(at.map_or(wanted, |planned| planned.min(wanted)));
                    }
                }
                // A pause that an earlier failure asked for is kept.
                let at = match (at, due.not_before) {
                    (Some(at), Some(not_before)) => Some(at.max(not_before)),
                    (at, _) => at,
                };
                match at {
                    Some(at) if at <= now => {
                        plan.now.insert(due.login, due.generation);
                    }
                    Some(at) => plan.next = Some(plan.next.map_or(at, |next: UtcMs| next.min(at))),
                    None => {}
                }
            }
            Ok(plan)
        })
        .await
}
