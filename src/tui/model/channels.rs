//! Pane 1: channels in sections by lamp, those that one login mends below it.
//! News changes rows where they are; the order is settled only when the
//! operator is elsewhere or asks for it.

use std::cmp::Reverse;

use super::groups::Group;
use super::rows::{NOWHERE, Number, Rows};
use crate::domain::ids::{ChannelId, DeliveryId, LoginId, WorkspaceId};
use crate::ops::views::{ChannelView, Lamp};
use crate::support::map::{Map, Set};
use crate::support::time::UtcMs;

pub use super::rows::Row;

/// How much of the channels is there since the screen opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The broken ones; the others are being read.
    Broken,
    /// All of them.
    All,
}

/// Every channel, and the list of those in the scope.
#[derive(Debug, Default)]
pub struct Channels {
    /// In no order: a table of their ids alone is half the size of a table of
    /// them, and lists go through them by number.
    views: Vec<ChannelView>,
    /// Where each is among them, by what it is called among the rows.
    at: Vec<u32>,
    /// What each is called among the rows.
    numbers: Vec<Number>,
    /// Whether each came since all are being read again.
    seen: Vec<bool>,
    /// The lamp each had when the order settled, if it was in the scope.
    settled: Vec<Option<Lamp>>,
    /// Every one in order with its lamp, while `unsorted` is not set.
    sorted: Vec<(Lamp, usize)>,
    unsorted: bool,
    /// The broken channels that each login mends, when they were last counted.
    mended: Map<LoginId, Vec<ChannelId>>,
    rows: Rows,
    /// What the rows of logins say.
    groups: Map<LoginId, Group>,
    /// How many are listed by lamp, best first.
    listed: [usize; 3],
    /// Something changed since the order settled.
    unsettled: bool,
    /// A channel of the list may be gone.
    gone: bool,
    /// The first line on the screen.
    pub offset: usize,
    known: Known,
    /// Whether the list was seen once: what is folded then was decided.
    opened: bool,
    /// Something changed since it was counted.
    pub changed: bool,
    /// Other rows are listed since the logins were summed up.
    listed_anew: bool,
    /// The workspace the list was settled for.
    settled_for: Option<WorkspaceId>,
    /// What changed while all were being read: what was read of it may be older.
    pub meanwhile: (Vec<ChannelId>, Vec<DeliveryId>),
    /// A channel to put the cursor on as soon as it is there.
    pub wanted: Option<ChannelId>,
}

impl Channels {
    /// Every channel in no order.
    pub fn all(&self) -> impl Iterator<Item = &ChannelView> {
        self.views.iter()
    }

    /// A channel by its id.
    pub fn get(&self, id: &ChannelId) -> Option<&ChannelView> {
        self.place(id).map(|at| &self.views[at])
    }

    fn place(&self, id: &ChannelId) -> Option<usize> {
        let number = self.rows.number_of(&Row::Channel(id.clone()))?;
        let at = *self.at.get(number.index())?;
        (at != NOWHERE).then_some(at as usize)
    }

    fn put_at(&mut self, number: Number, at: usize) {
        let index = number.index();
        if self.at.len() <= index {
            self.at.resize(index + 1, NOWHERE);
        }
        // There is memory for less than 2^32 of them.
        self.at[index] = u32::try_from(at).unwrap_or(NOWHERE);
    }

    /// The rows, and the cursor among them.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The channels of the list in order, folded ones included.
    pub fn shown(&self) -> impl Iterator<Item = &ChannelView> {
        let ids = self.rows.all().filter_map(Row::channel);
        ids.filter_map(|id| self.get(id))
    }

    /// The channel under the cursor.
    pub fn selected_id(&self) -> Option<&ChannelId> {
        self.rows.selected()?.channel()
    }

    /// The login under the cursor.
    pub fn selected_login(&self) -> Option<&Group> {
        match self.rows.selected()? {
            Row::Login(id) => self.groups.get(id),
            _ => None,
        }
    }

    /// What the row of a login says.
    pub fn group(&self, login: &LoginId) -> Option<&Group> {
        self.groups.get(login)
    }

