//! Every world that can be reached, and the way to the first one that must not.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::super::delivery::State;
use super::moves::Model;
use super::world::World;

/// Names of what happened, in order.
pub type Trace = Vec<&'static str>;

/// What a search to the end found.
#[derive(Default, Debug)]
pub struct Report {
    pub worlds: usize,
    /// Live twice.
    pub duplicate: Option<Trace>,
    /// Shown as not going out (or as never sent), yet live.
    pub hidden: Option<Trace>,
    /// No way from here to an end or to a question.
    pub stuck: Option<World>,
}

/// A world's bits are its name; they only need spreading.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only whole numbers are looked up");
    }

    fn write_u128(&mut self, bits: u128) {
        let folded = (bits >> 64) as u64 ^ (bits as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = (folded ^ folded >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
}

type Ids = HashMap<u128, u32, BuildHasherDefault<Spread>>;

/// Searches every order of events, breadth first: the first trace found is one
/// of the shortest. It ends when no world is left that was not looked at.
pub fn search(model: &Model) -> Report {
    let (bits, start) = model.start().kept();
    let mut ids = Ids::default();
    ids.insert(bits, 0);
    let mut worlds = vec![start];
    let mut from: Vec<(u32, &'static str)> = vec![(0, "")];
    let mut back: Vec<(u32, u32)> = Vec::new();
    let mut ends = Vec::new();
    let mut report = Report::default();
    let mut at = 0;
    while at < worlds.len() {
        let world = worlds[at];
        let id = at as u32;
        at += 1;
        if world.live > 1 && report.duplicate.is_none() {
            report.duplicate = Some(trace(&from, id));
        }
        let denied = matches!(
            world.state,
            State::Cancelled | State::Failed | State::Missed
        );
        let nothing_under_way = world.wire.iter().all(Option::is_none);
        if denied && world.live > 0 && nothing_under_way && report.hidden.is_none() {
            report.hidden = Some(trace(&from, id));
        }
        if denied || matches!(world.state, State::Published | State::NeedsDecision) {
            ends.push(id);
        }
        for (name, next) in model.moves(&world) {
            let (bits, next) = next.kept();
            let to = *ids.entry(bits).or_insert_with(|| {
                worlds.push(next);
                from.push((id, name));
                worlds.len() as u32 - 1
            });
            back.push((to, id));
        }
    }
    report.worlds = worlds.len();
    report.stuck = stuck(&worlds, back, ends);
    report
}

/// The way to a world.
fn trace(from: &[(u32, &'static str)], mut at: u32) -> Trace {
    let mut names = Vec::new();
    while at != 0 {
        let (before, name) = from[at as usize];
        names.push(name);
        at = before;
    }
    names.reverse();
    names
}

/// A world from which no end can be reached; `back` are the moves, turned round.
fn stuck(worlds: &[World], mut back: Vec<(u32, u32)>, mut ends: Vec<u32>) -> Option<World> {
    back.sort_unstable();
    let mut good = vec![false; worlds.len()];
    for end in &ends {
        good[*end as usize] = true;
    }
    while let Some(id) = ends.pop() {
        let first = back.partition_point(|(to, _)| *to < id);
        for (_, before) in back[first..].iter().take_while(|(to, _)| *to == id) {
            if !std::mem::replace(&mut good[*before as usize], true) {
                ends.push(*before);
            }
        }
    }
    let at = good.iter().position(|good| !good)?;
    Some(worlds[at])
}
