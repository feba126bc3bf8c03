//! Pane 3: notices, unread first; open incidents; and what happened since the
//! operator was here last.

use crate::domain::ids::NoticeId;
use crate::ops::views::Since;
use crate::store::incidents::Incident;
use crate::store::notices::Notice;
use crate::support::time::UtcMs;

/// How many notices are held.
pub const LIMIT: u32 = 200;

/// Notices and incidents.
#[derive(Debug)]
pub struct News {
    all: Vec<Notice>,
    /// Those that are shown.
    notices: Vec<Notice>,
    selected: Option<NoticeId>,
    /// The first notice on the screen.
    pub offset: usize,
    /// Open incidents, newest first.
    pub incidents: Vec<Incident>,
    /// The newest that was read of these workspaces: what is newer is new.
    pub newest: Option<UtcMs>,
    /// Whether the first answer is there.
    pub loaded: bool,
    /// What happened since the operator was here last.
    pub since: Since,
}

impl News {
    /// Nothing yet; `left` is when the operator was here last.
    pub fn new(left: UtcMs) -> Self {
        Self {
            all: Vec::new(),
            notices: Vec::new(),
            selected: None,
            offset: 0,
            incidents: Vec::new(),
            newest: None,
            loaded: false,
            since: Since::nothing(left),
        }
    }

    /// Every notice, shown or not.
    pub fn all(&self) -> &[Notice] {
        &self.all
    }

    /// The notices that are shown, unread first, newest first within.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// How many nobody read.
    pub fn unread(&self) -> usize {
        self.all
            .iter()
            .filter(|notice| notice.read_at.is_none())
            .count()
    }

    /// The one under the cursor.
    pub fn selected(&self) -> Option<&Notice> {
        self.notices.get(self.selected_index()?)
    }

    /// The index of the one under the cursor.
    pub fn selected_index(&self) -> Option<usize> {
        let id = self.selected.as_ref()?;
        self.notices.iter().position(|notice| notice.id == *id)
    }

    /// Takes the notices anew; which of them are shown is said by
    /// [`Self::show`].
    pub fn take(&mut self, notices: Vec<Notice>) {
        let newest = notices.iter().map(|one| one.created_at).max();
        self.newest = newest.max(self.newest).or(Some(UtcMs(0)));
        self.all = notices;
        self.loaded = true;
    }

    /// Shows these. `moving` says whether those already shown may change places:
    /// not while the cursor is among them.
    pub fn show(&mut self, notices: Vec<Notice>, moving: bool) {
        let shown: Vec<NoticeId> = self.notices.iter().map(|one| one.id.clone()).collect();
        let here = self.selected_index();
        self.notices = notices;
        if moving {
            self.settle();
        } else {
            // New ones come first, known ones keep their order.
            self.notices.sort_by_key(|one| {
                shown
                    .iter()
                    .position(|id| *id == one.id)
                    .map_or(0, |at| at + 1)
            });
            if let (Some(before), Some(after)) = (here, self.selected_index()) {
                self.offset += after.saturating_sub(before);
            }
        }
        if self.selected_index().is_none() {
            let at = here.unwrap_or(0).min(self.notices.len().saturating_sub(1));
            self.selected = self.notices.get(at).map(|one| one.id.clone());
        }
    }

    /// Puts unread ones first.
    pub fn settle(&mut self) {
        self.notices
            .sort_by_key(|one| (one.read_at.is_some(), std::cmp::Reverse(one.created_at)));
    }

    /// Puts the cursor on one.
    pub fn select(&mut self, id: &NoticeId) {
        if self.notices.iter().any(|one| one.id == *id) {
            self.selected = Some(id.clone());
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize) {
        let last = self.notices.len().saturating_sub(1);
        let to = match self.selected_index() {
            Some(here) => here.saturating_add_signed(by).min(last),
            None => 0,
        };
        self.selected = self.notices.get(to).map(|one| one.id.clone());
    }
}
