//! What became visible at the simulated networks, in the order it did.

use serde::{Deserialize, Serialize};

use crate::support::time::UtcMs;

/// What an entry of the ledger did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A record that was not there before.
    Created,
    /// Another content under the key of a live record.
    Edited,
    /// The record was taken away.
    Deleted,
}

/// One change that followers could see. Repeats that changed nothing leave no
/// entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The network.
    pub network: String,
    /// What happened.
    pub act: Act,
    /// The account's stable id.
    pub did: String,
    /// The collection (`app.bsky.feed.post`).
    pub collection: String,
    /// The key of the record.
    pub rkey: String,
    /// The hash of its content; empty for a deletion.
    pub cid: String,
    /// Its text; empty when it has none.
    pub text: String,
    /// When.
    pub at: UtcMs,
    /// How often this text was created in this account and collection so far,
    /// under whatever key, when the ledger was read; a post that went out
    /// twice shows 2.
    pub copies: usize,
}

/// Fills in [`LedgerEntry::copies`].
pub(super) fn counted(mut entries: Vec<LedgerEntry>) -> Vec<LedgerEntry> {
    let mut created = std::collections::HashMap::<(String, String, String), usize>::new();
    let key = |e: &LedgerEntry| (e.did.clone(), e.collection.clone(), e.text.clone());
    for entry in entries.iter().filter(|e| e.act == Act::Created) {
        *created.entry(key(entry)).or_default() += 1;
    }
    for entry in &mut entries {
        entry.copies = created.get(&key(entry)).copied().unwrap_or(0);
    }
    entries
}
