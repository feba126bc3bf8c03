//! The filters of the panes: what is typed after `/`, and what it means.

use std::collections::HashMap;

use super::Pane;
use crate::domain::delivery::State;
use crate::domain::filter::{Filter, FilterError, OF_CHANNELS, OF_NOTICES, OF_POSTS, Subject};
use crate::domain::ids::OperatorId;
use crate::ops::views::{ChannelView, Lamp};
use crate::store::notices::Notice;
use crate::support::time::UtcMs;
use crate::tui::widgets::Field;

/// The filter of one pane.
#[derive(Debug, Default)]
pub struct PaneFilter {
    /// What is typed.
    pub field: Field,
    /// What it means; while it cannot be understood, what it meant before.
    pub filter: Filter,
    /// The text it was understood from.
    meant: String,
    /// Why what is typed cannot be understood.
    pub wrong: Option<FilterError>,
}

impl PaneFilter {
    /// Reads what is typed; whether that shows something else now.
    fn read(&mut self, fields: &[&str]) -> bool {
        match Filter::parse(self.field.text(), fields) {
            Ok(filter) => {
                self.wrong = None;
                let changed = filter != self.filter;
                self.filter = filter;
                self.meant = self.field.text().trim().to_owned();
                changed
            }
            Err(error) => {
                self.wrong = Some(error);
                false
            }
        }
    }

    /// The text of what is at work, when it hides anything.
    pub fn shown(&self) -> Option<&str> {
        (!self.filter.is_empty()).then_some(&self.meant)
    }
}

/// The filters of the three lists.
#[derive(Debug, Default)]
pub struct Filters {
    channels: PaneFilter,
    queue: PaneFilter,
    notices: PaneFilter,
    /// The pane whose filter is being typed.
    pub typing: Option<Pane>,
}

impl Filters {
    /// The filter of a list; details go with the channels.
    pub fn of(&self, pane: Pane) -> &PaneFilter {
        match pane {
            Pane::Queue => &self.queue,
            Pane::Notices => &self.notices,
            Pane::Channels | Pane::Details => &self.channels,
        }
    }

    /// The same, to change it.
    pub fn of_mut(&mut self, pane: Pane) -> &mut PaneFilter {
        match pane {
            Pane::Queue => &mut self.queue,
            Pane::Notices => &mut self.notices,
            Pane::Channels | Pane::Details => &mut self.channels,
        }
    }

    /// Reads what is typed in the filter of a list; whether that shows something
    /// else now.
    pub fn read(&mut self, pane: Pane) -> bool {
        let fields = match pane {
            Pane::Queue => OF_POSTS,
            Pane::Notices => OF_NOTICES,
            Pane::Channels | Pane::Details => OF_CHANNELS,
        };
        self.of_mut(pane).read(fields)
    }

    /// The field that is being typed into.
    pub fn field(&mut self) -> Option<&mut Field> {
        let pane = self.typing?;
        Some(&mut self.of_mut(pane).field)
    }

    /// Whether a channel is shown.
    pub fn shows_channel(
        &self,
        view: &ChannelView,
        people: &HashMap<OperatorId, String>,
        now: UtcMs,
    ) -> bool {
        let filter = &self.channels.filter;
        if filter.is_empty() {
            return true;
        }
        // What is said of a healthy channel is its proof, which moves.
        let said = match view.lamp {
            Lamp::Green => "",
            _ => &view.words,
        };
        let mut subject = Subject {
            texts: [&view.names, said, "", ""],
            ..Subject::default()
        };
        if filter.is_words() {
            return filter.fits(&subject, now);
        }
        let channel = &view.summary.channel;
        let states = states(view);
        let by = people.get(&channel.connected_by);
        let (slug, name) = &*view.summary.workspace;
        subject.network = Some(channel.kind.network());
        subject.workspace = [slug, name];
        subject.lamp = Some(view.lamp);
        subject.states = &states;
        subject.login = channel.login_name();
        subject.by = by.map_or("", String::as_str);
        subject.due = view.summary.next_due;
        filter.fits(&subject, now)
    }

    /// Whether a notice is shown; `about` is its channel, when it is known.
    pub fn shows_notice(&self, notice: &Notice, about: Option<&ChannelView>, now: UtcMs) -> bool {
        let mut subject = Subject {
            texts: [&notice.text, "", "", ""],
            ..Subject::default()
        };
        if let Some(view) = about {
            let (slug, name) = &*view.summary.workspace;
            subject.texts[1] = &view.summary.channel.handle;
            subject.network = Some(view.summary.channel.kind.network());
            subject.workspace = [slug, name];
            subject.lamp = Some(view.lamp);
        }
        self.notices.filter.fits(&subject, now)
    }
}

/// The states a channel has posts in, and its own; those it has not are empty,
/// which fits nothing.
fn states(view: &ChannelView) -> [&'static str; 7] {
    let has = |state: State| view.summary.count(state) > 0;
    [
        ("held", view.held > 0),
        ("scheduled", has(State::Scheduled)),
        ("missed", has(State::Missed)),
        ("failed", has(State::Failed)),
        ("decide", has(State::NeedsDecision)),
        ("needs_decision", has(State::NeedsDecision)),
        ("paused", view.summary.channel.paused_at.is_some()),
    ]
    .map(|(name, is)| if is { name } else { "" })
}
