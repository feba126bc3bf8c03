//! Looking for deliveries by words and by time.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::error::StoreError;
use super::queue::delivery;
use super::tx::Reads;
use crate::domain::delivery::Delivery;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::support::time::UtcMs;

/// How many rows are looked at in each direction at most: an answer while
/// somebody types matters more than the post of five years ago.
const LOOKED_AT: i64 = 20_000;

/// Which deliveries are looked for.
#[derive(Clone, Debug)]
pub struct Near {
    /// Only of these workspaces.
    pub workspaces: Vec<WorkspaceId>,
    /// Only of this channel.
    pub channel: Option<ChannelId>,
    /// Words that its text or its handle has, all of them.
    pub words: Vec<String>,
    /// Those due next to this instant.
    pub around: UtcMs,
    /// Due at most this many milliseconds away.
    pub within: i64,
    /// At most this many before it and as many after.
    pub limit: u32,
}

impl Reads<'_> {
    /// Deliveries that have the words, those due next to an instant first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn deliveries_near(&self, near: &Near) -> Result<Vec<Delivery>, StoreError> {
        let from = near.around.0.saturating_sub(near.within);
        let until = near.around.0.saturating_add(near.within);
        let mut found = self.one_way(near, (near.around.0, until), "ASC")?;
        found.extend(self.one_way(near, (from, near.around.0 - 1), "DESC")?);
        found.sort_by_key(|one| one.due.0.abs_diff(near.around.0));
        Ok(found)
    }

    fn one_way(
        &self,
        near: &Near,
        (from, until): (i64, i64),
        order: &str,
    ) -> Result<Vec<Delivery>, StoreError> {
        let workspaces: String = near
            .workspaces
            .iter()
            .map(|id| format!(",{},", id.as_str()))
            .collect();
        let mut values = vec![
            Value::from(workspaces),
            near.channel
                .as_ref()
                .map_or(Value::Null, |id| Value::from(id.as_str().to_owned())),
            Value::from(from),
            Value::from(until),
            Value::from(LOOKED_AT),
            Value::from(i64::from(near.limit)),
        ];
        let mut has = String::new();
        for word in &near.words {
            values.push(Value::from(format!("%{}%", escaped(word))));
            let at = values.len();
            has.push_str(&format!(
                " AND (coalesce(d.text, p.text) LIKE ?{at} ESCAPE '\\' OR d.handle LIKE ?{at} ESCAPE '\\')"
            ));
        }
        self.all(
            &format!(
                "SELECT d.* FROM (
                   SELECT * FROM delivery WHERE due >= ?3 AND due <= ?4 ORDER BY due {order}, id {order} LIMIT ?5) d
                 JOIN post p ON p.id = d.post_id
                 WHERE instr(?1, ',' || d.workspace_id || ',') > 0 AND (?2 IS NULL OR d.channel_id = ?2)
                   AND d.state NOT IN ('draft', 'cancelled'){has}
                 ORDER BY d.due {order}, d.id {order} LIMIT ?6"
            ),
            params_from_iter(values),
            delivery,
        )
    }
}

/// A word in which nothing stands for something else.
fn escaped(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_looked_for_as_it_is_typed() {
        assert_eq!(escaped("50%_a\\"), "50\\%\\_a\\\\");
    }
}
