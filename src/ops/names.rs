//! From what a person types to ids: whole ids, unique beginnings of them, and
//! names like `acme/ig:@acme`.

use super::acting::Acting;
use super::{Hub, OpError};
use crate::domain::channel::{Channel, Status};
use crate::domain::ids::{ChannelId, DeliveryId, LoginId, PostId, WorkspaceId};
use crate::domain::network::Network;
use crate::store::Reads;
use crate::store::workspaces::Workspace;
use crate::support::nearest::nearest;

/// Which workspaces a command or a list is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every one the operator may see.
    All,
    /// This one.
    Workspace(WorkspaceId),
}

impl Scope {
    /// The workspace, when it is one.
    pub fn workspace(&self) -> Option<&WorkspaceId> {
        match self {
            Self::All => None,
            Self::Workspace(id) => Some(id),
        }
    }
}

/// What an id of a post command names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostOrDelivery {
    /// A post: all its deliveries.
    Post(PostId),
    /// One delivery.
    Delivery(DeliveryId),
}

/// How many candidates an ambiguous name lists.
const LISTED: usize = 8;

/// The scope of a command: what `--workspace` says (`all`, a slug, an id), else
/// the only workspace, else all.
///
/// # Errors
/// When the workspace is unknown.
pub async fn scope(hub: &Hub, text: Option<&str>) -> Result<Scope, OpError> {
    match text {
        Some("all") => Ok(Scope::All),
        Some(text) => Ok(Scope::Workspace(workspace(hub, text).await?)),
        None => {
            hub.look(|q, acting| {
                Ok(match acting.visible(q)?.as_slice() {
                    [only] => Scope::Workspace(only.id.clone()),
                    _ => Scope::All,
                })
            })
            .await
        }
    }
}

/// A workspace by slug, id or a unique beginning of its id.
///
/// # Errors
/// When it is unknown, ambiguous or not the operator's to see.
pub async fn workspace(hub: &Hub, text: &str) -> Result<WorkspaceId, OpError> {
    let text = text.trim().to_owned();
    hub.look(move |q, acting| Ok(find_workspace(q, acting, &text)?.id))
        .await
}

/// A channel by id, a unique beginning of it, or its name: `@acme`,
/// `ig:@acme`, `acme/ig:@acme`. Live channels are named first; a disconnected
/// one only when no live one has the name.
///
/// # Errors
/// When it is unknown or ambiguous.
pub async fn channel(hub: &Hub, scope: &Scope, text: &str) -> Result<ChannelId, OpError> {
    let (scope, text) = (scope.clone(), text.trim().to_owned());
    hub.look(move |q, acting| {
        let visible = acting.visible(q)?;
        let mut all = q.channels(None, true)?;
        all.retain(|channel| visible.iter().any(|one| one.id == channel.workspace_id));
        if text.to_ascii_lowercase().starts_with(ChannelId::PREFIX) {
            return by_id(&all, &visible, &text);
        }
        let (workspace, name) = match text.split_once('/') {
            Some((workspace, name)) => (
                Some(find_workspace(q, acting, workspace)?.id),
                name.to_owned(),
            ),
            None => (scope.workspace().cloned(), text.clone()),
        };
        all.retain(|channel| {
            workspace
                .as_ref()
                .is_none_or(|id| *id == channel.workspace_id)
        });
        by_name(&all, &visible, &name, &text)
    })
    .await
}

/// A login (`lgn_`) by its id or a unique beginning of it, as far as it serves a
/// channel the operator may see.
///
/// # Errors
/// When it is unknown or ambiguous.
pub async fn login(hub: &Hub, text: &str) -> Result<LoginId, OpError> {
    let wanted = canonical(text.trim());
    hub.look(move |q, acting| {
        let visible = acting.visible(q)?;
        let mut found: Vec<LoginId> = q
            .channels(None, false)?
            .into_iter()
            .filter(|channel| visible.iter().any(|one| one.id == channel.workspace_id))
            .filter_map(|channel| channel.login_id)
            .filter(|id| id.as_str().starts_with(&wanted))
            .collect();
        found.sort();
        found.dedup();
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(OpError::not_found(
                format!("There is no login {wanted}."),
                "See which login a channel has with: allgreen channel show ID",
            )),
            many => Err(ambiguous(
                &wanted,
                many.iter().map(ToString::to_string).collect(),
            )),
        }
    })
    .await
}

/// A post (`pst_`) or delivery (`dlv_`) by id or a unique beginning of it.
///
/// # Errors
/// When it is unknown or ambiguous.
pub async fn post(hub: &Hub, text: &str) -> Result<PostOrDelivery, OpError> {
    let text = canonical(text.trim());
    hub.look(move |q, acting| {
        if !text.starts_with(PostId::PREFIX) && !text.starts_with(DeliveryId::PREFIX) {
            return Err(OpError::usage(
                "bad_id",
                format!("\"{text}\" is no post."),
                "Name it by its id: pst_ and letters for a post, dlv_ and letters for one channel of it.",
            ));
        }
        let mut found = q.ids_beginning(&text, 100)?;
        let visible = acting.visible(q)?;
        found.retain(|(_, workspace)| visible.iter().any(|one| one.id == *workspace));
        match found.as_slice() {
            [] => Err(OpError::not_found(
                format!("There is no post {text}."),
                "List posts with: allgreen post list",
            )),
            [(id, _)] if id.starts_with(PostId::PREFIX) => {
                Ok(PostOrDelivery::Post(PostId::from_stored(id.clone())))
            }
            [(id, _)] => Ok(PostOrDelivery::Delivery(DeliveryId::from_stored(id.clone()))),
            many => Err(ambiguous(
                &text,
                many.iter().map(|(id, _)| id.clone()).collect(),
            )),
        }
    })
    .await
}

