//! What an operator does and what must come of it, told as stories.

#[path = "../common/store.rs"]
mod store_room;

mod store_backup;
mod store_feed;
mod store_health;
mod store_logins;
mod store_machine;
mod store_opening;
mod store_terms;
mod store_wipe;
mod store_writer;
