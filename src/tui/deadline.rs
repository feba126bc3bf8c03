//! When the screen has to look at itself again without anybody telling it.
//! There is no tick: the instants follow from what is shown.

use std::time::Duration;

use super::model::Model;
use crate::support::time::UtcMs;

/// The next instants: one of the hub's clock, one of boot time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The texts that name times change.
    pub wall: UtcMs,
    /// A message goes, or a countdown goes on.
    pub boot: Option<Duration>,
}

/// The next instants of this model.
pub fn deadline(model: &Model) -> Deadline {
    let step = if model.last_minute() { 10_000 } else { 60_000 };
    let mut wall = UtcMs(model.current_slot().0 + step);
    if let Some(due) = model.next_due() {
        // From here on the slots are shorter.
        let last_minute = UtcMs(due.0 - 60_000 + 1);
        if last_minute > model.now {
            wall = wall.min(last_minute);
        }
    }
    let countdown = model.pending.iter().map(|pending| {
        let left = pending.left(model.boot);
        pending
            .at
            .saturating_sub(Duration::from_secs(left.saturating_sub(1)))
    });
    let silence = model.browser().and_then(|(_, login)| {
        let login = login.filter(|login| login.takes_answers())?;
        Some(login.silent_from()).filter(|at| *at > model.boot)
    });
    let keeping = model.writings.iter();
    let keeping = keeping
        .filter(|one| one.is_unkept())
        .filter_map(|one| one.keeping.due());
    Deadline {
        wall,
        boot: countdown
            .chain(model.line.deadline())
            .chain(model.moving)
            // Where the cursor moves on, its rest sets another one.
            .chain(model.beside.drawn_by.filter(|_| model.moving.is_none()))
            .chain(silence)
            .chain(keeping)
            .chain(model.writings.iter().filter_map(|one| one.near.retry()))
            .min(),
    }
}
