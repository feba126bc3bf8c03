//! Posts and the queue: writing, changing, moving, deciding, taking back.

pub(in crate::ops) mod acts;
mod cancel;
pub(in crate::ops) mod content;
mod create;
mod duplicate;
mod edit;
mod reschedule;
mod resolve;
mod retry;
mod undo;
mod writing;

pub use cancel::{behind, cancel, cancel_held, delete};
pub use content::item;
pub(in crate::ops) use create::refuse_past;
pub use create::{NewPost, PostTime, create};
pub use duplicate::{Duplicate, Targets, duplicate, is_duplicate, targets};
pub use edit::{PostChange, edit};
pub use reschedule::{How, reschedule};
pub use resolve::{Answer, resolve};
pub use retry::{retry, send_now};
pub use undo::{Undone, undo_last};
pub use writing::{
    Desk, Kept, Opened, Place, Saved, Seen, Writing, desk, keep, near, open, save, send_written,
    take,
};
