//! What the details say about a channel or a delivery: labelled lines, in the
//! order of the questions an operator has.

mod days;
mod login;
mod post;

pub use days::{DAYS as DAYS_LABEL, latest};

pub use login::{login as of_login, section};
pub use post::{LINK as LINK_LABEL, delivery};

use std::time::Duration;

use super::{Model, advice};
use crate::domain::aside::Aside;
use crate::domain::channel::{Channel, Expiry, TokenFacts};
use crate::domain::delivery::{Shown, State};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::ops::views::{ChannelView, DeliveryView, Lamp};
use crate::support::time::UtcMs;
use crate::tui::theme::Role;
use crate::tui::words::{self, Wall, span};

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it answers; empty for the headline.
    pub label: &'static str,
    /// The answer.
    pub text: String,
    /// How it is meant.
    pub role: Role,
    /// How many lines it may take.
    pub lines: usize,
}

fn fact(label: &'static str, text: impl Into<String>) -> Fact {
    Fact {
        label,
        text: text.into(),
        role: Role::Plain,
        lines: 3,
    }
}

/// The facts, in groups that a blank line parts.
pub type Groups = Vec<Vec<Fact>>;

/// The lamp with its word and the reason.
pub fn headline(view: &ChannelView, wall: &Wall) -> Fact {
    let channel = &view.summary.channel;
    let (shape, word, role) = match view.lamp {
        Lamp::Green => ("●", "Healthy", Role::Healthy),
        Lamp::Attention => ("▲", "Attention", Role::Attention),
        Lamp::Broken => ("✖", "Broken", Role::Broken),
    };
    let mut text = format!("{shape} {word}");
    if view.lamp != Lamp::Green {
        text.push_str(&format!(" · {}", view.words));
    }
    if view.lamp == Lamp::Broken {
        text.push_str(&format!(
            " · since {} ({})",
            wall.clock(channel.status_since),
            span(wall.now.since(channel.status_since))
        ));
    }
    if channel.paused_at.is_some() {
        text.push_str(" · ‖ paused");
    }
    Fact {
        role,
        lines: 1,
        ..fact("", text)
    }
}

/// What is known of a channel.
pub fn channel(model: &Model, view: &ChannelView) -> Groups {
    let wall = model.wall();
    let channel = &view.summary.channel;
    let mut first = Vec::new();
    if let Some(text) = advice::todo(model, view) {
        first.push(Fact {
            lines: 4,
            ..fact("Do this", text)
        });
    }
    first.extend(paused(model, channel, &wall));
    first.extend(set_aside(view.aside.as_ref(), &wall));
    let whose = Whose::channel(view);
    first.extend(at_risk(model, &whose, &wall).or_else(|| in_danger(view, &wall)));
    if view.mends_by_login() {
        first.extend(then(model, &whose, &wall));
    }
    first.extend(queued(view, &wall));
    let mut evidence = why(view, &wall);
    evidence.push(login(model, channel, &wall));
    evidence.push(fact("Token", token(&channel.token, &wall)));
    evidence.extend(scopes(channel));
    evidence.push(fact(
        "Proof",
        match channel.last_proof_at {
            Some(at) if view.lamp == Lamp::Broken => format!("last good one {}", wall.stamp(at)),
            // A proof may be newer than the minute the screen shows.
            Some(at) => format!("{}, at {}", wall.relative(at.min(wall.now)), wall.stamp(at)),
            None => "none yet".into(),
        },
    ));
    evidence.extend(
        channel
            .last_published_at
            .map(|at| fact("Sent", format!("last post went out {}", wall.stamp(at)))),
    );
    evidence.push(days::days(model, &[&channel.id]));
    evidence.push(Fact {
        lines: 1,
        role: Role::Muted,
        ..fact("Id", channel.id.as_str())
    });
    vec![vec![headline(view, &wall)], first, evidence]
}

fn paused(model: &Model, channel: &Channel, wall: &Wall) -> Option<Fact> {
    let at = channel.paused_at?;
    let by = channel
        .paused_by
        .as_ref()
        .and_then(|id| model.person(id))
        .map_or_else(String::new, |name| format!(" by {name}"));
    Some(fact(
        "Paused",
        format!(
            "since {}{by}; its posts are held. P resumes.",
            wall.stamp(at)
        ),
    ))
}

