//! The command line under bad input: each mistake gets one sentence what and
//! one what to do on standard error, the right exit code, and changes nothing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use allgreen::domain::ids::{ChannelId, LoginId};
use allgreen::domain::network::{ChannelKind, Network};
use allgreen::store::channels::NewChannel;
use allgreen::store::logins::{NewLogin, Pair};
use allgreen::store::{OpenOptions, Store, StorePaths};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;

use crate::common::process::{Home, Outcome};
use crate::common::runtime;

mod morning;
mod words;

/// Saturday 21 November 2026, 14:02 UTC, standing still.
const NOON: &str = "2026-11-21T14:02:00Zx0";

/// What went wrong, what to do, and nothing else.
#[track_caller]
fn said(outcome: &Outcome, what: &str, hint: &str) {
    let lines: Vec<_> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "one line: {outcome:#?}");
    assert!(outcome.stderr.contains(what), "{what}: {outcome:#?}");
    assert!(outcome.stderr.contains(hint), "{hint}: {outcome:#?}");
    assert!(!outcome.stderr.contains("panicked"), "{outcome:#?}");
    assert!(outcome.stdout.is_empty(), "nothing on stdout: {outcome:#?}");
}

/// Every file with its bytes.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut list = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let inside = files(&path).into_iter();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            list.extend(inside.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
            list.push((format!("{name}/"), Vec::new()));
        } else {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            list.push((name, fs::read(&path).unwrap()));
        }
    }
    list.sort();
    list
}

/// Every row of every table.
fn rows(home: &Home) -> String {
    let db = rusqlite::Connection::open(home.file("allgreen.db")).unwrap();
    let mut tables = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let names: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut text = String::new();
    for name in names {
        let mut all = db.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = all.column_count();
        let mut found = all.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            for column in 0..columns {
                let value: rusqlite::types::Value = row.get(column).unwrap();
                text.push_str(&format!("{name} {value:?} "));
            }
            text.push('\n');
        }
    }
    text
}

/// A home that was used before.
fn used() -> Home {
    let home = Home::new();
    home.allgreen(["status"]).run().ok();
    home
}

/// A home with a connected channel `@acme.test` that nothing was sent to.
fn connected() -> (Home, ChannelId) {
    let home = used();
    let id = add_channel(&home, "main", "acme.test");
    (home, id)
}

fn add_channel(home: &Home, slug: &'static str, handle: &'static str) -> ChannelId {
    let options = OpenOptions {
        paths: StorePaths {
            database: home.file("allgreen.db"),
            key: home.file("key"),
            backups: home.file("backups"),
        },
        entropy: Entropy::os(),
        read_only: false,
        passkey: None,
        hears: None,
    };
    let (now, entropy) = (UtcMs(1_795_269_600_000), Entropy::os());
    let id = ChannelId::fresh(now, &entropy);
    let channel = id.clone();
    runtime().block_on(async {
        let store = tokio::task::spawn_blocking(|| Store::open(options).unwrap())
            .await
            .unwrap();
        store
            .write(move |tx| {
                let workspace = tx.workspace_named(slug)?.unwrap();
                let operator = tx.people()?.remove(0);
                let login = LoginId::fresh(now, &entropy);
                let remote = format!("did:plc:{handle}");
                tx.ensure_login(
                    &NewLogin {
                        id: login.clone(),
                        network: Network::Bluesky,
                        server: "https://pds.invalid".into(),
                        server_is_identity: false,
                        client_id: String::new(),
                        remote_user_id: format!("{slug}-{remote}"),
                        method: "app_password".into(),
                    },
                    now,
                )?;
                let pair = Pair {
                    access: Secret::new("access"),
                    refresh: None,
                    password: None,
                    client_secret: None,
                    proof_key: None,
                    token_expires_at: None,
                    token_expiry: allgreen::domain::channel::Expiry::Unknown,
                    grant_expires_at: None,
                    grant_expiry: allgreen::domain::channel::Expiry::Unknown,
                };
                tx.seal_pair(&login, 0, &pair, now)?;
                tx.add_channel(
                    &NewChannel {
                        id: channel,
                        workspace_id: workspace.id,
                        kind: ChannelKind::Bluesky,
                        remote_id: remote,
                        handle: handle.into(),
                        display_name: String::new(),
                        avatar_url: None,
                        login_id: login,
                        login_method: "app_password".into(),
                        server: "https://pds.invalid".into(),
                        scopes: vec![],
                        missing_scopes: vec![],
                        by: operator.id,
                    },
                    now,
                )
            })
            .await
            .unwrap();
    });
    id
}

