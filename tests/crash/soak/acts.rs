//! What goes wrong in a round of the soak, and what people do meanwhile.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use super::ground::Way;
use super::{Soak, database, holder, now};
use crate::common::process::{send, wait_until_dead};
use crate::common::proxy::Fault;

impl Soak {
    pub(super) fn kills(&mut self) -> &'static str {
        let at = match holder(&self.path()).and_then(|pid| self.crew.place_of(pid)) {
            Some(at) if self.below(2) == 0 => at,
            _ => self.place(),
        };
        self.crew.kill(at);
        "killed"
    }

    pub(super) fn kills_on_the_wire(&self) -> &'static str {
        let path = self.path();
        let hook: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            if let Some(pid) = holder(&path) {
                send(pid, Signal::KILL);
                wait_until_dead(pid);
            }
        });
        let channel = self.channel();
        let (proxy, call) = self.ground.wire(&channel.way);
        let fault = if self.below(2) == 0 {
            Fault::OnFirstByte(hook)
        } else {
            Fault::OnArrival(hook)
        };
        proxy.next(&call, fault);
        "killed on the wire"
    }

    pub(super) fn stops(&self) -> &'static str {
        let at = match holder(&self.path()).and_then(|pid| self.crew.place_of(pid)) {
            Some(at) if self.below(4) > 0 => at,
            _ => self.place(),
        };
        self.crew.signal(at, Signal::STOP);
        self.pause(50, 4000);
        self.crew.signal(at, Signal::CONT);
        "stopped and went on"
    }

    pub(super) fn ends(&mut self) -> &'static str {
        let at = self.place();
        self.crew.end(at);
        "ended in order"
    }

    pub(super) fn spoils(&mut self) -> &'static str {
        if self.below(8) == 0 && self.ground.doubles_nothing() {
            // Servers that forget keys: there only the reading keeps us safe.
            self.keyless = !self.keyless;
            let mastodon = self.ground.sandbox.mastodon();
            mastodon.ignore_idempotency(self.keyless);
        }
        let late = Duration::from_millis(1600 + self.below(900));
        let channel = self.channel();
        let fault = match self.below(10) {
            0 | 1 => Fault::LoseAnswer,
            2 => Fault::Error500ThoughDone,
            3 => Fault::DropBefore,
            4 | 5 => Fault::DelayRequest(late),
            6 => Fault::DelayAnswer(late),
            7 => Fault::xrpc_error(503, "Unavailable", "not now"),
            // Where the keys are forgotten nobody could tell two from ours.
            _ if matches!(channel.way, Way::Mastodon { .. }) && self.keyless => Fault::LoseAnswer,
            _ => Fault::Double,
        };
        let (proxy, call) = self.ground.wire(&channel.way);
        proxy.next(&call, fault);
        "spoiled"
    }

    pub(super) fn takes_down(&self) -> &'static str {
        let channel = self.channel();
        let (proxy, _) = self.ground.wire(&channel.way);
        proxy.down();
        self.pause(200, 2000);
        proxy.up();
        "network down"
    }

    pub(super) fn holds(&mut self) -> &'static str {
        let channel = self.channel();
        self.insists(&["channel", "pause", &channel.id]);
        let from = now();
        self.pause(200, 2000);
        let to = now();
        self.insists(&["channel", "resume", &channel.id]);
        self.acts.windows.push((channel.id, from, to));
        "paused"
    }

    /// A disconnect is for good: the account comes back as another channel.
    pub(super) fn disconnects(&mut self) -> &'static str {
        let at = usize::try_from(self.below(self.channels.len() as u64)).unwrap();
        let channel = self.channels[at].clone();
        let show = ["channel", "show", &channel.id, "--json"];
        let shown = self.patient(self.desk.home.allgreen(show)).ok().json();
        let handle = shown["handle"].as_str().unwrap();
        let confirm = format!("--confirm-handle=@{handle}");
        self.insists(&["channel", "disconnect", &channel.id, "--yes", &confirm]);
        self.acts
            .windows
            .push((channel.id.clone(), now(), i64::MAX));
        self.acts.disconnected.insert(channel.id.clone());
        self.gives_back(at);
        let way = self.channels[at].way.clone();
        self.pause(0, 1000);
        let mut said = Vec::new();
        let patient = |run| self.patient(run);
        for _ in 0..5 {
            match self.ground.connect(&self.desk, &way, &patient) {
                Ok(id) => {
                    self.channels[at].id = id;
                    self.is_mended(at);
                    self.former.push(channel);
                    return "disconnected";
                }
                Err(what) => said.push(what),
            }
        }
        panic!("{channel:?} cannot be connected again: {said:#?}");
    }

    pub(super) fn cancels(&mut self) -> &'static str {
        let found: Option<String> = database(&self.path())
            .query_row(
                "SELECT id FROM delivery WHERE state = 'scheduled' ORDER BY due DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .ok();
        if let Some(id) = found {
            // It may be on its way by now; then it is not cancelled.
            let cancel = ["post", "cancel", &id, "--yes"];
            self.patient(self.desk.home.allgreen(cancel));
            self.acts.cancelled.insert(id);
        }
        "cancelled"
    }

    /// Somebody moves posts that wait, earlier or later, while the publisher
    /// may end.
    pub(super) fn reschedules(&mut self) -> &'static str {
        let waiting: Vec<String> = {
            let store = database(&self.path());
            let mut all = store
                .prepare(
                    "SELECT id FROM delivery WHERE state = 'scheduled' ORDER BY due DESC LIMIT 4",
                )
                .unwrap();
            let found = all.query_map([], |row| row.get(0));
            found.unwrap().collect::<Result<_, _>>().unwrap()
        };
        for id in waiting {
            let to = ["--by=2s", "--by=1s", "--by=-1s", "--by=-2s", "--at=in 1s"];
            let to = to[usize::try_from(self.below(5)).unwrap()];
            if self.below(4) == 0 {
                self.kills();
            }
            // It may be on its way by now, or the time past; then nothing moves.
            let reschedule = ["post", "reschedule", &id, to];
            self.patient(self.desk.home.allgreen(reschedule));
        }
        "rescheduled"
    }
}
