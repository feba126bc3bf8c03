//! Why a key does nothing here: one short sentence, or none when it does.

use super::super::model::{Group, Model, Pane, Row, Sheet, Subject};
use super::{Do, aside, posts, runbook, writing};
use crate::domain::delivery::{Shown, State};
use crate::domain::ids::WorkspaceId;
use crate::domain::role::{Act, Role};
use crate::networks::Way;
use crate::ops::views::{ChannelView, DeliveryView};

/// The reason this key is greyed out; `None` when it works.
pub fn why_not(model: &Model, does: Do) -> Option<String> {
    let acting = matches!(
        does,
        Do::Reconnect
            | Do::Connect
            | Do::Probe
            | Do::ProbeAll
            | Do::Pause
            | Do::Disconnect
            | Do::Cancel
            | Do::Send
            | Do::Undo
            | Do::Live
            | Do::NotLive
            | Do::Leave
            | Do::Time
            | Do::Later
            | Do::New
            | Do::Edit
            | Do::Duplicate
            | Do::Aside
    );
    if acting && model.set.read_only {
        return Some("read only: nothing is changed from here".into());
    }
    if model.composer().is_some() {
        return writing::here(model, does);
    }
    if does == Do::Edit {
        return writing::edit(model);
    }
    if let Some(Sheet::Plan(plan)) = model.sheet() {
        return posts::plan(model, plan, does);
    }
    if let Some(Sheet::Runbook(sheet)) = model.sheet() {
        return runbook::why_not(model, sheet, does);
    }
    if let Some(Sheet::Handover(sheet)) = model.sheet() {
        let yet = does == Do::Copy && sheet.told.is_none();
        return yet.then(|| "nothing to copy yet".into());
    }
    match does {
        Do::New => writing::new(model),
        Do::Duplicate => writing::duplicate(model),
        Do::Plan => posts::nothing_late(model),
        Do::Time => posts::time(model),
        Do::Aside => aside::why_not(model),
        Do::HealthCheck => {
            let none = model.channels.loaded() && model.channels.all().next().is_none();
            none.then(|| "no channel is connected yet".into())
        }
        Do::Reconnect if model.takes_marks(Pane::Channels) => marked(model),
        Do::Reconnect => nearest(model, Act::Connect).or_else(|| unknown_network(model)),
        Do::Fold(away) if model.focus != Pane::Details => fold(model, away),
        Do::Fold(_) => no_tabs(model),
        Do::Side(_) if model.in_calendar() => None,
        Do::Side(_) if model.wall_of_tiles().is_none() => tabs(model),
        Do::Disconnect => channel(model, Act::Disconnect),
        Do::Probe => chosen_channels(model, does).or_else(|| nobody_publishes(model)),
        Do::ProbeAll => match model.channels.rows().len() {
            0 => Some("no channel here".into()),
            _ => nobody_publishes(model),
        },
        Do::Pause => chosen_channels(model, does),
        Do::Only => (model.only_here().is_none()).then(|| "no channel here".into()),
        Do::Mark => mark(model),
        Do::Range | Do::MarkAll => empty(model).then(|| "nothing to mark here".into()),
        Do::Connect => connect(model),
        Do::Cancel if model.list == Pane::Notices && model.sheet().is_none() => {
            match model.news.selected() {
                None => Some("no notice here".into()),
                Some(notice) if notice.read_at.is_some() => Some("read already".into()),
                Some(_) => None,
            }
        }
        Do::Cancel | Do::Send => chosen_posts(model, does),
        Do::Live | Do::NotLive | Do::Leave => decide(model),
        Do::Open | Do::Mend if model.wall_of_tiles().is_some() => tile(model, does),
        Do::Open if model.in_calendar() => {
            (model.delivery().is_none()).then(|| "no post here".into())
        }
        Do::Open => open(model),
        Do::Field(_) => match model.sheets.last() {
            Some(Sheet::Disconnect(sheet)) if sheet.cancels() > 0 => {
                Some("there is one field".into())
            }
            _ => None,
        },
        Do::Copy | Do::Bare | Do::Type if model.browser().is_some() => no_link(model),
        Do::Browse => no_link(model).or_else(|| nowhere_to_browse(model)),
        Do::CopyLine => no_tunnel(model),
        Do::GiveUp => model.browser().and_then(|(_, login)| match login {
            None => Some("nothing waits here".into()),
            Some(login) if login.checking => Some("an answer is being checked".into()),
            Some(_) => None,
        }),
        Do::NewLink => new_link(model),
        Do::OtherWay => other_way(model),
        Do::Another => model
            .browser()
            .and_then(|(sheet, login)| match (&sheet.channel, login) {
                (Some(_), _) => Some("this mends a channel".into()),
                (None, None) => Some("none waits yet".into()),
                (None, Some(_)) => None,
            }),
        Do::Copy => (model.nearest().is_none() && model.delivery().is_none())
            .then(|| "nothing to copy here".into()),
        Do::Workspace => (model.workspaces.len() < 2).then(|| "there is only one workspace".into()),
        Do::AllWorkspaces => {
            (model.scope.workspace().is_none()).then(|| "all are shown already".into())
        }
        _ => None,
    }
}

