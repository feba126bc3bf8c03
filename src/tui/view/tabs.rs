//! The tabs of the details: the line that names them, and what is on each but
//! the first.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Canvas;
use super::details::Line;
use crate::domain::ids::ChannelId;
use crate::domain::reading::{CommentKind, Counts};
use crate::ops::views::HistoryView;
use crate::tui::model::beside::{Page, Tab};
use crate::tui::model::{Model, Pane, Sheet};
use crate::tui::theme::Role;
use crate::tui::widgets::text::{one_line, quoted, width, wrap};
use crate::tui::words::{self, Wall};

/// Cells of a time and the blank after it.
pub const TIME: u16 = 10;

/// Most that is shown of each channel of a login.
const EACH: usize = 5;

/// Fewest rows that leave room for the line of tabs.
const ROOM: u16 = 6;

/// The part of an area that is left above the line of tabs.
pub fn above(model: &Model, area: Rect) -> Rect {
    let height = match model.tabbed() {
        true if area.height >= ROOM => area.height - 1,
        _ => area.height,
    };
    Rect { height, ..area }
}

/// Draws the line of tabs into the last row of an area.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    if above(model, area) == area {
        return;
    }
    let sheet = matches!(
        model.sheets.last(),
        Some(Sheet::Channel(_) | Sheet::Group(_))
    );
    let here = model.focus == Pane::Details || sheet;
    let (plain, bold) = (Style::new(), canvas.style(Role::Title));
    let muted = canvas.style(Role::Muted);
    let mut pen = canvas.pen(area, usize::from(area.height - 1));
    let open = match here {
        true => bold.add_modifier(Modifier::REVERSED),
        false => bold,
    };
    let titles = Tab::ALL.map(|tab| model.tab_title(tab));
    if width(&titles.join(" · ")) > usize::from(area.width) {
        // Where not all have room it is the open one.
        let at = Tab::ALL
            .iter()
            .position(|one| *one == model.tab())
            .unwrap_or(0);
        pen.write(&titles[at], open);
        pen.write(&format!(" {} of {}", at + 1, titles.len()), plain);
    } else {
        for (at, (tab, title)) in Tab::ALL.iter().zip(&titles).enumerate() {
            if at > 0 {
                pen.write(" · ", muted);
            }
            let style = if *tab == model.tab() { open } else { plain };
            pen.write(title, style);
        }
    }
    if here {
        pen.write("  h l", bold);
    }
}

/// The lines of the open tab.
pub fn lines(model: &Model, cells: u16) -> Vec<Line> {
    let wall = model.wall();
    let room = usize::from(cells.saturating_sub(TIME));
    let mut out = Lines {
        wall: &wall,
        room,
        out: Vec::new(),
    };
    match model.page() {
        None => match &model.beside.error {
            Some(error) => out.note(error, usize::from(cells)),
            None => out.note("Reading…", usize::from(cells)),
        },
        Some(pages) => match pages.as_slice() {
            [(_, page)] => {
                out.told(page, usize::from(cells));
                out.page(page, usize::MAX);
            }
            several => {
                for (id, page) in several {
                    out.of(model, id);
                    out.told(page, usize::from(cells));
                    out.page(page, EACH);
                    out.blank();
                }
            }
        },
    }
    out.out
}

struct Lines<'a> {
    wall: &'a Wall,
    room: usize,
    out: Vec<Line>,
}

