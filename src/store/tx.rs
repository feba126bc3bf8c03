//! What a closure gets: typed functions over one transaction.

use std::ops::Deref;
use std::sync::Arc;

use rusqlite::Connection;

use super::vault::Vault;

/// Reads inside one transaction. Its functions live beside their tables.
pub struct Reads<'a> {
    pub(super) db: &'a Connection,
    pub(super) vault: &'a Arc<Vault>,
}

/// Reads and writes inside one transaction.
pub struct Tx<'a>(pub(super) Reads<'a>);

impl<'a> Deref for Tx<'a> {
    type Target = Reads<'a>;

    fn deref(&self) -> &Reads<'a> {
        &self.0
    }
}
