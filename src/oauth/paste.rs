//! What people paste: the whole address they ended on, its query, or the bare
//! code. Pure, and never larger than 4 KiB.

use crate::support::secret::Secret;

/// No answer of a network is longer.
pub(super) const LONGEST: usize = 4096;
/// A bare code is at least this long; shorter words are typing mistakes.
const SHORTEST_CODE: usize = 6;
/// Longest sentence of a refusal that is kept.
const LONGEST_WORDS: usize = 300;

/// What a network sent the browser back with.
#[derive(Debug)]
pub struct Callback {
    /// The code, unless it refused.
    pub code: Option<Secret>,
    /// Its error name and sentence, when it refused.
    pub refused: Option<(String, String)>,
    /// The secret word of the login it answers; a bare code has none.
    pub state: Option<String>,
    /// Who says it.
    pub issuer: Option<String>,
}

/// Why a pasted text is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// Nothing in it.
    #[error("Nothing was pasted.")]
    Empty,
    /// Longer than any answer.
    #[error("That is longer than any address of a login.")]
    TooLong,
    /// The link that leads to the network instead of the one that came back.
    #[error("That is the link to the login page, not the address you end on.")]
    TheLink,
    /// An address without a code.
    #[error("That address holds no code.")]
    NoCode,
    /// The same thing twice: somebody may have put a second code in.
    #[error("That address holds the same thing twice.")]
    Twice,
    /// Something else.
    #[error("That is neither an address nor a code.")]
    Unknown,
}

impl PasteError {
    /// What to do next.
    pub fn hint(self) -> &'static str {
        match self {
            Self::TheLink => "Open it, log in, and copy the address of the page you end on.",
            _ => {
                "Copy the whole address of the page you end on, also if that page says that it cannot be reached."
            }
        }
    }
}

/// Understands a pasted text.
///
/// # Errors
/// Why it is no answer.
pub fn parse(text: &str) -> Result<Callback, PasteError> {
    if text.len() > LONGEST {
        return Err(PasteError::TooLong);
    }
    // Words are no code, and nothing is sent for them.
    let trimmed = text.trim();
    let one_word = !trimmed.contains([' ', '\t']);
    // Terminals and mails break long addresses into lines, and people copy the
    // quotes around them.
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect();
    let text = text.trim_matches(['"', '\'', '<', '>', '`']);
    if text.is_empty() {
        return Err(PasteError::Empty);
    }
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let address = before.contains("://") || before.starts_with('/');
    let query = match before.split_once('?') {
        Some((_, query)) => query,
        None if address => "",
        None if before.contains("code=") || before.contains("error=") => before,
        None if one_word => return bare(text, before),
        None => return Err(PasteError::Unknown),
    };
    let found = read(query)?;
    if found.code.is_some() || found.refused.is_some() {
        return Ok(found);
    }
    // Some networks answer behind the hash.
    let behind = read(fragment)?;
    if behind.code.is_some() || behind.refused.is_some() {
        return Ok(behind);
    }
    if query.contains("client_id=")
        || query.contains("client_key=")
        || query.contains("request_uri=")
    {
        return Err(PasteError::TheLink);
    }
    Err(PasteError::NoCode)
}

/// Reads a query as the browser sends it.
///
/// # Errors
/// [`PasteError::Twice`] when a parameter that matters is there twice.
pub(super) fn read(query: &str) -> Result<Callback, PasteError> {
    let mut of = [None, None, None, None, None];
    const NAMES: [&str; 5] = ["code", "error", "error_description", "state", "iss"];
    for (name, value) in url::form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
        let Some(at) = NAMES.iter().position(|one| *one == name) else {
            continue;
        };
        if of[at].replace(value.into_owned()).is_some() {
            return Err(PasteError::Twice);
        }
    }
    let [code, error, words, state, issuer] = of.map(|value| value.filter(|text| !text.is_empty()));
    let safe = |text: String| crate::support::sanitize::line(&text);
    let cut = |text: String| text.chars().take(LONGEST_WORDS).collect::<String>();
    Ok(Callback {
        // A network that refuses gives no code, whatever else is there.
        code: code.filter(|_| error.is_none()).map(Secret::new),
        refused: error.map(|name| (cut(safe(name)), cut(safe(words.unwrap_or_default())))),
        state,
        issuer,
    })
}

/// A code alone. `#_` at its end belongs to the address (Meta adds it).
fn bare(text: &str, before: &str) -> Result<Callback, PasteError> {
    let code = if text[before.len()..].starts_with("#_") {
        before
    } else {
        text
    };
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\'' | '&' | '?');
    if code.len() < SHORTEST_CODE || !code.chars().all(fits) {
        return Err(PasteError::Unknown);
    }
    Ok(Callback {
        code: Some(Secret::new(code)),
        refused: None,
        state: None,
        issuer: None,
    })
}
