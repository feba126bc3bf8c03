//! The colours of the roles, for every background and every eye.

use ratatui::style::Color;

use super::Role;

/// Which colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// 256 colours on a dark background.
    Dark,
    /// 256 colours on a light background.
    Light,
    /// The strongest colours on a dark background.
    ContrastDark,
    /// The strongest colours on a light background.
    ContrastLight,
    /// Blue and orange on a dark background: told apart without red and green.
    BlueOrangeDark,
    /// Blue and orange on a light background.
    BlueOrangeLight,
    /// The terminal's own, without red against green.
    BlueOrangeSixteen,
    /// The terminal's own sixteen.
    Sixteen,
    /// None: shape, weight and reverse only.
    None,
}

impl Palette {
    /// The colours of healthy, attention and broken.
    fn lamps(self) -> Option<[Color; 3]> {
        let indexed = |all: [u8; 3]| Some(all.map(Color::Indexed));
        match self {
            Self::Dark => indexed([114, 221, 210]),
            Self::Light => indexed([22, 94, 160]),
            Self::ContrastDark => indexed([120, 227, 217]),
            // No yellow is dark enough to be read on white.
            Self::ContrastLight => indexed([22, 18, 88]),
            Self::BlueOrangeDark => indexed([75, 222, 208]),
            Self::BlueOrangeLight => indexed([25, 94, 52]),
            Self::BlueOrangeSixteen => Some([Color::Cyan, Color::Yellow, Color::Red]),
            Self::Sixteen => Some([Color::Green, Color::Yellow, Color::Red]),
            Self::None => None,
        }
    }

    /// The colour of a role; most have none but the terminal's own.
    pub fn color(self, role: Role) -> Option<Color> {
        let [healthy, attention, broken] = self.lamps()?;
        match role {
            Role::Healthy => Some(healthy),
            Role::Attention => Some(attention),
            Role::Broken => Some(broken),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::contrast::luminance;

    /// Backgrounds people have: black, and those of well-known schemes.
    const DARK: &[(u8, u8, u8)] = &[
        (0x00, 0x00, 0x00),
        (0x1e, 0x1e, 0x1e),
        (0x28, 0x2c, 0x34),
        (0x00, 0x2b, 0x36),
        (0x28, 0x2a, 0x36),
        (0x2e, 0x34, 0x40),
    ];
    const LIGHT: &[(u8, u8, u8)] = &[
        (0xff, 0xff, 0xff),
        (0xfa, 0xfa, 0xfa),
        (0xfd, 0xf6, 0xe3),
        (0xef, 0xf1, 0xf5),
        (0xfb, 0xf1, 0xc7),
    ];

    /// What a colour of the 6x6x6 cube is made of.
    fn parts(color: Color) -> (u8, u8, u8) {
        let Color::Indexed(n @ 16..=231) = color else {
            panic!("{color:?} is the terminal's own");
        };
        let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
        let n = n - 16;
        (step(n / 36), step(n / 6 % 6), step(n % 6))
    }

    /// The contrast ratio of WCAG 2.
    fn ratio(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_word_in_colour_can_be_read_on_its_background() {
        use Palette as P;
        for (palette, papers, least) in [
            (P::Dark, DARK, 4.5),
            (P::Light, LIGHT, 4.5),
            (P::BlueOrangeDark, DARK, 4.5),
            (P::BlueOrangeLight, LIGHT, 4.5),
            (P::ContrastDark, DARK, 7.0),
            (P::ContrastLight, LIGHT, 7.0),
        ] {
            for color in palette.lamps().unwrap() {
                for paper in papers {
                    let ratio = ratio(parts(color), *paper);
                    assert!(
                        ratio >= least,
                        "{palette:?} {color:?} on {paper:?}: {ratio:.2}"
                    );
                }
            }
        }
    }

    /// What remains of a colour for an eye without red (or green) cones: after
    /// Viénot, Brettel and Mollon 1999, on linear light, without the blue part
    /// that both see.
    fn seen(color: Color) -> (f64, f64) {
        let (r, g, b) = parts(color);
        let linear = |c: u8| luminance((c, c, c));
        let (r, g, b) = (linear(r), linear(g), linear(b));
        (0.29 * r + 0.71 * g, b)
    }

    #[test]
    fn blue_and_orange_are_told_apart_without_red_and_green() {
        for palette in [Palette::BlueOrangeDark, Palette::BlueOrangeLight] {
            let lamps = palette.lamps().unwrap().map(seen);
            for (a, b) in [(0, 1), (1, 2), (0, 2)] {
                let (a, b) = (lamps[a], lamps[b]);
                let differ = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
                let most = differ(a.0, b.0).max(differ(a.1, b.1));
                assert!(most >= 1.6, "{palette:?} {a:?} {b:?}: {most:.2}");
            }
        }
    }
}
