//! Floor 7: the command line. One file per command group; text and JSON output.
//! It has no rules of its own: what may happen is decided in `ops`.

pub mod args;
pub mod ask;
pub mod json;
pub mod output;
pub mod process;
