//! The rescue file: where a refreshed pair waits, sealed, while the database
//! cannot take it. The network may have ended the old pair already, so a full
//! disk must not cost the new one.
//!
//! The file has its full size from the start and is only ever overwritten, so
//! that keeping a pair needs no free space. It is cut into slots; a record
//! takes as many in a row as it needs, and wiping it touches no other.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::logins::Pair;
use super::tx::{Reads, Tx};
use super::vault::{Place, Vault};
use super::{Store, StorePaths};
use crate::domain::channel::Expiry;
use crate::domain::ids::LoginId;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// Size of the file in bytes, all of it allocated before a refresh is sent.
pub const SIZE: u64 = 64 * 1024;
/// Bytes of a slot.
const SLOT: usize = 4096;
/// What a record begins with.
const MARK: &[u8; 4] = b"AGr1";
/// The mark, and the length of what follows.
const HEAD: usize = 8;

/// A pair that waits, without its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whose it is.
    pub login: LoginId,
    /// The generation it replaces; it belongs to nobody once that is gone.
    pub generation: i64,
    /// When the network gave it.
    pub at: UtcMs,
    sealed: Vec<u8>,
    first: usize,
    slots: usize,
}

#[derive(Serialize, Deserialize)]
struct Body {
    login: String,
    generation: i64,
    at: i64,
    sealed: String,
}

/// What is sealed: the pair and the server it lives on.
#[derive(Serialize, Deserialize)]
struct Plain {
    server: String,
    access: String,
    refresh: Option<String>,
    password: Option<String>,
    client_secret: Option<String>,
    proof_key: Option<String>,
    token_expires_at: Option<i64>,
    token_expiry: String,
    grant_expires_at: Option<i64>,
    grant_expiry: String,
}

impl Drop for Plain {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.access.zeroize();
        for one in [
            &mut self.refresh,
            &mut self.password,
            &mut self.client_secret,
            &mut self.proof_key,
        ] {
            one.zeroize();
        }
    }
}

fn place(login: &LoginId, generation: i64) -> Place {
    Place {
        owner_kind: "login".into(),
        owner_id: login.as_str().into(),
        field: "rescued".into(),
        generation,
    }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    move |error| StoreError::Io(format!("the rescue file {}: {error}", path.display()))
}

fn plain(server: &str, pair: &Pair) -> Result<Secret, StoreError> {
    let copy = |one: &Option<Secret>| one.as_ref().map(|one| one.expose().to_owned());
    let plain = Plain {
        server: server.to_owned(),
        access: pair.access.expose().to_owned(),
        refresh: copy(&pair.refresh),
        password: copy(&pair.password),
        client_secret: copy(&pair.client_secret),
        proof_key: copy(&pair.proof_key),
        token_expires_at: pair.token_expires_at.map(|at| at.0),
        token_expiry: pair.token_expiry.name().to_owned(),
        grant_expires_at: pair.grant_expires_at.map(|at| at.0),
        grant_expiry: pair.grant_expiry.name().to_owned(),
    };
    serde_json::to_string(&plain)
        .map(Secret::new)
        .map_err(|_| StoreError::Sealed("a rescued pair".into()))
}

fn open(vault: &Vault, kept: &Kept) -> Result<(Pair, String), StoreError> {
    let text = vault.open(&place(&kept.login, kept.generation), &kept.sealed)?;
    let mut plain: Plain = serde_json::from_str(text.expose())
        .map_err(|_| StoreError::Unreadable("a rescued pair".into()))?;
    let expiry = |name: &str| {
        Expiry::parse(name).ok_or_else(|| StoreError::Unreadable("a rescued pair".into()))
    };
    let take = |one: &mut Option<String>| one.take().map(Secret::new);
    let pair = Pair {
        access: Secret::new(std::mem::take(&mut plain.access)),
        refresh: take(&mut plain.refresh),
        password: take(&mut plain.password),
        client_secret: take(&mut plain.client_secret),
        proof_key: take(&mut plain.proof_key),
        token_expires_at: plain.token_expires_at.map(UtcMs),
        token_expiry: expiry(&plain.token_expiry)?,
        grant_expires_at: plain.grant_expires_at.map(UtcMs),
        grant_expiry: expiry(&plain.grant_expiry)?,
    };
    Ok((pair, std::mem::take(&mut plain.server)))
}

/// The open file under its lock, and every record in it.
struct Rescue {
    file: File,
    bytes: Vec<u8>,
}

impl Rescue {
    /// Opens it, making it at its full size when it is missing or shorter.
    fn ready(path: &Path) -> Result<Self, StoreError> {
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let open = || -> std::io::Result<Self> {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(no_follow)
                .open(path)?;
            file.lock()?;
            let have = file.metadata()?.len();
            if have < SIZE {
                // Real zeros and not a hole, so that the room is ours.
                let rest = usize::try_from(SIZE - have).unwrap_or(0);
                file.write_all_at(&vec![0; rest], have)?;
                file.sync_all()?;
                if let Some(parent) = path.parent() {
                    File::open(parent)?.sync_all()?;
                }
            }
            Self::read(file)
        };
        open().map_err(io(path))
    }

