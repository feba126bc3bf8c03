//! What happened since somebody was here last.

use super::super::{Hub, OpError, Scope};
use crate::domain::role::Act;
use crate::support::time::UtcMs;

/// No more than this many of each are counted.
const MOST: u32 = 10_000;

/// Numbers from an instant on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// From when on.
    pub at: UtcMs,
    /// Channels that broke, whatever became of them.
    pub broke: u64,
    /// Channels that can publish again.
    pub healed: u64,
    /// Posts that went out.
    pub sent: u64,
    /// Posts that were refused.
    pub failed: u64,
    /// It is more than that: counting was stopped.
    pub more: bool,
}

impl Since {
    /// Nothing yet.
    pub fn nothing(at: UtcMs) -> Self {
        Self {
            at,
            broke: 0,
            healed: 0,
            sent: 0,
            failed: 0,
            more: false,
        }
    }
}

/// What happened in the scope from `at` on.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn since(hub: &Hub, scope: &Scope, at: UtcMs) -> Result<Since, OpError> {
    let scope = scope.clone();
    hub.look(move |q, acting| {
        if let Scope::Workspace(id) = &scope {
            acting.require(q, id, Act::Look)?;
        }
        let mut ids: Vec<_> = acting.visible(q)?.into_iter().map(|one| one.id).collect();
        ids.retain(|id| scope.workspace().is_none_or(|only| only == id));
        let tally = q.happened_since(at, &ids, MOST)?;
        let mut since = Since {
            more: tally.more,
            ..Since::nothing(at)
        };
        for of in tally.of.values() {
            since.broke += of.broke;
            since.healed += of.healed;
            since.sent += of.sent;
            since.failed += of.failed;
        }
        Ok(since)
    })
    .await
}