/// Why nothing can be done with the tile under the cursor.
fn tile(model: &Model, does: Do) -> Option<String> {
    let tiles = model.wall_of_tiles()?;
    let Some(id) = &tiles.selected else {
        return Some("no workspace here".into());
    };
    let broken = model.channels.all().any(|view| {
        view.lamp > crate::ops::views::Lamp::Green && view.summary.channel.workspace_id == *id
    });
    (does == Do::Mend && !broken).then(|| "every channel of it is healthy".into())
}

fn no_link(model: &Model) -> Option<String> {
    let login = model.browser().and_then(|(_, login)| login);
    match login {
        Some(login) if login.checking => Some("an answer is being checked".into()),
        Some(login) if login.ready.is_some() => None,
        _ => Some("there is no link yet".into()),
    }
}

fn nowhere_to_browse(model: &Model) -> Option<String> {
    if model.set.local_display {
        return None;
    }
    Some(match model.set.over_ssh {
        true => "not over SSH".into(),
        false => "no display here".into(),
    })
}

fn no_tunnel(model: &Model) -> Option<String> {
    let ready = model.browser().and_then(|(_, login)| login?.ready.as_ref());
    let line = ready.and_then(|ready| ready.tunnel.as_ref());
    match (model.set.over_ssh, line) {
        (true, Some(_)) => None,
        (true, None) => Some("no line is known here".into()),
        (false, _) => Some("only over SSH".into()),
    }
}

fn new_link(model: &Model) -> Option<String> {
    let (_, login) = model.browser()?;
    let login = login?;
    Some(if login.ready.is_none() {
        "the link is being made".into()
    } else if login.checking {
        "an answer is being checked".into()
    } else {
        "the link here is still good".into()
    })
}

fn other_way(model: &Model) -> Option<String> {
    let network = match model.sheet() {
        Some(Sheet::Browser(sheet)) => sheet.network,
        Some(Sheet::Login(login)) if login.busy.is_none() => login.network,
        _ => return Some("a login is under way".into()),
    };
    let ways = model.ways(network);
    let both = ways.contains(&Way::Browser) && ways.len() > 1;
    (!both).then(|| "there is no other way".into())
}

/// Whether Enter in the sheet would disconnect now.
pub(super) fn disconnects(model: &Model) -> bool {
    matches!(model.sheets.last(), Some(Sheet::Disconnect(sheet)) if sheet.is_confirmed())
}

/// Whether Enter in the sheet would take something up again.
pub(super) fn takes_up(model: &Model) -> bool {
    matches!(model.sheets.last(), Some(Sheet::Aside(sheet)) if sheet.ends())
}

/// Whether the delivery was refused, so that `!` tries again.
pub(super) fn is_refused(model: &Model) -> bool {
    model
        .delivery()
        .is_some_and(|view| view.shown == Shown::Failed)
}

pub(super) fn role(model: &Model, workspace: &WorkspaceId, act: Act) -> Option<String> {
    if model.may(workspace, act) {
        return None;
    }
    let have = model.role(workspace).map_or("no member", Role::name);
    let needs = act.needs().map_or("hub admin", Role::name);
    Some(format!("{have} here; that takes {needs}"))
}

/// As [`channel`], where the login under the cursor counts as well.
fn nearest(model: &Model, act: Act) -> Option<String> {
    match model.nearest() {
        None => Some("no channel here".into()),
        Some(view) => role(model, &view.summary.channel.workspace_id, act),
    }
}

