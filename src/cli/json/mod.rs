//! The objects of `--json`, field by field as the contract lists them. Fields
//! may be added, never renamed; absent values are `null`, never left out.

mod aside;
mod channel;
mod check;
mod delivery;
mod news;
mod reading;
mod status;

pub use aside::AsideJson;
pub use channel::{ChannelJson, lamp_name};
pub use check::{AtRiskJson, CheckChannelJson, CheckJson};
pub use delivery::{DeliveryJson, ErrorJson, MediaJson, PostJson};
pub use news::{HistoryJson, IncidentJson, NoticeJson};
pub use reading::{CommentJson, CommentsJson, PostsJson, ReadJson, ReadPostJson, count};
pub use status::{LampsJson, PublisherJson, StatusJson};

#[cfg(test)]
pub(crate) mod tests {
    use serde::Serialize;
    use serde_json::Value;

    /// The keys of the contract's line, every one of which must be there.
    pub fn assert_keys(value: &impl Serialize, line: &str) {
        let value = serde_json::to_value(value).unwrap();
        let Value::Object(object) = &value else {
            panic!("not an object: {value}")
        };
        for key in line.split(',').map(str::trim) {
            assert!(object.contains_key(key), "{key} is missing in {value}");
        }
    }
}
