//! What an operator does and what must come of it, told as stories.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail loudly"
)]
#![allow(missing_docs, reason = "a test is named by what it shows")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/store.rs"]
mod store_room;

mod accepted;
mod asking;
mod at_risk;
mod bluesky_in_the_browser;
mod bots_at_the_shell;
mod canary;
mod catching_up;
mod clocks;
mod coming_back;
mod command_line;
mod connecting;
mod disconnecting;
mod duplicating;
mod faults;
mod finding_posts;
mod judging;
mod lives;
mod logging_in;
mod mastodon;
mod morning;
mod office;
mod pausing;
mod publishing;
mod queue_acts;
mod reading_at_the_shell;
mod reading_channels;
mod reading_in_parts;
mod roles;
mod sealed_elsewhere;
mod setting_aside;
mod shell;
mod stand_in;
mod steady;
mod store_attempts;
mod store_backup;
mod store_feed;
mod store_health;
mod store_keys;
mod store_logins;
mod store_machine;
mod store_opening;
mod store_rescue;
mod store_terms;
mod store_wipe;
mod store_writer;
mod storm;
mod sweeping;
mod telegram;
mod threads;
mod typed_names;
mod undoing;
mod uploads;
mod videos;
mod world;
mod writing;
mod wrong_app;
