//! The error catalogues: what each network answers and what it means, as data.
//! The first row that matches counts; an answer no row matches is
//! `Unclassified`, never guessed to be fine or passing.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::Refusal;
use super::evidence;
use super::http::{NetError, Reply};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Cause, Evidence};

/// One row of a catalogue.
#[derive(Debug, Deserialize)]
pub struct Row {
    /// The call it is for, `*` for any.
    call: String,
    /// HTTP status.
    status: u16,
    /// The network's error name; left out means any.
    error: Option<String>,
    /// What its sentence contains; left out means any.
    message: Option<String>,
    /// What it means.
    class: AnswerClass,
    /// A cause more exact than the class.
    cause: Option<Cause>,
    /// A body as it was recorded.
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "the tests hold every row against its recorded body"
        )
    )]
    recorded: Value,
}

/// The catalogue of Bluesky. Observed on the reference server; see
/// <https://github.com/bluesky-social/atproto/tree/main/packages/pds>.
#[allow(
    clippy::expect_used,
    reason = "the file is part of the program and a test reads it"
)]
pub static BLUESKY: LazyLock<Vec<Row>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("bluesky.json")).expect("the catalogue is valid JSON")
});

/// Name and sentence of an error body `{"error", "message"}`.
fn named(body: Option<&Value>) -> (Option<String>, Option<String>) {
    let text = |key: &str| {
        body.and_then(|body| body.get(key))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    (text("error"), text("message"))
}

/// What an answer that is no success means.
pub fn classify(rows: &[Row], call: &str, reply: &Reply) -> Refusal {
    let body = reply.json();
    let (error, message) = named(body.as_ref());
    let matched = rows.iter().find(|row| {
        (row.call == "*" || row.call == call)
            && row.status == reply.status
            && row
                .error
                .as_ref()
                .is_none_or(|wanted| error.as_ref() == Some(wanted))
            && row.message.as_ref().is_none_or(|wanted| {
                message
                    .as_deref()
                    .is_some_and(|text| text.contains(wanted.as_str()))
            })
    });
    Refusal {
        class: matched.map_or(AnswerClass::Unclassified, |row| row.class),
        cause: matched.and_then(|row| row.cause),
        evidence: Evidence {
            http_status: Some(reply.status),
            network_code: error.map(|text| evidence::clean(&text, 60)),
            message: message.map(|text| evidence::clean(&text, 300)),
            seen_by: Some(call.to_owned()),
        },
        retry_after: reply.retry_after(),
        confirmed: false,
    }
}

/// The refusal of a call that got no whole answer: always their trouble or the
/// way there, never the channel's.
pub fn no_answer(call: &str, error: &NetError) -> Refusal {
    transient(call, error.text())
}

/// A refusal that says nothing about the channel.
pub fn transient(call: &str, text: &str) -> Refusal {
    Refusal {
        class: AnswerClass::Transient,
        cause: None,
        evidence: Evidence {
            message: Some(evidence::clean(text, 300)),
            seen_by: Some(call.to_owned()),
            ..Evidence::default()
        },
        retry_after: None,
        confirmed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::time::UtcMs;

    fn reply(status: u16, body: &Value) -> Reply {
        let body = body
            .as_str()
            .map_or_else(|| body.to_string(), str::to_owned)
            .into_bytes();
        Reply {
            status,
            headers: Default::default(),
            body,
            at: UtcMs(0),
        }
    }

    #[test]
    fn every_recorded_body_means_what_its_row_says() {
        for row in BLUESKY.iter() {
            let call = if row.call == "*" {
                "getSession"
            } else {
                &row.call
            };
            let refusal = classify(&BLUESKY, call, &reply(row.status, &row.recorded));
            assert_eq!(refusal.class, row.class, "{:?}", row.recorded);
        }
    }

    #[test]
    fn an_answer_nobody_recorded_is_unclassified_and_never_fine() {
        let body = serde_json::json!({"error": "Surprise", "message": "New in 2031"});
        for status in [400, 401, 403, 404, 409, 418] {
            assert_eq!(
                classify(&BLUESKY, "putRecord", &reply(status, &body)).class,
                AnswerClass::Unclassified
            );
        }
    }

    #[test]
    fn the_networks_own_sentence_is_kept_clean_and_short() {
        let body = serde_json::json!({"error": "X\u{1b}[31m", "message": format!("\u{202e}a\n{}", "b".repeat(999))});
        let refusal = classify(&BLUESKY, "putRecord", &reply(400, &body));
        let message = refusal.evidence.message.unwrap();
        assert!(message.chars().count() <= 300 && !message.contains(['\n', '\u{202e}']));
        assert!(!refusal.evidence.network_code.unwrap().contains('\u{1b}'));
    }
}
