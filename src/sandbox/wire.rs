//! One request and one answer as plain values, so that a simulated network is
//! a function from the one to the other.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::support::time::UtcMs;

/// A whole request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub now: UtcMs,
}

impl Request {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, value) = self.query.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// The body as JSON, whatever its content type says.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// What the load balancer in front of a network shows when nobody answers.
const NOBODY_HOME: &str = "<html><head><title>503 Service Temporarily Unavailable</title></head>\
<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>";

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::typed(
            status,
            "application/json; charset=utf-8",
            body.to_string().into_bytes(),
        )
    }

    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::typed(
            status,
            "text/plain; charset=utf-8",
            body.into().into_bytes(),
        )
    }

    pub fn typed(status: u16, kind: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("content-type", kind.to_owned())],
            body,
        }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The 503 of a load balancer.
    pub fn nobody_home() -> Self {
        Self::typed(503, "text/html", NOBODY_HOME.as_bytes().to_vec())
    }

    /// The same answer, cut in the middle.
    pub fn broken(mut self) -> Self {
        let half = self.body.len() / 2;
        self.body.truncate(half);
        self
    }

    /// The same JSON, blown up to at least `bytes`.
    pub fn huge(mut self, bytes: usize) -> Self {
        let padding = "x".repeat(bytes);
        let padded = match serde_json::from_slice(&self.body) {
            Ok(Value::Object(mut map)) => {
                map.insert("padding".to_owned(), Value::String(padding));
                Value::Object(map)
            }
            _ => json!({ "padding": padding }),
        };
        self.body = padded.to_string().into_bytes();
        self
    }

    /// As HTTP, dated `date` (the simulator's clock, not the machine's).
    pub fn into_response(self, date: UtcMs) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().insert(name, value);
            }
        }
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        let date = printer.timestamp_to_rfc9110_string(&date.timestamp());
        if let Some(date) = date.ok().and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }
}
