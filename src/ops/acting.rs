//! The one way in and out of the store for every use case: who acts, what they
//! may do, and the row that says they did.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Hub, OpError};
use crate::domain::ids::{OperatorId, WorkspaceId};
use crate::domain::role::{Act, Role, permits};
use crate::store::audit::AuditRow;
use crate::store::people::Person;
use crate::store::workspaces::Workspace;
use crate::store::{Reads, StoreError, Tx};
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// What the store calls a damaged file.
const CORRUPT: &str = "corrupt";

/// Who acts, and when.
#[derive(Clone)]
pub(super) struct Acting {
    /// The person.
    pub operator: OperatorId,
    /// The instant of the act.
    pub now: UtcMs,
    /// Randomness for ids.
    pub entropy: Entropy,
}

impl Hub {
    /// Runs a change in one transaction. What `f` refuses was not done at all.
    pub(super) async fn change<T, F>(&self, f: F) -> Result<T, OpError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>, &Acting) -> Result<T, OpError> + Send + 'static,
    {
        let acting = self.acting();
        let refusal = Arc::new(Mutex::new(None));
        let told = Arc::clone(&refusal);
        let done = self
            .store
            .write(move |tx| {
                f(tx, &acting).map_err(|error| {
                    let carried = StoreError::Refused {
                        code: error.code,
                        what: error.what.clone(),
                        hint: error.hint.clone(),
                    };
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    carried
                })
            })
            .await;
        done.map_err(|error| {
            refusal
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
                // What the store says of damage names the backup to go back to.
                .filter(|told| told.code != CORRUPT)
                .unwrap_or_else(|| error.into())
        })
    }

    /// Runs a read in one transaction.
    pub(super) async fn look<T, F>(&self, f: F) -> Result<T, OpError>
    where
        T: Send + 'static,
        F: FnOnce(&Reads<'_>, &Acting) -> Result<T, OpError> + Send + 'static,
    {
        let acting = self.acting();
        let read = self.store.read(move |q| match f(q, &acting) {
            // The store has to hear of it: it marks the file for everybody.
            Err(error) if error.code == CORRUPT => Err(StoreError::Refused {
                code: CORRUPT,
                what: error.what,
                hint: error.hint,
            }),
            done => Ok(done),
        });
        read.await?
    }

    fn acting(&self) -> Acting {
        Acting {
            operator: self.operator.id.clone(),
            now: self.clock.now(),
            entropy: self.entropy.clone(),
        }
    }
}

impl Acting {
    /// The person as the store knows them now.
    pub fn person(&self, q: &Reads<'_>) -> Result<Person, OpError> {
        let person = q.person(&self.operator)?;
        if person.removed_at.is_some() {
            return Err(OpError::not_allowed(
                "removed",
                format!("{} was removed from this hub.", person.name),
                "Ask a hub admin to add you again.",
            ));
        }
        Ok(person)
    }

    /// Refuses unless the person may do `act` in the workspace.
    pub fn require(
        &self,
        q: &Reads<'_>,
        workspace: &WorkspaceId,
        act: Act,
    ) -> Result<Workspace, OpError> {
        let person = self.person(q)?;
        let role = q.role(workspace, &person.id)?;
        let workspace = q.workspace(workspace)?;
        if permits(role, person.hub_admin, act) {
            return Ok(workspace);
        }
        let slug = &workspace.slug;
        let what = match role {
            Some(role) => format!(
                "{} is {} of {slug}, which does not allow to {}.",
                person.name,
                role.name(),
                words(act)
            ),
            None => format!("{} is not a member of {slug}.", person.name),
        };
        let who = who_may(q, &workspace.id, act)?;
        Err(OpError::not_allowed(
            "not_allowed",
            what,
            format!("Ask {who}."),
        ))
    }

    /// Refuses unless the person is a hub admin.
    pub fn require_hub(&self, q: &Reads<'_>) -> Result<(), OpError> {
        let person = self.person(q)?;
        if permits(None, person.hub_admin, Act::Hub) {
            return Ok(());
        }
        Err(OpError::not_allowed(
            "not_allowed",
            format!("{} is no hub admin.", person.name),
            format!("Ask {}.", hub_admins(q)?),
        ))
    }

    /// Whether the person may see the workspace.
    pub fn sees(&self, q: &Reads<'_>, workspace: &WorkspaceId) -> Result<bool, OpError> {
        let person = self.person(q)?;
        let role = q.role(workspace, &person.id)?;
        Ok(permits(role, person.hub_admin, Act::Look))
    }

    /// The workspaces the person may see, archived ones left out.
    pub fn visible(&self, q: &Reads<'_>) -> Result<Vec<Workspace>, OpError> {
        let person = self.person(q)?;
        let member = (!person.hub_admin).then_some(&person.id);
        Ok(q.workspaces(member)?)
    }

    /// Writes that the act was done. `detail` never holds a secret.
    pub fn audit(
        &self,
        tx: &Tx<'_>,
        workspace: Option<&WorkspaceId>,
        act: &str,
        object: &str,
        detail: &serde_json::Value,
    ) -> Result<(), OpError> {
        tx.add_audit(&AuditRow {
            at: self.now,
            operator_id: self.operator.clone(),
            workspace_id: workspace.cloned(),
            act: act.into(),
            object: object.into(),
            detail: detail.to_string(),
        })?;
        Ok(())
    }
}

fn words(act: Act) -> &'static str {
    match act {
        Act::Look => "look at it",
        Act::Queue => "change its queue",
        Act::Pause => "pause, resume or release its channels",
        Act::Probe => "prove or refresh its channels",
        Act::Aside => "set things aside in it",
        Act::Connect => "connect its channels",
        Act::Disconnect => "disconnect its channels",
        Act::Workspace => "change the workspace",
        Act::Hub => "change the hub",
    }
}

/// Who could do it, by name, for the hint.
fn who_may(q: &Reads<'_>, workspace: &WorkspaceId, act: Act) -> Result<String, OpError> {
    let names: Vec<String> = q
        .members(workspace)?
        .into_iter()
        .filter(|(person, role)| permits(Some(*role), person.hub_admin, act))
        .map(|(person, role)| format!("{} ({})", person.name, Role::name(role)))
        .take(3)
        .collect();
    if names.is_empty() {
        hub_admins(q)
    } else {
        Ok(names.join(" or "))
    }
}

/// The hub admins by name.
pub(super) fn hub_admins(q: &Reads<'_>) -> Result<String, OpError> {
    let names: Vec<String> = q
        .people()?
        .into_iter()
        .filter(|person| person.hub_admin)
        .map(|person| format!("{} (hub admin)", person.name))
        .take(3)
        .collect();
    Ok(if names.is_empty() {
        "a hub admin".into()
    } else {
        names.join(" or ")
    })
}