    /// Opens it when it is there.
    fn there(path: &Path, write: bool) -> Result<Option<Self>, StoreError> {
        let open = || -> std::io::Result<Option<Self>> {
            let file = match OpenOptions::new().read(true).write(write).open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            if write {
                file.lock()?;
            } else {
                file.lock_shared()?;
            }
            Self::read(file).map(Some)
        };
        open().map_err(io(path))
    }

    fn read(file: File) -> std::io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len().min(SIZE)).unwrap_or(0);
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(Self { file, bytes })
    }

    fn kept(&self) -> Vec<Kept> {
        let mut found = Vec::new();
        let mut slot = 0;
        while slot * SLOT < self.bytes.len() {
            match self.record(slot) {
                Some(kept) => {
                    slot += kept.slots;
                    found.push(kept);
                }
                None => slot += 1,
            }
        }
        found
    }

    fn record(&self, first: usize) -> Option<Kept> {
        let rest = self.bytes.get(first * SLOT..)?;
        let (mark, rest) = rest.split_at_checked(MARK.len())?;
        let (length, rest) = rest.split_at_checked(HEAD - MARK.len())?;
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
        let body: Body = serde_json::from_slice(rest.get(..length)?).ok()?;
        (mark == MARK).then(|| Kept {
            login: LoginId::from_stored(body.login),
            generation: body.generation,
            at: UtcMs(body.at),
            sealed: STANDARD.decode(body.sealed).unwrap_or_default(),
            first,
            slots: (HEAD + length).div_ceil(SLOT),
        })
    }

    /// The first of so many free slots in a row.
    fn room(&self, slots: usize) -> Option<usize> {
        let mut taken = vec![false; self.bytes.len() / SLOT];
        for kept in self.kept() {
            for slot in kept.first..kept.first + kept.slots {
                if let Some(one) = taken.get_mut(slot) {
                    *one = true;
                }
            }
        }
        taken
            .windows(slots)
            .position(|run| run.iter().all(|taken| !taken))
    }

    fn add(&self, body: &Body) -> Result<(), StoreError> {
        let full = || StoreError::Io("the rescue file is full".into());
        let body = serde_json::to_vec(body).map_err(|_| full())?;
        let length = u32::try_from(body.len()).map_err(|_| full())?;
        let slots = (HEAD + body.len()).div_ceil(SLOT);
        let first = self.room(slots).ok_or_else(full)?;
        let mut record = Vec::with_capacity(slots * SLOT);
        record.extend_from_slice(MARK);
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(&body);
        record.resize(slots * SLOT, 0);
        let write = || -> std::io::Result<()> {
            self.file.write_all_at(&record, (first * SLOT) as u64)?;
            self.file.sync_data()
        };
        write().map_err(|error| StoreError::Io(format!("the rescue file: {error}")))
    }

    /// Overwrites these records with zeros.
    fn wipe(&self, gone: impl Fn(&Kept) -> bool) -> Result<usize, StoreError> {
        let wipe = || -> std::io::Result<usize> {
            let mut wiped = 0;
            for kept in self.kept().into_iter().filter(|kept| gone(kept)) {
                let zeros = vec![0; kept.slots * SLOT];
                self.file.write_all_at(&zeros, (kept.first * SLOT) as u64)?;
                wiped += 1;
            }
            if wiped > 0 {
                self.file.sync_data()?;
            }
            Ok(wiped)
        };
        wipe().map_err(|error| StoreError::Io(format!("the rescue file: {error}")))
    }
}

/// Wipes whatever waits for these logins.
pub(super) fn forget_owners(path: &Path, owners: &[String]) -> Result<usize, StoreError> {
    match Rescue::there(path, true)? {
        Some(rescue) => rescue.wipe(|kept| owners.iter().any(|one| one == kept.login.as_str())),
        None => Ok(0),
    }
}

/// Does `work` under the lock of the file, unless a pair waits in it; whether
/// it was done.
pub(super) fn unless_anything_waits(
    path: &Path,
    work: impl FnOnce() -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let rescue = Rescue::there(path, true)?;
    if rescue
        .as_ref()
        .is_some_and(|rescue| !rescue.kept().is_empty())
    {
        return Ok(false);
    }
    work()?;
    Ok(true)
}

impl StorePaths {
    /// The rescue file, beside the database.
    pub fn rescue(&self) -> PathBuf {
        super::open::beside(&self.database, ".rescue")
    }
}

impl Reads<'_> {
    /// Opens a pair that waits; the server it lives on comes with it.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open.
    pub fn open_rescued(&self, kept: &Kept) -> Result<(Pair, String), StoreError> {
        open(self.vault()?, kept)
    }
}

