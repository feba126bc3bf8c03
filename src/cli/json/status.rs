//! How things stand, as JSON.

use serde::Serialize;

use super::IncidentJson;
use crate::domain::publisher::PublisherKind;
use crate::ops::publisher::PublisherView;
use crate::ops::views::{Lamps, StatusView};
use crate::support::time::UtcMs;

/// Who publishes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct PublisherJson {
    pub running: bool,
    pub silent: bool,
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
    pub failed: u64,
    pub unread: u64,
    pub next_due_at: Option<UtcMs>,
    pub incidents: Vec<IncidentJson>,
}

impl From<&PublisherView> for PublisherJson {
    fn from(view: &PublisherView) -> Self {
        Self {
            running: view.running,
            silent: view.silent,
            host: view.host.clone(),
            pid: view.pid,
            kind: view.kind.map(PublisherKind::name),
            since: view.since,
            heartbeat_at: view.heartbeat_at,
        }
    }
}

impl From<Lamps> for LampsJson {
    fn from(lamps: Lamps) -> Self {
        Self {
            green: lamps.green,
            attention: lamps.attention,
            broken: lamps.broken,
        }
    }
}

impl From<&StatusView> for StatusJson {
    fn from(view: &StatusView) -> Self {
        Self {
            publisher: PublisherJson::from(&view.publisher),
            lamps: LampsJson::from(view.lamps),
            queued: view.queued,
            held: view.held,
            missed: view.missed,
            needs_decision: view.needs_decision,
            failed: view.failed,
            unread: view.unread,
            next_due_at: view.next_due,
            incidents: view.incidents.iter().map(IncidentJson::from).collect(),
        }
    }
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
            failed: 0,
            unread: 0,
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
