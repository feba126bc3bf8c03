//! The fault matrix of the wire: what becomes of a post when the network, or
//! the way to it, goes wrong. A test is named by its row.
//!
//! Each story is told over a network whose lost answers can be read back by key
//! (Bluesky), one whose list has to be searched (Mastodon), and one that cannot
//! be asked at all (Telegram).

mod answers;
mod blame;
mod ground;
mod listings;
mod pastes;
mod unreached;
