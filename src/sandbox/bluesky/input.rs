//! Reading bodies and parameters, with the refusals of the XRPC server.

use serde_json::{Map, Value};

use super::errors::{invalid, missing_key, too_large};
use crate::sandbox::wire::{Answer, Request};

/// The longest JSON body in bytes.
///
/// Source: the payload limits of the reference server; not observed.
const LONGEST_JSON: usize = 150 * 1024;

/// A JSON object that must be there, of content type `application/json`.
pub(super) fn object(req: &Request) -> Result<Map<String, Value>, Answer> {
    if req.body.is_empty() {
        return Err(invalid("A request body is expected but none was provided"));
    }
    let kind = content_type(req)?;
    if kind != "application/json" {
        return Err(invalid(format!(
            "Wrong request encoding (Content-Type): {kind}"
        )));
    }
    if req.body.len() > LONGEST_JSON {
        return Err(too_large());
    }
    match req.json() {
        Some(Value::Object(map)) => Ok(map),
        // The text of the real one is its parser's; nobody should read it.
        _ => Err(invalid("Request body is not a valid JSON object")),
    }
}

/// The content type without its parameters, in lower case.
pub(super) fn content_type(req: &Request) -> Result<String, Answer> {
    let kind = req.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.is_empty() {
        return Err(invalid(
            "Request encoding (Content-Type) required but not provided",
        ));
    }
    Ok(kind.to_lowercase())
}

/// Nothing may be sent where nothing is expected; an empty JSON object counts
/// as something.
pub(super) fn nothing(req: &Request) -> Result<(), Answer> {
    if req.body.is_empty() {
        Ok(())
    } else {
        Err(invalid(
            "A request body was provided when none was expected",
        ))
    }
}

/// A string that must be there.
pub(super) fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<&'a str, Answer> {
    match map.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(invalid(format!(
            "Expected string value type (got {other}) at $.{key}"
        ))),
        None => Err(missing_key(key)),
    }
}

/// A query parameter that must be there.
pub(super) fn param<'a>(req: &'a Request, key: &str) -> Result<&'a str, Answer> {
    req.query(key).ok_or_else(|| missing_key(key))
}

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(req: &Request) -> Option<&str> {
    req.header("authorization")?.strip_prefix("Bearer ")
}

/// The token of a request, however it is presented: for the log only.
pub(super) fn token(req: &Request) -> Option<&str> {
    let signed = req.header("authorization")?.strip_prefix("DPoP ");
    signed.or_else(|| bearer(req))
}