impl Tx<'_> {
    /// Stores a pair that waited, if the login still has the pair it replaces.
    /// Whether it was stored.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it does not open, else when the store cannot
    /// be written.
    pub fn import_rescued(&self, kept: &Kept) -> Result<bool, StoreError> {
        match self.login(&kept.login) {
            Ok(login) if login.generation == kept.generation && kept.generation > 0 => {}
            Ok(_) | Err(StoreError::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        let (pair, server) = self.open_rescued(kept)?;
        self.seal_pair(&kept.login, kept.generation, &pair, kept.at)?;
        self.forget_older(&kept.login, kept.generation)?;
        self.move_login(&kept.login, &server)?;
        Ok(true)
    }
}

impl Store {
    /// Makes sure that a pair can be kept whatever happens to the database.
    ///
    /// # Errors
    /// When there is no room for the file: nothing may be refreshed then.
    pub async fn ready_rescue(&self) -> Result<(), StoreError> {
        let path = self.paths().rescue();
        off_thread(move || Rescue::ready(&path).map(drop)).await
    }

    /// Keeps a pair, sealed and synced to disk. Keeping it again changes nothing.
    ///
    /// # Errors
    /// When the file cannot be written or has no room left.
    pub async fn keep_pair(
        &self,
        login: &LoginId,
        generation: i64,
        server: &str,
        pair: &Pair,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let plain = plain(server, pair)?;
        let (path, vault) = (self.paths().rescue(), Arc::clone(&self.inner.vault));
        let login = login.clone();
        off_thread(move || {
            let rescue = Rescue::ready(&path)?;
            // Under the lock: whoever changes the key looks in here with it.
            vault.follow()?;
            let sealed = vault.seal(&place(&login, generation), &plain)?;
            let body = Body {
                login: login.as_str().into(),
                generation,
                at: at.0,
                sealed: STANDARD.encode(sealed),
            };
            let there = rescue
                .kept()
                .iter()
                .any(|kept| kept.login.as_str() == body.login && kept.generation == generation);
            if there { Ok(()) } else { rescue.add(&body) }
        })
        .await
    }

    /// What waits to be stored.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn rescued(&self) -> Result<Vec<Kept>, StoreError> {
        let path = self.paths().rescue();
        off_thread(move || {
            Ok(Rescue::there(&path, false)?.map_or_else(Vec::new, |rescue| rescue.kept()))
        })
        .await
    }

    /// Wipes the pair that waits for this login and generation, and older ones.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn forget_rescued(&self, login: &LoginId, generation: i64) -> Result<(), StoreError> {
        let (path, login) = (self.paths().rescue(), login.clone());
        off_thread(move || {
            if let Some(rescue) = Rescue::there(&path, true)? {
                rescue.wipe(|kept| kept.login == login && kept.generation <= generation)?;
            }
            Ok(())
        })
        .await
    }
}

/// Runs what waits for a disk where that keeps nobody else waiting.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(StoreError::Closed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(login: &str, generation: i64, bytes: usize) -> Body {
        Body {
            login: login.into(),
            generation,
            at: 5,
            sealed: STANDARD.encode(vec![7; bytes]),
        }
    }

    #[test]
    fn what_is_kept_takes_no_more_room_than_was_set_aside_and_wiping_one_leaves_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db.rescue");
        let file = Rescue::ready(&path).unwrap();
        assert_eq!(file.file.metadata().unwrap().len(), SIZE);
        drop(file);
        let mut n = 0;
        // Records of one, two and three slots until nothing fits.
        loop {
            n += 1;
            let file = Rescue::there(&path, true).unwrap().unwrap();
            let size = [1_000, 5_000, 8_500][n % 3];
            if let Err(error) = file.add(&body(&format!("lgn_{n}"), 1, size)) {
                assert!(error.to_string().contains("full"), "{error}");
                break;
            }
        }
        let reread = Rescue::there(&path, true).unwrap().unwrap();
        let all = reread.kept();
        assert!(all.len() >= 7, "{}", all.len());
        assert_eq!(reread.file.metadata().unwrap().len(), SIZE);
        assert_eq!(
            reread.wipe(|kept| kept.login.as_str() == "lgn_2").unwrap(),
            1
        );
        drop(reread);
        let left = Rescue::there(&path, false).unwrap().unwrap().kept();
        assert_eq!(left.len(), all.len() - 1);
        for kept in &left {
            assert!(kept.sealed.iter().all(|byte| *byte == 7));
        }
        assert_eq!(forget_owners(&path, &["lgn_1".into()]).unwrap(), 1);
    }

    #[test]
    fn a_record_cut_off_by_a_crash_hides_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db.rescue");
        let file = Rescue::ready(&path).unwrap();
        file.add(&body("lgn_1", 1, 5_000)).unwrap();
        drop(file);
        let file = Rescue::there(&path, true).unwrap().unwrap();
        file.add(&body("lgn_2", 1, 100)).unwrap();
        // The second half of the first one never reached the disk.
        file.file.write_all_at(&[0; SLOT], SLOT as u64).unwrap();
        drop(file);
        let left = Rescue::there(&path, false).unwrap().unwrap().kept();
        let names: Vec<_> = left.iter().map(|kept| kept.login.as_str()).collect();
        assert_eq!(names, ["lgn_2"]);
    }
}
