//! The one adapter around the `oauth2` crate: links, and what codes, refresh
//! tokens and device codes are exchanged for. The crate is strict and networks
//! are not, so every answer passes `normalise` first; errors are classified by
//! the catalogue like those of every other call.

mod normalise;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oauth2::basic::{BasicErrorResponse, BasicTokenType};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    DeviceAuthorizationUrl, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope,
    StandardDeviceAuthorizationResponse, StandardRevocableToken,
    StandardTokenIntrospectionResponse, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::catalogue::{classify, unanswered};
use super::http::{Body, NetError, Reply, Request, Trouble};
use super::login::{Authorize, Challenge, ClientAuth, DeviceCode, Grant, OAuthClient};
use super::{Net, Refusal};
use crate::support::secret::Secret;

/// Nobody is asked to wait longer for a device code, whatever a server says.
const LONGEST_DEVICE: Duration = Duration::from_secs(3600);

/// Why a token endpoint gave nothing.
#[derive(Debug)]
pub struct TokenFailed {
    /// What it means.
    pub refusal: Refusal,
    /// What kept it from its answer, when there was none.
    pub trouble: Option<Trouble>,
}

impl TokenFailed {
    /// OAuth's name of the error (`invalid_grant`), when it was an answer.
    pub fn error(&self) -> Option<&str> {
        self.refusal.evidence.network_code.as_deref()
    }
}

/// What token answers carry besides the standard.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct More {
    sub: Option<String>,
    refresh_token_expires_in: Option<u64>,
}

impl oauth2::ExtraTokenFields for More {}

type TokenAnswer = StandardTokenResponse<More, BasicTokenType>;
type Crate = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    StandardTokenIntrospectionResponse<More, BasicTokenType>,
    StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

