//! The release plan as a sheet: which posts are late or missed, what becomes of
//! each, and where the cursor is. Nothing is done before Enter.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::requests::RequestId;
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::release::{Answered, Sums, Then, sums, times};
use crate::ops::OpError;
use crate::ops::release::{ChannelPlan, PlanPost};
use crate::support::time::UtcMs;

/// A late post this close to one in time is named.
const NEAR: Duration = Duration::from_secs(600);

/// A row of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A channel and its numbers.
    Channel(ChannelId),
    /// A late or missed post.
    Post(DeliveryId),
}

/// The sheet.
#[derive(Debug)]
pub struct Plan {
    /// The channels it is about.
    pub of: Vec<ChannelId>,
    /// The last request for them.
    pub asked: RequestId,
    /// Their plans, once known.
    pub parts: Option<Vec<ChannelPlan>>,
    /// A login just mended them.
    pub mended: bool,
    /// The row under the cursor.
    cursor: Option<Row>,
    /// Channels whose posts are shown.
    open: BTreeSet<ChannelId>,
    /// What was answered, where it is not what happens anyway.
    answers: HashMap<DeliveryId, Then>,
    /// Marked posts.
    marks: BTreeSet<DeliveryId>,
    /// Where a range of marks began.
    range: Option<Row>,
    /// The request under way.
    pub busy: Option<RequestId>,
    /// Why the last try did not work.
    pub error: Option<OpError>,
    /// When it was first to be seen; keys right after are dropped.
    pub since: Option<Duration>,
}

impl Plan {
    /// The plan of these channels, not known yet.
    pub fn new(of: Vec<ChannelId>, asked: RequestId) -> Self {
        Self {
            of,
            asked,
            parts: None,
            mended: false,
            cursor: None,
            open: BTreeSet::new(),
            answers: HashMap::new(),
            marks: BTreeSet::new(),
            range: None,
            busy: None,
            error: None,
            since: None,
        }
    }

    /// Takes what the store says now. Answers, marks and the cursor stay with
    /// their posts.
    pub fn take(&mut self, mut parts: Vec<ChannelPlan>, boot: Duration) {
        parts.retain(|part| !part.posts.is_empty() || !part.on_time.is_empty());
        // Those with something to answer first, the rest as they were asked for.
        parts.sort_by_key(|part| part.posts.is_empty());
        let here = self.index();
        self.parts = Some(parts);
        self.since.get_or_insert(boot);
        let known: BTreeSet<DeliveryId> = self.posts().map(|(_, post)| id(post)).collect();
        self.marks.retain(|one| known.contains(one));
        self.answers.retain(|one, _| known.contains(one));
        let rows = self.rows();
        let gone = |row: &Option<Row>| row.as_ref().is_none_or(|row| !rows.contains(row));
        if gone(&self.range) {
            self.range = None;
        }
        if gone(&self.cursor) {
            let at = here.unwrap_or(0).min(rows.len().saturating_sub(1));
            self.cursor = rows.get(at).cloned();
        }
    }

    /// Puts the cursor on a channel, where there is more than one.
    pub fn look_at(&mut self, channel: &ChannelId) {
        let row = Row::Channel(channel.clone());
        if self.rows().contains(&row) {
            self.cursor = Some(row);
        }
    }

    /// The channels; none before they are known.
    pub fn parts(&self) -> &[ChannelPlan] {
        self.parts.as_deref().unwrap_or_default()
    }

    /// The only channel, when there is one.
    pub fn single(&self) -> Option<&ChannelPlan> {
        match self.parts() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The post under the cursor; none on the line of a channel.
    pub fn under_cursor(&self) -> Option<&PlanPost> {
        let Some(Row::Post(of)) = &self.cursor else {
            return None;
        };
        let mut all = self.posts().map(|(_, post)| post);
        all.find(|post| post.view.delivery.id == *of)
    }

    /// Every post with its channel.
    pub fn posts(&self) -> impl Iterator<Item = (&ChannelPlan, &PlanPost)> {
        let of = |part| move |post| (part, post);
        self.parts()
            .iter()
            .flat_map(move |part: &ChannelPlan| part.posts.iter().map(of(part)))
    }

    /// The rows in their order.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let single = self.single().is_some();
        for part in self.parts() {
            if !single {
                rows.push(Row::Channel(part.channel.clone()));
            }
            if single || self.is_open(&part.channel) {
                rows.extend(part.posts.iter().map(|post| Row::Post(id(post))));
            }
        }
        rows
    }

    /// Whether the posts of a channel are shown.
    pub fn is_open(&self, channel: &ChannelId) -> bool {
        self.open.contains(channel)
    }

    /// The row under the cursor.
    pub fn cursor(&self) -> Option<&Row> {
        self.cursor.as_ref()
    }

    /// The index of the row under the cursor.
    pub fn index(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.rows().iter().position(|row| row == cursor)
    }

    /// Moves the cursor by rows.
    pub fn step(&mut self, by: isize) {
        let rows = self.rows();
        let last = rows.len().saturating_sub(1);
        let to = self
            .index()
            .unwrap_or(0)
            .saturating_add_signed(by)
            .min(last);
        self.cursor = rows.get(to).cloned();
    }

    /// Shows or hides the posts of the channel under the cursor; folding leads
    /// from a post to its channel.
    pub fn fold(&mut self, unfold: bool) {
        if self.single().is_some() {
            return;
        }
        let channel = match &self.cursor {
            Some(Row::Channel(channel)) => channel.clone(),
            Some(Row::Post(post)) => match self.posts().find(|(_, one)| id(one) == *post) {
                Some((part, _)) if !unfold => part.channel.clone(),
                _ => return,
            },
            None => return,
        };
        if unfold {
            self.open.insert(channel);
            return;
        }
        self.open.remove(&channel);
        self.cursor = Some(Row::Channel(channel));
    }