/// Why a login does not fit what is marked.
fn marked(model: &Model) -> Option<String> {
    let mut reason = Some("nothing that is marked is broken".to_owned());
    for view in model.each_chosen_channel() {
        if view.lamp == crate::ops::views::Lamp::Broken {
            reason = role(model, &view.summary.channel.workspace_id, Act::Connect);
            reason.as_ref()?;
        }
    }
    reason
}

fn fold(model: &Model, away: bool) -> Option<String> {
    let rows = model.channels.rows();
    let can = match away {
        true => rows.foldable().is_some(),
        false => rows.selected().is_some_and(|row| rows.is_folded(row)),
    };
    let reason = if away {
        "nothing to fold away here"
    } else {
        "nothing is folded away here"
    };
    (!can).then(|| reason.into())
}

fn channel(model: &Model, act: Act) -> Option<String> {
    match model.channel() {
        None if model.login().is_some() => {
            Some("this is a login: choose a channel below it".into())
        }
        None => Some("no channel here".into()),
        Some(view) => role(model, &view.summary.channel.workspace_id, act),
    }
}

fn unknown_network(model: &Model) -> Option<String> {
    let network = model.nearest()?.summary.channel.kind.network();
    let known = model.set.tips.contains_key(&network);
    (!known).then(|| format!("{} is not built in yet", network.title()))
}

fn nobody_publishes(model: &Model) -> Option<String> {
    let publisher = model.publisher.as_ref()?;
    (!publisher.running).then(|| "nobody publishes, and only the publisher probes".into())
}

fn connect(model: &Model) -> Option<String> {
    match model.connect_to() {
        Some(workspace) => role(model, &workspace, Act::Connect),
        None => Some("choose a workspace with w first".into()),
    }
}

/// Whether the footer shows a key. What depends on the sort of row follows when
/// the cursor rests, like the details: a move over rows writes only these.
pub fn in_footer(model: &Model, does: Do) -> bool {
    match does {
        Do::Disconnect if model.sheet().is_none() => {
            let refused = model.set.read_only || nearest(model, Act::Disconnect).is_some();
            !refused && model.rested_login().is_none()
        }
        Do::Fold(false) => {
            let rows = model.channels.rows();
            match &model.shown {
                Some(Subject::Section(lamp)) => rows.is_folded(&Row::Section(*lamp)),
                Some(Subject::Login(id)) => rows.is_folded(&Row::Login(id.clone())),
                _ => false,
            }
        }
        _ => why_not(model, does).is_none(),
    }
}

fn no_tabs(model: &Model) -> Option<String> {
    let none = !model.tabbed();
    none.then(|| "only channels and their logins have tabs".into())
}

/// Why the tabs do not turn here.
fn tabs(model: &Model) -> Option<String> {
    let away = model.sheet().is_none() && model.focus != Pane::Details;
    no_tabs(model).or_else(|| away.then(|| "4 goes to the details, which have tabs".into()))
}

/// Why an act does not fit a channel; `stops` says that `P` pauses.
pub fn channel_refuses(model: &Model, view: &ChannelView, does: Do, stops: bool) -> Option<String> {
    let channel = &view.summary.channel;
    let act = match does {
        Do::Pause => Act::Pause,
        _ => Act::Probe,
    };
    let refused = role(model, &channel.workspace_id, act);
    let paused_already = does == Do::Pause && stops && channel.paused_at.is_some();
    refused.or_else(|| paused_already.then(|| "paused already".into()))
}

/// Why an act does not fit a post.
pub fn post_refuses(model: &Model, view: &DeliveryView, does: Do) -> Option<String> {
    let refused = role(model, &view.delivery.workspace_id, Act::Queue);
    refused.or_else(|| match does {
        Do::Cancel => cancel(view),
        _ => send(view),
    })
}

/// Those an act fits, and why it does not fit the others.
pub fn fitting<T>(all: Vec<&T>, refuses: impl Fn(&T) -> Option<String>) -> (Vec<&T>, Vec<String>) {
    let mut left = Vec::new();
    let mut fits = all;
    fits.retain(|one| match refuses(one) {
        None => true,
        Some(reason) => {
            left.push(reason);
            false
        }
    });
    (fits, left)
}

