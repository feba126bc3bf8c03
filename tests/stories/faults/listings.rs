//! Rows 12 and 13: what a network says when it is asked whether it has our post.

use allgreen::domain::delivery::State;
use allgreen::domain::network::Network;

use super::ground::{Ground, wait};
use crate::common::http;
use crate::common::proxy::Fault;

/// The account's statuses, as they are asked for.
const LIST: &str = "/api/v1/accounts/*";

/// A listing that does not show yet what was made a moment ago.
fn stale() -> Fault {
    Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body: "[]".into(),
    }
}

#[test]
fn row_12_a_repeat_that_ends_in_a_500_is_looked_up_in_the_list_and_not_sent_again() {
    let ground = Ground::new(Network::Mastodon);
    let mastodon = ground.office.sandbox.mastodon();
    mastodon.differ(|server| server.repeats_fail = true);
    let post = ground.post("once");
    // It is live, its answer is lost, and the list does not show it in time: so
    // the same request goes out again, under the same key.
    ground.spoil(Fault::LoseAnswer);
    ground.front.next(LIST, stale());
    ground.front.next(LIST, stale());
    ground.passes(1);
    assert_eq!(ground.live(), ["once"]);
    ground.passes(14);
    let sends = ground.sends();
    assert_eq!(sends.len(), 2, "{sends:#?}");
    assert_eq!(sends[1].server_said, [500], "the repeat was answered so");
    assert_eq!(sends[0].body_sha256, sends[1].body_sha256);
    assert_eq!(
        ground.verdicts(&post),
        ["unclear", "absent", "absent", "unclear", "published"]
    );
    assert_eq!(ground.state(&post), State::Published);
    assert_eq!(ground.live(), ["once"]);
}

#[test]
fn row_13_two_posts_that_may_be_ours_are_a_persons_to_tell_apart() {
    let ground = Ground::new(Network::Mastodon);
    let mastodon = ground.office.sandbox.mastodon();
    mastodon.ignore_idempotency(true);
    let post = ground.post("once");
    ground.spoil(Fault::LoseAnswer);
    ground.passes(1);
    // Somebody was tired of waiting and posted it by hand.
    let token = mastodon.create_token("acme", &["read", "write"]).unwrap();
    let server = ground.office.sandbox.mastodon_base();
    let by_hand = async {
        let request = http().post(format!("{server}/api/v1/statuses"));
        let body = serde_json::json!({ "status": "once" });
        request.bearer_auth(token).json(&body).send().await.unwrap()
    };
    assert!(wait(by_hand).status().is_success());
    ground.passes(14);
    assert_eq!(ground.state(&post), State::NeedsDecision);
    assert_eq!(ground.verdicts(&post), ["unclear", "different"]);
    assert!(
        ground.why(&post).contains("2 statuses"),
        "{}",
        ground.why(&post)
    );
    assert_eq!(ground.sends().len(), 1);
    assert_eq!(ground.live(), ["once", "once"], "nobody added a third");
}

#[test]
fn row_13_a_listing_that_repeats_itself_is_no_proof_and_one_that_lags_is_read_again() {
    // Lags once: the second reading finds it, nothing is sent.
    let ground = Ground::new(Network::Mastodon);
    let post = ground.post("once");
    ground.spoil(Fault::LoseAnswer);
    ground.front.next(LIST, stale());
    ground.passes(8);
    assert_eq!(ground.verdicts(&post), ["unclear", "absent", "published"]);
    assert_eq!(ground.sends().len(), 1);

    // Lists the same status twice: that is one status.
    let ground = Ground::new(Network::Mastodon);
    let post = ground.post("once");
    ground.spoil(Fault::LoseAnswer);
    ground.passes(1);
    let status = &ground.office.sandbox.mastodon().statuses()[0];
    let listed = serde_json::json!({
        "id": status.id,
        "url": null,
        "created_at": status.at.to_string(),
        "media_attachments": [],
    });
    let body = serde_json::json!([listed, listed]).to_string();
    let twice = Fault::Answer {
        status: 200,
        headers: Vec::new(),
        body,
    };
    ground.front.next(LIST, twice);
    ground.passes(14);
    assert_eq!(
        ground.state(&post),
        State::Published,
        "{}",
        ground.why(&post)
    );
    assert_eq!(ground.sends().len(), 1);
    assert_eq!(ground.live(), ["once"]);
}
