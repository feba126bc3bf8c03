//! A health check in plain lines, each with the command that does it: for the
//! shell, for screen readers and for the clipboard.

use super::{Begun, Key, NextEnd, Progress, Step, Walk, What};
use crate::domain::aside::Aside;
use crate::domain::channel::Cause;
use crate::domain::delivery::State;
use crate::domain::words::{Wall, count, quoted_note, span};
use crate::ops::views::{ChannelView, DeliveryView, Lamp};
use crate::support::sanitize;
use crate::support::time::UtcMs;

/// Of what belongs to one line so much is named.
const NAMED: usize = 6;

/// Letters of a post that say which it is.
const BEGINNING: usize = 40;

/// One numbered line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is: `Login, broken`, `Post, to decide`.
    pub kind: &'static str,
    /// What is wrong and what it costs, in one or two sentences.
    pub text: String,
    /// What has to be done before, where no command reaches.
    pub first: Vec<String>,
    /// What to do, one command each; of several one is enough.
    pub commands: Vec<String>,
    /// Who took it on.
    pub aside: Option<Aside>,
}

impl Item {
    /// The item as lines of text, numbered.
    pub fn lines(&self, number: usize, wall: &Wall) -> Vec<String> {
        let mut lines = vec![format!("{number}. {}: {}", self.kind, self.text)];
        if let Some(aside) = &self.aside {
            lines.push(format!("   Set aside by {}", taken_by(aside, wall)));
        }
        lines.extend(self.first.iter().map(|step| format!("   First: {step}")));
        for (at, command) in self.commands.iter().enumerate() {
            let word = if at == 0 { "Run" } else { "Or" };
            lines.push(format!("   {word}: {command}"));
        }
        lines
    }
}

/// `ann until Mon 09:00: “client looks for the admin”`.
fn taken_by(aside: &Aside, wall: &Wall) -> String {
    format!(
        "{} until {}{}",
        aside.by_name,
        wall.stamp(aside.until),
        quoted_note(&aside.note)
    )
}

/// What is open or set aside, one line each: a row of several posts or channels
/// is as many lines.
pub fn items(walk: &Walk, wall: &Wall) -> Vec<Item> {
    let open = walk.steps.iter();
    open.filter(|step| !matches!(step.progress, Progress::Done { .. }))
        .flat_map(|step| of_step(walk, step, wall))
        .collect()
}

fn of_step(walk: &Walk, step: &Step, wall: &Wall) -> Vec<Item> {
    match &step.what {
        What::Login { channels, by_login } => vec![login(walk, step, channels, *by_login, wall)],
        What::Posts {
            state,
            posts,
            count,
        } => {
            let all = posts.iter();
            let all = all.map(|view| post(view, *state, wall));
            let more = count.saturating_sub(posts.len() as u64);
            all.chain(unlisted(*state, more)).collect()
        }
        What::Soon(channels) => channels.iter().map(soon).collect(),
        What::Hub { text, command, .. } => vec![Item {
            kind: "This hub",
            text: text.clone(),
            first: Vec::new(),
            commands: command.clone().into_iter().collect(),
            aside: None,
        }],
    }
}

fn login(walk: &Walk, step: &Step, channels: &[ChannelView], by_login: bool, wall: &Wall) -> Item {
    let Some(first) = channels.first() else {
        return Item {
            kind: "Login",
            text: String::new(),
            first: Vec::new(),
            commands: Vec::new(),
            aside: None,
        };
    };
    let names: Vec<String> = channels.iter().take(NAMED).map(name).collect();
    let more = channels.len().saturating_sub(NAMED);
    let mut text = names.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text.push_str(&format!(
        ". {} since {}.",
        upper_first(&first.words),
        wall.clock(first.summary.channel.status_since)
    ));
    if by_login && channels.len() > 1 {
        text.push_str(&format!(" One login mends all {}.", channels.len()));
    }
    let held: u64 = channels.iter().map(|view| view.held).sum();
    if held > 0 {
        let first = channels.iter().filter_map(|view| view.first_hit).min();
        let when = first.map_or_else(String::new, |at| {
            format!(", the first {}, {}", wall.clock(at), wall.relative(at))
        });
        text.push_str(&format!(
            " {}{when}.",
            count(held, "post held", "posts held")
        ));
    }
    Item {
        kind: match by_login {
            true => "Broken, a login mends it",
            false => "Broken, no login mends it",
        },
        text,
        first: before(walk, first, by_login),
        commands: fix(first),
        aside: match &step.progress {
            Progress::Aside(aside) => Some(aside.clone()),
            _ => None,
        },
    }
}

