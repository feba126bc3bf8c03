//! Names that people type: whatever it is, it names the one thing that is called
//! so, or nothing, and the answer says why.

use allgreen::ops::{ErrorKind, OpError, Scope, names};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::common::runtime;
use crate::office::{Office, minutes};

/// Pieces of names that are there and of what is none.
fn typed(known: Vec<String>) -> impl Strategy<Value = String> {
    let part = prop::sample::select(known).prop_flat_map(|whole| {
        let letters = whole.chars().count();
        (0..=letters).prop_map(move |n| whole.chars().take(n).collect::<String>())
    });
    let sign = prop::sample::select(vec![
        "/",
        ":",
        "@",
        " ",
        "_",
        "%",
        "'",
        "\"",
        "\\",
        "*",
        "?",
        "~",
        "\0",
        "\u{202e}",
        "\u{1b}[2J",
        "İ",
        "ß",
        "bs",
        "BS",
        "ig",
        "bluesky",
        "soc_",
        "SOC_",
        "pst_",
        "dlv_",
        "wsp_",
        "all",
        "main",
    ]);
    let piece = prop_oneof![
        3 => part,
        3 => sign.prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => "x{0,3000}",
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn explained(error: &OpError) -> Result<(), TestCaseError> {
    let asked = matches!(error.kind, ErrorKind::Usage | ErrorKind::NotFound);
    prop_assert!(asked, "{error:?}");
    prop_assert!(!error.what.is_empty() && !error.hint.is_empty());
    Ok(())
}

/// The handle somebody wrote, without workspace, network and sign.
fn handle_in(text: &str) -> String {
    let name = text.split_once('/').map_or(text, |(_, name)| name);
    let handle = match name.split_once(':') {
        Some((_, handle)) => handle,
        None => name
            .split_once(' ')
            .map_or(name, |(_, handle)| handle.trim()),
    };
    handle.strip_prefix('@').unwrap_or(handle).to_lowercase()
}

#[test]
fn outside_no_typed_name_is_taken_for_what_is_not_called_so() {
    let (office, channels, posts) = runtime().block_on(async {
        let office = Office::open().await;
        let (mut channels, mut posts) = (Vec::new(), Vec::new());
        for name in ["acme", "acme-two", "birch"] {
            let (person, id) = office.channel(name).await;
            posts.push(office.post(&id, "later", minutes(60)).await);
            channels.push((id, person.handle));
        }
        (office, channels, posts)
    });
    let mut known: Vec<String> = posts.iter().map(|id| id.as_str().to_owned()).collect();
    for (id, handle) in &channels {
        known.extend([
            id.as_str().to_owned(),
            handle.clone(),
            format!("main/bs:@{handle}"),
        ]);
    }
    // The number of cases is PROPTEST_CASES; the seeds of failures are printed.
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let ran = TestRunner::new(config).run(&typed(known), |text| {
        let found = runtime().block_on(names::channel(&office.hub, &Scope::All, &text));
        match found {
            Err(error) => explained(&error)?,
            Ok(id) => {
                let (_, handle) = channels.iter().find(|(one, _)| *one == id).unwrap();
                let text = text.trim();
                let by_id = id.as_str().eq_ignore_ascii_case(text)
                    || (text.len() > 4
                        && id.as_str().to_lowercase().starts_with(&text.to_lowercase()));
                let by_name = handle_in(text) == *handle || text.to_lowercase() == *handle;
                prop_assert!(by_id || by_name, "{text:?} is not {handle} {id}");
            }
        }
        match runtime().block_on(names::post(&office.hub, &text)) {
            Err(error) => explained(&error)?,
            Ok(found) => {
                let id = match &found {
                    names::PostOrDelivery::Post(id) => id.as_str(),
                    names::PostOrDelivery::Delivery(id) => id.as_str(),
                };
                let text = text.trim().to_lowercase();
                prop_assert!(text.len() > 4 && id.to_lowercase().starts_with(&text));
            }
        }
        match runtime().block_on(names::scope(&office.hub, Some(&text))) {
            Err(error) => explained(&error)?,
            Ok(Scope::All) => prop_assert_eq!(text, "all"),
            Ok(Scope::Workspace(id)) => {
                let text = text.trim();
                prop_assert!(
                    text == "main" || id.as_str().to_lowercase().starts_with(&text.to_lowercase())
                );
            }
        }
        Ok(())
    });
    if let Err(failed) = ran {
        panic!("{failed}");
    }
}
