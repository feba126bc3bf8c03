//! Floor 0: what everything else stands on. Knows nothing of channels or posts.

pub mod clock;
pub mod config;
pub mod duration;
pub mod entropy;
pub mod fault;
pub mod logging;
pub mod login;
pub mod map;
pub mod media;
pub mod nearest;
pub mod paths;
pub mod proxy;
pub mod redact;
pub mod sanitize;
pub mod secret;
pub mod surroundings;
pub mod time;
pub mod timing;
pub mod tunnel;
