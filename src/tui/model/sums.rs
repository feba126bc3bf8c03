//! Numbers over every channel of the scope. Counted once per change, not once
//! per frame: there may be 20,000 channels.

use std::collections::HashSet;

use super::Model;
use crate::domain::delivery::State;
use crate::ops::views::Lamp;
use crate::support::time::UtcMs;

/// The numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many channels.
    pub channels: usize,
    /// Of them by lamp.
    lamps: [usize; 3],
    /// Of them by lamp, those the settled list does not show in that section.
    news: [usize; 3],
    /// Broken ones that a login mends, and how many logins that takes.
    pub mended: (usize, usize),
    /// Scheduled posts, held ones included.
    pub scheduled: u64,
    /// Held posts.
    pub held: u64,
    /// Posts whose time passed.
    pub missed: u64,
    /// Posts a person must decide about.
    pub to_decide: u64,
    /// Posts that were refused.
    pub failed: u64,
    /// When the next post goes out that nothing holds.
    pub next_due: Option<UtcMs>,
    /// The oldest proof of a healthy channel.
    pub oldest_proof: Option<UtcMs>,
}

fn at(lamp: Lamp) -> usize {
    match lamp {
        Lamp::Green => 0,
        Lamp::Attention => 1,
        Lamp::Broken => 2,
    }
}

impl Sums {
    /// How many channels have this lamp.
    pub fn lamps(&self, lamp: Lamp) -> usize {
        self.lamps[at(lamp)]
    }

    /// How many came to this lamp since the order was settled.
    pub fn news(&self, lamp: Lamp) -> usize {
        self.news[at(lamp)]
    }

    /// Counts.
    pub fn of(model: &Model) -> Self {
        let mut it = Self::default();
        let mut logins = HashSet::new();
        let only = model.scope.workspace();
        for (view, settled) in model.channels.with_settled() {
            if only.is_some_and(|id| *id != view.summary.channel.workspace_id) {
                continue;
            }
            let summary = &view.summary;
            let channel = &summary.channel;
            it.channels += 1;
            it.lamps[at(view.lamp)] += 1;
            if !settled {
                it.news[at(view.lamp)] += 1;
            }
            it.scheduled += summary.count(State::Scheduled);
            it.held += view.held;
            it.missed += summary.count(State::Missed);
            it.to_decide += summary.count(State::NeedsDecision);
            it.failed += summary.count(State::Failed);
            if channel.can_send() {
                it.next_due = earliest(it.next_due, summary.next_due);
            }
            if view.lamp == Lamp::Green {
                it.oldest_proof = earliest(it.oldest_proof, channel.last_proof_at);
            }
            if view.lamp == Lamp::Broken && view.mends_by_login() {
                it.mended.0 += 1;
                logins.insert(channel.login_id.as_ref());
            }
        }
        it.mended.1 = logins.len();
        it
    }
}

fn earliest(a: Option<UtcMs>, b: Option<UtcMs>) -> Option<UtcMs> {
    [a, b].into_iter().flatten().min()
}
