//! What the operator can tell the simulated instance over HTTP, beside what
//! every network takes.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Limits, Mastodon};
use crate::sandbox::control::Operated;
use crate::sandbox::ledger::LedgerEntry;
use crate::sandbox::traffic::Traffic;

/// One order; its name in snake case is the last part of the path, and its
/// fields are the body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::sandbox) enum Order {
    CreateAccount {
        name: String,
    },
    CreateToken {
        /// Id or name.
        account: String,
        scopes: Vec<String>,
    },
    RevokeToken {
        token: String,
    },
    PasswordReset {
        account: String,
    },
    Freeze {
        account: String,
        on: bool,
    },
    Suspend {
        account: String,
    },
    Unconfirmed {
        account: String,
        on: bool,
    },
    IgnoreIdempotency {
        on: bool,
    },
    RateLimits {
        on: bool,
    },
    Page {
        most: usize,
    },
    Favourite {
        status: String,
        by: u64,
    },
    Reblog {
        status: String,
        by: u64,
    },
    Mention {
        /// Name with server, as in `bob@elsewhere.example`.
        by: String,
        /// Id or name.
        account: String,
        /// The status that is answered.
        answers: Option<String>,
        html: String,
        #[serde(default = "public")]
        visibility: String,
    },
    DropScope {
        token: String,
        scope: String,
    },
    Unlink {
        account: String,
    },
    ForgetApps {},
    Antispam {
        account: String,
        on: bool,
    },
    Limited {
        account: String,
        on: bool,
    },
    Moved {
        account: String,
        to: Option<String>,
    },
    /// What is left out is as usual.
    Limits(Limits),
    #[serde(rename = "before_4_3")]
    Before43 {
        on: bool,
    },
    Pkce {
        on: bool,
    },
    RefuseBasic {
        on: bool,
    },
    ExactRedirects {
        on: bool,
    },
    RedirectErrors {
        on: bool,
    },
    InstanceV2 {
        on: bool,
    },
    RateHeaders {
        on: bool,
    },
    /// For good again without a number.
    ExpiringTokens {
        seconds: Option<u64>,
    },
    WholeMentions {
        on: bool,
    },
    LockKeys {
        on: bool,
    },
}

fn public() -> String {
    "public".to_owned()
}

impl Operated for Mastodon {
    type Order = Order;

    const NAME: &'static str = "mastodon";

    fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    fn entries(&self) -> Vec<LedgerEntry> {
        self.ledger()
    }

    fn account_id(&self, named: &str) -> String {
        self.id_of(named).unwrap_or_else(|_| named.to_owned())
    }

    fn carry_out(&self, order: Order) -> Result<Value, String> {
        carry_out(self, order).map_err(|error| error.to_string())
    }
}

fn carry_out(mastodon: &Mastodon, order: Order) -> Result<Value, ControlError> {
    match order {
        Order::CreateAccount { name } => {
            return Ok(json!({ "id": mastodon.create_account(&name)? }));
        }
        Order::CreateToken { account, scopes } => {
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            return Ok(json!({ "token": mastodon.create_token(&account, &scopes)? }));
        }
        Order::RevokeToken { token } => mastodon.revoke_token(&token)?,
        Order::PasswordReset { account } => mastodon.password_reset(&account)?,
        Order::Freeze { account, on } => mastodon.freeze(&account, on)?,
        Order::Suspend { account } => mastodon.suspend(&account)?,
        Order::Unconfirmed { account, on } => mastodon.unconfirmed(&account, on)?,
        Order::IgnoreIdempotency { on } => mastodon.ignore_idempotency(on),
        Order::RateLimits { on } => mastodon.rate_limits(on),
        Order::Page { most } => mastodon.page(most),
        Order::Favourite { status, by } => mastodon.favourite(&status, by)?,
        Order::Reblog { status, by } => mastodon.reblog(&status, by)?,
        Order::Mention {
            by,
            account,
            answers,
            html,
            visibility,
        } => {
            let answers = answers.as_deref();
            let id = mastodon.mention(&by, &account, answers, &html, &visibility)?;
            return Ok(json!({ "id": id }));
        }
        Order::DropScope { token, scope } => mastodon.drop_scope(&token, &scope)?,
        Order::Unlink { account } => mastodon.unlink(&account)?,
        Order::ForgetApps {} => mastodon.forget_apps(),
        Order::Antispam { account, on } => mastodon.antispam(&account, on)?,
        Order::Limited { account, on } => mastodon.limited(&account, on)?,
        Order::Moved { account, to } => mastodon.moved(&account, to.as_deref())?,
        Order::Limits(limits) => mastodon.differ(|one| one.limits = limits),
        Order::Before43 { on } => mastodon.differ(|one| one.before_4_3 = on),
        Order::Pkce { on } => mastodon.differ(|one| one.pkce = on),
        Order::RefuseBasic { on } => mastodon.differ(|one| one.basic = !on),
        Order::ExactRedirects { on } => mastodon.differ(|one| one.exact_redirects = on),
        Order::RedirectErrors { on } => mastodon.differ(|one| one.redirect_errors = on),
        Order::InstanceV2 { on } => mastodon.differ(|one| one.instance_v2 = on),
        Order::RateHeaders { on } => mastodon.differ(|one| one.rate_headers = on),
        Order::ExpiringTokens { seconds } => {
            mastodon.differ(|one| one.token_life = seconds.map(Duration::from_secs));
        }
        Order::WholeMentions { on } => mastodon.differ(|one| one.whole_mentions = on),
        Order::LockKeys { on } => mastodon.differ(|one| one.keys_locked = on),
    }
    Ok(json!({}))
}
