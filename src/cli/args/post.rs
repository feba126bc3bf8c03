//! Commands about posts.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgGroup, ArgMatches, Args, CommandFactory, Subcommand};

use super::{Cli, values};
use crate::domain::delivery::Shown;
use crate::domain::post_options::Visibility;

/// `post`
#[derive(Debug, Subcommand)]
pub enum Post {
    /// Write a post: schedule it, send it now, or keep it as a draft
    #[command(
        after_help = "Example: allgreen post create --to acme/bs:@acme.example --text 'Open until six' --at 'tomorrow 9:30'"
    )]
    Create(Box<Create>),
    /// List the queue, earliest first
    #[command(
        after_help = "Example: allgreen post list --state held --channel acme/bs:@acme.example"
    )]
    List(List),
    /// Show a post with all its deliveries, or one delivery
    #[command(after_help = "Example: allgreen post show pst_01JD --json")]
    Show(One),
    /// Change the text of what has not gone out yet
    #[command(after_help = "Example: allgreen post edit dlv_01JD --text 'Open until seven'")]
    Edit(Edit),
    /// Write another post like one there is: a draft, when no time is given
    #[command(after_help = "Example: allgreen post duplicate pst_01JD --at 'mon 9:00'")]
    Duplicate(Duplicate),
    /// Cancel what is not live yet
    #[command(after_help = "Example: allgreen post cancel --held --channel acme/bs:@acme.example")]
    Cancel(Pick),
    /// Try failed ones again
    #[command(after_help = "Example: allgreen post retry dlv_01JD")]
    Retry(Many),
    /// Send now, or again after a failure
    #[command(after_help = "Example: allgreen post send dlv_01JD --yes")]
    Send(Many),
    /// Move to another time
    #[command(after_help = "Example: allgreen post reschedule dlv_01JD --at 'mon 9:00'")]
    Reschedule(Reschedule),
    /// Say what happened to a post nobody could look up
    #[command(
        after_help = "Example: allgreen post resolve dlv_01JD live --link https://bsky.app/profile/acme.example/post/3k"
    )]
    Resolve(Resolve),
    /// Did it go out, will it, and why
    #[command(
        after_help = "Example: allgreen post why --channel acme/bs:@acme.example --at 'today 9:00'"
    )]
    Why(Why),
    /// What happens to a channel's late and missed posts
    #[command(after_help = "Example: allgreen post plan --channel acme/bs:@acme.example")]
    Plan {
        /// The channel
        #[arg(long, value_name = "ID")]
        channel: String,
    },
    /// Take back the last act, as long as no send began
    #[command(after_help = "Example: allgreen post undo")]
    Undo,
    /// Delete drafts and cancelled posts
    #[command(after_help = "Example: allgreen post delete pst_01JD --yes")]
    Delete(Pick),
}

/// One post or delivery.
#[derive(Debug, Args)]
pub struct One {
    /// pst_... or dlv_..., or a unique beginning of it
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Some posts or deliveries.
#[derive(Debug, Args)]
pub struct Many {
    /// pst_... (all its deliveries) or dlv_..., or unique beginnings of them
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
}

/// Some posts or deliveries, or all a channel holds.
#[derive(Debug, Args)]
pub struct Pick {
    /// pst_... (all its deliveries) or dlv_..., or unique beginnings of them
    #[arg(
        value_name = "ID",
        required_unless_present = "held",
        conflicts_with = "held"
    )]
    pub ids: Vec<String>,
    /// Everything the channel holds
    #[arg(long, requires = "channel")]
    pub held: bool,
    /// The channel
    #[arg(long, value_name = "ID", requires = "held")]
    pub channel: Option<String>,
}

