//! A filter as text: what `/` takes on the screen and `--filter` on the command
//! line. `acme !shop net:ig,fb lamp:red due:<2d` shows what fits every part.
//!
//! A word fits where it is found in the handle, the name, the text or the cause;
//! `!` turns a part round. A field fits what begins with its value, `*` stands
//! for anything, commas part alternatives; a field without a value fits all, so
//! that a filter can be typed letter by letter. Case is of no matter.

use std::time::Duration;

use super::lamp::Lamp;
use super::network::Network;
use crate::support::time::UtcMs;

/// The fields of a list of channels.
pub const OF_CHANNELS: &[&str] = &["net", "ws", "lamp", "state", "login", "by", "due"];

/// The fields of a list of posts.
pub const OF_POSTS: &[&str] = &["net", "ws", "state", "login", "by", "due"];

/// The fields of the notices.
pub const OF_NOTICES: &[&str] = &["net", "ws", "lamp"];

/// A filter that was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    not: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Word(String),
    Network(Vec<String>),
    Workspace(Vec<String>),
    Lamp(Vec<String>),
    State(Vec<String>),
    Login(Vec<String>),
    By(Vec<String>),
    Within(Duration),
    After(Duration),
}

/// What a filter looks at. What is not known of a thing is left empty and fits
/// no field.
#[derive(Clone, Debug, Default)]
pub struct Subject<'a> {
    /// Texts that words are looked for in.
    pub texts: [&'a str; 4],
    /// Its network.
    pub network: Option<Network>,
    /// Short name and name of its workspace.
    pub workspace: [&'a str; 2],
    /// Its lamp.
    pub lamp: Option<Lamp>,
    /// The states that are true of it.
    pub states: &'a [&'a str],
    /// How people know its login.
    pub login: &'a str,
    /// Who wrote or connected it.
    pub by: &'a str,
    /// When it, or its next post, is due.
    pub due: Option<UtcMs>,
}

/// A filter that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No such field in this list; which ones it has.
    #[error("There is no filter {0}: here (there are {1})")]
    Field(String, String),
    /// A span that cannot be read.
    #[error("due:{0} is no span; write due:<2d or due:>30m (m, h, d, w)")]
    Span(String),
}

impl FilterError {
    /// The same in a few words, where there is little room.
    pub fn short(&self) -> String {
        match self {
            Self::Field(name, _) => format!("no filter {name}: here"),
            Self::Span(_) => "write due:<2d".into(),
        }
    }
}

impl Filter {
    /// Reads a filter for a list with these fields.
    ///
    /// # Errors
    /// When the list has no such field or a span cannot be read.
    pub fn parse(text: &str, fields: &[&str]) -> Result<Self, FilterError> {
        let mut parts = Vec::new();
        for word in words(text) {
            let (not, word) = match word.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, word.as_str()),
            };
            if let Some(test) = test(word, fields)? {
                parts.push(Part { not, test });
            }
        }
        Ok(Self { parts })
    }

    /// Whether it shows everything.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether it asks for words alone, and looks at nothing but texts.
    pub fn is_words(&self) -> bool {
        let word = |part: &Part| matches!(part.test, Test::Word(_));
        self.parts.iter().all(word)
    }

    /// Whether it asks for things in this state by its name.
    pub fn asks_for_state(&self, name: &str) -> bool {
        self.parts.iter().any(|part| match &part.test {
            Test::State(values) => !part.not && values.iter().any(|value| begins(name, value)),
            _ => false,
        })
    }

    /// Whether a thing fits it at `now`.
    pub fn fits(&self, subject: &Subject<'_>, now: UtcMs) -> bool {
        self.parts
            .iter()
            .all(|part| part.test.fits(subject, now) != part.not)
    }
}

