//! The calendar: the posts of some days side by side, and when logins end. Each
//! post stands on the day its clock says: the operator's, or the client's.

use std::collections::HashMap;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::{Model, Sheet};
use crate::domain::channel::Channel;
use crate::domain::delivery::Shown;
use crate::domain::filter::Filter;
use crate::domain::ids::{DeliveryId, WorkspaceId};
use crate::ops::views::DeliveryView;
use crate::support::time::UtcMs;
use crate::tui::words;

/// Least cells of a day; 16 lets a week stand side by side at 120.
const WIDE: u16 = 16;

/// In narrower frames one day is a list.
const ONE_DAY: u16 = 40;

/// At most this many posts are read at once.
pub const LIMIT: u32 = 2_000;

/// How far the clocks of two places can be apart.
const APART: Duration = Duration::from_secs(26 * 3600);

/// What the calendar remembers.
#[derive(Debug)]
pub struct Calendar {
    /// The first day on the screen.
    pub first: Date,
    /// How many days are on the screen.
    pub days: usize,
    /// The day with the cursor.
    pub day: Date,
    /// The post with the cursor.
    pub selected: Option<DeliveryId>,
    /// Which one of its day that is, for when it is gone.
    line: Option<usize>,
    entries: Vec<Entry>,
    /// There are more posts than were read.
    pub more: bool,
    /// What was asked for last.
    pub asked: Option<Span>,
    known: Option<Span>,
    /// What was asked for last could not be read.
    pub failed: bool,
}

/// A post with its place in the calendar.
#[derive(Debug)]
pub struct Entry {
    /// When it is due by the clock that counts.
    pub at: DateTime,
    /// The post.
    pub view: DeliveryView,
}

/// What is read of the posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Of which workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only what fits this.
    pub filter: Filter,
    /// Due at or after.
    pub from: UtcMs,
    /// Due before.
    pub until: UtcMs,
    /// By the clients' clocks.
    pub theirs: bool,
}

/// A login, or a channel with one of its own, whose access ends.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: UtcMs,
    /// How people name it.
    pub name: String,
    /// The short form of that.
    pub short: String,
    /// How many channels it carries.
    pub channels: usize,
}

impl Calendar {
    /// A calendar with the cursor on a day.
    pub fn at(day: Date) -> Self {
        Self {
            first: day,
            days: 1,
            day,
            selected: None,
            line: None,
            entries: Vec::new(),
            more: false,
            asked: None,
            known: None,
            failed: false,
        }
    }

    /// Puts so many days on the screen, the one with the cursor among them:
    /// seven are a week from Monday on, fewer turn like pages.
    pub fn show(&mut self, days: usize) {
        self.days = days.max(1);
        if self.days == 7 {
            let after = i64::from(self.day.weekday().to_monday_zero_offset());
            self.first = moved(self.day, -after);
        } else if self.day < self.first {
            self.first = moved(self.day, 1 - days_of(self.days));
        } else if self.day > moved(self.first, days_of(self.days) - 1) {
            self.first = self.day;
        }
    }

    /// The days on the screen.
    pub fn shown(&self) -> impl Iterator<Item = Date> + Clone + use<> {
        let first = self.first;
        (0..days_of(self.days)).map(move |n| moved(first, n))
    }

    /// The posts of a day in the order of their time.
    pub fn of(&self, day: Date) -> &[Entry] {
        let from = self.entries.partition_point(|one| one.at.date() < day);
        let to = self.entries.partition_point(|one| one.at.date() <= day);
        &self.entries[from..to]
    }

    /// The post with the cursor.
    pub fn chosen(&self) -> Option<&DeliveryView> {
        let id = self.selected.as_ref()?;
        let of = self.of(self.day).iter().map(|one| &one.view);
        of.into_iter().find(|view| view.delivery.id == *id)
    }

    /// Whether what is on the screen was read.
    pub fn is_known(&self) -> bool {
        self.known.is_some() && self.known == self.asked
    }

    /// Takes the answer to what was asked for last.
    pub fn take(&mut self, entries: Vec<Entry>, more: bool) {
        self.entries = entries;
        self.entries.sort_by(|a, b| {
            let key = |one: &Entry| (one.at, one.view.delivery.due);
            let ids = a.view.delivery.id.cmp(&b.view.delivery.id);
            key(a).cmp(&key(b)).then(ids)
        });
        self.more = more;
        self.known = self.asked.clone();
        self.failed = false;
    }

