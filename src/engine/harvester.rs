//! Reading the posts, counts and comments of channels: hourly, and after
//! everything else. Nothing waits for a reading, and a server that has trouble
//! is left to posts and proofs.
//!
//! A reading that is refused breaks no channel: the lamp turns amber, posts go
//! on. Only a renewal of the login says more, and it is asked when an answer
//! sounds as if the login itself were gone.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::refresher::{self, Renewed, Wanted};
use super::{Inner, Place};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Channel, Evidence};
use crate::domain::ids::{ChannelId, LoginId};
use crate::domain::notice::Severity;
use crate::networks::reads::{
    Comment, Offer, Page, PostMetrics, Reading, RecentPost, about_the_login, refused,
};
use crate::networks::{Net, Networked, Refusal, Session};
use crate::store::notices::NewNotice;
use crate::store::reading::Failure;
use crate::store::{StoreError, Tx};
use crate::support::time::UtcMs;

/// Channels read at the same time, over all servers; of one server, one.
pub const AT_ONCE: usize = 4;
/// A channel whose post is due this soon is left to it.
const QUIET: Duration = Duration::from_secs(60);
/// A token that ends sooner than this is renewed before it is used.
const SPARE: Duration = Duration::from_secs(60);
/// How long a server is left alone after trouble, when it names no time.
pub const REST: Duration = Duration::from_secs(15 * 60);
/// No rest is shorter, whatever a server says.
const SHORTEST: Duration = Duration::from_secs(1);
/// What is refused is tried again after this many times the usual distance.
const REFUSED_AGAIN: u32 = 6;
/// How much of each is asked for.
const MOST: usize = 50;
/// Posts whose counts are kept up to date, the newest of the last 30 days.
const COUNTED: u32 = 100;
const COUNTED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// What is to be read now, and when the next reading follows.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Per channel, in the order they are due.
    pub now: Vec<Job>,
    /// The next instant something is to be read.
    pub next: Option<UtcMs>,
}

/// One channel that is to be read.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which.
    pub channel: ChannelId,
    /// Where it lives.
    pub place: Place,
    /// What is due.
    pub what: Vec<Reading>,
}

/// Plans the readings.
///
/// # Errors
/// When the store cannot be read.
pub async fn plan(inner: &Arc<Inner>) -> Result<Plan, StoreError> {
    let now = inner.now();
    let read = move |q: &crate::store::Reads<'_>| Ok((q.readings_due(now)?, q.next_reading(now)?));
    let (due, next) = inner.parts.store.read(read).await?;
    let mut jobs: Vec<Job> = Vec::new();
    let mut known: BTreeMap<ChannelId, usize> = BTreeMap::new();
    for one in due {
        if one.next_due.is_some_and(|at| at <= now.plus(QUIET)) {
            continue;
        }
        let at = *known.entry(one.channel.clone()).or_insert_with(|| {
            jobs.push(Job {
                channel: one.channel,
                place: (one.network, one.server),
                what: Vec::new(),
            });
            jobs.len() - 1
        });
        jobs[at].what.push(one.what);
    }
    Ok(Plan { now: jobs, next })
}

/// What reading a channel brought.
#[derive(Clone, Debug)]
pub enum Harvest {
    /// What was tried, and how many were read of each or why none was.
    Tried(Vec<(Reading, Result<usize, Refusal>)>),
    /// No call was made; why, in one sentence.
    NotNow(String),
}

/// Reads a channel and keeps what came.
///
/// # Errors
/// When the store fails.
pub async fn read(
    inner: &Arc<Inner>,
    id: &ChannelId,
    what: &[Reading],
) -> Result<Harvest, StoreError> {
    let wanted = id.clone();
    let channel = inner.parts.store.read(move |q| q.channel(&wanted)).await?;
    let not_now = |why: &str| Ok(Harvest::NotNow(format!("{} {why}", channel.name())));
    let Some(login) = channel.login_id.clone().filter(|_| channel.publishable) else {
        return not_now("cannot publish now, so nothing was read. Mend it first.");
    };
    let (networked, net) = inner.network(channel.kind.network())?;
    let mut reader = Reader {
        inner,
        channel: &channel,
        login,
        networked: &*networked,
        net,
        session: None,
        renewed: false,
        counted: HashSet::new(),
    };
    let next = inner.jittered(inner.parts.timing.harvest_every);
    let mut tried = Vec::new();
    // Posts bring their counts along, so that fewer are asked for after them.
    for one in Reading::ALL.iter().filter(|one| what.contains(one)) {
        if let Offer::NotHere(_) = networked.descriptor().reads.of(*one) {
            never(inner, id, *one).await?;
            continue;
        }
        let Some(brought) = reader.read(*one).await? else {
            later(inner, id, what).await?;
            return not_now("has no login that works now, so nothing was read. Mend it first.");
        };
        match brought {
            Ok(brought) => {
                let n = brought.len();
                keep(inner, id, brought, next).await?;
                tried.push((*one, Ok(n)));
            }
            Err(refusal) => {
                let go_on = refused(refusal.class);
                failed(inner, &channel, *one, &refusal, next).await?;
                tried.push((*one, Err(refusal)));
                if !go_on {
                    // Their trouble: what else was due waits with the server.
                    break;
                }
            }
        }
    }
    Ok(Harvest::Tried(tried))
}

