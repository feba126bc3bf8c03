//! What the details say about a channel or a delivery: labelled lines, in the
//! order of the questions an operator has.

mod days;
mod login;
mod post;

pub use days::{DAYS as DAYS_LABEL, latest};

pub use login::{login as of_login, section};
pub use post::{LINK as LINK_LABEL, delivery};

use std::time::Duration;

use super::{Model, Subject, advice};
use crate::domain::aside::Aside;
use crate::domain::channel::{Channel, Expiry, TokenFacts};
use crate::domain::delivery::State;
use crate::domain::dues::Dues;
use crate::ops::views::{ChannelView, Lamp};
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
    let dues = model.dues(&Subject::Channel(channel.id.clone()));
    first.extend(at_risk(view.held, dues, &wall).or_else(|| in_danger(view, dues, &wall)));
    if view.mends_by_login() {
        first.extend(then(view.held, dues, &wall));
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

/// The posts that go out for now, and from when on no more.
fn in_danger(view: &ChannelView, dues: Option<&Dues>, wall: &Wall) -> Option<Fact> {
    let at = view.first_hit.filter(|_| view.lamp == Lamp::Attention)?;
    let posts = match dues.map_or(0, |dues| dues.after_end) {
        0 => "posts".to_owned(),
        n => words::count(n, "post", "posts"),
    };
    let text = format!("{posts} from {} on, {}", wall.clock(at), wall.relative(at));
    Some(fact("At risk", text))
}

/// The posts that are held. How many is known of every channel; the rest once
/// it was read.
fn at_risk(held: u64, dues: Option<&Dues>, wall: &Wall) -> Option<Fact> {
    if held == 0 {
        return None;
    }
    let mut parts = Vec::new();
    if let Some(dues) = dues {
        parts.extend(dues.late_since.map(|first| {
            let (late, at) = (dues.late, wall.clock(first));
            format!("{late} late since {at}")
        }));
        match (dues.today, dues.late) {
            (0, _) => {}
            (n, 0) => parts.push(format!("{n} today")),
            (n, _) => parts.push(format!("{n} more today")),
        }
        parts.extend(dues.next.and_then(|next| match (dues.late, dues.today) {
            (0, _) => Some(format!("the first {}", wall.relative(next))),
            (_, 0) => Some(format!("next {}", wall.clock(next))),
            _ => None,
        }));
    }
    let head = words::count(held, "post held", "posts held");
    Some(fact(
        "At risk",
        if parts.is_empty() {
            head
        } else {
            format!("{head}: {}", parts.join(", "))
        },
    ))
}

/// What the held posts do once a login mended the channel. Before that is read
/// its line is there and says nothing, so that nothing moves.
fn then(held: u64, dues: Option<&Dues>, wall: &Wall) -> Option<Fact> {
    if held == 0 {
        return None;
    }
    let Some(dues) = dues else {
        return Some(fact("", ""));
    };
    let goes = |n: u64| if n == 1 { "goes" } else { "go" };
    let mut parts = Vec::new();
    let on_time = dues.on_time();
    if on_time > 0 {
        parts.push(format!("{on_time} {} out on time", goes(on_time)));
    }
    if let (Some(first), n @ 1..) = (dues.goes_late_from, dues.goes_late) {
        let most = span(wall.now.since(first));
        let up_to = if n == 1 { "" } else { "up to " };
        parts.push(format!("{n} {} out {up_to}{most} late", goes(n)));
    }
    if dues.asks > 0 {
        let asks = if dues.asks == 1 { "asks" } else { "ask" };
        parts.push(format!("{} {asks} first", dues.asks));
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
