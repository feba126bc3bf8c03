//! Floor 1: types and rules as pure functions and tables. No I/O, no async, no
//! clock: `now` is a parameter.

pub mod answer;
pub mod aside;
pub mod blocker;
pub mod channel;
pub mod clock;
pub mod days;
pub mod delivery;
pub mod dues;
pub mod filter;
pub mod forecast;
pub mod ids;
pub mod lamp;
pub mod limits;
pub mod machine;
pub mod mend;
pub mod near;
pub mod network;
pub mod notice;
pub mod outcome;
pub mod plan;
pub mod post_options;
pub mod publisher;
pub mod reading;
pub mod refresh;
pub mod release;
pub mod role;
pub mod scopes;
pub mod text;
pub mod trouble;
pub mod weather;
pub mod when;
pub mod words;
