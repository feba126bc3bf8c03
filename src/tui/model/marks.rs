//! Marks: several rows of a list for one act. An act takes those that are shown;
//! what the filter hides stays as it is, and that is said.

use std::collections::HashSet;

use super::requests::RequestId;
use super::{Model, Pane, Row, Sheet};
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::ops::views::{ChannelView, DeliveryView};

/// A range that grows with the cursor.
#[derive(Debug)]
struct Range {
    pane: Pane,
    /// Where it was begun.
    from: Anchor,
    /// What was marked before.
    before: Marked,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Anchor {
    Row(Row),
    Post(DeliveryId),
}

#[derive(Clone, Debug, Default)]
struct Marked {
    channels: HashSet<ChannelId>,
    posts: HashSet<DeliveryId>,
}

/// What is marked in the channels and in the queue.
#[derive(Debug, Default)]
pub struct Marks {
    marked: Marked,
    range: Option<Range>,
    /// What to say of the marks when an act on them has ended.
    told: Vec<(RequestId, String)>,
}

impl Marks {
    /// Whether a channel is marked.
    pub fn has_channel(&self, id: &ChannelId) -> bool {
        self.marked.channels.contains(id)
    }

    /// Whether a delivery is marked.
    pub fn has_post(&self, id: &DeliveryId) -> bool {
        self.marked.posts.contains(id)
    }

    /// How many are marked in a pane, hidden ones included.
    pub fn count(&self, pane: Pane) -> usize {
        match pane {
            Pane::Channels => self.marked.channels.len(),
            Pane::Queue => self.marked.posts.len(),
            Pane::Notices | Pane::Details => 0,
        }
    }

    /// Whether a range grows in this pane.
    pub fn has_range(&self, pane: Pane) -> bool {
        self.range.as_ref().is_some_and(|range| range.pane == pane)
    }

    /// Ends the range; what it marked stays. Whether there was one.
    pub fn end_range(&mut self) -> bool {
        self.range.take().is_some()
    }

    /// Takes the marks of a pane away; whether there were any.
    pub fn clear(&mut self, pane: Pane) -> bool {
        self.end_range();
        let any = self.count(pane) > 0;
        match pane {
            Pane::Channels => self.marked.channels.clear(),
            Pane::Queue => self.marked.posts.clear(),
            Pane::Notices | Pane::Details => {}
        }
        any
    }

    /// Remembers what to say of the marks when this act has ended.
    pub fn tell(&mut self, request: RequestId, text: String) {
        self.told.push((request, text));
    }

    /// Takes what is to be said of an act that has ended.
    pub fn told(&mut self, request: RequestId) -> Option<String> {
        let at = self.told.iter().position(|(id, _)| *id == request)?;
        Some(self.told.swap_remove(at).1)
    }
}

impl Model {
    /// The deliveries an act is about, in their order: the marks of the queue
    /// that are shown, else the one under the cursor or in the sheet.
    pub fn chosen_posts(&self) -> Vec<&DeliveryView> {
        let mut all: Vec<&DeliveryView> = self.each_chosen_post().collect();
        all.sort_by_key(|view| self.queue.index_of(&view.delivery.id));
        all
    }

    /// The same in no order and one by one: there may be many marks.
    pub fn each_chosen_post(&self) -> Box<dyn Iterator<Item = &DeliveryView> + '_> {
        if self.takes_marks(Pane::Queue) {
            let marked = self.marks.marked.posts.iter();
            return Box::new(marked.filter_map(|id| self.queue.get(id)));
        }
        Box::new(self.delivery().into_iter())
    }

    /// The channels an act is about, in their order: the marks of the list that
    /// are shown, else the one under the cursor or in the sheet; of a login all
    /// below it.
    pub fn chosen_channels(&self) -> Vec<&ChannelView> {
        let mut all: Vec<&ChannelView> = self.each_chosen_channel().collect();
        all.sort_by_key(|view| self.channels.rows().place(&view.summary.channel.id));
        all
    }

