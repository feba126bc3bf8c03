//! A network that answers what a story says, and as many logins at it as a story
//! needs: for rules that speak of hundreds of logins and of answers by the
//! hundred thousand. Engine, store and clock are the real ones.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::{Cause, Channel, Evidence, Expiry};
use allgreen::domain::delivery::Delivery;
use allgreen::domain::ids::{ChannelId, DeliveryId, LoginId};
use allgreen::domain::limits::ServerLimits;
use allgreen::domain::machine::Rules;
use allgreen::domain::network::{ChannelKind, Network};
use allgreen::domain::outcome::OutcomeClass;
use allgreen::domain::post_options::PostOptions;
use allgreen::domain::publisher::CommandKind;
use allgreen::engine::{Engine, Once, Parts};
use allgreen::networks::http::Http;
use allgreen::networks::reads::Offers;
use allgreen::networks::registry::Registry;
use allgreen::networks::{
    Call, Checked, Credential, Descriptor, Ends, Found, MediaItem, Net, Networked, Outcome,
    Problem, Publish, Refusal, Remote, Renewal, Session, SignInError, SignedIn, Step, StepRecord,
    Tokens, Way,
};
use allgreen::store::channels::NewChannel;
use allgreen::store::incidents::Incident;
use allgreen::store::logins::{Login, NewLogin, Pair};
use allgreen::store::{StoreError, Tx};
use allgreen::support::config::Config;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use async_trait::async_trait;

use crate::world::World;

/// What a network was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Refresh,
    Probe,
    Post,
}

type Answers = Box<dyn FnMut(Asked, &str) -> Option<Refusal> + Send>;

/// The network: it does what it is asked unless `answers` refuses.
pub struct StandIn {
    answers: Mutex<Answers>,
    calls: Mutex<Vec<(Asked, String)>>,
    posts: Mutex<Vec<(String, String)>>,
    /// What it accepted and works on, while it is slow.
    at_work: Mutex<Option<Vec<(String, String)>>>,
}

static DESCRIPTOR: Descriptor = Descriptor {
    network: Network::Mastodon,
    kinds: &[ChannelKind::Mastodon],
    ways: &[Way::Browser],
    default_server: "https://mastodon.example",
    outcome: OutcomeClass::Key,
    lookup_needs_no_token: false,
    probe_is_free: true,
    proof_is_refresh: false,
    fixed_ends: &[],
    publish_proves: true,
    publish_scopes: &[],
    reads: Offers::ALL,
    ended_by_hand: None,
    permissions_page: "{server}/apps",
    status_page: Some("https://status.example/"),
    tips: &[],
};

/// How long a pair lives that this network gives.
pub const LIFE: Duration = Duration::from_secs(3_600);

pub fn refusal(class: AnswerClass, http_status: Option<u16>) -> Refusal {
    Refusal {
        class,
        cause: None,
        evidence: Evidence {
            http_status,
            message: Some(format!("It says {}.", class.name())),
            seen_by: Some("call".into()),
            ..Evidence::default()
        },
        retry_after: None,
        confirmed: false,
    }
}

impl StandIn {
    pub fn answer(&self, answers: impl FnMut(Asked, &str) -> Option<Refusal> + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    pub fn calls(&self, asked: Asked) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(one, _)| *one == asked).count()
    }

    pub fn calls_of(&self, account: &str) -> Vec<Asked> {
        let calls = self.calls.lock().unwrap();
        let of = calls.iter().filter(|(_, who)| who == account);
        of.map(|(asked, _)| *asked).collect()
    }

    pub fn forget_calls(&self) {
        self.calls.lock().unwrap().clear();
    }

    /// From now on posts are accepted and worked on until [`Self::finish`].
    pub fn work_slowly(&self) {
        self.at_work.lock().unwrap().get_or_insert_default();
    }

    /// What was accepted is live.
    pub fn finish(&self) {
        let done = self.at_work.lock().unwrap().take();
        self.posts.lock().unwrap().extend(done.unwrap_or_default());
    }

    /// Accounts and keys of what is live.
    pub fn posts(&self) -> Vec<(String, String)> {
        self.posts.lock().unwrap().clone()
    }

    fn asked(&self, asked: Asked, account: &str) -> Option<Refusal> {
        self.calls.lock().unwrap().push((asked, account.to_owned()));
        (self.answers.lock().unwrap())(asked, account)
    }
}

