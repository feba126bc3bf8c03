//! Connecting an account, and logging in again for one: the same account or
//! nothing, proved before it is green, sealed before anything else.

mod commit;

use std::sync::Arc;

use commit::{Login, commit};

use super::acting::hub_admins;
use super::release::ReleasePlan;
use super::{Hub, OpError};
use crate::domain::channel::{Channel, Status};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::network::Network;
use crate::domain::plan::{Plan, PlanRefusal, Tier};
use crate::domain::role::Act;
use crate::networks::{Account, Credential, Net, Networked, Session, SignedIn};
use crate::store::Reads;
use crate::store::summaries::ChannelSummary;
use crate::store::workspaces::Workspace;

/// What a login brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The channel as it is now.
    pub channel: ChannelSummary,
    /// Whether it was there before.
    pub reconnected: bool,
    /// Other channels this login healed or serves, in workspaces the operator
    /// may see.
    pub siblings: Vec<ChannelId>,
    /// How many more there are in workspaces the operator may not see.
    pub hidden_siblings: u64,
    /// What its posts do now.
    pub plan: ReleasePlan,
}

/// Connects an account in a workspace. When it is connected there already this
/// is its reconnect.
///
/// # Errors
/// When role or plan do not allow it (before any login starts), the login did
/// not work, or the store failed. Nothing was changed then.
pub async fn connect(
    hub: &Hub,
    workspace: &WorkspaceId,
    network: Network,
    credential: Credential,
) -> Result<Connected, OpError> {
    may_connect(hub, workspace, network, Some(named(&credential))).await?;
    let (networked, net) = speaks(hub, network)?;
    let signed = networked.sign_in(&net, &credential).await?;
    connected(hub, workspace, networked, signed).await
}

/// Logs in again for a channel. The account must be the same by its stable id.
///
/// # Errors
/// Code `another_account` when it is another one; as [`connect`] otherwise.
/// Nothing was changed then. A plan never refuses this.
pub async fn reconnect(
    hub: &Hub,
    channel: &ChannelId,
    credential: Credential,
) -> Result<Connected, OpError> {
    let channel = may_reconnect(hub, channel).await?;
    let (networked, net) = speaks(hub, channel.kind.network())?;
    let signed = networked.sign_in(&net, &credential).await?;
    reconnected(hub, &channel, networked, &net, signed).await
}

/// Whether a login for a new channel may start. `handle` is who will log in;
/// `None` when only the login itself will tell: then it may turn out to be a
/// reconnect, which no plan refuses.
pub(super) async fn may_connect(
    hub: &Hub,
    workspace: &WorkspaceId,
    network: Network,
    handle: Option<String>,
) -> Result<(), OpError> {
    let id = workspace.clone();
    hub.look(move |q, acting| {
        let workspace = acting.require(q, &id, Act::Connect)?;
        refuse_restored(q)?;
        if already(q, &workspace, network, handle.as_deref())? {
            return Ok(());
        }
        check_plan(q, &workspace, network)
    })
    .await
}

/// The channel that is logged in again for, when that may start.
pub(super) async fn may_reconnect(hub: &Hub, channel: &ChannelId) -> Result<Channel, OpError> {
    let id = channel.clone();
    hub.look(move |q, acting| {
        let channel = q.channel(&id)?;
        let workspace = acting.require(q, &channel.workspace_id, Act::Connect)?;
        refuse_disconnected(&channel, &workspace)?;
        refuse_restored(q)?;
        Ok(channel)
    })
    .await
}

/// What follows from a login that was proved, for a workspace.
pub(super) async fn connected(
    hub: &Hub,
    workspace: &WorkspaceId,
    networked: Arc<dyn Networked>,
    signed: SignedIn,
) -> Result<Connected, OpError> {
    let account = only_account(&signed)?.clone();
    let login = Login::connect(workspace.clone(), networked, signed, account);
    commit(hub, login).await
}