    /// The same in no order and one by one.
    pub fn each_chosen_channel(&self) -> Box<dyn Iterator<Item = &ChannelView> + '_> {
        if self.takes_marks(Pane::Channels) {
            let rows = self.channels.rows();
            let marked = self.marks.marked.channels.iter();
            let shown = marked.filter(|id| rows.place(id).is_some());
            return Box::new(shown.filter_map(|id| self.channels.get(id)));
        }
        match self.login() {
            Some(login) => Box::new(self.channels.below(&login.login)),
            None => Box::new(self.channel().into_iter()),
        }
    }

    /// Whether an act from here is about the marks of this pane.
    pub fn takes_marks(&self, pane: Pane) -> bool {
        let here = match self.list {
            Pane::Details => Pane::Channels,
            list => list,
        };
        self.sheet().is_none() && here == pane && self.marks.count(pane) > 0
    }

    /// Marks the row under the cursor, or takes its mark away. A login stands
    /// for all below it.
    pub fn mark(&mut self) {
        self.marks.end_range();
        match self.list {
            Pane::Queue => {
                if let Some(view) = self.queue.selected() {
                    let id = view.delivery.id.clone();
                    toggle(&mut self.marks.marked.posts, vec![id]);
                }
            }
            Pane::Channels => {
                let ids = self.rows_marked(self.channels.rows().selected());
                toggle(&mut self.marks.marked.channels, ids);
            }
            Pane::Notices | Pane::Details => {}
        }
    }

    /// The channels that marking a row marks.
    fn rows_marked(&self, row: Option<&Row>) -> Vec<ChannelId> {
        match row {
            Some(Row::Channel(id)) => vec![id.clone()],
            Some(Row::Login(id)) => self.channels.rows().below(id).cloned().collect(),
            Some(Row::Section(_)) | None => Vec::new(),
        }
    }

    /// Whether all that is shown in the list is marked.
    pub fn all_marked(&self) -> bool {
        match self.list {
            Pane::Queue => {
                let mut views = self.queue.views().iter();
                views.all(|view| self.marks.has_post(&view.delivery.id))
            }
            _ => {
                let mut shown = self.channels.shown();
                shown.all(|view| self.marks.has_channel(&view.summary.channel.id))
            }
        }
    }

    /// Marks all that is shown in the list; again: none of it.
    pub fn mark_all(&mut self) {
        self.marks.end_range();
        let all = self.all_marked();
        if self.list == Pane::Queue {
            for view in self.queue.views() {
                set(&mut self.marks.marked.posts, &view.delivery.id, !all);
            }
        } else {
            for view in self.channels.shown() {
                set(
                    &mut self.marks.marked.channels,
                    &view.summary.channel.id,
                    !all,
                );
            }
        }
    }

    /// Begins a range at the cursor.
    pub fn begin_range(&mut self) {
        let from = match self.list {
            Pane::Queue => self
                .queue
                .selected()
                .map(|view| Anchor::Post(view.delivery.id.clone())),
            _ => self.channels.rows().selected().cloned().map(Anchor::Row),
        };
        if let Some(from) = from {
            self.marks.range = Some(Range {
                pane: self.list,
                from,
                before: self.marks.marked.clone(),
            });
            self.stretch_range();
        }
    }

    /// Marks from where the range was begun to the cursor. A range whose
    /// beginning is gone ends.
    pub fn stretch_range(&mut self) {
        let Some(range) = self.marks.range.take() else {
            return;
        };
        if range.pane != self.list {
            return;
        }
        let mut marked = range.before.clone();
        match &range.from {
            Anchor::Post(id) => {
                let ends = (self.queue.index_of(id), self.queue.selected_index());
                let (Some(from), Some(to)) = ends else {
                    return;
                };
                let views = &self.queue.views()[from.min(to)..=from.max(to)];
                marked
                    .posts
                    .extend(views.iter().map(|view| view.delivery.id.clone()));
            }
            Anchor::Row(row) => {
                let rows = self.channels.rows();
                let (Some(from), Some(to)) = (rows.line(row), rows.selected_line()) else {
                    return;
                };
                let lines = rows.from(from.min(to)).take(from.abs_diff(to) + 1);
                for (_, row) in lines {
                    marked.channels.extend(self.rows_marked(Some(row)));
                }
            }
        }
        self.marks.marked = marked;
        self.marks.range = Some(range);
    }

    /// How many marks of a pane are not shown.
    pub fn hidden_marks(&self, pane: Pane) -> usize {
        match pane {
            Pane::Queue => {
                let ids = self.marks.marked.posts.iter();
                ids.filter(|id| self.queue.get(id).is_none()).count()
            }
            Pane::Channels => {
                let rows = self.channels.rows();
                let ids = self.marks.marked.channels.iter();
                ids.filter(|id| rows.place(id).is_none()).count()
            }
            Pane::Notices | Pane::Details => 0,
        }
    }

    /// Of what is marked in the list an act fits `fits`, and `left` not, for
    /// these reasons: ` of 4 marked; not 1: it is live already`. Empty when the
    /// act is not about marks.
    pub fn of_marked(&self, fits: usize, left: &[String]) -> String {
        let pane = match self.list {
            Pane::Queue => Pane::Queue,
            _ => Pane::Channels,
        };
        if !self.takes_marks(pane) {
            return String::new();
        }
        let hidden = self.hidden_marks(pane);
        let mut text = format!(" of {} marked", fits + left.len() + hidden);
        let mut said: Vec<&String> = Vec::new();
        for reason in left {
            if !said.contains(&reason) {
                let n = left.iter().filter(|one| *one == reason).count();
                text.push_str(&format!("; not {n}: {reason}"));
                said.push(reason);
            }
        }
        if hidden > 0 {
            text.push_str(&format!("; not {hidden} out of sight"));
        }
        text
    }

    /// The pane whose marks are in reach: none while a sheet is open.
    pub fn marks_here(&self) -> Option<Pane> {
        let pane = match self.list {
            Pane::Queue => Pane::Queue,
            Pane::Channels => Pane::Channels,
            Pane::Notices | Pane::Details => return None,
        };
        self.sheets
            .iter()
            .all(|sheet| matches!(sheet, Sheet::Help(_)))
            .then_some(pane)
    }
}

fn toggle<T: Eq + std::hash::Hash>(marked: &mut HashSet<T>, ids: Vec<T>) {
    let all = ids.iter().all(|id| marked.contains(id));
    for id in ids {
        if all {
            marked.remove(&id);
        } else {
            marked.insert(id);
        }
    }
}

fn set<T: Clone + Eq + std::hash::Hash>(marked: &mut HashSet<T>, id: &T, on: bool) {
    if on {
        marked.insert(id.clone());
    } else {
        marked.remove(id);
    }
}
