//! The main job against the real server: connect, publish at its time, held
//! when access dies, released when it is mended.

use std::time::Duration;

use crate::common::PATIENCE;
use crate::common::program::Desk;
use crate::server::{Front, Peer};

/// A desk at the real server, past no proxy faults.
fn desk() -> (Desk, Front) {
    let front = Peer::shared().front();
    (Desk::new(&front.config()), front)
}

#[test]
fn a_real_account_is_connected_and_a_post_goes_out_at_its_time_with_link_and_image() {
    let account = Peer::shared().account("happy");
    let (desk, _front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("allgreen"));
    let shown = desk.channel(&channel);
    assert_eq!(shown["status"], "ACTIVE");
    assert_eq!(shown["lamp"], "green");
    assert_eq!(shown["platform"], "BLUESKY");
    assert_eq!(shown["platformAccountId"], account.did.as_str());
    let delivery = desk.schedule(&channel, "Hello https://example.com/a and #world", "in 3s");
    let daemon = desk.home.daemon();
    assert!(account.posts().is_empty());
    let row = desk.wait_for_state(&delivery, "published");
    daemon.terminate(PATIENCE);
    let posts = account.posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(row["remoteId"], posts[0].uri.as_str());
    assert!(
        row["permalink"]
            .as_str()
            .unwrap()
            .ends_with(posts[0].rkey())
    );
    assert!(row["lateBySeconds"].as_i64().unwrap() <= 3, "{row:#}");
    let facets = posts[0].value["facets"].as_array().unwrap();
    assert_eq!(facets.len(), 2, "link and hashtag");
}

#[test]
fn a_real_server_without_an_appview_shows_its_posts_and_nothing_turns_amber() {
    let account = Peer::shared().account("reader");
    let (desk, _front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("allgreen"));
    let create = [
        "post", "create", "--to", &channel, "--text", "seen", "--now",
    ];
    desk.home.allgreen(create).run().expect_code(7);
    desk.home.allgreen(["daemon", "--once"]).run().ok();
    let read = desk.json(&["channel", "posts", &channel, "--refresh"]);
    assert!(read["failure"].is_null(), "{read:#}");
    let post = &read["posts"][0];
    assert_eq!(post["text"], "seen");
    assert_eq!(post["id"], account.posts()[0].uri.as_str());
    assert!(post["metrics"]["likes"].is_null(), "nobody counts there");
    let words = ["channel", "comments", &channel, "--refresh", "--json"];
    let refused = desk.home.allgreen(words).run().expect_code(1);
    let trouble = "Upstream";
    assert!(refused.stderr.contains(trouble), "{refused:#?}");
    assert_eq!(desk.channel(&channel)["lamp"], "green");
}

#[test]
fn a_real_thread_with_a_link_card_answers_itself_in_order() {
    let account = Peer::shared().account("thread");
    let (desk, _front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("allgreen"));
    let thread = desk.json(&[
        "post",
        "create",
        "--no-publish",
        "--to",
        &channel,
        "--now",
        "--text",
        "one",
        "--then",
        "two",
        "--then",
        "three",
        "--link-card",
        "https://example.com/a",
        "--card-title",
        "A",
    ]);
    let daemon = desk.home.daemon();
    desk.wait_for_state(thread["deliveries"][2]["id"].as_str().unwrap(), "published");
    daemon.terminate(PATIENCE);
    let posts = account.posts();
    assert_eq!(account.texts(), ["one", "two", "three"]);
    let external = &posts[0].value["embed"]["external"];
    assert_eq!(external["uri"], "https://example.com/a");
    assert_eq!(
        (&external["title"], &external["description"]),
        (&"A".into(), &"".into())
    );
    let named = |at: usize| serde_json::json!({ "uri": posts[at].uri, "cid": posts[at].cid });
    assert_eq!(posts[0].value.get("reply"), None);
    let reply = |root, parent| serde_json::json!({ "root": named(root), "parent": named(parent) });
    assert_eq!(posts[1].value["reply"], reply(0, 0));
    assert_eq!(posts[2].value["reply"], reply(0, 1));
}

