//! Where everything goes: a pure function of the size. Every rectangle is
//! inside of the frame, whatever the size.

mod composer;

pub use composer::{ComposerLayout, composer};

use ratatui::layout::Rect;

use super::model::Pane;

/// Under this the screen is one sentence.
pub const SMALLEST: (u16, u16) = (20, 5);

/// How much fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One sentence.
    TooSmall,
    /// One list.
    List,
    /// One list and a strip of details below it.
    Strip,
    /// One list and the details beside it.
    Two,
    /// Four panes.
    Four,
}

/// Where everything goes. A pane that is not shown has no area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How much fits.
    pub mode: Mode,
    /// Line 1.
    pub head: Rect,
    /// Line 2.
    pub sums: Rect,
    /// The line of an open red incident.
    pub standing: Rect,
    /// Titles and rule of the upper panes.
    pub tabs: Rect,
    /// The list on the upper left: channels with four panes, else the list
    /// that is chosen.
    pub list: Rect,
    /// The title of the lower panes.
    pub lower: Rect,
    /// The queue, with four panes.
    pub queue: Rect,
    /// The notices, with four panes.
    pub notices: Rect,
    /// The details, beside the list or with four panes.
    pub details: Rect,
    /// The strip with its rule.
    pub strip: Rect,
    /// The column that parts left and right, if there is one.
    pub divider: Option<u16>,
    /// The status line.
    pub status: Rect,
    /// The footer.
    pub footer: Rect,
}

/// Cuts rows off the top or the bottom of a rectangle.
struct Rows(Rect);

impl Rows {
    fn top(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        let cut = Rect::new(self.0.x, self.0.y, self.0.width, rows);
        self.0.y += rows;
        self.0.height -= rows;
        cut
    }

    fn bottom(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        self.0.height -= rows;
        Rect::new(self.0.x, self.0.bottom(), self.0.width, rows)
    }
}

/// How much fits into this size.
pub fn mode(width: u16, height: u16) -> Mode {
    match (width, height) {
        (w, h) if w < SMALLEST.0 || h < SMALLEST.1 => Mode::TooSmall,
        (w, h) if w >= 120 && h >= 30 => Mode::Four,
        (w, h) if w >= 120 && h >= 12 => Mode::Two,
        (w, h) if w >= 80 && h >= 14 => Mode::Strip,
        _ => Mode::List,
    }
}

/// The layout of this size; `standing` asks for the line of an incident.
pub fn layout(width: u16, height: u16, standing: bool) -> Layout {
    let mode = mode(width, height);
    let frame = Rect::new(0, 0, width, height);
    let none = Rect::new(0, 0, 0, 0);
    let mut rows = Rows(frame);
    let mut out = Layout {
        mode,
        head: none,
        sums: none,
        standing: none,
        tabs: none,
        list: none,
        lower: none,
        queue: none,
        notices: none,
        details: none,
        strip: none,
        divider: None,
        status: none,
        footer: none,
    };
    if mode == Mode::TooSmall {
        return out;
    }
    out.head = rows.top(1);
    out.sums = rows.top(u16::from(height >= 10));
    out.standing = rows.top(u16::from(standing && height >= 8));
    out.footer = rows.bottom(u16::from(height >= 7));
    out.status = rows.bottom(1);
    match mode {
        Mode::TooSmall => {}
        Mode::List => {
            out.tabs = rows.top(1);
            out.list = rows.0;
        }
        Mode::Strip => {
            out.strip = rows.bottom(if height < 20 { 3 } else { 5 });
            out.tabs = rows.top(1);
            out.list = rows.0;
        }
        Mode::Two | Mode::Four => columns(&mut out, rows, width, mode),
    }
    out
}

/// The left column of this width: exact at 120, growing with both sides from
/// 160 on.
fn left_of(width: u16) -> u16 {
    if width < 160 { 63 } else { width / 2 + 3 }
}

fn columns(out: &mut Layout, mut rows: Rows, width: u16, mode: Mode) {
    let left = left_of(width);
    let upper = if mode == Mode::Four {
        rows.0.height * 3 / 5
    } else {
        rows.0.height
    };
    let mut upper = Rows(rows.top(upper));
    out.divider = Some(left);
    out.tabs = upper.top(1);
    (out.list, out.details) = split(upper.0, left);
    if mode == Mode::Four {
        out.lower = rows.top(1);
        (out.queue, out.notices) = split(rows.0, left);
    }
}

/// Left of the divider, and right of it with one blank between.
fn split(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    let right = (left + 2).min(area.width);
    (
        Rect::new(area.x, area.y, left, area.height),
        Rect::new(area.x + right, area.y, area.width - right, area.height),
    )
}

