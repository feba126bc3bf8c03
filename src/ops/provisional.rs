//! Stand-ins for what other floors bring with their own branches.

use std::path::{Path, PathBuf};

use super::OpError;
use crate::store::StorePaths;
use crate::store::posts::Time;
use crate::support::time::UtcMs;

/// Where everything lives.
#[derive(Clone, Debug)]
pub struct Paths {
    /// Where the database is.
    pub database: PathBuf,
    /// The key file.
    pub key: PathBuf,
    /// The directory of backups.
    pub backups: PathBuf,
    /// The directory of media copies.
    pub media: PathBuf,
}

impl Paths {
    /// Everything in one directory.
    pub fn in_home(home: &Path) -> Self {
        Self {
            database: home.join("allgreen.db"),
            key: home.join("key"),
            backups: home.join("backups"),
            media: home.join("media"),
        }
    }

    /// The paths of the store.
    pub fn store(&self) -> StorePaths {
        StorePaths {
            database: self.database.clone(),
            key: self.key.clone(),
            backups: self.backups.clone(),
        }
    }
}

/// Reads a time as people write it.
pub fn when(text: &str, zone: &str, _now: UtcMs) -> Result<Time, OpError> {
    let due = UtcMs::parse_rfc3339(text).map_err(|_| {
        OpError::usage(
            "when",
            format!("\"{text}\" is no time."),
            "Write it like 2026-11-24T09:00:00Z.",
        )
    })?;
    Ok(Time {
        due,
        civil: civil(due, zone),
        timezone: zone.to_owned(),
    })
}

/// An instant as a clock in `zone` shows it.
pub fn civil(at: UtcMs, zone: &str) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    at.timestamp()
        .to_zoned(zone)
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}
