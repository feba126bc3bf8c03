//! The screen as its users see it.
