//! One call of an instance.

use serde::de::DeserializeOwned;
use url::Url;

use crate::domain::network::Network;
use crate::networks::catalogue::{classify, unanswered};
use crate::networks::http::{Body, NetError, Reply, Request, Trouble};
use crate::networks::{Net, Refusal, Session};
use crate::support::secret::Secret;

/// Whom to call, and with which token.
pub(super) struct Api<'a> {
    pub net: &'a Net,
    server: &'a str,
    token: &'a Secret,
}

/// A call that did not bring what was wanted.
#[derive(Debug)]
pub(super) struct Failed {
    /// What it means.
    pub refusal: Refusal,
    /// What kept it from its answer, when there was none.
    pub trouble: Option<Trouble>,
}

impl<'a> Api<'a> {
    pub fn of(net: &'a Net, session: &'a Session) -> Self {
        Self::given(net, &session.server, &session.tokens.access)
    }

    pub fn given(net: &'a Net, server: &'a str, token: &'a Secret) -> Self {
        Self { net, server, token }
    }

    /// A reading call; `path` is below `/api/`.
    pub fn get(&self, name: &'a str, path: &[&str]) -> Result<Request<'a>, Failed> {
        let url = self.address(path).map_err(|error| failed(name, &error))?;
        let mut request = Request::get(name, url);
        request.auth = Some(self.token);
        Ok(request)
    }

    /// A changing call; `path` is below `/api/`.
    pub fn post(&self, name: &'a str, path: &[&str], body: Body) -> Result<Request<'a>, Failed> {
        let url = self.address(path).map_err(|error| failed(name, &error))?;
        let mut request = Request::post(name, url, body);
        request.auth = Some(self.token);
        Ok(request)
    }

    /// Sends; everything but a success is a failure.
    pub async fn send(&self, request: Request<'a>) -> Result<Reply, Failed> {
        let name = request.name;
        match self.net.send(request).await {
            Ok(reply) if reply.ok() => Ok(reply),
            Ok(reply) => Err(self.refused(name, &reply)),
            Err(error) => Err(failed(name, &error)),
        }
    }

    /// The answer in the wanted shape.
    pub fn read<T: DeserializeOwned>(&self, name: &str, reply: &Reply) -> Result<T, Failed> {
        reply.json().ok_or_else(|| self.refused(name, reply))
    }

    fn refused(&self, name: &str, reply: &Reply) -> Failed {
        Failed {
            refusal: classify(Network::Mastodon, name, reply, &[self.token]),
            trouble: None,
        }
    }

    fn address(&self, path: &[&str]) -> Result<Url, NetError> {
        let bad = || NetError::bad_address(self.server);
        let mut url = Url::parse(self.server).map_err(|_| bad())?;
        url.path_segments_mut()
            .map_err(|()| bad())?
            .pop_if_empty()
            .push("api")
            .extend(path);
        Ok(url)
    }
}

fn failed(name: &str, error: &NetError) -> Failed {
    Failed {
        refusal: unanswered(name, error),
        trouble: Some(error.trouble),
    }
}
