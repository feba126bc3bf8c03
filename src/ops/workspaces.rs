//! Workspaces: adding, listing, changing, putting away.

use std::time::Duration;

use serde_json::json;

use super::hub::{LATE_LIMIT, host_zone};
use super::time::check_zone;
use super::{Hub, OpError};
use crate::domain::ids::WorkspaceId;
use crate::domain::role::{Act, Role};
use crate::domain::when::zone_name;
use crate::store::Reads;
use crate::store::workspaces::Workspace;

/// The longest lateness limit: a month.
const LONGEST_LIMIT: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// A workspace to add.
#[derive(Clone, Debug, Default)]
pub struct NewWorkspace {
    /// Its name as people write it.
    pub name: String,
    /// Its short name; made from the name when left out.
    pub slug: Option<String>,
    /// IANA zone; this machine's when left out.
    pub timezone: Option<String>,
    /// Its plan; `enterprise` when left out.
    pub plan: Option<String>,
}

/// What to change of a workspace; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceChange {
    /// A new name.
    pub name: Option<String>,
    /// Another IANA zone; what is scheduled keeps its instants.
    pub timezone: Option<String>,
    /// Another plan; a smaller one disconnects nothing.
    pub plan: Option<String>,
    /// Posts later than this ask instead of going out.
    pub late_limit: Option<Duration>,
}

/// A workspace with what a list shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceView {
    /// The workspace.
    pub workspace: Workspace,
    /// How many channels it has connected.
    pub channels: u64,
    /// How many its plan allows, `None` for no limit.
    pub allowed: Option<u64>,
    /// The role of who looks, `None` for a hub admin who is no member.
    pub role: Option<Role>,
}

/// Adds a workspace and makes who adds it its owner. Only a hub admin may.
///
/// # Errors
/// When slug, zone or plan do not fit, or the role does not allow it.
pub async fn add(hub: &Hub, new: NewWorkspace) -> Result<WorkspaceView, OpError> {
    let name = checked_name(&new.name)?;
    let slug = match new.slug {
        Some(slug) => checked_slug(slug)?,
        None => checked_slug(slug_of(&name))?,
    };
    let timezone = checked_zone(new.timezone.unwrap_or_else(host_zone))?;
    let plan = new.plan.unwrap_or_else(|| "enterprise".into());
    hub.change(move |tx, acting| {
        acting.require_hub(tx)?;
        check_plan(tx, &plan)?;
        if tx.workspace_named(&slug)?.is_some() {
            return Err(OpError::usage(
                "slug_taken",
                format!("There is a workspace {slug} already."),
                "Choose another short name with --slug.",
            ));
        }
        let workspace = Workspace {
            id: WorkspaceId::fresh(acting.now, &acting.entropy),
            slug,
            name,
            timezone,
            plan,
            late_limit: LATE_LIMIT,
            created_at: acting.now,
            archived_at: None,
        };
        tx.add_workspace(&workspace)?;
        tx.set_role(&workspace.id, &acting.operator, Some(Role::Owner))?;
        let detail = json!({ "slug": workspace.slug, "plan": workspace.plan });
        let id = workspace.id.clone();
        acting.audit(tx, Some(&id), "workspace.add", id.as_str(), &detail)?;
        view(tx, acting, workspace)
    })
    .await
}

/// The workspaces the operator may see, by name.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(hub: &Hub) -> Result<Vec<WorkspaceView>, OpError> {
    hub.look(|q, acting| {
        acting
            .visible(q)?
            .into_iter()
            .map(|workspace| view(q, acting, workspace))
            .collect()
    })
    .await
}

/// One workspace, archived ones included.
///
/// # Errors
/// When it is unknown or the role does not allow to see it.
pub async fn show(hub: &Hub, id: &WorkspaceId) -> Result<WorkspaceView, OpError> {
    let id = id.clone();
    hub.look(move |q, acting| {
        let workspace = acting.require(q, &id, Act::Look)?;
        view(q, acting, workspace)
    })
    .await
}

