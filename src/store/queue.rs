//! The queue: deliveries as rows, what is due, what is held and why.

use std::borrow::Cow;
use std::ops::ControlFlow;

use rusqlite::Row;

use super::error::StoreError;
use super::rows::{at, listed, maybe_at, maybe_listed};
use super::tx::{Reads, Tx};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Evidence, TokenFacts};
use crate::domain::delivery::{Decision, Delivery, DeliveryError, State};
use crate::domain::ids::{ChannelId, DeliveryId, LoginId, OperatorId, PostId, WorkspaceId};
use crate::domain::machine::Rules;
use crate::domain::network::{ChannelKind, Network};
use crate::support::time::UtcMs;

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

/// A delivery that may be sent now.
#[derive(Clone, Debug)]
pub struct Due {
    /// The delivery.
    pub delivery: Delivery,
    /// The network of its channel.
    pub network: Network,
    /// The server its channel lives on.
    pub server: String,
    /// Since when its lateness counts: its own time, or when the part of the
    /// thread before it went out, whichever is later.
    pub since: UtcMs,
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

/// When and why a channel is proved next.
#[derive(Clone, Debug)]
pub struct ProbePlanned {
    /// Its network.
    pub network: Network,
    /// The server it lives on.
    pub server: String,
    /// Its login.
    pub login: LoginId,
    /// How it was made.
    pub method: String,
    /// What the login knows of its tokens.
    pub token: TokenFacts,
    /// When the present pair was given.
    pub issued_at: Option<UtcMs>,
    /// There is something to refresh it with.
    pub renewable: bool,
    /// Whether it may publish now.
    pub publishable: bool,
    /// The last proof.
    pub last_proof_at: Option<UtcMs>,
    /// The planned one.
    pub next_probe_at: Option<UtcMs>,
    /// Not before this, after a failure.
    pub not_before: Option<UtcMs>,
    /// Its next scheduled delivery.
    pub next_due: Option<UtcMs>,
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

/// Deliveries that may be sent now: their channel can publish, its tokens are
/// there, nothing before them in a thread is open.
const READY: &str =
    "FROM delivery d JOIN channel c ON c.id = d.channel_id JOIN login l ON l.id = c.login_id
  LEFT JOIN delivery a ON a.id = d.after_id
  WHERE d.state = 'scheduled' AND c.publishable = 1 AND c.paused_at IS NULL AND l.generation > 0
    AND (d.after_id IS NULL OR a.state = 'published')";

/// [`READY`] under these rules of the protocol.
fn ready_under(rules: &Rules) -> Cow<'static, str> {
    if rules.ignore_health {
        READY.replace("c.publishable = 1 AND ", "").into()
    } else {
        READY.into()
    }
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

