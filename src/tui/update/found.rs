//! What a search finds: keys of a place, workspaces.

use crate::domain::network::Network;
use crate::ops::views::PostView;
use crate::ops::workspaces::WorkspaceView;
use crate::tui::keys::{Binding, below_help, of, why_not};
use crate::tui::model::Model;
use crate::tui::model::sheet::Choice;

/// A row of the list of workspaces; `None` is all of them.
pub type WorkspaceRow<'a> = Option<&'a WorkspaceView>;

fn fits(search: &str, texts: &[&str]) -> bool {
    let search = search.trim().to_lowercase();
    texts
        .iter()
        .any(|text| text.to_lowercase().contains(&search))
}

/// The keys that fit a search, with the reason of those greyed out.
pub fn keys(model: &Model, search: &str) -> Vec<(&'static Binding, Option<String>)> {
    of(model, below_help(model))
        .filter(|binding| fits(search, &[binding.keys, binding.long, binding.short]))
        .map(|binding| (binding, why_not(model, binding.does)))
        .collect()
}

/// A network that may be connected, or why it may not.
pub struct NetworkRow {
    /// Which.
    pub network: Network,
    /// Why it cannot be chosen.
    pub reason: Option<&'static str>,
}

/// The networks that fit a search: those that can be connected first.
pub fn networks(model: &Model, search: &str) -> Vec<NetworkRow> {
    let mut rows: Vec<NetworkRow> = Network::ALL
        .iter()
        .filter(|network| fits(search, &[network.title(), network.name()]))
        .map(|network| NetworkRow {
            network: *network,
            reason: match model.set.ways.get(network) {
                Some(_) => None,
                None if *network == Network::Whatsapp => Some("coming"),
                None => Some("not part of this version yet"),
            },
        })
        .collect();
    rows.sort_by_key(|row| row.reason.is_some());
    rows
}

/// The drafts that fit a search, the one changed last in front.
pub fn drafts<'a>(model: &'a Model, search: &str) -> Vec<&'a PostView> {
    let Some(one) = model.writings.last() else {
        return Vec::new();
    };
    let texts = |view: &&PostView| fits(search, &[&view.post.text]);
    one.drafts.iter().filter(texts).collect()
}

/// The workspaces that fit a search: the one of the row under the cursor
/// first, then all, then the rest by name.
pub fn workspaces<'a>(model: &'a Model, choice: &Choice) -> Vec<WorkspaceRow<'a>> {
    let search = choice.search.text();
    let here = model
        .nearest()
        .map(|view| view.summary.channel.workspace_id.clone());
    let mut rows: Vec<WorkspaceRow<'a>> = vec![None];
    let mut all: Vec<&WorkspaceView> = model.workspaces.iter().collect();
    all.sort_by_key(|one| {
        (
            here.as_ref() != Some(&one.workspace.id),
            one.workspace.name.to_lowercase(),
        )
    });
    rows.extend(all.into_iter().map(Some));
    if rows.len() > 1 && here.is_some() {
        rows.swap(0, 1);
    }
    rows.retain(|row| match row {
        // A post is written in one of them.
        None => !choice.to_write && fits(search, &["all workspaces"]),
        Some(one) => fits(search, &[&one.workspace.name, &one.workspace.slug]),
    });
    rows
}
