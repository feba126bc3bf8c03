//! Attempts: durable intent before the network, durable evidence after it.
//!
//! Intents ([`Tx::prepare`], [`Tx::arm`]) are fenced by the publisher's term.
//! Evidence ([`Tx::record`]) never is: a success is a fact whoever saw it.

use super::error::StoreError;
use super::tx::{Reads, Tx};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;
use crate::domain::delivery::State;
use crate::domain::ids::{AttemptId, DeliveryId, OperatorId};
use crate::domain::machine::{Ask, Rules};
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// An attempt that was prepared: what the sender goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The delivery it is for.
    pub delivery_id: DeliveryId,
    /// Which one it is, from 1.
    pub attempt_no: u32,
    /// The key at the network.
    pub idem_key: String,
    /// When it was armed last.
    pub armed_at: Option<UtcMs>,
    /// Steps done, as (name, handle), in order.
    pub steps: Vec<(String, String)>,
}

/// What an answer or a look showed.
#[derive(Clone, Debug, Default)]
pub struct NewVerdict<'a> {
    /// `published`, `accepted`, `refused`, `not_processed`, `unclear`,
    /// `absent`, `unreadable`, `different`, `interrupted` or `decided`.
    pub kind: &'static str,
    /// Class of the answer.
    pub class: Option<AnswerClass>,
    /// What was seen.
    pub evidence: Evidence,
    /// The network's id of the post.
    pub remote_id: Option<&'a str>,
    /// The person who decided.
    pub by: Option<&'a OperatorId>,
}

/// A delivery's new state and what goes with it. Instants and counts left out
/// are cleared; a permalink or remote id left out stays, and so does the reason
/// of a question or a failure that only gets more evidence.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// The delivery.
    pub delivery: &'a DeliveryId,
    /// The attempt it is evidence of.
    pub attempt: Option<&'a AttemptId>,
    /// The state it moves to (may be the one it has).
    pub to: State,
    /// The evidence.
    pub verdict: Option<NewVerdict<'a>>,
    /// Whether the attempt is over.
    pub close: bool,
    /// A link to the published post.
    pub permalink: Option<&'a str>,
    /// Not tried again before.
    pub next_attempt_at: Option<UtcMs>,
    /// Not looked up again before.
    pub next_look_at: Option<UtcMs>,
    /// Reads that proved it absent, and when the first of them was.
    pub absent: (u32, Option<UtcMs>),
    /// Whether it failed because the access was gone.
    pub access_failure: bool,
    /// Forget the steps: the next try begins with them anew, and sends the same
    /// frozen request.
    pub begin_anew: bool,
    /// Why a person is asked.
    pub ask: Option<Ask>,
    /// Raise the key number: the next send is another one for the network.
    pub new_key: bool,
}

impl<'a> Record<'a> {
    /// A plain move to `to`.
    pub fn new(delivery: &'a DeliveryId, to: State) -> Self {
        Self {
            delivery,
            attempt: None,
            to,
            verdict: None,
            close: false,
            permalink: None,
            next_attempt_at: None,
            next_look_at: None,
            absent: (0, None),
            access_failure: false,
            begin_anew: false,
            ask: None,
            new_key: false,
        }
    }
}

