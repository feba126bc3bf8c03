//! Allgreen: the control room for a team's social channels, in a terminal.
//!
//! The house has floors; each may use the floors below it and never one above
//! (`tests/architecture` refuses any other arrow).
//!
//! | floor | room | what lives there |
//! |---|---|---|
//! | 7 | `cli`, `tui` | how an operator asks: command line and screen |
//! | 6 | `ops` | what an operator can do, one use case per file |
//! | 5 | [`engine`] | what happens by itself: publish, prove, refresh, look up |
//! | 4 | [`oauth`] | one login on a network's own page: link, listener, paste, device code |
//! | 3 | [`networks`] | one folder per social network, the one HTTP client |
//! | 2 | [`store`] | SQLite: tables, sealing, wipe, backup |
//! | 1 | [`domain`] | types and rules: no I/O, no async, no clock |
//! | 0 | [`support`] | clock, config, paths, redaction, sanitising, randomness |
//! | – | [`sandbox`] | simulated networks for tests and the demo |

pub mod cli;
pub mod domain;
pub mod engine;
pub mod networks;
pub mod oauth;
pub mod ops;
pub mod sandbox;
pub mod store;
pub mod support;
pub mod tui;
