//! From handle to DID to server, and back (<https://atproto.com/specs/handle>,
//! <https://atproto.com/specs/did>).

use serde_json::Value;

use super::super::{Net, evidence};
use super::xrpc;

/// The directory of `did:plc` documents unless the config names another.
const DIRECTORY: &str = "https://plc.directory";

/// Why an identity could not be found.
#[derive(Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// Nobody knows the handle.
    Unknown,
    /// The way there is broken; says how.
    Unreachable(String),
    /// What was found contradicts itself; says how.
    Mismatch(String),
}

/// A resolved account.
#[derive(Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its DID.
    pub did: String,
    /// Base URL of its server.
    pub server: String,
}

/// The server a DID document names, without a slash at the end.
pub fn server_of(document: &Value) -> Option<String> {
    let services = document.get("service")?.as_array()?;
    let found = services.iter().find(|service| {
        service
            .get("id")
            .and_then(Value::as_str)
            .is_some_and(|id| id.ends_with("#atproto_pds"))
    })?;
    let address = found.get("serviceEndpoint")?.as_str()?;
    Some(address.trim_end_matches('/').to_owned()).filter(|address| address.len() <= 512)
}

/// Whether a text has the form of a DID we can resolve.
pub fn is_did(text: &str) -> bool {
    text.len() <= 256
        && (text.starts_with("did:plc:") || text.starts_with("did:web:"))
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._:%-".contains(c))
}

/// The document of a DID.
async fn document(net: &Net, did: &str) -> Result<Option<Value>, String> {
    let address = match did.strip_prefix("did:web:") {
        Some(host) => format!("https://{}/.well-known/did.json", host.replace("%3A", ":")),
        None => {
            let directory = net.settings.directory_url.as_deref().unwrap_or(DIRECTORY);
            format!("{}/{did}", directory.trim_end_matches('/'))
        }
    };
    let reply = xrpc::get(net, "didDocument", address)
        .await
        .map_err(|error| error.text().to_owned())?;
    match reply.status {
        200 => {
            let value = reply
                .json()
                .ok_or("The directory answered something that is not JSON.")?;
            Ok((value.get("id").and_then(Value::as_str) == Some(did)).then_some(value))
        }
        404 | 410 => Ok(None),
        status => Err(format!("The directory answered {status}.")),
    }
}

/// The server a DID lives on now; `None` when the DID is gone.
pub async fn server_of_did(net: &Net, did: &str) -> Result<Option<String>, String> {
    Ok(document(net, did).await?.as_ref().and_then(server_of))
}

/// Resolves a handle or DID and checks both ways.
pub async fn resolve(net: &Net, handle_or_did: &str, on: &str) -> Result<Identity, Unresolved> {
    let did = if is_did(handle_or_did) {
        handle_or_did.to_owned()
    } else {
        did_of(net, handle_or_did, on).await?
    };
    let document = document(net, &did)
        .await
        .map_err(Unresolved::Unreachable)?
        .ok_or_else(|| Unresolved::Mismatch(format!("{did} has no identity document.")))?;
    if !is_did(handle_or_did) {
        let claims = document
            .get("alsoKnownAs")
            .and_then(Value::as_array)
            .is_some_and(|names| {
                names.iter().filter_map(Value::as_str).any(|name| {
                    name.strip_prefix("at://")
                        .is_some_and(|name| name.eq_ignore_ascii_case(handle_or_did))
                })
            });
        if !claims {
            return Err(Unresolved::Mismatch(format!(
                "@{} points to {did}, but that account does not go by this handle.",
                evidence::clean(handle_or_did, 253)
            )));
        }
    }
    let server = server_of(&document)
        .ok_or_else(|| Unresolved::Mismatch(format!("{did} names no server.")))?;
    Ok(Identity { did, server })
}

/// The DID of a handle: asked of a server, then of the handle's own host.
async fn did_of(net: &Net, handle: &str, on: &str) -> Result<String, Unresolved> {
    let asked = xrpc::query(
        net,
        on,
        "com.atproto.identity.resolveHandle",
        &[("handle", handle)],
        None,
    )
    .await;
    let trouble = match asked {
        Ok(reply) if reply.status == 200 => {
            let did = reply
                .json()
                .and_then(|value| xrpc::text(&value, "did"))
                .filter(|did| is_did(did));
            return did.ok_or_else(|| Unresolved::Mismatch("The server named no DID.".into()));
        }
        Ok(reply) if reply.status == 400 => None,
        Ok(reply) => Some(format!("The server answered {}.", reply.status)),
        Err(error) => Some(error.text().to_owned()),
    };
    let address = format!("https://{handle}/.well-known/atproto-did");
    if let Ok(reply) = xrpc::get(net, "well-known", address).await
        && reply.status == 200
    {
        let did = String::from_utf8_lossy(&reply.body).trim().to_owned();
        if is_did(&did) {
            return Ok(did);
        }
    }
    Err(trouble.map_or(Unresolved::Unknown, Unresolved::Unreachable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_the_service_that_ends_with_atproto_pds() {
        let document = serde_json::json!({"service": [
            {"id": "#other", "serviceEndpoint": "https://other.example"},
            {"id": "did:plc:x#atproto_pds", "serviceEndpoint": "https://pds.example/"}]});
        assert_eq!(server_of(&document).unwrap(), "https://pds.example");
        assert_eq!(server_of(&serde_json::json!({})), None);
    }

    #[test]
    fn what_is_no_did_is_not_put_into_an_address() {
        assert!(is_did("did:plc:ewvi7nxzyoun6zhxrhs64oiz"));
        for bad in [
            "did:plc:../../etc",
            "did:key:z6Mk",
            "alice.test",
            "did:plc:a b",
        ] {
            assert!(!is_did(bad), "{bad}");
        }
    }
}
