//! Everything the screen knows. Changed by `update`, read by `view`, and by
//! nobody else.

pub mod advice;
pub mod aside;
pub mod beside;
pub mod calendar;
pub mod channels;
pub mod composer;
pub mod dues;
pub mod facts;
pub mod filters;
pub mod find;
pub mod groups;
pub mod line;
pub mod logins;
pub mod marks;
pub mod news;
pub mod next;
pub mod only;
pub mod plan;
pub mod queue;
pub mod requests;
pub mod rows;
pub mod runbook;
pub mod sheet;
mod standing;
pub mod sums;
pub mod time;
mod under;
pub mod wall;

use std::collections::HashMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::keys::Binding;
use super::layout::{Layout, layout};
use super::theme::Look;
use super::words;
pub use super::words::Wall;
use crate::domain::ids::{ChannelId, DeliveryId, LoginId, OperatorId, WorkspaceId};
use crate::domain::network::Network;
use crate::domain::role::{Act, Role, permits};
use crate::networks::Way;
use crate::ops::publisher::PublisherView;
use crate::ops::views::{ChannelView, DeliveryView, Lamp};
use crate::ops::workspaces::WorkspaceView;
use crate::ops::{Operator, Scope};
use crate::store::incidents::Incident;
use crate::support::time::UtcMs;
use logins::Waiting;
use sheet::{Asks, Browser};

pub use channels::Channels;
pub use filters::Filters;
pub use groups::Group;
pub use line::{Line, Pending, Tone};
pub use logins::Logins;
pub use marks::Marks;
pub use news::News;
pub use only::Only;
pub use queue::Queue;
pub use requests::{Requests, Slot};
pub use rows::Row;
pub use sheet::Sheet;
pub use sums::Sums;

/// A pane of the main screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// Channels by lamp.
    Channels,
    /// The timeline of posts.
    Queue,
    /// What happened.
    Notices,
    /// What is known of the chosen thing.
    Details,
}

impl Pane {
    /// Every pane in the order of its number.
    pub const ALL: [Self; 4] = [Self::Channels, Self::Queue, Self::Notices, Self::Details];

    /// Its number on the screen, from 1.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|one| *one == self).unwrap_or(0) + 1
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Channels => "Channels",
            Self::Queue => "Queue",
            Self::Notices => "Notices",
            Self::Details => "Details",
        }
    }
}

/// What the details are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A channel.
    Channel(ChannelId),
    /// A login that mends several channels.
    Login(LoginId),
    /// A section that is folded away.
    Section(Lamp),
    /// A delivery.
    Delivery(DeliveryId),
}

/// Why a frame has to be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    /// Nothing changed.
    #[default]
    No,
    /// Something happened in the background: in time for the next frame.
    Background,
    /// The operator did something: at once.
    Input,
}

/// What does not change while the screen is open, but for its look.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Colours and shapes.
    pub look: Look,
    /// The operator's zone.
    pub zone: TimeZone,
    /// The table of keys, with those of the operator's own.
    pub keys: &'static [Binding],
    /// Who is at the keyboard.
    pub operator: Operator,
    /// The desktop of the terminal is told what breaks.
    pub notify: bool,
    /// No key changes anything.
    pub read_only: bool,
    /// Few bytes matter more than looks.
    pub slow: bool,
    /// This screen was told not to publish.
    pub no_publish: bool,
    /// Our own process id: then "this screen publishes".
    pub pid: u32,
    /// What each network wants done before a login.
    pub tips: HashMap<Network, &'static [&'static str]>,
    /// The screen is seen over SSH: a browser runs on another machine.
    pub over_ssh: bool,
    /// A browser can be opened here, and somebody sits before it.
    pub local_display: bool,
    /// The terminal opens the address behind a word.
    pub links: bool,
    /// How each built-in network can be logged in to, the way offered first in
    /// front.
    pub ways: HashMap<Network, &'static [Way]>,
    /// The networks that are built in, for what they take.
    pub networks: composer::Networks,
    /// The session is bound to this program.
    pub confined: bool,
}

