//! Log in on the network's own page: the link, the ways its answer comes back,
//! and what became of it.

use ratatui::layout::Rect;

use super::{Canvas, FieldLine, LABEL, Line, field_line, inside_width, sheet, text_lines};
use crate::networks::Way;
use crate::ops::OpError;
use crate::ops::views::ChannelView;
use crate::tui::model::logins::{Note, Ready, Waiting};
use crate::tui::model::sheet::{Asks, Browser};
use crate::tui::model::{Model, Tone, advice};
use crate::tui::theme::Role;
use crate::tui::update::is_silent;
use crate::tui::widgets::text::{cut, width, wrap};
use crate::tui::words::{self, count, host};

/// Why nothing may be heard of a login.
const SILENT: [&str; 4] = [
    "Nothing came back for a minute. The usual reasons:",
    "– The page was blocked as a pop-up: allow it, or copy the link with y.",
    "– The browser is logged in as somebody else: use a private window.",
    "– The last page failed to load: that is right, paste its address.",
];

/// What may be done when a login is over.
const NEW_LINK: &str =
    "Enter makes a new link; its page asks who logs in. Esc leaves all as it is.";

/// How a link of the screen is followed.
const HOW: &str = "Ctrl-click or Cmd-click these words";

/// Cells of the words before that, where there is room.
const WORDS: usize = 30;

/// Where a login is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    LogIn,
    Check,
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, browser: &Browser) {
    let model = canvas.model;
    let cells = inside_width(area);
    let channel = browser.channel.as_ref();
    let channel = channel.and_then(|id| model.channels.get(id));
    let network = browser.network.title();
    let title = match channel {
        Some(view) => format!("Reconnect · {}", advice::mended(model, view)),
        None => format!("Connect · {network}"),
    };
    let place = match &browser.error {
        Some(_) => "nothing was changed".to_owned(),
        None => place(model, browser),
    };
    let mut lines = text(model, browser, channel, cells, true);
    if lines.len() > usize::from(area.height.saturating_sub(2)) {
        // What to do and what happened go before advice and air.
        lines = text(model, browser, channel, cells, false);
        lines.retain(|line| !matches!(line, Line::Blank));
    }
    sheet(canvas, area, &title, &place, &lines);
}

/// What stands in the sheet; `advice` is what to do before the login.
fn text(
    model: &Model,
    browser: &Browser,
    channel: Option<&ChannelView>,
    cells: u16,
    advice: bool,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let tip = || first(model, browser, cells, advice);
    let login = browser.login.and_then(|id| model.logins.get(id));
    match (login, &browser.error) {
        (Some(login), _) => waiting(model, browser, login, channel, tip(), cells, &mut lines),
        (None, error) => {
            if let Some(error) = error {
                refused(error, channel, cells, &mut lines);
            }
            if browser.asks() {
                ask(browser, error.is_some(), tip(), cells, &mut lines);
            } else {
                lines.push(Line::Blank);
                says(&mut lines, NEW_LINK, cells);
            }
        }
    }
    lines
}

fn place(model: &Model, browser: &Browser) -> String {
    let workspace = model
        .workspaces
        .iter()
        .find(|one| one.workspace.id == browser.workspace);
    workspace.map_or_else(String::new, |one| format!("in {}", one.workspace.name))
}

/// The server or the handle of a new account is asked for first.
fn ask(browser: &Browser, again: bool, tip: Vec<Line>, cells: u16, lines: &mut Vec<Line>) {
    if !again {
        lines.push(steps(Step::LogIn, "", cells));
        lines.extend(tip);
    }
    lines.push(Line::Blank);
    if let Some((asks, field)) = &browser.named {
        let (label, hint) = match asks {
            Asks::Server => (
                "Server",
                "mastodon.social, or any page of the account's server",
            ),
            Asks::Handle => ("Handle", "name.bsky.social"),
        };
        lines.push(Line::Field(label, field_line(field, true, cells, hint)));
    }
    lines.push(Line::Blank);
    let text = if again {
        NEW_LINK
    } else {
        "Enter asks for a link to the login page. Nothing is changed by it."
    };
    says(lines, text, cells);
}

