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

mod catching_up;
mod command_line;
mod publishing;
mod world;