impl Lines<'_> {
    /// The channel that the lines below it are of.
    fn of(&mut self, model: &Model, id: &ChannelId) {
        if let Some(view) = model.channels.get(id) {
            let channel = &view.summary.channel;
            let network = words::network(channel.kind.network());
            let text = format!("{network} {}", words::channel(channel));
            self.out.push(("".into(), one_line(&text), Role::Title));
        }
    }

    /// How a page was read, or why there is nothing.
    fn told(&mut self, page: &Page, cells: usize) {
        if let Some(note) = note(page, self.wall) {
            self.note(&note, cells);
        }
    }

    /// A blank line, unless there is one.
    fn blank(&mut self) {
        if self.out.last().is_some_and(|(_, text, _)| !text.is_empty()) {
            self.out.push(("".into(), String::new(), Role::Plain));
        }
    }

    /// A sentence over the whole width, and a blank line.
    fn note(&mut self, text: &str, cells: usize) {
        let lines = wrap(&one_line(text), cells, 3).into_iter();
        self.out
            .extend(lines.map(|line| (line.into(), String::new(), Role::Muted)));
        self.out.push(("".into(), String::new(), Role::Plain));
    }

    /// A time and what was then, in at most so many lines.
    fn at(&mut self, at: crate::support::time::UtcMs, text: &str, most: usize) {
        let lines = wrap(&one_line(text), self.room, most).into_iter();
        for (row, line) in lines.enumerate() {
            let time = match row {
                0 => self.wall.clock(at),
                _ => String::new(),
            };
            self.out.push((time.into(), line, Role::Plain));
        }
    }

    /// More about it.
    fn more(&mut self, text: &str, most: usize) {
        let lines = wrap(&one_line(text), self.room, most).into_iter();
        self.out
            .extend(lines.map(|line| ("".into(), line, Role::Muted)));
    }

    fn page(&mut self, page: &Page, most: usize) {
        match page {
            Page::Posts(view) => {
                for one in view.posts.iter().take(most) {
                    self.at(
                        one.post.at,
                        &quoted(&one_line(&one.post.text), self.room),
                        1,
                    );
                }
            }
            Page::Metrics(view) => {
                for one in view.posts.iter().take(most) {
                    self.at(
                        one.post.at,
                        &quoted(&one_line(&one.post.text), self.room),
                        1,
                    );
                    self.more(&counts(&one.post.counts), 2);
                }
            }
            Page::Comments(view) => {
                for one in view.comments.iter().take(most) {
                    let did = match one.kind {
                        CommentKind::Reply => "answers",
                        CommentKind::Mention => "mentions it",
                        CommentKind::Quote => "quotes it",
                    };
                    self.at(one.at, &format!("@{} {did}", one.author), 1);
                    self.more(&format!("“{}”", one_line(&one.text)), 3);
                }
            }
            Page::History(lines) => lines.iter().take(most).for_each(|one| self.happened(one)),
        }
    }

    fn happened(&mut self, one: &HistoryView) {
        let by = one
            .by_name
            .as_ref()
            .map_or_else(String::new, |name| format!(" By {name}."));
        self.at(one.row.at, &format!("{}{by}", one.row.text), 3);
        let evidence = &one.row.evidence;
        let status = evidence.http_status.map(|status| status.to_string());
        let parts = [
            status,
            evidence.network_code.clone(),
            evidence.message.clone(),
        ];
        let said: Vec<String> = parts.into_iter().flatten().collect();
        if !said.is_empty() {
            self.more(&said.join(" · "), 2);
        }
    }
}

fn counts(counts: &Counts) -> String {
    let parts: Vec<String> = counts
        .iter()
        .map(|(what, n)| match n {
            1 => format!("1 {}", what.one()),
            _ => format!("{n} {}", what.name()),
        })
        .collect();
    parts.join(" · ")
}

/// How what is shown was read, or why there is none.
fn note(page: &Page, wall: &Wall) -> Option<String> {
    let (state, what, n) = match page {
        Page::Posts(view) => (&view.state, "posts", view.posts.len()),
        Page::Metrics(view) => (&view.state, "metrics", view.posts.len()),
        Page::Comments(view) => (&view.state, "comments", view.comments.len()),
        Page::History(lines) => return lines.is_empty().then(|| "Nothing happened yet.".into()),
    };
    if let Some(why) = state.why_not {
        return Some(why.to_owned());
    }
    let unread = "whoever publishes does that by itself";
    Some(state.words(what, n, wall.now, unread))
}
