//! The publisher killed at every named point, and answers lost, late, doubled
//! and lying, in front of the real server: afterwards each delivery's state is
//! what the server's own list of records says, and there are never two.

use std::time::Duration;

use serde_json::Value;

use crate::common::program::Desk;
use crate::common::proxy::{Fault, Gate, Victim};
use crate::common::{PATIENCE, eventually};
use crate::server::{Account, Front, Peer};

const PUT: &str = "com.atproto.repo.putRecord";
const UPLOAD: &str = "com.atproto.repo.uploadBlob";

/// A channel on the real server with one post that is due, nobody publishing.
struct Story {
    account: Account<'static>,
    front: Front,
    desk: Desk,
    delivery: String,
}

impl Story {
    fn new(text: &str, image: bool) -> Self {
        let peer = Peer::shared();
        let account = peer.account("crash");
        let password = account.app_password("allgreen");
        let front = peer.front();
        let desk = Desk::new(&front.config());
        let channel = desk.connect(&account.handle, &password);
        let mut args = vec!["post", "create", "--to", &channel, "--text", text, "--now"];
        let picture = desk.home.file("dot.png");
        let picture = picture.to_str().unwrap();
        if image {
            std::fs::write(picture, DOT).unwrap();
            args.extend(["--media", picture, "--alt", "a dot"]);
        }
        args.push("--no-publish");
        let post = desk.json(&args);
        let delivery = post["deliveries"][0]["id"].as_str().unwrap().to_owned();
        front.pds.forget_calls();
        Self {
            account,
            front,
            desk,
            delivery,
        }
    }

    /// Runs the daemon with a fault until it dies of it.
    fn killed_at(&self, point: &str) {
        self.desk
            .home
            .allgreen(["daemon"])
            .fault(point)
            .spawn()
            .wait(PATIENCE)
            .expect_killed();
    }

    /// Runs a healthy daemon until the post is out and the network is quiet.
    fn recovers(&self) {
        let daemon = self.desk.home.daemon();
        self.desk.wait_for_state(&self.delivery, "published");
        daemon.terminate(PATIENCE);
    }

    /// What must hold at the end of every story.
    fn ends(&self, puts: usize, path: &[&str]) {
        let (state, verdicts) = self.desk.path(&self.delivery);
        assert_eq!(state, "published");
        assert_eq!(verdicts, path, "the path of verdicts");
        let records = self.account.posts();
        assert_eq!(
            records.len(),
            1,
            "one post at the server: {:?}",
            self.account.texts()
        );
        let row: Value = self.desk.delivery(&self.delivery);
        assert_eq!(
            row["remoteId"].as_str().unwrap(),
            records[0].uri,
            "we know which one it is"
        );
        let calls = self.front.pds.calls(PUT);
        assert_eq!(calls.len(), puts, "calls: {calls:#?}");
        let hashes: std::collections::BTreeSet<_> = calls
            .iter()
            .map(|call| &call.body_sha256)
            .filter(|hash| !hash.is_empty())
            .collect();
        assert!(
            hashes.len() <= 1,
            "every repeat is the same request: {calls:#?}"
        );
    }
}

#[test]
fn killed_before_the_arm_it_is_still_scheduled_and_sent_once() {
    for point in ["C0.after", "C1.after", "C2.after"] {
        let story = Story::new(point, false);
        story.killed_at(point);
        assert_eq!(story.desk.path(&story.delivery).0, "scheduled", "{point}");
        assert!(story.account.posts().is_empty(), "{point}");
        story.recovers();
        story.ends(1, &["published"]);
    }
}

#[test]
fn killed_after_an_upload_the_upload_is_used_and_not_made_again() {
    let story = Story::new("C3", true);
    story.killed_at("C3.after");
    assert_eq!(story.desk.path(&story.delivery).0, "scheduled");
    story.recovers();
    story.ends(1, &["published"]);
    assert_eq!(story.front.pds.calls(UPLOAD).len(), 1);
}

#[test]
fn killed_after_the_arm_it_looks_first_and_then_sends_the_same_request() {
    let story = Story::new("C4", false);
    story.killed_at("C4.after");
    assert_eq!(story.desk.path(&story.delivery).0, "sending");
    assert!(story.account.posts().is_empty());
    story.recovers();
    story.ends(1, &["interrupted", "absent", "published"]);
}

