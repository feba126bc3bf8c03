//! Refreshing and proving logins: one at a time per login, never aborted once
//! begun, the new pair committed before anything else.

use std::sync::Arc;
use std::time::Duration;

use super::facts::Known;
use super::prober::renewing;
use super::renewals::{judged, refused, renewed};
use super::sessions::as_session;
use super::{Inner, apps, limits, unsealed, weather};
use crate::domain::answer::AnswerClass;
use crate::domain::ids::LoginId;
use crate::domain::lamp::REFRESH_LIMIT;
use crate::domain::refresh::{AfterRefusal, RefreshDue, after_refusal, doubled, refresh_due};
use crate::domain::weather::Asked;
use crate::networks::{Descriptor, Net, Networked, Refusal, Renewal, Session};
use crate::store::logins::Login;
use crate::store::{StoreError, Tx};
use crate::support::fault;
use crate::support::time::UtcMs;

/// A token that ends sooner than this is refreshed before a call.
const SPARE: Duration = Duration::from_secs(60);

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

/// Whether a delivery's login may be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// It was proved not long ago and its token lives.
    AsItIs,
    /// It was renewed just now: what was read of it before is old.
    Renewed,
    /// Not now; what follows is planned.
    No,
}

/// Sees to it that the login of a delivery was proved not long ago, with a token
/// that lives.
pub async fn freshen(inner: &Arc<Inner>, known: &Known) -> Result<Fresh, StoreError> {
    let Some(login) = known.channel.login_id.clone() else {
        return Ok(Fresh::No);
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
    let descriptor = networked.descriptor();
    // Where only a refresh proves, giving up ends the proofs as well.
    let provable = descriptor.probe_is_free
        && !(descriptor.proof_is_refresh && token.refresh_failures >= REFRESH_LIMIT);
    let old = proof_is_old && provable;
    if !ends_soon && !old {
        return Ok(Fresh::AsItIs);
    }
    match renew(inner, &login, Some(token.generation), Wanted::Proof).await? {
        Renewed::Good => Ok(Fresh::Renewed),
        // A renewal that is counted, that our app may not make, or that is
        // one too many says nothing about the token that lives.
        Renewed::Unknown(refusal)
            if !ends_soon
                && matches!(
                    refusal.class,
                    AnswerClass::RateLimited | AnswerClass::AppFault | AnswerClass::Unclassified
                ) =>
        {
            Ok(Fresh::Renewed)
        }
        Renewed::Broken(_) | Renewed::Gone => Ok(Fresh::No),
        Renewed::Unknown(refusal) => {
            postpone(inner, known, &refusal).await?;
            Ok(Fresh::No)
        }
    }
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

/// Puts a delivery off: as long as the network asked for, or longer with each
/// time in a row.
async fn postpone(inner: &Arc<Inner>, known: &Known, refusal: &Refusal) -> Result<(), StoreError> {
    let id = known.delivery.id.clone();
    let pause = if let Some(named) = refusal.retry_after {
        inner.jittered_later(named)
    } else {
        let times = {
            let mut memory = inner.memory();
            let times = memory.failures.entry(id.clone()).or_insert(0);
            *times += 1;
            *times
        };
        let timing = &inner.parts.timing;
        inner.jittered(doubled(timing.send_retry, times, timing.send_retry_most))
    };
    let at = inner.now().plus(pause);
    // The login keeps every post of the channel: those behind it neither ask
    // again nor overtake it.
    let channel = known.channel.id.clone();
    inner.memory().parked.insert(channel, at);
    let store = &inner.parts.store;
    store.write(move |tx| tx.postpone(&id, at)).await
}

/// What the refusal of a post says of its network and of our app.
pub async fn post_refused(
    inner: &Arc<Inner>,
    login: &LoginId,
    refusal: &Refusal,
) -> Result<(), StoreError> {
    let id = login.clone();
    let login = inner.parts.store.read(move |q| q.login(&id)).await?;
    said(inner, &login, Asked::Post, Some(refusal)).await
}

async fn said(
    inner: &Arc<Inner>,
    login: &Login,
    asked: Asked,
    refusal: Option<&Refusal>,
) -> Result<(), StoreError> {
    if let Some(refusal) = refusal {
        weather::refused(inner, login, asked, refusal).await?;
        apps::refused(inner, login, asked, refusal).await
    } else {
        weather::answered(inner, login, asked).await?;
        apps::worked(inner, login, asked).await
    }
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
    let Some(cause) = refusal.cause() else {
        return Ok(());
    };
    let for_good = match &renewed {
        Renewed::Broken(_) | Renewed::Gone => return Ok(()),
        Renewed::Good => false,
        // Given up, and now a call is refused: nothing will say more.
        Renewed::Unknown(trouble) if given_up(inner, &login, trouble).await? => true,
        // Nobody could say whether the refusal stands. The delivery waits for
        // that, or it would be refused again at once, and again.
        Renewed::Unknown(trouble) => return postpone(inner, known, trouble).await,
    };
    let (id, evidence) = (known.channel.id.clone(), refusal.evidence.clone());
    let (epoch, now, entropy) = (
        known.channel.epoch,
        inner.now(),
        inner.parts.entropy.clone(),
    );
    let store = &inner.parts.store;
    let judge = move |tx: &Tx<'_>| {
        // Somebody logged in meanwhile: the refusal was of the old pair.
        if tx.channel(&id)?.epoch != epoch {
            return Ok(());
        }
        if !tx.post_refused(&id)? && !for_good {
            return Ok(());
        }
        tx.break_channel(&id, cause, &evidence, now, &entropy)?;
        if !cause.heals_by_itself() {
            tx.plan_probe(&id, None)?;
        }
        Ok(())
    };
    store.write(judge).await
}

/// Whether this refusal, which is one that counts, came after the third.
async fn given_up(
    inner: &Arc<Inner>,
    login: &LoginId,
    refusal: &Refusal,
) -> Result<bool, StoreError> {
    let id = login.clone();
    let login = inner.parts.store.read(move |q| q.login(&id)).await?;
    Ok(refusal.class.meaning().counted && login.token.refresh_failures >= REFRESH_LIMIT)
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
    let mut confirmed = false;
    let made = loop {
        let (mut renewal, refreshed) =
            call(inner, &*networked, &net, &session, &login, wanted).await?;
        super::rescue::name_the_true_reason(&login, &mut renewal);
        let Renewal::Refused(refusal) = renewal else {
            // A proof alone says nothing of the app that is to renew it.
            if refreshed || session.tokens.refresh.is_none() {
                said(inner, &login, Asked::Login, None).await?;
            } else {
                weather::answered(inner, &login, Asked::Login).await?;
            }
            break renewal;
        };
        let now = inner.now();
        let standing = standing(&login, &refusal, confirmed, inner.clock_suspect(), now);
        let after = after_refusal(&standing, &inner.parts.timing, now);
        if let AfterRefusal::Confirm { retry_at } = after {
            // One confirming retry before anything turns red.
            inner.parts.clock.sleep_until(retry_at).await;
            confirmed = true;
            continue;
        }
        said(inner, &login, Asked::Login, Some(&refusal)).await?;
        return refused(inner, &login, refusal, after).await;
    };
    let ended = match made {
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
        Renewal::Refused(refusal) => Ok(Renewed::Unknown(refusal)),
    }?;
    if ended == Renewed::Good {
        limits::keep(inner, &login, &*networked, &net, &session).await?;
    }
    Ok(ended)
}

/// Makes the call; whether it was a refresh.
async fn call(
    inner: &Arc<Inner>,
    networked: &dyn Networked,
    net: &Net,
    session: &Session,
    login: &Login,
    wanted: Wanted,
) -> Result<(Renewal, bool), StoreError> {
    let (id, generation, now) = (login.id.clone(), login.generation, inner.now());
    let store = &inner.parts.store;
    let refreshes = refreshes(networked.descriptor(), session, login, wanted, now);
    store
        .write(move |tx| {
            tx.begin_refresh(&id, generation, now)?;
            if refreshes {
                tx.refresh_leaves(&id, now)?;
            }
            Ok(())
        })
        .await?;
    if refreshes {
        // What comes back must have a place to go, whatever the disk says.
        store.ready_rescue().await?;
        return Ok((networked.refresh(net, session).await, true));
    }
    let id = login.id.clone();
    let channels = store.read(move |q| q.channels_of_login(&id)).await?;
    let accounts: Vec<String> = channels.into_iter().map(|one| one.remote_id).collect();
    Ok((networked.probe(net, session, &accounts).await, false))
}

/// Whether this is done by a refresh: on networks where nothing else tells the
/// truth, when one of the two clocks says so, when the access token is about to
/// end under a call, and when somebody wants it.
fn refreshes(
    descriptor: &Descriptor,
    session: &Session,
    login: &Login,
    wanted: Wanted,
    now: UtcMs,
) -> bool {
    if descriptor.proof_is_refresh {
        return true;
    }
    if session.tokens.refresh.is_none() {
        return false;
    }
    let ends = session.tokens.access_ends.at;
    let renewing = renewing(
        descriptor,
        &login.id,
        &login.method,
        true,
        login.token_issued_at,
        login.next_refresh_at,
    );
    wanted != Wanted::Proof
        || ends.is_some_and(|at| at <= now.plus(SPARE))
        || refresh_due(&login.token, &renewing, now) == RefreshDue::Now
}

/// What is known around a refused renewal.
fn standing(
    login: &Login,
    refusal: &Refusal,
    confirmed: bool,
    clock_suspect: bool,
    now: UtcMs,
) -> crate::domain::refresh::Refusal {
    crate::domain::refresh::Refusal {
        class: refusal.class,
        cause: refusal.cause,
        retry_after: refusal.retry_after,
        confirmed: confirmed || refusal.confirmed,
        clock_suspect,
        failures: login.token.refresh_failures,
        last_counted_at: login.last_counted_at,
        transient_tries: login.transient_tries,
        token_lives: login.token.token_expires_at.is_none_or(|end| end > now),
    }
}
