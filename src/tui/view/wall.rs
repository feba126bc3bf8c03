//! The wall: a tile for each workspace, worst first.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Canvas, bars, head};
use crate::domain::ids::WorkspaceId;
use crate::ops::views::Lamp;
use crate::tui::layout::wall;
use crate::tui::model::wall::{TALL, Tile, Tiles, across, down, tiles};
use crate::tui::theme::Role;
use crate::tui::view::channels::lamp;
use crate::tui::widgets::text::width;
use crate::tui::words;

/// Draws it instead of the panes.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, wall_of: &Tiles) {
    let plan = wall(area.width, area.height);
    let model = canvas.model;
    let all = tiles(model);
    let none = Tile::default();
    let tile = |id: &WorkspaceId| all.get(id).unwrap_or(&none);
    let mut worst = [0_usize; 3];
    for one in &model.workspaces {
        worst[tile(&one.workspace.id).lamp() as usize] += 1;
    }
    line(canvas, plan.head, worst);
    canvas.pen(plan.rule, 0).fill("─", Style::new());
    let loaded = model.channels.loaded();
    let shown = match loaded {
        true => wall_of.shown(model),
        false => Vec::new(),
    };
    let (columns, wide) = across(area.width);
    let rows = down(plan.tiles.height);
    let first = wall_of.offset * columns;
    for (at, id) in shown.iter().skip(first).take(rows * columns).enumerate() {
        let x = u16::try_from(at % columns).unwrap_or(0) * wide;
        let y = u16::try_from(at / columns).unwrap_or(0) * TALL;
        let place = Rect::new(plan.tiles.x + x, plan.tiles.y + y, wide, TALL - 1);
        let place = place.intersection(plan.tiles);
        let chosen = wall_of.selected.as_ref() == Some(id);
        one(canvas, place, id, tile(id), chosen);
    }
    let below = shown.get(first + rows * columns..).unwrap_or_default();
    let plain = Style::new();
    if shown.is_empty() {
        let text = match wall_of.search.is_empty() {
            _ if !loaded => "Loading…".to_owned(),
            true => "No workspace yet.".to_owned(),
            false => format!(
                "No workspace fits {}. Esc shows all.",
                wall_of.search.text()
            ),
        };
        canvas.pen(plan.tiles, 0).tab(1).write(&text, plain);
    }
    if wall_of.typing || !wall_of.search.is_empty() {
        search(canvas, plan.more, wall_of, shown.len());
    } else if !below.is_empty() {
        let hands = below.iter().filter(|id| tile(id).lamp() > Lamp::Green);
        let text = match hands.count() {
            0 => format!("{} more: all healthy, by name", below.len()),
            n => format!("{} more below, {n} of them not healthy", below.len()),
        };
        canvas.pen(plan.more, 0).tab(1).write(&text, plain);
    }
    if model.line.message().is_some() || !model.pending.is_empty() {
        canvas.pen(plan.more, 0).fill(" ", plain);
        bars::status(canvas, plan.more);
    }
    bars::row_of_keys(canvas, plan.footer);
}

