//! Where the parts of the composer go. From 120 columns on the preview stands
//! beside them; where it is low, all but the part with the cursor are a line.

use ratatui::layout::Rect;

use super::Rows;
use crate::tui::model::composer::{Composer, Part};

/// From this width on the preview has a place of its own.
const BESIDE: u16 = 120;

/// Under this height only the part with the cursor is shown whole.
const LOW: u16 = 19;

/// Where the parts of the composer go. What is not shown has no area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComposerLayout {
    /// Its title.
    pub title: Rect,
    /// The channels, a head above them; low, a line that says how many.
    pub to: Rect,
    /// The rule with whose text it is.
    pub text_rule: Rect,
    /// The text.
    pub text: Rect,
    /// The rule with how many media there are.
    pub media_rule: Rect,
    /// The media, and the field for a file.
    pub media: Rect,
    /// The rule over the time.
    pub when_rule: Rect,
    /// The time, what it means, and whether it may be late.
    pub when: Rect,
    /// The buttons.
    pub buttons: Rect,
    /// The keys, or what just happened.
    pub footer: Rect,
    /// The preview, where it stands beside the parts.
    pub beside: Rect,
    /// The column of the line between.
    pub divider: Option<u16>,
    /// Only the part with the cursor is shown whole.
    pub low: bool,
}

/// Where the parts of a composer go in a frame of this size.
pub fn composer(width: u16, height: u16, one: &Composer) -> ComposerLayout {
    let wide = width >= BESIDE;
    // As wide as the list of channels on the main screen, and a bit more.
    let left = if wide { width * 11 / 20 } else { width };
    let mut rows = Rows(Rect::new(0, 0, width, height));
    let title = rows.top(1);
    let footer = rows.bottom(u16::from(height >= 7));
    let buttons = rows.bottom(1);
    let whole = rows.0;
    let mut rows = Rows(Rect::new(0, whole.y, left.min(width), whole.height));
    let beside = match wide {
        true => Rect::new(
            (left + 2).min(width),
            whole.y,
            width.saturating_sub(left + 3),
            whole.height,
        ),
        false => Rect::new(0, 0, 0, 0),
    };
    let low = height < LOW;
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let (targets, media) = (count(one.targets.len()), count(one.media.len()));
    // What the media and the time want where there is room for all.
    let files = media.saturating_add(1).min((height / 9).max(1));
    let channels = targets.min((height / 5).max(3)).saturating_add(2);
    let mut of = |part: Part, wanted: u16, rule: bool| {
        if !low {
            return (rows.top(u16::from(rule)), rows.top(wanted));
        }
        let here = match part {
            Part::When => matches!(one.part, Part::When | Part::Late | Part::Buttons),
            part => one.part == part,
        };
        // Of what follows, each keeps its line.
        let after = match part {
            Part::To => 3,
            Part::Text => 2,
            Part::Media => 1,
            _ => 0,
        };
        // The channels bring a head of their own.
        let line = rows.top(u16::from(part != Part::To || !here));
        let free = rows.0.height.saturating_sub(after);
        (line, rows.top(if here { free } else { 0 }))
    };
    let (to_line, to) = of(Part::To, channels, false);
    // The text takes what the parts below it leave.
    let below = 1 + files + 1 + 3;
    let space = whole.height.saturating_sub(channels + 1 + below).max(1);
    let (text_rule, text) = of(Part::Text, space, true);
    let (media_rule, media) = of(Part::Media, files, true);
    let (when_rule, when) = of(Part::When, 3, true);
    ComposerLayout {
        title,
        to: if low && to.is_empty() { to_line } else { to },
        text_rule,
        text,
        media_rule,
        media,
        when_rule,
        when,
        buttons,
        footer,
        beside,
        divider: wide.then_some(left),
        low,
    }
}
