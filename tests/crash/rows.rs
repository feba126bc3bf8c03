//! Rows of the fault matrix that are about processes: stopped, started
//! together, asked to end, cut from their terminal, panicking, out of memory,
//! and a disconnect while something is on the wire.

use std::process::Command;
use std::time::Duration;

use allgreen::support::clock::Clock;
use rustix::process::Signal;

use crate::common::crashes::Ground as _;
use crate::common::process::{Run, send, wait_until_dead};
use crate::common::program::Desk;
use crate::common::proxy::{Fault, Gate};
use crate::common::simulated::desk;
use crate::common::{PATIENCE, eventually, eventually_some, happens, runtime};
use crate::soak::ground::{Ground, Way};
use crate::soak::{database, holder};
use crate::terminal::Term;

const PUT: &str = "com.atproto.repo.putRecord";
/// What a process that is asked to end may take.
const FAREWELL: Duration = Duration::from_secs(35);

#[test]
fn row_17_a_publisher_stopped_after_its_arm_arms_again_before_anything_leaves() {
    let (ground, desk, channel) = desk();
    let first = desk
        .home
        .allgreen(["daemon"])
        .fault("stop.C4.after")
        .spawn();
    let post = desk.schedule(&channel, "slept", "in 1s");
    eventually("it is armed", PATIENCE, || desk.path(&post).0 == "sending");
    let mut second = desk.home.daemon();
    second.wait_for_text(&first.pid().to_string(), PATIENCE);
    eventually("it counts as silent and the post as late", PATIENCE, || {
        let late = desk.delivery(&post)["lateBySeconds"].as_u64();
        desk.json(&["publisher", "show"])["silent"] == true && late.is_some_and(|by| by >= 3)
    });
    assert!(ground.proxy().calls(PUT).is_empty(), "nobody else sends");
    first.signal(Signal::CONT);
    desk.wait_for_state(&post, "published");
    let (_, path) = desk.path(&post);
    assert_eq!(path, ["not_processed", "published"], "armed once more");
    assert_eq!(ground.posts().len(), 1);
    assert_eq!(ground.proxy().calls(PUT).len(), 1);
    first.terminate(FAREWELL).ok();
    second.terminate(FAREWELL).ok();
}

#[test]
fn row_18_of_two_daemons_and_three_screens_exactly_one_publishes_at_any_time() {
    let (ground, desk, channel) = desk();
    let path = desk.home.file("allgreen.db");
    let mut daemons = vec![desk.home.daemon(), desk.home.daemon()];
    let mut screens: Vec<Term> = (0..3).map(|_| Term::over(&desk.home.path())).collect();
    let mut terms = Vec::new();
    for round in 0..4 {
        let post = desk.schedule(&channel, &format!("round {round}"), "in 1s");
        desk.wait_for_state(&post, "published");
        let pid = holder(&path).expect("somebody publishes");
        let crew = daemons.iter().map(|one| Some(one.pid()));
        let crew = crew.chain(screens.iter().map(|one| one.child.process_id()));
        assert!(crew.flatten().any(|one| one == pid), "{pid} is one of ours");
        let (open, last): (i64, i64) = database(&path)
            .query_row(
                "SELECT (SELECT count(*) FROM term WHERE ended_at IS NULL), max(n) FROM term",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!(open, 1, "exactly one holder");
        terms.push(last);
        send(pid, Signal::KILL);
        daemons.retain_mut(|one| one.is_alive() && one.pid() != pid);
        screens.retain(|one| one.child.process_id() != Some(pid));
        eventually("somebody else publishes", PATIENCE * 2, || {
            holder(&path).is_some_and(|next| next != pid)
        });
    }
    assert!(terms.windows(2).all(|two| two[0] < two[1]), "{terms:?}");
    assert_eq!(ground.posts().len(), 4);
}

#[test]
fn row_19_a_publisher_asked_to_end_does_not_wait_for_a_network_that_never_answers() {
    let (ground, desk, channel) = desk();
    let gate = Gate::new();
    ground.proxy().next(PUT, Fault::HoldRequest(gate.clone()));
    let daemon = desk.home.daemon();
    let post = desk.schedule(&channel, "no answer", "in 1s");
    ground.proxy().wait_for_arrival(PUT, 1);
    daemon.terminate(FAREWELL).ok();
    assert_eq!(desk.path(&post).0, "unknown");
    gate.open();
}

#[test]
fn row_19_a_screen_asked_to_end_finishes_the_send_and_gives_the_terminal_back() {
    for signal in ["TERM", "HUP"] {
        let (ground, desk, channel) = desk();
        let gate = Gate::new();
        ground.proxy().next(PUT, Fault::HoldRequest(gate.clone()));
        let mut screen = Term::over(&desk.home.path());
        let post = desk.schedule(&channel, signal, "in 1s");
        ground.proxy().wait_for_arrival(PUT, 1);
        screen.signal(signal);
        gate.open();
        // Checks the terminal as well.
        screen.ended_within(FAREWELL);
        assert_eq!(desk.path(&post).0, "published", "{signal}");
    }
}

#[test]
fn row_19_a_publisher_whose_reader_has_gone_goes_on() {
    let (ground, desk, channel) = desk();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "\"$0\" --home \"$1\" daemon 2>&1 | true"])
        .arg(env!("CARGO_BIN_EXE_allgreen"))
        .arg(desk.home.path());
    let running = Run::of(shell).spawn();
    let pid = eventually_some("somebody publishes", PATIENCE, || {
        holder(&desk.home.file("allgreen.db"))
    });
    for text in ["one", "two"] {
        let post = desk.schedule(&channel, text, "in 1s");
        desk.wait_for_state(&post, "published");
    }
    send(pid, Signal::TERM);
    running.wait(FAREWELL).ok();
    assert_eq!(ground.posts().len(), 2);
}

