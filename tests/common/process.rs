//! The program as an operator's shell or a service manager runs it.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tempfile::TempDir;

use super::{PATIENCE, eventually};

/// An installation of its own: the directory given to `--home`, and an account
/// directory beside it in which the program has no business.
pub struct Home {
    dir: TempDir,
}

impl Home {
    /// A new, empty one; removed when dropped.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("allgreen-test-")
            .tempdir()
            .expect("a temporary directory");
        Self::within(dir)
    }

    /// A new one inside this directory.
    pub fn within(dir: TempDir) -> Self {
        let home = Self { dir };
        std::fs::create_dir(home.path()).expect("the --home directory");
        std::fs::create_dir(home.account()).expect("the account directory");
        home
    }

    /// What `--home` is given.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("allgreen")
    }

    /// What `$HOME` is; must stay empty.
    pub fn account(&self) -> PathBuf {
        self.dir.path().join("account")
    }

    /// A file inside the home.
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes `config.toml`.
    pub fn write_config(&self, toml: &str) {
        std::fs::write(self.file("config.toml"), toml).expect("config.toml");
    }

    /// The program with these arguments, `--home` added; not started yet.
    pub fn allgreen<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        let mut all: Vec<OsString> = vec!["--home".into(), self.path().into()];
        all.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_allgreen"));
        command
            .args(all)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.account())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC");
        Run::of(command)
    }

    /// The publisher without a screen, running until dropped.
    pub fn daemon(&self) -> Running {
        self.allgreen(["daemon"]).spawn()
    }
}

/// A command to run.
pub struct Run {
    command: Command,
    input: Option<Vec<u8>>,
    typed: bool,
    limit: Duration,
}

impl Run {
    /// Any command; its standard input is empty unless given.
    pub fn of(command: Command) -> Self {
        Self {
            command,
            input: None,
            typed: false,
            limit: PATIENCE,
        }
    }

    /// Sets one variable of the environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Arms a fault point, such as `C4.after`.
    pub fn fault(self, name: &str) -> Self {
        self.env("ALLGREEN_FAULT", name)
    }

    /// Changes how it is started, such as the user.
    pub fn with(mut self, change: impl FnOnce(&mut Command)) -> Self {
        change(&mut self.command);
        self
    }

