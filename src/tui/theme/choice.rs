//! What a person can choose: themes and shapes.

use super::Palette;

/// A theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark or light, as the terminal is.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light one.
    Light,
    /// The strongest colours, nothing dimmed.
    Contrast,
    /// Without red against green.
    BlueOrange,
    /// The terminal's own sixteen colours.
    Sixteen,
    /// No colours at all.
    None,
}

impl Theme {
    /// Every theme by its name.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::Auto, "auto"),
        (Self::Dark, "dark"),
        (Self::Light, "light"),
        (Self::Contrast, "contrast"),
        (Self::BlueOrange, "blue-orange"),
        (Self::Sixteen, "sixteen"),
        (Self::None, "none"),
    ];

    /// The theme of a name.
    pub fn named(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(_, known)| *known == name);
        known.map(|(theme, _)| *theme)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(theme, _)| *theme == self);
        known.map_or("auto", |(_, name)| name)
    }

    /// Its colours on this paper.
    pub fn palette(self, paper: Paper) -> Palette {
        match (self, paper.dark) {
            (Self::None, _) => Palette::None,
            (Self::BlueOrange, _) if !paper.many_colors => Palette::BlueOrangeSixteen,
            // What no colour is known for is strongest in the terminal's own.
            (Self::Contrast, _) if !paper.many_colors => Palette::None,
            (Self::Sixteen, _) => Palette::Sixteen,
            (_, _) if !paper.many_colors => Palette::Sixteen,
            (Self::Dark, _) | (Self::Auto, Some(true)) => Palette::Dark,
            (Self::Light, _) | (Self::Auto, Some(false)) => Palette::Light,
            // Its own sixteen fit any background.
            (Self::Auto, None) => Palette::Sixteen,
            (Self::Contrast, Some(true)) => Palette::ContrastDark,
            (Self::Contrast, Some(false)) => Palette::ContrastLight,
            (Self::Contrast, None) => Palette::None,
            (Self::BlueOrange, Some(true)) => Palette::BlueOrangeDark,
            (Self::BlueOrange, Some(false)) => Palette::BlueOrangeLight,
            (Self::BlueOrange, None) => Palette::BlueOrangeSixteen,
        }
    }
}

/// What is drawn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paper {
    /// It is dark, or light, as far as that is known.
    pub dark: Option<bool>,
    /// The terminal has 256 colours.
    pub many_colors: bool,
}

/// Which shapes there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// All of them.
    #[default]
    All,
    /// None that a terminal may take for a picture.
    Safe,
    /// ASCII.
    Ascii,
}

impl Glyphs {
    /// The shapes of a name; ASCII has a switch of its own.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "all" => Some(Self::All),
            "safe" => Some(Self::Safe),
            _ => None,
        }
    }
}
