//! The question whether a client may, and its answer.
//!
//! Source: `request/request-manager.js` of `@atproto/oauth-provider`

use super::pages::{self, About};
use super::{Browser, Pushed, REQUEST_LIFE};
use crate::sandbox::bluesky::state::World;
use crate::sandbox::pages::{cookies, error, sent_on, set_cookie, with};
use crate::sandbox::params::Params;
use crate::sandbox::wire::{Answer, Request};

/// Where the form to sign in goes.
pub(super) const SIGN_IN: &str = "/oauth/authorize/sign-in";
/// Where the answer goes.
pub(super) const CONSENT: &str = "/oauth/authorize/consent";

/// The cookie's name.
const COOKIE: &str = "dev-id";

/// A browser at a request that is still open.
struct Visit {
    cookie: String,
    browser: Browser,
    request: String,
    pushed: Pushed,
    params: Params,
}

impl Visit {
    fn about(&self) -> About<'_> {
        About {
            client: &self.pushed.client,
            request: &self.request,
            csrf: &self.browser.csrf,
        }
    }

    /// Keeps browser and request, and gives the browser its cookie.
    fn keep(self, world: &mut World, answer: Answer) -> Answer {
        let oauth = &mut world.oauth;
        oauth.browsers.insert(self.cookie.clone(), self.browser);
        oauth.requests.insert(self.request, self.pushed);
        set_cookie(answer, COOKIE, &self.cookie)
    }
}

/// The request a page is about, for this browser and no other; it waits on from
/// here. What is wrong with it is told to the client when it is known whose it
/// is, and ends it.
fn visit(world: &mut World, req: &Request) -> Result<Visit, Answer> {
    let malformed = || error(400, "The request is malformed");
    let params = Params::of(req).ok_or_else(malformed)?;
    let text = |name: &str| params.text(name).unwrap_or_default();
    let client = text("client_id");
    let request = text("request_uri");
    if request.is_empty() {
        // Source: `require_pushed_authorization_requests`; not observed.
        return Err(error(400, "The request must be pushed first"));
    }
    let oauth = &world.oauth;
    let mut known = cookies(req, COOKIE).filter(|id| oauth.browsers.contains_key(*id));
    let cookie = known.next().map(str::to_owned);
    let cookie = cookie.unwrap_or_else(|| world.oauth_secret("dev", 16));
    let browser = world.oauth.browsers.get(&cookie).cloned();
    let browser = browser.unwrap_or_else(|| Browser {
        account: None,
        csrf: world.oauth_secret("csrf", 16),
    });
    let pushed = world.oauth.requests.get(&request).cloned();
    let mut pushed = pushed.ok_or_else(|| error(400, "Unknown request_uri"))?;
    let flaw = if pushed.allowed.is_some() {
        Some("This request was already authorized")
    } else if pushed.ends < req.now {
        Some("This request has expired")
    } else if pushed.client != client {
        Some("This request was initiated for another client")
    } else if pushed.browser.as_ref().is_some_and(|one| *one != cookie) {
        Some("This request was initiated from another device")
    } else {
        None
    };
    if let Some(words) = flaw {
        world.oauth.requests.remove(&request);
        return Err(denied(world, &pushed, words));
    }
    pushed.ends = req.now.plus(REQUEST_LIFE);
    pushed.browser = Some(cookie.clone());
    Ok(Visit {
        cookie,
        browser,
        request,
        pushed,
        params,
    })
}

/// Sends the browser back to the client.
fn back(world: &World, pushed: &Pushed, answer: &[(&str, &str)]) -> Answer {
    let mut all = vec![("state", &*pushed.state), ("iss", &*world.base)];
    all.extend(answer);
    sent_on(303, &with(&pushed.redirect, &all))
}

fn denied(world: &World, pushed: &Pushed, words: &str) -> Answer {
    let answer = [("error", "access_denied"), ("error_description", words)];
    back(world, pushed, &answer)
}

