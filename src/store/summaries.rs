//! Channels with what lists say of them: their workspace, how many deliveries
//! they have, and which is the next.

use std::sync::Arc;

use rusqlite::{Params, ToSql};

use super::channels::{channel, column};
use super::error::StoreError;
use super::rows::{id, listed, maybe_at, text};
use super::tx::Reads;
use crate::domain::channel::Channel;
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::support::map::Map;
use crate::support::time::UtcMs;

/// How many deliveries there are per state.
type Counts = Vec<(State, u64)>;

/// Which live channels of a hub are read. Two connections that read a half each
/// are done in little more than half the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// About one half of them.
    OneHalf,
    /// Those that are not in [`Part::OneHalf`].
    OtherHalf,
    /// Those that cannot publish now, whatever their pause
    /// ([`crate::domain::lamp::broken`]): few, and wanted before all others.
    Broken,
    /// Those whose rows are these, which is some of them: what is read again
    /// while a screen is in use is read in portions.
    Rows {
        /// The first row.
        from: i64,
        /// The row after the last one.
        until: i64,
    },
}

impl Part {
    /// What is true of them. Blocks of neighbours take turns in the halves,
    /// since what lies together is read together.
    fn condition(self) -> &'static str {
        match self {
            Self::Whole => "TRUE",
            Self::Rows { .. } => "c.rowid >= ?2 AND c.rowid < ?3",
            Self::OneHalf => "(c.rowid >> 8) % 2 = 0",
            Self::OtherHalf => "(c.rowid >> 8) % 2 = 1",
            Self::Broken => {
                // The planner would rather go through all channels.
                "c.rowid IN (
                   SELECT rowid FROM channel INDEXED BY channel_unpublishable
                     WHERE publishable = 0 AND status <> 'DISCONNECTED'
                   UNION ALL SELECT rowid FROM channel WHERE login_id IS NULL
                   UNION ALL SELECT o.rowid FROM login JOIN channel o ON o.login_id = login.id
                     WHERE login.generation <= 0)"
            }
        }
    }
}

/// What a screen or list needs of a channel beside the channel itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSummary {
    /// The channel.
    pub channel: Channel,
    /// Slug and name of its workspace, shared by all its channels.
    pub workspace: Arc<(String, String)>,
    /// How many deliveries it has per state.
    pub counts: Vec<(State, u64)>,
    /// The next scheduled instant, past ones included.
    pub next_due: Option<UtcMs>,
}

impl ChannelSummary {
    /// How many deliveries are in `state`.
    pub fn count(&self, state: State) -> u64 {
        self.counts
            .iter()
            .find(|(one, _)| *one == state)
            .map_or(0, |(_, n)| *n)
    }
}

impl Reads<'_> {
    /// A channel with its workspace, counts and next due instant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn channel_summary(&self, id: &ChannelId) -> Result<ChannelSummary, StoreError> {
        self.summary(self.channel(id)?)
    }

    /// Hands over the summary of every channel that is not disconnected, in no
    /// order. A hub has thousands: what belongs to them is read at once, not
    /// channel by channel, and none is kept here.
    ///
    /// # Errors
    /// When the store cannot be read, and what `take` returns.
    pub fn each_summary(
        &self,
        workspace: Option<&WorkspaceId>,
        part: Part,
        mut take: impl FnMut(ChannelSummary) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let condition = format!(
            "c.status <> 'DISCONNECTED' AND (?1 IS NULL OR c.workspace_id = ?1) AND {}",
            part.condition()
        );
        let workspace = workspace.map(WorkspaceId::as_str);
        let all: &[&dyn ToSql] = match &part {
            Part::Rows { from, until } => &[&workspace, from, until],
            _ => &[&workspace],
        };
        let mut counts = self.counts_by_channel(&condition, all)?;
        let names = self.workspace_names()?;
        self.all(
            &format!(
                "SELECT {}, (SELECT min(due) FROM delivery WHERE channel_id = c.id AND state = 'scheduled')
                 FROM channel c LEFT JOIN login l ON l.id = c.login_id WHERE {condition}",
                column::ALL
            ),
            all,
            |row| {
                let channel = channel(row)?;
                take(ChannelSummary {
                    workspace: names
                        .get(&channel.workspace_id)
                        .cloned()
                        .unwrap_or_default(),
                    counts: counts.remove(channel.id.as_str()).unwrap_or_default(),
                    next_due: maybe_at(row, column::COUNT)?,
                    channel,
                })
            },
        )?;
        Ok(())
    }

    /// The row after the last channel.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn channels_end(&self) -> Result<i64, StoreError> {
        let last: Option<Option<i64>> = self.value("SELECT max(rowid) FROM channel", [])?;
        Ok(last.flatten().map_or(0, |last| last + 1))
    }

    /// How many deliveries per state the channels have for which a condition
    /// holds.
    fn counts_by_channel(
        &self,
        condition: &str,
        params: impl Params,
    ) -> Result<Map<String, Counts>, StoreError> {
        let mut all: Map<String, Counts> = Map::default();
        let mut last: Option<(String, Counts)> = None;
        // What belongs to one channel comes in a row.
        self.all(
            &format!(
                "SELECT n.channel_id, n.state, n.n FROM channel c JOIN channel_count n ON n.channel_id = c.id
                 WHERE n.n > 0 AND {condition}"
            ),
            params,
            |row| {
                let count = (listed(row, 1, State::parse)?, row.get(2)?);
                let id = text(row, 0)?;
                match &mut last {
                    Some((of, counts)) if of == id => counts.push(count),
                    _ => all.extend(last.replace((id.to_owned(), vec![count]))),
                }
                Ok(())
            },
        )?;
        all.extend(last);
        Ok(all)
    }

    fn workspace_names(&self) -> Result<Map<WorkspaceId, Arc<(String, String)>>, StoreError> {
        let all = self.all("SELECT id, slug, name FROM workspace", [], |row| {
            let id = id(row, 0, WorkspaceId::from_stored)?;
            Ok((id, Arc::new((row.get(1)?, row.get(2)?))))
        })?;
        Ok(all.into_iter().collect())
    }

    fn summary(&self, channel: Channel) -> Result<ChannelSummary, StoreError> {
        let workspace = self
            .one(
                "SELECT slug, name FROM workspace WHERE id = ?1",
                [channel.workspace_id.as_str()],
                |row| Ok(Arc::new((row.get(0)?, row.get(1)?))),
            )?
            .unwrap_or_default();
        let counts = self.all(
            "SELECT state, n FROM channel_count WHERE channel_id = ?1 AND n > 0",
            [channel.id.as_str()],
            |row| Ok((listed(row, "state", State::parse)?, row.get(1)?)),
        )?;
        let next_due = self
            .value::<Option<i64>>(
                "SELECT min(due) FROM delivery WHERE channel_id = ?1 AND state = 'scheduled'",
                [channel.id.as_str()],
            )?
            .flatten()
            .map(UtcMs);
        Ok(ChannelSummary {
            channel,
            workspace,
            counts,
            next_due,
        })
    }
}
