//! What a session token says about itself. It is read, never verified: the
//! server that made it does that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::domain::channel::Expiry;
use crate::networks::Ends;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// Scope of a session made with the main password.
///
/// Source: <https://atproto.com/specs/xrpc#app-passwords>
pub(super) const MAIN: &str = "com.atproto.access";

/// No token ends later than this from now; what says so is not believed.
const LONGEST_MS: i64 = 10 * 366 * 24 * 3_600_000;

/// Each claim is read by itself: junk in one does not hide the others.
fn claim(token: &Secret, name: &str) -> Option<Value> {
    let part = token.expose().split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
    claims.get(name).cloned()
}

/// The scope of a session, when its token names one.
pub(super) fn scope(token: &Secret) -> Option<String> {
    claim(token, "scope")?.as_str().map(str::to_owned)
}

/// When a token ends.
pub(super) fn ends(token: &Secret, now: UtcMs) -> Ends {
    let at = claim(token, "exp")
        .and_then(|value| value.as_i64())
        .and_then(|seconds| seconds.checked_mul(1000))
        .filter(|ms| *ms > 0 && *ms <= now.0.saturating_add(LONGEST_MS));
    Ends {
        at: at.map(UtcMs),
        expiry: if at.is_some() {
            Expiry::Date
        } else {
            Expiry::Unknown
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> Secret {
        Secret::new(format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims)))
    }

    #[test]
    fn an_end_is_believed_only_when_it_can_be_one() {
        let now = UtcMs(1_795_269_600_000);
        let end = |claims: &str| ends(&token(claims), now).at;
        assert_eq!(end(r#"{"exp":1795276800}"#), Some(UtcMs(1_795_276_800_000)));
        for junk in [
            r#"{"exp":0}"#,
            r#"{"exp":-5}"#,
            r#"{"exp":1000000000000000000}"#,
            r#"{"exp":9000000000}"#,
            r#"{"exp":"soon"}"#,
            "{}",
            "not json",
        ] {
            assert_eq!(end(junk), None, "{junk}");
            assert_eq!(ends(&token(junk), now).expiry, Expiry::Unknown);
        }
        assert_eq!(ends(&Secret::new("opaque"), now).at, None);
    }

    #[test]
    fn the_scope_tells_a_main_password_from_an_app_password() {
        for exp in ["1", "\"junk\""] {
            let main = token(&format!(r#"{{"scope":"com.atproto.access","exp":{exp}}}"#));
            assert_eq!(scope(&main).as_deref(), Some(MAIN));
        }
        assert_eq!(scope(&Secret::new("opaque")), None);
    }
}
