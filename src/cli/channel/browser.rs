//! A login on the network's own page, from the command line: the link, and
//! every way its answer can come back, live at once.

use std::io::{self, BufRead, IsTerminal};

use tokio::sync::mpsc;

use crate::cli::args::channel::Login;
use crate::cli::ask;
use crate::cli::context::Context;
use crate::cli::output::Failure;
use crate::ops::connect::Connected;
use crate::ops::login::{self, BrowserLogin, Purpose, Ways, may_go_on, parse};
use crate::ops::{Hub, OpError};
use crate::support::surroundings::Surroundings;
use crate::support::tunnel;

/// Longest line that is taken; an answer is never longer.
const LONGEST: u64 = 8_192;

/// Logs in and commits.
///
/// # Errors
/// What was refused, that the time is over, or that it was broken off; nothing
/// was changed then.
pub async fn log_in(
    context: &Context,
    hub: &Hub,
    purpose: Purpose,
    flags: &Login,
) -> Result<Connected, Failure> {
    let ways = if flags.device {
        Ways::Device
    } else {
        Ways::Browser
    };
    let mut login = login::begin(hub, purpose, ways).await?;
    if let (true, Some(why)) = (flags.device, login.no_device()) {
        return Err(why.into());
    }
    if flags.device && login.device().is_none() {
        return Err(Failure::usage(
            "no_device_code",
            "This network has no code for another device.",
            "Leave out --device: open the link in any browser and paste the address you end on.",
        ));
    }
    let asks = flags.paste.is_none() && ask::can_ask(&context.flags);
    let comes_back = login.port().is_some() || login.device().is_some();
    if !comes_back && !asks && flags.paste.is_none() {
        return Err(Failure::usage(
            "no_way_back",
            "The browser does not come back to this machine, and nobody can paste here.",
            "Give the address of the page you end on with --paste -.",
        ));
    }
    introduce(context, hub, &login, flags, asks);
    let ended = answered(context, hub, &mut login, flags, asks).await;
    login.close().await;
    ended
}

async fn answered(
    context: &Context,
    hub: &Hub,
    login: &mut BrowserLogin,
    flags: &Login,
    asks: bool,
) -> Result<Connected, Failure> {
    let mut lines = (flags.paste.is_some() || asks).then(lines);
    let mut stop = context.stop();
    let mut given = false;
    loop {
        let answer = tokio::select! {
            answer = login.wait() => answer?,
            line = next(&mut lines) => {
                match line {
                    Some(line) => given |= take(context, login, &line, asks)?,
                    // Standard input is over: with --paste nothing else comes.
                    None if flags.paste.is_some() && !given => return Err(nothing_pasted()),
                    None => lines = None,
                }
                continue;
            }
            _ = stop.wait_for(|stop| *stop) => return Err(Failure::interrupted()),
        };
        match context.uncut(login.finish(hub, answer)).await {
            Ok(connected) => return Ok(connected),
            Err(error) if may_go_on(&error) && (asks || flags.paste.is_none()) => {
                again(context, &error);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Hands a pasted line over, and whether it was one; what is no answer is said
/// and asked for again.
fn take(context: &Context, login: &BrowserLogin, line: &str, asks: bool) -> Result<bool, Failure> {
    if line.trim().is_empty() {
        return Ok(false);
    }
    let pasted = parse(line).and_then(|found| {
        login
            .paster()
            .give(found)
            .map_err(|_| login::PasteError::Unknown)
    });
    match pasted {
        Ok(()) => Ok(true),
        Err(error) if asks => {
            context
                .output
                .must_say(&format!("{error} {}", error.hint()));
            Ok(false)
        }
        Err(error) => Err(Failure::usage("bad_paste", error.to_string(), error.hint())),
    }
}

fn again(context: &Context, error: &OpError) {
    context
        .output
        .must_say(&format!("{} {}", error.what, error.hint));
}

fn nothing_pasted() -> Failure {
    Failure::usage(
        "bad_paste",
        "Standard input ended without an address or a code.",
        "Nothing was changed; give the address of the page you end on.",
    )
}

/// Says how to log in. The link is a line of its own that begins the same way
/// whatever else is said.
fn introduce(context: &Context, hub: &Hub, login: &BrowserLogin, flags: &Login, asks: bool) {
    let say = |text: &str| context.output.must_say(text);
    let minutes = hub.config.engine.login_limit.as_secs().div_ceil(60);
    if let Some(device) = login.device() {
        say(&format!("code: {}", device.user_code));
        say(&format!("page: {}", device.page));
        say(&format!(
            "Type the code on that page, on any device; {minutes} min are left."
        ));
        return;
    }
    let around = Surroundings::from_environment();
    let here = flags.paste.is_none() && !flags.no_browser && around.local_display;
    let opened = here && open::that_detached(login.link().as_str()).is_ok();
    if opened {
        say("The browser was opened. Should nothing appear, open this yourself:");
    }
    say(&format!("authorize: {}", login.link()));
    if flags.paste.is_some() {
        return;
    }
    if let Some(port) = login.port()
        && around.over_ssh
        && let Some(line) = tunnel::here(port, hub.config.ui.ssh_host.as_deref())
    {
        say(&format!("tunnel: {line}"));
    }
    if asks {
        say(&format!(
            "Log in there within {minutes} min. If the page you end on cannot be reached, paste its address here:"
        ));
    } else {
        say(&format!(
            "Waiting for the browser to come back, {minutes} min at most."
        ));
    }
}

async fn next(lines: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// The lines of standard input, read by a thread that nobody waits for: the
/// browser may be quicker.
fn lines() -> mpsc::Receiver<String> {
    let (into, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let stdin = io::stdin();
        let terminal = stdin.is_terminal();
        let mut input = stdin.lock();
        loop {
            let mut line = Vec::new();
            let read = io::Read::take(&mut input, LONGEST).read_until(b'\n', &mut line);
            if !matches!(read, Ok(1..)) {
                return;
            }
            let line = String::from_utf8_lossy(&line).into_owned();
            if into.blocking_send(line).is_err() {
                return;
            }
            if !terminal && into.is_closed() {
                return;
            }
        }
    });
    lines
}
