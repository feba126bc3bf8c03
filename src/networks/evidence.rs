//! Text of networks, made safe where it enters: one line, no control or
//! direction characters, nothing that looks like a token.

/// `text` without anything a terminal would act on or a token could hide in,
/// at most `most` characters.
pub fn clean(text: &str, most: usize) -> String {
    let safe: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !is_direction(*c))
        .collect();
    let words = safe
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| if is_token(word) { "[token]" } else { word });
    words
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(most)
        .collect()
}

/// Characters that turn, hide or tag text.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a word looks like a JWT or an app password.
fn is_token(word: &str) -> bool {
    let jwt = word.len() > 40 && word.contains("eyJ");
    let groups: Vec<&str> = word
        .trim_matches(|c: char| !c.is_alphanumeric())
        .split('-')
        .collect();
    let app_password = groups.len() == 4
        && groups
            .iter()
            .all(|group| group.len() == 4 && group.chars().all(|c| c.is_ascii_alphanumeric()));
    jwt || app_password
}
