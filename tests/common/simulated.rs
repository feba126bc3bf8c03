//! The simulated network as ground for stories with real processes.

use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;

use super::crashes::Ground;
use super::program::Desk;
use super::proxy::Proxy;
use super::runtime;

/// The simulated networks on the clock of this machine.
pub fn sandbox() -> Sandbox {
    let options = SandboxOptions {
        clock: Clock::real(),
        seed: 7,
        port: 0,
    };
    runtime().block_on(Sandbox::start(options)).unwrap()
}

/// An account on the simulated network, an operator whose home finds it, and
/// the account connected there: the channel's id.
pub fn desk() -> (Simulated, Desk, String) {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    let channel = desk.connect(&ground.handle(), &ground.app_password());
    (ground, desk, channel)
}

/// An account on the simulated network.
pub struct Simulated {
    pub sandbox: Sandbox,
    server: Proxy,
    directory: Proxy,
    did: String,
    password: String,
}

impl Ground for Simulated {
    fn new() -> Self {
        let sandbox = sandbox();
        let did = sandbox
            .bluesky()
            .create_account("ann.test", "main-password-1", "Ann")
            .unwrap();
        let password = sandbox
            .bluesky()
            .create_app_password(&did, "allgreen")
            .unwrap();
        let server = Proxy::start(sandbox.base());
        let directory = Proxy::start(sandbox.directory());
        let named =
            |address: &str| format!(r#""serviceEndpoint":"{}""#, address.trim_end_matches('/'));
        for proxy in [&server, &directory] {
            proxy.replace_in_answers(&named(sandbox.base()), &named(&server.url()));
        }
        Self {
            sandbox,
            server,
            directory,
            did,
            password,
        }
    }

    fn config(&self) -> String {
        format!(
            "[networks.bluesky]\napi_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n",
            self.server.url(),
            self.directory.url()
        )
    }

    fn handle(&self) -> String {
        "ann.test".into()
    }

    fn app_password(&self) -> String {
        self.password.clone()
    }

    fn proxy(&self) -> &Proxy {
        &self.server
    }

    fn posts(&self) -> Vec<(String, String)> {
        // Keys rise with time, as the server lists them.
        let mut posts: Vec<_> = self
            .sandbox
            .bluesky()
            .ledger()
            .into_iter()
            .filter(|entry| entry.did == self.did && entry.collection == "app.bsky.feed.post")
            .map(|entry| {
                (
                    format!("at://{}/{}/{}", entry.did, entry.collection, entry.rkey),
                    entry.text,
                )
            })
            .collect();
        posts.sort();
        posts
    }
}
