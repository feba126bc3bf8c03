//! `workspace`: clients and brands.

use serde::Serialize;

use super::args::hub::{Workspace, WorkspaceAdd, WorkspaceSet};
use super::ask;
use super::context::Context;
use super::output::{Exit, Failure, Table};
use super::words::{count, span};
use crate::domain::ids::WorkspaceId;
use crate::domain::role::Role;
use crate::ops::names;
use crate::ops::workspaces::{self, NewWorkspace, WorkspaceChange, WorkspaceView};
use crate::support::time::UtcMs;

/// A workspace as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkspaceJson {
    id: WorkspaceId,
    slug: String,
    name: String,
    timezone: String,
    plan: String,
    late_limit_seconds: u64,
    channels: u64,
    channels_allowed: Option<u64>,
    role: Option<Role>,
    created_at: UtcMs,
    archived_at: Option<UtcMs>,
}

impl From<&WorkspaceView> for WorkspaceJson {
    fn from(view: &WorkspaceView) -> Self {
        let workspace = view.workspace.clone();
        Self {
            id: workspace.id,
            slug: workspace.slug,
            name: workspace.name,
            timezone: workspace.timezone,
            plan: workspace.plan,
            late_limit_seconds: workspace.late_limit.as_secs(),
            channels: view.channels,
            channels_allowed: view.allowed,
            role: view.role,
            created_at: workspace.created_at,
            archived_at: workspace.archived_at,
        }
    }
}

/// Carries out a `workspace` command.
///
/// # Errors
/// What `ops::workspaces` refuses.
pub async fn run(context: &Context, command: &Workspace) -> Result<Exit, Failure> {
    match command {
        Workspace::Add(new) => add(context, new).await,
        Workspace::List => list(context).await,
        Workspace::Show { slug } => show(context, slug).await,
        Workspace::Set(change) => set(context, change).await,
        Workspace::Archive { slug } => archive(context, slug).await,
    }
}

async fn add(context: &Context, new: &WorkspaceAdd) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    if context.dry_run(&format!("add the workspace {}.", new.name))? {
        return Ok(Exit::Done);
    }
    let view = workspaces::add(
        &hub,
        NewWorkspace {
            name: new.name.clone(),
            slug: new.slug.clone(),
            timezone: new.timezone.clone(),
            plan: new.plan.clone(),
        },
    )
    .await?;
    let sentence = format!(
        "Added {} as {}, zone {}, plan {}.",
        view.workspace.name, view.workspace.slug, view.workspace.timezone, view.workspace.plan
    );
    context
        .output
        .done(&WorkspaceJson::from(&view), &sentence)?;
    Ok(Exit::Done)
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let views = workspaces::list(&hub).await?;
    let mut table = Table::new(
        &["slug", "name", "channels", "plan", "zone", "role", "id"],
        "No workspace is yours to see.",
    );
    for view in &views {
        let workspace = &view.workspace;
        table.row(vec![
            workspace.slug.as_str().into(),
            workspace.name.as_str().into(),
            view.channels.to_string().into(),
            workspace.plan.as_str().into(),
            workspace.timezone.as_str().into(),
            role(view).into(),
            workspace.id.as_str().into(),
        ]);
    }
    let json: Vec<_> = views.iter().map(WorkspaceJson::from).collect();
    context.output.list(&json, &table)?;
    Ok(Exit::Done)
}

async fn show(context: &Context, slug: &str) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = names::workspace(&hub, slug).await?;
    let view = workspaces::show(&hub, &id).await?;
    let workspace = &view.workspace;
    let mut table = Table::facts();
    table.fact("slug", workspace.slug.as_str());
    table.fact("name", workspace.name.as_str());
    table.fact("id", workspace.id.as_str());
    table.fact("zone", workspace.timezone.as_str());
    table.fact("plan", workspace.plan.as_str());
    table.fact(
        "channels",
        match view.allowed {
            Some(allowed) => format!("{} of {allowed}", view.channels),
            None => view.channels.to_string(),
        },
    );
    table.fact("late limit", span(workspace.late_limit));
    table.fact("your role", role(&view));
    context.output.one(&WorkspaceJson::from(&view), &table)?;
    Ok(Exit::Done)
}

async fn set(context: &Context, change: &WorkspaceSet) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = names::workspace(&hub, &change.slug).await?;
    let wanted = WorkspaceChange {
        name: change.name.clone(),
        timezone: change.timezone.clone(),
        plan: change.plan.clone(),
        late_limit: change.late_limit,
    };
    let nothing = wanted.name.is_none()
        && wanted.timezone.is_none()
        && wanted.plan.is_none()
        && wanted.late_limit.is_none();
    if nothing {
        return Err(Failure::usage(
            "nothing_to_change",
            "Nothing was named that should change.",
            "Name it: --name, --timezone, --plan or --late-limit.",
        ));
    }
    if context.dry_run(&format!("change the workspace {}.", change.slug))? {
        return Ok(Exit::Done);
    }
    let view = workspaces::set(&hub, &id, wanted).await?;
    let workspace = &view.workspace;
    let sentence = format!(
        "{} is {}, zone {}, plan {}; posts go out up to {} late.",
        workspace.slug,
        workspace.name,
        workspace.timezone,
        workspace.plan,
        span(workspace.late_limit)
    );
    context
        .output
        .done(&WorkspaceJson::from(&view), &sentence)?;
    Ok(Exit::Done)
}

async fn archive(context: &Context, slug: &str) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = names::workspace(&hub, slug).await?;
    let before = workspaces::show(&hub, &id).await?;
    let would = format!(
        "{} is put away and hidden from every list; it has {}.",
        before.workspace.slug,
        count(before.channels, "connected channel")
    );
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    ask::go_on(&context.flags, &would).await?;
    let view = workspaces::archive(&hub, &id).await?;
    let sentence = format!("{} is put away.", view.workspace.slug);
    context
        .output
        .done(&WorkspaceJson::from(&view), &sentence)?;
    Ok(Exit::Done)
}

fn role(view: &WorkspaceView) -> &'static str {
    view.role.map_or("hub admin", Role::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_workspace_is_there_when_it_has_no_limit() {
        let json = WorkspaceJson {
            id: WorkspaceId::from_stored("wsp_1"),
            slug: "acme".into(),
            name: "Acme".into(),
            timezone: "UTC".into(),
            plan: "enterprise".into(),
            late_limit_seconds: 86_400,
            channels: 0,
            channels_allowed: None,
            role: None,
            created_at: UtcMs(0),
            archived_at: None,
        };
        crate::cli::json::tests::assert_keys(
            &json,
            "id, slug, name, timezone, plan, lateLimitSeconds, channels, channelsAllowed, role, createdAt, archivedAt",
        );
    }
}