/// The words of a text; quotes keep blanks together.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            blank if blank.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn test(word: &str, fields: &[&str]) -> Result<Option<Test>, FilterError> {
    let field = word
        .split_once(':')
        .filter(|(name, _)| !name.is_empty() && name.chars().all(|one| one.is_ascii_alphabetic()));
    let Some((name, value)) = field else {
        let word = word.to_lowercase();
        return Ok((!word.is_empty()).then_some(Test::Word(word)));
    };
    let values: Vec<String> = value
        .to_lowercase()
        .split(',')
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect();
    let name = match name.to_lowercase().as_str() {
        "network" => "net".to_owned(),
        "workspace" => "ws".to_owned(),
        // The beginning of an address is a word like any other.
        "http" | "https" => return Ok(Some(Test::Word(word.to_lowercase()))),
        other => other.to_owned(),
    };
    if !fields.contains(&name.as_str()) {
        let there: Vec<String> = fields.iter().map(|one| format!("{one}:")).collect();
        return Err(FilterError::Field(name, there.join(" ")));
    }
    let test: fn(Vec<String>) -> Test = match name.as_str() {
        "net" => Test::Network,
        "ws" => Test::Workspace,
        "lamp" => Test::Lamp,
        "state" => Test::State,
        "login" => Test::Login,
        "by" => Test::By,
        _ => return due(value),
    };
    Ok((!values.is_empty()).then(|| test(values)))
}

fn due(value: &str) -> Result<Option<Test>, FilterError> {
    let (after, span) = match value.strip_prefix('>') {
        Some(rest) => (true, rest),
        None => (false, value.strip_prefix('<').unwrap_or(value)),
    };
    if span.is_empty() {
        return Ok(None);
    }
    let seconds = span_seconds(span).ok_or_else(|| FilterError::Span(value.to_owned()))?;
    let span = Duration::from_secs(seconds);
    Ok(Some(if after {
        Test::After(span)
    } else {
        Test::Within(span)
    }))
}

fn span_seconds(span: &str) -> Option<u64> {
    let unit = span.chars().last()?;
    let (digits, seconds) = match unit {
        'm' => (&span[..span.len() - 1], 60),
        'h' => (&span[..span.len() - 1], 3_600),
        'd' => (&span[..span.len() - 1], 86_400),
        'w' => (&span[..span.len() - 1], 604_800),
        // A number alone is not whole yet: days, until a unit follows.
        digit if digit.is_ascii_digit() => (span, 86_400),
        _ => return None,
    };
    digits.parse::<u32>().ok().map(|n| u64::from(n) * seconds)
}

impl Test {
    fn fits(&self, subject: &Subject<'_>, now: UtcMs) -> bool {
        let any = |values: &[String], names: &[&str]| {
            let mut named = names.iter().filter(|name| !name.is_empty());
            named.any(|name| values.iter().any(|value| begins(name, value)))
        };
        match self {
            Self::Word(word) => subject.texts.iter().any(|text| contains(text, word)),
            Self::Network(values) => subject.network.is_some_and(|network| {
                let names = [network.short(), network.name()];
                values.iter().any(|value| {
                    // Two letters are a network of their own: `x` is not Xing.
                    network.short() == value || (value.len() > 2 && any(values, &names[1..]))
                })
            }),
            Self::Workspace(values) => any(values, &subject.workspace),
            Self::Lamp(values) => subject.lamp.is_some_and(|lamp| any(values, names_of(lamp))),
            Self::State(values) => any(values, subject.states),
            Self::Login(values) => any(values, &[subject.login]),
            Self::By(values) => any(values, &[subject.by]),
            Self::Within(span) => subject.due.is_some_and(|due| due <= now.plus(*span)),
            Self::After(span) => subject.due.is_some_and(|due| due > now.plus(*span)),
        }
    }
}

fn names_of(lamp: Lamp) -> &'static [&'static str] {
    match lamp {
        Lamp::Broken => &["red", "broken", "✖"],
        Lamp::Attention => &["yellow", "attention", "▲"],
        Lamp::Green => &["green", "healthy", "●"],
    }
}