/// What has to be done at the network before a login or a proof helps.
fn before(walk: &Walk, view: &ChannelView, by_login: bool) -> Vec<String> {
    let channel = &view.summary.channel;
    let title = channel.kind.network().title();
    let step = match channel.cause {
        Cause::Restricted => {
            format!("Clear it at {title}: it says what it restricts, usually by mail.")
        }
        Cause::SecurityReview => format!("Log in at {title} and answer its check."),
        Cause::RoleLost => format!("Have an admin at {title} give the role back."),
        Cause::AccountGone => format!("See at {title} whether the account can be brought back."),
        Cause::ScopeMissing => "Leave every permission ticked in the dialog.".to_owned(),
        _ => String::new(),
    };
    let tip = walk.tips.get(&channel.kind.network()).filter(|_| by_login);
    let tip = tip.map(|tip| (*tip).to_owned());
    let steps = Some(step).filter(|step| !step.is_empty()).into_iter();
    steps.chain(tip).collect()
}

/// `acme/bs:@acme.example`, as commands take it.
fn name(view: &ChannelView) -> String {
    sanitize::line(&view.full_name())
}

fn upper_first(text: &str) -> String {
    let text = sanitize::line(text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn fix(view: &ChannelView) -> Vec<String> {
    let fix = Some(view.fix.clone());
    fix.filter(|fix| !fix.is_empty()).into_iter().collect()
}

fn post(view: &DeliveryView, state: State, wall: &Wall) -> Item {
    let id = &view.delivery.id;
    let text = format!(
        "{}/{}:@{}, due {}, {}.",
        view.workspace_slug,
        view.channel_kind.network().short(),
        view.channel_handle,
        wall.stamp(view.delivery.due),
        beginning(&view.text)
    );
    let (kind, commands) = match state {
        State::NeedsDecision => (
            "Post, to decide",
            vec![
                format!("allgreen post why {id}"),
                format!("allgreen post resolve {id} live"),
                format!("allgreen post resolve {id} not-live"),
            ],
        ),
        State::Missed => (
            "Post, missed",
            vec![
                format!("allgreen post send {id}"),
                format!("allgreen post reschedule {id} --at WHEN"),
                format!("allgreen post cancel {id}"),
            ],
        ),
        _ => (
            "Post, failed",
            vec![
                format!("allgreen post why {id}"),
                format!("allgreen post retry {id}"),
                format!("allgreen post cancel {id}"),
            ],
        ),
    };
    Item {
        kind,
        text: sanitize::line(&text),
        first: Vec::new(),
        commands,
        aside: view.aside.clone(),
    }
}

/// What is said of the posts that are not listed.
fn unlisted(state: State, more: u64) -> Option<Item> {
    let kind = match state {
        State::NeedsDecision => "Posts, to decide",
        State::Missed => "Posts, missed",
        _ => "Posts, failed",
    };
    (more > 0).then(|| Item {
        kind,
        text: format!("and {more} more."),
        first: Vec::new(),
        commands: vec![format!("allgreen post list --state {}", state.name())],
        aside: None,
    })
}

/// The beginning of a text in quotation marks.
fn beginning(text: &str) -> String {
    let line = sanitize::line(text);
    let start: String = line.chars().take(BEGINNING).collect();
    match start.len() < line.len() {
        true => format!("“{}…”", start.trim_end()),
        false => format!("“{start}”"),
    }
}

fn soon(view: &ChannelView) -> Item {
    Item {
        kind: "Attention, it publishes",
        text: format!("{}. {}.", name(view), upper_first(&view.words)),
        first: Vec::new(),
        commands: fix(view),
        aside: view.aside.clone(),
    }
}

/// What becomes due after this: `Nothing ends before 14 Mar (31 LinkedIn
/// channels).`
pub(super) fn after(ends: Option<NextEnd>, wall: &Wall) -> String {
    match ends {
        None => "No login is known to end.".into(),
        Some(end) => format!(
            "Nothing ends before {} ({} {} {}).",
            wall.date(end.at),
            end.channels,
            end.network.title(),
            if end.channels == 1 {
                "channel"
            } else {
                "channels"
            }
        ),
    }
}

/// What a health check came to, in four lines.
pub fn summary(walk: &Walk, of: &str, wall: &Wall) -> Vec<String> {
    let begun = UtcMs(walk.begun.at);
    let took = span(wall.now.since(begun));
    let mut second = vec![format!("{} of {} healthy", walk.healthy, walk.channels)];
    second.extend(mended(walk));
    second.extend(answered(walk, &walk.begun));
    let open = walk.steps.iter().filter(|step| step.is_open()).count();
    let asides = asides(walk, wall);
    let mut third = Vec::new();
    if open > 0 {
        third.push(format!("{open} still open"));
    }
    third.push(match asides.len() {
        0 => "nothing set aside".into(),
        n => format!("{n} set aside: {}", asides.join("; ")),
    });
    let next = match walk.next_due {
        Some(at) if at <= wall.now => " The next post is due.".into(),
        Some(at) => format!(" Next post {} {}.", wall.clock(at), wall.relative(at)),
        None => " Nothing scheduled.".into(),
    };
    vec![
        format!("Health check of {of}, {}, {took}", wall.full(begun)),
        second.join(" · "),
        third.join(" · "),
        format!("{}{next}", after(walk.ends, wall)),
    ]
}

fn mended(walk: &Walk) -> Option<String> {
    let channels: usize = walk
        .steps
        .iter()
        .filter(|step| matches!(step.progress, Progress::Done { .. }))
        .map(|step| match &step.what {
            What::Login { channels, .. } => channels.len(),
            _ => 0,
        })
        .sum();
    (channels > 0).then(|| format!("{channels} mended"))
}

/// How many of the posts there were at the beginning are answered.
fn answered(walk: &Walk, begun: &Begun) -> Vec<String> {
    let left = |key: &Key| {
        let step = walk.steps.iter().find(|step| step.key == *key);
        step.map_or(0, |step| match (&step.what, &step.progress) {
            (_, Progress::Done { .. }) => 0,
            (What::Posts { count, .. }, _) => *count,
            _ => 0,
        })
    };
    [
        (Key::Decide, begun.decide, "decided"),
        (Key::Missed, begun.missed, "missed answered"),
        (Key::Failed, begun.failed, "failed answered"),
    ]
    .iter()
    .map(|(key, before, word)| (before.saturating_sub(left(key)), word))
    .filter(|(n, _)| *n > 0)
    .map(|(n, word)| format!("{n} {word}"))
    .collect()
}

/// `Birch GmbH, ann, Mon, “client looks for the Page admin”`.
fn asides(walk: &Walk, wall: &Wall) -> Vec<String> {
    walk.steps
        .iter()
        .filter_map(|step| match &step.progress {
            Progress::Aside(aside) => {
                let note = match aside.note.is_empty() {
                    true => String::new(),
                    false => format!(", “{}”", aside.note),
                };
                let until = wall.when(aside.until);
                Some(format!("{}, {}, {until}{note}", whose(step), aside.by_name))
            }
            _ => None,
        })
        .collect()
}

/// What a row is about, in as few words as can be.
fn whose(step: &Step) -> String {
    match &step.what {
        What::Login { channels, .. } => match channels.as_slice() {
            [one] => crate::domain::words::channel(&one.summary.channel),
            many => crate::domain::words::login(many.iter().map(|one| &one.summary.channel)),
        },
        What::Posts {
            state, count: n, ..
        } => {
            let word = match state {
                State::NeedsDecision => "to decide",
                State::Missed => "missed",
                _ => "failed",
            };
            format!("{n} {word}")
        }
        What::Soon(channels) => format!(
            "{} to look at",
            channels
                .iter()
                .filter(|view| view.lamp == Lamp::Attention)
                .count()
        ),
        What::Hub { text, .. } => text.clone(),
    }
}

impl Walk {
    /// What comes after all of it.
    pub fn after(&self, wall: &Wall) -> String {
        after(self.ends, wall)
    }
}