impl Reads<'_> {
    /// The latest attempt of a delivery with its steps.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn latest_attempt(&self, delivery: &DeliveryId) -> Result<Option<Attempt>, StoreError> {
        let attempt = self.one(
            "SELECT * FROM attempt WHERE delivery_id = ?1 ORDER BY attempt_no DESC LIMIT 1",
            [delivery.as_str()],
            |row| {
                Ok(Attempt {
                    id: AttemptId::from_stored(row.get::<_, String>("id")?),
                    delivery_id: delivery.clone(),
                    attempt_no: row.get("attempt_no")?,
                    idem_key: row.get("idem_key")?,
                    armed_at: row.get::<_, Option<i64>>("armed_at")?.map(UtcMs),
                    steps: Vec::new(),
                })
            },
        )?;
        let Some(mut attempt) = attempt else {
            return Ok(None);
        };
        attempt.steps = self.all(
            "SELECT name, remote_handle FROM step WHERE attempt_id = ?1 ORDER BY at, name",
            [attempt.id.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(Some(attempt))
    }

    /// Whether an attempt before this one, with the same key, may still arrive:
    /// it was armed and never got an answer.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn earlier_unanswered(&self, attempt: &Attempt) -> Result<bool, StoreError> {
        let found: i64 = self
            .value(
                "SELECT EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = ?1 AND a.attempt_no < ?2 AND a.idem_key = ?3
                   AND a.armed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.attempt_id = a.id
                     AND v.kind IN ('published', 'accepted', 'refused', 'not_processed')))",
                (attempt.delivery_id.as_str(), attempt.attempt_no, &attempt.idem_key),
            )?
            .unwrap_or(0);
        Ok(found == 1)
    }

    /// The other delivery of its channel that this remote post belongs to.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn owner_of_remote(
        &self,
        delivery: &DeliveryId,
        remote: &str,
    ) -> Result<Option<DeliveryId>, StoreError> {
        let owner: Option<String> = self.value(
            "SELECT o.id FROM delivery o JOIN delivery d ON d.channel_id = o.channel_id
             WHERE d.id = ?1 AND o.id <> d.id AND o.remote_id = ?2",
            (delivery.as_str(), remote),
        )?;
        Ok(owner.map(DeliveryId::from_stored))
    }

    /// Whether a delivery waits for a decision only because no token was there
    /// to look with.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn asked_for_token(&self, delivery: &DeliveryId) -> Result<bool, StoreError> {
        let asked: Option<String> = self
            .value(
                "SELECT asked FROM delivery WHERE id = ?1",
                [delivery.as_str()],
            )?
            .flatten();
        Ok(asked.as_deref() == Some(Ask::Unreadable.name()))
    }

    /// The verdicts of a delivery, oldest first: (when, kind, evidence).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn verdicts(
        &self,
        delivery: &DeliveryId,
    ) -> Result<Vec<(UtcMs, String, Evidence)>, StoreError> {
        self.all(
            "SELECT * FROM verdict WHERE delivery_id = ?1 ORDER BY id",
            [delivery.as_str()],
            |row| {
                Ok((
                    super::rows::at(row, "at")?,
                    row.get("kind")?,
                    Evidence {
                        http_status: row.get("http_status")?,
                        network_code: row.get("network_code")?,
                        message: row.get("message")?,
                        seen_by: row.get("seen_by")?,
                    },
                ))
            },
        )
    }
}