/// The question. Somebody who is not signed in is asked to do that first.
pub(super) fn show(world: &mut World, req: &Request) -> Answer {
    let visit = match visit(world, req) {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let account = visit.browser.account.as_deref();
    let account = account.and_then(|did| world.account(did));
    let page = match account {
        Some(account) => pages::question(
            &visit.about(),
            &world.base,
            &account.handle,
            &visit.pushed.scopes,
        ),
        None => {
            let hint = visit.pushed.hint.as_deref().unwrap_or_default();
            pages::sign_in(&visit.about(), hint, None)
        }
    };
    visit.keep(world, page)
}

/// The form to sign in, for somebody who is signed in as another.
pub(super) fn other_account(world: &mut World, req: &Request) -> Answer {
    match visit(world, req) {
        Ok(visit) => {
            let page = pages::sign_in(&visit.about(), "", None);
            visit.keep(world, page)
        }
        Err(answer) => answer,
    }
}

/// Only forms of our own pages count.
fn posted(world: &mut World, req: &Request) -> Result<Visit, Answer> {
    let visit = visit(world, req)?;
    if visit.params.text("csrf-token").as_ref() == Some(&visit.browser.csrf) {
        return Ok(visit);
    }
    // The request is left as it was.
    Err(error(400, "Invalid CSRF token"))
}

/// The handle and the main password.
pub(super) fn sign_in(world: &mut World, req: &Request) -> Answer {
    let mut visit = match posted(world, req) {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let text = |name: &str| visit.params.text(name).unwrap_or_default();
    let (who, password) = (text("username"), text("password"));
    match signed_in(world, &who, &password) {
        Ok(did) => {
            // A cookie from before signing in is worth nothing afterwards.
            world.oauth.browsers.remove(&visit.cookie);
            visit.cookie = world.oauth_secret("dev", 16);
            visit.browser = Browser {
                account: Some(did),
                csrf: world.oauth_secret("csrf", 16),
            };
            visit.pushed.browser = Some(visit.cookie.clone());
            let request = [
                ("client_id", &*visit.pushed.client),
                ("request_uri", &*visit.request),
            ];
            let to = with(&format!("{}/oauth/authorize", world.base), &request);
            visit.keep(world, sent_on(303, &to))
        }
        Err(words) => {
            let page = pages::sign_in(&visit.about(), &who, Some(words));
            visit.keep(world, page)
        }
    }
}

/// The texts were observed, that of a takedown is read in `oauth-store.js` of
/// `@atproto/pds`.
fn signed_in(world: &World, who: &str, password: &str) -> Result<String, &'static str> {
    let bad = "Invalid identifier or password";
    let account = world.login(who).ok_or(bad)?;
    let main = account.password == password;
    let app = account
        .app_passwords
        .iter()
        .any(|one| one.value == password);
    match (main, app) {
        (true, _) if account.taken_down => Err("Account was taken down"),
        (true, _) => Ok(account.did.clone()),
        (false, true) if !account.taken_down => Err("App passwords are not allowed"),
        _ => Err(bad),
    }
}

/// The answer to the question.
pub(super) fn consent(world: &mut World, req: &Request) -> Answer {
    let mut visit = match posted(world, req) {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let signed_in = visit.browser.account.as_deref();
    let Some(account) = signed_in.and_then(|did| world.account(did)) else {
        return visit.keep(world, error(400, "Nobody is signed in"));
    };
    let refused = match visit.params.text("answer").as_deref() {
        Some("allow") if account.deactivated => Some("This account has been deactivated"),
        Some("allow") => None,
        _ => Some("The user rejected the request"),
    };
    let did = account.did.clone();
    if let Some(words) = refused {
        let answer = denied(world, &visit.pushed, words);
        world.oauth.requests.remove(&visit.request);
        return answer;
    }
    let code = world.oauth_secret("cod", 32);
    let answer = back(world, &visit.pushed, &[("code", &code)]);
    visit.pushed.allowed = Some((did, code));
    visit.keep(world, answer)
}
