//! `demo`: the real program over a throw-away home, with simulated networks.
//!
//! The agency is made by the program's own use cases, its posts with a clock
//! that stands in the past, so that there is something late, missed and broken.

mod agency;

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};

use super::args::hub::Demo as Command;
use super::context::Context;
use super::output::{Exit, Failure};
use super::{sandbox, screen};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use crate::support::paths::ensure_private;

/// Points a context at a home of its own, and at its own time.
///
/// # Errors
/// When the directory cannot be made.
pub fn prepare(context: &mut Context, command: &Command) -> Result<(), Failure> {
    context.clock = sandbox::clock(&context.clock, command.speed);
    let id = Entropy::os().ulid(context.clock.now());
    let home = std::env::temp_dir().join(format!("allgreen-demo-{id}"));
    ensure_private(&home)?;
    context.flags.home = Some(home);
    Ok(())
}

/// Seeds the agency and opens the screen.
///
/// # Errors
/// When networks, store or terminal cannot be used.
pub async fn run(context: &Context, command: &Command) -> Result<Exit, Failure> {
    let home = Home(context.flags.home.clone().unwrap_or_default());
    let networks = Networks::start(&context.clock, command.seed).await?;
    write_config(home.path(), &networks.sandbox)?;
    context.output.progress("Setting up the demo.");
    agency::seed(context, &networks.sandbox, command.seed).await?;
    screen::run(context, None, None, false).await
}

/// The throw-away home; gone with the program.
struct Home(PathBuf);

impl Home {
    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // One that cannot be removed lies in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The networks on threads of their own, so that they never share the screen's.
struct Networks {
    sandbox: Sandbox,
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Networks {
    async fn start(clock: &Clock, seed: u64) -> Result<Self, Failure> {
        let (stop, mut stopped) = watch::channel(());
        let (tell, told) = oneshot::channel();
        let clock = clock.clone();
        let thread = std::thread::Builder::new()
            .name("networks".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(2)
                    .enable_all()
                    .build();
                let Ok(runtime) = runtime else { return };
                runtime.block_on(async {
                    let options = SandboxOptions {
                        clock,
                        seed,
                        port: 0,
                    };
                    let _ = tell.send(sandbox::start(options).await);
                    // Ends when its sender is gone.
                    while stopped.changed().await.is_ok() {}
                });
                runtime.shutdown_background();
            })
            .map_err(no_threads)?;
        Ok(Self {
            sandbox: told.await.map_err(no_threads)??,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Networks {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn no_threads(error: impl std::fmt::Display) -> Failure {
    Failure::failed(
        "runtime",
        format!("The simulated networks could not start their threads: {error}."),
        "End other programs, or raise the limit of processes.",
    )
}

fn write_config(home: &Path, networks: &Sandbox) -> Result<(), Failure> {
    let text = format!(
        "[networks.bluesky]\napi_base = \"{}\"\nupload_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n\n[networks.mastodon]\nallow_private_hosts = true\n\n[networks.telegram]\napi_base = \"{}\"\nallow_private_hosts = true\n",
        networks.base(),
        networks.video(),
        networks.directory(),
        networks.telegram_base()
    );
    std::fs::write(home.join("config.toml"), text).map_err(|error| {
        Failure::failed(
            "demo",
            format!("The directory of the demo cannot be written: {error}."),
            "Check the space and the rights of the temporary directory.",
        )
    })
}
