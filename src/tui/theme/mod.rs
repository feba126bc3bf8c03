//! How things look: roles instead of colours, shapes that survive without
//! colour, ASCII where the terminal has nothing better.

mod choice;
mod contrast;
mod palette;
mod shapes;

pub use choice::{Glyphs, Paper, Theme};
pub use palette::Palette;

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use crate::support::surroundings::Surroundings;

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Text as the terminal has it.
    Plain,
    /// Titles of panes and sections.
    Title,
    /// Rules, hints, what was seen before.
    Muted,
    /// A key the operator can press.
    Key,
    /// Well.
    Healthy,
    /// Works, act soon.
    Attention,
    /// Does not work.
    Broken,
    /// The row under the cursor.
    Selected,
}

/// Colours and shapes of one screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    theme: Theme,
    paper: Paper,
    palette: Palette,
    glyphs: Glyphs,
    no_color: bool,
}

impl Look {
    /// A theme on a paper.
    pub fn new(theme: Theme, paper: Paper, glyphs: Glyphs) -> Self {
        Self {
            theme,
            paper,
            palette: theme.palette(paper),
            glyphs,
            no_color: false,
        }
    }

    /// A look with these colours, whatever it is drawn on.
    #[cfg(test)]
    pub const fn fixed(palette: Palette, glyphs: Glyphs) -> Self {
        Self {
            theme: Theme::Auto,
            paper: Paper {
                dark: None,
                many_colors: true,
            },
            palette,
            glyphs,
            no_color: false,
        }
    }

    /// The look that fits where the screen runs and what was asked for.
    pub fn fitting(around: &Surroundings, wanted: Theme, glyphs: Glyphs, no_color: bool) -> Self {
        let no_color = no_color || around.no_color;
        let theme = match no_color {
            true => Theme::None,
            false => wanted,
        };
        let paper = Paper {
            dark: around.dark,
            many_colors: around.many_colors,
        };
        let glyphs = match around.plain_console {
            true => Glyphs::Ascii,
            false => glyphs,
        };
        Self {
            no_color,
            ..Self::new(theme, paper, glyphs)
        }
    }

    /// The same shapes in another theme.
    pub fn in_theme(self, theme: Theme) -> Self {
        Self {
            no_color: self.no_color,
            ..Self::new(theme, self.paper, self.glyphs)
        }
    }

    /// The same theme on a background of this colour.
    pub fn on_background(self, color: (u8, u8, u8)) -> Self {
        let paper = Paper {
            dark: Some(contrast::is_dark(color)),
            ..self.paper
        };
        Self { paper, ..self }.in_theme(self.theme)
    }

    /// Whether it is worth asking the terminal for its background, whatever the
    /// theme: another may be chosen later. What has no 256 colours need not
    /// understand the question, and who wants no colours needs no answer.
    pub fn asks_background(&self) -> bool {
        self.paper.many_colors && !self.no_color
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        let style = match self.palette.color(role) {
            Some(color) => plain.fg(color),
            None => plain,
        };
        match role {
            Role::Plain | Role::Healthy => style,
            Role::Title | Role::Key | Role::Attention => style.add_modifier(Modifier::BOLD),
            // What is dimmed has less contrast.
            Role::Muted if self.theme == Theme::Contrast => style,
            Role::Muted => style.add_modifier(Modifier::DIM),
            Role::Selected => style.add_modifier(Modifier::REVERSED),
            // ● is the heaviest shape, so ✖ needs more than weight.
            Role::Broken if self.palette == Palette::None => {
                style.add_modifier(Modifier::BOLD | Modifier::REVERSED)
            }
            Role::Broken => style.add_modifier(Modifier::BOLD),
        }
    }

