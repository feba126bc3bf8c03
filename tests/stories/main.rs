//! What an operator does and what must come of it, told as stories.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail loudly"
)]
#![allow(missing_docs, reason = "a test is named by what it shows")]

mod catching_up;
mod connecting;
mod disconnecting;
mod office;
mod publishing;
mod world;
