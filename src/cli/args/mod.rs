//! The words of the command line, exactly as the contract names them.

use std::ffi::OsString;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub mod channel;
pub mod hub;
pub mod post;
pub mod store;
pub mod values;

/// The version of the JSON contract; raised when a field is renamed or removed.
pub const SCHEMA: u32 = 1;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "allgreen",
    about = "The control room for a team's social channels",
    disable_version_flag = true,
    propagate_version = false,
    max_term_width = 100,
    after_help = "Without a command `allgreen` opens the screen, or prints `status` when there is no terminal.\n\
                  Example: allgreen check || allgreen channel list --lamp broken"
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Globals,
    /// Open the screen on this channel (`soc_...` or a name)
    #[arg(long, value_name = "CHANNEL")]
    pub account: Option<String>,
    /// Open the screen at this place
    #[arg(long, value_name = "PLACE", value_enum)]
    pub view: Option<View>,
    /// What to do; nothing means: the screen, or without a terminal how things stand.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A place the screen can open at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum View {
    /// Every channel by its lamp
    Channels,
    /// The posts around now
    Queue,
    /// Every workspace as a tile, worst first
    Wall,
    /// The posts of a week, day by day
    Calendar,
    /// What happened, unread first
    Notices,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// Work in this workspace; may be left out while there is one
    #[arg(
        short,
        long,
        global = true,
        value_name = "SLUG|all",
        env = "ALLGREEN_WORKSPACE",
        hide_env_values = true
    )]
    pub workspace: Option<String>,
    /// Print results and errors as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print tab-separated text without colour, on a terminal too
    #[arg(long, global = true)]
    pub plain: bool,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print without colour (NO_COLOR does the same)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Never ask; fail where an answer would be needed
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Answer yes to the question a destructive act asks
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Say what would happen and change nothing
    #[arg(short = 'n', long, global = true)]
    pub dry_run: bool,
    /// How long to wait for what the publisher does
    #[arg(long, global = true, value_name = "DUR", default_value = "30s", value_parser = values::span)]
    pub wait: std::time::Duration,
    /// Keep everything in this directory
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "ALLGREEN_HOME",
        hide_env_values = true
    )]
    pub home: Option<std::path::PathBuf>,
    /// Act as this operator instead of the one logged in
    #[arg(long, global = true, value_name = "NAME")]
    pub operator: Option<String>,
    /// Open the store without the right to change it
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Draw less often, for slow lines
    #[arg(long, global = true)]
    pub slow: bool,
    /// Never take the publisher's role; `post create --now` does not wait then
    #[arg(long, global = true)]
    pub no_publish: bool,
    /// Print the version; with --json also the schema number
    #[arg(short = 'V', long, global = true, action = ArgAction::SetTrue)]
    pub version: bool,
}

/// What the simulated networks are told, and how.
const SANDBOX: &str = "\
The simulated networks alone, on loopback, until Ctrl-C. The first line of standard output is one \
JSON object: per network the configuration that leads there and the accounts it has, and the \
addresses of control door and ledger.

There are two instances of Mastodon. The second, odd_mastodon, is a server that only speaks the \
same API: it ignores idempotency keys, has no metadata document, no PKCE, no client by HTTP Basic \
and no rate-limit headers, and takes 1000 characters. It takes the same orders at a control door of \
its own. At the pages of both, people choose an account where they would sign in.

