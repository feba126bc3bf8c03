//! The one door to standard output and standard error.
//!
//! Results are a table on a terminal, tab-separated when piped, JSON when asked;
//! errors are one line or one JSON object. All text passes the sanitiser.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::args::Globals;
use crate::support::sanitize;

pub mod failure;
pub mod table;
pub mod usage;

pub use failure::{Exit, Failure};
pub use table::{Cell, Table};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Aligned columns for people.
    Table,
    /// Tab-separated lines for other programs.
    Tabs,
    /// JSON.
    Json,
}

/// Where everything a command says goes through.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// How results are written.
    pub shape: Shape,
    /// Whether lamps and headings have colour.
    pub colour: bool,
    /// Whether only ASCII may be used for marks.
    pub ascii: bool,
    /// Whether nothing but results and errors is said.
    pub quiet: bool,
}

impl Output {
    /// Decides by the flags, the terminal and `NO_COLOR`.
    #[allow(
        clippy::disallowed_methods,
        reason = "the command line is where the environment is read"
    )]
    pub fn new(flags: &Globals) -> Self {
        let terminal = io::stdout().is_terminal();
        let shape = if flags.json {
            Shape::Json
        } else if flags.plain || !terminal {
            Shape::Tabs
        } else {
            Shape::Table
        };
        let no_color = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        Self {
            shape,
            colour: shape == Shape::Table && !flags.no_color && !no_color && !dumb,
            ascii: flags.ascii || std::env::var("TERM").is_ok_and(|term| term == "linux"),
            quiet: flags.quiet,
        }
    }

    /// An output for what goes wrong before the flags are known.
    pub fn bare(json: bool) -> Self {
        Self {
            shape: if json { Shape::Json } else { Shape::Tabs },
            colour: false,
            ascii: false,
            quiet: false,
        }
    }

    /// Prints a list: an array, or a table.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn list<T: Serialize>(&self, items: &[T], table: &Table) -> Result<(), Failure> {
        match self.shape {
            Shape::Json => self.json(&items),
            Shape::Table | Shape::Tabs => write_out(&table.render(self)),
        }
    }

    /// Prints one thing: an object, or the given lines.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn one<T: Serialize>(&self, item: &T, table: &Table) -> Result<(), Failure> {
        match self.shape {
            Shape::Json => self.json(item),
            Shape::Table | Shape::Tabs => write_out(&table.render(self)),
        }
    }

    /// Prints what an act did: the object it left, or a sentence.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn done<T: Serialize>(&self, item: &T, sentence: &str) -> Result<(), Failure> {
        match self.shape {
            Shape::Json => self.json(item),
            Shape::Table | Shape::Tabs => self.say(sentence),
        }
    }

    /// Prints a sentence of what an act did, unless asked to be quiet.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn say(&self, sentence: &str) -> Result<(), Failure> {
        if self.quiet {
            Ok(())
        } else {
            self.text(sentence)
        }
    }

    /// Prints an answer that is text: for people and for pipes alike.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn text(&self, text: &str) -> Result<(), Failure> {
        write_out(&format!("{}\n", clean_lines(text)))
    }

    /// Prints one JSON value.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn json<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| {
            Failure::failed(
                "internal",
                format!("The result could not be written as JSON: {error}."),
                "Please report this.",
            )
        })?;
        write_out(&format!("{}\n", escape_controls(&text)))
    }

    /// Says on standard error what must be known to go on, whatever was asked.
    pub fn must_say(&self, sentence: &str) {
        // Nobody to tell: the command goes on.
        let _ = writeln!(io::stderr().lock(), "{}", clean_lines(sentence));
    }

    /// Says on standard error what is going on, unless asked to be quiet. With
    /// JSON nothing but an error is there, so that it can be parsed.
    pub fn progress(&self, sentence: &str) {
        if !self.quiet && self.shape != Shape::Json {
            let _ = writeln!(io::stderr().lock(), "{}", clean(sentence));
        }
    }

    /// Says on standard error what went wrong and what to do.
    pub fn failure(&self, failure: &Failure) {
        let line = if self.shape == Shape::Json {
            escape_controls(&failure.json())
        } else {
            failure.line()
        };
        // Nothing is left to tell it to when standard error is gone as well.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}

/// Writes to standard output; a reader that went away is not an error.
fn write_out(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::failed(
            "output",
            format!("The result could not be written: {error}."),
            "Check where the output goes; what was asked has been done.",
        )),
    }
}

/// Text of a network or a person as one line that cannot steer a terminal.
pub fn clean(text: &str) -> String {
    sanitize::line(text)
}

/// The same, line by line.
pub fn clean_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(sanitize::line).collect();
    lines.join("\n")
}

/// Characters that command a terminal or reorder what it shows.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Escapes in a JSON text what would steer a terminal. Such characters occur
/// only inside strings, where the escape means the same.
fn escape_controls(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if steers(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_every_character_but_steers_no_terminal() {
        let text = serde_json::to_string("a\u{1b}[2J\u{9b}1m\u{202e}b\nc").unwrap();
        let safe = escape_controls(&text);
        assert!(!safe.contains(['\u{1b}', '\u{9b}', '\u{202e}']));
        let back: String = serde_json::from_str(&safe).unwrap();
        assert_eq!(back, "a\u{1b}[2J\u{9b}1m\u{202e}b\nc");
    }

    #[test]
    fn a_line_for_people_stays_one_line() {
        assert_eq!(clean("a\tb\nc\u{202e}"), "a b c");
        assert!(!clean_lines("a\u{1b}[2J\nb").contains('\u{1b}'));
        assert_eq!(clean_lines("a\nb"), "a\nb");
    }
}
