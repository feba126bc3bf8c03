//! A day at the shell: connect, schedule, publish, break, mend, disconnect, all
//! by the commands scripts and cron jobs use, against the simulated network.

use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use serde_json::Value;

use crate::common::process::{Home, Outcome};
use crate::common::{PATIENCE, runtime};

/// A home whose Bluesky is the simulated one.
struct Shell {
    sandbox: Sandbox,
    home: Home,
}

impl Shell {
    fn new() -> Self {
        let options = SandboxOptions {
            clock: Clock::real(),
            seed: 7,
            port: 0,
        };
        let sandbox = runtime().block_on(Sandbox::start(options)).unwrap();
        let home = Home::new();
        home.write_config(&format!(
            "[networks.bluesky]\napi_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n\
             [engine]\nrefused_retry = \"10ms\"\nstore_poll = \"50ms\"\nheartbeat = \"5s\"\n",
            sandbox.base(),
            sandbox.directory()
        ));
        Self { sandbox, home }
    }

    /// An account; its id and an app password.
    fn account(&self, handle: &str) -> (String, String) {
        let bluesky = self.sandbox.bluesky();
        let did = bluesky
            .create_account(handle, "main-password-1", "Acme")
            .unwrap();
        let password = bluesky.create_app_password(&did, "allgreen").unwrap();
        (did, password)
    }

    fn run(&self, words: &[&str]) -> Outcome {
        self.home.allgreen(words).run()
    }

    fn json(&self, words: &[&str]) -> Value {
        self.home
            .allgreen(words.iter().chain(&["--json"]))
            .run()
            .ok()
            .json()
    }

    fn log_in(&self, words: &[&str], password: &str) -> Outcome {
        self.home
            .allgreen(words.iter().chain(&["--password-stdin", "--json"]))
            .input(format!("{password}\n"))
            .run()
    }

    fn connect(&self, handle: &str, password: &str) -> Value {
        let words = ["channel", "connect", "bluesky", "--handle", handle];
        self.log_in(&words, password).ok().json()
    }
}

#[test]
fn a_post_goes_out_by_commands_alone_and_says_so() {
    let shell = Shell::new();
    let (did, password) = shell.account("acme.test");
    let channel = shell.connect("@acme.test", &password);
    assert_eq!(channel["status"], "ACTIVE");
    assert_eq!(channel["lamp"], "green");
    assert_eq!(channel["platformAccountId"], did.as_str());
    assert_eq!(channel["reconnected"], false);
    assert!(channel["lastProofAt"].is_string());

    let create = [
        "post",
        "create",
        "--to",
        "main/bs:@acme.test",
        "--text",
        "Open until six",
    ];
    let written = shell.run(&[&create[..], &["--now"]].concat());
    assert_eq!(written.code, Some(7), "nobody publishes: {written:#?}");
    let list = shell.json(&["post", "list", "--state", "scheduled"]);
    let delivery = list[0]["id"].as_str().unwrap().to_owned();
    let why = shell.json(&["post", "why", &delivery]);
    assert_eq!(why["verdict"], "will_go_out");

    shell.run(&["daemon", "--once"]).ok();
    assert_eq!(
        shell.sandbox.bluesky().live_posts(&did).unwrap(),
        ["Open until six"]
    );
    let why = shell.json(&["post", "why", &delivery]);
    assert_eq!(why["verdict"], "went_out");
    assert!(why["delivery"]["permalink"].is_string());
    let out = shell.run(&["post", "show", &delivery]).ok();
    assert!(out.stdout.contains("published"), "{out:#?}");

    // What was shown can be written again as a draft for the same channel.
    let post = list[0]["postId"].as_str().unwrap();
    let mut shown = shell.json(&["post", "show", post]);
    shown["deliveries"][0]["scheduledAt"] = Value::Null;
    let again = shell
        .home
        .allgreen(["post", "create", "--file", "-", "--json"])
        .input(shown.to_string())
        .run()
        .ok()
        .json();
    assert_eq!(again["deliveries"][0]["state"], "draft");
}

