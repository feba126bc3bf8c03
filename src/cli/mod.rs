//! Floor 7: the command line. One file per command group; text and JSON output.
//! It has no rules of its own: what may happen is decided in `ops`.

use std::ffi::OsString;

use args::{Cli, Command};
use output::{Exit, Failure, Output};

pub mod args;
pub mod ask;
pub mod json;
pub mod output;
pub mod process;
pub mod words;

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
        execute(&cli, &output)
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
        _ if is_check => Exit::CannotTell.code(),
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

fn execute(_cli: &Cli, _output: &Output) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