fn client(of: &OAuthClient) -> Crate {
    let mut client = oauth2::Client::new(ClientId::new(of.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(of.authorize_url.clone()))
        .set_token_uri(TokenUrl::from_url(of.token_url.clone()))
        .set_auth_type(match of.quirks.client_auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Body => AuthType::RequestBody,
        });
    // Basic authentication is ours to write: it is marked so that nothing
    // prints it.
    if let (Some(secret), ClientAuth::Body) = (&of.client_secret, of.quirks.client_auth) {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    client
}

/// The link an operator opens.
///
/// # Errors
/// [`url::ParseError`] when the redirect is no address.
pub fn link(of: &OAuthClient, ask: &Authorize) -> Result<Url, url::ParseError> {
    let mut url = of.authorize_url.clone();
    url.query_pairs_mut().extend_pairs(parameters(of, ask)?);
    Ok(url)
}

/// What the link carries, also for a network that wants it pushed.
///
/// # Errors
/// As [`link`].
pub fn parameters(
    of: &OAuthClient,
    ask: &Authorize,
) -> Result<Vec<(String, String)>, url::ParseError> {
    let state = CsrfToken::new(ask.state.clone());
    let client = client(of).set_redirect_uri(RedirectUrl::new(ask.redirect.clone())?);
    let mut request = client.authorize_url(move || state);
    let verifier = PkceCodeVerifier::new(ask.verifier.clone());
    match of.quirks.challenge {
        Challenge::Base64Url => {
            let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
            request = request.set_pkce_challenge(challenge);
        }
        Challenge::Hex => {
            request = request
                .add_extra_param("code_challenge", hex_challenge(&ask.verifier))
                .add_extra_param("code_challenge_method", "S256");
        }
    }
    let (whole, _) = request.url();
    let own: Vec<String> = of
        .authorize_url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    let mut pairs: Vec<(String, String)> = whole
        .query_pairs()
        .filter(|(name, _)| !own.iter().any(|one| one == name))
        .map(|(name, value)| match name.as_ref() {
            "client_id" => (of.quirks.client_id.to_owned(), value.into_owned()),
            _ => (name.into_owned(), value.into_owned()),
        })
        .collect();
    if !of.scopes.is_empty() {
        let between = of.quirks.between_scopes.to_string();
        pairs.push(("scope".to_owned(), of.scopes.join(&between)));
    }
    pairs.extend(of.more.iter().cloned());
    Ok(pairs)
}

/// Leaves what the link would carry at the network, and gives the short link
/// to it.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9126>
///
/// # Errors
/// What the network refused, or why it did not answer.
pub async fn push(
    net: &Net,
    of: &OAuthClient,
    pushed: &Url,
    ask: &Authorize,
) -> Result<Url, TokenFailed> {
    #[derive(Deserialize)]
    struct Pushed {
        request_uri: String,
    }
    let call = Calls::new(net, of, "pushRequest", vec![]);
    let Ok(fields) = parameters(of, ask) else {
        return Err(call.unreadable());
    };
    let mut request = Request::post(call.name, pushed.clone(), Body::Form(fields));
    request.proof = of.proof_key.as_ref();
    let reply = match net.send(request).await {
        Ok(reply) => reply,
        Err(error) => return Err(no_answer(call.name, &error)),
    };
    let Some(left) = reply.json::<Pushed>().filter(|_| reply.ok()) else {
        return Err(call.refused(&reply));
    };
    let mut url = of.authorize_url.clone();
    url.query_pairs_mut()
        .append_pair(of.quirks.client_id, &of.client_id)
        .append_pair("request_uri", &left.request_uri);
    Ok(url)
}

fn hex_challenge(verifier: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(verifier.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exchanges a code. It is asked once: a code is used up by it.
///
/// # Errors
/// What the network refused, or why it did not answer.
pub async fn exchange(
    net: &Net,
    of: &OAuthClient,
    code: &Secret,
    ask: &Authorize,
) -> Result<Grant, TokenFailed> {
    let call = Calls::new(net, of, "exchangeCode", vec![code]);
    let Ok(redirect) = RedirectUrl::new(ask.redirect.clone()) else {
        return Err(call.unreadable());
    };
    let client = client(of).set_redirect_uri(redirect);
    let answer = client
        .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(ask.verifier.clone()))
        .request_async(&call)
        .await;
    call.grant(answer.ok())
}

/// Exchanges a refresh token for the next pair.
///
/// # Errors
/// As [`exchange`].
pub async fn refresh(net: &Net, of: &OAuthClient, token: &Secret) -> Result<Grant, TokenFailed> {
    let call = Calls::new(net, of, "refreshToken", vec![token]);
    let token = RefreshToken::new(token.expose().to_owned());
    let answer = client(of)
        .exchange_refresh_token(&token)
        .request_async(&call)
        .await;
    call.grant(answer.ok())
}

/// A login on another device that was begun.
#[derive(Debug)]
pub struct Device {
    /// What a person is shown.
    pub code: DeviceCode,
    details: StandardDeviceAuthorizationResponse,
}

/// Asks for a code that is typed on another device.
///
/// # Errors
/// As [`exchange`]; `Ok(None)` when the client knows no such way.
pub async fn device(net: &Net, of: &OAuthClient) -> Result<Option<Device>, TokenFailed> {
    let Some(url) = of.device_url.clone() else {
        return Ok(None);
    };
    let call = Calls::new(net, of, "deviceCode", vec![]);
    let client = client(of).set_device_authorization_url(DeviceAuthorizationUrl::from_url(url));
    let answer = client
        .exchange_device_code()
        .add_scopes(of.scopes.iter().cloned().map(Scope::new))
        .request_async(&call)
        .await;
    let details: StandardDeviceAuthorizationResponse =
        answer.map_err(|_: oauth2::RequestTokenError<_, _>| call.failed())?;
    let shown = |text: &str| super::evidence::clean(text, 300);
    let code = DeviceCode {
        user_code: shown(details.user_code().secret()),
        page: shown(details.verification_uri().as_str()),
        page_with_code: details
            .verification_uri_complete()
            .map(|page| shown(page.secret())),
        lives: details.expires_in().min(LONGEST_DEVICE),
    };
    Ok(Some(Device { code, details }))
}

/// Asks until the person has answered on the other device. Trouble of the
/// network is waited out; the caller ends it when the time is over.
///
/// # Errors
/// `access_denied`, `expired_token`, or what else the network says.
pub async fn device_answer(
    net: &Net,
    of: &OAuthClient,
    device: &Device,
) -> Result<Grant, TokenFailed> {
    let mut call = Calls::new(net, of, "deviceToken", vec![]);
    call.patient = true;
    let client = client(of);
    // A fifth more than asked for: a machine whose clock runs fast would be
    // told to slow down otherwise.
    let sleep = |span: Duration| net.clock.sleep(span + span / 5);
    let answer = client
        .exchange_device_access_token(&device.details)
        .request_async(&call, sleep, Some(LONGEST_DEVICE))
        .await;
    call.grant(answer.ok())
}

/// Asks the network to forget a token (RFC 7009), whichever of a pair it is.
///
/// # Errors
/// As [`exchange`].
pub async fn revoke(
    net: &Net,
    of: &OAuthClient,
    url: &Url,
    token: &Secret,
) -> Result<(), TokenFailed> {
    let call = Calls::new(net, of, "revokeToken", vec![token]);
    let mut form = vec![("token".to_owned(), token.expose().to_owned())];
    form.push((of.quirks.client_id.to_owned(), of.client_id.clone()));
    if let Some(secret) = &of.client_secret {
        form.push(("client_secret".to_owned(), secret.expose().to_owned()));
    }
    let mut request = Request::post(call.name, url.clone(), Body::Form(form));
    // Unsigned, a server that binds tokens to keys says yes and ends nothing.
    request.proof = of.proof_key.as_ref();
    match net.send(request).await {
        Ok(reply) if reply.ok() => Ok(()),
        Ok(reply) => Err(call.refused(&reply)),
        Err(error) => Err(no_answer(call.name, &error)),
    }
}

fn no_answer(name: &str, error: &NetError) -> TokenFailed {
    TokenFailed {
        refusal: unanswered(name, error),
        trouble: Some(error.trouble),
    }
}

/// One exchange: what the crate sends goes through the one client, and what
/// came last is kept for the catalogue.
struct Calls<'a> {
    net: &'a Net,
    of: &'a OAuthClient,
    name: &'static str,
    secrets: Vec<&'a Secret>,
    /// Whether trouble of the network is waited out.
    patient: bool,
    last: Mutex<Option<Result<Reply, NetError>>>,
}

impl<'c> AsyncHttpClient<'c> for Calls<'_> {
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NetError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let result = self.ask(request).await;
            let kept = match &result {
                Ok((reply, _)) => Ok(reply.clone()),
                Err(error) => Err(error.clone()),
            };
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
            result.map(|(_, answer)| answer)
        })
    }
}

