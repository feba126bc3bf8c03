//! The sheet that gives posts another time, and what is typed into it.

use super::requests::RequestId;
use super::{Model, Wall};
use crate::domain::when::{Order, When, WhenError, parse_order, zone, zone_name};
use crate::ops::OpError;
use crate::ops::views::DeliveryView;
use crate::support::time::UtcMs;
use crate::tui::widgets::Field;

/// Another time for some posts.
#[derive(Debug)]
pub struct Timing {
    /// The posts, in the order of their times.
    pub posts: Vec<DeliveryView>,
    /// The answer goes into the release plan below instead of to the queue.
    pub for_plan: bool,
    /// What is typed.
    pub field: Field,
    /// The request under way.
    pub busy: Option<RequestId>,
    /// Why the last try did not work.
    pub error: Option<OpError>,
}

impl Timing {
    /// A sheet for these posts.
    pub fn new(mut posts: Vec<DeliveryView>, for_plan: bool) -> Self {
        posts.sort_by(|a, b| a.delivery.place().cmp(&b.delivery.place()));
        Self {
            posts,
            for_plan,
            field: Field::plain(),
            busy: None,
            error: None,
        }
    }

    /// What is typed and the time it means for each post; `None` while nothing
    /// is typed.
    ///
    /// # Errors
    /// What is wrong with it and what to write instead.
    pub fn meant(&self, now: UtcMs) -> Option<Result<(Order, Vec<When>), WhenError>> {
        if self.field.is_empty() {
            return None;
        }
        let posts: Vec<(UtcMs, &str)> = self
            .posts
            .iter()
            .map(|view| (view.delivery.due, view.delivery.timezone.as_str()))
            .collect();
        let both = parse_order(self.field.text())
            .and_then(|order| order.times(&posts, now).map(|times| (order, times)));
        Some(both)
    }
}

/// An instant in the clock of a zone and in the operator's, and how far away:
/// `Sun 22 Nov 09:30 New York (Acme) = 15:30 CET (you), in 25 h`.
pub fn both_clocks(model: &Model, at: UtcMs, zone_of: &str, whose: &str) -> String {
    let wall = model.wall();
    let mine = model.set.zone.iana_name().unwrap_or_default();
    let Some(zone) = zone(zone_of)
        .ok()
        .filter(|_| zone_name(zone_of) != zone_name(mine))
    else {
        return format!("{}, {}", wall.full(at), wall.relative(at));
    };
    let city = zone_of.rsplit('/').next().unwrap_or(zone_of);
    let there = Wall {
        now: wall.now,
        zone,
    };
    let (said, here) = (there.full(at), wall.short(at));
    // The day is said once, where it is the same one in both.
    let day = said.split(' ').next().unwrap_or_default();
    let here = here
        .strip_prefix(day)
        .map_or(here.as_str(), str::trim_start);
    let clock = said
        .rsplit_once(' ')
        .map_or(said.as_str(), |(clock, _)| clock);
    format!(
        "{clock} {} ({whose}) = {here} (you), {}",
        city.replace('_', " "),
        wall.relative(at)
    )
}
