//! Pane 2: one timeline of all states, opened at now. A window of it is in
//! memory; more is asked for when the cursor comes near an end.

use std::collections::HashMap;

use crate::domain::delivery::{Shown, State};
use crate::domain::ids::DeliveryId;
use crate::ops::views::DeliveryView;
use crate::support::time::UtcMs;

/// How many deliveries before and after now are held at first.
pub const WINDOW: u32 = 200;

/// What has been cancelled is shown this long, so that it can be taken back.
const CANCELLED_SHOWN: std::time::Duration = std::time::Duration::from_secs(3600);

/// The timeline.
#[derive(Debug)]
pub struct Queue {
    views: Vec<DeliveryView>,
    /// Where each stands in `views`.
    places: HashMap<DeliveryId, usize>,
    selected: Option<DeliveryId>,
    /// The first row on the screen.
    pub offset: usize,
    /// How many of the past are asked for.
    pub past: u32,
    /// How many of the future are asked for.
    pub future: u32,
    /// There is more before the window.
    pub more_past: bool,
    /// There is more after the window.
    pub more_future: bool,
    /// Whether the first answer is there.
    pub loaded: bool,
    opened: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            views: Vec::new(),
            places: HashMap::new(),
            selected: None,
            offset: 0,
            past: WINDOW,
            future: WINDOW,
            more_past: false,
            more_future: false,
            loaded: false,
            opened: false,
        }
    }
}

impl Queue {
    /// The deliveries by due instant.
    pub fn views(&self) -> &[DeliveryView] {
        &self.views
    }

    /// A delivery by its id.
    pub fn get(&self, id: &DeliveryId) -> Option<&DeliveryView> {
        self.views.get(self.index_of(id)?)
    }

    /// The index of a delivery.
    pub fn index_of(&self, id: &DeliveryId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The one under the cursor.
    pub fn selected(&self) -> Option<&DeliveryView> {
        self.get(self.selected.as_ref()?)
    }

    /// The index of the one under the cursor.
    pub fn selected_index(&self) -> Option<usize> {
        self.index_of(self.selected.as_ref()?)
    }

    /// How many are due before or at `now`: the line of now is after them.
    pub fn past_len(&self, now: UtcMs) -> usize {
        self.views.partition_point(|view| view.delivery.due <= now)
    }

    /// Puts the cursor on a delivery; whether it is there.
    pub fn select(&mut self, id: &DeliveryId) -> bool {
        let there = self.get(id).is_some();
        if there {
            self.selected = Some(id.clone());
        }
        there
    }

    /// Moves the cursor by rows.
    pub fn step(&mut self, by: isize) {
        let last = self.views.len().saturating_sub(1);
        let to = match self.selected_index() {
            Some(here) => here.saturating_add_signed(by).min(last),
            None => 0,
        };
        self.selected = self.views.get(to).map(|view| view.delivery.id.clone());
    }

    /// Takes a window anew. The row under the cursor stays where it is on the
    /// screen; the first time the cursor goes to the next post.
    pub fn replace(&mut self, mut views: Vec<DeliveryView>, now: UtcMs) {
        views.retain(|view| view.shown != Shown::Draft && !long_cancelled(view, now));
        views.sort_by(|a, b| a.delivery.place().cmp(&b.delivery.place()));
        let before = self.selected_index().map(|at| self.row_of(at, now));
        let index = self.selected_index();
        let ids = views.iter().map(|view| view.delivery.id.clone());
        self.places = ids.zip(0..).collect();
        self.views = views;
        self.loaded = true;
        if let (Some(before), Some(at)) = (before, self.selected_index()) {
            let line = before.saturating_sub(self.offset);
            self.offset = self.row_of(at, now).saturating_sub(line);
        } else if !self.opened || index.is_some() {
            self.opened = !self.views.is_empty();
            let wanted = index.unwrap_or(self.past_len(now));
            let at = wanted.min(self.views.len().saturating_sub(1));
            self.selected = self.views.get(at).map(|view| view.delivery.id.clone());
            if index.is_none() {
                self.offset = usize::MAX;
            }
        }
    }

    /// The next answer opens at now; until then what is here stays.
    pub fn reopen(&mut self) {
        self.selected = None;
        self.opened = false;
        (self.past, self.future) = (WINDOW, WINDOW);
    }

    /// Empties the timeline: another one is asked for and opens at now.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// The rows are the deliveries and the line of now between them.
    pub fn row_of(&self, index: usize, now: UtcMs) -> usize {
        index + usize::from(index >= self.past_len(now))
    }

    /// Keeps the cursor inside of `height` rows. An offset not chosen yet puts
    /// the line of now under a few rows of the past.
    pub fn keep_visible(&mut self, height: usize, now: UtcMs) {
        let rows = self.views.len() + 1;
        if self.offset == usize::MAX {
            self.offset = self.past_len(now).saturating_sub((height / 4).clamp(1, 6));
        }
        if let Some(at) = self.selected_index() {
            let row = self.row_of(at, now);
            self.offset = super::scroll(self.offset, row, row, height, rows);
        } else {
            self.offset = self.offset.min(rows.saturating_sub(height));
        }
    }

    /// Asks for a larger window when the cursor is near an end that has more;
    /// whether it grew.
    pub fn grow(&mut self) -> bool {
        let Some(at) = self.selected_index() else {
            return false;
        };
        let near = 20;
        let mut grew = false;
        if self.more_past && at < near {
            self.past = self.past.saturating_mul(2);
            grew = true;
        }
        if self.more_future && at + near > self.views.len() {
            self.future = self.future.saturating_mul(2);
            grew = true;
        }
        grew
    }
}

/// Whether it was cancelled too long ago to be shown.
pub(super) fn long_cancelled(view: &DeliveryView, now: UtcMs) -> bool {
    view.delivery.state == State::Cancelled
        && view
            .delivery
            .cancelled_at
            .is_none_or(|at| now.since(at) > CANCELLED_SHOWN)
}
