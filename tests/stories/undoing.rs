//! Taking an act on the queue back: what a colleague changed since is never
//! written over, be it only a word or the rule for being late.

use allgreen::domain::delivery::{Delivery, State};
use allgreen::domain::ids::{ChannelId, PostId};
use allgreen::domain::role::Role;
use allgreen::ops::Hub;
use allgreen::ops::posts::{
    How, PostChange, PostTime, Writing, cancel, edit, open, reschedule, save, send_written,
    undo_last,
};
use allgreen::ops::views::{self, PostView};

use crate::office::Office;

const LATER: &str = "2026-11-21 16:00";

/// An office in which ann and bob write, and a post of ann's that waits on two
/// channels.
struct Desk {
    office: Office,
    bob: Hub,
    one: ChannelId,
    two: ChannelId,
    post: PostId,
}

impl Desk {
    async fn open() -> Self {
        let office = Office::open().await;
        let (_, one) = office.channel("one").await;
        let (_, two) = office.channel("two").await;
        let main = office.main().await;
        let bob = office.colleague("bob", &main, Role::Editor).await;
        let mut desk = Self {
            office,
            bob,
            one,
            two,
            post: PostId::from_stored("pst_none"),
        };
        let when = PostTime::At(LATER.into());
        let new = desk.writing("First").await;
        let view = send_written(&desk.office.hub, None, new, when)
            .await
            .unwrap();
        desk.post = view.post.id;
        desk
    }

    async fn writing(&self, text: &str) -> Writing {
        Writing {
            workspace: self.office.main().await,
            text: text.into(),
            to: vec![(self.one.clone(), None), (self.two.clone(), None)],
            when: Some(LATER.into()),
            only_on_time: false,
            media: Vec::new(),
            options: Default::default(),
        }
    }

    /// Opens the post as somebody and saves it as written.
    async fn saves(&self, hub: &Hub, writing: Writing) {
        let opened = open(hub, &self.post).await.unwrap();
        save(hub, opened.seen, None, writing).await.unwrap();
    }

    async fn text(&self, hub: &Hub, text: &str) {
        let change = PostChange {
            text: Some(text.into()),
            ..PostChange::default()
        };
        edit(hub, &self.post, change).await.unwrap();
    }

    async fn own_text(&self, hub: &Hub, channel: &ChannelId, text: &str) {
        let change = PostChange {
            only_for: vec![(self.on(channel).await.id, Some(text.into()))],
            ..PostChange::default()
        };
        edit(hub, &self.post, change).await.unwrap();
    }

    async fn view(&self) -> PostView {
        views::post(&self.office.hub, &self.post).await.unwrap()
    }

    async fn on(&self, channel: &ChannelId) -> Delivery {
        let all = self.view().await.deliveries.into_iter();
        let mut of = all.filter(|one| one.delivery.channel_id == *channel);
        of.next().unwrap().delivery
    }

