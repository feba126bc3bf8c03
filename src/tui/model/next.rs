//! What Enter does next in a row of the health check: said by its word, refused
//! by its reason and done by its key, so all three ask here.

use super::Model;
use super::runbook::Runbook;
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::role::Act;
use crate::ops::runbook::{Of, Step, What};
use crate::ops::views::{ChannelView, DeliveryView};

/// The next thing to do in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Logging in, which mends this channel first.
    LogIn(&'a ChannelView),
    /// Proving these.
    Probe(Vec<&'a ChannelView>),
    /// The plan of these channels, for what was missed there.
    Plan(&'a DeliveryView, Vec<ChannelId>),
    /// The story of this post.
    Open(&'a DeliveryView),
    /// A command for a shell.
    How(&'a str),
    /// Nothing.
    Nothing,
}

impl Next<'_> {
    /// What a person must be allowed to for it, and in which workspace. Of many
    /// the first counts.
    pub fn takes(&self) -> Option<(&WorkspaceId, Act)> {
        match self {
            Self::LogIn(view) => Some((&view.summary.channel.workspace_id, Act::Connect)),
            Self::Probe(views) => {
                let first = views.first()?;
                Some((&first.summary.channel.workspace_id, Act::Probe))
            }
            Self::Plan(view, _) | Self::Open(view) => {
                Some((&view.delivery.workspace_id, Act::Queue))
            }
            Self::How(_) | Self::Nothing => None,
        }
    }
}

impl Model {
    /// What Enter does in a row.
    pub fn next_of<'a>(&self, step: &'a Step) -> Next<'a> {
        match &step.what {
            What::Login { channels, by_login } => {
                let all: Vec<&ChannelView> = channels.iter().collect();
                match by_login {
                    true => self.log_in_or_probe(&all, &[]),
                    false => self.log_in_or_probe(&[], &all),
                }
            }
            What::Soon(channels) => {
                let mut open: Vec<&ChannelView> =
                    channels.iter().filter(|view| self.is_free(view)).collect();
                if open.is_empty() {
                    open = channels.iter().collect();
                }
                let (login, proof): (Vec<_>, Vec<_>) =
                    open.into_iter().partition(|view| view.mends_by_login());
                self.log_in_or_probe(&login, &proof)
            }
            What::Posts { state, posts, .. } => match (state, posts.first()) {
                (_, None) => Next::Nothing,
                (State::Missed, Some(first)) => {
                    let mut of: Vec<ChannelId> = Vec::new();
                    for view in posts {
                        if !of.contains(&view.delivery.channel_id) {
                            of.push(view.delivery.channel_id.clone());
                        }
                    }
                    Next::Plan(first, of)
                }
                (_, Some(first)) => Next::Open(first),
            },
            What::Hub { command, .. } => Next::How(command.as_deref().unwrap_or_default()),
        }
    }

    /// The first login that the operator may do, else proofs of what they may
    /// prove; where they may neither, what they are refused.
    fn log_in_or_probe<'a>(
        &self,
        logins: &[&'a ChannelView],
        proofs: &[&'a ChannelView],
    ) -> Next<'a> {
        let may = |view: &ChannelView, act| self.may(&view.summary.channel.workspace_id, act);
        if let Some(first) = logins.iter().find(|view| may(view, Act::Connect)) {
            return Next::LogIn(first);
        }
        let mut allowed = proofs.to_vec();
        allowed.retain(|view| may(view, Act::Probe));
        match (allowed.is_empty(), logins.first()) {
            (false, _) => Next::Probe(allowed),
            (true, Some(first)) => Next::LogIn(first),
            (true, None) if proofs.is_empty() => Next::Nothing,
            (true, None) => Next::Probe(proofs.to_vec()),
        }
    }

    /// Whether nobody has taken it on.
    fn is_free(&self, view: &ChannelView) -> bool {
        let aside = view.aside.as_ref();
        !aside.is_some_and(|one| one.lasts(self.now))
    }

    /// What is proved again when a health check is over: all it was about and
    /// nobody took on, where the operator may.
    pub fn to_prove_again(&self, sheet: &Runbook) -> Vec<&ChannelView> {
        let fits = |view: &&ChannelView| {
            let channel = &view.summary.channel;
            let about = match &sheet.of {
                Of::Channels(ids) => ids.contains(&channel.id),
                Of::Scope(scope) => scope
                    .workspace()
                    .is_none_or(|id| *id == channel.workspace_id),
            };
            about && self.is_free(view) && self.may(&channel.workspace_id, Act::Probe)
        };
        self.channels.all().filter(fits).collect()
    }
}
