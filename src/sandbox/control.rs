//! The operator's way in over HTTP, on each network's own port:
//! `POST /control/<network>/<method>` with the arguments as JSON, `GET /ledger`,
//! `GET /calls`. What can be ordered of every network is here, the rest in the
//! network's own folder.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::faults::{ANY, Fault, Faults, Outage, Times};
use super::ledger::LedgerEntry;
use super::traffic::Traffic;
use super::wire::{Answer, Request};

/// A simulated network an operator can give orders to.
pub(super) trait Operated {
    /// Its own orders.
    type Order: DeserializeOwned;

    /// Its name in the path.
    const NAME: &'static str;

    fn traffic(&self) -> &Traffic;

    /// Everything that became visible.
    fn entries(&self) -> Vec<LedgerEntry>;

    /// The stable id of an account as an operator names it.
    fn account_id(&self, named: &str) -> String;

    /// Does one of its own orders.
    fn carry_out(&self, order: Self::Order) -> Result<Value, String>;
}

/// An order every network takes; its name in snake case is the last part of the
/// path, and its fields are the body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Shared {
    Fault {
        #[serde(default = "any")]
        endpoint: String,
        account: Option<String>,
        fault: Fault,
        #[serde(default = "once")]
        times: Times,
    },
    ClearFaults {},
    Down {
        on: bool,
    },
    Outage {
        outage: Outage,
    },
    ClockOff {
        ms: i64,
    },
    ForgetCalls {},
}

/// The names of [`Shared`].
const SHARED: [&str; 6] = [
    "fault",
    "clear_faults",
    "down",
    "outage",
    "clock_off",
    "forget_calls",
];

fn any() -> String {
    ANY.to_owned()
}

fn once() -> Times {
    Times::Count(1)
}

/// Whether a path is the operator's.
pub(super) fn is_operator(path: &str) -> bool {
    path.starts_with("/control/") || path == "/ledger" || path == "/calls"
}

/// Answers a request of the operator.
pub(super) fn answer<N: Operated>(network: &N, req: &Request) -> Answer {
    let ways = format!("/control/{}/", N::NAME);
    match (req.method.as_str(), req.path.as_str()) {
        ("GET", "/ledger") => Answer::json(200, &json!(network.entries())),
        ("GET", "/calls") => {
            let traffic = network.traffic();
            let (calls, most) = (traffic.calls(), traffic.most_in_flight());
            Answer::json(200, &json!({ "calls": calls, "most_at_once": most }))
        }
        ("POST", path) => match path.strip_prefix(&ways) {
            Some(name) => order(network, &name.replace('-', "_"), req),
            None => refused(404, &format!("orders go to {ways}<method>")),
        },
        _ => refused(
            405,
            &format!("POST {ways}<method>, GET /ledger, GET /calls"),
        ),
    }
}

fn refused(status: u16, what: &str) -> Answer {
    Answer::json(status, &json!({ "error": what }))
}

fn order<N: Operated>(network: &N, name: &str, req: &Request) -> Answer {
    let body = if req.body.is_empty() {
        json!({})
    } else {
        match req.json() {
            Some(body) => body,
            None => return refused(400, "the body is not JSON"),
        }
    };
    let order = json!({ name: body });
    let done = if SHARED.contains(&name) {
        serde_json::from_value(order)
            .map_err(|error| error.to_string())
            .map(|order| shared(network, order))
    } else {
        serde_json::from_value(order)
            .map_err(|error| error.to_string())
            .and_then(|order| network.carry_out(order))
    };
    match done {
        Ok(result) => Answer::json(200, &result),
        Err(error) => refused(400, &error),
    }
}

fn shared<N: Operated>(network: &N, order: Shared) -> Value {
    let traffic = network.traffic();
    match order {
        Shared::Fault {
            endpoint,
            account,
            fault,
            times,
        } => {
            let account = account.map(|one| network.account_id(&one));
            traffic.faults(|queue| queue.push(&endpoint, account, fault, times));
        }
        Shared::ClearFaults {} => traffic.faults(Faults::clear),
        Shared::Down { on } => {
            traffic.set_outage(if on { Outage::Closed } else { Outage::None });
        }
        Shared::Outage { outage } => traffic.set_outage(outage),
        Shared::ClockOff { ms } => traffic.set_date_off_ms(ms),
        Shared::ForgetCalls {} => traffic.forget_calls(),
    }
    json!({})
}
