//! What servers say their posts may be, asked for once a day beside a proof.

use std::sync::Arc;

use super::Inner;
use crate::networks::{Net, Networked, Session};
use crate::store::StoreError;
use crate::store::logins::Login;

/// Asks the server of a login that was proved just now, unless it was asked not
/// long ago. One that cannot say is asked again beside the next proof.
///
/// # Errors
/// When the store fails.
pub async fn keep(
    inner: &Arc<Inner>,
    login: &Login,
    networked: &dyn Networked,
    net: &Net,
    session: &Session,
) -> Result<(), StoreError> {
    let (network, server) = (login.network, login.server.clone());
    let store = &inner.parts.store;
    let asked = store
        .read(move |q| q.server_limits_read_at(network, &server))
        .await?;
    let fresh = inner.parts.timing.limits_every;
    if asked.is_some_and(|at| inner.now().since(at) < fresh) {
        return Ok(());
    }
    let token = &session.tokens.access;
    let Some(told) = networked.limits(net, &login.server, token).await else {
        return Ok(());
    };
    let (server, now) = (login.server.clone(), inner.now());
    store
        .write(move |tx| tx.keep_server_limits(network, &server, &told, now))
        .await
}
