//! `key`: what seals the secrets.

use super::args::store::Key;
use super::context::Context;
use super::output::{Exit, Failure};
use super::words::count;
use crate::ops::keys;

/// Carries out a `key` command.
///
/// # Errors
/// What `ops::keys` refuses.
pub async fn run(context: &Context, command: Key) -> Result<Exit, Failure> {
    match command {
        Key::Rotate => rotate(context).await,
    }
}

async fn rotate(context: &Context) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let would = format!(
        "seal everything in the store and its backups with a fresh key in {}.",
        hub.paths.key.display()
    );
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    let done = context.uncut(keys::rotate(&hub)).await?;
    let json = serde_json::json!({
        "keyId": done.key_id, "resealed": done.resealed, "damaged": done.damaged,
        "backups": done.backups, "finished": done.finished,
    });
    let mut sentence = format!(
        "{} sealed with the new key in {}, and {}.",
        count(done.resealed as u64, "value"),
        hub.paths.key.display(),
        count(done.backups as u64, "backup"),
    );
    if done.damaged > 0 {
        sentence.push_str(&format!(
            " {} did not open before and was left as it is; reconnect the channels that say so.",
            count(done.damaged as u64, "value")
        ));
    }
    if !done.finished {
        sentence.push_str(
            " The old key stays in the file until new tokens that wait for the disk are stored: do this again then.",
        );
    }
    context.output.done(&json, &sentence)?;
    Ok(Exit::Done)
}
