//! The one line a screen leaves behind: what nobody does now.

use super::model::Model;
use super::words::count;

fn ours(model: &Model) -> bool {
    model
        .publisher
        .as_ref()
        .is_some_and(|view| view.running && view.pid == Some(model.set.pid))
}

/// What is due and what was dropped; nothing when there is nothing to say.
pub fn line(model: &Model) -> Option<String> {
    let mut parts: Vec<String> = model
        .pending
        .iter()
        .map(|pending| format!("{} was dropped: nothing was done.", pending.text))
        .collect();
    let logins = model.logins.all();
    let checking = logins.iter().filter(|login| login.checking).count() as u64;
    let waiting = logins.len() as u64 - checking;
    if waiting > 0 {
        let logins = count(waiting, "login was", "logins were");
        parts.push(format!("{logins} given up: nothing was changed."));
    }
    if checking > 0 {
        let logins = count(checking, "login is", "logins are");
        parts.push(format!("{logins} being checked; this ends with it."));
    }
    if ours(model) && model.may_be_due() {
        let due = match model.due_soon {
            Some(due) => count(due, "post is", "posts are"),
            None => "Posts may be".to_owned(),
        };
        parts.push(format!(
            "{due} due within 24 h and nobody publishes now; allgreen daemon does."
        ));
    }
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// What stands still while the screen is suspended.
pub fn suspended(model: &Model) -> Option<String> {
    (ours(model) && model.may_be_due()).then(|| {
        let due = match model.due_soon {
            Some(due) => count(due, "post", "posts"),
            None => "posts may be".to_owned(),
        };
        format!("Suspended: nothing is published meanwhile ({due} due within 24 h). fg goes on.")
    })
}
