//! The guard against server-side request forgery: where an address that came
//! from an operator or from a server may lead. A name is resolved once, and the
//! connection goes to the very addresses that were judged, so that a second
//! answer of the DNS cannot lead elsewhere.
//!
//! Behind a proxy of the environment it is the proxy that resolves names; then
//! only addresses written as numbers are judged here.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

const METADATA: &str = "a cloud's metadata address";

/// Why an address is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Not http or https.
    #[error("it is neither http nor https")]
    Scheme,
    /// Plain http without leave.
    #[error("it is not https")]
    Plain,
    /// Another port than 443 without leave.
    #[error("it names port {0}, and only 443 is allowed")]
    Port(u16),
    /// A name or password inside the address.
    #[error("it carries a user name or password")]
    UserInfo,
    /// There is no host in it.
    #[error("it names no host")]
    NoHost,
    /// The proxy of this machine, addressed as if it were a server.
    #[error("it is the proxy of this machine")]
    Proxy,
    /// Not on the public internet; why not.
    #[error("it leads to {0}")]
    Private(&'static str),
    /// Where no server of anybody's own answers, whatever is allowed; why.
    #[error("it leads to {0}, which is never called")]
    Never(&'static str),
}

/// Judges an address before anything is resolved or sent.
///
/// # Errors
/// Why it is not called.
pub fn check(url: &Url, allow_private: bool, proxies: &[String]) -> Result<(), Forbidden> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Forbidden::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Forbidden::UserInfo);
    }
    let host = url.host().ok_or(Forbidden::NoHost)?;
    let number: Option<IpAddr> = match host {
        Host::Domain(_) => None,
        Host::Ipv4(ip) => Some(ip.into()),
        Host::Ipv6(ip) => Some(ip.into()),
    };
    if let Some(why) = number.and_then(never) {
        return Err(Forbidden::Never(why));
    }
    if allow_private {
        return Ok(());
    }
    if url.scheme() != "https" {
        return Err(Forbidden::Plain);
    }
    match url.port_or_known_default() {
        Some(443) => {}
        other => return Err(Forbidden::Port(other.unwrap_or(0))),
    }
    match host {
        Host::Domain(name) if proxies.iter().any(|proxy| proxy == name) => Err(Forbidden::Proxy),
        Host::Domain(_) => Ok(()),
        Host::Ipv4(ip) => judge(ip.into()),
        Host::Ipv6(ip) => judge(ip.into()),
    }
}

/// Why `ip` is not called even where private hosts are allowed: link-local
/// addresses, on which clouds give their machines' credentials to whoever asks.
/// A self-hosted server has another one.
fn never(ip: IpAddr) -> Option<&'static str> {
    let why = why_private(plain(ip))?;
    ["a link-local address", METADATA]
        .into_iter()
        .find(|one| *one == why)
}

/// The IPv4 address that an IPv6 one wraps.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(wrapped) => wrapped.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

fn judge(ip: IpAddr) -> Result<(), Forbidden> {
    why_private(ip).map_or(Ok(()), |why| Err(Forbidden::Private(why)))
}

/// Why `ip` is not on the public internet; `None` when it is.
///
/// Source: <https://www.iana.org/assignments/iana-ipv4-special-registry> and
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
pub fn why_private(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => why_private_v4(ip),
        IpAddr::V6(ip) => why_private_v6(ip),
    }
}

fn why_private_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let why = match ip.octets() {
        [0, ..] => "an unspecified address",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [100, 64..=127, ..] => "a carrier's private address",
        [127, ..] => "this machine",
        [169, 254, ..] => "a link-local address",
        // Azure's platform address, public by number only:
        // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
        [168, 63, 129, 16] => METADATA,
        [192, 0, 0 | 2, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            "a reserved address"
        }
        [192, 88, 99, _] => "a tunnel address",
        [224..=239, ..] => "a multicast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    };
    Some(why)
}

/// Only 2000::/3 is handed out to the public; the rest, and what inside it
/// wraps an IPv4 address, is refused.
fn why_private_v6(ip: Ipv6Addr) -> Option<&'static str> {
    if let Some(inside) = ip.to_ipv4_mapped() {
        return Some(why_private_v4(inside).unwrap_or("a wrapped IPv4 address"));
    }
    let why = match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "an unspecified address",
        [0, 0, 0, 0, 0, 0, 0, 1] => "this machine",
        [0x64, 0xff9b, ..] => "a translated (NAT64) address",
        // Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => METADATA,
        [0xfc00..=0xfdff, ..] => "a private address",
        [0xfe80..=0xfeff, ..] => "a link-local address",
        [0xff00..=0xffff, ..] => "a multicast address",
        [0x2001, 0..=0x1ff, ..] | [0x2002, ..] => "a tunnel address",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "a reserved address",
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved address",
    };
    Some(why)
}

/// Who knows the addresses of names.
#[async_trait]
pub trait Names: Send + Sync {
    /// The addresses of `name`, in the order they are to be tried.
    ///
    /// # Errors
    /// When it has none, or nobody can be asked.
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|at| at.ip()).collect())
    }
}

