//! The books of what is under way, so that nothing is begun twice.

use std::sync::Arc;

use super::Inner;
use crate::domain::ids::{ChannelId, DeliveryId, LoginId};

/// What a task has taken on the books, given back when it ends, however it ends.
pub struct Taken {
    /// The engine it belongs to.
    pub inner: Arc<Inner>,
    what: What,
}

/// What can be taken.
pub enum What {
    /// The turn of a channel.
    Channel(ChannelId),
    /// The turn of a channel for reading about a delivery.
    Look(ChannelId, DeliveryId),
    /// The proof of a login.
    Login(LoginId),
    /// The reading of a channel.
    Reading(ChannelId),
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut memory = self.inner.memory();
        match &self.what {
            What::Channel(channel) => {
                memory.sending.remove(channel);
            }
            What::Look(channel, delivery) => {
                memory.sending.remove(channel);
                memory.looking.remove(delivery);
            }
            What::Login(login) => {
                memory.proving.remove(login);
            }
            What::Reading(channel) => {
                memory.reading.remove(channel);
            }
        }
    }
}

impl Taken {
    /// Takes it; the caller has put it on the books.
    pub fn new(inner: &Arc<Inner>, what: What) -> Self {
        Self {
            inner: Arc::clone(inner),
            what,
        }
    }
}
