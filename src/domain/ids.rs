//! Identifiers: a prefix that says what it names, and a ULID. A list of 20,000
//! names each channel in several places: copies share their text.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh id; ids made later sort after it.
            pub fn fresh(now: UtcMs, entropy: &Entropy) -> Self {
                Self(format!("{}{}", $prefix, entropy.ulid(now)).into())
            }

            /// Takes text that was stored or typed as a whole id.
            pub fn from_stored(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The id as text, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from).map(Self::from_stored)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// One client or brand.
    WorkspaceId = "wsp_";
    /// A person at the keyboard.
    OperatorId = "opr_";
    /// One connected social account in one workspace.
    ChannelId = "soc_";
    /// One consent at a network: the sealed tokens.
    LoginId = "lgn_";
    /// What was written.
    PostId = "pst_";
    /// One post on one channel at one time: the row of the queue.
    DeliveryId = "dlv_";
    /// One try to send a delivery.
    AttemptId = "try_";
    /// One image or video of a post.
    MediaId = "med_";
    /// One cause, however many channels it touches.
    IncidentId = "inc_";
    /// One entry of the notification centre.
    NoticeId = "ntc_";
    /// One request of another process to the publisher.
    CommandId = "cmd_";
}
