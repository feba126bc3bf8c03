//! `com.atproto.server.*Session`: logging in, refreshing, looking, leaving.

use base64::Engine as _;
use serde_json::{Value, json};

use super::errors;
use super::input::{bearer, nothing, object, text};
use super::limits::{LOGINS, LOGINS_DAY};
use super::oauth::Right;
use super::state::{Account, Refresh, World};
use super::tokens::{
    self, ACCESS_LIFE, AUDIENCE, Claims, Kind, REFRESH_LIFE, SCOPE_APP, SCOPE_MAIN, SCOPE_REFRESH,
    SCOPE_TAKEN_DOWN,
};
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// How long a refresh token stays usable after it was exchanged, in seconds,
/// as observed: 2 h.
const GRACE: i64 = 7_200;

/// Who is calling, by a valid access token. The account may be gone by now:
/// the token alone decides, for up to 2 h after a revocation, as observed.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub did: String,
    /// Whether the main password opened the session.
    pub main: bool,
    /// What a login at the server's own pages may do; sessions of a password
    /// have no such limits.
    pub scopes: Option<Vec<String>>,
}

impl Caller {
    /// Whether it may do that.
    pub fn may(&self, right: Right<'_>) -> Result<(), Answer> {
        self.scopes.as_ref().map_or(Ok(()), |all| right.of(all))
    }
}

/// Checks the access token of a request.
pub(super) fn caller(world: &World, req: &Request) -> Result<Caller, Answer> {
    if let Some(admitted) = &world.oauth.admitted {
        return admitted.clone();
    }
    let token = bearer(req).ok_or_else(errors::auth_missing)?;
    if tokens::bound(&world.key, token).is_some() {
        return Err(errors::malformed());
    }
    let claims = tokens::read(&world.key, Kind::Access, token, req.now, false)?;
    if world.dead_access.contains(token) {
        return Err(errors::expired());
    }
    match claims.scope.as_str() {
        SCOPE_MAIN | SCOPE_APP => Ok(Caller {
            main: claims.scope == SCOPE_MAIN,
            did: claims.sub,
            scopes: None,
        }),
        _ => Err(errors::bad_scope()),
    }
}

/// The account of a repository that is to be written or of a session that is
/// to be used, in the order the real server refuses.
pub(super) fn usable<'a>(
    world: &'a World,
    who: &str,
    even_deactivated: bool,
) -> Result<&'a Account, Answer> {
    let account = world.account(who).ok_or_else(errors::no_account)?;
    if account.taken_down {
        return Err(errors::taken_down());
    }
    if account.deactivated && !even_deactivated {
        return Err(errors::deactivated());
    }
    Ok(account)
}

pub(super) fn create(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let body = object(req)?;
    let identifier = text(&body, "identifier")?;
    let password = text(&body, "password")?;
    let allow_taken_down = body.get("allowTakendown") == Some(&Value::Bool(true));
    // Good and bad logins count alike, by identifier and address.
    world
        .limits
        .spend(&[LOGINS, LOGINS_DAY], identifier, 1, req.now)?;
    let account = world.login(identifier).ok_or_else(errors::bad_login)?;
    let (did, taken_down) = (account.did.clone(), account.taken_down);
    let app_password = if account.password == password {
        None
    } else if taken_down {
        // As observed: an app password of a taken-down account looks revoked.
        return Err(errors::bad_login());
    } else {
        let fits = account.app_passwords.iter().find(|p| p.value == password);
        Some(fits.ok_or_else(errors::bad_login)?.name.clone())
    };
    if taken_down && !allow_taken_down {
        return Err(errors::taken_down());
    }
    let jti = fresh_jti(world);
    // A session of a taken-down account cannot be refreshed: its token is
    // signed but not kept (source: the reference server's account manager).
    let kept = !taken_down;
    opened(world, &did, app_password, jti, kept, req.now)
}

