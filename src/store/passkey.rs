//! A key file locked with a passphrase. Argon2id makes a key of the passphrase,
//! slowly and with much memory, and that one seals the keys in the file.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::error::StoreError;
use crate::support::entropy::Entropy;
use crate::support::secret::Secret;

/// What a locked key file begins with.
pub(super) const MARK: &str = "allgreen-key-2 ";
const ALGORITHM: &str = "argon2id";
const NONCE: usize = 24;
const SALT: usize = 16;
/// A name of a key: eight bytes in hexadecimal digits.
const ID: usize = 16;
/// Two while the key is changed, else one.
const MOST_KEYS: usize = 2;

/// What one guess costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub kib: u32,
    /// How often all of it is gone through.
    pub passes: u32,
    /// How many lanes it is divided into.
    pub lanes: u32,
}

impl Cost {
    /// What new locks cost: the option RFC 9106 recommends where not every
    /// machine has 2 GiB to spare, <https://www.rfc-editor.org/rfc/rfc9106#section-4>.
    pub const NEW: Self = Self {
        kib: 64 * 1024,
        passes: 3,
        lanes: 4,
    };
    /// The least that OWASP calls enough,
    /// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>.
    const LEAST: Self = Self {
        kib: 19 * 1024,
        passes: 2,
        lanes: 1,
    };
    /// The most a file may ask of the machine that opens it.
    const MOST: Self = Self {
        kib: 1024 * 1024,
        passes: 16,
        lanes: 16,
    };

    /// Whether it is neither too cheap for an attacker nor too dear for us.
    fn is_bearable(self) -> bool {
        (Self::LEAST.kib..=Self::MOST.kib).contains(&self.kib)
            && (Self::LEAST.passes..=Self::MOST.passes).contains(&self.passes)
            && (Self::LEAST.lanes..=Self::MOST.lanes).contains(&self.lanes)
    }
}

/// Why a text is no locked key file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotLocked {
    /// It is none.
    Malformed,
    /// Opening it would cost too little to be safe, or too much to be done.
    Cost,
}

/// A locked key file as it was read; nothing in it was opened.
pub(super) struct Locked {
    cost: Cost,
    salt: [u8; SALT],
    /// The names of the keys in it, the oldest first.
    pub ids: Vec<String>,
    nonce: [u8; NONCE],
    sealed: Vec<u8>,
    /// The words before the nonce: the seal is bound to them.
    head: String,
}

impl Locked {
    /// Reads the text of a locked key file.
    pub fn parse(text: &str) -> Result<Self, NotLocked> {
        let words = text
            .strip_prefix(MARK)
            .and_then(|rest| rest.strip_suffix('\n'))
            .ok_or(NotLocked::Malformed)?;
        let words: Vec<&str> = words.split(' ').collect();
        let [ALGORITHM, costs, salt, ids, nonce, sealed] = words[..] else {
            return Err(NotLocked::Malformed);
        };
        let cost = cost(costs)?;
        let bytes = |word: &str| STANDARD.decode(word).map_err(|_| NotLocked::Malformed);
        let ids: Vec<String> = ids.split(',').map(str::to_owned).collect();
        let is_id = |id: &String| id.len() == ID && id.bytes().all(|b| b.is_ascii_hexdigit());
        if ids.len() > MOST_KEYS || !ids.iter().all(is_id) {
            return Err(NotLocked::Malformed);
        }
        Ok(Self {
            cost,
            salt: bytes(salt)?.try_into().map_err(|_| NotLocked::Malformed)?,
            head: head(cost, salt, &ids),
            ids,
            nonce: bytes(nonce)?.try_into().map_err(|_| NotLocked::Malformed)?,
            sealed: bytes(sealed)?,
        })
    }
}

/// `m=65536,t=3,p=4`.
fn cost(text: &str) -> Result<Cost, NotLocked> {
    let mut parts = text.split(',');
    let mut next = |name: &str| -> Result<u64, NotLocked> {
        let number = parts.next().and_then(|part| part.strip_prefix(name));
        let number = number.and_then(|number| number.strip_prefix('='));
        number
            .and_then(|number| number.parse().ok())
            .ok_or(NotLocked::Malformed)
    };
    let (kib, passes, lanes) = (next("m")?, next("t")?, next("p")?);
    if parts.next().is_some() {
        return Err(NotLocked::Malformed);
    }
    let small = |number: u64| u32::try_from(number).map_err(|_| NotLocked::Cost);
    let cost = Cost {
        kib: small(kib)?,
        passes: small(passes)?,
        lanes: small(lanes)?,
    };
    if cost.is_bearable() {
        Ok(cost)
    } else {
        Err(NotLocked::Cost)
    }
}

fn head(cost: Cost, salt: &str, ids: &[String]) -> String {
    format!(
        "{MARK}{ALGORITHM} m={},t={},p={} {salt} {}",
        cost.kib,
        cost.passes,
        cost.lanes,
        ids.join(",")
    )
}

/// What became of a passphrase: opens the file locked with it, and locks it
/// again. The passphrase itself is not kept.
pub struct PassKey {
    cost: Cost,
    salt: [u8; SALT],
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for PassKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassKey")
    }
}

