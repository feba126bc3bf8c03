//! The program killed at every named point, over a network that loses, delays and doubles answers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail loudly"
)]
#![allow(missing_docs, reason = "a test is named by what it shows")]