pub(super) fn refresh(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let token = bearer(req).ok_or_else(errors::auth_missing)?;
    let claims = tokens::read(&world.key, Kind::Refresh, token, req.now, false)?;
    nothing(req)?;
    let did = claims.sub;
    let account = world
        .account(&did)
        .ok_or_else(|| errors::no_user_info(&did))?;
    if account.taken_down {
        return Err(errors::taken_down());
    }
    let now_s = req.now.0.div_euclid(1000);
    let jti = claims.jti.ok_or_else(errors::unverified)?;
    let kept = world.refresh.get(&jti).ok_or_else(errors::revoked)?.clone();
    // The first exchange shrinks the life of a token to the grace period;
    // later ones do not stretch it again.
    let expires = kept.expires.min(now_s.saturating_add(GRACE));
    if expires <= now_s {
        return Err(errors::revoked());
    }
    // The same successor for every use, which is what makes a repeat safe.
    let next = match kept.next {
        Some(next) => next,
        None => fresh_jti(world),
    };
    if let Some(kept) = world.refresh.get_mut(&jti) {
        kept.expires = expires;
        kept.next = Some(next.clone());
    }
    opened(world, &did, kept.app_password, next, true, req.now)
}

pub(super) fn get(world: &World, req: &Request) -> Result<Answer, Answer> {
    let caller = caller(world, req)?;
    let account = world
        .account(&caller.did)
        .filter(|account| !account.taken_down)
        .ok_or_else(|| errors::no_user_info(&caller.did))?;
    let mut body = about(world, account);
    if caller.scopes.is_some() {
        // As observed: who it is, and nothing more without another scope. That
        // other scope is not simulated.
        for private in ["didDoc", "email", "emailConfirmed"] {
            body.as_object_mut().map(|body| body.remove(private));
        }
    }
    Ok(Answer::json(200, &body))
}

pub(super) fn delete(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let token = bearer(req).ok_or_else(errors::auth_missing)?;
    let claims = tokens::read(&world.key, Kind::Refresh, token, req.now, true)?;
    nothing(req)?;
    if let Some(jti) = claims.jti {
        world.refresh.remove(&jti);
    }
    Ok(Answer::empty(200))
}

/// Signs a pair and answers it.
fn opened(
    world: &mut World,
    did: &str,
    app_password: Option<String>,
    jti: String,
    kept: bool,
    now: UtcMs,
) -> Result<Answer, Answer> {
    let iat = now.0.div_euclid(1000);
    let scope = match (kept, &app_password) {
        (false, _) => SCOPE_TAKEN_DOWN,
        (true, Some(_)) => SCOPE_APP,
        (true, None) => SCOPE_MAIN,
    };
    let claims = |scope: &str, jti: Option<&str>, life: i64| Claims {
        scope: scope.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: did.to_owned(),
        jti: jti.map(str::to_owned),
        iat,
        exp: iat + life,
    };
    let access = claims(scope, None, ACCESS_LIFE);
    let access = tokens::issue(&world.key, Kind::Access, &access);
    let renewal = claims(SCOPE_REFRESH, Some(&jti), REFRESH_LIFE);
    let expires = renewal.exp;
    let renewal = tokens::issue(&world.key, Kind::Refresh, &renewal);
    if kept {
        world.refresh.entry(jti).or_insert_with(|| Refresh {
            did: did.to_owned(),
            app_password,
            expires,
            next: None,
        });
    }
    // One that was made to expire and is signed again within the same second
    // has the same bytes; it must live.
    world.dead_access.remove(&access);
    let account = world.account_mut(did).ok_or_else(errors::no_account)?;
    account.access.push(access.clone());
    let account = world.account(did).ok_or_else(errors::no_account)?;
    let mut body = about(world, account);
    body["accessJwt"] = json!(access);
    body["refreshJwt"] = json!(renewal);
    Ok(Answer::json(200, &body))
}

/// What a session says about its account.
fn about(world: &World, account: &Account) -> Value {
    let mut body = json!({
        "did": account.did,
        "didDoc": world.did_doc(&account.did),
        "handle": account.handle,
        "email": account.email,
        "emailConfirmed": account.email_confirmed,
        "active": account.is_active(),
    });
    if let Some(status) = account.status() {
        body["status"] = json!(status);
    }
    body
}

fn fresh_jti(world: &World) -> String {
    let bytes: [u8; 32] = world.entropy.bytes();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
