//! How far other machines' clocks are from ours: the evidence for a clock in
//! doubt.

use crate::support::time::UtcMs;

/// Hosts remembered.
const HOSTS: usize = 32;

/// What one host's `Date` header said about our clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockEvidence {
    /// The host.
    pub host: String,
    /// Its time minus ours in milliseconds. The header counts whole seconds and
    /// was on its way, so a second or two mean nothing.
    pub offset_ms: i64,
    /// When it was seen, by our clock.
    pub seen: UtcMs,
}

/// The newest evidence per host.
#[derive(Debug, Default)]
pub(super) struct Offsets(Vec<ClockEvidence>);

impl Offsets {
    pub(super) fn note(&mut self, host: &str, theirs: UtcMs, now: UtcMs) {
        self.0.retain(|one| one.host != host);
        self.0.insert(
            0,
            ClockEvidence {
                host: host.to_owned(),
                offset_ms: theirs.0.saturating_sub(now.0),
                seen: now,
            },
        );
        self.0.truncate(HOSTS);
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    pub(super) fn list(&self) -> Vec<ClockEvidence> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_evidence_of_a_host_counts() {
        let mut offsets = Offsets::default();
        offsets.note("a", UtcMs(5_000), UtcMs(1_000));
        for n in 0..40 {
            offsets.note(&format!("h{n}"), UtcMs(0), UtcMs(0));
        }
        offsets.note("b", UtcMs(0), UtcMs(9));
        offsets.note("b", UtcMs(1_000), UtcMs(61_000));
        let list = offsets.list();
        assert_eq!(list.len(), HOSTS);
        assert_eq!((list[0].host.as_str(), list[0].offset_ms), ("b", -60_000));
        assert!(
            list.iter()
                .skip(1)
                .all(|one| one.host != "b" && one.host != "a")
        );
    }
}
