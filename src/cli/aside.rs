//! `aside`: taking a broken thing on until a time, with a note.

use jiff::tz::TimeZone;

use super::args::hub::Aside;
use super::context::Context;
use super::json::AsideJson;
use super::output::{Exit, Failure};
use super::words::{count, local};
use crate::domain::when::{Past, parse};
use crate::ops::aside::{self, Target};

/// Sets things aside, or takes them up again.
///
/// # Errors
/// What `ops` refuses, and a time that is none.
pub async fn run(context: &Context, command: &Aside) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let scope = context.scope(&hub).await?;
    let mut targets: Vec<Target> = Vec::new();
    for text in &command.ids {
        targets.extend(aside::named(&hub, &scope, text).await?);
    }
    let n = count(targets.len() as u64, "thing");
    let Some(until) = &command.until else {
        if context.dry_run(&format!("take {n} up again."))? {
            return Ok(Exit::Done);
        }
        let ended = aside::end(&hub, &targets).await?;
        let sentence = format!(
            "Took {} up again. Undo that with: allgreen post undo",
            count(ended as u64, "thing")
        );
        let json = serde_json::json!({ "ended": ended });
        context.output.done(&json, &sentence)?;
        return Ok(Exit::Done);
    };
    // It is the operator who comes back to it, so it is their clock.
    let zone = TimeZone::system();
    let zone = zone.iana_name().unwrap_or("UTC");
    let until = parse(until, zone, context.now(), Past::Refused)?;
    let said = local(until.instant, &until.zone);
    if context.dry_run(&format!("set {n} aside until {said}."))? {
        return Ok(Exit::Done);
    }
    let note = command.note.as_deref().unwrap_or_default();
    let set = aside::set(&hub, &targets, until.instant, note).await?;
    let json: Vec<_> = set.iter().map(AsideJson::from).collect();
    let stays = match set.len() {
        1 => "It stays as red as it is.",
        _ => "They stay as red as they are.",
    };
    let sentence = format!(
        "Set {} aside until {said}. {stays} Undo that with: allgreen post undo",
        count(set.len() as u64, "thing")
    );
    context.output.done(&json, &sentence)?;
    Ok(Exit::Done)
}
