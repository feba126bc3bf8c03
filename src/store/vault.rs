//! The vault: seals secrets so that they only open with this key, in this
//! database, for this owner, field and generation.

use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::StoreError;
use super::key_file::{Key, KeyFile};
use crate::support::entropy::Entropy;
use crate::support::secret::Secret;

const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// What a sealed value belongs to; all of it is bound by the seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `login`, `channel` or `app`.
    pub owner_kind: String,
    /// The owner's id.
    pub owner_id: String,
    /// Which value (`access`, `refresh`, `password`).
    pub field: String,
    /// Which generation of it.
    pub generation: i64,
}

/// Holds the key while the program runs. Another process may change it: the
/// store says which key it is sealed with, and the key file holds that one.
pub struct Vault {
    current: RwLock<Arc<Current>>,
    /// Where a changed key is read from; `None` where it never changes.
    file: Option<KeyFile>,
    vault_id: String,
    entropy: Entropy,
}

/// The key in use.
struct Current {
    cipher: XChaCha20Poly1305,
    key_id: String,
}

impl Current {
    fn of(key: &Key) -> Self {
        let key_id = key.id();
        let mut sub_key = Zeroizing::new([0_u8; 32]);
        let hkdf = Hkdf::<Sha256>::new(Some(key_id.as_bytes()), key.bytes());
        // 32 bytes is far below HKDF's limit, so expansion cannot fail.
        let _ = hkdf.expand(b"allgreen seal 1", &mut *sub_key);
        Self {
            cipher: XChaCha20Poly1305::new((&*sub_key).into()),
            key_id,
        }
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.key_id())
    }
}

impl Vault {
    /// Makes the vault of one database from its key.
    pub fn new(key: &Key, vault_id: String, entropy: Entropy) -> Self {
        Self {
            current: RwLock::new(Arc::new(Current::of(key))),
            file: None,
            vault_id,
            entropy,
        }
    }

    /// The same, which reads a key that was changed meanwhile from this file.
    #[must_use]
    pub fn following(mut self, file: KeyFile) -> Self {
        self.file = Some(file);
        self
    }

    /// The name of the key in use.
    pub fn key_id(&self) -> String {
        self.current().key_id.clone()
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the key of this name into use, from the key file when it is not
    /// the one in use.
    ///
    /// # Errors
    /// When the file cannot be read or does not hold it.
    pub(super) fn use_key(&self, key_id: &str) -> Result<(), StoreError> {
        if self.current().key_id == key_id {
            return Ok(());
        }
        let missing = || StoreError::Sealed(format!("the key {key_id} is not there"));
        let file = self.file.as_ref().ok_or_else(missing)?;
        let key = file
            .read()?
            .into_iter()
            .find(|key| key.id() == key_id)
            .ok_or_else(missing)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Current::of(&key));
        Ok(())
    }

    /// Takes the newest key of the file into use when the one in use is gone
    /// from it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn follow(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        // By their names: the key in use may be the one of a file that was
        // locked meanwhile, and needs no opening then.
        let ids = file.ids()?;
        let here = self.key_id();
        match ids.last() {
            Some(newest) if !ids.contains(&here) => self.use_key(newest),
            Some(_) | None => Ok(()),
        }
    }

    /// Seals `secret` for its place.
    ///
    /// # Errors
    /// When the cipher refuses (it does not for values of this size).
    pub fn seal(&self, place: &Place, secret: &Secret) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE] = self.entropy.bytes();
        let current = self.current();
        let aad = self.bound(place, &current.key_id);
        let payload = Payload {
            msg: secret.expose().as_bytes(),
            aad: &aad,
        };
        let sealed = current
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| StoreError::Sealed(place.field.clone()))?;
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`Vault::seal`] made for exactly this place.
    ///
    /// # Errors
    /// When it was sealed for another place or key, or damaged.
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<Secret, StoreError> {
        let refuse = || {
            StoreError::Sealed(format!(
                "{} {} {}",
                place.owner_kind, place.owner_id, place.field
            ))
        };
        let (format, rest) = sealed.split_first().ok_or_else(refuse)?;
        if *format != FORMAT || rest.len() < NONCE {
            return Err(refuse());
        }
        let (nonce, body) = rest.split_at(NONCE);
        let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| refuse())?;
        let current = self.current();
        let aad = self.bound(place, &current.key_id);
        let plain = current
            .cipher
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: body,
                    aad: &aad,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| refuse())?;
        let text = std::str::from_utf8(&plain).map_err(|_| refuse())?;
        Ok(Secret::new(text))
    }

    /// The bytes every seal is bound to, each part with its length before it,
    /// so that no two places give the same bytes.
    fn bound(&self, place: &Place, key_id: &str) -> Vec<u8> {
        let generation = place.generation.to_be_bytes();
        let parts: [&[u8]; 7] = [
            &[FORMAT],
            self.vault_id.as_bytes(),
            place.owner_kind.as_bytes(),
            place.owner_id.as_bytes(),
            place.field.as_bytes(),
            &generation,
            key_id.as_bytes(),
        ];
        let mut out = Vec::new();
        for part in parts {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            owner_kind: "login".into(),
            owner_id: "lgn_1".into(),
            field: "access".into(),
            generation: 3,
        }
    }

    fn vault(vault_id: &str) -> Vault {
        let entropy = Entropy::seeded(1);
        Vault::new(&Key::fresh(&Entropy::seeded(7)), vault_id.into(), entropy)
    }

    #[test]
    fn a_token_moved_to_another_row_field_generation_or_database_does_not_open() {
        let vault = vault("here");
        let sealed = vault.seal(&place(), &Secret::new("canary-token")).unwrap();
        assert_eq!(
            vault.open(&place(), &sealed).unwrap().expose(),
            "canary-token"
        );
        for elsewhere in [
            Place {
                owner_id: "lgn_2".into(),
                ..place()
            },
            Place {
                field: "refresh".into(),
                ..place()
            },
            Place {
                generation: 4,
                ..place()
            },
            Place {
                owner_kind: "channel".into(),
                ..place()
            },
        ] {
            assert!(vault.open(&elsewhere, &sealed).is_err());
        }
        assert!(self::vault("there").open(&place(), &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(vault.open(&place(), &damaged).is_err(), "bit {at}");
        }
    }

    #[test]
    fn the_same_secret_never_seals_to_the_same_bytes() {
        let vault = vault("here");
        let one = vault.seal(&place(), &Secret::new("t")).unwrap();
        let two = vault.seal(&place(), &Secret::new("t")).unwrap();
        assert_ne!(one, two);
    }
}
