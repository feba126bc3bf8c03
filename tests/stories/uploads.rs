//! Large media: how far the upload is can be seen while it goes on, and is
//! forgotten when it is over.

use crate::common::crashes::DOT;
use crate::common::program::Desk;
use crate::common::proxy::{Fault, Gate, Proxy};
use crate::common::simulated::sandbox;
use crate::common::{PATIENCE, eventually_some};

#[test]
fn i_an_upload_under_way_shows_how_far_it_is() {
    let sandbox = sandbox();
    sandbox.mastodon().create_account("acme").unwrap();
    let scopes = ["read", "write"];
    let token = sandbox.mastodon().create_token("acme", &scopes).unwrap();
    let proxy = Proxy::start(sandbox.mastodon_base());
    let desk = Desk::new("[networks.mastodon]\nallow_private_hosts = true\n");
    let url = proxy.url();
    let words = [
        "channel",
        "connect",
        "mastodon",
        "--server",
        &url,
        "--token-stdin",
        "--json",
    ];
    let connected = desk
        .home
        .allgreen(words)
        .input(format!("{token}\n"))
        .run()
        .ok();
    let id = connected.json()["id"].as_str().unwrap().to_owned();
    let picture = desk.home.file("big.png");
    let mut bytes = DOT.to_vec();
    // A picture goes on being one with more behind it.
    bytes.resize(3 << 20, 0);
    std::fs::write(&picture, &bytes).unwrap();
    let gate = Gate::new();
    proxy.next("/api/v2/media", Fault::HoldRequest(gate.clone()));
    let picture = picture.to_str().unwrap();
    let post = desk.json(&[
        "post",
        "create",
        "--no-publish",
        "--to",
        &id,
        "--text",
        "big",
        "--media",
        picture,
        "--alt",
        "dot",
        "--now",
    ]);
    let delivery = post["deliveries"][0]["id"].as_str().unwrap().to_owned();
    let daemon = desk.home.daemon();
    let upload = eventually_some("an upload", PATIENCE, || {
        let upload = desk.delivery(&delivery)["upload"].clone();
        (upload["sentBytes"].as_u64() > Some(0)).then_some(upload)
    });
    assert_eq!(upload["medium"], 1);
    assert_eq!(upload["bytes"], 3 << 20);
    let shown = desk
        .home
        .allgreen(["post", "show", post["id"].as_str().unwrap()])
        .run()
        .ok();
    assert!(shown.stdout.contains("medium 1: "), "{}", shown.stdout);
    gate.open();
    let out = desk.wait_for_state(&delivery, "published");
    assert!(out["upload"].is_null(), "{out:#}");
    daemon.terminate(PATIENCE);
    assert_eq!(sandbox.mastodon().statuses()[0].media.len(), 1);
}