    /// Puts the cursor on a row that is there; the head of an open section is no
    /// place for it.
    pub fn point(&mut self, row: &Row) {
        if !matches!(row, Row::Section(_)) || self.rows.is_folded(row) {
            self.rows.select(row);
        }
    }

    /// The channels below the row of a login.
    pub fn below(&self, login: &LoginId) -> impl Iterator<Item = &ChannelView> {
        self.rows.below(login).filter_map(|id| self.get(id))
    }

    /// The broken channels that a login mends, whatever is listed.
    pub fn mended_by(&self, login: &LoginId) -> impl Iterator<Item = &ChannelView> {
        let ids = self.mended.get(login).into_iter().flatten();
        ids.filter_map(|id| self.get(id))
    }

    /// Whether those of a lamp are there, so that they can be counted.
    pub fn knows(&self, lamp: Lamp) -> bool {
        match lamp {
            Lamp::Broken => self.known >= Known::Broken,
            Lamp::Attention | Lamp::Green => self.loaded(),
        }
    }

    /// Whether all of them are there.
    pub fn loaded(&self) -> bool {
        self.known == Known::All
    }

    /// Takes the broken ones, of a hub of which nothing is known yet.
    pub fn begin(&mut self, broken: Vec<ChannelView>) {
        self.replace(broken);
        self.known = Known::Broken;
    }

    /// Takes everything anew; channels that are not there any more go.
    pub fn replace(&mut self, views: Vec<ChannelView>) {
        let settled = views.iter();
        let settled = settled.map(|view| self.settled_as(&view.summary.channel.id));
        self.settled = settled.collect();
        self.rows.reserve(views.len());
        self.seen = vec![true; views.len()];
        self.numbers.clear();
        self.numbers.reserve(views.len());
        self.at.clear();
        for (at, view) in views.iter().enumerate() {
            let row = Row::Channel(view.summary.channel.id.clone());
            let number = self.rows.number(row);
            self.numbers.push(number);
            self.put_at(number, at);
        }
        self.views = views;
        self.known = Known::All;
        self.changed = true;
        (self.unsorted, self.unsettled, self.gone) = (true, true, true);
    }

    /// All are read again, portion by portion, each of which is put.
    pub fn begin_again(&mut self) {
        self.seen.fill(false);
    }

    /// Those that did not come since: they may not be there any more.
    pub fn not_seen(&self) -> Vec<ChannelId> {
        let views = self.views.iter().zip(&self.seen);
        let missing = views.filter(|(_, seen)| !**seen);
        missing
            .map(|(view, _)| view.summary.channel.id.clone())
            .collect()
    }

    /// Takes one channel, unless what is known is the same or newer. Whether its
    /// place in the order may be another one now.
    pub fn put(&mut self, view: ChannelView) -> bool {
        let channel = &view.summary.channel;
        let id = channel.id.clone();
        if let Some(at) = self.place(&id) {
            self.seen[at] = true;
            if self.views[at] == view {
                return false;
            }
        }
        self.changed = true;
        if channel.disconnected_at.is_some() {
            return self.forget(&id);
        }
        let known = self.get(&id);
        if known.is_some_and(|known| known.summary.channel.change > channel.change) {
            return false;
        }
        let named = known.is_none_or(|known| {
            let known = &known.summary.channel;
            known.handle != channel.handle || known.display_name != channel.display_name
        });
        let moved = named
            || known.is_none_or(|known| {
                known.summary.channel.login_id != channel.login_id
                    || known.lamp != view.lamp
                    || first_hit(known) != first_hit(&view)
            });
        match self.place(&id) {
            Some(at) => self.views[at] = view,
            None => {
                let number = self.rows.number(Row::Channel(id));
                self.put_at(number, self.views.len());
                self.numbers.push(number);
                self.views.push(view);
                self.seen.push(true);
                self.settled.push(None);
            }
        }
        self.unsorted |= moved;
        self.unsettled = true;
        moved
    }

    /// Forgets a channel that is gone; whether it was there.
    pub fn forget(&mut self, id: &ChannelId) -> bool {
        let Some(at) = self.place(id) else {
            return false;
        };
        self.views.swap_remove(at);
        self.settled.swap_remove(at);
        self.seen.swap_remove(at);
        let number = self.numbers.swap_remove(at);
        self.at[number.index()] = NOWHERE;
        if let Some(moved) = self.numbers.get(at) {
            self.put_at(*moved, at);
        }
        self.changed = true;
        (self.unsorted, self.unsettled, self.gone) = (true, true, true);
        true
    }

