//! Connecting, and what a proof says of a bot's standing in its chat.

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::{Cause, Expiry};
use allgreen::networks::Renewal;
use allgreen::sandbox::faults::Fault;
use allgreen::sandbox::telegram::{ChatKind, Rights};

use super::{BOT, POSTS, Scene};

#[tokio::test]
async fn a_bot_that_may_post_is_connected_and_its_login_never_ends() {
    let scene = Scene::channel().await;
    for named in [
        "@acme_news",
        "acme_news",
        "https://t.me/acme_news",
        &scene.chat,
    ] {
        let signed = scene.sign_in(named, &scene.token).await.unwrap();
        let [account] = signed.accounts.as_slice() else {
            panic!("{:?}", signed.accounts);
        };
        assert_eq!(account.remote_id, scene.chat);
        assert_eq!(account.handle, "acme_news");
        assert_eq!(account.display_name, "Acme news");
        assert_eq!(
            signed.remote_user_id,
            scene.token.split(':').next().unwrap()
        );
        assert_eq!(signed.tokens.grant_ends.expiry, Expiry::Never);
        assert_eq!(signed.tokens.access_ends.expiry, Expiry::Never);
        scene.keeps_the_token(&format!("{signed:?}"));
    }
    scene.never_stole_updates();
}

#[tokio::test]
async fn a_login_that_cannot_post_is_refused_with_what_to_do() {
    let scene = Scene::channel().await;
    let telegram = scene.telegram();
    let code = async |chat: &str, token: &str| {
        let error = scene.sign_in(chat, token).await.unwrap_err();
        scene.keeps_the_token(&format!("{error:?} {error}"));
        error.code
    };
    assert_eq!(code("@acme_news", "hunter2").await, "bad_token");
    assert_eq!(code("two words", &scene.token).await, "bad_chat");
    assert!(telegram.calls().is_empty(), "nothing was sent anywhere");
    assert_eq!(code("@nobody_here", &scene.token).await, "unknown_chat");
    for (rights, wanted) in [
        (Rights::Member, "not_admin"),
        (Rights::Administrator { post: false }, "missing_right"),
        (Rights::Left, "not_a_member"),
        (Rights::Kicked, "not_a_member"),
    ] {
        telegram.set_rights(BOT, &scene.chat, rights).unwrap();
        assert_eq!(code("@acme_news", &scene.token).await, wanted);
    }
    let person = telegram
        .create_chat(ChatKind::Private, "Ann", None)
        .unwrap();
    telegram
        .set_rights(BOT, &person.to_string(), Rights::Member)
        .unwrap();
    assert_eq!(
        code(&person.to_string(), &scene.token).await,
        "unsupported_chat"
    );
    telegram.fault_once("getMe", Fault::RateLimited { retry_after: 9 });
    assert_eq!(code("@acme_news", &scene.token).await, "rate_limited");
    telegram.fault_once("getChat", Fault::DropAnswer);
    assert_eq!(code("@acme_news", &scene.token).await, "unreachable");
    telegram.revoke_token(BOT).unwrap();
    assert_eq!(code("@acme_news", &scene.token).await, "bad_token");
}

#[tokio::test]
async fn each_lost_right_is_seen_and_its_return_too() {
    let scene = Scene::channel().await;
    let session = scene.session().await;
    assert_eq!(scene.checked(&session).await.blocked, None);
    for (rights, cause) in [
        (Rights::Kicked, Cause::RoleLost),
        (Rights::Left, Cause::RoleLost),
        (Rights::Member, Cause::ScopeMissing),
        (Rights::Administrator { post: false }, Cause::ScopeMissing),
    ] {
        scene
            .telegram()
            .set_rights(BOT, &scene.chat, rights)
            .unwrap();
        let blocked = scene.checked(&session).await.blocked.unwrap();
        assert_eq!(blocked.cause(), Some(cause), "{rights:?}");
        scene.keeps_the_token(&format!("{blocked:?}"));
    }
    scene
        .telegram()
        .set_rights(BOT, &scene.chat, POSTS)
        .unwrap();
    assert_eq!(scene.checked(&session).await.blocked, None);
    scene.never_stole_updates();
}

#[tokio::test]
async fn a_restricted_group_member_and_a_frozen_bot_are_told_apart() {
    let scene = Scene::group().await;
    let session = scene.session().await;
    let rights = |messages, photos| Rights::Restricted {
        messages,
        photos,
        videos: true,
        documents: true,
    };
    let set = |rights| {
        scene
            .telegram()
            .set_rights(BOT, &scene.chat, rights)
            .unwrap()
    };
    set(rights(true, true));
    assert_eq!(scene.checked(&session).await.blocked, None);
    for rights in [rights(false, true), rights(true, false)] {
        set(rights);
        let blocked = scene.checked(&session).await.blocked.unwrap();
        assert_eq!(blocked.class, AnswerClass::MissingScope);
    }
    set(Rights::Member);
    scene.telegram().freeze(BOT, true).unwrap();
    let blocked = scene.checked(&session).await.blocked.unwrap();
    assert_eq!(blocked.class, AnswerClass::Restricted);
}

#[tokio::test]
async fn a_revoked_token_ends_the_whole_login_and_an_outage_ends_nothing() {
    let scene = Scene::channel().await;
    let session = scene.session().await;
    scene.telegram().fault_once("getMe", Fault::Down);
    match scene.probe(&session).await {
        Renewal::Refused(refusal) => assert_eq!(refusal.cause(), None),
        other => panic!("{other:?}"),
    }
    scene
        .telegram()
        .fault_once("getChatMember", Fault::DropAnswer);
    let blocked = scene.checked(&session).await.blocked.unwrap();
    assert_eq!(
        blocked.cause(),
        None,
        "a lost answer says nothing about rights"
    );
    scene.telegram().revoke_token(BOT).unwrap();
    match scene.probe(&session).await {
        Renewal::Refused(refusal) => {
            assert_eq!(refusal.class, AnswerClass::Revoked);
            scene.keeps_the_token(&format!("{refusal:?}"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_rename_is_followed_and_the_upgrade_of_a_group_is_named() {
    let scene = Scene::group().await;
    let session = scene.session().await;
    scene
        .telegram()
        .rename(&scene.chat, "New name", None)
        .unwrap();
    let account = scene.checked(&session).await.account.unwrap();
    assert_eq!(
        (account.handle.as_str(), account.remote_id),
        ("New name", scene.chat.clone())
    );
    let new = scene.telegram().migrate(&scene.chat).unwrap();
    let checked = scene.checked(&session).await;
    assert_eq!(checked.remote_id, scene.chat);
    assert_eq!(checked.blocked, None);
    assert_eq!(checked.account.unwrap().remote_id, new.to_string());
}

#[tokio::test]
async fn forgetting_a_login_says_who_can_end_the_token_and_calls_nobody() {
    let scene = Scene::channel().await;
    let session = scene.session().await;
    scene.telegram().forget_calls();
    let refusal = scene
        .networked
        .revoke(&scene.net, &session)
        .await
        .unwrap_err();
    assert!(refusal.evidence.message.unwrap().contains("/revoke"));
    assert!(scene.telegram().calls().is_empty());
}
