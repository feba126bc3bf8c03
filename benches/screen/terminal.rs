//! The program in a terminal, and when its frames come.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Ends each frame.
const END: &[u8] = b"\x1b[?2026l";

/// How long a frame may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running screen.
pub struct Terminal {
    _master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<(Instant, Vec<u8>)>,
    seen: Vec<u8>,
    parser: vt100::Parser,
    /// When something came last.
    last: Instant,
    /// When it was started.
    pub started: Instant,
}

impl Terminal {
    /// Opens the screen of this home, 120x36; it does not publish.
    pub fn open(home: &Path) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows: 36,
                cols: 120,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_allgreen"));
        command.args(["--home", home.to_str().unwrap(), "--no-publish"]);
        command.env("TERM", "xterm-256color");
        command.env_remove("SSH_CONNECTION");
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (tell, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if tell.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                    break;
                }
            }
        });
        Self {
            keys: pair.master.take_writer().unwrap(),
            _master: pair.master,
            child,
            bytes,
            seen: Vec::new(),
            parser: vt100::Parser::new(36.try_into().unwrap(), 120.try_into().unwrap(), 0),
            last: started,
            started,
        }
    }

    /// Presses a key; how long until the frame that answers it was there, and
    /// how many bytes it had.
    pub fn press(&mut self, key: &str) -> (Duration, usize) {
        self.quiet(Duration::from_millis(120));
        let began = Instant::now();
        self.keys.write_all(key.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        let mut bytes = 0;
        loop {
            let (at, n) = self.take(PATIENCE).expect("a frame");
            bytes += n;
            if self.seen.ends_with(END) {
                return (at.saturating_duration_since(began), bytes);
            }
        }
    }

    /// Presses keys and waits until the screen has nothing more to say.
    pub fn unmeasured(&mut self, keys: &str) {
        if !keys.is_empty() {
            self.quiet(Duration::from_millis(90));
            self.keys.write_all(keys.as_bytes()).unwrap();
            self.keys.flush().unwrap();
        }
    }

    /// Waits until the screen shows this; when it did, counted from the start.
    pub fn shows(&mut self, wanted: &str) -> Duration {
        // What is there already came with the frame before.
        while !self.seen.ends_with(END) || !self.text().contains(wanted) {
            self.take(PATIENCE).expect("a frame");
        }
        self.last - self.started
    }

    /// Reads until nothing comes for this long.
    pub fn quiet(&mut self, span: Duration) {
        while self.take(span).is_some() {}
    }

    /// What the screen shows.
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    fn take(&mut self, wait: Duration) -> Option<(Instant, usize)> {
        let (at, bytes) = self.bytes.recv_timeout(wait).ok()?;
        self.last = at;
        self.parser.process(&bytes);
        self.seen.extend_from_slice(&bytes);
        let keep = self.seen.len().saturating_sub(END.len());
        self.seen.drain(..keep);
        Some((at, bytes.len()))
    }

    /// Mebibytes of this name in what the kernel says of the process.
    pub fn memory(&self, name: &str) -> f64 {
        let pid = self.child.process_id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kibibytes / 1024.0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
