//! `config`: where everything lives, and whether the configuration is sound.

use serde::Serialize;

use super::args::hub::Config as Command;
use super::context::Context;
use super::output::{Exit, Failure, Table, clean};
use crate::support::config::{Config, ConfigErrors};
use crate::support::paths::{PathError, Paths};

/// Where everything lives. Nothing is touched.
///
/// # Errors
/// When there is no home directory to start from.
pub fn places(context: &Context) -> Result<Paths, Failure> {
    Ok(Paths::choose(context.flags.home.as_deref())?)
}

/// Reads the configuration, and says what is risky about its file.
///
/// # Errors
/// Everything that is wrong with it, with its lines.
pub fn read(context: &Context, places: &Paths) -> Result<Config, Failure> {
    let config = Config::load(&places.config).map_err(|errors| broken(&errors))?;
    for warning in Config::warnings(&places.config) {
        context.output.progress(&warning);
    }
    Ok(config)
}

/// Every mistake with its line, in one sentence each.
fn broken(errors: &ConfigErrors) -> Failure {
    let list: Vec<_> = errors
        .errors
        .iter()
        .map(|error| clean(&error.to_string()))
        .collect();
    Failure::failed(
        "bad_config",
        format!(
            "The configuration {} is broken: {}",
            errors.path.display(),
            list.join(" ")
        ),
        "Mend it; until then nothing else was done.",
    )
}

/// The keys of the screen that conflict or are none: it opens without them.
fn broken_keys(errors: &ConfigErrors) -> Failure {
    Failure {
        hint: "The screen opens all the same, with its own keys for these.".into(),
        ..broken(errors)
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        let text = error.to_string();
        let (what, hint) = match text.split_once(". ") {
            Some((what, hint)) => (format!("{what}."), hint.to_owned()),
            None => (text, String::new()),
        };
        Self::failed("unsafe_place", what, hint)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PathsJson {
    config: String,
    database: String,
    key: String,
    backups: String,
    media: String,
    logs: String,
    inbox: String,
}

/// Carries out a `config` command; neither opens the store.
///
/// # Errors
/// What is wrong with the configuration.
pub fn run(context: &Context, command: Command) -> Result<Exit, Failure> {
    let places = places(context)?;
    match command {
        Command::Check => check(context, &places)?,
        Command::Path => path(context, &places)?,
    }
    Ok(Exit::Done)
}

fn check(context: &Context, places: &Paths) -> Result<(), Failure> {
    let config = Config::load(&places.config).map_err(|errors| broken(&errors))?;
    let keys = crate::tui::wrong_keys(&config);
    if !keys.is_empty() {
        let path = places.config.clone();
        return Err(broken_keys(&ConfigErrors { path, errors: keys }));
    }
    let warnings = Config::warnings(&places.config);
    let file = places.config.to_string_lossy();
    let mut lines = vec![if places.config.exists() {
        format!("{file} is sound.")
    } else {
        format!("There is no {file}; the built-in defaults hold.")
    }];
    lines.extend(warnings.iter().cloned());
    context.output.done(
        &serde_json::json!({ "file": file, "errors": [], "warnings": warnings }),
        &lines.join("\n"),
    )
}

fn path(context: &Context, places: &Paths) -> Result<(), Failure> {
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let json = PathsJson {
        config: text(&places.config),
        database: text(&places.database),
        key: text(&places.key),
        backups: text(&places.backups),
        media: text(&places.media),
        logs: text(&places.logs),
        inbox: text(&places.inbox),
    };
    let mut table = Table::facts();
    for (name, path) in [
        ("config", &json.config),
        ("database", &json.database),
        ("key", &json.key),
        ("backups", &json.backups),
        ("media", &json.media),
        ("logs", &json.logs),
        ("inbox", &json.inbox),
    ] {
        table.fact(name, path.as_str());
    }
    context.output.one(&json, &table)
}
