//! A key file locked with a passphrase while others have the store open (row
//! 44): who began before goes on with the key it has, and no publisher begins
//! that could not read the next one.

use std::fs;
use std::sync::Arc;

use allgreen::store::key_file::KeyFile;
use allgreen::store::passkey::PassKey;
use allgreen::store::{OpenOptions, Store, StoreError};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;

use crate::store_room::{NOW, Room, options, pair, parts, refusal};

fn passkey(words: &str) -> PassKey {
    PassKey::fresh(&Secret::new(words), &Entropy::os()).unwrap()
}

fn code(error: &StoreError) -> &'static str {
    parts(error).0
}

/// Opens the store with what was typed.
fn open(room: &Room, words: &str) -> Store {
    let passkey = KeyFile::unlock(&room.paths().key, &Secret::new(words)).unwrap();
    Store::open(OpenOptions {
        passkey: Some(Arc::new(passkey)),
        ..options(room.dir.path(), 3)
    })
    .unwrap()
}

#[tokio::test]
async fn row_44_who_began_before_the_lock_loses_no_token_and_does_not_begin_to_publish() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    room.store.key_can_be_followed().await.unwrap();
    room.store
        .lock_key(passkey("correct horse battery"))
        .await
        .unwrap();
    // Its key is still the one: new tokens are sealed, kept and opened.
    let rescued = pair("canary-access", Some("canary-refresh"), None);
    room.store
        .keep_pair(&login, 1, "https://new.example", &rescued, NOW)
        .await
        .unwrap();
    let kept = room.store.rescued().await.unwrap().remove(0);
    let opened = room.store.read(move |q| q.open_rescued(&kept)).await;
    assert_eq!(opened.unwrap().0.access.expose(), "canary-access");
    // It could not read the next one.
    let error = room.store.key_can_be_followed().await.unwrap_err();
    assert_eq!(code(&error), "locked_key", "{error}");
    // Whoever typed the passphrase can, and opens the same tokens.
    let other = open(&room, "correct horse battery");
    other.key_can_be_followed().await.unwrap();
    let id = login.clone();
    other.read(move |q| q.open_pair(&id)).await.unwrap();
    assert!(!other.rotate_key().await.unwrap().finished, "a pair waits");
    let waits = other.rescued().await.unwrap().remove(0);
    other
        .forget_rescued(&waits.login, waits.generation)
        .await
        .unwrap();
    assert!(other.rotate_key().await.unwrap().finished);
    // After that one it has no key, says so, and holds no channel for it.
    let id = login.clone();
    let error = room.store.read(move |q| q.open_pair(&id)).await;
    assert_eq!(code(&error.err().unwrap()), "locked_key");
}

#[tokio::test]
async fn row_44_another_passphrase_ends_the_one_before_for_everybody() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    room.store
        .lock_key(passkey("correct horse battery"))
        .await
        .unwrap();
    let before = open(&room, "correct horse battery");
    before
        .lock_key(passkey("another four words now"))
        .await
        .unwrap();
    let old = KeyFile::unlock(&room.paths().key, &Secret::new("correct horse battery"));
    assert_eq!(code(&old.unwrap_err()), "wrong_passphrase");
    let error = before.key_can_be_followed().await.unwrap_err();
    assert_eq!(code(&error), "locked_key", "{error}");
    let after = open(&room, "another four words now");
    after.read(move |q| q.open_pair(&login)).await.unwrap();
    assert!(after.unlock_key().await.unwrap());
    before.key_can_be_followed().await.unwrap();
}

#[tokio::test]
async fn row_44_a_locked_key_file_that_was_tampered_with_opens_nothing_and_is_left_as_it_is() {
    let room = Room::new(1);
    room.login("did:one").await;
    room.store
        .lock_key(passkey("correct horse battery"))
        .await
        .unwrap();
    let key = room.paths().key;
    let dir = room.close().await;
    let right = fs::read_to_string(&key).unwrap();
    assert_eq!(code(&refusal(options(dir.path(), 2))), "locked_key");
    let words: Vec<&str> = right.trim().split(' ').collect();
    for (what, changed, expected) in [
        // 100 GiB: refused before a byte of it is asked for.
        (
            "memory",
            right.replace("m=65536", "m=104857600"),
            "broken_key",
        ),
        ("passes", right.replace("t=3", "t=9999999"), "broken_key"),
        (
            "a cheap lock",
            right.replace("m=65536", "m=8"),
            "broken_key",
        ),
        ("cut off", right[..right.len() - 9].to_owned(), "broken_key"),
        ("empty", "allgreen-key-2 ".to_owned(), "broken_key"),
        (
            "another name",
            right.replace(words[4], "0011223344556677"),
            "wrong_passphrase",
        ),
        (
            "another cost",
            right.replace("t=3", "t=4"),
            "wrong_passphrase",
        ),
        (
            "another salt",
            right.replace(words[3], "AAAAAAAAAAAAAAAAAAAAAA=="),
            "wrong_passphrase",
        ),
    ] {
        assert_ne!(changed, right, "{what}");
        fs::write(&key, &changed).unwrap();
        let opened = KeyFile::unlock(&key, &Secret::new("correct horse battery"));
        assert_eq!(code(&opened.unwrap_err()), expected, "{what}");
        refusal(options(dir.path(), 2));
        assert_eq!(fs::read_to_string(&key).unwrap(), changed, "{what}");
    }
    fs::write(&key, &right).unwrap();
    KeyFile::unlock(&key, &Secret::new("correct horse battery")).unwrap();
}