/// Who took it on.
fn set_aside(aside: Option<&Aside>, wall: &Wall) -> Option<Fact> {
    let aside = aside.filter(|one| one.lasts(wall.now))?;
    let text = format!(
        "by {} until {}{}",
        aside.by_name,
        wall.stamp(aside.until),
        words::quoted_note(&aside.note)
    );
    Some(fact("Aside", text))
}

/// Whose held posts are spoken of.
struct Whose<'a> {
    held: u64,
    /// The first that is still to come or late.
    next: Option<UtcMs>,
    workspace: &'a WorkspaceId,
    is: Box<dyn Fn(&ChannelId) -> bool + 'a>,
}

impl<'a> Whose<'a> {
    fn channel(view: &'a ChannelView) -> Self {
        let channel = &view.summary.channel;
        Self {
            held: view.held,
            next: view.summary.next_due,
            workspace: &channel.workspace_id,
            is: Box::new(|id| *id == channel.id),
        }
    }

    /// Those of them that are in the window of the queue.
    fn posts<'m>(&'m self, model: &'m Model) -> impl Iterator<Item = &'m DeliveryView> {
        let held = |one: &&DeliveryView| one.shown == Shown::Held;
        let held = model.queue.views().iter().filter(held);
        held.filter(|one| (self.is)(&one.delivery.channel_id))
    }
}

/// The posts that go out for now, and from when on no more.
fn in_danger(view: &ChannelView, wall: &Wall) -> Option<Fact> {
    let at = view.first_hit.filter(|_| view.lamp == Lamp::Attention)?;
    let text = format!("posts from {} on, {}", wall.clock(at), wall.relative(at));
    Some(fact("At risk", text))
}

/// The posts that are held.
fn at_risk(model: &Model, whose: &Whose<'_>, wall: &Wall) -> Option<Fact> {
    if whose.held == 0 {
        return None;
    }
    let held: Vec<&DeliveryView> = whose.posts(model).collect();
    let late: Vec<&&DeliveryView> = held
        .iter()
        .filter(|one| one.delivery.due <= wall.now)
        .collect();
    let today = held
        .iter()
        .filter(|one| one.delivery.due > wall.now && wall.same_day(one.delivery.due, wall.now))
        .count();
    let mut parts = Vec::new();
    if let Some(first) = late.first() {
        parts.push(format!(
            "{} late since {}",
            late.len(),
            wall.clock(first.delivery.due)
        ));
    }
    match (today, late.is_empty()) {
        (0, _) => {}
        (n, true) => parts.push(format!("{n} today")),
        (n, false) => parts.push(format!("{n} more today")),
    }
    if late.is_empty()
        && let Some(due) = whose.next
    {
        parts.push(format!("the first {}", wall.relative(due)));
    }
    let head = words::count(whose.held, "post held", "posts held");
    Some(fact(
        "At risk",
        if parts.is_empty() {
            head
        } else {
            format!("{head}: {}", parts.join(", "))
        },
    ))
}

/// What the held posts do once a login mended the channel.
fn then(model: &Model, whose: &Whose<'_>, wall: &Wall) -> Option<Fact> {
    if whose.held == 0 {
        return None;
    }
    let limit = model
        .workspaces
        .iter()
        .find(|one| one.workspace.id == *whose.workspace)
        .map_or(Duration::MAX, |one| one.workspace.late_limit);
    let held = whose.posts(model);
    let lateness: Vec<Duration> = held
        .map(|one| wall.now.since(one.delivery.due))
        .filter(|late| !late.is_zero())
        .collect();
    let (late, missed): (Vec<Duration>, Vec<Duration>) =
        lateness.iter().partition(|late| **late <= limit);
    let on_time = usize::try_from(whose.held)
        .unwrap_or(usize::MAX)
        .saturating_sub(lateness.len());
    let goes = |n: usize| if n == 1 { "goes" } else { "go" };
    let mut parts = Vec::new();
    if on_time > 0 {
        parts.push(format!("{on_time} {} out on time", goes(on_time)));
    }
    if let Some(most) = late.iter().max() {
        let most = span(*most);
        let up_to = if late.len() == 1 { "" } else { "up to " };
        parts.push(format!(
            "{} {} out {up_to}{most} late",
            late.len(),
            goes(late.len())
        ));
    }
    if !missed.is_empty() {
        let asks = if missed.len() == 1 { "asks" } else { "ask" };
        parts.push(format!("{} {asks} first", missed.len()));
    }
    Some(fact("Then", parts.join(", ")))
}

