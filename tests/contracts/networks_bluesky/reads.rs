//! Recent posts, their counts, and what people answer.

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::post_options::PostOptions;
use allgreen::networks::reads::{CommentKind, Count, Offer, about_the_login, refused};
use allgreen::networks::{Outcome, Publish, Session, Step};
use allgreen::sandbox::faults::{Fault, Outage};

use super::{ALICE, Scene};

/// A scene with an AppView, and the addresses of these posts.
async fn scene(texts: &[&str]) -> (Scene, Session, Vec<String>) {
    let scene = Scene::new().await;
    scene.bluesky().app_view(true);
    let session = scene.session().await;
    let mut made = Vec::new();
    for text in texts {
        scene.clock.advance(std::time::Duration::from_secs(60));
        made.push(publish(&scene, &session, text).await);
    }
    (scene, session, made)
}

async fn publish(scene: &Scene, session: &Session, text: &str) -> String {
    let now = scene.clock.now();
    let publish = Publish {
        limits: Default::default(),
        key: scene.networked.key(&format!("dlv_{text}"), now, 0),
        account: scene.did.clone(),
        text: text.into(),
        media: Vec::new(),
        options: PostOptions::default(),
        reply_to: None,
        rendered: None,
        now,
    };
    let Step::Visible(call) = scene.networked.next(&publish, &[]) else {
        panic!("a text goes out with one call");
    };
    let run = scene.networked.run(&scene.net, session, &publish, &call);
    match run.await {
        Outcome::Published(remote) => remote.id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn i_recent_posts_are_the_accounts_own_with_their_counts_newest_first() {
    let (scene, session, made) = scene(&["one", "two"]).await;
    let bluesky = scene.bluesky();
    let bob = bluesky.create_account("bob.test", "p", "Bob").unwrap();
    let theirs = bluesky.mention(&bob, ALICE, "hello").unwrap();
    bluesky.repost(ALICE, &theirs).unwrap();
    bluesky.like(&made[0], 7).unwrap();
    bluesky.repost(&bob, &made[0]).unwrap();
    let answer = bluesky.reply(&bob, &made[0], "nice").unwrap();
    // An answer of the account's own is a comment, not a post of its feed.
    bluesky.reply(ALICE, &answer, "thanks").unwrap();

    let read = scene
        .networked
        .recent_posts(&scene.net, &session, &scene.did, 50);
    let page = read.await.unwrap();
    assert!(page.whole);
    let texts: Vec<_> = page.items.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["two", "one"]);
    let first = &page.items[1];
    assert_eq!(first.id, made[0], "the id a delivery has");
    let link = first.permalink.as_deref().unwrap();
    assert!(
        link.starts_with("https://bsky.app/profile/did:plc:"),
        "{link}"
    );
    assert_eq!(
        first.counts,
        [
            (Count::Likes, 7),
            (Count::Reposts, 1),
            (Count::Replies, 1),
            (Count::Quotes, 0),
            (Count::Bookmarks, 0)
        ]
    );
    let read = scene
        .networked
        .recent_posts(&scene.net, &session, &scene.did, 1);
    assert!(!read.await.unwrap().whole, "there is more");
}

#[tokio::test]
async fn i_counts_are_read_in_bulk_and_a_post_that_is_gone_is_left_out() {
    let texts: Vec<String> = (0..30).map(|n| format!("post {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (scene, session, mut ids) = scene(&texts).await;
    scene.bluesky().like(&ids[29], 3).unwrap();
    ids.push(format!(
        "at://{}/app.bsky.feed.post/3nowhere22222",
        scene.did
    ));
    scene.bluesky().forget_calls();
    let read = scene
        .networked
        .metrics(&scene.net, &session, &scene.did, &ids);
    let found = read.await.unwrap();
    assert_eq!(found.len(), 30);
    let liked = found.iter().find(|one| one.id == ids[29]).unwrap();
    assert_eq!(liked.counts[0], (Count::Likes, 3));
    assert_eq!(scene.calls(), ["getPosts", "getPosts"], "25 at a time");
}

#[tokio::test]
async fn i_replies_mentions_and_quotes_by_others_are_comments() {
    let (scene, session, made) = scene(&["one"]).await;
    let bluesky = scene.bluesky();
    let bob = bluesky.create_account("bob.test", "p", "Bob").unwrap();
    let mut at = Vec::new();
    let step = || scene.clock.advance(std::time::Duration::from_secs(60));
    step();
    at.push(bluesky.reply(&bob, &made[0], "hi\u{1b}[2J\nthere").unwrap());
    step();
    at.push(bluesky.mention(&bob, ALICE, "@alice look").unwrap());
    step();
    at.push(bluesky.quote(&bob, &made[0], "see this").unwrap());
    let read = scene
        .networked
        .comments(&scene.net, &session, &scene.did, 50);
    let page = read.await.unwrap();
    let seen: Vec<_> = page
        .items
        .iter()
        .map(|one| (one.kind, one.text.as_str(), one.post.as_deref()))
        .collect();
    let post = Some(made[0].as_str());
    assert_eq!(
        seen,
        [
            (CommentKind::Quote, "see this", post),
            (CommentKind::Mention, "@alice look", None),
            (CommentKind::Reply, "hi␛[2J\nthere", post),
        ]
    );
    assert!(page.items.iter().all(|one| one.author == "bob.test"));
    assert!(page.items.iter().all(|one| one.permalink.is_some()));
    assert_eq!(page.items[2].id, at[0]);
}

#[tokio::test]
async fn a2_why_a_reading_brought_nothing_is_told_by_its_class() {
    let (scene, session, _) = scene(&["one"]).await;
    let class = async || {
        let read = scene
            .networked
            .recent_posts(&scene.net, &session, &scene.did, 50);
        read.await.unwrap_err().class
    };
    let bluesky = scene.bluesky();
    bluesky.outage(Outage::Unavailable);
    assert_eq!(class().await, AnswerClass::Transient, "an outage");
    assert!(!refused(AnswerClass::Transient));
    bluesky.outage(Outage::None);
    let feed = "app.bsky.feed.getAuthorFeed";
    let scope = r#"{"error":"InvalidToken","message":"Bad token scope"}"#;
    bluesky.fault_once(feed, Fault::Status(400, scope.into()));
    assert_eq!(class().await, AnswerClass::MissingScope);
    bluesky.fault_once(feed, Fault::Status(418, "new".into()));
    assert_eq!(class().await, AnswerClass::Unclassified);
    bluesky.expire_access_tokens(ALICE).unwrap();
    let ended = class().await;
    assert_eq!(ended, AnswerClass::TokenExpired);
    assert!(about_the_login(ended), "a renewal judges it");
    assert_eq!(scene.networked.descriptor().reads.posts, Offer::Here);
}

#[tokio::test]
async fn i_without_an_appview_the_servers_own_list_shows_the_posts_and_no_counts() {
    let (scene, session, made) = scene(&["one", "two"]).await;
    let bluesky = scene.bluesky();
    bluesky.reply(ALICE, &made[0], "to myself").unwrap();
    bluesky.app_view(false);
    let read = scene
        .networked
        .recent_posts(&scene.net, &session, &scene.did, 50);
    let page = read.await.unwrap();
    let seen: Vec<_> = page
        .items
        .iter()
        .map(|one| (one.text.as_str(), one.counts.len()))
        .collect();
    assert_eq!(seen, [("two", 0), ("one", 0)]);
    assert_eq!(page.items[1].id, made[0]);
    let read = scene
        .networked
        .comments(&scene.net, &session, &scene.did, 50);
    assert_eq!(read.await.unwrap_err().class, AnswerClass::Transient);
}
