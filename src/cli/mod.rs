//! Floor 7: the command line. One file per command group; text and JSON output.
//! It has no rules of its own: what may happen is decided in `ops`.

use std::ffi::OsString;

use args::{Cli, Command, View};
use context::Context;
use output::{Exit, Failure, Output};

use crate::ops::views::Verdict;

pub mod args;
pub mod aside;
pub mod ask;
pub mod backup;
pub mod channel;
pub mod check;
pub mod config;
pub mod context;
pub mod demo;
pub mod files;
pub mod handover;
pub mod json;
pub mod key;
pub mod news;
pub mod output;
pub mod post;
pub mod process;
pub mod publisher;
pub mod sandbox;
pub mod screen;
pub mod status;
pub mod words;
pub mod workspace;

/// Does what the words ask and says how it ended, as an exit code.
pub fn run(arguments: Vec<OsString>) -> u8 {
    let cli = match args::parse(arguments.clone()) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&arguments, &error),
    };
    let output = Output::new(&cli.global);
    let is_check = matches!(cli.command, Some(Command::Check(_)));
    let done = if cli.global.version {
        version(&output)
    } else {
        execute(cli, output)
    };
    ask::restore_terminal();
    match done {
        Ok(exit) => exit.code(),
        Err(failure) => {
            output.failure(&failure);
            ending(is_check, failure.exit)
        }
    }
}

/// `check` says 3 for everything that kept it from telling.
fn ending(is_check: bool, exit: Exit) -> u8 {
    match exit {
        Exit::Interrupted => exit.code(),
        _ if is_check => Verdict::CannotTell.exit_code(),
        _ => exit.code(),
    }
}

/// Help goes to standard output, everything else is wrong usage.
fn not_understood(arguments: &[OsString], error: &clap::Error) -> u8 {
    let (json, command) = args::glimpse(arguments);
    let output = Output::bare(json);
    let failure = if error.use_stderr() {
        output::usage::failure(error)
    } else {
        match output.text(error.to_string().trim_end()) {
            Ok(()) => return Exit::Done.code(),
            Err(failure) => failure,
        }
    };
    output.failure(&failure);
    ending(command.as_deref() == Some("check"), failure.exit)
}

fn version(output: &Output) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if output.shape == output::Shape::Json {
        output.json(&serde_json::json!({
            "name": env!("CARGO_PKG_NAME"),
            "version": version,
            "schema": args::SCHEMA,
        }))?;
    } else {
        output.text(&format!("{} {version}", env!("CARGO_PKG_NAME")))?;
    }
    Ok(Exit::Done)
}

/// Runs a command until it is done or somebody asks it to end.
fn execute(cli: Cli, output: Output) -> Result<Exit, Failure> {
    let publishes = matches!(cli.command, Some(Command::Daemon(_)));
    let mut builder = if publishes {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder.enable_all().build().map_err(|error| {
        Failure::failed(
            "runtime",
            format!("The program could not start its threads: {error}."),
            "End other programs, or raise the limit of processes.",
        )
    })?;
    let mut context = Context::new(cli.global, output)?;
    if let Some(Command::Demo(command)) = &cli.command {
        demo::prepare(&mut context, command)?;
    }
    let done = runtime.block_on(async {
        let work = dispatch(&context, cli.command, cli.account.as_deref(), cli.view);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                asked = process::asked_to_end() => {
                    let waits = asked.is_ok() && !context.ending() && context.end();
                    if !waits {
                        return Err(Failure::interrupted());
                    }
                    if !publishes {
                        context.output.progress("Ending what is under way; Ctrl-C again breaks it off.");
                    }
                }
            }
        }
    });
    if !matches!(&done, Err(failure) if failure.exit == Exit::Interrupted) {
        runtime.block_on(context.close());
    }
    // A prompt may still wait for a key on its thread.
    runtime.shutdown_background();
    done
}

async fn dispatch(
    context: &Context,
    command: Option<Command>,
    account: Option<&str>,
    view: Option<View>,
) -> Result<Exit, Failure> {
    // Said before `compose` or behind it, it is where the post goes.
    let composes = matches!(&command, Some(Command::Compose(it)) if it.account.is_none());
    if command.is_some() && account.is_some() && !composes {
        return Err(Failure::usage(
            "account_without_screen",
            "--account opens the screen on a channel and goes with no command.",
            "Leave one of the two out.",
        ));
    }
    if command.is_some() && view.is_some() {
        return Err(Failure::usage(
            "view_without_screen",
            "--view opens the screen at a place and goes with no command.",
            "Leave one of the two out.",
        ));
    }
    match command {
        None => screen::run(context, account, view, false).await,
        Some(Command::Compose(command)) => {
            let account = command.account.as_deref().or(account);
            screen::run(context, account, None, true).await
        }
        Some(Command::Demo(command)) => demo::run(context, &command).await,
        Some(Command::Sandbox(command)) => sandbox::run(context, &command).await,
        Some(Command::Status(command)) => status::run(context, &command).await,
        Some(Command::Check(command)) => check::run(context, &command).await,
        Some(Command::Aside(command)) => aside::run(context, &command).await,
        Some(Command::Handover(command)) => handover::run(context, &command).await,
        Some(Command::Daemon(command)) => publisher::daemon(context, &command).await,
        Some(Command::Workspace(command)) => workspace::run(context, &command).await,
        Some(Command::Publisher(command)) => publisher::run(context, command).await,
        Some(Command::Channel(command)) => channel::run(context, &command).await,
        Some(Command::Post(command)) => post::run(context, &command).await,
        Some(Command::Notice(command)) => news::notice(context, &command).await,
        Some(Command::Incident(command)) => news::incident(context, command).await,
        Some(Command::Backup(command)) => backup::take(context, &command).await,
        Some(Command::Restore(command)) => backup::go_back(context, &command).await,
        Some(Command::Key(command)) => key::run(context, command).await,
        Some(Command::Config(command)) => config::run(context, command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_cannot_tell_whatever_kept_it_from_telling_but_an_interrupt_is_one() {
        assert_eq!(ending(true, Exit::NotFound), 3);
        assert_eq!(ending(true, Exit::Usage), 3);
        assert_eq!(ending(true, Exit::Interrupted), 130);
        assert_eq!(ending(false, Exit::NotFound), 5);
    }
}
