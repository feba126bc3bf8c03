//! The queue: deliveries as rows, their threads, and which of them are open.

use std::ops::ControlFlow;

use rusqlite::Row;

use super::error::StoreError;
use super::rows::{at, listed, maybe_at, maybe_listed};
use super::tx::{Reads, Tx};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;
use crate::domain::delivery::{Decision, Delivery, DeliveryError, State};
use crate::domain::ids::{ChannelId, DeliveryId, OperatorId, PostId, WorkspaceId};
use crate::support::time::UtcMs;

mod due;

pub use due::Due;

/// Where a list of deliveries begins and what it holds.
#[derive(Clone, Debug, Default)]
pub struct QueueQuery {
    /// Only this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only this channel.
    pub channel: Option<ChannelId>,
    /// Only this post.
    pub post: Option<PostId>,
    /// Only these stored states; empty means all.
    pub states: Vec<State>,
    /// Due at or after.
    pub from: Option<UtcMs>,
    /// Due before.
    pub until: Option<UtcMs>,
    /// Latest first instead of earliest first.
    pub backwards: bool,
    /// At most this many; 0 means no limit.
    pub limit: u32,
}

/// An open delivery and when it is looked at.
#[derive(Clone, Debug)]
pub struct OpenLook {
    /// Its id.
    pub id: DeliveryId,
    /// Its channel.
    pub channel: ChannelId,
    /// It is on the wire: there is nothing to look at.
    pub sending: bool,
    /// Not before; at once without.
    pub at: Option<UtcMs>,
}

pub(super) fn delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let maybe_id = |column: &str| row.get::<_, Option<String>>(column);
    let error =
        maybe_listed(row, "error_class", AnswerClass::parse)?.zip(maybe_at(row, "error_at")?);
    let last_error = match error {
        None => None,
        Some((class, at)) => Some(DeliveryError {
            class,
            at,
            evidence: Evidence {
                http_status: row.get("error_status")?,
                network_code: row.get("error_code")?,
                message: row.get("error_message")?,
                seen_by: None,
            },
        }),
    };
    Ok(Delivery {
        id: DeliveryId::from_stored(row.get::<_, String>("id")?),
        post_id: PostId::from_stored(row.get::<_, String>("post_id")?),
        workspace_id: WorkspaceId::from_stored(row.get::<_, String>("workspace_id")?),
        channel_id: ChannelId::from_stored(row.get::<_, String>("channel_id")?),
        handle: row.get("handle")?,
        root_id: maybe_id("root_id")?.map(DeliveryId::from_stored),
        part_no: row.get("part_no")?,
        after_id: maybe_id("after_id")?.map(DeliveryId::from_stored),
        state: listed(row, "state", State::parse)?,
        due: at(row, "due")?,
        civil: row.get("civil")?,
        timezone: row.get("timezone")?,
        only_on_time: row.get("only_on_time")?,
        text: row.get("text")?,
        attempt_no: row.get("attempt_no")?,
        key_number: row.get("key_number")?,
        idem_key: row.get("idem_key")?,
        rendered: row.get("rendered")?,
        ever_armed: row.get("ever_armed")?,
        next_attempt_at: maybe_at(row, "next_attempt_at")?,
        next_look_at: maybe_at(row, "next_look_at")?,
        absent_reads: row.get("absent_reads")?,
        first_absent_at: maybe_at(row, "first_absent_at")?,
        unknown_since: maybe_at(row, "unknown_since")?,
        remote_id: row.get("remote_id")?,
        permalink: row.get("permalink")?,
        published_at: maybe_at(row, "published_at")?,
        last_error,
        access_failure: row.get("access_failure")?,
        decision: maybe_listed(row, "decision", Decision::parse)?,
        send_now: row.get("send_now")?,
        cancelled_at: maybe_at(row, "cancelled_at")?,
        cancelled_by: maybe_id("cancelled_by")?.map(OperatorId::from_stored),
        created_by: OperatorId::from_stored(row.get::<_, String>("created_by")?),
        created_at: at(row, "created_at")?,
    })
}