/// Changes a workspace. The plan is a hub admin's to change.
///
/// # Errors
/// When a value does not fit, or the role does not allow it.
pub async fn set(
    hub: &Hub,
    id: &WorkspaceId,
    change: WorkspaceChange,
) -> Result<WorkspaceView, OpError> {
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let timezone = change.timezone.map(checked_zone).transpose()?;
    if change.late_limit.is_some_and(|limit| limit > LONGEST_LIMIT) {
        return Err(OpError::usage(
            "late_limit",
            "The lateness limit is at most 31 days.",
            "Choose a shorter one, such as 24h.",
        ));
    }
    let id = id.clone();
    hub.change(move |tx, acting| {
        let mut workspace = acting.require(tx, &id, Act::Workspace)?;
        if let Some(plan) = change.plan {
            acting.require_hub(tx)?;
            check_plan(tx, &plan)?;
            workspace.plan = plan;
        }
        workspace.name = name.unwrap_or(workspace.name);
        workspace.timezone = timezone.unwrap_or(workspace.timezone);
        workspace.late_limit = change.late_limit.unwrap_or(workspace.late_limit);
        tx.update_workspace(&workspace)?;
        let detail = json!({
            "name": workspace.name, "timezone": workspace.timezone, "plan": workspace.plan,
            "lateLimitMs": crate::support::time::millis(workspace.late_limit),
        });
        acting.audit(tx, Some(&id), "workspace.set", id.as_str(), &detail)?;
        view(tx, acting, workspace)
    })
    .await
}

/// Puts a workspace away. Its channels must be disconnected first.
///
/// # Errors
/// When channels are connected, or the role does not allow it.
pub async fn archive(hub: &Hub, id: &WorkspaceId) -> Result<WorkspaceView, OpError> {
    let id = id.clone();
    hub.change(move |tx, acting| {
        acting.require_hub(tx)?;
        let mut workspace = tx.workspace(&id)?;
        let connected = tx.connected_count(&id)?;
        if connected > 0 {
            return Err(OpError::failed(
                "still_connected",
                format!(
                    "{} still has {connected} connected {}.",
                    workspace.slug,
                    if connected == 1 {
                        "channel"
                    } else {
                        "channels"
                    }
                ),
                format!(
                    "Disconnect what is listed by: allgreen channel list --workspace {}",
                    workspace.slug
                ),
            ));
        }
        if workspace.archived_at.is_none() {
            workspace.archived_at = Some(acting.now);
            tx.update_workspace(&workspace)?;
            let detail = json!({ "slug": workspace.slug });
            acting.audit(tx, Some(&id), "workspace.archive", id.as_str(), &detail)?;
        }
        view(tx, acting, workspace)
    })
    .await
}

fn view(
    q: &Reads<'_>,
    acting: &super::acting::Acting,
    workspace: Workspace,
) -> Result<WorkspaceView, OpError> {
    Ok(WorkspaceView {
        channels: q.connected_count(&workspace.id)?,
        allowed: q
            .plan(&workspace.plan)?
            .and_then(|plan| plan.max_channels)
            .map(u64::from),
        role: q.role(&workspace.id, &acting.operator)?,
        workspace,
    })
}

fn check_plan(q: &Reads<'_>, plan: &str) -> Result<(), OpError> {
    if q.plan(plan)?.is_some() {
        return Ok(());
    }
    let names: Vec<String> = q.plans()?.into_iter().map(|plan| plan.name).collect();
    Err(OpError::usage(
        "unknown_plan",
        format!("There is no plan {plan}."),
        format!("Choose one of: {}.", names.join(", ")),
    ))
}

fn checked_name(name: &str) -> Result<String, OpError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err(OpError::usage(
            "bad_name",
            "The name of a workspace is 1 to 80 characters on one line.",
            "Choose a shorter one.",
        ));
    }
    Ok(name.to_owned())
}

fn checked_slug(slug: String) -> Result<String, OpError> {
    let fits = (1..=40).contains(&slug.len())
        && slug != "all"
        && slug
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !slug.starts_with('-')
        && !slug.ends_with('-');
    if fits {
        return Ok(slug);
    }
    Err(OpError::usage(
        "bad_slug",
        "A short name is 1 to 40 lower-case letters, digits and dashes, and not \"all\".",
        "Choose one with --slug.",
    ))
}

fn checked_zone(zone: String) -> Result<String, OpError> {
    check_zone(&zone)?;
    Ok(zone_name(&zone).to_owned())
}

/// A short name made of a name: "Acme & Söhne Ltd" becomes `acme-shne-ltd`.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && c.is_ascii() {
            slug.push('-');
        }
    }
    slug.truncate(40);
    slug.trim_matches('-').to_owned()
}