/// The reason of one of them when an act fits none of what is chosen.
fn chosen<'a, T: 'a>(
    model: &Model,
    pane: Pane,
    all: impl Iterator<Item = &'a T>,
    refuses: impl Fn(&T) -> Option<String>,
) -> Option<String> {
    let mut reason = None;
    for one in all {
        reason = Some(refuses(one)?);
    }
    reason.or_else(|| {
        let n = model.marks.count(pane);
        Some(match (model.takes_marks(pane), pane) {
            (true, _) => format!("{n} marked, none of it in sight; Esc forgets the marks"),
            (false, Pane::Queue) => "no post here".into(),
            (false, _) => "no channel here".into(),
        })
    })
}

fn chosen_channels(model: &Model, does: Do) -> Option<String> {
    let stops = does == Do::Pause && !model.all_paused();
    let refuses = |view: &ChannelView| channel_refuses(model, view, does, stops);
    chosen(model, Pane::Channels, model.each_chosen_channel(), refuses)
}

fn chosen_posts(model: &Model, does: Do) -> Option<String> {
    let refuses = |view: &DeliveryView| post_refuses(model, view, does);
    chosen(model, Pane::Queue, model.each_chosen_post(), refuses)
}

/// Whether the list here is empty.
fn empty(model: &Model) -> bool {
    match model.list {
        Pane::Queue => model.queue.views().is_empty(),
        _ => model.channels.rows().len() == 0,
    }
}

fn mark(model: &Model) -> Option<String> {
    let section = matches!(model.channels.rows().selected(), Some(Row::Section(_)));
    match model.list {
        Pane::Queue => empty(model).then(|| "no post here".into()),
        _ if section => Some("l shows them first".into()),
        _ => empty(model).then(|| "no channel here".into()),
    }
}

fn post(model: &Model) -> Result<(State, Shown), String> {
    let view = model.delivery().ok_or("no post here")?;
    match role(model, &view.delivery.workspace_id, Act::Queue) {
        Some(reason) => Err(reason),
        None => Ok((view.delivery.state, view.shown)),
    }
}

fn cancel(view: &DeliveryView) -> Option<String> {
    let reason = match view.delivery.state {
        State::Published => "it is live already",
        State::Cancelled => "cancelled already",
        State::Sending | State::Unknown | State::Confirming => "it is on its way",
        State::NeedsDecision => "decide about it first: Enter",
        _ => return None,
    };
    Some(reason.into())
}

fn send(view: &DeliveryView) -> Option<String> {
    let reason = match (view.delivery.state, view.shown) {
        (State::Published, _) => "it is live already",
        (State::Cancelled, _) => "it was cancelled; u takes that back",
        (State::Sending | State::Unknown | State::Confirming, _) => "it is on its way",
        (State::NeedsDecision, _) => "decide about it first: Enter",
        (_, Shown::Held) => "it is held: mend the channel first",
        _ => return None,
    };
    Some(reason.into())
}

fn decide(model: &Model) -> Option<String> {
    match post(model) {
        Err(reason) => Some(reason),
        Ok((State::NeedsDecision, _)) => None,
        Ok(_) => Some("there is nothing to decide".into()),
    }
}

fn open(model: &Model) -> Option<String> {
    let nothing = match model.list {
        Pane::Queue => model.queue.selected().is_none(),
        Pane::Notices => model.news.selected().is_none(),
        _ => model.channels.rows().selected().is_none(),
    };
    nothing.then(|| "nothing here".into())
}

impl Model {
    /// The login that the details show.
    pub fn rested_login(&self) -> Option<&Group> {
        match &self.shown {
            Some(Subject::Login(id)) => self.channels.group(id),
            _ => None,
        }
    }

    /// Whether all channels chosen here are paused, so that `P` resumes them.
    pub fn all_paused(&self) -> bool {
        let mut all = self.each_chosen_channel().peekable();
        all.peek().is_some() && all.all(|view| view.summary.channel.paused_at.is_some())
    }

    /// The workspace a new channel goes to: the one that is shown, the only
    /// one, or that of the row under the cursor.
    pub fn connect_to(&self) -> Option<WorkspaceId> {
        if let Some(id) = self.scope.workspace() {
            return Some(id.clone());
        }
        if let [only] = self.workspaces.as_slice() {
            return Some(only.workspace.id.clone());
        }
        self.nearest()
            .map(|view| view.summary.channel.workspace_id.clone())
    }
}
