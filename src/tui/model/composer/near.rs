//! Which other posts go out near to the one that is being written, as far as
//! that is known.

use std::time::Duration;

use super::Composer;
use crate::domain::ids::ChannelId;
use crate::ops::posts::Place;
use crate::support::time::UtcMs;
use crate::tui::model::requests::RequestId;

/// A minute: times that depend on now are looked at anew once in it.
const MINUTE: i64 = 60_000;

/// What could not be read is asked again after so long.
const PAUSE: Duration = Duration::from_secs(10);

/// What is near to it.
#[derive(Debug, Default)]
pub struct Near {
    /// For when and where that is known, or is being asked.
    of: Option<Place>,
    /// What answers.
    under_way: Option<RequestId>,
    /// Where another post is near, and when.
    found: Vec<(ChannelId, UtcMs)>,
    /// It could not be read: when it is asked again.
    failed: Option<Duration>,
    /// Posts changed since: it is asked again, and what is known stays meanwhile.
    again: bool,
}

impl Near {
    /// What has to be asked now: `place` is where it would go out, while that can
    /// be told. One question at a time.
    pub fn wanted(&mut self, place: Option<Place>, boot: Duration) -> Option<Place> {
        let over = self.retry().is_some_and(|at| at <= boot);
        let again = place == self.of && (self.again || over);
        if self.under_way.is_some() || (place == self.of && !again) {
            return None;
        }
        self.again = false;
        if again {
            return place;
        }
        // What is known of another time says nothing of this one.
        self.found.clear();
        self.failed = None;
        if place.is_none() {
            self.of = None;
        }
        place
    }

    /// Posts changed: what is near may be something else.
    pub fn changed(&mut self) {
        self.again = true;
    }

    /// It is being asked from now on.
    pub fn begin(&mut self, request: RequestId, place: &Place) {
        self.under_way = Some(request);
        self.of = Some(place.clone());
    }

    /// Whether this answers it.
    pub fn waits_for(&self, request: RequestId) -> bool {
        self.under_way == Some(request)
    }

    /// It was read, or could not be.
    pub fn end(&mut self, found: Option<&Vec<(ChannelId, UtcMs)>>, boot: Duration) {
        self.under_way = None;
        self.failed = found.is_none().then(|| boot + PAUSE);
        self.found = found.cloned().unwrap_or_default();
    }

    /// When another post goes out near to it on a channel.
    pub fn on(&self, channel: &ChannelId) -> Option<UtcMs> {
        let found = self.found.iter().find(|(of, _)| of == channel);
        found.map(|(_, at)| *at)
    }

    /// Whether that could not be read.
    pub fn is_unknown(&self) -> bool {
        self.failed.is_some()
    }

    /// When it is asked again although nothing changed, while nothing answers.
    pub fn retry(&self) -> Option<Duration> {
        self.failed.filter(|_| self.under_way.is_none())
    }
}

impl Composer {
    /// When it would go out, and where: to the minute.
    pub fn place(&self, zone: &str, now: UtcMs) -> Option<Place> {
        let at = self.meant(zone, now)?.ok()?.instant;
        let channels: Vec<ChannelId> = self.ticked().map(|it| it.channel.clone()).collect();
        (!channels.is_empty()).then(|| Place {
            workspace: self.workspace.clone(),
            channels,
            at: UtcMs(at.0 - at.0.rem_euclid(MINUTE)),
            post: self.original.clone(),
        })
    }
}