    /// Every channel, and whether the settled list shows it in the section of
    /// its lamp.
    pub fn with_settled(&self) -> impl Iterator<Item = (&ChannelView, bool)> {
        let views = self.views.iter().zip(&self.settled);
        views.map(|(view, settled)| (view, *settled == Some(view.lamp)))
    }

    fn settled_as(&self, id: &ChannelId) -> Option<Lamp> {
        self.settled[self.place(id)?]
    }

    /// Whether anything changed since the order settled.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// How many of this lamp are listed.
    pub fn listed(&self, lamp: Lamp) -> usize {
        self.listed[lamp as usize]
    }

    /// Orders those that are to be shown: by lamp, then by first damage, then by
    /// name; what one login mends stands together, at the place of the first.
    pub fn settle(
        &mut self,
        workspace: Option<&WorkspaceId>,
        shows: impl Fn(&ChannelView) -> bool,
    ) {
        self.changed |= self.unsettled || self.settled_for.as_ref() != workspace;
        self.settled_for = workspace.cloned();
        self.listed_anew = true;
        (self.unsettled, self.gone) = (false, false);
        self.sort();
        // Memory is walked through in its order, which is not that of the list.
        let fits: Vec<bool> = self
            .views
            .iter()
            .map(|view| {
                let of = &view.summary.channel.workspace_id;
                workspace.is_none_or(|id| id == of) && shows(view)
            })
            .collect();
        for (view, settled) in self.views.iter().zip(&mut self.settled) {
            let of = &view.summary.channel.workspace_id;
            *settled = workspace.is_none_or(|id| id == of).then_some(view.lamp);
        }
        let fitting = self.sorted.iter().filter(|(_, at)| fits[*at]);
        self.listed = [0; 3];
        let mut mended: Map<&LoginId, Vec<usize>> = Map::default();
        for (lamp, at) in fitting.clone() {
            self.listed[*lamp as usize] += 1;
            if *lamp == Lamp::Broken
                && let Some(login) = mended_by(&self.views[*at])
            {
                mended.entry(login).or_default().push(*at);
            }
        }
        mended.retain(|_, of| of.len() > 1);
        let mut order = Vec::with_capacity(self.listed.iter().sum::<usize>() + mended.len() + 3);
        let mut under = Map::default();
        let mut section = None;
        for (lamp, at) in fitting {
            if section != Some(lamp) {
                section = Some(lamp);
                order.push(self.rows.number(Row::Section(*lamp)));
            }
            let login = match lamp {
                Lamp::Broken => mended_by(&self.views[*at]),
                _ => None,
            };
            match login.and_then(|login| Some((login, mended.get_mut(login)?))) {
                None => order.push(self.numbers[*at]),
                Some((login, of)) if !of.is_empty() => {
                    order.push(self.rows.number(Row::Login(login.clone())));
                    for at in std::mem::take(of) {
                        let id = &self.views[at].summary.channel.id;
                        under.insert(id.clone(), login.clone());
                        order.push(self.numbers[at]);
                    }
                }
                // It stands below its login already.
                Some(_) => {}
            }
        }
        self.rows.replace(order, under);
    }

    fn sort(&mut self) {
        if !std::mem::take(&mut self.unsorted) {
            return;
        }
        let mut keys: Vec<_> = self
            .views
            .iter()
            .enumerate()
            .map(|(at, view)| {
                let hit = first_hit(view).unwrap_or(UtcMs(i64::MAX));
                let (names, id) = (&view.names, &view.summary.channel.id);
                (Reverse(view.lamp), hit, names, id, at)
            })
            .collect();
        keys.sort_unstable();
        let sorted = keys.into_iter().map(|(lamp, .., at)| (lamp.0, at));
        self.sorted = sorted.collect();
    }