#[test]
fn a_typing_error_suggests_the_right_word_and_makes_no_files() {
    let home = Home::new();
    let outcome = home.allgreen(["chanel", "list"]).run().expect_code(2);
    said(&outcome, "There is no command \"chanel\".", "channel?");
    let outcome = home.allgreen(["post", "lst"]).run().expect_code(2);
    said(&outcome, "There is no command \"lst\".", "list?");
    let outcome = home.allgreen(["check", "--nope"]).run().expect_code(3);
    said(&outcome, "--nope is not understood here.", "");
    let outcome = home.allgreen(["--json", "chanel"]).run().expect_code(2);
    let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!(error["error"]["code"], "unknown_command");
    assert!(error["error"]["message"].is_string() && error["error"]["hint"].is_string());
    assert!(files(&home.path()).is_empty(), "nothing was made");
}

#[test]
fn help_and_version_need_no_home() {
    let home = Home::new();
    let outcome = home.allgreen(["help", "channel", "disconnect"]).run().ok();
    assert!(
        outcome
            .stdout
            .contains("Example: allgreen channel disconnect")
    );
    let outcome = home.allgreen(["--version", "--json"]).run().ok();
    assert!(outcome.json()["schema"].is_u64());
    assert!(files(&home.path()).is_empty(), "nothing was made");
}

#[test]
fn without_a_terminal_the_bare_program_says_how_things_stand() {
    let home = Home::new();
    let outcome = home.allgreen(Vec::<String>::new()).run().ok();
    assert!(outcome.stdout.contains("NOBODY PUBLISHES"), "{outcome:#?}");
    assert!(!outcome.stdout.contains('\u{1b}'), "no colour when piped");
}

#[test]
fn unknown_names_are_not_found_and_ambiguous_ones_list_their_candidates() {
    let (home, id) = connected();
    home.allgreen(["workspace", "add", "Birch"]).run().ok();
    add_channel(&home, "birch", "acme.test");
    let before = rows(&home);

    let outcome = home.allgreen(["channel", "show", "@nobody.example"]).run();
    said(
        &outcome.expect_code(5),
        "There is no channel",
        "allgreen channel list",
    );
    let outcome = home
        .allgreen(["channel", "show", "main/bs:@acne.test"])
        .run();
    said(
        &outcome.expect_code(5),
        "There is no channel",
        "Did you mean main/bs:@acme.test?",
    );
    let outcome = home
        .allgreen(["channel", "show", "@acme.test"])
        .run()
        .expect_code(2);
    said(&outcome, "main/bs:@acme.test", "birch/bs:@acme.test");
    let outcome = home
        .allgreen(["post", "show", "dlv_0"])
        .run()
        .expect_code(5);
    said(&outcome, "There is no post dlv_0.", "allgreen post list");
    let outcome = home
        .allgreen(["-w", "brch", "post", "list"])
        .run()
        .expect_code(5);
    said(
        &outcome,
        "There is no workspace \"brch\".",
        "Did you mean birch?",
    );
    // With several workspaces a new thing needs to know which one.
    let outcome = home
        .allgreen(["channel", "connect", "bluesky", "--handle", "x.test"])
        .run()
        .expect_code(2);
    said(&outcome, "There are several workspaces.", "birch, main");

    assert_eq!(rows(&home), before, "nothing was changed");
    let shown = home
        .allgreen(["--json", "channel", "show", "main/bs:@acme.test"])
        .run();
    assert_eq!(shown.ok().json()["id"], id.as_str());
}

#[test]
fn a_file_that_is_no_database_of_ours_is_refused_and_left_as_it_is() {
    for (bytes, what, hint) in [
        (
            b"this is no database, only text".to_vec(),
            "cannot be read",
            "allgreen restore",
        ),
        (
            foreign(),
            "belongs to another program",
            "Choose another --home",
        ),
        (
            newer(),
            "was written by a newer version",
            "Install the newer version",
        ),
    ] {
        let home = used();
        for name in ["allgreen.db-wal", "allgreen.db-shm"] {
            let _ = fs::remove_file(home.file(name));
        }
        fs::write(home.file("allgreen.db"), &bytes).unwrap();
        let before = files(&home.path());
        let outcome = home.allgreen(["status"]).run().expect_code(1);
        said(&outcome, what, hint);
        let outcome = home.allgreen(["check"]).run().expect_code(3);
        said(&outcome, what, hint);
        let after = files(&home.path());
        let names = |list: &[(String, Vec<u8>)]| -> Vec<String> {
            list.iter()
                .map(|(name, _)| name.clone())
                .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
                .collect()
        };
        assert_eq!(names(&before), names(&after), "{what}");
        assert_eq!(fs::read(home.file("allgreen.db")).unwrap(), bytes, "{what}");
    }
}

/// A database of another program.
fn foreign() -> Vec<u8> {
    database("PRAGMA application_id = 7; CREATE TABLE theirs (a);")
}

