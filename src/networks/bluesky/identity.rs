//! From a handle to the server that holds the account, checked both ways: the
//! handle must lead to the DID, and the DID's document must name the handle.
//!
//! Source: <https://atproto.com/specs/handle#handle-resolution>,
//! <https://atproto.com/specs/did>, <https://web.plc.directory/api/redoc>

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::handle::{Named, is_did, named};
use super::sign_in::{error, failed};
use super::xrpc::{self, Failed};
use super::{DIRECTORY, PUBLIC_API};
use crate::networks::http::{NetError, Request};
use crate::networks::{Net, SignInError};

/// Time for a call to a host whose only part is to say who somebody is.
const LIMIT: Duration = Duration::from_secs(10);
/// Documents are small; what is longer is none.
const CAP: usize = 64 * 1024;

/// Who somebody is and where the account lives.
#[derive(Debug)]
pub(super) struct Identity {
    pub did: String,
    /// The handle it was named by; absent when it was named by its DID.
    pub handle: Option<String>,
    /// Base URL of its server.
    pub server: String,
}

/// What a DID document says, as far as it concerns us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document {
    /// Handles it claims, in lower case.
    pub handles: Vec<String>,
    /// Base URL of the account's server.
    pub server: Option<String>,
}

/// Finds the account `who` names. `server` resolves the handle when given.
pub(super) async fn resolve(
    net: &Net,
    who: &str,
    server: Option<&str>,
) -> Result<Identity, SignInError> {
    let (did, handle) = match named(who) {
        Some(Named::Did(did)) => (did, None),
        Some(Named::Handle(handle)) => (by_handle(net, &handle, server).await?, Some(handle)),
        None => {
            return Err(error(
                "bad_handle",
                format!(
                    "\"{}\" is neither a Bluesky handle nor a DID.",
                    crate::networks::evidence::safe(who, &[], 60)
                ),
                "Give it like name.bsky.social, or like did:plc:… from the profile's address.",
            ));
        }
    };
    let document = document(net, &did).await.map_err(|it| failed(&it, &did))?;
    let Some(document) = document else {
        return Err(error(
            "account_gone",
            format!("The directory knows no account {did}; it was deleted."),
            "Check the handle, or connect the account that replaced it.",
        ));
    };
    if let Some(handle) = &handle
        && !document.handles.contains(handle)
    {
        let claims = document.handles.first().map_or_else(
            || "no handle".to_owned(),
            |other| format!("@{}", crate::networks::evidence::safe(other, &[], 60)),
        );
        return Err(error(
            "handle_mismatch",
            format!("@{handle} points to {did}, but that account says it is {claims}."),
            "Give the handle the account itself shows, or its DID.",
        ));
    }
    match document.server {
        Some(server) => Ok(Identity {
            did,
            handle,
            server,
        }),
        None => Err(error(
            "unexpected_answer",
            format!("The document of {did} names no server."),
            "Ask whoever runs the account's server to mend its DID document.",
        )),
    }
}

/// The DID behind a handle: asked of a server, then of the handle's own domain.
async fn by_handle(net: &Net, handle: &str, server: Option<&str>) -> Result<String, SignInError> {
    #[derive(Deserialize)]
    struct Answer {
        did: String,
    }
    let service = match (server, &net.settings.api_base) {
        (Some(server), _) => base_of(server).map_err(|it| bad_server(&it))?,
        (None, Some(base)) => base.trim_end_matches('/').to_owned(),
        (None, None) => PUBLIC_API.to_owned(),
    };
    let method = xrpc::RESOLVE_HANDLE;
    let request = xrpc::query(&service, method, &[("handle", handle)]).map(|mut request| {
        request.timeout = Some(LIMIT);
        request
    });
    let first = match xrpc::json::<Answer>(net, request, method, &[]).await {
        Ok(answer) if is_did(&answer.did) => return Ok(answer.did),
        Ok(_) => None,
        Err(failed) => Some(failed),
    };
    if let Some(did) = well_known(net, handle).await {
        return Ok(did);
    }
    match first {
        // The service did not say no, it said nothing.
        Some(it) if it.refusal.evidence.network_code.as_deref() != Some("HandleNotFound") => {
            Err(failed(&it, &service))
        }
        _ => Err(error(
            "unknown_handle",
            format!("No account @{handle} was found."),
            "Check the spelling in the profile's address; name a server with --server if it is \
             not reachable from the public network. A suspended account is not found either.",
        )),
    }
}

