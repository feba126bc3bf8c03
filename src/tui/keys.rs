//! The one table of keys. Dispatch, footer, the lines of sheets and the help
//! are made from it; what a key needs is said here too, so that a greyed-out
//! key gives its reason.

mod aside;
mod chord;
mod command;
mod posts;
mod reason;
mod remap;
mod runbook;
mod writing;

pub use chord::Chord;
#[cfg(test)]
pub(in crate::tui) use chord::parse;
pub use command::command;
pub use posts::is_movable;
pub use reason::{channel_refuses, fitting, post_refuses, why_not};
pub use remap::table;
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
const MAIN: &[Place] = &[P::Channels, P::Queue, P::Notices];
const LISTS: &[Place] = &[P::Channels, P::Queue];
/// Where a workspace and a clock count.
const SCOPED: &[Place] = &[P::Channels, P::Queue, P::Notices, P::Calendar];
/// Where rows have an end and a beginning.
const ROWS: &[Place] = &[
    P::Channels,
    P::Queue,
    P::Notices,
    P::Story,
    P::Channel,
    P::Wall,
    P::Plan,
    P::WriteTo,
    P::WriteMedia,
    P::Runbook,
    P::Handover,
];
const MOVE: &[Place] = &[
    P::Channels,
    P::Queue,
    P::Notices,
    P::Story,
    P::Channel,
    P::Wall,
    P::Plan,
    P::WriteTo,
    P::WriteMedia,
    P::Runbook,
    P::Handover,
    P::Calendar,
];
const OF_CHANNEL: &[Place] = &[
    P::Channels,
    P::Queue,
    P::Notices,
    P::Channel,
    P::Story,
    P::Calendar,
];
const OF_POST: &[Place] = &[P::Queue, P::Story, P::Calendar];
const WRITE: &[Place] = &[
    P::WriteTo,
    P::WriteText,
    P::WriteMedia,
    P::WriteField,
    P::WriteAct,
];
/// Where a composer takes keys as commands.
const WRITE_KEYS: &[Place] = &[P::WriteTo, P::WriteMedia, P::WriteAct];
const EVERYWHERE: &[Place] = &[
    P::Channels,
    P::Queue,
    P::Notices,
    P::Channel,
    P::Story,
    P::Plan,
    P::Time,
    P::Aside,
    P::Runbook,
    P::Handover,
    P::Login,
    P::Named,
    P::Browser,
    P::Address,
    P::Disconnect,
    P::Choose,
    P::Wall,
    P::Calendar,
    P::Find,
    P::Filter,
    P::CancelMarked,
    P::Question,
    P::WriteTo,
    P::WriteText,
    P::WriteMedia,
    P::WriteField,
    P::WriteAct,
];
/// Where the find box can be opened, but for the lists.
const SHEETS: &[Place] = &[
    P::Channel,
    P::Story,
    P::Plan,
    P::Time,
    P::Aside,
    P::Runbook,
    P::Handover,
    P::Login,
    P::Named,
    P::Browser,
    P::Address,
    P::Disconnect,
    P::Choose,
    P::Filter,
    P::CancelMarked,
    P::Question,
    P::WriteTo,
    P::WriteText,
    P::WriteMedia,
    P::WriteField,
    P::WriteAct,
];

const fn row(
    keys: &'static str,
    does: Do,
    places: &'static [Place],
    short: &'static str,
    long: &'static str,
    rank: u8,
) -> Binding {
    Binding {
        keys,
        does,
        places,
        short,
        long,
        rank,
    }
}

