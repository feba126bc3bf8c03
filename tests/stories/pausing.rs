//! Several channels are stopped together, or not at all.

use allgreen::domain::role::Role;
use allgreen::ops::pause::{pause, several};
use allgreen::ops::views::channel;

use crate::office::Office;

#[tokio::test]
async fn several_channels_are_paused_all_or_none() {
    let office = Office::open().await;
    let (_, mine) = office.channel("ann").await;
    let away = office.workspace("Elsewhere").await;
    let theirs = office.connect_in(&away, &office.person("bob")).await;
    let theirs = theirs.channel.channel.id;
    let both = [mine.clone(), theirs.clone()];

    // The second is not hers to pause: so the first is left alone as well.
    let carol = office
        .colleague("carol", &office.main().await, Role::Owner)
        .await;
    let before = office.dump();
    let refused = several(&carol, &both, true).await.unwrap_err();
    assert_eq!(refused.code, "not_allowed");
    assert_eq!(office.dump(), before);

    pause(&office.hub, &mine).await.unwrap();
    for stop in [true, false] {
        let views = several(&office.hub, &both, stop).await.unwrap();
        let paused =
            |view: &allgreen::ops::views::ChannelView| view.summary.channel.paused_at.is_some();
        assert_eq!(
            views.iter().filter(|view| paused(view)).count(),
            if stop { 2 } else { 0 }
        );
        for id in &both {
            assert_eq!(paused(&channel(&office.hub, id).await.unwrap()), stop);
        }
    }
    // Each is in the trail, one that was paused already only once.
    let acts = "SELECT act || ' ' || object FROM audit WHERE act LIKE 'channel.%e' ORDER BY 1";
    let raw = office.raw();
    let mut statement = raw.prepare(acts).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    let trail: Vec<String> = rows.collect::<Result<_, _>>().unwrap();
    let mut expected: Vec<String> = both
        .iter()
        .flat_map(|id| {
            [
                format!("channel.pause {id}"),
                format!("channel.resume {id}"),
            ]
        })
        .collect();
    expected.sort();
    assert_eq!(trail, expected);
}
