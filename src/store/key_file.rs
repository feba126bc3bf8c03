//! The key file: 32 random bytes in a file only its owner reads, as they are or
//! locked with a passphrase.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::passkey::{self, Locked, NotLocked, PassKey};
use crate::support::entropy::Entropy;
use crate::support::fault;
use crate::support::secret::Secret;

const FILE_MARK: &str = "allgreen-key-1 ";
/// No key file is longer.
const LONGEST: u64 = 16 * 1024;

/// What to do without the right key.
pub(super) const WITHOUT_KEY: &str = "The tokens open with no other key: put the file back. If it is lost: allgreen backup FILE, then allgreen restore FILE, and reconnect every channel.";
/// What to do where nobody types the passphrase.
const UNTYPED: &str = "Run it on a terminal and type the passphrase. A daemon or a script has nobody to ask: give it the key as a systemd credential (LoadCredential=allgreen.key:...), or take the passphrase off on a terminal with: allgreen key unprotect";
/// What to do about a passphrase that opens nothing.
const FORGOTTEN: &str = "Try again. If it is lost: allgreen backup FILE, move the key file away, allgreen restore FILE, and reconnect every channel.";

fn refused(code: &'static str, what: String, hint: &str) -> StoreError {
    StoreError::Refused {
        code,
        what,
        hint: hint.into(),
    }
}

/// The key that seals keys: 32 random bytes in a file only its owner reads.
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A fresh key.
    pub fn fresh(entropy: &Entropy) -> Self {
        Self(Zeroizing::new(entropy.bytes()))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A short name of the key that tells nothing about it.
    pub fn id(&self) -> String {
        let digest = Sha256::new()
            .chain_update(b"allgreen key id")
            .chain_update(*self.0)
            .finalize();
        digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Writes the key to a new file, mode 0600, synced to disk.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn write_new(&self, path: &Path) -> Result<(), StoreError> {
        let text = Self::text(&[self]);
        // Whole or not there at all: whoever starts at the same moment must
        // never read half a key, and a link does not replace the one of another.
        let scratch = path.with_extension(format!("{}.new", self.id()));
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&scratch)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::hard_link(&scratch, path)?;
            if let Some(parent) = path.parent() {
                File::open(parent)?.sync_all()?;
            }
            Ok(())
        };
        let written = write();
        // Gone whatever happened; it is the same file under a second name.
        let _ = fs::remove_file(&scratch);
        written.map_err(|error| {
            refused(
                "key_unwritable",
                format!(
                    "The key file {} could not be written: {error}.",
                    path.display()
                ),
                "Check the directory and its permissions.",
            )
        })
    }

    /// The text of a key file with these keys, the oldest first.
    fn text(keys: &[&Self]) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(128));
        for key in keys {
            let line = Zeroizing::new(STANDARD.encode(*key.0));
            text.push_str(FILE_MARK);
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// The keys in the text of a key file, the oldest first.
    fn parse(text: &str) -> Option<Vec<Self>> {
        let key = |line: &str| {
            let encoded = line.strip_prefix(FILE_MARK)?.trim_end();
            let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
            let bytes = <[u8; 32]>::try_from(bytes.as_slice()).ok()?;
            Some(Self(Zeroizing::new(bytes)))
        };
        let keys: Vec<Self> = text.lines().map(key).collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(keys)
    }
}

/// A key file, and what opens it where it is locked.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
    passkey: Option<Arc<PassKey>>,
}

/// What is in a key file.
enum Content {
    Plain(Vec<Key>),
    Locked(Locked),
}

impl KeyFile {
    /// The file at this place, with what somebody's passphrase became.
    pub fn new(path: &Path, passkey: Option<Arc<PassKey>>) -> Self {
        Self {
            path: path.to_path_buf(),
            passkey,
        }
    }

