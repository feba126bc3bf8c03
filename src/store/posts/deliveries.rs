//! Deliveries: when each is due, and the writes that move, change and end it.

use super::super::error::StoreError;
use super::super::tx::{Reads, Tx};
use super::{NewDelivery, Time};
use crate::domain::delivery::{Decision, State};
use crate::domain::ids::{ChannelId, DeliveryId, OperatorId, PostId};
use crate::domain::machine::Ask;
use crate::support::time::UtcMs;

impl Reads<'_> {
    /// The first scheduled delivery of a channel due at or after `from`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn first_due_from(
        &self,
        channel: &ChannelId,
        from: UtcMs,
    ) -> Result<Option<UtcMs>, StoreError> {
        Ok(self
            .value::<Option<i64>>(
                "SELECT min(due) FROM delivery WHERE channel_id = ?1 AND state = 'scheduled' AND due >= ?2",
                (channel.as_str(), from.0),
            )?
            .flatten()
            .map(UtcMs))
    }

    /// When scheduled deliveries of a channel are due next to `at`, one before
    /// and one after it, between these instants. Those of `post` and of its
    /// thread do not count.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn scheduled_around(
        &self,
        channel: &ChannelId,
        at: UtcMs,
        (from, to): (UtcMs, UtcMs),
        post: Option<&PostId>,
    ) -> Result<Vec<UtcMs>, StoreError> {
        let others = "channel_id = ?1 AND state = 'scheduled' AND coalesce(root_id, id) NOT IN
             (SELECT coalesce(root_id, id) FROM delivery WHERE post_id = ?2)";
        let post = post.map_or("", |id| id.as_str());
        let before = format!(
            "SELECT due FROM delivery WHERE {others} AND due BETWEEN ?3 AND ?4 ORDER BY due DESC LIMIT 1"
        );
        let after = format!(
            "SELECT due FROM delivery WHERE {others} AND due BETWEEN ?3 AND ?4 ORDER BY due LIMIT 1"
        );
        let channel = channel.as_str();
        let before: Option<i64> = self.value(&before, (channel, post, from.0, at.0))?;
        let after: Option<i64> = self.value(&after, (channel, post, at.0, to.0))?;
        Ok(before.into_iter().chain(after).map(UtcMs).collect())
    }

    /// How many scheduled deliveries of a channel are due in `[from, until)`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn scheduled_between(
        &self,
        channel: &ChannelId,
        from: UtcMs,
        until: UtcMs,
    ) -> Result<u64, StoreError> {
        Ok(self
            .value(
                "SELECT count(*) FROM delivery WHERE channel_id = ?1 AND state = 'scheduled' AND due >= ?2 AND due < ?3",
                (channel.as_str(), from.0, until.0),
            )?
            .unwrap_or(0))
    }

    /// The state a cancelled delivery had before.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn cancelled_from(&self, id: &DeliveryId) -> Result<Option<State>, StoreError> {
        let from: Option<String> = self
            .value(
                "SELECT cancelled_from FROM delivery WHERE id = ?1",
                [id.as_str()],
            )?
            .flatten();
        Ok(from.as_deref().and_then(State::parse))
    }
}

