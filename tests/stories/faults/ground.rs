//! One channel on a network behind a proxy, addressed by a name that resolves
//! as long as the test says so.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use allgreen::domain::channel::Channel;
use allgreen::domain::delivery::{Delivery, State};
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::domain::machine::Rules;
use allgreen::domain::network::Network;
use allgreen::domain::publisher::{CommandKind, PublisherKind};
use allgreen::engine::{Engine, Once, Parts};
use allgreen::networks::Credential;
use allgreen::networks::guard::Names;
use allgreen::networks::http::Http;
use allgreen::networks::registry::Registry;
use allgreen::ops::connect::connect;
use allgreen::ops::hub::HubOptions;
use allgreen::ops::probe::{self, Asked};
use allgreen::ops::{Hub, Paths, Scope, views};
use allgreen::sandbox::telegram::{ChatKind, Rights};
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::store::incidents::Incident;
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;
use async_trait::async_trait;
use rusqlite::OptionalExtension;
use tokio::sync::watch;

use crate::common::proxy::{Call, Fault, Proxy};
use crate::common::{PATIENCE, eventually_some, runtime};
use crate::office::{NOON, Office, minutes};

/// One network of each class: a key, a list, nothing to read.
pub const CLASSES: [Network; 3] = [Network::Bluesky, Network::Mastodon, Network::Telegram];

/// The name of every server here.
pub const HOST: &str = "front.localhost";

const CHAT: &str = "@acme_news";

/// Runs a future to its end on the runtime of the helpers.
pub fn wait<F: Future>(future: F) -> F::Output {
    runtime().block_on(future)
}

/// A resolver that can lose every name.
#[derive(Default)]
pub struct Book {
    lost: AtomicBool,
    asked: AtomicUsize,
}

