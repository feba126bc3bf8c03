//! What to do about a channel, in one or two short sentences.

use super::Model;
use crate::domain::channel::Cause;
use crate::domain::mend::Mend;
use crate::ops::views::{ChannelView, Lamp};
use crate::tui::words;

/// What mends a channel, and what it takes.
pub fn todo(model: &Model, view: &ChannelView) -> Option<String> {
    let channel = &view.summary.channel;
    let network = channel.kind.network().title();
    let who = words::channel(channel);
    let text = match (view.lamp, channel.cause) {
        (Lamp::Green, _) => return None,
        (Lamp::Attention, Cause::None) if matches!(view.mend, Mend::Reading(_)) => {
            format!("Posts still go out; reading is refused. See: {}", view.fix)
        }
        (Lamp::Attention, Cause::None) if view.mends_by_login() => {
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

/// How much one login repairs.
fn mends(model: &Model, view: &ChannelView) -> String {
    match all_mended(model, view).count() {
        0 | 1 => "one login mends it".into(),
        n => format!("one login mends all {n}"),
    }
}

/// The broken channels that the login of this one mends.
fn all_mended<'a>(
    model: &'a Model,
    view: &'a ChannelView,
) -> impl Iterator<Item = &'a ChannelView> {
    let login = view.summary.channel.login_id.as_ref();
    login
        .into_iter()
        .flat_map(|login| model.channels.mended_by(login))
}

/// What a login is for: `Bluesky acme.example`, `Meta login Ann Lee · 4 channels`.
pub fn mended(model: &Model, view: &ChannelView) -> String {
    let channel = &view.summary.channel;
    match all_mended(model, view).count() {
        0 | 1 => format!(
            "{} {}",
            channel.kind.network().title(),
            words::channel(channel)
        ),
        n => {
            let all = all_mended(model, view).map(|one| &one.summary.channel);
            format!("{} · {n} channels", words::login(all))
        }
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
