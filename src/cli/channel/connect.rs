//! `channel connect` and `channel reconnect`: log in, prove, and say what the
//! posts do now.

use serde::Serialize;

use super::browser;

use crate::cli::args::channel::{Connect, Late, LatePosts, Login, Reconnect};
use crate::cli::ask;
use crate::cli::context::Context;
use crate::cli::json::ChannelJson;
use crate::cli::output::{Exit, Failure};
use crate::cli::post::plan::{PlanJson, sentence};
use crate::cli::words::count;
use crate::domain::ids::ChannelId;
use crate::domain::network::Network;
use crate::networks::{Credential, Way};
use crate::ops::connect::{self as logins, Connected};
use crate::ops::login::Purpose;
use crate::ops::release::{LateAnswer, MissedAnswer, ReleaseAnswer, ReleasePlan, release};
use crate::ops::{Hub, views, workspaces};

/// A channel after a login, as `--json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectedJson {
    #[serde(flatten)]
    channel: ChannelJson,
    reconnected: bool,
    sibling_ids: Vec<ChannelId>,
    hidden_siblings: u64,
    plan: PlanJson,
}

/// `channel connect`
pub async fn connect(context: &Context, command: &Connect) -> Result<Exit, Failure> {
    let answer = answer(&command.late)?;
    let hub = context.hub().await?;
    let workspace = context.one_workspace(&hub).await?;
    let network = command.network;
    let way = way(&hub, network, command.handle.is_some(), &command.login)?;
    let named = named(way, command.handle.as_deref(), &command.login);
    let Some(named) = named.filter(|text| !text.trim().is_empty()) else {
        return Err(nobody_named(way));
    };
    let who = named.trim_start_matches('@').to_owned();
    let at_server = way == Way::AccessToken || (way == Way::Browser && command.handle.is_none());
    let called = if at_server {
        format!("an account at {who}")
    } else if who.starts_with('-') {
        format!("the chat {who}")
    } else {
        format!("@{who}")
    };
    let place = workspaces::show(&hub, &workspace).await?.workspace.slug;
    let would = format!("connect {called} on {} in {place}.", network.title());
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    if way == Way::Browser {
        let purpose = Purpose::Connect {
            workspace,
            network,
            server: command.login.server.clone(),
            account: command.handle.clone(),
        };
        let connected = browser::log_in(context, &hub, purpose, &command.login).await?;
        return finish(context, &hub, connected, answer).await;
    }
    let credential = credential(context, way, named.to_owned(), &called, &command.login).await?;
    context
        .output
        .progress(&format!("Logging in at {}.", network.title()));
    let login = logins::connect(&hub, &workspace, network, credential);
    let connected = context.uncut(login).await?;
    finish(context, &hub, connected, answer).await
}

/// `channel reconnect`
pub async fn reconnect(context: &Context, command: &Reconnect) -> Result<Exit, Failure> {
    let answer = answer(&command.late)?;
    let hub = context.hub().await?;
    let id = context.channel(&hub, &command.id).await?;
    let view = views::channel(&hub, &id).await?;
    let channel = &view.summary.channel;
    let network = channel.kind.network();
    let way = way(&hub, network, command.handle.is_some(), &command.login)?;
    if context.dry_run(&format!("log in again for {}.", view.full_name()))? {
        return Ok(Exit::Done);
    }
    if way == Way::Browser {
        let purpose = Purpose::Reconnect {
            channel: id.clone(),
        };
        let connected = browser::log_in(context, &hub, purpose, &command.login).await?;
        return finish(context, &hub, connected, answer).await;
    }
    // The stable id finds the account wherever it lives and whatever it is
    // called by now.
    let named = named(way, command.handle.as_deref(), &command.login);
    let kept = match way {
        Way::AccessToken => &channel.server,
        _ => &channel.remote_id,
    };
    let who = named.unwrap_or(kept).to_owned();
    let credential = credential(context, way, who, &view.full_name(), &command.login).await?;
    context
        .output
        .progress(&format!("Logging in for {}.", view.full_name()));
    let login = logins::reconnect(&hub, &id, credential);
    let connected = context.uncut(login).await?;
    finish(context, &hub, connected, answer).await
}

