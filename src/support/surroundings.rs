//! What the environment says about the terminal. Read once, when a screen
//! opens; only variables a forced session may set are looked at.

/// Where a screen runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The screen is seen over SSH: frames cost round trips.
    pub over_ssh: bool,
    /// A console without the shapes of the lamps (`TERM=linux`).
    pub plain_console: bool,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// The terminal knows 256 colours.
    pub many_colors: bool,
    /// Windows can be opened on the machine this runs on, and somebody sits
    /// there.
    pub local_display: bool,
    /// The terminal takes words that are links, or leaves out what it does not
    /// know. Old consoles print it.
    pub links: bool,
    /// Whoever sits there wants lines of text and no screen (`ACCESSIBLE`), or the
    /// terminal can show nothing else (`TERM=dumb`).
    pub lines_only: bool,
    /// The terminal says that its background is dark (`Some(true)`) or light.
    pub dark: Option<bool>,
    /// The editor of the person at the keyboard (`$VISUAL`, `$EDITOR`), with its
    /// arguments. For sessions that are their own: a forced one starts none.
    pub editor: Option<String>,
}

impl Surroundings {
    /// Reads the environment.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is where the environment of a screen enters"
    )]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| read(name).is_some_and(|value| !value.is_empty());
        let term = read("TERM").unwrap_or_default();
        let over_ssh = set("SSH_CONNECTION") || set("SSH_TTY");
        Self {
            over_ssh,
            // Over SSH the display is not looked at: nobody sits there.
            local_display: !over_ssh
                && (cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY")),
            plain_console: term == "linux",
            links: !matches!(term.as_str(), "" | "linux" | "dumb") && !term.starts_with("vt"),
            lines_only: term == "dumb"
                || read("ACCESSIBLE").is_some_and(|value| !matches!(value.as_str(), "" | "0")),
            no_color: set("NO_COLOR"),
            many_colors: term.contains("256color") || set("COLORTERM"),
            dark: read("COLORFGBG").and_then(|value| background_is_dark(&value)),
            editor: ["VISUAL", "EDITOR"]
                .into_iter()
                .filter_map(read)
                .find(|editor| !editor.trim().is_empty()),
        }
    }
}

/// `COLORFGBG` is `foreground;background` in the 16 colours: 0 to 6 and 8 are
/// dark backgrounds.
fn background_is_dark(value: &str) -> Option<bool> {
    let background: u8 = value.rsplit(';').next()?.parse().ok()?;
    Some(background <= 6 || background == 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_as_terminals_set_it() {
        let read = |name: &str| match name {
            "TERM" => Some("xterm-256color".to_owned()),
            "SSH_CONNECTION" => Some("192.0.2.1 5 192.0.2.2 22".to_owned()),
            "DISPLAY" => Some(":10".to_owned()),
            "COLORFGBG" => Some("0;default;15".to_owned()),
            "NO_COLOR" => Some(String::new()),
            _ => None,
        };
        let seen = Surroundings::from_variables(read);
        let lines_only = |name: &'static str, value: &'static str| {
            let read = move |asked: &str| (asked == name).then(|| value.to_owned());
            Surroundings::from_variables(read).lines_only
        };
        assert!(lines_only("ACCESSIBLE", "1") && lines_only("TERM", "dumb"));
        assert!(!lines_only("ACCESSIBLE", "0") && !lines_only("TERM", "vt100"));
        assert!(seen.over_ssh && seen.many_colors && !seen.no_color && !seen.plain_console);
        assert!(!seen.local_display, "a forwarded display is not this desk");
        let links = |term: &'static str| {
            let read = move |asked: &str| (asked == "TERM").then(|| term.to_owned());
            Surroundings::from_variables(read).links
        };
        assert!(seen.links && links("tmux-256color") && links("xterm-kitty"));
        assert!(
            !["", "linux", "dumb", "vt100", "vt220"]
                .into_iter()
                .any(links)
        );
        let desk = |name: &str| (name == "WAYLAND_DISPLAY").then(|| "wayland-0".to_owned());
        assert!(Surroundings::from_variables(desk).local_display);
        assert_eq!(seen.dark, Some(false));
        assert_eq!(background_is_dark("15;0"), Some(true));
        assert_eq!(background_is_dark("nonsense"), None);
    }
}
