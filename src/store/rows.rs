//! Small helpers to read rows: closed lists, instants, JSON lists.

use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension, Params, Row};

use super::error::StoreError;
use super::tx::Reads;
use crate::support::time::UtcMs;

/// A value of a closed list by its stored name.
pub fn listed<T>(
    row: &Row<'_>,
    column: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| StoreError::Unreadable(format!("{column} \"{text}\"")))
}

/// An optional value of a closed list.
pub fn maybe_listed<T>(
    row: &Row<'_>,
    column: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| {
        parse(&text).ok_or_else(|| StoreError::Unreadable(format!("{column} \"{text}\"")))
    })
    .transpose()
}

/// An instant.
pub fn at(row: &Row<'_>, column: &str) -> Result<UtcMs, StoreError> {
    Ok(UtcMs(row.get(column)?))
}

/// An optional instant.
pub fn maybe_at(row: &Row<'_>, column: &str) -> Result<Option<UtcMs>, StoreError> {
    Ok(row.get::<_, Option<i64>>(column)?.map(UtcMs))
}

/// A JSON list of texts.
pub fn texts(row: &Row<'_>, column: &str) -> Result<Vec<String>, StoreError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| StoreError::Unreadable(format!("{column} \"{text}\"")))
}

/// A list of texts as JSON.
pub fn json(texts: &[String]) -> String {
    serde_json::Value::from(texts.to_vec()).to_string()
}

impl Reads<'_> {
    /// Every row of a query through `read`.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(read(row)?);
        }
        Ok(out)
    }

    /// The first row of a query through `read`, if there is one.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// One value, if there is a row.
    pub(super) fn value<T: FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<T>, StoreError> {
        Ok(self
            .db
            .prepare_cached(sql)?
            .query_row(params, |row| row.get(0))
            .optional()?)
    }

    /// Runs a change; how many rows it touched.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        Ok(self.db.prepare_cached(sql)?.execute(params)?)
    }
}