impl Tx<'_> {
    /// Adds a delivery.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when it is to begin as anything but `draft` or
    /// `scheduled`.
    pub fn add_delivery(
        &self,
        new: &NewDelivery,
        by: &OperatorId,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        let part = new.part.as_ref();
        self.run(
            "INSERT INTO delivery (id, post_id, workspace_id, channel_id, handle, state, due, civil, timezone, only_on_time, text, send_now, created_by, created_at,
               root_id, after_id, part_no)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            rusqlite::params![
                new.id.as_str(),
                new.post_id.as_str(),
                new.workspace_id.as_str(),
                new.channel_id.as_str(),
                &new.handle,
                new.state.name(),
                new.time.due.0,
                &new.time.civil,
                &new.time.timezone,
                new.only_on_time,
                &new.text,
                new.send_now,
                by.as_str(),
                now.0,
                part.map(|part| part.root.as_str()),
                part.map(|part| part.after.as_str()),
                part.map_or(1, |part| part.number),
            ],
        )?;
        Ok(())
    }

    /// Gives a delivery a text of its own, or the post's again with `None`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_delivery_text(&self, id: &DeliveryId, text: Option<&str>) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET text = ?2 WHERE id = ?1",
            (id.as_str(), text),
        )?;
        Ok(())
    }

    /// Gives a delivery another time; `now` says it is an order to send it
    /// whatever its lateness.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_time(&self, id: &DeliveryId, time: &Time, send_now: bool) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET due = ?2, civil = ?3, timezone = ?4, send_now = ?5, next_attempt_at = NULL WHERE id = ?1",
            (id.as_str(), time.due.0, &time.civil, &time.timezone, send_now),
        )?;
        Ok(())
    }

    /// Says whether a delivery may be sent late.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_only_on_time(&self, id: &DeliveryId, only: bool) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET only_on_time = ?2 WHERE id = ?1",
            (id.as_str(), only),
        )?;
        Ok(())
    }

    /// Moves a delivery to another state, as far as its machine allows.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when the move is outside the machine's table.
    pub fn move_delivery(&self, id: &DeliveryId, to: State) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET state = ?2 WHERE id = ?1",
            (id.as_str(), to.name()),
        )?;
        Ok(())
    }

    /// Forgets the key, derived from the time: only when no send was ever armed.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn drop_key(&self, id: &DeliveryId) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET idem_key = NULL WHERE id = ?1 AND ever_armed = 0",
            [id.as_str()],
        )?;
        Ok(())
    }

    /// Raises the key number: the next send is another one for the network.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn next_key(&self, id: &DeliveryId) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET key_number = key_number + 1, idem_key = NULL, rendered = NULL WHERE id = ?1",
            [id.as_str()],
        )?;
        Ok(())
    }

    /// Writes or, with `None`, clears what a person decided.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_decision(
        &self,
        id: &DeliveryId,
        decision: Option<(Decision, &OperatorId, UtcMs)>,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET decision = ?2, decided_by = ?3, decided_at = ?4 WHERE id = ?1",
            (
                id.as_str(),
                decision.map(|(decision, ..)| decision.name()),
                decision.map(|(_, by, _)| by.as_str()),
                decision.map(|(.., at)| at.0),
            ),
        )?;
        Ok(())
    }

    /// Writes or, with `None`, clears why a person is asked.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_asked(&self, id: &DeliveryId, ask: Option<Ask>) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET asked = ?2 WHERE id = ?1",
            (id.as_str(), ask.map(Ask::name)),
        )?;
        Ok(())
    }

    /// Plans the next look at a delivery of unknown outcome.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn look_at(&self, id: &DeliveryId, at: UtcMs) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET next_look_at = ?2, unknown_since = coalesce(unknown_since, ?2), asked = NULL WHERE id = ?1",
            (id.as_str(), at.0),
        )?;
        Ok(())
    }

    /// Forgets the frozen request, so that the next send takes the text anew.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn thaw(&self, id: &DeliveryId) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET rendered = NULL WHERE id = ?1",
            [id.as_str()],
        )?;
        Ok(())
    }

    /// Writes who cancelled a delivery and when, and cancels it.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when it cannot be cancelled any more.
    pub fn cancel_delivery(
        &self,
        id: &DeliveryId,
        by: &OperatorId,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET cancelled_from = state, state = 'cancelled', cancelled_at = ?3, cancelled_by = ?2 WHERE id = ?1",
            (id.as_str(), by.as_str(), now.0),
        )?;
        Ok(())
    }

    /// Puts a cancelled delivery back to where it was.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when there is no way back to `to`.
    pub fn uncancel_delivery(&self, id: &DeliveryId, to: State) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET state = ?2, cancelled_from = NULL, cancelled_at = NULL, cancelled_by = NULL WHERE id = ?1",
            (id.as_str(), to.name()),
        )?;
        Ok(())
    }

    /// Takes a draft off one channel; its post stays, whatever is left of it.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when it is anything but a draft.
    pub fn untarget(&self, id: &DeliveryId) -> Result<(), StoreError> {
        self.run("DELETE FROM delivery WHERE id = ?1", [id.as_str()])?;
        Ok(())
    }

    /// Removes a draft that was never scheduled, and its post with it when
    /// nothing else is left of that.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when it is anything but a draft.
    pub fn remove_draft(&self, id: &DeliveryId) -> Result<(), StoreError> {
        let post: Option<String> =
            self.value("SELECT post_id FROM delivery WHERE id = ?1", [id.as_str()])?;
        self.run("DELETE FROM delivery WHERE id = ?1", [id.as_str()])?;
        self.run(
            "DELETE FROM post WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE post_id = ?1)",
            [post],
        )?;
        Ok(())
    }
}
