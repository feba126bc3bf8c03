//! Workspaces and the plans that limit them.

use std::time::Duration;

use rusqlite::Row;

use super::error::StoreError;
use super::rows::{at, maybe_at};
use super::tx::{Reads, Tx};
use crate::domain::ids::{OperatorId, WorkspaceId};
use crate::domain::network::Network;
use crate::support::time::{UtcMs, millis};

/// A workspace as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its short name, as people type it.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// IANA zone its posts are written in.
    pub timezone: String,
    /// The name of its plan.
    pub plan: String,
    /// Posts later than this ask instead of going out.
    pub late_limit: Duration,
    /// Since when.
    pub created_at: UtcMs,
    /// Put away at.
    pub archived_at: Option<UtcMs>,
}

/// What a workspace may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// How many channels, `None` for no limit.
    pub max_channels: Option<u32>,
    /// Which networks.
    pub networks: Vec<Network>,
}

fn workspace(row: &Row<'_>) -> Result<Workspace, StoreError> {
    Ok(Workspace {
        id: WorkspaceId::from_stored(row.get::<_, String>("id")?),
        slug: row.get("slug")?,
        name: row.get("name")?,
        timezone: row.get("timezone")?,
        plan: row.get("plan")?,
        late_limit: Duration::from_millis(row.get("late_limit_ms")?),
        created_at: at(row, "created_at")?,
        archived_at: maybe_at(row, "archived_at")?,
    })
}

fn plan(row: &Row<'_>) -> Result<Plan, StoreError> {
    let networks: String = row.get("networks")?;
    Ok(Plan {
        name: row.get("name")?,
        max_channels: row.get("max_channels")?,
        networks: networks.split(',').filter_map(Network::parse).collect(),
    })
}

impl Reads<'_> {
    /// A workspace by id, archived ones included.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn workspace(&self, id: &WorkspaceId) -> Result<Workspace, StoreError> {
        self.one(
            "SELECT * FROM workspace WHERE id = ?1",
            [id.as_str()],
            workspace,
        )?
        .ok_or_else(|| StoreError::NotFound(format!("workspace {id}")))
    }

    /// A workspace by slug, archived ones included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn workspace_named(&self, slug: &str) -> Result<Option<Workspace>, StoreError> {
        self.one("SELECT * FROM workspace WHERE slug = ?1", [slug], workspace)
    }

    /// Workspaces that are not archived, by name; only those `member` belongs
    /// to when one is named.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn workspaces(&self, member: Option<&OperatorId>) -> Result<Vec<Workspace>, StoreError> {
        self.all(
            "SELECT * FROM workspace w WHERE archived_at IS NULL AND (?1 IS NULL OR EXISTS (
               SELECT 1 FROM member m WHERE m.workspace_id = w.id AND m.operator_id = ?1)) ORDER BY name, id",
            [member.map(OperatorId::as_str)],
            workspace,
        )
    }

    /// A plan by its name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plan(&self, name: &str) -> Result<Option<Plan>, StoreError> {
        self.one("SELECT * FROM plan WHERE name = ?1", [name], plan)
    }

    /// Every plan, smallest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plans(&self) -> Result<Vec<Plan>, StoreError> {
        self.all(
            "SELECT * FROM plan ORDER BY coalesce(max_channels, 9223372036854775807), name",
            [],
            plan,
        )
    }
}

impl Tx<'_> {
    /// Adds a workspace.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when the slug is taken or the plan is unknown.
    pub fn add_workspace(&self, new: &Workspace) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO workspace (id, slug, name, timezone, plan, late_limit_ms, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                new.id.as_str(),
                &new.slug,
                &new.name,
                &new.timezone,
                &new.plan,
                millis(new.late_limit),
                new.created_at.0,
            ),
        )?;
        Ok(())
    }

    /// Writes name, zone, plan, lateness limit and archive date of a workspace.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when the plan is unknown.
    pub fn update_workspace(&self, to: &Workspace) -> Result<(), StoreError> {
        self.run(
            "UPDATE workspace SET name = ?2, timezone = ?3, plan = ?4, late_limit_ms = ?5, archived_at = ?6 WHERE id = ?1",
            (
                to.id.as_str(),
                &to.name,
                &to.timezone,
                &to.plan,
                millis(to.late_limit),
                to.archived_at.map(|at| at.0),
            ),
        )?;
        Ok(())
    }
}
