//! Small helpers to read rows: closed lists, instants, JSON lists.

use std::sync::Arc;

use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{OptionalExtension, Params, Row, RowIndex};

use super::error::StoreError;
use super::tx::Reads;
use crate::support::time::UtcMs;

/// Declares the columns of a query that reads very many rows, as a module: the
/// list for its SELECT, and the place of each. Looking a column up by its name
/// costs more than reading it.
macro_rules! columns {
    ($(#[$doc:meta])* $module:ident = $table:ident.$column:ident $(, $tables:ident.$columns:ident)* $(,)?) => {
        $(#[$doc])*
        #[allow(non_upper_case_globals, non_camel_case_types, reason = "they are named as in the store")]
        pub(in crate::store) mod $module {
            /// As a SELECT lists them.
            pub const ALL: &str = concat!(
                stringify!($table), ".", stringify!($column)
                $(, ", ", stringify!($tables), ".", stringify!($columns))*
            );
            enum Place { $column, $($columns,)* End }
            /// How many there are; what a SELECT adds begins at this place.
            pub const COUNT: usize = Place::End as usize;
            pub const $column: usize = Place::$column as usize;
            $(pub const $columns: usize = Place::$columns as usize;)*
        }
    };
}
pub(super) use columns;

/// A value of a closed list by its stored name. Columns are named, or counted
/// from 0 where very many rows are read.
pub fn listed<T>(
    row: &Row<'_>,
    column: impl RowIndex,
    parse: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    let place = column.idx(row.as_ref())?;
    let text = text(row, place)?;
    parse(text).ok_or_else(|| unreadable(row, place, text))
}

/// An optional value of a closed list.
pub fn maybe_listed<T>(
    row: &Row<'_>,
    column: impl RowIndex,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let place = column.idx(row.as_ref())?;
    match row.get_ref(place)? {
        ValueRef::Null => Ok(None),
        _ => listed(row, place, parse).map(Some),
    }
}

/// An instant.
pub fn at(row: &Row<'_>, column: impl RowIndex) -> Result<UtcMs, StoreError> {
    Ok(UtcMs(row.get(column)?))
}

/// An optional instant.
pub fn maybe_at(row: &Row<'_>, column: impl RowIndex) -> Result<Option<UtcMs>, StoreError> {
    Ok(row.get::<_, Option<i64>>(column)?.map(UtcMs))
}

/// A JSON list of texts.
pub fn texts(row: &Row<'_>, column: impl RowIndex) -> Result<Vec<String>, StoreError> {
    let place = column.idx(row.as_ref())?;
    let text = text(row, place)?;
    serde_json::from_str(text).map_err(|_| unreadable(row, place, text))
}

/// An id, by what makes one of a text.
pub fn id<T>(row: &Row<'_>, column: impl RowIndex, of: fn(Arc<str>) -> T) -> Result<T, StoreError> {
    let place = column.idx(row.as_ref())?;
    text(row, place).map(|text| of(text.into()))
}

/// An id that may be missing.
pub fn maybe_id<T>(
    row: &Row<'_>,
    column: impl RowIndex,
    of: fn(Arc<str>) -> T,
) -> Result<Option<T>, StoreError> {
    let place = column.idx(row.as_ref())?;
    match row.get_ref(place)? {
        ValueRef::Null => Ok(None),
        _ => id(row, place, of).map(Some),
    }
}

/// A text where it lies, not copied.
pub fn text<'row>(row: &'row Row<'_>, place: usize) -> Result<&'row str, StoreError> {
    let value = row.get_ref(place)?;
    let wrong = |_| unreadable(row, place, &format!("{:?}", value.data_type()));
    value.as_str().map_err(wrong)
}

fn unreadable(row: &Row<'_>, place: usize, text: &str) -> StoreError {
    let column = row.as_ref().column_name(place).unwrap_or("a column");
    StoreError::Unreadable(format!("{column} \"{text}\""))
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
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
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
