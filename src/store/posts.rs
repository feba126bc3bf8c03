//! Posts, their media and their deliveries: writing them.

use rusqlite::Row;

use super::error::StoreError;
use super::rows::{at, maybe_at};
use super::tx::{Reads, Tx};
use crate::domain::delivery::{Decision, State};
use crate::domain::ids::{ChannelId, DeliveryId, MediaId, OperatorId, PostId, WorkspaceId};
use crate::domain::machine::Ask;
use crate::domain::post_options::PostOptions;
use crate::support::time::UtcMs;

/// A post as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// Its workspace.
    pub workspace_id: WorkspaceId,
    /// Its text; a delivery may have its own.
    pub text: String,
    /// By whom it was written.
    pub created_by: OperatorId,
    /// When it was written.
    pub created_at: UtcMs,
    /// When it was edited last.
    pub edited_at: Option<UtcMs>,
    /// What was chosen besides text and media.
    pub options: PostOptions,
    /// What it says of its time while it is a draft.
    pub draft: DraftTime,
}

/// What a draft says of its time, whether or not it goes anywhere yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DraftTime {
    /// When, as it is to be shown: by the clock of its workspace, or as it was
    /// typed where that cannot be read.
    pub when: Option<String>,
    /// Never send it late.
    pub only_on_time: bool,
}

/// One medium of a post: our copy of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    /// Its id.
    pub id: MediaId,
    /// The name of our copy inside the media directory.
    pub file: String,
    /// The name it had.
    pub name: String,
    /// Type by content.
    pub mime: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Width and height in pixels, when known.
    pub size: Option<(u32, u32)>,
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
    /// Alternative text.
    pub alt: String,
}

/// A delivery that is about to be added.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// What is sent.
    pub post_id: PostId,
    /// The workspace of both.
    pub workspace_id: WorkspaceId,
    /// Where it goes.
    pub channel_id: ChannelId,
    /// The handle the channel has now.
    pub handle: String,
    /// `draft` or `scheduled`.
    pub state: State,
    /// When it is to go out.
    pub time: Time,
    /// Never send it late.
    pub only_on_time: bool,
    /// Its own text, where it differs from the post's.
    pub text: Option<String>,
    /// Send it whatever its lateness.
    pub send_now: bool,
    /// Where it stands in its thread, when it is a later part of one.
    pub part: Option<Part>,
}

/// The place of a later part of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first part.
    pub root: DeliveryId,
    /// The part right before it, which must be live first.
    pub after: DeliveryId,
    /// Which part it is; the first one is 1.
    pub number: u32,
}

/// An instant as it was written: UTC decides, the rest is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// The instant.
    pub due: UtcMs,
    /// The same in `timezone` (`2026-11-24 09:00`).
    pub civil: String,
    /// IANA zone it was written in.
    pub timezone: String,
}

fn post(row: &Row<'_>) -> Result<Post, StoreError> {
    Ok(Post {
        id: PostId::from_stored(row.get::<_, String>("id")?),
        workspace_id: WorkspaceId::from_stored(row.get::<_, String>("workspace_id")?),
        text: row.get("text")?,
        created_by: OperatorId::from_stored(row.get::<_, String>("created_by")?),
        created_at: at(row, "created_at")?,
        edited_at: maybe_at(row, "edited_at")?,
        options: serde_json::from_str(&row.get::<_, String>("options")?)
            .map_err(|_| StoreError::NotFound("readable options of a post".into()))?,
        draft: DraftTime {
            when: row.get("draft_when")?,
            only_on_time: row.get("draft_only_on_time")?,
        },
    })
}

fn medium(row: &Row<'_>) -> Result<Medium, StoreError> {
    let width: Option<u32> = row.get("width")?;
    let height: Option<u32> = row.get("height")?;
    Ok(Medium {
        id: MediaId::from_stored(row.get::<_, String>("id")?),
        file: row.get("file")?,
        name: row.get("name")?,
        mime: row.get("mime")?,
        bytes: row.get("bytes")?,
        size: width.zip(height),
        sha256: row.get("sha256")?,
        alt: row.get("alt")?,
    })
}

