//! What the details say about a delivery.

use super::{Fact, Groups, fact, set_aside, words_of};
use crate::domain::when::zone_name;
use crate::ops::views::DeliveryView;
use crate::tui::model::{Model, advice};
use crate::tui::theme::Role;
use crate::tui::words::{self, span};

/// The label of its address.
pub const LINK: &str = "Link";

/// What is known of a delivery without asking the store.
pub fn delivery(model: &Model, view: &DeliveryView) -> Groups {
    let wall = model.wall();
    let one = &view.delivery;
    let (shape, words, role) = crate::tui::view::queue::verdict(model, view);
    let head = Fact {
        role,
        lines: 1,
        ..fact("", format!("{shape} {words}"))
    };
    let mut first = vec![fact(
        "Due",
        format!("{}, {}", wall.full(one.due), wall.relative(one.due)),
    )];
    if zone_name(&one.timezone) != zone_name(model.set.zone.iana_name().unwrap_or_default()) {
        first.push(fact("There", format!("{} {}", one.civil, one.timezone)));
    }
    if let Some(blocker) = view.blocker {
        first.push(fact("Held", blocker.words()));
        let channel = model.channels.get(&one.channel_id);
        first.extend(
            channel
                .and_then(|channel| advice::todo(model, channel))
                .map(|text| fact("Do this", text)),
        );
    }
    first.extend(set_aside(view.aside.as_ref(), &wall));
    if view.parts > 1 {
        let place = format!("{} of {} of a thread", one.part_no, view.parts);
        first.push(fact("Part", place));
    }
    if let Some(late) = view.late_by.filter(|late| late.as_secs() >= 60) {
        first.push(fact("Late", format!("by {}", span(late))));
    }
    if let Some(error) = &one.last_error {
        let said = error
            .evidence
            .message
            .as_deref()
            .map_or_else(|| error.class.name().to_owned(), words_of);
        first.push(fact("Why", format!("{} at {}", said, wall.clock(error.at))));
    }
    if let Some(link) = &one.permalink {
        first.push(fact(LINK, link.clone()));
    }
    let mut text = vec![Fact {
        lines: 12,
        ..fact("Text", words_of(&view.text))
    }];
    if view.media_count > 0 {
        text.push(fact(
            "Media",
            words::count(view.media_count as u64, "file", "files"),
        ));
    }
    if let Some(name) = model.person(&one.created_by) {
        text.push(fact(
            "Written",
            format!("{} by {name}", wall.stamp(one.created_at)),
        ));
    }
    text.push(Fact {
        lines: 1,
        role: Role::Muted,
        ..fact("Id", one.id.as_str())
    });
    vec![vec![head], first, text]
}
