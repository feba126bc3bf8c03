//! Our Bluesky client against the simulated one: each story is one a channel
//! can live through. Which test shows what; a name with a file is one of the
//! stories:
//!
//! | what | shown by |
//! |---|---|
//! | connect | `b6_a_login_ends_with_a_proof_…`; `connecting::a6_connecting_makes_a_green_row_…` |
//! | pick | none, because a login gives the one account it was made as |
//! | publish each kind | `a_post_with_two_images_…`; `publishing::a_scheduled_post_…` |
//! | expire | `b3_a_changed_main_password_…`; `publishing::a5_the_third_counted_failure_…` |
//! | refresh | `a4_every_proof_is_one_refresh_…` |
//! | revoke | `a5_a_removed_app_password_…`; `publishing::c2_posts_are_held_…` |
//! | hold | `publishing::c2_posts_are_held_…` |
//! | reconnect | `connecting::b4_connecting_a_connected_account_…`, `connecting::c3_what_failed_for_access_reasons_…` |
//! | wrong account | `row_37_another_accounts_session_is_not_kept`; `connecting::row_41_another_account_is_refused_…` |
//! | missing scope | none, because an app password may all that publishing needs |
//! | role lost | none, because the account is the person: there are no roles in it |
//! | restricted | `a1_a_takedown_is_restricted_…`, `a1_a_deactivated_account_…`; `publishing::a_takedown_holds_…` |
//! | rate limit | `f9_a_rate_limit_and_a_closed_port_…`, `a5_a_rate_limit_says_when_…`; `publishing::whatever_happens_…` |
//! | lost answer | `f3_what_never_arrived_…`, `f4_whatever_hides_the_answer_…`; `publishing::whatever_happens_…` |
//! | lying answer | `f7_a_refusal_nobody_knows_…`, `f11_a_redirect_…`; `publishing::whatever_happens_…` |
//! | disconnect | `e_a_revoked_session_…`; `disconnecting::e_the_receipt_…` |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test may end it as the test itself may"
)]

mod publishing;
mod reads;
mod sessions;
mod sign_in;
mod videos;

use std::sync::Arc;
use std::time::Duration;

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::network::Network;
use allgreen::networks::http::Http;
use allgreen::networks::registry::Registry;
use allgreen::networks::{
    Credential, Net, Networked, Refusal, Renewal, Session, SignInError, SignedIn, Tokens,
};
use allgreen::sandbox::bluesky::Bluesky;
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;

const ALICE: &str = "alice.test";
/// Shaped like an app password, which a main password may be.
const MAIN: &str = "main-pass-word-1234";

/// Client and simulated network on one clock, with one account.
struct Scene {
    sandbox: Sandbox,
    clock: Clock,
    networked: Arc<dyn Networked>,
    net: Net,
    did: String,
    app_password: String,
}

impl Scene {
    async fn new() -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339("2026-11-21T14:00:00Z").unwrap());
        let sandbox = sandbox(&clock, 7).await;
        let bluesky = sandbox.bluesky();
        let did = bluesky
            .create_account(ALICE, MAIN, "Alice\u{202e}")
            .unwrap();
        let app_password = bluesky.create_app_password(ALICE, "allgreen").unwrap();
        let timing = Timing {
            call_timeout: Duration::from_secs(5),
            ..Timing::default()
        };
        let mut config = Config::default();
        let mut settings = NetworkSettings {
            api_base: Some(sandbox.base().into()),
            directory_url: Some(sandbox.directory().into()),
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        settings.upload_base = Some(sandbox.video());
        config.networks.insert("bluesky".into(), settings);
        let http = Http::new(&timing, clock.clone()).unwrap();
        let registry = Registry::new(http, clock.clone(), &config);
        let (networked, net) = registry.get(Network::Bluesky).unwrap();
        Self {
            sandbox,
            clock,
            networked,
            net,
            did,
            app_password,
        }
    }

    fn bluesky(&self) -> &Bluesky {
        self.sandbox.bluesky()
    }

    async fn try_sign_in(&self, who: &str, password: &str) -> Result<SignedIn, SignInError> {
        let credential = Credential::AppPassword {
            handle: who.into(),
            server: None,
            password: Secret::new(password),
        };
        self.networked.sign_in(&self.net, &credential).await
    }

    /// Signs in with the app password.
    async fn session(&self) -> Session {
        let signed_in = self.try_sign_in(ALICE, &self.app_password).await.unwrap();
        Session {
            server: signed_in.server,
            client_id: signed_in.client_id,
            remote_user_id: signed_in.remote_user_id,
            tokens: Arc::new(signed_in.tokens),
        }
    }

    async fn refresh(&self, session: &Session) -> Renewal {
        self.networked.refresh(&self.net, session).await
    }

    /// The names of the calls since the log was last emptied.
    fn calls(&self) -> Vec<String> {
        let calls = self.bluesky().calls();
        let short = |name: &str| name.rsplit('.').next().unwrap().to_owned();
        calls.iter().map(|call| short(&call.endpoint)).collect()
    }
}

async fn sandbox(clock: &Clock, seed: u64) -> Sandbox {
    let options = SandboxOptions {
        clock: clock.clone(),
        seed,
        port: 0,
    };
    Sandbox::start(options).await.unwrap()
}

/// A renewal that must have failed.
fn refused(renewal: Renewal) -> Refusal {
    match renewal {
        Renewal::Refused(refusal) => refusal,
        other => panic!("renewed: {other:?}"),
    }
}

/// What a renewal that must have succeeded brought.
struct Good {
    tokens: Tokens,
    server: String,
    healed: Option<String>,
    blocked: Option<Refusal>,
}

fn renewed(renewal: Renewal) -> Good {
    match renewal {
        Renewal::Renewed {
            tokens,
            server,
            healed,
            blocked,
            ..
        } => Good {
            tokens,
            server,
            healed,
            blocked,
        },
        other => panic!("not renewed: {other:?}"),
    }
}

/// Asserts that an answer says nothing about the channel's health.
fn harmless(refusal: &Refusal, what: &str) {
    assert_eq!(refusal.cause(), None, "{what}: {refusal:?}");
    assert!(!refusal.confirmed, "{what}");
    assert_ne!(refusal.class, AnswerClass::AppFault, "{what}");
}