    /// Starts it so that a write beyond a limit of file sizes is an error and no
    /// signal, see [`Running::fail_writes`].
    pub fn failing_softly(self) -> Self {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                shell.env(name, value);
            }
        }
        Self {
            command: shell,
            ..self
        }
    }

    /// Runs it under another program, such as one that traces it.
    pub fn under(self, program: &str, args: &[&str]) -> Self {
        let mut outer = Command::new(program);
        outer
            .args(args)
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                outer.env(name, value);
            }
        }
        Self {
            command: outer,
            ..self
        }
    }

    /// Sets the clock, such as `2026-11-21T09:00:00Zx0`.
    pub fn clock(self, spec: &str) -> Self {
        self.env("ALLGREEN_TEST_CLOCK", spec)
    }

    /// What the command reads from its standard input, then its end.
    pub fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Keeps its standard input open for [`Running::type_line`].
    pub fn typed(mut self) -> Self {
        self.typed = true;
        self
    }

    /// How long [`Run::run`] waits; [`PATIENCE`] unless given.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// When the limit passes first; the command is killed then.
    pub fn run(self) -> Outcome {
        let limit = self.limit;
        self.spawn().wait(limit)
    }

    /// Starts and returns at once.
    pub fn spawn(mut self) -> Running {
        let shown = format!("{:?}", self.command);
        let started = Instant::now();
        let mut child = self
            .command
            .stdin(if self.input.is_some() || self.typed {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {shown}: {e}"));
        let mut keys = child.stdin.take();
        if let (Some(input), Some(mut pipe)) = (self.input, keys.take_if(|_| !self.typed)) {
            // A thread, since a long text may fill the pipe before it is read.
            // A program that ends without reading is no failure of the writer.
            std::thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let stdout = Collected::from(child.stdout.take());
        let stderr = Collected::from(child.stderr.take());
        Running {
            shown,
            started,
            child,
            keys,
            stdout,
            stderr,
            ended: None,
        }
    }
}

/// A started command; killed when dropped.
pub struct Running {
    shown: String,
    started: Instant,
    child: Child,
    keys: Option<ChildStdin>,
    stdout: Collected,
    stderr: Collected,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_alive(&mut self) -> bool {
        self.poll().is_none()
    }

    /// Gives it a line of its standard input, see [`Run::typed`].
    pub fn type_line(&mut self, line: &str) {
        let keys = self.keys.as_mut().expect("started with Run::typed");
        writeln!(keys, "{line}").expect("its standard input");
    }

    /// Ends its standard input.
    pub fn end_of_input(&mut self) {
        self.keys = None;
    }

    /// What it has printed up to now.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has complained about up to now.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Makes every write of this process beyond the first KiB of a file fail as
    /// a broken disk would, or lets them succeed again. It must have been
    /// started with [`Run::failing_softly`].
    pub fn fail_writes(&self, fail: bool) {
        let limit = Rlimit {
            current: fail.then_some(1024),
            maximum: None,
        };
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        prlimit(pid, Resource::Fsize, limit).expect("the limit of a child");
    }

    /// Waits until it has printed `text`, on either stream.
    ///
    /// # Panics
    /// When `limit` passes, or the command ends, before it does.
    pub fn wait_for_text(&mut self, text: &str, limit: Duration) {
        let end = Instant::now() + limit;
        loop {
            let alive = self.is_alive();
            if !alive {
                self.stdout.finish();
                self.stderr.finish();
            }
            if self.stdout().contains(text) || self.stderr().contains(text) {
                return;
            }
            assert!(
                alive && Instant::now() < end,
                "{text:?} was not printed by {}\nstdout: {}\nstderr: {}",
                self.shown,
                self.stdout(),
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal, such as `Signal::TERM`, `Signal::STOP` or `Signal::CONT`.
    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Ends it as a crash would, and waits until it is gone.
    pub fn kill_9(self) -> Outcome {
        self.signal(Signal::KILL);
        self.wait(PATIENCE)
    }

    /// Asks it to end, and waits until it has.
    pub fn terminate(self, limit: Duration) -> Outcome {
        self.signal(Signal::TERM);
        self.wait(limit)
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When `limit` passes first; it is killed then.
    pub fn wait(mut self, limit: Duration) -> Outcome {
        let end = Instant::now() + limit;
        while self.is_alive() {
            assert!(
                Instant::now() < end,
                "still running after {limit:?}: {}\nstdout: {}\nstderr: {}",
                self.shown,
                self.stdout(),
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        let took = self.started.elapsed();
        let status = self.ended.take().expect("the loop above saw it end");
        self.stdout.finish();
        self.stderr.finish();
        Outcome {
            shown: std::mem::take(&mut self.shown),
            code: status.code(),
            signal: status.signal(),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            took,
        }
    }

    fn poll(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("the state of a child");
        }
        self.ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// The command, for messages.
    pub shown: String,
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Everything it printed.
    pub stdout: String,
    /// Everything it complained about.
    pub stderr: String,
    /// From start to end.
    pub took: Duration,
}

impl Outcome {
    /// Insists on an exit code.
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Insists on exit code 0.
    pub fn ok(self) -> Self {
        self.expect_code(0)
    }

    /// Insists that it died as by `kill -9`, which is what a fault point does.
    pub fn expect_killed(self) -> Self {
        assert_eq!(self.signal, Some(Signal::KILL.as_raw()), "{self:#?}");
        self
    }

    /// What it printed, as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("no JSON on stdout: {e}\n{self:#?}"))
    }
}

/// Sends `signal` to a process; one that is gone already is none's problem.
pub fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let _ = kill_process(pid.expect("a process id"), signal);
}

/// Waits until a process is dead, whether or not its parent has noticed.
pub fn wait_until_dead(pid: u32) {
    eventually("the process is dead", PATIENCE, || {
        // The state is the first letter after the name, which is in brackets.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.map_or(true, |stat| {
            let state = stat
                .rsplit_once(") ")
                .and_then(|(_, rest)| rest.chars().next());
            // Its first thread may be gone while others still hold its sockets.
            let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
            let alone = threads.map_or(0, Iterator::count) <= 1;
            alone && matches!(state, Some('Z' | 'X'))
        })
    });
}

/// A stream read by a thread of its own, so that nobody blocks on a full pipe.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Collected {
    fn from(stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let reader = stream.map(|mut stream| {
            let bytes = Arc::clone(&bytes);
            std::thread::spawn(move || {
                let mut part = [0; 8192];
                while let Ok(count @ 1..) = stream.read(&mut part) {
                    bytes.lock().unwrap().extend_from_slice(&part[..count]);
                }
            })
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// Reads to the end of the stream.
    fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader of a stream");
        }
    }
}
