//! What a channel has due, counted from the index of it: a million posts of
//! others cost nothing, and of its own only those in question are met.

use super::error::StoreError;
use super::rows::maybe_at;
use super::tx::Reads;
use crate::domain::dues::{Cuts, Dues};
use crate::domain::ids::ChannelId;
use crate::support::time::UtcMs;

const ALL: &str = "SELECT n FROM channel_count WHERE channel_id = ?1 AND state = 'scheduled'";

const BETWEEN: &str = "SELECT count(*), min(due) FROM delivery
  WHERE channel_id = ?1 AND state = 'scheduled' AND due >= ?2 AND due < ?3";

/// Of those between: how many are never sent late, unless a person ordered
/// it, and the first of the others.
const NEVER_LATE: &str = "SELECT count(*) FILTER (WHERE only_on_time > send_now),
    min(due) FILTER (WHERE only_on_time <= send_now) FROM delivery
  WHERE channel_id = ?1 AND state = 'scheduled' AND due >= ?2 AND due < ?3";

const UNTIL: &str = "SELECT count(*) FROM delivery WHERE state = 'scheduled' AND due <= ?1";

impl Reads<'_> {
    /// How many posts of the whole hub are due until then, late and held ones
    /// included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn due_until(&self, until: UtcMs) -> Result<u64, StoreError> {
        Ok(self.value(UNTIL, [until.0])?.unwrap_or(0))
    }

    /// What a channel has due, and what of it is due from `end` on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn dues(
        &self,
        channel: &ChannelId,
        cuts: &Cuts,
        end: Option<UtcMs>,
    ) -> Result<Dues, StoreError> {
        let count = |sql: &str, from: UtcMs, until: UtcMs| {
            let found = self.one(sql, (channel.as_str(), from.0, until.0), |row| {
                Ok((row.get::<_, u64>(0)?, maybe_at(row, 1)?))
            })?;
            Ok::<_, StoreError>(found.unwrap_or_default())
        };
        let total: u64 = self.value(ALL, [channel.as_str()])?.unwrap_or(0);
        if total == 0 {
            return Ok(Dues::default());
        }
        let over = count(BETWEEN, UtcMs(i64::MIN), cuts.limit)?;
        let within = count(BETWEEN, cuts.limit, cuts.on_time)?;
        let just_now = count(BETWEEN, cuts.on_time, cuts.coming)?;
        let today = count(BETWEEN, cuts.coming, cuts.midnight)?;
        let (never_late, goes_late_from) = match within.0 {
            0 => (0, None),
            _ => count(NEVER_LATE, cuts.limit, cuts.on_time)?,
        };
        let next = match today.1 {
            Some(at) => Some(at),
            None => self.first_due_from(channel, cuts.midnight)?,
        };
        let after_end = match end {
            Some(end) => count(BETWEEN, end, UtcMs(i64::MAX))?.0,
            None => 0,
        };
        Ok(Dues {
            total,
            late: over.0 + within.0 + just_now.0,
            late_since: over.1.or(within.1).or(just_now.1),
            today: today.0,
            next,
            goes_late: within.0.saturating_sub(never_late),
            goes_late_from,
            asks: over.0 + never_late,
            after_end,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn plan(sql: &str, params: impl rusqlite::Params) -> Vec<String> {
        let db = Connection::open_in_memory().unwrap();
        for migration in crate::store::migrations::ALL {
            db.execute_batch(migration).unwrap();
        }
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map(params, |row| row.get(3)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn what_is_due_is_counted_from_indexes_alone() {
        let between = "USING COVERING INDEX delivery_due (channel_id=? AND due>? AND due<?)";
        let of = ("soc_1", 0, 10);
        assert_eq!(plan(BETWEEN, of), [format!("SEARCH delivery {between}")]);
        let rows = between.replace("COVERING ", "");
        assert_eq!(plan(NEVER_LATE, of), [format!("SEARCH delivery {rows}")]);
        let until = "SEARCH delivery USING COVERING INDEX delivery_scheduled (due<?)";
        assert_eq!(plan(UNTIL, [10]), [until]);
    }
}
