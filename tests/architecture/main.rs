//! The arrows of the house point downwards only.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod matrix;

use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the lowest to the highest; `cli` and `tui` share the top.
const FLOORS: &[(&str, u8)] = &[
    ("support", 0),
    ("domain", 1),
    ("store", 2),
    ("networks", 3),
    ("oauth", 4),
    ("engine", 5),
    ("ops", 6),
    ("cli", 7),
    ("tui", 7),
];

fn floor(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(floor, _)| *floor == name)
        .map(|(_, height)| *height)
}

fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Every `crate::<word>` in a source text, as the word after it.
fn crate_paths(text: &str) -> Vec<&str> {
    text.match_indices("crate::")
        .map(|(at, found)| {
            let rest = &text[at + found.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            &rest[..end]
        })
        .collect()
}

/// The sentence about an arrow that must not be, if there is one.
fn wrong_arrow(from: &str, to: &str, file: &str) -> Option<String> {
    let wrong = match (from, to) {
        (_, "sandbox") => {
            let opens = ["cli/demo.rs", "cli/demo/agency.rs", "cli/sandbox.rs"];
            from != "sandbox" && !opens.iter().any(|one| file.ends_with(one))
        }
        ("sandbox", to) => !matches!(to, "support" | "domain"),
        _ => match (floor(from), floor(to)) {
            (Some(from_height), Some(to_height)) if from_height == 7 && to_height == 7 => {
                // The command line opens the screen; the screen knows no command line.
                from == "tui" && to == "cli"
            }
            (Some(from_height), Some(to_height)) => from_height < to_height,
            _ => false,
        },
    };
    wrong.then(|| format!("{file}: {from} must not use {to}"))
}

#[test]
fn floors_import_downwards_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let Some(room) = inside
            .components()
            .next()
            .and_then(|c| c.as_os_str().to_str())
        else {
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        let name = inside.display().to_string();
        wrong.extend(
            crate_paths(&text)
                .into_iter()
                .filter_map(|to| wrong_arrow(room, to, &name)),
        );
    }
    assert!(
        wrong.is_empty(),
        "arrows that point upwards:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn an_arrow_upwards_is_found() {
    assert!(wrong_arrow("store", "engine", "store/x.rs").is_some());
    assert!(wrong_arrow("engine", "ops", "engine/x.rs").is_some());
    assert!(wrong_arrow("networks", "sandbox", "networks/x.rs").is_some());
    assert!(wrong_arrow("sandbox", "networks", "sandbox/x.rs").is_some());
    assert!(wrong_arrow("ops", "engine", "ops/x.rs").is_none());
    assert_eq!(
        crate_paths("use crate::domain::ids; crate::store"),
        ["domain", "store"]
    );
}