The control door takes orders as POST <control>/<network>/<order> with a JSON body:
  bluesky   create_account {handle, password}    create_app_password {account, name}
            revoke_app_password {account, name}  change_main_password {account, password}
            expire_access_tokens {account}       forget_refresh_tokens {account}
            takedown {account, on}               deactivate {account, on}
            delete_account {account}             rename_handle {account, handle}
            move_account {account, server}       rate_limits {on}
            like {post, by}                      repost {account, post}
            reply {account, post, text}          mention {account, whom, text}
            quote {account, post, text}          app_view {on}
            confirm_email {account}              video_takes {seconds}
            fail_video {code}                    video_limits {videos, bytes}
            end_oauth {account}
  telegram  create_bot {username, name}          create_chat {kind, title, username}
            set_rights {bot, chat, rights}       revoke_token {bot}
            freeze {bot, on}                     rename {chat, title, username}
            delete_chat {chat}                   migrate {chat}
            rate_limits {on}
  mastodon  create_account {name}                create_token {account, scopes}
            revoke_token {token}                 password_reset {account}
            freeze {account, on}                 suspend {account}
            unconfirmed {account, on}            ignore_idempotency {on}
            rate_limits {on}                     page {most}
            favourite {status, by}               reblog {status, by}
            mention {by, account, answers, html, visibility}
            drop_scope {token, scope}            unlink {account}
            forget_apps                          moved {account, to}
            limited {account, on}                antispam {account, on}
            lock_keys {on}                       whole_mentions {on}
            before_4_3 {on}                      instance_v2 {on}
            pkce {on}                            refuse_basic {on}
            exact_redirects {on}                 redirect_errors {on}
            expiring_tokens {seconds}            rate_headers {on}
            limits {max_characters, max_media_attachments, characters_reserved_per_url,
                    supported_mime_types, image_size_limit, image_matrix_limit,
                    video_size_limit, description_limit, status_url}
  all       fault {endpoint, account, fault, times}   clear_faults   down {on}   clock_off {ms}
A fault is one of \"drop_before_processing\", \"drop_answer\", {\"delay\": ms}, {\"process_later\": ms}, \
{\"status\": [code, body]}, {\"status_though_done\": [code, body]}, \"broken_json\", {\"huge_json\": bytes}, \
{\"rate_limited\": {\"retry_after\": s}}, \"down\". GET <ledger> lists everything that was ever created.";

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look around: the screen over a throw-away store and simulated networks
    #[command(
        after_help = "Nothing leaves this machine and nothing is kept: the store is removed at the end.\n\
                      Example: allgreen demo --speed 10"
    )]
    Demo(hub::Demo),
    /// Write a post: opens the screen with its composer
    #[command(after_help = "What is typed is kept as a draft all the while.\n\
                      Example: allgreen compose --account acme/bs:@acme.example")]
    Compose(hub::Compose),
    /// The simulated networks alone, on loopback
    #[command(long_about = SANDBOX, after_help = "Example: allgreen sandbox --port 4600")]
    Sandbox(hub::Sandbox),
    /// How things stand: lamps, queue, publisher
    #[command(after_help = "Example: allgreen status --oneline")]
    Status(hub::Status),
    /// Is all green? Exits 0 green, 1 attention, 2 broken, 3 cannot tell
    #[command(after_help = "Example: allgreen check --horizon 24h --guide")]
    Check(hub::Check),
    /// Take a broken thing on until a time, with a note; it stays as red as it is
    #[command(after_help = "It ends by itself at its time, or when it is mended.\n\
                      Example: allgreen aside acme/li:@birch --until 'mon 9:00' --note 'client looks for the admin'")]
    Aside(hub::Aside),
    /// What broke, healed and is open, for whoever comes next
    #[command(after_help = "Example: allgreen handover --since 'today 6:00'")]
    Handover(hub::Handover),
    /// Publish without a screen; a second one waits for the first
    #[command(after_help = "Example: allgreen daemon --once")]
    Daemon(hub::Daemon),
    /// Clients and brands
    #[command(
        subcommand,
        arg_required_else_help = false,
        after_help = "Example: allgreen workspace list"
    )]
    Workspace(hub::Workspace),
    /// Who publishes
    #[command(
        subcommand,
        arg_required_else_help = false,
        after_help = "Example: allgreen publisher show"
    )]
    Publisher(hub::Publisher),
    /// Connected accounts: look, connect, mend, pause, disconnect
    #[command(
        subcommand,
        arg_required_else_help = false,
        after_help = "Example: allgreen channel list --lamp broken"
    )]
    Channel(channel::Channel),
    /// Posts: write, schedule, move, cancel, decide
    #[command(
        subcommand,
        arg_required_else_help = false,
        after_help = "Example: allgreen post list --state held"
    )]
    Post(post::Post),
    /// The notification centre
    #[command(
        subcommand,
        arg_required_else_help = false,
        after_help = "Example: allgreen notice list --unread"
    )]
    Notice(hub::Notice),
    /// Incidents: one cause each, however much it touches
    #[command(
        subcommand,
        arg_required_else_help = false,
        after_help = "Example: allgreen incident list --open"
    )]
    Incident(hub::Incident),
    /// A verified copy of everything but the credentials, to take away
    #[command(after_help = "Example: allgreen backup /media/stick/allgreen-backup.db")]
    Backup(store::Backup),
    /// Go back to a backup; nothing is published until you confirm
    #[command(
        after_help = "The present store is kept beside it. What was due since the backup is missed, not sent.\n\
                      Example: allgreen restore backups/daily-2026-11-20.db --confirm-host studio"
    )]
    Restore(store::Restore),
    /// The key that seals the secrets
    #[command(
        subcommand,
        arg_required_else_help = false,
        after_help = "Example: allgreen key rotate"
    )]
    Key(store::Key),
    /// The configuration file
    #[command(
        subcommand,
        arg_required_else_help = false,
        after_help = "Example: allgreen config check"
    )]
    Config(hub::Config),
}

