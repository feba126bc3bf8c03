//! The proxies this machine's environment names. The HTTP client itself obeys
//! the variables; what is read here is only whom it may connect to for that.

/// The variables a proxy is named by, each in capitals and in small letters.
const VARIABLES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/// Host names of the proxies in the environment, in lower case.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment is read in support"
)]
pub fn hosts() -> Vec<String> {
    VARIABLES
        .iter()
        .flat_map(|name| [(*name).to_owned(), name.to_lowercase()])
        .filter_map(|name| std::env::var(name).ok())
        .filter_map(|value| host(&value))
        .collect()
}

/// The host of `http://user:word@host:port`, with or without the scheme.
fn host(value: &str) -> Option<String> {
    let parsed = match value.split_once("://") {
        Some(_) => url::Url::parse(value),
        None => url::Url::parse(&format!("http://{value}")),
    };
    Some(parsed.ok()?.host_str()?.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_known_by_its_host_however_it_is_written() {
        for written in ["http://me:word@Proxy.corp:3128", "proxy.corp:3128"] {
            assert_eq!(host(written).as_deref(), Some("proxy.corp"));
        }
        assert_eq!(host(""), None);
    }
}
