//! Where an answer may be sent.
//!
//! Source: <https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/oauth/helpers/uri_checker.rb>

use url::{Host, Url};

pub(super) use crate::sandbox::pages::with;

/// The code is shown in a page instead, for somebody to copy.
pub(super) const SHOWN: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Whether `asked` is what was registered. The port of an address of this
/// machine is free, as long as it is an address and not a name.
pub(super) fn matches(asked: &str, registered: &str, exact: bool) -> bool {
    if asked == registered {
        return true;
    }
    let (Ok(asked), Ok(registered)) = (Url::parse(asked), Url::parse(registered)) else {
        return false;
    };
    !exact && loopback(&asked) && loopback(&registered) && {
        let (mut asked, mut registered) = (asked, registered);
        asked.set_port(None).is_ok() && registered.set_port(None).is_ok() && asked == registered
    }
}

fn loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

/// What is wrong with a redirect somebody registers.
///
/// Source: <https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/orm/active_record/redirect_uri_validator.rb>
pub(super) fn flaw(redirect: &str) -> Option<&'static str> {
    if redirect == SHOWN {
        return None;
    }
    let url = match Url::parse(redirect) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => return Some("must be an absolute URI."),
        Err(_) => return Some("must be a valid URI."),
    };
    if ["data", "vbscript", "javascript"].contains(&url.scheme()) {
        Some("is forbidden by the server.")
    } else if url.fragment().is_some() {
        Some("cannot contain a fragment.")
    } else if url.cannot_be_a_base() || url.scheme() == "localhost" {
        Some("must specify a scheme.")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let cases = [
            (
                "http://127.0.0.1/callback",
                "http://127.0.0.1:4711/callback",
                true,
            ),
            (
                "http://127.0.0.1:80/callback",
                "http://127.0.0.1:4711/callback",
                true,
            ),
            ("http://[::1]/callback", "http://[::1]:4711/callback", true),
            (
                "http://127.0.0.1/callback",
                "http://127.0.0.1:4711/callback/",
                false,
            ),
            (
                "http://127.0.0.1/callback",
                "https://127.0.0.1:4711/callback",
                false,
            ),
            (
                "http://127.0.0.1/callback",
                "http://who@127.0.0.1:4711/callback",
                false,
            ),
            (
                "http://127.0.0.1/callback",
                "http://127.0.0.1:4711/callback?x=1",
                false,
            ),
            (
                "http://127.0.0.1/callback",
                "http://127.0.0.2:4711/callback",
                false,
            ),
            (
                "http://localhost/callback",
                "http://localhost:4711/callback",
                false,
            ),
            (
                "https://app.test/callback",
                "https://app.test:8443/callback",
                false,
            ),
            (
                "https://app.test/callback",
                "https://app.test/callback",
                true,
            ),
        ];
        for (registered, asked, free) in cases {
            assert_eq!(matches(asked, registered, false), free, "{asked}");
        }
        let port = "http://127.0.0.1:4711/callback";
        assert!(!matches(port, "http://127.0.0.1/callback", true));
        assert!(matches(port, port, true));
    }
}
