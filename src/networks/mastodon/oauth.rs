//! Logging in on the server's own page: every login registers a client of its
//! own. A server gives the same token for the same client, account and scopes,
//! so a client shared by two logins would share what revoking takes away.
//!
//! Source: <https://docs.joinmastodon.org/client/token/>

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::api::Api;
use super::sign_in::{about, base, error, verify};
use crate::domain::channel::Expiry;
use crate::domain::network::Network;
use crate::networks::catalogue::classify;
use crate::networks::http::{Body, Reply, Request};
use crate::networks::login::{ClientAuth, Grant, LoginAsk, OAuthClient, Quirks, SHOWN};
use crate::networks::token_endpoint;
use crate::networks::{Ends, Net, Refusal, Renewal, Session, SignInError, SignedIn, Tokens};
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// What is asked for, the narrow way; servers that do not know these names are
/// asked for [`BROAD`].
///
/// Source: <https://docs.joinmastodon.org/api/oauth-scopes/>
pub(super) const SCOPES: [&str; 5] = [
    "read:accounts",
    "read:statuses",
    "read:notifications",
    "write:statuses",
    "write:media",
];
const BROAD: [&str; 2] = ["read", "write"];
/// The client's name on the consent page.
const NAME: &str = "Allgreen";

/// Some servers refuse Basic authentication; the form is what is documented.
///
/// Source: <https://docs.joinmastodon.org/methods/oauth/#token>
static QUIRKS: Quirks = Quirks {
    client_auth: ClientAuth::Body,
    ..Quirks::STANDARD
};

/// Where a server is asked.
#[derive(Debug)]
struct Endpoints {
    authorize: Url,
    token: Url,
    device: Option<Url>,
    revoke: Url,
    register: Url,
    /// What `iss` must be, where the server promises one.
    issuer: Option<String>,
}

/// Source: <https://docs.joinmastodon.org/methods/oauth/#authorization-server-metadata>
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Option<Url>,
    token_endpoint: Option<Url>,
    device_authorization_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
    app_registration_endpoint: Option<Url>,
    authorization_response_iss_parameter_supported: bool,
}

/// Source: <https://docs.joinmastodon.org/entities/Application/>
#[derive(Debug, Deserialize)]
struct Registered {
    client_id: String,
    client_secret: String,
}

/// What the configuration says goes before what the server says, and that
/// before what every server has. A server's word counts for its own addresses
/// only: the token goes nowhere else.
async fn endpoints(net: &Net, server: &str) -> Result<Endpoints, SignInError> {
    let at = |path: &str| {
        Url::parse(&format!("{server}{path}")).map_err(|_| {
            error(
                "bad_address",
                format!("\"{server}\" is no server's address."),
                "Name the server the account lives on, such as mastodon.social.",
            )
        })
    };
    let said = metadata(net, at("/.well-known/oauth-authorization-server")?).await?;
    let origin = at("/")?.origin();
    let own = |url: Option<Url>| url.filter(|url| url.origin() == origin);
    let set = |text: &Option<String>| text.as_deref().and_then(|text| Url::parse(text).ok());
    let settings = &net.settings;
    let pick = |set: Option<Url>, said: Option<Url>, path: &str| match set.or(own(said)) {
        Some(url) => Ok(url),
        None => at(path),
    };
    let issuer = said
        .authorization_response_iss_parameter_supported
        .then_some(said.issuer)
        .filter(|_| settings.authorize_url.is_none());
    Ok(Endpoints {
        authorize: pick(
            set(&settings.authorize_url),
            said.authorization_endpoint,
            "/oauth/authorize",
        )?,
        token: pick(
            set(&settings.token_url),
            said.token_endpoint,
            "/oauth/token",
        )?,
        device: set(&settings.device_url).or(own(said.device_authorization_endpoint)),
        revoke: pick(
            set(&settings.revoke_url),
            said.revocation_endpoint,
            "/oauth/revoke",
        )?,
        register: pick(None, said.app_registration_endpoint, "/api/v1/apps")?,
        issuer,
    })
}