#[test]
fn killed_with_the_first_byte_on_the_wire_it_looks_first_and_then_sends() {
    let story = Story::new("C5", false);
    let victim = Victim::default();
    story
        .front
        .pds
        .next(PUT, Fault::kill_on_first_byte(&victim));
    let daemon = story.desk.home.daemon();
    victim.is(daemon.pid());
    daemon.wait(PATIENCE).expect_killed();
    assert_eq!(story.desk.path(&story.delivery).0, "sending");
    story.recovers();
    story.ends(2, &["interrupted", "absent", "published"]);
}

#[test]
fn killed_when_the_request_was_done_it_finds_the_post_and_never_sends_again() {
    let story = Story::new("C5 done", false);
    let victim = Victim::default();
    story.front.pds.next(PUT, Fault::kill_on_arrival(&victim));
    let daemon = story.desk.home.daemon();
    victim.is(daemon.pid());
    daemon.wait(PATIENCE).expect_killed();
    eventually("the server did it", PATIENCE, || {
        story.account.posts().len() == 1
    });
    story.recovers();
    story.ends(1, &["interrupted", "published"]);
}

#[test]
fn killed_with_the_answer_in_hand_it_finds_the_post() {
    let story = Story::new("C6 before", false);
    story.killed_at("C6.before");
    assert_eq!(story.desk.path(&story.delivery).0, "sending");
    assert_eq!(story.account.posts().len(), 1);
    story.recovers();
    story.ends(1, &["interrupted", "published"]);
}

#[test]
fn killed_after_the_evidence_nothing_is_left_to_do() {
    for point in ["C6.after", "C7.after"] {
        let story = Story::new(point, false);
        story.killed_at(point);
        assert_eq!(story.desk.path(&story.delivery).0, "published", "{point}");
        story.recovers();
        story.ends(1, &["published"]);
    }
}

#[test]
fn killed_while_looking_it_looks_again() {
    let story = Story::new("C8", false);
    story.front.pds.next(PUT, Fault::LoseAnswer);
    story.killed_at("C8.after");
    assert_eq!(story.desk.path(&story.delivery).0, "unknown");
    story.recovers();
    story.ends(1, &["unclear", "published"]);
}

#[test]
fn an_answer_lost_or_lying_or_late_is_looked_up_and_never_sent_again() {
    let late = Duration::from_secs(3);
    for (fault, name) in [
        (Fault::LoseAnswer, "lost"),
        (Fault::Error500ThoughDone, "500 though done"),
        (Fault::DelayAnswer(late), "late"),
        (
            Fault::DelayRequest(Duration::from_millis(2500)),
            "delayed past our timeout",
        ),
    ] {
        let story = Story::new(name, false);
        story.front.pds.next(PUT, fault);
        story.recovers();
        story.ends(1, &["unclear", "published"]);
    }
}

#[test]
fn a_request_the_network_doubles_or_drops_ends_in_one_post() {
    let story = Story::new("doubled", false);
    story.front.pds.next(PUT, Fault::Double);
    story.recovers();
    story.ends(1, &["published"]);

    let story = Story::new("dropped", false);
    story.front.pds.next(PUT, Fault::DropBefore);
    story.recovers();
    story.ends(2, &["unclear", "absent", "published"]);
}

#[test]
fn a_request_that_arrives_after_its_repeat_changes_nothing() {
    let story = Story::new("held back", false);
    let gate = Gate::new();
    story.front.pds.next(PUT, Fault::HoldRequest(gate.clone()));
    story.recovers();
    gate.open();
    story.front.pds.wait_for(PUT, 2);
    story.ends(2, &["unclear", "absent", "published"]);
}

#[test]
fn a_broken_protocol_shows_two_posts_so_these_stories_can_fail() {
    let story = Story::new("twice", false);
    story.front.pds.next(PUT, Fault::LoseAnswer);
    let daemon = story
        .desk
        .home
        .allgreen(["daemon"])
        .fault("rules.blind_retry,rules.new_key_per_attempt")
        .spawn();
    story.desk.wait_for_state(&story.delivery, "published");
    daemon.terminate(PATIENCE);
    assert_eq!(story.account.texts(), ["twice", "twice"]);
}

/// A picture of one dot.
const DOT: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0xf0, 0x1f, 0, 5, 0, 1, 0xff, 0x89, 0x99, 0x3d, 0x1d, 0, 0,
    0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
