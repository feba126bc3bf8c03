//! The find box: what it looks through, and what it found.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Pane;
use super::requests::RequestId;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::ops::views::{DeliveryView, Lamp, PostSearch};
use crate::tui::keys::Binding;
use crate::tui::theme::Theme;
use crate::tui::widgets::Field;

/// What is found is shown in groups. Their order depends on what is typed
/// alone, so that none moves when answers arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What can be done here.
    Actions,
    /// Where one can go.
    Places,
    /// How it can look.
    Looks,
    /// Workspaces.
    Workspaces,
    /// Channels.
    Channels,
    /// Posts, which are asked for and come last.
    Posts,
}

impl Group {
    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Actions => "Do",
            Self::Places => "Go to",
            Self::Looks => "Look",
            Self::Workspaces => "Workspace",
            Self::Channels => "Channel",
            Self::Posts => "Post",
        }
    }

    /// Most rows of it.
    pub fn most(self) -> usize {
        match self {
            Self::Looks => Destination::ALL.len(),
            Self::Channels | Self::Posts => 6,
            Self::Actions => 5,
            Self::Places | Self::Workspaces => 4,
        }
    }
}

/// A place that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A pane of the main screen.
    Pane(Pane),
    /// All workspaces.
    All,
    /// The wall.
    Wall,
    /// The calendar.
    Calendar,
    /// The keys of the place below.
    Keys,
    /// The mouse, on or off.
    Mouse,
    /// Other colours.
    Theme(Theme),
    /// What is handed over.
    Handover,
}

impl Destination {
    /// Every place, with its name and what is there.
    pub const ALL: &[(Self, &'static str, &'static str)] = &[
        (
            Self::Pane(Pane::Channels),
            "channels",
            "Every channel by its lamp",
        ),
        (
            Self::Pane(Pane::Queue),
            "queue",
            "Every post around now, past and to come",
        ),
        (
            Self::Pane(Pane::Notices),
            "notices",
            "What happened, unread first",
        ),
        (
            Self::Pane(Pane::Details),
            "details",
            "All about what is under the cursor",
        ),
        (Self::Wall, "wall", "Every workspace as a tile, worst first"),
        (
            Self::Calendar,
            "calendar",
            "The posts of a week, day by day, and when logins end",
        ),
        (Self::All, "all", "Every workspace at once"),
        (Self::Keys, "keys", "The keys of this place"),
        (
            Self::Handover,
            "handover",
            "What broke, healed and is open, as text for whoever comes next",
        ),
        (
            Self::Mouse,
            "mouse",
            "Clicks select and the wheel scrolls; again off",
        ),
        (
            Self::Theme(Theme::Auto),
            "theme auto",
            "Colours that fit the background",
        ),
        (
            Self::Theme(Theme::Dark),
            "theme dark",
            "Colours for a dark background",
        ),
        (
            Self::Theme(Theme::Light),
            "theme light",
            "Colours for a light background",
        ),
        (
            Self::Theme(Theme::Contrast),
            "theme contrast",
            "The strongest colours, nothing dimmed",
        ),
        (
            Self::Theme(Theme::BlueOrange),
            "theme blue-orange",
            "Colours without red against green",
        ),
        (
            Self::Theme(Theme::Sixteen),
            "theme sixteen",
            "The terminal’s own sixteen colours",
        ),
        (
            Self::Theme(Theme::None),
            "theme none",
            "No colours: shape, weight, reverse",
        ),
    ];

    /// Whether it is a way to look at things, not a place.
    pub fn is_look(self) -> bool {
        matches!(self, Self::Theme(_) | Self::Mouse)
    }
}

