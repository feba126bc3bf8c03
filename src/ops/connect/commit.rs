//! The one transaction of a login: sealed pair, channel, proof, what follows.

use std::sync::Arc;

use serde_json::json;

use super::super::acting::Acting;
use super::super::posts::acts::{Machine, carry_out};
use super::super::release::plan_of;
use super::super::{Hub, OpError};
use super::{Connected, check_plan, refuse_disconnected, speaks};
use crate::domain::channel::{Cause, Channel, Evidence};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, DeliveryId, LoginId, WorkspaceId};
use crate::domain::machine::{Event, Rules, step};
use crate::domain::notice::Severity;
use crate::domain::role::Act;
use crate::domain::scopes::missing;
use crate::engine::sessions::pair;
use crate::networks::{Account, Networked, SignedIn};
use crate::store::Tx;
use crate::store::channels::NewChannel;
use crate::store::logins::NewLogin;
use crate::store::notices::NewNotice;
use crate::store::queue::QueueQuery;

/// A login that worked, and what it is for.
pub(super) struct Login {
    workspace: WorkspaceId,
    channel: Option<ChannelId>,
    networked: Arc<dyn Networked>,
    signed: SignedIn,
    account: Account,
}

impl Login {
    /// For an account of a workspace, new or not.
    pub fn connect(
        workspace: WorkspaceId,
        networked: Arc<dyn Networked>,
        signed: SignedIn,
        account: Account,
    ) -> Self {
        Self {
            workspace,
            channel: None,
            networked,
            signed,
            account,
        }
    }

    /// For a channel that is there.
    pub fn reconnect(
        channel: &Channel,
        networked: Arc<dyn Networked>,
        signed: SignedIn,
        account: Account,
    ) -> Self {
        Self {
            workspace: channel.workspace_id.clone(),
            channel: Some(channel.id.clone()),
            networked,
            signed,
            account,
        }
    }

    fn missing_scopes(&self) -> Vec<String> {
        let needed = self.networked.descriptor().publish_scopes;
        missing(needed, &self.signed.scopes)
    }

    fn new_login(&self, acting: &Acting) -> NewLogin {
        NewLogin {
            id: LoginId::fresh(acting.now, &acting.entropy),
            network: self.account.kind.network(),
            server: self.signed.server.clone(),
            server_is_identity: self.account.kind.server_is_identity(),
            client_id: self.signed.client_id.clone(),
            remote_user_id: self.signed.remote_user_id.clone(),
            method: self.signed.method.into(),
        }
    }
}

/// Stores a login and everything that follows from it, then forgets the pair
/// before it: this one was proved just now.
pub(super) async fn commit(hub: &Hub, login: Login) -> Result<Connected, OpError> {
    let machine = Machine::of(hub);
    let login = Arc::new(login);
    let given = Arc::clone(&login);
    let (connected, id, generation) = hub
        .change(move |tx, acting| write(tx, acting, &machine, &given))
        .await?;
    hub.change(move |tx, _| Ok(tx.forget_older(&id, generation)?))
        .await?;
    keep_limits(hub, &login).await?;
    Ok(connected)
}

/// What the server says posts may be there, so that the first one is held
/// against it. One that cannot say now is asked again beside a proof.
async fn keep_limits(hub: &Hub, login: &Login) -> Result<(), OpError> {
    let network = login.account.kind.network();
    let (_, net) = speaks(hub, network)?;
    let (server, token) = (&login.signed.server, &login.signed.tokens.access);
    let Some(told) = login.networked.limits(&net, server, token).await else {
        return Ok(());
    };
    let server = server.clone();
    hub.change(move |tx, acting| Ok(tx.keep_server_limits(network, &server, &told, acting.now)?))
        .await
}

