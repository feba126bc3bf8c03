//! How things look: roles instead of colours, shapes that survive without
//! colour, ASCII where the terminal has nothing better.

mod ascii;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

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

/// Which colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// 256 colours on a dark background.
    Dark,
    /// 256 colours on a light background.
    Light,
    /// The terminal's own sixteen.
    Sixteen,
    /// None: shape, weight and reverse only.
    None,
}

/// Colours and shapes of one screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The colours.
    pub palette: Palette,
    /// Draw with ASCII only.
    pub ascii: bool,
}

impl Look {
    /// The look that fits where the screen runs and what was asked for.
    pub fn fitting(around: &Surroundings, ascii: bool, no_color: bool) -> Self {
        let palette = match around.dark {
            _ if no_color || around.no_color => Palette::None,
            Some(true) if around.many_colors => Palette::Dark,
            Some(false) if around.many_colors => Palette::Light,
            // Its own sixteen fit any background.
            _ => Palette::Sixteen,
        };
        Self {
            palette,
            ascii: ascii || around.plain_console,
        }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        match role {
            Role::Plain => plain,
            Role::Title | Role::Key => plain.add_modifier(Modifier::BOLD),
            Role::Muted => plain.add_modifier(Modifier::DIM),
            Role::Selected => plain.add_modifier(Modifier::REVERSED),
            Role::Healthy => self.colored([114, 28], Color::Green),
            Role::Attention => self
                .colored([221, 130], Color::Yellow)
                .add_modifier(Modifier::BOLD),
            Role::Broken => {
                let style = self
                    .colored([210, 160], Color::Red)
                    .add_modifier(Modifier::BOLD);
                // ● is the heaviest shape, so ✖ needs more than weight.
                if self.palette == Palette::None {
                    style.add_modifier(Modifier::REVERSED)
                } else {
                    style
                }
            }
        }
    }

    fn colored(&self, indexed: [u8; 2], basic: Color) -> Style {
        match self.palette {
            Palette::Dark => Style::new().fg(Color::Indexed(indexed[0])),
            Palette::Light => Style::new().fg(Color::Indexed(indexed[1])),
            Palette::Sixteen => Style::new().fg(basic),
            Palette::None => Style::new(),
        }
    }

    /// The last step of every frame: shapes the terminal lacks are replaced.
    pub fn finish(&self, buffer: &mut Buffer) {
        if self.ascii {
            ascii::replace(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_every_lamp_differs_by_more_than_colour() {
        let look = Look {
            palette: Palette::None,
            ascii: false,
        };
        let styles = [Role::Healthy, Role::Attention, Role::Broken].map(|role| look.style(role));
        assert!(styles.iter().all(|style| style.fg.is_none()));
        assert_ne!(styles[0], styles[1]);
        assert_ne!(styles[1], styles[2]);
    }

    #[test]
    fn the_look_follows_the_surroundings() {
        let mut around = Surroundings::default();
        assert_eq!(
            Look::fitting(&around, false, false).palette,
            Palette::Sixteen
        );
        around.many_colors = true;
        around.dark = Some(false);
        assert_eq!(Look::fitting(&around, false, false).palette, Palette::Light);
        around.no_color = true;
        assert_eq!(Look::fitting(&around, false, false).palette, Palette::None);
        around.plain_console = true;
        assert!(Look::fitting(&around, false, false).ascii);
    }
}
