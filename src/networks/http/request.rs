//! One call as a network describes it.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, InvalidHeaderValue};
use sha2::{Digest, Sha256};
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
    /// Names and values, as an HTML form sends them.
    Form(Vec<(String, String)>),
    /// Fields and files.
    Multipart(Vec<Part>),
}

/// One field or file of a [`Body::Multipart`].
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// File name and media type; `None` for a plain field.
    pub file: Option<(String, String)>,
    /// What it holds.
    pub bytes: Vec<u8>,
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
    /// Client name and secret, sent as `Authorization: Basic` where there is no
    /// token. Both are form-encoded first.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1>
    pub basic: Option<(String, &'a Secret)>,
    /// The key the token is bound to: the call is signed with it, and the token
    /// is sent as `Authorization: DPoP`.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9449#section-7.1>
    pub proof: Option<&'a Secret>,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
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
            basic: None,
            proof: None,
            headers: Vec::new(),
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
        proof: Option<String>,
        same_origin: bool,
    ) -> Result<RequestBuilder, NetError> {
        let bad = |_| NetError::unbuildable(super::host_of(&self.url));
        builder = builder.header(ACCEPT, "application/json, */*;q=0.5");
        if let Some(token) = auth {
            let scheme = if proof.is_some() { "DPoP" } else { "Bearer" };
            let mut value =
                HeaderValue::from_str(&format!("{scheme} {}", token.expose())).map_err(bad)?;
            value.set_sensitive(true);
            builder = builder.header(AUTHORIZATION, value);
        } else if let (Some((name, secret)), true) = (&self.basic, same_origin) {
            builder = builder.header(AUTHORIZATION, basic(name, secret).map_err(bad)?);
        }
        if let Some(proof) = proof {
            builder = builder.header("dpop", HeaderValue::from_str(&proof).map_err(bad)?);
        }
        for (name, value) in &self.headers {
            builder = builder.header(*name, HeaderValue::from_str(value).map_err(bad)?);
        }
        Ok(match &self.body {
            Body::Empty => builder,
            Body::Json(text) => builder
                .header(CONTENT_TYPE, "application/json")
                .body(text.clone()),
            Body::Bytes(kind, bytes) => builder
                .header(CONTENT_TYPE, HeaderValue::from_str(kind).map_err(bad)?)
                .body(bytes.clone()),
            Body::Form(fields) => builder
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form(
                    fields
                        .iter()
                        .map(|(name, value)| (name.as_str(), value.as_str())),
                )),
            Body::Multipart(parts) => {
                let (kind, bytes) = multipart(parts);
                builder
                    .header(CONTENT_TYPE, HeaderValue::from_str(&kind).map_err(bad)?)
                    .body(bytes)
            }
        })
    }
}

fn form<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    text.finish()
}

/// The value of an `Authorization: Basic` header.
fn basic(name: &str, secret: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    use base64::Engine as _;
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(name), encode(secret.expose()));
    let text = base64::engine::general_purpose::STANDARD.encode(pair);
    let mut value = HeaderValue::from_str(&format!("Basic {text}"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Content type and body. The boundary comes from the content, so that a repeat
/// is the same byte by byte, and is none of its lines.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7578>
fn multipart(parts: &[Part]) -> (String, Vec<u8>) {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.name.as_bytes());
        hash.update(&part.bytes);
    }
    let boundary: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut body = Vec::new();
    for part in parts {
        body.extend(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
                quoted(&part.name)
            )
            .bytes(),
        );
        if let Some((file, kind)) = &part.file {
            body.extend(format!("; filename=\"{}\"\r\nContent-Type: {kind}", quoted(file)).bytes());
        }
        body.extend(b"\r\n\r\n");
        body.extend(&part.bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A name inside the quotes of a header of a part.
fn quoted(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '"' => out.push_str("%22"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_among_fields_is_the_same_byte_by_byte_each_time() {
        let parts = [
            Part {
                name: "chat_id".into(),
                file: None,
                bytes: b"-100".to_vec(),
            },
            Part {
                name: "photo".into(),
                file: Some(("a\"b\r\n.png".into(), "image/png".into())),
                bytes: vec![0, 255, 13, 10],
            },
        ];
        let (kind, body) = multipart(&parts);
        assert_eq!(multipart(&parts), (kind.clone(), body.clone()));
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let mut expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n-100\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a%22b.png\"\r\n\
             Content-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        expected.extend([0, 255, 13, 10]);
        expected.extend(format!("\r\n--{boundary}--\r\n").bytes());
        assert_eq!(body, expected);
    }
}