fn write(
    tx: &Tx<'_>,
    acting: &Acting,
    machine: &Machine,
    login: &Login,
) -> Result<(Connected, LoginId, i64), OpError> {
    let workspace = acting.require(tx, &login.workspace, Act::Connect)?;
    let new_login = login.new_login(acting);
    let id = tx.ensure_login(&new_login, acting.now)?;
    let stored = tx.login(&id)?;
    let generation = tx.seal_pair(
        &id,
        stored.generation,
        &pair(&login.signed.tokens),
        acting.now,
    )?;
    let there = match &login.channel {
        Some(channel) => Some(tx.channel(channel)?),
        None => {
            let kind = login.account.kind;
            let server = if kind.server_is_identity() {
                login.signed.server.as_str()
            } else {
                ""
            };
            tx.live_channel(&login.workspace, kind, server, &login.account.remote_id)?
        }
    };
    let (channel, reconnected) = match there {
        Some(channel) => {
            refuse_disconnected(&channel, &workspace)?;
            (channel.id, true)
        }
        None => {
            check_plan(tx, &workspace, login.account.kind.network())?;
            (add(tx, acting, login, &id)?, false)
        }
    };
    let mut all = tx.channels_of_login(&id)?;
    if reconnected && !all.iter().any(|one| one.id == channel) {
        all.push(tx.channel(&channel)?);
    }
    let mut more = Followed::default();
    for one in &all {
        let is_new = one.id == channel && !reconnected;
        if !is_new {
            renew(tx, acting, machine, login, &id, one, one.id == channel)?;
        }
        follow(tx, acting, machine, one, &channel, &mut more)?;
    }
    let mut siblings = Vec::new();
    let mut hidden_siblings = 0;
    for one in all.iter().filter(|one| one.id != channel) {
        if acting.sees(tx, &one.workspace_id)? {
            siblings.push(one.id.clone());
        } else {
            hidden_siblings += 1;
        }
    }
    let mut plan = plan_of(tx, &tx.channel(&channel)?, &machine.timing, acting.now)?;
    plan.retried = more.retried;
    plan.looked_up = more.looked_up;
    let connected = Connected {
        channel: tx.channel_summary(&channel)?,
        reconnected,
        siblings,
        hidden_siblings,
        plan,
    };
    Ok((connected, id, generation))
}

/// Adds the channel of a new account.
fn add(
    tx: &Tx<'_>,
    acting: &Acting,
    login: &Login,
    login_id: &LoginId,
) -> Result<ChannelId, OpError> {
    let account = &login.account;
    let id = ChannelId::fresh(acting.now, &acting.entropy);
    let missing = login.missing_scopes();
    tx.add_channel(
        &NewChannel {
            id: id.clone(),
            workspace_id: login.workspace.clone(),
            kind: account.kind,
            remote_id: account.remote_id.clone(),
            handle: account.handle.clone(),
            display_name: account.display_name.clone(),
            avatar_url: account.avatar_url.clone(),
            login_id: login_id.clone(),
            login_method: login.signed.method.into(),
            server: login.signed.server.clone(),
            scopes: login.signed.scopes.clone(),
            missing_scopes: missing.clone(),
            by: acting.operator.clone(),
        },
        acting.now,
    )?;
    let by = Some(&acting.operator);
    tx.add_history(
        &id,
        "connected",
        "Connected and proved.",
        &Evidence::default(),
        by,
        acting.now,
    )?;
    let detail = json!({ "handle": account.handle, "remoteId": account.remote_id });
    let workspace = Some(&login.workspace);
    acting.audit(tx, workspace, "channel.connect", id.as_str(), &detail)?;
    if !missing.is_empty() {
        break_for_scopes(tx, acting, &id, &missing)?;
    }
    Ok(id)
}

