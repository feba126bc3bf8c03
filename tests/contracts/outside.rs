//! Whatever a server answers, to whatever it was asked: no panic, nothing called
//! live whose id it did not name, no channel broken by noise, and nothing that
//! steers a terminal or never ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test may end it as the test itself may"
)]

mod mouth;

use std::sync::Arc;
use std::time::Duration;

use allgreen::domain::channel::Expiry;
use allgreen::domain::network::Network;
use allgreen::domain::post_options::PostOptions;
use allgreen::networks::http::Http;
use allgreen::networks::login::{OAuthClient, Quirks};
use allgreen::networks::registry::Registry;
use allgreen::networks::{
    Call, Credential, Ends, Found, Net, Networked, Outcome, Publish, Refusal, Remote, Renewal,
    Session, Step, Tokens, token_endpoint,
};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::common::runtime;
use mouth::{Answer, Mouth, answer};

const DID: &str = "did:plc:acme";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A network, and the one server it knows.
struct Scene {
    networked: Arc<dyn Networked>,
    net: Net,
    mouth: Mouth,
    session: Session,
    publish: Publish,
}

impl Scene {
    fn new(network: Network) -> Self {
        let mouth = Mouth::open();
        let clock = Clock::manual(UtcMs::parse_rfc3339("2026-11-21T14:02:00Z").unwrap());
        let settings = NetworkSettings {
            api_base: (network != Network::Mastodon).then(|| mouth.base.clone()),
            directory_url: (network == Network::Bluesky).then(|| mouth.base.clone()),
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        let config = Config {
            networks: [(network.name().to_owned(), settings)].into(),
            ..Config::default()
        };
        let http = Http::new(&Timing::default(), clock.clone()).unwrap();
        let (networked, net) = Registry::new(http, clock, &config).get(network).unwrap();
        let account = match network {
            Network::Bluesky => DID,
            Network::Mastodon => "1",
            _ => "-1001234567890",
        };
        let unknown = Ends {
            at: None,
            expiry: Expiry::Unknown,
        };
        let session = Session {
            server: mouth.base.clone(),
            client_id: String::new(),
            remote_user_id: account.to_owned(),
            tokens: Arc::new(Tokens {
                access: Secret::new("4711:canary-access-0123456789"),
                refresh: Some(Secret::new("canary-refresh-0123456789")),
                password: Some(Secret::new("abcd-efgh-ijkl-mnop")),
                client_secret: None,
                proof_key: None,
                access_ends: unknown,
                grant_ends: unknown,
            }),
        };
        let due = UtcMs::parse_rfc3339("2026-11-21T14:02:00Z").unwrap();
        let mut publish = Publish {
            key: networked.key("dlv_1", due, 0),
            account: account.to_owned(),
            text: "Hi".into(),
            media: Vec::new(),
            options: PostOptions::default(),
            limits: Default::default(),
            reply_to: None,
            rendered: None,
            now: due,
        };
        let Step::Visible(call) = networked.next(&publish, &[]) else {
            panic!("a text is one visible call");
        };
        publish.rendered = Some(call.rendered);
        Self {
            networked,
            net,
            mouth,
            session,
            publish,
        }
    }

    fn visible(&self) -> Call {
        match self.networked.next(&self.publish, &[]) {
            Step::Visible(call) => call,
            other => panic!("{other:?}"),
        }
    }
}

/// One line as people may see it.
fn assert_harmless(text: &str, longest: usize) -> Result<(), TestCaseError> {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    prop_assert!(!text.chars().any(bad), "{text:?}");
    prop_assert!(
        text.chars().count() <= longest,
        "{} characters",
        text.chars().count()
    );
    prop_assert!(!text.contains("canary"), "a token of ours: {text}");
    Ok(())
}

fn assert_refusal(refusal: &Refusal, answer: &Answer) -> Result<(), TestCaseError> {
    let evidence = &refusal.evidence;
    for text in [&evidence.message, &evidence.network_code, &evidence.seen_by] {
        assert_harmless(text.as_deref().unwrap_or_default(), 400)?;
    }
    prop_assert!(refusal.retry_after.is_none_or(|pause| pause <= DAY));
    // What names no error of the network breaks no channel.
    if !answer.mutated {
        prop_assert_eq!(refusal.cause(), None, "{:?}", refusal);
    }
    Ok(())
}

/// What is called live is named in the very answer.
fn assert_named(scene: &Scene, remote: &Remote, answer: &Answer) -> Result<(), TestCaseError> {
    prop_assert!(answer.ok(), "{}", answer.status);
    assert_harmless(&remote.id, 512)?;
    prop_assert!(!remote.id.is_empty());
    // A message that is still worked on has the number 0 and is told by our key.
    let own = remote.id.strip_prefix(scene.publish.key.as_str());
    let id = own.map_or(remote.id.as_str(), |rest| rest.trim_start_matches('/'));
    let id = id.rsplit('/').next().unwrap_or_default();
    prop_assert!(says(answer, id), "{id} is not in {}", answer.text());
    if let Some(link) = &remote.permalink {
        assert_link(link)?;
    }
    Ok(())
}

/// A link that may be shown and opened.
fn assert_link(link: &str) -> Result<(), TestCaseError> {
    assert_harmless(link, 2048)?;
    let url = url::Url::parse(link);
    prop_assert!(url.is_ok(), "{link}");
    let url = url.unwrap();
    prop_assert!(matches!(url.scheme(), "http" | "https"), "{link}");
    prop_assert!(
        url.username().is_empty() && url.password().is_none(),
        "{link}"
    );
    Ok(())
}

fn names(said: &serde_json::Value, id: &str) -> bool {
    use serde_json::Value;
    match said {
        Value::String(text) => text == id || text.ends_with(&format!("/{id}")),
        Value::Number(number) => number.to_string() == id,
        Value::Array(items) => items.iter().any(|item| names(item, id)),
        Value::Object(map) => map.values().any(|value| names(value, id)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Whether an answer names this id. Fields that nobody reads may hold bytes or
/// escapes that are no text; what is beside them counts all the same.
fn says(answer: &Answer, id: &str) -> bool {
    match serde_json::from_slice(&answer.body) {
        Ok(said) => names(&said, id),
        Err(_) => answer.text().contains(id),
    }
}

/// Runs a property over a network, with answers of every kind.
fn holds(network: Network, property: impl Fn(&Scene, &Answer) -> Result<(), TestCaseError>) {
    let scene = Scene::new(network);
    // The number of cases is PROPTEST_CASES; the seeds of failures are printed.
    let config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    let ran = TestRunner::new(config).run(&answer(network), |answer| {
        scene.mouth.says(&answer);
        property(&scene, &answer)
    });
    if let Err(failed) = ran {
        panic!("{}: {failed}", network.name());
    }
}

const ALL: [Network; 3] = [Network::Bluesky, Network::Mastodon, Network::Telegram];

#[test]
fn outside_no_answer_to_a_send_is_taken_for_a_post_that_it_does_not_name() {
    for network in ALL {
        holds(network, |scene, answer| {
            let call = scene.visible();
            let sent = scene
                .networked
                .run(&scene.net, &scene.session, &scene.publish, &call);
            match runtime().block_on(sent) {
                Outcome::Published(remote) => assert_named(scene, &remote, answer),
                Outcome::NotProcessed(refusal) => {
                    prop_assert!(!answer.ok(), "a success may be live: {:?}", refusal);
                    assert_refusal(&refusal, answer)
                }
                Outcome::Refused(refusal) => {
                    prop_assert!(
                        !answer.ok() || network == Network::Mastodon,
                        "{:?}",
                        refusal
                    );
                    assert_refusal(&refusal, answer)
                }
                Outcome::Unclear(refusal) => assert_refusal(&refusal, answer),
                other => Err(TestCaseError::fail(format!("{other:?}"))),
            }
        });
    }
}

#[test]
fn outside_no_answer_to_a_reading_is_taken_for_our_post_or_for_its_absence() {
    for network in ALL {
        holds(network, |scene, answer| {
            let Scene {
                net,
                session,
                publish,
                ..
            } = scene;
            let read = scene
                .networked
                .lookup(net, &session.server, Some(session), publish);
            match runtime().block_on(read) {
                Found::Published(remote) => assert_named(scene, &remote, answer),
                // The same answer to two questions: an empty list is one.
                Found::Absent => {
                    prop_assert!(answer.ok() && network == Network::Mastodon);
                    Ok(())
                }
                Found::Different(evidence) => {
                    prop_assert!(answer.ok());
                    assert_harmless(evidence.message.as_deref().unwrap_or_default(), 400)
                }
                Found::Unreadable(refusal) => assert_refusal(&refusal, answer),
            }
        });
    }
}

#[test]
fn outside_no_answer_to_a_proof_makes_a_channel_red_or_green_by_accident() {
    for network in ALL {
        holds(network, |scene, answer| {
            let Scene {
                networked,
                net,
                session,
                publish,
                ..
            } = scene;
            let accounts = [publish.account.clone()];
            let proofs = runtime().block_on(async {
                let probe = networked.probe(net, session, &accounts).await;
                [probe, networked.refresh(net, session).await]
            });
            for proof in proofs {
                match proof {
                    Renewal::Renewed {
                        tokens, account, ..
                    } => {
                        prop_assert!(answer.ok());
                        prop_assert!(!tokens.access.expose().is_empty());
                        let refresh = tokens.refresh.as_ref();
                        prop_assert!(refresh.is_none_or(|one| !one.expose().is_empty()));
                        let token = tokens.access.expose();
                        // Some servers answer in the way forms are sent.
                        let given = says(answer, token)
                            || url::form_urlencoded::parse(&answer.body)
                                .any(|(_, value)| value == token);
                        prop_assert!(given, "{}", answer.text());
                        if let Some(account) = account {
                            assert_harmless(&account.handle, 300)?;
                            assert_harmless(&account.display_name, 4096)?;
                        }
                    }
                    Renewal::Proved { checked } => {
                        prop_assert!(answer.ok(), "{} proved something", answer.status);
                        let green = checked.iter().any(|one| one.blocked.is_none());
                        prop_assert!(!green || answer.mutated, "{}", answer.text());
                        for one in checked.iter().filter_map(|one| one.account.as_ref()) {
                            assert_harmless(&one.handle, 300)?;
                            assert_harmless(&one.display_name, 4096)?;
                        }
                    }
                    Renewal::Refused(refusal) => assert_refusal(&refusal, answer)?,
                }
            }
            Ok(())
        });
    }
}

#[test]
fn outside_what_is_read_of_an_account_is_bounded_and_harmless() {
    for network in ALL {
        holds(network, |scene, answer| {
            let Scene {
                networked,
                net,
                session,
                publish,
                ..
            } = scene;
            let ids = [
                format!("at://{DID}/app.bsky.feed.post/3k2a"),
                "115".to_owned(),
            ];
            let account = &publish.account;
            let (posts, counts, comments, limits) = runtime().block_on(async {
                (
                    networked.recent_posts(net, session, account, 20).await,
                    networked.metrics(net, session, account, &ids).await,
                    networked.comments(net, session, account, 20).await,
                    networked
                        .limits(net, &session.server, &session.tokens.access)
                        .await,
                )
            });
            let harmless = |text: &str| {
                let lines = text.replace('\n', " ");
                assert_harmless(&lines, 4096)
            };
            match posts {
                Ok(page) => {
                    prop_assert!(page.items.len() <= 20);
                    for post in page.items {
                        harmless(&post.text)?;
                        assert_harmless(&post.id, 512)?;
                        post.permalink.as_deref().map_or(Ok(()), assert_link)?;
                    }
                }
                Err(refusal) => assert_refusal(&refusal, answer)?,
            }
            match comments {
                Ok(page) => {
                    prop_assert!(page.items.len() <= 20);
                    for comment in page.items {
                        harmless(&comment.text)?;
                        assert_harmless(&comment.author, 4096)?;
                        assert_harmless(&comment.id, 512)?;
                        comment.permalink.as_deref().map_or(Ok(()), assert_link)?;
                    }
                }
                Err(refusal) => assert_refusal(&refusal, answer)?,
            }
            match counts {
                Ok(list) => {
                    prop_assert!(list.len() <= ids.len());
                    prop_assert!(list.iter().all(|one| ids.contains(&one.id)));
                }
                Err(refusal) => assert_refusal(&refusal, answer)?,
            }
            drop(limits);
            Ok(())
        });
    }
}

#[test]
fn outside_no_answer_to_a_login_connects_what_it_does_not_name() {
    for network in ALL {
        holds(network, |scene, answer| {
            let credential = match network {
                Network::Bluesky => Credential::AppPassword {
                    handle: DID.into(),
                    server: None,
                    password: Secret::new("abcd-efgh-ijkl-mnop"),
                },
                Network::Mastodon => Credential::AccessToken {
                    server: scene.mouth.base.clone(),
                    token: Secret::new("canary-access-0123456789"),
                },
                _ => Credential::BotToken {
                    chat: "@acme_news".into(),
                    token: Secret::new("4711:AAHcanary-access-0123456789abcdefghi"),
                },
            };
            let signed_in = scene.networked.sign_in(&scene.net, &credential);
            match runtime().block_on(signed_in) {
                Ok(done) => {
                    prop_assert!(answer.ok());
                    prop_assert!(says(answer, &done.remote_user_id), "{}", answer.text());
                    for account in &done.accounts {
                        assert_harmless(&account.handle, 300)?;
                        assert_harmless(&account.display_name, 4096)?;
                        assert_harmless(&account.remote_id, 512)?;
                    }
                }
                Err(error) => {
                    assert_harmless(&error.what, 800)?;
                    assert_harmless(&error.hint, 800)?;
                }
            }
            Ok(())
        });
    }
}

#[test]
fn outside_no_answer_of_a_token_endpoint_grants_what_is_not_in_it() {
    holds(Network::Mastodon, |scene, answer| {
        let at = |path: &str| url::Url::parse(&format!("{}{path}", scene.mouth.base)).unwrap();
        let client = OAuthClient {
            network: Network::Mastodon,
            server: scene.mouth.base.clone(),
            client_id: "client".into(),
            client_secret: Some(Secret::new("canary-client-secret")),
            authorize_url: at("/authorize"),
            token_url: at("/token"),
            device_url: Some(at("/device")),
            pushed_url: None,
            issuer: None,
            scopes: vec!["read".into()],
            more: Vec::new(),
            account: None,
            proof_key: None,
            quirks: &Quirks::STANDARD,
        };
        let token = Secret::new("canary-refresh-0123456789");
        let (granted, device) = runtime().block_on(async {
            (
                token_endpoint::refresh(&scene.net, &client, &token).await,
                token_endpoint::device(&scene.net, &client).await,
            )
        });
        match granted {
            Ok(grant) => {
                prop_assert!(answer.ok());
                let text = answer.text();
                let said: Option<serde_json::Value> = serde_json::from_str(&text).ok();
                let access = grant.access.expose();
                // Some networks answer as a form.
                let there = said.is_some_and(|said| names(&said, access)) || text.contains(access);
                prop_assert!(there && !access.is_empty(), "{text}");
                prop_assert!(grant.expires_in.is_none_or(|life| life <= DAY * 3660));
            }
            Err(failed) => assert_refusal(&failed.refusal, answer)?,
        }
        match device {
            Ok(Some(device)) => {
                assert_harmless(&device.code.user_code, 300)?;
                assert_harmless(&device.code.page, 2048)?;
            }
            Ok(None) => {}
            Err(failed) => assert_refusal(&failed.refusal, answer)?,
        }
        Ok(())
    });
}
