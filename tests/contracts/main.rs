//! What each network promises, held against the sandbox.

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
mod lives;
mod networks_bluesky;
mod networks_mastodon;
mod networks_telegram;
mod outside;
mod sandbox_bluesky;
mod sandbox_mastodon;
mod sandbox_telegram;
