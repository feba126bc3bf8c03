//! Named facts about this store.

use super::error::StoreError;
use super::tx::{Reads, Tx};

impl Reads<'_> {
    /// A setting by its name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.value("SELECT value FROM setting WHERE key = ?1", [name])
    }

    /// Whether the store came from a backup and nobody confirmed it yet: then
    /// no call to any network is made.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn restored(&self) -> Result<bool, StoreError> {
        Ok(self.setting("restored")?.is_some())
    }
}

impl Tx<'_> {
    /// Sets or, with `None`, removes a setting.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        match value {
            Some(value) => self.run("INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value", [name, value])?,
            None => self.run("DELETE FROM setting WHERE key = ?1", [name])?,
        };
        Ok(())
    }
}
