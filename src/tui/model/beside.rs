//! What is read of the chosen thing alone, once the cursor rests on it: its last
//! days, what it has due, and the page of its details that is open.

use std::time::Duration;

use super::dues::DuesOf;
use super::{Model, Subject};
use crate::domain::days::Days;
use crate::domain::dues::Dues;
use crate::domain::ids::ChannelId;
use crate::ops::views::{ChannelView, CommentsView, HistoryView, MetricsView, PostsView};
use crate::support::time::UtcMs;

/// How many days are told.
pub const DAYS: i64 = 30;

/// Most channels of a login whose days are told.
pub const MOST: usize = 100;

/// An open page is read again when it is this old.
const STALE: i64 = 300_000;

/// A tab of the details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// What is wrong and what to do.
    #[default]
    Overview,
    /// Its recent posts.
    Posts,
    /// How they do.
    Metrics,
    /// What people say.
    Comments,
    /// What happened to it.
    History,
}

impl Tab {
    /// Every tab in its order.
    pub const ALL: [Self; 5] = [
        Self::Overview,
        Self::Posts,
        Self::Metrics,
        Self::Comments,
        Self::History,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Posts => "Posts",
            Self::Metrics => "Metrics",
            Self::Comments => "Comments",
            Self::History => "History",
        }
    }

    /// The next one or the one before, without going round.
    pub fn turned(self, forwards: bool) -> Self {
        let here = Self::ALL.iter().position(|one| *one == self).unwrap_or(0);
        let to = if forwards {
            (here + 1).min(Self::ALL.len() - 1)
        } else {
            here.saturating_sub(1)
        };
        Self::ALL[to]
    }
}

/// What a tab shows.
#[derive(Clone, Debug)]
pub enum Page {
    /// Recent posts.
    Posts(PostsView),
    /// Their counts.
    Metrics(MetricsView),
    /// What people say.
    Comments(CommentsView),
    /// What happened.
    History(Vec<HistoryView>),
}

/// What the days are of: they are told anew when any of it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaysOf {
    /// Which channels.
    pub channels: Vec<ChannelId>,
    /// When the first day begins.
    pub from: UtcMs,
    /// The last turn of any of them.
    pub turned: UtcMs,
}

/// The pages of a tab: one, or one of each channel of a login.
pub type Pages = Vec<(ChannelId, Page)>;

/// What a page is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOf {
    /// Which channels.
    pub channels: Vec<ChannelId>,
    /// Which tab.
    pub tab: Tab,
    /// Its state then.
    pub change: i64,
    /// When, in steps of a few minutes.
    pub step: i64,
}

/// What was read, and what it was read for.
#[derive(Debug, Default)]
pub struct Beside {
    /// The open tab.
    pub tab: Tab,
    /// What was just chosen is drawn with all that is read of it, at the latest
    /// then: twice is twice the bytes.
    pub drawn_by: Option<Duration>,
    /// The days that were asked for last.
    pub days_of: Option<DaysOf>,
    /// The days that were read last.
    pub days: Option<(DaysOf, Days)>,
    /// What is due was asked for last of these.
    pub dues_of: Option<DuesOf>,
    /// What they have due, when it was read.
    pub dues: Option<Dues>,
    /// The page that was asked for last.
    pub page_of: Option<PageOf>,
    /// The page that was read last.
    pub page: Option<(PageOf, Pages)>,
    /// How many posts the tab of that name had last, and what it was read for.
    pub posts: Option<(PageOf, usize)>,
    /// Why the page could not be read.
    pub error: Option<String>,
}

impl Model {
    /// What the days would be told of now.
    pub fn days_of(&self) -> Option<DaysOf> {
        let mut all: Vec<_> = match self.shown.as_ref()? {
            Subject::Channel(id) => self.channels.get(id).into_iter().collect(),
            // Of some of them alone it would say the wrong thing.
            Subject::Login(id) => self.channels.below(id).take(MOST + 1).collect(),
            Subject::Section(_) | Subject::Delivery(_) => Vec::new(),
        };
        if all.len() > MOST {
            return None;
        }
        all.sort_by(|a, b| a.summary.channel.id.cmp(&b.summary.channel.id));
        let since = all.iter().map(|one| one.summary.channel.status_since);
        Some(DaysOf {
            turned: since.max()?,
            from: self.wall().midnight(1 - DAYS),
            channels: all
                .iter()
                .map(|one| one.summary.channel.id.clone())
                .collect(),
        })
    }

    /// The channels whose tabs there are, when there are any.
    fn tabbed_channels(&self) -> Vec<&ChannelView> {
        match &self.shown {
            Some(Subject::Channel(id)) => self.channels.get(id).into_iter().collect(),
            Some(Subject::Login(id)) => {
                let below: Vec<_> = self.channels.below(id).take(MOST + 1).collect();
                let few = below.len() <= MOST;
                below.into_iter().filter(|_| few).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether there are tabs.
    pub fn tabbed(&self) -> bool {
        !self.tabbed_channels().is_empty()
    }

    /// The tab that is open; things without tabs have an overview.
    pub fn tab(&self) -> Tab {
        match self.tabbed() {
            true => self.beside.tab,
            false => Tab::Overview,
        }
    }

    /// The title of a tab, with how much is there where that is known. The open
    /// tab is read anew by itself and says how much it lists; beside another one
    /// a number that may be old is none.
    pub fn tab_title(&self, tab: Tab) -> String {
        let title = tab.title();
        let here = self.page_of_tab(Tab::Posts);
        let open = self.tab() == Tab::Posts;
        let known = self.beside.posts.as_ref().filter(|(of, _)| {
            let same = |here: &PageOf| here == of || (open && here.channels == of.channels);
            tab == Tab::Posts && here.as_ref().is_some_and(same)
        });
        known.map_or_else(|| title.to_owned(), |(_, n)| format!("{title} {n}"))
    }

    /// What the open tab shows, when it is more than what is known anyway.
    pub fn page_of(&self) -> Option<PageOf> {
        match self.tab() {
            Tab::Overview => None,
            tab => self.page_of_tab(tab),
        }
    }

    fn page_of_tab(&self, tab: Tab) -> Option<PageOf> {
        let all = self.tabbed_channels();
        let changes = all.iter().map(|one| one.summary.channel.change);
        Some(PageOf {
            change: changes.max()?,
            channels: all
                .iter()
                .map(|one| one.summary.channel.id.clone())
                .collect(),
            tab,
            step: self.slot.0 / STALE,
        })
    }

    /// The days of these channels, when they were read.
    pub fn days(&self, channels: &[&ChannelId]) -> Option<&Days> {
        let (of, days) = self.beside.days.as_ref()?;
        let same = of.channels.len() == channels.len()
            && of.channels.iter().all(|id| channels.contains(&id));
        same.then_some(days)
    }

    /// The open page, when it was read.
    pub fn page(&self) -> Option<&Pages> {
        let (of, pages) = self.beside.page.as_ref()?;
        let here = self.tabbed_channels().into_iter();
        let same = of.tab == self.tab() && here.map(|one| &one.summary.channel.id).eq(&of.channels);
        same.then_some(pages)
    }
}
