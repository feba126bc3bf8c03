//! Times and names in the words of the screen; those that others say as well are
//! in `domain`.

use super::widgets::text::{cut, width};
use crate::domain::aside::Aside;
use crate::domain::network::Network;
use crate::support::time::UtcMs;

pub use crate::domain::words::{Wall, account, channel, count, login, quoted_note, span};

const MINUTE: u64 = 60;

/// `IG`, `X `: two cells.
pub fn network(network: Network) -> String {
    format!("{:<2}", network.short().to_ascii_uppercase())
}

/// `@ann, Mon` in at most `cells`: the name gives way, not the time.
pub fn aside_in(wall: &Wall, aside: &Aside, cells: usize) -> String {
    let until = wall.when(aside.until);
    let name = format!("@{}", aside.by_name);
    let whole = format!("{name}, {until}");
    if width(&whole) <= cells {
        return whole;
    }
    let room = cells.saturating_sub(width(&until) + 1);
    format!("{} {until}", cut(&name, room))
}

/// Whole minutes until then, as the screen counts them.
pub fn minutes_left(wall: &Wall, until: UtcMs) -> u64 {
    if until <= wall.now {
        return 0;
    }
    until.since(wall.now).as_secs() / MINUTE
}

/// The host of a server's address as people say it: no scheme, no path.
pub fn host(server: &str) -> &str {
    let text = server.trim();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
