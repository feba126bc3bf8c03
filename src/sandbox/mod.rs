//! The simulated networks on loopback: real HTTP, their own clock, their own
//! ledger of what was posted. Written from what the real servers were observed
//! to answer, never from our client, and never kinder than the real thing.
//!
//! | part | what it is |
//! |---|---|
//! | [`faults`] | what can be made to go wrong, and for how many requests |
//! | [`calls`] | every request that came in |
//! | [`ledger`] | every record that was ever created |
//! | [`bluesky`] | one network per folder |

pub mod bluesky;
pub mod calls;
mod control;
pub mod faults;
pub mod ledger;
mod server;
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

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Judges every expiry and stamps every answer; share it with the program
    /// under test.
    pub clock: Clock,
    /// Identifiers and tokens repeat with the same seed.
    pub seed: u64,
    /// Port of the first server, 0 for any; the directory takes the next one.
    pub port: u16,
}

/// The running simulator. Dropping it closes its ports; answers that are under
/// way are still given.
#[derive(Debug)]
pub struct Sandbox {
    bluesky: Bluesky,
    base: String,
    directory: String,
    /// Dropped with the sandbox, which is what tells the servers to stop.
    _stop: watch::Sender<()>,
}

impl Sandbox {
    /// Binds 127.0.0.1 and serves from the current tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let pds = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let next = match options.port {
            0 => 0,
            port => port.checked_add(1).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the directory needs the port after this one; choose a lower port",
                )
            })?,
        };
        let plc = TcpListener::bind((Ipv4Addr::LOCALHOST, next)).await?;
        let base = format!("http://{}", pds.local_addr()?);
        let directory = format!("http://{}", plc.local_addr()?);
        let bluesky = Bluesky::new(options.clock, Entropy::seeded(options.seed), &base);
        let (stop, stopped) = watch::channel(());
        server::serve(pds, Arc::new(Pds(bluesky.clone())), stopped.clone());
        server::serve(plc, Arc::new(Directory(bluesky.clone())), stopped);
        Ok(Self {
            bluesky,
            base,
            directory,
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

    /// The handle by which a test tells Bluesky what to do.
    pub fn bluesky(&self) -> &Bluesky {
        &self.bluesky
    }
}
