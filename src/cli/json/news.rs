//! Notices, incidents and history as JSON.

use serde::Serialize;

use crate::domain::channel::{Cause, Status};
use crate::domain::ids::{ChannelId, DeliveryId, IncidentId, NoticeId, OperatorId, WorkspaceId};
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::ops::views::HistoryView;
use crate::store::incidents::Incident;
use crate::store::notices::Notice;
use crate::support::time::UtcMs;

/// A notice as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct NoticeJson {
    pub id: NoticeId,
    pub workspace_id: Option<WorkspaceId>,
    pub channel_id: Option<ChannelId>,
    pub delivery_id: Option<DeliveryId>,
    pub incident_id: Option<IncidentId>,
    pub severity: Severity,
    pub kind: String,
    pub text: String,
    pub command: Option<String>,
    pub created_at: UtcMs,
    pub read_at: Option<UtcMs>,
}

impl From<&Notice> for NoticeJson {
    fn from(notice: &Notice) -> Self {
        let notice = notice.clone();
        Self {
            id: notice.id,
            workspace_id: notice.workspace_id,
            channel_id: notice.channel_id,
            delivery_id: notice.delivery_id,
            incident_id: notice.incident_id,
            severity: notice.severity,
            kind: notice.kind,
            text: notice.text,
            command: notice.command,
            created_at: notice.created_at,
            read_at: notice.read_at,
        }
    }
}

/// An incident as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct IncidentJson {
    pub id: IncidentId,
    pub kind: String,
    pub cause: String,
    pub network: Option<Network>,
    pub severity: Severity,
    pub channel_ids: Vec<ChannelId>,
    pub opened_at: UtcMs,
    pub resolved_at: Option<UtcMs>,
    pub failures: u32,
    pub text: String,
    pub command: Option<String>,
}

impl From<&Incident> for IncidentJson {
    fn from(incident: &Incident) -> Self {
        let incident = incident.clone();
        Self {
            id: incident.id,
            kind: incident.kind,
            cause: incident.cause,
            network: incident.network,
            severity: incident.severity,
            channel_ids: incident.channels,
            opened_at: incident.opened_at,
            resolved_at: incident.resolved_at,
            failures: incident.failures,
            text: incident.text,
            command: incident.command,
        }
    }
}

/// One line of a channel's history as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub struct HistoryJson {
    pub at: UtcMs,
    pub kind: String,
    pub status: Status,
    pub cause: Cause,
    pub publishable: bool,
    pub http_status: Option<u16>,
    pub network_code: Option<String>,
    pub message: Option<String>,
    pub seen_by: Option<String>,
    pub by: Option<OperatorId>,
    pub by_name: Option<String>,
    pub text: String,
}

impl From<&HistoryView> for HistoryJson {
    fn from(view: &HistoryView) -> Self {
        let HistoryView { row, by_name } = view.clone();
        Self {
            at: row.at,
            kind: row.kind,
            status: row.status,
            cause: row.cause,
            publishable: row.publishable,
            http_status: row.evidence.http_status,
            network_code: row.evidence.network_code,
            message: row.evidence.message,
            seen_by: row.evidence.seen_by,
            by: row.by,
            by_name,
            text: row.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_keys;
    use super::*;

    #[test]
    fn every_field_of_a_notice_is_there_when_it_is_about_the_hub() {
        let notice = Notice {
            id: NoticeId::from_stored("ntc_1"),
            workspace_id: None,
            channel_id: None,
            delivery_id: None,
            incident_id: None,
            severity: Severity::Info,
            kind: "refreshed".into(),
            text: String::new(),
            command: None,
            created_at: UtcMs(0),
            read_at: None,
        };
        let json = NoticeJson::from(&notice);
        assert_keys(
            &json,
            "id, workspaceId, channelId, deliveryId, incidentId, severity, kind, text, command, createdAt, readAt",
        );
    }

    #[test]
    fn every_field_of_an_incident_is_there_when_it_is_open() {
        let incident = Incident {
            id: IncidentId::from_stored("inc_1"),
            kind: "overdue".into(),
            subject: "dlv_1".into(),
            cause: "none".into(),
            network: None,
            severity: Severity::Broken,
            text: String::new(),
            command: None,
            opened_at: UtcMs(0),
            resolved_at: None,
            failures: 1,
            channels: Vec::new(),
        };
        let json = IncidentJson::from(&incident);
        assert_keys(
            &json,
            "id, kind, cause, network, channelIds, openedAt, resolvedAt, failures, text, command",
        );
        let value = serde_json::to_value(&json).unwrap();
        assert_eq!(value["channelIds"], serde_json::json!([]));
        assert_eq!(value["severity"], "broken");
    }
}
