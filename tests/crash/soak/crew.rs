//! The processes of the soak: two daemons and two screens on one home.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::PATIENCE;
use crate::common::process::{Home, Running, send};
use crate::terminal::Term;

/// How long a process may take to end after it was asked to.
const FAREWELL: Duration = Duration::from_secs(35);

/// One of the processes.
enum Member {
    Daemon(Running),
    Screen(Box<Term>),
    Gone,
}

/// All of them; what was killed is started again by [`Crew::complete`].
pub struct Crew {
    members: Vec<Member>,
    fault: String,
}

/// The places of the crew: the first two are daemons, the others screens.
pub const PLACES: usize = 4;
const DAEMONS: usize = 2;

impl Crew {
    /// Nobody yet; every process gets `fault`, a broken rule or nothing.
    pub fn new(fault: &str) -> Self {
        Self {
            members: (0..PLACES).map(|_| Member::Gone).collect(),
            fault: fault.into(),
        }
    }

    /// Starts whoever is missing; the first daemon with one more fault.
    pub fn complete(&mut self, home: &Home, extra: Option<&str>) {
        for at in 0..PLACES {
            if !self.is_alive(at) {
                self.members[at] = self.start(home, at, extra.filter(|_| at == 0));
            }
        }
    }

    fn start(&self, home: &Home, at: usize, extra: Option<&str>) -> Member {
        let faults: Vec<&str> = [Some(self.fault.as_str()), extra]
            .into_iter()
            .flatten()
            .filter(|fault| !fault.is_empty())
            .collect();
        let faults = faults.join(",");
        if at < DAEMONS {
            Member::Daemon(home.allgreen(["daemon"]).fault(&faults).spawn())
        } else {
            let environment = [("ALLGREEN_FAULT", faults.as_str())];
            Member::Screen(Box::new(Term::over_with(&home.path(), &environment)))
        }
    }

    /// Whether somebody is at this place.
    pub fn is_alive(&mut self, at: usize) -> bool {
        match &mut self.members[at] {
            Member::Daemon(running) => running.is_alive(),
            Member::Screen(term) => {
                // Also reads what it has drawn, or it would wait for us.
                while term.take(Duration::ZERO).is_ok() {}
                term.raw.clear();
                matches!(term.child.try_wait(), Ok(None))
            }
            Member::Gone => false,
        }
    }

    /// The process at this place.
    pub fn pid(&self, at: usize) -> Option<u32> {
        match &self.members[at] {
            Member::Daemon(running) => Some(running.pid()),
            Member::Screen(term) => term.child.process_id(),
            Member::Gone => None,
        }
    }

    /// The place of a process.
    pub fn place_of(&self, pid: u32) -> Option<usize> {
        (0..PLACES).find(|at| self.pid(*at) == Some(pid))
    }

    /// Sends a signal to whoever is at this place.
    pub fn signal(&self, at: usize, signal: Signal) {
        if let Some(pid) = self.pid(at) {
            send(pid, signal);
        }
    }

    /// Ends one as a crash would.
    pub fn kill(&mut self, at: usize) {
        self.signal(at, Signal::KILL);
        match std::mem::replace(&mut self.members[at], Member::Gone) {
            Member::Daemon(running) => drop(running.wait(PATIENCE)),
            Member::Screen(mut term) => drop(term.child.wait()),
            Member::Gone => {}
        }
    }

    /// Asks one to end, and insists that it does in order.
    pub fn end(&mut self, at: usize) {
        if !self.is_alive(at) {
            return;
        }
        match std::mem::replace(&mut self.members[at], Member::Gone) {
            Member::Daemon(mut running) => {
                running.signal(Signal::TERM);
                let last = Instant::now() + FAREWELL;
                while running.is_alive() && Instant::now() < last {
                    // One that stops itself on its way out has to be woken.
                    running.signal(Signal::CONT);
                    std::thread::sleep(Duration::from_millis(20));
                }
                drop(running.wait(Duration::ZERO).ok());
            }
            Member::Screen(mut term) => {
                term.signal("TERM");
                term.ended_within(FAREWELL);
            }
            Member::Gone => {}
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for at in 0..PLACES {
            self.kill(at);
        }
    }
}
