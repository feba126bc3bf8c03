//! Posts and the queue: writing, changing, moving, deciding, taking back.

pub(in crate::ops) mod acts;
mod cancel;
mod content;
mod create;
mod edit;
mod reschedule;
mod resolve;
mod retry;
mod undo;

pub use cancel::{behind, cancel, cancel_held, delete};
pub(in crate::ops) use create::refuse_past;
pub use create::{NewPost, PostTime, create};
pub use edit::{PostChange, edit};
pub use reschedule::{How, reschedule};
pub use resolve::{Answer, resolve};
pub use retry::{retry, send_now};
pub use undo::{Undone, undo_last};
