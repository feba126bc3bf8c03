//! Words clap did not understand, said as one sentence what and one what to do.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Failure;

/// Turns a parse error into a failure that ends with "wrong usage".
pub fn failure(error: &clap::Error) -> Failure {
    let text = |kind| error.get(kind).map(words).filter(|text| !text.is_empty());
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let help = "Run it with --help to see an example.";
    let did_you_mean = |kind| match text(kind) {
        Some(names) => format!("Did you mean {names}?"),
        None => help.to_owned(),
    };
    let (code, what, hint) = match error.kind() {
        ErrorKind::InvalidSubcommand => (
            "unknown_command",
            format!(
                "There is no command \"{}\".",
                text(ContextKind::InvalidSubcommand).unwrap_or_default()
            ),
            match text(ContextKind::SuggestedSubcommand) {
                Some(names) => format!("Did you mean {names}?"),
                None => "Run allgreen --help to see them all.".to_owned(),
            },
        ),
        ErrorKind::UnknownArgument => (
            "unknown_argument",
            format!("{argument} is not understood here."),
            did_you_mean(ContextKind::SuggestedArg),
        ),
        ErrorKind::InvalidValue if value.is_empty() => (
            "missing_value",
            format!("{argument} needs a value."),
            match text(ContextKind::ValidValue) {
                Some(valid) => format!("Take {valid}."),
                None => help.to_owned(),
            },
        ),
        ErrorKind::InvalidValue => (
            "invalid_value",
            format!("\"{value}\" is not a value of {argument}."),
            match (
                text(ContextKind::SuggestedValue),
                text(ContextKind::ValidValue),
            ) {
                (Some(names), _) => format!("Did you mean {names}?"),
                (None, Some(valid)) => format!("Take {valid}."),
                (None, None) => help.to_owned(),
            },
        ),
        ErrorKind::ValueValidation => (
            "invalid_value",
            match std::error::Error::source(error) {
                Some(source) => format!("{argument}: {source}."),
                None => format!("\"{value}\" is not a value of {argument}."),
            },
            help.to_owned(),
        ),
        ErrorKind::MissingRequiredArgument => (
            "missing_argument",
            format!("{argument} is missing."),
            help.to_owned(),
        ),
        ErrorKind::ArgumentConflict => match text(ContextKind::PriorArg) {
            Some(prior) => (
                "conflict",
                format!("{argument} cannot be used together with {prior}."),
                "Leave one of them out.".to_owned(),
            ),
            None => ("conflict", first_line(error), help.to_owned()),
        },
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => (
            "missing_command",
            "The command is not complete.".to_owned(),
            match text(ContextKind::ValidSubcommand) {
                Some(valid) => format!("It goes on with {valid}."),
                None => help.to_owned(),
            },
        ),
        _ => ("usage", first_line(error), help.to_owned()),
    };
    Failure::usage(code, what, hint)
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(list) => one_of(
            list.iter()
                .map(String::as_str)
                .filter(|name| *name != "help"),
        ),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(list) => {
            let texts: Vec<_> = list.iter().map(ToString::to_string).collect();
            texts.join(", ")
        }
        ContextValue::Bool(_) | ContextValue::None => String::new(),
        other => other.to_string(),
    }
}

/// `a, b or c`.
fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// The first line clap would print, as a sentence.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let mut letters = line.trim_end_matches('.').chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => "The command line was not understood.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::args::parse;

    fn said(line: &str) -> String {
        let error = parse(line.split_whitespace().map(OsString::from)).unwrap_err();
        failure(&error).line()
    }

    #[test]
    fn typing_errors_get_a_sentence_and_a_way_out() {
        insta::assert_snapshot!(
            [
                "allgreen chanel list",
                "allgreen channel lst",
                "allgreen channel list --lmp broken",
                "allgreen channel list --lamp brokn",
                "allgreen channel connect blusky",
                "allgreen channel",
                "allgreen channel show",
                "allgreen check --horizon soon",
                "allgreen post create --to a --text t --now --draft",
                "allgreen post create --to a --text t --alt x --media y",
                "allgreen post reschedule x",
                "allgreen frobnicate",
            ]
            .map(|line| format!("{line}\n  {}", said(line)))
            .join("\n"),
            @r#"
        allgreen chanel list
          There is no command "chanel". Did you mean check, handover or channel?
        allgreen channel lst
          There is no command "lst". Did you mean list?
        allgreen channel list --lmp broken
          --lmp is not understood here. Did you mean --lamp?
        allgreen channel list --lamp brokn
          "brokn" is not a value of --lamp <LAMP>. Did you mean broken?
        allgreen channel connect blusky
          "blusky" is not a value of <NETWORK>. Did you mean bluesky?
        allgreen channel
          The command is not complete. It goes on with list, show, connect, reconnect, disconnect, probe, refresh, pause, resume, release, history, posts, metrics or comments.
        allgreen channel show
          <ID> is missing. Run it with --help to see an example.
        allgreen check --horizon soon
          --horizon <SPAN>: "soon" is not a duration. Write 500ms, 90s, 15m, 1h or 7d. Run it with --help to see an example.
        allgreen post create --to a --text t --now --draft
          --now cannot be used together with --draft. Leave one of them out.
        allgreen post create --to a --text t --alt x --media y
          Each --alt describes the one --media right before it. Run it with --help to see an example.
        allgreen post reschedule x
          <--at <WHEN>|--by <DURATION>|--spread <EVERY>> is missing. Run it with --help to see an example.
        allgreen frobnicate
          There is no command "frobnicate". Did you mean notice?
        "#
        );
    }
}
