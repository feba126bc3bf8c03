//! Bluesky and every server that speaks the AT Protocol, by app password.
//!
//! Facts: <https://atproto.com/specs/xrpc>, <https://atproto.com/specs/account>,
//! <https://docs.bsky.app/docs/advanced-guides/posts>, and the answers observed
//! on the reference server (<https://github.com/bluesky-social/atproto>).

use async_trait::async_trait;

use super::{
    Call, Credential, Descriptor, Found, Net, Networked, Outcome, Problem, Publish, Refusal,
    Renewal, Session, SignInError, SignedIn, Step, StepRecord,
};
use crate::domain::network::{ChannelKind, Network};
use crate::domain::outcome::OutcomeClass;
use crate::support::time::UtcMs;

mod facets;
mod identity;
mod key;
mod limits;
mod lookup;
mod publish;
mod session;
mod sign_in;
mod xrpc;

/// The collection posts live in.
const POSTS: &str = "app.bsky.feed.post";

static DESCRIPTOR: Descriptor = Descriptor {
    network: Network::Bluesky,
    kinds: &[ChannelKind::Bluesky],
    default_server: "https://public.api.bsky.app",
    outcome: OutcomeClass::Key,
    lookup_needs_no_token: true,
    probe_is_free: true,
    // An access token goes on working for up to two hours after its app
    // password was revoked: only a refresh tells the truth.
    proof_is_refresh: true,
    publish_proves: false,
    publish_scopes: &[],
    permissions_page: "https://bsky.app/settings/app-passwords",
    status_page: "https://status.bsky.app",
    tips: &[
        "Make an app password at bsky.app, Settings, Privacy and security, App passwords; your main password is not accepted.",
    ],
};

/// The Bluesky network.
pub struct Bluesky;

#[async_trait]
impl Networked for Bluesky {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn sign_in(&self, net: &Net, credential: &Credential) -> Result<SignedIn, SignInError> {
        sign_in::sign_in(net, credential).await
    }

    async fn refresh(&self, net: &Net, session: &Session) -> Renewal {
        session::refresh(net, session).await
    }

    async fn probe(&self, net: &Net, session: &Session) -> Renewal {
        session::refresh(net, session).await
    }

    async fn revoke(&self, net: &Net, session: &Session) -> Result<(), Refusal> {
        session::revoke(net, session).await
    }

    fn key(&self, delivery: &str, due: UtcMs, number: u32) -> String {
        key::of(delivery, due, number)
    }

    fn problems(&self, text: &str, media: &[super::MediaItem]) -> Vec<Problem> {
        limits::problems(text, media)
    }

    fn next(&self, publish: &Publish, steps: &[StepRecord]) -> Step {
        publish::next(publish, steps)
    }

    async fn run(&self, net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
        publish::run(net, session, publish, call).await
    }

    async fn lookup(
        &self,
        net: &Net,
        server: &str,
        _: Option<&Session>,
        publish: &Publish,
    ) -> Found {
        lookup::lookup(net, server, publish).await
    }
}
