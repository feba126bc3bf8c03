//! The crash stories over the real server.

use crate::common::crashes::Ground;
use crate::common::proxy::Proxy;
use crate::crash_stories;
use crate::server::{Account, Front, Peer};

/// An account on the real server.
struct Real {
    account: Account<'static>,
    front: Front,
    password: String,
}

impl Ground for Real {
    fn new() -> Self {
        let peer = Peer::shared();
        let account = peer.account("crash");
        let password = account.app_password("allgreen");
        Self {
            account,
            front: peer.front(),
            password,
        }
    }

    fn config(&self) -> String {
        self.front.config()
    }

    fn handle(&self) -> String {
        self.account.handle.clone()
    }

    fn app_password(&self) -> String {
        self.password.clone()
    }

    fn proxy(&self) -> &Proxy {
        &self.front.pds
    }

    fn posts(&self) -> Vec<(String, String)> {
        self.account
            .posts()
            .iter()
            .map(|record| (record.uri.clone(), record.text()))
            .collect()
    }
}

crash_stories! {
    Real:
    row_15_killed_before_the_arm_it_is_still_scheduled_and_sent_once,
    row_15_killed_after_an_upload_the_upload_is_used_and_not_made_again,
    row_15_killed_after_the_arm_it_looks_first_and_then_sends_the_same_request,
    row_15_killed_with_the_first_byte_on_the_wire_it_looks_first_and_then_sends,
    row_15_killed_when_the_request_was_done_it_finds_the_post_and_never_sends_again,
    row_15_killed_with_the_answer_in_hand_it_finds_the_post,
    row_15_killed_after_the_evidence_nothing_is_left_to_do,
    row_15_killed_while_looking_it_looks_again,
    an_answer_lost_or_lying_or_late_is_looked_up_and_never_sent_again,
    a_request_the_network_doubles_or_drops_ends_in_one_post,
    a_request_that_arrives_after_its_repeat_changes_nothing,
    row_15_killed_between_the_parts_of_a_thread_the_rest_follows_and_none_goes_out_twice,
    a_broken_protocol_shows_two_posts_so_these_stories_can_fail,
}