impl Reads<'_> {
    /// A delivery by its id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn delivery(&self, id: &DeliveryId) -> Result<Delivery, StoreError> {
        self.one(
            "SELECT * FROM delivery WHERE id = ?1",
            [id.as_str()],
            delivery,
        )?
        .ok_or_else(|| StoreError::NotFound(format!("delivery {id}")))
    }

    /// Deliveries by a query, ordered by due instant; the parts of a thread
    /// follow each other.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn deliveries(&self, query: &QueueQuery) -> Result<Vec<Delivery>, StoreError> {
        let mut all = Vec::new();
        self.each_delivery(query, |delivery| {
            all.push(delivery);
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        })?;
        Ok(all)
    }

    /// The same one by one, until `see` has seen enough: a million are never in
    /// memory at once.
    ///
    /// # Errors
    /// When the store cannot be read, and those of `see`.
    pub fn each_delivery<E: From<StoreError>>(
        &self,
        query: &QueueQuery,
        mut see: impl FnMut(Delivery) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let states: String = query
            .states
            .iter()
            .map(|state| format!(",{},", state.name()))
            .collect();
        let order = if query.backwards { "DESC" } else { "ASC" };
        let sql = format!(
            "SELECT * FROM delivery WHERE (?1 IS NULL OR workspace_id = ?1) AND (?2 IS NULL OR channel_id = ?2)
               AND (?3 IS NULL OR post_id = ?3) AND (?4 = '' OR instr(?4, ',' || state || ',') > 0)
               AND due >= ?5 AND due < ?6
             ORDER BY due {order}, coalesce(root_id, id) {order}, part_no {order} LIMIT ?7"
        );
        let params = (
            query.workspace.as_ref().map(WorkspaceId::as_str),
            query.channel.as_ref().map(ChannelId::as_str),
            query.post.as_ref().map(PostId::as_str),
            states,
            query.from.map_or(i64::MIN, |at| at.0),
            query.until.map_or(i64::MAX, |at| at.0),
            if query.limit == 0 {
                -1
            } else {
                i64::from(query.limit)
            },
        );
        let mut statement = self.db.prepare_cached(&sql).map_err(StoreError::from)?;
        let mut rows = statement.query(params).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            if see(delivery(row)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The parts of the thread of a delivery, in order; of one that is in none,
    /// itself alone.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn thread(&self, id: &DeliveryId) -> Result<Vec<Delivery>, StoreError> {
        self.all(
            "SELECT d.* FROM delivery n JOIN delivery d ON d.post_id = n.post_id
               AND (d.id = coalesce(n.root_id, n.id) OR d.root_id = coalesce(n.root_id, n.id))
             WHERE n.id = ?1 ORDER BY d.part_no",
            [id.as_str()],
            delivery,
        )
    }

    /// The first of the parts before a delivery that will not come by itself:
    /// it holds those behind it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stuck_before(&self, one: &Delivery) -> Result<Option<Delivery>, StoreError> {
        if one.after_id.is_none() {
            return Ok(None);
        }
        Ok(self.thread(&one.id)?.into_iter().find(|earlier| {
            earlier.part_no < one.part_no
                && matches!(
                    earlier.state,
                    State::Draft
                        | State::NeedsDecision
                        | State::Failed
                        | State::Missed
                        | State::Cancelled
                )
        }))
    }

    /// How many parts the threads of a post have; 1 when it is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn parts_of(&self, post: &PostId) -> Result<u32, StoreError> {
        Ok(self
            .value::<Option<u32>>(
                "SELECT max(part_no) FROM delivery WHERE post_id = ?1",
                [post.as_str()],
            )?
            .flatten()
            .unwrap_or(1))
    }

    /// Deliveries whose outcome is open (`sending`, `unknown`, `confirming`).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open_deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        self.all(
            "SELECT * FROM delivery WHERE state IN ('sending', 'unknown', 'confirming') ORDER BY due, id",
            [],
            delivery,
        )
    }

    /// What the open deliveries wait for, earliest due first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open_looks(&self) -> Result<Vec<OpenLook>, StoreError> {
        self.all(
            "SELECT id, channel_id, state, next_look_at FROM delivery
             WHERE state IN ('sending', 'unknown', 'confirming') ORDER BY due, id",
            [],
            |row| {
                Ok(OpenLook {
                    id: DeliveryId::from_stored(row.get::<_, String>(0)?),
                    channel: ChannelId::from_stored(row.get::<_, String>(1)?),
                    sending: listed(row, "state", State::parse)? == State::Sending,
                    at: row.get::<_, Option<i64>>(3)?.map(UtcMs),
                })
            },
        )
    }

    /// Until when late posts of a channel wait for the release plan's answer.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn late_wait_until(&self, channel: &ChannelId) -> Result<Option<UtcMs>, StoreError> {
        Ok(self
            .value::<Option<i64>>(
                "SELECT late_wait_until FROM channel WHERE id = ?1",
                [channel.as_str()],
            )?
            .flatten()
            .map(UtcMs))
    }

    /// How many deliveries are in each state, over all channels.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn state_counts(
        &self,
        workspace: Option<&WorkspaceId>,
    ) -> Result<Vec<(State, u64)>, StoreError> {
        self.all(
            "SELECT n.state AS state, sum(n.n) FROM channel_count n JOIN channel c ON c.id = n.channel_id
             WHERE ?1 IS NULL OR c.workspace_id = ?1 GROUP BY n.state",
            [workspace.map(WorkspaceId::as_str)],
            |row| Ok((listed(row, "state", State::parse)?, row.get(1)?)),
        )
    }
}

impl Tx<'_> {
    /// Puts the next try of a scheduled delivery off.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn postpone(&self, id: &DeliveryId, until: UtcMs) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET next_attempt_at = ?2 WHERE id = ?1 AND state = 'scheduled'",
            (id.as_str(), until.0),
        )?;
        Ok(())
    }
}
