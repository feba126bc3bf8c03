//! Operators and members: who may act, and as what.

use serde_json::json;

use super::hub::check_name;
use super::{Hub, OpError};
use crate::domain::ids::{OperatorId, WorkspaceId};
use crate::domain::role::{Act, Role};

/// Adds an operator. Only a hub admin may.
///
/// # Errors
/// When the name does not fit or is taken, or the role does not allow it.
pub async fn add(hub: &Hub, name: &str, hub_admin: bool) -> Result<OperatorId, OpError> {
    check_name(name)?;
    let name = name.to_owned();
    hub.change(move |tx, acting| {
        acting.require_hub(tx)?;
        if tx.person_named(&name)?.is_some() {
            return Err(OpError::usage(
                "name_taken",
                format!("There is an operator {name} already."),
                "Choose another name.",
            ));
        }
        let id = OperatorId::fresh(acting.now, &acting.entropy);
        tx.add_person(&id, &name, hub_admin, acting.now)?;
        let detail = json!({ "name": name, "hubAdmin": hub_admin });
        acting.audit(tx, None, "operator.add", id.as_str(), &detail)?;
        Ok(id)
    })
    .await
}

/// Gives an operator a role in a workspace, or takes it with `None`. A
/// workspace keeps at least one owner.
///
/// # Errors
/// When the operator is unknown, the last owner would go, or the role does not
/// allow it.
pub async fn set_role(
    hub: &Hub,
    workspace: &WorkspaceId,
    operator: &str,
    role: Option<Role>,
) -> Result<(), OpError> {
    let (workspace, operator) = (workspace.clone(), operator.to_owned());
    hub.change(move |tx, acting| {
        let place = acting.require(tx, &workspace, Act::Workspace)?;
        let person = tx.person_named(&operator)?.ok_or_else(|| {
            OpError::not_found(
                format!("There is no operator {operator}."),
                "Add the operator first.",
            )
        })?;
        let owners = tx
            .members(&workspace)?
            .into_iter()
            .filter(|(one, role)| *role == Role::Owner && one.id != person.id)
            .count();
        let was_owner = tx.role(&workspace, &person.id)? == Some(Role::Owner);
        if was_owner && role != Some(Role::Owner) && owners == 0 {
            return Err(OpError::failed(
                "last_owner",
                format!("{operator} is the only owner of {}.", place.slug),
                "Make somebody else owner first.",
            ));
        }
        tx.set_role(&workspace, &person.id, role)?;
        let detail = json!({ "operator": operator, "role": role.map(Role::name) });
        acting.audit(
            tx,
            Some(&workspace),
            "member.set",
            person.id.as_str(),
            &detail,
        )
    })
    .await
}
