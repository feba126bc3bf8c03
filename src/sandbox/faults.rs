//! What can be made to go wrong with a request.

use serde::{Deserialize, Serialize};

/// One way in which an answer goes wrong. As JSON: `"drop_answer"`,
/// `{"delay":500}`, `{"status":[503,"gone"]}`, `{"rate_limited":{"retry_after":30}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection closes before anything was done.
    DropBeforeProcessing,
    /// Everything was done; the connection closes without an answer.
    DropAnswer,
    /// Done at once, answered this many real milliseconds later.
    Delay(u64),
    /// The connection closes at once without an answer, and only this many
    /// real milliseconds later is the request done.
    ProcessLater(u64),
    /// This status and body; nothing was done.
    Status(u16, String),
    /// This status and body, although everything was done.
    StatusThoughDone(u16, String),
    /// Done; the answer stops in the middle of its JSON.
    BrokenJson,
    /// Done; the answer is the right JSON blown up to at least this many bytes.
    HugeJson(usize),
    /// 429 with the headers of the network; nothing was done.
    RateLimited {
        /// Seconds in `Retry-After`.
        retry_after: u64,
    },
    /// The load balancer's 503 with a page of HTML; nothing was done.
    Down,
}

/// For how many requests a fault is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// That many requests.
    Count(u32),
    /// Every request until [`clear_faults`](super::bluesky::Bluesky::clear_faults).
    UntilCleared,
}

/// Whether the whole network is reachable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// It is.
    #[default]
    None,
    /// Connections are accepted and closed.
    Closed,
    /// Everything answers 503 with a page of HTML.
    Unavailable,
}

/// A queued fault: the first that fits a request is used.
#[derive(Clone, Debug)]
struct Rule {
    endpoint: String,
    account: Option<String>,
    fault: Fault,
    left: Times,
}

/// The queue of one network.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Rule>);

/// The endpoint name that fits every request.
pub const ANY: &str = "*";

impl Faults {
    pub fn push(&mut self, endpoint: &str, account: Option<String>, fault: Fault, left: Times) {
        self.0.push(Rule {
            endpoint: endpoint.to_owned(),
            account,
            fault,
            left,
        });
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many rules wait; one that lasts until it is cleared counts as one.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Uses up the first fault that fits.
    pub fn take(&mut self, endpoint: &str, account: Option<&str>) -> Option<Fault> {
        self.0.retain(|rule| rule.left != Times::Count(0));
        let at = self.0.iter().position(|rule| {
            (rule.endpoint == ANY || rule.endpoint == endpoint)
                && (rule.account.is_none() || rule.account.as_deref() == account)
        })?;
        let rule = &mut self.0[at];
        let fault = rule.fault.clone();
        if let Times::Count(left) = &mut rule.left {
            *left -= 1;
            if *left == 0 {
                self.0.remove(at);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_used_in_order_and_only_where_they_fit() {
        let mut faults = Faults::default();
        let bob = Some("did:bob".to_owned());
        faults.push("put", bob, Fault::Down, Times::Count(1));
        faults.push("put", None, Fault::DropAnswer, Times::Count(2));
        faults.push(ANY, None, Fault::BrokenJson, Times::UntilCleared);
        assert_eq!(faults.take("put", Some("did:al")), Some(Fault::DropAnswer));
        assert_eq!(faults.take("put", Some("did:bob")), Some(Fault::Down));
        assert_eq!(faults.take("put", Some("did:bob")), Some(Fault::DropAnswer));
        assert_eq!(faults.take("put", None), Some(Fault::BrokenJson));
        assert_eq!(faults.take("get", None), Some(Fault::BrokenJson));
        faults.clear();
        assert_eq!(faults.take("get", None), None);
    }
}