/// What to do before the login.
fn first(model: &Model, browser: &Browser, cells: u16, advice: bool) -> Vec<Line> {
    let tip = model.tip(browser.network, Way::Browser);
    let tip = tip.filter(|_| advice);
    tip.map_or_else(Vec::new, |tip| {
        text_lines("First", tip, Role::Plain, cells, 3)
    })
}

fn waiting(
    model: &Model,
    browser: &Browser,
    login: &Waiting,
    channel: Option<&ChannelView>,
    tip: Vec<Line>,
    cells: u16,
    lines: &mut Vec<Line>,
) {
    let at = server(login, channel);
    let Some(ready) = &login.ready else {
        lines.push(steps(Step::LogIn, "", cells));
        lines.extend(tip);
        lines.push(Line::Blank);
        let text = format!("Asking {at} for a link to its login page. Nothing is changed by it.");
        says(lines, &text, cells);
        return;
    };
    if login.checking {
        lines.push(steps(Step::Check, "", cells));
        lines.push(Line::Blank);
        let text = format!(
            "An answer came. Asking {at} whose it is; nothing is changed until it is proved. \
             This goes on to its end, also should you leave."
        );
        says(lines, &text, cells);
        if let Some(note) = &login.note {
            lines.push(Line::Blank);
            noted(note, cells, lines);
        }
        return;
    }
    lines.push(steps(Step::LogIn, &left(model, ready), cells));
    lines.extend(tip);
    lines.push(Line::Blank);
    open(model, ready, &at, cells, lines);
    lines.push(Line::Blank);
    answer(browser, ready, cells, lines);
    lines.push(Line::Blank);
    if let Some(note) = &login.note {
        noted(note, cells, lines);
    } else if is_silent(model) {
        for text in SILENT {
            says(lines, text, cells);
        }
    }
    let held = channel.map_or(0, |view| model.held_behind(view));
    let held = match held {
        0 => String::new(),
        n => format!("; {} held", count(n, "post stays", "posts stay")),
    };
    let text = format!("Waiting for browser or address. Nothing has changed{held}.");
    lines.push(Line::Full(cut(&text, usize::from(cells)), Role::Muted));
}

/// The ways to the page.
fn open(model: &Model, ready: &Ready, at: &str, cells: u16, lines: &mut Vec<Line>) {
    let text = |label, text: &str| text_lines(label, text, Role::Plain, cells, 2);
    if model.set.links {
        page(ready, at, cells, lines);
    } else {
        let page = format!("the login page of {at}, in a browser on any machine:");
        lines.extend(text("Open", &page));
    }
    lines.extend(text(
        "",
        "y copies its link · b shows it bare, to select with the mouse",
    ));
    if model.set.local_display {
        lines.extend(text("", "o opens it here"));
    }
    if let (true, Some(line)) = (model.set.over_ssh, &ready.tunnel) {
        lines.extend(text("Tunnel", line));
        lines.extend(text(
            "",
            "Y copies it; run where the browser is, it spares you the paste.",
        ));
    }
    if let Some(device) = &ready.device {
        let text = format!("{} at {}", device.user_code, device.page);
        lines.extend(text_lines("Code", &text, Role::Plain, cells, 2));
    }
}

/// The words that lead to the page, and how they are followed.
fn page(ready: &Ready, at: &str, cells: u16, lines: &mut Vec<Line>) {
    let room = usize::from(cells.saturating_sub(LABEL));
    let words = cut(&format!("{at}’s login page"), room);
    let long = width(&words);
    let beside = long + HOW.len() + 3 <= room;
    let mut text = words;
    if beside {
        let gap = WORDS.saturating_sub(long).max(3);
        text.push_str(&" ".repeat(gap.min(room - long - HOW.len())));
        text.push_str(HOW);
    }
    let line = Line::Text("Open", text, Role::Plain);
    let span = (LABEL, u16::try_from(long).unwrap_or(u16::MAX));
    let address = ready.link.expose().to_owned();
    lines.push(Line::Linked(Box::new(line), span, address));
    if !beside {
        lines.extend(text_lines("", HOW, Role::Plain, cells, 2));
    }
}

