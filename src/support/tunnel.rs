//! The line an operator runs on their own machine, so that a browser there
//! reaches the port that waits on this one.

/// `ssh -L 8917:127.0.0.1:8917 HOST`. The host is the configured one, otherwise
/// the address the operator's own connection came to (`SSH_CONNECTION`: client
/// address and port, server address and port); `None` when neither is known.
pub fn line(port: u16, host: Option<&str>, connection: Option<&str>) -> Option<String> {
    let (host, ssh_port) = match host {
        Some(host) => (host, "22"),
        None => {
            let mut parts = connection?.split_ascii_whitespace().skip(2);
            (parts.next()?, parts.next().unwrap_or("22"))
        }
    };
    let fits = |text: &str, also: &[char]| {
        !text.is_empty()
            && !text.starts_with('-')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || also.contains(&c))
    };
    // It is pasted into a shell.
    if !fits(host, &['.', '-', '_', '@', ':']) || !fits(ssh_port, &[]) {
        return None;
    }
    let at = if ssh_port == "22" {
        String::new()
    } else {
        format!("-p {ssh_port} ")
    };
    Some(format!("ssh {at}-L {port}:127.0.0.1:{port} {host}"))
}

/// [`line()`] for this session.
#[allow(
    clippy::disallowed_methods,
    reason = "SSH_CONNECTION is one of the variables a session may set"
)]
pub fn here(port: u16, host: Option<&str>) -> Option<String> {
    let connection = std::env::var("SSH_CONNECTION").ok();
    line(port, host, connection.as_deref())
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_line_names_the_host_one_came_to() {
        let came = Some("192.0.2.7 50022 203.0.113.5 2222");
        assert_eq!(
            line(8917, None, came).as_deref(),
            Some("ssh -p 2222 -L 8917:127.0.0.1:8917 203.0.113.5")
        );
        assert_eq!(
            line(1, Some("ann@hub.example"), came).as_deref(),
            Some("ssh -L 1:127.0.0.1:1 ann@hub.example")
        );
        assert_eq!(line(1, None, None), None);
        assert_eq!(line(1, None, Some("a b -oProxyCommand=x 22")), None);
        assert_eq!(line(1, None, Some("a b c;d 22")), None);
    }
}
