//! What the details say about a login that mends several channels, and about a
//! section that is folded away.

use super::{
    Fact, Groups, at_risk, fact, headline, login as login_fact, set_aside, then, token, why,
};
use crate::ops::views::{ChannelView, Lamp};
use crate::tui::model::beside::MOST;
use crate::tui::model::{Group, Model, Subject, advice};
use crate::tui::theme::Role;
use crate::tui::words::span;

/// What is known of a login.
pub fn login(model: &Model, group: &Group) -> Groups {
    let wall = model.wall();
    let Some(first) = model.channels.get(&group.first) else {
        return Vec::new();
    };
    let channel = &first.summary.channel;
    let below: Vec<&ChannelView> = model.channels.below(&group.login).collect();
    let mut todo = Vec::new();
    if let Some(text) = advice::todo(model, first) {
        todo.push(Fact {
            lines: 4,
            ..fact("Do this", text)
        });
    }
    todo.extend(set_aside(group.aside.as_ref(), &wall));
    let dues = model.dues(&Subject::Login(group.login.clone()));
    todo.extend(at_risk(group.held, dues, &wall));
    todo.extend(then(group.held, dues, &wall));
    let mut evidence = why(first, &wall);
    evidence.push(login_fact(model, channel, &wall));
    evidence.push(fact("Token", token(&channel.token, &wall)));
    let proof = below
        .iter()
        .filter_map(|one| one.summary.channel.last_proof_at);
    evidence.extend(
        proof
            .max()
            .map(|at| fact("Proof", format!("last good one {}", wall.stamp(at)))),
    );
    let ids: Vec<_> = below.iter().map(|one| &one.summary.channel.id).collect();
    if ids.len() <= MOST {
        evidence.push(super::days::days(model, &ids));
    }
    evidence.push(Fact {
        lines: 1,
        role: Role::Muted,
        ..fact("Id", group.login.as_str())
    });
    vec![vec![headline(first, &wall)], todo, evidence]
}

/// What is known of a section that is folded away.
pub fn section(model: &Model, lamp: Lamp) -> Groups {
    let (shape, role) = match lamp {
        Lamp::Green => ("●", Role::Healthy),
        Lamp::Attention => ("▲", Role::Attention),
        Lamp::Broken => ("✖", Role::Broken),
    };
    let n = model.channels.listed(lamp);
    let head = Fact {
        role,
        lines: 1,
        ..fact("", format!("{shape} {} · {n} folded away", lamp.words()))
    };
    let mut facts = vec![fact("Do this", "l shows them, h folds them away again.")];
    if lamp == Lamp::Green
        && let Some(at) = model.sums.oldest_proof
    {
        let age = span(model.wall().now.since(at));
        facts.push(fact("Proof", format!("the oldest one is {age} old")));
    }
    vec![vec![head], facts]
}