/// The way back by a paste.
fn answer(browser: &Browser, ready: &Ready, cells: u16, lines: &mut Vec<Line>) {
    let text = if ready.listens {
        "the address you end on; “cannot be reached” there is right."
    } else {
        "the code that the last page shows."
    };
    lines.extend(text_lines("Paste", text, Role::Plain, cells, 2));
    let hint = "lands here wherever the cursor is, no Enter; i to type instead";
    lines.push(Line::Field(
        "",
        match &browser.typed {
            Some(typed) => field_line(typed, true, cells, "type the address, then Enter"),
            None => FieldLine {
                text: String::new(),
                cursor: Some(0),
                hint,
            },
        },
    ));
}

/// `▸ 1 log in    2 check    3 proof`, and what is left of the time.
fn steps(step: Step, left: &str, cells: u16) -> Line {
    let (text, role) = match step {
        Step::LogIn => ("▸ 1 log in    2 check    3 proof", Role::Plain),
        Step::Check => ("✓ 1 log in  ▸ 2 check    3 proof", Role::Healthy),
    };
    let gap = usize::from(cells).saturating_sub(width(text) + width(left));
    let text = format!("{text}{}{left}", " ".repeat(gap));
    Line::Full(text, role)
}

fn left(model: &Model, ready: &Ready) -> String {
    match words::minutes_left(&model.wall(), ready.ends) {
        0 => "less than 1 min left".into(),
        n => format!("{n} min left"),
    }
}

/// Whom the login is asked of.
fn server(login: &Waiting, channel: Option<&ChannelView>) -> String {
    let known = channel.map(|view| &view.summary.channel);
    let known = known.filter(|channel| channel.kind.server_is_identity());
    let server = match (known, &login.named) {
        (Some(channel), _) => host(&channel.server),
        (None, Some((Asks::Server, server))) => host(server),
        (None, _) => "",
    };
    match server {
        "" => login.network.title().to_owned(),
        host => host.to_owned(),
    }
}

fn says(lines: &mut Vec<Line>, text: &str, cells: u16) {
    for part in wrap(text, usize::from(cells), 3) {
        lines.push(Line::Full(part, Role::Plain));
    }
}

fn noted(note: &Note, cells: u16, lines: &mut Vec<Line>) {
    let (shape, role) = match note.tone {
        Tone::Good => ("●", Role::Healthy),
        Tone::Quiet => ("–", Role::Plain),
        Tone::Bad => ("✖", Role::Broken),
    };
    let room = usize::from(cells.saturating_sub(2));
    for (at, part) in wrap(&note.text, room, 3).into_iter().enumerate() {
        let shape = if at == 0 { shape } else { " " };
        lines.push(Line::Full(format!("{shape} {part}"), role));
    }
    for part in wrap(&note.hint, room, 3) {
        lines.push(Line::Full(format!("  {part}"), Role::Plain));
    }
}

/// Why a login ended. The frame says that nothing was changed.
fn refused(error: &OpError, channel: Option<&ChannelView>, cells: u16, lines: &mut Vec<Line>) {
    let (Some(view), false) = (channel, error.answered.is_empty()) else {
        let (text, hint) = (error.what.clone(), error.hint.clone());
        let tone = Tone::Bad;
        noted(&Note { tone, text, hint }, cells, lines);
        return;
    };
    let says = "✖ Another account answered. Its tokens are forgotten already.";
    lines.push(Line::Full(says.into(), Role::Broken));
    lines.push(Line::Blank);
    let wide = usize::from(cells.saturating_sub(LABEL + 2)) / 2;
    let mut row = |label, one: &str, other: &str| {
        let (one, other) = (cut(one, wide), cut(other, wide));
        let gap = " ".repeat(wide.saturating_sub(width(&one)) + 2);
        lines.push(Line::Text(label, format!("{one}{gap}{other}"), Role::Plain));
    };
    row("", "expected", "answered");
    let expected = &view.summary.channel;
    for (n, (handle, id)) in error.answered.iter().enumerate() {
        let (name, number) = match n {
            0 => (format!("@{}", expected.handle), expected.remote_id.as_str()),
            _ => (String::new(), ""),
        };
        row(
            if n == 0 { "Account" } else { "" },
            &name,
            &format!("@{handle}"),
        );
        row(if n == 0 { "Id" } else { "" }, number, id);
    }
    lines.push(Line::Blank);
    let text = format!(
        "The browser is logged in as @{}: log out there, or use a private window.",
        error.answered[0].0
    );
    for part in wrap(&text, usize::from(cells), 2) {
        lines.push(Line::Full(part, Role::Plain));
    }
}
