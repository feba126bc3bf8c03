//! One call of the Bot API: `<server>/bot<token>/<method>`. The token is part of
//! the address, so this is the only place that makes one, and nothing here
//! shows it to anybody.
//!
//! Source: <https://core.telegram.org/bots/api#making-requests>

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::API;
use crate::domain::network::Network;
use crate::networks::catalogue::{classify, unanswered};
use crate::networks::http::{Body, NetError, Reply, Request, Trouble};
use crate::networks::{Net, Refusal, Session};
use crate::support::secret::Secret;

/// No pause a network asks for is believed beyond this.
const LONGEST_PAUSE: u64 = 24 * 3600;

/// Begins the network code of evidence about a group that became a supergroup;
/// its new id follows.
pub(super) const MIGRATED: &str = "migrated:";

/// Whom to call, and with which token.
pub(super) struct Api<'a> {
    net: &'a Net,
    server: &'a str,
    token: &'a Secret,
    /// The part of the token after the colon, should an answer repeat it alone.
    half: Secret,
}

/// A call that did not bring what was wanted.
#[derive(Debug)]
pub(super) struct Failed {
    /// What it means.
    pub refusal: Refusal,
    /// What kept it from its answer, when there was none.
    pub trouble: Option<Trouble>,
    /// Whether the Bot API itself said no, which it does before anything is
    /// done; a page of something in between proves nothing.
    pub said_no: bool,
    /// The new id of a group that was upgraded.
    pub migrated_to: Option<i64>,
}

/// How long a call may wait and last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// Time for the whole call.
    pub timeout: Option<Duration>,
    /// Time to wait for a place before giving up unsent.
    pub wait: Option<Duration>,
}

#[derive(Deserialize)]
struct Success<T> {
    ok: bool,
    result: T,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    ok: Option<bool>,
    error_code: Option<u16>,
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    migrate_to_chat_id: Option<i64>,
    retry_after: Option<u64>,
}

impl<'a> Api<'a> {
    /// For a login as it is kept; the config's address wins over the kept one.
    pub fn of(net: &'a Net, session: &'a Session) -> Self {
        let server = net.settings.api_base.as_deref();
        Self::new(
            net,
            server.unwrap_or(&session.server),
            &session.tokens.access,
        )
    }

    /// For a token somebody gave just now.
    pub fn given(net: &'a Net, token: &'a Secret) -> Self {
        Self::new(net, net.settings.api_base.as_deref().unwrap_or(API), token)
    }

    fn new(net: &'a Net, server: &'a str, token: &'a Secret) -> Self {
        let half = token.expose().split_once(':').map_or("", |(_, half)| half);
        Self {
            net,
            server: server.trim_end_matches('/'),
            token,
            half: Secret::new(half),
        }
    }

    /// The server, without a slash at the end.
    pub fn server(&self) -> &str {
        self.server
    }

    /// Calls a method with a JSON body.
    pub async fn ask<T: DeserializeOwned>(&self, method: &str, body: &Value) -> Result<T, Failed> {
        let body = Body::Json(body.to_string());
        self.call(method, body, Limits::default()).await
    }

    /// Calls a method; everything but a readable success is a failure.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        body: Body,
        limits: Limits,
    ) -> Result<T, Failed> {
        let sent = match self.address(method) {
            Ok(url) => {
                let mut request = Request::post(method, url, body);
                request.timeout = limits.timeout;
                request.wait = limits.wait;
                self.net.send(request).await
            }
            Err(error) => Err(error),
        };
        match sent {
            Ok(reply) if reply.ok() => match reply.json::<Success<T>>() {
                Some(Success { ok: true, result }) => Ok(result),
                _ => Err(self.failed(method, &reply)),
            },
            Ok(reply) => Err(self.failed(method, &reply)),
            Err(error) => Err(Failed {
                refusal: unanswered(method, &error),
                trouble: Some(error.trouble),
                said_no: false,
                migrated_to: None,
            }),
        }
    }

    fn address(&self, method: &str) -> Result<Url, NetError> {
        let bad = || NetError::bad_address(self.server);
        let mut url = Url::parse(self.server).map_err(|_| bad())?;
        url.path_segments_mut()
            .map_err(|()| bad())?
            .pop_if_empty()
            // As one segment: a token with a slash in it cannot name a path.
            .push(&format!("bot{}", self.token.expose()))
            .push(method);
        Ok(url)
    }

    fn failed(&self, method: &str, reply: &Reply) -> Failed {
        let secrets = [self.token, &self.half];
        let mut refusal = classify(Network::Telegram, method, reply, &secrets);
        let said: Refused = reply.json().unwrap_or_default();
        // The body is the documented place; the header repeats it.
        if let Some(seconds) = said.parameters.retry_after {
            refusal.retry_after = Some(Duration::from_secs(seconds.min(LONGEST_PAUSE)));
        }
        if let Some(to) = said.parameters.migrate_to_chat_id {
            refusal.evidence.network_code = Some(format!("{MIGRATED}{to}"));
        }
        Failed {
            refusal,
            trouble: None,
            said_no: said.ok == Some(false)
                && (400..500).contains(&reply.status)
                && said.error_code == Some(reply.status),
            migrated_to: said.parameters.migrate_to_chat_id,
        }
    }
}
