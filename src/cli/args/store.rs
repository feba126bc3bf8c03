//! Commands about the store itself: a copy to take away, going back to one, the
//! key.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// Where the copy goes; one that is there is replaced only with --yes
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup; left out to confirm one that was restored before
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Confirm that this host, where the backup came from, publishes no more
    #[arg(long, value_name = "HOST")]
    pub confirm_host: Option<String>,
}

/// `key`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Key {
    /// Seal everything with a fresh key, while the store is in use
    #[command(
        after_help = "Done again after a crash it goes on where that one ended.\n\
                      Example: allgreen key rotate"
    )]
    Rotate,
    /// Lock the key file with a passphrase, or with another one
    #[command(
        after_help = "It is typed on the terminal, now and for every command that changes or sends something.\n\
                      A daemon or a script has nobody to type it: leave the file open there, or use a systemd credential.\n\
                      Example: allgreen key protect"
    )]
    Protect,
    /// Take the passphrase off the key file
    #[command(after_help = "Example: allgreen key unprotect")]
    Unprotect,
}