/// Servers before 4.3 have no such page; what they have is known.
async fn metadata(net: &Net, url: Url) -> Result<Metadata, SignInError> {
    let name = "serverMetadata";
    let server = url.origin().ascii_serialization();
    match net.send(Request::get(name, url)).await {
        Ok(reply) if reply.ok() => Ok(reply.json().unwrap_or_default()),
        Ok(reply) if matches!(reply.status, 429 | 500..) => Err(about(
            &classify(Network::Mastodon, name, &reply, &[]),
            &server,
        )),
        Ok(_) => Ok(Metadata::default()),
        Err(trouble) => Err(error(
            "unreachable",
            trouble.what,
            "Check the address and the connection, and try again in a few minutes.",
        )),
    }
}

/// Finds the server's pages and registers a client there, unless the
/// configuration names one.
pub(super) async fn client(net: &Net, ask: &LoginAsk) -> Result<OAuthClient, SignInError> {
    let named = ask.server.as_deref().or(net.settings.api_base.as_deref());
    let server = named.and_then(base).ok_or_else(|| {
        error(
            "bad_address",
            match named {
                Some(text) => format!(
                    "\"{}\" is no server's address.",
                    crate::networks::evidence::clean(text, 100)
                ),
                None => "The server the account lives on is missing.".to_owned(),
            },
            "Name it, such as mastodon.social.",
        )
    })?;
    let endpoints = endpoints(net, &server).await?;
    let (client_id, client_secret, scopes) = match &net.settings.client_id {
        Some(id) => (id.clone(), None, SCOPES.as_slice()),
        None => register(net, &server, endpoints.register.clone(), &ask.redirect).await?,
    };
    Ok(OAuthClient {
        network: Network::Mastodon,
        server,
        client_id,
        client_secret,
        authorize_url: endpoints.authorize,
        token_url: endpoints.token,
        device_url: endpoints.device,
        pushed_url: None,
        issuer: endpoints.issuer,
        scopes: scopes.iter().map(|one| (*one).to_owned()).collect(),
        // Shows who is logged in there, and lets another account in.
        more: vec![("force_login".to_owned(), "true".to_owned())],
        proof_key: None,
        account: None,
        quirks: &QUIRKS,
    })
}

type NewClient = (String, Option<Secret>, &'static [&'static str]);

/// Source: <https://docs.joinmastodon.org/methods/apps/#create>
async fn register(
    net: &Net,
    server: &str,
    url: Url,
    redirect: &str,
) -> Result<NewClient, SignInError> {
    let name = "registerApp";
    let mut scopes = SCOPES.as_slice();
    loop {
        let field = |name: &str, value: String| (name.to_owned(), value);
        // One per line is what every version takes. The second one is for
        // whoever cannot come back to this machine.
        let redirects = if redirect == SHOWN {
            SHOWN.to_owned()
        } else {
            format!("{redirect}\n{SHOWN}")
        };
        let form = vec![
            field("client_name", NAME.to_owned()),
            field("redirect_uris", redirects),
            field("scopes", scopes.join(" ")),
        ];
        let request = Request::post(name, url.clone(), Body::Form(form));
        let reply = net.send(request).await.map_err(|trouble| {
            error(
                "unreachable",
                trouble.what,
                "Check the address and the connection, and try again in a few minutes.",
            )
        })?;
        if let Some(app) = reply.json::<Registered>().filter(|_| reply.ok()) {
            let secret = Some(app.client_secret).filter(|secret| !secret.is_empty());
            return Ok((app.client_id, secret.map(Secret::new), scopes));
        }
        if matches!(reply.status, 400 | 422) && scopes != BROAD.as_slice() {
            scopes = BROAD.as_slice();
            continue;
        }
        return Err(unregistered(&reply, server));
    }
}

