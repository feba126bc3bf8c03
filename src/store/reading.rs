//! What was read of channels, and when each is read next.

use std::collections::BTreeMap;
use std::collections::HashSet;

use super::error::StoreError;
use super::rows::{at, listed, maybe_at, maybe_listed};
use super::tx::{Reads, Tx};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;
use crate::domain::ids::ChannelId;
use crate::domain::network::{ChannelKind, Network};
use crate::domain::reading::{Comment, CommentKind, Count, Counts, Reading, RecentPost};
use crate::support::time::UtcMs;

/// Readings that are looked at in one turn.
const AT_ONCE: u32 = 1_000;
/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// How reading one sort of thing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is read.
    pub what: Reading,
    /// The last reading that went well.
    pub fetched_at: Option<UtcMs>,
    /// What kept the readings since then from it.
    pub failure: Option<Failure>,
}

/// Why a reading brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When it was tried last.
    pub at: UtcMs,
    /// Whether it was refused, rather than kept away by the network's trouble.
    pub refused: bool,
    /// What sort of answer it was.
    pub class: AnswerClass,
    /// What was seen.
    pub evidence: Evidence,
}

/// A reading that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Of which channel.
    pub channel: ChannelId,
    /// Its network.
    pub network: Network,
    /// Base URL of its server.
    pub server: String,
    /// What is read.
    pub what: Reading,
    /// When the channel's next post goes out, past instants included; `None`
    /// while it is paused.
    pub next_due: Option<UtcMs>,
}

/// A post as it was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedPost {
    /// The post with its newest counts.
    pub post: RecentPost,
    /// When it was read.
    pub fetched_at: UtcMs,
}

/// The part of `reading JOIN channel` that may be read at all: there is no
/// call for a channel that cannot publish.
const READABLE: &str =
    "FROM reading r JOIN channel c ON c.id = r.channel_id JOIN login l ON l.id = c.login_id
  WHERE c.publishable = 1 AND l.generation > 0";