fn find_workspace(q: &Reads<'_>, acting: &Acting, text: &str) -> Result<Workspace, OpError> {
    let visible = acting.visible(q)?;
    if let Some(found) = visible.iter().find(|one| one.slug == text) {
        return Ok(found.clone());
    }
    let wanted = canonical(text);
    if wanted.starts_with(WorkspaceId::PREFIX) {
        let found: Vec<_> = visible
            .iter()
            .filter(|one| one.id.as_str().starts_with(&wanted))
            .collect();
        match found.as_slice() {
            [one] => return Ok((*one).clone()),
            [] => {}
            many => {
                return Err(ambiguous(
                    text,
                    many.iter().map(|one| one.slug.clone()).collect(),
                ));
            }
        }
    }
    Err(unknown(
        "workspace",
        text,
        visible.iter().map(|one| one.slug.clone()),
        "allgreen workspace list",
    ))
}

fn by_id(all: &[Channel], visible: &[Workspace], text: &str) -> Result<ChannelId, OpError> {
    let wanted = canonical(text);
    let found: Vec<_> = all
        .iter()
        .filter(|channel| channel.id.as_str().starts_with(&wanted))
        .collect();
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err(OpError::not_found(
            format!("There is no channel {text}."),
            "List channels with: allgreen channel list",
        )),
        many => Err(ambiguous(
            text,
            many.iter()
                .map(|one| format!("{} {}", one.id, full_name(one, visible)))
                .collect(),
        )),
    }
}

fn by_name(
    all: &[Channel],
    visible: &[Workspace],
    name: &str,
    typed: &str,
) -> Result<ChannelId, OpError> {
    let (network, handle) = match name.split_once(':') {
        Some((network, handle)) => match Network::parse(network) {
            Some(network) => (Some(network), handle),
            None => {
                let names = Network::ALL.iter().map(|one| one.name().to_owned());
                return Err(unknown(
                    "network",
                    network,
                    names,
                    "allgreen channel connect --help",
                ));
            }
        },
        // As the screen shows it: `BS acme.example`.
        None => match name.split_once(' ') {
            Some((network, handle)) if Network::parse(&network.to_lowercase()).is_some() => {
                (Network::parse(&network.to_lowercase()), handle.trim())
            }
            _ => (None, name),
        },
    };
    let handle = handle.strip_prefix('@').unwrap_or(handle);
    let matching = |live: bool| -> Vec<&Channel> {
        all.iter()
            .filter(|one| (one.status != Status::Disconnected) == live)
            .filter(|one| network.is_none_or(|network| one.kind.network() == network))
            .filter(|one| one.handle.to_lowercase() == handle.to_lowercase())
            .collect()
    };
    let found = match matching(true) {
        found if found.is_empty() => matching(false),
        found => found,
    };
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err(unknown(
            "channel",
            typed,
            all.iter().map(|one| full_name(one, visible)),
            "allgreen channel list",
        )),
        many => Err(ambiguous(
            typed,
            many.iter()
                .map(|one| format!("{} ({})", full_name(one, visible), one.id))
                .collect(),
        )),
    }
}

/// `acme/bs:@acme.example`: names a channel wherever an id is taken.
pub fn full_name(channel: &Channel, workspaces: &[Workspace]) -> String {
    let slug = workspaces
        .iter()
        .find(|one| one.id == channel.workspace_id)
        .map_or("?", |one| one.slug.as_str());
    format!(
        "{slug}/{}:@{}",
        channel.kind.network().short(),
        channel.handle
    )
}

/// Ids are written with a lower-case prefix and upper-case letters after it.
fn canonical(text: &str) -> String {
    match text.split_once('_') {
        Some((prefix, rest)) => format!(
            "{}_{}",
            prefix.to_ascii_lowercase(),
            rest.to_ascii_uppercase()
        ),
        None => text.to_owned(),
    }
}

fn ambiguous(text: &str, candidates: Vec<String>) -> OpError {
    let more = candidates.len().saturating_sub(LISTED);
    let mut list = candidates
        .into_iter()
        .take(LISTED)
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    OpError::usage(
        "ambiguous",
        format!("\"{text}\" could be several: {list}."),
        "Write more of it, or the whole id.",
    )
}

fn unknown(kind: &str, text: &str, known: impl Iterator<Item = String>, list: &str) -> OpError {
    let known: Vec<String> = known.collect();
    // What was typed may leave the workspace or the network out.
    let ways: Vec<(String, &String)> = known
        .iter()
        .flat_map(|whole| {
            let tails = whole.match_indices(['/', ':']).map(|(at, _)| at + 1);
            tails
                .chain([0])
                .map(move |at| (whole[at..].to_lowercase(), whole))
        })
        .collect();
    let typed = text.to_lowercase();
    let near = nearest(&typed, ways.iter().map(|(way, _)| way.as_str()))
        .and_then(|near| ways.iter().find(|(way, _)| way == near));
    let hint = match near {
        Some((_, whole)) => format!("Did you mean {whole}?"),
        None => format!("See what there is with: {list}"),
    };
    OpError::not_found(format!("There is no {kind} \"{text}\"."), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_suggests_the_nearest_one() {
        let known = ["acme/bs:@acme.test".to_owned(), "b/bs:@other.test".into()];
        let error = unknown("channel", "@acne.test", known.into_iter(), "list");
        assert_eq!(error.hint, "Did you mean acme/bs:@acme.test?");
    }

    #[test]
    fn ids_are_read_in_any_case() {
        assert_eq!(canonical("SOC_01jd"), "soc_01JD");
    }
}