/// A database of ours from a later version.
fn newer() -> Vec<u8> {
    database(
        "PRAGMA application_id = 0x4147726e; PRAGMA user_version = 9999; CREATE TABLE later (a);",
    )
}

fn database(sql: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("made.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(sql).unwrap();
    drop(db);
    fs::read(path).unwrap()
}

#[test]
fn a_broken_configuration_names_every_mistake_with_its_line() {
    let home = Home::new();
    home.write_config(
        "[networks.blusky]\napi_base = 7\n[engine]\nprobe_every = \"soon\"\nprobe_evry = \"1h\"\n",
    );
    let before = files(&home.path());
    for (command, code) in [(["config", "check"], 1), (["post", "list"], 1)] {
        let outcome = home.allgreen(command).run().expect_code(code);
        for line in ["line 1:", "line 4:", "line 5:"] {
            said(&outcome, line, "Mend it");
        }
    }
    let outcome = home.allgreen(["check"]).run().expect_code(3);
    said(&outcome, "config.toml is broken", "Mend it");
    assert_eq!(files(&home.path()), before, "nothing was made");
    home.write_config("[engine]\nprobe_every = \"2h\"\n");
    home.allgreen(["config", "check"]).run().ok();

    // Keys that conflict are named with both actions and the place; everything
    // works all the same, with the key that was there.
    home.write_config("[keys]\nprobe = \"r\"\nlift = \"F\"\n");
    let checked = home.allgreen(["config", "check"]).run().expect_code(1);
    said(
        &checked,
        "line 2: r would be both reconnect and probe in the channels. probe stays p.",
        "The screen opens all the same",
    );
    assert!(
        checked.stderr.contains("line 3: There is no action"),
        "{checked:#?}"
    );
    home.allgreen(["post", "list"]).run().ok();
}

#[test]
fn a_home_that_others_can_write_in_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let outcome = home.allgreen(["status"]).run().expect_code(1);
    said(&outcome, "Others may write in", "chmod 700");
    assert!(files(&home.path()).is_empty(), "nothing was made");
}

#[test]
fn row_44_without_its_key_the_store_is_only_looked_at() {
    let home = used();
    fs::rename(home.file("key"), home.file("key.away")).unwrap();
    let before = rows(&home);
    let seen = home.allgreen(["status"]).run().ok();
    assert!(seen.stderr.contains("put the file back"), "{seen:#?}");
    let outcome = home
        .allgreen(["workspace", "add", "More"])
        .run()
        .expect_code(1);
    assert!(outcome.stderr.contains("The key file"), "{outcome:#?}");
    assert!(!home.file("key").exists(), "no new key was made");
    assert_eq!(rows(&home), before, "nothing was changed");
}

#[test]
fn a_password_comes_from_standard_input_or_a_person_never_from_nowhere() {
    let home = used();
    let before = rows(&home);
    let connect = ["channel", "connect", "bluesky", "--handle", "acme.test"];
    let outcome = home.allgreen(connect).run().expect_code(2);
    said(&outcome, "The password is missing", "--password-stdin");
    let outcome = home
        .allgreen(connect.into_iter().chain(["--password-stdin"]))
        .input("")
        .run()
        .expect_code(2);
    said(
        &outcome,
        "The password was empty.",
        "first line of standard input",
    );
    let outcome = home
        .allgreen(connect.into_iter().chain(["--password", "hunter2"]))
        .run()
        .expect_code(2);
    said(
        &outcome,
        "--password is not understood here.",
        "--password-stdin",
    );
    assert!(!outcome.stderr.contains("hunter2"), "{outcome:#?}");
    let outcome = home
        .allgreen([
            "channel",
            "connect",
            "linkedin",
            "--handle",
            "x",
            "--password-stdin",
        ])
        .input("secret-secret")
        .run()
        .expect_code(1);
    said(&outcome, "LinkedIn cannot be connected", "another network");
    assert_eq!(rows(&home), before, "nothing was changed");
}

