//! What the operator can tell the simulated Telegram over HTTP, beside what
//! every network takes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ChatKind, ControlError, Rights, Telegram};
use crate::sandbox::control::Operated;
use crate::sandbox::ledger::LedgerEntry;
use crate::sandbox::traffic::Traffic;

/// One order; its name in snake case is the last part of the path, and its
/// fields are the body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::sandbox) enum Order {
    CreateBot {
        username: String,
        name: String,
    },
    CreateChat {
        kind: ChatKind,
        title: String,
        username: Option<String>,
    },
    SetRights {
        /// Id or username.
        bot: String,
        /// Id or `@name`.
        chat: String,
        rights: Rights,
    },
    RevokeToken {
        bot: String,
    },
    Freeze {
        bot: String,
        on: bool,
    },
    Rename {
        chat: String,
        title: String,
        username: Option<String>,
    },
    DeleteChat {
        chat: String,
    },
    Migrate {
        chat: String,
    },
    RateLimits {
        on: bool,
    },
}

impl Operated for Telegram {
    type Order = Order;

    const NAME: &'static str = "telegram";

    fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    fn entries(&self) -> Vec<LedgerEntry> {
        self.ledger()
    }

    fn account_id(&self, named: &str) -> String {
        self.named(named)
    }

    fn carry_out(&self, order: Order) -> Result<Value, String> {
        carry_out(self, order).map_err(|error| error.to_string())
    }
}

fn carry_out(telegram: &Telegram, order: Order) -> Result<Value, ControlError> {
    match order {
        Order::CreateBot { username, name } => {
            let token = telegram.create_bot(&username, &name)?;
            return Ok(json!({ "token": token }));
        }
        Order::CreateChat {
            kind,
            title,
            username,
        } => {
            let id = telegram.create_chat(kind, &title, username.as_deref())?;
            return Ok(json!({ "id": id }));
        }
        Order::SetRights { bot, chat, rights } => telegram.set_rights(&bot, &chat, rights)?,
        Order::RevokeToken { bot } => {
            let token = telegram.revoke_token(&bot)?;
            return Ok(json!({ "token": token }));
        }
        Order::Freeze { bot, on } => telegram.freeze(&bot, on)?,
        Order::Rename {
            chat,
            title,
            username,
        } => telegram.rename(&chat, &title, username.as_deref())?,
        Order::DeleteChat { chat } => telegram.delete_chat(&chat)?,
        Order::Migrate { chat } => {
            let id = telegram.migrate(&chat)?;
            return Ok(json!({ "id": id }));
        }
        Order::RateLimits { on } => telegram.rate_limits(on),
    }
    Ok(json!({}))
}
