//! Mastodon accounts, by a login on the server's own page or by an access token
//! made in the account's settings.
//!
//! A lost answer is looked up among the account's own statuses. The server also
//! keeps our key for an hour, but only the reading is trusted: the key of a
//! delivery stays the same, so that a repeat within that hour cannot make a
//! second status even should the reading have come too early.

mod api;
mod html;
mod instance;
mod length;
mod limits;
mod lookup;
mod oauth;
mod publish;
mod reads;
mod sign_in;

use async_trait::async_trait;

use super::login::{Grant, LoginAsk, OAuthClient};
use super::reads::{Comment, Offers, Page, PostMetrics, RecentPost};
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
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// Source: <https://docs.joinmastodon.org/methods/oauth/#revoke>
const ENDED_BY_HAND: &str = "tokens made by hand are removed under Preferences, Development";

static DESCRIPTOR: Descriptor = Descriptor {
    network: Network::Mastodon,
    kinds: &[ChannelKind::Mastodon],
    ways: &[Way::Browser, Way::AccessToken],
    default_server: "https://mastodon.social",
    outcome: OutcomeClass::ListMatch,
    lookup_needs_no_token: false,
    probe_is_free: true,
    proof_is_refresh: false,
    fixed_ends: &[],
    publish_proves: true,
    publish_scopes: &["write:statuses", "write:media"],
    reads: Offers::ALL,
    ended_by_hand: Some(ENDED_BY_HAND),
    permissions_page: "{server}/oauth/authorized_applications",
    status_page: None,
    tips: &[
        "Be logged in on the account's server as that account, in the browser that opens the link.",
        "A token instead: Preferences, Development, a new application with the scopes read and write.",
    ],
};

/// The network.
#[derive(Clone, Copy, Debug)]
pub struct Mastodon;

#[async_trait]
impl Networked for Mastodon {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn sign_in(&self, net: &Net, credential: &Credential) -> Result<SignedIn, SignInError> {
        match credential {
            Credential::AccessToken { server, token } => sign_in::sign_in(net, server, token).await,
            other => Err(other.not_for(Network::Mastodon)),
        }
    }

    async fn oauth_client(&self, net: &Net, ask: &LoginAsk) -> Result<OAuthClient, SignInError> {
        oauth::client(net, ask).await
    }

    async fn identify(
        &self,
        net: &Net,
        client: &OAuthClient,
        grant: Grant,
    ) -> Result<SignedIn, SignInError> {
        oauth::identify(net, client, grant).await
    }

    /// Mastodon's tokens live until they are taken away; other servers that
    /// speak its API have some that end, with something to renew them.
    async fn refresh(&self, net: &Net, session: &Session) -> Renewal {
        match &session.tokens.refresh {
            Some(token) => oauth::refresh(net, session, token).await,
            None => self.probe(net, session, &[]).await,
        }
    }

    async fn probe(&self, net: &Net, session: &Session, accounts: &[String]) -> Renewal {
        let api = api::Api::of(net, session);
        let found = match sign_in::verify(&api).await {
            Ok(found) => found,
            Err(failed) => return Renewal::Refused(failed.refusal),
        };
        let one = |account: &String| {
            let same = *account == found.id;
            Checked {
                remote_id: account.clone(),
                account: same.then(|| found.account(&session.server)),
                blocked: if same {
                    found.blocked()
                } else {
                    Some(ours(
                        AnswerClass::LostRole,
                        "verifyCredentials",
                        "The token belongs to another account.".to_owned(),
                    ))
                },
            }
        };
        Renewal::Proved {
            checked: accounts.iter().map(one).collect(),
        }
    }

    /// The server refuses to end a token for an app whose secret we lack.
    async fn revoke(&self, net: &Net, session: &Session) -> Result<(), Refusal> {
        if session.client_id.is_empty() {
            let what = format!("Not ended: {ENDED_BY_HAND}.");
            return Err(ours(AnswerClass::Unclassified, "revoke", what));
        }
        oauth::revoke(net, session).await
    }

    async fn limits(&self, net: &Net, server: &str, token: &Secret) -> Option<ServerLimits> {
        instance::limits(&api::Api::given(net, server, token)).await
    }

    fn problems(
        &self,
        text: &str,
        media: &[MediaItem],
        options: &PostOptions,
        limits: &ServerLimits,
    ) -> Vec<Problem> {
        limits::problems(text, media, options, limits)
    }

    fn count(
        &self,
        text: &str,
        _media: usize,
        options: &PostOptions,
        limits: &ServerLimits,
    ) -> Option<Count> {
        Some(limits::count(text, options, limits))
    }

    fn threads(&self) -> bool {
        true
    }

    fn key(&self, delivery: &str, _due: UtcMs, number: u32) -> String {
        format!("{delivery}.{number}")
    }

    fn next(&self, publish: &Publish, steps: &[StepRecord]) -> Step {
        publish::next(publish, steps)
    }

    async fn run(&self, net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
        publish::run(&api::Api::of(net, session), publish, call).await
    }

    async fn lookup(
        &self,
        net: &Net,
        _server: &str,
        session: Option<&Session>,
        publish: &Publish,
    ) -> Found {
        match session {
            Some(session) => lookup::lookup(&api::Api::of(net, session), publish).await,
            None => Found::Unreadable(ours(
                AnswerClass::Unclassified,
                "accountStatuses",
                "Without a token the account's statuses cannot be read. Reconnect the channel."
                    .to_owned(),
            )),
        }
    }

    async fn recent_posts(
        &self,
        net: &Net,
        session: &Session,
        account: &str,
        limit: usize,
    ) -> Result<Page<RecentPost>, Refusal> {
        reads::posts(&api::Api::of(net, session), account, limit).await
    }

    async fn metrics(
        &self,
        net: &Net,
        session: &Session,
        _account: &str,
        ids: &[String],
    ) -> Result<Vec<PostMetrics>, Refusal> {
        reads::metrics(&api::Api::of(net, session), ids).await
    }

    async fn comments(
        &self,
        net: &Net,
        session: &Session,
        _account: &str,
        limit: usize,
    ) -> Result<Page<Comment>, Refusal> {
        reads::comments(&api::Api::of(net, session), limit).await
    }
}

/// The server's pages could not be read.
fn unreached(what: String) -> Refusal {
    ours(AnswerClass::Transient, "serverMetadata", what)
}
