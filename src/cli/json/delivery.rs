//! Posts and their deliveries as JSON.

use serde::{Deserialize, Serialize};

use super::AsideJson;
use crate::domain::answer::AnswerClass;
use crate::domain::delivery::{Blocker, Decision, DeliveryError, Shown, State};
use crate::domain::ids::{ChannelId, DeliveryId, OperatorId, PostId, WorkspaceId};
use crate::domain::network::ChannelKind;
use crate::domain::post_options::PostOptions;
use crate::ops::views::{DeliveryView, PostView};
use crate::store::posts::Medium;
use crate::store::uploads::Upload;
use crate::support::time::UtcMs;

/// What went wrong with a delivery last.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct ErrorJson {
    pub class: AnswerClass,
    pub http_status: Option<u16>,
    pub network_code: Option<String>,
    pub message: Option<String>,
    pub at: UtcMs,
}

impl From<&DeliveryError> for ErrorJson {
    fn from(error: &DeliveryError) -> Self {
        Self {
            class: error.class,
            http_status: error.evidence.http_status,
            network_code: error.evidence.network_code.clone(),
            message: error.evidence.message.clone(),
            at: error.at,
        }
    }
}

/// An image or video of a post.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct MediaJson {
    pub id: Option<String>,
    pub file: Option<String>,
    pub mime: Option<String>,
    pub bytes: Option<u64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub alt: Option<String>,
}

impl From<&Medium> for MediaJson {
    fn from(medium: &Medium) -> Self {
        Self {
            id: Some(medium.id.to_string()),
            file: Some(medium.name.clone()),
            mime: Some(medium.mime.clone()),
            bytes: Some(medium.bytes),
            width: medium.size.map(|(width, _)| width),
            height: medium.size.map(|(_, height)| height),
            alt: Some(medium.alt.clone()).filter(|alt| !alt.is_empty()),
        }
    }
}

/// How far the medium is that goes out now.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadJson {
    /// Which medium of the post, counted from 1.
    pub medium: u32,
    /// Bytes that left.
    pub sent_bytes: u64,
    /// Bytes it has.
    pub bytes: u64,
}

impl From<Upload> for UploadJson {
    fn from(upload: Upload) -> Self {
        Self {
            medium: upload.medium,
            sent_bytes: upload.sent.min(upload.bytes),
            bytes: upload.bytes,
        }
    }
}

/// A delivery as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct DeliveryJson {
    pub id: DeliveryId,
    pub post_id: PostId,
    pub workspace_id: WorkspaceId,
    pub channel_id: ChannelId,
    pub platform: ChannelKind,
    pub handle: String,
    pub root_id: Option<DeliveryId>,
    pub part_no: u32,
    pub upload: Option<UploadJson>,
    pub after_id: Option<DeliveryId>,
    pub state: Shown,
    pub reason: Option<Blocker>,
    pub badge: Option<&'static str>,
    pub scheduled_at: Option<UtcMs>,
    pub timezone: String,
    pub text: String,
    pub media: Vec<MediaJson>,
    pub attempts: u32,
    pub next_attempt_at: Option<UtcMs>,
    pub remote_id: Option<String>,
    pub permalink: Option<String>,
    pub published_at: Option<UtcMs>,
    pub late_by_seconds: Option<u64>,
    pub decision: Option<Decision>,
    pub last_error: Option<ErrorJson>,
    pub set_aside: Option<AsideJson>,
    pub created_by: OperatorId,
    pub created_at: UtcMs,
}

impl DeliveryJson {
    /// The delivery as a view shows it, with the media of its post, which are
    /// those of the first part of a thread.
    pub fn new(view: &DeliveryView, mut media: Vec<MediaJson>) -> Self {
        media.truncate(view.media_count);
        let delivery = view.delivery.clone();
        let published = delivery.state == State::Published;
        Self {
            id: delivery.id,
            post_id: delivery.post_id,
            workspace_id: delivery.workspace_id,
            channel_id: delivery.channel_id,
            platform: view.channel_kind,
            handle: delivery.handle,
            root_id: delivery.root_id,
            part_no: delivery.part_no,
            upload: view.upload.map(UploadJson::from),
            after_id: delivery.after_id,
            state: view.shown,
            reason: view.blocker,
            badge: view.blocker.map(Blocker::words),
            scheduled_at: (delivery.state != State::Draft).then_some(delivery.due),
            timezone: delivery.timezone,
            text: view.text.clone(),
            media,
            attempts: delivery.attempt_no,
            next_attempt_at: delivery.next_attempt_at,
            remote_id: delivery.remote_id,
            permalink: delivery.permalink,
            published_at: delivery.published_at,
            late_by_seconds: view
                .late_by
                .map(|late| late.as_secs())
                .or(published.then_some(0)),
            decision: delivery.decision,
            last_error: delivery.last_error.as_ref().map(ErrorJson::from),
            set_aside: view.aside.as_ref().map(AsideJson::from),
            created_by: delivery.created_by,
            created_at: delivery.created_at,
        }
    }
}

/// A post as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct PostJson {
    pub id: PostId,
    pub workspace_id: WorkspaceId,
    pub text: String,
    pub media: Vec<MediaJson>,
    pub options: PostOptions,
    pub deliveries: Vec<DeliveryJson>,
    pub warnings: Vec<String>,
    pub created_by: OperatorId,
    pub created_at: UtcMs,
}

