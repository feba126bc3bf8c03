//! `sandbox`: the simulated networks alone, until somebody ends them.

use serde_json::{Value, json};

use super::args::hub::Sandbox as Command;
use super::context::Context;
use super::output::{Exit, Failure};
use crate::sandbox::bluesky::ControlError;
use crate::sandbox::mastodon::Mastodon;
use crate::sandbox::telegram::{ChatKind, Rights};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::support::clock::Clock;
use crate::support::secret::Secret;

/// Accounts that are there from the start.
const ACCOUNTS: [&str; 3] = ["acme.test", "birch.test", "corvid.test"];

/// Runs them.
///
/// # Errors
/// When a port is taken.
pub async fn run(context: &Context, command: &Command) -> Result<Exit, Failure> {
    let sandbox = start(SandboxOptions {
        clock: clock(&context.clock, command.speed),
        seed: command.seed,
        port: command.port,
    })
    .await?;
    let mut accounts = Vec::new();
    for handle in ACCOUNTS {
        accounts.push(account(&sandbox, handle).map_err(defect)?);
    }
    let line = json!({
        "bluesky": {
            "config": {
                "api_base": sandbox.base(),
                "upload_base": sandbox.video(),
                "directory_url": sandbox.directory(),
                "allow_private_hosts": true,
            },
            "accounts": accounts,
        },
        "telegram": {
            "config": { "api_base": sandbox.telegram_base(), "allow_private_hosts": true },
            "accounts": [{
                "chat": "@acme_news",
                "token": bot(&sandbox, "acme_news").map_err(defect)?.expose(),
            }],
        },
        "mastodon": {
            "config": { "allow_private_hosts": true },
            "accounts": [
                mastodon(sandbox.mastodon(), sandbox.mastodon_base()).map_err(defect)?,
                mastodon(sandbox.odd_mastodon(), sandbox.odd_mastodon_base()).map_err(defect)?,
            ],
        },
        "control": {
            "bluesky": format!("{}/control/bluesky", sandbox.base()),
            "telegram": format!("{}/control/telegram", sandbox.telegram_base()),
            "mastodon": format!("{}/control/mastodon", sandbox.mastodon_base()),
            "odd_mastodon": format!("{}/control/mastodon", sandbox.odd_mastodon_base()),
        },
        "ledger": {
            "bluesky": format!("{}/ledger", sandbox.base()),
            "telegram": format!("{}/ledger", sandbox.telegram_base()),
            "mastodon": format!("{}/ledger", sandbox.mastodon_base()),
            "odd_mastodon": format!("{}/ledger", sandbox.odd_mastodon_base()),
        },
    });
    context.output.text(&line.to_string())?;
    context.output.progress(
        "The simulated networks run until Ctrl-C. What they can be told: allgreen sandbox --help",
    );
    let mut stop = context.stop();
    // The sender lives as long as the context, so this ends by an order only.
    let _ = stop.wait_for(|stop| *stop).await;
    Ok(Exit::Done)
}

/// Starts the simulated networks.
///
/// # Errors
/// When a port is taken.
pub(super) async fn start(options: SandboxOptions) -> Result<Sandbox, Failure> {
    let sandbox = Sandbox::start(options).await.map_err(|error| {
        Failure::failed(
            "port",
            format!("The simulated networks could not be started: {error}."),
            "Choose other ports with --port, or leave it out.",
        )
    })?;
    // Whoever looks around here wants to see posts, not an outage.
    sandbox.bluesky().app_view(true);
    Ok(sandbox)
}

/// The clock of a simulation: that of the program, or a faster one from now on.
pub(super) fn clock(of: &Clock, speed: u32) -> Clock {
    if speed == 1 {
        of.clone()
    } else {
        Clock::scaled(of.now(), speed)
    }
}

fn account(sandbox: &Sandbox, handle: &str) -> Result<Value, ControlError> {
    let bluesky = sandbox.bluesky();
    let did = bluesky.create_account(handle, "main-password", "")?;
    bluesky.confirm_email(handle)?;
    let app_password = bluesky.create_app_password(handle, "allgreen")?;
    Ok(json!({
        "handle": handle,
        "did": did,
        "password": "main-password",
        "appPassword": app_password,
    }))
}

/// The server of a new account, its name, and a token as its settings give it.
fn mastodon(
    instance: &Mastodon,
    server: &str,
) -> Result<Value, crate::sandbox::mastodon::ControlError> {
    instance.create_account("acme")?;
    let token = instance.create_token("acme", &["read", "write"])?;
    Ok(json!({ "server": server, "name": "acme", "token": token }))
}

/// The token of a new bot that may post to a new public channel of this name.
pub(super) fn bot(
    sandbox: &Sandbox,
    channel: &str,
) -> Result<Secret, crate::sandbox::telegram::ControlError> {
    let telegram = sandbox.telegram();
    let bot = format!("{channel}_bot");
    let token = telegram.create_bot(&bot, channel)?;
    chat(sandbox, &bot, channel)?;
    Ok(Secret::new(token))
}

/// A channel that a bot may post to.
pub(super) fn chat(
    sandbox: &Sandbox,
    bot: &str,
    channel: &str,
) -> Result<(), crate::sandbox::telegram::ControlError> {
    let telegram = sandbox.telegram();
    let id = telegram.create_chat(ChatKind::Channel, channel, Some(channel))?;
    let posts = Rights::Administrator { post: true };
    telegram.set_rights(bot, &id.to_string(), posts)
}

/// An order of ours that the simulation does not take.
pub(super) fn defect(error: impl std::fmt::Display) -> Failure {
    Failure::failed(
        "sandbox",
        format!("The simulated networks could not be set up: {error}"),
        "Report this as a bug.",
    )
}