fn queued(view: &ChannelView, wall: &Wall) -> Option<Fact> {
    let summary = &view.summary;
    let scheduled = summary.count(State::Scheduled).saturating_sub(view.held);
    let mut parts = Vec::new();
    if scheduled > 0 {
        let next = summary.next_due.map_or_else(String::new, |at| {
            format!(", next {} {}", wall.clock(at), wall.relative(at))
        });
        parts.push(format!(
            "{}{next}",
            words::count(scheduled, "post", "posts")
        ));
    }
    for (state, word) in [
        (State::Missed, "missed"),
        (State::NeedsDecision, "to decide"),
        (State::Failed, "failed"),
    ] {
        let n = summary.count(state);
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    if parts.is_empty() && view.held == 0 {
        parts.push("nothing scheduled".into());
    }
    (!parts.is_empty()).then(|| fact("Queue", parts.join(" · ")))
}

fn why(view: &ChannelView, wall: &Wall) -> Vec<Fact> {
    let channel = &view.summary.channel;
    let evidence = &channel.evidence;
    if view.lamp == Lamp::Green {
        return Vec::new();
    }
    let mut head = Vec::new();
    head.extend(evidence.http_status.map(|status| status.to_string()));
    head.extend(evidence.network_code.clone());
    let mut text = head.join(" · ");
    if !text.is_empty() {
        text.push_str(&format!(" at {}", wall.clock(channel.status_since)));
    }
    if let Some(call) = &evidence.seen_by {
        text.push_str(&format!(", seen by {call}"));
    }
    let mut facts = Vec::new();
    if !text.is_empty() {
        facts.push(fact("Why", text.trim_start_matches(", ")));
    }
    if let Some(message) = &evidence.message {
        let label = if facts.is_empty() { "Why" } else { "" };
        facts.push(fact(label, format!("“{}”", words_of(message))));
    }
    if let (Some(error), true) = (
        &channel.token.last_refresh_error,
        channel.token.refresh_failures > 0,
    ) {
        facts.push(fact(
            "Refresh",
            format!(
                "failed {} of 3: {}",
                channel.token.refresh_failures,
                words_of(error)
            ),
        ));
    }
    facts
}

fn words_of(text: &str) -> String {
    crate::tui::widgets::text::one_line(text)
}

fn login(model: &Model, channel: &Channel, wall: &Wall) -> Fact {
    let method = channel.login_method.replace('_', " ");
    let by = |id| {
        model
            .person(id)
            .map_or_else(String::new, |name| format!(" by {name}"))
    };
    let mut text = format!(
        "{method} · connected {}{}",
        wall.date(channel.connected_at),
        by(&channel.connected_by)
    );
    if let (Some(at), Some(who)) = (channel.reconnected_at, &channel.reconnected_by) {
        text.push_str(&format!(", again {}{}", wall.stamp(at), by(who)));
    }
    fact("Login", text)
}

fn token(token: &TokenFacts, wall: &Wall) -> String {
    if token.generation == 0 {
        return "none".into();
    }
    let end = |at: Option<UtcMs>, expiry: Expiry| match (expiry, at) {
        (Expiry::Never, _) => "does not end".to_owned(),
        (_, Some(at)) if at <= wall.now => format!("ended {}", wall.stamp(at)),
        (Expiry::Estimated, Some(at)) => format!("ends about {}", wall.clock(at)),
        (_, Some(at)) => format!("ends {}", wall.clock(at)),
        (_, None) => "end unknown".to_owned(),
    };
    // A token of hours renews itself; what counts is the end of the login.
    let short = token
        .token_expires_at
        .is_some_and(|at| at.since(wall.now) < Duration::from_secs(48 * 3600));
    let mut text = if short && token.grant_expiry != Expiry::Unknown {
        format!("login {}", end(token.grant_expires_at, token.grant_expiry))
    } else {
        end(token.token_expires_at, token.token_expiry)
    };
    if let Some(at) = token.last_refreshed_at {
        text.push_str(&format!(" · refreshed {}", wall.stamp(at)));
    }
    text
}

fn scopes(channel: &Channel) -> Option<Fact> {
    let mut parts: Vec<String> = channel
        .scopes
        .iter()
        .map(|one| format!("✓ {one}"))
        .collect();
    parts.extend(channel.missing_scopes.iter().map(|one| format!("✖ {one}")));
    (!parts.is_empty()).then(|| fact("Scopes", parts.join("  ")))
}
