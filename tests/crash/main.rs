//! The program killed at every named point, over a network that loses, delays and doubles answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]
#![allow(missing_docs, reason = "a test is named by what it shows")]

#[path = "../common/mod.rs"]
mod common;
mod publishers;

use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use common::crashes::Ground;
use common::proxy::Proxy;
use common::runtime;

/// An account on the simulated network.
pub struct Simulated {
    pub sandbox: Sandbox,
    server: Proxy,
    directory: Proxy,
    did: String,
    password: String,
}

impl Ground for Simulated {
    fn new() -> Self {
        let options = SandboxOptions {
            clock: Clock::real(),
            seed: 7,
            port: 0,
        };
        let sandbox = runtime().block_on(Sandbox::start(options)).unwrap();
        let did = sandbox
            .bluesky()
            .create_account("ann.test", "main-password-1", "Ann")
            .unwrap();
        let password = sandbox
            .bluesky()
            .create_app_password(&did, "allgreen")
            .unwrap();
        let server = Proxy::start(sandbox.base());
        let directory = Proxy::start(sandbox.directory());
        let named =
            |address: &str| format!(r#""serviceEndpoint":"{}""#, address.trim_end_matches('/'));
        for proxy in [&server, &directory] {
            proxy.replace_in_answers(&named(sandbox.base()), &named(&server.url()));
        }
        Self {
            sandbox,
            server,
            directory,
            did,
            password,
        }
    }

    fn config(&self) -> String {
        format!(
            "[networks.bluesky]\napi_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n",
            self.server.url(),
            self.directory.url()
        )
    }

    fn handle(&self) -> String {
        "ann.test".into()
    }

    fn app_password(&self) -> String {
        self.password.clone()
    }

    fn proxy(&self) -> &Proxy {
        &self.server
    }

    fn posts(&self) -> Vec<(String, String)> {
        // Keys rise with time, as the server lists them.
        let mut posts: Vec<_> = self
            .sandbox
            .bluesky()
            .ledger()
            .into_iter()
            .filter(|entry| entry.did == self.did && entry.collection == "app.bsky.feed.post")
            .map(|entry| {
                (
                    format!("at://{}/{}/{}", entry.did, entry.collection, entry.rkey),
                    entry.text,
                )
            })
            .collect();
        posts.sort();
        posts
    }
}

crash_stories! {
    Simulated:
    killed_before_the_arm_it_is_still_scheduled_and_sent_once,
    killed_after_an_upload_the_upload_is_used_and_not_made_again,
    killed_after_the_arm_it_looks_first_and_then_sends_the_same_request,
    killed_with_the_first_byte_on_the_wire_it_looks_first_and_then_sends,
    killed_when_the_request_was_done_it_finds_the_post_and_never_sends_again,
    killed_with_the_answer_in_hand_it_finds_the_post,
    killed_after_the_evidence_nothing_is_left_to_do,
    killed_while_looking_it_looks_again,
    an_answer_lost_or_lying_or_late_is_looked_up_and_never_sent_again,
    a_request_the_network_doubles_or_drops_ends_in_one_post,
    a_request_that_arrives_after_its_repeat_changes_nothing,
    a_broken_protocol_shows_two_posts_so_these_stories_can_fail,
}
