//! Setting broken things aside: one person takes them on until a time, with a
//! note. They stay as red as they are.

use serde_json::json;

use super::acting::Acting;
use super::names::{self, PostOrDelivery};
use super::posts::acts::{AsideBefore, Inverse};
use super::views::{self, watch};
use super::{Hub, OpError, Scope};
use crate::domain::aside::{Aside, LONGEST, needs_a_hand, note as as_kept};
use crate::domain::channel::Status;
use crate::domain::ids::{ChannelId, DeliveryId, LoginId, PostId, WorkspaceId};
use crate::domain::lamp::{Watch, attention};
use crate::domain::role::{Act, permits};
use crate::domain::trouble::{of_post, troubles};
use crate::store::aside::AsideChange;
use crate::store::{Reads, Tx};
use crate::support::time::{UtcMs, span_words};

/// What can be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One channel.
    Channel(ChannelId),
    /// A login: every channel of it that is not well and may be seen.
    Login(LoginId),
    /// A post that needs a hand.
    Post(DeliveryId),
}

impl Target {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Channel(id) => id.as_str(),
            Self::Login(id) => id.as_str(),
            Self::Post(id) => id.as_str(),
        }
    }

    fn of(id: &str) -> Option<Self> {
        if id.starts_with(ChannelId::PREFIX) {
            Some(Self::Channel(ChannelId::from_stored(id)))
        } else if id.starts_with(LoginId::PREFIX) {
            Some(Self::Login(LoginId::from_stored(id)))
        } else if id.starts_with(DeliveryId::PREFIX) {
            Some(Self::Post(DeliveryId::from_stored(id)))
        } else {
            None
        }
    }
}

/// What a person named: a channel by id or name, a login by its id, a post or
/// one of its deliveries by id. Of a post, what needs a hand.
///
/// # Errors
/// When it is unknown or ambiguous.
pub async fn named(hub: &Hub, scope: &Scope, text: &str) -> Result<Vec<Target>, OpError> {
    let id = text.trim().to_ascii_lowercase();
    if id.starts_with(PostId::PREFIX) || id.starts_with(DeliveryId::PREFIX) {
        return match names::post(hub, text).await? {
            PostOrDelivery::Delivery(id) => Ok(vec![Target::Post(id)]),
            PostOrDelivery::Post(id) => {
                let all = views::post(hub, &id).await?.deliveries.into_iter();
                let open: Vec<Target> = all
                    .filter(|view| needs_a_hand(view.delivery.state))
                    .map(|view| Target::Post(view.delivery.id))
                    .collect();
                match open.is_empty() {
                    true => Err(nothing_wrong("Nothing of that post needs a hand")),
                    false => Ok(open),
                }
            }
        };
    }
    if id.starts_with(LoginId::PREFIX) {
        return Ok(vec![Target::Login(names::login(hub, text).await?)]);
    }
    Ok(vec![Target::Channel(
        names::channel(hub, scope, text).await?,
    )])
}

/// Sets things aside until a time; what was said of them before is replaced.
/// `post undo` takes it back.
///
/// # Errors
/// When the time has passed or is too far, one of them needs nobody, or the
/// role does not allow it; then nothing is set aside.
pub async fn set(
    hub: &Hub,
    targets: &[Target],
    until: UtcMs,
    note: &str,
) -> Result<Vec<Aside>, OpError> {
    let (targets, note, watch) = (targets.to_vec(), as_kept(note), watch(hub));
    hub.change(move |tx, acting| {
        refuse_time(until, acting.now)?;
        let mut done = Vec::new();
        let targets = each(tx, acting, &targets, Some(&watch))?;
        for target in &targets {
            let workspace = require(tx, acting, target)?;
            refuse_gone(tx, target)?;
            let about = wrong_with(tx, acting, target, &watch)?;
            let id = target.id();
            let change = tx.set_aside(id, until, &note, &about, &acting.operator, acting.now)?;
            done.push(undo_row(id, change));
            // The note is about the channel and goes with it; the trail stays.
            let detail = json!({ "until": until });
            acting.audit(tx, Some(&workspace), "aside.set", id, &detail)?;
        }
        remember(tx, acting, "setting aside", done)?;
        read(tx, &targets)
    })
    .await
}

