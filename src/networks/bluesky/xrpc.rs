//! XRPC calls: `<server>/xrpc/<method>`, JSON in and out.

use reqwest::Method;
use serde_json::Value;

use super::super::catalogue::{self, BLUESKY};
use super::super::http::{Body, NetError, Reply, Request};
use super::super::{Net, Refusal};
use crate::support::secret::Secret;

/// The last word of a method name: `com.atproto.server.createSession`.
fn short(method: &str) -> &str {
    method.rsplit('.').next().unwrap_or(method)
}

/// A query (GET) with parameters.
pub async fn query(
    net: &Net,
    server: &str,
    method: &str,
    params: &[(&str, &str)],
    token: Option<&Secret>,
) -> Result<Reply, NetError> {
    let mut url = format!("{}/xrpc/{method}", server.trim_end_matches('/'));
    if !params.is_empty() {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(params)
            .finish();
        url = format!("{url}?{query}");
    }
    send(net, Method::GET, short(method), url, Body::Empty, token).await
}

/// A procedure (POST).
pub async fn procedure(
    net: &Net,
    server: &str,
    method: &str,
    body: Body,
    token: Option<&Secret>,
) -> Result<Reply, NetError> {
    let url = format!("{}/xrpc/{method}", server.trim_end_matches('/'));
    send(net, Method::POST, short(method), url, body, token).await
}

/// Any other address of this network.
pub async fn get(net: &Net, name: &str, url: String) -> Result<Reply, NetError> {
    send(net, Method::GET, name, url, Body::Empty, None).await
}

async fn send(
    net: &Net,
    method: Method,
    name: &str,
    url: String,
    body: Body,
    token: Option<&Secret>,
) -> Result<Reply, NetError> {
    // Uploads take as long as their size needs at a slow 64 kB/s.
    let timeout = match &body {
        Body::Bytes(_, bytes) => Some(std::time::Duration::from_secs(
            30 + bytes.len() as u64 / 64_000,
        )),
        _ => None,
    };
    net.http
        .call(Request {
            name,
            method,
            url,
            bearer: token,
            body,
            allow_private: net.settings.allow_private_hosts,
            timeout,
        })
        .await
}

/// A success as JSON, or what the failure means.
pub fn understood(name: &str, reply: Result<Reply, NetError>) -> Result<Value, Refusal> {
    match reply {
        Err(error) => Err(catalogue::no_answer(name, &error)),
        Ok(reply) if reply.is_success() => reply.json().ok_or_else(|| {
            catalogue::transient(name, "The server answered something that is not JSON.")
        }),
        Ok(reply) => Err(catalogue::classify(&BLUESKY, name, &reply)),
    }
}

/// A text field of a JSON object.
pub fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}
