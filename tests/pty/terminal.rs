//! A running screen and the terminal it is in.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use allgreen::support::clock::Clock;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long a screen is watched that has nothing more to say.
pub const MOMENT: Duration = Duration::from_millis(400);

/// A clock for limits.
pub fn boot() -> Duration {
    Clock::real().boot()
}

/// A running screen and the terminal it is in.
pub struct Term {
    master: Box<dyn MasterPty + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    pub bytes: Receiver<Vec<u8>>,
    pub parser: vt100::Parser,
    pub raw: Vec<u8>,
    home: Option<tempfile::TempDir>,
    /// What the reader of the terminal does.
    reading: Arc<Reading>,
    /// Everything that was ever to be read on the screen, once asked for.
    pub shown: Option<std::collections::BTreeSet<String>>,
}

/// How the other end of the line takes what is written.
#[derive(Default)]
struct Reading {
    /// Milliseconds that each packet needs.
    lag: AtomicU64,
    /// Nothing is taken at all.
    held: Mutex<bool>,
    goes_on: Condvar,
}

impl Reading {
    fn hold(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.goes_on.notify_all();
    }

    /// Waits until something may be taken.
    fn wait(&self) {
        let mut held = self.held.lock().unwrap();
        while *held {
            held = self.goes_on.wait(held).unwrap();
        }
    }

    fn lag(&self) {
        let lag = self.lag.load(Ordering::SeqCst);
        std::thread::park_timeout(Duration::from_millis(lag));
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(rows: u16, cols: u16) -> (std::num::NonZeroU16, std::num::NonZeroU16) {
    (rows.try_into().unwrap(), cols.try_into().unwrap())
}

impl Term {
    /// A screen over a new home, on a clock that stands still: no minute
    /// passes while a test is quiet.
    pub fn open(environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut all = vec![("ALLGREEN_TEST_CLOCK", "2026-11-21T13:02:10Zx0")];
        all.extend(environment);
        let path = home.path().to_owned();
        let mut term = Self::of(&path, (24, 80), &all);
        term.home = Some(home);
        term
    }

    /// A screen over a home that is there, on the clock of this machine.
    pub fn over(home: &Path) -> Self {
        Self::of(home, (36, 120), &[])
    }

    /// The same with more in its environment.
    #[allow(dead_code, reason = "each test target uses its own part")]
    pub fn over_with(home: &Path, environment: &[(&str, &str)]) -> Self {
        Self::of(home, (36, 120), environment)
    }

    /// The demo, which has a home of its own.
    pub fn demo() -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = [("TMPDIR", home.path().to_str().unwrap())];
        let mut term = Self::with(&["demo"], home.path(), (36, 120), &directory);
        term.home = Some(home);
        term
    }

    /// Where the home is, when it is this terminal's own.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_ref().map(tempfile::TempDir::path)
    }

    fn of(home: &Path, size: (u16, u16), environment: &[(&str, &str)]) -> Self {
        Self::with(&[], home, size, environment)
    }

    fn with(words: &[&str], home: &Path, size: (u16, u16), environment: &[(&str, &str)]) -> Self {
        let mut term = Self::command(words, home, size, environment);
        term.until(|screen| screen.contains("1 Channels"));
        term
    }

    /// Any command; nothing of it was waited for.
    pub fn command(
        words: &[&str],
        home: &Path,
        (rows, cols): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system().openpty(size(rows, cols)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_allgreen"));
        command.args(["--home", home.to_str().unwrap()]);
        command.args(words);
        command.env_remove("NO_COLOR");
        command.env("TERM", "xterm-256color");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (tell, bytes) = channel();
        let reading = Arc::new(Reading::default());
        let line = Arc::clone(&reading);
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if tell.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
                line.lag();
                line.wait();
            }
        });
        let (rows, cols) = cells(rows, cols);
        Self {
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            bytes,
            parser: vt100::Parser::new(rows, cols, 0),
            raw: Vec::new(),
            home: None,
            reading,
            shown: None,
        }
    }

    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    pub fn take(&mut self, wait: Duration) -> Result<(), RecvTimeoutError> {
        let bytes = self.bytes.recv_timeout(wait)?;
        self.parser.process(&bytes);
        self.raw.extend(bytes);
        if self.shown.is_some() {
            let text = self.text();
            let lines = text.lines().map(|line| line.trim().to_owned());
            self.shown.get_or_insert_default().extend(lines);
        }
        Ok(())
    }

    /// Reads until the screen is as wanted.
    pub fn until(&mut self, wanted: impl Fn(&str) -> bool) {
        let end = boot() + PATIENCE;
        while !wanted(&self.text()) {
            let left = end.saturating_sub(boot());
            if self.take(left).is_err() {
                panic!("not seen:\n{}", self.text());
            }
        }
    }

    /// Reads until nothing comes for a while; how many bytes came.
    pub fn quiet(&mut self, span: Duration) -> usize {
        let before = self.raw.len();
        while self.take(span).is_ok() {}
        self.raw.len() - before
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// From here on each packet needs this long to the operator.
    pub fn lags(&self, lag: Duration) {
        let lag = u64::try_from(lag.as_millis()).unwrap();
        self.reading.lag.store(lag, Ordering::SeqCst);
    }

    /// Takes nothing of what is written, as after Ctrl-S.
    pub fn hold_output(&self) {
        self.reading.hold(true);
    }

    /// Takes what is written again, as after Ctrl-Q.
    pub fn go_on(&self) {
        self.reading.hold(false);
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let done = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status();
        assert!(done.unwrap().success());
    }

    /// Waits for the end and checks that the terminal is as it was.
    pub fn ended(&mut self) -> u32 {
        self.ended_within(PATIENCE)
    }

    /// The same, when it may take this long.
    pub fn ended_within(&mut self, limit: Duration) -> u32 {
        let end = boot() + limit;
        let status = loop {
            let _ = self.take(Duration::from_millis(50));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(boot() < end, "it does not end:\n{}", self.text());
        };
        while self.take(Duration::from_millis(100)).is_ok() {}
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is back");
        assert!(!screen.bracketed_paste(), "pastes are as they were");
        status.exit_code()
    }

    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.master.resize(size(rows, cols)).unwrap();
        if rows > 0 && cols > 0 {
            let (rows, cols) = cells(rows, cols);
            self.parser.screen_mut().set_size(rows, cols);
        }
    }
}
