//! Handing over: what broke and healed, what is open, who took what on, and what
//! is due and at risk in the next hours, for whoever comes next.

use std::collections::HashMap;
use std::time::Duration;

use super::runbook::{self, Item, Of};
use super::views::{self, ChannelView, DeliveryView, QueueFilter};
use super::{Hub, OpError, Scope};
use crate::domain::delivery::Shown;
use crate::domain::ids::ChannelId;
use crate::domain::words::{Wall, count};
use crate::support::sanitize;
use crate::support::time::UtcMs;

/// A shift: how far back is looked unless something else is said, and how far
/// ahead.
pub const SHIFT: Duration = Duration::from_secs(12 * 3_600);

/// Of each sort so many are named.
const NAMED: usize = 12;

/// So many coming posts are read.
const READ: u32 = 2_000;

/// A channel that broke or healed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// `acme/bs:@acme.example`.
    pub name: String,
    /// When, the last time.
    pub at: UtcMs,
    /// Its cause, or who mended it.
    pub said: String,
}

/// What is handed over.
#[derive(Clone, Debug)]
pub struct Handover {
    /// When it was read: it says that whenever it is shown.
    pub at: UtcMs,
    /// Since when.
    pub since: UtcMs,
    /// How it stands, and what is open.
    pub walk: runbook::Walk,
    /// What broke and is broken still.
    pub broke: Vec<Turned>,
    /// What healed, and is well.
    pub healed: Vec<Turned>,
    /// How many posts went out.
    pub went_out: u64,
    /// How many failed.
    pub failed: u64,
    /// Of these two there may be more: counting was stopped.
    pub more: bool,
    /// What goes on and is theirs: a network in bad weather.
    pub theirs: Vec<String>,
    /// Who publishes, in words.
    pub publisher: String,
    /// Posts due within a shift.
    pub due: u64,
    /// There are more of them than were read.
    pub more_due: bool,
    /// The first of them.
    pub next: Option<UtcMs>,
    /// Those of them that will not go out as it stands.
    pub at_risk: Vec<DeliveryView>,
}

/// What there is to hand over.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn handover(hub: &Hub, scope: &Scope, since: Option<UtcMs>) -> Result<Handover, OpError> {
    let now = hub.clock.now();
    let since = since.unwrap_or_else(|| now.minus(SHIFT));
    let walk = runbook::walk(hub, &Of::Scope(scope.clone()), None).await?;
    let channels = views::channels(hub, scope).await?;
    let happened = views::since(hub, scope, since).await?;
    let coming = views::queue(
        hub,
        QueueFilter {
            scope: scope.clone(),
            states: vec![Shown::Scheduled, Shown::Held],
            until: Some(now.plus(SHIFT)),
            // One more than is told, so that it is known whether that is all.
            limit: READ + 1,
            ..QueueFilter::default()
        },
    );
    let mut coming = coming.await?;
    let more_due = coming.len() > READ as usize;
    coming.truncate(READ as usize);
    let publisher = super::publisher::publisher(hub).await?;
    let incidents = views::incidents(hub, scope, true, 200).await?;
    let of: HashMap<ChannelId, ChannelView> = channels
        .into_iter()
        .map(|view| (view.summary.channel.id.clone(), view))
        .collect();
    let turns = hub.look(move |q, _| Ok(q.turns_since(since)?)).await?;
    let mut broke = HashMap::new();
    let mut healed = HashMap::new();
    for turn in turns {
        let Some(view) = of.get(&turn.channel) else {
            continue;
        };
        let broken = view.lamp == views::Lamp::Broken;
        let said = match (&turn.by, turn.healed) {
            (_, false) => view.words.clone(),
            (Some((_, name)), true) => format!("by {name}"),
            (None, true) => "by itself".into(),
        };
        let row = Turned {
            name: sanitize::line(&view.full_name()),
            at: turn.at,
            said,
        };
        // What broke and healed meanwhile is well, and the other way round.
        match (turn.healed, broken) {
            (false, true) => broke.insert(turn.channel, row),
            (true, false) => healed.insert(turn.channel, row),
            _ => None,
        };
    }
    let risks = |view: &DeliveryView| {
        let channel = of.get(&view.delivery.channel_id);
        let ends = channel.and_then(|view| view.first_hit);
        view.shown == Shown::Held || ends.is_some_and(|end| end <= view.delivery.due)
    };
    let due = coming.len() as u64;
    let next = coming.iter().map(|view| view.delivery.due);
    let next = next.filter(|at| *at > now).min();
    Ok(Handover {
        at: now,
        since,
        walk,
        broke: by_time(broke),
        healed: by_time(healed),
        went_out: happened.sent,
        failed: happened.failed,
        more: happened.more,
        theirs: incidents
            .into_iter()
            .filter(|one| one.kind == crate::store::weather::WEATHER)
            .map(|one| one.text)
            .collect(),
        publisher: publisher_words(&publisher),
        due,
        more_due,
        next,
        at_risk: coming.into_iter().filter(risks).collect(),
    })
}

