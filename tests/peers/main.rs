//! The program against real servers on loopback; run by name, see CONTRIBUTING.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that cannot go on fails its test"
)]

#[path = "../common/mod.rs"]
mod common;
mod server;

mod children;
mod client;
mod crashes;
mod faults;
mod recorded;
mod stories;
