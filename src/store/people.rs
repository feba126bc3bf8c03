//! Operators and their roles.

use rusqlite::Row;

use super::error::StoreError;
use super::rows::{listed, maybe_at};
use super::tx::{Reads, Tx};
use crate::domain::ids::{OperatorId, WorkspaceId};
use crate::domain::role::Role;
use crate::support::time::UtcMs;

/// A person as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: OperatorId,
    /// The name they log in with.
    pub name: String,
    /// Whether they may do everything in every workspace.
    pub hub_admin: bool,
    /// When they were removed; a removed person may do nothing.
    pub removed_at: Option<UtcMs>,
}

fn person(row: &Row<'_>) -> Result<Person, StoreError> {
    Ok(Person {
        id: OperatorId::from_stored(row.get::<_, String>("id")?),
        name: row.get("name")?,
        hub_admin: row.get("hub_admin")?,
        removed_at: maybe_at(row, "removed_at")?,
    })
}

impl Reads<'_> {
    /// A person by id, removed ones included.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn person(&self, id: &OperatorId) -> Result<Person, StoreError> {
        self.one(
            "SELECT * FROM operator WHERE id = ?1",
            [id.as_str()],
            person,
        )?
        .ok_or_else(|| StoreError::NotFound(format!("operator {id}")))
    }

    /// A person by name, removed ones included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn person_named(&self, name: &str) -> Result<Option<Person>, StoreError> {
        self.one("SELECT * FROM operator WHERE name = ?1", [name], person)
    }

    /// Everybody who was not removed, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.all(
            "SELECT * FROM operator WHERE removed_at IS NULL ORDER BY name",
            [],
            person,
        )
    }

    /// The role of a person in a workspace, `None` when not a member.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn role(
        &self,
        workspace: &WorkspaceId,
        operator: &OperatorId,
    ) -> Result<Option<Role>, StoreError> {
        self.one(
            "SELECT role FROM member WHERE workspace_id = ?1 AND operator_id = ?2",
            [workspace.as_str(), operator.as_str()],
            |row| listed(row, "role", Role::parse),
        )
    }

    /// The members of a workspace with their roles, strongest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn members(&self, workspace: &WorkspaceId) -> Result<Vec<(Person, Role)>, StoreError> {
        let mut members = self.all(
            "SELECT o.*, m.role FROM member m JOIN operator o ON o.id = m.operator_id
             WHERE m.workspace_id = ?1 AND o.removed_at IS NULL ORDER BY o.name",
            [workspace.as_str()],
            |row| Ok((person(row)?, listed(row, "role", Role::parse)?)),
        )?;
        members.sort_by_key(|(_, role)| std::cmp::Reverse(*role));
        Ok(members)
    }
}

impl Tx<'_> {
    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::Rule`] when the name is taken.
    pub fn add_person(
        &self,
        id: &OperatorId,
        name: &str,
        hub_admin: bool,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO operator (id, name, hub_admin, created_at) VALUES (?1, ?2, ?3, ?4)",
            (id.as_str(), name, hub_admin, now.0),
        )?;
        Ok(())
    }

    /// Gives a person a role in a workspace, or takes it with `None`.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_role(
        &self,
        workspace: &WorkspaceId,
        operator: &OperatorId,
        role: Option<Role>,
    ) -> Result<(), StoreError> {
        match role {
            Some(role) => self.run(
                "INSERT INTO member (workspace_id, operator_id, role) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET role = excluded.role",
                [workspace.as_str(), operator.as_str(), role.name()],
            )?,
            None => self.run(
                "DELETE FROM member WHERE workspace_id = ?1 AND operator_id = ?2",
                [workspace.as_str(), operator.as_str()],
            )?,
        };
        Ok(())
    }
}
