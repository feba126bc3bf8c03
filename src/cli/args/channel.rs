//! Commands about channels.

use clap::{Args, Subcommand, ValueEnum};

use super::values;
use crate::domain::network::Network;

/// `channel`
#[derive(Debug, Subcommand)]
pub enum Channel {
    /// List channels, what needs you first
    #[command(after_help = "Example: allgreen channel list --lamp broken --workspace all")]
    List(List),
    /// Everything known about one channel
    #[command(after_help = "Example: allgreen channel show acme/bs:@acme.example")]
    Show(One),
    /// Connect an account, or reconnect it when it is connected already
    #[command(
        after_help = "Passwords and tokens come by standard input or a masked prompt, never by a flag.\n\
                      Example: pass show acme/bot | allgreen channel connect telegram --workspace acme --chat @acme_news --token-stdin\n\
                      Example: pass show acme/bluesky | allgreen channel connect bluesky --workspace acme --handle acme.example --password-stdin\n\
                      Example: allgreen channel connect mastodon --workspace acme --server mastodon.social"
    )]
    Connect(Connect),
    /// Log in again for a channel; same account or nothing changes
    #[command(
        after_help = "Example: pass show acme/bluesky | allgreen channel reconnect acme/bs:@acme.example --password-stdin --late send"
    )]
    Reconnect(Reconnect),
    /// Disconnect for good: tokens wiped, its scheduled posts cancelled
    #[command(
        after_help = "Example: allgreen channel disconnect acme/bs:@acme.example --yes --confirm-handle @acme.example"
    )]
    Disconnect(Disconnect),
    /// Prove channels now
    #[command(after_help = "Example: allgreen channel probe --all")]
    Probe(Probe),
    /// Refresh a channel's login now
    #[command(after_help = "Example: allgreen channel refresh soc_01JD --wait 1m")]
    Refresh(One),
    /// Stop publishing on channels, all or none; their posts are held
    #[command(
        after_help = "Example: allgreen channel pause acme/bs:@acme.example acme/ma:@acme@mastodon.example"
    )]
    Pause(Many),
    /// Publish on paused channels again
    #[command(after_help = "Example: allgreen channel resume acme/bs:@acme.example")]
    Resume(Many),
    /// Send what is late on a channel now instead of waiting
    #[command(after_help = "Example: allgreen channel release acme/bs:@acme.example --spread 20m")]
    Release(Release),
    /// What happened to a channel, newest first
    #[command(after_help = "Example: allgreen channel history acme/bs:@acme.example")]
    History(One),
    /// The channel's recent posts as its network has them
    #[command(after_help = "Example: allgreen channel posts acme/bs:@acme.example --refresh")]
    Posts(Read),
    /// How its recent posts do: likes, reposts, replies
    #[command(after_help = "Example: allgreen channel metrics acme/bs:@acme.example --json")]
    Metrics(Read),
    /// What people answered: replies, mentions, quotes
    #[command(after_help = "Example: allgreen channel comments acme/ma:@acme@mastodon.example")]
    Comments(Read),
}

/// What was read of a channel.
#[derive(Debug, Args)]
pub struct Read {
    /// soc_..., a unique beginning of it, or a name: acme/bs:@acme.example
    #[arg(value_name = "ID")]
    pub id: String,
    /// Read it at the network now instead of showing what was read last
    #[arg(long)]
    pub refresh: bool,
}

/// One channel.
#[derive(Debug, Args)]
pub struct One {
    /// soc_..., a unique beginning of it, or a name: acme/bs:@acme.example
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Some channels.
#[derive(Debug, Args)]
pub struct Many {
    /// soc_..., unique beginnings of them, or names: acme/bs:@acme.example
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
}

/// A lamp, by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LampWord {
    /// Publishes, freshly proved
    Green,
    /// Publishes, act soon
    Attention,
    /// Cannot publish now
    Broken,
}

/// `channel list`
#[derive(Debug, Args)]
pub struct List {
    /// Only channels with this lamp
    #[arg(long)]
    pub lamp: Option<LampWord>,
    /// Only channels of this network
    #[arg(long, value_parser = values::network())]
    pub network: Option<Network>,
    /// Disconnected ones too
    #[arg(long)]
    pub include_disconnected: bool,
}