    /// Remembers what is asked for. Posts of elsewhere or by another clock are
    /// not shown meanwhile.
    pub fn ask(&mut self, span: Span) {
        let alike = self.known.as_ref().is_some_and(|known| {
            (&known.workspace, &known.filter, known.theirs)
                == (&span.workspace, &span.filter, span.theirs)
        });
        if !alike {
            self.entries.clear();
            self.more = false;
        }
        self.failed = false;
        self.asked = Some(span);
    }

    /// Puts the cursor on another day.
    pub fn turn(&mut self, day: Date) {
        self.day = day;
        self.selected = None;
        self.line = None;
    }

    /// Moves the cursor over the posts of the day.
    pub fn step(&mut self, by: isize) {
        let Some(last) = self.of(self.day).len().checked_sub(1) else {
            return;
        };
        let here = self.line.unwrap_or(0);
        let to = here.saturating_add_signed(by).min(last);
        self.line = Some(to);
        let chosen = self.of(self.day).get(to);
        self.selected = chosen.map(|one| one.view.delivery.id.clone());
    }

    /// Keeps the cursor on a post while its day has one: on the same one, else
    /// on the one in its place, else on the next that is due, else on the first.
    pub fn settle(&mut self, now: UtcMs, today: Date) {
        let of = self.of(self.day);
        if of.is_empty() {
            self.selected = None;
            return;
        }
        let id = self.selected.as_ref();
        let there = of.iter().position(|one| Some(&one.view.delivery.id) == id);
        let next = || match self.day == today {
            true => of.iter().position(|one| one.view.delivery.due >= now),
            false => Some(0),
        };
        let last = of.len() - 1;
        let at = there.or(self.line).or_else(next).unwrap_or(last).min(last);
        self.selected = of.get(at).map(|one| one.view.delivery.id.clone());
        self.line = Some(at);
    }
}

/// Days side by side, and the cells of each.
pub fn across(width: u16) -> (usize, u16) {
    let columns = match width {
        0..ONE_DAY => 1,
        _ => (width / WIDE).min(7),
    };
    (usize::from(columns), width / columns)
}

/// Which of `len` rows are in sight of `height`, the one at `cursor` among them,
/// where what is above and below is said in a row each: the first, and how many.
pub fn in_sight(len: usize, cursor: usize, height: usize) -> (usize, usize) {
    if len <= height {
        return (0, len);
    }
    if cursor + 1 < height {
        return (0, height - 1);
    }
    let least = height.saturating_sub(1);
    if cursor + least >= len {
        return (len - least, least);
    }
    let rows = height.saturating_sub(2);
    ((cursor + 1).saturating_sub(rows), rows)
}

fn days_of(days: usize) -> i64 {
    i64::try_from(days).unwrap_or(1)
}

/// A day so many days later; at the ends of time the same one.
pub fn moved(day: Date, by: i64) -> Date {
    let span = jiff::Span::new().try_days(by);
    span.and_then(|span| day.checked_add(span)).unwrap_or(day)
}

impl Model {
    /// The calendar, when it is what the sheets lie on.
    pub fn calendar(&self) -> Option<&Calendar> {
        self.sheets.iter().find_map(|sheet| match sheet {
            Sheet::Calendar(calendar) => Some(&**calendar),
            _ => None,
        })
    }

    /// Whether the calendar is what the keys are about.
    pub fn in_calendar(&self) -> bool {
        matches!(self.sheet(), Some(Sheet::Calendar(_)))
    }

    /// What the days on the screen take to be read.
    pub fn span_of(&self, calendar: &Calendar) -> Span {
        let wall = self.wall();
        let end = moved(calendar.first, days_of(calendar.days));
        let (from, until) = (wall.begins(calendar.first), wall.begins(end));
        let far = i64::try_from(APART.as_millis()).unwrap_or(0);
        let wider = if self.theirs { far } else { 0 };
        Span {
            workspace: self.scope.workspace().cloned(),
            filter: self.filters.of(super::Pane::Queue).filter.clone(),
            from: UtcMs(from.0.saturating_sub(wider)),
            until: UtcMs(until.0.saturating_add(wider)),
            theirs: self.theirs,
        }
    }

