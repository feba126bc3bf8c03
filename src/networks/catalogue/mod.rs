//! The error catalogue: which answer means what, as data. A row names where it
//! was seen and carries the recorded body, so that a test can hold the table
//! against reality and help pages can be made from it. What no row matches is
//! [`AnswerClass::Unclassified`]: visible, never guessed.

mod bluesky;
mod mastodon;
mod telegram;

use std::time::Duration;

use serde_json::Value;

use super::Refusal;
use super::evidence::{LONGEST, LONGEST_CODE, safe};
use super::http::{NetError, Reply, Trouble};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Cause, Evidence};
use crate::domain::network::Network;
use crate::support::secret::Secret;

/// One kind of answer that is not a success.
#[derive(Debug)]
pub struct Row {
    /// The calls it is valid for, by name; empty for all.
    pub calls: &'static [&'static str],
    /// First and last HTTP status it is valid for.
    pub status: (u16, u16),
    /// The network's error name; empty for any or none.
    pub name: &'static str,
    /// A part of the network's sentence; empty for any or none.
    pub message: &'static str,
    /// What it means.
    pub class: AnswerClass,
    /// A cause more exact than the class gives.
    pub cause: Option<Cause>,
    /// What it means in one sentence, for people.
    pub words: &'static str,
    /// A body as it was recorded.
    pub body: &'static str,
}

impl Row {
    fn matches(&self, call: &str, status: u16, name: &str, message: &str) -> bool {
        (self.calls.is_empty() || self.calls.contains(&call))
            && (self.status.0..=self.status.1).contains(&status)
            && (self.name.is_empty() || self.name == name)
            && message.contains(self.message)
    }
}

/// Rows that hold for every network, tried after its own. The first ones are
/// OAuth's own names.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>
const COMMON: &[Row] = &[
    Row {
        calls: &["refreshToken"],
        status: (400, 401),
        name: "invalid_grant",
        message: "",
        class: AnswerClass::Revoked,
        cause: None,
        words: "The login does not exist any more: taken away, ended, or replaced by a newer one.",
        body: r#"{"error":"invalid_grant","error_description":"grant request is invalid"}"#,
    },
    Row {
        calls: &[
            "exchangeCode",
            "refreshToken",
            "deviceCode",
            "deviceToken",
            "revokeToken",
        ],
        status: (400, 403),
        name: "invalid_client",
        message: "",
        class: AnswerClass::AppFault,
        cause: None,
        words: "The network does not know this program by its client id and secret.",
        body: r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#,
    },
    Row {
        calls: &[
            "exchangeCode",
            "refreshToken",
            "deviceCode",
            "deviceToken",
            "revokeToken",
        ],
        status: (400, 403),
        name: "unauthorized_client",
        message: "",
        class: AnswerClass::AppFault,
        cause: None,
        words: "This program may not ask that by the client id it has.",
        body: r#"{"error":"unauthorized_client"}"#,
    },
    Row {
        calls: &[],
        status: (429, 429),
        name: "",
        message: "",
        class: AnswerClass::RateLimited,
        cause: None,
        words: "Too many requests; it goes on by itself later.",
        body: "Too Many Requests",
    },
    Row {
        calls: &[],
        status: (408, 408),
        name: "",
        message: "",
        class: AnswerClass::Transient,
        cause: None,
        words: "The network gave up waiting for us; it is tried again.",
        body: "Request Timeout",
    },
    Row {
        calls: &[],
        status: (500, 599),
        name: "",
        message: "",
        class: AnswerClass::Transient,
        cause: None,
        words: "The network itself has trouble; it is tried again.",
        body: "<html><body><h1>503 Service Unavailable</h1></body></html>",
    },
];

/// The rows of a network, in the order they are tried.
pub fn rows(network: Network) -> impl Iterator<Item = &'static Row> {
    let own: &[Row] = match network {
        Network::Bluesky => bluesky::ROWS,
        Network::Mastodon => mastodon::ROWS,
        Network::Telegram => telegram::ROWS,
        _ => &[],
    };
    own.iter().chain(COMMON)
}

/// What an answer that was not a success means. `secrets` are the tokens of the
/// call: should the answer repeat one, it does not reach the evidence.
pub fn classify(network: Network, call: &str, reply: &Reply, secrets: &[&Secret]) -> Refusal {
    let (name, message) = said(reply);
    let row = rows(network).find(|row| row.matches(call, reply.status, &name, &message));
    let sentence = match row {
        Some(row) if message.is_empty() => row.words.to_owned(),
        _ if message.is_empty() && reply.ok() => {
            "The answer is a success that nobody can read.".to_owned()
        }
        _ if message.is_empty() => format!("HTTP {} without a reason.", reply.status),
        _ => safe(&message, secrets, LONGEST),
    };
    let code = safe(&name, secrets, LONGEST_CODE);
    Refusal {
        class: row.map_or(AnswerClass::Unclassified, |row| row.class),
        cause: row.and_then(|row| row.cause),
        evidence: Evidence {
            http_status: Some(reply.status),
            network_code: Some(code).filter(|code| !code.is_empty()),
            message: Some(sentence),
            seen_by: Some(call.to_owned()),
        },
        retry_after: reply.retry_after(),
        confirmed: false,
    }
}