/// `post create`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("body").args(["text", "text_file", "file"]).required(true))]
#[command(group = ArgGroup::new("when").args(["at", "now", "draft"]))]
pub struct Create {
    /// A channel it goes to; repeatable
    #[arg(long, value_name = "ID", required_unless_present = "file")]
    pub to: Vec<String>,
    /// The text
    #[arg(long)]
    pub text: Option<String>,
    /// A file with the text, - for standard input
    #[arg(long, value_name = "FILE|-")]
    pub text_file: Option<PathBuf>,
    /// The whole post as `post show --json` prints it, - for standard input
    #[arg(long, value_name = "FILE.json|-", conflicts_with_all = ["to", "at", "now", "draft", "media", "only_for", "tz", "visibility", "content_warning", "language", "then", "link_card"])]
    pub file: Option<PathBuf>,
    /// When: RFC 3339, or as people write it (tomorrow 9:30, in 20m)
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// Send it now
    #[arg(long)]
    pub now: bool,
    /// Keep it as a draft
    #[arg(long)]
    pub draft: bool,
    /// IANA zone the time is meant in; the workspace's when left out
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Never send it late
    #[arg(long)]
    pub only_on_time: bool,
    /// An image or video; repeatable
    #[arg(long, value_name = "FILE")]
    pub media: Vec<PathBuf>,
    /// What the --media before it shows, for people who cannot see it
    #[arg(long, value_name = "TEXT", requires = "media")]
    pub alt: Vec<String>,
    /// Another text for one channel; repeatable
    #[arg(long, value_name = "ID=TEXT")]
    pub only_for: Vec<String>,
    /// Mastodon: who may see it
    #[arg(long, value_name = "WHO", value_parser = values::visibility())]
    pub visibility: Option<Visibility>,
    /// Mastodon: shown instead of the post until the reader asks for it
    #[arg(long, value_name = "TEXT")]
    pub content_warning: Option<String>,
    /// The language of the text, such as en or pt-BR, where the network takes one
    #[arg(long, value_name = "CODE", value_parser = values::language)]
    pub language: Option<String>,
    /// Bluesky, Mastodon: another part of a thread, sent right after the one
    /// before it; repeatable
    #[arg(long, value_name = "TEXT")]
    pub then: Vec<String>,
    /// Bluesky: a page shown as a card below the text
    #[arg(long, value_name = "URL", conflicts_with = "media")]
    pub link_card: Option<String>,
    /// The title of the card; the page's host when left out
    #[arg(long, value_name = "TEXT", requires = "link_card")]
    pub card_title: Option<String>,
    /// A sentence below the title of the card
    #[arg(long, value_name = "TEXT", requires = "link_card")]
    pub card_description: Option<String>,
    /// One description per medium, paired by position.
    #[arg(skip)]
    pub alts: Vec<Option<String>>,
}

/// `post list`
#[derive(Debug, Args)]
pub struct List {
    /// Only this state
    #[arg(long, value_parser = values::state())]
    pub state: Option<Shown>,
    /// Only this channel
    #[arg(long, value_name = "ID")]
    pub channel: Option<String>,
    /// Due at or after
    #[arg(long, value_name = "WHEN")]
    pub due_after: Option<String>,
    /// Due before
    #[arg(long, value_name = "WHEN")]
    pub due_before: Option<String>,
    /// Due on this day, in the workspace's zone
    #[arg(long, value_name = "DATE", conflicts_with_all = ["due_after", "due_before"])]
    pub on: Option<String>,
    /// Only what fits: words in text or handle, `net:ig ws:acme state:held login:ann due:<2d by:eva`, `!` before what must not fit
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub limit: u32,
}

/// `post edit`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("body").args(["text", "text_file"]))]
#[command(group = ArgGroup::new("change").args(["text", "text_file", "media", "no_media"]).required(true).multiple(true))]
pub struct Edit {
    /// pst_... (all its deliveries) or dlv_... (that channel only)
    #[arg(value_name = "ID")]
    pub id: String,
    /// The new text
    #[arg(long)]
    pub text: Option<String>,
    /// A file with the new text, - for standard input
    #[arg(long, value_name = "FILE|-")]
    pub text_file: Option<PathBuf>,
    /// An image or video instead of those it has; repeatable
    #[arg(long, value_name = "FILE", conflicts_with = "no_media")]
    pub media: Vec<PathBuf>,
    /// What the --media before it shows, for people who cannot see it
    #[arg(long, value_name = "TEXT", requires = "media")]
    pub alt: Vec<String>,
    /// Without any image or video
    #[arg(long)]
    pub no_media: bool,
    /// One description per medium, paired by position.
    #[arg(skip)]
    pub alts: Vec<Option<String>>,
}

/// `post duplicate`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("when").args(["at", "now"]))]
pub struct Duplicate {
    /// pst_... (for all its channels) or dlv_... (for that channel only)
    #[arg(value_name = "ID")]
    pub id: String,
    /// When: RFC 3339, or as people write it (tomorrow 9:30, in 20m)
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// Send it now
    #[arg(long)]
    pub now: bool,
    /// IANA zone the time is meant in; the workspace's when left out
    #[arg(long, value_name = "ZONE", requires = "at")]
    pub tz: Option<String>,
}

