//! Setting aside, and taking up again.

use crate::tui::act::{Act, Effect, SetAside};
use crate::tui::model::{Model, Sheet};

/// Opens the sheet for what is under the cursor, or marked.
pub fn open(model: &mut Model) -> Vec<Effect> {
    if let Some(taking) = model.taking() {
        model.sheets.push(Sheet::Aside(Box::new(taking)));
    }
    Vec::new()
}

/// Enter: sets it aside, or takes it up again when no time is left.
pub fn go(model: &mut Model) -> Vec<Effect> {
    let request = model.requests.fresh();
    let meant = match model.sheets.last() {
        Some(Sheet::Aside(sheet)) if sheet.busy.is_none() => match sheet.ends() {
            true => None,
            false => match sheet.meant(model) {
                Ok(when) => Some(when),
                // The sheet says what is wrong with it.
                Err(_) => return Vec::new(),
            },
        },
        _ => return Vec::new(),
    };
    let Some(Sheet::Aside(sheet)) = model.sheets.last_mut() else {
        return Vec::new();
    };
    sheet.error = None;
    sheet.busy = Some(request);
    let note = sheet.note.text().trim().to_owned();
    let named = sheet.named.join(" ");
    let (text, command) = match &meant {
        None => (
            format!("Taken up again: {} · u undoes that", sheet.name),
            format!("allgreen aside {named} --end"),
        ),
        Some(when) => {
            let until = crate::domain::when::short(&when.civil);
            let said = match note.is_empty() {
                true => String::new(),
                false => format!(" --note {}", quoted(&note)),
            };
            (
                format!("Set aside: {} · u undoes that", sheet.name),
                format!("allgreen aside {named} --until '{until}'{said}"),
            )
        }
    };
    let act = Act::Aside(Box::new(SetAside {
        targets: sheet.targets.clone(),
        until: meant.map(|when| when.instant),
        note,
        text,
        command,
    }));
    vec![Effect::Act(request, act)]
}

/// A text as a shell takes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
