//! The pages of a network a person goes to about a channel.

use super::super::{Hub, OpError};
use crate::domain::channel::Channel;

/// The pages, on the server the account lives on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Where a person sees and removes what programs may do.
    pub permissions: Option<String>,
    /// Where the network, or the server, tells how it is.
    pub status: Option<String>,
}

/// The pages about a channel, as far as they are known.
///
/// # Errors
/// When the store cannot be read.
pub async fn pages(hub: &Hub, channel: &Channel) -> Result<Pages, OpError> {
    let network = channel.kind.network();
    let Some((networked, _)) = hub.networks.get(network) else {
        return Ok(Pages::default());
    };
    let descriptor = networked.descriptor();
    let server = channel.server.clone();
    let told = hub
        .look(move |q, _| Ok(q.server_limits(network, &server)?))
        .await?;
    let status = descriptor.status_page.map(str::to_owned);
    Ok(Pages {
        permissions: Some(descriptor.permissions_page(&channel.server)),
        status: told.status_page.or(status),
    })
}
