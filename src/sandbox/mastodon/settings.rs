//! In what one server differs from another that speaks the same API.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Mastodon;

/// The differences; [`Default`] is a Mastodon of today.
#[derive(Clone, Debug)]
pub struct Settings {
    /// No metadata document, no scope `profile`, and a list of redirects is not
    /// read, only a text with one per line.
    pub before_4_3: bool,
    /// Whether a challenge is looked at.
    pub pkce: bool,
    /// Whether a client may say who it is by HTTP Basic.
    pub basic: bool,
    /// Whether the port of a loopback redirect has to be the registered one.
    pub exact_redirects: bool,
    /// Whether a bad authorization request goes back to the client when its
    /// redirect can be trusted; else it ends in a page.
    pub redirect_errors: bool,
    /// Whether there is `/api/v2/instance`.
    pub instance_v2: bool,
    /// Whether answers say what is left of a limit.
    pub rate_headers: bool,
    /// How long a token made from now on lives; for good when `None`.
    pub token_life: Option<Duration>,
    /// Whether the server in a mention counts as text.
    pub whole_mentions: bool,
    /// Whether every idempotency key is in the hands of a request under way.
    pub keys_locked: bool,
    /// Whether a repeat of a request under its key ends in a 500, as on the
    /// versions of <https://github.com/mastodon/mastodon/issues/40399>.
    pub repeats_fail: bool,
    /// What a status and its media may be.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            before_4_3: false,
            pkce: true,
            basic: true,
            exact_redirects: false,
            redirect_errors: false,
            instance_v2: true,
            rate_headers: true,
            token_life: None,
            whole_mentions: false,
            keys_locked: false,
            repeats_fail: false,
            limits: Limits::default(),
        }
    }
}

/// What the instance says it takes, and takes.
///
/// Source: <https://docs.joinmastodon.org/entities/Instance/>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Graphemes of warning and text together.
    pub max_characters: usize,
    /// Files of a status.
    pub max_media_attachments: usize,
    /// What a link counts, however long it is.
    pub characters_reserved_per_url: usize,
    /// Media types.
    pub supported_mime_types: Vec<String>,
    /// Bytes; less than that is taken.
    pub image_size_limit: usize,
    /// Points of an image.
    pub image_matrix_limit: usize,
    /// Bytes; less than that is taken.
    pub video_size_limit: usize,
    /// Characters of a description.
    pub description_limit: usize,
    /// Where the server tells how it is.
    pub status_url: Option<String>,
}

impl Default for Limits {
    fn default() -> Self {
        let types = super::media::TYPES.iter();
        Self {
            max_characters: 500,
            max_media_attachments: 4,
            characters_reserved_per_url: 23,
            supported_mime_types: types.map(|&kind| kind.to_owned()).collect(),
            image_size_limit: 16 << 20,
            image_matrix_limit: 33_177_600,
            video_size_limit: 99 << 20,
            description_limit: 1500,
            status_url: None,
        }
    }
}

impl Mastodon {
    /// Changes in what the server differs from others.
    pub fn differ(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.world().settings);
    }

    /// Makes it the odd one: much of what a client would like to rely on is
    /// missing, as on servers that only speak the same API.
    pub(in crate::sandbox) fn be_odd(&self) {
        self.ignore_idempotency(true);
        self.page(20);
        self.differ(|odd| {
            odd.before_4_3 = true;
            odd.pkce = false;
            odd.basic = false;
            odd.rate_headers = false;
            odd.limits.max_characters = 1000;
        });
    }
}