/// Whether `text` holds `word`, which is in small letters.
fn contains(text: &str, word: &str) -> bool {
    if text.is_ascii() && word.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        let Some(first) = word.first() else {
            return true;
        };
        return text
            .windows(word.len())
            .any(|part| part[0].eq_ignore_ascii_case(first) && part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

/// Whether `name` begins with `pattern`, in which `*` stands for anything.
fn begins(name: &str, pattern: &str) -> bool {
    let name = name.trim_start_matches('@').to_lowercase();
    let mut pieces = pattern.trim_start_matches('@').split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UtcMs = UtcMs(1_000_000_000);

    fn channel() -> Subject<'static> {
        Subject {
            texts: ["acme.example", "Acme Jäger", "", "password changed"],
            network: Some(Network::Instagram),
            workspace: ["acme-shop", "Acme Shop"],
            lamp: Some(Lamp::Broken),
            states: &["held", "missed"],
            login: "Ann Lee",
            by: "eva",
            due: Some(NOW.plus(Duration::from_secs(3_600))),
        }
    }

    fn fits(text: &str) -> bool {
        Filter::parse(text, OF_CHANNELS)
            .unwrap()
            .fits(&channel(), NOW)
    }

    #[test]
    fn words_are_looked_for_everywhere_and_all_of_them_must_fit() {
        for text in [
            "",
            "  ",
            "ACME",
            "jäger",
            "JÄGER",
            "acme password",
            "\"password ch\"",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in ["birch", "acme birch", "\"password acme\"", "!acme"] {
            assert!(!fits(text), "{text}");
        }
        assert!(fits("acme !birch") && !fits("acme !password"));
        // An address and a time are words, not fields.
        assert!(!fits("https://bsky.app") && !fits("9:00"));
    }

    #[test]
    fn fields_fit_what_begins_with_their_value() {
        for text in [
            "net:ig",
            "net:Instagram",
            "net:fb,ig",
            "network:insta",
            "ws:acme*",
            "ws:acme-shop",
            "ws:\"acme s\"",
            "ws:*shop",
            "lamp:red",
            "lamp:broken",
            "state:held",
            "state:mis",
            "by:eva",
            "by:@EVA",
            "login:ann",
            "login:\"ann l\"",
            "login:*lee",
            "due:<2h",
            "due:2h",
            "due:>30m",
            "!net:fb",
            "!state:failed",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [
            "net:fb",
            "net:x",
            "net:in",
            "ws:birch",
            "lamp:green",
            "state:published",
            "by:ann",
            "login:lee",
            "!login:ann",
            "due:<30m",
            "due:>2h",
            "!lamp:red",
        ] {
            assert!(!fits(text), "{text}");
        }
        let nothing = Subject::default();
        for text in [
            "net:ig",
            "ws:a",
            "lamp:red",
            "state:held",
            "login:a",
            "by:a",
            "due:<9w",
        ] {
            let filter = Filter::parse(text, OF_CHANNELS).unwrap();
            assert!(
                !filter.fits(&nothing, NOW),
                "{text}: what is unknown fits nothing"
            );
        }
    }

    #[test]
    fn a_filter_half_typed_shows_everything_and_what_cannot_be_one_is_said() {
        for text in ["net:", "ws:", "due:", "due:<", "!", "!net:", "\""] {
            assert!(
                Filter::parse(text, OF_CHANNELS).unwrap().is_empty(),
                "{text}"
            );
        }
        let error = Filter::parse("colour:red", OF_CHANNELS)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("colour:") && error.contains("net:"),
            "{error}"
        );
        for text in ["due:soon", "due:<2x", "due:>99999999999d", "due:<ä"] {
            let error = Filter::parse(text, OF_CHANNELS).unwrap_err().to_string();
            assert!(error.contains("due:<2d"), "{text}: {error}");
        }
    }

    #[test]
    fn a_list_takes_its_own_fields_and_names_them_when_asked_for_another() {
        for fields in [OF_CHANNELS, OF_POSTS, OF_NOTICES] {
            for field in fields {
                let text = format!("{field}:1d");
                let filter = Filter::parse(&text, fields).unwrap();
                assert!(!filter.is_empty(), "{text}");
                assert!(!filter.fits(&Subject::default(), NOW), "{text}");
            }
        }
        let error = Filter::parse("lamp:red", OF_POSTS).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("net: ws: state: login: by: due:"),
            "{error}"
        );
        assert_eq!(error.short(), "no filter lamp: here");
    }

    proptest! {
        #[test]
        fn no_filter_makes_it_fall_over(text in ".{0,60}") {
            if let Ok(filter) = Filter::parse(&text, OF_CHANNELS) {
                filter.fits(&channel(), NOW);
                filter.fits(&Subject::default(), UtcMs(i64::MAX));
            }
        }

        #[test]
        fn a_word_and_its_contrary_part_everything(word in "[a-zß-ž]{1,4}") {
            prop_assert_ne!(fits(&word), fits(&format!("!{word}")));
        }
    }
}
