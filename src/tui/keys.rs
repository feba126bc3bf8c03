//! The one table of keys. Dispatch, footer, the lines of sheets and the help
//! are made from it; what a key needs is said here too, so that a greyed-out
//! key gives its reason.

mod aside;
mod chord;
mod command;
mod posts;
mod reason;
mod remap;
mod rows;
mod runbook;
mod writing;

pub use chord::Chord;
#[cfg(test)]
pub(in crate::tui) use chord::parse;
pub use command::command;
pub use posts::is_movable;
pub use reason::{channel_refuses, fitting, post_refuses, why_not};
pub use remap::table;
use rows::EVERYWHERE;
pub use rows::TABLE;
pub use writing::is_writable;

use std::borrow::Cow;

use crossterm::event::KeyEvent;

use super::model::{Model, Pane, Sheet};
use crate::networks::Way;
use crate::ops::views::Lamp;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Down by rows; up when negative.
    Move(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Down by half a pane; up when negative.
    Half(isize),
    /// Down by a pane; up when negative.
    Page(isize),
    /// The next pane, or the previous one.
    Turn(bool),
    /// This pane.
    Focus(Pane),
    /// Fold what is below a head away, or show it.
    Fold(bool),
    /// The queue and the notices of this row alone, or all.
    Only,
    /// This pane alone, or all.
    Alone,
    /// Times of the client's clock, or mine.
    Theirs,
    /// Mark the row under the cursor, or not any more.
    Mark,
    /// Begin or end a range of marks.
    Range,
    /// Mark all that is shown, or none of it.
    MarkAll,
    /// Prove all that is on the screen.
    ProbeAll,
    /// Open what is under the cursor.
    Open,
    /// Back by one, never out.
    Back,
    /// Back in a sheet, else quit.
    Quit,
    /// Quit now.
    QuitNow,
    /// The keys of this place.
    Help,
    /// Aside by tiles or tabs; back when negative.
    Side(isize),
    /// Every workspace as a tile.
    Wall,
    /// The posts of a week, day by day.
    Calendar,
    /// Go to what mends a workspace.
    Mend,
    /// Find anything.
    Find,
    /// Narrow this list.
    Filter,
    /// Choose a workspace.
    Workspace,
    /// All workspaces.
    AllWorkspaces,
    /// Log in again.
    Reconnect,
    /// Connect an account.
    Connect,
    /// Prove a channel.
    Probe,
    /// Pause or resume a channel.
    Pause,
    /// Disconnect for good.
    Disconnect,
    /// Cancel a post, put a notice away.
    Cancel,
    /// Send now, or again.
    Send,
    /// Take the last act back, or stop what counts down.
    Undo,
    /// It is live.
    Live,
    /// It is not live.
    NotLive,
    /// Leave it undecided.
    Leave,
    /// Copy the useful thing.
    Copy,
    /// Copy the line of the tunnel.
    CopyLine,
    /// Show a link alone.
    Bare,
    /// Open a link in the browser of this machine.
    Browse,
    /// Make a new link for a login that is over.
    NewLink,
    /// Type what is otherwise pasted.
    Type,
    /// Log in another way.
    OtherWay,
    /// Log in for another new account.
    Another,
    /// Give a login up.
    GiveUp,
    /// What becomes of late, held and missed posts.
    Plan,
    /// Another time.
    Time,
    /// Decide later.
    Later,
    /// Set aside, with a note.
    Aside,
    /// Walk through what needs a hand.
    HealthCheck,
    /// Paint and order anew.
    Repaint,
    /// Stop this job.
    Suspend,
    /// Next field.
    Field(bool),
    /// Do what the sheet is for.
    Go,
    /// Write a new post.
    New,
    /// Change a post; in the composer, in an editor.
    Edit,
    /// Write another post like this one.
    Duplicate,
}

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The channels, and their details.
    Channels,
    /// The queue.
    Queue,
    /// The notices.
    Notices,
    /// The sheet of a channel.
    Channel,
    /// The story of a delivery.
    Story,
    /// The release plan.
    Plan,
    /// Another time for posts, typed.
    Time,
    /// Setting aside, typed.
    Aside,
    /// The health check.
    Runbook,
    /// A text to copy: a handover, a receipt.
    Handover,
    /// A login with what is typed.
    Login,
    /// A login in the browser, before its server or handle is known.
    Named,
    /// A login in the browser.
    Browser,
    /// The address of a login in the browser, typed.
    Address,
    /// A disconnect.
    Disconnect,
    /// A list to search and choose from: help, workspaces.
    Choose,
    /// The wall of workspaces.
    Wall,
    /// The calendar.
    Calendar,
    /// The find box.
    Find,
    /// The filter of a list, typed.
    Filter,
    /// Whether to cancel several posts.
    CancelMarked,
    /// A question.
    Question,
    /// The channels of a post that is being written.
    WriteTo,
    /// Its text.
    WriteText,
    /// One of its media.
    WriteMedia,
    /// A field of it: a file, an alternative text, the time.
    WriteField,
    /// Its choices and buttons.
    WriteAct,
}