impl Reads<'_> {
    /// A post by its id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn post(&self, id: &PostId) -> Result<Post, StoreError> {
        self.one("SELECT * FROM post WHERE id = ?1", [id.as_str()], post)?
            .ok_or_else(|| StoreError::NotFound(format!("post {id}")))
    }

    /// The media of a post in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn media_of(&self, id: &PostId) -> Result<Vec<Medium>, StoreError> {
        self.all(
            "SELECT * FROM media WHERE post_id = ?1 ORDER BY position",
            [id.as_str()],
            medium,
        )
    }

    /// The drafts of a workspace, the one changed last in front: posts with an
    /// unscheduled delivery, and posts that go nowhere yet. The latter are
    /// looked for among the newest `looked_at` posts of the hub.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn drafts_of(
        &self,
        workspace: &WorkspaceId,
        looked_at: u32,
    ) -> Result<Vec<PostId>, StoreError> {
        self.all(
            "SELECT p.id FROM post p WHERE p.id IN (
               SELECT post_id FROM delivery WHERE workspace_id = ?1 AND state = 'draft'
               UNION
               SELECT n.id FROM (SELECT id, workspace_id FROM post ORDER BY id DESC LIMIT ?2) n
               WHERE n.workspace_id = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE post_id = n.id))
             ORDER BY coalesce(p.edited_at, p.created_at) DESC",
            (workspace.as_str(), looked_at),
            |row| Ok(PostId::from_stored(row.get::<_, String>(0)?)),
        )
    }

    /// Who changed a post last, and when; who wrote it while nobody did.
    ///
    /// # Errors
    /// When there is no such post.
    pub fn last_hand(&self, id: &PostId) -> Result<(OperatorId, UtcMs), StoreError> {
        self.one(
            "SELECT coalesce(edited_by, created_by), coalesce(edited_at, created_at) FROM post WHERE id = ?1",
            [id.as_str()],
            |row| {
                Ok((
                    OperatorId::from_stored(row.get::<_, String>(0)?),
                    UtcMs(row.get(1)?),
                ))
            },
        )?
        .ok_or_else(|| StoreError::NotFound(format!("post {id}")))
    }

    /// How many media a post has.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn media_count(&self, id: &PostId) -> Result<usize, StoreError> {
        Ok(self
            .value(
                "SELECT count(*) FROM media WHERE post_id = ?1",
                [id.as_str()],
            )?
            .unwrap_or(0))
    }

    /// Whether any post has this copy among its media.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn media_in_use(&self, file: &str) -> Result<bool, StoreError> {
        let uses: Option<i64> =
            self.value("SELECT 1 FROM media WHERE file = ?1 LIMIT 1", [file])?;
        Ok(uses.is_some())
    }

    /// Ids of posts or deliveries that begin with `prefix`, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn ids_beginning(
        &self,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<(String, WorkspaceId)>, StoreError> {
        let table = if prefix.starts_with(DeliveryId::PREFIX) {
            "delivery"
        } else {
            "post"
        };
        self.all(
            &format!("SELECT id, workspace_id FROM {table} WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT ?2"),
            (prefix, limit),
            |row| Ok((row.get(0)?, WorkspaceId::from_stored(row.get::<_, String>(1)?))),
        )
    }

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
    /// Adds a post.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn add_post(&self, new: &Post) -> Result<(), StoreError> {
        let options = serde_json::json!(new.options).to_string();
        self.run(
            "INSERT INTO post (id, workspace_id, text, created_by, created_at, options) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                new.id.as_str(),
                new.workspace_id.as_str(),
                &new.text,
                new.created_by.as_str(),
                new.created_at.0,
                options,
            ),
        )?;
        Ok(())
    }

    /// Replaces the media of a post.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_media(&self, post: &PostId, media: &[Medium]) -> Result<(), StoreError> {
        self.run("DELETE FROM media WHERE post_id = ?1", [post.as_str()])?;
        for (position, one) in media.iter().enumerate() {
            self.run(
                "INSERT INTO media (id, post_id, position, file, name, mime, bytes, width, height, sha256, alt)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                (
                    one.id.as_str(),
                    post.as_str(),
                    position,
                    &one.file,
                    &one.name,
                    &one.mime,
                    one.bytes,
                    one.size.map(|(width, _)| width),
                    one.size.map(|(_, height)| height),
                    &one.sha256,
                    &one.alt,
                ),
            )?;
        }
        Ok(())
    }

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

    /// Gives a post a new text.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_post_text(
        &self,
        id: &PostId,
        text: &str,
        by: &OperatorId,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE post SET text = ?2, edited_at = ?3, edited_by = ?4 WHERE id = ?1",
            (id.as_str(), text, now.0, by.as_str()),
        )?;
        Ok(())
    }

    /// Says what a draft says of its time.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_draft_time(&self, id: &PostId, time: &DraftTime) -> Result<(), StoreError> {
        self.run(
            "UPDATE post SET draft_when = ?2, draft_only_on_time = ?3 WHERE id = ?1",
            (id.as_str(), &time.when, time.only_on_time),
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

    /// Removes a post that goes nowhere.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn remove_untargeted(&self, id: &PostId) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM post WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE post_id = ?1)",
            [id.as_str()],
        )?;
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
