//! What to do about a channel, in one or two short sentences.

use super::Model;
use crate::domain::channel::Cause;
use crate::ops::views::{ChannelView, Lamp};
use crate::tui::words;

/// What mends a channel, and what it takes.
pub fn todo(model: &Model, view: &ChannelView) -> Option<String> {
    let channel = &view.summary.channel;
    let network = channel.kind.network().title();
    let who = words::channel(channel);
    let text = match (view.lamp, channel.cause) {
        (Lamp::Green, _) => return None,
        (Lamp::Attention, Cause::None) if view.fix.ends_with(" --refresh") => {
            format!("Posts still go out; reading is refused. See: {}", view.fix)
        }
        (Lamp::Attention, Cause::None) if mends_by_login(view) => {
            format!(
                "r reconnect soon: posts still go out. {}",
                before(model, view)
            )
        }
        (Lamp::Attention, _) => "p probe it: posts still go out meanwhile.".into(),
        (_, Cause::Restricted) => format!(
            "Clear it at {network} first (it usually mails the account), then p probe. r reconnect only if it stays red."
        ),
        (_, Cause::RoleLost) => format!(
            "Have an admin at {network} give the role back, then p probe; r reconnect if it stays red."
        ),
        (_, Cause::AccountGone) => format!(
            "{network} has no such account any more. If that is wrong, p probe; else D disconnects it."
        ),
        (_, Cause::SecurityReview) => {
            format!("Log in at {network} as {who} and answer its check, then r reconnect.")
        }
        (_, Cause::ScopeMissing) => "r reconnect and leave every permission ticked.".to_owned(),
        _ => format!(
            "r reconnect: {}. {}",
            mends(model, view),
            before(model, view)
        ),
    };
    Some(text.trim_end().to_owned())
}

/// Whether a login is what mends it.
pub fn mends_by_login(view: &ChannelView) -> bool {
    view.fix.starts_with("allgreen channel reconnect")
}

/// How much one login repairs.
fn mends(model: &Model, view: &ChannelView) -> String {
    let login = &view.summary.channel.login_id;
    let all = model.channels.all().filter(|one| {
        one.lamp == Lamp::Broken && mends_by_login(one) && one.summary.channel.login_id == *login
    });
    match all.count() {
        0 | 1 => "one login mends it".into(),
        n => format!("one login mends all {n}"),
    }
}

fn before(model: &Model, view: &ChannelView) -> String {
    let network = view.summary.channel.kind.network();
    model
        .set
        .tips
        .get(&network)
        .and_then(|tips| tips.first())
        .map_or_else(String::new, |tip| (*tip).to_owned())
}
