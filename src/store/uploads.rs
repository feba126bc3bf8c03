//! How far the medium is that goes to a network now.

use super::{Reads, StoreError, Tx};
use crate::domain::ids::DeliveryId;

/// An upload under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Which medium of the post, counted from 1.
    pub medium: u32,
    /// Bytes that left.
    pub sent: u64,
    /// Bytes it has.
    pub bytes: u64,
}

impl Upload {
    /// How much of it left, 0 to 100.
    pub fn percent(self) -> u64 {
        (self.sent.min(self.bytes) * 100)
            .checked_div(self.bytes)
            .unwrap_or(100)
    }
}

impl Reads<'_> {
    /// The upload of a delivery, when one is under way.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn upload(&self, id: &DeliveryId) -> Result<Option<Upload>, StoreError> {
        self.one(
            "SELECT medium, sent, bytes FROM upload WHERE delivery_id = ?1",
            [id.as_str()],
            |row| {
                Ok(Upload {
                    medium: row.get(0)?,
                    sent: row.get(1)?,
                    bytes: row.get(2)?,
                })
            },
        )
    }
}

impl Tx<'_> {
    /// Notes how far an upload is.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn note_upload(&self, id: &DeliveryId, upload: Upload) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO upload (delivery_id, medium, sent, bytes) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (delivery_id) DO UPDATE SET medium = excluded.medium, sent = excluded.sent, bytes = excluded.bytes",
            (id.as_str(), upload.medium, upload.sent, upload.bytes),
        )?;
        Ok(())
    }

    /// Forgets the upload of a delivery; of all of them, left by a publisher that
    /// ended, when none is named.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn forget_upload(&self, id: Option<&DeliveryId>) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM upload WHERE ?1 IS NULL OR delivery_id = ?1",
            [id.map(DeliveryId::as_str)],
        )?;
        Ok(())
    }
}
