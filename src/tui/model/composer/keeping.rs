//! When what is typed is kept: a moment after typing rests, and now and then
//! while it does not.

use std::time::Duration;

use crate::support::time::UtcMs;
use crate::tui::model::requests::RequestId;

/// How long typing rests before the draft is kept.
const REST: Duration = Duration::from_secs(1);

/// The longest that anything typed is not kept.
const LONGEST: Duration = Duration::from_secs(5);

/// How the draft of a composer is kept.
#[derive(Debug, Default)]
pub struct Keeping {
    /// How often it was changed.
    changed: u64,
    /// The change that is kept.
    kept: u64,
    /// Since when something is not kept, and when it was changed last.
    since: Option<(Duration, Duration)>,
    /// It is being kept: which change, and what answers.
    pub under_way: Option<(RequestId, u64)>,
    /// When it was kept last.
    pub at: Option<UtcMs>,
    /// Why it is not kept.
    pub trouble: Option<String>,
    /// What to know about where it is kept.
    pub beside: Option<String>,
}

impl Keeping {
    /// It was changed.
    pub fn change(&mut self, boot: Duration) {
        self.changed += 1;
        let first = self.since.map_or(boot, |(first, _)| first);
        self.since = Some((first, boot));
    }

    /// Whether anything is not kept.
    pub fn is_open(&self) -> bool {
        self.changed > self.kept
    }

    /// When it is to be kept next.
    pub fn due(&self) -> Option<Duration> {
        let (first, last) = self.since?;
        let waits = self.is_open() && self.under_way.is_none();
        waits.then(|| (last + REST).min(first + LONGEST))
    }

    /// It is being kept from now on.
    pub fn begin(&mut self, request: RequestId) {
        self.under_way = Some((request, self.changed));
        self.since = None;
    }

    /// It was kept, or not; then it is tried again after a while.
    pub fn end(&mut self, result: Result<UtcMs, String>, boot: Duration) {
        let Some((_, change)) = self.under_way.take() else {
            return;
        };
        match result {
            Ok(at) => {
                self.kept = change;
                (self.at, self.trouble) = (Some(at), None);
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                self.since = Some((boot, boot + LONGEST));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn it_is_kept_when_typing_rests_and_now_and_then_when_it_does_not() {
        let mut it = Keeping::default();
        assert_eq!(it.due(), None);
        it.change(S(10));
        assert_eq!(it.due(), Some(S(11)));
        for second in 11..20 {
            it.change(S(second));
        }
        assert_eq!(it.due(), Some(S(15)));
        it.begin(1);
        assert_eq!(it.due(), None, "one at a time");
        it.change(S(15));
        it.end(Ok(UtcMs(0)), S(16));
        assert!(it.is_open(), "what came meanwhile is not kept");
        it.begin(2);
        it.end(Err("disk full".into()), S(17));
        assert_eq!(it.due(), Some(S(22)), "tried again");
        it.begin(3);
        it.end(Ok(UtcMs(0)), S(23));
        assert!(!it.is_open());
        assert_eq!((it.due(), it.trouble), (None, None));
    }
}
