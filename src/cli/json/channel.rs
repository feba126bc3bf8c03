//! A channel as JSON.

use serde::Serialize;
use serde_json::Value;

use super::AsideJson;
use crate::domain::blocker::PublishBlocker;
use crate::domain::channel::{Cause, Channel, Expiry, Status};
use crate::domain::ids::{ChannelId, LoginId, OperatorId, WorkspaceId};
use crate::domain::network::ChannelKind;
use crate::ops::views::{ChannelView, Lamp};
use crate::support::time::UtcMs;

/// A channel as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct ChannelJson {
    pub id: ChannelId,
    pub workspace_id: WorkspaceId,
    pub platform: ChannelKind,
    pub platform_account_id: String,
    pub handle: String,
    pub display_name: String,
    pub avatar_url: Option<String>,
    pub server: String,
    pub login_id: Option<LoginId>,
    pub login_method: String,
    pub status: Status,
    pub cause: Cause,
    pub lamp: &'static str,
    pub publishable: bool,
    pub publish_blocker: Option<&'static str>,
    pub status_detail: Option<String>,
    pub status_since: UtcMs,
    pub http_status: Option<u16>,
    pub network_code: Option<String>,
    pub scopes: Vec<String>,
    pub missing_scopes: Vec<String>,
    pub connected_at: UtcMs,
    pub connected_by: OperatorId,
    pub reconnected_at: Option<UtcMs>,
    pub reconnected_by: Option<OperatorId>,
    pub last_refreshed_at: Option<UtcMs>,
    pub token_expires_at: Option<UtcMs>,
    pub token_expiry: Expiry,
    pub grant_expires_at: Option<UtcMs>,
    pub grant_expiry: Expiry,
    pub last_refresh_attempt_at: Option<UtcMs>,
    pub last_refresh_error: Option<String>,
    pub last_refresh_http_status: Option<u16>,
    pub last_proof_at: Option<UtcMs>,
    pub last_published_at: Option<UtcMs>,
    pub paused_at: Option<UtcMs>,
    pub paused_by: Option<OperatorId>,
    pub metadata: Option<Value>,
    pub default_board_id: Option<String>,
    pub held_count: u64,
    pub next_due_at: Option<UtcMs>,
    pub disconnected_at: Option<UtcMs>,
    pub previous_id: Option<ChannelId>,
    pub set_aside: Option<AsideJson>,
}

impl ChannelJson {
    /// The channel with what is derived beside it: its lamp by name, why it does
    /// not publish, how many deliveries it holds, and when the next one is due.
    pub fn new(
        channel: &Channel,
        lamp: &'static str,
        blocker: Option<PublishBlocker>,
        held_count: u64,
        next_due_at: Option<UtcMs>,
    ) -> Self {
        let channel = channel.clone();
        let token = channel.token.clone();
        Self {
            publishable: channel.can_send() && blocker.is_none(),
            publish_blocker: blocker.map(PublishBlocker::name),
            id: channel.id,
            workspace_id: channel.workspace_id,
            platform: channel.kind,
            platform_account_id: channel.remote_id,
            handle: channel.handle,
            display_name: channel.display_name,
            avatar_url: channel.avatar_url,
            server: channel.server,
            login_id: channel.login_id,
            login_method: channel.login_method,
            status: channel.status,
            cause: channel.cause,
            lamp,
            status_detail: channel.evidence.message,
            status_since: channel.status_since,
            http_status: channel.evidence.http_status,
            network_code: channel.evidence.network_code,
            scopes: channel.scopes,
            missing_scopes: channel.missing_scopes,
            connected_at: channel.connected_at,
            connected_by: channel.connected_by,
            reconnected_at: channel.reconnected_at,
            reconnected_by: channel.reconnected_by,
            last_refreshed_at: token.last_refreshed_at,
            token_expires_at: token.token_expires_at,
            token_expiry: token.token_expiry,
            grant_expires_at: token.grant_expires_at,
            grant_expiry: token.grant_expiry,
            last_refresh_attempt_at: token.last_refresh_attempt_at,
            last_refresh_error: token.last_refresh_error,
            last_refresh_http_status: token.last_refresh_http_status,
            last_proof_at: channel.last_proof_at,
            last_published_at: channel.last_published_at,
            paused_at: channel.paused_at,
            paused_by: channel.paused_by,
            metadata: None,
            default_board_id: channel.default_board_id,
            held_count,
            next_due_at,
            disconnected_at: channel.disconnected_at,
            previous_id: channel.previous_id,
            set_aside: None,
        }
    }
}

