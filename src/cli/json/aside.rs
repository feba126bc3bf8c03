//! Who took a broken thing on, as JSON.

use serde::Serialize;

use crate::domain::aside::Aside;
use crate::support::time::UtcMs;

/// `setAside` of a channel or a delivery.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AsideJson {
    /// The channel, login or delivery that was set aside.
    pub object: String,
    /// The name of who did it.
    pub by: String,
    /// Until when.
    pub until: UtcMs,
    /// What they wrote; absent when nothing.
    pub note: Option<String>,
    /// When they did it.
    pub at: UtcMs,
}

impl From<&Aside> for AsideJson {
    fn from(aside: &Aside) -> Self {
        Self {
            object: aside.object.clone(),
            by: aside.by_name.clone(),
            until: aside.until,
            note: Some(aside.note.clone()).filter(|note| !note.is_empty()),
            at: aside.at,
        }
    }
}
