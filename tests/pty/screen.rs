//! The screen in a real terminal: what it writes, and what it leaves behind.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use allgreen::support::clock::Clock;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Time since boot.
fn boot() -> Duration {
    Clock::real().boot()
}

/// A running screen and the terminal it is in.
struct Term {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    _home: tempfile::TempDir,
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
    fn open(environment: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pair = native_pty_system().openpty(size(24, 80)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_allgreen"));
        command.args(["--home", home.path().to_str().unwrap()]);
        command.env_remove("NO_COLOR");
        command.env("TERM", "xterm-256color");
        // A clock that stands still: no minute passes while a test is quiet.
        command.env("ALLGREEN_TEST_CLOCK", "2026-11-21T13:02:10Zx0");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (tell, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if tell.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let (rows, cols) = cells(24, 80);
        let mut term = Self {
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            bytes,
            parser: vt100::Parser::new(rows, cols, 0),
            raw: Vec::new(),
            _home: home,
        };
        term.until(|screen| screen.contains("1 Channels"));
        term
    }

    fn text(&self) -> String {
        self.parser.screen().contents()
    }

    fn take(&mut self, wait: Duration) -> Result<(), RecvTimeoutError> {
        let bytes = self.bytes.recv_timeout(wait)?;
        self.parser.process(&bytes);
        self.raw.extend(bytes);
        Ok(())
    }

    /// Reads until the screen is as wanted.
    fn until(&mut self, wanted: impl Fn(&str) -> bool) {
        let end = boot() + PATIENCE;
        while !wanted(&self.text()) {
            let left = end.saturating_sub(boot());
            if self.take(left).is_err() {
                panic!("not seen:\n{}", self.text());
            }
        }
    }

    /// Reads until nothing comes for a while; how many bytes came.
    fn quiet(&mut self, span: Duration) -> usize {
        let before = self.raw.len();
        while self.take(span).is_ok() {}
        self.raw.len() - before
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let done = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status();
        assert!(done.unwrap().success());
    }

    /// Waits for the end and checks that the terminal is as it was.
    fn ended(&mut self) -> u32 {
        let end = boot() + PATIENCE;
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

    fn resize(&mut self, rows: u16, cols: u16) {
        self.master.resize(size(rows, cols)).unwrap();
        if rows > 0 && cols > 0 {
            let (rows, cols) = cells(rows, cols);
            self.parser.screen_mut().set_size(rows, cols);
        }
    }
}

const MOMENT: Duration = Duration::from_millis(400);

#[test]
fn an_idle_screen_writes_nothing() {
    let mut term = Term::open(&[]);
    term.quiet(MOMENT);
    assert_eq!(term.quiet(Duration::from_secs(3)), 0);
    assert!(!String::from_utf8_lossy(&term.raw).contains("\u{1b}[6n"));
}

#[test]
fn quitting_gives_the_terminal_back() {
    let mut term = Term::open(&[]);
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn signals_end_it_in_order() {
    for name in ["TERM", "HUP"] {
        let mut term = Term::open(&[]);
        term.signal(name);
        term.ended();
    }
}

#[test]
fn a_panic_of_the_screen_gives_the_terminal_back_before_it_is_told() {
    let mut term = Term::open(&[("ALLGREEN_FAULT", "screen.key")]);
    term.press("j");
    assert_ne!(term.ended(), 0);
    let raw = String::from_utf8_lossy(&term.raw).into_owned();
    let left = raw.find("\u{1b}[?1049l").unwrap();
    assert!(
        raw[left..].contains("screen.key"),
        "told on the main screen"
    );
}

#[test]
fn a_panic_of_a_task_leaves_the_screen_as_it_is() {
    let mut term = Term::open(&[("ALLGREEN_FAULT", "screen.task")]);
    term.until(|screen| screen.contains("Part of the screen failed"));
    term.press("2");
    term.until(|screen| screen.contains("Nothing scheduled"));
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn an_arrow_in_two_packets_is_no_escape() {
    let mut term = Term::open(&[]);
    term.press("?");
    term.until(|screen| screen.contains("type to search"));
    term.press("\u{1b}");
    std::thread::yield_now();
    term.press("[B");
    term.quiet(MOMENT);
    assert!(term.text().contains("type to search"), "{}", term.text());
    term.press("\u{1b}");
    term.until(|screen| !screen.contains("type to search"));
}

#[test]
fn a_paste_is_one_text_and_no_keys() {
    let mut term = Term::open(&[]);
    term.press("\u{1b}[200~qqq\n?\u{1b}[201~");
    term.until(|screen| screen.contains("A paste does nothing here."));
    term.press("c");
    term.until(|screen| screen.contains("Connect"));
    term.press("\u{1b}[200~abcd-efgh-ijkl-mnop\n\u{1b}[201~");
    term.until(|screen| screen.contains("•••••••••••••••••••"));
    assert!(!String::from_utf8_lossy(&term.raw).contains("efgh"));
}

#[test]
fn a_storm_of_resizes_is_a_few_frames() {
    let mut term = Term::open(&[]);
    term.quiet(MOMENT);
    let before = term.raw.len();
    for step in 0..40 {
        term.resize(24 + step % 6, 80 + step);
    }
    term.resize(30, 100);
    term.quiet(MOMENT);
    let frames = term.raw[before..]
        .windows(8)
        .filter(|bytes| bytes == b"\x1b[?2026h")
        .count();
    assert!((1..=12).contains(&frames), "{frames} frames");
    assert!(term.text().contains("1 Channels"));
}

#[test]
fn a_terminal_of_no_size_is_survived() {
    let mut term = Term::open(&[]);
    term.resize(0, 0);
    term.quiet(MOMENT);
    term.resize(24, 80);
    term.until(|screen| screen.contains("1 Channels"));
}

#[test]
fn without_colour_no_colour_is_sent() {
    let mut term = Term::open(&[("NO_COLOR", "1")]);
    term.press("jk?");
    term.quiet(MOMENT);
    let raw = String::from_utf8_lossy(&term.raw).into_owned();
    for color in ["\u{1b}[31m", "\u{1b}[38;", "\u{1b}[32m", "\u{1b}[48;"] {
        assert!(!raw.contains(color), "{color:?}");
    }
}

#[test]
fn a_suspended_screen_leaves_the_terminal_and_comes_back() {
    let mut term = Term::open(&[]);
    term.press("\u{1a}");
    let end = boot() + PATIENCE;
    while term.parser.screen().alternate_screen() {
        assert!(boot() < end, "still there:\n{}", term.text());
        let _ = term.take(Duration::from_millis(50));
    }
    term.quiet(MOMENT);
    term.signal("CONT");
    term.until(|screen| screen.contains("1 Channels"));
    assert!(term.parser.screen().alternate_screen());
    term.press("q");
    assert_eq!(term.ended(), 0);
}
