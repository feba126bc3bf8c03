//! Where calls may go: the public internet over https, unless the operator
//! allowed private hosts for a network. Addresses a server names are checked
//! the same way, so that nobody can make us knock at doors inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why an address is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not an address at all.
    #[error("\"{0}\" is not a web address.")]
    NotAnAddress(String),
    /// Not https.
    #[error("{0} is not reached over https.")]
    NotHttps(String),
    /// Another port than 443.
    #[error("{0} names port {1}; only 443 is called.")]
    Port(String, u16),
    /// A private, local or reserved address.
    #[error("{0} is a private or local address.")]
    Private(String),
    /// Name or password inside the address.
    #[error("The address of {0} carries a user name.")]
    UserInfo(String),
}

/// Checks an address before it is called.
///
/// # Errors
/// Why it is refused.
pub fn check(address: &str, allow_private: bool) -> Result<Url, Refused> {
    let url = Url::parse(address).map_err(|_| Refused::NotAnAddress(shortened(address)))?;
    let Some(host) = url.host() else {
        return Err(Refused::NotAnAddress(shortened(address)));
    };
    let name = host.to_string();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::UserInfo(name));
    }
    if !matches!(url.scheme(), "https" | "http") {
        return Err(Refused::NotHttps(name));
    }
    if allow_private {
        return Ok(url);
    }
    let ip = match host {
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
        Host::Domain(domain) => {
            let domain = domain.trim_end_matches('.').to_ascii_lowercase();
            if domain == "localhost"
                || domain.ends_with(".localhost")
                || domain.ends_with(".internal")
            {
                return Err(Refused::Private(name));
            }
            None
        }
    };
    if ip.is_some_and(|ip| !is_public(ip)) {
        return Err(Refused::Private(name));
    }
    if url.scheme() != "https" {
        return Err(Refused::NotHttps(name));
    }
    match url.port() {
        Some(port) if port != 443 => Err(Refused::Port(name, port)),
        _ => Ok(url),
    }
}

fn shortened(address: &str) -> String {
    address
        .chars()
        .filter(|c| !c.is_control())
        .take(60)
        .collect()
}

/// Whether an address belongs to the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        // Carrier-grade NAT, IETF protocol assignments, benchmarking.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4() {
        return ip.segments()[5] == 0xffff && is_public_v4(v4);
    }
    let [first, second, ..] = ip.segments();
    let [.., high, low] = ip.segments();
    let inner = Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    // NAT64 carries a v4 address; so does 6to4, in its second and third group.
    if first == 0x64 && second == 0xff9b {
        return is_public_v4(inner);
    }
    if first == 0x2002 {
        let [_, a, b, ..] = ip.segments();
        return is_public_v4(Ipv4Addr::from((u32::from(a) << 16) | u32::from(b)));
    }
    // Global unicast only, without documentation and Teredo.
    (first & 0xe000) == 0x2000 && !(first == 0x2001 && (second == 0xdb8 || second == 0))
}

/// Resolves names once and only hands out public addresses, so that a name
/// cannot pass the check and then point inside.
#[derive(Debug)]
pub struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (public, inside): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|address| is_public(address.ip()));
            if public.is_empty() && !inside.is_empty() {
                return Err(Box::new(Refused::Private(name.as_str().to_owned())).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_called_over_https() {
        for good in [
            "https://bsky.social",
            "https://mas.to:443/x",
            "https://[2606:4700::1111]/",
        ] {
            assert!(check(good, false).is_ok(), "{good}");
        }
        for bad in [
            "http://bsky.social",
            "https://bsky.social:8443",
            "https://localhost",
            "https://a.localhost",
            "ftp://x.example",
            "https://127.0.0.1",
            "https://10.1.2.3",
            "https://192.168.0.1",
            "https://172.16.0.9",
            "https://169.254.169.254",
            "https://100.64.0.1",
            "https://0.0.0.0",
            "https://224.0.0.1",
            "https://[::1]",
            "https://[fe80::1]",
            "https://[fc00::1]",
            "https://[::ffff:127.0.0.1]",
            "https://[64:ff9b::7f00:1]",
            "https://[2002:7f00:1::]",
            "https://user:pass@bsky.social",
            "https://2130706433",
            "not an address",
            "",
        ] {
            assert!(check(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn allowed_private_hosts_may_use_http_and_any_port() {
        assert!(check("http://127.0.0.1:2583", true).is_ok());
        assert!(check("http://user@127.0.0.1", true).is_err());
        assert!(check("file:///etc/passwd", true).is_err());
    }
}