    /// What may be sent at `now`, earliest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn due(&self, now: UtcMs, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.all(
            &format!(
                "SELECT d.* {READY} AND d.due <= ?1 AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= ?1)
                 ORDER BY d.due, d.id LIMIT ?2"
            ),
            (now.0, limit),
            delivery,
        )
    }

    /// What may be sent at `now`, at most a few of each channel, so that a
    /// backlog hides no other channel: first what was due since `live_from` or
    /// ordered by a person, then what is late, earliest first. A thread that
    /// has begun goes on before anything else begins.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn due_by_channel(
        &self,
        now: UtcMs,
        live_from: UtcMs,
        rules: &Rules,
    ) -> Result<Vec<Due>, StoreError> {
        /// Of one channel only one is sent at a time; those behind it are
        /// there for when it is left alone after trouble of its own.
        const OF_A_CHANNEL: u32 = 8;
        const AT_MOST: u32 = 1_000;
        let ready = ready_under(rules);
        self.all(
            // Sorted by what is needed for that alone; whole rows only of those
            // that are taken.
            &format!(
                "SELECT d.*, t.since, c.kind AS kind, c.server AS server FROM (
                   SELECT * FROM (
                     SELECT *, row_number() OVER (PARTITION BY channel_id, late ORDER BY whole, due, id) AS turn
                     FROM (SELECT *, send_now = 0 AND since < ?2 AS late
                           FROM (SELECT d.id, d.channel_id, d.due, d.send_now, d.after_id IS NULL AS whole,
                                   max(d.due, coalesce(a.published_at, d.due)) AS since {ready} AND d.due <= ?1
                             AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= ?1))))
                   WHERE turn <= ?3 ORDER BY late, whole, due, id LIMIT ?4) t
                 JOIN delivery d ON d.id = t.id JOIN channel c ON c.id = d.channel_id ORDER BY t.late, t.whole, t.due, t.id"
            ),
            (now.0, live_from.0, OF_A_CHANNEL, AT_MOST),
            |row| {
                Ok(Due {
                    delivery: delivery(row)?,
                    network: listed(row, "kind", ChannelKind::parse)?.network(),
                    server: row.get("server")?,
                    since: at(row, "since")?,
                })
            },
        )
    }

    /// The oldest of the posts of a channel that were due before `live_from` and
    /// wait for another try because the network had trouble with everybody's
    /// posts; not one that a person ordered, or that has trouble of its own.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn late_in_trouble(
        &self,
        channel: &ChannelId,
        now: UtcMs,
        live_from: UtcMs,
    ) -> Result<Option<Delivery>, StoreError> {
        self.one(
            &format!(
                "SELECT d.* {READY} AND d.channel_id = ?1 AND d.due <= ?2 AND d.next_attempt_at > ?2 AND d.send_now = 0
                   AND max(d.due, coalesce(a.published_at, d.due)) < ?3 AND d.error_class IN (?4, ?5)
                 ORDER BY d.after_id IS NULL, d.due, d.id LIMIT 1"
            ),
            (
                channel.as_str(),
                now.0,
                live_from.0,
                AnswerClass::Transient.name(),
                AnswerClass::RateLimited.name(),
            ),
            delivery,
        )
    }

    /// The next instant after `now` and up to `until` at which something could
    /// be sent. Only that stretch is read, however much is scheduled.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_due(&self, now: UtcMs, until: UtcMs) -> Result<Option<UtcMs>, StoreError> {
        let first = |of: &str| {
            self.value::<Option<i64>>(
                &format!("SELECT min(max(d.due, coalesce(d.next_attempt_at, d.due))) {READY} AND d.{of} > ?1 AND d.{of} <= ?2"),
                [now.0, until.0],
            )
        };
        let both = [first("due")?, first("next_attempt_at")?];
        let next = both.into_iter().flatten().flatten();
        Ok(next.filter(|at| *at > now.0).min().map(UtcMs))
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

    /// Deliveries that were due before `before` and that nothing holds, earliest
    /// first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn overdue(&self, before: UtcMs) -> Result<Vec<Delivery>, StoreError> {
        self.all(
            &format!("SELECT d.* {READY} AND d.due < ?1 ORDER BY d.due, d.id"),
            [before.0],
            delivery,
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

    /// What is known about the next proof of every channel that is proved in
    /// the background.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn probes_planned(&self) -> Result<Vec<ProbePlanned>, StoreError> {
        self.all(
            "SELECT c.kind AS kind, c.server AS server, c.login_id, c.publishable, c.last_proof_at, c.next_probe_at, l.next_refresh_at,
               l.method AS method, l.token_issued_at, l.generation, l.token_expires_at, l.token_expiry, l.grant_expires_at, l.grant_expiry,
               l.last_refreshed_at, l.last_refresh_attempt_at, l.last_refresh_error, l.last_refresh_http_status, l.refresh_failures,
               EXISTS (SELECT 1 FROM secret s WHERE s.owner_kind = 'login' AND s.owner_id = l.id AND s.generation = l.generation
                 AND s.field IN ('refresh', 'password')) AS renewable,
               (SELECT min(d.due) FROM delivery d WHERE d.channel_id = c.id AND d.state = 'scheduled') AS next_due
             FROM channel c JOIN login l ON l.id = c.login_id
             WHERE c.status <> 'DISCONNECTED' AND l.generation > 0
               AND (c.publishable = 1 OR c.next_probe_at IS NOT NULL)",
            [],
            |row| {
                Ok(ProbePlanned {
                    network: listed(row, "kind", ChannelKind::parse)?.network(),
                    server: row.get("server")?,
                    login: LoginId::from_stored(row.get::<_, String>("login_id")?),
                    method: row.get("method")?,
                    token: super::channels::token_facts(row, super::channels::TOKEN)?,
                    issued_at: maybe_at(row, "token_issued_at")?,
                    renewable: row.get("renewable")?,
                    publishable: row.get("publishable")?,
                    last_proof_at: maybe_at(row, "last_proof_at")?,
                    next_probe_at: maybe_at(row, "next_probe_at")?,
                    not_before: maybe_at(row, "next_refresh_at")?,
                    next_due: maybe_at(row, "next_due")?,
                })
            },
        )
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
