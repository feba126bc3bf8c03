//! Clients on the person's own machine: their name says where answers go and
//! what they may ask for.
//!
//! Source: <https://atproto.com/specs/oauth#localhost-client-development> and
//! `oauth-client-id-loopback.js` of `@atproto/oauth-types`

use url::{Host, Url};

use super::refused::{self, Wrong};

/// What a client's name says.
#[derive(Debug)]
pub(super) struct Client {
    redirects: Vec<Url>,
    scopes: Vec<String>,
}

/// Reads a client's name.
pub(super) fn read(id: &str) -> Result<Client, Wrong> {
    // The texts were not observed.
    let bad = |what: &str| refused::client(format!("Invalid loopback client ID: {what}"));
    let rest = id
        .strip_prefix("http://localhost")
        .ok_or_else(|| bad("Value must start with \"http://localhost\""))?;
    if id.contains('#') {
        return Err(bad("Value must not contain a hash component"));
    }
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let query = match rest.strip_prefix('?') {
        Some(query) => query,
        None if rest.is_empty() => "",
        None => return Err(bad("Value must not contain a path component")),
    };
    let (mut redirects, mut scope) = (Vec::new(), None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "scope" if scope.is_none() => scope = Some(value.into_owned()),
            "scope" => return Err(bad("Duplicate \"scope\" query parameter")),
            "redirect_uri" => {
                let url = Url::parse(&value).ok().filter(loopback);
                redirects.push(url.ok_or_else(|| bad("Invalid \"redirect_uri\" query parameter"))?);
            }
            _ => return Err(bad("Unexpected query parameter")),
        }
    }
    if redirects.is_empty() {
        let usual = ["http://127.0.0.1/", "http://[::1]/"];
        redirects.extend(usual.iter().filter_map(|one| Url::parse(one).ok()));
    }
    let scope = scope.unwrap_or_else(|| "atproto".to_owned());
    let scopes: Vec<String> = scope.split(' ').map(str::to_owned).collect();
    if !scopes.iter().any(|one| one == "atproto") {
        return Err(bad(
            "ATProto Loopback ClientID must include \"atproto\" scope",
        ));
    }
    Ok(Client { redirects, scopes })
}

/// An address of this machine, by number: names may lead elsewhere.
fn loopback(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    local && url.scheme() == "http"
}

impl Client {
    /// Whether answers may go there. Only the port is free, and only when the
    /// client names none.
    pub fn takes_answers_at(&self, asked: &str) -> Result<(), Wrong> {
        let url = Url::parse(asked).map_err(|_| {
            refused::request("Invalid authorization request: Invalid URL at body.redirect_uri")
        })?;
        if url.domain() == Some("localhost") {
            return Err(refused::request(
                "Invalid authorization request: Use of \"localhost\" hostname is not allowed \
                 (RFC 8252), use a loopback IP such as \"127.0.0.1\" instead at body.redirect_uri",
            ));
        }
        let same = |one: &Url| {
            let mut asked = url.clone();
            // An address of this machine has a host, and so a port to take away.
            (one.port().is_some() || asked.set_port(None).is_ok()) && asked == *one
        };
        if self.redirects.iter().any(same) {
            Ok(())
        } else {
            Err(refused::request(format!("Invalid redirect_uri {asked}")))
        }
    }

    /// Whether it may ask for that.
    pub fn declares(&self, scope: &str) -> bool {
        self.scopes.iter().any(|one| one == scope)
    }
}
