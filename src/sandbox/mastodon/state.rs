//! What the simulated instance knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::oauth::Oauth;
use super::reads::Social;
use super::settings::Settings;
use super::throttle::Counted;
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
    pub counted: Counted,
    pub settings: Settings,
    pub oauth: Oauth,
    next: u64,
}

/// One account.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub name: String,
    pub frozen: bool,
    pub suspended: bool,
    pub unconfirmed: bool,
    /// Silenced: what it makes public is unlisted.
    pub limited: bool,
    /// Taken for spam: what it posts is answered and never kept.
    pub antispam: bool,
    /// Where it moved to.
    pub moved: Option<String>,
}

/// One token.
#[derive(Debug)]
pub(super) struct Token {
    /// Nobody, for a token of the app itself.
    pub account: Option<String>,
    /// The id of the app it was made for; none for one made in the settings,
    /// which belongs to an app of the account's own.
    pub app: Option<String>,
    pub scopes: Vec<String>,
    pub revoked: bool,
    pub made: UtcMs,
    /// When it ends, and what gets the next one then.
    pub ends: Option<(UtcMs, String)>,
    /// Shared by tokens that came from one consent by refreshing.
    pub family: u64,
}

/// One uploaded file.
#[derive(Debug)]
pub(super) struct Media {
    pub account: String,
    pub ready_at: UtcMs,
    pub attached: bool,
    pub video: bool,
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
            counted: Counted::default(),
            settings: Settings::default(),
            oauth: Oauth::default(),
            next: 109_000_000_000_000_000,
        }
    }

    pub fn id(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }

    /// A text nobody guesses: a token, a code, a secret.
    pub fn secret(&self) -> String {
        use base64::Engine as _;
        let bytes: [u8; 32] = self.entropy.bytes();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The account a token speaks for, when it may do what one of `needed` allows.
    /// A suspended account is told first, whatever became of the token.
    ///
    /// Source: <https://github.com/mastodon/mastodon/blob/main/app/controllers/api/base_controller.rb>
    pub fn authorised(
        &self,
        token: Option<&str>,
        needed: &[&str],
        now: UtcMs,
    ) -> Result<String, Refused> {
        let Some(token) = token.and_then(|token| self.tokens.get(token)) else {
            return Err(no(401, "The access token is invalid"));
        };
        let account = token.account.as_ref();
        let account = account.and_then(|id| Some((id, self.accounts.get(id)?)));
        if account.is_some_and(|(_, account)| account.suspended) {
            return Err(no(403, "Your login is currently disabled"));
        }
        if token.revoked {
            return Err(no(401, "The access token was revoked"));
        }
        if token.ends.as_ref().is_some_and(|(ends, _)| *ends <= now) {
            return Err(no(401, "The access token expired"));
        }
        if !token.scopes.iter().any(|have| needed.contains(&&**have)) {
            return Err(no(403, super::OUTSIDE));
        }
        let Some((id, account)) = account else {
            return Err(no(422, "This method requires an authenticated user"));
        };
        if account.unconfirmed {
            return Err(no(403, "Your login is missing a confirmed e-mail address"));
        }
        if account.frozen {
            return Err(no(403, "Your login is currently disabled"));
        }
        Ok(id.clone())
    }

    /// Source: <https://docs.joinmastodon.org/methods/accounts/#verify_credentials>
    pub fn verified(&self, id: &str) -> Done {
        let account = self
            .accounts
            .get(id)
            .ok_or_else(|| no(404, "Record not found"))?;
        let mut body = self.json_of_account(id, &account.name);
        if account.limited {
            body["limited"] = json!(true);
        }
        // The account itself goes on working, as its settings promise.
        // Source: <https://github.com/mastodon/mastodon/blob/main/app/models/user.rb>
        if let Some(to) = &account.moved {
            body["moved"] = self.json_of_account("", to);
        }
        Ok((200, body))
    }

    fn json_of_account(&self, id: &str, name: &str) -> Value {
        json!({
            "id": id, "username": name, "acct": name, "display_name": name,
            "url": format!("{}/@{name}", self.base), "uri": format!("{}/users/{name}", self.base),
            "avatar": format!("{}/avatars/{name}.png", self.base),
            "followers_count": 3, "statuses_count": self.statuses.len(),
        })
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
