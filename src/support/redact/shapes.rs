//! What secrets look like, whoever holds them.

/// Names of URL parameters and JSON fields whose value is a secret, and the
/// length from which a value is one (`code=190` is not).
const FIELDS: &[(&str, usize)] = &[
    ("access_token", 1),
    ("accessjwt", 1),
    ("refresh_token", 1),
    ("refreshjwt", 1),
    ("id_token", 1),
    ("client_secret", 1),
    ("appsecret_proof", 1),
    ("fb_exchange_token", 1),
    ("input_token", 1),
    ("code_verifier", 1),
    ("device_code", 1),
    ("password", 1),
    ("secret", 8),
    ("token", 8),
    ("code", 16),
    ("state", 16),
];

/// No name of a field is longer.
const LONGEST_NAME: usize = 24;

/// From this length on a JWT is also taken for one inside another word.
const INSIDE: usize = 20;

/// Where in `text` something looks like a secret, as byte ranges.
pub(super) fn find(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut previous = ' ';
    // What was found is not looked at again, so that no text takes long.
    let mut until = 0;
    for (at, c) in text.char_indices() {
        if at < until {
            previous = c;
            continue;
        }
        if !previous.is_ascii_alphanumeric() {
            let rest = &text[at..];
            let range = jwt(rest)
                .or_else(|| app_password(rest))
                .or_else(|| bot_token(rest))
                .or_else(|| scheme(rest))
                .or_else(|| field(rest));
            found.extend(range.map(|(start, end)| (at + start, at + end)));
        } else if let Some((_, end)) = jwt(&text[at..]).filter(|(_, end)| *end >= INSIDE) {
            found.push((at, at + end));
        } else if c.is_ascii_digit() && !previous.is_ascii_digit() {
            // `/bot123456:...` in addresses.
            let range = bot_token(&text[at..]);
            found.extend(range.map(|(start, end)| (at + start, at + end)));
        }
        until = found.last().map_or(0, |(_, end)| *end);
        previous = c;
    }
    found
}

/// Whether a character can be part of a token.
fn tokenish(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=' | '%' | ':')
}

/// The end of the token that goes on at `from`.
pub(super) fn word_end(text: &str, from: usize) -> usize {
    let rest = &text[from..];
    from + rest.find(|c| !tokenish(c)).unwrap_or(rest.len())
}

fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}

/// The same, but of `most` bytes at most.
fn short_run(text: &str, most: usize, fits: impl Fn(char) -> bool) -> usize {
    let end = text.char_indices().find(|(at, c)| *at >= most || !fits(*c));
    end.map_or(text.len(), |(at, _)| at)
}

fn base64ish(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// `eyJ….eyJ….…`, cut off or whole.
fn jwt(text: &str) -> Option<(usize, usize)> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let end = run(text, |c| base64ish(c) || c == '.');
    (end >= 16).then_some((0, end))
}

/// `xxxx-xxxx-xxxx-xxxx` in small letters and digits.
fn app_password(text: &str) -> Option<(usize, usize)> {
    let end = short_run(text, 24, |c| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
    });
    let word = text[..end].trim_end_matches('-');
    let more = text[word.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let groups = || word.split('-');
    let shaped = !more && groups().count() == 4 && groups().all(|group| group.len() == 4);
    shaped.then_some((0, word.len()))
}

/// `123456789:AA…` of Telegram.
fn bot_token(text: &str) -> Option<(usize, usize)> {
    let digits = short_run(text, 15, |c| c.is_ascii_digit());
    let rest = text[digits..].strip_prefix(':')?;
    let tail = run(rest, base64ish);
    ((5..=14).contains(&digits) && tail >= 20).then_some((0, digits + 1 + tail))
}

/// What stands behind `Bearer`, `DPoP` or `Basic`.
fn scheme(text: &str) -> Option<(usize, usize)> {
    let name = ["bearer", "dpop", "basic"].into_iter().find(|name| {
        text.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })?;
    let rest = &text[name.len()..];
    let start = name.len() + run(rest, |c| matches!(c, ' ' | ':' | '='));
    if start == name.len() {
        return None;
    }
    let end = word_end(text, start);
    // "basic rules" is not a header.
    let secret = end - start >= 8;
    let letters = text[start..end]
        .bytes()
        .all(|byte| byte.is_ascii_lowercase());
    (secret && !letters).then_some((start, end))
}

/// The value of `access_token=…`, `"password": "…"`, `token: …`.
fn field(text: &str) -> Option<(usize, usize)> {
    let name = short_run(text, LONGEST_NAME + 1, base64ish);
    let lower = text[..name].to_ascii_lowercase();
    let (_, least) = FIELDS.iter().find(|(known, _)| *known == lower)?;
    let rest = &text[name..];
    let sign = run(rest, |c| matches!(c, '"' | '\\' | '\'' | ':' | '=' | ' '));
    if !rest[..sign].contains([':', '=']) {
        return None;
    }
    let start = name + sign;
    let quoted = rest[..sign].ends_with(['"', '\'']);
    let end = if quoted {
        start + run(&text[start..], |c| !matches!(c, '"' | '\'' | '\\' | '\n'))
    } else {
        let fits = |c: char| !c.is_whitespace() && !matches!(c, '&' | '"' | '\'' | ',' | '}' | ')');
        start + run(&text[start..], fits)
    };
    (end - start >= *least).then_some((start, end))
}