    /// The last step of every frame: shapes the terminal lacks are replaced.
    pub fn finish(&self, buffer: &mut Buffer) {
        match self.glyphs {
            Glyphs::All => {}
            Glyphs::Safe => shapes::replace(buffer, shapes::SAFE),
            Glyphs::Ascii => shapes::replace(buffer, shapes::ASCII),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::config::{GLYPHS, THEMES};
    use ratatui::layout::Rect;

    const MANY: Paper = Paper {
        dark: None,
        many_colors: true,
    };

    #[test]
    fn without_colour_every_lamp_differs_by_more_than_colour() {
        let look = Look::new(Theme::None, MANY, Glyphs::All);
        let styles = [Role::Healthy, Role::Attention, Role::Broken].map(|role| look.style(role));
        assert!(styles.iter().all(|style| style.fg.is_none()));
        assert_ne!(styles[0], styles[1]);
        assert_ne!(styles[1], styles[2]);
    }

    #[test]
    fn the_look_follows_the_surroundings() {
        let mut around = Surroundings::default();
        let palette =
            |around: &Surroundings, theme| Look::fitting(around, theme, Glyphs::All, false).palette;
        assert_eq!(palette(&around, Theme::Auto), Palette::Sixteen);
        assert_eq!(palette(&around, Theme::Light), Palette::Sixteen);
        around.many_colors = true;
        assert_eq!(palette(&around, Theme::Auto), Palette::Sixteen);
        around.dark = Some(false);
        assert_eq!(palette(&around, Theme::Auto), Palette::Light);
        assert_eq!(palette(&around, Theme::Dark), Palette::Dark);
        assert_eq!(palette(&around, Theme::Contrast), Palette::ContrastLight);
        assert_eq!(
            palette(&around, Theme::BlueOrange),
            Palette::BlueOrangeLight
        );
        around.no_color = true;
        assert_eq!(palette(&around, Theme::Dark), Palette::None);
        around.plain_console = true;
        let look = Look::fitting(&around, Theme::Auto, Glyphs::Safe, false);
        assert_eq!(look.glyphs, Glyphs::Ascii);
    }

    #[test]
    fn the_answer_of_the_terminal_changes_what_depends_on_it() {
        let look = Look::new(Theme::Auto, MANY, Glyphs::All);
        assert!(look.asks_background());
        assert_eq!(look.on_background((0, 0x2b, 0x36)).palette, Palette::Dark);
        assert_eq!(look.on_background((255, 255, 255)).palette, Palette::Light);
        let fixed = look.in_theme(Theme::Dark);
        assert!(fixed.asks_background(), "another theme may be chosen");
        assert_eq!(fixed.on_background((255, 255, 255)).palette, Palette::Dark);
        let old = Look::new(Theme::Auto, Paper::default(), Glyphs::All);
        assert!(
            !old.asks_background(),
            "an old terminal may show the question"
        );
        let around = Surroundings {
            many_colors: true,
            no_color: true,
            ..Surroundings::default()
        };
        let none = Look::fitting(&around, Theme::Auto, Glyphs::All, false);
        assert!(!none.in_theme(Theme::Dark).asks_background(), "NO_COLOR");
    }

    #[test]
    fn the_strongest_theme_dims_nothing() {
        let look = Look::new(Theme::Contrast, MANY, Glyphs::All);
        assert!(!look.style(Role::Muted).add_modifier.contains(Modifier::DIM));
    }

    #[test]
    fn the_configuration_names_what_there_is() {
        let themes: Vec<&str> = Theme::ALL.iter().map(|(_, name)| *name).collect();
        assert_eq!(themes, THEMES);
        for name in THEMES {
            assert_eq!(Theme::named(name).map(Theme::name), Some(*name));
        }
        assert!(GLYPHS.iter().all(|name| Glyphs::named(name).is_some()));
    }

    #[test]
    fn safe_shapes_leave_all_but_the_one_that_may_be_a_picture() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.set_string(0, 0, "✖●▲", Style::new());
        Look::new(Theme::Auto, MANY, Glyphs::Safe).finish(&mut buffer);
        assert_eq!(buffer[(0, 0)].symbol(), "✗");
        assert_eq!(buffer[(1, 0)].symbol(), "●");
    }
}
