//! What a test or an operator can do to the simulated Bluesky.

use super::passwords;
use super::state::{Account, Entry};
use super::{Bluesky, records};
use crate::sandbox::calls::Call;
use crate::sandbox::faults::{Fault, Outage, Times};
use crate::sandbox::ledger::{self, LedgerEntry};
use crate::support::time::UtcMs;

/// Why the simulator did not do what it was told. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No account has this DID or handle.
    #[error("the sandbox has no account \"{0}\"; create it first")]
    NoAccount(String),
    /// The text is the one the real server refuses with.
    #[error("Handle already taken: {0}")]
    HandleTaken(String),
    /// The server has an account of this DID already.
    #[error("the sandbox has the account {0} already; delete it first")]
    DidTaken(String),
    /// There is no post at this address.
    #[error("the sandbox has no post at {0}")]
    NoPost(String),
    /// An app password of that name, or none of it, is there.
    #[error("the account has no such app password, or has one of that name already: {0}")]
    AppPassword(String),
}

pub(super) type Done<T = ()> = Result<T, ControlError>;

impl Bluesky {
    /// Makes an account with this handle and main password; gives its DID.
    ///
    /// # Errors
    /// When the handle is taken.
    pub fn create_account(&self, handle: &str, password: &str, name: &str) -> Done<String> {
        let did = self.world().fresh_did();
        self.adopt_account(&did, handle, password, name)?;
        Ok(did)
    }

    /// Makes an account under a DID that is there already, as after a move
    /// from another server.
    ///
    /// # Errors
    /// When the server has that account already, or one of that handle.
    pub fn adopt_account(&self, did: &str, handle: &str, password: &str, name: &str) -> Done {
        let handle = handle.to_lowercase();
        let now = self.now();
        let mut world = self.world();
        if world.account(&handle).is_some() {
            return Err(ControlError::HandleTaken(handle));
        }
        if world.accounts.contains_key(did) {
            return Err(ControlError::DidTaken(did.to_owned()));
        }
        let label = handle.split('.').next().unwrap_or_default();
        let account = Account {
            did: did.to_owned(),
            email: format!("{label}@example.com"),
            email_confirmed: false,
            handle: handle.clone(),
            password: password.to_owned(),
            display_name: name.to_owned(),
            app_passwords: Vec::new(),
            taken_down: false,
            deactivated: false,
            access: Vec::new(),
            rev: String::new(),
            commit: String::new(),
            records: std::collections::BTreeMap::new(),
            blobs: std::collections::HashMap::new(),
        };
        world.accounts.insert(did.to_owned(), account);
        let server = world.base.clone();
        world
            .directory
            .insert(did.to_owned(), Entry { handle, server });
        records::advance(&mut world, did, now);
        Ok(())
    }

    /// Makes an app password; gives its value, `xxxx-xxxx-xxxx-xxxx`.
    ///
    /// # Errors
    /// When the account is not there or has one of that name.
    pub fn create_app_password(&self, account: &str, name: &str) -> Done<String> {
        let did = self.did(account)?;
        let made = passwords::make(&mut self.world(), &did, name, self.now());
        made.ok_or_else(|| ControlError::AppPassword(name.to_owned()))
    }

    /// Gives an account an app password of a chosen value.
    ///
    /// # Errors
    /// When the account is not there or has an app password of that name.
    pub fn adopt_app_password(&self, account: &str, name: &str, value: &str) -> Done {
        self.create_app_password(account, name)?;
        let did = self.did(account)?;
        let mut world = self.world();
        let account = world.account_mut(&did).into_iter();
        let made = account.flat_map(|one| one.app_passwords.iter_mut());
        for one in made.filter(|one| one.name == name) {
            value.clone_into(&mut one.value);
        }
        Ok(())
    }

    /// Takes an app password away, named by its name or its value: its refresh
    /// tokens die, its access tokens work on until they expire.
    ///
    /// # Errors
    /// When account or app password is not there.
    pub fn revoke_app_password(&self, account: &str, name_or_value: &str) -> Done {
        let did = self.did(account)?;
        let mut world = self.world();
        let name = world
            .account(&did)
            .and_then(|one| {
                let fits = |p: &&super::state::AppPassword| {
                    p.name == name_or_value || p.value == name_or_value
                };
                one.app_passwords.iter().find(fits)
            })
            .map(|p| p.name.clone())
            .ok_or_else(|| ControlError::AppPassword(name_or_value.to_owned()))?;
        passwords::forget(&mut world, &did, &name);
        Ok(())
    }

