//! The screen as its users see it: snapshots with style runs, every size, and
//! stories told in keys.

mod aside;
mod beside;
mod calendar;
mod composer;
mod composer_drafts;
mod composer_looks;
mod composer_sending;
mod dues;
mod filters;
mod finding;
mod flows;
mod forecast;
mod handover;
mod links;
mod login_looks;
mod login_rows;
mod logins;
mod look;
mod marks;
mod mouse;
mod panes;
mod pictures;
mod plan;
mod remap;
mod runbook;
mod runbook_looks;
mod runbook_mending;
mod scope;
mod seed;
mod sheets;
mod since;
mod sizes;
mod stories;
mod themes;
mod walls;