    /// Takes channels that are gone out of the list; the cursor goes to the
    /// next one.
    pub fn drop_gone(&mut self) {
        if !std::mem::take(&mut self.gone) {
            return;
        }
        let there = |row: &&Row| row.channel().is_none_or(|id| self.place(id).is_some());
        let rows: Vec<Row> = self.rows.all().filter(there).cloned().collect();
        let (mut order, mut under) = (Vec::new(), Map::default());
        let mut heads: Vec<Row> = Vec::new();
        for row in rows {
            match &row {
                // A head is kept for the first channel below it.
                Row::Section(_) => heads = vec![row],
                Row::Login(_) => {
                    heads.retain(|head| matches!(head, Row::Section(_)));
                    heads.push(row);
                }
                Row::Channel(id) => {
                    let login = self.rows.login_of(id).cloned();
                    heads.retain(|head| match head {
                        Row::Login(head) => login.as_ref() == Some(head),
                        _ => true,
                    });
                    for head in heads.drain(..) {
                        order.push(self.rows.number(head));
                    }
                    if let Some(login) = login {
                        under.insert(id.clone(), login);
                    }
                    order.push(self.rows.number(row));
                }
            }
        }
        self.rows.replace(order, under);
    }

    /// Says anew what logins mend and what their rows say, if it may be
    /// something else.
    pub fn regroup(&mut self) {
        if self.changed {
            self.mended.clear();
            for view in &self.views {
                if let Some(login) = mended_by(view) {
                    let of = self.mended.entry(login.clone()).or_default();
                    of.push(view.summary.channel.id.clone());
                }
            }
        }
        if !std::mem::take(&mut self.listed_anew) && !self.changed {
            return;
        }
        let logins: Set<LoginId> = self.rows.logins().cloned().collect();
        self.groups = logins
            .into_iter()
            .filter_map(|login| Some((login.clone(), Group::of(self, login)?)))
            .collect();
    }

    /// Says whether a filter is at work in what is settled next.
    pub fn filtered(&mut self, on: bool) {
        self.rows.filtered(on);
    }

    /// Puts the cursor on a channel of the list; whether it is there.
    pub fn select(&mut self, id: &ChannelId) -> bool {
        self.rows.select(&Row::Channel(id.clone()))
    }

    /// Moves the cursor by rows, over the heads of open sections.
    pub fn step(&mut self, by: isize) {
        self.rows.step(by);
    }

    /// Folds away what is below the nearest head over the cursor.
    pub fn fold(&mut self) -> bool {
        self.rows.fold()
    }

    /// Shows what is below the head under the cursor.
    pub fn unfold(&mut self) -> bool {
        self.rows.unfold()
    }

    /// Keeps the cursor inside of `height` rows, and its section's head in
    /// sight when it is the row above. The first time, healthy ones are folded
    /// away where the others fill the pane.
    pub fn keep_visible(&mut self, height: usize) {
        if self.loaded() && !std::mem::replace(&mut self.opened, true) {
            let head = self.rows.section_line(Lamp::Green);
            let asked = self.rows.selected().and_then(Row::channel);
            let asked = asked.and_then(|id| self.get(id));
            let asked = asked.is_some_and(|view| view.lamp == Lamp::Green);
            if head.is_some_and(|line| line > 0 && line + 1 >= height) && !asked {
                self.rows.fold_section(Lamp::Green);
            }
        }
        let Some(line) = self.rows.selected_line() else {
            self.offset = 0;
            return;
        };
        let over = line.checked_sub(1).and_then(|over| self.rows.at(over));
        let head = matches!(over, Some(Row::Section(_)));
        let top = if head && height > 1 { line - 1 } else { line };
        self.offset = super::scroll(self.offset, top, line, height, self.rows.len());
    }
}

/// The login that mends a broken channel.
fn mended_by(view: &ChannelView) -> Option<&LoginId> {
    let login = view.summary.channel.login_id.as_ref()?;
    (view.lamp == Lamp::Broken && view.mends_by_login()).then_some(login)
}

/// The first delivery that the channel's state hits, or the next one due for a
/// healthy channel.
pub fn first_hit(view: &ChannelView) -> Option<UtcMs> {
    match view.lamp {
        Lamp::Green => view.summary.next_due,
        _ => view.first_hit,
    }
}
