//! Logging in on a network's own page: begun here, answered by browser, paste
//! or another device, and committed like every other login.

use std::sync::Arc;

use url::Url;

use super::connect::{
    Connected, connected, may_connect, may_reconnect, not_the_one, reconnected, speaks,
};
use super::{Hub, OpError};
use crate::domain::channel::Channel;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::network::Network;
use crate::networks::{Net, Networked};
use crate::oauth::{Attempt, Begin};
use crate::support::time::UtcMs;

pub use crate::oauth::{Answer, Callback, Device, PasteError, Paster, Ways, parse};

/// What a login is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new channel, or the one that account turns out to be.
    Connect {
        /// Where it goes.
        workspace: WorkspaceId,
        /// At which network.
        network: Network,
        /// The server the account lives on, where there are many.
        server: Option<String>,
        /// The account that is wanted, for networks that can ask for it.
        account: Option<String>,
    },
    /// A channel that is there: the same account or nothing.
    Reconnect {
        /// Which.
        channel: ChannelId,
    },
}

enum For {
    Workspace(WorkspaceId),
    Channel(Box<Channel>),
}

/// A login that waits for its answer. Several can wait at once; dropping one
/// gives it up.
pub struct BrowserLogin {
    attempt: Attempt,
    purpose: For,
    networked: Arc<dyn Networked>,
    net: Net,
}

/// Begins a login. Nothing is changed by it.
///
/// # Errors
/// When role or plan do not allow it, the network has no such login, or cannot
/// be reached.
pub async fn begin(hub: &Hub, purpose: Purpose, ways: Ways) -> Result<BrowserLogin, OpError> {
    let (network, server, account, purpose) = match purpose {
        Purpose::Connect {
            workspace,
            network,
            server,
            account,
        } => {
            let account = account.map(|who| who.trim().trim_start_matches('@').to_lowercase());
            may_connect(hub, &workspace, network, account.clone()).await?;
            (network, server, account, For::Workspace(workspace))
        }
        Purpose::Reconnect { channel } => {
            let channel = may_reconnect(hub, &channel).await?;
            let account = Some(channel.remote_id.clone());
            let server = Some(channel.server.clone()).filter(|server| !server.is_empty());
            (
                channel.kind.network(),
                server,
                account,
                For::Channel(Box::new(channel)),
            )
        }
    };
    let (networked, net) = speaks(hub, network)?;
    let begin = Begin {
        server,
        account,
        ways,
        limit: hub.config.engine.login_limit,
    };
    let attempt = Attempt::begin(Arc::clone(&networked), net.clone(), &hub.entropy, begin).await?;
    Ok(BrowserLogin {
        attempt,
        purpose,
        networked,
        net,
    })
}

impl BrowserLogin {
    /// Where the operator logs in; shown to nobody else.
    pub fn link(&self) -> &Url {
        self.attempt.link()
    }

    /// The port of this machine that waits for the browser, if one does.
    pub fn port(&self) -> Option<u16> {
        self.attempt.port()
    }

    /// Until when an answer is taken.
    pub fn ends(&self) -> UtcMs {
        self.attempt.ends()
    }

    /// The code for another device, where there is one.
    pub fn device(&self) -> Option<&Device> {
        self.attempt.device()
    }

    /// Why there is no code for another device, when the network refused one.
    pub fn no_device(&self) -> Option<OpError> {
        let why = self.attempt.no_device()?;
        Some(OpError::failed(
            why.code,
            why.what.clone(),
            why.hint.clone(),
        ))
    }

    /// Where pasted addresses go.
    pub fn paster(&self) -> Paster {
        self.attempt.paster()
    }

    /// Waits for an answer; giving up meanwhile changes nothing.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn wait(&mut self) -> Result<Answer, OpError> {
        Ok(self.attempt.wait().await?)
    }

    /// Exchanges the answer, checks whose it is, and commits. Not to be given
    /// up halfway: a code works once.
    ///
    /// # Errors
    /// What was refused; nothing was changed then. After [`may_go_on`] the
    /// login can wait for a better answer.
    pub async fn finish(&self, hub: &Hub, mut answer: Answer) -> Result<Connected, OpError> {
        let result = self.answered(hub, &mut answer).await;
        answer.tell_browser(result.is_ok());
        result
    }

    /// Ends the login; the page that a browser is still given comes whole. For a
    /// program that ends right after it.
    pub async fn close(self) {
        self.attempt.close().await;
    }

    async fn answered(&self, hub: &Hub, answer: &mut Answer) -> Result<Connected, OpError> {
        let signed = self.attempt.finish(answer).await?;
        let networked = Arc::clone(&self.networked);
        match &self.purpose {
            For::Workspace(workspace) => {
                let wanted = self.attempt.wanted();
                let found = |id: &str| signed.accounts.iter().any(|one| one.remote_id == id);
                match wanted.filter(|id| !found(id)) {
                    None => connected(hub, workspace, networked, signed).await,
                    Some(id) => Err(not_the_one(hub, &*networked, &self.net, id, signed).await),
                }
            }
            For::Channel(channel) => reconnected(hub, channel, networked, &self.net, signed).await,
        }
    }
}

/// Whether a login that was refused with this may wait for a better answer.
pub fn may_go_on(error: &OpError) -> bool {
    error.code == "bad_code"
}