/// Resolves names for the client; the strict one gives out public addresses
/// only, besides those of the machine's own proxies.
#[derive(Clone)]
pub(super) struct Resolver {
    /// Who is asked, once for each connection.
    pub names: Arc<dyn Names>,
    /// `None`: every address is given out.
    pub strict: Option<Arc<[String]>>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { names, strict } = self.clone();
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = names.addresses(&name).await?;
            // The port is the one of the address that is called.
            let found: Vec<SocketAddr> =
                found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            let free = strict.is_none_or(|proxies| proxies.contains(&name.to_lowercase()));
            let fits = |ip: IpAddr| if free { never(ip) } else { why_private(ip) };
            let addresses = judged(found, fits, free)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Those among `found` that nothing speaks against; an error when there are
/// only others.
fn judged(
    found: Vec<SocketAddr>,
    why_not: impl Fn(IpAddr) -> Option<&'static str>,
    free: bool,
) -> Result<Vec<SocketAddr>, Forbidden> {
    let why = found.iter().find_map(|at| why_not(at.ip()));
    let fit: Vec<SocketAddr> = found
        .into_iter()
        .filter(|at| why_not(at.ip()).is_none())
        .collect();
    match why {
        Some(why) if fit.is_empty() && free => Err(Forbidden::Never(why)),
        Some(why) if fit.is_empty() => Err(Forbidden::Private(why)),
        _ => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(url: &str, allow_private: bool) -> Result<(), Forbidden> {
        check(
            &Url::parse(url).unwrap(),
            allow_private,
            &["proxy.corp".to_owned()],
        )
    }

    #[test]
    fn only_public_https_on_443_is_called() {
        for fine in [
            "https://bsky.social/xrpc/x",
            "https://1.1.1.1/",
            "https://[2606:4700:4700::1111]/",
            "https://example.org:443/",
        ] {
            assert_eq!(asked(fine, false), Ok(()), "{fine}");
        }
        for (url, why) in [
            ("http://example.org/", Forbidden::Plain),
            ("https://example.org:8443/", Forbidden::Port(8443)),
            ("https://me@example.org/", Forbidden::UserInfo),
            ("https://:word@example.org/", Forbidden::UserInfo),
            ("ftp://example.org/", Forbidden::Scheme),
            ("file:///etc/passwd", Forbidden::Scheme),
            ("https://proxy.corp/", Forbidden::Proxy),
        ] {
            assert_eq!(asked(url, false), Err(why), "{url}");
        }
    }

    #[test]
    fn numbers_that_lead_inside_are_refused_however_they_are_written() {
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://10.1.2.3/",
            "https://172.31.0.1/",
            "https://192.168.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://168.63.129.16/",
            "https://100.100.100.200/",
            "https://0.0.0.0/",
            "https://192.0.0.192/",
            "https://192.88.99.1/",
            "https://198.18.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:8.8.8.8]/",
            "https://[::7f00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b:1::1]/",
            "https://[fc00::1]/",
            "https://[fd12:3456::1]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[2001::1]/",
            "https://[2001:db8::1]/",
            "https://[2002:7f00:1::]/",
            "https://[3fff::1]/",
            "https://[fd00:ec2::254]/",
        ] {
            assert!(
                matches!(
                    asked(url, false),
                    Err(Forbidden::Private(_) | Forbidden::Never(_))
                ),
                "{url}"
            );
        }
    }

    #[test]
    fn leave_for_private_hosts_opens_http_ports_and_addresses_but_no_passwords() {
        for fine in [
            "http://127.0.0.1:2583/",
            "http://localhost:1/",
            "https://10.0.0.1/",
        ] {
            assert_eq!(asked(fine, true), Ok(()), "{fine}");
        }
        assert_eq!(
            asked("http://me@localhost/", true),
            Err(Forbidden::UserInfo)
        );
        assert_eq!(asked("gopher://localhost/", true), Err(Forbidden::Scheme));
    }

    #[test]
    fn row_11_where_a_cloud_keeps_its_credentials_is_called_with_no_leave_at_all() {
        for url in [
            "http://169.254.169.254/latest/meta-data",
            "http://169.254.170.2/v2/credentials",
            "http://0xa9fea9fe/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/latest",
            "http://[::ffff:169.254.169.254]/",
            "http://168.63.129.16/machine",
        ] {
            assert!(
                matches!(asked(url, true), Err(Forbidden::Never(_))),
                "{url}"
            );
        }
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        assert_eq!(
            judged(vec![at("169.254.169.254")], never, true),
            Err(Forbidden::Never("a link-local address"))
        );
        assert_eq!(
            judged(vec![at("10.0.0.1")], never, true),
            Ok(vec![at("10.0.0.1")])
        );
    }

    #[test]
    fn of_a_name_with_mixed_addresses_only_the_public_ones_are_called() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let public = |found| judged(found, why_private, false);
        assert_eq!(
            public(vec![at("10.0.0.1"), at("1.1.1.1")]),
            Ok(vec![at("1.1.1.1")])
        );
        assert_eq!(
            public(vec![at("127.0.0.1"), at("::1")]),
            Err(Forbidden::Private("this machine"))
        );
        assert_eq!(public(Vec::new()), Ok(Vec::new()));
    }
}