/// What follows from a login that was proved, for a channel that is there.
pub(super) async fn reconnected(
    hub: &Hub,
    channel: &Channel,
    networked: Arc<dyn Networked>,
    net: &Net,
    signed: SignedIn,
) -> Result<Connected, OpError> {
    let same = signed
        .accounts
        .iter()
        .find(|one| is_same(channel, one, &signed.server));
    let Some(account) = same.cloned() else {
        return Err(another_account(hub, &*networked, net, channel, signed).await);
    };
    commit(hub, Login::reconnect(channel, networked, signed, account)).await
}

/// The handle or id a credential names.
fn named(credential: &Credential) -> String {
    match credential {
        Credential::AppPassword { handle, .. } => {
            let handle = handle.trim().trim_start_matches('@');
            handle.trim_end_matches('.').to_ascii_lowercase()
        }
        // The token alone says whose it is.
        Credential::AccessToken { .. } => String::new(),
        Credential::BotToken { chat, .. } => {
            chat.trim().trim_start_matches('@').to_ascii_lowercase()
        }
    }
}

pub(super) fn speaks(hub: &Hub, network: Network) -> Result<(Arc<dyn Networked>, Net), OpError> {
    hub.networks.get(network).ok_or_else(|| {
        OpError::failed(
            "network_unavailable",
            format!("{} cannot be connected by this version.", network.title()),
            "Choose another network; see allgreen channel connect --help.",
        )
    })
}

fn is_same(channel: &Channel, account: &Account, server: &str) -> bool {
    account.kind == channel.kind
        && account.remote_id == channel.remote_id
        && (!channel.kind.server_is_identity() || channel.server == server)
}

/// Whether the account that is about to log in is connected here already, as
/// far as its handle or id tells before the login.
fn already(
    q: &Reads<'_>,
    workspace: &Workspace,
    network: Network,
    handle: Option<&str>,
) -> Result<bool, OpError> {
    let fits = |one: &Channel| {
        handle
            .is_none_or(|handle| one.handle.eq_ignore_ascii_case(handle) || one.remote_id == handle)
    };
    let channels = q.channels(Some(&workspace.id), false)?;
    Ok(channels
        .iter()
        .any(|one| one.kind.network() == network && fits(one)))
}

/// Refuses what the plan of the workspace does not include, naming who can
/// change it.
fn check_plan(q: &Reads<'_>, workspace: &Workspace, network: Network) -> Result<(), OpError> {
    let (Some(stored), Some(tier)) = (q.plan(&workspace.plan)?, Tier::parse(&workspace.plan))
    else {
        return Err(OpError::failed(
            "unknown_plan",
            format!(
                "{} has an unknown plan, {}.",
                workspace.slug, workspace.plan
            ),
            format!("Ask {} to choose another one.", hub_admins(q)?),
        ));
    };
    let plan = Plan {
        tier,
        channels: stored.max_channels,
        networks: stored.networks,
    };
    let used = u32::try_from(q.connected_count(&workspace.id)?).unwrap_or(u32::MAX);
    let Err(refusal) = plan.allows(network, used) else {
        return Ok(());
    };
    let text = OpError::in_two("plan", &refusal.to_string());
    let who = hub_admins(q)?;
    let (code, hint) = match refusal {
        PlanRefusal::Coming(_) => ("coming", text.hint),
        PlanRefusal::Network { .. } => ("plan_network", format!("Ask {who} to change the plan.")),
        PlanRefusal::Full { .. } => (
            "plan_limit",
            format!("Disconnect one first, or ask {who} to change the plan."),
        ),
    };
    Err(OpError::not_allowed(code, text.what, hint))
}

/// Refuses to speak to a network from a restored store that nobody confirmed:
/// the one it was copied from may still be at work.
fn refuse_restored(q: &Reads<'_>) -> Result<(), OpError> {
    if !q.restored()? {
        return Ok(());
    }
    Err(OpError::failed(
        "restored",
        "This store was restored from a backup and nobody confirmed it yet.",
        "Make sure that the one it came from publishes no more, then confirm with: allgreen restore.",
    ))
}

