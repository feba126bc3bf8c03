//! Mastodon accounts, by an access token made in the account's settings.
//!
//! A lost answer is looked up among the account's own statuses. The server also
//! keeps our key for an hour, but only the reading is trusted: the key of a
//! delivery stays the same, so that a repeat within that hour cannot make a
//! second status even should the reading have come too early.

mod api;
mod limits;
mod lookup;
mod publish;
mod sign_in;

use async_trait::async_trait;

use super::refused::ours;
use super::{
    Call, Checked, Credential, Descriptor, Found, MediaItem, Net, Networked, Outcome, Problem,
    Publish, Refusal, Renewal, Session, SignInError, SignedIn, Step, StepRecord, Way,
};
use crate::domain::answer::AnswerClass;
use crate::domain::network::{ChannelKind, Network};
use crate::domain::outcome::OutcomeClass;
use crate::domain::post_options::PostOptions;
use crate::support::time::UtcMs;

/// Source: <https://docs.joinmastodon.org/methods/oauth/#revoke>
const ENDED_BY_HAND: &str = "tokens made by hand are removed under Preferences, Development";

static DESCRIPTOR: Descriptor = Descriptor {
    network: Network::Mastodon,
    kinds: &[ChannelKind::Mastodon],
    ways: &[Way::AccessToken],
    default_server: "https://mastodon.social",
    outcome: OutcomeClass::ListMatch,
    lookup_needs_no_token: false,
    probe_is_free: true,
    proof_is_refresh: false,
    publish_proves: true,
    // What a pasted token may do cannot be asked.
    publish_scopes: &[],
    ended_by_hand: Some(ENDED_BY_HAND),
    permissions_page: "https://mastodon.social/oauth/authorized_applications",
    status_page: "https://status.mastodon.social",
    tips: &[
        "Make an application under Preferences, Development, with the scopes read and write.",
        "Copy its access token; name the server the account lives on.",
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

    /// There is nothing to renew: a token lives until it is taken away.
    async fn refresh(&self, net: &Net, session: &Session) -> Renewal {
        self.probe(net, session, &[]).await
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
    async fn revoke(&self, _net: &Net, _session: &Session) -> Result<(), Refusal> {
        let what = format!("Not ended: {ENDED_BY_HAND}.");
        Err(ours(AnswerClass::Unclassified, "revoke", what))
    }

    fn problems(&self, text: &str, media: &[MediaItem], options: &PostOptions) -> Vec<Problem> {
        limits::problems(text, media, options)
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
}
