//! The tasks of logins in the browser: each waits for its answer, and then
//! carries it to its end. Waiting can be given up at any time; from the moment
//! an answer came nothing cuts it off, since a code works once.

use std::collections::HashMap;
use std::future::Future;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::act::Done;
use super::model::logins::Ready;
use super::model::requests::RequestId;
use super::msg::{LoginNews, Msg};
use super::words;
use crate::domain::network::Network;
use crate::networks::Way;
use crate::ops::connect::Connected;
use crate::ops::login::{self, BrowserLogin, Callback, Paster, Purpose, Ways, may_go_on};
use crate::ops::{ErrorKind, Hub, OpError, views};
use crate::support::secret::Secret;
use crate::support::tunnel;

/// Every login that was begun here. Dropping it cuts them all off: call
/// [`Tasks::rest`] first.
pub struct Tasks {
    to: Sender<Msg>,
    running: JoinSet<Option<String>>,
    /// What gives a login up.
    stops: HashMap<RequestId, watch::Sender<bool>>,
}

impl Tasks {
    /// None yet; news go to `to`.
    pub fn new(to: Sender<Msg>) -> Self {
        Self {
            to,
            running: JoinSet::new(),
            stops: HashMap::new(),
        }
    }

    /// Begins one.
    pub fn begin(&mut self, hub: &Hub, id: RequestId, purpose: Purpose) {
        let (stop, stopped) = watch::channel(false);
        self.stops.retain(|_, stop| !stop.is_closed());
        self.stops.insert(id, stop);
        let one = One {
            id,
            hub: hub.clone(),
            to: self.to.clone(),
            stopped,
        };
        self.running.spawn(one.run(purpose));
    }

    /// Hands over what was pasted.
    pub fn hand_over(&self, id: RequestId, paster: &Paster, answer: Callback) {
        if paster.give(answer).is_err() {
            let error = OpError::new(
                ErrorKind::Failed,
                "bad_code",
                "That answer was not taken: this login has others to look at.",
                "Wait for them, then paste again.",
            );
            // A screen that is full of messages has more to say than this.
            let _ = self.to.try_send(Msg::Login(id, LoginNews::Again(error)));
        }
    }

    /// Gives one up, unless an answer is being checked.
    pub fn give_up(&mut self, id: RequestId) {
        if let Some(stop) = self.stops.remove(&id) {
            let _ = stop.send_replace(true);
        }
    }

    /// Takes the end of a task; `None` while there is none.
    pub async fn ended(&mut self) -> Option<Result<(), JoinError>> {
        let ended = self.running.join_next().await?;
        Some(ended.map(|_| ()))
    }

    /// Gives up those that wait, and waits for those that are being checked;
    /// how they ended, a sentence each.
    pub async fn rest(&mut self) -> Vec<String> {
        for stop in self.stops.values() {
            let _ = stop.send_replace(true);
        }
        let mut said = Vec::new();
        while let Some(ended) = self.running.join_next().await {
            said.extend(ended.ok().flatten());
        }
        said
    }
}

/// One login on its task.
struct One {
    id: RequestId,
    hub: Hub,
    to: Sender<Msg>,
    stopped: watch::Receiver<bool>,
}

impl One {
    /// From the link to the end; what is to be said when the screen is gone by
    /// then.
    async fn run(mut self, purpose: Purpose) -> Option<String> {
        let hub = self.hub.clone();
        let mut login = match self
            .unless_stopped(login::begin(&hub, purpose, Ways::BrowserAndDevice))
            .await?
        {
            Ok(login) => login,
            Err(error) => return self.end(Err(error)).await,
        };
        self.tell(LoginNews::Ready(Box::new(ready(&hub, &login))))
            .await;
        let ended = self.answered(&hub, &mut login).await?;
        let said = self.end(ended).await;
        // Should the program end now, the browser still gets its page.
        login.close().await;
        said
    }

    async fn answered(
        &mut self,
        hub: &Hub,
        login: &mut BrowserLogin,
    ) -> Option<Result<Done, OpError>> {
        loop {
            let answer = match self.unless_stopped(login.wait()).await? {
                Ok(answer) => answer,
                Err(error) => return Some(Err(error)),
            };
            self.tell(LoginNews::Checking).await;
            match login.finish(hub, answer).await {
                Err(error) if may_go_on(&error) => self.tell(LoginNews::Again(error)).await,
                Err(error) => return Some(Err(error)),
                Ok(connected) => return Some(Ok(done(hub, &connected).await)),
            }
        }
    }

    /// What the work gives; `None` when the login was given up before.
    async fn unless_stopped<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            // An error means that nobody can give it up any more.
            Ok(_) = self.stopped.wait_for(|stopped| *stopped) => None,
            done = work => Some(done),
        }
    }

    async fn tell(&self, news: LoginNews) {
        // A screen that is gone needs no news.
        let _ = self.to.send(Msg::Login(self.id, news)).await;
    }

    async fn end(&self, result: Result<Done, OpError>) -> Option<String> {
        let said = match &result {
            Ok(done) => done.text.clone(),
            Err(error) => error.to_string(),
        };
        self.tell(LoginNews::Ended(result)).await;
        Some(said)
    }
}

fn ready(hub: &Hub, login: &BrowserLogin) -> Ready {
    let host = hub.config.ui.ssh_host.as_deref();
    Ready {
        link: Secret::new(login.link().as_str()),
        listens: login.port().is_some(),
        ends: login.ends(),
        device: login.device().cloned(),
        tunnel: login.port().and_then(|port| tunnel::here(port, host)),
        paster: login.paster(),
    }
}

/// What a login in the browser made, with the command that does the same.
async fn done(hub: &Hub, connected: &Connected) -> Done {
    let mut done = made(connected);
    let channel = &connected.channel.channel;
    if let Ok(view) = views::channel(hub, &channel.id).await {
        done.command = Some(if connected.reconnected {
            let name = view.full_name();
            format!("allgreen channel reconnect {name} --paste -")
        } else {
            let named = if channel.kind.server_is_identity() {
                format!(" --server {}", words::host(&channel.server))
            } else if takes_handles(hub, channel.kind.network()) {
                format!(" --handle {}", channel.handle)
            } else {
                String::new()
            };
            format!(
                "allgreen channel connect {} --workspace {}{named} --paste -",
                channel.kind.network().name(),
                view.summary.workspace.0
            )
        });
    }
    done
}

fn takes_handles(hub: &Hub, network: Network) -> bool {
    hub.networks
        .get(network)
        .is_some_and(|(one, _)| one.descriptor().ways.contains(&Way::AppPassword))
}

/// What a login made, in one sentence, and what its posts do now.
pub fn made(connected: &Connected) -> Done {
    let channel = &connected.channel.channel;
    let word = if connected.reconnected {
        "Reconnected"
    } else {
        "Connected"
    };
    let plan = &connected.plan;
    let late = plan.late.len() + plan.retried.len();
    let mut parts = Vec::new();
    for (n, what) in [
        (plan.on_time.len(), "on time"),
        (late, "late: L"),
        (plan.missed.len(), "missed: decide"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    let posts = if parts.is_empty() {
        String::new()
    } else {
        format!(" Posts: {}.", parts.join(" · "))
    };
    let name = words::channel(channel);
    let text = if channel.publishable {
        format!("{word} {name}, proved just now.{posts}")
    } else {
        let missing = channel.missing_scopes.join(", ");
        format!(
            "{word} {name}, but it may not publish: {missing} was not allowed. Log in again and allow everything."
        )
    };
    Done {
        text,
        command: None,
        channel: Some(channel.id.clone()),
        receipt: Vec::new(),
    }
}
