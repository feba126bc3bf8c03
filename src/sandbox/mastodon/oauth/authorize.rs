//! The question whether an app may, and its answer.
//!
//! Source: <https://docs.joinmastodon.org/methods/oauth/#authorize>,
//! <https://github.com/doorkeeper-gem/doorkeeper/blob/v5.9.3/app/controllers/doorkeeper/authorizations_controller.rb> and
//! <https://github.com/mastodon/mastodon/blob/main/app/controllers/oauth/authorizations_controller.rb>

use url::form_urlencoded::Serializer;

use super::sessions::{foreign, keep, ours, session};
use super::{Code, Wrong, missing, pages, redirects, words, wrong};
use crate::sandbox::mastodon::state::World;
use crate::sandbox::params::Params;
use crate::sandbox::wire::{Answer, Request};

/// What an app may ask for.
struct Wish {
    client_id: String,
    app: String,
    redirect: String,
    scopes: Vec<String>,
    challenge: Option<String>,
}

/// What keeps a request from being asked about, and whether the app may be told:
/// only where its redirect is one it registered.
struct Flaw {
    wrong: Wrong,
    redirect: Option<String>,
}

/// The parameters of a request, which the forms of the page repeat.
const FIELDS: [&str; 7] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

fn judge(world: &World, params: &Params) -> Result<Wish, Flaw> {
    let text = |name: &str| params.text(name).filter(|text| !text.is_empty());
    let fatal = |wrong: Wrong| Flaw {
        wrong,
        redirect: None,
    };
    let client_id = text("client_id").ok_or_else(|| fatal(missing("client_id")))?;
    let app = world.oauth.apps.get(&client_id);
    let app = app.ok_or_else(|| fatal(wrong("invalid_client")))?;
    let exact = world.settings.exact_redirects;
    let redirect = text("redirect_uri").filter(|asked| {
        let mut registered = app.redirects.iter();
        registered.any(|one| redirects::matches(asked, one, exact))
    });
    let redirect = redirect.ok_or_else(|| fatal(wrong("invalid_redirect_uri")))?;
    let told = |wrong: Wrong| Flaw {
        wrong,
        redirect: (redirect != redirects::SHOWN).then(|| redirect.clone()),
    };
    match text("response_type").as_deref() {
        None => return Err(told(missing("response_type"))),
        Some("code") => {}
        Some(_) => return Err(told(wrong("unsupported_response_type"))),
    }
    // Without a word on scopes it is the default ones, as far as the app has them.
    let scopes = words(&text("scope").unwrap_or_else(|| "read".to_owned()));
    let allowed = |scope: &String| app.scopes.contains(scope);
    if !scopes.iter().all(allowed) {
        return Err(told(wrong("invalid_scope")));
    }
    let challenge = text("code_challenge").filter(|_| world.settings.pkce);
    // The other method there is, `plain`, is not among those Mastodon takes.
    if challenge.is_some() && text("code_challenge_method").as_deref() != Some("S256") {
        return Err(told(wrong("invalid_code_challenge_method")));
    }
    Ok(Wish {
        app: app.name.clone(),
        client_id,
        redirect,
        scopes,
        challenge,
    })
}

