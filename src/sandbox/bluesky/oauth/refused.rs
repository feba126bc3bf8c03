//! How a login or a signed call is refused: the authorization server says it as
//! OAuth does, the PDS as XRPC does.

use serde_json::json;

use crate::sandbox::bluesky::errors;
use crate::sandbox::wire::Answer;

/// What proofs may be signed with, as the server says. Keys of P-256 are all
/// that is simulated.
pub(super) const ALGORITHMS: [&str; 10] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES256K", "ES384", "ES512",
];

/// A refusal with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// At the authorization server; the PDS says 401 always.
    pub status: u16,
    pub name: &'static str,
    pub words: String,
}

pub(super) fn request(words: impl Into<String>) -> Wrong {
    named(400, "invalid_request", words)
}

pub(super) fn scope(words: impl Into<String>) -> Wrong {
    named(400, "invalid_scope", words)
}

pub(super) fn grant(words: impl Into<String>) -> Wrong {
    named(400, "invalid_grant", words)
}

pub(super) fn client(words: impl Into<String>) -> Wrong {
    named(400, "invalid_client_metadata", words)
}

pub(super) fn proof(words: impl Into<String>) -> Wrong {
    named(401, "invalid_dpop_proof", words)
}

pub(super) fn token(words: impl Into<String>) -> Wrong {
    named(401, "invalid_token", words)
}

pub(super) fn nonce(words: impl Into<String>) -> Wrong {
    named(400, "use_dpop_nonce", words)
}

fn named(status: u16, name: &'static str, words: impl Into<String>) -> Wrong {
    Wrong {
        status,
        name,
        words: words.into(),
    }
}

impl Wrong {
    /// `{"error": .., "error_description": ..}`.
    pub fn at_authority(&self) -> Answer {
        let body = json!({ "error": self.name, "error_description": self.words });
        let mut answer = Answer::json(self.status, &body);
        if self.status == 401 {
            answer.headers.push(self.challenge());
        }
        answer
    }

    /// `{"error": .., "message": ..}`.
    pub fn at_resource(&self) -> Answer {
        let mut answer = errors::error(401, self.name, &self.words);
        answer.headers.push(self.challenge());
        answer
    }

    /// Words with quotes in them are left out, as the real one does.
    fn challenge(&self) -> (&'static str, String) {
        let algs = ALGORITHMS.join(" ");
        let mut header = format!(r#"DPoP algs="{algs}", error="{}""#, self.name);
        if !self.words.contains('"') {
            header.push_str(&format!(r#", error_description="{}""#, self.words));
        }
        ("www-authenticate", header)
    }
}
