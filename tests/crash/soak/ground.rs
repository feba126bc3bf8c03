//! The ground of the soak: three simulated networks of three classes, each
//! behind a proxy that spoils calls, and one home with a channel on each of
//! their accounts.

use std::cell::RefCell;
use std::time::Duration;

use allgreen::sandbox::Sandbox;
use allgreen::sandbox::ledger::{Act, LedgerEntry};
use allgreen::sandbox::telegram::{ChatKind, Rights};

use super::witness;
use crate::common::process::{Home, Outcome, Run};
use crate::common::program::Desk;
use crate::common::proxy::{Call, Fault, Proxy};
use crate::common::simulated::sandbox;
use crate::common::{PATIENCE, eventually};

const BOT: &str = "acme_bot";

/// Durations short enough for a thousand rounds. The settle time keeps its
/// proportion: it is longer than the two seconds an armed request may wait and
/// the time a network of the soak works on it.
pub const SHORT: &str = "[engine]
settle = \"5s\"
absent_spacing = \"500ms\"
call_timeout = \"1500ms\"
catch_up_spacing = \"500ms\"
heartbeat = \"500ms\"
takeover_after = \"2s\"
refused_retry = \"50ms\"
send_retry = \"200ms\"
send_retry_most = \"500ms\"
refresh_retry = \"300ms\"
refresh_spacing = \"0s\"
park = \"500ms\"
store_poll = \"100ms\"
late_live_wait = \"500ms\"
harvest_every = \"1h\"
unknown_reads = \"2m\"
";

/// How long after its arm a request may reach a network: what the rule of the
/// design allows, and the slowness of a busy machine.
pub const ON_THE_WIRE: Duration = Duration::from_millis(3000);

/// How an account is connected.
#[derive(Clone, Debug)]
pub enum Way {
    /// By handle and app password.
    Bluesky {
        /// The handle.
        handle: String,
        /// The app password.
        password: String,
    },
    /// By access token.
    Mastodon {
        /// The account's name.
        name: String,
    },
    /// By bot token and chat.
    Telegram {
        /// The chat's name.
        chat: String,
    },
}

impl Way {
    /// Which network it leads to.
    pub fn network(&self) -> &'static str {
        match self {
            Self::Bluesky { .. } => "bluesky",
            Self::Mastodon { .. } => "mastodon",
            Self::Telegram { .. } => "telegram",
        }
    }
}

/// What was taken away at a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The app password, or the password that every token ended with.
    Password,
    /// The account is taken down.
    Takedown,
    /// The token of the bot, for every chat.
    Token,
    /// The right to post in one chat.
    Rights,
}

/// One channel of the soak.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its id in the store.
    pub id: String,
    /// How it is connected.
    pub way: Way,
    /// The account as the network's ledger names it.
    pub account: String,
}

/// The networks and the proxies in front of them.
pub struct Ground {
    /// The networks.
    pub sandbox: Sandbox,
    bluesky: Proxy,
    directory: Proxy,
    mastodon: Proxy,
    telegram: Proxy,
    bot: RefCell<String>,
}

