//! A post as one channel shows it: its text, what is too long of it reversed,
//! its media, and all that is to be known before it goes out.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Canvas;
use super::targets::{account, waits};
use crate::tui::model::Model;
use crate::tui::model::composer::{Composer, Target};
use crate::tui::model::time::both_clocks;
use crate::tui::theme::Role;
use crate::tui::widgets::text::wrap;
use crate::tui::widgets::{Area, Pen};

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, one: &Composer) {
    let model = canvas.model;
    let bold = canvas.style(Role::Title);
    let plain = Style::new();
    // Without a chosen channel: the first it goes to.
    let target = one.target().or_else(|| one.ticked().next());
    let zone = model.zone_of(&one.workspace);
    let when = match one.meant(zone, model.now) {
        Some(Ok(when)) => {
            let said = both_clocks(model, when.instant, &when.zone, "there");
            let clock = said.split(" (").next().unwrap_or_default();
            clock.split(", ").next().unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    let name = target.map_or_else(|| "No channel yet".to_owned(), |it| account(model, it));
    let mut pen = canvas.pen(area, 0);
    pen.write(&name, bold);
    let end = area.width;
    pen.right_to(end, &when, plain);
    let mut row = 2;
    let notes = notes(model, one, target);
    let high = usize::from(area.height);
    // What is to be known has its place below, whatever the length of the text.
    let text = target.map_or(one.base.text(), |it| one.text_for(it));
    let over = target.and_then(|it| it.checks.over);
    let wide = usize::from(area.width);
    let below: usize = notes.iter().map(|note| note.rows(wide)).sum();
    let media = usize::from(!one.media.is_empty()) * 2;
    let room = high.saturating_sub(row + below + media + 1).max(3);
    row += body(canvas, area, row, text, over, room);
    if !one.media.is_empty() {
        row += 1;
        let chips: Vec<String> = one
            .media
            .iter()
            .enumerate()
            .map(|(at, medium)| format!("[ {} {} ]", at + 1, medium.name))
            .collect();
        canvas.pen(area, row).write(&chips.join("  "), plain);
        row += 1;
    }
    row += 1;
    for note in notes {
        row += note.draw(canvas, area, row);
    }
}

/// The text; how many rows it takes.
fn body(
    canvas: &mut Canvas<'_>,
    area: Rect,
    first: usize,
    text: &str,
    over: Option<usize>,
    room: usize,
) -> usize {
    let plain = Style::new();
    let too_long = plain.add_modifier(Modifier::REVERSED);
    // Of a text of any length only what can be seen is broken into rows.
    let mut enough = over.unwrap_or(0) + (room + 2) * usize::from(area.width) * 4 + 1_024;
    while !text.is_char_boundary(enough.min(text.len())) {
        enough += 1;
    }
    let whole = enough >= text.len();
    let mut shown = Area::with(&text[..enough.min(text.len())]);
    shown.fit(usize::from(area.width), usize::MAX);
    shown.offset = 0;
    let height = shown.height();
    let rows = shown.spans(height);
    // Of what is too long its beginning is seen: that is where to cut.
    let at = over.map_or(0, |over| rows.partition_point(|(_, to)| *to <= over));
    let offset = (at + 2)
        .saturating_sub(room)
        .min(height.saturating_sub(room));
    let mut used = 0;
    for (from, to) in rows.into_iter().skip(offset).take(room) {
        let mut pen: Pen<'_> = canvas.pen(area, first + used);
        let text = shown.text();
        let to = from + text[from..to].trim_end().len();
        let cut = over.map_or(to, |over| over.clamp(from, to));
        pen.write(&text[from..cut], plain)
            .write(&text[cut..to], too_long);
        used += 1;
    }
    if height > offset + used || !whole {
        let muted = canvas.style(Role::Muted);
        let more = match whole {
            true => format!("{} more rows", height - offset - used),
            false => "more of it".to_owned(),
        };
        canvas.pen(area, first + used).write(&more, muted);
        used += 1;
    }
    used
}

/// A line of what is to be known.
struct Note {
    shape: &'static str,
    text: String,
    role: Role,
}

impl Note {
    fn new(shape: &'static str, text: impl Into<String>, role: Role) -> Self {
        Self {
            shape,
            text: text.into(),
            role,
        }
    }

    fn lines(&self, wide: usize) -> Vec<String> {
        wrap(&self.text, wide.saturating_sub(2), 3)
    }

    fn rows(&self, wide: usize) -> usize {
        self.lines(wide).len().max(1)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, row: usize) -> usize {
        let style = canvas.style(self.role);
        canvas.pen(area, row).write(self.shape, style);
        let lines = self.lines(usize::from(area.width));
        let at = if self.shape.is_empty() { 0 } else { 2 };
        for (more, line) in lines.iter().enumerate() {
            canvas
                .pen(area, row + more)
                .tab(at)
                .write(line, Style::new());
        }
        lines.len().max(1)
    }
}

/// What is to be known of the chosen channel, then of all.
fn notes(model: &Model, one: &Composer, target: Option<&Target>) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(target) = target {
        for problem in &target.checks.problems {
            let text = format!("{} {}", problem.what, problem.hint);
            notes.push(Note::new("✖", text, Role::Broken));
        }
        if let Some(why) = waits(model, target) {
            let text = format!("{why}: it goes out then, late if need be");
            notes.push(Note::new("▲", text, Role::Attention));
        }
        if let Some(at) = one.near.on(&target.channel) {
            let text = format!("another post goes out there at {}", model.wall().clock(at));
            notes.push(Note::new("▲", text, Role::Attention));
        }
        if one.near.is_unknown() {
            let text = "what else goes out then could not be read";
            notes.push(Note::new("▲", text, Role::Attention));
        }
        if target.checks.problems.is_empty() && !one.is_blank() {
            let text = match target.checks.count {
                Some(count) => format!("{} of {} characters", count.used, count.most),
                None => "nothing it would not take".to_owned(),
            };
            notes.push(Note::new("✓", text, Role::Healthy));
        }
    }
    let others: Vec<&Target> = one
        .ticked()
        .filter(|it| target.is_none_or(|chosen| chosen.channel != it.channel))
        .collect();
    if !others.is_empty() && !one.is_blank() {
        notes.push(Note::new("", "", Role::Plain));
        let all = others.len() + 1;
        notes.push(Note::new("", format!("All {all}"), Role::Plain));
        let mut well = 0;
        for it in &others {
            match (it.checks.problems.first(), waits(model, it)) {
                (Some(problem), _) => {
                    let text = format!("{}: {}", account(model, it), problem.what);
                    notes.push(Note::new("✖", text, Role::Broken));
                }
                (None, Some(why)) => {
                    let text = format!("{}: {why}", account(model, it));
                    notes.push(Note::new("▲", text, Role::Attention));
                }
                (None, None) => well += 1,
            }
        }
        if well > 0 {
            let text = crate::tui::words::count(
                well,
                "other takes it as it is",
                "others take it as it is",
            );
            notes.push(Note::new("✓", text, Role::Healthy));
        }
    }
    let bare = one.media.iter().filter(|one| one.alt.is_empty());
    let (videos, images): (Vec<_>, Vec<_>) = bare.partition(|one| one.mime.starts_with("video/"));
    for (bare, one, many) in [
        (images, "image has no alt text", "images have no alt text"),
        (videos, "video has no alt text", "videos have no alt text"),
    ] {
        if !bare.is_empty() {
            let text = crate::tui::words::count(bare.len() as u64, one, many);
            notes.push(Note::new("▲", text, Role::Attention));
        }
    }
    if let Some(beside) = &one.keeping.beside {
        notes.push(Note::new("▲", beside.clone(), Role::Attention));
    }
    if let Some(error) = &one.error {
        notes.push(Note::new("✖", error.to_string(), Role::Broken));
    }
    if one.keeping.trouble.is_some() {
        let text = "The draft is NOT kept; it is tried again every 5 s.";
        notes.push(Note::new("✖", text, Role::Broken));
    }
    notes
}
