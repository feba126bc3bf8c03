//! The operator's way in over HTTP: `POST /control/bluesky/<method>` with the
//! arguments as JSON, `GET /ledger`, `GET /calls`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bluesky::{Bluesky, ControlError};
use super::faults::{ANY, Fault, Outage, Times};
use super::wire::{Answer, Request};

/// One order; its name in snake case is the last part of the path, and its
/// fields are the body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Order {
    CreateAccount {
        handle: String,
        password: String,
        #[serde(default)]
        display_name: String,
        /// Takes over an account that has a DID already.
        did: Option<String>,
    },
    CreateAppPassword {
        account: String,
        name: String,
    },
    RevokeAppPassword {
        account: String,
        /// Its name or its value.
        name: String,
    },
    ForgetRefreshTokens {
        account: Option<String>,
    },
    ExpireAccessTokens {
        account: String,
    },
    ChangeSigningKey {},
    ChangeMainPassword {
        account: String,
        password: String,
    },
    Takedown {
        account: String,
        on: bool,
    },
    Deactivate {
        account: String,
        on: bool,
    },
    DeleteAccount {
        account: String,
    },
    RenameHandle {
        account: String,
        handle: String,
    },
    MoveAccount {
        account: String,
        server: String,
    },
    BlobLimit {
        bytes: u64,
    },
    RateLimits {
        on: bool,
    },
    AppView {
        on: bool,
    },
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

fn any() -> String {
    ANY.to_owned()
}

fn once() -> Times {
    Times::Count(1)
}

/// Answers a request of the operator.
pub(super) fn answer(bluesky: &Bluesky, req: &Request) -> Answer {
    match (req.method.as_str(), req.path.as_str()) {
        ("GET", "/ledger") => Answer::json(200, &json!(bluesky.ledger())),
        ("GET", "/calls") => Answer::json(
            200,
            &json!({ "calls": bluesky.calls(), "most_at_once": bluesky.most_at_once() }),
        ),
        ("POST", path) => match path.strip_prefix("/control/bluesky/") {
            Some(name) => order(bluesky, name, req),
            None => refused(404, "orders go to /control/bluesky/<method>"),
        },
        _ => refused(
            405,
            "POST /control/bluesky/<method>, GET /ledger, GET /calls",
        ),
    }
}

fn refused(status: u16, what: &str) -> Answer {
    Answer::json(status, &json!({ "error": what }))
}

fn order(bluesky: &Bluesky, name: &str, req: &Request) -> Answer {
    let body = if req.body.is_empty() {
        json!({})
    } else {
        match req.json() {
            Some(body) => body,
            None => return refused(400, "the body is not JSON"),
        }
    };
    let order = json!({ name.replace('-', "_"): body });
    match serde_json::from_value::<Order>(order) {
        Err(error) => refused(400, &error.to_string()),
        Ok(order) => match carry_out(bluesky, order) {
            Ok(result) => Answer::json(200, &result),
            Err(error) => refused(400, &error.to_string()),
        },
    }
}

fn carry_out(bluesky: &Bluesky, order: Order) -> Result<Value, ControlError> {
    match order {
        Order::CreateAccount {
            handle,
            password,
            display_name,
            did,
        } => {
            let did = match did {
                None => bluesky.create_account(&handle, &password, &display_name)?,
                Some(did) => {
                    bluesky.adopt_account(&did, &handle, &password, &display_name)?;
                    did
                }
            };
            return Ok(json!({ "did": did }));
        }
        Order::CreateAppPassword { account, name } => {
            let password = bluesky.create_app_password(&account, &name)?;
            return Ok(json!({ "password": password }));
        }
        Order::RevokeAppPassword { account, name } => {
            bluesky.revoke_app_password(&account, &name)?;
        }
        Order::ForgetRefreshTokens { account } => {
            bluesky.forget_refresh_tokens(account.as_deref())?;
        }
        Order::ExpireAccessTokens { account } => bluesky.expire_access_tokens(&account)?,
        Order::ChangeSigningKey {} => bluesky.change_signing_key(),
        Order::ChangeMainPassword { account, password } => {
            bluesky.change_main_password(&account, &password)?;
        }
        Order::Takedown { account, on } => bluesky.takedown(&account, on)?,
        Order::Deactivate { account, on } => bluesky.deactivate(&account, on)?,
        Order::DeleteAccount { account } => bluesky.delete_account(&account)?,
        Order::RenameHandle { account, handle } => bluesky.rename_handle(&account, &handle)?,
        Order::MoveAccount { account, server } => bluesky.move_account(&account, &server)?,
        Order::BlobLimit { bytes } => bluesky.blob_limit(bytes),
        Order::RateLimits { on } => bluesky.rate_limits(on),
        Order::AppView { on } => bluesky.app_view(on),
        Order::Fault {
            endpoint,
            account,
            fault,
            times,
        } => bluesky.fault(&endpoint, account.as_deref(), fault, times),
        Order::ClearFaults {} => bluesky.clear_faults(),
        Order::Down { on } => bluesky.down(on),
        Order::Outage { outage } => bluesky.outage(outage),
        Order::ClockOff { ms } => bluesky.clock_off(ms),
        Order::ForgetCalls {} => bluesky.forget_calls(),
    }
    Ok(json!({}))
}
