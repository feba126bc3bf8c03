//! What the chosen channel or login has due, and for what that is asked.

use super::{Model, Subject};
use crate::domain::delivery::State;
use crate::domain::dues::Dues;
use crate::domain::ids::ChannelId;
use crate::ops::views::{ChannelView, Lamp};

/// Most channels of a login whose posts are counted.
const MOST: usize = 1_000;

const MINUTE: i64 = 60_000;

/// What is due is counted of these, anew with every minute: no row of the store
/// changes when a post gets late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuesOf {
    /// Which channels.
    pub channels: Vec<ChannelId>,
    /// The minute that the screen shows.
    pub minute: i64,
}

impl Model {
    /// What would be counted now: what is held, or what comes after the end of
    /// an access.
    pub fn dues_of(&self) -> Option<DuesOf> {
        let all = self.with_dues(self.shown.as_ref()?);
        if all.is_empty() || all.len() > MOST {
            return None;
        }
        Some(DuesOf {
            channels: all
                .iter()
                .map(|one| one.summary.channel.id.clone())
                .collect(),
            minute: self.wall().now.0.div_euclid(MINUTE),
        })
    }

    /// What these channels have due, as far as it is known: of just these, and
    /// as many as their counts say.
    pub fn dues(&self, of: &Subject) -> Option<&Dues> {
        let asked = self.beside.dues_of.as_ref()?;
        let dues = self.beside.dues.as_ref()?;
        let all = self.with_dues(of);
        let ids = all.iter().map(|one| &one.summary.channel.id);
        let scheduled = all.iter().map(|one| one.summary.count(State::Scheduled));
        let same = ids.eq(&asked.channels) && scheduled.sum::<u64>() == dues.total;
        same.then_some(dues)
    }

    /// The channels whose posts something holds or will hold.
    fn with_dues(&self, of: &Subject) -> Vec<&ChannelView> {
        match of {
            Subject::Channel(id) => {
                let ends = |one: &&ChannelView| {
                    one.held > 0 || (one.lamp == Lamp::Attention && one.first_hit.is_some())
                };
                self.channels.get(id).into_iter().filter(ends).collect()
            }
            Subject::Login(id) => {
                let below = self.channels.below(id).filter(|one| one.held > 0);
                let mut all: Vec<_> = below.take(MOST + 1).collect();
                all.sort_by(|a, b| a.summary.channel.id.cmp(&b.summary.channel.id));
                all
            }
            Subject::Section(_) | Subject::Delivery(_) => Vec::new(),
        }
    }
}