/// What one reading brought.
enum Brought {
    Posts(Page<RecentPost>),
    Metrics(Vec<PostMetrics>),
    Comments(Page<Comment>),
}

impl Brought {
    fn len(&self) -> usize {
        match self {
            Self::Posts(page) => page.items.len(),
            Self::Metrics(posts) => posts.len(),
            Self::Comments(page) => page.items.len(),
        }
    }

    fn what(&self) -> Reading {
        match self {
            Self::Posts(_) => Reading::Posts,
            Self::Metrics(_) => Reading::Metrics,
            Self::Comments(_) => Reading::Comments,
        }
    }
}

/// Reads one channel with one session.
struct Reader<'a> {
    inner: &'a Arc<Inner>,
    channel: &'a Channel,
    login: LoginId,
    networked: &'a dyn Networked,
    net: Net,
    session: Option<Session>,
    /// Whether the login was renewed for it already: once is enough.
    renewed: bool,
    /// Posts that brought their counts.
    counted: HashSet<String>,
}

impl Reader<'_> {
    /// Reads one sort of thing; `None` when there is no login to read with.
    async fn read(
        &mut self,
        what: Reading,
    ) -> Result<Option<Result<Brought, Refusal>>, StoreError> {
        if self.session.is_none() && !self.open().await? {
            return Ok(None);
        }
        let first = self.call(what).await?;
        match first {
            Err(refusal) if about_the_login(refusal.class) && !self.renewed => {
                // The login's own proof decides what is wrong with it.
                self.renewed = true;
                match self.renew().await? {
                    Renewed::Good => {
                        self.session = refresher::session(self.inner, &self.login).await?;
                        self.call(what).await.map(Some)
                    }
                    Renewed::Broken(_) | Renewed::Gone => Ok(None),
                    Renewed::Unknown(trouble) => Ok(Some(Err(trouble))),
                }
            }
            other => Ok(Some(other)),
        }
    }

    /// Opens the tokens, after a renewal when they are about to end.
    async fn open(&mut self) -> Result<bool, StoreError> {
        let soon = self.inner.now().plus(SPARE);
        let token = &self.channel.token;
        if token.token_expires_at.is_some_and(|ends| ends <= soon) {
            self.renewed = true;
            if self.renew().await? != Renewed::Good {
                return Ok(false);
            }
        }
        self.session = refresher::session(self.inner, &self.login).await?;
        Ok(self.session.is_some())
    }

    async fn renew(&self) -> Result<Renewed, StoreError> {
        let seen = Some(self.channel.token.generation);
        refresher::renew(self.inner, &self.login, seen, Wanted::Proof).await
    }

    async fn call(&mut self, what: Reading) -> Result<Result<Brought, Refusal>, StoreError> {
        let ids = match what {
            Reading::Metrics => self.uncounted().await?,
            Reading::Posts | Reading::Comments => Vec::new(),
        };
        let Some(session) = &self.session else {
            return Err(StoreError::NotFound(format!("login {}", self.login)));
        };
        let (net, account) = (&self.net, self.channel.remote_id.as_str());
        Ok(match what {
            Reading::Posts => {
                let posts = self.networked.recent_posts(net, session, account, MOST);
                let page = posts.await;
                if let Ok(page) = &page {
                    let with_counts = page.items.iter().filter(|one| !one.counts.is_empty());
                    self.counted = with_counts.map(|one| one.id.clone()).collect();
                }
                page.map(Brought::Posts)
            }
            Reading::Metrics if ids.is_empty() => Ok(Brought::Metrics(Vec::new())),
            Reading::Metrics => {
                let metrics = self.networked.metrics(net, session, account, &ids);
                metrics.await.map(Brought::Metrics)
            }
            Reading::Comments => {
                let comments = self.networked.comments(net, session, account, MOST);
                comments.await.map(Brought::Comments)
            }
        })
    }

    /// Posts whose counts did not come along with them.
    async fn uncounted(&self) -> Result<Vec<String>, StoreError> {
        let (id, since) = (self.channel.id.clone(), self.inner.now().minus(COUNTED_FOR));
        let store = &self.inner.parts.store;
        let mut ids = store
            .read(move |q| q.posts_to_count(&id, since, COUNTED))
            .await?;
        ids.retain(|id| !self.counted.contains(id));
        Ok(ids)
    }
}

/// Without a login that works nothing is read for a while.
async fn later(inner: &Arc<Inner>, id: &ChannelId, what: &[Reading]) -> Result<(), StoreError> {
    let (id, what) = (id.clone(), what.to_vec());
    let next = inner.now().plus(inner.jittered(REST));
    let store = &inner.parts.store;
    let plan = move |tx: &Tx<'_>| {
        what.iter()
            .try_for_each(|one| tx.plan_reading(&id, *one, Some(next)))
    };
    store.write(plan).await
}

