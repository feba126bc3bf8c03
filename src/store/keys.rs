//! Changing the key: everything sealed is sealed anew while the store is in
//! use, and a crash at any moment leaves nothing that no key opens.
//!
//! The key file holds both keys before anything is sealed with the new one, and
//! the old one leaves it after nothing is sealed with it any more. Which of the
//! two a database is sealed with is written in it, in the same transaction.

use rusqlite::Connection;

use super::disconnect::note_log;
use super::error::StoreError;
use super::key_file::{Key, KeyFile};
use super::open::setting;
use super::passkey::PassKey;
use super::rescue::unless_anything_waits;
use super::vault::{Place, Vault};
use super::{Store, backup, open};
use crate::support::entropy::Entropy;
use crate::support::fault;

/// What a change of the key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The name of the key that is in use now; it tells nothing about the key.
    pub key_id: String,
    /// How many values were sealed anew.
    pub resealed: usize,
    /// Values that opened with no key before and were left as they are.
    pub damaged: usize,
    /// How many backups were sealed anew.
    pub backups: usize,
    /// Whether the old key is gone from the key file.
    pub finished: bool,
}

/// Seals every secret of a database with `new`, in the transaction that is
/// open. How many, and how many opened with nothing.
fn reseal(
    db: &Connection,
    old: &Key,
    new: &Key,
    entropy: &Entropy,
) -> Result<(usize, usize), StoreError> {
    let vault_id = setting(db, "vault_id")?.unwrap_or_default();
    let from = Vault::new(old, vault_id.clone(), entropy.clone());
    let to = Vault::new(new, vault_id, entropy.clone());
    let rows: Vec<(String, String, String, i64, Vec<u8>)> = {
        let mut statement =
            db.prepare("SELECT owner_kind, owner_id, field, generation, sealed FROM secret")?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })?;
        rows.collect::<Result<_, _>>()?
    };
    // Emptied and refilled, so that SQLite zeroes every page it used.
    db.execute("DELETE FROM secret", [])?;
    let (mut resealed, mut damaged) = (0, 0);
    let mut insert = db.prepare("INSERT INTO secret (owner_kind, owner_id, field, generation, sealed) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (owner_kind, owner_id, field, generation, sealed) in rows {
        let place = Place {
            owner_kind: owner_kind.clone(),
            owner_id: owner_id.clone(),
            field: field.clone(),
            generation,
        };
        let sealed = match from.open(&place, &sealed) {
            Ok(secret) => {
                resealed += 1;
                to.seal(&place, &secret)?
            }
            // Never overwritten: it may open with a key nobody has now.
            Err(_) => {
                damaged += 1;
                sealed
            }
        };
        insert.execute((owner_kind, owner_id, field, generation, sealed))?;
    }
    drop(insert);
    db.execute(
        "UPDATE setting SET value = ?1 WHERE key = 'key_id'",
        [new.id()],
    )?;
    Ok((resealed, damaged))
}

impl Store {
    /// Seals everything with a fresh key: the tokens of the store first, then
    /// those of its backups; then the old key is removed. Done again after a
    /// crash it goes on where that one ended.
    ///
    /// # Errors
    /// When a file cannot be written: what was done is done, the key file opens
    /// everything, and doing it again goes on.
    pub async fn rotate_key(&self) -> Result<Rotated, StoreError> {
        let (paths, entropy) = (self.paths().clone(), self.entropy().clone());
        let file = self.inner.key_file.clone();
        self.outside(move |db| {
            // Nobody else changes the key or writes a backup meanwhile.
            let _lock = backup::lock(&paths.backups)?;
            let mut keys = file.read()?;
            let current = setting(db, "key_id")?.unwrap_or_default();
            let at = keys.iter().position(|key| key.id() == current);
            let Some(at) = at else {
                return Err(StoreError::Sealed(format!(
                    "the key {current} is not there"
                )));
            };
            let unfinished = keys.len() > 1;
            let sealed_already = unfinished && at == keys.len() - 1;
            if !unfinished {
                let fresh = Key::fresh(&entropy);
                file.replace(&[&keys[0], &fresh], &entropy)?;
                keys.push(fresh);
            }
            fault::point("rotate.keys");
            let new = &keys[keys.len() - 1];
            let mut done = Rotated {
                key_id: new.id(),
                resealed: 0,
                damaged: 0,
                backups: 0,
                finished: false,
            };
            if !sealed_already {
                super::writer::begin(db)?;
                let sealed = reseal(db, &keys[at], new, &entropy)
                    .and_then(|counts| {
                        note_log(db)?;
                        fault::point("rotate.within");
                        db.execute_batch("COMMIT")?;
                        Ok(counts)
                    })
                    .inspect_err(|_| {
                        // The first error is the one worth telling.
                        let _ = db.execute_batch("ROLLBACK");
                    });
                (done.resealed, done.damaged) = sealed?;
            }
            fault::point("rotate.sealed");
            for file in backup::kept(&paths.backups)? {
                let sealed_with = {
                    let copy = open::connect(&file, true)?;
                    setting(&copy, "key_id")?
                };
                let old = keys
                    .iter()
                    .find(|key| Some(key.id()) == sealed_with && key.id() != new.id());
                let Some(old) = old else { continue };
                backup::rewrite(&file, |copy| {
                    copy.execute_batch("BEGIN")?;
                    reseal(copy, old, new, &entropy)?;
                    copy.execute_batch("COMMIT")?;
                    Ok(())
                })?;
                done.backups += 1;
                fault::point("rotate.backup");
            }
            done.finished =
                unless_anything_waits(&paths.rescue(), || file.replace(&[new], &entropy))?;
            fault::point("rotate.done");
            Ok(done)
        })
        .await
    }

    /// Locks the key file with a passphrase, or with another one. Nobody may
    /// publish meanwhile: the caller holds the role.
    ///
    /// # Errors
    /// When the file cannot be written; it is as it was then.
    pub async fn lock_key(&self, passkey: PassKey) -> Result<(), StoreError> {
        let (paths, entropy) = (self.paths().clone(), self.entropy().clone());
        let file = self.inner.key_file.clone();
        self.outside(move |_| {
            let _lock = backup::lock(&paths.backups)?;
            file.lock(&passkey, &entropy)
        })
        .await
    }

    /// Takes the passphrase off the key file. Whether there was one. Nobody may
    /// publish meanwhile: the caller holds the role.
    ///
    /// # Errors
    /// When the file cannot be written; it is as it was then.
    pub async fn unlock_key(&self) -> Result<bool, StoreError> {
        let (paths, file) = (self.paths().clone(), self.inner.key_file.clone());
        self.outside(move |_| {
            let _lock = backup::lock(&paths.backups)?;
            file.take_lock_off()
        })
        .await
    }

    /// That the key can be read again when somebody changes it: a publisher
    /// whose key file was locked since it was opened would one day hold new
    /// tokens that it cannot seal. Removes what a crash left beside the file.
    ///
    /// # Errors
    /// Which key or passphrase is missing.
    pub async fn key_can_be_followed(&self) -> Result<(), StoreError> {
        let (paths, file) = (self.paths().clone(), self.inner.key_file.clone());
        if !KeyFile::is_locked(&paths.key) {
            return Ok(());
        }
        if let Some(trouble) = self.trouble() {
            return Err(trouble.clone().into());
        }
        self.outside(move |_| {
            file.read()?;
            if file.has_leftover() {
                let _lock = backup::lock(&paths.backups)?;
                file.clear();
            }
            Ok(())
        })
        .await
    }
}
