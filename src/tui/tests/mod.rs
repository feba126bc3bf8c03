//! The screen as its users see it: snapshots with style runs, every size, and
//! stories told in keys.

mod filters;
mod login_looks;
mod logins;
mod look;
mod panes;
mod plan;
mod seed;
mod sheets;
mod sizes;
mod stories;