#[async_trait]
impl Names for Book {
    async fn addresses(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.lost.load(Ordering::SeqCst) {
            return Err(io::Error::other("nobody knows this name"));
        }
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

impl Book {
    pub fn lose(&self, lost: bool) {
        self.lost.store(lost, Ordering::SeqCst);
    }

    /// How often a name was asked for.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

pub struct Ground {
    pub network: Network,
    pub office: Office,
    pub front: Proxy,
    pub names: Arc<Book>,
    pub channel: ChannelId,
    directory: Proxy,
    /// The proxy's name of the call that publishes.
    send: String,
    did: String,
    /// The bot's or the person's token, where that is what was given.
    token: Option<String>,
    engine: Engine,
}

impl Ground {
    pub fn new(network: Network) -> Self {
        Self::with(network, Duration::from_secs(5))
    }

    /// The same with calls that may last so long.
    pub fn with(network: Network, call_timeout: Duration) -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339(NOON).unwrap());
        let sandbox = wait(Sandbox::start(SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        }))
        .unwrap();
        let upstream = match network {
            Network::Mastodon => sandbox.mastodon_base(),
            Network::Telegram => sandbox.telegram_base(),
            _ => sandbox.base(),
        };
        let (front, directory) = (Proxy::start(upstream), Proxy::start(sandbox.directory()));
        let server = named(&front);
        let endpoint = |address: &str| format!(r#""serviceEndpoint":"{address}""#);
        for proxy in [&front, &directory] {
            proxy.replace_in_answers(&endpoint(sandbox.base()), &endpoint(&server));
        }
        let Account {
            credential,
            send,
            did,
            token,
        } = account(&sandbox, network, &server);

        let home = tempfile::tempdir().unwrap();
        let paths = Paths::in_home(home.path());
        paths.create().unwrap();
        let settings = NetworkSettings {
            api_base: (network != Network::Mastodon).then(|| server.clone()),
            directory_url: (network == Network::Bluesky).then(|| directory.url()),
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        let config = Config {
            networks: [(network.name().to_owned(), settings)].into(),
            engine: Timing {
                refused_retry: Duration::ZERO,
                call_timeout,
                connect_timeout: Duration::from_millis(500),
                ..Timing::default()
            },
            ..Config::default()
        };
        let hub = wait(Hub::open(HubOptions {
            paths,
            config: config.clone(),
            clock: clock.clone(),
            entropy: Entropy::seeded(11),
            operator: Some("ann".into()),
            read_only: false,
            passkey: None,
            hears: None,
        }))
        .unwrap();
        let names = Arc::new(Book::default());
        let asked = Arc::clone(&names) as Arc<dyn Names>;
        let http = Http::with_names(&config.engine, clock.clone(), asked).unwrap();
        let networks = Arc::new(Registry::new(http, clock.clone(), &config));
        let hub = Hub { networks, ..hub };
        let office = Office {
            clock,
            sandbox,
            home,
            hub,
        };
        let main = wait(office.main());
        let connected = wait(connect(&office.hub, &main, network, credential)).unwrap();
        front.forget_calls();
        Self {
            network,
            engine: engine(&office),
            office,
            front,
            names,
            channel: connected.channel.channel.id,
            directory,
            send,
            did,
            token,
        }
    }

    /// Another channel of a new person on the same server.
    ///
    /// # Panics
    /// Elsewhere than on Bluesky.
    pub fn neighbour(&self) -> ChannelId {
        assert_eq!(self.network, Network::Bluesky);
        let person = self.office.person("birch");
        let main = wait(self.office.main());
        wait(self.office.connect_in(&main, &person))
            .channel
            .channel
            .id
    }

    /// Moves every login to another server, as an operator's new address would.
    pub fn move_to(&mut self, server: &str) {
        let moved = self
            .office
            .raw()
            .execute("UPDATE login SET server = ?1", [server]);
        assert_eq!(moved.unwrap(), 1);
        let mut config = (*self.office.hub.config).clone();
        for settings in config.networks.values_mut() {
            settings.api_base = settings.api_base.as_ref().map(|_| server.to_owned());
        }
        let clock = self.office.clock.clone();
        let names = Arc::clone(&self.names) as Arc<dyn Names>;
        let http = Http::with_names(&config.engine, clock.clone(), names).unwrap();
        self.office.hub.networks = Arc::new(Registry::new(http, clock, &config));
        self.engine = engine(&self.office);
        let from = format!(r#""serviceEndpoint":"{}""#, named(&self.front));
        let to = format!(r#""serviceEndpoint":"{server}""#);
        self.directory.replace_in_answers(&from, &to);
    }

    /// Where the network answers, as the program was told.
    pub fn server(&self) -> String {
        named(&self.front)
    }

    /// Spoils the next call that publishes.
    pub fn spoil(&self, fault: Fault) {
        self.front.next(&self.send, fault);
    }

    /// The calls that publish, so far.
    pub fn sends(&self) -> Vec<Call> {
        self.front.calls(&self.send)
    }

    /// Waits until so many calls that publish have arrived.
    pub fn wait_for_sends(&self, count: usize) {
        self.front.wait_for_arrival(&self.send, count);
    }

    /// A post that is due in five minutes.
    pub fn post(&self, text: &str) -> DeliveryId {
        wait(self.office.post(&self.channel, text, minutes(5)))
    }

    /// Asks the publisher for something about the channel, as a person does, and
    /// has it done; what it said of it.
    pub fn ask(&self, kind: CommandKind) -> (bool, String) {
        let hub = &self.office.hub;
        let asked = wait(probe::ask(hub, kind, self.channel.as_str())).unwrap();
        eventually_some("the role is free", PATIENCE, || {
            wait(self.engine.once(Once::Commands)).unwrap()
        });
        match wait(probe::progress(hub, &asked)).unwrap() {
            Asked::Done { ok, text } => (ok, text),
            open => panic!("{open:?}"),
        }
    }

    /// The person takes the access away, at the network.
    pub fn withdraw(&self) {
        let sandbox = &self.office.sandbox;
        match (self.network, &self.token) {
            (Network::Mastodon, Some(token)) => sandbox.mastodon().revoke_token(token).unwrap(),
            (Network::Telegram, _) => {
                sandbox.telegram().revoke_token("acme_bot").unwrap();
            }
            _ => {
                let bluesky = sandbox.bluesky();
                bluesky.revoke_app_password(&self.did, "allgreen").unwrap();
            }
        }
    }

    /// What of this account is live.
    pub fn live(&self) -> Vec<String> {
        let sandbox = &self.office.sandbox;
        match self.network {
            Network::Mastodon => {
                let statuses = sandbox.mastodon().statuses();
                statuses.into_iter().map(|status| status.text).collect()
            }
            Network::Telegram => {
                let messages = sandbox.telegram().messages();
                messages.into_iter().map(|message| message.text).collect()
            }
            _ => sandbox.bluesky().live_posts(&self.did).unwrap(),
        }
    }

    /// The open incidents, as everybody is shown them.
    pub fn incidents(&self) -> Vec<Incident> {
        wait(views::incidents(&self.office.hub, &Scope::All, true, 100)).unwrap()
    }

    /// One pass of the publisher, as it is.
    pub fn pass(&self) {
        // A process that another test starts holds our lock until it is itself.
        eventually_some("the role is free", PATIENCE, || {
            wait(self.engine.once(Once::Everything)).unwrap()
        });
    }

    /// The same while the test goes on.
    pub fn pass_meanwhile(&self) -> tokio::task::JoinHandle<()> {
        let engine = self.engine.clone();
        runtime().spawn(async move {
            while engine.once(Once::Everything).await.unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        })
    }

    /// Passes, five minutes apart.
    pub fn passes(&self, times: usize) {
        for _ in 0..times {
            self.office.clock.advance(minutes(5));
            self.pass();
        }
    }

    /// A publisher that goes on, while `act` is done in steps of five seconds of
    /// its time until it has a result.
    pub fn publish_until<T>(&self, mut act: impl FnMut() -> Option<T>) -> T {
        let (stop, stopped) = watch::channel(false);
        let engine = self.engine.clone();
        let run = runtime().spawn(async move { engine.run(PublisherKind::Daemon, stopped).await });
        let found = (0..1_000).find_map(|_| {
            wait(Clock::real().sleep(Duration::from_millis(10)));
            let found = act();
            if found.is_none() {
                self.office.clock.advance(Duration::from_secs(5));
                self.engine.wake();
            }
            found
        });
        stop.send(true).unwrap();
        wait(run).unwrap().unwrap();
        found.expect("it happens while time passes")
    }

    pub fn delivery(&self, id: &DeliveryId) -> Delivery {
        let id = id.clone();
        wait(self.office.hub.store.read(move |q| q.delivery(&id))).unwrap()
    }

    pub fn state(&self, id: &DeliveryId) -> State {
        self.delivery(id).state
    }

    pub fn channel(&self) -> Channel {
        let id = self.channel.clone();
        wait(self.office.hub.store.read(move |q| q.channel(&id))).unwrap()
    }

    /// The kinds of verdicts on a delivery, in order.
    pub fn verdicts(&self, id: &DeliveryId) -> Vec<String> {
        let raw = self.office.raw();
        let mut all = raw
            .prepare("SELECT kind FROM verdict WHERE delivery_id = ?1 ORDER BY id")
            .unwrap();
        let kinds = all.query_map([id.as_str()], |row| row.get(0)).unwrap();
        kinds.collect::<Result<_, _>>().unwrap()
    }

    /// When a scheduled delivery was tried last, and when it is tried next.
    pub fn waits_since(&self, id: &DeliveryId) -> Option<(UtcMs, UtcMs)> {
        let raw = self.office.raw();
        let both = "SELECT verdict.at, next_attempt_at FROM verdict
            JOIN delivery ON delivery.id = delivery_id
            WHERE delivery_id = ?1 AND state = 'scheduled' AND next_attempt_at IS NOT NULL
            ORDER BY verdict.id DESC LIMIT 1";
        raw.query_row(both, [id.as_str()], |row| {
            Ok((UtcMs(row.get(0)?), UtcMs(row.get(1)?)))
        })
        .optional()
        .unwrap()
    }

    /// What an operator is told about a delivery.
    pub fn why(&self, id: &DeliveryId) -> String {
        let why = wait(views::why(&self.office.hub, id)).unwrap();
        let events = why.events.into_iter().map(|(_, event)| event);
        let said: Vec<String> = std::iter::once(why.sentence).chain(events).collect();
        said.join("\n")
    }

    /// The channel is as healthy as ever.
    pub fn assert_healthy(&self) {
        let channel = self.channel();
        assert!(channel.publishable, "{channel:?}");
        assert_eq!(channel.token.refresh_failures, 0);
    }
}

fn named(proxy: &Proxy) -> String {
    proxy.url().replace("127.0.0.1", HOST)
}

fn engine(office: &Office) -> Engine {
    Engine::new(Parts {
        store: office.hub.store.clone(),
        networks: Arc::clone(&office.hub.networks),
        clock: office.clock.clone(),
        entropy: office.hub.entropy.clone(),
        timing: office.hub.config.engine.clone(),
        rules: Rules::default(),
        lock: office.home.path().join("allgreen.db.publisher"),
        media: office.hub.paths.media.clone(),
    })
}

/// An account that may post.
struct Account {
    credential: Credential,
    /// The name of the call that posts.
    send: String,
    did: String,
    token: Option<String>,
}

fn account(sandbox: &Sandbox, network: Network, server: &str) -> Account {
    match network {
        Network::Mastodon => {
            let mastodon = sandbox.mastodon();
            mastodon.create_account("acme").unwrap();
            let token = mastodon.create_token("acme", &["read", "write"]).unwrap();
            let credential = Credential::AccessToken {
                server: server.to_owned(),
                token: Secret::new(token.clone()),
            };
            Account {
                credential,
                send: "/api/v1/statuses".into(),
                did: String::new(),
                token: Some(token),
            }
        }
        Network::Telegram => {
            let telegram = sandbox.telegram();
            let token = telegram.create_bot("acme_bot", "Acme").unwrap();
            let name = Some("acme_news");
            telegram
                .create_chat(ChatKind::Channel, "Acme", name)
                .unwrap();
            let posts = Rights::Administrator { post: true };
            telegram.set_rights("acme_bot", CHAT, posts).unwrap();
            let send = format!("/bot{token}/sendMessage");
            let credential = Credential::BotToken {
                chat: CHAT.into(),
                token: Secret::new(token.clone()),
            };
            Account {
                credential,
                send,
                did: String::new(),
                token: Some(token),
            }
        }
        _ => {
            let bluesky = sandbox.bluesky();
            let did = bluesky
                .create_account("ann.test", "main-password-1", "Ann")
                .unwrap();
            let password = bluesky.create_app_password(&did, "allgreen").unwrap();
            let credential = Credential::AppPassword {
                handle: "ann.test".into(),
                server: None,
                password: Secret::new(password),
            };
            Account {
                credential,
                send: "com.atproto.repo.putRecord".into(),
                did,
                token: None,
            }
        }
    }
}