/// `https://<handle>/.well-known/atproto-did`.
async fn well_known(net: &Net, handle: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{handle}/.well-known/atproto-did")).ok()?;
    let mut request = Request::get("atproto-did", url);
    request.timeout = Some(LIMIT);
    request.cap = CAP;
    request.redirects = 3;
    let reply = net.send(request).await.ok().filter(|reply| reply.ok())?;
    let did = std::str::from_utf8(&reply.body).ok()?.trim().to_owned();
    is_did(&did).then_some(did)
}

/// The document of a DID; `None` when it is not registered or was given up.
pub(super) async fn document(net: &Net, did: &str) -> Result<Option<Document>, Failed> {
    const NAME: &str = "didDocument";
    let request = document_address(net, did).map(|(url, redirects)| {
        let mut request = Request::get(NAME, url);
        request.timeout = Some(LIMIT);
        request.cap = CAP;
        request.redirects = redirects;
        request
    });
    match xrpc::reply(net, request, NAME, &[]).await {
        Ok(reply) => match reply.json().and_then(|raw| read(raw, did)) {
            Some(document) => Ok(Some(document)),
            None => Err(Failed::unreadable(NAME, &reply, &[])),
        },
        Err(it) if matches!(it.refusal.evidence.http_status, Some(404 | 410)) => Ok(None),
        Err(it) => Err(it),
    }
}

fn document_address(net: &Net, did: &str) -> Result<(Url, u8), NetError> {
    let (text, redirects) = match did.strip_prefix("did:web:") {
        Some(host) => {
            let host = host.replacen("%3A", ":", 1);
            let plain = net.settings.allow_private_hosts && host.starts_with("localhost");
            let scheme = if plain { "http" } else { "https" };
            (format!("{scheme}://{host}/.well-known/did.json"), 3)
        }
        None => {
            let directory = net.settings.directory_url.as_deref().unwrap_or(DIRECTORY);
            (format!("{}/{did}", directory.trim_end_matches('/')), 0)
        }
    };
    Url::parse(&text)
        .map(|url| (url, redirects))
        .map_err(|_| NetError::bad_address(&text))
}

/// A DID document as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Raw {
    id: String,
    #[serde(default)]
    also_known_as: Vec<String>,
    #[serde(default)]
    service: Vec<Service>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    id: String,
    /// A text in every document that concerns us; others may hold an object.
    service_endpoint: serde_json::Value,
}

/// Reads a document; `None` when it is not about `did`.
pub(super) fn read(raw: Raw, did: &str) -> Option<Document> {
    if raw.id != did {
        return None;
    }
    let handles = raw.also_known_as.iter();
    let server = raw
        .service
        .iter()
        .find(|one| one.id.ends_with("#atproto_pds"))
        .and_then(|one| base_of(one.service_endpoint.as_str()?).ok());
    Some(Document {
        handles: handles
            .filter_map(|name| name.strip_prefix("at://"))
            .map(str::to_lowercase)
            .collect(),
        server,
    })
}

/// `scheme://host[:port]` of a server as it was named, https when no scheme is.
pub(super) fn base_of(server: &str) -> Result<String, NetError> {
    let text = server.trim();
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&whole).map_err(|_| NetError::bad_address(text))?;
    let clean = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !clean {
        return Err(NetError::bad_address(text));
    }
    Ok(url.origin().ascii_serialization())
}

fn bad_server(problem: &NetError) -> SignInError {
    error(
        "bad_address",
        problem.what.clone(),
        "Give the server like https://pds.example.org.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DID: &str = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";

    #[test]
    fn a_document_names_handles_and_server() {
        let raw: Raw = serde_json::from_str(
            r##"{"id":"did:plc:ewvi7nxzyoun6zhxrhs64oiz","alsoKnownAs":["at://Alice.example","https://x"],
            "service":[{"id":"#other","type":"X","serviceEndpoint":{"a":1}},
            {"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.example/"}]}"##,
        )
        .unwrap();
        assert_eq!(
            read(raw, DID),
            Some(Document {
                handles: vec!["alice.example".into()],
                server: Some("https://pds.example".into()),
            })
        );
        let other: Raw = serde_json::from_str(r#"{"id":"did:plc:other"}"#).unwrap();
        assert_eq!(read(other, DID), None);
    }

    #[test]
    fn a_server_is_its_origin_and_nothing_more() {
        for (text, base) in [
            ("pds.example", "https://pds.example"),
            (" https://pds.example/x/ ", "https://pds.example"),
            ("http://localhost:2583", "http://localhost:2583"),
        ] {
            assert_eq!(base_of(text).unwrap(), base);
        }
        for text in ["", "ftp://x.example", "https://me:word@x.example", "::"] {
            assert!(base_of(text).is_err(), "{text}");
        }
    }
}
