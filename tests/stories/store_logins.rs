//! Logins and their sealed pairs (reliability 2.9, 4.1, row 45): who is late
//! changes nothing, what a network leaves out is kept, nothing opens elsewhere.

use allgreen::domain::channel::Expiry;
use allgreen::domain::ids::LoginId;
use allgreen::store::StoreError;
use allgreen::store::logins::{FailedRefresh, OpenedPair, Pair};

use crate::store_room::{NOW, Room, later, new_login, number, pair};

async fn opened(room: &Room, login: &LoginId) -> Result<OpenedPair, StoreError> {
    let id = login.clone();
    room.store.read(move |q| q.open_pair(&id)).await
}

async fn seal(room: &Room, login: &LoginId, expected: i64, pair: Pair) -> Result<i64, StoreError> {
    let id = login.clone();
    room.store
        .write(move |tx| tx.seal_pair(&id, expected, &pair, later(60)))
        .await
}

fn texts(pair: &OpenedPair) -> (&str, Option<&str>, Option<&str>) {
    (
        pair.access.expose(),
        pair.refresh.as_ref().map(|secret| secret.expose()),
        pair.password.as_ref().map(|secret| secret.expose()),
    )
}

/// Everything the file says about logins and secrets.
fn everything(room: &Room) -> Vec<String> {
    let raw = room.raw();
    let mut all = Vec::new();
    for table in ["login", "secret"] {
        let mut statement = raw
            .prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3, 4"))
            .unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..columns)
                .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                .collect();
            all.push(values.join("|"));
        }
    }
    all
}

#[tokio::test]
async fn whoever_refreshed_from_an_older_generation_changes_nothing() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    assert_eq!(
        seal(&room, &login, 1, pair("winner", Some("r2"), None))
            .await
            .unwrap(),
        2
    );
    let before = everything(&room);
    for expected in [0, 1, 3] {
        let late = seal(&room, &login, expected, pair("loser", Some("r"), None)).await;
        assert!(matches!(late, Err(StoreError::Stale(_))), "{late:?}");
    }
    assert_eq!(everything(&room), before);
    let now = opened(&room, &login).await.unwrap();
    assert_eq!(texts(&now), ("winner", Some("r2"), Some("app-password")));
    assert_eq!(now.generation, 2);
}

#[tokio::test]
async fn of_many_who_refresh_at_once_exactly_one_wins() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let mut asked = Vec::new();
    for n in 0..16 {
        let (store, id) = (room.store.clone(), login.clone());
        asked.push(tokio::spawn(async move {
            let pair = pair(&format!("access-{n}"), None, None);
            store
                .write(move |tx| tx.seal_pair(&id, 1, &pair, NOW))
                .await
                .is_ok()
        }));
    }
    let mut won = Vec::new();
    for (n, one) in asked.into_iter().enumerate() {
        if one.await.unwrap() {
            won.push(n);
        }
    }
    assert_eq!(won.len(), 1);
    let now = opened(&room, &login).await.unwrap();
    assert_eq!(now.access.expose(), format!("access-{}", won[0]));
}

#[tokio::test]
async fn row_37_what_the_network_leaves_out_is_kept() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    seal(&room, &login, 1, pair("a2", None, None))
        .await
        .unwrap();
    let now = opened(&room, &login).await.unwrap();
    assert_eq!(
        texts(&now),
        ("a2", Some("refresh-did:one"), Some("app-password"))
    );
    seal(&room, &login, 2, pair("a3", Some("r3"), None))
        .await
        .unwrap();
    seal(&room, &login, 3, pair("a4", None, Some("p4")))
        .await
        .unwrap();
    let now = opened(&room, &login).await.unwrap();
    assert_eq!(texts(&now), ("a4", Some("r3"), Some("p4")));
    // The end of the grant: kept when nothing is said, replaced when it is.
    let ends = |room: &Room| {
        room.raw()
            .query_row(
                "SELECT grant_expires_at, grant_expiry FROM login",
                [],
                |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, String>(1)?)),
            )
            .unwrap()
    };
    let silent = Pair {
        grant_expires_at: None,
        grant_expiry: Expiry::Unknown,
        ..pair("a5", None, None)
    };
    seal(&room, &login, 4, silent).await.unwrap();
    assert_eq!(
        ends(&room),
        (Some(later(90 * 86_400).0), "estimated".into())
    );
    let endless = Pair {
        grant_expires_at: None,
        grant_expiry: Expiry::Never,
        ..pair("a6", None, None)
    };
    seal(&room, &login, 5, endless).await.unwrap();
    assert_eq!(ends(&room), (None, "never".into()), "never has no date");
}

