//! What a closure gets: typed functions over one transaction.

use std::ops::Deref;
use std::sync::Arc;

use rusqlite::Connection;

use super::error::StoreError;
use super::vault::Vault;

/// Reads inside one transaction. Its functions live beside their tables.
pub struct Reads<'a> {
    pub(super) db: &'a Connection,
    pub(super) vault: &'a Arc<Vault>,
}

impl Reads<'_> {
    /// The vault, with the key this store is sealed with in this transaction.
    pub(super) fn vault(&self) -> Result<&Vault, StoreError> {
        if let Some(key_id) = self.setting("key_id")? {
            self.vault.use_key(&key_id)?;
        }
        Ok(self.vault)
    }
}

/// Reads and writes inside one transaction.
pub struct Tx<'a>(pub(super) Reads<'a>);

impl<'a> Deref for Tx<'a> {
    type Target = Reads<'a>;

    fn deref(&self) -> &Reads<'a> {
        &self.0
    }
}
