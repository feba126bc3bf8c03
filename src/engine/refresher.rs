//! Refreshing and proving logins: one at a time per login, never aborted once
//! begun, the new pair committed before anything else.

use std::sync::Arc;
use std::time::Duration;

use super::facts::Known;
use super::sessions::{as_session, pair};
use super::{Inner, limits};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Cause, Channel, Evidence};
use crate::domain::ids::LoginId;
use crate::domain::notice::Severity;
use crate::domain::refresh::given_up_and_ended;
use crate::networks::{Account, Checked, Net, Networked, Refusal, Renewal, Session, Tokens};
use crate::store::incidents::NewIncident;
use crate::store::logins::Login;
use crate::store::notices::NewNotice;
use crate::store::{StoreError, Tx};
use crate::support::fault;
use crate::support::time::UtcMs;

/// A token that ends sooner than this is refreshed before a call.
const SPARE: Duration = Duration::from_secs(60);
/// A refresh token is used when the access token ends sooner than this: before
/// the next hourly proof would find it ended.
const AHEAD: Duration = Duration::from_secs(10 * 60);
/// Counted failures after which refreshing is given up.
const GIVE_UP: u8 = 3;

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

/// The current tokens of a login, opened.
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
    Ok(read.await?.map(|(pair, login)| as_session(&login, pair)))
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
    match inner
        .parts
        .store
        .write(move |tx| tx.begin_refresh(&id, generation, now))
        .await
    {
        Ok(()) if refreshes(networked, session, wanted, now) => {
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

/// A proof that brought no new pair: every channel goes by what was said of its
/// own account.
async fn judged(
    inner: &Arc<Inner>,
    login: &Login,
    checked: Vec<Checked>,
) -> Result<Renewed, StoreError> {
    let now = inner.now();
    let next = now.plus(inner.jittered(inner.parts.timing.probe_every));
    let (id, generation) = (login.id.clone(), login.generation);
    let entropy = inner.parts.entropy.clone();
    let blocked: Vec<Refusal> = checked
        .iter()
        .filter_map(|one| one.blocked.clone())
        .collect();
    let all_blocked = !checked.is_empty() && blocked.len() == checked.len();
    let committed = inner
        .parts
        .store
        .write(move |tx| {
            tx.refresh_brought_nothing_new(&id, generation, now)?;
            for channel in tx.channels_of_login(&id)? {
                let said = checked
                    .iter()
                    .find(|one| one.remote_id == channel.remote_id);
                let Some(said) = said else { continue };
                match said
                    .blocked
                    .as_ref()
                    .and_then(|one| Some((one, one.cause()?)))
                {
                    Some((refusal, cause)) => {
                        tx.break_channel(&channel.id, cause, &refusal.evidence, now, &entropy)?;
                        tx.plan_probe(&channel.id, cause.heals_by_itself().then_some(next))?;
                    }
                    // Blocked for no reason a lamp knows: look again, prove nothing.
                    None if said.blocked.is_some() => tx.plan_probe(&channel.id, Some(next))?,
                    None => prove_one(tx, &channel, said.account.as_ref(), next, now, &entropy)?,
                }
            }
            Ok(())
        })
        .await;
    match committed {
        Ok(()) => {}
        Err(StoreError::Stale(_)) => return Ok(Renewed::Gone),
        Err(error) => return Err(error),
    }
    Ok(match blocked.into_iter().next() {
        Some(refusal) if all_blocked => Renewed::Broken(refusal),
        _ => Renewed::Good,
    })
}

#[allow(
    clippy::too_many_arguments,
    reason = "everything a new pair brings is committed at once"
)]
async fn renewed(
    inner: &Arc<Inner>,
    login: &Login,
    tokens: Tokens,
    server: String,
    account: Option<Account>,
    healed: Option<String>,
    blocked: Option<Refusal>,
    networked: &dyn Networked,
    net: &Net,
) -> Result<Renewed, StoreError> {
    let tokens = Arc::new(tokens);
    let mut pause = Duration::from_millis(200);
    loop {
        let now = inner.now();
        let next = now.plus(inner.jittered(inner.parts.timing.probe_every));
        let (login, tokens, server) = (login.clone(), Arc::clone(&tokens), server.clone());
        let (account, healed, seen) = (account.clone(), healed.clone(), blocked.clone());
        let entropy = inner.parts.entropy.clone();
        let committed = inner
            .parts
            .store
            .write(move |tx| {
                tx.seal_pair(&login.id, login.generation, &pair(&tokens), now)?;
                tx.forget_older(&login.id, login.generation)?;
                tx.move_login(&login.id, &server)?;
                match &seen {
                    Some(refusal) => break_all(tx, &login.id, refusal, next, now, &entropy)?,
                    None => proved(tx, &login.id, account.as_ref(), next, now, &entropy)?,
                }
                say_refreshed(tx, &login, healed.as_deref(), now, &entropy)
            })
            .await;
        match committed {
            Ok(()) => {
                return Ok(blocked.map_or(Renewed::Good, Renewed::Broken));
            }
            Err(StoreError::Stale(_)) => break,
            Err(error @ (StoreError::Io(_) | StoreError::Busy)) => {
                // A rotated pair exists only here now: keep trying.
                tracing::error!(%error, "a refreshed pair could not be stored yet");
                inner.parts.clock.sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(10));
            }
            Err(error) => return Err(error),
        }
    }
    // Disconnected or reconnected meanwhile: this pair belongs to nobody.
    let id = login.id.clone();
    let wiped = inner
        .parts
        .store
        .read(move |q| Ok(q.login(&id)?.generation == 0))
        .await?;
    if wiped {
        let session = Session {
            server: login.server.clone(),
            client_id: login.client_id.clone(),
            remote_user_id: login.remote_user_id.clone(),
            tokens,
        };
        if let Err(refusal) = networked.revoke(net, &session).await {
            tracing::warn!(
                class = refusal.class.name(),
                "a pair that came after its wipe could not be revoked"
            );
        }
    }
    Ok(Renewed::Gone)
}