#[async_trait]
impl Networked for StandIn {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn sign_in(&self, _: &Net, _: &Credential) -> Result<SignedIn, SignInError> {
        unreachable!("no story signs in here")
    }

    async fn refresh(&self, net: &Net, session: &Session) -> Renewal {
        if let Some(refusal) = self.asked(Asked::Refresh, &session.remote_user_id) {
            return Renewal::Refused(refusal);
        }
        let unknown = Ends {
            at: None,
            expiry: Expiry::Unknown,
        };
        Renewal::Renewed {
            tokens: Tokens {
                access: Secret::new("access"),
                refresh: Some(Secret::new("refresh")),
                password: None,
                client_secret: None,
                proof_key: None,
                access_ends: Ends {
                    at: Some(net.clock.now().plus(LIFE)),
                    expiry: Expiry::Date,
                },
                grant_ends: unknown,
            },
            server: session.server.clone(),
            account: None,
            healed: None,
            blocked: None,
        }
    }

    async fn probe(&self, _: &Net, session: &Session, accounts: &[String]) -> Renewal {
        if let Some(refusal) = self.asked(Asked::Probe, &session.remote_user_id) {
            return Renewal::Refused(refusal);
        }
        let good = |remote_id: &String| Checked {
            remote_id: remote_id.clone(),
            account: None,
            blocked: None,
        };
        Renewal::Proved {
            checked: accounts.iter().map(good).collect(),
        }
    }

    async fn revoke(&self, _: &Net, _: &Session) -> Result<(), Refusal> {
        Ok(())
    }

    fn problems(
        &self,
        _: &str,
        _: &[MediaItem],
        _: &PostOptions,
        _: &ServerLimits,
    ) -> Vec<Problem> {
        Vec::new()
    }

    fn key(&self, delivery: &str, _: UtcMs, number: u32) -> String {
        format!("{delivery}-{number}")
    }

    fn next(&self, publish: &Publish, _: &[StepRecord]) -> Step {
        Step::Visible(Call {
            name: "post".into(),
            rendered: publish.text.clone(),
            media: None,
        })
    }

    async fn run(&self, _: &Net, _: &Session, publish: &Publish, _: &Call) -> Outcome {
        let Some(refusal) = self.asked(Asked::Post, &publish.account) else {
            let mut posts = self.posts.lock().unwrap();
            let entry = (publish.account.clone(), publish.key.clone());
            if let Some(at_work) = &mut *self.at_work.lock().unwrap() {
                at_work.push(entry);
                let handle = publish.key.clone();
                return Outcome::Accepted { handle };
            }
            if !posts.contains(&entry) {
                posts.push(entry);
            }
            return Outcome::Published(Remote {
                id: publish.key.clone(),
                permalink: None,
            });
        };
        match (refusal.class, refusal.evidence.http_status) {
            // An answer, or no answer, to a request that was on its way.
            (AnswerClass::Transient, Some(_)) => Outcome::Unclear(refusal),
            _ => Outcome::NotProcessed(refusal),
        }
    }

    async fn lookup(&self, _: &Net, _: &str, _: Option<&Session>, publish: &Publish) -> Found {
        let posts = self.posts.lock().unwrap();
        match posts.iter().find(|(_, key)| *key == publish.key) {
            Some((_, key)) => Found::Published(Remote {
                id: key.clone(),
                permalink: None,
            }),
            None => Found::Absent,
        }
    }
}

/// A world whose Mastodon is a stand-in.
pub struct Stage {
    pub world: World,
    pub network: Arc<StandIn>,
    /// Every channel in the order it was made.
    pub channels: Vec<ChannelId>,
}

impl Stage {
    /// `logins` of one channel each, `a0`, `a1` ..., dealt out to `servers`.
    pub async fn new(logins: usize, servers: usize) -> Self {
        let mut world = World::new().await;
        let network = Arc::new(StandIn {
            answers: Mutex::new(Box::new(|_, _| None)),
            calls: Mutex::default(),
            posts: Mutex::default(),
            at_work: Mutex::default(),
        });
        let http = Http::new(&world.timing, world.clock.clone()).unwrap();
        let registry = Registry::new(http, world.clock.clone(), &Config::default()).instead(
            Network::Mastodon,
            Arc::clone(&network) as Arc<dyn Networked>,
        );
        world.networks = Arc::new(registry);
        let mut stage = Self {
            world,
            network,
            channels: Vec::new(),
        };
        for n in 0..logins {
            let id = stage.join(n, n % servers).await;
            stage.channels.push(id);
        }
        stage
    }

