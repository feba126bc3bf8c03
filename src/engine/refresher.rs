//! Refreshing and proving logins: one at a time per login, never aborted once
//! begun, the new pair committed before anything else.

use std::sync::Arc;
use std::time::Duration;

use super::facts::Known;
use super::renewals::{judged, refused, renewed};
use super::sessions::as_session;
use super::{Inner, limits, unsealed};
use crate::domain::answer::AnswerClass;
use crate::domain::ids::LoginId;
use crate::networks::{Net, Networked, Refusal, Renewal, Session};
use crate::store::StoreError;
use crate::store::logins::Login;
use crate::support::fault;
use crate::support::time::UtcMs;

/// A token that ends sooner than this is refreshed before a call.
const SPARE: Duration = Duration::from_secs(60);
/// A refresh token is used when the access token ends sooner than this: before
/// the next hourly proof would find it ended.
const AHEAD: Duration = Duration::from_secs(10 * 60);

/// How a renewal ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The tokens are proved, every channel of the login may publish.
    Good,
    /// The network says clearly that the channels may not publish now.
    Broken(Refusal),
    /// Nothing is known: their trouble, or something nobody can read.
    Unknown(Refusal),
    /// The login was disconnected or replaced meanwhile.
    Gone,
}

/// What a renewal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To know that the login works: whatever proves it.
    Proof,
    /// A new pair, where there is something to get it with. One that was made
    /// since then, or a moment before, is it: ten who ask at once get one.
    NewPair {
        /// When it was asked for.
        asked_at: UtcMs,
    },
}

/// A session that may send for a delivery now: proved not long ago, with a
/// token that lives. `None` when it cannot be had now; what follows is planned.
pub async fn ready_session(
    inner: &Arc<Inner>,
    known: &Known,
) -> Result<Option<Session>, StoreError> {
    let Some(login) = known.channel.login_id.clone() else {
        return Ok(None);
    };
    let (networked, _) = inner.network(known.channel.kind.network())?;
    let now = inner.now();
    let proof_is_old = known
        .channel
        .last_proof_at
        .is_none_or(|at| now.since(at) > inner.parts.timing.proof_before_due);
    let token = &known.channel.token;
    let ends_soon = token
        .token_expires_at
        .is_some_and(|ends| ends <= now.plus(SPARE));
    if ends_soon || (proof_is_old && networked.descriptor().probe_is_free) {
        match renew(inner, &login, Some(token.generation), Wanted::Proof).await? {
            Renewed::Good => {}
            // Too many refreshes say nothing about the token that lives.
            Renewed::Unknown(refusal)
                if refusal.class == AnswerClass::RateLimited && !ends_soon => {}
            Renewed::Broken(_) | Renewed::Gone => return Ok(None),
            Renewed::Unknown(refusal) => {
                postpone(inner, known, &refusal).await?;
                return Ok(None);
            }
        }
    }
    session(inner, &login).await
}