/// Takes things up again before their time. What was not set aside stays as it
/// is.
///
/// # Errors
/// When none of them is set aside, or the role does not allow it.
pub async fn end(hub: &Hub, targets: &[Target]) -> Result<usize, OpError> {
    let targets = targets.to_vec();
    hub.change(move |tx, acting| {
        let mut done = Vec::new();
        for target in &each(tx, acting, &targets, None)? {
            let workspace = require(tx, acting, target)?;
            let id = target.id();
            let change = tx.end_aside(id, acting.now)?;
            if change.ended.is_some() {
                done.push(undo_row(id, change));
                acting.audit(tx, Some(&workspace), "aside.end", id, &json!({}))?;
            }
        }
        if done.is_empty() {
            return Err(OpError::failed(
                "not_set_aside",
                "It is not set aside.",
                "See what is with: allgreen handover",
            ));
        }
        let ended = done.len();
        remember(tx, acting, "end of setting aside", done)?;
        Ok(ended)
    })
    .await
}

/// Takes one such act back; whether nobody changed it since.
pub(super) fn take_back(
    tx: &Tx<'_>,
    acting: &Acting,
    before: &AsideBefore,
) -> Result<bool, OpError> {
    let Some(target) = Target::of(&before.object) else {
        return Ok(false);
    };
    let workspace = require(tx, acting, &target)?;
    let change = AsideChange {
        made: before.made,
        ended: before.ended,
    };
    let done = tx.take_aside_back(&before.object, change, acting.now)?;
    if done {
        acting.audit(tx, Some(&workspace), "aside.undo", target.id(), &json!({}))?;
    }
    Ok(done)
}

fn undo_row(object: &str, change: AsideChange) -> AsideBefore {
    AsideBefore {
        object: object.to_owned(),
        made: change.made,
        ended: change.ended,
    }
}

fn remember(
    tx: &Tx<'_>,
    acting: &Acting,
    what: &str,
    asides: Vec<AsideBefore>,
) -> Result<(), OpError> {
    let what = match asides.len() {
        1 => format!("{what} of one thing"),
        n => format!("{what} of {n} things"),
    };
    let inverse = Inverse {
        asides,
        ..Inverse::default()
    };
    let inverse = serde_json::to_string(&inverse)
        .map_err(|error| OpError::failed("undo", error.to_string(), "Please report this."))?;
    tx.add_undo(&acting.operator, &what, &inverse, acting.now)?;
    Ok(())
}

fn read(q: &Reads<'_>, targets: &[Target]) -> Result<Vec<Aside>, OpError> {
    let mut all = Vec::new();
    for target in targets {
        all.extend(q.aside(target.id())?);
    }
    Ok(all)
}

fn refuse_time(until: UtcMs, now: UtcMs) -> Result<(), OpError> {
    if until <= now {
        return Err(OpError::usage(
            "past",
            "That time has passed.",
            "Say until when: mon 9:00, tomorrow 14:00, in 2h.",
        ));
    }
    if until.since(now) > LONGEST {
        return Err(OpError::usage(
            "too_far",
            format!(
                "Nothing is set aside for more than {}.",
                span_words(LONGEST)
            ),
            "Name an earlier time; it can be set aside again then.",
        ));
    }
    Ok(())
}

/// What is wrong with a channel now; nothing when it is well.
fn troubles_of(
    q: &Reads<'_>,
    acting: &Acting,
    id: &ChannelId,
    watch: &Watch,
) -> Result<Vec<String>, OpError> {
    let channel = q.channel(id)?;
    let watch = Watch {
        reading_refused: !q.refused_readings(Some(id))?.is_empty(),
        ..*watch
    };
    let attention = attention(&channel, acting.now, &watch);
    Ok(troubles(&channel, &attention, &q.troubles_begun(id)?))
}

