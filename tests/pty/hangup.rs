//! A line that falls: the terminal is gone for good, in the middle of anything.

use std::io::{Read, Write};
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::terminal::{PATIENCE, boot};

/// So many lines fall: which thread of the program sees it first is chance.
const FALLS: u32 = 24;

#[test]
fn a_line_that_falls_in_the_middle_of_keys_ends_the_screen() {
    let home = tempfile::tempdir().unwrap();
    for fall in 0..FALLS {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_allgreen"));
        command.args(["--home", home.path().to_str().unwrap(), "--no-publish"]);
        command.env("TERM", "xterm-256color");
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut line = pair.master.try_clone_reader().unwrap();
        let mut keys = pair.master.take_writer().unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 65_536];
        // The footer is the last of a frame.
        while !String::from_utf8_lossy(&seen).contains("keys") {
            let n = line.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..n]);
        }
        keys.write_all(b"jjjjjkkkkk").unwrap();
        keys.flush().unwrap();
        std::thread::park_timeout(Duration::from_millis(u64::from(fall % 8)));
        drop((line, keys, pair.master));
        let end = boot() + PATIENCE;
        loop {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            if boot() >= end {
                child.kill().unwrap();
                panic!("it goes on without a terminal (fall {fall})");
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}
