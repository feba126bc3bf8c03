//! The simulated networks on loopback: real HTTP, their own clock, their own
//! ledger of what was posted. Written from what the real servers were observed
//! to answer, never from our client, and never kinder than the real thing.
//!
//! | part | what it is |
//! |---|---|
//! | [`faults`] | what can be made to go wrong, and for how many requests |
//! | [`calls`] | every request that came in |
//! | [`ledger`] | every record that was ever created |
//! | `pages` | what the consent pages of the networks share |
//! | `params` | parameters from query, JSON, form or multipart bodies |
//! | [`bluesky`], [`mastodon`], [`telegram`] | one network per folder |

pub mod bluesky;
pub mod calls;
mod control;
pub mod faults;
pub mod ledger;
pub mod mastodon;
mod pages;
mod params;
mod server;
pub mod telegram;
mod traffic;
mod wire;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use bluesky::{Bluesky, Directory, Pds};
use mastodon::Mastodon;
use telegram::Telegram;

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Judges every expiry and stamps every answer; share it with the program
    /// under test.
    pub clock: Clock,
    /// Identifiers and tokens repeat with the same seed.
    pub seed: u64,
    /// Port of the first server, 0 for any; the directory takes the next one,
    /// Telegram the one after it, Mastodon the next, the odd instance the last.
    pub port: u16,
}

/// The running simulator. Dropping it closes its ports; answers that are under
/// way are still given.
#[derive(Debug)]
pub struct Sandbox {
    bluesky: Bluesky,
    base: String,
    directory: String,
    telegram: Telegram,
    telegram_base: String,
    mastodon: Mastodon,
    mastodon_base: String,
    odd_mastodon: Mastodon,
    odd_mastodon_base: String,
    /// Dropped with the sandbox, which is what tells the servers to stop.
    _stop: watch::Sender<()>,
}

impl Sandbox {
    /// Binds 127.0.0.1 and serves from the current tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let pds = listen(options.port, 0).await?;
        let plc = listen(options.port, 1).await?;
        let bots = listen(options.port, 2).await?;
        let instance = listen(options.port, 3).await?;
        let odd = listen(options.port, 4).await?;
        let base = format!("http://{}", pds.local_addr()?);
        let directory = format!("http://{}", plc.local_addr()?);
        let telegram_base = format!("http://{}", bots.local_addr()?);
        let mastodon_base = format!("http://{}", instance.local_addr()?);
        let odd_mastodon_base = format!("http://{}", odd.local_addr()?);
        let entropy = Entropy::seeded(options.seed);
        let bluesky = Bluesky::new(options.clock.clone(), entropy, &base);
        let entropy = Entropy::seeded(options.seed);
        let mastodon = Mastodon::new(options.clock.clone(), entropy, &mastodon_base);
        // Tokens of its own.
        let entropy = Entropy::seeded(options.seed.wrapping_add(1));
        let odd_mastodon = Mastodon::new(options.clock.clone(), entropy, &odd_mastodon_base);
        odd_mastodon.be_odd();
        let telegram = Telegram::new(options.clock, Entropy::seeded(options.seed));
        let (stop, stopped) = watch::channel(());
        server::serve(pds, Arc::new(Pds(bluesky.clone())), stopped.clone());
        server::serve(plc, Arc::new(Directory(bluesky.clone())), stopped.clone());
        server::serve(bots, Arc::new(telegram.clone()), stopped.clone());
        server::serve(instance, Arc::new(mastodon.clone()), stopped.clone());
        server::serve(odd, Arc::new(odd_mastodon.clone()), stopped);
        Ok(Self {
            bluesky,
            base,
            directory,
            telegram,
            telegram_base,
            mastodon,
            mastodon_base,
            odd_mastodon,
            odd_mastodon_base,
            _stop: stop,
        })
    }

    /// Where the simulated PDS answers (`<base>/xrpc/...`), and with it
    /// `<base>/control/...` and `<base>/ledger`; no slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where the simulated PLC directory answers (`GET <url>/<did>`); no slash
    /// at the end.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Where the simulated video service answers
    /// (`<url>/xrpc/app.bsky.video...`); no slash at the end.
    pub fn video(&self) -> String {
        format!("{}/video", self.base)
    }

    /// The handle by which a test tells Bluesky what to do.
    pub fn bluesky(&self) -> &Bluesky {
        &self.bluesky
    }
    /// Where the simulated Bot API answers (`<base>/bot<token>/<method>`), and
    /// with it `<base>/control/telegram/...`; no slash at the end.
    pub fn telegram_base(&self) -> &str {
        &self.telegram_base
    }

    /// Where the simulated Mastodon instance answers (`<base>/api/...`), and with
    /// it `<base>/control/mastodon/...`; no slash at the end.
    pub fn mastodon_base(&self) -> &str {
        &self.mastodon_base
    }

    /// The handle by which a test tells Mastodon what to do.
    pub fn mastodon(&self) -> &Mastodon {
        &self.mastodon
    }

    /// Where another instance answers, one that differs from Mastodon wherever
    /// servers of the same API do; no slash at the end.
    pub fn odd_mastodon_base(&self) -> &str {
        &self.odd_mastodon_base
    }

    /// The handle by which a test tells the odd instance what to do.
    pub fn odd_mastodon(&self) -> &Mastodon {
        &self.odd_mastodon
    }

    /// The handle by which a test tells Telegram what to do.
    pub fn telegram(&self) -> &Telegram {
        &self.telegram
    }
}

/// The port `offset` after the first, or any.
async fn listen(first: u16, offset: u16) -> io::Result<TcpListener> {
    let port = match first {
        0 => 0,
        first => first.checked_add(offset).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "each network needs a port of its own after this one; choose a lower port",
            )
        })?,
    };
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}