/// The way a network is logged in to from the command line. Refused before
/// anything secret is asked for: networks there are not yet, and flags that
/// belong to another one.
fn way(hub: &Hub, network: Network, handle: bool, login: &Login) -> Result<Way, Failure> {
    let built_in = hub.networks.get(network);
    let ways = built_in.map_or(&[][..], |(one, _)| one.descriptor().ways);
    let Some(way) = chosen(ways, login) else {
        return Err(Failure::failed(
            "network_unavailable",
            format!("{} cannot be connected by this version.", network.title()),
            "Choose another network: allgreen channel connect --help",
        ));
    };
    let (bot, password, browser) = (
        way == Way::BotToken,
        way == Way::AppPassword,
        way == Way::Browser,
    );
    let stray = [
        // In a browser the handle says which server to go to.
        ("--handle", handle && !ways.contains(&Way::AppPassword)),
        ("--password-stdin", login.password_stdin && !password),
        ("--server", login.server.is_some() && bot),
        ("--token-stdin", login.token_stdin && (password || browser)),
        ("--chat", login.chat.is_some() && !bot),
        ("--browser", login.browser && !browser),
        ("--no-browser", login.no_browser && !browser),
        ("--paste", login.paste.is_some() && !browser),
        ("--device", login.device && !browser),
    ];
    match stray.iter().find(|(_, stray)| *stray) {
        None => Ok(way),
        Some((flag, _)) => Err(Failure::usage(
            "wrong_flag",
            format!("{} is not connected with {flag}.", network.title()),
            match way {
                Way::BotToken => {
                    "Name the chat with --chat, and give the bot's token with --token-stdin."
                }
                Way::AccessToken => {
                    "Name the server with --server, and give the access token with --token-stdin."
                }
                Way::Browser => {
                    "Name the server with --server; the login is in the browser, or by --token-stdin."
                }
                _ => {
                    "Name the account with --handle, and give its app password with --password-stdin."
                }
            },
        )),
    }
}

/// The way that is meant: the one a flag asks for, otherwise the network's
/// first.
fn chosen(ways: &[Way], login: &Login) -> Option<Way> {
    let asked = if login.token_stdin {
        ways.iter()
            .find(|way| matches!(way, Way::AccessToken | Way::BotToken))
    } else if login.browser || login.no_browser || login.paste.is_some() || login.device {
        ways.iter().find(|way| **way == Way::Browser)
    } else {
        None
    };
    asked.or(ways.first()).copied()
}

/// What names the account, of what was given.
fn named<'a>(way: Way, handle: Option<&'a str>, login: &'a Login) -> Option<&'a str> {
    match way {
        Way::BotToken => login.chat.as_deref(),
        Way::AccessToken => login.server.as_deref(),
        Way::Browser => handle.or(login.server.as_deref()),
        Way::AppPassword => handle,
    }
}

fn nobody_named(way: Way) -> Failure {
    match way {
        Way::BotToken => Failure::usage(
            "no_chat",
            "The chat the bot posts to is missing.",
            "Name it with --chat, for example --chat @acme_news or --chat -1001234567890.",
        ),
        Way::AccessToken | Way::Browser => Failure::usage(
            "no_server",
            "The server the account lives on is missing.",
            "Name it with --server, for example --server https://mastodon.social.",
        ),
        _ => Failure::usage(
            "no_handle",
            "The account's handle is missing.",
            "Name it with --handle, for example --handle acme.example.",
        ),
    }
}

async fn credential(
    context: &Context,
    way: Way,
    who: String,
    called: &str,
    login: &Login,
) -> Result<Credential, Failure> {
    let (prompt, from_stdin, flag) = match way {
        Way::BotToken => (
            format!("Token of the bot that posts to {called} (from @BotFather):"),
            login.token_stdin,
            "--token-stdin",
        ),
        Way::AccessToken => (
            format!("Access token of {called} (from Preferences, Development):"),
            login.token_stdin,
            "--token-stdin",
        ),
        _ => (
            format!("App password of {called} (not the account's own password):"),
            login.password_stdin,
            "--password-stdin",
        ),
    };
    let secret = ask::secret(&context.flags, from_stdin, flag, &prompt).await?;
    Ok(match way {
        Way::BotToken => Credential::BotToken {
            chat: who,
            token: secret,
        },
        Way::AccessToken => Credential::AccessToken {
            server: who,
            token: secret,
        },
        _ => Credential::AppPassword {
            handle: who.trim_start_matches('@').to_owned(),
            server: login.server.clone(),
            password: secret,
        },
    })
}

