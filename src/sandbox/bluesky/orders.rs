//! What the operator can tell the simulated Bluesky over HTTP, beside what every
//! network takes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Bluesky, ControlError};
use crate::sandbox::control::Operated;
use crate::sandbox::ledger::LedgerEntry;
use crate::sandbox::traffic::Traffic;

/// One order; its name in snake case is the last part of the path, and its
/// fields are the body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::sandbox) enum Order {
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
    EndOauth {
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
    ConfirmEmail {
        account: String,
    },
    VideoTakes {
        seconds: u64,
    },
    FailVideo {
        code: String,
    },
    VideoLimits {
        videos: u64,
        bytes: u64,
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
    Like {
        post: String,
        by: u64,
    },
    Repost {
        account: String,
        post: String,
    },
    Reply {
        account: String,
        post: String,
        text: String,
    },
    Mention {
        account: String,
        whom: String,
        text: String,
    },
    Quote {
        account: String,
        post: String,
        text: String,
    },
}

impl Operated for Bluesky {
    type Order = Order;

    const NAME: &'static str = "bluesky";

    fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    fn entries(&self) -> Vec<LedgerEntry> {
        self.ledger()
    }

    fn account_id(&self, named: &str) -> String {
        // One that is not there yet is taken as the DID it may get.
        let found = self.world().account(named).map(|one| one.did.clone());
        found.unwrap_or_else(|| named.to_owned())
    }

    fn carry_out(&self, order: Order) -> Result<Value, String> {
        carry_out(self, order).map_err(|error| error.to_string())
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
        Order::EndOauth { account } => bluesky.end_oauth(&account)?,
        Order::ChangeSigningKey {} => bluesky.change_signing_key(),
        Order::ChangeMainPassword { account, password } => {
            bluesky.change_main_password(&account, &password)?;
        }
        Order::Takedown { account, on } => bluesky.takedown(&account, on)?,
        Order::Deactivate { account, on } => bluesky.deactivate(&account, on)?,
        Order::DeleteAccount { account } => bluesky.delete_account(&account)?,
        Order::RenameHandle { account, handle } => bluesky.rename_handle(&account, &handle)?,
        Order::MoveAccount { account, server } => bluesky.move_account(&account, &server)?,
        Order::ConfirmEmail { account } => bluesky.confirm_email(&account)?,
        Order::VideoTakes { seconds } => {
            bluesky.video_takes(std::time::Duration::from_secs(seconds));
        }
        Order::FailVideo { code } => bluesky.fail_video(&code),
        Order::VideoLimits { videos, bytes } => bluesky.video_limits(videos, bytes),
        Order::BlobLimit { bytes } => bluesky.blob_limit(bytes),
        Order::RateLimits { on } => bluesky.rate_limits(on),
        Order::AppView { on } => bluesky.app_view(on),
        Order::Like { post, by } => bluesky.like(&post, by)?,
        Order::Repost { account, post } => bluesky.repost(&account, &post)?,
        Order::Reply {
            account,
            post,
            text,
        } => return Ok(json!({ "uri": bluesky.reply(&account, &post, &text)? })),
        Order::Mention {
            account,
            whom,
            text,
        } => return Ok(json!({ "uri": bluesky.mention(&account, &whom, &text)? })),
        Order::Quote {
            account,
            post,
            text,
        } => return Ok(json!({ "uri": bluesky.quote(&account, &post, &text)? })),
    }
    Ok(json!({}))
}
