//! What happened after an instant, counted from indexes that begin there.

use std::collections::{BTreeMap, BTreeSet};

use super::error::StoreError;
use super::tx::Reads;
use crate::domain::ids::WorkspaceId;
use crate::support::time::UtcMs;

/// Numbers of one workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// Channels that broke.
    pub broke: u64,
    /// Channels that can publish again.
    pub healed: u64,
    /// Posts that went out.
    pub sent: u64,
    /// Posts that were refused.
    pub failed: u64,
}

/// Numbers by workspace, and whether there is more than was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The numbers.
    pub of: BTreeMap<WorkspaceId, Happened>,
    /// There is more of something.
    pub more: bool,
}

/// A line is a turn when the channel could publish before it and not after it,
/// or the other way round: that the cause changed is none.
const TURNS: &str = "SELECT c.workspace_id, h.channel_id, h.publishable,
    coalesce((SELECT p.publishable FROM history p WHERE p.channel_id = h.channel_id AND p.id < h.id ORDER BY p.id DESC LIMIT 1), 1) AS before
  FROM history h CROSS JOIN channel c ON c.id = h.channel_id
  WHERE h.kind IN ('broken', 'healed') AND h.at >= ?1
    AND +c.workspace_id IN (SELECT value FROM json_each(?3)) LIMIT ?2";

const SENT: &str = "SELECT workspace_id, count(*) FROM (
    SELECT workspace_id FROM delivery WHERE state = 'published' AND published_at >= ?1
      AND +workspace_id IN (SELECT value FROM json_each(?3)) LIMIT ?2) GROUP BY 1";

const FAILED: &str = "SELECT workspace_id, count(*) FROM (
    SELECT workspace_id FROM delivery WHERE state = 'failed' AND error_at >= ?1
      AND +workspace_id IN (SELECT value FROM json_each(?3)) LIMIT ?2) GROUP BY 1";

impl Reads<'_> {
    /// What happened at or after `from` in these workspaces. No more than `most`
    /// rows of a kind are counted, so that a weekend of a thousand channels costs
    /// what a night does; what others did takes no room of theirs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn happened_since(
        &self,
        from: UtcMs,
        workspaces: &[WorkspaceId],
        most: u32,
    ) -> Result<Tally, StoreError> {
        let ids: Vec<&str> = workspaces.iter().map(WorkspaceId::as_str).collect();
        let of = serde_json::Value::from(ids).to_string();
        let mut tally = Tally::default();
        let turns = self.all(TURNS, (from.0, most, &of), |row| {
            Ok((
                WorkspaceId::from_stored(row.get::<_, String>(0)?),
                row.get::<_, String>(1)?,
                row.get::<_, bool>(2)?,
                row.get::<_, bool>(3)?,
            ))
        })?;
        tally.more |= turns.len() >= most as usize;
        let turned: BTreeSet<_> = turns
            .into_iter()
            .filter(|(_, _, publishable, before)| publishable != before)
            .map(|(workspace, channel, publishable, _)| (workspace, channel, publishable))
            .collect();
        for (workspace, _, publishable) in turned {
            let of = tally.of.entry(workspace).or_default();
            *(if publishable {
                &mut of.healed
            } else {
                &mut of.broke
            }) += 1;
        }
        for (sql, sent) in [(SENT, true), (FAILED, false)] {
            let counts = self.all(sql, (from.0, most, &of), |row| {
                let workspace = WorkspaceId::from_stored(row.get::<_, String>(0)?);
                Ok((workspace, row.get::<_, u64>(1)?))
            })?;
            tally.more |= counts.iter().map(|(_, n)| n).sum::<u64>() >= u64::from(most);
            for (workspace, n) in counts {
                let of = tally.of.entry(workspace).or_default();
                *(if sent { &mut of.sent } else { &mut of.failed }) += n;
            }
        }
        Ok(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    /// How SQLite finds the rows of a query.
    fn plan(sql: &str) -> Vec<String> {
        let db = Connection::open_in_memory().unwrap();
        for migration in crate::store::migrations::ALL {
            db.execute_batch(migration).unwrap();
        }
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement
            .query_map((0, 10, "[]"), |row| row.get(3))
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn nothing_before_the_instant_is_read() {
        for (sql, index) in [
            (TURNS, "history_turn"),
            (SENT, "COVERING INDEX delivery_published"),
            (FAILED, "COVERING INDEX delivery_failed"),
        ] {
            let plan = plan(sql);
            assert!(
                plan.iter().any(|step| step.contains(index)),
                "{index}: {plan:?}"
            );
            // The workspaces are a list of a few.
            let small = |step: &str| step.contains("subquery") || step.contains("json_each");
            let scans = |step: &&String| step.starts_with("SCAN") && !small(step);
            assert_eq!(plan.iter().find(scans), None, "{plan:?}");
        }
    }
}
