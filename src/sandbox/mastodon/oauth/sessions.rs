//! Who is signed in at the pages of the instance. Instead of address and
//! password there is a choice of accounts: what people know is not simulated.

use super::pages;
use crate::sandbox::mastodon::state::World;
use crate::sandbox::pages::{cookies, set_cookie};
use crate::sandbox::params::Params;
use crate::sandbox::wire::{Answer, Request};

/// A browser.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    pub account: Option<String>,
    /// What a form has to bring along, so that no other page can send it.
    pub token: String,
    /// Where to go after signing in.
    pub back: Option<String>,
    /// The address somebody just signed in for.
    pub fresh: Option<String>,
}

/// The cookie's name.
const COOKIE: &str = "_mastodon_session";

/// The browser's session; a new one when it has none.
pub(super) fn session(world: &mut World, req: &Request) -> (String, Session) {
    for id in cookies(req, COOKIE) {
        if let Some(session) = world.oauth.sessions.get(id) {
            return (id.to_owned(), session.clone());
        }
    }
    let session = Session {
        token: world.secret(),
        ..Session::default()
    };
    (world.secret(), session)
}

/// Keeps a session, and gives the browser its cookie.
pub(super) fn keep(world: &mut World, id: &str, session: Session, answer: Answer) -> Answer {
    world.oauth.sessions.insert(id.to_owned(), session);
    set_cookie(answer, COOKIE, id)
}

/// Whether a form came from a page of this session.
pub(super) fn ours(session: &Session, params: &Params) -> bool {
    params.text("authenticity_token").as_deref() == Some(&session.token)
}

/// What is shown for a form that did not.
pub(super) fn foreign() -> Answer {
    pages::error(
        422,
        "Security verification failed. Are you blocking cookies?",
    )
}

/// The page to sign in with, and its form.
pub(super) fn sign_in(world: &mut World, req: &Request, params: &Params) -> Answer {
    let (id, session) = session(world, req);
    if req.method == "GET" {
        let accounts = world.accounts.values().map(|account| account.name.as_str());
        let page = pages::sign_in(&session.token, accounts);
        return keep(world, &id, session, page);
    }
    if !ours(&session, params) {
        return foreign();
    }
    let name = params.text("account").unwrap_or_default();
    let mut accounts = world.accounts.iter();
    let Some((account, _)) = accounts.find(|(_, account)| account.name == name) else {
        return pages::error(422, "Invalid Email address or password.");
    };
    let back = session.back.unwrap_or_else(|| "/".to_owned());
    let signed_in = Session {
        account: Some(account.clone()),
        token: world.secret(),
        back: None,
        fresh: Some(back.clone()),
    };
    // A session from before signing in is worth nothing afterwards.
    world.oauth.sessions.remove(&id);
    let id = world.secret();
    keep(world, &id, signed_in, pages::redirect(&back))
}
