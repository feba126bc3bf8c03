//! `channel`: connected accounts.

use super::args::channel::Channel;
use super::context::Context;
use super::output::{Exit, Failure};

pub mod acts;
mod browser;
mod connect;
mod disconnect;
mod look;
mod pause;
mod read;

/// Carries out a `channel` command.
///
/// # Errors
/// What `ops` refuses.
pub async fn run(context: &Context, command: &Channel) -> Result<Exit, Failure> {
    match command {
        Channel::List(list) => look::list(context, list).await,
        Channel::Show(one) => look::show(context, &one.id).await,
        Channel::History(one) => look::history(context, &one.id).await,
        Channel::Posts(one) => read::posts(context, one).await,
        Channel::Metrics(one) => read::metrics(context, one).await,
        Channel::Comments(one) => read::comments(context, one).await,
        Channel::Connect(connect) => connect::connect(context, connect).await,
        Channel::Reconnect(reconnect) => connect::reconnect(context, reconnect).await,
        Channel::Disconnect(disconnect) => disconnect::run(context, disconnect).await,
        Channel::Probe(probe) => acts::probe(context, probe).await,
        Channel::Refresh(one) => acts::refresh(context, &one.id).await,
        Channel::Pause(many) => pause::pause(context, &many.ids).await,
        Channel::Resume(many) => pause::resume(context, &many.ids).await,
        Channel::Release(release) => acts::release(context, release).await,
    }
}