    /// The places of posts, by the clock that counts; drafts have none, and what
    /// was cancelled stays only as long as in the queue.
    pub fn placed(&self, views: Vec<DeliveryView>) -> Vec<Entry> {
        let mut zones: HashMap<String, TimeZone> = HashMap::new();
        let now = self.wall().now;
        let stays = |view: &DeliveryView| {
            view.shown != Shown::Draft && !super::queue::long_cancelled(view, now)
        };
        let placed = views.into_iter().filter(stays).map(|view| {
            let zone = match self.theirs {
                false => self.set.zone.clone(),
                true => zones
                    .entry(view.delivery.timezone.clone())
                    .or_insert_with_key(|name| {
                        TimeZone::get(name).unwrap_or_else(|_| self.set.zone.clone())
                    })
                    .clone(),
            };
            let at = view.delivery.due.timestamp().to_zoned(zone).datetime();
            Entry { at, view }
        });
        placed.collect()
    }

    /// Which logins of the scope end on a day, the first one first.
    pub fn ends_on(&self, day: Date) -> Vec<End> {
        let wall = self.wall();
        let mut ends: Vec<(Option<&str>, UtcMs, Vec<&Channel>)> = Vec::new();
        for view in self.scoped() {
            let Some(at) = view.access_ends().filter(|at| wall.day(*at) == day) else {
                continue;
            };
            let channel = &view.summary.channel;
            let login = channel.login_id.as_ref().map(|id| id.as_str());
            let known = ends
                .iter_mut()
                .find(|(id, ..)| login.is_some() && *id == login);
            match known {
                Some((_, first, channels)) => {
                    *first = at.min(*first);
                    channels.push(channel);
                }
                None => ends.push((login, at, vec![channel])),
            }
        }
        let mut ends: Vec<End> = ends
            .into_iter()
            .map(|(_, at, channels)| match channels.as_slice() {
                [one] => End {
                    at,
                    name: format!("the login of {}", words::channel(one)),
                    short: words::channel(one),
                    channels: 1,
                },
                all => End {
                    at,
                    name: words::login(all.iter().copied()),
                    short: all.first().map_or("", |one| one.login_name()).to_owned(),
                    channels: all.len(),
                },
            })
            .collect();
        ends.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_week_fits_120_and_a_day_a_narrow_frame() {
        assert_eq!(across(120), (7, 17));
        assert_eq!(across(200), (7, 28));
        assert_eq!(across(80), (5, 16));
        assert_eq!(across(40), (2, 20));
        assert_eq!(across(39), (1, 39));
        assert_eq!(across(0), (1, 0));
    }

    #[test]
    fn a_week_begins_on_monday_and_fewer_days_turn_like_pages() {
        let mut calendar = Calendar::at(date(2026, 11, 21));
        calendar.show(7);
        assert_eq!(calendar.first, date(2026, 11, 16));
        calendar.turn(date(2026, 11, 23));
        calendar.show(7);
        assert_eq!(calendar.first, date(2026, 11, 23));
        let mut calendar = Calendar::at(date(2026, 11, 21));
        calendar.show(5);
        assert_eq!(calendar.first, date(2026, 11, 21));
        calendar.turn(date(2026, 11, 26));
        calendar.show(5);
        assert_eq!(calendar.first, date(2026, 11, 26));
        calendar.turn(date(2026, 11, 25));
        calendar.show(5);
        assert_eq!(calendar.first, date(2026, 11, 21));
        calendar.show(2);
        assert!(calendar.shown().any(|day| day == date(2026, 11, 25)));
    }

    #[test]
    fn the_cursor_is_always_in_sight_and_every_row_is_reached() {
        for height in 3..12 {
            for len in 0..40 {
                for cursor in 0..len {
                    let (first, rows) = in_sight(len, cursor, height);
                    let hints = usize::from(first > 0) + usize::from(first + rows < len);
                    assert!(rows + hints <= height, "{len} {cursor} {height}");
                    assert!(
                        (first..first + rows).contains(&cursor),
                        "{len} {cursor} {height}"
                    );
                }
            }
        }
    }
}