fn unregistered(reply: &Reply, server: &str) -> SignInError {
    let refusal = classify(Network::Mastodon, "registerApp", reply, &[]);
    if matches!(reply.status, 429 | 500..) {
        return about(&refusal, server);
    }
    let said = refusal.evidence.message.unwrap_or_default();
    error(
        "not_registered",
        format!("{server} does not take this program: {said}"),
        "Check that the server runs Mastodon; or make an access token there by hand.",
    )
}

/// Whose a grant is.
pub(super) async fn identify(
    net: &Net,
    client: &OAuthClient,
    grant: Grant,
) -> Result<SignedIn, SignInError> {
    let api = Api::given(net, &client.server, &grant.access);
    let person = verify(&api)
        .await
        .map_err(|failed| about(&failed.refusal, &client.server))?;
    if let Some(refusal) = person.blocked() {
        return Err(about(&refusal, &client.server));
    }
    let account = person.account(&client.server);
    let scopes = grant
        .scopes
        .clone()
        .unwrap_or_else(|| client.scopes.clone());
    Ok(SignedIn {
        server: client.server.clone(),
        client_id: client.client_id.clone(),
        remote_user_id: person.id,
        method: "oauth",
        tokens: tokens(grant, client.client_secret.as_ref(), net.clock.now()),
        accounts: vec![account],
        scopes,
    })
}

fn tokens(grant: Grant, client_secret: Option<&Secret>, now: UtcMs) -> Tokens {
    let ends = |span: Option<Duration>, otherwise: Expiry| match span {
        Some(span) => Ends {
            at: Some(now.plus(span)),
            expiry: Expiry::Date,
        },
        None => Ends {
            at: None,
            expiry: otherwise,
        },
    };
    // Mastodon's tokens have no end; those of other servers say theirs.
    let access_ends = ends(grant.expires_in, Expiry::Never);
    let grant_ends = match (&grant.refresh, grant.refresh_expires_in) {
        (Some(_), Some(span)) => ends(Some(span), Expiry::Unknown),
        (Some(_), None) => ends(None, Expiry::Unknown),
        (None, _) => access_ends,
    };
    Tokens {
        access: grant.access,
        refresh: grant.refresh,
        password: None,
        client_secret: client_secret.map(Secret::duplicate),
        proof_key: None,
        access_ends,
        grant_ends,
    }
}

/// The client a login was made with.
async fn known(net: &Net, session: &Session) -> Result<(OAuthClient, Url), SignInError> {
    let endpoints = endpoints(net, &session.server).await?;
    let client = OAuthClient {
        network: Network::Mastodon,
        server: session.server.clone(),
        client_id: session.client_id.clone(),
        client_secret: session.tokens.client_secret.as_ref().map(Secret::duplicate),
        authorize_url: endpoints.authorize,
        token_url: endpoints.token,
        device_url: None,
        pushed_url: None,
        issuer: None,
        scopes: Vec::new(),
        more: Vec::new(),
        proof_key: None,
        account: None,
        quirks: &QUIRKS,
    };
    Ok((client, endpoints.revoke))
}

/// The next pair, on servers whose tokens end.
pub(super) async fn refresh(net: &Net, session: &Session, token: &Secret) -> Renewal {
    let (client, _) = match known(net, session).await {
        Ok(known) => known,
        Err(error) => return Renewal::Refused(super::unreached(error.what)),
    };
    match token_endpoint::refresh(net, &client, token).await {
        Ok(grant) => Renewal::Renewed {
            tokens: tokens(grant, None, net.clock.now()),
            server: session.server.clone(),
            account: None,
            healed: None,
            blocked: None,
        },
        Err(failed) => Renewal::Refused(failed.refusal),
    }
}

/// Gives the token back. One made by hand belongs to no client of ours.
pub(super) async fn revoke(net: &Net, session: &Session) -> Result<(), Refusal> {
    let (client, url) = match known(net, session).await {
        Ok(known) => known,
        Err(error) => return Err(super::unreached(error.what)),
    };
    let tokens = &session.tokens;
    let token = tokens.refresh.as_ref().unwrap_or(&tokens.access);
    token_endpoint::revoke(net, &client, &url, token)
        .await
        .map_err(|failed| failed.refusal)
}