impl Ground {
    /// Networks without rate limits: what they do to pacing is shown elsewhere.
    pub fn new() -> Self {
        let sandbox = sandbox();
        let bluesky = Proxy::start(sandbox.base());
        let directory = Proxy::start(sandbox.directory());
        let mastodon = Proxy::start(sandbox.mastodon_base());
        let telegram = Proxy::start(sandbox.telegram_base());
        for proxy in [&bluesky, &directory] {
            let named = |at: &str| format!(r#""serviceEndpoint":"{}""#, at.trim_end_matches('/'));
            proxy.replace_in_answers(&named(sandbox.base()), &named(&bluesky.url()));
        }
        sandbox.mastodon().rate_limits(false);
        sandbox.telegram().rate_limits(false);
        let bot = sandbox.telegram().create_bot(BOT, "Acme").unwrap();
        Self {
            sandbox,
            bluesky,
            directory,
            mastodon,
            telegram,
            bot: bot.into(),
        }
    }

    /// The token of the bot.
    pub fn bot_token(&self) -> String {
        self.bot.borrow().clone()
    }

    /// A home that finds the networks behind the proxies.
    pub fn desk(&self) -> Desk {
        let home = Home::new();
        home.write_config(&format!(
            "[networks.bluesky]\napi_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n\
             [networks.mastodon]\nallow_private_hosts = true\n\
             [networks.telegram]\napi_base = \"{}\"\nallow_private_hosts = true\n{SHORT}",
            self.bluesky.url(),
            self.directory.url(),
            self.telegram.url(),
        ));
        Desk { home }
    }

    /// Two accounts on each network, connected.
    pub fn channels(&self, desk: &Desk) -> Vec<Channel> {
        let mut channels = Vec::new();
        for name in ["ann", "ben"] {
            let handle = format!("{name}.test");
            let bluesky = self.sandbox.bluesky();
            let account = bluesky
                .create_account(&handle, "main-password-1", name)
                .unwrap();
            let password = bluesky.create_app_password(&account, "allgreen").unwrap();
            let way = Way::Bluesky { handle, password };
            channels.push((way, account));
            let account = self.sandbox.mastodon().create_account(name).unwrap();
            let way = Way::Mastodon { name: name.into() };
            channels.push((way, account));
            let chat = format!("@{name}_news");
            let telegram = self.sandbox.telegram();
            let bare = Some(&chat[1..]);
            let account = telegram.create_chat(ChatKind::Channel, name, bare).unwrap();
            let posts = Rights::Administrator { post: true };
            telegram.set_rights(BOT, &chat, posts).unwrap();
            let way = Way::Telegram { chat };
            channels.push((way, account.to_string()));
        }
        let channels = channels
            .into_iter()
            .map(|(way, account)| Channel {
                id: self
                    .connect(desk, &way, &Run::run)
                    .expect("a first connection"),
                way,
                account,
            })
            .collect();
        witness::installed(&desk.home.file("allgreen.db"));
        channels
    }

    /// Connects an account, again or for the first time; the channel's id, or
    /// what the program complained about.
    pub fn connect(
        &self,
        desk: &Desk,
        way: &Way,
        runs: &dyn Fn(Run) -> Outcome,
    ) -> Result<String, String> {
        let server = self.mastodon.url();
        let (words, secret) = match way {
            Way::Bluesky { handle, password } => (
                vec!["bluesky", "--handle", handle, "--password-stdin"],
                password.clone(),
            ),
            Way::Mastodon { name } => (
                vec!["mastodon", "--server", &server, "--token-stdin"],
                self.sandbox
                    .mastodon()
                    .create_token(name, &["read", "write"])
                    .unwrap(),
            ),
            Way::Telegram { chat } => (
                vec!["telegram", "--chat", chat, "--token-stdin"],
                self.bot_token(),
            ),
        };
        let mut all = vec!["channel", "connect"];
        all.extend(words);
        all.push("--json");
        let done = runs(desk.home.allgreen(all).input(format!("{secret}\n")));
        match done.code {
            Some(0) => Ok(done.json()["id"].as_str().expect("an id").to_owned()),
            _ => Err(done.stderr),
        }
    }

    /// Takes the access of an account away at its network, in one of the ways
    /// there; nobody tells the program.
    pub fn lose(&self, way: &Way, other: bool) -> Loss {
        match way {
            Way::Bluesky { handle, .. } if other => {
                self.sandbox.bluesky().takedown(handle, true).unwrap();
                Loss::Takedown
            }
            Way::Bluesky { handle, password } => {
                let bluesky = self.sandbox.bluesky();
                bluesky.revoke_app_password(handle, password).unwrap();
                bluesky.expire_access_tokens(handle).unwrap();
                Loss::Password
            }
            Way::Mastodon { name } => {
                self.sandbox.mastodon().password_reset(name).unwrap();
                Loss::Password
            }
            Way::Telegram { chat } if other => {
                let none = Rights::Administrator { post: false };
                self.sandbox.telegram().set_rights(BOT, chat, none).unwrap();
                Loss::Rights
            }
            Way::Telegram { .. } => {
                let fresh = self.sandbox.telegram().revoke_token(BOT).unwrap();
                self.bot.replace(fresh);
                Loss::Token
            }
        }
    }

    /// Makes a login possible again; `number` names what is made anew.
    pub fn give_back(&self, way: &mut Way, loss: Loss, number: usize) {
        match (way, loss) {
            (Way::Bluesky { handle, .. }, Loss::Takedown) => {
                self.sandbox.bluesky().takedown(handle, false).unwrap();
            }
            (Way::Bluesky { handle, password }, _) => {
                let name = format!("allgreen {number}");
                let bluesky = self.sandbox.bluesky();
                *password = bluesky.create_app_password(handle, &name).unwrap();
            }
            (Way::Telegram { chat }, Loss::Rights) => {
                let posts = Rights::Administrator { post: true };
                let telegram = self.sandbox.telegram();
                telegram.set_rights(BOT, chat, posts).unwrap();
            }
            // A fresh token is made with each login, or was made at once.
            (Way::Mastodon { .. } | Way::Telegram { .. }, _) => {}
        }
    }

    /// The proxy in front of a channel's network, and the name of the call that
    /// makes a post there.
    pub fn wire(&self, way: &Way) -> (&Proxy, String) {
        match way {
            Way::Bluesky { .. } => (&self.bluesky, "com.atproto.repo.putRecord".into()),
            Way::Mastodon { .. } => (&self.mastodon, "/api/v1/statuses".into()),
            Way::Telegram { .. } => (
                &self.telegram,
                format!("/bot{}/sendMessage", self.bot_token()),
            ),
        }
    }

    /// Every network is reachable, and no fault waits.
    pub fn heal(&self) {
        for proxy in [
            &self.bluesky,
            &self.directory,
            &self.mastodon,
            &self.telegram,
        ] {
            proxy.heal();
        }
    }

    /// Whether no call to the server that may forget keys is or will be doubled.
    pub fn doubles_nothing(&self) -> bool {
        self.mastodon.unused_faults() == 0 && self.mastodon.calls("*").iter().all(|call| call.done)
    }

    /// Waits until nothing is on its way to a network any more.
    pub fn wait_until_quiet(&self) {
        for proxy in [&self.bluesky, &self.mastodon, &self.telegram] {
            eventually("every request has arrived", PATIENCE, || {
                proxy.calls("*").iter().all(|call| call.done)
            });
        }
    }

    /// Everything that ever became visible.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        let mut all = self.sandbox.bluesky().ledger();
        all.extend(self.sandbox.mastodon().ledger());
        all.extend(self.sandbox.telegram().ledger());
        all.retain(|entry| entry.act == Act::Created && !entry.text.is_empty());
        all
    }