#[tokio::test]
async fn the_pair_before_stays_until_a_call_succeeded_with_the_new_one() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let other = room.login("did:two").await;
    seal(&room, &login, 1, pair("a2", Some("r2"), None))
        .await
        .unwrap();
    seal(&room, &login, 2, pair("a3", Some("r3"), None))
        .await
        .unwrap();
    let raw = room.raw();
    let kept = "SELECT group_concat(DISTINCT generation) FROM (SELECT generation FROM secret WHERE owner_id = ?1 ORDER BY 1)";
    let generations = |id: &LoginId| -> String {
        raw.query_row(kept, [id.as_str()], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(generations(&login), "1,2,3");
    let id = login.clone();
    room.write(move |tx| tx.forget_older(&id, 3)).await;
    assert_eq!(generations(&login), "3");
    assert_eq!(generations(&other), "1", "nobody else's");
    assert_eq!(opened(&room, &login).await.unwrap().access.expose(), "a3");
}

#[tokio::test]
async fn a_generation_is_never_used_twice_even_after_a_wipe() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    seal(&room, &login, 1, pair("a2", None, None))
        .await
        .unwrap();
    let by = room.operator.clone();
    room.write(move |tx| tx.disconnect_channel(&channel, &by, NOW, true))
        .await;
    let gone = opened(&room, &login).await;
    assert!(matches!(gone, Err(StoreError::NotFound(_))), "{gone:?}");
    // A refresh that was under way during the wipe finds its generation gone.
    for late in [1, 2] {
        let result = seal(&room, &login, late, pair("late", None, None)).await;
        assert!(matches!(result, Err(StoreError::Stale(_))));
    }
    // The account comes back: the same login, a new generation.
    let new = new_login(&room.store, "did:one");
    let again = room.write(move |tx| tx.ensure_login(&new, later(9))).await;
    assert_eq!(again, login);
    let generation = seal(&room, &login, 0, pair("a3", None, None))
        .await
        .unwrap();
    assert_eq!(generation, 3);
    let now = opened(&room, &login).await.unwrap();
    assert_eq!(
        texts(&now),
        ("a3", None, None),
        "nothing of before the wipe is carried over"
    );
}

#[tokio::test]
async fn a_refresh_is_written_down_before_it_is_sent_and_a_late_failure_spoils_nothing() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let id = login.clone();
    room.write(move |tx| tx.begin_refresh(&id, 1, later(10)))
        .await;
    let id = login.clone();
    let begun = room.store.read(move |q| q.login(&id)).await.unwrap();
    assert_eq!(begun.refresh_started, Some((later(10), 1)));
    let id = login.clone();
    let stale = room
        .store
        .write(move |tx| tx.begin_refresh(&id, 7, later(11)))
        .await;
    assert!(matches!(stale, Err(StoreError::Stale(_))));

    // It brought nothing, and that is counted.
    let id = login.clone();
    room.write(move |tx| {
        let failed = FailedRefresh {
            error: "invalid_request",
            http_status: Some(400),
            failures: 1,
            counted: true,
            transient_tries: 0,
            unanswered: None,
            next: Some(later(3_610)),
        };
        tx.refresh_failed(&id, &failed, later(10))
    })
    .await;
    let id = login.clone();
    let failed = room.store.read(move |q| q.login(&id)).await.unwrap();
    assert_eq!(failed.refresh_started, None);
    assert_eq!(
        (failed.token.refresh_failures, failed.last_counted_at),
        (1, Some(later(10)))
    );
    assert_eq!(failed.next_refresh_at, Some(later(3_610)));

    // A reconnect comes in between: the failure of the old pair is nobody's.
    let id = login.clone();
    room.write(move |tx| tx.begin_refresh(&id, 1, later(20)))
        .await;
    seal(&room, &login, 1, pair("by hand", Some("r"), None))
        .await
        .unwrap();
    let before = everything(&room);
    let id = login.clone();
    let late = room
        .store
        .write(move |tx| {
            let failed = FailedRefresh {
                error: "invalid_grant",
                http_status: Some(400),
                failures: 3,
                counted: true,
                transient_tries: 0,
                unanswered: None,
                next: None,
            };
            tx.refresh_failed(&id, &failed, later(30))
        })
        .await;
    assert!(matches!(late, Err(StoreError::Stale(_))), "{late:?}");
    assert_eq!(everything(&room), before);
    let now = room.store.read(move |q| q.login(&login)).await.unwrap();
    assert_eq!((now.token.refresh_failures, now.last_counted_at), (0, None));
}