fn proved(
    tx: &Tx<'_>,
    login: &LoginId,
    account: Option<&Account>,
    next: UtcMs,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    for channel in tx.channels_of_login(login)? {
        prove_one(tx, &channel, account, next, now, entropy)?;
    }
    Ok(())
}

fn prove_one(
    tx: &Tx<'_>,
    channel: &Channel,
    account: Option<&Account>,
    next: UtcMs,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    tx.prove_channel(&channel.id, next, None, now, entropy)?;
    if let Some(account) = account.filter(|account| account.remote_id == channel.remote_id) {
        tx.rename_channel(
            &channel.id,
            &account.handle,
            &account.display_name,
            account.avatar_url.as_deref(),
        )?;
    }
    Ok(())
}

fn break_all(
    tx: &Tx<'_>,
    login: &LoginId,
    refusal: &Refusal,
    next: UtcMs,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    let Some(cause) = refusal.cause() else {
        return Ok(());
    };
    for channel in tx.channels_of_login(login)? {
        tx.break_channel(&channel.id, cause, &refusal.evidence, now, entropy)?;
        // Left in the past, the planned probe would be due again at once.
        tx.plan_probe(&channel.id, cause.heals_by_itself().then_some(next))?;
    }
    Ok(())
}

/// "Refreshed" is said after a failed attempt, and what healed by itself always;
/// hourly tokens say nothing.
fn say_refreshed(
    tx: &Tx<'_>,
    login: &Login,
    healed: Option<&str>,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    if healed.is_none() && login.refresh_failures == 0 {
        return Ok(());
    }
    for channel in tx.channels_of_login(&login.id)? {
        if let Some(text) = healed {
            tx.add_history(&channel.id, "healed", text, &Evidence::default(), None, now)?;
        }
        let notice = NewNotice {
            workspace_id: Some(channel.workspace_id.clone()),
            channel_id: Some(channel.id.clone()),
            kind: "refreshed",
            text: match healed {
                Some(text) => format!("Access token refreshed for {}: {text}", channel.name()),
                None => format!("Access token refreshed for {}", channel.name()),
            },
            command: Some(format!("allgreen --account {}", channel.id)),
            ..NewNotice::default()
        };
        tx.add_notice(&notice, Severity::Info, now, entropy)?;
    }
    Ok(())
}