    /// What becomes of a post when nothing is answered.
    fn by_itself(part: &ChannelPlan, post: &PlanPost) -> Then {
        if post.missed || part.held.is_some() {
            Then::Later
        } else {
            Then::Send
        }
    }

    /// What becomes of a post.
    pub fn then(&self, part: &ChannelPlan, post: &PlanPost) -> Then {
        let answer = self.answers.get(&post.view.delivery.id).copied();
        answer.unwrap_or_else(|| Self::by_itself(part, post))
    }

    /// The posts an answer is for: the marked ones, else that under the cursor,
    /// or all of the channel under it.
    pub fn chosen(&self) -> Vec<(&ChannelPlan, &PlanPost)> {
        let marked = self.any_marks();
        let fits = |part: &ChannelPlan, post: &PlanPost| match &self.cursor {
            _ if marked => self.is_marked(&post.view.delivery.id),
            Some(Row::Channel(channel)) => part.channel == *channel,
            Some(Row::Post(one)) => post.view.delivery.id == *one,
            None => false,
        };
        self.posts()
            .filter(|(part, post)| fits(part, post))
            .collect()
    }

    /// Answers for the posts that are chosen, and lets the marks go.
    pub fn answer(&mut self, of: impl Fn(&ChannelPlan, &PlanPost) -> Option<Then>) {
        let answers: Vec<(DeliveryId, Then)> = self
            .chosen()
            .into_iter()
            .filter_map(|(part, post)| Some((id(post), of(part, post)?)))
            .collect();
        self.answers.extend(answers);
        self.unmark();
    }

    /// Answers for one post.
    pub fn set(&mut self, post: DeliveryId, then: Then) {
        self.answers.insert(post, then);
    }

    /// Whether any post is marked.
    pub fn any_marks(&self) -> bool {
        self.range.is_some() || !self.marks.is_empty()
    }

    /// How many posts are marked.
    pub fn marked(&self) -> usize {
        self.posts()
            .filter(|(_, post)| self.is_marked(&id(post)))
            .count()
    }

    /// Whether a post is marked, or in the range that is being drawn.
    pub fn is_marked(&self, post: &DeliveryId) -> bool {
        self.marks.contains(post) || self.in_range().contains(post)
    }

    fn in_range(&self) -> Vec<DeliveryId> {
        let Some(from) = &self.range else {
            return Vec::new();
        };
        let rows = self.rows();
        let at = |row: &Row| rows.iter().position(|one| one == row);
        let (Some(a), Some(b)) = (at(from), self.index()) else {
            return Vec::new();
        };
        let posts = rows[a.min(b)..=a.max(b)]
            .iter()
            .filter_map(|row| match row {
                Row::Post(id) => Some(id.clone()),
                Row::Channel(_) => None,
            });
        posts.collect()
    }

    /// Marks what is under the cursor, or takes its mark away; a channel stands
    /// for all its posts.
    pub fn mark(&mut self) {
        let ids: Vec<DeliveryId> = match self.cursor.clone() {
            Some(Row::Post(id)) => vec![id],
            Some(Row::Channel(channel)) => self
                .posts()
                .filter(|(part, _)| part.channel == channel)
                .map(|(_, post)| id(post))
                .collect(),
            None => return,
        };
        if ids.iter().all(|id| self.marks.contains(id)) {
            for id in &ids {
                self.marks.remove(id);
            }
        } else {
            self.marks.extend(ids);
        }
        self.step(1);
    }

    /// Begins a range, or marks the one that was begun.
    pub fn mark_range(&mut self) {
        let drawn = self.in_range();
        match self.range.take() {
            Some(_) => self.marks.extend(drawn),
            None => self.range = self.cursor.clone(),
        }
    }

    /// Marks all, again none.
    pub fn mark_all(&mut self) {
        let all: BTreeSet<DeliveryId> = self.posts().map(|(_, post)| id(post)).collect();
        self.range = None;
        self.marks = if self.marks == all {
            BTreeSet::new()
        } else {
            all
        };
    }

    /// Takes the marks away; whether there were any.
    pub fn unmark(&mut self) -> bool {
        let any = self.any_marks();
        self.range = None;
        self.marks.clear();
        any
    }

    fn answered(&self, part: &ChannelPlan) -> Vec<Answered> {
        let of = |post: &PlanPost| Answered {
            due: post.view.delivery.due,
            then: self.then(part, post),
        };
        part.posts.iter().map(of).collect()
    }

    /// When the posts of a channel go out by their answers.
    pub fn times(&self, part: &ChannelPlan, now: UtcMs) -> Vec<Option<UtcMs>> {
        times(&self.answered(part), now, part.spacing)
    }

    /// What all answers add up to.
    pub fn sums(&self, now: UtcMs) -> Sums {
        let mut all = Sums::default();
        for part in self.parts() {
            let answered = self.answered(part);
            all.add(sums(&answered, &part.on_time, now, part.spacing, NEAR));
        }
        all
    }

    /// How many posts are in time.
    pub fn on_time(&self) -> usize {
        self.parts().iter().map(|part| part.on_time.len()).sum()
    }

    /// The answers that do something.
    pub fn to_do(&self) -> Vec<(DeliveryId, Then)> {
        self.posts()
            .map(|(part, post)| (id(post), self.then(part, post)))
            .filter(|(_, then)| *then != Then::Later)
            .collect()
    }
}

fn id(post: &PlanPost) -> DeliveryId {
    post.view.delivery.id.clone()
}
