//! How things stand, as JSON.

use serde::Serialize;

use super::IncidentJson;
use crate::support::time::UtcMs;

/// Who publishes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct PublisherJson {
    pub running: bool,
    pub host: Option<String>,
    pub pid: Option<u32>,
    pub kind: Option<&'static str>,
    pub since: Option<UtcMs>,
    pub heartbeat_at: Option<UtcMs>,
}

/// How many channels have which lamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct LampsJson {
    pub green: u64,
    pub attention: u64,
    pub broken: u64,
}

/// `status --json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct StatusJson {
    pub publisher: PublisherJson,
    pub lamps: LampsJson,
    pub queued: u64,
    pub held: u64,
    pub missed: u64,
    pub needs_decision: u64,
    pub next_due_at: Option<UtcMs>,
    pub incidents: Vec<IncidentJson>,
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_keys;
    use super::*;

    #[test]
    fn every_field_of_status_is_there_when_nobody_publishes() {
        let status = StatusJson {
            publisher: PublisherJson::default(),
            lamps: LampsJson::default(),
            queued: 0,
            held: 0,
            missed: 0,
            needs_decision: 0,
            next_due_at: None,
            incidents: Vec::new(),
        };
        assert_keys(
            &status,
            "publisher, lamps, queued, held, missed, needsDecision, nextDueAt, incidents",
        );
        assert_keys(&status.publisher, "running, host, pid, since, heartbeatAt");
        assert_keys(&status.lamps, "green, attention, broken");
    }
}