/// ` allgreen  Wall · 40 workspaces: ✖ 2  ▲ 3  ● 35         250 channels: …`.
fn line(canvas: &mut Canvas<'_>, area: Rect, worst: [usize; 3]) {
    let model = canvas.model;
    let plain = Style::new();
    let bold = canvas.style(Role::Title);
    let (long, short, role) = head::publisher(model);
    let publisher = canvas.style(role);
    let lamps = [Lamp::Broken, Lamp::Attention, Lamp::Green];
    let counts = |of: &dyn Fn(Lamp) -> usize| {
        lamps.map(|it| {
            let n = of(it);
            let (shape, role) = lamp(it);
            if !model.channels.loaded() {
                return (format!("{shape} …"), plain);
            }
            let style = if n == 0 { plain } else { canvas.style(role) };
            (format!("{shape} {n}"), style)
        })
    };
    let of_workspaces = counts(&|it| worst[it as usize]);
    let of_channels = counts(&|it| model.sums_over_all(it));
    let mut pen = canvas.pen(area, 0);
    let wide = area.width >= 120;
    if area.width >= 80 {
        pen.tab(1).write("allgreen", bold).tab(11).write(
            &format!(
                "Wall · {}:",
                words::count(model.workspaces.len() as u64, "workspace", "workspaces")
            ),
            plain,
        );
    } else {
        pen.tab(1)
            .write(&format!("Wall {}:", model.workspaces.len()), plain);
    }
    for (at, (text, style)) in of_workspaces.iter().enumerate() {
        pen.write(if at == 0 { " " } else { "  " }, plain)
            .write(text, *style);
    }
    if wide {
        let all: usize = lamps.iter().map(|it| model.sums_over_all(*it)).sum();
        let name = match model.channels.loaded() {
            true => words::count(all as u64, "channel", "channels"),
            false => "channels".into(),
        };
        pen.tab(57).write(&format!("{name}:"), plain);
        for (at, (text, style)) in of_channels.iter().enumerate() {
            pen.write(if at == 0 { " " } else { "  " }, plain)
                .write(text, *style);
        }
    }
    let end = area.width.saturating_sub(1);
    let wall = model.wall();
    let clock = if area.width >= 80 {
        format!("{} {}", wall.clock(wall.now), wall.zone_name())
    } else {
        wall.clock(wall.now)
    };
    let room = pen.left().saturating_sub(width(&clock) + 5);
    let said = [long, short]
        .into_iter()
        .find(|said| width(said) <= room)
        .filter(|_| area.width >= 60);
    if let Some(said) = said {
        let at = end.saturating_sub(u16::try_from(width(&clock) + width(&said) + 3).unwrap_or(0));
        pen.tab(at).write(&said, publisher);
    }
    pen.right_to(end, &clock, plain);
}

fn one(canvas: &mut Canvas<'_>, area: Rect, id: &WorkspaceId, tile: &Tile, chosen: bool) {
    if area.is_empty() {
        return;
    }
    let model = canvas.model;
    let plain = Style::new();
    let wall = model.wall();
    let name = model
        .workspaces
        .iter()
        .find(|one| one.workspace.id == *id)
        .map_or("", |one| &one.workspace.name);
    let (shape, role) = match tile.channels() {
        0 => ("–", Role::Plain),
        _ if tile.lamp() == Lamp::Green && tile.theirs.is_some() => ("≈", Role::Plain),
        _ => lamp(tile.lamp()),
    };
    let style = canvas.style(role);
    let room = usize::from(area.width.saturating_sub(4));
    let title = if chosen {
        canvas.style(Role::Title)
    } else {
        plain
    };
    canvas
        .pen(area, 0)
        .tab(1)
        .write(shape, style)
        .tab(3)
        .field(name, room, title);
    lamps(canvas, area, tile, room);
    // What needs a hand is not said quietly.
    let said = tile.said(&wall, room + 1);
    let quiet = match tile.lamp() {
        Lamp::Green if tile.theirs.is_none() => canvas.style(Role::Muted),
        _ => plain,
    };
    canvas.pen(area, 2).tab(2).field(&said, room + 1, quiet);
    if chosen {
        let name = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
        let reverse = canvas.style(Role::Selected);
        if !model.set.slow {
            canvas.pen(name, 0).wash(reverse);
        }
        canvas.pen(name, 0).field("▌", 1, plain);
        if model.sheets.len() == 1 {
            canvas.cursor = Some(Position::new(area.x, area.y));
        }
    }
}

/// `✖✖▲●●●● +6`: a lamp for each channel, worst first.
fn lamps(canvas: &mut Canvas<'_>, area: Rect, tile: &Tile, room: usize) {
    let all = tile.channels();
    let fits = if all <= room {
        all
    } else {
        room.saturating_sub(format!(" +{all}").len())
    };
    let styles = [Lamp::Broken, Lamp::Attention, Lamp::Green].map(|it| {
        let (shape, role) = lamp(it);
        (shape, canvas.style(role), tile.lamps[it as usize])
    });
    let mut left = fits;
    let mut pen = canvas.pen(area, 1);
    pen.tab(2);
    for (shape, style, n) in styles {
        let n = n.min(left);
        left -= n;
        pen.write(&shape.repeat(n), style);
    }
    if all > fits {
        pen.write(&format!(" +{}", all - fits), Style::new());
    }
}

/// The filter, and how many tiles it shows.
fn search(canvas: &mut Canvas<'_>, area: Rect, tiles: &Tiles, shown: usize) {
    let said = format!("{shown} of {}", tiles.order.len());
    let cursor = bars::search(canvas, area, &tiles.search, &said, Style::new());
    if tiles.typing && canvas.model.sheets.len() == 1 {
        canvas.cursor = Some(cursor);
    }
}
