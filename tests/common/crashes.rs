//! The publisher killed at every named point, and answers lost, late, doubled
//! and lying, in front of a network: afterwards each delivery's state is what
//! the network's own list of records says, and there are never two.
//!
//! The same stories are told over the simulated network everywhere and over the
//! real server where it is installed: see [`crash_stories`].

use std::collections::BTreeSet;
use std::time::Duration;

use super::program::Desk;
use super::proxy::{Fault, Gate, Proxy, Victim};
use super::{PATIENCE, eventually};

const PUT: &str = "com.atproto.repo.putRecord";
const UPLOAD: &str = "com.atproto.repo.uploadBlob";

/// A network with one account, behind a proxy.
pub trait Ground {
    /// A new account, and proxies in front of the network.
    fn new() -> Self;
    /// The part of `config.toml` that points the program here.
    fn config(&self) -> String;
    /// The account's handle.
    fn handle(&self) -> String;
    /// Its app password.
    fn app_password(&self) -> String;
    /// The proxy in front of the account's server.
    fn proxy(&self) -> &Proxy;
    /// Address and text of every post that is live, oldest first.
    fn posts(&self) -> Vec<(String, String)>;
}

/// Makes each story a test over this ground.
#[macro_export]
macro_rules! crash_stories {
    ($ground:ty: $($story:ident),* $(,)?) => {
        $(#[test] fn $story() { $crate::common::crashes::$story::<$ground>(); })*
    };
}

/// A channel with one post that is due, nobody publishing.
struct Story<G> {
    ground: G,
    desk: Desk,
    delivery: String,
}

impl<G: Ground> Story<G> {
    fn new(text: &str, image: bool) -> Self {
        Self::with(text, image, &[]).0
    }

    /// The same with a second part; the part's id.
    fn thread(text: &str) -> (Self, String) {
        let (story, mut later) = Self::with(text, false, &["--then", "and then"]);
        (story, later.remove(0))
    }

    fn with(text: &str, image: bool, more: &[&str]) -> (Self, Vec<String>) {
        let ground = G::new();
        let desk = Desk::new(&ground.config());
        let channel = desk.connect(&ground.handle(), &ground.app_password());
        let mut args = vec![
            "post",
            "create",
            "--no-publish",
            "--to",
            &channel,
            "--text",
            text,
            "--now",
        ];
        let picture = desk.home.file("dot.png");
        let picture = picture.to_str().unwrap();
        if image {
            std::fs::write(picture, DOT).unwrap();
            args.extend(["--media", picture, "--alt", "a dot"]);
        }
        args.extend(more);
        let post = desk.json(&args);
        let made = post["deliveries"].as_array().unwrap().iter();
        let mut ids: Vec<String> = made
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        let delivery = ids.remove(0);
        ground.proxy().forget_calls();
        let story = Self {
            ground,
            desk,
            delivery,
        };
        (story, ids)
    }

    fn proxy(&self) -> &Proxy {
        self.ground.proxy()
    }

    fn posts(&self) -> Vec<(String, String)> {
        self.ground.posts()
    }

    fn texts(&self) -> Vec<String> {
        self.posts().into_iter().map(|(_, text)| text).collect()
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

    /// Runs a healthy daemon until the post is out.
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
        let posts = self.posts();
        assert_eq!(posts.len(), 1, "one post at the network: {posts:?}");
        let row = self.desk.delivery(&self.delivery);
        assert_eq!(
            row["remoteId"].as_str().unwrap(),
            posts[0].0,
            "we know which one it is"
        );
        let calls = self.proxy().calls(PUT);
        assert_eq!(calls.len(), puts, "calls: {calls:#?}");
        // A request that was cut off has no whole body.
        let whole: BTreeSet<_> = calls
            .iter()
            .filter(|call| call.forwarded > 0)
            .map(|call| &call.body_sha256)
            .collect();
        assert!(
            whole.len() <= 1,
            "every repeat is the same request: {calls:#?}"
        );
    }
}

pub fn row_15_killed_before_the_arm_it_is_still_scheduled_and_sent_once<G: Ground>() {
    for point in ["C0.after", "C1.after", "C2.after"] {
        let story = Story::<G>::new(point, false);
        story.killed_at(point);
        assert_eq!(story.desk.path(&story.delivery).0, "scheduled", "{point}");
        assert!(story.posts().is_empty(), "{point}");
        story.recovers();
        story.ends(1, &["published"]);
    }
}

pub fn row_15_killed_after_an_upload_the_upload_is_used_and_not_made_again<G: Ground>() {
    let story = Story::<G>::new("C3", true);
    story.killed_at("C3.after");
    assert_eq!(story.desk.path(&story.delivery).0, "scheduled");
    story.recovers();
    story.ends(1, &["published"]);
    assert_eq!(story.proxy().calls(UPLOAD).len(), 1);
}

pub fn row_15_killed_after_the_arm_it_looks_first_and_then_sends_the_same_request<G: Ground>() {
    let story = Story::<G>::new("C4", false);
    story.killed_at("C4.after");
    assert_eq!(story.desk.path(&story.delivery).0, "sending");
    assert!(story.posts().is_empty());
    story.recovers();
    story.ends(1, &["interrupted", "absent", "published"]);
}

pub fn row_15_killed_with_the_first_byte_on_the_wire_it_looks_first_and_then_sends<G: Ground>() {
    let story = Story::<G>::new("C5", false);
    let victim = Victim::default();
    story.proxy().next(PUT, Fault::kill_on_first_byte(&victim));
    let daemon = story.desk.home.daemon();
    victim.is(daemon.pid());
    daemon.wait(PATIENCE).expect_killed();
    assert_eq!(story.desk.path(&story.delivery).0, "sending");
    story.recovers();
    story.ends(2, &["interrupted", "absent", "published"]);
}

pub fn row_15_killed_when_the_request_was_done_it_finds_the_post_and_never_sends_again<
    G: Ground,
>() {
    let story = Story::<G>::new("C5 done", false);
    let victim = Victim::default();
    story.proxy().next(PUT, Fault::kill_on_arrival(&victim));
    let daemon = story.desk.home.daemon();
    victim.is(daemon.pid());
    daemon.wait(PATIENCE).expect_killed();
    eventually("the server did it", PATIENCE, || story.posts().len() == 1);
    story.recovers();
    story.ends(1, &["interrupted", "published"]);
}

pub fn row_15_killed_with_the_answer_in_hand_it_finds_the_post<G: Ground>() {
    let story = Story::<G>::new("C6 before", false);
    story.killed_at("C6.before");
    assert_eq!(story.desk.path(&story.delivery).0, "sending");
    assert_eq!(story.posts().len(), 1);
    story.recovers();
    story.ends(1, &["interrupted", "published"]);
}

pub fn row_15_killed_after_the_evidence_nothing_is_left_to_do<G: Ground>() {
    for point in ["C6.after", "C7.after"] {
        let story = Story::<G>::new(point, false);
        story.killed_at(point);
        assert_eq!(story.desk.path(&story.delivery).0, "published", "{point}");
        story.recovers();
        story.ends(1, &["published"]);
    }
}

pub fn row_15_killed_while_looking_it_looks_again<G: Ground>() {
    let story = Story::<G>::new("C8", false);
    story.proxy().next(PUT, Fault::LoseAnswer);
    story.killed_at("C8.after");
    assert_eq!(story.desk.path(&story.delivery).0, "unknown");
    story.recovers();
    story.ends(1, &["unclear", "published"]);
}

pub fn an_answer_lost_or_lying_or_late_is_looked_up_and_never_sent_again<G: Ground>() {
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
        let story = Story::<G>::new(name, false);
        story.proxy().next(PUT, fault);
        story.recovers();
        story.ends(1, &["unclear", "published"]);
    }
}

