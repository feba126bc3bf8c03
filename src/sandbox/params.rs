//! What a call carries: query, JSON, form or multipart, all read the same way.
//!
//! Source: <https://core.telegram.org/bots/api#making-requests>

use serde_json::Value;

use crate::sandbox::wire::Request;

/// The parameters and files of a call.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Params {
    fields: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
}

impl Params {
    /// `None` when the body is not what its type says.
    pub fn of(req: &Request) -> Option<Self> {
        let mut params = Self {
            fields: req.query.clone(),
            files: Vec::new(),
        };
        let kind = req.header("content-type").unwrap_or_default();
        if req.body.is_empty() {
            return Some(params);
        }
        if kind.starts_with("application/json") {
            let Value::Object(map) = req.json()? else {
                return None;
            };
            params
                .fields
                .extend(map.into_iter().map(|(name, value)| match value {
                    Value::String(text) => (name, text),
                    other => (name, other.to_string()),
                }));
        } else if kind.starts_with("multipart/form-data") {
            let boundary = kind.split_once("boundary=")?.1.trim_matches('"');
            params.multipart(&req.body, boundary)?;
        } else {
            params
                .fields
                .extend(url::form_urlencoded::parse(&req.body).into_owned());
        }
        Some(params)
    }

    fn multipart(&mut self, body: &[u8], boundary: &str) -> Option<()> {
        let opening = format!("--{boundary}");
        let between = format!("\r\n--{boundary}");
        let mut rest = body.strip_prefix(opening.as_bytes())?;
        while let Some(part) = rest.strip_prefix(b"\r\n") {
            let head = find(part, b"\r\n\r\n")?;
            let (headers, content) = (std::str::from_utf8(&part[..head]).ok()?, &part[head + 4..]);
            let end = find(content, between.as_bytes())?;
            let bytes = &content[..end];
            let name = quoted(headers, " name=\"")?.to_owned();
            if quoted(headers, "filename=\"").is_some() {
                self.files.push((name, bytes.to_vec()));
            } else {
                self.fields
                    .push((name, String::from_utf8(bytes.to_vec()).ok()?));
            }
            rest = &content[end + between.len()..];
        }
        rest.starts_with(b"--").then_some(())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.fields.iter().find(|(key, _)| key == name)?;
        Some(value.clone())
    }

    /// Every value of a repeated field.
    pub fn all(&self, name: &str) -> Vec<String> {
        let named = self.fields.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.clone()).collect()
    }

    pub fn file(&self, name: &str) -> Option<&[u8]> {
        let (_, bytes) = self.files.iter().find(|(key, _)| key == name)?;
        Some(bytes)
    }

    /// A parameter that is JSON in itself.
    pub fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(&self.text(name)?).ok()
    }
}

/// A parameter of a part's header, read without regard for escapes.
fn quoted<'h>(headers: &'h str, before: &str) -> Option<&'h str> {
    let (_, rest) = headers.split_once(before)?;
    Some(rest.split_once('"')?.0)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
