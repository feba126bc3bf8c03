//! Our app at fault (A5): a wrong client secret, an unpaid plan, an app that was
//! not audited. One incident and one notice per app; no login is counted, no
//! channel is to blame, and it ends by itself.

use std::sync::Arc;

use super::Inner;
use crate::domain::answer::AnswerClass;
use crate::domain::weather::Asked;
use crate::networks::Refusal;
use crate::store::StoreError;
use crate::store::logins::Login;

/// Writes down that a network refuses the app of this login.
///
/// # Errors
/// When the store fails.
pub async fn refused(
    inner: &Arc<Inner>,
    login: &Login,
    asked: Asked,
    refusal: &Refusal,
) -> Result<(), StoreError> {
    if refusal.class != AnswerClass::AppFault {
        return Ok(());
    }
    let (_, net) = inner.network(login.network)?;
    let said = refusal.evidence.message.as_deref();
    let said = said.unwrap_or("it does not say why").trim_end_matches('.');
    let network = login.network.title();
    // A client that was registered for one login is mended by another login.
    let ours = net.settings.client_id.as_deref() == Some(login.client_id.as_str());
    let mend = if ours || login.client_id.is_empty() {
        format!(
            "Correct [networks.{}] in the configuration, or the app at the network",
            login.network.name()
        )
    } else if login.client_id.starts_with("http") {
        // Known by its address and registered nowhere.
        "It is tried again by itself".to_owned()
    } else {
        "A reconnect registers it anew".to_owned()
    };
    let text = format!("{network} refuses this app: {said}. No channel is to blame. {mend}");
    let (id, now, entropy) = (login.id.clone(), inner.now(), inner.parts.entropy.clone());
    let store = &inner.parts.store;
    store
        .write(move |tx| tx.app_refused(&id, asked, &text, now, &entropy))
        .await
}

/// What the app of this login asked for worked.
///
/// # Errors
/// When the store fails.
pub async fn worked(inner: &Arc<Inner>, login: &Login, asked: Asked) -> Result<(), StoreError> {
    let (network, client_id) = (login.network, login.client_id.clone());
    let store = &inner.parts.store;
    let id = client_id.clone();
    let open = store
        .read(move |q| q.app_at_fault(network, &id, asked))
        .await?;
    if !open {
        return Ok(());
    }
    let (now, entropy) = (inner.now(), inner.parts.entropy.clone());
    store
        .write(move |tx| tx.app_works(network, &client_id, asked, now, &entropy))
        .await
}