    async fn join(&self, n: usize, server: usize) -> ChannelId {
        let world = &self.world;
        let (now, entropy) = (world.clock.now(), world.entropy.clone());
        let id = ChannelId::fresh(now, &entropy);
        let (workspace_id, by, channel) =
            (world.workspace.clone(), world.operator.clone(), id.clone());
        let join = move |tx: &Tx<'_>| {
            let server = format!("https://s{server}.example");
            let new = NewLogin {
                id: LoginId::fresh(now, &entropy),
                network: Network::Mastodon,
                server: server.clone(),
                server_is_identity: true,
                client_id: "one app".into(),
                remote_user_id: format!("a{n}"),
                method: "oauth".into(),
            };
            let login = tx.ensure_login(&new, now)?;
            let pair = Pair {
                access: Secret::new("access"),
                refresh: Some(Secret::new("refresh")),
                password: None,
                client_secret: None,
                proof_key: None,
                token_expires_at: Some(now.plus(LIFE)),
                token_expiry: Expiry::Date,
                grant_expires_at: None,
                grant_expiry: Expiry::Unknown,
            };
            tx.seal_pair(&login, 0, &pair, now)?;
            let new = NewChannel {
                id: channel.clone(),
                workspace_id,
                kind: ChannelKind::Mastodon,
                remote_id: format!("a{n}"),
                handle: format!("a{n}"),
                display_name: String::new(),
                avatar_url: None,
                login_id: login,
                login_method: "oauth".into(),
                server,
                scopes: Vec::new(),
                missing_scopes: Vec::new(),
                by,
            };
            tx.add_channel(&new, now)?;
            // What is read of channels is no matter of these stories.
            tx.forget_readings(&channel)?;
            tx.prove_channel(&channel, now.plus(LIFE), None, now, &entropy)?;
            Ok(())
        };
        world.store.write(join).await.unwrap();
        id
    }

    fn engine(&self) -> Engine {
        let world = &self.world;
        Engine::new(Parts {
            store: world.store.clone(),
            networks: Arc::clone(&world.networks),
            clock: world.clock.clone(),
            entropy: world.entropy.clone(),
            timing: world.timing.clone(),
            rules: Rules::default(),
            lock: world.home.path().join("allgreen.db.publisher"),
            media: world.home.path().join("media"),
        })
    }

    /// One pass of a publisher, as cron starts it.
    pub async fn pass(&self) {
        let done = self.engine().once(Once::Everything).await.unwrap();
        assert!(done.is_some(), "the role is free");
    }

    /// Asks for these channels as an operator does, and has it done.
    pub async fn ask(&self, kind: CommandKind, channels: &[ChannelId]) {
        let world = &self.world;
        let (now, by, entropy) = (
            world.clock.now(),
            world.operator.clone(),
            world.entropy.clone(),
        );
        let channels = channels.to_vec();
        let ask = move |tx: &Tx<'_>| -> Result<(), StoreError> {
            for channel in &channels {
                tx.ask(kind, channel.as_str(), &by, now, &entropy)?;
            }
            Ok(())
        };
        world.store.write(ask).await.unwrap();
        let done = self.engine().once(Once::Commands).await.unwrap();
        assert!(done.is_some(), "the role is free");
    }

    pub async fn all(&self) -> Vec<Channel> {
        let ids = self.channels.clone();
        let read = self.world.store.read(move |q| {
            let all = ids.iter().map(|id| q.channel(id));
            all.collect::<Result<Vec<_>, _>>()
        });
        read.await.unwrap()
    }

    pub async fn logins(&self) -> Vec<Login> {
        self.world.store.read(|q| q.logins()).await.unwrap()
    }

    pub async fn incidents(&self, open: bool) -> Vec<Incident> {
        let read = self.world.store.read(move |q| q.incidents(open, 1_000));
        read.await.unwrap()
    }

    pub async fn delivery(&self, id: &DeliveryId) -> Delivery {
        self.world.delivery(id).await
    }

    /// Every channel may publish and no login was counted.
    pub async fn nobody_is_to_blame(&self) {
        for channel in self.all().await {
            let said = (channel.publishable, channel.cause);
            assert_eq!(said, (true, Cause::None), "{}", channel.handle);
            assert_eq!(channel.token.refresh_failures, 0, "{}", channel.handle);
        }
    }
}
