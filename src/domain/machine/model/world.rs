//! One moment of the modelled world, in as few bits as tell it apart.

use super::super::super::delivery::State;

/// Requests that may be under way at once; the reference has the same limit.
const WIRE: usize = 2;
/// How often the role may be taken where it can be stolen.
const TAKES: u8 = 4;

/// What came back to whoever sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    Nothing,
    Published,
    Accepted,
    Refused,
    NotProcessed,
}

/// What a worker is doing. Of an attempt it matters whether it is still the
/// newest one, and which key it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Idle,
    Run,
    Armed { newest: bool, key: u8 },
    Waiting { newest: bool },
    Has { newest: bool, got: Got },
}

impl Phase {
    /// The same once a newer attempt was opened.
    pub fn overtaken(self) -> Self {
        let newest = false;
        match self {
            Self::Idle | Self::Run => self,
            Self::Armed { key, .. } => Self::Armed { newest, key },
            Self::Waiting { .. } => Self::Waiting { newest },
            Self::Has { got, .. } => Self::Has { newest, got },
        }
    }

    fn bits(self) -> u128 {
        let (tag, newest, more) = match self {
            Self::Idle => (0, false, 0),
            Self::Run => (1, false, 0),
            Self::Armed { newest, key } => (2, newest, key),
            Self::Waiting { newest } => (3, newest, 0),
            Self::Has { newest, got } => (4, newest, got as u8),
        };
        tag | u128::from(newest) << 3 | u128::from(more) << 4
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Up,
    Down,
    Gone,
}

/// A request under way: who waits for its answer, and its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    pub waits: Option<usize>,
    pub key: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    pub state: State,
    pub key: u8,
    pub unanswered: bool,
    pub ever_armed: bool,
    pub asked_for_token: bool,
    pub reads: u8,
    /// Who took the role last and still lives; a paused process that lost it
    /// does not know.
    pub holder: Option<usize>,
    pub takes: u8,
    pub workers: [Phase; 2],
    pub wire: [Option<Flight>; WIRE],
    pub live: u8,
    pub keys_seen: u8,
    pub channel: Channel,
    pub late: bool,
    pub crashes: u8,
    pub faults: u8,
    pub whims: u8,
}

impl World {
    /// Scheduled and due, nobody at work; people may still act so many times.
    pub fn start(whims: u8) -> Self {
        Self {
            state: State::Scheduled,
            key: 0,
            unanswered: false,
            ever_armed: false,
            asked_for_token: false,
            reads: 0,
            holder: None,
            takes: TAKES,
            workers: [Phase::Idle; 2],
            wire: [None; WIRE],
            live: 0,
            keys_seen: 0,
            channel: Channel::Up,
            late: false,
            crashes: 2,
            faults: 2,
            whims,
        }
    }

    /// Nothing of ours is under way, as far as the one who holds the role can
    /// know: a paused process that lost the role is invisible.
    pub fn quiet(&self) -> bool {
        let armed = |i: usize| matches!(self.workers[i], Phase::Armed { .. });
        self.wire == [None; WIRE] && !self.holder.is_some_and(armed)
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// After its work a worker goes on when it still holds the role.
    pub fn rest(&mut self, i: usize) {
        self.workers[i] = match self.holder {
            Some(holder) if holder == i => Phase::Run,
            _ => Phase::Idle,
        };
    }

    /// Nobody hears the answers that were for this worker any more.
    pub fn hangs_up(&mut self, i: usize) {
        for flight in self.wire.iter_mut().flatten() {
            flight.waits = flight.waits.filter(|waits| *waits != i);
        }
    }

    /// The two workers are alike, and so are the places on the wire: of all the
    /// ways to tell the same story this is the one that is kept, and its bits.
    pub fn kept(self) -> (u128, Self) {
        let one = self.sorted();
        let other = self.swapped().sorted();
        if other.0 < one.0 { other } else { one }
    }

    fn sorted(mut self) -> (u128, Self) {
        let bits = |flight: Option<Flight>| {
            flight.map_or(0, |one| 1 | who(one.waits) << 1 | u128::from(one.key) << 3)
        };
        if bits(self.wire[0]) < bits(self.wire[1]) {
            self.wire.swap(0, 1);
        }
        let mut all: u128 = 0;
        let mut put = |value: u128, width: u32| all = all << width | value;
        put(self.state as u128, 4);
        put(self.key.into(), 3);
        put(self.unanswered.into(), 1);
        put(self.ever_armed.into(), 1);
        put(self.asked_for_token.into(), 1);
        put(self.reads.into(), 2);
        put(who(self.holder), 2);
        put(self.takes.into(), 3);
        for phase in self.workers {
            put(phase.bits(), 8);
        }
        for flight in self.wire {
            put(bits(flight), 6);
        }
        put(self.live.into(), 2);
        put(self.keys_seen.into(), 8);
        put(self.channel as u128, 2);
        put(self.late.into(), 1);
        put(self.crashes.into(), 2);
        put(self.faults.into(), 2);
        put(self.whims.into(), 2);
        (all, self)
    }

    fn swapped(mut self) -> Self {
        self.workers.swap(0, 1);
        self.holder = self.holder.map(|i| 1 - i);
        for flight in self.wire.iter_mut().flatten() {
            flight.waits = flight.waits.map(|i| 1 - i);
        }
        self
    }
}

fn who(i: Option<usize>) -> u128 {
    i.map_or(0, |i| i as u128 + 1)
}
