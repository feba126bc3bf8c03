//! A post as it is being written: where it goes, its text and the texts of
//! single channels, its media, its time. Kept as a draft all the while.

mod checks;
mod keeping;
mod near;
mod opening;

pub use checks::{Checks, Networks};
pub use keeping::Keeping;
pub use near::Near;

use std::collections::HashMap;

use super::requests::RequestId;
use crate::domain::ids::{ChannelId, PostId, WorkspaceId};
use crate::domain::limits::ServerLimits;
use crate::domain::network::ChannelKind;
use crate::domain::post_options::PostOptions;
use crate::domain::when::{Past, When, WhenError, parse};
use crate::ops::OpError;
use crate::ops::posts::Writing;
use crate::ops::views::PostView;
use crate::store::posts::Medium;
use crate::support::time::UtcMs;
use crate::tui::widgets::{Area, Field};

/// Where the cursor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Channels, and whose text is written.
    To,
    /// The text.
    Text,
    /// The media, and a file to add.
    Media,
    /// When it goes out.
    When,
    /// Whether it may go out late.
    Late,
    /// What to do with it.
    Buttons,
}

impl Part {
    /// From top to bottom.
    pub const ALL: [Self; 6] = [
        Self::To,
        Self::Text,
        Self::Media,
        Self::When,
        Self::Late,
        Self::Buttons,
    ];
}

/// What is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new post, or a draft of one.
    New,
    /// A post that waits for its time.
    Waiting,
}

/// What can be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Schedule it.
    Schedule,
    /// Put it into the post that waits.
    Save,
    /// Keep it as a draft.
    Draft,
    /// Send it now.
    Now,
    /// Go on with a draft.
    Drafts,
}

/// A channel it may go to.
#[derive(Debug)]
pub struct Target {
    /// Which one.
    pub channel: ChannelId,
    /// What sort of account.
    pub kind: ChannelKind,
    /// The post goes there.
    pub ticked: bool,
    /// The text of its own.
    pub own: Option<Area>,
    /// Why nothing of it can be changed any more: `went out`.
    pub closed: Option<&'static str>,
    /// What its network says of it.
    pub checks: Checks,
}

/// A post that is being read, to write on it.
#[derive(Clone, Debug)]
pub struct Loading {
    /// What answers.
    pub request: RequestId,
    /// Another one like it is written.
    pub copy: bool,
    /// The channel it was opened from.
    pub on: Option<ChannelId>,
}

/// A post that is being written.
#[derive(Debug)]
pub struct Composer {
    /// Which one, among those that are open.
    pub id: RequestId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// New, or one that waits.
    pub kind: Kind,
    /// The post that waits, which it changes.
    pub original: Option<PostId>,
    /// It was a draft when it was opened.
    pub was_draft: bool,
    /// The text of all without one of their own.
    pub base: Area,
    /// Where it may go.
    pub targets: Vec<Target>,
    /// Whose text is shown: 0 is the base text.
    pub chosen: usize,
    /// The first target on the screen.
    pub offset: usize,
    /// Where the cursor is.
    pub part: Part,
    /// Its media.
    pub media: Vec<Medium>,
    /// Which of them has the cursor; behind the last one the field for a file.
    pub medium: usize,
    /// The file to add.
    pub path: Field,
    /// The alternative text that is being written.
    pub alt: Option<Field>,
    /// A file is being taken in.
    pub taking: Option<RequestId>,
    /// When it goes out.
    pub when: Field,
    /// When a post that waits is due, as the field said it first.
    pub due: Option<(String, UtcMs)>,
    /// Never send it late.
    pub only_on_time: bool,
    /// What else was chosen for it.
    pub options: PostOptions,
    /// Which button has the cursor.
    pub button: usize,
    /// What the servers say their posts may be.
    pub limits: HashMap<ChannelId, ServerLimits>,
    /// Other posts near to its time.
    pub near: Near,
    /// Drafts to go on with.
    pub drafts: Vec<PostView>,
    /// Limits and drafts are asked for with this.
    pub asked: RequestId,
    /// The post is being read.
    pub loading: Option<Loading>,
    /// The text is in an editor: whose, and what answers.
    pub editing: Option<(RequestId, usize)>,
    /// How the draft is kept.
    pub keeping: Keeping,
    /// It is being scheduled or saved.
    pub busy: Option<RequestId>,
    /// Why that did not work.
    pub error: Option<OpError>,
    /// The preview stands where the parts are.
    pub preview: bool,
}