    /// Whether there is a file that opens with a passphrase only.
    pub fn is_locked(path: &Path) -> bool {
        let mut start = [0; passkey::MARK.len()];
        File::open(path)
            .and_then(|mut file| file.read_exact(&mut start))
            .is_ok_and(|()| start == *passkey::MARK.as_bytes())
    }

    /// Opens a locked file with what somebody typed; takes a moment.
    ///
    /// # Errors
    /// When it does not open with it, or is no locked key file.
    pub fn unlock(path: &Path, passphrase: &Secret) -> Result<PassKey, StoreError> {
        let file = Self::new(path, None);
        match file.content()? {
            Content::Plain(_) => Err(file.broken()),
            Content::Locked(locked) => {
                let passkey = PassKey::of(passphrase, &locked)?;
                file.opened(&passkey, &locked)?;
                Ok(passkey)
            }
        }
    }

    fn broken(&self) -> StoreError {
        refused(
            "broken_key",
            format!("The key file {} is not a key.", self.path.display()),
            WITHOUT_KEY,
        )
    }

    fn content(&self) -> Result<Content, StoreError> {
        let path = self.path.display();
        let mut file = File::open(&self.path).map_err(|error| {
            refused(
                "missing_key",
                format!("The key file {path} cannot be read: {error}."),
                WITHOUT_KEY,
            )
        })?;
        let mode = file
            .metadata()
            .map(|meta| meta.mode() & 0o077)
            .unwrap_or(0o077);
        if mode != 0 {
            return Err(refused(
                "unsafe_key",
                format!("The key file {path} can be read by others."),
                "Run chmod 600 on it.",
            ));
        }
        let mut text = Zeroizing::new(String::new());
        (&mut file)
            .take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|_| self.broken())?;
        if !text.starts_with(passkey::MARK) {
            let keys = Key::parse(&text).ok_or_else(|| self.broken())?;
            return Ok(Content::Plain(keys));
        }
        match Locked::parse(&text) {
            Ok(locked) => Ok(Content::Locked(locked)),
            Err(NotLocked::Malformed) => Err(self.broken()),
            Err(NotLocked::Cost) => Err(refused(
                "broken_key",
                format!(
                    "The key file {path} asks for more memory or time than any lock of this program, or for so little that it would be no lock."
                ),
                WITHOUT_KEY,
            )),
        }
    }

    fn opened(&self, passkey: &PassKey, locked: &Locked) -> Result<Vec<Key>, StoreError> {
        let text = passkey.open(locked).ok_or_else(|| {
            refused(
                "wrong_passphrase",
                format!(
                    "The passphrase does not open the key file {}, or the file was damaged.",
                    self.path.display()
                ),
                FORGOTTEN,
            )
        })?;
        let keys = Key::parse(&text).ok_or_else(|| self.broken())?;
        if names(&keys) == locked.ids {
            Ok(keys)
        } else {
            Err(self.broken())
        }
    }

    /// Reads every key in it, the oldest first. There are two while the key is
    /// changed, else one.
    ///
    /// # Errors
    /// When it is missing, readable by others, no key file, or locked and its
    /// passphrase was not given.
    pub fn read(&self) -> Result<Vec<Key>, StoreError> {
        let locked = match self.content()? {
            Content::Plain(keys) => return Ok(keys),
            Content::Locked(locked) => locked,
        };
        let path = self.path.display();
        match &self.passkey {
            None => Err(refused(
                "locked_key",
                format!("The key file {path} is locked with a passphrase."),
                UNTYPED,
            )),
            Some(passkey) if !passkey.is_of(&locked) => Err(refused(
                "locked_key",
                format!("The key file {path} was locked with another passphrase meanwhile."),
                "Start the program again and type that one.",
            )),
            Some(passkey) => self.opened(passkey, &locked),
        }
    }

    /// The names of the keys in it, the oldest first. Needs no passphrase.
    ///
    /// # Errors
    /// When it is missing, readable by others, or no key file.
    pub fn ids(&self) -> Result<Vec<String>, StoreError> {
        match self.content()? {
            Content::Plain(keys) => Ok(names(&keys)),
            Content::Locked(locked) => Ok(locked.ids),
        }
    }

    /// Replaces it by one with these keys, at once and for good: a crash leaves
    /// the one or the other, whole. What is locked stays locked.
    ///
    /// # Errors
    /// When it cannot be written, or is locked and its passphrase was not
    /// given; the old one is left as it was.
    pub(super) fn replace(&self, keys: &[&Key], entropy: &Entropy) -> Result<(), StoreError> {
        let locked = match self.content()? {
            Content::Plain(_) => None,
            Content::Locked(locked) => Some(locked),
        };
        match (&locked, &self.passkey) {
            (None, _) => self.write(&Key::text(keys)),
            (Some(locked), Some(passkey)) if passkey.is_of(locked) => {
                self.write_locked(keys, passkey, entropy)
            }
            // Says which passphrase is missing.
            (Some(_), _) => self.read().map(drop),
        }
    }

    /// Locks it, or locks it anew.
    ///
    /// # Errors
    /// When it cannot be opened or written; it is left as it was.
    pub(super) fn lock(&self, passkey: &PassKey, entropy: &Entropy) -> Result<(), StoreError> {
        let keys = self.read()?;
        let keys: Vec<&Key> = keys.iter().collect();
        self.write_locked(&keys, passkey, entropy)
    }

    /// Takes the lock off. Whether there was one.
    ///
    /// # Errors
    /// When it cannot be opened or written; it is left as it was.
    pub(super) fn take_lock_off(&self) -> Result<bool, StoreError> {
        let was_locked = Self::is_locked(&self.path);
        let keys = self.read()?;
        if was_locked {
            let keys: Vec<&Key> = keys.iter().collect();
            self.write(&Key::text(&keys))?;
        }
        Ok(was_locked)
    }

    fn write_locked(
        &self,
        keys: &[&Key],
        passkey: &PassKey,
        entropy: &Entropy,
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = keys.iter().map(|key| key.id()).collect();
        self.write(&passkey.lock(&Key::text(keys), &ids, entropy)?)
    }

    /// What a new one is called until it is whole.
    fn scratch(&self) -> PathBuf {
        self.path.with_extension("new")
    }

    /// Whether a change was cut off, or is under way.
    pub(super) fn has_leftover(&self) -> bool {
        fs::symlink_metadata(self.scratch()).is_ok()
    }

    /// Removes what a crash left beside it: a copy of the keys that may be open
    /// to read where the file is locked. Only where nobody writes it now.
    pub(super) fn clear(&self) {
        if fs::remove_file(self.scratch()).is_ok() {
            tracing::warn!("a key file that was not finished was removed");
        }
    }

    fn write(&self, text: &str) -> Result<(), StoreError> {
        let (path, scratch) = (&self.path, self.scratch());
        let write = || -> std::io::Result<()> {
            let old = OpenOptions::new().read(true).write(true).open(path)?;
            // Of a change that was cut off here.
            let _ = fs::remove_file(&scratch);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&scratch)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fault::point("key.written");
            fs::rename(&scratch, path)?;
            fault::point("key.renamed");
            if let Some(parent) = path.parent() {
                File::open(parent)?.sync_all()?;
            }
            // Its bytes have no name any more and are gone as far as the file
            // system allows.
            let length = usize::try_from(old.metadata()?.len()).unwrap_or(0);
            old.write_all_at(&vec![0; length], 0)?;
            old.sync_all()
        };
        write().map_err(|error| {
            refused(
                "key_unwritable",
                format!(
                    "The key file {} could not be written: {error}.",
                    path.display()
                ),
                "Check the directory and its permissions; the keys in it still open everything.",
            )
        })
    }
}

fn names(keys: &[Key]) -> Vec<String> {
    keys.iter().map(Key::id).collect()
}
