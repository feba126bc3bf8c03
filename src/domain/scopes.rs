//! Scopes: what a login was granted, and what that leaves out.

/// Those of `needed` that `granted` does not cover. Nothing granted means that
/// the network does not say: then nothing is known to be missing.
///
/// A broad scope covers the narrow ones below it (`write` covers
/// `write:statuses`).
///
/// Source: <https://docs.joinmastodon.org/api/oauth-scopes/>
pub fn missing(needed: &[&str], granted: &[String]) -> Vec<String> {
    if granted.is_empty() {
        return Vec::new();
    }
    let covered = |needed: &str| {
        granted.iter().any(|one| {
            needed == one
                || needed
                    .strip_prefix(one.as_str())
                    .is_some_and(|rest| rest.starts_with(':'))
        })
    };
    needed
        .iter()
        .filter(|one| !covered(one))
        .map(|one| (*one).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broad_scope_covers_the_narrow_ones_below_it() {
        let granted = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let needed = ["write:statuses", "write:media"];
        assert!(missing(&needed, &granted(&["read", "write"])).is_empty());
        assert_eq!(
            missing(&needed, &granted(&["write:statuses", "write:mediate"])),
            ["write:media"]
        );
        assert!(missing(&needed, &[]).is_empty(), "nothing is known");
        assert_eq!(missing(&["writes"], &granted(&["write"])), ["writes"]);
    }
}