#[test]
fn a_thread_is_written_shown_and_sent_by_commands_alone() {
    let shell = Shell::new();
    let (did, password) = shell.account("acme.test");
    shell.connect("@acme.test", &password);
    let written = shell.json(&[
        "post",
        "create",
        "--no-publish",
        "--to",
        "@acme.test",
        "--text",
        "one",
        "--then",
        "two",
        "--then",
        "three",
        "--link-card",
        "https://www.acme.example/news",
        "--at",
        "in 2h",
    ]);
    let parts = written["deliveries"].as_array().unwrap();
    let of = |key: &str| -> Vec<Value> { parts.iter().map(|one| one[key].clone()).collect() };
    assert_eq!(of("partNo"), [1, 2, 3]);
    assert_eq!(of("text"), ["one", "two", "three"]);
    let ids = of("id");
    assert_eq!(of("rootId"), [Value::Null, ids[0].clone(), ids[0].clone()]);
    assert_eq!(of("afterId"), [Value::Null, ids[0].clone(), ids[1].clone()]);
    assert_eq!(written["options"]["linkCard"]["title"], "acme.example");

    let listed = shell.run(&["post", "list"]).ok().stdout;
    let lines: Vec<_> = listed.lines().filter(|line| line.contains("/3 ")).collect();
    assert!(
        lines[0].contains("1/3 one") && lines[2].contains("3/3 three"),
        "{listed}"
    );
    let shown = shell
        .run(&["post", "show", ids[1].as_str().unwrap()])
        .ok()
        .stdout;
    assert!(shown.contains("2 of 3"), "{shown}");

    // What was shown can be written again.
    let post = written["id"].as_str().unwrap();
    let mut again = shell.json(&["post", "show", post]);
    again["text"] = "one again".into();
    again["deliveries"][0]["text"] = "one again".into();
    let again = shell
        .home
        .allgreen(["post", "create", "--file", "-", "--json"])
        .input(again.to_string())
        .run()
        .ok()
        .json();
    assert_eq!(again["deliveries"][2]["text"], "three");
    assert_eq!(again["deliveries"][2]["partNo"], 3);
    assert_eq!(again["options"]["linkCard"], written["options"]["linkCard"]);

    let said = shell.run(&[
        "post",
        "cancel",
        again["deliveries"][0]["id"].as_str().unwrap(),
        "--yes",
    ]);
    assert!(said.ok().stdout.contains("Cancelled 3 posts"));
    let late = shell.run(&[
        "post",
        "send",
        ids[0].as_str().unwrap(),
        "--yes",
        "--no-publish",
    ]);
    assert_eq!(late.code, Some(7), "{late:#?}");
    shell.run(&["daemon", "--once"]).ok();
    let bluesky = shell.sandbox.bluesky();
    assert_eq!(bluesky.live_posts(&did).unwrap(), ["one", "two", "three"]);

    let wrong = shell.run(&[
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "x",
        "--now",
        "--card-title",
        "t",
    ]);
    assert_eq!(wrong.code, Some(2), "a title without a card: {wrong:#?}");
}