#[test]
fn a_post_that_cannot_be_is_refused_before_anything_is_stored() {
    let (home, _) = connected();
    let before = rows(&home);
    let create = |more: &[&str]| {
        let words = ["post", "create", "--to", "@acme.test", "--text", "Hello"];
        home.allgreen(words.iter().chain(more)).clock(NOON).run()
    };
    let outcome = create(&["--at", "2026-11-20T09:00:00Z"]).expect_code(2);
    said(&outcome, "has passed", "Write a time to come");
    let outcome = create(&["--at", "whenever"]).expect_code(2);
    said(&outcome, "\"whenever\"", "");
    let outcome = create(&[]).expect_code(2);
    said(
        &outcome,
        "It is not said when",
        "--at WHEN, --now or --draft",
    );
    let outcome = create(&["--at", "in 2h", "--tz", "Europe/Berln"]).expect_code(2);
    said(
        &outcome,
        "There is no time zone \"Europe/Berln\"",
        "Europe/Berlin",
    );
    let outcome = create(&["--draft", "--media", "/nowhere/a.jpg"]).expect_code(1);
    said(
        &outcome,
        "There is no file /nowhere/a.jpg.",
        "Check the name",
    );
    let text = home.file("text.txt");
    fs::write(&text, "no picture").unwrap();
    let outcome = create(&["--draft", "--media", text.to_str().unwrap()]).expect_code(1);
    said(&outcome, "by its content", "Use JPEG, PNG");
    let outcome = create(&["--draft", "--only-for", "@acme.test"]).expect_code(2);
    said(&outcome, "names no text", "CHANNEL=TEXT");
    let long = "x".repeat(301);
    let outcome = home
        .allgreen([
            "post",
            "create",
            "--to",
            "@acme.test",
            "--at",
            "2026-11-24T09:00:00Z",
            "--text",
            &long,
        ])
        .clock(NOON)
        .run()
        .expect_code(1);
    said(&outcome, "too long for Bluesky", "Shorten it");
    let outcome = home
        .allgreen(["post", "create", "--file", "-"])
        .input("{\"text\": 1}")
        .run()
        .expect_code(2);
    said(
        &outcome,
        "Standard input is not a post",
        "post show ID --json",
    );
    assert_eq!(rows(&home), before, "nothing was changed");
    let spool: Vec<_> = fs::read_dir(home.file("media")).unwrap().collect();
    assert!(spool.is_empty(), "no copy was left: {spool:?}");
}

#[test]
fn a_time_that_the_clocks_skip_is_refused() {
    let (home, _) = connected();
    let before = rows(&home);
    let words = ["post", "create", "--to", "@acme.test", "--text", "Hello"];
    let outcome = home
        .allgreen(
            words
                .into_iter()
                .chain(["--at", "2027-03-28 02:30", "--tz", "Europe/Berlin"]),
        )
        .clock(NOON)
        .run()
        .expect_code(2);
    said(
        &outcome,
        "2027-03-28 02:30 does not exist in Europe/Berlin",
        "2027-03-28 03:30",
    );
    assert_eq!(rows(&home), before, "nothing was changed");
}

#[test]
fn a_destructive_act_says_its_numbers_and_wants_a_yes() {
    let (home, _) = connected();
    let create = ["post", "create", "--to", "@acme.test", "--text", "Hello"];
    let at = ["--at", "2026-11-24T09:00:00Z"];
    home.allgreen(create.iter().chain(&at))
        .clock(NOON)
        .run()
        .ok();
    let before = rows(&home);
    let disconnect = ["channel", "disconnect", "@acme.test"];
    let outcome = home.allgreen(disconnect).run().expect_code(6);
    said(
        &outcome,
        "1 post cancelled",
        "--yes --confirm-handle @acme.test",
    );
    let outcome = home
        .allgreen(disconnect.into_iter().chain(["--yes"]))
        .run()
        .expect_code(6);
    said(&outcome, "1 post cancelled", "--confirm-handle @acme.test");
    let outcome = home
        .allgreen(
            disconnect
                .into_iter()
                .chain(["--yes", "--confirm-handle", "@other"]),
        )
        .run()
        .expect_code(2);
    said(&outcome, "the channel is @acme.test", "Nothing was changed");
    let outcome = home
        .allgreen(disconnect.into_iter().chain(["--dry-run"]))
        .run()
        .ok();
    assert!(outcome.stdout.contains("1 post cancelled"), "{outcome:#?}");
    let outcome = home
        .allgreen(["--read-only", "channel", "pause", "@acme.test"])
        .run()
        .expect_code(1);
    said(&outcome, "read-only", "without --read-only");
    assert_eq!(rows(&home), before, "nothing was changed");
}

#[test]
fn an_act_of_the_publisher_ends_with_7_while_nobody_publishes() {
    let (home, _) = connected();
    let outcome = home
        .allgreen(["--no-publish", "channel", "probe", "@acme.test"])
        .run()
        .expect_code(7);
    assert!(
        outcome.stderr.contains("queued for the publisher"),
        "{outcome:#?}"
    );
    assert!(
        outcome.took < Duration::from_secs(10),
        "nobody is waited for"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = used();
    let program = env!("CARGO_BIN_EXE_allgreen");
    let line = format!(
        "{program} --home {} --help | true; exit ${{PIPESTATUS[0]}}",
        home.path().display()
    );
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &line]);
    let outcome = crate::common::process::Run::of(shell).run().ok();
    assert!(outcome.stderr.is_empty(), "{outcome:#?}");
}
