//! The sheet that sets a thing aside: until when, and what the others should
//! know.

use super::Model;
use super::requests::RequestId;
use crate::domain::aside::{Aside, needs_a_hand, next_morning};
use crate::domain::when::{Past, When, WhenError, parse};
use crate::ops::OpError;
use crate::ops::aside::Target;
use crate::ops::runbook::{Step, What};
use crate::ops::views::{ChannelView, DeliveryView, Lamp};
use crate::support::time::UtcMs;
use crate::tui::widgets::Field;
use crate::tui::words;

/// Setting aside, typed.
#[derive(Debug)]
pub struct Taking {
    /// What is set aside.
    pub targets: Vec<Target>,
    /// How people name it.
    pub name: String,
    /// How a command line names it.
    pub named: Vec<String>,
    /// What stays as it is: `✖ Broken`.
    pub stays: String,
    /// How many posts wait for it.
    pub held: u64,
    /// How it is set aside already.
    pub before: Option<Aside>,
    /// Until when; empty takes it up again.
    pub until: Field,
    /// The note.
    pub note: Field,
    /// The cursor is in the note.
    pub on_note: bool,
    /// The request under way.
    pub busy: Option<RequestId>,
    /// Why the last try did not work.
    pub error: Option<OpError>,
}

impl Taking {
    /// The field with the cursor.
    pub fn field(&mut self) -> &mut Field {
        match self.on_note {
            true => &mut self.note,
            false => &mut self.until,
        }
    }

    /// Whether Enter takes it up again instead.
    pub fn ends(&self) -> bool {
        let now = self.until.text().trim().eq_ignore_ascii_case("now");
        self.before.is_some() && (self.until.is_empty() || now)
    }

    /// The time that is typed, on the operator's clock.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    pub fn meant(&self, model: &Model) -> Result<When, WhenError> {
        let zone = model.set.zone.iana_name().unwrap_or("UTC");
        parse(self.until.text(), zone, model.now, Past::Refused)
    }
}

