//! An office for stories: a hub opened as an operator opens it, the simulated
//! network, and a clock that moves only when the story says so.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use allgreen::domain::ids::{ChannelId, DeliveryId, WorkspaceId};
use allgreen::domain::machine::Rules;
use allgreen::domain::network::Network;
use allgreen::domain::role::Role;
use allgreen::engine::{Engine, Once, Parts, Pass};
use allgreen::networks::Credential;
use allgreen::ops::connect::{Connected, connect};
use allgreen::ops::hub::HubOptions;
use allgreen::ops::posts::{NewPost, PostTime, create};
use allgreen::ops::views::PostView;
use allgreen::ops::workspaces::{self, NewWorkspace, WorkspaceChange};
use allgreen::ops::{Hub, OpError, Operator, Paths, people};
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;
use rusqlite::types::ValueRef;

pub use crate::world::{NOON, Person, minutes};

pub struct Office {
    pub clock: Clock,
    pub sandbox: Sandbox,
    pub home: tempfile::TempDir,
    pub hub: Hub,
}

impl Office {
    pub async fn open() -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339(NOON).unwrap());
        let sandbox = Sandbox::start(SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        })
        .await
        .unwrap();
        let home = tempfile::tempdir().unwrap();
        let hub = Self::hub_as(&sandbox, home.path(), &clock, "ann").await;
        let office = Self {
            clock,
            sandbox,
            home,
            hub: hub.unwrap(),
        };
        // The first workspace takes the zone of the machine, which stories must not.
        let utc = WorkspaceChange {
            timezone: Some("UTC".into()),
            ..WorkspaceChange::default()
        };
        workspaces::set(&office.hub, &office.main().await, utc)
            .await
            .unwrap();
        office
    }

    /// Opens the hub in `home` as somebody.
    pub async fn hub_as(
        sandbox: &Sandbox,
        home: &Path,
        clock: &Clock,
        name: &str,
    ) -> Result<Hub, OpError> {
        let paths = Paths::in_home(home);
        paths.create().unwrap();
        let mut settings = NetworkSettings {
            api_base: Some(sandbox.base().to_owned()),
            directory_url: Some(sandbox.directory().to_owned()),
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        settings.upload_base = Some(sandbox.video());
        let config = Config {
            networks: [("bluesky".to_owned(), settings)].into(),
            engine: Timing {
                refused_retry: Duration::ZERO,
                ..Timing::default()
            },
            ..Config::default()
        };
        Hub::open(HubOptions {
            paths,
            config,
            clock: clock.clone(),
            entropy: Entropy::seeded(11),
            operator: Some(name.into()),
            read_only: false,
            passkey: None,
            hears: None,
        })
        .await
    }

    pub async fn main(&self) -> WorkspaceId {
        allgreen::ops::names::workspace(&self.hub, "main")
            .await
            .unwrap()
    }

    pub async fn workspace(&self, name: &str) -> WorkspaceId {
        let new = NewWorkspace {
            name: name.into(),
            ..NewWorkspace::default()
        };
        let view = workspaces::add(&self.hub, new).await.unwrap();
        view.workspace.id
    }

    /// The hub as somebody else uses it, with a role in one workspace.
    pub async fn colleague(&self, name: &str, workspace: &WorkspaceId, role: Role) -> Hub {
        let id = people::add(&self.hub, name, false).await.unwrap();
        people::set_role(&self.hub, workspace, name, Some(role))
            .await
            .unwrap();
        Hub {
            operator: Operator {
                id,
                name: name.into(),
                hub_admin: false,
            },
            ..self.hub.clone()
        }
    }

    pub fn person(&self, name: &str) -> Person {
        let handle = format!("{name}.test");
        let bluesky = self.sandbox.bluesky();
        let did = bluesky
            .create_account(&handle, "main-password-1", name)
            .unwrap();
        let app_password = bluesky.create_app_password(&did, "allgreen").unwrap();
        Person {
            did,
            handle,
            app_password,
        }
    }

    pub fn credential(person: &Person) -> Credential {
        Credential::AppPassword {
            handle: person.handle.clone(),
            server: None,
            password: Secret::new(person.app_password.clone()),
        }
    }

    pub async fn connect_in(&self, workspace: &WorkspaceId, person: &Person) -> Connected {
        connect(
            &self.hub,
            workspace,
            Network::Bluesky,
            Self::credential(person),
        )
        .await
        .unwrap()
    }

    /// A person at the network and their channel in `main`.
    pub async fn channel(&self, name: &str) -> (Person, ChannelId) {
        let person = self.person(name);
        let connected = self.connect_in(&self.main().await, &person).await;
        (person, connected.channel.channel.id)
    }

    /// A post for a channel, `after` from now.
    pub async fn post(&self, channel: &ChannelId, text: &str, after: Duration) -> DeliveryId {
        let when = PostTime::At(self.clock.now().plus(after).to_string());
        let view = self.try_post(channel, text, when).await.unwrap();
        view.deliveries[0].delivery.id.clone()
    }

    pub async fn try_post(
        &self,
        channel: &ChannelId,
        text: &str,
        when: PostTime,
    ) -> Result<PostView, OpError> {
        create(&self.hub, new_post(channel, text, when)).await
    }

    pub fn engine(&self) -> Engine {
        Engine::new(Parts {
            store: self.hub.store.clone(),
            networks: Arc::clone(&self.hub.networks),
            clock: self.clock.clone(),
            entropy: self.hub.entropy.clone(),
            timing: self.hub.config.engine.clone(),
            rules: Rules::default(),
            lock: self.home.path().join("allgreen.db.publisher"),
            media: self.hub.paths.media.clone(),
        })
    }

    /// One pass of a publisher over everything.
    pub async fn pass(&self) -> Pass {
        let real = Clock::real();
        // A process that another test starts holds our lock until it is itself.
        for _ in 0..1_000 {
            if let Some(pass) = self.engine().once(Once::Everything).await.unwrap() {
                return pass;
            }
            real.sleep(Duration::from_millis(5)).await;
        }
        panic!("somebody else publishes here");
    }

    /// One pass over what was asked for only.
    pub async fn commands(&self) {
        self.engine().once(Once::Commands).await.unwrap();
    }

    /// The database, seen from outside the program.
    pub fn raw(&self) -> rusqlite::Connection {
        let raw = rusqlite::Connection::open(self.home.path().join("allgreen.db")).unwrap();
        raw.busy_timeout(Duration::from_secs(5)).unwrap();
        raw
    }

    /// Whatever there is to send was under way, and nobody knows how it ended:
    /// a person decides about it.
    pub fn leave_to_decide(&self) {
        let raw = self.raw();
        raw.execute_batch(
            "DROP TRIGGER delivery_machine; DROP TRIGGER delivery_undone;
             UPDATE delivery SET state = 'needs_decision'",
        )
        .unwrap();
    }

    /// Every row of every table as text: equal dumps mean nothing changed.
    pub fn dump(&self) -> Vec<String> {
        let raw = self.raw();
        let names: Vec<String> = raw
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let mut dump = Vec::new();
        for table in names {
            let mut statement = raw.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let values: Vec<String> = (0..columns)
                    .map(|at| match row.get_ref(at).unwrap() {
                        ValueRef::Null => "-".into(),
                        ValueRef::Integer(n) => n.to_string(),
                        ValueRef::Real(n) => n.to_string(),
                        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                        ValueRef::Blob(bytes) => format!("{bytes:02x?}"),
                    })
                    .collect();
                dump.push(format!("{table}: {}", values.join(" | ")));
            }
        }
        dump
    }

    /// How often an endpoint was called.
    pub fn calls(&self, endpoint: &str) -> usize {
        let calls = self.sandbox.bluesky().calls();
        calls
            .iter()
            .filter(|call| call.endpoint.ends_with(endpoint))
            .count()
    }
}

pub fn new_post(channel: &ChannelId, text: &str, when: PostTime) -> NewPost {
    NewPost {
        to: vec![channel.clone()],
        text: text.into(),
        when,
        zone: None,
        only_on_time: false,
        media: Vec::new(),
        only_for: Vec::new(),
        options: allgreen::domain::post_options::PostOptions::default(),
        then: Vec::new(),
    }
}