/// Error name and sentence of a body, in the shapes networks use:
/// `{"error": name, "message": sentence}` and OAuth's
/// `{"error": name, "error_description": sentence}`; Telegram's has a
/// `description` alone. A body of another shape is
/// its own sentence, unless it is a page.
fn said(reply: &Reply) -> (String, String) {
    let Some(Value::Object(body)) = reply.json::<Value>() else {
        let text = String::from_utf8_lossy(&reply.body);
        let page = text.trim_start().starts_with('<') || reply.ok();
        let text = if page {
            String::new()
        } else {
            text.into_owned()
        };
        return (String::new(), text);
    };
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let sentence = text("message")
        .or_else(|| text("error_description"))
        .or_else(|| text("description"));
    let name = text("error").unwrap_or_default();
    match sentence {
        Some(sentence) => (name, sentence),
        // Mastodon's `error` is a sentence; a name has no spaces.
        None if name.contains(' ') => (String::new(), name),
        None => (name, String::new()),
    }
}

/// What a call without a whole answer means: their trouble, unless the address
/// itself is one that is never called.
pub fn unanswered(call: &str, error: &NetError) -> Refusal {
    Refusal {
        class: match error.trouble {
            Trouble::Forbidden | Trouble::Unbuildable => AnswerClass::Unclassified,
            Trouble::Unresolved
            | Trouble::Unconnected
            | Trouble::NotStarted
            | Trouble::Busy
            | Trouble::TooLate
            | Trouble::TimedOut
            | Trouble::Broken
            | Trouble::TooLong => AnswerClass::Transient,
        },
        cause: None,
        evidence: Evidence {
            http_status: error.status,
            network_code: None,
            message: Some(error.what.clone()),
            // No call was made when it was too late for one.
            seen_by: (error.trouble != Trouble::TooLate).then(|| call.to_owned()),
        },
        // Nobody is in trouble then; it is armed again at once.
        retry_after: (error.trouble == Trouble::TooLate).then_some(Duration::ZERO),
        confirmed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a recorded body is taken for, where that is not what its row says.
    fn mistaken(network: Network, row: &Row) -> Option<String> {
        let call = row.calls.first().copied().unwrap_or("anything");
        [row.status.0, row.status.1].into_iter().find_map(|status| {
            let reply = Reply::made(status, &[], row.body);
            let seen = classify(network, call, &reply, &[]);
            let holds = (seen.class, seen.cause) == (row.class, row.cause)
                && seen.class != AnswerClass::Unclassified;
            let (name, class) = (network.name(), seen.class.name());
            (!holds).then(|| format!("{name} {call} {status} {}: {class}", row.body))
        })
    }

    #[test]
    fn every_recorded_body_means_what_its_row_says() {
        for network in Network::ALL.iter().copied() {
            for row in rows(network) {
                assert_eq!(mistaken(network, row), None);
            }
        }
    }

    #[test]
    fn a_recorded_body_that_means_something_else_or_nothing_would_be_noticed() {
        let row = |status, class, body| Row {
            calls: &["postStatus"],
            status: (status, status),
            name: "",
            message: "a sentence of no row",
            class,
            cause: None,
            words: "None.",
            body,
        };
        let known = r#"{"error":"The access token is invalid"}"#;
        let unknown = r#"{"error":"Said by no server so far"}"#;
        for (wrong, holds) in [
            (row(401, AnswerClass::Revoked, known), true),
            (row(401, AnswerClass::Restricted, known), false),
            (row(422, AnswerClass::InvalidPost, unknown), false),
            (row(422, AnswerClass::Unclassified, unknown), false),
        ] {
            let found = mistaken(Network::Mastodon, &wrong);
            assert_eq!(found.is_none(), holds, "{found:?}");
        }
    }

    #[test]
    fn every_row_can_be_explained() {
        for network in Network::ALL.iter().copied() {
            for row in rows(network) {
                assert!(row.words.ends_with('.'), "{}", row.words);
            }
        }
    }

    #[test]
    fn what_no_row_matches_is_visible_and_never_guessed() {
        for (status, body) in [
            (400, r#"{"error":"BrandNewThing","message":"Never seen"}"#),
            (403, "<html>Attention required</html>"),
            (418, ""),
            (302, ""),
            (400, r#"["a list"]"#),
        ] {
            let reply = Reply::made(status, &[], body);
            let seen = classify(Network::Bluesky, "putRecord", &reply, &[]);
            assert_eq!(seen.class, AnswerClass::Unclassified, "{body}");
            assert_eq!(seen.cause(), None);
            assert_eq!(seen.evidence.http_status, Some(status));
            assert!(seen.evidence.message.is_some());
        }
    }

    #[test]
    fn an_error_with_spaces_is_a_sentence_and_one_without_is_a_name() {
        let of = |body: &str| said(&Reply::made(400, &[], body));
        let pair = |name: &str, sentence: &str| (name.to_owned(), sentence.to_owned());
        assert_eq!(
            of(r#"{"error":"Too many requests"}"#),
            pair("", "Too many requests")
        );
        assert_eq!(
            of(r#"{"error":"invalid_grant"}"#),
            pair("invalid_grant", "")
        );
        assert_eq!(of(r#"{"error":"A b","message":"c"}"#), pair("A b", "c"));
    }

    #[test]
    fn an_answer_that_repeats_the_token_does_not_leak_it() {
        let token = Secret::new("canary-token-7");
        let body = r#"{"error":"canary-token-7","message":"bad \u001b[31mcanary-token-7 eyJhbGciOiJIUzI1NiJ9.e30.sig"}"#;
        let reply = Reply::made(400, &[], body);
        let seen = classify(Network::Bluesky, "getSession", &reply, &[&token]);
        assert_eq!(seen.evidence.network_code.as_deref(), Some("[secret]"));
        assert_eq!(
            seen.evidence.message.as_deref(),
            Some("bad [31m[secret] [secret]")
        );
    }
}