async fn refused(
    inner: &Arc<Inner>,
    login: &Login,
    refusal: Refusal,
) -> Result<Renewed, StoreError> {
    let now = inner.now();
    let meaning = refusal.class.meaning();
    let named = refusal.cause().is_some();
    let spaced = login
        .last_counted_at
        .is_none_or(|at| now.since(at) >= inner.parts.timing.counted_spacing);
    let counted = meaning.counted && !named && spaced;
    let failures = (login.refresh_failures + u8::from(counted)).min(GIVE_UP);
    let pause = refusal.retry_after.unwrap_or_else(|| {
        let mut memory = inner.memory();
        let seen = memory.refused_logins.entry(login.id.clone()).or_insert(0);
        *seen += 1;
        inner
            .parts
            .timing
            .refresh_retry
            .saturating_mul(1 << (*seen - 1).min(6))
    });
    let next = now.plus(inner.jittered(pause.min(inner.parts.timing.probe_every)));
    let text = refusal
        .evidence
        .message
        .clone()
        .unwrap_or_else(|| refusal.class.name().to_owned());
    let (login, entropy, seen) = (login.clone(), inner.parts.entropy.clone(), refusal.clone());
    inner
        .parts
        .store
        .write(move |tx| {
            tx.refresh_failed(
                &login.id,
                &text,
                seen.evidence.http_status,
                failures,
                counted,
                Some(next),
                now,
            )?;
            if named {
                return break_all(tx, &login.id, &seen, next, now, &entropy);
            }
            for channel in tx.channels_of_login(&login.id)? {
                // Given up, and the token has ended: nothing will bring it back
                // but a login. An outage says nothing about that.
                if meaning.counted && given_up_and_ended(&channel.token, now) {
                    tx.break_channel(&channel.id, Cause::Expired, &seen.evidence, now, &entropy)?;
                    tx.plan_probe(&channel.id, None)?;
                    continue;
                }
                if channel.publishable || channel.cause.heals_by_itself() {
                    tx.plan_probe(&channel.id, Some(next))?;
                }
                // What was given up was said when it was.
                if counted && login.refresh_failures < GIVE_UP {
                    say_counted(tx, &channel, failures, next, now, &entropy)?;
                }
            }
            if seen.class == AnswerClass::AppFault {
                let what = format!("{} refuses this app itself: {text}", login.network.title());
                let new = NewIncident {
                    kind: "app_fault",
                    subject: login.network.name(),
                    cause: seen.class.name(),
                    network: Some(login.network),
                    workspace_id: None,
                    severity: Severity::Broken,
                    text: &what,
                    command: Some("allgreen incident list"),
                };
                tx.open_or_count(&new, now, &entropy)?;
            }
            Ok(())
        })
        .await?;
    Ok(if named {
        Renewed::Broken(refusal)
    } else {
        Renewed::Unknown(refusal)
    })
}

fn say_counted(
    tx: &Tx<'_>,
    channel: &crate::domain::channel::Channel,
    failures: u8,
    next: UtcMs,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    let name = channel.name();
    let gave_up = failures >= GIVE_UP;
    let notice = NewNotice {
        workspace_id: Some(channel.workspace_id.clone()),
        channel_id: Some(channel.id.clone()),
        kind: if gave_up {
            "reconnect"
        } else {
            "refresh_failing"
        },
        text: if gave_up {
            format!("Please reconnect {name}")
        } else {
            format!("{name}: refresh failed {failures} of {GIVE_UP}, next try {next}")
        },
        command: Some(format!("allgreen --account {}", channel.id)),
        ..NewNotice::default()
    };
    tx.add_notice(&notice, Severity::Attention, now, entropy)?;
    Ok(())
}
