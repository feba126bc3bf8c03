//! The server still answers what the program was designed for. When one of
//! these fails after an update of the server, the program is what to look at.

use serde_json::{Value, json};

use crate::server::{Account, Answer, Auth, POST, Peer, Xrpc};

/// A key as the program makes them; records are addressed by it.
const KEY: &str = "3n2rzpbzt3k2z";

/// Puts a post under [`KEY`], insisting that nothing is there yet.
pub fn put(xrpc: &Xrpc, account: &Account<'_>, token: &str, text: &str) -> Answer {
    xrpc.post(
        "com.atproto.repo.putRecord",
        Auth::Bearer(token),
        put_body(account, text),
    )
}

pub fn put_body(account: &Account<'_>, text: &str) -> Value {
    json!({
        "repo": account.did,
        "collection": POST,
        "rkey": KEY,
        "swapRecord": null,
        "record": { "$type": POST, "text": text, "createdAt": "2026-11-21T09:00:00.000Z" },
    })
}

fn refresh(xrpc: &Xrpc, token: &str) -> Answer {
    xrpc.call(
        reqwest::Method::POST,
        "com.atproto.server.refreshSession",
        &[],
        Auth::Bearer(token),
        None,
    )
}

#[test]
fn the_peer_answers_as_recorded() {
    let peer = Peer::shared();
    let account = peer.account("recorded");
    let app_password = account.app_password("allgreen");

    let session = account.log_in(&app_password).ok();
    assert_eq!(session.text("did"), account.did);
    assert_eq!(session.text("handle"), account.handle);
    assert_eq!(session.body["active"], true);
    assert_eq!(
        session.body["didDoc"]["service"][0]["serviceEndpoint"],
        peer.pds.as_str()
    );
    let wrong = account.log_in("not-the-password");
    assert_eq!(wrong.verdict(), (401, "AuthenticationRequired"));

    let refreshed = refresh(&peer.xrpc(), &session.text("refreshJwt")).ok();
    // The access token carries nothing but seconds, so within one second the
    // "new" one is the same text; only the refresh token tells them apart.
    assert_ne!(refreshed.text("refreshJwt"), session.text("refreshJwt"));
    refresh(&peer.xrpc(), &session.text("refreshJwt")).ok();
    let token = refreshed.text("accessJwt");

    let first = put(&peer.xrpc(), &account, &token, "hello").ok();
    assert!(first.body["commit"]["cid"].is_string(), "{first:?}");
    let again = put(&peer.xrpc(), &account, &token, "hello").ok();
    assert!(again.body.get("commit").is_none(), "{again:?}");
    assert_eq!(again.text("cid"), first.text("cid"));
    let other = put(&peer.xrpc(), &account, &token, "goodbye");
    assert_eq!(other.verdict(), (400, "InvalidSwap"));

    assert_eq!(account.texts(), ["hello"]);
    let live = account.record(POST, KEY).expect("the post is live");
    assert_eq!((live.rkey(), &live.cid), (KEY, &first.text("cid")));
    assert_eq!(account.record(POST, "3n2rzpbzt3k3a"), None);
}

#[test]
fn a_revoked_app_password_ends_refreshing_but_not_the_open_session() {
    let peer = Peer::shared();
    let account = peer.account("revoked");
    let app_password = account.app_password("allgreen");
    let session = account.log_in(&app_password).ok();

    account.revoke_app_password("allgreen");

    let refused = refresh(&peer.xrpc(), &session.text("refreshJwt"));
    assert_eq!(refused.verdict(), (400, "ExpiredToken"));
    let refused = account.log_in(&app_password);
    assert_eq!(refused.verdict(), (401, "AuthenticationRequired"));
    put(&peer.xrpc(), &account, &session.text("accessJwt"), "late").ok();
}

#[test]
fn a_new_main_password_ends_sessions_but_not_app_passwords() {
    let peer = Peer::shared();
    let mut account = peer.account("changed");
    let app_password = account.app_password("allgreen");
    let session = account.log_in(&app_password).ok();

    account.change_password("another-main-password");

    let refused = refresh(&peer.xrpc(), &session.text("refreshJwt"));
    assert_eq!(refused.verdict(), (400, "ExpiredToken"));
    account.log_in(&app_password).ok();
    account.log_in(&account.password).ok();
}

#[test]
fn a_taken_down_account_refuses_posts_until_it_is_lifted() {
    let peer = Peer::shared();
    let account = peer.account("down");
    let app_password = account.app_password("allgreen");
    let session = account.log_in(&app_password).ok();

    account.take_down();
    let refused = put(&peer.xrpc(), &account, &session.text("accessJwt"), "hello");
    assert_eq!(refused.verdict(), (401, "AccountTakedown"));
    let refused = account.log_in(&app_password);
    assert_eq!(refused.verdict(), (401, "AuthenticationRequired"));

    account.lift_takedown();
    account.log_in(&app_password).ok();
    let refused = refresh(&peer.xrpc(), &session.text("refreshJwt"));
    assert_eq!(refused.verdict(), (400, "ExpiredToken"));
}

#[test]
fn a_deactivated_account_still_logs_in_and_cannot_post_until_it_is_back() {
    let peer = Peer::shared();
    let account = peer.account("asleep");
    let app_password = account.app_password("allgreen");

    account.deactivate();
    let session = account.log_in(&app_password).ok();
    assert_eq!(session.body["active"], false);
    assert_eq!(session.body["status"], "deactivated");
    let token = session.text("accessJwt");
    let refused = put(&peer.xrpc(), &account, &token, "hello");
    assert_eq!(refused.verdict(), (401, "AccountDeactivated"));

    account.activate();
    put(&peer.xrpc(), &account, &token, "hello").ok();
}

#[test]
fn a_deleted_account_is_unknown() {
    let peer = Peer::shared();
    let account = peer.account("gone");
    let session = account.log_in(&account.app_password("allgreen")).ok();

    account.delete();

    let refused = put(&peer.xrpc(), &account, &session.text("accessJwt"), "hello");
    assert_eq!(refused.verdict(), (403, "AccountNotFound"));
}