async fn never(inner: &Arc<Inner>, id: &ChannelId, what: Reading) -> Result<(), StoreError> {
    let id = id.clone();
    let store = &inner.parts.store;
    store
        .write(move |tx| tx.plan_reading(&id, what, None))
        .await
}

/// Keeps what came, unless the channel was disconnected meanwhile.
async fn keep(
    inner: &Arc<Inner>,
    id: &ChannelId,
    brought: Brought,
    next: Duration,
) -> Result<(), StoreError> {
    let (id, now) = (id.clone(), inner.now());
    let write = move |tx: &Tx<'_>| {
        if tx.channel(&id)?.disconnected_at.is_some() {
            return Ok(());
        }
        let what = brought.what();
        match &brought {
            Brought::Posts(page) => tx.keep_posts(&id, &page.items, page.whole, now)?,
            Brought::Comments(page) => tx.keep_comments(&id, &page.items, page.whole, now)?,
            Brought::Metrics(posts) => {
                for post in posts {
                    tx.keep_counts(&id, &post.id, &post.counts, now)?;
                }
            }
        }
        if tx.reading_went_well(&id, what, now.plus(next), now)? {
            let text = format!("{} can be read again.", capital(what));
            tx.add_history(&id, "readable", &text, &Evidence::default(), None, now)?;
        }
        Ok(())
    };
    inner.parts.store.write(write).await
}

/// Notes why nothing came. A refusal is said once; trouble rests the server.
async fn failed(
    inner: &Arc<Inner>,
    channel: &Channel,
    what: Reading,
    refusal: &Refusal,
    next: Duration,
) -> Result<(), StoreError> {
    let now = inner.now();
    let is_refused = refused(refusal.class);
    let theirs = !is_refused && refusal.class != AnswerClass::AppFault;
    let rest = inner.jittered(refusal.retry_after.unwrap_or(REST).max(SHORTEST));
    let longest = next * REFUSED_AGAIN;
    let failure = Failure {
        at: now,
        refused: is_refused,
        class: refusal.class,
        evidence: refusal.evidence.clone(),
    };
    let (id, entropy) = (channel.id.clone(), inner.parts.entropy.clone());
    let write = move |tx: &Tx<'_>| {
        let channel = tx.channel(&id)?;
        if channel.disconnected_at.is_some() {
            return Ok(());
        }
        let pause = if theirs {
            // The longer it lasts, the rarer it is tried.
            let good = tx.standing(&id, what)?.and_then(|one| one.fetched_at);
            let lasted = now.since(good.unwrap_or(channel.connected_at));
            rest.max((lasted / 2).min(longest))
        } else if failure.refused {
            longest
        } else {
            next
        };
        let news = tx.reading_failed(&id, what, &failure, now.plus(pause))?;
        if theirs {
            tx.rest_readings(channel.kind.network(), &channel.server, now.plus(rest))?;
        }
        if !news {
            return Ok(());
        }
        let text = format!("{} cannot be read.", capital(what));
        tx.add_history(&id, "unreadable", &text, &failure.evidence, None, now)?;
        let said = failure.evidence.message.as_deref().unwrap_or("refused");
        let notice = NewNotice {
            workspace_id: Some(channel.workspace_id.clone()),
            channel_id: Some(id.clone()),
            kind: "reading_refused",
            text: format!(
                "{}: {} cannot be read, posts still go out: {said}",
                channel.name(),
                what.name()
            ),
            command: Some(format!("allgreen channel {} {id}", what.name())),
            ..NewNotice::default()
        };
        tx.add_notice(&notice, Severity::Attention, now, &entropy)?;
        Ok(())
    };
    inner.parts.store.write(write).await
}

/// Leaves a server alone that had trouble with something more important.
///
/// # Errors
/// When the store fails.
pub async fn rest(
    inner: &Arc<Inner>,
    channel: &Channel,
    pause: Option<Duration>,
) -> Result<(), StoreError> {
    let (now, pause) = (inner.now(), pause.unwrap_or(REST));
    let until = now.plus(pause);
    let (network, server) = (channel.kind.network(), channel.server.clone());
    {
        // Many posts may meet one outage; it is written down once in a while.
        let mut memory = inner.memory();
        let rested = memory
            .rested
            .entry((network, server.clone()))
            .or_insert(now);
        if *rested >= now.plus(pause / 2) && *rested > now {
            return Ok(());
        }
        *rested = until;
    }
    let store = &inner.parts.store;
    store
        .write(move |tx| tx.rest_readings(network, &server, until))
        .await
}

fn capital(what: Reading) -> &'static str {
    match what {
        Reading::Posts => "Posts",
        Reading::Metrics => "Metrics",
        Reading::Comments => "Comments",
    }
}
