//! A text in the operator's own editor. The terminal is theirs meanwhile; the
//! publisher goes on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, Command};

use crate::support::clock::Clock;
use crate::support::entropy::Entropy;

/// Most bytes that are read back.
const MOST: u64 = 1 << 20;

/// What is started when neither `$VISUAL` nor `$EDITOR` says anything.
const FALLBACK: &str = "vi";

/// A text in a file of its own, and the editor over it. The file is gone with
/// this.
pub struct Editor {
    file: PathBuf,
    name: String,
}

impl Editor {
    /// Writes a text where nobody else can read it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn with(home: &Path, text: &str, editor: Option<&str>) -> io::Result<Self> {
        let id = Entropy::os().ulid(Clock::real().now());
        let file = home.join(format!(".post-{id}.txt"));
        let mut open = OpenOptions::new();
        let mut out = open.write(true).create_new(true).mode(0o600).open(&file)?;
        let editor = Self {
            file,
            name: editor.unwrap_or(FALLBACK).to_owned(),
        };
        // Editors end the last line; what comes back is taken without it.
        out.write_all(format!("{text}\n").as_bytes())?;
        Ok(editor)
    }

    /// Starts it at this terminal.
    ///
    /// # Errors
    /// When there is no shell.
    pub fn start(&self) -> io::Result<Child> {
        // As other programs do: the variable may hold arguments.
        Command::new("sh")
            .arg("-c")
            .arg(format!("{} \"$1\"", self.name))
            .arg("sh")
            .arg(&self.file)
            .stdin(Stdio::inherit())
            .stdout(Stdio::inherit())
            .stderr(Stdio::inherit())
            .spawn()
    }

    /// What stands in the file after it ended; when it was cut off, whatever it
    /// says of itself.
    ///
    /// # Errors
    /// In a sentence: why the text is as it was before.
    pub fn text(&self, ended: io::Result<ExitStatus>, cut: bool) -> Result<String, String> {
        match ended {
            Ok(status) if status.success() || cut => {}
            Ok(status) => return Err(format!("{} ended with {status}", self.name)),
            Err(error) => return Err(format!("{} did not start: {error}", self.name)),
        }
        let read = || {
            let length = File::open(&self.file)?.metadata()?.len();
            match length > MOST {
                true => Err(io::Error::other("the text is longer than 1 MiB")),
                false => fs::read(&self.file),
            }
        };
        let bytes = read().map_err(|error| format!("The text could not be read back: {error}"))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| format!("{} left something that is no UTF-8", self.name))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(text.to_owned())
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}
