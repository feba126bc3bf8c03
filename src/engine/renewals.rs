//! What a renewal of a login means for its channels: a proof, a new pair, or a
//! refusal, written down in one transaction.

use std::sync::Arc;

use super::Inner;
use super::refresher::Renewed;
use super::sessions::pair;
use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Cause, Channel, Evidence};
use crate::domain::ids::LoginId;
use crate::domain::notice::Severity;
use crate::domain::refresh::given_up_and_ended;
use crate::networks::{Account, Checked, Net, Networked, Refusal, Session, Tokens};
use crate::store::incidents::NewIncident;
use crate::store::logins::Login;
use crate::store::notices::NewNotice;
use crate::store::{StoreError, Tx};
use crate::support::time::UtcMs;

/// Counted failures after which refreshing is given up.
const GIVE_UP: u8 = 3;

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
                Some(refusal) => break_all(tx, &login.id, refusal, next, now, &entropy)?,
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

pub(super) async fn refused(
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
            if matches!(
                seen.class,
                AnswerClass::Transient | AnswerClass::RateLimited
            ) {
                tx.rest_readings(login.network, &login.server, next)?;
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