impl Composer {
    /// The channel whose text is shown.
    pub fn target(&self) -> Option<&Target> {
        self.targets.get(self.chosen.checked_sub(1)?)
    }

    /// The text that is shown.
    pub fn area(&self) -> &Area {
        self.target()
            .and_then(|target| target.own.as_ref())
            .unwrap_or(&self.base)
    }

    /// The same, to move in.
    pub fn area_mut(&mut self) -> &mut Area {
        let own = self
            .chosen
            .checked_sub(1)
            .and_then(|at| self.targets.get_mut(at))
            .and_then(|target| target.own.as_mut());
        own.unwrap_or(&mut self.base)
    }

    /// Changes the text that is shown; a chosen channel without a text of its
    /// own gets one by it. What `change` says is handed on.
    pub fn write<T>(&mut self, change: impl Fn(&mut Area) -> (T, bool)) -> T {
        let at = self.chosen.checked_sub(1);
        let Some(target) = at.and_then(|at| self.targets.get_mut(at)) else {
            return change(&mut self.base).0;
        };
        if target.closed.is_some() {
            // It is out, or on its way: nothing that is typed would go there.
            let mut own = target.own.clone().unwrap_or_else(|| self.base.clone());
            return change(&mut own).0;
        }
        if let Some(own) = &mut target.own {
            let (said, changed) = change(own);
            target.ticked |= changed;
            return said;
        }
        let mut own = self.base.clone();
        let (said, changed) = change(&mut own);
        if changed {
            // What is typed for a channel goes there, else it would be kept
            // nowhere.
            (target.own, target.ticked) = (Some(own), true);
        } else {
            self.base = own;
        }
        said
    }

    /// The text that goes to a target.
    pub fn text_for<'a>(&'a self, target: &'a Target) -> &'a str {
        target.own.as_ref().unwrap_or(&self.base).text()
    }

    /// Those it goes to.
    pub fn ticked(&self) -> impl Iterator<Item = &Target> {
        self.targets
            .iter()
            .filter(|target| target.ticked && target.closed.is_none())
    }

    /// Whether there is nothing to post yet.
    pub fn is_blank(&self) -> bool {
        let own = |target: &Target| target.own.as_ref().is_some_and(|own| !own.is_empty());
        self.base.is_empty() && self.media.is_empty() && !self.targets.iter().any(own)
    }

    /// Whether anything is typed that is not kept. What was never begun is not.
    pub fn is_unkept(&self) -> bool {
        let begun = !self.is_blank() || self.keeping.at.is_some() || self.was_draft;
        self.keeping.is_open() && begun
    }

    /// What can be done with it.
    pub fn buttons(&self) -> Vec<Button> {
        match self.kind {
            Kind::Waiting => vec![Button::Save, Button::Draft],
            Kind::New => {
                let mut all = vec![Button::Schedule, Button::Draft, Button::Now];
                // Whoever has begun does not look for another one.
                all.extend((!self.drafts.is_empty() && self.is_blank()).then_some(Button::Drafts));
                all
            }
        }
    }

    /// The time that is typed; `None` while nothing is.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    pub fn meant(&self, zone: &str, now: UtcMs) -> Option<Result<When, WhenError>> {
        let text = self.when.text().trim();
        if text.is_empty() {
            return None;
        }
        let past = match &self.due {
            Some((was, _)) if self.kind == Kind::Waiting && was == text => Past::Allowed,
            _ => Past::Refused,
        };
        Some(parse(text, zone, now, past))
    }

    /// All of it, as it is kept and sent.
    pub fn writing(&self) -> Writing {
        let to = self.ticked().map(|target| {
            let own = target.own.as_ref().map(|own| own.text().to_owned());
            (target.channel.clone(), own)
        });
        Writing {
            workspace: self.workspace.clone(),
            text: self.base.text().to_owned(),
            to: to.collect(),
            when: (!self.when.is_empty()).then(|| self.when.text().trim().to_owned()),
            only_on_time: self.only_on_time,
            media: self.media.clone(),
            options: self.options.clone(),
        }
    }
}