/// The current tokens of a login, opened; `None` when it has none, or none that
/// open.
pub async fn session(inner: &Arc<Inner>, login: &LoginId) -> Result<Option<Session>, StoreError> {
    let id = login.clone();
    let read = inner.parts.store.read(move |q| {
        let login = q.login(&id)?;
        if login.generation == 0 {
            Ok(None)
        } else {
            Ok(Some((q.open_pair(&id)?, login)))
        }
    });
    match read.await {
        Ok(found) => Ok(found.map(|(pair, login)| as_session(&login, pair))),
        Err(StoreError::Sealed(_)) => {
            unsealed::hold(inner, login).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn postpone(inner: &Arc<Inner>, known: &Known, refusal: &Refusal) -> Result<(), StoreError> {
    let pause = refusal.retry_after.unwrap_or(inner.parts.timing.send_retry);
    let at = inner.now().plus(inner.jittered(pause));
    let id = known.delivery.id.clone();
    inner
        .parts
        .store
        .write(move |tx| tx.postpone(&id, at))
        .await
}

/// What a refused write means for the login: one renewal decides. A refusal
/// that outlives a good renewal breaks the channel the second time.
pub async fn after_refused_write(
    inner: &Arc<Inner>,
    known: &Known,
    refusal: &Refusal,
) -> Result<(), StoreError> {
    let Some(login) = known.channel.login_id.clone() else {
        return Ok(());
    };
    let generation = Some(known.channel.token.generation);
    let renewed = renew(inner, &login, generation, Wanted::Proof).await?;
    let seen = {
        let mut memory = inner.memory();
        let seen = memory.refused.entry(known.channel.id.clone()).or_insert(0);
        *seen += 1;
        *seen
    };
    if let Renewed::Unknown(trouble) = &renewed {
        // Nobody could say whether the refusal stands. The delivery waits for
        // that, or it would be refused again at once, and again.
        return postpone(inner, known, trouble).await;
    }
    let Some(cause) = refusal.cause() else {
        return Ok(());
    };
    if renewed == Renewed::Good && seen >= 2 {
        let (id, evidence) = (known.channel.id.clone(), refusal.evidence.clone());
        let (epoch, now, entropy) = (
            known.channel.epoch,
            inner.now(),
            inner.parts.entropy.clone(),
        );
        inner
            .parts
            .store
            .write(move |tx| {
                // Somebody logged in meanwhile: the refusal was of the old pair.
                if tx.channel(&id)?.epoch != epoch {
                    return Ok(());
                }
                tx.break_channel(&id, cause, &evidence, now, &entropy)?;
                if !cause.heals_by_itself() {
                    // The refresh goes on working, so a probe would only turn
                    // green what refuses every post.
                    tx.plan_probe(&id, None)?;
                }
                Ok(())
            })
            .await?;
        // After a reconnect one refresh and one retry decide again.
        inner.memory().refused.remove(&known.channel.id);
    }
    Ok(())
}

/// Renews a login: a new pair, or a proof, or a clear refusal. Single-flight;
/// who waited while another did it takes that result. `seen` is the generation
/// the caller knows; a newer one means the work is done.
pub async fn renew(
    inner: &Arc<Inner>,
    login: &LoginId,
    seen: Option<i64>,
    wanted: Wanted,
) -> Result<Renewed, StoreError> {
    let lock = inner.login_lock(login);
    let inner = Arc::clone(inner);
    let login = login.clone();
    // A task of its own: once a refresh is on the wire nothing may abort it,
    // or a rotated token would be lost.
    let task = tokio::spawn(async move {
        let _one_at_a_time = lock.lock().await;
        renew_alone(&inner, &login, seen, wanted).await
    });
    task.await.unwrap_or(Err(StoreError::Closed))
}

async fn renew_alone(
    inner: &Arc<Inner>,
    id: &LoginId,
    seen: Option<i64>,
    wanted: Wanted,
) -> Result<Renewed, StoreError> {
    let login_id = id.clone();
    let login = inner.parts.store.read(move |q| q.login(&login_id)).await?;
    if login.generation == 0 {
        return Ok(Renewed::Gone);
    }
    if seen.is_some_and(|seen| login.generation > seen) {
        return Ok(Renewed::Good);
    }
    if let Wanted::NewPair { asked_at } = wanted {
        let spacing = inner.parts.timing.refresh_spacing;
        let fresh = |made: UtcMs| made >= asked_at || made.plus(spacing) > inner.now();
        if login.token_issued_at.is_some_and(fresh) {
            return Ok(Renewed::Good);
        }
    }
    let Some(session) = session(inner, id).await? else {
        return Ok(Renewed::Gone);
    };
    let (networked, net) = inner.network(login.network)?;
    let mut last = call(inner, &*networked, &net, &session, &login, wanted).await?;
    super::rescue::name_the_true_reason(&login, &mut last);
    if let Renewal::Refused(refusal) = &last
        && refusal.cause().is_some()
        && !refusal.confirmed
    {
        // One confirming retry before anything turns red.
        inner
            .parts
            .clock
            .sleep(inner.parts.timing.refused_retry)
            .await;
        last = call(inner, &*networked, &net, &session, &login, wanted).await?;
    }
    if !matches!(last, Renewal::Refused(_)) {
        // The back-off of the next trouble begins anew.
        inner.memory().refused_logins.remove(id);
    }
    let ended = match last {
        Renewal::Renewed {
            tokens,
            server,
            account,
            healed,
            blocked,
        } => {
            fault::point("refresh.answered");
            renewed(
                inner,
                &login,
                tokens,
                server,
                account,
                healed,
                blocked,
                &*networked,
                &net,
            )
            .await
        }
        Renewal::Proved { checked } => judged(inner, &login, checked).await,
        Renewal::Refused(refusal) => refused(inner, &login, refusal).await,
    }?;
    if ended == Renewed::Good {
        limits::keep(inner, &login, &*networked, &net, &session).await?;
    }
    Ok(ended)
}

async fn call(
    inner: &Arc<Inner>,
    networked: &dyn Networked,
    net: &Net,
    session: &Session,
    login: &Login,
    wanted: Wanted,
) -> Result<Renewal, StoreError> {
    let (id, generation, now) = (login.id.clone(), login.generation, inner.now());
    let refreshes = refreshes(networked, session, wanted, now);
    let begun = inner.parts.store.write(move |tx| {
        tx.begin_refresh(&id, generation, now)?;
        if refreshes {
            tx.refresh_leaves(&id, now)?;
        }
        Ok(())
    });
    match begun.await {
        Ok(()) if refreshes => {
            // What comes back must have a place to go, whatever the disk says.
            inner.parts.store.ready_rescue().await?;
            Ok(networked.refresh(net, session).await)
        }
        Ok(()) => {
            let id = login.id.clone();
            let channels = inner
                .parts
                .store
                .read(move |q| q.channels_of_login(&id))
                .await?;
            let accounts: Vec<String> = channels.into_iter().map(|one| one.remote_id).collect();
            Ok(networked.probe(net, session, &accounts).await)
        }
        Err(error) => Err(error),
    }
}

/// Whether this is done by a refresh: on networks where nothing else tells the
/// truth, where the access token is about to end, and when somebody wants it.
fn refreshes(networked: &dyn Networked, session: &Session, wanted: Wanted, now: UtcMs) -> bool {
    let tokens = &session.tokens;
    let ends_soon = tokens
        .access_ends
        .at
        .is_some_and(|at| at <= now.plus(AHEAD));
    let asked = wanted != Wanted::Proof;
    networked.descriptor().proof_is_refresh || (tokens.refresh.is_some() && (ends_soon || asked))
}
