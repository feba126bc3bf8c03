//! What stands above the panes for as long as it lasts.

use super::Model;
use crate::domain::notice::Severity;
use crate::ops::views::KEY_LOCKED;
use crate::store::health::LOGIN_BROKEN;
use crate::store::incidents::{Incident, UNREACHED};
use crate::store::weather::WEATHER;

impl Model {
    /// What stands above the panes: that what is written waits, an open red
    /// incident that no lamp of the list shows, why this screen can only look,
    /// or a network that cannot be reached. The worst first, then the newest.
    pub fn standing(&self) -> Option<&Incident> {
        self.busy.as_ref().or_else(|| {
            let red = |one: &&Incident| one.severity == Severity::Broken;
            self.standing_news()
                .find(red)
                .or_else(|| self.standing_news().next())
        })
    }

    /// How many more there are like it.
    pub fn standing_more(&self) -> usize {
        let all = usize::from(self.busy.is_some()) + self.standing_news().count();
        all.saturating_sub(1)
    }

    fn standing_news(&self) -> impl Iterator<Item = &Incident> {
        self.news.incidents.iter().filter(|incident| {
            let network = incident.kind == WEATHER || incident.cause == UNREACHED;
            let stands =
                incident.severity == Severity::Broken || incident.kind == KEY_LOCKED || network;
            stands && incident.kind != LOGIN_BROKEN && incident.resolved_at.is_none()
        })
    }
}