fn only_account(signed: &SignedIn) -> Result<&Account, OpError> {
    match signed.accounts.as_slice() {
        [one] => Ok(one),
        [] => Err(OpError::failed(
            "no_account",
            "The login gives access to no account.",
            "Log in as somebody who may publish there.",
        )),
        many => {
            let list: Vec<String> = many
                .iter()
                .map(|one| format!("@{} ({})", one.handle, one.remote_id))
                .collect();
            Err(OpError::new(
                super::ErrorKind::NeedsChoice,
                "several_accounts",
                format!("The login gives several accounts: {}.", list.join(", ")),
                "Log in so that it gives one of them.",
            ))
        }
    }
}

fn refuse_disconnected(channel: &Channel, workspace: &Workspace) -> Result<(), OpError> {
    if channel.status != Status::Disconnected {
        return Ok(());
    }
    Err(OpError::failed(
        "disconnected",
        format!(
            "{} ({}) was disconnected for good.",
            channel.name(),
            channel.id
        ),
        format!(
            "Connect the account again: allgreen channel connect {} --workspace {} {}",
            channel.kind.network().name(),
            workspace.slug,
            named_by(channel)
        ),
    ))
}

/// The flag that names the account of a channel.
pub(super) fn named_by(channel: &Channel) -> String {
    match channel.kind.network() {
        Network::Telegram => format!("--chat {}", channel.remote_id),
        _ => format!("--handle {}", channel.handle),
    }
}

/// Says who was logged in instead, and lets go of that session.
async fn another_account(
    hub: &Hub,
    networked: &dyn Networked,
    net: &Net,
    channel: &Channel,
    signed: SignedIn,
) -> OpError {
    let found = names_of(&signed);
    let answered = signed.accounts.iter();
    let answered = answered
        .map(|one| (one.handle.clone(), one.remote_id.clone()))
        .collect();
    let network = channel.kind.network();
    let_go(hub, networked, net, network, signed).await;
    let mut error = OpError::failed(
        "another_account",
        format!(
            "This channel is @{} ({}), but the login is {found}; nothing was changed.",
            channel.handle, channel.remote_id
        ),
        format!(
            "Log in as @{}, or connect the other account as a new channel.",
            channel.handle
        ),
    );
    error.answered = answered;
    error
}

/// The same for a login that named its account before there was a channel.
pub(super) async fn not_the_one(
    hub: &Hub,
    networked: &dyn Networked,
    net: &Net,
    wanted: &str,
    signed: SignedIn,
) -> OpError {
    let found = names_of(&signed);
    let network = networked.descriptor().network;
    let_go(hub, networked, net, network, signed).await;
    OpError::failed(
        "another_account",
        format!("The login was for {wanted}, but it is {found}; nothing was changed."),
        "Log in as the account you named, or begin again naming the other one.",
    )
}

fn names_of(signed: &SignedIn) -> String {
    let all = signed.accounts.iter();
    let names: Vec<String> = all
        .map(|one| format!("@{} ({})", one.handle, one.remote_id))
        .collect();
    names.join(", ")
}

/// Ends a session that is not wanted; best effort: the refusal is what counts.
async fn let_go(
    hub: &Hub,
    networked: &dyn Networked,
    net: &Net,
    network: Network,
    signed: SignedIn,
) {
    // The same client may serve a channel of that account with the same token.
    let user = signed.remote_user_id.clone();
    let shared = !signed.client_id.is_empty()
        && hub
            .store
            .read(move |q| q.knows_user(network, &user))
            .await
            .unwrap_or(true);
    if shared {
        return;
    }
    let session = Session {
        server: signed.server,
        client_id: signed.client_id,
        remote_user_id: signed.remote_user_id,
        tokens: Arc::new(signed.tokens),
    };
    let _ = networked.revoke(net, &session).await;
}
