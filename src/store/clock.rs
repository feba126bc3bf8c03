//! What a clock in doubt or a clock that was set means for stored instants.

use super::error::StoreError;
use super::tx::{Reads, Tx};
use crate::support::time::UtcMs;

/// The kind of incidents about a clock that may be ahead; there is one clock,
/// so it is the subject as well.
pub const DOUBT: &str = "clock";

/// The setting that keeps a lost answer from counting as settled too early.
const UNSETTLED: &str = "unsettled_until";

impl Reads<'_> {
    /// Whether this machine's clock may be ahead: then nothing is sent.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn clock_in_doubt(&self) -> Result<bool, StoreError> {
        Ok(self.open_incident(DOUBT, DOUBT)?.is_some())
    }

    /// Until when no lost answer counts as settled, because the clock was set.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn unsettled_until(&self) -> Result<Option<UtcMs>, StoreError> {
        let text = self.setting(UNSETTLED)?;
        Ok(text.and_then(|text| text.parse().ok()).map(UtcMs))
    }
}

impl Tx<'_> {
    /// Moves everything that waits for a span of time along with a clock that
    /// was set by `step_ms`, so that the spans stay what they were. What a person
    /// chose (due instants) and what happened (evidence) stay as they are.
    ///
    /// `settled_at` is when an answer lost just before the step can be read.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn move_timers(&self, step_ms: i64, settled_at: UtcMs) -> Result<(), StoreError> {
        self.run(
            "UPDATE delivery SET next_attempt_at = next_attempt_at + ?1, next_look_at = next_look_at + ?1,
                 first_absent_at = first_absent_at + ?1, unknown_since = unknown_since + ?1
             WHERE state IN ('scheduled', 'sending', 'unknown', 'confirming')
               AND (next_attempt_at IS NOT NULL OR next_look_at IS NOT NULL)",
            [step_ms],
        )?;
        self.run(
            "UPDATE channel SET next_probe_at = next_probe_at + ?1, late_wait_until = late_wait_until + ?1
             WHERE next_probe_at IS NOT NULL OR late_wait_until IS NOT NULL",
            [step_ms],
        )?;
        self.run(
            "UPDATE login SET next_refresh_at = next_refresh_at + ?1 WHERE next_refresh_at IS NOT NULL",
            [step_ms],
        )?;
        self.run(
            "UPDATE reading SET next_at = next_at + ?1 WHERE next_at IS NOT NULL",
            [step_ms],
        )?;
        if step_ms > 0 {
            self.set_setting(UNSETTLED, Some(&settled_at.0.to_string()))?;
        } else if let Some(until) = self.unsettled_until()? {
            let until = until.0.saturating_add(step_ms);
            self.set_setting(UNSETTLED, Some(&until.to_string()))?;
        }
        Ok(())
    }
}
