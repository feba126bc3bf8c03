//! Deciding what happened to a send nobody could read.

use super::super::views::{DeliveryView, delivery_view};
use super::super::{Hub, OpError};
use super::acts::{self, Machine};
use crate::domain::channel::Evidence;
use crate::domain::delivery::{Decision, State};
use crate::domain::ids::DeliveryId;
use crate::domain::machine::Event;
use crate::domain::role::Act;
use crate::store::attempts::{NewVerdict, Record};

/// What a person says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is live, with a link to it when they have one.
    Live(Option<String>),
    /// It is not live: send it again.
    NotLive,
    /// Leave it as it is.
    Leave,
}

/// Decides about a delivery that waits for it.
///
/// # Errors
/// When there is nothing to decide, the last send may still be under way, the
/// link is none, or the role does not allow it.
pub async fn resolve(hub: &Hub, id: &DeliveryId, answer: Answer) -> Result<DeliveryView, OpError> {
    if let Answer::Live(Some(link)) = &answer {
        check_link(link)?;
    }
    let (id, machine) = (id.clone(), Machine::of(hub));
    hub.change(move |tx, acting| {
        let known = machine.known(tx, &id, acting.now)?;
        let workspace = known.delivery.workspace_id.clone();
        acting.require(tx, &workspace, Act::Queue)?;
        let decision = match &answer {
            Answer::Live(_) => Decision::Live,
            Answer::NotLive => Decision::NotLive,
            Answer::Leave => Decision::Left,
        };
        let transition = acts::decide(&known, Event::Decide(decision), acting.now)?;
        let evidence = Evidence {
            message: Some(format!("decided: {}", decision.name().replace('_', " "))),
            ..Evidence::default()
        };
        if decision != Decision::Left {
            let mut record = Record::new(&id, transition.to);
            record.close = true;
            record.verdict = Some(NewVerdict {
                kind: if decision == Decision::Live {
                    "published"
                } else {
                    "decided"
                },
                evidence,
                by: Some(&acting.operator),
                ..NewVerdict::default()
            });
            if let Answer::Live(link) = &answer {
                record.permalink = link.as_deref();
            }
            tx.record(&record, acting.now)?;
        }
        acts::carry_out(tx, acting, &known.delivery, &transition)?;
        let detail = serde_json::json!({ "decision": decision.name() });
        acting.audit(tx, Some(&workspace), "post.resolve", id.as_str(), &detail)?;
        debug_assert!(decision != Decision::Live || tx.delivery(&id)?.state == State::Published);
        delivery_view(tx, tx.delivery(&id)?, acting.now)
    })
    .await
}

/// Links are shown and opened later, so only plain web addresses are kept.
fn check_link(link: &str) -> Result<(), OpError> {
    let parsed = url::Url::parse(link).ok().filter(|url| {
        matches!(url.scheme(), "https" | "http")
            && url.username().is_empty()
            && url.password().is_none()
            && link.len() <= 2048
    });
    match parsed {
        Some(_) => Ok(()),
        None => Err(OpError::usage(
            "bad_link",
            "The link is no web address.",
            "Paste the address of the post as the browser shows it, or leave it out.",
        )),
    }
}