/// Every key there is.
#[rustfmt::skip]
pub static TABLE: &[Binding] = &[
    row("1", Do::Live, &[P::Story], "it is live", "It is live: paste its link, or Enter", 90),
    row("2", Do::NotLive, &[P::Story], "send again", "It is not live: Enter sends it again", 89),
    row("3", Do::Leave, &[P::Story], "leave it", "Leave it undecided", 88),
    row("r", Do::Reconnect, OF_CHANNEL, "reconnect", "Log in again for this channel or login", 90),
    row("H", Do::HealthCheck, MAIN, "mend all", "Walk through all that needs a hand, first damage first", 88),
    row("H", Do::HealthCheck, &[P::Wall], "mend all", "Walk through all that needs a hand, first damage first", 65),
    row("Enter", Do::Go, &[P::Runbook], "do it", "Do the next thing of this row: log in, decide, plan", 95),
    row("s", Do::Aside, &[P::Runbook], "set aside", "Take this on until a time, with a note; the walk goes on", 90),
    row("r", Do::Reconnect, &[P::Runbook], "", "Log in again for this row", 0),
    row("p", Do::Probe, &[P::Runbook], "", "Prove this row again", 0),
    row("y", Do::Copy, &[P::Runbook], "copy", "Copy what it came to, or what is open with its commands", 70),
    row("y", Do::Copy, &[P::Handover], "copy", "Copy all of it", 90),
    row("!", Do::Send, OF_POST, "send now", "Send this post now, or try it again", 80),
    row("x", Do::Cancel, OF_POST, "cancel", "Cancel this post", 79),
    row("x", Do::Cancel, &[P::Notices], "read", "Put this notice away as read", 79),
    row("Enter", Do::Open, MAIN, "open", "Open what is under the cursor", 75),
    row("Enter", Do::Go, &[P::Plan], "do this", "Do what the plan says", 95),
    row("!", Do::Send, &[P::Plan], "send", "Send these late, after all", 90),
    row("t", Do::Time, &[P::Plan], "time", "Give these another time: tomorrow 9:30, +3d, every 20m", 89),
    row("x", Do::Cancel, &[P::Plan], "cancel", "Cancel these", 88),
    row("s", Do::Later, &[P::Plan], "later", "Decide about these later", 87),
    row("l Right", Do::Fold(false), &[P::Plan], "unfold", "Show the posts of this channel", 60),
    row("h Left", Do::Fold(true), &[P::Plan], "", "Hide the posts of this channel", 0),
    row("Space", Do::Mark, &[P::Plan], "mark", "Mark this, or take its mark away", 70),
    row("v", Do::Range, &[P::Plan], "", "Mark from here to where v is pressed again", 0),
    row("a", Do::MarkAll, &[P::Plan], "", "Mark all, again none", 0),
    row("Enter", Do::Go, &[P::Time], "move it", "Give it this time", 95),
    row("t", Do::Time, OF_POST, "time", "Give this post another time", 78),
    row("n", Do::New, &[P::Channels, P::Queue, P::Notices, P::Channel, P::Wall], "new post", "Write a post for this channel, the marked ones or the workspace", 66),
    row("e", Do::Edit, &[P::Story], "edit", "Change text, channels, media or time of this post", 77),
    row("e", Do::Edit, &[P::Queue, P::Calendar], "edit", "Change text, channels, media or time of this post", 58),
    row("d", Do::Duplicate, OF_POST, "", "Write another post like this one", 0),
    row("e", Do::Edit, &[P::Plan], "edit", "Change the text of this one first", 86),
    row("L", Do::Plan, MAIN, "late posts", "What becomes of late, held and missed posts", 52),
    row("p", Do::Probe, OF_CHANNEL, "probe", "Prove now that this channel can publish", 70),
    row("s", Do::Aside, OF_CHANNEL, "set aside", "Take this on until a time, with a note; it stays as red as it is", 46),
    row("s", Do::Aside, &[P::Wall], "set aside", "Set the first damage of this workspace aside, with a note", 55),
    row("Enter", Do::Go, &[P::Aside], "set it aside", "Set it aside until then", 95),
    row("P", Do::Pause, OF_CHANNEL, "pause", "Pause or resume this channel; its posts are held", 60),
    row("D", Do::Disconnect, &[P::Channels, P::Channel], "disconnect", "Disconnect this channel for good", 40),
    row("c", Do::Connect, MAIN, "connect", "Connect a new account", 65),
    row("y", Do::Copy, OF_CHANNEL, "copy", "Copy what is useful here: answer, link or id", 45),
    row("u", Do::Undo, OF_CHANNEL, "undo", "Take the last act back; stop what counts down", 50),
    row("/", Do::Filter, MAIN, "filter", "Show only what fits: words, net:ig, lamp:red, state:held, login:ann, due:<2d", 62),
    row("f", Do::Only, MAIN, "only this", "Queue and notices of this row alone; again of all", 35),
    row("z", Do::Alone, MAIN, "", "This pane alone; again all panes", 0),
    row("T", Do::Theirs, SCOPED, "", "Times of posts by the client's clock; again by yours", 0),
    row(": Ctrl-p", Do::Find, MAIN, "find", "Find anything: what can be done, places, channels, posts, acme 9:00", 72),
    row(": Ctrl-p", Do::Find, SHEETS, "", "Find anything", 0),
    row("W", Do::Wall, MAIN, "wall", "Every workspace as a tile, worst first", 44),
    row("w", Do::Workspace, SCOPED, "workspace", "Choose a workspace", 55),
    row("0", Do::AllWorkspaces, SCOPED, "", "All workspaces", 0),
    row("C", Do::Calendar, &[P::Channels, P::Queue, P::Notices, P::Wall], "calendar", "The posts of a week, day by day, and when logins end", 43),
    row("Enter", Do::Open, &[P::Calendar], "open", "The story of this post", 94),
    row("l Right", Do::Side(1), &[P::Calendar], "next day", "Next day; past the edge the next week", 93),
    row("h Left", Do::Side(-1), &[P::Calendar], "", "The day before; past the edge the week before", 0),
    row("g Home", Do::First, &[P::Calendar], "today", "To today", 92),
    row("W", Do::Wall, &[P::Calendar], "", "Every workspace as a tile, worst first", 0),
    row(": Ctrl-p", Do::Find, &[P::Calendar], "find", "Find anything", 40),
    row("q C", Do::Back, &[P::Calendar], "back", "Back to the panes", 91),
    row("Enter", Do::Open, &[P::Wall], "open", "Show this workspace", 95),
    row("r", Do::Mend, &[P::Wall], "what mends it", "Go to what is broken in it, first damage first", 90),
    row("/", Do::Filter, &[P::Wall], "filter", "Show only the workspaces that fit", 80),
    row("l Right", Do::Side(1), &[P::Wall], "", "Next tile", 0),
    row("h Left", Do::Side(-1), &[P::Wall], "", "Previous tile", 0),
    row(": Ctrl-p", Do::Find, &[P::Wall], "find", "Find anything", 60),
    row("?", Do::Help, &[P::Wall], "keys", "The keys of this place", 70),
    row("q W", Do::Back, &[P::Wall], "back", "Back to the panes", 75),
    row("Tab", Do::Field(true), WRITE, "next field", "Channels, text, media, time, buttons: the next one", 90),
    row("Shift-Tab", Do::Field(false), WRITE, "the one before", "The field before", 45),
    row("Space", Do::Mark, &[P::WriteTo], "tick", "Post there, or not", 88),
    row("Enter", Do::Go, &[P::WriteTo], "its text", "Write this text", 86),
    row("e", Do::Edit, &[P::WriteTo], "$EDITOR", "Write this text in your editor ($VISUAL, $EDITOR)", 70),
    row("x", Do::Cancel, &[P::WriteTo], "back to base text", "Give up the text of its own for the base text", 60),
    row("a", Do::MarkAll, &[P::WriteTo], "all", "Post to all, again to none", 50),
    row("l Right", Do::Fold(false), &[P::WriteTo], "preview", "See it as this channel shows it", 65),
    row("h Left", Do::Fold(true), &[P::WriteTo], "", "Back from the preview", 0),
    row("Enter", Do::Go, &[P::WriteMedia], "alt text", "Say what is to be seen on it", 86),
    row("x", Do::Cancel, &[P::WriteMedia], "leave it out", "Take this one out of the post", 60),
    row("Enter", Do::Go, &[P::WriteField], "take it", "Take what is typed", 86),
    row("Down", Do::Move(1), &[P::WriteField], "", "Down", 0),
    row("Up", Do::Move(-1), &[P::WriteField], "", "Up", 0),
    row("Enter", Do::Go, &[P::WriteAct], "do this", "Do what has the cursor", 86),
    row("l Right", Do::Side(1), &[P::WriteAct], "choose", "The choice on the right", 70),
    row("h Left", Do::Side(-1), &[P::WriteAct], "", "The choice on the left", 0),
    row("Space", Do::Mark, &[P::WriteAct], "", "The other choice", 0),
    row("j Down", Do::Move(1), &[P::WriteAct], "", "Down", 0),
    row("k Up", Do::Move(-1), &[P::WriteAct], "", "Up", 0),
    row("?", Do::Help, WRITE_KEYS, "keys", "The keys of this place", 55),
    row("q", Do::Quit, WRITE_KEYS, "", "Back; the draft is kept", 0),
    row("l Right", Do::Side(1), &[P::Notices, P::Channel], "tabs", "Next tab of the details: posts, metrics, comments, history", 40),
    row("h Left", Do::Side(-1), &[P::Notices, P::Channel], "", "Previous tab of the details", 0),
    row("j Down", Do::Move(1), MOVE, "", "Down", 0),
    row("k Up", Do::Move(-1), MOVE, "", "Up", 0),
    row("h Left", Do::Fold(true), &[P::Channels], "", "Fold this login or section away; in the details the tab before", 0),
    row("l Right", Do::Fold(false), &[P::Channels], "show", "Show what is folded away here; in the details the next tab", 78),
    row("Space", Do::Mark, LISTS, "mark", "Mark this row for one act on several", 20),
    row("v", Do::Range, LISTS, "", "Mark a range: moves mark until v again", 0),
    row("a", Do::MarkAll, LISTS, "", "Mark all that is shown; again none of it", 0),
    row("Ctrl-r", Do::ProbeAll, &[P::Channels], "", "Prove every channel on the screen", 0),
    row("g Home", Do::First, ROWS, "", "To the first", 0),
    row("G End", Do::Last, MOVE, "", "To the last", 0),
    row("Ctrl-d", Do::Half(1), MOVE, "", "Half a page down", 0),
    row("Ctrl-u", Do::Half(-1), MOVE, "", "Half a page up", 0),
    row("PgDn", Do::Page(1), MOVE, "", "A page down", 0),
    row("PgUp", Do::Page(-1), MOVE, "", "A page up", 0),
    row("Tab", Do::Turn(true), MAIN, "", "Next pane", 0),
    row("Shift-Tab", Do::Turn(false), MAIN, "", "Previous pane", 0),
    row("1", Do::Focus(Pane::Channels), MAIN, "", "Channels", 0),
    row("2", Do::Focus(Pane::Queue), MAIN, "", "Queue", 0),
    row("3", Do::Focus(Pane::Notices), MAIN, "", "Notices", 0),
    row("4", Do::Focus(Pane::Details), MAIN, "", "Details", 0),
    row("Enter", Do::Go, &[P::Named], "get a link", "Ask for a link to the login page", 95),
    row("Ctrl-t Tab", Do::OtherWay, &[P::Named], "token", "Log in with a token or password instead", 80),
    row("Enter", Do::Go, &[P::Address], "check it", "Check the address that is typed", 95),
    row("Enter", Do::NewLink, &[P::Browser], "new link", "Make a new link", 98),
    row("y", Do::Copy, &[P::Browser], "copy", "Copy the link to the clipboard of your terminal", 97),
    row("b", Do::Bare, &[P::Browser], "bare", "Show the link alone, to select it with the mouse", 96),
    row("o", Do::Browse, &[P::Browser], "open", "Open the link in a browser here", 94),
    row("Y", Do::CopyLine, &[P::Browser], "tunnel", "Copy the ssh line of the tunnel", 85),
    row("i", Do::Type, &[P::Browser], "type", "Type the address instead of pasting it", 80),
    row("t", Do::OtherWay, &[P::Browser], "token", "Log in with a token or password instead", 70),
    row("c", Do::Another, &[P::Browser], "another", "Log in for one more account", 60),
    row("x", Do::GiveUp, &[P::Browser], "give up", "Give this login up; nothing is changed", 75),
    row("Enter", Do::Go, &[P::Login], "log in", "Log in with what is typed", 90),
    row("Ctrl-t", Do::OtherWay, &[P::Login], "in a browser", "Log in on the network's own page instead", 60),
    row("Tab Down", Do::Field(true), &[P::Login, P::Aside, P::Disconnect], "next field", "Next field", 80),
    row("Shift-Tab Up", Do::Field(false), &[P::Login, P::Aside, P::Disconnect], "", "Previous field", 0),
    row("Enter", Do::Go, &[P::Disconnect], "keep it", "Keep the channel, unless its name is typed", 90),
    row("Enter", Do::Go, &[P::Story], "", "Confirm the answer", 0),
    row("Enter", Do::Go, &[P::Choose], "choose", "Choose", 90),
    row("Enter", Do::Go, &[P::Find], "go there, or do it", "Do it, or go there", 90),
    row("Enter", Do::Go, &[P::Filter], "keep it", "Keep this filter", 95),
    row("Down", Do::Move(1), &[P::Choose, P::Find, P::Filter], "", "Down", 0),
    row("Up", Do::Move(-1), &[P::Choose, P::Find, P::Filter], "", "Up", 0),
    row("PgDn", Do::Page(1), &[P::Choose, P::Find, P::Filter], "", "A page down", 0),
    row("PgUp", Do::Page(-1), &[P::Choose, P::Find, P::Filter], "", "A page up", 0),
    row("!", Do::Go, &[P::Question], "quit", "Quit although nobody publishes then", 80),
    row("Enter", Do::Back, &[P::Question], "stay", "Stay", 90),
    row("!", Do::Go, &[P::CancelMarked], "cancel them", "Cancel these posts", 80),
    row("Enter", Do::Back, &[P::CancelMarked], "keep them", "Keep these posts", 90),
    row("Esc", Do::Back, EVERYWHERE, "", "Back by one, never out", 0),
    row("Ctrl-l", Do::Repaint, EVERYWHERE, "", "Paint and order anew", 0),
    row("Ctrl-z", Do::Suspend, EVERYWHERE, "", "Suspend; fg goes on", 0),
    row("Ctrl-c", Do::QuitNow, EVERYWHERE, "", "Quit now", 0),
    row("?", Do::Help, OF_CHANNEL, "keys", "The keys of this place", 95),
    row("?", Do::Help, &[P::Plan], "", "The keys of this place", 0),
    row("?", Do::Help, &[P::Runbook, P::Handover], "keys", "The keys of this place", 60),
    row("?", Do::Help, &[P::Browser], "keys", "The keys of this place", 90),
    row("q", Do::Quit, &[P::Channels, P::Queue, P::Notices], "quit", "Quit; asks when nobody would publish what is due", 85),
    row("q", Do::Quit, &[P::Channel, P::Story, P::Plan, P::Runbook, P::Handover, P::Browser, P::CancelMarked, P::Question], "", "Back", 0),
];

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
        return runbook::word(sheet).into();
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
