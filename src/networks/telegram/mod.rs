//! Telegram channels and groups, by the token of a bot and the chat it posts to.
//!
//! A bot cannot read what it posted and the network takes no key, so a lost
//! answer is for a person to judge. The queue of updates is never touched
//! (`getUpdates` would steal from the bot's other software), nor is `logOut`.
//!
//! | file | what it does |
//! |---|---|
//! | `api` | one call; the only place that puts the token into an address |
//! | `chats` | what the bot is in a chat, and whether it may post there |
//! | `sign_in` | a login and its proof |
//! | `publish` | text, one file or an album |

mod api;
mod chats;
mod limits;
mod publish;
mod sign_in;

use async_trait::async_trait;

use super::reads::{Offer, Offers};
use super::refused::ours;
use super::{
    Call, Checked, Count, Credential, Descriptor, Found, MediaItem, Net, Networked, Outcome,
    Problem, Publish, Refusal, Renewal, Session, SignInError, SignedIn, Step, StepRecord, Way,
};
use crate::domain::answer::AnswerClass;
use crate::domain::limits::ServerLimits;
use crate::domain::network::{ChannelKind, Network};
use crate::domain::outcome::OutcomeClass;
use crate::domain::post_options::PostOptions;
use crate::support::fault;
use crate::support::time::UtcMs;

/// The cloud server of the Bot API.
///
/// Source: <https://core.telegram.org/bots/api#making-requests>
const API: &str = "https://api.telegram.org";

/// Where bots and their tokens are made and taken away.
const BOTFATHER: &str = "https://t.me/BotFather";

/// Source: <https://core.telegram.org/bots/features#botfather>
const ENDED_BY_HAND: &str =
    "only @BotFather ends a token; send it /revoke, or remove the bot from the chat";

static DESCRIPTOR: Descriptor = Descriptor {
    network: Network::Telegram,
    kinds: &[ChannelKind::Telegram],
    ways: &[Way::BotToken],
    default_server: API,
    outcome: OutcomeClass::Unknowable,
    lookup_needs_no_token: false,
    probe_is_free: true,
    proof_is_refresh: false,
    fixed_ends: &[],
    publish_proves: true,
    publish_scopes: &[],
    // Source: <https://core.telegram.org/bots/api#available-methods>, none of
    // which reads a chat's past.
    reads: Offers {
        posts: Offer::NotHere(
            "A Telegram bot cannot read its chat; these are the posts that went out from here.",
        ),
        metrics: Offer::NotHere(
            "Not available on Telegram: a bot can ask for neither the views nor the reactions of a post.",
        ),
        comments: Offer::NotHere(
            "Not available on Telegram: comments are messages in a linked group, which a bot cannot look up.",
        ),
    },
    ended_by_hand: Some(ENDED_BY_HAND),
    permissions_page: BOTFATHER,
    // There is no official one.
    status_page: Some("https://t.me/BotNews"),
    tips: &[
        "Make a bot with @BotFather (/newbot) and keep the token it gives.",
        "Add the bot to the channel as an administrator who may post messages; in a group a member is enough.",
        "A public chat is named @name; a private one by its id, which begins with -100.",
    ],
};

/// The network.
#[derive(Clone, Copy, Debug)]
pub struct Telegram;

#[async_trait]
impl Networked for Telegram {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn sign_in(&self, net: &Net, credential: &Credential) -> Result<SignedIn, SignInError> {
        match credential {
            Credential::BotToken { chat, token } => sign_in::sign_in(net, chat, token).await,
            other => Err(other.not_for(Network::Telegram)),
        }
    }

    /// There is nothing to renew: a token lives until it is taken away.
    async fn refresh(&self, net: &Net, session: &Session) -> Renewal {
        self.probe(net, session, &[]).await
    }

    async fn probe(&self, net: &Net, session: &Session, accounts: &[String]) -> Renewal {
        let api = api::Api::of(net, session);
        let me = match chats::me(&api).await {
            Ok(me) => me,
            Err(refusal) => return Renewal::Refused(refusal),
        };
        let mut checked: Vec<Checked> = Vec::new();
        for account in accounts {
            checked.push(chats::check(&api, me.id, account).await);
        }
        Renewal::Proved { checked }
    }

    /// The Bot API has no way to take a token away, and leaving the chat would
    /// be more than was asked for: the refusal says who can.
    async fn revoke(&self, _net: &Net, _session: &Session) -> Result<(), Refusal> {
        Err(ours(
            AnswerClass::Unclassified,
            "revoke",
            ENDED_BY_HAND.to_owned(),
        ))
    }

    fn problems(
        &self,
        text: &str,
        media: &[MediaItem],
        options: &PostOptions,
        _limits: &ServerLimits,
    ) -> Vec<Problem> {
        limits::problems(text, media, options)
    }

    fn count(
        &self,
        text: &str,
        media: usize,
        _options: &PostOptions,
        _limits: &ServerLimits,
    ) -> Option<Count> {
        Some(limits::count(text, media))
    }

    /// The network takes no key; this one only names the delivery.
    fn key(&self, delivery: &str, _due: UtcMs, number: u32) -> String {
        format!("{delivery}.{number}")
    }

    fn next(&self, publish: &Publish, steps: &[StepRecord]) -> Step {
        publish::next(publish, steps)
    }

    async fn run(&self, net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
        fault::panics("telegram.run");
        publish::run(&api::Api::of(net, session), publish, call).await
    }

    async fn lookup(
        &self,
        _net: &Net,
        _server: &str,
        _session: Option<&Session>,
        _publish: &Publish,
    ) -> Found {
        Found::Unreadable(ours(
            AnswerClass::Unclassified,
            "lookup",
            "A bot cannot read what it posted. Look into the chat, then say whether the post is there."
                .to_owned(),
        ))
    }
}