/// What a row leads to.
#[derive(Clone, Debug)]
pub enum Target {
    /// Does what a key does.
    Key(&'static Binding),
    /// Goes to a place: its index in [`Destination::ALL`].
    Place(usize),
    /// Shows a workspace.
    Workspace(WorkspaceId),
    /// Puts the cursor on a channel.
    Channel(ChannelId),
    /// Opens the story of a post.
    Post(Box<DeliveryView>),
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it stands.
    pub group: Group,
    /// Where it leads.
    pub target: Target,
}

/// A channel as it is looked for: made once, when the box opens.
#[derive(Debug)]
pub struct Named {
    /// Which.
    pub id: ChannelId,
    /// Its handle, its name, its network and its workspace.
    pub text: String,
    /// Of those that fit as well, what needs a hand comes first.
    pub lamp: Lamp,
}

/// The box.
#[derive(Debug, Default)]
pub struct Find {
    /// What is typed.
    pub search: Field,
    /// The row with the cursor.
    pub selected: usize,
    /// What was found, posts last.
    pub rows: Vec<Row>,
    /// Every channel.
    pub channels: Vec<Named>,
    /// The posts that are looked for, if any.
    pub wanted: Option<PostSearch>,
    /// The request under way, and what it looks for.
    pub asked: Option<(RequestId, PostSearch)>,
    /// The time that was understood, in the clocks of the client and of the
    /// operator.
    pub around: Option<String>,
    /// Enter was pressed before the posts were there.
    pub go: bool,
    /// Why the posts could not be read.
    pub error: Option<String>,
}

impl Find {
    /// Moves the cursor by rows.
    pub fn step(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// Whether posts are still looked for.
    pub fn is_looking(&self) -> bool {
        self.asked.is_some() && self.wanted.is_some()
    }
}

/// A word is found scattered over a name only if little lies between: this much
/// per letter, where letters side by side give about 24.
const LEAST: u32 = 17;

/// Ranks names by how well they fit what is typed.
pub struct Ranking {
    pattern: Pattern,
    matcher: Matcher,
    least: u32,
    chars: Vec<char>,
}

impl Ranking {
    /// Ranks by this text.
    pub fn new(text: &str) -> Self {
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        Self {
            pattern: Pattern::new(
                text,
                CaseMatching::Ignore,
                Normalization::Smart,
                AtomKind::Fuzzy,
            ),
            matcher: Matcher::new(Config::DEFAULT),
            least: u32::try_from(letters)
                .unwrap_or(u32::MAX)
                .saturating_mul(LEAST),
            chars: Vec::new(),
        }
    }

    /// How well a name fits; `None` when it does not.
    pub fn score(&mut self, name: &str) -> Option<u32> {
        let name = Utf32Str::new(name, &mut self.chars);
        let score = self.pattern.score(name, &mut self.matcher)?;
        (score >= self.least).then_some(score)
    }

    /// The best `most` of many, best first; of equals the one that sorts first.
    pub fn best<'a, T: Ord>(
        &mut self,
        all: impl Iterator<Item = (T, &'a str)>,
        most: usize,
    ) -> Vec<(u32, T)> {
        let mut fitting: Vec<(Reverse<u32>, T)> = all
            .filter_map(|(it, name)| Some((Reverse(self.score(name)?), it)))
            .collect();
        // Only what is shown has to be in order.
        if fitting.len() > most {
            fitting.select_nth_unstable(most);
            fitting.truncate(most);
        }
        fitting.sort_unstable();
        fitting
            .into_iter()
            .map(|(Reverse(score), it)| (score, it))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str, name: &str) -> bool {
        Ranking::new(text).score(name).is_some()
    }

    #[test]
    fn letters_near_each_other_fit_and_scattered_ones_do_not() {
        assert!(fits("acme", "acme.example Acme Bluesky bs"));
        assert!(fits("acm shop", "acmeshop Acme Shop Facebook fb"));
        assert!(fits("recon", "Log in again for this channel reconnect"));
        assert!(fits("dscon", "disconnect"));
        assert!(!fits(
            "acme",
            "Pause or resume this channel; its posts are held"
        ));
        assert!(!fits("queue", "acme.example Acme Bluesky bs"));
    }

    #[test]
    fn the_best_are_in_order_and_no_more_than_asked_for() {
        let names = ["birch films", "acme fun", "acme", "dune acme"];
        let all = names.iter().enumerate().map(|(at, name)| (at, *name));
        let best = Ranking::new("acme").best(all, 2);
        let found: Vec<usize> = best.iter().map(|(_, at)| *at).collect();
        assert_eq!(found, [1, 2]);
    }
}
