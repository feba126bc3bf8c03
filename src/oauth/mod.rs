//! Floor 4: one login on a network's own page. All ways are live at once: the
//! browser that comes back to our listener, the address pasted from a browser
//! on another machine, and the code typed on another device.
//!
//! | file | what it does |
//! |---|---|
//! | `attempt` | one login from its link to a proved account |
//! | `listener` | waits on loopback for the browser |
//! | `pages` | what the browser shows then |
//! | `paste` | understands what people paste |
//! | `words` | secret words, and comparing them |

mod attempt;
mod listener;
mod pages;
mod paste;
mod words;

#[cfg(test)]
mod tests;

pub use attempt::{Answer, Attempt, Begin, Device, Paster, Ways};
pub use paste::{Callback, PasteError, parse};
