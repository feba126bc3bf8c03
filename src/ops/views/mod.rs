//! What lists and screens show: read models, pure reads, for command line and
//! screen alike.

mod channels;
mod check;
mod days;
mod dues;
mod find;
mod ground;
mod happened;
mod pages;
mod queue;
mod reading;
mod since;
mod status;
mod why;

pub use crate::domain::lamp::Lamp;
pub use channels::{
    ChannelView, Portion, broken_channels, channel, channel_view, channels, channels_with,
    every_channel, some_channels,
};

pub(super) use channels::{ends, list as list_channels, watch};
pub use check::{AtRisk, CheckView, Checked, Verdict, check};
pub use days::days;
pub use dues::{due_within, dues};
pub use find::{PostSearch, find_posts};
pub use happened::{HistoryView, KEY_LOCKED, history, incidents, notices, store_busy};

pub(super) use check::look_ahead;
pub(super) use happened::{store_trouble, visible_incidents, visible_notices};
pub use pages::{Pages, pages};
pub use queue::{DeliveryView, PostView, QueueFilter, post, queue};
pub use reading::{
    CommentsView, MetricsView, PostsView, ReadState, comments, metrics, recent_posts,
};
pub use since::{Since, since};
pub use status::{Lamps, StatusView, status};
pub use why::{Why, why, why_at};

pub(super) use queue::{delivery_view, post_view};