#[test]
fn a_revoked_app_password_holds_the_posts_and_a_new_one_releases_them() {
    let account = Peer::shared().account("revoked");
    let (desk, _front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("first"));
    let daemon = desk.home.daemon();
    account.revoke_app_password("first");
    let soon = desk.schedule(&channel, "soon", "in 4s");
    let later = desk.schedule(&channel, "later", "in 2h");
    desk.home.allgreen(["channel", "probe", &channel]).run();
    let broken = desk.wait_for_channel(&channel, "status", "REVOKED");
    assert_eq!(broken["cause"], "app_removed");
    assert_eq!(broken["httpStatus"], 401);
    assert_eq!(broken["lamp"], "broken");
    for id in [&soon, &later] {
        let row = desk.delivery(id);
        assert_eq!(row["state"], "held", "{row:#}");
        assert_eq!(row["badge"], "Channel disconnected");
        assert_eq!(row["reason"], "channel_disconnected");
    }
    let notices = desk.json(&["notice", "list"]);
    let red: Vec<_> = notices
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n["severity"] == "broken")
        .collect();
    assert_eq!(red.len(), 1, "{notices:#}");

    // Another account's credential changes nothing.
    let other = Peer::shared().account("other");
    let wrong = desk
        .home
        .allgreen([
            "channel",
            "reconnect",
            &channel,
            "--handle",
            &other.handle,
            "--password-stdin",
        ])
        .input(other.app_password("x"))
        .run()
        .expect_code(1);
    assert!(
        wrong.stderr.contains(&other.handle) || wrong.stderr.contains(&other.did),
        "{wrong:#?}"
    );
    assert_eq!(desk.channel(&channel)["status"], "REVOKED");

    desk.home
        .allgreen(["channel", "reconnect", &channel, "--password-stdin"])
        .input(account.app_password("second"))
        .run()
        .ok();
    assert_eq!(desk.channel(&channel)["status"], "ACTIVE");
    assert_eq!(desk.delivery(&later)["state"], "scheduled");
    desk.wait_for_state(&soon, "published");
    assert_eq!(account.texts(), ["soon"]);
    daemon.terminate(PATIENCE);
}

#[test]
fn a_takedown_is_restricted_and_heals_when_it_is_lifted() {
    let account = Peer::shared().account("taken");
    let (desk, _front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("allgreen"));
    let daemon = desk.home.daemon();
    account.take_down();
    desk.home.allgreen(["channel", "probe", &channel]).run();
    let broken = desk.wait_for_channel(&channel, "cause", "restricted");
    assert_eq!(broken["publishable"], false);
    account.lift_takedown();
    desk.home
        .allgreen(["channel", "probe", &channel])
        .run()
        .ok();
    assert_eq!(desk.channel(&channel)["cause"], "none");
    daemon.terminate(PATIENCE);
}

#[test]
fn a_changed_main_password_heals_silently() {
    let mut account = Peer::shared().account("changed");
    let (desk, _front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("allgreen"));
    let daemon = desk.home.daemon();
    account.change_password("another-main-password");
    desk.home
        .allgreen(["channel", "probe", &channel])
        .run()
        .ok();
    assert_eq!(desk.channel(&channel)["lamp"], "green");
    let delivery = desk.schedule(&channel, "still here", "in 1s");
    desk.wait_for_state(&delivery, "published");
    daemon.terminate(PATIENCE);
}

#[test]
fn a_deleted_account_is_gone_and_its_posts_stay_held() {
    let account = Peer::shared().account("deleted");
    let (desk, _front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("allgreen"));
    let delivery = desk.schedule(&channel, "never", "in 2h");
    let daemon = desk.home.daemon();
    account.delete();
    desk.home.allgreen(["channel", "probe", &channel]).run();
    desk.wait_for_channel(&channel, "cause", "account_gone");
    assert_eq!(desk.delivery(&delivery)["state"], "held");
    daemon.terminate(PATIENCE);
}

#[test]
fn a_disconnect_wipes_the_tokens_and_the_session_ends_at_the_server() {
    let account = Peer::shared().account("wiped");
    let (desk, front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("allgreen"));
    desk.schedule(&channel, "never", "in 2h");
    desk.home
        .allgreen([
            "channel",
            "disconnect",
            &channel,
            "--yes",
            "--confirm-handle",
            &account.handle,
        ])
        .run()
        .ok();
    let shown = desk.channel(&channel);
    assert_eq!(shown["status"], "DISCONNECTED");
    assert_eq!(
        front.pds.wait_for("com.atproto.server.deleteSession", 1)[0].answer,
        Some(200)
    );
    let list = desk.json(&["post", "list", "--state", "cancelled"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list:#}");
    let database = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    let left: i64 = database
        .query_row("SELECT count(*) FROM secret", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn an_outage_of_the_server_flips_nothing() {
    let account = Peer::shared().account("outage");
    let (desk, front) = desk();
    let channel = desk.connect(&account.handle, &account.app_password("allgreen"));
    let delivery = desk.schedule(&channel, "after the storm", "in 2s");
    front.pds.down();
    let daemon = desk.home.daemon();
    let probe = desk
        .home
        .allgreen(["channel", "probe", &channel, "--wait", "10s"])
        .limit(Duration::from_secs(30))
        .run();
    assert_ne!(probe.code, Some(0));
    let shown = desk.channel(&channel);
    assert_eq!(
        (shown["status"].as_str(), shown["cause"].as_str()),
        (Some("ACTIVE"), Some("none"))
    );
    front.pds.up();
    desk.wait_for_state(&delivery, "published");
    daemon.terminate(PATIENCE);
}
