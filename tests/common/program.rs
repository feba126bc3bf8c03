//! An operator at the command line of a home.

use std::time::Duration;

use serde_json::Value;

use super::process::Home;
use super::{PATIENCE, eventually_some};

/// Durations short enough to wait for, long enough to tell apart.
pub const QUICK: &str = "[engine]
settle = \"2s\"
absent_spacing = \"300ms\"
call_timeout = \"1500ms\"
catch_up_spacing = \"1s\"
heartbeat = \"500ms\"
takeover_after = \"3s\"
refused_retry = \"50ms\"
send_retry = \"300ms\"
send_retry_most = \"1s\"
refresh_retry = \"300ms\"
refresh_spacing = \"0s\"
store_poll = \"100ms\"
late_live_wait = \"1s\"
";

/// What the operator does, by command.
pub struct Desk {
    /// The home everything happens in.
    pub home: Home,
}

impl Desk {
    /// A new home whose networks are where `config` says.
    pub fn new(config: &str) -> Self {
        let home = Home::new();
        home.write_config(&format!("{config}{QUICK}"));
        Self { home }
    }

    /// Connects an account; the channel's id.
    pub fn connect(&self, handle: &str, password: &str) -> String {
        let done = self
            .home
            .allgreen([
                "channel",
                "connect",
                "bluesky",
                "--handle",
                handle,
                "--password-stdin",
                "--json",
            ])
            .input(format!("{password}\n"))
            .run()
            .ok();
        done.json()["id"]
            .as_str()
            .expect("the channel's id")
            .to_owned()
    }

    /// Runs a command that must succeed; its JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        self.home
            .allgreen(args.iter().chain(&["--json"]))
            .run()
            .ok()
            .json()
    }

    /// Schedules a text; the delivery's id.
    pub fn schedule(&self, channel: &str, text: &str, at: &str) -> String {
        let post = self.json(&[
            "post", "create", "--to", channel, "--text", text, "--at", at,
        ]);
        post["deliveries"][0]["id"]
            .as_str()
            .expect("the delivery's id")
            .to_owned()
    }

    /// Writes a post that is due now, for whoever publishes; its delivery.
    pub fn post_now(&self, channel: &str, text: &str) -> String {
        let post = self.json(&[
            "post",
            "create",
            "--no-publish",
            "--to",
            channel,
            "--text",
            text,
            "--now",
        ]);
        post["deliveries"][0]["id"]
            .as_str()
            .expect("the delivery's id")
            .to_owned()
    }

    /// Everything sealed in its store, in a fixed order.
    pub fn sealed(&self) -> Vec<Vec<u8>> {
        let db = rusqlite::Connection::open(self.home.file("allgreen.db")).unwrap();
        let mut rows = db
            .prepare("SELECT sealed FROM secret ORDER BY owner_id, field, generation")
            .unwrap();
        let found = rows.query_map([], |row| row.get(0)).unwrap();
        found.collect::<Result<_, _>>().unwrap()
    }

    /// A delivery as `post list` shows it.
    pub fn delivery(&self, id: &str) -> Value {
        let list = self.json(&["post", "list"]);
        let rows = list.as_array().expect("a list of deliveries");
        rows.iter()
            .find(|row| row["id"] == id)
            .unwrap_or_else(|| panic!("no {id} in {list:#}"))
            .clone()
    }

    /// A channel as `channel show` shows it.
    pub fn channel(&self, id: &str) -> Value {
        self.json(&["channel", "show", id])
    }

    /// Waits until a delivery shows this state.
    pub fn wait_for_state(&self, id: &str, state: &str) -> Value {
        eventually_some(&format!("{id} is {state}"), PATIENCE * 2, || {
            let row = self.delivery(id);
            (row["state"] == state).then_some(row)
        })
    }

    /// Waits until a channel's field has this value.
    pub fn wait_for_channel(&self, id: &str, field: &str, value: &str) -> Value {
        eventually_some(&format!("{id} has {field} {value}"), PATIENCE * 2, || {
            let channel = self.channel(id);
            (channel[field] == value).then_some(channel)
        })
    }

    /// Waits until the tokens of a channel are older than this.
    pub fn wait_for_age(&self, id: &str, age: Duration) {
        let channel = self.channel(id);
        let made = channel["lastRefreshedAt"].as_str().expect("a time");
        let made: jiff::Timestamp = made.parse().expect("RFC 3339");
        let old = made + jiff::SignedDuration::try_from(age).expect("a short time");
        eventually_some("the tokens are older", PATIENCE * 2, || {
            (jiff::Timestamp::now() > old).then_some(())
        });
    }

    /// The stored state, and the kinds of verdicts of a delivery in order.
    pub fn path(&self, delivery: &str) -> (String, Vec<String>) {
        let database = rusqlite::Connection::open_with_flags(
            self.home.file("allgreen.db"),
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
        )
        .expect("the database");
        database
            .busy_timeout(Duration::from_secs(5))
            .expect("a timeout");
        let state = database
            .query_row(
                "SELECT state FROM delivery WHERE id = ?1",
                [delivery],
                |row| row.get(0),
            )
            .expect("the delivery");
        let mut verdicts = database
            .prepare("SELECT kind FROM verdict WHERE delivery_id = ?1 ORDER BY id")
            .expect("verdicts");
        let kinds = verdicts
            .query_map([delivery], |row| row.get(0))
            .expect("verdicts")
            .collect::<Result<_, _>>()
            .expect("verdicts");
        (state, kinds)
    }
}