/// Reads a command line.
///
/// # Errors
/// The words clap did not understand, and the texts of `--help`.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches_from(arguments)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    if let Some(Command::Post(command)) = &mut cli.command {
        let inner = matches
            .subcommand_matches("post")
            .and_then(|post| post.subcommand());
        if let Some((_, matches)) = inner {
            command.pair_alts(matches)?;
        }
    }
    Ok(cli)
}

/// What can be said of a command line that did not parse: whether errors are
/// wanted as JSON, and which command it was.
pub fn glimpse(arguments: &[OsString]) -> (bool, Option<String>) {
    let words: Vec<_> = arguments
        .iter()
        .skip(1)
        .take_while(|word| word.as_os_str() != "--")
        .filter_map(|word| word.to_str())
        .collect();
    let json = words.contains(&"--json");
    let command = Cli::command()
        .ignore_errors(true)
        .try_get_matches_from(arguments)
        .ok()
        .and_then(|matches| matches.subcommand_name().map(str::to_owned));
    (json, command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Cli, clap::Error> {
        parse(words.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_declared_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_work_before_and_after_the_command() {
        for words in [
            "allgreen --json -w acme channel list",
            "allgreen channel --json list -w acme",
            "allgreen channel list --json --workspace acme",
        ] {
            let cli = read(words).unwrap();
            assert!(cli.global.json, "{words}");
            assert_eq!(cli.global.workspace.as_deref(), Some("acme"), "{words}");
        }
    }

    #[test]
    fn every_command_shows_an_example_in_its_help() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("Example:"), "{path} has no example");
            for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
                walk(inner, &path);
            }
        }
        walk(&Cli::command(), "");
    }

    #[test]
    fn every_example_parses() {
        fn walk(command: &clap::Command, found: &mut Vec<String>) {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            found.extend(
                help.lines()
                    .filter_map(|line| line.trim().strip_prefix("Example: "))
                    .map(str::to_owned),
            );
            for inner in command.get_subcommands() {
                walk(inner, found);
            }
        }
        let mut found = Vec::new();
        walk(&Cli::command(), &mut found);
        assert!(found.len() > 30, "only {} examples", found.len());
        for example in found {
            for one in example.split("||") {
                let one = one.split('|').next_back().unwrap_or(one);
                let one = one.split('<').next().unwrap_or(one);
                let words = split(one);
                if let Err(error) = parse(words.into_iter().map(OsString::from)) {
                    panic!("{example}\n{error}");
                }
            }
        }
    }

    /// Splits as a shell would, as far as examples go.
    fn split(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = false;
        for c in line.trim().chars() {
            match c {
                '\'' => quote = !quote,
                ' ' if !quote => words.push(String::new()),
                c => words.last_mut().unwrap().push(c),
            }
        }
        words
    }

    #[test]
    fn a_line_that_does_not_parse_still_tells_its_command_and_format() {
        let words =
            |line: &str| -> Vec<OsString> { line.split_whitespace().map(OsString::from).collect() };
        let (json, command) = glimpse(&words("allgreen check --nonsense --json"));
        assert!(json);
        assert_eq!(command.as_deref(), Some("check"));
        assert_eq!(glimpse(&words("allgreen chanel list")), (false, None));
    }
}
