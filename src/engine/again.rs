//! Posts that wait for a decision only because their channel could not be read
//! or used: when it can again, the network is looked at before anybody decides.

use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::machine::{Event, Facts, Rules, step};
use crate::domain::outcome::OutcomeClass;
use crate::store::queue::QueueQuery;
use crate::store::{StoreError, Tx};
use crate::support::time::UtcMs;

/// Looks again at what waits for that on a channel that can be used, and says
/// at what.
///
/// # Errors
/// When the store fails.
pub fn look_again(
    tx: &Tx<'_>,
    channel: &ChannelId,
    now: UtcMs,
) -> Result<Vec<DeliveryId>, StoreError> {
    if !tx.channel(channel)?.can_send() {
        return Ok(Vec::new());
    }
    let query = QueueQuery {
        channel: Some(channel.clone()),
        states: vec![State::NeedsDecision],
        ..QueueQuery::default()
    };
    let mut again = Vec::new();
    for delivery in tx.deliveries(&query)? {
        // Whoever asked for a token knew that its network can be read with one.
        let facts = Facts {
            asked_for_token: tx.asked_for_token(&delivery.id)?,
            ..Facts::fresh(OutcomeClass::ReadBack, delivery.due)
        };
        let back = step(
            delivery.state,
            &Event::TokenBack,
            &facts,
            &Rules::default(),
            now,
        );
        if back.is_ok_and(|transition| transition.to == State::Unknown) {
            tx.set_decision(&delivery.id, None)?;
            tx.move_delivery(&delivery.id, State::Unknown)?;
            tx.look_at(&delivery.id, now)?;
            again.push(delivery.id);
        }
    }
    Ok(again)
}
