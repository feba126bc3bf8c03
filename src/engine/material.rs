//! What a send is made of: the facts, the tokens, the words and the media, read
//! in one transaction.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::facts::{self, Known};
use super::sessions::as_session;
use crate::domain::ids::{DeliveryId, LoginId};
use crate::domain::limits::ServerLimits;
use crate::networks::{MediaItem, Networked, Publish, ReplyTo, Session};
use crate::store::content::{Content, StoredMedia};
use crate::store::{Reads, StoreError};

/// The tokens a channel is reached with.
pub enum Tokens {
    /// There are none.
    None,
    /// They do not open.
    Sealed(LoginId),
    /// Opened.
    Open(Session),
}

/// Everything a send needs from the store.
pub struct Material {
    /// What is true of the delivery.
    pub known: Known,
    /// The tokens of its channel.
    pub tokens: Tokens,
    words: Words,
}

/// What is published, whoever publishes it.
struct Words {
    content: Content,
    limits: ServerLimits,
}

/// Reads it; `None` when this program does not know the network.
///
/// # Errors
/// When the store cannot be read.
pub async fn read(inner: &Arc<Inner>, id: &DeliveryId) -> Result<Option<Material>, StoreError> {
    let now = inner.now();
    let (timing, rules) = (inner.parts.timing.clone(), inner.parts.rules);
    let networks = Arc::clone(&inner.parts.networks);
    let id = id.clone();
    inner
        .parts
        .store
        .read(move |q| {
            let network = q.channel(&q.delivery(&id)?.channel_id)?.kind.network();
            let Some((networked, _)) = networks.get(network) else {
                return Ok(None);
            };
            let (class, alone) = {
                let descriptor = networked.descriptor();
                (descriptor.outcome, descriptor.lookup_needs_no_token)
            };
            let known = facts::read(q, &id, class, alone, &timing, &rules, now)?;
            Ok(Some(Material {
                tokens: tokens(q, known.channel.login_id.as_ref())?,
                words: words(q, &known)?,
                known,
            }))
        })
        .await
}

fn tokens(q: &Reads<'_>, login: Option<&LoginId>) -> Result<Tokens, StoreError> {
    let Some(id) = login else {
        return Ok(Tokens::None);
    };
    let login = q.login(id)?;
    if login.generation == 0 {
        return Ok(Tokens::None);
    }
    match q.open_pair(id) {
        Ok(pair) => Ok(Tokens::Open(as_session(&login, pair))),
        Err(StoreError::Sealed(_)) => Ok(Tokens::Sealed(id.clone())),
        Err(error) => Err(error),
    }
}

fn words(q: &Reads<'_>, known: &Known) -> Result<Words, StoreError> {
    let channel = &known.channel;
    Ok(Words {
        content: q.content(&known.delivery)?,
        limits: q.server_limits(channel.kind.network(), &channel.server)?,
    })
}

impl Material {
    /// The publish with this key.
    pub fn publish(&self, inner: &Inner, key: &str) -> Publish {
        self.words.publish(inner, &self.known, key)
    }
}

impl Words {
    fn publish(&self, inner: &Inner, known: &Known, key: &str) -> Publish {
        let directory = &inner.parts.media;
        let content = self.content.clone();
        Publish {
            key: key.to_owned(),
            account: known.channel.remote_id.clone(),
            text: content.text,
            media: content
                .media
                .into_iter()
                .map(|one| item(directory, one))
                .collect(),
            options: content.options,
            limits: self.limits.clone(),
            reply_to: content
                .answers
                .map(|(root, parent)| ReplyTo { root, parent }),
            // A request that was frozen under another key is not this one.
            rendered: known
                .delivery
                .rendered
                .clone()
                .filter(|_| known.delivery.idem_key.as_deref() == Some(key)),
            now: inner.now(),
        }
    }
}

/// What a lookup needs: the same publish the send was made with.
///
/// # Errors
/// When the store cannot be read.
pub async fn sent_publish(inner: &Arc<Inner>, known: &Known) -> Result<Publish, StoreError> {
    let key = known
        .attempt
        .as_ref()
        .map(|attempt| attempt.idem_key.clone())
        .unwrap_or_default();
    let of = known.clone();
    let words = inner.parts.store.read(move |q| words(q, &of)).await?;
    Ok(words.publish(inner, known, &key))
}

/// The key of a delivery at its network: the one it has, or the one that follows
/// from its id and its time.
pub fn key_of(inner: &Inner, networked: &dyn Networked, known: &Known) -> String {
    let delivery = &known.delivery;
    let fresh_each_time = inner.parts.rules.new_key_per_attempt && delivery.ever_armed;
    match &delivery.idem_key {
        Some(key) if !fresh_each_time => key.clone(),
        _ => {
            let number = delivery.key_number
                + if fresh_each_time {
                    delivery.attempt_no
                } else {
                    0
                };
            // A key may carry the time: the parts of a thread keep their order.
            let after_first = u64::from(delivery.part_no.saturating_sub(1));
            let due = delivery.due.plus(Duration::from_millis(after_first));
            networked.key(delivery.id.as_str(), due, number)
        }
    }
}

fn item(directory: &Path, media: StoredMedia) -> MediaItem {
    MediaItem {
        path: directory.join(media.file),
        mime: media.mime,
        bytes: media.bytes,
        size: media.size,
        sha256: media.sha256,
        alt: media.alt,
    }
}
