//! What a test or an operator can do to the simulated instance.

use super::Mastodon;
use super::state::{Account, Status, Token};
use crate::sandbox::calls::Call;
use crate::sandbox::faults::{Fault, Times};
use crate::sandbox::ledger::{self, Act, LedgerEntry};

/// Why the simulator did not do what it was told. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No account has this id or name.
    #[error("the sandbox has no account \"{0}\"; create it first")]
    NoAccount(String),
    /// The token is none of the instance's.
    #[error("the sandbox has no such token; create it first")]
    NoToken,
    /// No status has this id.
    #[error("the sandbox has no status {0}")]
    NoStatus(String),
    /// Another account has that name.
    #[error("the name {0} is taken")]
    NameTaken(String),
}

type Done<T = ()> = Result<T, ControlError>;

impl Mastodon {
    /// Makes an account; gives its id.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn create_account(&self, name: &str) -> Done<String> {
        let mut world = self.world();
        if world.accounts.values().any(|account| account.name == name) {
            return Err(ControlError::NameTaken(name.to_owned()));
        }
        let id = world.id();
        let account = Account {
            name: name.to_owned(),
            ..Account::default()
        };
        world.accounts.insert(id.clone(), account);
        Ok(id)
    }

    /// Makes a token of an account (id or name) with these scopes.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn create_token(&self, account: &str, scopes: &[&str]) -> Done<String> {
        let account = self.id_of(account)?;
        let mut world = self.world();
        let token = world.secret();
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let made = Token {
            account: Some(account),
            app: None,
            scopes,
            revoked: false,
            made: self.0.clock.now(),
            ends: None,
            family: 0,
        };
        world.tokens.insert(token.clone(), made);
        Ok(token)
    }

    /// Makes a token of a chosen value.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn adopt_token(&self, account: &str, scopes: &[&str], value: &str) -> Done {
        let made = self.create_token(account, scopes)?;
        let mut world = self.world();
        if let Some(token) = world.tokens.remove(&made) {
            world.tokens.insert(value.to_owned(), token);
        }
        Ok(())
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn revoke_token(&self, token: &str) -> Done {
        let mut world = self.world();
        let token = world.tokens.get_mut(token).ok_or(ControlError::NoToken)?;
        token.revoked = true;
        Ok(())
    }

    /// Resets the password of an account by e-mail, which ends every token.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn password_reset(&self, account: &str) -> Done {
        let id = self.id_of(account)?;
        let mut world = self.world();
        for token in world.tokens.values_mut() {
            token.revoked |= token.account.as_ref() == Some(&id);
        }
        world.oauth.sign_out(&id);
        Ok(())
    }

    /// Takes a scope from a token.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn drop_scope(&self, token: &str, scope: &str) -> Done {
        let mut world = self.world();
        let token = world.tokens.get_mut(token).ok_or(ControlError::NoToken)?;
        token.scopes.retain(|have| have != scope);
        Ok(())
    }

    /// The account takes back what it allowed apps, under "Authorized apps"; a
    /// token made in the settings is not among them.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn unlink(&self, account: &str) -> Done {
        let id = self.id_of(account)?;
        let mut world = self.world();
        for token in world.tokens.values_mut() {
            token.revoked |= token.app.is_some() && token.account.as_ref() == Some(&id);
        }
        world.oauth.forget_codes(&id);
        Ok(())
    }

    /// How many tokens of an account work; an unknown account has none.
    pub fn live_tokens(&self, account: &str) -> usize {
        let Ok(id) = self.id_of(account) else {
            return 0;
        };
        let world = self.world();
        let works = |token: &&Token| !token.revoked && token.account.as_ref() == Some(&id);
        world.tokens.values().filter(works).count()
    }

    /// Removes every registered app, and its tokens with it, as a server does
    /// that cleans up apps it takes for unused.
    pub fn forget_apps(&self) {
        let mut world = self.world();
        world.oauth.forget_apps();
        world.tokens.retain(|_, token| token.app.is_none());
    }

    /// Takes the account for spam, or stops that: its posts are answered like any
    /// other and never kept.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn antispam(&self, account: &str, on: bool) -> Done {
        self.with(account, |account| account.antispam = on)
    }

    /// Limits an account, or lifts that: what it makes public is unlisted.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn limited(&self, account: &str, on: bool) -> Done {
        self.with(account, |account| account.limited = on)
    }

    /// Tells that an account moved to another name, or to none.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn moved(&self, account: &str, to: Option<&str>) -> Done {
        self.with(account, |account| account.moved = to.map(str::to_owned))
    }

    /// Freezes an account, or lifts that.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn freeze(&self, account: &str, on: bool) -> Done {
        self.with(account, |account| account.frozen = on)
    }

    /// Suspends an account.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn suspend(&self, account: &str) -> Done {
        self.with(account, |account| account.suspended = true)
    }

    /// Takes the confirmation of an e-mail address away, or gives it back.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn unconfirmed(&self, account: &str, on: bool) -> Done {
        self.with(account, |account| account.unconfirmed = on)
    }

    /// Whether keys are ignored, as servers that only speak the same API may.
    pub fn ignore_idempotency(&self, on: bool) {
        self.world().ignore_keys = on;
    }

    /// How many statuses a page has at most, as servers that only speak the same
    /// API choose for themselves; 40 unless told.
    pub fn page(&self, most: usize) {
        self.world().page = most;
    }

    /// Whether rate limits are kept; they are, unless switched off.
    pub fn rate_limits(&self, on: bool) {
        self.world().limits = on;
    }

    /// Queues a fault for the next call of an endpoint, whoever makes it.
    pub fn fault_once(&self, endpoint: &str, fault: Fault) {
        let traffic = &self.0.traffic;
        traffic.faults(|queue| queue.push(endpoint, None, fault, Times::Count(1)));
    }

    /// Every call so far, in the order they arrived; without tokens.
    pub fn calls(&self) -> Vec<Call> {
        self.0.traffic.calls()
    }

    /// Every status, in the order it was made.
    pub fn statuses(&self) -> Vec<Status> {
        self.world().statuses.clone()
    }

    /// The same as entries of the ledger.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        let entries = self.statuses().into_iter().map(|status| LedgerEntry {
            network: "mastodon".to_owned(),
            act: Act::Created,
            did: status.account,
            collection: "status".to_owned(),
            rkey: status.id,
            cid: status.visibility,
            text: status.text,
            at: status.at,
            copies: 0,
        });
        ledger::counted(entries.collect())
    }

    pub(super) fn id_of(&self, named: &str) -> Done<String> {
        let world = self.world();
        let mut accounts = world.accounts.iter();
        let found = accounts.find(|(id, account)| *id == named || account.name == named);
        let found = found.map(|(id, _)| id.clone());
        found.ok_or_else(|| ControlError::NoAccount(named.to_owned()))
    }

    fn with(&self, named: &str, change: impl FnOnce(&mut Account)) -> Done {
        let id = self.id_of(named)?;
        let mut world = self.world();
        let found = world.accounts.get_mut(&id).map(change);
        found.ok_or_else(|| ControlError::NoAccount(named.to_owned()))
    }
}