impl Place {
    /// What people call it.
    fn words(self) -> &'static str {
        match self {
            Self::Channels => "the channels",
            Self::Queue => "the queue",
            Self::Notices => "the notices",
            Self::Channel => "the details of a channel",
            Self::Story => "the story of a post",
            Self::Plan => "the release plan",
            Self::Time => "the time of a post",
            Self::Aside => "setting aside",
            Self::Runbook => "the health check",
            Self::Handover => "a text to copy",
            Self::WriteTo
            | Self::WriteText
            | Self::WriteMedia
            | Self::WriteField
            | Self::WriteAct => "the composer",
            Self::Login | Self::Named | Self::Browser | Self::Address => "a login",
            Self::Disconnect => "a disconnect",
            Self::Choose => "a list to choose from",
            Self::Wall => "the wall",
            Self::Calendar => "the calendar",
            Self::Find => "the find box",
            Self::Filter => "a filter",
            Self::CancelMarked | Self::Question => "a question",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Its keys, separated by blanks.
    pub keys: &'static str,
    /// What it does.
    pub does: Do,
    /// Where.
    pub places: &'static [Place],
    /// Footer and sheet lines call it this; empty: not in them.
    pub short: &'static str,
    /// The help says this.
    pub long: &'static str,
    /// Who is first in the footer; higher goes first when room is short.
    pub rank: u8,
}

use Place as P;

/// Where the keys go now.
pub fn place(model: &Model) -> Place {
    match model.sheets.last() {
        Some(Sheet::Help(_)) => P::Choose,
        Some(Sheet::Find(_)) => P::Find,
        _ => below_help(model),
    }
}

/// Where the keys go, but for the help and the find box: they are about this
/// place.
pub fn below_help(model: &Model) -> Place {
    match model.sheet() {
        Some(Sheet::Find(_)) => P::Find,
        Some(Sheet::Wall(tiles)) if tiles.typing => P::Filter,
        Some(Sheet::Wall(_)) => P::Wall,
        Some(Sheet::Calendar(_)) if model.filters.typing.is_some() => P::Filter,
        Some(Sheet::Calendar(_)) => P::Calendar,
        Some(Sheet::Help(_) | Sheet::Workspaces(_) | Sheet::Networks(_)) => P::Choose,
        Some(Sheet::Channel(_) | Sheet::Group(_)) => P::Channel,
        Some(Sheet::Login(_)) => P::Login,
        Some(Sheet::Browser(sheet)) if sheet.asks() => P::Named,
        Some(Sheet::Browser(sheet)) if sheet.typed.is_some() => P::Address,
        Some(Sheet::Browser(_)) => P::Browser,
        Some(Sheet::Disconnect(_)) => P::Disconnect,
        Some(Sheet::Story(_)) => P::Story,
        Some(Sheet::CancelMarked(_)) => P::CancelMarked,
        Some(Sheet::Plan(_)) => P::Plan,
        Some(Sheet::Time(_)) => P::Time,
        Some(Sheet::Drafts(_)) => P::Choose,
        Some(Sheet::Composer(_)) => writing::place(model),
        Some(Sheet::Aside(_)) => P::Aside,
        Some(Sheet::Runbook(_)) => P::Runbook,
        Some(Sheet::Handover(_)) => P::Handover,
        Some(Sheet::Quit(_)) => P::Question,
        None if model.filters.typing.is_some() => P::Filter,
        None => match model.list {
            Pane::Queue => P::Queue,
            Pane::Notices => P::Notices,
            _ => P::Channels,
        },
    }
}

/// The row of the table that this key is in at the place of the cursor.
pub fn find(model: &Model, key: KeyEvent) -> Option<&'static Binding> {
    let pressed = Chord::of(key)?;
    of(model, place(model)).find(|binding| binding.chords().any(|chord| chord == pressed))
}

/// The rows of a place, in the order of the table.
pub fn of(model: &Model, place: Place) -> impl Iterator<Item = &'static Binding> + use<> {
    model
        .set
        .keys
        .iter()
        .filter(move |binding| binding.places.contains(&place))
}

impl Binding {
    fn chords(&self) -> impl Iterator<Item = Chord> {
        self.keys.split(' ').filter_map(Chord::named)
    }

    /// Its first key, as it is written.
    pub fn key(&self) -> &'static str {
        self.keys.split(' ').next().unwrap_or(self.keys)
    }
}

