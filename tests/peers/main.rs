//! The program against real servers on loopback; run by name, see CONTRIBUTING.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that cannot go on fails its test"
)]

#[path = "../common/mod.rs"]
mod common;
mod server;

mod browser;
mod children;
mod chromium;
mod client;
mod consent;
mod crashes;
mod faults;
mod oauth;
mod oauth_server;
mod recorded;
mod signed;
mod stories;