impl From<&ChannelView> for ChannelJson {
    fn from(view: &ChannelView) -> Self {
        let summary = &view.summary;
        let json = Self::new(
            &summary.channel,
            lamp_name(view.lamp),
            view.blocker,
            view.held,
            summary.next_due,
        );
        Self {
            set_aside: view.aside.as_ref().map(AsideJson::from),
            ..json
        }
    }
}

/// The lamp's word in JSON and on the command line.
pub fn lamp_name(lamp: Lamp) -> &'static str {
    match lamp {
        Lamp::Green => "green",
        Lamp::Attention => "attention",
        Lamp::Broken => "broken",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::tests::assert_keys;
    use super::*;
    use crate::domain::channel::{Evidence, TokenFacts};

    /// A channel of which everything optional is absent.
    pub fn bare() -> Channel {
        Channel {
            id: ChannelId::from_stored("soc_1"),
            workspace_id: WorkspaceId::from_stored("wsp_1"),
            kind: ChannelKind::Bluesky,
            remote_id: "did:plc:1".into(),
            handle: "acme.example".into(),
            display_name: String::new(),
            avatar_url: None,
            server: "https://pds.example".into(),
            login_id: None,
            login_method: "app_password".into(),
            login_user: "did:plc:acme".into(),
            status: Status::Active,
            cause: Cause::None,
            publishable: true,
            epoch: 1,
            change: 1,
            evidence: Evidence::default(),
            status_since: UtcMs(0),
            scopes: Vec::new(),
            missing_scopes: Vec::new(),
            connected_at: UtcMs(0),
            connected_by: OperatorId::from_stored("opr_1"),
            reconnected_at: None,
            reconnected_by: None,
            last_proof_at: None,
            last_published_at: None,
            paused_at: None,
            paused_by: None,
            default_board_id: None,
            disconnected_at: None,
            previous_id: None,
            token: TokenFacts {
                generation: 1,
                ..TokenFacts::default()
            },
        }
    }

    /// The contract's line.
    pub const KEYS: &str = "id, workspaceId, platform, platformAccountId, handle, displayName, avatarUrl, server, loginId, loginMethod, status, cause, lamp, publishable, publishBlocker, statusDetail, statusSince, httpStatus, networkCode, scopes, missingScopes,
connectedAt, connectedBy, reconnectedAt, reconnectedBy, lastRefreshedAt, tokenExpiresAt, tokenExpiry, grantExpiresAt, grantExpiry, lastRefreshAttemptAt, lastRefreshError, lastRefreshHttpStatus, lastProofAt, lastPublishedAt,
pausedAt, pausedBy, metadata, defaultBoardId, heldCount, nextDueAt, disconnectedAt, previousId, setAside";

    #[test]
    fn every_field_of_the_contract_is_there_when_nothing_is_known() {
        let json = ChannelJson::new(&bare(), "green", None, 0, None);
        assert_keys(&json, KEYS);
        let value = serde_json::to_value(&json).unwrap();
        assert_eq!(value["platform"], "BLUESKY");
        assert_eq!(value["status"], "ACTIVE");
        assert_eq!(value["tokenExpiry"], "unknown");
        assert_eq!(value["connectedAt"], "1970-01-01T00:00:00Z");
        assert!(value["publishBlocker"].is_null());
        assert_eq!(value["publishable"], true);
    }

    #[test]
    fn whatever_keeps_it_from_publishing_is_named() {
        let blocker = Some(PublishBlocker::AppFault);
        let json = ChannelJson::new(&bare(), "green", blocker, 0, None);
        assert_eq!(json.publish_blocker, Some("app_fault"));
        assert!(!json.publishable);
        let blocker = Some(PublishBlocker::Cause(Cause::Restricted));
        let json = ChannelJson::new(&bare(), "broken", blocker, 0, None);
        assert_eq!(json.publish_blocker, Some("restricted"));
    }
}
