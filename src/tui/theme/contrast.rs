//! How light a colour is.

/// Relative luminance of WCAG 2, from 0 (black) to 1 (white).
pub fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// Whether white can be read on it better than black.
pub fn is_dark(color: (u8, u8, u8)) -> bool {
    luminance(color) < 0.179
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn papers_are_dark_or_light_as_people_see_them() {
        assert!(is_dark((0, 0, 0)) && is_dark((0x2e, 0x34, 0x40)));
        assert!(!is_dark((0xff, 0xff, 0xff)) && !is_dark((0xfb, 0xf1, 0xc7)));
        // A full blue is dark, a full green is not.
        assert!(is_dark((0, 0, 255)) && !is_dark((0, 255, 0)));
    }
}
