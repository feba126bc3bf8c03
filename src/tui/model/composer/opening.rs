//! How a composer begins: empty, or with a post that was read; and what is
//! meant by a new post from where the cursor is.

use std::collections::HashMap;

use super::{Checks, Composer, Keeping, Kind, Near, Part, Target};
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::post_options::PostOptions;
use crate::domain::when::civil;
use crate::ops::views::{ChannelView, PostView};
use crate::support::time::UtcMs;
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Model, Sheet};
use crate::tui::widgets::{Area, Field};

impl Composer {
    /// An empty one for a workspace, with these of its channels ticked.
    pub fn new(
        id: RequestId,
        asked: RequestId,
        model: &Model,
        workspace: WorkspaceId,
        ticked: &[ChannelId],
    ) -> Self {
        let target = |view: &ChannelView| Target {
            channel: view.summary.channel.id.clone(),
            kind: view.summary.channel.kind,
            ticked: ticked.contains(&view.summary.channel.id),
            own: None,
            closed: None,
            checks: Checks::default(),
        };
        let mut views: Vec<&ChannelView> = model
            .channels
            .all()
            .filter(|view| view.summary.channel.workspace_id == workspace)
            .collect();
        views.sort_by_key(|view| {
            let channel = &view.summary.channel;
            let ticked = ticked.contains(&channel.id);
            (!ticked, channel.kind.network(), channel.handle.clone())
        });
        Self {
            id,
            workspace,
            kind: Kind::New,
            original: None,
            was_draft: false,
            base: Area::with(""),
            targets: views.into_iter().map(target).collect(),
            chosen: 0,
            offset: 0,
            part: if ticked.is_empty() {
                Part::To
            } else {
                Part::Text
            },
            media: Vec::new(),
            medium: 0,
            path: Field::plain(),
            alt: None,
            taking: None,
            when: Field::plain(),
            due: None,
            only_on_time: false,
            options: PostOptions::default(),
            button: 0,
            limits: HashMap::new(),
            near: Near::default(),
            drafts: Vec::new(),
            asked,
            loading: None,
            editing: None,
            keeping: Keeping::default(),
            busy: None,
            error: None,
            preview: false,
        }
    }

    /// Shows a post that was read. A copy of it is one that never went out.
    pub fn take(&mut self, view: &PostView, zone: &str, now: UtcMs, copy: bool) {
        let all = || view.deliveries.iter().map(|one| &one.delivery);
        let open = |one: &Delivery| match copy {
            true => one.is_copied(all()),
            false => one.is_open(),
        };
        self.base = Area::with(&view.post.text);
        self.options = view.post.options.clone();
        self.media.clone_from(&view.media);
        self.medium = self.media.len();
        for target in &mut self.targets {
            (target.ticked, target.own, target.closed) = (false, None, None);
            let here = |one: &&Delivery| one.channel_id == target.channel;
            let open_here = all().find(|one| here(one) && open(one));
            let Some(one) = open_here.or_else(|| all().find(here)) else {
                continue;
            };
            target.ticked = open(one);
            target.own = one.text.as_deref().map(Area::with);
            target.closed = match one.state {
                _ if target.ticked || copy => None,
                State::Cancelled => Some("cancelled"),
                State::Published => Some("went out"),
                _ => Some("on its way"),
            };
        }
        self.targets
            .sort_by_key(|target| (!target.ticked, target.closed.is_none()));
        let mut dues: Vec<UtcMs> = Vec::new();
        for one in all().filter(|one| open(one)) {
            // Of several rules the strict one: nothing goes out late by mistake.
            self.only_on_time = one.only_on_time || (copy && self.only_on_time);
            dues.push(one.due);
        }
        dues.dedup();
        let mut states = view.deliveries.iter().map(|one| one.delivery.state);
        let drafts = states.clone().any(|state| state == State::Draft);
        let draft = states.all(|state| state == State::Draft);
        if draft && !copy && dues.is_empty() {
            self.only_on_time = view.post.draft.only_on_time;
        }
        match (dues.as_slice(), &view.post.draft.when) {
            _ if copy => {}
            // A draft without a time was kept as if it were due at once.
            ([due], _) if !drafts || *due > now => {
                let text = civil(*due, zone);
                self.when = Field::with(&text);
                self.due = Some((text, *due));
            }
            // Without a channel, or not to be read; or past by now.
            (_, Some(typed)) if draft => self.when = Field::with(typed),
            // Several times are left as they are.
            _ => {}
        }
        self.part = Part::Text;
        self.chosen = 0;
    }
}

impl Model {
    /// The post that is being written, when its sheet is the one the keys are
    /// about.
    pub fn composer(&self) -> Option<&Composer> {
        match self.sheet() {
            Some(Sheet::Composer(id)) => self.writings.iter().find(|one| one.id == *id),
            _ => None,
        }
    }

    /// The one that is drawn in the place of the panes.
    pub fn composer_below(&self) -> Option<&Composer> {
        let id = self.sheets.iter().rev().find_map(|sheet| match sheet {
            Sheet::Composer(id) => Some(*id),
            _ => None,
        })?;
        self.writings.iter().find(|one| one.id == id)
    }

    /// The zone a workspace writes its times in.
    pub fn zone_of(&self, workspace: &WorkspaceId) -> &str {
        let found = self
            .workspaces
            .iter()
            .find(|one| one.workspace.id == *workspace);
        found.map_or("UTC", |one| one.workspace.timezone.as_str())
    }

    /// Where a new post from here would go: a workspace, and those of its
    /// channels that are chosen here; `None` when the workspace has to be asked
    /// for.
    ///
    /// # Errors
    /// Why there is no such place.
    pub fn write_to(&self) -> Result<Option<(WorkspaceId, Vec<ChannelId>)>, &'static str> {
        if let Some(tiles) = self.wall_of_tiles() {
            let tile = tiles.selected.clone().ok_or("no workspace here")?;
            return Ok(Some((tile, Vec::new())));
        }
        let mut ids = Vec::new();
        let mut of: Vec<&WorkspaceId> = Vec::new();
        for view in self.chosen_channels() {
            let channel = &view.summary.channel;
            ids.push(channel.id.clone());
            if !of.contains(&&channel.workspace_id) {
                of.push(&channel.workspace_id);
            }
        }
        match of.as_slice() {
            [only] => Ok(Some(((*only).clone(), ids))),
            [] if self.workspaces.is_empty() => Err("no workspace here"),
            [] => Ok(self.connect_to().map(|id| (id, Vec::new()))),
            _ => Err("one post goes to channels of one workspace"),
        }
    }
}