impl Tx<'_> {
    /// Refuses when `term` is not the current one: its holder must stop.
    ///
    /// # Errors
    /// [`StoreError::Stale`] then.
    pub fn fence(&self, term: i64) -> Result<(), StoreError> {
        let current: Option<i64> = self.value(
            "SELECT n FROM term WHERE n = (SELECT max(n) FROM term) AND ended_at IS NULL",
            [],
        )?;
        if current == Some(term) {
            Ok(())
        } else {
            Err(StoreError::Stale("The publisher's role"))
        }
    }

    /// Prepares an attempt of a scheduled delivery, or the repeat of one whose
    /// answer was lost, or takes up the prepared
    /// one a crash left behind.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the role or the delivery's state moved on.
    #[allow(
        clippy::too_many_arguments,
        reason = "every fact the intent is fenced by"
    )]
    pub fn prepare(
        &self,
        delivery: &DeliveryId,
        term: i64,
        epoch: i64,
        generation: i64,
        key: &str,
        now: UtcMs,
        entropy: &Entropy,
    ) -> Result<Attempt, StoreError> {
        self.fence(term)?;
        if !matches!(
            self.delivery(delivery)?.state,
            State::Scheduled | State::Unknown
        ) {
            return Err(StoreError::Stale("The delivery"));
        }
        let taken_up = self.run(
            "UPDATE attempt SET term = ?2, channel_epoch = ?3, generation = ?4
             WHERE delivery_id = ?1 AND phase = 'prepared' AND idem_key = ?5",
            (delivery.as_str(), term, epoch, generation, key),
        )?;
        if taken_up == 0 {
            // An open one too: scheduled means proven not to be on the wire.
            self.run(
                "UPDATE attempt SET phase = 'closed' WHERE delivery_id = ?1 AND phase <> 'closed'",
                [delivery.as_str()],
            )?;
            self.run(
                "INSERT INTO attempt (id, delivery_id, attempt_no, term, channel_epoch, generation, idem_key, phase, prepared_at)
                 VALUES (?1, ?2, (SELECT coalesce(max(attempt_no), 0) + 1 FROM attempt WHERE delivery_id = ?2), ?3, ?4, ?5, ?6, 'prepared', ?7)",
                (AttemptId::fresh(now, entropy).as_str(), delivery.as_str(), term, epoch, generation, key, now.0),
            )?;
            self.run(
                "UPDATE delivery SET idem_key = ?2, attempt_no = (SELECT max(attempt_no) FROM attempt WHERE delivery_id = ?1) WHERE id = ?1",
                (delivery.as_str(), key),
            )?;
        }
        self.latest_attempt(delivery)?
            .ok_or(StoreError::Stale("The delivery"))
    }

    /// Journals an invisible step as soon as its answer is there.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn add_step(
        &self,
        attempt: &AttemptId,
        name: &str,
        handle: &str,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO step (attempt_id, name, remote_handle, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET remote_handle = excluded.remote_handle, at = excluded.at",
            (attempt.as_str(), name, handle, now.0),
        )?;
        Ok(())
    }

    /// Arms: from here on a request may be on the wire. Only while the role,
    /// the channel's epoch and the delivery's state are what they were when it
    /// was prepared. The request is frozen: while the outcome of the first one
    /// is unknown, only the very same may follow.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when any of them moved on; nothing may be sent then.
    #[allow(
        clippy::too_many_arguments,
        reason = "every fact the intent is fenced by"
    )]
    pub fn arm(
        &self,
        attempt: &Attempt,
        term: i64,
        epoch: i64,
        rendered: &str,
        request_hash: &str,
        rules: &Rules,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.fence(term)?;
        let delivery = self.delivery(&attempt.delivery_id)?;
        let channel = self.channel(&delivery.channel_id)?;
        if !matches!(delivery.state, State::Scheduled | State::Unknown)
            || channel.epoch != epoch
            || !channel.can_send_under(rules)
            || self.restored()?
        {
            return Err(StoreError::Stale("The channel or the delivery"));
        }
        if delivery.state == State::Unknown && delivery.rendered.as_deref() != Some(rendered) {
            return Err(StoreError::Rule(
                "what is sent again must be what was sent".into(),
            ));
        }
        // The attempt before it that was never answered is no longer the open one.
        self.run(
            "UPDATE attempt SET phase = 'closed' WHERE delivery_id = ?1 AND phase = 'open' AND id <> ?2",
            [attempt.delivery_id.as_str(), attempt.id.as_str()],
        )?;
        // From `scheduled` only a prepared attempt; a repeat may also take up
        // the open one. One that was superseded or is over stays so.
        let repeat = delivery.state == State::Unknown;
        let armed = self.run(
            "UPDATE attempt SET phase = 'open', armed_at = ?2, request_hash = ?3, term = ?4, channel_epoch = ?5
             WHERE id = ?1 AND (phase = 'prepared' OR (phase = 'open' AND ?6))",
            (attempt.id.as_str(), now.0, request_hash, term, epoch, repeat),
        )?;
        if armed == 0 {
            return Err(StoreError::Stale("The attempt"));
        }
        self.run(
            "UPDATE delivery SET state = 'sending', ever_armed = 1, rendered = ?2, next_attempt_at = NULL, next_look_at = NULL WHERE id = ?1",
            (attempt.delivery_id.as_str(), rendered),
        )?;
        Ok(())
    }

    /// Records evidence and the state it leads to. Not fenced by a term.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when the move is outside the machine's table.
    pub fn record(&self, record: &Record<'_>, now: UtcMs) -> Result<(), StoreError> {
        let id = record.delivery.as_str();
        if let Some(verdict) = &record.verdict {
            let attempt = match record.attempt {
                Some(attempt) => Some(attempt.clone()),
                None => self
                    .latest_attempt(record.delivery)?
                    .map(|attempt| attempt.id),
            };
            if let Some(attempt) = attempt {
                self.run(
                    "INSERT INTO verdict (attempt_id, delivery_id, at, kind, class, http_status, network_code, message, seen_by, remote_id, by_operator)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                    (
                        attempt.as_str(),
                        id,
                        now.0,
                        verdict.kind,
                        verdict.class.map(AnswerClass::name),
                        verdict.evidence.http_status,
                        &verdict.evidence.network_code,
                        &verdict.evidence.message,
                        &verdict.evidence.seen_by,
                        verdict.remote_id,
                        verdict.by.map(OperatorId::as_str),
                    ),
                )?;
            }
            if let Some(class) = verdict.class {
                self.run(
                    "UPDATE delivery SET error_class = ?2, error_status = ?3, error_code = ?4, error_message = ?5, error_at = ?6 WHERE id = ?1",
                    (id, class.name(), verdict.evidence.http_status, &verdict.evidence.network_code, &verdict.evidence.message, now.0),
                )?;
            }
        }
        if record.close {
            self.run(
                "UPDATE attempt SET phase = 'closed' WHERE delivery_id = ?1 AND phase <> 'closed' AND (?2 IS NULL OR id = ?2)",
                (id, record.attempt.map(AttemptId::as_str)),
            )?;
        }
        if record.begin_anew {
            self.run("DELETE FROM step WHERE attempt_id IN (SELECT id FROM attempt WHERE delivery_id = ?1)", [id])?;
        }
        if record.new_key {
            self.run(
                "UPDATE delivery SET key_number = key_number + 1, idem_key = NULL, rendered = NULL WHERE id = ?1",
                [id],
            )?;
        }
        let published = record.to == State::Published;
        let unknown = record.to == State::Unknown;
        let remote = record
            .verdict
            .as_ref()
            .and_then(|verdict| verdict.remote_id);
        self.run(
            "UPDATE delivery SET state = ?2, next_attempt_at = ?3, next_look_at = ?4, absent_reads = ?5, first_absent_at = ?6,
               access_failure = CASE WHEN state = ?2 AND state = 'failed' THEN max(access_failure, ?7) ELSE ?7 END, unknown_since = CASE WHEN ?8 THEN coalesce(unknown_since, ?9) WHEN ?2 = 'sending' THEN unknown_since ELSE NULL END,
               published_at = CASE WHEN ?10 THEN coalesce(published_at, ?9) ELSE published_at END,
               remote_id = CASE WHEN ?10 THEN coalesce(?11, remote_id) ELSE remote_id END,
               permalink = CASE WHEN ?10 THEN coalesce(?12, permalink) ELSE permalink END,
               send_now = CASE WHEN ?2 IN ('scheduled', 'sending', 'unknown') THEN send_now ELSE 0 END,
               asked = CASE WHEN state = ?2 AND state = 'needs_decision' THEN coalesce(?13, asked) ELSE ?13 END
             WHERE id = ?1",
            rusqlite::params![
                id,
                record.to.name(),
                record.next_attempt_at.map(|at| at.0),
                record.next_look_at.map(|at| at.0),
                record.absent.0,
                record.absent.1.map(|at| at.0),
                record.access_failure,
                unknown,
                now.0,
                published,
                remote,
                record.permalink,
                record.ask.map(Ask::name),
            ],
        )?;
        if published {
            self.run(
                "UPDATE channel SET last_published_at = ?2 WHERE id = (SELECT channel_id FROM delivery WHERE id = ?1) AND coalesce(last_published_at, 0) < ?2",
                (id, now.0),
            )?;
        }
        Ok(())
    }
}
