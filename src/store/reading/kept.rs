//! Posts, counts and comments as they were read last.

use std::collections::{BTreeMap, HashSet};

use super::super::error::StoreError;
use super::super::rows::{at, listed};
use super::super::tx::{Reads, Tx};
use crate::domain::ids::ChannelId;
use crate::domain::reading::{Comment, CommentKind, Count, Counts, RecentPost};
use crate::support::time::UtcMs;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// A post as it was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedPost {
    /// The post with its newest counts.
    pub post: RecentPost,
    /// When it was read.
    pub fetched_at: UtcMs,
}

impl Reads<'_> {
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
}
