//! Commands about the whole: status, check, workspaces, publisher, notices,
//! incidents, configuration.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::values;

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// The same number gives the same posts
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// How many times faster time runs, for program and networks alike
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub speed: u32,
}

/// `sandbox`
#[derive(Debug, Args)]
pub struct Sandbox {
    /// The first port; the networks take the ones after it. Any when left out
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub port: u16,
    /// Identifiers and tokens repeat with the same number
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// How many times faster its time runs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub speed: u32,
}

/// `status`
#[derive(Debug, Default, Args)]
pub struct Status {
    /// One line, for a status bar
    #[arg(long)]
    pub oneline: bool,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Also count what ends or is at risk within this span
    #[arg(long, value_name = "SPAN", value_parser = values::span)]
    pub horizon: Option<Duration>,
    /// Prove every channel first
    #[arg(long)]
    pub probe: bool,
    /// Print what needs a hand instead, numbered, with the command for each
    #[arg(long)]
    pub guide: bool,
}

/// `aside`
#[derive(Debug, Args)]
pub struct Aside {
    /// Channels by id or name, logins (`lgn_...`), posts (`pst_...`, `dlv_...`)
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// Until when; a time as people write it, on your clock
    #[arg(
        long,
        value_name = "WHEN",
        required_unless_present = "end",
        conflicts_with = "end"
    )]
    pub until: Option<String>,
    /// What the others should know, in a sentence
    #[arg(long, value_name = "TEXT", conflicts_with = "end")]
    pub note: Option<String>,
    /// Take it up again before its time
    #[arg(long)]
    pub end: bool,
}

/// `handover`
#[derive(Debug, Args)]
pub struct Handover {
    /// What happened since then; 12 hours when left out
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
}

/// `workspace`
#[derive(Debug, Subcommand)]
pub enum Workspace {
    /// Add a workspace
    #[command(after_help = "Example: allgreen workspace add 'Acme Ltd' --timezone Europe/Berlin")]
    Add(WorkspaceAdd),
    /// List workspaces
    #[command(after_help = "Example: allgreen workspace list --json")]
    List,
    /// Show one workspace
    #[command(after_help = "Example: allgreen workspace show acme")]
    Show {
        /// Its slug
        #[arg(value_name = "SLUG")]
        slug: String,
    },
    /// Change a workspace
    #[command(after_help = "Example: allgreen workspace set acme --late-limit 12h")]
    Set(WorkspaceSet),
    /// Put a workspace away; it must have no connected channel
    #[command(after_help = "Example: allgreen workspace archive acme --yes")]
    Archive {
        /// Its slug
        #[arg(value_name = "SLUG")]
        slug: String,
    },
}

/// `workspace add`
#[derive(Debug, Args)]
pub struct WorkspaceAdd {
    /// Its name as people write it
    pub name: String,
    /// Its short name; made from the name when left out
    #[arg(long)]
    pub slug: Option<String>,
    /// IANA time zone its posts are written in
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// free, starter, professional or enterprise
    #[arg(long)]
    pub plan: Option<String>,
}

/// `workspace set`
#[derive(Debug, Args)]
pub struct WorkspaceSet {
    /// Its slug
    #[arg(value_name = "SLUG")]
    pub slug: String,
    /// A new name
    #[arg(long)]
    pub name: Option<String>,
    /// IANA time zone its posts are written in
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// free, starter, professional or enterprise
    #[arg(long)]
    pub plan: Option<String>,
    /// Posts later than this ask instead of going out
    #[arg(long, value_name = "SPAN", value_parser = values::span)]
    pub late_limit: Option<Duration>,
}

/// `publisher`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Publisher {
    /// Who publishes, since when, and its last sign of life
    #[command(after_help = "Example: allgreen publisher show --json")]
    Show,
    /// Ask the publisher to finish what is in flight and end
    #[command(after_help = "Example: allgreen publisher stop --yes")]
    Stop,
}

/// `notice`
#[derive(Debug, Subcommand)]
pub enum Notice {
    /// List notices, newest first
    #[command(after_help = "Example: allgreen notice list --unread")]
    List {
        /// Only those nobody read
        #[arg(long)]
        unread: bool,
    },
    /// Mark notices as read
    #[command(after_help = "Example: allgreen notice read --all")]
    Read {
        /// Their ids, or unique beginnings of them
        #[arg(
            value_name = "ID",
            required_unless_present = "all",
            conflicts_with = "all"
        )]
        ids: Vec<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
}

/// `incident`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Incident {
    /// List incidents, newest first
    #[command(after_help = "Example: allgreen incident list --open --json")]
    List {
        /// Only those that go on
        #[arg(long)]
        open: bool,
    },
}

/// `config`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Config {
    /// Read the configuration and say everything that is wrong with it
    #[command(after_help = "Example: allgreen config check")]
    Check,
    /// Print where the configuration and everything else lives
    #[command(after_help = "Example: allgreen config path")]
    Path,
}

/// `daemon`
#[derive(Debug, Args)]
pub struct Daemon {
    /// One pass over what is due, then end; 7 when something stays open
    #[arg(long)]
    pub once: bool,
}

/// `compose`
#[derive(Clone, Debug, Default, Args)]
pub struct Compose {
    /// The channel it goes to (`soc_...` or a name)
    #[arg(long, value_name = "CHANNEL")]
    pub account: Option<String>,
}
