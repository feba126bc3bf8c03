//! The fault matrix: every row has a test that carries its number.
//!
//! A row is one fault and what must come of it: the answer that was lost, the
//! disk that is full, the clock that was set. Tests are called `row_NN_...`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every row.
const ROWS: std::ops::RangeInclusive<u8> = 1..=48;

/// Rows without a test here, and why.
const WITHOUT: &[(u8, &str)] = &[];

/// The numbers of the tests in a source text: a function under a test
/// attribute, or a story that a macro makes a test of.
fn rows_in(text: &str) -> BTreeSet<u8> {
    let mut rows = BTreeSet::new();
    let (mut attribute, mut stories) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            attribute = true;
        } else if line.contains("_stories! {") {
            stories = true;
        } else if stories && line == "}" {
            stories = false;
        } else if attribute && line.contains("fn ") {
            attribute = false;
            rows.extend(row_of(line.split("fn ").nth(1).unwrap_or_default()));
        } else if stories {
            rows.extend(row_of(line));
        }
    }
    rows
}

fn row_of(name: &str) -> Option<u8> {
    name.strip_prefix("row_")?.get(..2)?.parse().ok()
}

#[test]
fn every_row_of_the_fault_matrix_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for directory in ["src", "tests"] {
        super::rust_files(&root.join(directory), &mut files);
    }
    let mut covered = BTreeSet::new();
    for file in files {
        covered.extend(rows_in(&fs::read_to_string(file).unwrap()));
    }
    let missing: Vec<u8> = ROWS
        .filter(|row| !covered.contains(row) && !WITHOUT.iter().any(|(without, _)| without == row))
        .collect();
    assert!(missing.is_empty(), "rows without a test: {missing:?}");
    let both: Vec<_> = WITHOUT
        .iter()
        .filter(|(row, _)| covered.contains(row))
        .collect();
    assert!(both.is_empty(), "excused and tested: {both:?}");
}

#[test]
fn only_what_runs_counts_as_a_rows_test() {
    let text = "#[test]\nfn row_03_reset() {}\nfn row_04_no_test() {}\n\
        crash_stories! {\n    Simulated:\n    row_15_killed,\n}\nrow_16_outside,\n\
        #[tokio::test(flavor = \"multi_thread\")]\nasync fn row_33_clock() {}";
    let rows: Vec<u8> = rows_in(text).into_iter().collect();
    assert_eq!(rows, [3, 15, 33]);
}
