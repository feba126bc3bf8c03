//! When an operator was here last: what happened since then greets them.

use super::{Hub, OpError};
use crate::support::time::UtcMs;

/// Under which name it is kept.
fn name(hub: &Hub) -> String {
    format!("left.{}", hub.operator.id)
}

/// When the operator last left the screen; `None` before the first time.
///
/// # Errors
/// When the store cannot be read.
pub async fn left(hub: &Hub) -> Result<Option<UtcMs>, OpError> {
    let name = name(hub);
    let said = hub.look(move |q, _| Ok(q.setting(&name)?)).await?;
    Ok(said.and_then(|at| at.parse().ok()).map(UtcMs))
}

/// The operator leaves the screen now.
///
/// # Errors
/// When the store cannot be written.
pub async fn leave(hub: &Hub) -> Result<(), OpError> {
    let name = name(hub);
    hub.change(move |tx, acting| {
        let now = acting.now.0.to_string();
        Ok(tx.set_setting(&name, Some(&now))?)
    })
    .await
}
