//! Plain `allgreen`: the screen, with the publisher beside it. Without a
//! terminal it prints how things stand, and where a screen cannot be read out it
//! prints what needs a hand, as lines.

use std::io::IsTerminal;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::args::View;
use super::args::hub::Status;
use super::context::Context;
use super::output::{Exit, Failure};
use super::{check, publisher, status};
use crate::domain::publisher::PublisherKind;
use crate::engine::Engine;
use crate::ops::Hub;
use crate::ops::runbook::Of;
use crate::support::surroundings::Surroundings;
use crate::tui::publisher::{Asked, pair};
use crate::tui::{self, ScreenError, ScreenOptions};

/// Opens the screen, on this channel or at this place when one is named.
///
/// # Errors
/// When the store or the terminal cannot be used, or there is no such channel.
pub async fn run(
    context: &Context,
    account: Option<&str>,
    view: Option<View>,
    compose: bool,
) -> Result<Exit, Failure> {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let lines_only = Surroundings::from_environment().lines_only;
    if compose && (!terminal || lines_only) {
        return Err(Failure::from(ScreenError::NoComposer));
    }
    if !terminal {
        return status::run(context, &Status::default()).await;
    }
    if lines_only {
        let hub = context.hub().await?;
        let of = match account {
            Some(text) => Of::Channels(vec![context.channel(&hub, text).await?]),
            None => Of::Scope(context.scope(&hub).await?),
        };
        check::guide(context, &hub, of, None).await?;
        return Ok(Exit::Done);
    }
    let hub = context.hub_in_silence().await?;
    let account = match account {
        Some(text) => Some(context.channel(&hub, text).await?),
        None => None,
    };
    let flags = &context.flags;
    let options = ScreenOptions {
        account,
        view: view.map(place),
        read_only: flags.read_only,
        ascii: flags.ascii || hub.config.ui.ascii,
        no_color: flags.no_color,
        slow: flags.slow,
        no_publish: flags.no_publish,
        compose,
        confined: flags.operator.is_some(),
    };
    let publishes = !(flags.no_publish || hub.read_only);
    let (side, asked) = pair();
    let thread = beside(&hub, asked, publishes)?;
    let shown = context.uncut(tui::run(hub, options, side)).await;
    // Its end of the pair is gone with the screen, so the thread ends.
    let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    shown?;
    Ok(Exit::Done)
}

fn place(view: View) -> tui::View {
    match view {
        View::Channels => tui::View::Channels,
        View::Queue => tui::View::Queue,
        View::Wall => tui::View::Wall,
        View::Calendar => tui::View::Calendar,
        View::Notices => tui::View::Notices,
    }
}

/// Runs the publisher on threads of its own: a busy screen never delays a post,
/// a busy publisher never delays a key.
fn beside(hub: &Hub, asked: Asked, publishes: bool) -> Result<JoinHandle<()>, Failure> {
    let engine = publisher::engine(hub);
    std::thread::Builder::new()
        .name("publisher".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(publish_when_wanted(&engine, asked, publishes)),
                Err(error) => tracing::error!(%error, "the publisher could not start its threads"),
            }
        })
        .map_err(|error| {
            Failure::failed(
                "runtime",
                format!("The program could not start its threads: {error}."),
                "End other programs, or raise the limit of processes.",
            )
        })
}

async fn publish_when_wanted(engine: &Engine, mut asked: Asked, publishes: bool) {
    while asked.wanted().await {
        if !publishes {
            asked.unwanted().await;
            continue;
        }
        let (stop, stopped) = watch::channel(false);
        let running = engine.run(PublisherKind::Screen, stopped);
        tokio::pin!(running);
        let ended = tokio::select! {
            ended = &mut running => ended,
            () = asked.unwanted() => {
                let _ = stop.send_replace(true);
                running.await
            }
        };
        if let Err(error) = ended {
            tracing::error!(%error, "this screen cannot publish");
            asked.unwanted().await;
        }
    }
}

impl From<ScreenError> for Failure {
    fn from(error: ScreenError) -> Self {
        let text = error.to_string();
        match text.split_once(". ") {
            Some((what, hint)) => Self::failed("screen", format!("{what}."), hint.to_owned()),
            None => Self::failed("screen", text, "Try allgreen status."),
        }
    }
}
