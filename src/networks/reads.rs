//! Reading what a network shows of an account: its recent posts, how they do,
//! what people answer. A reading that is refused breaks no channel.

pub use crate::domain::reading::{
    Comment, CommentKind, Count, Counts, Reading, RecentPost, about_the_login, refused,
};

use super::Refusal;
use super::refused::ours;
use crate::domain::answer::AnswerClass;

/// Whether a network gives something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It does.
    Here,
    /// It does not, and why, in one sentence.
    NotHere(&'static str),
}

impl Offer {
    /// Why it does not; `None` where it does.
    pub fn why_not(self) -> Option<&'static str> {
        match self {
            Self::Here => None,
            Self::NotHere(why) => Some(why),
        }
    }
}

/// What a network gives to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offers {
    /// The account's posts; where they are not, our own history is shown.
    pub posts: Offer,
    /// Counts per post.
    pub metrics: Offer,
    /// Replies, mentions and quotes.
    pub comments: Offer,
}

impl Offers {
    /// Everything.
    pub const ALL: Self = Self {
        posts: Offer::Here,
        metrics: Offer::Here,
        comments: Offer::Here,
    };

    /// Whether this is given.
    pub fn of(self, what: Reading) -> Offer {
        match what {
            Reading::Posts => self.posts,
            Reading::Metrics => self.metrics,
            Reading::Comments => self.comments,
        }
    }
}

/// One page of a listing, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Whether it holds all there are, so that what is not on it is gone.
    pub whole: bool,
}

/// The counts of one post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostMetrics {
    /// The network's id of the post.
    pub id: String,
    /// Its counts.
    pub counts: Counts,
}

/// The refusal of a reading that a network does not have.
pub(super) fn not_here(offers: Offers, what: Reading) -> Refusal {
    let why = offers.of(what).why_not();
    let why = why.unwrap_or("This network gives nothing of that kind.");
    ours(AnswerClass::Unclassified, what.name(), why.to_owned())
}