/// What is named, a login as channels: those that the person sees, since of the
/// others they say nothing. With a watch only those that are not well.
fn each(
    q: &Reads<'_>,
    acting: &Acting,
    targets: &[Target],
    watch: Option<&Watch>,
) -> Result<Vec<Target>, OpError> {
    let mut all: Vec<Target> = Vec::new();
    let mut add = |target: Target| {
        if !all.contains(&target) {
            all.push(target);
        }
    };
    for target in targets {
        let Target::Login(id) = target else {
            add(target.clone());
            continue;
        };
        let person = acting.person(q)?;
        let mut seen = false;
        let mut unwell = false;
        for channel in q.channels_of_login(id)? {
            let role = q.role(&channel.workspace_id, &person.id)?;
            if !permits(role, person.hub_admin, Act::Look) {
                continue;
            }
            seen = true;
            let about = match watch {
                Some(watch) => !troubles_of(q, acting, &channel.id, watch)?.is_empty(),
                // What others took on there is theirs to take up again.
                None => permits(role, person.hub_admin, Act::Aside),
            };
            if about {
                unwell = true;
                add(Target::Channel(channel.id));
            }
        }
        if !seen {
            return Err(no_login(id));
        }
        if !unwell && watch.is_some() {
            return Err(nothing_wrong("Every channel of it is healthy"));
        }
    }
    Ok(all)
}

fn no_login(id: &LoginId) -> OpError {
    OpError::not_found(
        format!("There is no login {id}."),
        "See whose it is with: allgreen channel show ID",
    )
}

/// Of a disconnected channel nothing is kept, so nothing is written about it or
/// about its posts: no wipe would find it.
fn refuse_gone(q: &Reads<'_>, target: &Target) -> Result<(), OpError> {
    let channel = match target {
        Target::Channel(id) => q.channel(id)?,
        Target::Post(id) => q.channel(&q.delivery(id)?.channel_id)?,
        Target::Login(_) => return Ok(()),
    };
    if channel.status != Status::Disconnected {
        return Ok(());
    }
    Err(OpError::failed(
        "disconnected",
        "The channel is disconnected: no note is kept about it or its posts.",
        "What is left to decide is listed by: allgreen check --guide",
    ))
}

/// What is wrong with it, which a note on it is about. What is well needs
/// nobody to take it on.
fn wrong_with(
    q: &Reads<'_>,
    acting: &Acting,
    target: &Target,
    watch: &Watch,
) -> Result<Vec<String>, OpError> {
    match target {
        Target::Channel(id) => match troubles_of(q, acting, id, watch)? {
            none if none.is_empty() => Err(nothing_wrong("It is healthy")),
            some => Ok(some),
        },
        Target::Post(id) => {
            let trouble = of_post(&q.delivery(id)?);
            let trouble = trouble.ok_or_else(|| nothing_wrong("That post needs no hand"))?;
            Ok(vec![trouble])
        }
        // It is set aside as its channels.
        Target::Login(id) => Err(no_login(id)),
    }
}

fn nothing_wrong(what: &str) -> OpError {
    OpError::failed(
        "nothing_wrong",
        format!("{what}: there is nothing to set aside."),
        "What is wrong is listed by: allgreen check --guide",
    )
}

/// Refuses unless the person may set it aside; the workspace it belongs to.
fn require(q: &Reads<'_>, acting: &Acting, target: &Target) -> Result<WorkspaceId, OpError> {
    let workspace = match target {
        Target::Channel(id) => q.channel(id)?.workspace_id,
        Target::Post(id) => q.delivery(id)?.workspace_id,
        // It is set aside as its channels.
        Target::Login(id) => return Err(no_login(id)),
    };
    acting.require(q, &workspace, Act::Aside)?;
    Ok(workspace)
}
