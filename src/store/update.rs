//! An older store on its way to what this program understands.

use std::path::PathBuf;

use rusqlite::Connection;

use super::error::StoreError;
use super::open::connect;
use super::{OpenOptions, backup, migrations};

/// Brings an older store up to date, and says so: a large one takes a while.
pub fn run(db: &Connection, options: &OpenOptions) -> Result<(), StoreError> {
    let say = |sentence: &str| {
        if let Some(hears) = &options.hears {
            hears.tell(sentence);
        }
    };
    let mut kept = None;
    migrations::run(db, |from| {
        say(
            "This store is from an older version. A backup of it is made first, then it is updated.",
        );
        kept = Some(backup_before_migration(options, from)?);
        Ok(())
    })?;
    if let Some(kept) = kept {
        say(&format!(
            "The store is up to date; as it was before, it is in {}.",
            kept.display()
        ));
    }
    Ok(())
}

/// Keeps a store as it is before it is changed; where.
fn backup_before_migration(options: &OpenOptions, from: i64) -> Result<PathBuf, StoreError> {
    let to = options
        .paths
        .backups
        .join(format!("before-schema-{}.db", from + 1));
    // A connection of its own: the writer's is inside the migration.
    backup::write(&connect(&options.paths.database, true)?, &to)?;
    Ok(to)
}
