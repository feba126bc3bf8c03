//! The terminal: entering and leaving it, what is read from it, what is
//! written to it. Nothing here knows what a channel is.
//!
//! No query is ever sent to the terminal: an answer would have to share the
//! input with the keys, and loses (`Terminal::clear` waits two seconds for it).

mod encode;
pub mod gate;
pub mod guard;
pub mod input;
pub mod output;
pub mod screen;
pub mod signals;

pub use guard::Guard;
pub use output::Output;
pub use screen::Screen;