/// The state of one screen.
#[derive(Debug)]
pub struct Model {
    /// What does not change.
    pub set: Setting,
    /// Cells and rows of the terminal.
    pub size: (u16, u16),
    /// The hub's time.
    pub now: UtcMs,
    /// Time since boot, for spans of the screen itself.
    pub boot: Duration,
    /// Which workspaces are shown.
    pub scope: Scope,
    /// The workspaces the operator may see.
    pub workspaces: Vec<WorkspaceView>,
    /// Names of people by id.
    pub people: HashMap<OperatorId, String>,
    /// Who publishes; `None` until it is known.
    pub publisher: Option<PublisherView>,
    /// Pane 1.
    pub channels: Channels,
    /// Numbers over the channels of the scope.
    pub sums: Sums,
    /// Pane 2.
    pub queue: Queue,
    /// How many posts of the whole hub are due within 24 h, held ones included,
    /// whatever the queue shows; `None` while nobody counted them.
    pub due_soon: Option<u64>,
    /// That another process keeps the store locked.
    pub busy: Option<Incident>,
    /// Pane 3, and open incidents.
    pub news: News,
    /// What the lists are narrowed to.
    pub filters: Filters,
    /// Whose queue and notices alone are shown.
    pub only: Option<Only>,
    /// The pane with the focus has the screen alone.
    pub alone: bool,
    /// Times of posts are those of the client's clock.
    pub theirs: bool,
    /// What is marked for one act.
    pub marks: Marks,
    /// The pane with the cursor.
    pub focus: Pane,
    /// The list pane that had it last: what the strip and narrow screens show.
    pub list: Pane,
    /// What the details show: the subject, once the cursor rests.
    pub shown: Option<Subject>,
    /// Until when the cursor does not rest.
    pub moving: Option<Duration>,
    /// What was read of the chosen thing alone.
    pub beside: beside::Beside,
    /// How far the details are scrolled.
    pub details_scroll: u16,
    /// Sheets over the panes, the top one last.
    pub sheets: Vec<Sheet>,
    /// Posts that are being written, the ones whose sheet was closed too until
    /// they are kept.
    pub writings: Vec<composer::Composer>,
    /// The composer is opened as soon as it is known for what.
    pub compose: bool,
    /// A login just mended a channel: whether its posts need an answer was
    /// asked with this.
    pub mended: Option<requests::RequestId>,
    /// Logins in the browser that wait for their answer.
    pub logins: Logins,
    /// The full screen is left: a link stands alone until a key.
    pub bare: bool,
    /// The mouse is ours.
    pub mouse: bool,
    /// The terminal was asked for its background; until when the answer counts.
    pub asked: Option<Duration>,
    /// The status line.
    pub line: Line,
    /// Acts that count down before they are done.
    pub pending: Vec<Pending>,
    /// What was asked for and not answered yet.
    pub requests: Requests,
    /// Whether and how soon to draw.
    pub dirty: Dirty,
    /// The slot of time the last frame showed.
    pub slot: UtcMs,
}

impl Model {
    /// A screen that knows nothing yet.
    pub fn new(set: Setting, size: (u16, u16), now: UtcMs, boot: Duration) -> Self {
        Self {
            set,
            size,
            now,
            boot,
            scope: Scope::All,
            workspaces: Vec::new(),
            people: HashMap::new(),
            publisher: None,
            channels: Channels::default(),
            sums: Sums::default(),
            queue: Queue::default(),
            due_soon: None,
            busy: None,
            news: News::new(now),
            filters: Filters::default(),
            only: None,
            alone: false,
            theirs: false,
            marks: Marks::default(),
            focus: Pane::Channels,
            list: Pane::Channels,
            shown: None,
            moving: None,
            beside: beside::Beside::default(),
            details_scroll: 0,
            sheets: Vec::new(),
            writings: Vec::new(),
            compose: false,
            mended: None,
            logins: Logins::default(),
            bare: false,
            mouse: false,
            asked: None,
            line: Line::default(),
            pending: Vec::new(),
            requests: Requests::default(),
            dirty: Dirty::Input,
            slot: UtcMs(0),
        }
    }

    /// Asks for a frame.
    pub fn touch(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(dirty);
    }

    /// The time as the screen says it: whole minutes, or ten seconds in the
    /// last minute before the next post.
    pub fn wall(&self) -> Wall {
        Wall {
            now: self.current_slot(),
            zone: self.set.zone.clone(),
        }
    }

    /// The slot of time the screen shows now.
    pub fn current_slot(&self) -> UtcMs {
        let step = if self.last_minute() { 10_000 } else { 60_000 };
        UtcMs(self.now.0 - self.now.0.rem_euclid(step))
    }

    /// Whether the next post is due within a minute.
    pub fn last_minute(&self) -> bool {
        self.next_due()
            .is_some_and(|due| due > self.now && due.since(self.now) < Duration::from_secs(60))
    }

    /// Where everything goes on a screen of this size.
    pub fn plan(&self, (width, height): (u16, u16)) -> Layout {
        let plan = layout(width, height, self.standing().is_some());
        if self.alone {
            return plan.alone(self.focus);
        }
        plan
    }

    /// The channels of the scope.
    pub fn scoped(&self) -> impl Iterator<Item = &ChannelView> {
        let only = self.scope.workspace();
        self.channels
            .all()
            .filter(move |view| only.is_none_or(|id| *id == view.summary.channel.workspace_id))
    }

    /// Counts anew when the channels or the scope changed.
    pub fn recount(&mut self) {
        self.channels.regroup();
        if std::mem::take(&mut self.channels.changed) {
            self.sums = Sums::of(self);
        }
    }

