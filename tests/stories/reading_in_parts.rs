//! The screen reads its channels in parts: what is broken first, by a condition
//! that must say the same as the lamp, and all of them again in portions.

use std::collections::BTreeSet;

use allgreen::ops::disconnect::disconnect;
use allgreen::ops::pause::pause;
use allgreen::ops::views::{ChannelView, Lamp, broken_channels, every_channel, some_channels};

use crate::office::Office;

#[tokio::test]
async fn what_is_read_first_is_all_that_is_broken_and_nothing_else() {
    let office = Office::open().await;
    let names = ["fine", "paused", "refused", "without", "unproved", "gone"];
    let mut ids = Vec::new();
    for name in names {
        ids.push(office.channel(name).await.1);
    }
    let [_, paused, refused, without, unproved, gone] = ids.as_slice() else {
        unreachable!("six were made");
    };
    pause(&office.hub, paused).await.unwrap();
    disconnect(&office.hub, gone).await.unwrap();
    let raw = office.raw();
    let change = |sql: &str, id: &str| assert_eq!(raw.execute(sql, [id]).unwrap(), 1, "{sql}");
    change(
        "UPDATE channel SET publishable = 0, status = 'TOKEN_EXPIRED', cause = 'expired' WHERE id = ?1",
        refused.as_str(),
    );
    change(
        "UPDATE channel SET login_id = NULL WHERE id = ?1",
        without.as_str(),
    );
    change(
        "UPDATE login SET generation = 0 WHERE id = (SELECT login_id FROM channel WHERE id = ?1)",
        unproved.as_str(),
    );

    let all = every_channel(&office.hub).await.unwrap();
    assert_eq!(all.len(), 5);
    let broken: BTreeSet<_> = all
        .iter()
        .filter(|view| view.lamp == Lamp::Broken)
        .map(|view| view.summary.channel.id.clone())
        .collect();
    let first = broken_channels(&office.hub).await.unwrap();
    let read: BTreeSet<_> = first
        .iter()
        .map(|view| view.summary.channel.id.clone())
        .collect();
    assert_eq!(read, broken);
    assert_eq!(
        read,
        [refused, without, unproved].into_iter().cloned().collect()
    );
    for view in first {
        assert!(all.contains(&view), "as it is among all of them: {view:?}");
    }
}

#[tokio::test]
async fn the_portions_together_are_all_channels_each_of_them_once() {
    let office = Office::open().await;
    assert_eq!(some_channels(&office.hub, 0).await.unwrap().next, None);
    for (name, row) in [("ann", 1), ("bob", 999), ("cid", 1_000), ("dan", 2_500)] {
        let (_, id) = office.channel(name).await;
        let moved = office.raw().execute(
            "UPDATE channel SET rowid = ?1 WHERE id = ?2",
            (row, id.as_str()),
        );
        assert_eq!(moved.unwrap(), 1);
    }
    let (mut from, mut sizes, mut read) = (Some(0), Vec::new(), Vec::new());
    while let Some(at) = from {
        let portion = some_channels(&office.hub, at).await.unwrap();
        sizes.push(portion.views.len());
        read.extend(portion.views);
        from = portion.next;
    }
    assert_eq!(sizes, [2, 1, 1]);
    let mut all = every_channel(&office.hub).await.unwrap();
    let id = |view: &ChannelView| view.summary.channel.id.clone();
    all.sort_by_key(id);
    read.sort_by_key(id);
    assert_eq!(read, all);
}