/// What `--late` and `--missed` say; `None` when neither was given.
fn answer(flags: &LatePosts) -> Result<Option<ReleaseAnswer>, Failure> {
    if flags.late.is_none() && flags.missed.is_none() {
        return Ok(None);
    }
    let late = match flags.late {
        Some(Late::Send) => LateAnswer::Send,
        Some(Late::Cancel) => LateAnswer::Cancel,
        Some(Late::Later) | None => LateAnswer::Later,
    };
    let missed = match flags.missed.as_deref() {
        None | Some("later") => MissedAnswer::Later,
        Some("cancel") => MissedAnswer::Cancel,
        Some(text) => match text.strip_prefix('+') {
            Some(span) if !span.is_empty() => MissedAnswer::ShiftBy(span.to_owned()),
            _ => {
                return Err(Failure::usage(
                    "missed",
                    format!("\"{text}\" is not an answer for missed posts."),
                    "Take later, cancel, or a span to move them by, such as +3d.",
                ));
            }
        },
    };
    Ok(Some(ReleaseAnswer {
        late,
        missed,
        spread: None,
    }))
}

async fn finish(
    context: &Context,
    hub: &Hub,
    connected: Connected,
    answer: Option<ReleaseAnswer>,
) -> Result<Exit, Failure> {
    let id = connected.channel.channel.id.clone();
    let plan = match answer {
        Some(answer) => release(hub, &id, answer).await?,
        None => connected.plan.clone(),
    };
    let view = views::channel(hub, &id).await?;
    let json = ConnectedJson {
        channel: ChannelJson::from(&view),
        reconnected: connected.reconnected,
        sibling_ids: connected.siblings.clone(),
        hidden_siblings: connected.hidden_siblings,
        plan: PlanJson::from(&plan),
    };
    let did = if connected.reconnected {
        "Reconnected"
    } else {
        "Connected"
    };
    let channel = &view.summary.channel;
    let mut lines = vec![if channel.publishable {
        format!(
            "{did} {} ({id}): proved just now, it may publish.",
            view.full_name()
        )
    } else {
        let missing = channel.missing_scopes.join(", ");
        format!(
            "{did} {} ({id}), but it may not publish: {missing} was not allowed. Its posts are held; log in again and allow everything.",
            view.full_name()
        )
    }];
    let siblings = connected.siblings.len() as u64 + connected.hidden_siblings;
    if siblings > 0 {
        lines.push(format!(
            "The same login serves {} more.",
            count(siblings, "channel")
        ));
    }
    if waits(&plan) {
        lines.push(format!("Posts: {}", sentence(&plan)));
        if !plan.late.is_empty() || !plan.missed.is_empty() {
            lines.push(format!(
                "Look at them with: allgreen post plan --channel {}",
                view.full_name()
            ));
        }
    }
    context.output.done(&json, &lines.join("\n"))?;
    Ok(Exit::Done)
}

fn waits(plan: &ReleasePlan) -> bool {
    plan.on_time.len()
        + plan.late.len()
        + plan.missed.len()
        + plan.retried.len()
        + plan.looked_up.len()
        > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(late: Option<Late>, missed: Option<&str>) -> LatePosts {
        LatePosts {
            late,
            missed: missed.map(str::to_owned),
        }
    }

    #[test]
    fn the_answer_to_a_release_plan_can_be_given_unseen() {
        assert_eq!(answer(&flags(None, None)).unwrap(), None);
        let given = answer(&flags(Some(Late::Send), Some("+3d")))
            .unwrap()
            .unwrap();
        assert_eq!(given.late, LateAnswer::Send);
        assert_eq!(given.missed, MissedAnswer::ShiftBy("3d".into()));
        for wrong in ["3d", "+", "send"] {
            assert!(answer(&flags(None, Some(wrong))).is_err(), "{wrong}");
        }
    }
}