/// What `s` is about here.
pub enum Choice<'a> {
    /// A login that mends several.
    Login(&'a super::Group),
    /// Channels.
    Channels(Vec<&'a ChannelView>),
    /// Posts.
    Posts(Vec<&'a DeliveryView>),
}

impl Model {
    /// What `s` is about here.
    pub fn to_set_aside(&self) -> Choice<'_> {
        if let Some(first) = self.worst_of_tile() {
            return Choice::Channels(vec![first]);
        }
        if let Some(super::Sheet::Runbook(sheet)) = self.sheet() {
            return of_step(sheet.chosen());
        }
        if self.delivery().is_some() {
            return Choice::Posts(self.chosen_posts());
        }
        match self.login() {
            Some(group) if !self.takes_marks(super::Pane::Channels) => Choice::Login(group),
            _ => Choice::Channels(self.chosen_channels()),
        }
    }

    /// The first damage of the workspace whose tile has the cursor.
    pub fn worst_of_tile(&self) -> Option<&ChannelView> {
        let tiles = self.wall_of_tiles().filter(|_| self.sheets.len() == 1)?;
        let id = tiles.selected.as_ref()?;
        let of = self.channels.all();
        of.filter(|view| view.lamp > Lamp::Green && view.summary.channel.workspace_id == *id)
            .min_by_key(|view| {
                let hit = view.first_hit.unwrap_or(UtcMs(i64::MAX));
                let handle = view.summary.channel.handle.clone();
                (std::cmp::Reverse(view.lamp), hit, handle)
            })
    }

    /// The sheet for what `s` is about here: what fits of it.
    pub fn taking(&self) -> Option<Taking> {
        let about = match self.to_set_aside() {
            Choice::Login(group) => About::login(group),
            Choice::Channels(views) => About::channels(views)?,
            Choice::Posts(views) => About::posts(self, views)?,
        };
        let before = about.before.filter(|one| one.lasts(self.now));
        let (until, note) = match &before {
            Some(known) => (self.wall().typed(known.until), known.note.clone()),
            None => (
                next_morning(self.now, &self.set.zone).to_owned(),
                String::new(),
            ),
        };
        Some(Taking {
            targets: about.targets,
            name: about.name,
            named: about.named,
            stays: about.stays,
            held: about.held,
            before,
            until: Field::with(&until),
            note: Field::with(&note),
            on_note: true,
            busy: None,
            error: None,
        })
    }
}

/// What is said of the thing that is set aside.
struct About {
    targets: Vec<Target>,
    name: String,
    named: Vec<String>,
    stays: String,
    held: u64,
    before: Option<Aside>,
}

impl About {
    fn login(group: &super::Group) -> Self {
        Self {
            targets: vec![Target::Login(group.login.clone())],
            name: format!("{} · {} channels", group.name, group.channels),
            named: vec![group.login.to_string()],
            stays: lamp(group.lamp).to_owned(),
            held: group.held,
            before: group.aside.clone(),
        }
    }

    /// Of channels, those that are not healthy.
    fn channels(mut views: Vec<&ChannelView>) -> Option<Self> {
        views.retain(|view| view.lamp > Lamp::Green);
        let worst = views.iter().map(|view| view.lamp).max()?;
        let name = match views.as_slice() {
            [one] => format!(
                "{} {} · {}",
                words::network(one.summary.channel.kind.network()).trim(),
                words::channel(&one.summary.channel),
                one.summary.workspace.1
            ),
            many => words::count(many.len() as u64, "channel", "channels"),
        };
        Some(Self {
            targets: ids(&views, |view| {
                Target::Channel(view.summary.channel.id.clone())
            }),
            name,
            named: ids(&views, ChannelView::full_name),
            stays: lamp(worst).to_owned(),
            held: views.iter().map(|view| view.held).sum(),
            before: same(views.iter().map(|view| &view.aside)),
        })
    }

    /// Of posts, those that need a hand.
    fn posts(model: &Model, mut views: Vec<&DeliveryView>) -> Option<Self> {
        views.retain(|view| needs_a_hand(view.delivery.state));
        let (shape, said, _) = crate::tui::view::queue::verdict(model, views.first()?);
        let name = match views.as_slice() {
            [one] => format!(
                "{} {}, {}",
                words::network(one.channel_kind.network()).trim(),
                model.account(one),
                model.wall().clock(one.delivery.due)
            ),
            many => words::count(many.len() as u64, "post", "posts"),
        };
        Some(Self {
            targets: ids(&views, |view| Target::Post(view.delivery.id.clone())),
            name,
            named: ids(&views, |view| view.delivery.id.to_string()),
            stays: format!("{shape} {said}"),
            held: 0,
            before: same(views.iter().map(|view| &view.aside)),
        })
    }
}

/// What a row of the health check is about. A login shows as the channels it
/// mends: the row of the list may be folded or filtered away.
fn of_step(step: Option<&Step>) -> Choice<'_> {
    match step.map(|step| &step.what) {
        Some(What::Login { channels, .. } | What::Soon(channels)) => {
            Choice::Channels(channels.iter().collect())
        }
        Some(What::Posts { posts, .. }) => Choice::Posts(posts.iter().collect()),
        Some(What::Hub { .. }) | None => Choice::Channels(Vec::new()),
    }
}

fn lamp(lamp: Lamp) -> &'static str {
    match lamp {
        Lamp::Green => "● Healthy",
        Lamp::Attention => "▲ Attention",
        Lamp::Broken => "✖ Broken",
    }
}

fn ids<V, T>(views: &[&V], id: impl Fn(&V) -> T) -> Vec<T> {
    views.iter().map(|view| id(view)).collect()
}

/// What all of them say alike.
fn same<'a>(mut all: impl Iterator<Item = &'a Option<Aside>>) -> Option<Aside> {
    let first = all.next()?.clone()?;
    let alike = |one: &Option<Aside>| {
        one.as_ref()
            .is_some_and(|one| one.until == first.until && one.note == first.note)
    };
    all.all(alike).then_some(first)
}
