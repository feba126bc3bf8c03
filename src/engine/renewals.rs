//! What a renewal of a login means for its channels: a proof, a new pair, or a
//! refusal, written down in one transaction.

use std::sync::Arc;

use super::refresher::Renewed;
use super::sessions::pair;
use super::{Inner, again};
use crate::domain::channel::{Cause, Channel, Evidence};
use crate::domain::ids::LoginId;
use crate::domain::lamp::REFRESH_LIMIT;
use crate::domain::notice::Severity;
use crate::domain::refresh::AfterRefusal;
use crate::networks::{Account, Checked, Net, Networked, Refusal, Session, Tokens};
use crate::store::logins::{FailedRefresh, Login};
use crate::store::notices::NewNotice;
use crate::store::{StoreError, Tx};
use crate::support::time::UtcMs;

/// A proof that brought no new pair: every channel goes by what was said of its
/// own account.
pub(super) async fn judged(
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
pub(super) async fn renewed(
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
    let write = || {
        let now = inner.now();
        let next = now.plus(inner.jittered(inner.parts.timing.probe_every));
        let (login, tokens, server) = (login.clone(), Arc::clone(&tokens), server.clone());
        let (account, healed, seen) = (account.clone(), healed.clone(), blocked.clone());
        let entropy = inner.parts.entropy.clone();
        inner.parts.store.write(move |tx| {
            tx.seal_pair(&login.id, login.generation, &pair(&tokens), now)?;
            tx.forget_older(&login.id, login.generation)?;
            tx.move_login(&login.id, &server)?;
            match &seen {
                Some(refusal) => blocked_all(tx, &login.id, refusal, next, now, &entropy)?,
                None => proved(tx, &login.id, account.as_ref(), next, now, &entropy)?,
            }
            say_refreshed(tx, &login, healed.as_deref(), now, &entropy)
        })
    };
    // A rotated pair exists only here now: it is kept until it is stored.
    if super::rescue::committed(inner, login, &tokens, &server, write).await? {
        return Ok(blocked.map_or(Renewed::Good, Renewed::Broken));
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
    if tx.prove_channel(&channel.id, next, None, now, entropy)? {
        again::look_again(tx, &channel.id, now)?;
    }
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

/// The pair is good, the account may not publish: for a cause, or for no reason
/// a lamp knows, which proves nothing.
fn blocked_all(
    tx: &Tx<'_>,
    login: &LoginId,
    refusal: &Refusal,
    next: UtcMs,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    match refusal.cause() {
        Some(cause) => break_all(tx, login, cause, &refusal.evidence, next, now, entropy),
        None => {
            for channel in tx.channels_of_login(login)? {
                tx.plan_probe(&channel.id, Some(next))?;
            }
            Ok(())
        }
    }
}

fn break_all(
    tx: &Tx<'_>,
    login: &LoginId,
    cause: Cause,
    evidence: &Evidence,
    next: UtcMs,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    for channel in tx.channels_of_login(login)? {
        tx.break_channel(&channel.id, cause, evidence, now, entropy)?;
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
    if healed.is_none() && login.token.refresh_failures == 0 {
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

/// Writes down what a refused renewal leads to.
pub(super) async fn refused(
    inner: &Arc<Inner>,
    login: &Login,
    refusal: Refusal,
    after: AfterRefusal,
) -> Result<Renewed, StoreError> {
    let now = inner.now();
    let follows = Follows::of(inner, login, &refusal, after, now);
    let text = refusal.evidence.message.clone();
    let text = text.unwrap_or_else(|| refusal.class.name().to_owned());
    let (login, entropy, seen) = (login.clone(), inner.parts.entropy.clone(), refusal.clone());
    let flip = follows.flip;
    let write = move |tx: &Tx<'_>| {
        let failed = FailedRefresh {
            error: &text,
            http_status: seen.evidence.http_status,
            failures: follows.failures,
            counted: follows.counted,
            transient_tries: follows.transient_tries,
            next: follows.next,
            unanswered: login.refresh_unanswered,
        };
        tx.refresh_failed(&login.id, &failed, now)?;
        if let Some(cause) = follows.flip {
            let next = follows.next.unwrap_or(now);
            return break_all(tx, &login.id, cause, &seen.evidence, next, now, &entropy);
        }
        if let (true, Some(next)) = (follows.transient_tries > 0, follows.next) {
            tx.rest_readings(login.network, &login.server, next)?;
        }
        for channel in tx.channels_of_login(&login.id)? {
            if channel.publishable || channel.cause.heals_by_itself() {
                tx.plan_probe(&channel.id, follows.next)?;
            }
            if follows.counted {
                say_counted(tx, &channel, &follows, now, &entropy)?;
            }
        }
        Ok(())
    };
    inner.parts.store.write(write).await?;
    Ok(match flip {
        Some(cause) => Renewed::Broken(Refusal {
            cause: Some(cause),
            ..refusal
        }),
        None => Renewed::Unknown(refusal),
    })
}

/// What a refused renewal changes.
#[derive(Clone, Copy, Debug)]
struct Follows {
    /// The cause every channel of the login gets.
    flip: Option<Cause>,
    /// Counted failures in a row.
    failures: u8,
    /// This one was counted.
    counted: bool,
    /// Tries in a row that met only trouble of theirs.
    transient_tries: u32,
    /// The next try; `None` when there is none.
    next: Option<UtcMs>,
}

impl Follows {
    fn of(
        inner: &Inner,
        login: &Login,
        refusal: &Refusal,
        after: AfterRefusal,
        now: UtcMs,
    ) -> Self {
        let later = |at: UtcMs| Some(now.plus(inner.jittered_later(at.since(now))));
        let proof = || now.plus(inner.jittered(inner.parts.timing.probe_every));
        let same = Self {
            flip: None,
            failures: login.token.refresh_failures,
            counted: false,
            transient_tries: login.transient_tries,
            next: None,
        };
        match after {
            AfterRefusal::Transient { retry_at } => Self {
                // What came too soon to be counted is no trouble of theirs.
                transient_tries: login.transient_tries
                    + u32::from(!refusal.class.meaning().counted),
                next: later(retry_at),
                ..same
            },
            AfterRefusal::Counted { failures, retry_at } => Self {
                failures,
                counted: true,
                transient_tries: 0,
                next: later(retry_at),
                ..same
            },
            // Said when the third was counted. What goes on is looking whether
            // the token has ended, where nothing else can be proved.
            AfterRefusal::GiveUp => Self {
                failures: REFRESH_LIMIT,
                counted: same.failures < REFRESH_LIMIT,
                transient_tries: 0,
                next: if proves_by_refresh(inner, login) {
                    login.token.token_expires_at
                } else {
                    Some(proof())
                },
                ..same
            },
            AfterRefusal::AppFault { retry_at } | AfterRefusal::Confirm { retry_at } => Self {
                next: later(retry_at),
                ..same
            },
            AfterRefusal::Flip(cause) => Self {
                flip: Some(cause),
                transient_tries: 0,
                next: Some(proof()),
                failures: if refusal.class.meaning().counted {
                    REFRESH_LIMIT
                } else {
                    same.failures
                },
                ..same
            },
        }
    }
}

fn proves_by_refresh(inner: &Inner, login: &Login) -> bool {
    let known = inner.parts.networks.get(login.network);
    known.is_some_and(|(networked, _)| networked.descriptor().proof_is_refresh)
}

fn say_counted(
    tx: &Tx<'_>,
    channel: &Channel,
    follows: &Follows,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    let name = channel.name();
    let failures = follows.failures;
    let gave_up = failures >= REFRESH_LIMIT;
    let next = follows
        .next
        .map_or_else(String::new, |at| format!(", next try {at}"));
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
            format!("{name}: refresh failed {failures} of {REFRESH_LIMIT}{next}")
        },
        command: Some(format!("allgreen --account {}", channel.id)),
        ..NewNotice::default()
    };
    tx.add_notice(&notice, Severity::Attention, now, entropy)?;
    Ok(())
}
