//! What goes through one simulated network: its faults, its log, its load.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::calls::Call;
use super::faults::{Fault, Faults, Outage};

/// Everything about the requests of one network; shared by its ports.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    faults: Faults,
    outage: Outage,
    calls: Vec<Call>,
    in_flight: usize,
    most_in_flight: usize,
    /// Milliseconds by which the `Date` header is off.
    date_off_ms: i64,
}

impl Traffic {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` on the queued faults.
    pub fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.state().faults)
    }

    pub fn set_outage(&self, outage: Outage) {
        self.state().outage = outage;
    }

    pub fn date_off_ms(&self) -> i64 {
        self.state().date_off_ms
    }

    pub fn set_date_off_ms(&self, off: i64) {
        self.state().date_off_ms = off;
    }

    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub fn forget_calls(&self) {
        let mut state = self.state();
        state.calls.clear();
        state.most_in_flight = state.in_flight;
    }

    pub fn most_in_flight(&self) -> usize {
        self.state().most_in_flight
    }

    /// Logs a request and uses up the fault that waits for it; during an
    /// outage none is used up, since nobody is there to go wrong.
    pub fn arrived(&self, mut call: Call) -> Logged {
        let mut state = self.state();
        call.fault = match state.outage {
            Outage::None => state.faults.take(&call.endpoint, call.account.as_deref()),
            Outage::Closed => Some(Fault::DropBeforeProcessing),
            Outage::Unavailable => Some(Fault::Down),
        };
        let fault = call.fault.clone();
        let key = (call.at, call.endpoint.clone());
        let at = state.calls.len();
        state.calls.push(call);
        Logged { at, key, fault }
    }

    /// Notes the status of a logged request.
    pub fn answered(&self, logged: &Logged, status: u16) {
        let mut state = self.state();
        // The log may have been emptied since; then there is nothing to note.
        if let Some(call) = state.calls.get_mut(logged.at)
            && (call.at, &call.endpoint) == (logged.key.0, &logged.key.1)
        {
            call.status = Some(status);
        }
    }

    /// Counts a request as under way until the guard is dropped.
    pub fn enter(&self) -> InFlight<'_> {
        let mut state = self.state();
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        InFlight(self)
    }
}

/// A request in the log.
pub(super) struct Logged {
    at: usize,
    key: (crate::support::time::UtcMs, String),
    /// What is to go wrong with it.
    pub fault: Option<Fault>,
}

/// A request under way.
pub(super) struct InFlight<'a>(&'a Traffic);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}