impl PassKey {
    /// For a new lock. Takes a moment, on purpose.
    ///
    /// # Errors
    /// When the memory it needs is not there.
    pub fn fresh(passphrase: &Secret, entropy: &Entropy) -> Result<Self, StoreError> {
        Self::derive(passphrase, Cost::NEW, entropy.bytes())
    }

    /// For a lock that is there.
    pub(super) fn of(passphrase: &Secret, locked: &Locked) -> Result<Self, StoreError> {
        Self::derive(passphrase, locked.cost, locked.salt)
    }

    fn derive(passphrase: &Secret, cost: Cost, salt: [u8; SALT]) -> Result<Self, StoreError> {
        let refused = |why: String| StoreError::Refused {
            code: "passphrase_unusable",
            what: format!("The passphrase could not be turned into a key: {why}."),
            hint: "Free some memory and try again; nothing was changed.".into(),
        };
        let params = Params::new(cost.kib, cost.passes, cost.lanes, Some(32))
            .map_err(|error| refused(error.to_string()))?;
        let mut key = Zeroizing::new([0_u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), &salt, &mut *key)
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self {
            cost,
            salt,
            cipher: XChaCha20Poly1305::new((&*key).into()),
        })
    }

    /// Whether the file was locked with the same salt and cost: else another
    /// passphrase was set since.
    pub(super) fn is_of(&self, locked: &Locked) -> bool {
        (self.cost, self.salt) == (locked.cost, locked.salt)
    }

    /// The text that was locked; `None` when the passphrase was another one or
    /// the file was changed.
    pub(super) fn open(&self, locked: &Locked) -> Option<Zeroizing<String>> {
        let payload = Payload {
            msg: &locked.sealed,
            aad: locked.head.as_bytes(),
        };
        let plain = self.cipher.decrypt(&XNonce::from(locked.nonce), payload);
        let plain = Zeroizing::new(plain.ok()?);
        let text = std::str::from_utf8(&plain).ok()?;
        Some(Zeroizing::new(text.to_owned()))
    }

    /// The text of a locked file with this one in it.
    pub(super) fn lock(
        &self,
        text: &str,
        ids: &[String],
        entropy: &Entropy,
    ) -> Result<String, StoreError> {
        let nonce: [u8; NONCE] = entropy.bytes();
        let head = head(self.cost, &STANDARD.encode(self.salt), ids);
        let payload = Payload {
            msg: text.as_bytes(),
            aad: head.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| StoreError::Sealed("the key file".into()))?;
        let (nonce, sealed) = (STANDARD.encode(nonce), STANDARD.encode(sealed));
        Ok(format!("{head} {nonce} {sealed}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "allgreen-key-1 AAAA\n";

    fn passkey(words: &str) -> PassKey {
        PassKey::derive(&Secret::new(words), Cost::LEAST, [7; SALT]).unwrap()
    }

    fn locked() -> String {
        let ids = vec!["00112233aabbccdd".to_owned()];
        passkey("correct horse battery")
            .lock(TEXT, &ids, &Entropy::seeded(1))
            .unwrap()
    }

    #[test]
    fn what_was_locked_opens_with_its_passphrase_alone() {
        let file = locked();
        assert!(!file.contains(TEXT.trim()));
        let read = Locked::parse(&file).unwrap();
        assert_eq!(read.ids, ["00112233aabbccdd"]);
        let right = PassKey::of(&Secret::new("correct horse battery"), &read).unwrap();
        assert_eq!(right.open(&read).unwrap().as_str(), TEXT);
        for wrong in ["correct horse batterz", "Correct horse battery", "x"] {
            assert!(passkey(wrong).open(&read).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_changed_byte_anywhere_opens_nothing() {
        let file = locked();
        let right = passkey("correct horse battery");
        for at in 0..file.len() {
            let mut bytes = file.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            let opened = Locked::parse(&text).is_ok_and(|read| {
                // What it costs and its salt are read from the file.
                right.is_of(&read) && right.open(&read).is_some()
            });
            assert!(!opened, "byte {at}");
        }
    }

    #[test]
    fn a_file_that_asks_for_more_than_a_machine_has_is_refused_before_it_is_tried() {
        let file = locked();
        let with = |costs: &str| {
            let text = file.replace("m=19456,t=2,p=1", costs);
            assert_ne!(text, file);
            Locked::parse(&text).err()
        };
        // 100 GiB, a day of passes, a thousand lanes, and numbers of no size.
        for costs in [
            "m=104857600,t=2,p=1",
            "m=19456,t=4000000,p=1",
            "m=19456,t=2,p=1000",
            "m=18446744073709551615,t=2,p=1",
            // Cheaper than anything this program writes.
            "m=64,t=2,p=1",
            "m=19456,t=1,p=1",
            "m=19456,t=2,p=0",
        ] {
            assert_eq!(with(costs), Some(NotLocked::Cost), "{costs}");
        }
        for costs in [
            "m=19456,t=2",
            "m=19456,t=2,p=1,x=1",
            "m=,t=2,p=1",
            "m=-1,t=2,p=1",
        ] {
            assert_eq!(with(costs), Some(NotLocked::Malformed), "{costs}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_it_fail_badly(text in "(allgreen-key-2 )?(argon2id )?[ -~\n]{0,200}") {
            let _ = Locked::parse(&text);
        }
    }
}
