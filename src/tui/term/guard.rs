//! One guard over the state of the terminal: entered and left symmetrically,
//! as often as wanted, and left by a panic of the screen too.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::Command;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    self, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};

use super::encode;

/// Whether this process has the terminal in its own state.
static ENTERED: AtomicBool = AtomicBool::new(false);

/// Whether the mouse is ours while the terminal is.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Clicks and the wheel, and no movement: that would be bytes for nothing.
const MOUSE_ON: &str = "\u{1b}[?1000h\u{1b}[?1006h";
const MOUSE_OFF: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// What stands under a text that is shown alone.
const GO_BACK: &str = "Any key goes back; a paste of the address you end on goes where it belongs.";

thread_local! {
    /// Whether this thread is working for the screen right now.
    static ON_SCREEN: Cell<bool> = const { Cell::new(false) };
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static;

/// Holds the terminal; leaves it when dropped.
pub struct Guard {
    before: Arc<Hook>,
}

impl Guard {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, focus
    /// reports, no cursor; and a panic hook that gives it back.
    ///
    /// # Errors
    /// When the terminal cannot be put into raw mode or written.
    pub fn enter() -> io::Result<Self> {
        enter()?;
        let before: Arc<Hook> = Arc::from(std::panic::take_hook());
        let hook = Arc::clone(&before);
        std::panic::set_hook(Box::new(move |info| {
            if ON_SCREEN.with(Cell::get) {
                let _ = leave();
                hook(info);
            } else {
                // Another task or thread: the screen goes on, printing would
                // tear it. Whoever waits for the task says that it ended.
                tracing::error!(panic = %info, "a background task panicked");
            }
        }));
        Ok(Self { before })
    }

    /// Gives the terminal back for a while.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn leave(&self) -> io::Result<()> {
        leave()
    }

    /// Takes the terminal again after [`Guard::leave`].
    ///
    /// # Errors
    /// When the terminal cannot be put into raw mode or written.
    pub fn enter_again(&self) -> io::Result<()> {
        enter()
    }
}

impl Guard {
    /// Takes the mouse, or gives it back to the terminal, which marks text with
    /// it.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn mouse(&self, on: bool) -> io::Result<()> {
        MOUSE.store(on, Ordering::SeqCst);
        let text = if on { MOUSE_ON } else { MOUSE_OFF };
        terminal_file()?.write_all(text.as_bytes())
    }

    /// Shows a text alone on the main screen, unwrapped, to be selected with
    /// the mouse; keys and pastes still come here. [`Guard::cover`] ends it.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn bare(&self, text: &str) -> io::Result<()> {
        let mut out = String::new();
        finish(&mut out);
        out.push_str(if is_ours() { MOUSE_OFF } else { "" });
        put(&mut out, LeaveAlternateScreen);
        put(&mut out, Show);
        // Raw mode: a new line does not begin on the left by itself.
        out.push_str(&format!("\r\n{text}\r\n\r\n{GO_BACK}\r\n"));
        terminal_file()?.write_all(out.as_bytes())
    }

    /// Takes the whole screen again after [`Guard::bare`].
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn cover(&self) -> io::Result<()> {
        let mut out = String::new();
        put(&mut out, EnterAlternateScreen);
        put(&mut out, Clear(ClearType::All));
        put(&mut out, Hide);
        out.push_str(if is_ours() { MOUSE_ON } else { "" });
        terminal_file()?.write_all(out.as_bytes())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = leave();
        // The hook cannot be set by a thread that panics.
        if !std::thread::panicking() {
            let before = Arc::clone(&self.before);
            std::panic::set_hook(Box::new(move |info| before(info)));
        }
    }
}

/// Runs work of the screen: a panic in it gives the terminal back before it is
/// reported. Everything else on this thread is a background task.
pub fn on_screen<T>(work: impl FnOnce() -> T) -> T {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            ON_SCREEN.with(|flag| flag.set(self.0));
        }
    }
    let _back = Back(ON_SCREEN.with(|flag| flag.replace(true)));
    work()
}

/// The terminal as an unbuffered file.
///
/// # Errors
/// When standard output is closed.
pub fn terminal_file() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Writes plain lines to the terminal while it is left.
///
/// # Errors
/// When it cannot be written.
pub fn say(line: &str) -> io::Result<()> {
    terminal_file()?.write_all(format!("{line}\n").as_bytes())
}

fn enter() -> io::Result<()> {
    if ENTERED.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    if let Err(error) = terminal::enable_raw_mode() {
        ENTERED.store(false, Ordering::SeqCst);
        return Err(error);
    }
    let written = terminal_file().and_then(|mut file| file.write_all(entering().as_bytes()));
    if written.is_err() {
        let _ = leave();
    }
    written
}

fn leave() -> io::Result<()> {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return Ok(());
    }
    let written = terminal_file().and_then(|mut file| file.write_all(leaving().as_bytes()));
    terminal::disable_raw_mode()?;
    written
}

/// Whether the mouse is taken.
fn is_ours() -> bool {
    MOUSE.load(Ordering::SeqCst)
}

fn entering() -> String {
    let mut text = String::new();
    put(&mut text, EnterAlternateScreen);
    put(&mut text, Clear(ClearType::All));
    put(&mut text, EnableBracketedPaste);
    put(&mut text, EnableFocusChange);
    put(&mut text, Hide);
    text.push_str(if is_ours() { MOUSE_ON } else { "" });
    text
}

fn leaving() -> String {
    let mut text = String::new();
    finish(&mut text);
    // Whoever has it: a terminal must never be left reporting clicks.
    text.push_str(MOUSE_OFF);
    put(&mut text, DisableFocusChange);
    put(&mut text, DisableBracketedPaste);
    put(&mut text, LeaveAlternateScreen);
    put(&mut text, Show);
    text
}

/// Ends a frame that may have been cut in its middle, also within a link.
fn finish(text: &mut String) {
    put(text, EndSynchronizedUpdate);
    text.push_str(encode::CLOSE);
    put(text, ResetColor);
}

/// Appends a command's sequence; a `String` takes every write.
pub(super) fn put(text: &mut String, command: impl Command) {
    let _ = command.write_ansi(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_undoes_what_entering_did() {
        let (on, off) = (entering(), leaving());
        for mode in ["1049", "2004", "1004"] {
            assert!(on.contains(&format!("\u{1b}[?{mode}h")), "{mode}");
            assert!(off.contains(&format!("\u{1b}[?{mode}l")), "{mode}");
        }
        assert!(on.contains("\u{1b}[?25l") && off.contains("\u{1b}[?25h"));
        assert!(off.contains("\u{1b}[?2026l"));
        let (link, screen) = (off.find(encode::CLOSE), off.find("\u{1b}[?1049l"));
        assert!(link.is_some() && link < screen, "no link stays open");
        assert!(off.contains("\u{1b}[?1000l") && off.contains("\u{1b}[?1006l"));
        assert!(!on.contains("\u{1b}[?1000h"), "the mouse is the terminal's");
    }

    #[test]
    fn leaving_what_was_not_entered_writes_nothing() {
        assert!(leave().is_ok());
    }

    #[test]
    fn only_work_of_the_screen_counts_as_such() {
        assert!(!ON_SCREEN.with(Cell::get));
        assert!(on_screen(|| ON_SCREEN.with(Cell::get)));
        assert!(!ON_SCREEN.with(Cell::get));
    }
}
