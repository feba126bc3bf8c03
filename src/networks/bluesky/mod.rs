//! Bluesky and every other AT Protocol server, by app password or by a login in
//! the browser.
//!
//! | file | what it does |
//! |---|---|
//! | `identity` | handle to DID to server, checked both ways |
//! | `sign_in` | a login and its proof |
//! | `oauth` | a login in the browser, and its next pair |
//! | `session` | the next pair of tokens, or why there is none |
//! | `publish` | media, what is answered, then the post |
//! | `media` | images, and a video as it is |
//! | `video` | a video by the service that prepares it |
//! | `reply` | the posts a part of a thread answers |
//! | `lookup` | whether a post whose answer was lost is there |
//! | `reads` | recent posts, their counts, answers to them |

mod calls;
mod facets;
mod handle;
mod identity;
mod jwt;
mod key;
mod limits;
mod lookup;
mod media;
mod oauth;
mod publish;
mod reads;
mod record;
mod reply;
mod session;
mod sign_in;
mod video;
mod xrpc;

use async_trait::async_trait;

use super::login::{Grant, LoginAsk, OAuthClient};
use super::reads::{Comment, Offers, Page, PostMetrics, RecentPost};
use super::{
    Call, Count, Credential, Descriptor, Found, MediaItem, Net, Networked, Outcome, Problem,
    Publish, Refusal, Renewal, Session, SignInError, SignedIn, Step, StepRecord, Way,
};
use crate::domain::limits::ServerLimits;
use crate::domain::network::{ChannelKind, Network};
use crate::domain::outcome::OutcomeClass;
use crate::domain::post_options::PostOptions;
use crate::support::time::UtcMs;

/// Resolves handles for whoever has no server of their own to ask.
///
/// Source: <https://docs.bsky.app/docs/advanced-guides/api-directory>
const PUBLIC_API: &str = "https://public.api.bsky.app";

/// The directory of `did:plc` accounts.
///
/// Source: <https://web.plc.directory>
const DIRECTORY: &str = "https://plc.directory";

/// Prepares videos for the public network.
///
/// Source: <https://docs.bsky.app/docs/tutorials/video>
const VIDEO_SERVICE: &str = "https://video.bsky.app";

/// Where app passwords are made and removed.
const APP_PASSWORDS: &str = "https://bsky.app/settings/app-passwords";

static DESCRIPTOR: Descriptor = Descriptor {
    network: Network::Bluesky,
    kinds: &[ChannelKind::Bluesky],
    ways: &[Way::AppPassword, Way::Browser],
    default_server: PUBLIC_API,
    outcome: OutcomeClass::Key,
    lookup_needs_no_token: true,
    probe_is_free: true,
    proof_is_refresh: true,
    fixed_ends: &[Way::Browser],
    // Writes go on working for up to two hours after a revocation.
    publish_proves: false,
    publish_scopes: &[],
    reads: Offers::ALL,
    ended_by_hand: None,
    permissions_page: APP_PASSWORDS,
    status_page: Some("https://status.bsky.app"),
    tips: &[
        "Make an app password at https://bsky.app/settings/app-passwords; name it after this hub.",
        "Never use the main password: it is refused, and changing it later does not break an app password.",
        "Check that you are signed in to the right account before you make it.",
        "A login in the browser instead ends after 14 days, whatever is done; an app password does not.",
    ],
};

/// The network.
#[derive(Clone, Copy, Debug)]
pub struct Bluesky;

#[async_trait]
impl Networked for Bluesky {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn sign_in(&self, net: &Net, credential: &Credential) -> Result<SignedIn, SignInError> {
        match credential {
            Credential::AppPassword {
                handle,
                server,
                password,
            } => sign_in::sign_in(net, handle, server.as_deref(), password).await,
            other => Err(other.not_for(Network::Bluesky)),
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

    async fn refresh(&self, net: &Net, session: &Session) -> Renewal {
        session::refresh(net, session).await
    }

    async fn probe(&self, net: &Net, session: &Session, _accounts: &[String]) -> Renewal {
        session::refresh(net, session).await
    }

    async fn revoke(&self, net: &Net, session: &Session) -> Result<(), Refusal> {
        session::revoke(net, session).await
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
        _media: usize,
        _options: &PostOptions,
        _limits: &ServerLimits,
    ) -> Option<Count> {
        Some(limits::count(text))
    }

    fn threads(&self) -> bool {
        true
    }

    fn key(&self, delivery: &str, due: UtcMs, number: u32) -> String {
        key::tid(delivery, due, number)
    }

    fn next(&self, publish: &Publish, steps: &[StepRecord]) -> Step {
        publish::next(publish, steps)
    }

    async fn run(&self, net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
        publish::run(&net.of_login(session), session, publish, call).await
    }

    async fn lookup(
        &self,
        net: &Net,
        server: &str,
        _session: Option<&Session>,
        publish: &Publish,
    ) -> Found {
        let rendered = publish.rendered.as_deref();
        lookup::find(net, server, &publish.account, &publish.key, rendered).await
    }

    async fn recent_posts(
        &self,
        net: &Net,
        session: &Session,
        account: &str,
        limit: usize,
    ) -> Result<Page<RecentPost>, Refusal> {
        reads::posts(&net.of_login(session), session, account, limit).await
    }

    async fn metrics(
        &self,
        net: &Net,
        session: &Session,
        _account: &str,
        ids: &[String],
    ) -> Result<Vec<PostMetrics>, Refusal> {
        reads::metrics(&net.of_login(session), session, ids).await
    }

    async fn comments(
        &self,
        net: &Net,
        session: &Session,
        _account: &str,
        limit: usize,
    ) -> Result<Page<Comment>, Refusal> {
        reads::comments(&net.of_login(session), session, limit).await
    }
}