    /// Forgets every refresh token of an account, or of all accounts: each is
    /// answered "Token has been revoked" from now on.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn forget_refresh_tokens(&self, account: Option<&str>) -> Done {
        let did = account.map(|one| self.did(one)).transpose()?;
        let keep = |of: &str| did.as_ref().is_some_and(|did| did != of);
        self.world().refresh.retain(|_, one| keep(&one.did));
        Ok(())
    }

    /// Makes the access tokens an account holds expire at once.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn expire_access_tokens(&self, account: &str) -> Done {
        let dead = self.with(account, |one| std::mem::take(&mut one.access))?;
        let did = self.did(account)?;
        let mut world = self.world();
        world.dead_access.extend(dead);
        world.oauth.expire(&did);
        Ok(())
    }

    /// Changes the key of the server: no token of before can be verified.
    pub fn change_signing_key(&self) {
        let mut world = self.world();
        world.key = world.entropy.bytes();
    }

    /// Changes the main password: all refresh tokens die, app passwords and
    /// logins at the server's own pages live.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn change_main_password(&self, account: &str, password: &str) -> Done {
        self.with(account, |one| password.clone_into(&mut one.password))?;
        self.forget_refresh_tokens(Some(account))
    }

    /// Takes an account down, which kills its refresh tokens and its logins at
    /// the server's own pages for good, or lifts that.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn takedown(&self, account: &str, on: bool) -> Done {
        self.with(account, |one| one.taken_down = on)?;
        if on {
            self.forget_refresh_tokens(Some(account))?;
            let did = self.did(account)?;
            self.world().oauth.forget(&did);
        }
        Ok(())
    }

    /// Deactivates an account, or activates it again.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn deactivate(&self, account: &str, on: bool) -> Done {
        self.with(account, |one| one.deactivated = on)
    }

    /// Deletes an account with all it has. The directory keeps its DID.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn delete_account(&self, account: &str) -> Done {
        let did = self.did(account)?;
        self.forget_refresh_tokens(Some(&did))?;
        let mut world = self.world();
        world.accounts.remove(&did);
        world.oauth.forget(&did);
        Ok(())
    }

    /// Gives an account another handle, here and in the directory.
    ///
    /// # Errors
    /// When the account is not there or the handle is taken.
    pub fn rename_handle(&self, account: &str, handle: &str) -> Done {
        let did = self.did(account)?;
        let handle = handle.to_lowercase();
        let mut world = self.world();
        if world.account(&handle).is_some_and(|one| one.did != did) {
            return Err(ControlError::HandleTaken(handle));
        }
        if let Some(one) = world.account_mut(&did) {
            one.handle.clone_from(&handle);
        }
        if let Some(entry) = world.directory.get_mut(&did) {
            entry.handle = handle;
        }
        Ok(())
    }

    /// Moves an account to the PDS at `server`: the directory says so, and
    /// here it stays behind deactivated, as after a real move.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn move_account(&self, account: &str, server: &str) -> Done {
        self.with(account, |one| one.deactivated = true)?;
        let did = self.did(account)?;
        if let Some(entry) = self.world().directory.get_mut(&did) {
            server.trim_end_matches('/').clone_into(&mut entry.server);
        }
        Ok(())
    }

    /// Confirms the e-mail address of an account: the video service takes
    /// videos of no other.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn confirm_email(&self, account: &str) -> Done {
        self.with(account, |one| one.email_confirmed = true)
    }

    /// How long the video service works on a video; 3 seconds at first.
    pub fn video_takes(&self, time: std::time::Duration) {
        self.world().video.takes = time;
    }

    /// The next video fails with this `failureCode`; an empty one is a failure
    /// without a code.
    pub fn fail_video(&self, code: &str) {
        self.world().video.failures.push(code.to_owned());
    }

    /// How many videos and bytes the video service takes of one account a day.
    pub fn video_limits(&self, videos: u64, bytes: u64) {
        self.world().video.daily = (videos, bytes);
    }

    /// The records of the posts that are live in an account now, oldest first.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn live_records(&self, account: &str) -> Done<Vec<serde_json::Value>> {
        let did = self.did(account)?;
        let world = self.world();
        let records = world.account(&did).map(|one| &one.records);
        Ok(records
            .into_iter()
            .flatten()
            .filter(|((collection, _), _)| collection == records::POST)
            .map(|((_, rkey), record)| {
                let uri = format!("at://{did}/{}/{rkey}", records::POST);
                serde_json::json!({ "uri": uri, "cid": record.cid, "value": record.value })
            })
            .collect())
    }

    /// The largest blob the server takes, in bytes (5,242,880 at first).
    pub fn blob_limit(&self, bytes: u64) {
        self.world().blob_limit = bytes;
    }

    /// Whether rate limits are kept; they are, unless switched off.
    pub fn rate_limits(&self, on: bool) {
        self.world().limits.on = on;
    }

    /// Whether a minimal AppView answers behind the server; none does at
    /// first, which is the 502 of an AppView outage.
    pub fn app_view(&self, on: bool) {
        self.world().app_view = on;
    }

    /// Queues a fault for requests of `endpoint` (a method name, [`super::PLC`],
    /// [`super::WELL_KNOWN`], or `*`) of any account, or of one. Faults are
    /// used up in the order in which they were queued.
    pub fn fault(&self, endpoint: &str, account: Option<&str>, fault: Fault, times: Times) {
        // An account that is not there yet is taken as the DID it may get.
        let account = account.map(|one| self.did(one).unwrap_or_else(|_| one.to_owned()));
        let traffic = &self.0.traffic;
        traffic.faults(|queue| queue.push(endpoint, account, fault, times));
    }

    /// Queues a fault for the next request of `endpoint`, whoever makes it.
    pub fn fault_once(&self, endpoint: &str, fault: Fault) {
        self.fault(endpoint, None, fault, Times::Count(1));
    }

    /// Takes every waiting fault back.
    pub fn clear_faults(&self) {
        self.0.traffic.faults(super::super::faults::Faults::clear);
    }

    /// How many faults wait.
    pub fn waiting_faults(&self) -> usize {
        self.0.traffic.faults(|queue| queue.len())
    }

    /// Takes the whole network down (connections close without an answer), or
    /// brings it back.
    pub fn down(&self, on: bool) {
        self.outage(if on { Outage::Closed } else { Outage::None });
    }

    /// As [`Bluesky::down`], with a choice of how it is down.
    pub fn outage(&self, outage: Outage) {
        self.0.traffic.set_outage(outage);
    }

    /// How far the server's clock is off, as its `Date` header shows;
    /// milliseconds, negative when it is behind.
    pub fn clock_off(&self, ms: i64) {
        self.0.traffic.set_date_off_ms(ms);
    }

    /// Every request so far, in the order they arrived.
    pub fn calls(&self) -> Vec<Call> {
        self.0.traffic.calls()
    }

    /// Empties the log and the count of concurrent requests.
    pub fn forget_calls(&self) {
        self.0.traffic.forget_calls();
    }

    /// The most requests that were under way at the same time.
    pub fn most_at_once(&self) -> usize {
        self.0.traffic.most_in_flight()
    }

    /// Everything that became visible, in the order it did.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        ledger::counted(self.world().ledger.clone())
    }

    /// The texts of the posts that are live in an account now, oldest first.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn live_posts(&self, account: &str) -> Done<Vec<String>> {
        let did = self.did(account)?;
        let world = self.world();
        let records = world.account(&did).map(|one| &one.records);
        Ok(records
            .into_iter()
            .flatten()
            .filter(|((collection, _), _)| collection == records::POST)
            .map(|(_, record)| record.value["text"].as_str().unwrap_or_default().to_owned())
            .collect())
    }

    pub(super) fn did(&self, account: &str) -> Done<String> {
        let world = self.world();
        let found = world.account(account).map(|one| one.did.clone());
        found.ok_or_else(|| ControlError::NoAccount(account.to_owned()))
    }

    fn with<T>(&self, account: &str, change: impl FnOnce(&mut Account) -> T) -> Done<T> {
        let mut world = self.world();
        let found = world.account_mut(account).map(change);
        found.ok_or_else(|| ControlError::NoAccount(account.to_owned()))
    }

    pub(super) fn now(&self) -> UtcMs {
        self.0.clock.now()
    }
}
