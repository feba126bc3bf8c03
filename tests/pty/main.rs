//! The real program in a real terminal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail loudly"
)]
#![allow(missing_docs, reason = "a test is named by what it shows")]

mod background;
mod canary;
#[path = "../common/mod.rs"]
mod common;
mod composer;
mod demo;
#[allow(clippy::disallowed_methods, reason = "it has the clock of the machine")]
#[path = "../../benches/screen/generated.rs"]
mod generated;
mod hangup;
mod hostile;
mod keys;
mod large;
mod lines;
mod logins;
mod mouse;
mod publishers;
mod ruins;
mod screen;
mod terminal;
