//! Token answers as RFC 6749 section 5 has them, made of what networks send.

use serde_json::{Map, Value, json};

/// No token is believed to live longer than this many seconds (ten years).
const LONGEST: u64 = 10 * 366 * 86_400;

/// Status and body in the standard's shape; what is neither JSON nor a form is
/// left as it is.
pub(super) fn answer(status: u16, body: &[u8]) -> (u16, Vec<u8>) {
    let Some(mut object) = object(body) else {
        return (status, body.to_vec());
    };
    let mut status = status;
    if object.contains_key("error") && !object.contains_key("access_token") {
        flatten_error(&mut object);
        // Some refuse with a success.
        if status < 400 {
            status = 400;
        }
    } else if object.contains_key("access_token") {
        success(&mut object);
    } else if object.contains_key("device_code") {
        whole(&mut object, "expires_in");
        whole(&mut object, "interval");
        // Google's older name.
        if let Some(page) = object.remove("verification_url") {
            object.entry("verification_uri").or_insert(page);
        }
    }
    (status, Value::Object(object).to_string().into_bytes())
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => return Some(object),
        Ok(_) => return None,
        Err(_) => {}
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let known = ["access_token=", "error=", "device_code="];
    if !known.iter().any(|name| text.contains(name)) || text.starts_with('<') {
        return None;
    }
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    Some(
        pairs
            .map(|(name, value)| (name.into_owned(), json!(value)))
            .collect(),
    )
}

fn success(object: &mut Map<String, Value>) {
    if !object.get("token_type").is_some_and(Value::is_string) {
        object.insert("token_type".to_owned(), json!("bearer"));
    }
    // The older name of the form-encoded days.
    if !object.contains_key("expires_in")
        && let Some(old) = object.remove("expires")
    {
        object.insert("expires_in".to_owned(), old);
    }
    whole(object, "expires_in");
    // TikTok and others call it refresh_expires_in.
    if let Some(other) = object.remove("refresh_expires_in") {
        object.entry("refresh_token_expires_in").or_insert(other);
    }
    whole(object, "refresh_token_expires_in");
    let scope = match object.get("scope") {
        Some(Value::Array(list)) => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            Some(words.join(" "))
        }
        Some(Value::String(text)) => Some(
            text.split([',', ' '])
                .filter(|one| !one.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        ),
        Some(_) => Some(String::new()),
        None => None,
    };
    match scope {
        Some(text) if !text.is_empty() => {
            object.insert("scope".to_owned(), json!(text));
        }
        // Said nothing: then it is what was asked for.
        _ => {
            object.remove("scope");
        }
    }
    for name in ["refresh_token", "sub"] {
        let usable = object
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty());
        if !usable {
            object.remove(name);
        }
    }
}

/// A number of seconds, also written as text; what nobody can believe goes.
fn whole(object: &mut Map<String, Value>, name: &str) {
    let seconds = match object.get(name) {
        Some(Value::Number(number)) => number.as_u64().or_else(|| {
            number
                .as_f64()
                .filter(|n| *n >= 1.0 && *n < 1e12)
                .map(|n| n as u64)
        }),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    match seconds.filter(|one| (1..=LONGEST).contains(one)) {
        Some(seconds) => object.insert(name.to_owned(), json!(seconds)),
        None => object.remove(name),
    };
}

/// Meta's `{"error": {"type", "code", "message"}}` as name and sentence.
fn flatten_error(object: &mut Map<String, Value>) {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let (name, sentence) = match object.get("error") {
        Some(Value::Object(error)) => (
            error
                .get("type")
                .or_else(|| error.get("code"))
                .and_then(text),
            error.get("message").and_then(text),
        ),
        Some(other) => (text(other), None),
        None => (None, None),
    };
    let sentence = sentence.or_else(|| object.get("error_description").and_then(text));
    object.insert(
        "error".to_owned(),
        json!(name.unwrap_or_else(|| "unknown".to_owned())),
    );
    match sentence {
        Some(sentence) => object.insert("error_description".to_owned(), json!(sentence)),
        None => object.remove("error_description"),
    };
    object.remove("error_uri");
}