/// `post reschedule`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("to").args(["at", "by", "spread"]).required(true))]
pub struct Reschedule {
    /// pst_... (all its deliveries) or dlv_..., or unique beginnings of them
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// To this time
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// Later by this much; 3d keeps the clock time, 72h does not
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub by: Option<String>,
    /// One after the other, this far apart
    #[arg(long, value_name = "EVERY", value_parser = values::span)]
    pub spread: Option<std::time::Duration>,
    /// Where the spreading begins; now when left out
    #[arg(long, value_name = "WHEN", requires = "spread")]
    pub from: Option<String>,
}

/// `post resolve`
#[derive(Debug, Args)]
pub struct Resolve {
    /// dlv_..., or a unique beginning of it
    #[arg(value_name = "DLV")]
    pub id: String,
    /// What happened
    #[command(subcommand)]
    pub outcome: Outcome,
}

/// What a person says about a post nobody could look up.
#[derive(Debug, Subcommand)]
pub enum Outcome {
    /// It is live
    #[command(after_help = "Example: allgreen post resolve dlv_01JD live")]
    Live {
        /// A link to it
        #[arg(long, value_name = "URL")]
        link: Option<String>,
    },
    /// It is not live: send it again
    #[command(after_help = "Example: allgreen post resolve dlv_01JD not-live")]
    NotLive,
    /// Leave it as it is
    #[command(after_help = "Example: allgreen post resolve dlv_01JD leave")]
    Leave,
}

/// `post why`
#[derive(Debug, Args)]
pub struct Why {
    /// pst_... or dlv_..., or a unique beginning of it
    #[arg(
        value_name = "ID",
        required_unless_present = "channel",
        conflicts_with = "channel"
    )]
    pub id: Option<String>,
    /// The channel it was for
    #[arg(long, value_name = "ID", requires = "at")]
    pub channel: Option<String>,
    /// When it was to go out
    #[arg(long, value_name = "WHEN", requires = "channel")]
    pub at: Option<String>,
}

impl Post {
    /// Pairs each `--alt` with the `--media` before it.
    ///
    /// # Errors
    /// When an `--alt` has no medium of its own before it.
    pub fn pair_alts(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let (alt, alts) = match self {
            Self::Create(create) => {
                let create = create.as_mut();
                (&create.alt, &mut create.alts)
            }
            Self::Edit(edit) => (&edit.alt, &mut edit.alts),
            _ => return Ok(()),
        };
        let places = |name: &str| -> Vec<usize> {
            matches
                .indices_of(name)
                .map(Iterator::collect)
                .unwrap_or_default()
        };
        let media = places("media");
        *alts = vec![None; media.len()];
        for (alt, at) in alt.iter().zip(places("alt")) {
            let before = media.iter().filter(|place| **place < at).count();
            let free = before
                .checked_sub(1)
                .and_then(|number| alts.get_mut(number))
                .filter(|paired| paired.is_none());
            match free {
                Some(paired) => *paired = Some(alt.clone()),
                None => {
                    return Err(Cli::command().error(
                        ErrorKind::ArgumentConflict,
                        "each --alt describes the one --media right before it",
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, parse};
    use super::*;
    use std::ffi::OsString;

    fn create(words: &[&str]) -> Result<Box<Create>, clap::Error> {
        let all = ["allgreen", "post", "create", "--to", "c", "--text", "t"];
        let cli = parse(all.iter().chain(words).map(OsString::from))?;
        match cli.command {
            Some(Command::Post(Post::Create(create))) => Ok(create),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_alt_text_belongs_to_the_medium_before_it() {
        let made = create(&["--media", "a", "--media", "b", "--alt", "of b"]).unwrap();
        assert_eq!(made.alts, [None, Some("of b".to_owned())]);
        assert!(create(&["--alt", "x", "--media", "a"]).is_err());
        assert!(create(&["--media", "a", "--alt", "x", "--alt", "y"]).is_err());
        assert!(create(&["--alt", "x"]).is_err());
    }

    #[test]
    fn a_post_has_one_body_and_one_time() {
        assert!(create(&["--text-file", "x"]).is_err());
        assert!(create(&["--at", "in 20m", "--now"]).is_err());
        assert!(create(&["--draft", "--now"]).is_err());
        assert!(create(&["--now"]).unwrap().now);
    }
}
