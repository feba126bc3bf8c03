//! One call as a network describes it.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use url::Url;

use super::NetError;
use crate::support::secret::Secret;

/// Answers are read up to this many bytes unless a call says otherwise.
const CAP: usize = 1024 * 1024;

/// What a call does. Only `Get` follows redirects, and only when asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Changes something.
    Post,
}

impl Method {
    /// As it is written on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
        }
    }
}

/// What a call carries; wholly in memory, so that it can be repeated when the
/// protocol says that it was not processed.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON text, byte by byte as given.
    Json(String),
    /// Bytes of a media type.
    Bytes(String, Vec<u8>),
}

/// One call. Made with [`Request::get`] or [`Request::post`], then adjusted.
pub struct Request<'a> {
    /// Its name in logs and evidence (`putRecord`).
    pub name: &'a str,
    /// What it does.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// Sent as `Authorization: Bearer`, marked so that nothing prints it.
    pub auth: Option<&'a Secret>,
    /// What it carries.
    pub body: Body,
    /// Bytes of the answer that are read; 1 MiB.
    pub cap: usize,
    /// Time for the whole call; `None` is the configured one.
    pub timeout: Option<Duration>,
    /// Time to wait for one of the host's places before giving up unsent;
    /// `None` is as long as the call itself may take.
    pub wait: Option<Duration>,
    /// Redirects a `Get` may follow; none unless set.
    pub redirects: u8,
    /// Whether private hosts, plain http and any port are allowed.
    pub private: bool,
}

impl<'a> Request<'a> {
    /// A reading call.
    pub fn get(name: &'a str, url: Url) -> Self {
        Self {
            name,
            method: Method::Get,
            url,
            auth: None,
            body: Body::Empty,
            cap: CAP,
            timeout: None,
            wait: None,
            redirects: 0,
            private: false,
        }
    }

    /// A changing call.
    pub fn post(name: &'a str, url: Url, body: Body) -> Self {
        Self {
            method: Method::Post,
            body,
            ..Self::get(name, url)
        }
    }

    /// Puts headers and body on.
    pub(super) fn fill(
        &self,
        mut builder: RequestBuilder,
        auth: Option<&Secret>,
    ) -> Result<RequestBuilder, NetError> {
        let bad = |_| NetError::unbuildable(super::host_of(&self.url));
        builder = builder.header(ACCEPT, "application/json, */*;q=0.5");
        if let Some(token) = auth {
            let mut value =
                HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(bad)?;
            value.set_sensitive(true);
            builder = builder.header(AUTHORIZATION, value);
        }
        Ok(match &self.body {
            Body::Empty => builder,
            Body::Json(text) => builder
                .header(CONTENT_TYPE, "application/json")
                .body(text.clone()),
            Body::Bytes(kind, bytes) => builder
                .header(CONTENT_TYPE, HeaderValue::from_str(kind).map_err(bad)?)
                .body(bytes.clone()),
        })
    }
}
