//! The name of the person at the keyboard, as the operating system knows it.

use std::fs;

/// The login name of the user this process runs as: from the list of local
/// users, else from the environment, else `uid-<number>`.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment is read in support"
)]
pub fn os_login() -> String {
    let uid = rustix::process::geteuid().as_raw();
    let listed = fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|list| named(&list, uid));
    let said = || {
        ["USER", "LOGNAME"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()))
    };
    listed.or_else(said).unwrap_or_else(|| format!("uid-{uid}"))
}

/// The name of `uid` in a list of users (`name:password:uid:...`).
fn named(list: &str, uid: u32) -> Option<String> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_one_listed_for_the_number() {
        let list = "root:x:0:0:root:/root:/bin/sh\n# a remark\nalice:x:1000:1000::/home/alice:\n";
        assert_eq!(named(list, 1000).as_deref(), Some("alice"));
        assert_eq!(named(list, 7), None);
    }
}
