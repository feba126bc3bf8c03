//! Acts on several posts at once, and the command lines that do the same.

use std::time::Duration;

use super::act::Done;
use super::acting;
use crate::domain::ids::DeliveryId;
use crate::domain::release::Then;
use crate::domain::when::Order;
use crate::ops::release::{self, Settled};
use crate::ops::views::DeliveryView;
use crate::ops::{Hub, OpError, posts};

/// Moves posts in time.
///
/// # Errors
/// When one cannot be moved there; then none is.
pub async fn reschedule(hub: &Hub, ids: &[DeliveryId], order: Order) -> Result<Done, OpError> {
    let how = match &order {
        Order::At(text) => format!("--at '{text}'"),
        Order::By(text, _) => format!("--by {}", text.replace(' ', "")),
        Order::Every { every, from } => {
            let from = from.as_ref().map(|text| format!(" --from '{text}'"));
            format!("--spread {}{}", exact(*every), from.unwrap_or_default())
        }
    };
    let moved = posts::reschedule(hub, ids, order.into()).await?;
    let to = |view: &DeliveryView| format!("{} {}", view.delivery.civil, view.delivery.timezone);
    let text = match moved.as_slice() {
        [] => String::new(),
        [one] => format!("Moved it to {} · u takes that back", to(one)),
        [first, .., last] => format!(
            "Moved {} posts, to {} until {} · u takes that back",
            moved.len(),
            to(first),
            to(last)
        ),
    };
    Ok(Done {
        text,
        command: Some(format!(
            "allgreen post reschedule {} {how}",
            acting::ids(ids)
        )),
        channel: None,
        receipt: Vec::new(),
    })
}

/// Does what a release plan says.
///
/// # Errors
/// When a role does not allow it, or a time has passed; then nothing is done.
pub async fn settle(
    hub: &Hub,
    answers: &[(DeliveryId, Then)],
    command: Option<String>,
) -> Result<Done, OpError> {
    let settled = release::settle(hub, answers).await?;
    Ok(Done {
        text: said(&settled),
        command,
        channel: None,
        receipt: Vec::new(),
    })
}

fn said(settled: &Settled) -> String {
    let mut parts = Vec::new();
    for (n, what) in [
        (settled.sent, "sent late"),
        (settled.moved, "moved"),
        (settled.cancelled, "cancelled"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    let kept = match settled.kept.as_slice() {
        [] => String::new(),
        [(_, why)] => format!(" {why}"),
        [(_, why), ..] => format!(" {} stayed as they are: {why}", settled.kept.len()),
    };
    match parts.is_empty() {
        true => format!("Nothing was changed.{kept}"),
        false => format!("{} · u takes it back.{kept}", parts.join(" · ")),
    }
}

/// A distance as the command line takes it.
fn exact(span: Duration) -> String {
    match span.as_secs() {
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