#[tokio::test]
async fn row_45_a_token_moved_to_another_row_or_damaged_does_not_open() {
    let room = Room::new(1);
    let one = room.login("did:one").await;
    let two = room.login("did:two").await;
    let raw = room.raw();
    let set = |sql: &str| {
        assert!(raw.execute(sql, []).unwrap() > 0, "{sql}");
    };
    raw.execute_batch("CREATE TABLE kept AS SELECT * FROM secret")
        .unwrap();
    let from = |field: &str, owner: &LoginId| {
        format!("(SELECT sealed FROM kept WHERE field = '{field}' AND owner_id = '{owner}')")
    };
    for (what, value) in [
        ("another login's", from("access", &one)),
        ("another field's", from("refresh", &two)),
        ("a cut", "substr(sealed, 1, length(sealed) - 1)".into()),
        ("an empty", "x''".into()),
        ("a short", "x'0102'".into()),
        (
            "a format of tomorrow's",
            "CAST(x'02' || substr(sealed, 2) AS BLOB)".into(),
        ),
    ] {
        set(&format!(
            "UPDATE secret SET sealed = {value} WHERE owner_id = '{two}' AND field = 'access'"
        ));
        let result = opened(&room, &two).await;
        assert!(matches!(result, Err(StoreError::Sealed(_))), "{what}");
        let text = result.unwrap_err().to_string();
        assert!(text.contains("reconnect the channel"), "{text}");
        assert!(!text.contains("access-did"), "no plaintext in an error");
        set(&format!(
            "UPDATE secret SET sealed = {} WHERE owner_id = '{two}' AND field = 'access'",
            from("access", &two)
        ));
        assert!(opened(&room, &two).await.is_ok());
    }
    // The same bytes under another generation.
    set(&format!(
        "UPDATE secret SET generation = 2 WHERE owner_id = '{two}'"
    ));
    set(&format!(
        "UPDATE login SET generation = 2 WHERE id = '{two}'"
    ));
    let moved = opened(&room, &two).await;
    assert!(matches!(moved, Err(StoreError::Sealed(_))));
    assert!(opened(&room, &one).await.is_ok(), "the others open");
}

#[tokio::test]
async fn row_45_a_damaged_login_is_mended_by_a_new_one() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let raw = room.raw();
    raw.execute("UPDATE secret SET sealed = x'00'", []).unwrap();
    assert!(opened(&room, &login).await.is_err());
    seal(&room, &login, 1, pair("new", Some("new-refresh"), None))
        .await
        .unwrap();
    let now = opened(&room, &login).await.unwrap();
    assert_eq!(
        texts(&now),
        ("new", Some("new-refresh"), None),
        "what does not open is not carried over"
    );
    // Nor when a row is missing altogether.
    raw.execute("DELETE FROM secret", []).unwrap();
    seal(&room, &login, 2, pair("newer", None, None))
        .await
        .unwrap();
    let now = opened(&room, &login).await.unwrap();
    assert_eq!(texts(&now), ("newer", None, None));
}

#[tokio::test]
async fn one_consent_is_one_login_and_its_server_follows_the_account() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let mut moved = new_login(&room.store, "did:one");
    moved.server = "https://elsewhere.example".into();
    moved.method = "oauth".into();
    let same = room.write(move |tx| tx.ensure_login(&moved, NOW)).await;
    assert_eq!(same, login);
    let id = login.clone();
    let row = room.store.read(move |q| q.login(&id)).await.unwrap();
    assert_eq!(
        (row.server.as_str(), row.method.as_str()),
        ("https://elsewhere.example", "oauth")
    );
    // Where the server is part of the identity, it is another login.
    let mut mastodon = new_login(&room.store, "42");
    mastodon.server_is_identity = true;
    let mut elsewhere = mastodon.clone();
    elsewhere.id = LoginId::fresh(NOW, room.store.entropy());
    elsewhere.server = "https://other.example".into();
    let (one, two) = room
        .write(move |tx| {
            Ok((
                tx.ensure_login(&mastodon, NOW)?,
                tx.ensure_login(&elsewhere, NOW)?,
            ))
        })
        .await;
    assert_ne!(one, two);
    assert_eq!(number(&room.raw(), "SELECT count(*) FROM login"), 3);
}
