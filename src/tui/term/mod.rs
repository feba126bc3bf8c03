//! The terminal: entering and leaving it, what is read from it, what is
//! written to it. Nothing here knows what a channel is.
//!
//! The terminal is asked one thing, once: what colour its background has. An
//! answer shares the input with the keys, so nobody waits for it
//! (`Terminal::clear` would, for two seconds) and the gate keeps it from being
//! taken for keys, whenever it comes.

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
