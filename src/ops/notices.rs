//! The notification centre: reading notices.

use super::{Hub, OpError};
use crate::domain::ids::NoticeId;

/// Marks a notice as read; how many that were.
///
/// # Errors
/// When the store cannot be written.
pub async fn read(hub: &Hub, ids: &[NoticeId]) -> Result<usize, OpError> {
    let ids = ids.to_vec();
    hub.change(move |tx, acting| {
        let seen = super::views::visible_notices(tx, acting, &super::Scope::All, true, u32::MAX)?;
        let mut read = 0;
        for notice in seen.iter().filter(|one| ids.contains(&one.id)) {
            read += tx.read_notices(Some(&notice.id), acting.now)?;
        }
        Ok(read)
    })
    .await
}

/// Marks every notice the operator can see as read; how many that were.
///
/// # Errors
/// When the store cannot be written.
pub async fn read_all(hub: &Hub) -> Result<usize, OpError> {
    hub.change(move |tx, acting| {
        let seen = super::views::visible_notices(tx, acting, &super::Scope::All, true, u32::MAX)?;
        let mut read = 0;
        for notice in &seen {
            read += tx.read_notices(Some(&notice.id), acting.now)?;
        }
        Ok(read)
    })
    .await
}