fn by_time(rows: HashMap<ChannelId, Turned>) -> Vec<Turned> {
    let mut rows: Vec<Turned> = rows.into_values().collect();
    rows.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    rows
}

fn publisher_words(view: &super::publisher::PublisherView) -> String {
    match (view.running, view.silent, view.kind) {
        (true, false, Some(kind)) => format!("a {} publishes", kind.name()),
        (true, ..) => "the publisher gives no sign of life".into(),
        (false, ..) => "NOBODY PUBLISHES".into(),
    }
}

impl Handover {
    /// What is open or set aside, numbered lines with their commands.
    pub fn open(&self, wall: &Wall) -> Vec<Item> {
        runbook::items(&self.walk, wall)
    }

    /// All of it as lines of text.
    pub fn lines(&self, of: &str, wall: &Wall) -> Vec<String> {
        let walk = &self.walk;
        // It is as old as it is, however late it is read or copied.
        let wall = &Wall {
            now: self.at,
            zone: wall.zone.clone(),
        };
        let mut lines = vec![
            format!("Handover of {of}, {}", wall.full(self.at)),
            format!(
                "{} of {} healthy · {}",
                walk.healthy,
                count(walk.channels as u64, "channel", "channels"),
                self.publisher
            ),
            String::new(),
            format!("Since {}", wall.stamp(self.since)),
            format!(
                "  {}{} went out, {} failed",
                at_least(self.more),
                posts(self.went_out),
                self.failed
            ),
        ];
        lines.extend(turned("broke", &self.broke, wall));
        lines.extend(turned("healed", &self.healed, wall));
        lines.push(String::new());
        let open = self.open(wall);
        lines.push(match open.len() {
            0 => "Nothing is open".into(),
            n => format!("Open {n}"),
        });
        for (at, item) in open.iter().enumerate() {
            lines.extend(item.lines(at + 1, wall));
        }
        lines.extend(self.theirs.iter().map(|text| format!("Theirs: {text}")));
        lines.push(String::new());
        let next = self
            .next
            .map_or_else(String::new, |at| format!(", the next {}", wall.clock(at)));
        lines.push(format!(
            "Due in 12 h: {0}{1}{next}; {0}{2} at risk",
            at_least(self.more_due),
            posts(self.due),
            self.at_risk.len()
        ));
        let most = self.at_risk.iter().take(NAMED);
        lines.extend(most.map(|view| format!("  {}", risk(view, wall))));
        lines.extend(more(self.at_risk.len()));
        lines.push(walk.after(wall));
        lines
    }
}

/// `14:30 acme/x:@acme, held`.
fn risk(view: &DeliveryView, wall: &Wall) -> String {
    let word = match (view.shown, view.delivery.due <= wall.now) {
        (Shown::Held, true) => "held, late",
        (Shown::Held, false) => "held",
        _ => "its login ends before",
    };
    sanitize::line(&format!(
        "{} {}/{}:@{}, {word}",
        wall.clock(view.delivery.due),
        view.workspace_slug,
        view.channel_kind.network().short(),
        view.channel_handle,
    ))
}

/// What stands before a number where counting was stopped.
fn at_least(more: bool) -> &'static str {
    match more {
        true => "at least ",
        false => "",
    }
}

fn posts(n: u64) -> String {
    count(n, "post", "posts")
}

fn turned(word: &str, rows: &[Turned], wall: &Wall) -> Vec<String> {
    let head = match rows.len() {
        0 => format!("  nothing {word}"),
        n => format!("  {n} {word}"),
    };
    let named = rows.iter().take(NAMED);
    let named = named.map(|row| format!("    {} {}, {}", wall.clock(row.at), row.name, row.said));
    let mut lines = vec![head];
    lines.extend(named);
    lines.extend(more(rows.len()).map(|line| format!("  {line}")));
    lines
}

fn more(n: usize) -> Option<String> {
    let more = n.saturating_sub(NAMED);
    (more > 0).then(|| format!("  and {more} more"))
}

/// How people name what is handed over.
pub fn name_of(scope: &Scope, workspaces: &[super::workspaces::WorkspaceView]) -> String {
    match scope {
        Scope::All => match workspaces {
            [one] => one.workspace.name.clone(),
            many => format!("all {} workspaces", many.len()),
        },
        Scope::Workspace(id) => workspaces
            .iter()
            .find(|one| one.workspace.id == *id)
            .map_or_else(String::new, |one| one.workspace.name.clone()),
    }
}