impl From<&PostView> for PostJson {
    fn from(view: &PostView) -> Self {
        let media: Vec<_> = view.media.iter().map(MediaJson::from).collect();
        Self {
            id: view.post.id.clone(),
            workspace_id: view.post.workspace_id.clone(),
            text: view.post.text.clone(),
            deliveries: view
                .deliveries
                .iter()
                .map(|delivery| DeliveryJson::new(delivery, media.clone()))
                .collect(),
            media,
            options: view.post.options.clone(),
            warnings: view.warnings.clone(),
            created_by: view.post.created_by.clone(),
            created_at: view.post.created_at,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::tests::assert_keys;
    use super::*;
    use crate::domain::channel::Evidence;
    use crate::domain::delivery::{Delivery, shown};

    const KEYS: &str = "id, postId, workspaceId, channelId, platform, handle, rootId, partNo, afterId, state, reason, badge, scheduledAt, timezone, text, media, attempts, nextAttemptAt, remoteId, permalink, publishedAt, lateBySeconds, decision, lastError, setAside, createdBy, createdAt";

    /// A delivery of which everything optional is absent.
    pub fn bare() -> Delivery {
        Delivery {
            id: DeliveryId::from_stored("dlv_1"),
            post_id: PostId::from_stored("pst_1"),
            workspace_id: WorkspaceId::from_stored("wsp_1"),
            channel_id: ChannelId::from_stored("soc_1"),
            handle: "acme.example".into(),
            root_id: None,
            part_no: 1,
            after_id: None,
            state: State::Scheduled,
            due: UtcMs(60_000),
            civil: "1970-01-01 00:01".into(),
            timezone: "UTC".into(),
            only_on_time: false,
            text: None,
            attempt_no: 0,
            key_number: 0,
            idem_key: None,
            rendered: None,
            ever_armed: false,
            next_attempt_at: None,
            next_look_at: None,
            absent_reads: 0,
            first_absent_at: None,
            unknown_since: None,
            remote_id: None,
            permalink: None,
            published_at: None,
            last_error: None,
            access_failure: false,
            decision: None,
            send_now: false,
            cancelled_at: None,
            cancelled_by: None,
            created_by: OperatorId::from_stored("opr_1"),
            created_at: UtcMs(0),
        }
    }

    fn json(delivery: Delivery, blocker: Option<Blocker>, late: Option<u64>) -> DeliveryJson {
        let view = DeliveryView {
            shown: shown(delivery.state, blocker),
            blocker,
            channel_kind: ChannelKind::Bluesky,
            channel_handle: delivery.handle.clone(),
            login_name: delivery.handle.clone(),
            workspace_slug: "main".into(),
            text: "Hello".into(),
            media_count: 0,
            late_by: late.map(std::time::Duration::from_secs),
            parts: 1,
            upload: None,
            aside: None,
            delivery,
        };
        DeliveryJson::new(&view, Vec::new())
    }

    #[test]
    fn every_field_of_a_delivery_is_there_when_nothing_is_known() {
        let json = json(bare(), None, None);
        assert_keys(&json, KEYS);
        let value = serde_json::to_value(&json).unwrap();
        assert_eq!(value["state"], "scheduled");
        assert!(value["reason"].is_null() && value["badge"].is_null());
        assert!(value["lateBySeconds"].is_null() && value["lastError"].is_null());
    }

    #[test]
    fn a_held_delivery_says_why_and_wears_the_badge() {
        let json = json(bare(), Some(Blocker::ChannelDisconnected), Some(60));
        let value = serde_json::to_value(&json).unwrap();
        assert_eq!(value["state"], "held");
        assert_eq!(value["reason"], "channel_disconnected");
        assert_eq!(value["badge"], "Channel disconnected");
        assert_eq!(value["lateBySeconds"], 60);
        assert_eq!(value["scheduledAt"], "1970-01-01T00:01:00Z");
    }

    #[test]
    fn a_lost_answer_shows_as_confirming_and_an_error_has_all_its_fields() {
        let mut delivery = bare();
        delivery.state = State::Unknown;
        delivery.last_error = Some(DeliveryError {
            class: AnswerClass::Transient,
            evidence: Evidence::default(),
            at: UtcMs(1),
        });
        let value = serde_json::to_value(json(delivery, None, None)).unwrap();
        assert_eq!(value["state"], "confirming");
        assert_keys(
            &value["lastError"],
            "class, httpStatus, networkCode, message, at",
        );
    }

    #[test]
    fn a_post_that_went_out_on_time_is_zero_seconds_late() {
        let mut delivery = bare();
        delivery.state = State::Published;
        delivery.published_at = Some(UtcMs(60_000));
        assert_eq!(json(delivery, None, None).late_by_seconds, Some(0));
    }

    #[test]
    fn every_field_of_a_post_is_there() {
        let post = PostJson {
            id: PostId::from_stored("pst_1"),
            workspace_id: WorkspaceId::from_stored("wsp_1"),
            text: String::new(),
            options: PostOptions::default(),
            media: vec![MediaJson::default()],
            deliveries: Vec::new(),
            warnings: Vec::new(),
            created_by: OperatorId::from_stored("opr_1"),
            created_at: UtcMs(0),
        };
        assert_keys(
            &post,
            "id, workspaceId, text, media, deliveries, createdBy, createdAt",
        );
        assert_keys(&post.media[0], "id, file, mime, bytes, width, height, alt");
    }
}
