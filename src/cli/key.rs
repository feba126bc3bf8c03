//! `key`: what seals the secrets.

use super::args::store::Key;
use super::ask;
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
        Key::Protect => protect(context).await,
        Key::Unprotect => unprotect(context).await,
    }
}

async fn protect(context: &Context) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    keys::may_change_lock(&hub).await?;
    let file = hub.paths.key.display().to_string();
    let would = format!("lock {file} with a passphrase that is typed from then on.");
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    let flags = &context.flags;
    let first = ask::passphrase(flags, "New passphrase of the key:").await?;
    keys::check_passphrase(&first)?;
    let again = ask::passphrase(flags, "The same again:").await?;
    if first.expose() != again.expose() {
        return Err(Failure::failed(
            "passphrases_differ",
            "The two were not the same.",
            "Nothing was changed; try again.",
        ));
    }
    context.uncut(keys::protect(&hub, first)).await?;
    let json = serde_json::json!({ "file": file, "locked": true });
    context.output.done(
        &json,
        &format!(
            "{file} is locked. Nobody can open it without the passphrase, you included. A copy of the file as it was still opens every token: allgreen key rotate makes it worthless."
        ),
    )?;
    Ok(Exit::Done)
}

async fn unprotect(context: &Context) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    keys::may_change_lock(&hub).await?;
    let file = hub.paths.key.display().to_string();
    let would = format!("Whoever can read {file} then opens every token without a passphrase.");
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    ask::go_on(&context.flags, &would).await?;
    let was_locked = context.uncut(keys::unprotect(&hub)).await?;
    let json = serde_json::json!({ "file": file, "locked": false });
    let sentence = if was_locked {
        format!("{file} opens without a passphrase.")
    } else {
        format!("{file} had no passphrase.")
    };
    context.output.done(&json, &sentence)?;
    Ok(Exit::Done)
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
