//! Pane 1: channels in sections by lamp. News changes rows where they are;
//! the order is settled only when the operator is elsewhere or asks for it.

use std::collections::HashMap;

use crate::domain::ids::ChannelId;
use crate::domain::ids::WorkspaceId;
use crate::ops::views::{ChannelView, Lamp};
use crate::support::time::UtcMs;

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The head of a section.
    Section(Lamp),
    /// A channel.
    Channel(ChannelId),
}

/// Every channel, and the list of those in the scope.
#[derive(Debug, Default)]
pub struct Channels {
    by_id: HashMap<ChannelId, ChannelView>,
    rows: Vec<Row>,
    /// How many are listed by lamp, best first.
    listed: [usize; 3],
    /// The lamp each channel of the scope had when the order settled.
    settled: HashMap<ChannelId, Lamp>,
    selected: Option<ChannelId>,
    /// The first row on the screen.
    pub offset: usize,
    /// Whether the first answer is there.
    pub loaded: bool,
    /// Something changed since it was counted.
    pub changed: bool,
    /// A channel to put the cursor on as soon as it is there.
    pub wanted: Option<ChannelId>,
}

impl Channels {
    /// Every channel in no order.
    pub fn all(&self) -> impl Iterator<Item = &ChannelView> {
        self.by_id.values()
    }

    /// A channel by its id.
    pub fn get(&self, id: &ChannelId) -> Option<&ChannelView> {
        self.by_id.get(id)
    }

    /// The rows in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The channel under the cursor.
    pub fn selected_id(&self) -> Option<&ChannelId> {
        self.selected.as_ref()
    }

    /// The row of the cursor.
    pub fn selected_row(&self) -> Option<usize> {
        let id = self.selected.as_ref()?;
        self.rows
            .iter()
            .position(|row| matches!(row, Row::Channel(one) if one == id))
    }

    /// Takes everything anew; channels that are not there any more go.
    pub fn replace(&mut self, views: Vec<ChannelView>) {
        self.by_id = views
            .into_iter()
            .map(|view| (view.summary.channel.id.clone(), view))
            .collect();
        self.loaded = true;
        self.changed = true;
    }

    /// Takes one channel, unless what is known is newer. Whether its place in
    /// the order may be another one now.
    pub fn put(&mut self, view: ChannelView) -> bool {
        self.changed = true;
        let id = view.summary.channel.id.clone();
        if view.summary.channel.disconnected_at.is_some() {
            return self.by_id.remove(&id).is_some();
        }
        let known = self.by_id.get(&id);
        if known.is_some_and(|known| known.summary.channel.change > view.summary.channel.change) {
            return false;
        }
        let moved = known.is_none_or(|known| {
            known.lamp != view.lamp
                || first_hit(known) != first_hit(&view)
                || known.summary.channel.handle != view.summary.channel.handle
        });
        self.by_id.insert(id, view);
        moved
    }

    /// Forgets a channel that is gone.
    pub fn forget(&mut self, id: &ChannelId) {
        self.changed = true;
        self.by_id.remove(id);
    }

    /// Whether the settled list shows a channel in the section of its lamp.
    pub fn is_settled(&self, view: &ChannelView) -> bool {
        self.settled.get(&view.summary.channel.id) == Some(&view.lamp)
    }

    /// How many of this lamp are listed.
    pub fn listed(&self, lamp: Lamp) -> usize {
        self.listed[lamp as usize]
    }

    /// Orders those that are to be shown: by lamp, then by first damage, then by
    /// name.
    pub fn settle(
        &mut self,
        workspace: Option<&WorkspaceId>,
        shows: impl Fn(&ChannelView) -> bool,
    ) {
        self.changed = true;
        let before = self.selected_row();
        self.settled.clear();
        let mut views = Vec::new();
        for view in self.by_id.values() {
            let channel = &view.summary.channel;
            if workspace.is_some_and(|id| *id != channel.workspace_id) {
                continue;
            }
            self.settled.insert(channel.id.clone(), view.lamp);
            if shows(view) {
                views.push(view);
            }
        }
        views.sort_by_cached_key(|view| {
            let channel = &view.summary.channel;
            (
                std::cmp::Reverse(view.lamp),
                first_hit(view).unwrap_or(UtcMs(i64::MAX)),
                super::super::words::channel(channel).to_lowercase(),
                channel.id.clone(),
            )
        });
        self.rows.clear();
        self.listed = [0; 3];
        let mut section = None;
        for view in views {
            if section != Some(view.lamp) {
                section = Some(view.lamp);
                self.rows.push(Row::Section(view.lamp));
            }
            self.listed[view.lamp as usize] += 1;
            self.rows
                .push(Row::Channel(view.summary.channel.id.clone()));
        }
        if self.selected_row().is_none() {
            self.select_near(before.unwrap_or(0));
        }
    }

    /// Takes channels that are gone out of the list; the cursor goes to the
    /// next one.
    pub fn drop_gone(&mut self) {
        let before = self.selected_row();
        let by_id = &self.by_id;
        self.rows
            .retain(|row| !matches!(row, Row::Channel(id) if !by_id.contains_key(id)));
        let empty: Vec<bool> = (0..self.rows.len())
            .map(|at| {
                matches!(self.rows[at], Row::Section(_))
                    && !matches!(self.rows.get(at + 1), Some(Row::Channel(_)))
            })
            .collect();
        let mut at = 0;
        self.rows.retain(|_| {
            at += 1;
            !empty[at - 1]
        });
        if self.selected_row().is_none() {
            self.select_near(before.unwrap_or(0));
        }
    }

    /// Puts the cursor on a channel of the list; whether it is there.
    pub fn select(&mut self, id: &ChannelId) -> bool {
        let there = self
            .rows
            .iter()
            .any(|row| matches!(row, Row::Channel(one) if one == id));
        if there {
            self.selected = Some(id.clone());
        }
        there
    }

    /// Moves the cursor by rows, over the heads of sections.
    pub fn step(&mut self, by: isize) {
        let ids: Vec<usize> = self.channel_rows().collect();
        let Some(here) = self
            .selected_row()
            .and_then(|row| ids.iter().position(|at| *at == row))
        else {
            self.select_near(0);
            return;
        };
        let to = here
            .saturating_add_signed(by)
            .min(ids.len().saturating_sub(1));
        self.select_row(ids.get(to).copied());
    }

    fn channel_rows(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.rows.len()).filter(|at| matches!(self.rows[*at], Row::Channel(_)))
    }

    fn select_near(&mut self, row: usize) {
        let at = self
            .channel_rows()
            .find(|at| *at >= row)
            .or_else(|| self.channel_rows().last());
        self.select_row(at);
    }

    fn select_row(&mut self, row: Option<usize>) {
        self.selected = row.and_then(|at| match self.rows.get(at) {
            Some(Row::Channel(id)) => Some(id.clone()),
            _ => None,
        });
    }

    /// Keeps the cursor inside of `height` rows, and its section's head in
    /// sight when it is the row above.
    pub fn keep_visible(&mut self, height: usize) {
        let Some(row) = self.selected_row() else {
            self.offset = 0;
            return;
        };
        let head = row > 0 && matches!(self.rows[row - 1], Row::Section(_));
        let top = if head && height > 1 { row - 1 } else { row };
        self.offset = super::scroll(self.offset, top, row, height, self.rows.len());
    }
}

/// The first delivery that the channel's state hits, or the next one due for a
/// healthy channel.
pub fn first_hit(view: &ChannelView) -> Option<UtcMs> {
    match view.lamp {
        Lamp::Green => view.summary.next_due,
        _ => view.first_hit,
    }
}