    /// When the next post goes out that nothing holds.
    pub fn next_due(&self) -> Option<UtcMs> {
        self.sums.next_due
    }

    /// The workspace of the scope, when it is one.
    pub fn workspace(&self) -> Option<&WorkspaceView> {
        let id = self.scope.workspace()?;
        self.workspaces.iter().find(|one| one.workspace.id == *id)
    }

    /// The top sheet, or the one the help or the find box is about.
    pub fn sheet(&self) -> Option<&Sheet> {
        self.sheets
            .iter()
            .rev()
            .find(|sheet| !matches!(sheet, Sheet::Help(_) | Sheet::Find(_)))
    }

    /// The wall, when it is what the sheets lie on.
    pub fn wall_of_tiles(&self) -> Option<&wall::Tiles> {
        self.sheets.iter().find_map(|sheet| match sheet {
            Sheet::Wall(tiles) => Some(&**tiles),
            _ => None,
        })
    }

    /// How many channels of all workspaces have this lamp.
    pub fn sums_over_all(&self, lamp: Lamp) -> usize {
        self.channels.all().filter(|one| one.lamp == lamp).count()
    }

    /// The sheet of a login in the browser, when it is the one the keys are
    /// about, and its login.
    pub fn browser(&self) -> Option<(&Browser, Option<&Waiting>)> {
        let Some(Sheet::Browser(sheet)) = self.sheet() else {
            return None;
        };
        let login = sheet.login.and_then(|id| self.logins.get(id));
        Some((sheet, login))
    }

    /// How people name what a login in the browser is for.
    pub fn name_of(&self, login: &Waiting) -> String {
        let channel = login.channel.as_ref().and_then(|id| self.channels.get(id));
        match (channel, &login.named) {
            (Some(view), _) => words::channel(&view.summary.channel),
            (None, Some((Asks::Server, server))) if !server.is_empty() => {
                format!("a new account on {}", words::host(server))
            }
            (None, Some((Asks::Handle, who))) if !who.is_empty() => who.clone(),
            (None, _) => format!("a new {} account", login.network.title()),
        }
    }

    /// How a network can be logged in to, the way offered first in front.
    pub fn ways(&self, network: Network) -> &'static [Way] {
        self.set.ways.get(&network).copied().unwrap_or_default()
    }

    /// What to do before a login. The first tip is about the way that is
    /// offered first, the last one about the other.
    pub fn tip(&self, network: Network, way: Way) -> Option<&'static str> {
        let tips = self.set.tips.get(&network)?;
        match self.ways(network).first() {
            Some(first) if *first != way => tips.last().copied(),
            _ => tips.first().copied(),
        }
    }

    /// How many posts wait for a login: those of every channel it mends.
    pub fn held_behind(&self, view: &ChannelView) -> u64 {
        let login = view.summary.channel.login_id.as_ref();
        let below = login.map_or(0, |id| self.channels.below(id).map(|one| one.held).sum());
        below.max(view.held)
    }

    /// Whether something is due within 24 h, or may be for all that is known.
    pub fn may_be_due(&self) -> bool {
        match self.due_soon {
            Some(due) => due > 0,
            None => !self.channels.loaded() || self.sums.scheduled > 0,
        }
    }

    /// How people name the account a delivery goes to.
    pub fn account(&self, view: &DeliveryView) -> String {
        match self.channels.get(&view.delivery.channel_id) {
            Some(known) => words::channel(&known.summary.channel),
            None => words::account(view.channel_kind, &view.channel_handle, ""),
        }
    }

    /// The name of the workspace of a delivery.
    pub fn workspace_of<'a>(&'a self, view: &'a DeliveryView) -> &'a str {
        self.workspaces
            .iter()
            .find(|one| one.workspace.id == view.delivery.workspace_id)
            .map_or(&view.workspace_slug, |one| &one.workspace.name)
    }

    /// The operator's role in a workspace.
    pub fn role(&self, workspace: &WorkspaceId) -> Option<Role> {
        self.workspaces
            .iter()
            .find(|one| one.workspace.id == *workspace)
            .and_then(|one| one.role)
    }

    /// Whether the operator may do `act` in a workspace.
    pub fn may(&self, workspace: &WorkspaceId, act: Act) -> bool {
        permits(self.role(workspace), self.set.operator.hub_admin, act)
    }

    /// A person's name, as far as it is known.
    pub fn person(&self, id: &OperatorId) -> Option<&str> {
        self.people.get(id).map(String::as_str)
    }
}

/// The offset nearest to `offset` at which rows `top` to `bottom` of `len` are
/// among `height` rows, with no blank rows at the end that could be filled.
pub fn scroll(offset: usize, top: usize, bottom: usize, height: usize, len: usize) -> usize {
    if height == 0 {
        return top;
    }
    let offset = offset.min(len.saturating_sub(height));
    let offset = offset.max((bottom + 1).saturating_sub(height));
    offset.min(top)
}
