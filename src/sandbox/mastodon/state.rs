//! What the simulated instance knows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::reads::Social;
use super::{Done, Refused, no};
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// Everything behind one lock.
#[derive(Debug)]
pub(super) struct World {
    pub entropy: Entropy,
    pub base: String,
    pub accounts: BTreeMap<String, Account>,
    pub tokens: BTreeMap<String, Token>,
    pub media: BTreeMap<String, Media>,
    pub statuses: Vec<Status>,
    /// Key of an account, and the status it made when.
    pub keys: BTreeMap<(String, String), (String, UtcMs)>,
    pub ignore_keys: bool,
    /// The most statuses a page has, whatever was asked for.
    pub page: usize,
    pub limits: bool,
    /// What others do.
    pub social: Social,
    hits: BTreeMap<(String, &'static str), Vec<UtcMs>>,
    next: u64,
}

/// One account.
#[derive(Debug)]
pub(super) struct Account {
    pub name: String,
    pub frozen: bool,
    pub suspended: bool,
    pub unconfirmed: bool,
}

/// One token.
#[derive(Debug)]
pub(super) struct Token {
    pub account: String,
    pub scopes: Vec<String>,
    pub revoked: bool,
}

/// One uploaded file.
#[derive(Debug)]
pub(super) struct Media {
    pub account: String,
    pub ready_at: UtcMs,
    pub attached: bool,
    pub description: String,
}

/// A status as the instance keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its id.
    pub id: String,
    /// The account's id.
    pub account: String,
    /// The plain text.
    pub text: String,
    /// The content warning; empty for none.
    pub spoiler_text: String,
    /// `public`, `unlisted`, `private` or `direct`.
    pub visibility: String,
    /// ISO 639, when one was given.
    pub language: Option<String>,
    /// Ids of its media.
    pub media: Vec<String>,
    /// The status it answers.
    pub in_reply_to: Option<String>,
    /// When.
    pub at: UtcMs,
}

impl World {
    pub fn new(entropy: Entropy, base: &str) -> Self {
        Self {
            entropy,
            base: base.to_owned(),
            accounts: BTreeMap::new(),
            tokens: BTreeMap::new(),
            media: BTreeMap::new(),
            statuses: Vec::new(),
            keys: BTreeMap::new(),
            ignore_keys: false,
            page: 40,
            limits: true,
            social: Social::default(),
            hits: BTreeMap::new(),
            next: 109_000_000_000_000_000,
        }
    }

    pub fn id(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }

    /// Account and scopes of a token that works.
    pub fn authorised(&self, token: &str) -> Result<(String, Vec<String>), Refused> {
        let Some(token) = self.tokens.get(token) else {
            return Err(no(401, "The access token is invalid"));
        };
        if token.revoked {
            return Err(no(401, "The access token was revoked"));
        }
        let Some(account) = self.accounts.get(&token.account) else {
            return Err(no(422, "This method requires an authenticated user"));
        };
        if account.frozen || account.suspended {
            return Err(no(403, "Your login is currently disabled"));
        }
        if account.unconfirmed {
            return Err(no(403, "Your login is missing a confirmed e-mail address"));
        }
        Ok((token.account.clone(), token.scopes.clone()))
    }

    /// Source: <https://docs.joinmastodon.org/methods/accounts/#verify_credentials>
    pub fn verified(&self, id: &str) -> Done {
        let account = self
            .accounts
            .get(id)
            .ok_or_else(|| no(404, "Record not found"))?;
        let name = &account.name;
        Ok((
            200,
            json!({
                "id": id, "username": name, "acct": name, "display_name": name,
                "url": format!("{}/@{name}", self.base),
                "avatar": format!("{}/avatars/{name}.png", self.base),
                "followers_count": 3, "statuses_count": self.statuses.len(),
            }),
        ))
    }

    fn rule(kind: &'static str) -> (usize, Duration) {
        match kind {
            "statuses" => (300, Duration::from_secs(3 * 3600)),
            "media" => (30, Duration::from_secs(30 * 60)),
            _ => (300, Duration::from_secs(300)),
        }
    }

    /// Limit, what is left of it, and when its window ends.
    pub fn window(&self, account: &str, kind: &'static str, now: UtcMs) -> (usize, usize, UtcMs) {
        let (most, span) = Self::rule(kind);
        let start = now.minus(span);
        let hits = self.hits.get(&(account.to_owned(), kind));
        let inside: Vec<UtcMs> = hits
            .into_iter()
            .flatten()
            .copied()
            .filter(|at| *at > start)
            .collect();
        let reset = inside.first().copied().unwrap_or(now).plus(span);
        (most, most.saturating_sub(inside.len()), reset)
    }

    /// Counts a call against a limit, or refuses it.
    pub fn count(&mut self, account: &str, kind: &'static str, now: UtcMs) -> Result<(), Refused> {
        let (_, left, _) = self.window(account, kind, now);
        if self.limits && left == 0 {
            return Err(no(429, "Too many requests"));
        }
        let hits = self.hits.entry((account.to_owned(), kind)).or_default();
        hits.push(now);
        Ok(())
    }

    /// Source: <https://docs.joinmastodon.org/entities/Status/>
    pub fn json_of(&self, status: &Status) -> Value {
        let name = self.accounts.get(&status.account).map_or("", |a| &a.name);
        let media: Vec<Value> = status
            .media
            .iter()
            .map(|id| json!({ "id": id, "type": "image" }))
            .collect();
        let uri = format!("{}/users/{name}/statuses/{}", self.base, status.id);
        let mut body = json!({
            "id": status.id, "created_at": status.at.to_string(), "uri": uri,
            "url": format!("{}/@{name}/{}", self.base, status.id),
            "content": self.social.content(status), "spoiler_text": status.spoiler_text,
            "visibility": status.visibility, "language": status.language,
            "in_reply_to_id": status.in_reply_to, "media_attachments": media,
            "account": { "id": status.account, "acct": name }, "reblog": null,
        });
        for (name, count) in self.social.counts(self, status) {
            body[name] = count;
        }
        body
    }
}
