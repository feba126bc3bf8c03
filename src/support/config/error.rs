//! What is wrong with a configuration file.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong: what, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The line it is on, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl ConfigError {
    pub(super) fn whole_file(what: String, hint: &str) -> Self {
        Self {
            line: 0,
            what,
            hint: hint.to_owned(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{} {}", self.what, self.hint)
    }
}

/// Everything that is wrong with one file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file.
    pub path: PathBuf,
    /// What is wrong; never empty.
    pub errors: Vec<ConfigError>,
}

impl ConfigErrors {
    pub(super) fn new(path: &Path, mut errors: Vec<ConfigError>) -> Self {
        errors.sort_by_key(|error| error.line);
        let path = path.to_owned();
        Self { path, errors }
    }

    pub(super) fn one(path: &Path, error: ConfigError) -> Self {
        Self::new(path, vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            let end = if at + 1 < self.errors.len() { "\n" } else { "" };
            write!(f, "{}: {error}{end}", self.path.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