    /// What goes out on a channel.
    async fn says(&self, channel: &ChannelId) -> String {
        let own = self.on(channel).await.text;
        own.unwrap_or(self.view().await.post.text)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_nobody_in_between_text_and_late_rule_are_as_they_were() {
    let desk = Desk::open().await;
    let hub = &desk.office.hub;
    let mut mine = desk.writing("Second").await;
    mine.to = vec![(desk.one.clone(), Some("for one".into()))];
    mine.when = Some("2026-11-21 17:00".into());
    mine.only_on_time = true;
    desk.saves(hub, mine).await;
    assert_eq!(desk.says(&desk.one).await, "for one");
    let undone = undo_last(hub).await.unwrap();
    assert_eq!((undone.restored.len(), undone.kept.len()), (2, 0));
    for channel in [&desk.one, &desk.two] {
        let one = desk.on(channel).await;
        assert_eq!((one.text, one.only_on_time), (None, false));
        assert_eq!(
            (one.state, one.civil.as_str()),
            (State::Scheduled, LATER),
            "two steps are one way back"
        );
    }
    assert_eq!(desk.view().await.post.text, "First");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_a_colleague_changed_since_stays_and_is_named() {
    let desk = Desk::open().await;
    let hub = &desk.office.hub;
    // The text of one channel.
    desk.text(hub, "Second").await;
    desk.own_text(&desk.bob, &desk.two, "By bob").await;
    let undone = undo_last(hub).await.unwrap();
    assert_eq!(undone.restored, [desk.on(&desk.one).await.id]);
    let (kept, why) = &undone.kept[0];
    assert_eq!(*kept, desk.on(&desk.two).await.id);
    assert!(why.ends_with("on @two.test was changed since."), "{why}");
    assert_eq!(desk.says(&desk.one).await, "First");
    assert_eq!(desk.says(&desk.two).await, "By bob");
    // The text of the post, after its text and after its time was changed.
    desk.text(hub, "Third").await;
    desk.text(&desk.bob, "By bob as well").await;
    let refused = undo_last(hub).await.unwrap_err();
    assert_eq!(refused.code, "cannot_undo");
    assert!(refused.what.contains("changed since"), "{refused}");
    assert_eq!(desk.says(&desk.one).await, "By bob as well");
    let ids = [desk.on(&desk.one).await.id];
    let moved = How::At("2026-11-21 18:00".into());
    reschedule(hub, &ids, moved).await.unwrap();
    desk.text(&desk.bob, "For six o'clock").await;
    let refused = undo_last(hub).await.unwrap_err();
    assert_eq!(refused.code, "cannot_undo");
    let one = desk.on(&desk.one).await;
    assert_eq!(one.civil, "2026-11-21 18:00", "his words are for that time");
    assert_eq!(desk.says(&desk.one).await, "For six o'clock");
    // Of what he wrote himself there is a way back.
    undo_last(&desk.bob).await.unwrap();
    assert_eq!(desk.says(&desk.one).await, "By bob as well");
    undo_last(hub).await.unwrap();
    assert_eq!(desk.on(&desk.one).await.civil, LATER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_rule_a_colleague_changed_since_stays_and_is_named() {
    let desk = Desk::open().await;
    let hub = &desk.office.hub;
    desk.text(hub, "Second").await;
    let mut strict = desk.writing("Second").await;
    strict.only_on_time = true;
    desk.saves(&desk.bob, strict).await;
    let refused = undo_last(hub).await.unwrap_err();
    assert_eq!(refused.code, "cannot_undo");
    assert!(refused.what.contains("was changed since"), "{refused}");
    for channel in [&desk.one, &desk.two] {
        assert!(desk.on(channel).await.only_on_time, "bob's rule stands");
        assert_eq!(desk.says(channel).await, "Second", "nothing of it is half");
    }
    // Bob takes his back; then there is nothing of his to write over.
    undo_last(&desk.bob).await.unwrap();
    undo_last(hub).await.unwrap();
    assert!(!desk.on(&desk.one).await.only_on_time);
    assert_eq!(desk.says(&desk.one).await, "First");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_colleague_put_on_another_channel_since_keeps_the_text_it_was_given() {
    let desk = Desk::open().await;
    let hub = &desk.office.hub;
    desk.text(hub, "Second").await;
    let (_, cid) = desk.office.channel("cid").await;
    let mut more = desk.writing("Second").await;
    more.to.push((cid.clone(), None));
    desk.saves(&desk.bob, more).await;
    let undone = undo_last(hub).await.unwrap();
    assert_eq!(undone.restored.len(), 2);
    let (kept, why) = &undone.kept[0];
    assert_eq!(*kept, desk.on(&cid).await.id);
    assert!(why.ends_with("on @cid.test was written since."), "{why}");
    assert_eq!(desk.says(&desk.one).await, "First");
    assert_eq!(desk.says(&cid).await, "Second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cancelled_comes_back_with_its_words_though_the_post_has_others_now() {
    let desk = Desk::open().await;
    let hub = &desk.office.hub;
    cancel(hub, &[desk.on(&desk.one).await.id]).await.unwrap();
    desk.text(&desk.bob, "By bob").await;
    undo_last(hub).await.unwrap();
    let one = desk.on(&desk.one).await;
    assert_eq!(one.state, State::Scheduled);
    assert_eq!(desk.says(&desk.one).await, "First", "as it was cancelled");
    assert_eq!(desk.says(&desk.two).await, "By bob");
}