/// How to log in: in a browser, or with something made in advance.
#[derive(Debug, Args)]
pub struct Login {
    /// Bluesky and Mastodon: the server the account lives on; Bluesky's is found by itself
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Bluesky: read the app password from the first line of standard input
    #[arg(long, conflicts_with = "token_stdin")]
    pub password_stdin: bool,
    /// Telegram: the chat the bot posts to
    #[arg(long, value_name = "@NAME|ID", allow_hyphen_values = true)]
    pub chat: Option<String>,
    /// Telegram and Mastodon: read the token from the first line of standard input
    #[arg(long)]
    pub token_stdin: bool,
    /// In a browser, where that is not the usual way (Bluesky)
    #[arg(long, conflicts_with_all = ["token_stdin", "password_stdin"])]
    pub browser: bool,
    /// In a browser: do not start one, print the link and wait
    #[arg(long, conflicts_with_all = ["token_stdin", "password_stdin"])]
    pub no_browser: bool,
    /// In a browser anywhere: print the link on standard error, and read the
    /// address you end on, its query or the bare code from standard input
    #[arg(long, value_name = "-", value_parser = ["-"], conflicts_with_all = ["token_stdin", "password_stdin"])]
    pub paste: Option<String>,
    /// With a code typed on another device, where the network has one
    #[arg(long, conflicts_with_all = ["token_stdin", "password_stdin", "paste"])]
    pub device: bool,
}

/// What happens to posts whose time passed while the channel was down.
#[derive(Debug, Default, Args)]
pub struct LatePosts {
    /// Posts within the lateness limit: send them, decide later, or cancel
    #[arg(long, value_name = "ANSWER")]
    pub late: Option<Late>,
    /// Posts beyond it: decide later, cancel, or move them by a span (+3d)
    #[arg(long, value_name = "later|cancel|+SPAN")]
    pub missed: Option<String>,
}

/// What to do with late posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Late {
    /// Send them, paced
    Send,
    /// Leave them to the workspace's rule
    Later,
    /// Cancel them
    Cancel,
}

/// `channel connect`
#[derive(Debug, Args)]
pub struct Connect {
    /// The network
    #[arg(value_parser = values::network())]
    pub network: Network,
    /// Bluesky: the account's handle
    #[arg(long, value_name = "H")]
    pub handle: Option<String>,
    /// How to log in.
    #[command(flatten)]
    pub login: Login,
    /// What happens to late posts, should this be a reconnect.
    #[command(flatten)]
    pub late: LatePosts,
}

/// `channel reconnect`
#[derive(Debug, Args)]
pub struct Reconnect {
    /// soc_..., a unique beginning of it, or a name: acme/bs:@acme.example
    #[arg(value_name = "ID")]
    pub id: String,
    /// The account's handle, when it changed
    #[arg(long, value_name = "H")]
    pub handle: Option<String>,
    /// How to log in.
    #[command(flatten)]
    pub login: Login,
    /// What happens to late posts.
    #[command(flatten)]
    pub late: LatePosts,
}

/// `channel disconnect`
#[derive(Debug, Args)]
pub struct Disconnect {
    /// soc_..., a unique beginning of it, or a name: acme/bs:@acme.example
    #[arg(value_name = "ID")]
    pub id: String,
    /// The channel's handle, needed when posts would be cancelled
    #[arg(long, value_name = "@HANDLE")]
    pub confirm_handle: Option<String>,
}

/// `channel probe`
#[derive(Debug, Args)]
pub struct Probe {
    /// soc_..., unique beginnings of them, or names
    #[arg(
        value_name = "ID",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub ids: Vec<String>,
    /// Every channel of the workspace, or of all
    #[arg(long)]
    pub all: bool,
}

/// `channel release`
#[derive(Debug, Args)]
pub struct Release {
    /// soc_..., a unique beginning of it, or a name: acme/bs:@acme.example
    #[arg(value_name = "ID")]
    pub id: String,
    /// Send them this far apart
    #[arg(long, value_name = "EVERY", value_parser = values::span)]
    pub spread: Option<std::time::Duration>,
}
