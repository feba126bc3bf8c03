//! What needs a person, and what became of it: read for the health check and
//! for who takes over.

use std::collections::HashMap;

use super::error::StoreError;
use super::queue::delivery;
use super::rows::at;
use super::tx::Reads;
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::{ChannelId, OperatorId, WorkspaceId};
use crate::support::time::UtcMs;

/// A line of the history of some channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which channel.
    pub channel: ChannelId,
    /// When.
    pub at: UtcMs,
    /// It can publish again; otherwise it broke.
    pub healed: bool,
    /// Who did it, when it was a person.
    pub by: Option<(OperatorId, String)>,
}

/// Whose posts are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Among {
    /// Those of these workspaces, of disconnected channels too.
    Workspaces(Vec<WorkspaceId>),
    /// Those of these channels.
    Channels(Vec<ChannelId>),
}

impl Among {
    fn column(&self) -> &'static str {
        match self {
            Self::Workspaces(_) => "workspace_id",
            Self::Channels(_) => "channel_id",
        }
    }

    /// The ids as JSON, as a statement takes a list.
    fn ids(&self) -> String {
        let ids: Vec<&str> = match self {
            Self::Workspaces(ids) => ids.iter().map(WorkspaceId::as_str).collect(),
            Self::Channels(ids) => ids.iter().map(ChannelId::as_str).collect(),
        };
        serde_json::json!(ids).to_string()
    }
}

impl Reads<'_> {
    /// Posts in one of the states that wait for a person, earliest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn posts_in_need(
        &self,
        state: State,
        among: &Among,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let column = among.column();
        self.all(
            &format!(
                "SELECT * FROM delivery WHERE state IN ('missed', 'failed', 'needs_decision') AND state = ?1
                 AND {column} IN (SELECT value FROM json_each(?2)) ORDER BY due, id LIMIT ?3"
            ),
            (state.name(), among.ids(), limit),
            delivery,
        )
    }

    /// How many posts are in each of the states that wait for a person; a state
    /// without any is not named.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count_in_need(&self, among: &Among) -> Result<HashMap<State, u64>, StoreError> {
        let column = among.column();
        let mut counts = HashMap::new();
        for state in [State::NeedsDecision, State::Missed, State::Failed] {
            let n: Option<u64> = self.value(
                &format!(
                    "SELECT count(*) FROM delivery WHERE state IN ('missed', 'failed', 'needs_decision')
                     AND state = ?1 AND {column} IN (SELECT value FROM json_each(?2))"
                ),
                (state.name(), among.ids()),
            )?;
            if let Some(n) = n.filter(|n| *n > 0) {
                counts.insert(state, n);
            }
        }
        Ok(counts)
    }

    /// What broke and what healed since an instant, oldest first. That what was
    /// broken is so for another cause is no break.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn turns_since(&self, since: UtcMs) -> Result<Vec<Turn>, StoreError> {
        self.all(
            "SELECT h.channel_id, h.at, h.kind <> 'broken' AS healed, h.by_operator, o.name
             FROM history h LEFT JOIN operator o ON o.id = h.by_operator
             WHERE h.at >= ?1 AND (h.kind IN ('healed', 'reconnected') OR h.kind = 'broken' AND h.publishable <>
               coalesce((SELECT p.publishable FROM history p WHERE p.channel_id = h.channel_id AND p.id < h.id
                         ORDER BY p.id DESC LIMIT 1), 1))
             ORDER BY h.at, h.id",
            [since.0],
            |row| {
                let id: Option<String> = row.get("by_operator")?;
                let name: Option<String> = row.get("name")?;
                Ok(Turn {
                    channel: ChannelId::from_stored(row.get::<_, String>("channel_id")?),
                    at: at(row, "at")?,
                    healed: row.get("healed")?,
                    by: id.map(OperatorId::from_stored).zip(name),
                })
            },
        )
    }
}