impl Reads<'_> {
    /// Readings that are due, the longest overdue first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn readings_due(&self, now: UtcMs) -> Result<Vec<Due>, StoreError> {
        self.all(
            &format!(
                "SELECT r.channel_id, r.what, c.kind AS kind, c.server,
                   CASE WHEN c.paused_at IS NULL THEN
                     (SELECT min(d.due) FROM delivery d WHERE d.channel_id = c.id AND d.state = 'scheduled') END AS next_due
                 {READABLE} AND r.next_at <= ?1 ORDER BY r.next_at, r.channel_id LIMIT ?2"
            ),
            (now.0, AT_ONCE),
            |row| {
                Ok(Due {
                    channel: ChannelId::from_stored(row.get::<_, String>("channel_id")?),
                    network: listed(row, "kind", ChannelKind::parse)?.network(),
                    server: row.get("server")?,
                    what: listed(row, "what", Reading::parse)?,
                    next_due: maybe_at(row, "next_due")?,
                })
            },
        )
    }

    /// When the next reading after `now` is due.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_reading(&self, now: UtcMs) -> Result<Option<UtcMs>, StoreError> {
        Ok(self
            .value(
                &format!(
                    "SELECT r.next_at {READABLE} AND r.next_at > ?1 ORDER BY r.next_at LIMIT 1"
                ),
                [now.0],
            )?
            .map(UtcMs))
    }

    /// What networks refuse to be read, and what sort of answer that was: of one
    /// channel, or of all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn refused_readings(
        &self,
        channel: Option<&ChannelId>,
    ) -> Result<Vec<(ChannelId, Reading, AnswerClass)>, StoreError> {
        let refused = |row: &rusqlite::Row<'_>| {
            Ok((
                ChannelId::from_stored(row.get::<_, String>("channel_id")?),
                listed(row, "what", Reading::parse)?,
                listed(row, "class", AnswerClass::parse)?,
            ))
        };
        let those = "refused = 1 AND class IS NOT NULL AND failed_at IS NOT NULL";
        match channel {
            Some(id) => self.all(
                &format!("SELECT * FROM reading WHERE channel_id = ?1 AND {those}"),
                [id.as_str()],
                refused,
            ),
            None => self.all(&format!("SELECT * FROM reading WHERE {those}"), [], refused),
        }
    }

    /// How the readings of a channel stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standings(&self, channel: &ChannelId) -> Result<Vec<Standing>, StoreError> {
        self.all(
            "SELECT * FROM reading WHERE channel_id = ?1",
            [channel.as_str()],
            |row| {
                let class = maybe_listed(row, "class", AnswerClass::parse)?;
                let failed_at = maybe_at(row, "failed_at")?;
                let failure = match (class, failed_at) {
                    (Some(class), Some(at)) => Some(Failure {
                        at,
                        refused: row.get("refused")?,
                        class,
                        evidence: Evidence {
                            http_status: row.get("http_status")?,
                            network_code: row.get("network_code")?,
                            message: row.get("message")?,
                            seen_by: row.get("seen_by")?,
                        },
                    }),
                    _ => None,
                };
                Ok(Standing {
                    what: listed(row, "what", Reading::parse)?,
                    fetched_at: maybe_at(row, "fetched_at")?,
                    failure,
                })
            },
        )
    }

    /// How one sort of reading of a channel stands.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standing(
        &self,
        channel: &ChannelId,
        what: Reading,
    ) -> Result<Option<Standing>, StoreError> {
        let mut all = self.standings(channel)?.into_iter();
        Ok(all.find(|one| one.what == what))
    }

    /// The posts of a channel as they were read last, newest first, each with
    /// its newest counts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn recent_posts(
        &self,
        channel: &ChannelId,
        limit: u32,
    ) -> Result<Vec<CachedPost>, StoreError> {
        let mut counts = self.newest_counts(channel)?;
        let posts = self.all(
            "SELECT * FROM recent_post WHERE channel_id = ?1 ORDER BY created_at DESC, remote_id DESC LIMIT ?2",
            (channel.as_str(), limit),
            |row| {
                Ok(CachedPost {
                    post: RecentPost {
                        id: row.get("remote_id")?,
                        text: row.get("text")?,
                        permalink: row.get("permalink")?,
                        at: at(row, "created_at")?,
                        counts: Counts::new(),
                    },
                    fetched_at: at(row, "fetched_at")?,
                })
            },
        )?;
        let with_counts = posts.into_iter().map(|mut one| {
            one.post.counts = counts.remove(&one.post.id).unwrap_or_default();
            one
        });
        Ok(with_counts.collect())
    }

    /// The newest counts of every post of a channel, by the post's id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn newest_counts(
        &self,
        channel: &ChannelId,
    ) -> Result<BTreeMap<String, Counts>, StoreError> {
        let rows = self.all(
            "SELECT remote_id, name, value, max(fetched_at) FROM metric WHERE channel_id = ?1 GROUP BY remote_id, name",
            [channel.as_str()],
            |row| {
                Ok((
                    row.get::<_, String>("remote_id")?,
                    listed(row, "name", Count::parse)?,
                    row.get::<_, u64>("value")?,
                ))
            },
        )?;
        let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
        for (id, name, value) in rows {
            counts.entry(id).or_default().push((name, value));
        }
        for of_one in counts.values_mut() {
            of_one.sort_unstable();
        }
        Ok(counts)
    }

    /// Ids of the channel's posts made since then, those that went out from here
    /// among them; the newest, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn posts_to_count(
        &self,
        channel: &ChannelId,
        since: UtcMs,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        self.all(
            "SELECT remote_id, max(at) AS at FROM (
               SELECT remote_id, created_at AS at FROM recent_post WHERE channel_id = ?1
               UNION ALL SELECT remote_id, published_at FROM delivery
                 WHERE channel_id = ?1 AND state = 'published' AND remote_id IS NOT NULL)
             WHERE at >= ?2 GROUP BY remote_id ORDER BY at DESC LIMIT ?3",
            (channel.as_str(), since.0, limit),
            |row| Ok(row.get("remote_id")?),
        )
    }

    /// The comments of a channel, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn comments(&self, channel: &ChannelId, limit: u32) -> Result<Vec<Comment>, StoreError> {
        self.all(
            "SELECT * FROM comment WHERE channel_id = ?1 ORDER BY created_at DESC, remote_id DESC LIMIT ?2",
            (channel.as_str(), limit),
            |row| {
                Ok(Comment {
                    id: row.get("remote_id")?,
                    kind: listed(row, "kind", CommentKind::parse)?,
                    post: row.get("post_id")?,
                    author: row.get("author")?,
                    text: row.get("text")?,
                    permalink: row.get("permalink")?,
                    at: at(row, "created_at")?,
                })
            },
        )
    }
}