/// Binds a channel that was there to the new pair and heals it by the proof.
fn renew(
    tx: &Tx<'_>,
    acting: &Acting,
    machine: &Machine,
    login: &Login,
    login_id: &LoginId,
    channel: &Channel,
    is_the_one: bool,
) -> Result<(), OpError> {
    let (id, now) = (&channel.id, acting.now);
    let wait_until = now.plus(machine.timing.late_live_wait);
    let by = &acting.operator;
    tx.mark_reconnected(
        id,
        login_id,
        login.signed.method,
        &login.signed.server,
        by,
        wait_until,
        now,
    )?;
    if let Some(account) = login
        .signed
        .accounts
        .iter()
        .find(|one| one.kind == channel.kind && one.remote_id == channel.remote_id)
    {
        let avatar = account.avatar_url.as_deref();
        tx.rename_channel(id, &account.handle, &account.display_name, avatar)?;
    }
    let missing = login.missing_scopes();
    tx.set_scopes(id, &login.signed.scopes, &missing)?;
    let proved = is_the_one || mended_by(login, channel);
    let text = match (is_the_one, channel.publishable) {
        (true, _) => "Logged in again and proved.",
        (false, false) if proved => "Mended by the login of another channel.",
        (false, _) => "Logged in again by way of another channel.",
    };
    tx.add_history(id, "reconnected", text, &Evidence::default(), Some(by), now)?;
    if !missing.is_empty() {
        break_for_scopes(tx, acting, id, &missing)?;
    } else if proved {
        let next = now.plus(machine.timing.probe_every);
        tx.prove_channel(id, next, Some(by), now, &acting.entropy)?;
    } else {
        tx.plan_probe(id, Some(now))?;
    }
    let detail = json!({ "handle": login.account.handle, "remoteId": channel.remote_id });
    let workspace = Some(&channel.workspace_id);
    acting.audit(tx, workspace, "channel.reconnect", id.as_str(), &detail)?;
    if !is_the_one && channel.workspace_id != login.workspace {
        let notice = NewNotice {
            workspace_id: Some(channel.workspace_id.clone()),
            channel_id: Some(id.clone()),
            kind: "reconnected",
            text: format!("{} was logged in again elsewhere", channel.name()),
            command: Some(format!("allgreen --account {id}")),
            ..NewNotice::default()
        };
        tx.add_notice(&notice, Severity::Info, now, &acting.entropy)?;
    }
    Ok(())
}

/// Whether this login says that another channel it serves may publish again. Of
/// another account it proves the access, and not what the account itself lacks:
/// a right in its chat, or being there at all.
fn mended_by(login: &Login, channel: &Channel) -> bool {
    let same = channel.kind == login.account.kind && channel.remote_id == login.account.remote_id;
    same || match channel.cause {
        Cause::Restricted | Cause::RoleLost | Cause::AccountGone => false,
        Cause::ScopeMissing => !channel.missing_scopes.is_empty(),
        _ => true,
    }
}

fn break_for_scopes(
    tx: &Tx<'_>,
    acting: &Acting,
    id: &ChannelId,
    missing: &[String],
) -> Result<(), OpError> {
    let evidence = Evidence {
        message: Some(format!("not granted: {}", missing.join(", "))),
        seen_by: Some("login".into()),
        ..Evidence::default()
    };
    tx.break_channel(
        id,
        Cause::ScopeMissing,
        &evidence,
        acting.now,
        &acting.entropy,
    )?;
    Ok(())
}

/// What a login set going again on the channel it was made for.
#[derive(Default)]
struct Followed {
    retried: Vec<DeliveryId>,
    looked_up: Vec<DeliveryId>,
}

/// Retries what failed for access reasons and looks up what waited for the
/// token (product rule C3).
fn follow(
    tx: &Tx<'_>,
    acting: &Acting,
    machine: &Machine,
    channel: &Channel,
    the_one: &ChannelId,
    more: &mut Followed,
) -> Result<(), OpError> {
    let query = QueueQuery {
        channel: Some(channel.id.clone()),
        states: vec![State::Failed, State::NeedsDecision],
        ..QueueQuery::default()
    };
    for delivery in tx.deliveries(&query)? {
        let known = machine.known(tx, &delivery.id, acting.now)?;
        let rules = Rules::default();
        let Ok(transition) = step(
            delivery.state,
            &Event::TokenBack,
            &known.facts,
            &rules,
            acting.now,
        ) else {
            continue;
        };
        if transition.to == delivery.state {
            continue;
        }
        carry_out(tx, acting, &delivery, &transition)?;
        if transition.to == State::Unknown {
            tx.look_at(&delivery.id, acting.now)?;
        }
        if channel.id == *the_one {
            match transition.to {
                State::Unknown => more.looked_up.push(delivery.id),
                _ => more.retried.push(delivery.id),
            }
        }
    }
    Ok(())
}