#[test]
fn a_post_is_duplicated_by_a_command_as_a_draft_or_for_a_time() {
    let shell = Shell::new();
    let (_, password) = shell.account("acme.test");
    shell.connect("@acme.test", &password);
    let create = ["post", "create", "--no-publish", "--to", "@acme.test"];
    let text = ["--text", "Open until six", "--at", "in 2h"];
    let first = shell.json(&[&create[..], &text].concat());
    let post = first["id"].as_str().unwrap();

    let would = shell
        .run(&["post", "duplicate", post, "--now", "--dry-run"])
        .ok();
    let names = "for 1 channel (main/bs:@acme.test) and send it now.";
    assert!(would.stdout.contains(names), "{would:#?}");
    let would = shell.json(&["post", "duplicate", post, "--dry-run"]);
    let said = would["would"].as_str().unwrap();
    assert!(
        said.contains("main/bs:@acme.test) and keep it as a draft"),
        "{said}"
    );
    let listed = shell.json(&["post", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "nothing was written");
    let draft = shell.json(&["post", "duplicate", post]);
    assert_ne!(draft["id"], first["id"]);
    assert_eq!(draft["text"], "Open until six");
    assert_eq!(draft["deliveries"][0]["state"], "draft");
    let delivery = first["deliveries"][0]["id"].as_str().unwrap();
    let timed = [
        "post",
        "duplicate",
        delivery,
        "--at",
        "in 3h",
        "--tz",
        "UTC",
    ];
    let said = shell.run(&timed).ok();
    assert!(said.stdout.contains("Scheduled pst_"), "{said:#?}");
    assert!(
        said.stderr.contains("The same text is scheduled"),
        "{said:#?}"
    );
    let listed = shell.json(&["post", "list", "--state", "scheduled"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);

    let unknown = shell.run(&["post", "duplicate", "pst_0NOBODY", "--json"]);
    assert_eq!(unknown.code, Some(5), "{unknown:#?}");
    let both = shell.run(&["post", "duplicate", post, "--now", "--at", "in 2h"]);
    assert_eq!(both.code, Some(2), "{both:#?}");
}

#[test]
fn a_daemon_is_waited_for_and_shown_and_can_be_asked_to_end() {
    let shell = Shell::new();
    let (_, password) = shell.account("acme.test");
    shell.connect("acme.test", &password);
    assert_eq!(shell.run(&["check"]).code, Some(3), "nobody publishes");

    let mut daemon = shell.home.daemon();
    daemon.wait_for_text("This daemon publishes now.", PATIENCE);
    let publisher = shell.json(&["publisher", "show"]);
    assert_eq!(publisher["running"], true);
    assert_eq!(publisher["pid"], daemon.pid());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.contains("core file"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    shell.run(&["check"]).ok();
    shell.run(&["check", "--probe"]).ok();
    let once = shell.run(&["daemon", "--once"]);
    assert_eq!(once.code, Some(7), "another one publishes: {once:#?}");

    let mut second = shell.home.daemon();
    second.wait_for_text("Waiting for the daemon with pid", PATIENCE);
    let words = [
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "Hello",
        "--now",
    ];
    let sent = shell.json(&words);
    assert_eq!(sent["deliveries"][0]["state"], "published");

    shell.run(&["publisher", "stop", "--yes"]).ok();
    daemon.wait(PATIENCE).ok();
    second.wait_for_text("This daemon publishes now.", PATIENCE);
    second.terminate(PATIENCE).ok();
}

#[test]
fn a_broken_channel_is_found_mended_and_what_it_held_goes_out() {
    let shell = Shell::new();
    let (did, password) = shell.account("acme.test");
    let id = shell.connect("acme.test", &password)["id"].clone();
    let (other, wrong) = shell.account("other.test");
    let bluesky = shell.sandbox.bluesky();
    bluesky.revoke_app_password(&did, "allgreen").unwrap();
    let probe = shell.run(&["channel", "probe", "--all"]).expect_code(1);
    assert!(probe.stderr.contains("cannot publish"), "{probe:#?}");
    assert!(
        probe.stderr.contains("allgreen channel reconnect"),
        "{probe:#?}"
    );
    let broken = shell.run(&["check"]).expect_code(2);
    assert!(broken.stdout.contains("broken"), "{broken:#?}");
    let guide = shell.run(&["check", "--guide"]).expect_code(2);
    assert!(guide.stdout.contains("1. "), "{guide:#?}");
    let red = shell.json(&["channel", "list", "--lamp", "broken"]);
    assert_eq!(red[0]["id"], id);
    assert!(red[0]["publishBlocker"].is_string());

    let words = [
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "Held",
        "--at",
        "in 1h",
    ];
    let held = shell.json(&words);
    assert_eq!(held["deliveries"][0]["state"], "held");
    assert_eq!(held["deliveries"][0]["badge"], "Channel disconnected");
    assert!(!held["warnings"].as_array().unwrap().is_empty());

    let words = ["channel", "reconnect", "@acme.test"];
    let refused = shell.log_in(&[&words[..], &["--handle", "other.test"]].concat(), &wrong);
    let refused = refused.expect_code(1);
    assert!(refused.stderr.contains("another_account"), "{refused:#?}");
    assert!(refused.stderr.contains(&other), "{refused:#?}");
    assert_eq!(
        shell.json(&["channel", "show", "@acme.test"])["lamp"],
        "broken"
    );

    let fresh = bluesky.create_app_password(&did, "second").unwrap();
    let mended = shell.log_in(&words, &fresh).ok().json();
    assert_eq!(mended["id"], id, "the same channel");
    assert_eq!(mended["reconnected"], true);
    assert_eq!(mended["lamp"], "green");
    assert_eq!(mended["plan"]["onTime"].as_array().unwrap().len(), 1);
    assert_eq!(
        shell.json(&["post", "list"])[0]["scheduledAt"],
        held["deliveries"][0]["scheduledAt"],
        "it keeps its time"
    );
}

#[test]
fn the_queue_is_moved_cancelled_and_taken_back() {
    let shell = Shell::new();
    let (_, password) = shell.account("acme.test");
    shell.connect("acme.test", &password);
    let words = [
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "One",
        "--at",
        "in 2h",
    ];
    let post = shell.json(&words);
    let post_id = post["id"].as_str().unwrap().to_owned();
    let id = post["deliveries"][0]["id"].as_str().unwrap().to_owned();
    let due = post["deliveries"][0]["scheduledAt"].clone();
    let state = |shell: &Shell| shell.json(&["post", "show", &id])["state"].clone();

    let moved = shell.json(&["post", "reschedule", &id, "--by", "3d"]);
    assert_ne!(moved[0]["scheduledAt"], due);
    shell.run(&["post", "undo"]).ok();
    assert_eq!(shell.json(&["post", "show", &id])["scheduledAt"], due);

    shell.run(&["channel", "pause", "@acme.test"]).ok();
    assert_eq!(state(&shell), "held");
    let held = shell.run(&["post", "cancel", "--held", "--channel", "@acme.test"]);
    held.ok();
    assert_eq!(state(&shell), "cancelled");
    shell.run(&["post", "undo"]).ok();
    assert_eq!(state(&shell), "held");
    shell.run(&["channel", "resume", "@acme.test"]).ok();
    assert_eq!(state(&shell), "scheduled");

    let edited = shell.json(&["post", "edit", &post_id, "--text", "Two"]);
    assert_eq!(edited["text"], "Two");
    let on = &due.as_str().unwrap()[..10];
    for fits in [
        "two",
        "net:bs state:sched",
        "two !birch !by:nobody",
        "ws:* due:<52w",
        "login:acme",
    ] {
        let list = shell.json(&["post", "list", "--on", on, "--filter", fits]);
        assert_eq!(list.as_array().unwrap().len(), 1, "{fits}");
    }
    for hides in [
        "!two",
        "net:ig",
        "state:held",
        "by:bob",
        "due:>52w",
        "two birch",
    ] {
        let list = shell.json(&["post", "list", "--on", on, "--filter", hides]);
        assert_eq!(list.as_array().unwrap().len(), 0, "{hides}");
    }
    let wrong = shell.run(&["post", "list", "--filter", "colour:red"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("no filter colour:"),
        "{}",
        wrong.stderr
    );
    let plan = shell.json(&["post", "plan", "--channel", "@acme.test"]);
    assert_eq!(plan["onTime"][0], id.as_str());
    let tabs = shell.run(&["post", "list"]).ok().stdout;
    let columns: Vec<_> = tabs.trim_end().split('\t').collect();
    assert_eq!(columns.len(), 7, "{tabs}");
    assert_eq!(
        (columns[0], columns[3], columns[5]),
        ("scheduled", "Two", id.as_str())
    );
}

#[test]
fn disconnecting_prints_the_channel_after_the_flip_with_its_receipt() {
    let shell = Shell::new();
    let (_, password) = shell.account("acme.test");
    let id = shell.connect("acme.test", &password)["id"].clone();
    let words = [
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "One",
        "--at",
        "in 2h",
    ];
    shell.json(&words);
    let words = [
        "channel",
        "disconnect",
        "@acme.test",
        "--yes",
        "--confirm-handle",
        "@acme.test",
    ];
    let gone = shell.json(&words);
    assert_eq!(gone["id"], id);
    assert_eq!(gone["status"], "DISCONNECTED");
    assert_eq!(gone["receipt"]["cancelled"], 1);
    assert_eq!(gone["receipt"]["tokensWiped"], true);
    let again = shell.json(&words);
    assert_eq!(
        again["receipt"]["already"], true,
        "a second time changes nothing"
    );
    assert!(
        shell
            .json(&["channel", "list"])
            .as_array()
            .unwrap()
            .is_empty()
    );
    let all = shell.json(&["channel", "list", "--include-disconnected"]);
    assert_eq!(all[0]["id"], id);
    let history = shell.json(&["channel", "history", id.as_str().unwrap()]);
    assert_eq!(history[0]["kind"], "disconnected");
}

#[test]
fn notices_are_listed_and_read() {
    let shell = Shell::new();
    let (did, password) = shell.account("acme.test");
    shell.connect("acme.test", &password);
    shell
        .sandbox
        .bluesky()
        .revoke_app_password(&did, "allgreen")
        .unwrap();
    shell
        .run(&["channel", "probe", "@acme.test"])
        .expect_code(1);
    let unread = shell.json(&["notice", "list", "--unread"]);
    assert!(!unread.as_array().unwrap().is_empty());
    let open = shell.json(&["incident", "list", "--open"]);
    assert_eq!(open.as_array().unwrap().len(), 1);
    shell.run(&["notice", "read", "--all"]).ok();
    let unread = shell.json(&["notice", "list", "--unread"]);
    assert!(unread.as_array().unwrap().is_empty());
    let line = shell.run(&["status", "--oneline"]).ok().stdout;
    assert!(line.starts_with("\u{2716} 1"), "{line}");
}

#[test]
fn an_interrupt_at_the_shell_ends_with_130() {
    let shell = Shell::new();
    let (_, password) = shell.account("acme.test");
    shell.connect("acme.test", &password);
    let mut daemon = shell.home.daemon();
    daemon.wait_for_text("This daemon publishes now.", PATIENCE);
    // Stopped in the middle of a write it would keep everybody from the store.
    crate::common::eventually("the first reading is over", PATIENCE, || {
        !shell.json(&["channel", "comments", "@acme.test"])["failure"].is_null()
    });
    daemon.signal(rustix::process::Signal::STOP);
    // The publisher sleeps, so the request waits until it is broken off.
    let waiting = shell
        .home
        .allgreen(["channel", "probe", "@acme.test", "--wait", "5m"])
        .spawn();
    crate::common::eventually("the request is queued", PATIENCE, || {
        waiting.stderr().contains("Proving 1 channel")
    });
    waiting.signal(rustix::process::Signal::INT);
    let ended = waiting.wait(PATIENCE);
    daemon.signal(rustix::process::Signal::CONT);
    ended.expect_code(130);
}
