//! Our Telegram client against the simulated one: each story is one a channel
//! can live through. Which test shows what; a name with a file is one of the
//! stories:
//!
//! | what | shown by |
//! |---|---|
//! | connect | `a_bot_that_may_post_is_connected_…`; `telegram::a_bot_is_connected_…` |
//! | pick | none, because bot and chat are named together |
//! | publish each kind | `text_goes_out_as_it_was_written_…`, `each_kind_of_medium_…`, `a_later_part_of_a_thread_…` |
//! | expire | none, because a bot's token has no end |
//! | refresh | none, because there is nothing to get a new token with |
//! | revoke | `a_revoked_token_ends_the_whole_login_…`; `telegram::c2_a_revoked_token_…` |
//! | hold | `telegram::c2_a_revoked_token_…`, `telegram::a_bot_is_connected_…` |
//! | reconnect | `telegram::c2_a_revoked_token_…`, `bots_at_the_shell::k_a_bot_posts_…` |
//! | wrong account | `telegram::c2_a_revoked_token_…`: a bot of another chat is refused, another bot of the same chat is not |
//! | missing scope | `each_lost_right_is_seen_…`, `a_restricted_member_is_told_…`: a right of the bot is what a scope is elsewhere |
//! | role lost | `each_lost_right_is_seen_…`; `telegram::a_bot_is_connected_…` |
//! | restricted | `a_restricted_group_member_and_a_frozen_bot_…` |
//! | rate limit | `a_rate_limit_is_waited_for_…`; `telegram::a_rate_limit_delays_…` |
//! | lost answer | `a_lost_or_lying_answer_is_unclear_…`; `telegram::a_lost_answer_is_a_persons_…` |
//! | lying answer | `a_lost_or_lying_answer_is_unclear_…` |
//! | disconnect | `forgetting_a_login_says_who_…`; `telegram::a_bot_is_connected_…` |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test may end it as the test itself may"
)]

mod publishing;
mod standing;

use std::sync::Arc;
use std::time::Duration;

use allgreen::domain::network::Network;
use allgreen::networks::http::Http;
use allgreen::networks::registry::Registry;
use allgreen::networks::{
    Checked, Credential, Net, Networked, Renewal, Session, SignInError, SignedIn,
};
use allgreen::sandbox::telegram::{ChatKind, Rights, Telegram};
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;

const BOT: &str = "acme_bot";
const POSTS: Rights = Rights::Administrator { post: true };

/// Client and simulated network on one clock, with one bot in one chat.
struct Scene {
    sandbox: Sandbox,
    clock: Clock,
    networked: Arc<dyn Networked>,
    net: Net,
    token: String,
    chat: String,
}

impl Scene {
    async fn channel() -> Self {
        Self::new(ChatKind::Channel, Some("acme_news"), POSTS).await
    }

    async fn group() -> Self {
        Self::new(ChatKind::Group, None, Rights::Member).await
    }

    async fn new(kind: ChatKind, username: Option<&str>, rights: Rights) -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339("2026-11-21T14:00:00Z").unwrap());
        let options = SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let telegram = sandbox.telegram();
        let token = telegram.create_bot(BOT, "Acme").unwrap();
        let chat = telegram
            .create_chat(kind, "Acme \u{202e}news", username)
            .unwrap()
            .to_string();
        telegram.set_rights(BOT, &chat, rights).unwrap();
        let timing = Timing {
            call_timeout: Duration::from_secs(5),
            ..Timing::default()
        };
        let mut config = Config::default();
        config.networks.insert(
            "telegram".into(),
            NetworkSettings {
                api_base: Some(sandbox.telegram_base().into()),
                allow_private_hosts: true,
                ..NetworkSettings::default()
            },
        );
        let http = Http::new(&timing, clock.clone()).unwrap();
        let registry = Registry::new(http, clock.clone(), &config);
        let (networked, net) = registry.get(Network::Telegram).unwrap();
        Self {
            sandbox,
            clock,
            networked,
            net,
            token,
            chat,
        }
    }

    fn telegram(&self) -> &Telegram {
        self.sandbox.telegram()
    }

    async fn sign_in(&self, chat: &str, token: &str) -> Result<SignedIn, SignInError> {
        let credential = Credential::BotToken {
            chat: chat.into(),
            token: Secret::new(token),
        };
        self.networked.sign_in(&self.net, &credential).await
    }

    async fn session(&self) -> Session {
        let signed_in = self.sign_in(&self.chat, &self.token).await.unwrap();
        Session {
            server: signed_in.server,
            client_id: signed_in.client_id,
            remote_user_id: signed_in.remote_user_id,
            tokens: Arc::new(signed_in.tokens),
        }
    }

    async fn probe(&self, session: &Session) -> Renewal {
        let accounts = [self.chat.clone()];
        self.networked.probe(&self.net, session, &accounts).await
    }

    /// What a proof says of the one chat.
    async fn checked(&self, session: &Session) -> Checked {
        match self.probe(session).await {
            Renewal::Proved { mut checked } if checked.len() == 1 => checked.remove(0),
            other => panic!("{other:?}"),
        }
    }

    /// Nothing a person or a log can see holds the token.
    fn keeps_the_token(&self, shown: &str) {
        let (_, secret) = self.token.split_once(':').unwrap();
        assert!(!shown.contains(secret), "{shown}");
    }

    fn never_stole_updates(&self) {
        for call in self.telegram().calls() {
            assert!(
                !["getUpdates", "logOut", "leaveChat"].contains(&call.endpoint.as_str()),
                "{call:?}"
            );
        }
    }
}