#[test]
fn row_20_a_panic_in_one_network_leaves_the_others_alone_and_prints_no_secret() {
    let ground = Ground::new();
    let desk = ground.desk();
    let channels = ground.channels(&desk);
    let of = |network: &str| {
        let mut all = channels.iter();
        all.find(|one| one.way.network() == network).unwrap()
    };
    let (bot, other) = (of("telegram"), of("bluesky"));
    let mut daemon = desk.home.allgreen(["daemon"]).fault("telegram.run").spawn();
    let broken = desk.schedule(&bot.id, "it panics", "in 1s");
    eventually("nobody knows", PATIENCE * 2, || {
        desk.path(&broken).0 == "needs_decision"
    });
    let well = desk.schedule(&other.id, "it does not", "in 1s");
    desk.wait_for_state(&well, "published");
    assert!(daemon.is_alive(), "one task ended, not the publisher");
    let (_, path) = desk.path(&broken);
    assert_eq!(path[0], "interrupted", "looked at like a crash: {path:?}");
    let said = daemon.terminate(FAREWELL);
    assert_eq!(said.code, Some(0));
    let Way::Bluesky { password, .. } = &other.way else {
        panic!("a Bluesky channel");
    };
    let mut logs = format!("{}{}", said.stdout, said.stderr);
    for entry in std::fs::read_dir(desk.home.path()).unwrap().flatten() {
        if entry.path().extension().is_some_and(|end| end == "log") {
            logs.push_str(&std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    assert!(!logs.contains(&ground.bot_token()) && !logs.contains(password.as_str()));
}

#[test]
fn row_21_a_publisher_without_memory_dies_like_one_that_was_killed() {
    let (ground, desk, channel) = desk();
    let post = desk.schedule(&channel, "tight", "in 1s");
    let mut died = 0;
    for kilobytes in [30_000, 60_000, 120_000, 180_000, 240_000, 300_000, 400_000] {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!(
                "ulimit -v {kilobytes}; exec \"$0\" --home \"$1\" daemon"
            ))
            .arg(env!("CARGO_BIN_EXE_allgreen"))
            .arg(desk.home.path());
        let mut daemon = Run::of(shell).spawn();
        let ended = happens(PATIENCE / 2, || {
            !daemon.is_alive() || desk.path(&post).0 == "published"
        });
        died += u32::from(ended && !daemon.is_alive());
        if !ended {
            // Where not even a thread can be made any more, its calls run out
            // of time one after the other, until somebody ends it.
            send(daemon.pid(), Signal::KILL);
            wait_until_dead(daemon.pid());
        }
        assert!(ground.posts().len() <= 1);
        let state = desk.path(&post).0;
        assert!(
            ["scheduled", "sending", "unknown", "published"].contains(&state.as_str()),
            "{state}"
        );
    }
    assert!(died > 0, "some limit was too low");
    let mut daemon = desk.home.daemon();
    // It may be out already: then there is nothing else to wait for.
    daemon.wait_for_text("publishes now", PATIENCE);
    desk.wait_for_state(&post, "published");
    daemon.terminate(FAREWELL).ok();
    assert_eq!(ground.posts().len(), 1);
}

fn secrets(desk: &Desk) -> i64 {
    database(&desk.home.file("allgreen.db"))
        .query_row("SELECT count(*) FROM secret", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn row_40_a_disconnect_while_sending_lets_it_finish_and_nothing_is_sent_after_it() {
    let (ground, desk, channel) = desk();
    let gate = Gate::new();
    ground.proxy().next(PUT, Fault::HoldRequest(gate.clone()));
    let daemon = desk.home.daemon();
    let post = desk.schedule(&channel, "on the wire", "in 1s");
    let later = desk.schedule(&channel, "never", "in 3s");
    ground.proxy().wait_for_arrival(PUT, 1);
    let confirm = format!("--confirm-handle=@{}", ground.handle());
    desk.home
        .allgreen(["channel", "disconnect", &channel, "--yes", &confirm])
        .run()
        .ok();
    assert_eq!(desk.path(&later).0, "cancelled");
    assert_eq!(secrets(&desk), 0, "wiped");
    gate.open();
    desk.wait_for_state(&post, "published");
    let puts = ground.proxy().calls(PUT).len();
    assert_eq!(
        (puts, ground.posts().len()),
        (1, 1),
        "no send after the wipe"
    );
    daemon.terminate(FAREWELL).ok();
}

#[test]
fn row_40_a_reconnect_during_a_disconnect_serialises_either_way() {
    let (ground, desk, mut channel) = desk();
    let daemon = desk.home.daemon();
    for round in 0..6 {
        let disconnect = desk
            .home
            .allgreen(["channel", "disconnect", &channel, "--yes"])
            .spawn();
        let later = Duration::from_millis(60 * round);
        runtime().block_on(Clock::real().sleep(later));
        let connect = ["channel", "connect", "bluesky", "--handle", "ann.test"];
        let connect = connect.into_iter().chain(["--password-stdin", "--json"]);
        let password = format!("{}\n", ground.app_password());
        let connected = desk.home.allgreen(connect).input(password).run();
        disconnect.wait(PATIENCE).ok();
        let now: Vec<(String, String)> = database(&desk.home.file("allgreen.db"))
            .prepare("SELECT id, status FROM channel WHERE status <> 'DISCONNECTED'")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        match now.as_slice() {
            // The disconnect came last, or the reconnect saw its channel go.
            [] => {
                eventually("the secrets are wiped", PATIENCE, || secrets(&desk) == 0);
                channel = desk.connect(&ground.handle(), &ground.app_password());
            }
            [(id, _)] => {
                assert_eq!(connected.code, Some(0), "{connected:#?}");
                assert!(secrets(&desk) > 0);
                channel.clone_from(id);
            }
            more => panic!("{more:?}"),
        }
    }
    let post = desk.schedule(&channel, "still well", "in 1s");
    desk.wait_for_state(&post, "published");
    assert_eq!(ground.posts().len(), 1);
    daemon.terminate(FAREWELL).ok();
}

#[test]
fn an_answer_that_names_another_posts_id_is_no_proof_and_a_person_is_asked() {
    let ground = Ground::new();
    let desk = ground.desk();
    let channels = ground.channels(&desk);
    let mut all = channels.iter();
    let chat = all.find(|one| one.way.network() == "telegram").unwrap();
    let daemon = desk.home.daemon();
    let first = desk.schedule(&chat.id, "first", "in 1s");
    desk.wait_for_state(&first, "published");
    let (proxy, call) = ground.wire(&chat.way);
    let chat_id: i64 = chat.account.parse().unwrap();
    let again = serde_json::json!({ "ok": true, "result": {
        "message_id": 1, "date": 1, "text": "second",
        "chat": { "id": chat_id, "type": "channel", "title": "ann", "username": "ann_news" },
    } });
    proxy.next(
        &call,
        Fault::Answer {
            status: 200,
            headers: Vec::new(),
            body: again.to_string(),
        },
    );
    let second = desk.schedule(&chat.id, "second", "in 1s");
    eventually("a person is asked", PATIENCE * 2, || {
        desk.path(&second).0 == "needs_decision"
    });
    let (_, path) = desk.path(&second);
    assert_eq!(path[0], "unclear", "{path:?}");
    let said: String = database(&desk.home.file("allgreen.db"))
        .query_row(
            "SELECT message FROM verdict WHERE delivery_id = ?1 AND kind = 'unclear'",
            [&second],
            |row| row.get(0),
        )
        .unwrap();
    assert!(said.contains(&first), "it names the other delivery: {said}");
    daemon.terminate(FAREWELL).ok();
}

#[test]
fn a_command_that_panics_is_finished_as_failed_and_the_publisher_goes_on() {
    let (_ground, desk, channel) = desk();
    let daemon = desk.home.allgreen(["daemon"]).fault("command.read").spawn();
    eventually("somebody publishes", PATIENCE, || {
        holder(&desk.home.file("allgreen.db")).is_some()
    });
    let asked = desk
        .home
        .allgreen(["channel", "comments", &channel, "--refresh"])
        .run();
    assert_ne!(asked.code, Some(0), "{asked:#?}");
    let (state, ok): (String, bool) = database(&desk.home.file("allgreen.db"))
        .query_row(
            "SELECT state, ok FROM command WHERE kind = 'read'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!((state.as_str(), ok), ("done", false));
    let post = desk.schedule(&channel, "still well", "in 1s");
    desk.wait_for_state(&post, "published");
    daemon.terminate(FAREWELL).ok();
}
