//! The screen as its users see it: snapshots with style runs, every size, and
//! stories told in keys.

mod logins;
mod look;
mod panes;
mod seed;
mod sizes;
mod stories;
