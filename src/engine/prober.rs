//! Which logins are proved next: hourly per channel, when one of the two clocks
//! of its tokens says so, and shortly before a due delivery when the last proof
//! is old.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Inner, Place};
use crate::domain::ids::LoginId;
use crate::domain::lamp::REFRESH_LIMIT;
use crate::domain::refresh::{RefreshDue, Renewing, refresh_due, share};
use crate::networks::Descriptor;
use crate::store::StoreError;
use crate::store::changes::Cursor;
use crate::support::time::UtcMs;

/// A due delivery is preceded by its proof by this much.
const AHEAD: Duration = Duration::from_secs(60);

/// Many logins that were made in one week are not all refreshed in one hour.
const SPREAD: Duration = Duration::from_secs(24 * 3_600);

/// What refreshing a login may count on.
pub fn renewing(
    descriptor: &Descriptor,
    login: &LoginId,
    method: &str,
    renewable: bool,
    issued_at: Option<UtcMs>,
    not_before: Option<UtcMs>,
) -> Renewing {
    Renewing {
        possible: renewable && issued_at.is_some(),
        moves_grant: descriptor.moves_end(method),
        issued_at: issued_at.unwrap_or(UtcMs(0)),
        jitter: share(login.as_str(), SPREAD),
        not_before,
    }
}

/// What is to be proved now, and when the next one follows.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Logins with the generation that was seen, and where they live.
    pub now: BTreeMap<LoginId, (i64, Place)>,
    /// The next instant something is to be proved.
    pub next: Option<UtcMs>,
}

/// Under load the plan may be this old.
const OLD: Duration = Duration::from_secs(1);
/// So many sends at once are load.
const LOAD: usize = 8;

/// The last plan, kept as long as it holds: making one reads every channel.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// How the store stood then.
    stood: Option<Cursor>,
    /// When it was made, counted from boot.
    made: Duration,
    /// The next instant something is to be proved; `None` when something was
    /// to be proved at once.
    next: Option<UtcMs>,
}

/// What [`Planned::plan`] found.
pub enum Replanned {
    /// Nothing to do before this instant.
    Still(UtcMs),
    /// A new plan.
    Anew(Plan),
}

impl Planned {
    /// Plans anew when something changed or is due; while many posts go out, at
    /// most once a second.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plan(&mut self, inner: &Arc<Inner>) -> Result<Replanned, StoreError> {
        let boot = inner.parts.clock.boot();
        let age = boot.saturating_sub(self.made);
        let loaded = inner.memory().sending.len() >= LOAD;
        if self.stood.is_some() && loaded && age < OLD {
            let later = inner.now().plus(OLD.saturating_sub(age));
            return Ok(Replanned::Still(
                self.next.map_or(later, |next| next.min(later)),
            ));
        }
        let stands = inner.parts.store.read(|q| q.cursor()).await?;
        if let Some(next) = self.next
            && self.stood == Some(stands)
            && inner.now() < next
        {
            return Ok(Replanned::Still(next));
        }
        let plan = plan(inner).await?;
        self.stood = Some(stands);
        self.made = boot;
        self.next = match plan.now.is_empty() {
            true => Some(plan.next.unwrap_or(UtcMs(i64::MAX))),
            false => None,
        };
        Ok(Replanned::Anew(plan))
    }
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
                let descriptor = networked.descriptor();
                let mut at = due.next_probe_at;
                let renewing = renewing(
                    descriptor,
                    &due.login,
                    &due.method,
                    due.renewable,
                    due.issued_at,
                    due.not_before,
                );
                let refresh_at = match refresh_due(&due.token, &renewing, now) {
                    RefreshDue::Now => Some(now),
                    RefreshDue::At(at) => Some(at),
                    RefreshDue::Never => None,
                };
                at = at.into_iter().chain(refresh_at).min();
                // Where only a refresh proves, giving up ends the proofs as well.
                let given_up =
                    descriptor.proof_is_refresh && due.token.refresh_failures >= REFRESH_LIMIT;
                if let (true, Some(next_due)) = (
                    descriptor.probe_is_free && due.publishable && !given_up,
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
                        let place = (due.network, due.server);
                        plan.now.insert(due.login, (due.token.generation, place));
                    }
                    Some(at) => plan.next = Some(plan.next.map_or(at, |next: UtcMs| next.min(at))),
                    None => {}
                }
            }
            Ok(plan)
        })
        .await
}
