//! Recent statuses, their counts, and who mentioned the account.

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::post_options::Visibility;
use allgreen::networks::reads::{CommentKind, Count};
use allgreen::networks::{Outcome, Session};
use allgreen::sandbox::mastodon::Status;

use super::Scene;

async fn post(scene: &Scene, session: &Session, text: &str, who: Option<Visibility>) -> Status {
    let mut publish = scene.publish(text);
    publish.key = format!("key-{}", scene.mastodon().statuses().len());
    publish.options.visibility = who;
    let sent = scene.send(session, &mut publish).await;
    assert!(matches!(sent, Outcome::Published(_)), "{sent:?}");
    scene.mastodon().statuses().pop().unwrap()
}

#[tokio::test]
async fn i_recent_statuses_are_read_as_text_with_their_counts_and_without_messages() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let first = post(
        &scene,
        &session,
        "5 < 6 & \"so\"\n\nhttps://example.org/a/very/long/way/to/the/page?x=1",
        None,
    )
    .await;
    post(&scene, &session, "between us", Some(Visibility::Direct)).await;
    post(&scene, &session, "second", None).await;
    scene.mastodon().favourite(&first.id, 4).unwrap();
    scene.mastodon().reblog(&first.id, 2).unwrap();
    let read = scene
        .networked
        .recent_posts(&scene.net, &session, &scene.account, 40);
    let page = read.await.unwrap();
    let texts: Vec<_> = page.items.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "second",
            "5 < 6 & \"so\"\n\nhttps://example.org/a/very/long/way/to/the/page?x=1"
        ],
        "a message is nobody else's to read"
    );
    let one = &page.items[1];
    assert_eq!(one.id, first.id);
    assert_eq!(
        one.counts,
        [(Count::Likes, 4), (Count::Reposts, 2), (Count::Replies, 0)]
    );
    assert!(one.permalink.as_deref().unwrap().ends_with(&first.id));
}

#[tokio::test]
async fn i_counts_are_read_in_bulk_or_one_by_one_where_the_server_is_old() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let mut ids = Vec::new();
    for n in 0..22 {
        ids.push(post(&scene, &session, &format!("post {n}"), None).await.id);
    }
    scene.mastodon().favourite(&ids[0], 1).unwrap();
    ids.insert(1, "42".into());
    let calls = |endpoint: &str| {
        let calls = scene.mastodon().calls();
        calls
            .iter()
            .filter(|call| call.endpoint == endpoint)
            .count()
    };
    let read = async || {
        let metrics = scene
            .networked
            .metrics(&scene.net, &session, &scene.account, &ids);
        metrics.await.unwrap()
    };
    // Each status was looked at once after it was made.
    let before = calls("get_status");
    let found = read().await;
    assert_eq!(found.len(), 22, "the one that is gone is left out");
    assert_eq!(found[0].counts[0], (Count::Likes, 1));
    let one_by_one = || calls("get_status") - before;
    assert_eq!((calls("get_statuses"), one_by_one()), (2, 0));

    scene.mastodon().differ(|one| one.before_4_3 = true);
    let found = read().await;
    assert_eq!(found.len(), 19, "the newest twenty, one of them gone");
    assert_eq!(found[0].counts[0], (Count::Likes, 1));
    assert_eq!((calls("get_statuses"), one_by_one()), (3, 20));
}

#[tokio::test]
async fn threats_a_mention_becomes_plain_text_and_a_private_one_stays_private() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let mine = post(&scene, &session, "mine", None).await;
    let bob = "bob@elsewhere.example";
    let hostile = "<p><span class=\"h-card\"><a href=\"https://m.example/@acme\" class=\"u-url mention\">@<span>acme</span></a></span> \u{202e}see &#27;[31m<a href=\"https://evil.example/x\">your bank</a><br>now</p><script>x()</script>";
    scene
        .mastodon()
        .mention(bob, "acme", Some(&mine.id), hostile, "public")
        .unwrap();
    scene
        .mastodon()
        .mention(bob, "acme", None, "<p>psst</p>", "direct")
        .unwrap();
    scene
        .mastodon()
        .mention(
            "eve\u{202e}@x.example",
            "acme",
            None,
            "<p>hi</p>",
            "unlisted",
        )
        .unwrap();
    let read = scene
        .networked
        .comments(&scene.net, &session, &scene.account, 50);
    let page = read.await.unwrap();
    let seen: Vec<_> = page
        .items
        .iter()
        .map(|one| (one.kind, one.author.as_str(), one.text.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (CommentKind::Mention, "eve@x.example", "hi"),
            (
                CommentKind::Reply,
                bob,
                "@acme see ␛[31myour bank (https://evil.example/x)\nnow"
            ),
        ]
    );
    assert_eq!(page.items[1].post.as_deref(), Some(mine.id.as_str()));
}

#[tokio::test]
async fn a7_a_token_without_notifications_reads_posts_and_names_what_it_lacks() {
    let mut scene = Scene::new().await;
    let scopes = ["read:accounts", "read:statuses", "write:statuses"];
    scene.token = scene.mastodon().create_token("acme", &scopes).unwrap();
    let session = scene.session().await;
    let account = &scene.account;
    let posts = scene
        .networked
        .recent_posts(&scene.net, &session, account, 40);
    assert_eq!(posts.await.unwrap().items, []);
    let comments = scene.networked.comments(&scene.net, &session, account, 40);
    let refusal = comments.await.unwrap_err();
    assert_eq!(refusal.class, AnswerClass::MissingScope);
    let said = refusal.evidence.message.unwrap();
    assert_eq!(said, "This action is outside the authorized scopes");
}