    /// Every call that makes a post.
    pub fn arrivals(&self) -> Vec<Arrival> {
        let of = |network: &'static str, proxy: &Proxy, ending: &str| -> Vec<Arrival> {
            let mut calls = proxy.calls("*");
            calls.retain(|call| call.verb == "POST" && call.name.ends_with(ending));
            let arrival = |call: Call| Arrival {
                at: call.wall,
                network,
                body: String::from_utf8_lossy(&call.body).into_owned(),
                doubled: call.fault == Some(Fault::Double.name()),
                taken: call.server_said.iter().filter(|one| **one == 200).count(),
            };
            calls.into_iter().map(arrival).collect()
        };
        let mut all = of("bluesky", &self.bluesky, "com.atproto.repo.putRecord");
        all.extend(of("mastodon", &self.mastodon, "/api/v1/statuses"));
        // Whatever token the bot had at the time.
        all.extend(of("telegram", &self.telegram, "/sendMessage"));
        all
    }
}

/// A call that makes a post, as the proxy saw it.
pub struct Arrival {
    /// When it began to arrive, in milliseconds since 1970.
    pub at: i64,
    /// At which network.
    pub network: &'static str,
    /// What it carried.
    pub body: String,
    /// Whether the wire made two of it.
    pub doubled: bool,
    /// How often the network took it.
    pub taken: usize,
}
