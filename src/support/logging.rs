//! The log: JSON lines in the logs directory, one file a day, every line
//! through the redactor.
//!
//! Only events of this program are taken: libraries may log addresses and
//! headers. What we log is named field by field (method, host, path template,
//! status, our ids), never bodies or query strings.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;

use super::clock::Clock;
use super::redact::Redactor;

/// Lines that wait to be written. There is room for all of them from the start.
const WAITING: usize = 16_384;

/// How many days of logs are kept.
const KEPT_DAYS: usize = 14;

/// Why there is no log: one sentence what, one what to do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The directory or file cannot be used.
    #[error(
        "No log can be written in {path}: {error}. Check its owner, its mode and the free space."
    )]
    Open {
        /// The logs directory.
        path: PathBuf,
        /// What the system said.
        error: String,
    },
    /// Something else logs in this process already.
    #[error("The log was started twice. Report this; nothing else is affected.")]
    Started,
}

/// Keeps the log going; what is still on its way is written when this is dropped.
#[must_use = "the log ends when this is dropped"]
#[derive(Debug)]
pub struct Log(#[allow(dead_code, reason = "held for what its drop does")] WorkerGuard);

/// Starts the log of this process in `dir`, from `level` on.
///
/// # Errors
/// When the file cannot be made, or a log was started before.
pub fn start(
    dir: &Path,
    level: LevelFilter,
    clock: &Clock,
    redactor: &Redactor,
) -> Result<Log, LogError> {
    let (subscriber, log) = build(dir, level, clock, redactor)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Started)?;
    Ok(log)
}

fn build(
    dir: &Path,
    level: LevelFilter,
    clock: &Clock,
    redactor: &Redactor,
) -> Result<(impl tracing::Subscriber + Send + Sync + use<>, Log), LogError> {
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("allgreen")
        .filename_suffix("log")
        .max_log_files(KEPT_DAYS)
        .build(dir)
        .map_err(|error| LogError::Open {
            path: dir.to_owned(),
            error: error.to_string(),
        })?;
    // Redacted on the writing thread: the hot path only hands the line over.
    let writer = Redacting {
        out: file,
        redactor: redactor.clone(),
    };
    let builder = NonBlockingBuilder::default().buffered_lines_limit(WAITING);
    let (writer, guard) = builder.finish(writer);
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_ansi(false)
        .with_timer(Timer(clock.clone()))
        .with_writer(writer);
    let ours = Targets::new().with_target("allgreen", level);
    let subscriber = tracing_subscriber::registry().with(ours).with(layer);
    Ok((subscriber, Log(guard)))
}

/// The one clock, as log lines show it.
struct Timer(Clock);

impl FormatTime for Timer {
    fn format_time(&self, w: &mut Writer<'_>) -> std::fmt::Result {
        write!(w, "{}", self.0.now())
    }
}

/// Writes whole lines with the secrets taken out.
struct Redacting<W> {
    out: W,
    redactor: Redactor,
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Each event arrives in one piece.
        let text = String::from_utf8_lossy(line);
        self.out.write_all(self.redactor.redact(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// From here on a panic is logged and shown with the secrets taken out.
/// `before` puts the terminal right first.
pub fn hook_panics(redactor: &Redactor, before: impl Fn() + Send + Sync + 'static) {
    let redactor = redactor.clone();
    std::panic::set_hook(Box::new(move |info| {
        before();
        let said = redactor.redact(&info.to_string());
        tracing::error!(panic = %said);
        // The standard hook would show the payload as it is.
        let _ = writeln!(
            io::stderr(),
            "Something went wrong inside: {said}\nWhat was committed is safe; please report this."
        );
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::entropy::Entropy;
    use crate::support::secret::Secret;
    use crate::support::time::UtcMs;

    #[test]
    fn output_no_secret_reaches_the_log_and_no_library_does() {
        let dir = tempfile::tempdir().unwrap();
        let redactor = Redactor::new(&Entropy::seeded(1));
        redactor.learn(&Secret::new("canary-0123456789"));
        let clock = Clock::manual(UtcMs(1_795_000_000_000));
        let (subscriber, log) = build(dir.path(), LevelFilter::INFO, &clock, &redactor).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(host = "pds.example", status = 401, "said canary-0123456789");
            tracing::info!(target: "hyper", "a library talks");
            tracing::debug!("too quiet");
        });
        drop(log);
        let file = std::fs::read_dir(dir.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert_eq!(lines[0]["message"], "said [secret]");
        assert_eq!(lines[0]["host"], "pds.example");
        assert_eq!(lines[0]["timestamp"], "2026-11-18T11:06:40Z");
    }

    #[test]
    fn a_log_that_cannot_be_written_says_what_to_do() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let redactor = Redactor::new(&Entropy::seeded(1));
        let clock = Clock::manual(UtcMs(0));
        let refused = build(file.path(), LevelFilter::INFO, &clock, &redactor);
        let Err(error) = refused else {
            panic!("a file is no directory")
        };
        assert!(error.to_string().contains("Check its owner"), "{error}");
    }
}
