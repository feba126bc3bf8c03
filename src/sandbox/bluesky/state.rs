//! What the simulated server knows.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use super::cid::base32;
use super::limits::Limits;
use super::oauth::Oauth;
use super::tid::Tids;
use super::tokens::hmac;
use super::video::Service;
use crate::sandbox::ledger::LedgerEntry;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// The reference server's default `blobUploadLimit`, as observed.
const BLOB_LIMIT: u64 = 5_242_880;

/// Everything behind one lock.
#[derive(Debug)]
pub(super) struct World {
    pub base: String,
    pub entropy: Entropy,
    /// Signs the tokens.
    pub key: [u8; 32],
    /// Makes the nonces.
    pub nonce_key: [u8; 32],
    /// Logins at the server's own pages.
    pub oauth: Oauth,
    /// By DID.
    pub accounts: BTreeMap<String, Account>,
    /// By DID; entries outlive the accounts.
    pub directory: BTreeMap<String, Entry>,
    /// By `jti`.
    pub refresh: HashMap<String, Refresh>,
    /// Access tokens that were made to expire before their time.
    pub dead_access: HashSet<String>,
    pub limits: Limits,
    pub tids: Tids,
    pub ledger: Vec<LedgerEntry>,
    pub blob_limit: u64,
    /// Whether an AppView answers behind this server.
    pub app_view: bool,
    /// The video service.
    pub video: Service,
    /// What the AppView counts of posts, by their addresses.
    pub counted: BTreeMap<String, Counted>,
    /// Who showed which post to their followers, by DID of the account.
    pub reposted: Vec<(String, String)>,
}

/// What people did with one post.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub likes: u64,
    pub reposts: u64,
    pub bookmarks: u64,
}

/// One account of this server.
#[derive(Debug)]
pub(super) struct Account {
    pub did: String,
    pub handle: String,
    pub email: String,
    /// Whether its owner followed the link in the mail.
    pub email_confirmed: bool,
    pub password: String,
    pub display_name: String,
    pub app_passwords: Vec<AppPassword>,
    pub taken_down: bool,
    pub deactivated: bool,
    /// Access tokens issued, so that they can be made to expire.
    pub access: Vec<String>,
    pub rev: String,
    /// The newest commit.
    pub commit: String,
    /// By collection and key.
    pub records: BTreeMap<(String, String), Record>,
    /// By identifier.
    pub blobs: HashMap<String, Blob>,
}

/// One app password.
#[derive(Debug)]
pub(super) struct AppPassword {
    pub name: String,
    pub value: String,
    pub created: UtcMs,
}

/// One record.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub cid: String,
    pub value: Value,
}

/// One blob.
#[derive(Debug)]
pub(super) struct Blob {
    pub mime: String,
    pub size: u64,
    pub uploaded: UtcMs,
    /// Whether a record ever named it; others are collected.
    pub kept: bool,
}

/// One refresh token.
#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub did: String,
    /// The app password of the session, by name.
    pub app_password: Option<String>,
    /// Unix seconds.
    pub expires: i64,
    /// The token it was exchanged for.
    pub next: Option<String>,
}

/// What the directory says of a DID.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub handle: String,
    pub server: String,
}

impl Account {
    /// Whether it is neither taken down nor deactivated.
    pub fn is_active(&self) -> bool {
        !self.taken_down && !self.deactivated
    }

    /// The `status` of an inactive account.
    pub fn status(&self) -> Option<&'static str> {
        if self.taken_down {
            Some("takendown")
        } else if self.deactivated {
            Some("deactivated")
        } else {
            None
        }
    }
}

impl World {
    pub fn new(entropy: Entropy, base: &str) -> Self {
        let key = entropy.bytes();
        Self {
            base: base.to_owned(),
            nonce_key: hmac(&key, b"nonces"),
            key,
            oauth: Oauth::default(),
            entropy,
            accounts: BTreeMap::new(),
            directory: BTreeMap::new(),
            refresh: HashMap::new(),
            dead_access: HashSet::new(),
            limits: Limits::default(),
            tids: Tids::default(),
            ledger: Vec::new(),
            blob_limit: BLOB_LIMIT,
            app_view: false,
            counted: BTreeMap::new(),
            reposted: Vec::new(),
            video: Service::default(),
        }
    }

    /// The account of a DID or handle, whatever state it is in.
    pub fn account(&self, who: &str) -> Option<&Account> {
        if who.starts_with("did:") {
            return self.accounts.get(who);
        }
        let who = who.to_lowercase();
        self.accounts.values().find(|one| one.handle == who)
    }

    /// As [`World::account`], to be changed.
    pub fn account_mut(&mut self, who: &str) -> Option<&mut Account> {
        let did = self.account(who)?.did.clone();
        self.accounts.get_mut(&did)
    }

    /// The account by DID, handle or e-mail, as a login names it.
    pub fn login(&self, identifier: &str) -> Option<&Account> {
        let identifier = identifier.to_lowercase();
        if identifier.contains('@') {
            return self.accounts.values().find(|one| one.email == identifier);
        }
        self.account(&identifier)
    }

    /// A fresh DID.
    pub fn fresh_did(&self) -> String {
        let bytes: [u8; 15] = self.entropy.bytes();
        let text = base32(&bytes, b"abcdefghijklmnopqrstuvwxyz234567");
        format!("did:plc:{text}")
    }

    /// A fresh app password, `xxxx-xxxx-xxxx-xxxx`.
    pub fn fresh_app_password(&self) -> String {
        let bytes: [u8; 10] = self.entropy.bytes();
        let text = base32(&bytes, b"abcdefghijklmnopqrstuvwxyz234567");
        let (a, rest) = text.split_at(4);
        let (b, rest) = rest.split_at(4);
        let (c, d) = rest.split_at(4);
        format!("{a}-{b}-{c}-{d}")
    }

    /// The DID document, for accounts that live elsewhere by now too.
    ///
    /// Source: <https://atproto.com/specs/did>.
    pub fn did_doc(&self, did: &str) -> Option<Value> {
        let entry = self.directory.get(did)?;
        Some(json!({
            "@context": [
                "https://www.w3.org/ns/did/v1",
                "https://w3id.org/security/multikey/v1",
                "https://w3id.org/security/suites/secp256k1-2019/v1",
            ],
            "id": did,
            "alsoKnownAs": [format!("at://{}", entry.handle)],
            "verificationMethod": [{
                "id": format!("{did}#atproto"),
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": "zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF",
            }],
            "service": [{
                "id": "#atproto_pds",
                "type": "AtprotoPersonalDataServer",
                "serviceEndpoint": entry.server,
            }],
        }))
    }
}
