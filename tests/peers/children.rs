//! The helpers that run the program tell the truth about it.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::PATIENCE;
use crate::common::process::{Home, Run, Running};

fn shell(script: &str) -> Run {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Run::of(command)
}

/// A shell that has said hello and then waits for ever.
fn waiting() -> Running {
    let mut running = shell("echo hello; exec sleep 1000").spawn();
    running.wait_for_text("hello", PATIENCE);
    running
}

#[test]
fn the_program_runs_in_a_home_of_its_own() {
    let home = Home::new();
    home.write_config("");
    home.allgreen(["--version"]).run().ok();
    assert!(home.file("config.toml").exists());
    let stray = std::fs::read_dir(home.account()).unwrap().count();
    assert_eq!(stray, 0, "files outside --home");
}

#[test]
fn output_input_environment_and_exit_code_are_told_apart() {
    let outcome = shell("cat; echo \"$WHO\" >&2; exit 7")
        .env("WHO", "me")
        .input("{\"a\": 1}")
        .run()
        .expect_code(7);
    assert_eq!(outcome.json()["a"], 1);
    assert_eq!(outcome.stderr, "me\n");
    shell("exit 0").input(vec![b'x'; 1 << 20]).run().ok();
}

#[test]
fn a_kill_is_no_exit_code() {
    shell("kill -9 $$").run().expect_killed();
    waiting().kill_9().expect_killed();
    let outcome = waiting().terminate(PATIENCE);
    assert_eq!(outcome.signal, Some(Signal::TERM.as_raw()));
    assert_eq!(outcome.stdout, "hello\n");
}

#[test]
#[should_panic(expected = "still running after")]
fn a_command_that_hangs_is_an_error() {
    shell("exec sleep 1000")
        .limit(Duration::from_millis(50))
        .run();
}

#[test]
fn nothing_outlives_the_test_that_started_it() {
    let running = waiting();
    let pid = running.pid();
    assert!(std::fs::exists(format!("/proc/{pid}")).unwrap());
    drop(running);
    assert!(!std::fs::exists(format!("/proc/{pid}")).unwrap());
}