pub fn a_request_the_network_doubles_or_drops_ends_in_one_post<G: Ground>() {
    let story = Story::<G>::new("doubled", false);
    story.proxy().next(PUT, Fault::Double);
    story.recovers();
    story.ends(1, &["published"]);

    let story = Story::<G>::new("dropped", false);
    story.proxy().next(PUT, Fault::DropBefore);
    story.recovers();
    story.ends(2, &["unclear", "absent", "published"]);
}

pub fn a_request_that_arrives_after_its_repeat_changes_nothing<G: Ground>() {
    let story = Story::<G>::new("held back", false);
    let gate = Gate::new();
    story.proxy().next(PUT, Fault::HoldRequest(gate.clone()));
    story.recovers();
    gate.open();
    story.proxy().wait_for(PUT, 2);
    story.ends(2, &["unclear", "absent", "published"]);
}

pub fn a_broken_protocol_shows_two_posts_so_these_stories_can_fail<G: Ground>() {
    let story = Story::<G>::new("twice", false);
    story.proxy().next(PUT, Fault::LoseAnswer);
    let daemon = story
        .desk
        .home
        .allgreen(["daemon"])
        .fault("rules.blind_retry,rules.new_key_per_attempt")
        .spawn();
    story.desk.wait_for_state(&story.delivery, "published");
    daemon.terminate(PATIENCE);
    assert_eq!(story.texts(), ["twice", "twice"]);
}

pub fn row_15_killed_between_the_parts_of_a_thread_the_rest_follows_and_none_goes_out_twice<
    G: Ground,
>() {
    for point in ["C6.before", "C6.after", "C7.after"] {
        let (story, second) = Story::<G>::thread(point);
        story.killed_at(point);
        assert_eq!(story.texts(), [point], "the first part alone");
        assert_eq!(story.desk.path(&second).0, "scheduled", "{point}");
        let daemon = story.desk.home.daemon();
        story.desk.wait_for_state(&second, "published");
        daemon.terminate(PATIENCE);
        assert_eq!(story.texts(), [point, "and then"]);
        assert_eq!(story.desk.path(&story.delivery).0, "published");
        assert_eq!(story.proxy().calls(PUT).len(), 2, "{point}");
    }
}

/// A picture of one dot.
pub const DOT: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0xf0, 0x1f, 0, 5, 0, 1, 0xff, 0x89, 0x99, 0x3d, 0x1d, 0, 0,
    0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