impl Layout {
    /// The same with one pane alone below the titles.
    pub fn alone(self, pane: Pane) -> Self {
        if self.mode == Mode::TooSmall {
            return self;
        }
        let none = Rect::new(0, 0, 0, 0);
        let (tabs, status) = (self.tabs, self.status);
        let width = self.head.width;
        let top = tabs.bottom();
        let all = Rect::new(0, top, width, status.y.saturating_sub(top));
        let (list, details) = match pane {
            Pane::Details => (
                none,
                Rect::new(1, all.y, width.saturating_sub(2), all.height),
            ),
            _ => (all, none),
        };
        Self {
            mode: Mode::List,
            tabs: Rect::new(0, tabs.y, width, tabs.height),
            list,
            details,
            lower: none,
            queue: none,
            notices: none,
            strip: none,
            divider: None,
            ..self
        }
    }

    /// Where a pane is while `list` is the list pane that is chosen.
    pub fn pane(&self, pane: Pane, list: Pane) -> Rect {
        let none = Rect::new(0, 0, 0, 0);
        match (self.mode, pane) {
            (Mode::TooSmall, _) => none,
            (_, Pane::Details) => self.details,
            (Mode::Four, Pane::Channels) => self.list,
            (Mode::Four, Pane::Queue) => self.queue,
            (Mode::Four, Pane::Notices) => self.notices,
            _ if pane == list => self.list,
            _ => none,
        }
    }
}

/// Where the parts of the wall go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallLayout {
    /// Lamps, publisher and clock.
    pub head: Rect,
    /// The rule below.
    pub rule: Rect,
    /// The tiles.
    pub tiles: Rect,
    /// What is below, what is typed, or what just happened.
    pub more: Rect,
    /// The footer.
    pub footer: Rect,
}

/// The wall in a frame of this size.
pub fn wall(width: u16, height: u16) -> WallLayout {
    let mut rows = Rows(Rect::new(0, 0, width, height));
    let head = rows.top(1);
    let rule = rows.top(1);
    let footer = rows.bottom(1);
    let more = rows.bottom(1);
    WallLayout {
        head,
        rule,
        tiles: rows.0,
        more,
        footer,
    }
}

/// How many rows the tiles have in a frame of this height.
pub fn rows_of_wall(height: u16) -> u16 {
    wall(1, height).tiles.height
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wireframe_of_120_by_36_is_exact() {
        let it = layout(120, 36, false);
        assert_eq!(it.mode, Mode::Four);
        assert_eq!(it.list, Rect::new(0, 3, 63, 18));
        assert_eq!(it.details, Rect::new(65, 3, 55, 18));
        assert_eq!(it.lower.y, 21);
        assert_eq!(it.queue, Rect::new(0, 22, 63, 12));
        assert_eq!((it.status.y, it.footer.y), (34, 35));
    }

    #[test]
    fn the_wireframe_of_80_by_24_is_exact() {
        let it = layout(80, 24, false);
        assert_eq!(it.mode, Mode::Strip);
        assert_eq!((it.list.y, it.list.height), (3, 14));
        assert_eq!((it.strip.y, it.strip.height), (17, 5));
        assert_eq!((it.status.y, it.footer.y), (22, 23));
    }

    #[test]
    fn everything_is_inside_of_every_frame() {
        for width in (0..=200).filter(|w| w % 7 == 0 || *w <= 12) {
            for height in (0..=200).filter(|h| h % 7 == 0 || *h <= 12) {
                for standing in [false, true] {
                    let frame = Rect::new(0, 0, width, height);
                    let it = layout(width, height, standing);
                    for part in [
                        it.head,
                        it.sums,
                        it.standing,
                        it.tabs,
                        it.list,
                        it.lower,
                        it.queue,
                        it.notices,
                        it.details,
                        it.strip,
                        it.status,
                        it.footer,
                    ] {
                        assert!(
                            part.is_empty() || frame.intersection(part) == part,
                            "{width}x{height}: {part:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn sizes_give_what_the_design_says() {
        assert_eq!(mode(120, 30), Mode::Four);
        assert_eq!(mode(120, 29), Mode::Two);
        assert_eq!(mode(119, 50), Mode::Strip);
        assert_eq!(mode(79, 24), Mode::List);
        assert_eq!(mode(40, 12), Mode::List);
        assert_eq!(mode(19, 24), Mode::TooSmall);
        assert_eq!(mode(0, 0), Mode::TooSmall);
    }
}
