//! Logins in the browser that wait for their answer, several at once, whether
//! their sheet is open or not.

use std::time::Duration;

use super::Tone;
use super::requests::RequestId;
use super::sheet::Asks;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::network::Network;

use crate::ops::login::{Callback, Device, Paster};
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// After this long without a sign of life the sheet says what the reason may be.
pub const SILENCE: Duration = Duration::from_secs(60);

/// What is shown of a login once its link is there.
#[derive(Debug)]
pub struct Ready {
    /// Where the operator logs in. It holds the secret word of this login.
    pub link: Secret,
    /// Whether a port of this machine waits for the browser.
    pub listens: bool,
    /// Until when an answer is taken.
    pub ends: UtcMs,
    /// The code for another device, where there is one.
    pub device: Option<Device>,
    /// The line that brings a browser of another machine to the port here.
    pub tunnel: Option<String>,
    /// Where pasted answers go.
    pub paster: Paster,
}

/// What a sheet says about the last thing that was done in it.
#[derive(Debug)]
pub struct Note {
    /// How it is meant.
    pub tone: Tone,
    /// What happened.
    pub text: String,
    /// What to do next; may be empty.
    pub hint: String,
}

/// A login that was begun and is not over.
#[derive(Debug)]
pub struct Waiting {
    /// Its number.
    pub id: RequestId,
    /// At which network.
    pub network: Network,
    /// Where a new channel goes.
    pub workspace: WorkspaceId,
    /// The channel that is mended; `None` connects a new one.
    pub channel: Option<ChannelId>,
    /// What the operator named of a new account.
    pub named: Option<(Asks, String)>,
    /// Its link and what belongs to it; `None` while the server is asked.
    pub ready: Option<Ready>,
    /// Whether an answer is being checked. That is never cut off.
    pub checking: bool,
    /// Since when nothing was heard of it.
    pub since: Duration,
    /// What its sheet says.
    pub note: Option<Note>,
}

impl Waiting {
    /// Whether an answer is waited for now.
    pub fn takes_answers(&self) -> bool {
        self.ready.is_some() && !self.checking
    }

    /// When the sheet begins to say what the reason of the silence may be.
    pub fn silent_from(&self) -> Duration {
        self.since + SILENCE
    }
}

/// Every login that waits.
#[derive(Debug, Default)]
pub struct Logins {
    all: Vec<Waiting>,
}

impl Logins {
    /// In the order they were begun.
    pub fn all(&self) -> &[Waiting] {
        &self.all
    }

    /// One of them.
    pub fn get(&self, id: RequestId) -> Option<&Waiting> {
        self.all.iter().find(|one| one.id == id)
    }

    /// One of them, to be changed.
    pub fn get_mut(&mut self, id: RequestId) -> Option<&mut Waiting> {
        self.all.iter_mut().find(|one| one.id == id)
    }

    /// Adds one.
    pub fn add(&mut self, login: Waiting) {
        self.all.push(login);
    }

    /// Takes one away: it is over.
    pub fn remove(&mut self, id: RequestId) -> Option<Waiting> {
        let at = self.all.iter().position(|one| one.id == id)?;
        Some(self.all.remove(at))
    }

    /// The one that mends a channel.
    pub fn of_channel(&self, channel: &ChannelId) -> Option<RequestId> {
        let fits = |one: &&Waiting| one.channel.as_ref() == Some(channel);
        self.all.iter().find(fits).map(|one| one.id)
    }

    /// The newest one for a new channel of a workspace.
    pub fn of_new(&self, workspace: &WorkspaceId, network: Network) -> Option<RequestId> {
        let fits = |one: &&Waiting| {
            one.channel.is_none() && one.workspace == *workspace && one.network == network
        };
        self.all.iter().rev().find(fits).map(|one| one.id)
    }

    /// The one an answer belongs to by its secret word.
    pub fn of_answer(&self, answer: &Callback) -> Option<RequestId> {
        let fits = |one: &&Waiting| {
            let ready = one.ready.as_ref();
            ready.is_some_and(|ready| ready.paster.is_for(answer) == Some(true))
        };
        self.all.iter().find(fits).map(|one| one.id)
    }
}
