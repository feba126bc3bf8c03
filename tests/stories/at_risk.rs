//! What a channel has due is counted in the store, whatever a list shows.

use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::dues::Dues;
use allgreen::domain::ids::ChannelId;
use allgreen::domain::role::Role;
use allgreen::ops::posts::{NewPost, PostTime, create};
use allgreen::ops::release::plan;
use allgreen::ops::views::{channel, due_within, dues};

use crate::office::{Office, minutes, new_post};

async fn break_it(office: &Office, channel: &ChannelId) {
    let (id, now) = (channel.clone(), office.clock.now());
    let entropy = office.hub.entropy.clone();
    let store = &office.hub.store;
    store
        .write(move |tx| tx.break_channel(&id, Cause::Expired, &Evidence::default(), now, &entropy))
        .await
        .unwrap();
}

#[tokio::test]
async fn c3_what_is_due_says_what_the_release_plan_will_do() {
    let office = Office::open().await;
    let (_, first) = office.channel("ann").await;
    let (_, second) = office.channel("bob").await;
    break_it(&office, &first).await;
    break_it(&office, &second).await;
    let begun = office.clock.now();
    // 26 hours later: one over the limit of a day, two late, one of them only
    // wanted on time, one just now, one today and two later.
    for after in [60, 3 * 60, 26 * 60 - 1, 27 * 60, 60 * 60, 61 * 60] {
        office
            .post(&first, &format!("post {after}"), minutes(after))
            .await;
    }
    let when = PostTime::At(begun.plus(minutes(4 * 60)).to_string());
    let strict = NewPost {
        only_on_time: true,
        ..new_post(&first, "strict", when)
    };
    create(&office.hub, strict).await.unwrap();
    office.post(&second, "of another", minutes(50 * 60)).await;
    office.clock.advance(minutes(26 * 60));

    let now = office.clock.now();
    let midnight = now.plus(minutes(6 * 60));
    let of = async |ids: &[ChannelId]| dues(&office.hub, ids, midnight).await.unwrap();
    let one = of(std::slice::from_ref(&first)).await;
    let expected = Dues {
        total: 7,
        late: 4,
        late_since: Some(begun.plus(minutes(60))),
        today: 1,
        next: Some(begun.plus(minutes(27 * 60))),
        goes_late: 1,
        goes_late_from: Some(begun.plus(minutes(3 * 60))),
        asks: 2,
        after_end: 0,
    };
    assert_eq!(one, expected);
    let plan = plan(&office.hub, &first).await.unwrap();
    let planned = (plan.on_time.len(), plan.late.len(), plan.missed.len());
    assert_eq!(planned, (4, 1, 2));
    assert_eq!((one.on_time(), one.goes_late, one.asks), (4, 1, 2));
    let held = channel(&office.hub, &first).await.unwrap().held;
    assert_eq!(held, one.total, "all of them are held");

    // Several channels together, and after the day is over.
    let both = of(&[first.clone(), second.clone()]).await;
    assert_eq!((both.total, both.today, both.next), (8, 1, one.next));
    let next = dues(&office.hub, std::slice::from_ref(&second), now)
        .await
        .unwrap();
    assert_eq!(
        (next.today, next.next),
        (0, Some(begun.plus(minutes(50 * 60))))
    );

    // Who stops publishing stops it for all: late and held ones count, and those
    // of others too.
    let away = office.workspace("Elsewhere").await;
    let carol = office.colleague("carol", &away, Role::Owner).await;
    for (hours, due) in [(0, 4), (1, 5), (24, 6), (48, 8)] {
        let soon = due_within(&carol, minutes(hours * 60)).await;
        assert_eq!(soon.unwrap(), due, "{hours} h");
    }
    assert!(dues(&carol, &[second], midnight).await.is_err());
}
