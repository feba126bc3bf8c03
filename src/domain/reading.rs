//! What is read of a channel at its network: recent posts, how they do, and
//! what people answer. Copies for looking at; nothing is decided by them.

use super::answer::AnswerClass;
use crate::closed_list;
use crate::support::time::UtcMs;

closed_list! {
    /// What can be read.
    Reading {
        /// The account's recent posts.
        Posts = "posts",
        /// Likes, reposts and the like of each post.
        Metrics = "metrics",
        /// Replies, mentions and quotes by others.
        Comments = "comments",
    }
}

closed_list! {
    /// What is counted of a post.
    Count {
        /// People who liked it.
        Likes = "likes",
        /// People who showed it to their own followers.
        Reposts = "reposts",
        /// Answers to it.
        Replies = "replies",
        /// Posts that quote it.
        Quotes = "quotes",
        /// People who kept it.
        Bookmarks = "bookmarks",
    }
}

closed_list! {
    /// How somebody spoke to the channel.
    CommentKind {
        /// Answered one of its posts.
        Reply = "reply",
        /// Named the account.
        Mention = "mention",
        /// Quoted one of its posts.
        Quote = "quote",
    }
}

impl Count {
    /// Its name where there is one of it.
    pub fn one(self) -> &'static str {
        match self {
            Self::Likes => "like",
            Self::Reposts => "repost",
            Self::Replies => "reply",
            Self::Quotes => "quote",
            Self::Bookmarks => "bookmark",
        }
    }
}

/// The counts of one post; what the network does not count is absent.
pub type Counts = Vec<(Count, u64)>;

/// A post as its network has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentPost {
    /// The network's id, the same as that of a delivery that went out.
    pub id: String,
    /// Its text; may be empty where a post is all picture.
    pub text: String,
    /// A link a person can open.
    pub permalink: Option<String>,
    /// When it was made.
    pub at: UtcMs,
    /// Its counts, where the network gives them along.
    pub counts: Counts,
}

/// What somebody said to the channel, in public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The network's id.
    pub id: String,
    /// How it speaks to the channel.
    pub kind: CommentKind,
    /// The channel's post it is about, by the network's id; `None` for a
    /// mention out of nowhere.
    pub post: Option<String>,
    /// The handle of who said it, without `@`.
    pub author: String,
    /// What was said.
    pub text: String,
    /// A link a person can open.
    pub permalink: Option<String>,
    /// When.
    pub at: UtcMs,
}

/// Whether an answer of this class means that reading is refused (the amber
/// lamp of product rule A2). Trouble of the network, a limit, and a fault of the
/// app say nothing about the channel.
pub fn refused(class: AnswerClass) -> bool {
    !matches!(
        class,
        AnswerClass::Transient | AnswerClass::RateLimited | AnswerClass::AppFault
    )
}

/// Whether such an answer may be about the login as a whole rather than about
/// this reading, so that a renewal of the login is to judge it.
pub fn about_the_login(class: AnswerClass) -> bool {
    matches!(
        class,
        AnswerClass::TokenExpired
            | AnswerClass::Revoked
            | AnswerClass::PasswordChanged
            | AnswerClass::SecurityReview
            | AnswerClass::Restricted
            | AnswerClass::AccountGone
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a2_an_outage_or_a_limit_is_no_refusal_and_an_unknown_answer_is() {
        for class in AnswerClass::ALL {
            let theirs = matches!(
                class,
                AnswerClass::Transient | AnswerClass::RateLimited | AnswerClass::AppFault
            );
            assert_eq!(refused(*class), !theirs, "{class:?}");
            assert!(!about_the_login(*class) || refused(*class), "{class:?}");
        }
        assert!(!about_the_login(AnswerClass::MissingScope));
    }
}
