//! Posts and their media, and what a delivery is before it is written.

mod deliveries;

use rusqlite::Row;

use super::error::StoreError;
use super::rows::{at, maybe_at};
use super::tx::{Reads, Tx};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, DeliveryId, MediaId, OperatorId, PostId, WorkspaceId};
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
}
