//! The rescue file (reliability 2.9): a pair that the store could not take is
//! stored later if it is still wanted, and a disconnect wipes it.

use std::fs;

use allgreen::store::Store;

use crate::store_room::{NOW, Room, mode, options, pair};

async fn keep(room: &Room, user: &str, generation: i64) -> allgreen::domain::ids::LoginId {
    let login = room.login(user).await;
    let rescued = pair("canary-access", Some("canary-refresh"), None);
    room.store
        .keep_pair(&login, generation, "https://new.example", &rescued, NOW)
        .await
        .unwrap();
    login
}

async fn import(room: &Room) -> Vec<bool> {
    let mut imported = Vec::new();
    for kept in room.store.rescued().await.unwrap() {
        imported.push(room.write(move |tx| tx.import_rescued(&kept)).await);
    }
    imported
}

#[tokio::test]
async fn row_36_a_kept_pair_is_its_owners_alone_sealed_and_stored_for_the_generation_it_replaces() {
    let room = Room::new(1);
    let login = keep(&room, "did:one", 1).await;
    let file = room.paths().rescue();
    assert_eq!(mode(&file), 0o600);
    assert_eq!(fs::metadata(&file).unwrap().len(), 65_536);
    let bytes = fs::read(&file).unwrap();
    assert!(
        !bytes.windows(6).any(|window| window == b"canary"),
        "sealed"
    );
    // Kept twice it is one.
    let again = pair("canary-access", Some("canary-refresh"), None);
    room.store
        .keep_pair(&login, 1, "https://new.example", &again, NOW)
        .await
        .unwrap();
    assert_eq!(import(&room).await, [true]);
    let id = login.clone();
    let (stored, row) = room
        .store
        .read(move |q| Ok((q.open_pair(&id)?, q.login(&id)?)))
        .await
        .unwrap();
    assert_eq!(stored.access.expose(), "canary-access");
    assert_eq!(stored.refresh.unwrap().expose(), "canary-refresh");
    assert_eq!(
        stored.password.unwrap().expose(),
        "app-password",
        "carried over"
    );
    assert_eq!(
        (row.generation, row.server.as_str()),
        (2, "https://new.example")
    );
    // Again it is a pair from before.
    assert_eq!(import(&room).await, [false]);
    room.store.forget_rescued(&login, 1).await.unwrap();
    assert!(room.store.rescued().await.unwrap().is_empty());
    assert!(fs::read(&file).unwrap().iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn row_36_a_kept_pair_from_before_a_new_login_or_moved_to_another_login_is_not_stored() {
    let room = Room::new(1);
    let login = keep(&room, "did:one", 1).await;
    let newer = pair("by-hand", Some("by-hand"), None);
    let id = login.clone();
    room.write(move |tx| tx.seal_pair(&id, 1, &newer, NOW))
        .await;
    assert_eq!(import(&room).await, [false]);
    let id = login.clone();
    let stored = room.store.read(move |q| q.open_pair(&id)).await.unwrap();
    assert_eq!(stored.access.expose(), "by-hand");
    // Somebody who writes another login's name on it gains nothing.
    room.store.forget_rescued(&login, 1).await.unwrap();
    let one = keep(&room, "did:two", 1).await;
    let other = room.login("did:three").await;
    let file = room.paths().rescue();
    let text = fs::read(&file).unwrap();
    let at = text
        .windows(one.as_str().len())
        .position(|window| window == one.as_str().as_bytes())
        .unwrap();
    let mut forged = text.clone();
    forged[at..at + other.as_str().len()].copy_from_slice(other.as_str().as_bytes());
    fs::write(&file, forged).unwrap();
    let kept = room.store.rescued().await.unwrap().remove(0);
    assert_eq!(kept.login, other);
    let error = room
        .store
        .write(move |tx| tx.import_rescued(&kept))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("does not open"), "{error}");
}

#[tokio::test]
async fn e_a_disconnect_wipes_what_is_kept_and_a_crash_before_the_wipe_is_made_good() {
    let room = Room::new(1);
    let login = keep(&room, "did:one", 1).await;
    let channel = room.channel(&login, "acme").await;
    let by = room.operator.clone();
    room.write(move |tx| tx.disconnect_channel(&channel, &by, NOW, true))
        .await;
    // As after a crash: the note is all that is left of it.
    let dir = room.close().await;
    let store = Store::open(options(dir.path(), 2)).unwrap();
    assert_eq!(store.rescued().await.unwrap().len(), 1);
    store.finish_backup_wipes().await.unwrap();
    assert!(store.rescued().await.unwrap().is_empty());
    let bytes = fs::read(store.paths().rescue()).unwrap();
    assert!(bytes.iter().all(|byte| *byte == 0));
    store.close().await;
}
