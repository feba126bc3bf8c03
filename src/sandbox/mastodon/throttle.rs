//! What is counted against which limit. A window begins at a whole multiple of
//! its length, as the server's own counters do.
//!
//! Source: <https://github.com/mastodon/mastodon/blob/main/config/initializers/rack_attack.rb>
//! and <https://github.com/mastodon/mastodon/blob/main/app/lib/rate_limiter.rb>

use std::collections::BTreeMap;
use std::time::Duration;

use super::state::World;
use super::{Refused, bearer, no};
use crate::sandbox::wire::Request;
use crate::support::time::UtcMs;

/// One limit.
#[derive(Debug)]
pub(super) struct Rule {
    name: &'static str,
    most: usize,
    minutes: u64,
}

const fn rule(name: &'static str, most: usize, minutes: u64) -> Rule {
    Rule {
        name,
        most,
        minutes,
    }
}

static USER: Rule = rule("user", 1500, 5);
static TOKEN: Rule = rule("token", 300, 5);
static STRANGERS: Rule = rule("strangers", 300, 5);
static MEDIA: Rule = rule("media", 30, 30);
static PAGING: Rule = rule("paging", 300, 15);
static APPS: Rule = rule("apps", 5, 10);
static STATUSES: Rule = rule("statuses", 300, 180);

/// Everybody comes from one address here.
const ADDRESS: &str = "127.0.0.1";

/// A limit, what is left of it, and when its window ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub most: usize,
    pub left: usize,
    pub reset: UtcMs,
}

/// What was counted so far: per rule and counted party the window and its calls.
#[derive(Debug, Default)]
pub(super) struct Counted(BTreeMap<(&'static str, String), (i64, usize)>);

impl Counted {
    fn window(&self, rule: &'static Rule, whose: &str, now: UtcMs) -> Window {
        let (start, end) = span(rule, now);
        let counted = self.0.get(&(rule.name, whose.to_owned()));
        let used = counted.filter(|(at, _)| *at == start).map_or(0, |c| c.1);
        Window {
            most: rule.most,
            left: rule.most.saturating_sub(used),
            reset: UtcMs(end),
        }
    }

    /// Counts one more, or refuses it.
    fn take(&mut self, rule: &'static Rule, whose: &str, now: UtcMs) -> Result<(), Refused> {
        if self.window(rule, whose, now).left == 0 {
            return Err(no(429, "Too many requests"));
        }
        let (start, _) = span(rule, now);
        let counted = self.0.entry((rule.name, whose.to_owned())).or_default();
        if counted.0 != start {
            *counted = (start, 0);
        }
        counted.1 += 1;
        Ok(())
    }
}

fn span(rule: &Rule, now: UtcMs) -> (i64, i64) {
    let long = Duration::from_secs(rule.minutes * 60).as_millis();
    let long = i64::try_from(long).unwrap_or(i64::MAX);
    let start = now.0 - now.0.rem_euclid(long);
    (start, start + long)
}

impl World {
    /// Whom a call is counted for, in the order the server asks.
    fn counted_for(&self, req: &Request) -> Vec<(&'static Rule, String)> {
        let token = bearer(req).and_then(|text| Some((text, self.tokens.get(text)?)));
        let user = token.and_then(|(_, token)| token.account.clone());
        let mut rules = Vec::new();
        if let Some(user) = &user {
            rules.push((&USER, user.clone()));
        }
        if let Some((text, _)) = token {
            rules.push((&TOKEN, text.to_owned()));
        }
        if user.is_none() {
            rules.push((&STRANGERS, ADDRESS.to_owned()));
        }
        let posts = req.method == "POST";
        if let Some(user) = &user
            && posts
            && req.path.ends_with("/media")
        {
            rules.push((&MEDIA, user.clone()));
        }
        let pages = ["page", "min_id", "max_id", "since_id"];
        if pages.iter().any(|name| req.query(name).is_some()) {
            rules.push((&PAGING, user.unwrap_or_else(|| ADDRESS.to_owned())));
        }
        if posts && req.path == "/api/v1/apps" {
            rules.push((&APPS, ADDRESS.to_owned()));
        }
        rules
    }

    /// Counts a call before anything else is done with it.
    ///
    /// # Errors
    /// 429 with the limit that was reached.
    pub fn admit(&mut self, req: &Request) -> Result<(), (Refused, Window)> {
        if !self.limits {
            return Ok(());
        }
        for (rule, whose) in self.counted_for(req) {
            if let Err(refused) = self.counted.take(rule, &whose, req.now) {
                return Err((refused, self.counted.window(rule, &whose, req.now)));
            }
        }
        Ok(())
    }

    /// Counts a status that is about to be made.
    pub fn admit_status(&mut self, account: &str, now: UtcMs) -> Result<(), Refused> {
        if !self.limits {
            return Ok(());
        }
        self.counted.take(&STATUSES, account, now)
    }

    /// The limit of a call that has the least left; that of statuses before
    /// another one that has as little.
    ///
    /// Source: <https://github.com/mastodon/mastodon/blob/main/app/controllers/concerns/api/rate_limit_headers.rb>
    pub fn tightest(&self, endpoint: &str, req: &Request) -> Option<Window> {
        let mut rules = self.counted_for(req);
        let token = bearer(req).and_then(|token| self.tokens.get(token));
        if endpoint == "post_status"
            && let Some(account) = token.and_then(|token| token.account.clone())
        {
            rules.insert(0, (&STATUSES, account));
        }
        let windows = rules.iter();
        let windows = windows.map(|(rule, whose)| self.counted.window(rule, whose, req.now));
        windows.min_by_key(|window| window.left)
    }
}