/// The question. Somebody who is not signed in is asked to do that first.
pub(super) fn show(world: &mut World, req: &Request, params: &Params) -> Answer {
    let (id, mut session) = session(world, req);
    let forced = params
        .text("force_login")
        .is_some_and(|it| it == "true" || it == "1");
    let query = Serializer::new(String::new())
        .extend_pairs(&req.query)
        .finish();
    let here = format!("{}?{query}", req.path);
    session.back = Some(here.clone());
    // The documentation says that it makes people sign in again; the source only
    // never answers without a question then. The stricter of the two.
    let again = forced && session.fresh.as_ref() != Some(&here);
    let account = session.account.clone().filter(|_| !again);
    let Some(account) = account else {
        return keep(world, &id, session, pages::redirect("/auth/sign_in"));
    };
    session.fresh = None;
    if let Some(refused) = unusable(world, &account) {
        return keep(world, &id, session, refused);
    }
    let page = match judge(world, params) {
        Err(Flaw { wrong, redirect }) => match redirect {
            Some(to) if world.settings.redirect_errors => refuse(&to, &wrong, params),
            // What Doorkeeper does unless told otherwise, and Mastodon does not.
            _ => pages::error(wrong.status(), &wrong.words),
        },
        Ok(wish) if !forced && allowed_before(world, &wish, &account, req) => {
            allow(world, wish, account, params, req)
        }
        Ok(wish) => {
            let fields = FIELDS.map(|name| {
                let value = match name {
                    "scope" => wish.scopes.join(" "),
                    _ => params.text(name).unwrap_or_default(),
                };
                (name, value)
            });
            pages::question(&pages::Asked {
                token: &session.token,
                app: &wish.app,
                account: world.accounts.get(&account).map_or("", |a| &a.name),
                scopes: &wish.scopes,
                fields: &fields,
            })
        }
    };
    keep(world, &id, session, page)
}

/// The answer to the question.
pub(super) fn consent(world: &mut World, req: &Request, params: &Params) -> Answer {
    let (_, session) = session(world, req);
    if !ours(&session, params) {
        return foreign();
    }
    let Some(account) = session.account else {
        return pages::redirect("/auth/sign_in");
    };
    if let Some(refused) = unusable(world, &account) {
        return refused;
    }
    let denied = params.text("_method").as_deref() == Some("delete");
    let judged = judge(world, params).and_then(|wish| {
        let redirect = (wish.redirect != redirects::SHOWN).then(|| wish.redirect.clone());
        if denied {
            let wrong = wrong("access_denied");
            return Err(Flaw { wrong, redirect });
        }
        let ticked = params.all("scopes[]");
        let scopes = wish.scopes.iter().filter(|scope| ticked.contains(scope));
        let scopes: Vec<String> = scopes.cloned().collect();
        if scopes.is_empty() {
            let wrong = wrong("invalid_scope");
            return Err(Flaw { wrong, redirect });
        }
        Ok(Wish { scopes, ..wish })
    });
    match judged {
        Ok(wish) => allow(world, wish, account, params, req),
        Err(Flaw { wrong, redirect }) => match redirect {
            Some(to) => refuse(&to, &wrong, params),
            None => Answer::from(wrong),
        },
    }
}

fn allow(world: &mut World, wish: Wish, account: String, params: &Params, req: &Request) -> Answer {
    let code = world.secret();
    let to = if wish.redirect == redirects::SHOWN {
        // The state is of no use to who copies a code.
        redirects::with(
            &format!("{}/oauth/authorize/native", world.base),
            &[("code", &code)],
        )
    } else {
        let state = params.text("state").unwrap_or_default();
        redirects::with(&wish.redirect, &[("code", &code), ("state", &state)])
    };
    let made = Code {
        app: wish.client_id,
        account,
        redirect: wish.redirect,
        scopes: wish.scopes,
        challenge: wish.challenge,
        made: req.now,
        used: false,
    };
    world.oauth.codes.insert(code, made);
    pages::redirect(&to)
}

fn refuse(to: &str, wrong: &Wrong, params: &Params) -> Answer {
    let state = params.text("state").unwrap_or_default();
    pages::redirect(&redirects::with(
        to,
        &[
            ("error", wrong.name),
            ("error_description", &wrong.words),
            ("state", &state),
        ],
    ))
}

/// Whether the app has a token of this account for exactly that.
fn allowed_before(world: &World, wish: &Wish, account: &str, req: &Request) -> bool {
    let found = world.token_for(&wish.client_id, Some(account), &wish.scopes, req.now);
    found.is_some()
}

/// What somebody sees whose account may not do anything.
fn unusable(world: &World, account: &str) -> Option<Answer> {
    let account = world.accounts.get(account)?;
    if account.frozen || account.suspended {
        Some(pages::error(403, "Your login is currently disabled"))
    } else if account.unconfirmed {
        let words = "Your login is missing a confirmed e-mail address";
        Some(pages::error(403, words))
    } else {
        None
    }
}