impl Tx<'_> {
    /// Takes over the posts of one page; those the page shows to be gone are
    /// removed. `whole` says that the page holds all there are.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_posts(
        &self,
        channel: &ChannelId,
        posts: &[RecentPost],
        whole: bool,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        let ids = posts.iter().map(|post| post.id.as_str()).collect();
        let oldest = posts.iter().map(|post| post.at).min();
        self.remove_gone(channel, "recent_post", &ids, oldest, whole)?;
        for post in posts {
            self.run(
                "INSERT INTO recent_post (channel_id, remote_id, text, permalink, created_at, fetched_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET text = excluded.text,
                   permalink = excluded.permalink, created_at = excluded.created_at, fetched_at = excluded.fetched_at",
                (channel.as_str(), &post.id, &post.text, &post.permalink, post.at.0, now.0),
            )?;
            self.keep_counts(channel, &post.id, &post.counts, now)?;
        }
        Ok(())
    }

    /// Takes over the counts of a post: one row per count and day, and none for
    /// a day on which nothing changed.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_counts(
        &self,
        channel: &ChannelId,
        post: &str,
        counts: &Counts,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        let midnight = now.0 - now.0.rem_euclid(DAY);
        for (name, value) in counts {
            let of = (channel.as_str(), post, name.name());
            let last: Option<u64> = self.value(
                "SELECT value FROM metric WHERE channel_id = ?1 AND remote_id = ?2 AND name = ?3 ORDER BY fetched_at DESC LIMIT 1",
                of,
            )?;
            if last == Some(*value) {
                continue;
            }
            self.run(
                "DELETE FROM metric WHERE channel_id = ?1 AND remote_id = ?2 AND name = ?3 AND fetched_at >= ?4",
                (of.0, of.1, of.2, midnight),
            )?;
            self.run(
                "INSERT INTO metric (channel_id, remote_id, name, value, fetched_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                (of.0, of.1, of.2, *value, now.0),
            )?;
        }
        Ok(())
    }

    /// Takes over the comments of one page, as [`Tx::keep_posts`] does posts.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_comments(
        &self,
        channel: &ChannelId,
        comments: &[Comment],
        whole: bool,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        let ids = comments.iter().map(|one| one.id.as_str()).collect();
        let oldest = comments.iter().map(|one| one.at).min();
        self.remove_gone(channel, "comment", &ids, oldest, whole)?;
        for one in comments {
            self.run(
                "INSERT INTO comment (channel_id, remote_id, kind, post_id, author, text, permalink, created_at, fetched_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET kind = excluded.kind,
                   post_id = excluded.post_id, author = excluded.author, text = excluded.text,
                   permalink = excluded.permalink, created_at = excluded.created_at, fetched_at = excluded.fetched_at",
                (
                    channel.as_str(),
                    &one.id,
                    one.kind.name(),
                    &one.post,
                    &one.author,
                    &one.text,
                    &one.permalink,
                    one.at.0,
                    now.0,
                ),
            )?;
        }
        Ok(())
    }

    /// Removes rows that a page would hold if they were still at the network.
    fn remove_gone(
        &self,
        channel: &ChannelId,
        table: &str,
        there: &HashSet<&str>,
        oldest: Option<UtcMs>,
        whole: bool,
    ) -> Result<(), StoreError> {
        let from = match (whole, oldest) {
            (true, _) => i64::MIN,
            (false, Some(oldest)) => oldest.0,
            (false, None) => return Ok(()),
        };
        let kept: Vec<String> = self.all(
            // What is as old as the oldest may have fallen off the page.
            &format!("SELECT remote_id FROM {table} WHERE channel_id = ?1 AND created_at > ?2"),
            (channel.as_str(), from),
            |row| Ok(row.get(0)?),
        )?;
        for id in kept.iter().filter(|id| !there.contains(id.as_str())) {
            self.run(
                &format!("DELETE FROM {table} WHERE channel_id = ?1 AND remote_id = ?2"),
                (channel.as_str(), id),
            )?;
        }
        Ok(())
    }

    /// Notes that a reading went well and when the next one is due; whether it
    /// had been refused before.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn reading_went_well(
        &self,
        channel: &ChannelId,
        what: Reading,
        next: UtcMs,
        now: UtcMs,
    ) -> Result<bool, StoreError> {
        let refused = self.is_refused(channel, what)?;
        self.run(
            "UPDATE reading SET next_at = ?3, fetched_at = ?4, failed_at = NULL, refused = 0, class = NULL,
               http_status = NULL, network_code = NULL, message = NULL, seen_by = NULL
             WHERE channel_id = ?1 AND what = ?2",
            (channel.as_str(), what.name(), next.0, now.0),
        )?;
        Ok(refused)
    }

    /// Notes why a reading brought nothing and when it is tried next; whether
    /// it is refused now and was not before.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn reading_failed(
        &self,
        channel: &ChannelId,
        what: Reading,
        failure: &Failure,
        next: UtcMs,
    ) -> Result<bool, StoreError> {
        let before = self.is_refused(channel, what)?;
        // An outage takes no refusal back: nobody said that it is lifted.
        if before && !failure.refused {
            self.plan_reading(channel, what, Some(next))?;
            return Ok(false);
        }
        let evidence = &failure.evidence;
        self.run(
            "UPDATE reading SET next_at = ?3, failed_at = ?4, refusals = refusals + (refused = 0 AND ?5),
               refused = ?5, class = ?6, http_status = ?7, network_code = ?8, message = ?9, seen_by = ?10 WHERE channel_id = ?1 AND what = ?2",
            (
                channel.as_str(),
                what.name(),
                next.0,
                failure.at.0,
                failure.refused,
                failure.class.name(),
                evidence.http_status,
                &evidence.network_code,
                &evidence.message,
                &evidence.seen_by,
            ),
        )?;
        Ok(failure.refused && !before)
    }

    fn is_refused(&self, channel: &ChannelId, what: Reading) -> Result<bool, StoreError> {
        let refused: Option<bool> = self.value(
            "SELECT refused FROM reading WHERE channel_id = ?1 AND what = ?2",
            (channel.as_str(), what.name()),
        )?;
        Ok(refused.unwrap_or(false))
    }

    /// Plans a reading; `None` is never.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn plan_reading(
        &self,
        channel: &ChannelId,
        what: Reading,
        next: Option<UtcMs>,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE reading SET next_at = ?3 WHERE channel_id = ?1 AND what = ?2",
            (channel.as_str(), what.name(), next.map(|at| at.0)),
        )?;
        Ok(())
    }

    /// Every planned reading of a channel is due now.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn read_soon(&self, channel: &ChannelId, now: UtcMs) -> Result<(), StoreError> {
        self.run(
            "UPDATE reading SET next_at = min(next_at, ?2) WHERE channel_id = ?1 AND next_at IS NOT NULL",
            (channel.as_str(), now.0),
        )?;
        Ok(())
    }

    /// Nothing is read from a server before `until`: it has trouble, and what
    /// it can do is for posts and proofs.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn rest_readings(
        &self,
        network: Network,
        server: &str,
        until: UtcMs,
    ) -> Result<(), StoreError> {
        for kind in ChannelKind::ALL
            .iter()
            .filter(|one| one.network() == network)
        {
            self.run(
                "UPDATE reading SET next_at = ?3 WHERE next_at < ?3
                   AND channel_id IN (SELECT id FROM channel WHERE kind = ?1 AND server = ?2)",
                (kind.name(), server, until.0),
            )?;
        }
        Ok(())
    }

    /// Forgets what was read of a channel, and that it is to be read.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn forget_readings(&self, channel: &ChannelId) -> Result<(), StoreError> {
        for table in ["metric", "comment", "recent_post", "reading"] {
            self.run(
                &format!("DELETE FROM {table} WHERE channel_id = ?1"),
                [channel.as_str()],
            )?;
        }
        Ok(())
    }

    /// Removes what was read before an instant and never again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) fn prune_readings(&self, before: UtcMs) -> Result<(), StoreError> {
        for table in ["metric", "comment", "recent_post"] {
            self.run(
                &format!("DELETE FROM {table} WHERE fetched_at < ?1"),
                [before.0],
            )?;
        }
        Ok(())
    }
}