impl<'a> Calls<'a> {
    fn new(
        net: &'a Net,
        of: &'a OAuthClient,
        name: &'static str,
        mut secrets: Vec<&'a Secret>,
    ) -> Self {
        secrets.extend(&of.client_secret);
        Self {
            net,
            of,
            name,
            secrets,
            patient: false,
            last: Mutex::default(),
        }
    }

    async fn ask(&self, request: HttpRequest) -> Result<(Reply, HttpResponse), NetError> {
        let text = request.uri().to_string();
        let url = Url::parse(&text).map_err(|_| NetError::bad_address(&text))?;
        let basic = match self.of.quirks.client_auth {
            ClientAuth::Basic => self.of.client_secret.as_ref(),
            ClientAuth::Body => None,
        };
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(request.body())
            .filter(|(name, _)| basic.is_none() || name != "client_id")
            .map(|(name, value)| match name.as_ref() {
                "client_id" => (self.of.quirks.client_id.to_owned(), value.into_owned()),
                _ => (name.into_owned(), value.into_owned()),
            })
            .collect();
        let mut ours = Request::post(self.name, url, Body::Form(fields));
        ours.basic = basic.map(|secret| (self.of.client_id.clone(), secret));
        ours.proof = self.of.proof_key.as_ref();
        let reply = self.net.send(ours).await?;
        if self.patient && reply.status >= 500 {
            let host = self.of.token_url.host_str().unwrap_or_default();
            return Err(NetError::in_trouble(host, reply.status));
        }
        let (status, body) = normalise::answer(reply.status, &reply.body);
        let mut answer = HttpResponse::new(body);
        if let Ok(status) = oauth2::http::StatusCode::from_u16(status) {
            *answer.status_mut() = status;
        }
        let json = oauth2::http::HeaderValue::from_static("application/json");
        answer.headers_mut().insert("content-type", json);
        Ok((reply, answer))
    }

    fn grant(&self, answer: Option<TokenAnswer>) -> Result<Grant, TokenFailed> {
        let usable =
            |answer: &TokenAnswer| super::evidence::is_token(answer.access_token().secret());
        let answer = answer.filter(usable).ok_or_else(|| self.failed())?;
        let more = answer.extra_fields();
        let scopes = answer
            .scopes()
            .map(|list| list.iter().map(|one| one.as_str().to_owned()).collect());
        Ok(Grant {
            access: Secret::new(answer.access_token().secret().clone()),
            refresh: answer
                .refresh_token()
                .map(|token| Secret::new(token.secret().clone())),
            expires_in: answer.expires_in(),
            refresh_expires_in: more.refresh_token_expires_in.map(Duration::from_secs),
            scopes,
            subject: more.sub.clone(),
        })
    }

    /// What the last answer means, judged as the network gave it.
    fn failed(&self) -> TokenFailed {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            Some(Ok(reply)) => self.refused(reply),
            Some(Err(error)) => no_answer(self.name, error),
            None => self.unreadable(),
        }
    }

    fn refused(&self, reply: &Reply) -> TokenFailed {
        TokenFailed {
            refusal: classify(self.of.network, self.name, reply, &self.secrets),
            trouble: None,
        }
    }

    fn unreadable(&self) -> TokenFailed {
        let host = self.of.token_url.host_str().unwrap_or_default();
        no_answer(self.name, &NetError::bad_address(host))
    }
}
