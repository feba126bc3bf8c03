//! Stored tokens that do not open: somebody moved or damaged them, or they were
//! sealed with another key. Nothing is sent with them, and a person is told.

use std::sync::Arc;

use super::Inner;
use crate::domain::channel::{Cause, Evidence};
use crate::domain::ids::LoginId;
use crate::store::StoreError;

/// What the channel, its history and the notice say.
const SAID: &str =
    "the stored tokens do not open: they were moved, damaged or sealed with another key";

/// Holds every channel of a login whose tokens do not open.
///
/// # Errors
/// When the store cannot be written.
pub(super) async fn hold(inner: &Arc<Inner>, login: &LoginId) -> Result<(), StoreError> {
    tracing::error!(login = %login, "{SAID}");
    let (login, now, entropy) = (login.clone(), inner.now(), inner.parts.entropy.clone());
    let evidence = Evidence {
        message: Some(SAID.into()),
        ..Evidence::default()
    };
    inner
        .parts
        .store
        .write(move |tx| {
            for channel in tx.channels_of_login(&login)? {
                if channel.publishable {
                    tx.break_channel(&channel.id, Cause::Expired, &evidence, now, &entropy)?;
                }
                // Only a new login mends it.
                tx.plan_probe(&channel.id, None)?;
            }
            Ok(())
        })
        .await
}