/// The word of a key in the footer.
pub type Word = Cow<'static, str>;

/// The keys to show in `cells`: as many as fit, the most useful ones, in the
/// order of the table; as (key, word).
pub fn footer(model: &Model, cells: usize, gap: usize) -> Vec<(&'static str, Word)> {
    let place = place(model);
    let mut shown: Vec<&Binding> = of(model, place)
        .filter(|binding| {
            !label(model, binding).is_empty() && reason::in_footer(model, binding.does)
        })
        .collect();
    shown.sort_by_key(|binding| std::cmp::Reverse(binding.rank));
    let mut used = 0;
    let mut fitting = Vec::new();
    for binding in shown {
        let wide = binding.key().len() + 1 + label(model, binding).len() + gap;
        if used + wide <= cells + gap {
            used += wide;
            fitting.push(binding);
        }
    }
    fitting.sort_by_key(|binding| {
        model
            .set
            .keys
            .iter()
            .position(|row| std::ptr::eq(row, *binding))
    });
    fitting
        .into_iter()
        .map(|binding| (binding.key(), label(model, binding)))
        .collect()
}

/// The word of a key now: `P` resumes what is paused.
fn label(model: &Model, binding: &Binding) -> Word {
    let rested = model.rested_login().filter(|_| !model.in_calendar());
    if let (Do::Reconnect, Some(login)) = (binding.does, rested) {
        return format!("reconnect {}", login.broken).into();
    }
    if let (Do::Go, Some(Sheet::Runbook(sheet))) = (binding.does, model.sheet()) {
        return runbook::word(model, sheet).into();
    }
    let word = match binding.does {
        Do::Pause if model.all_paused() => "resume",
        Do::Send if reason::is_refused(model) => "try again",
        Do::Only if model.only.is_some() => "all rows",
        Do::HealthCheck if model.sums.lamps(Lamp::Broken) == 0 => "health check",
        Do::Undo if !model.pending.is_empty() => "stop it",
        Do::Back if place(model) == P::Filter => "show all",
        Do::Field(false) if place(model) == P::WriteText => "channels",
        Do::Go if model.composer().is_some() => writing::go_word(model, binding.short),
        Do::Go if reason::disconnects(model) => "disconnect it",
        Do::Go if reason::takes_up(model) => "take it up again",
        Do::OtherWay if types_password(model) => "password",
        Do::Field(true) if place(model) == P::Disconnect => "other answer",
        _ => binding.short,
    };
    word.into()
}

/// Whether the other way than the browser is a password.
fn types_password(model: &Model) -> bool {
    let ways = model.browser().map(|(sheet, _)| model.ways(sheet.network));
    ways.is_some_and(|ways| ways.contains(&Way::AppPassword))
}

/// The line of keys of a sheet: `1 it is live · 2 send again · Esc`.
pub fn sheet_line(model: &Model) -> String {
    let waits = place(model) == P::Browser && model.browser().is_some_and(|(_, one)| one.is_some());
    // What waits goes on waiting.
    let (cells, back) = match place(model) {
        _ if waits => (64, "Esc later"),
        P::Plan => (52, "Esc: workspace’s rule"),
        P::Runbook => (54, "Esc, H resumes"),
        _ => (67, "Esc"),
    };
    let mut parts: Vec<String> = footer(model, cells, 3)
        .into_iter()
        .map(|(key, word)| format!("{key} {word}"))
        .collect();
    parts.push(back.into());
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_readable_and_means_one_thing_per_place() {
        for binding in TABLE {
            let named = binding.keys.split(' ').count();
            assert_eq!(binding.chords().count(), named, "{}", binding.keys);
        }
        for place in EVERYWHERE {
            let mut seen = Vec::new();
            for binding in TABLE.iter().filter(|row| row.places.contains(place)) {
                for chord in binding.chords() {
                    assert!(!seen.contains(&chord), "{place:?} {}", binding.keys);
                    seen.push(chord);
                }
            }
        }
    }

    #[test]
    fn there_is_a_way_back_and_out_of_every_place() {
        for binding in TABLE {
            for place in binding.places {
                assert!(EVERYWHERE.contains(place), "{place:?} {}", binding.keys);
            }
        }
    }

    #[test]
    fn no_key_is_one_that_terminals_or_layouts_take() {
        for binding in TABLE {
            for key in binding.keys.split(' ') {
                assert!(
                    !["[", "]", "{", "}", "\\", "|", "@", "#", "~"].contains(&key),
                    "{key}"
                );
                assert!(
                    ![
                        "Ctrl-h", "Ctrl-i", "Ctrl-j", "Ctrl-m", "Ctrl-s", "Ctrl-q", "Ctrl-b"
                    ]
                    .contains(&key),
                    "{key}"
                );
            }
        }
    }
}
