//! The configuration file: what differs from the built-in defaults.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::timing::Timing;

/// What `config.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Per network, by its command line name; only those that differ from the
    /// default.
    pub networks: BTreeMap<String, NetworkSettings>,
    /// The durations of the publisher.
    pub engine: Timing,
    /// The screen.
    pub ui: Ui,
}

/// One network put in another place than its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Base URL of the API.
    pub api_base: Option<String>,
    /// Base URL of the directory (Bluesky: PLC).
    pub directory_url: Option<String>,
    /// Allows loopback and private addresses, plain http and any port.
    pub allow_private_hosts: bool,
}

/// Settings of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ui {
    /// The host name printed in ssh lines.
    pub ssh_host: Option<String>,
    /// Draw with ASCII only.
    pub ascii: bool,
}

/// The configuration file with every setting commented out.
pub const TEMPLATE: &str = include_str!("../../assets/config.toml");

/// The networks a `[networks.NAME]` may name.
pub const NETWORKS: &[&str] = &[
    "facebook",
    "instagram",
    "threads",
    "x",
    "linkedin",
    "tiktok",
    "youtube",
    "pinterest",
    "bluesky",
    "mastodon",
    "telegram",
];

const SECTIONS: &[&str] = &["networks", "engine", "ui"];
const NETWORK_KEYS: &[&str] = &["api_base", "directory_url", "allow_private_hosts"];
const UI_KEYS: &[&str] = &["ssh_host", "ascii"];
const CONCURRENCY: &str = "concurrency";

/// Durations that may be zero: waits done once. A zero anywhere else would make
/// a loop spin or a limit refuse everything.
const MAY_BE_ZERO: &[&str] = &[
    "unknown_reads",
    "catch_up_spacing",
    "late_live_wait",
    "refused_retry",
    "counted_spacing",
    "clock_tolerance",
];

const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const MOST_AT_ONCE: usize = 1024;
/// More than any honest file; reading stops here.
const MOST_BYTES: u64 = 1 << 20;

/// One thing wrong with the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The line, counted from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// The full key (`engine.settle`); empty when no key is to blame.
    pub key: String,
    /// What is wrong, in one sentence.
    pub what: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        if !self.hint.is_empty() {
            write!(f, " {}", self.hint)?;
        }
        Ok(())
    }
}

/// Everything wrong with the configuration file, in the order of its lines;
/// prints one per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl Config {
    /// Reads the file at `path`; a missing one means the defaults.
    ///
    /// # Errors
    /// Everything that is wrong with the file, or why it cannot be read.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        match read(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ConfigErrors(vec![ConfigError {
                line: 0,
                key: String::new(),
                what: format!(
                    "The configuration {} cannot be read: {error}.",
                    path.display()
                ),
                hint: "Check the file and its permissions.".into(),
            }])),
        }
    }

    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// Everything that is wrong with it; of a text that is not TOML, the first.
    pub fn parse(text: &str) -> Result<Self, ConfigErrors> {
        let (root, broken) = DeTable::parse_recoverable(text);
        let at = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
        // The first is the mistake; the later ones often only follow from it.
        if let Some(error) = broken.into_iter().min_by_key(at) {
            let reason = error.message().lines().next().unwrap_or_default();
            return Err(ConfigErrors(vec![ConfigError {
                line: line_of(text, at(&error)),
                key: String::new(),
                what: format!("This is not TOML: {}.", shown(reason)),
                hint: "Write settings as name = \"value\" below a [section].".into(),
            }]));
        }
        let mut reader = Reader {
            text,
            errors: Vec::new(),
        };
        let config = reader.root(root.get_ref());
        if reader.errors.is_empty() {
            Ok(config)
        } else {
            // Tables are kept by name; people read files from the top.
            reader.errors.sort_by_key(|error| error.line);
            Err(ConfigErrors(reader.errors))
        }
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let refuse = |why| Err(std::io::Error::new(ErrorKind::InvalidInput, why));
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return refuse("it is not a file");
    }
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return refuse("it is larger than 1 MiB");
    }
    Ok(text)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// `"90s"` as a duration: a whole number with ms, s, m, h or d.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60 * 1_000,
        "h" => 60 * 60 * 1_000,
        "d" => 24 * 60 * 60 * 1_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(ms)?))
}

type Key<'a> = Spanned<Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

struct Reader<'a> {
    text: &'a str,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn wrong(&mut self, at: usize, key: String, what: String, hint: impl Into<String>) {
        self.errors.push(ConfigError {
            line: line_of(self.text, at),
            key: shown(&key),
            what,
            hint: hint.into(),
        });
    }

    fn root(&mut self, root: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "networks" => self.networks(key, value, &mut config.networks),
                "engine" => self.engine(key, value, &mut config.engine),
                "ui" => self.ui(key, value, &mut config.ui),
                other => {
                    let home = home_of(other).map(|section| format!("It belongs below {section}."));
                    let hint = home.unwrap_or_else(|| did_you_mean(other, SECTIONS));
                    let what = if matches!(value.get_ref(), DeValue::Table(_)) {
                        "There is no such section."
                    } else {
                        "There is no such setting here."
                    };
                    self.wrong(key.span().start, other.to_owned(), what.into(), hint);
                }
            }
        }
        config
    }

    fn networks(
        &mut self,
        key: &Key<'_>,
        value: &Value<'_>,
        networks: &mut BTreeMap<String, NetworkSettings>,
    ) {
        for (name, value) in self.table("networks", key, value).into_iter().flatten() {
            let path = format!("networks.{}", name.get_ref());
            if !NETWORKS.contains(&name.get_ref().as_ref()) {
                let hint = did_you_mean(name.get_ref(), NETWORKS);
                let what = "There is no such network.".into();
                self.wrong(name.span().start, path, what, hint);
                continue;
            }
            let settings = self.network(&path, name, value);
            if settings != NetworkSettings::default() {
                networks.insert(name.get_ref().to_string(), settings);
            }
        }
    }

    fn network(&mut self, path: &str, key: &Key<'_>, value: &Value<'_>) -> NetworkSettings {
        let mut settings = NetworkSettings::default();
        let table = self.table(path, key, value);
        let private = |(key, value): (&Key<'_>, &Value<'_>)| {
            key.get_ref() == "allow_private_hosts"
                && matches!(value.get_ref(), DeValue::Boolean(true))
        };
        let private = table.into_iter().flatten().any(private);
        for (key, value) in table.into_iter().flatten() {
            let path = format!("{path}.{}", key.get_ref());
            match key.get_ref().as_ref() {
                "api_base" => settings.api_base = self.url(path, value, private),
                "directory_url" => settings.directory_url = self.url(path, value, private),
                "allow_private_hosts" => settings.allow_private_hosts = self.truth(path, value),
                other => self.unknown(key, path, other, NETWORK_KEYS),
            }
        }
        settings
    }

    fn engine(&mut self, key: &Key<'_>, value: &Value<'_>, timing: &mut Timing) {
        for (key, value) in self.table("engine", key, value).into_iter().flatten() {
            let name = key.get_ref().as_ref();
            let path = format!("engine.{name}");
            if name == CONCURRENCY {
                if let Some(count) = self.count(path, value) {
                    timing.concurrency = count;
                }
            } else if Timing::NAMES.contains(&name) {
                if let Some(to) = self.duration(name, path, value) {
                    timing.set(name, to);
                }
            } else {
                let mut known = Timing::NAMES.to_vec();
                known.push(CONCURRENCY);
                self.unknown(key, path, name, &known);
            }
        }
    }

    fn ui(&mut self, key: &Key<'_>, value: &Value<'_>, ui: &mut Ui) {
        for (key, value) in self.table("ui", key, value).into_iter().flatten() {
            let path = format!("ui.{}", key.get_ref());
            match key.get_ref().as_ref() {
                "ssh_host" => ui.ssh_host = self.host(path, value),
                "ascii" => ui.ascii = self.truth(path, value),
                other => self.unknown(key, path, other, UI_KEYS),
            }
        }
    }

    fn unknown(&mut self, key: &Key<'_>, path: String, name: &str, known: &[&str]) {
        let hint = did_you_mean(name, known);
        let what = "There is no such setting.".into();
        self.wrong(key.span().start, path, what, hint);
    }

    fn table<'v, 'i>(
        &mut self,
        path: &str,
        key: &Key<'_>,
        value: &'v Value<'i>,
    ) -> Option<&'v DeTable<'i>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(table);
        }
        self.wrong(
            key.span().start,
            path.to_owned(),
            "This must be a section.".into(),
            format!("Write [{path}] on a line of its own."),
        );
        None
    }

    fn truth(&mut self, path: String, value: &Value<'_>) -> bool {
        if let DeValue::Boolean(truth) = value.get_ref() {
            return *truth;
        }
        let what = "This must be true or false.".into();
        self.wrong(value.span().start, path, what, "Write it without quotes.");
        false
    }

    fn string<'v>(&mut self, path: &str, value: &'v Value<'_>) -> Option<&'v str> {
        if let DeValue::String(text) = value.get_ref() {
            // An empty string stands for the built-in default.
            return (!text.is_empty()).then_some(text.as_ref());
        }
        let what = "This must be text.".into();
        let hint = "Put it between double quotes.";
        self.wrong(value.span().start, path.to_owned(), what, hint);
        None
    }

    fn url(&mut self, path: String, value: &Value<'_>, private: bool) -> Option<String> {
        let text = self.string(&path, value)?;
        let at = value.span().start;
        // The value is never repeated: a password in it must not reach a log.
        let (what, hint) = match url::Url::parse(text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => (
                "This is not a web address.",
                "Begin with https:// and a host name.",
            ),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => (
                "This address holds a name or password.",
                "Remove what stands before the @; secrets are never kept in this file.",
            ),
            Ok(url) if url.query().is_some() || url.fragment().is_some() => (
                "This address has a ? or # in it.",
                "Give only the base, such as https://example.org/path.",
            ),
            Ok(url) if url.scheme() == "http" && !private => (
                "This address is plain http.",
                "Use https, or set allow_private_hosts = true for a server of your own.",
            ),
            Ok(_) => return Some(text.to_owned()),
            Err(_) => (
                "This is not a web address.",
                "Begin with https:// and a host name.",
            ),
        };
        self.wrong(at, path, what.into(), hint);
        None
    }

    fn host(&mut self, path: String, value: &Value<'_>) -> Option<String> {
        let text = self.string(&path, value)?;
        // It is printed for people to copy into a shell.
        let fits = text.len() <= 255
            && !text.starts_with('-')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-:@[]%".contains(c));
        if fits {
            return Some(text.to_owned());
        }
        self.wrong(
            value.span().start,
            path,
            "This is not a host name.".into(),
            "Write what you type behind ssh, such as \"me@example.org\".",
        );
        None
    }

    fn count(&mut self, path: String, value: &Value<'_>) -> Option<usize> {
        if let DeValue::Integer(number) = value.get_ref()
            && let Ok(count) = usize::from_str_radix(number.as_str(), number.radix())
            && (1..=MOST_AT_ONCE).contains(&count)
        {
            return Some(count);
        }
        self.wrong(
            value.span().start,
            path,
            format!("This must be a whole number from 1 to {MOST_AT_ONCE}."),
            format!("The default is {}.", Timing::default().concurrency),
        );
        None
    }

    fn duration(&mut self, name: &str, path: String, value: &Value<'_>) -> Option<Duration> {
        let at = value.span().start;
        let DeValue::String(text) = value.get_ref() else {
            let what = "This must be a duration in quotes.".into();
            self.wrong(at, path, what, "Write it as \"90s\", \"15m\" or \"1h\".");
            return None;
        };
        match duration(text) {
            None => {
                let what = format!("{:?} is not a duration.", shown(text));
                let hint = "Write a whole number and ms, s, m, h or d, such as \"90s\".";
                self.wrong(at, path, what, hint);
                None
            }
            Some(span) if span > LONGEST => {
                let what = "This is longer than 365 days.".into();
                self.wrong(at, path, what, "Give at most \"365d\".");
                None
            }
            Some(Duration::ZERO) if !MAY_BE_ZERO.contains(&name) => {
                let what = "This must not be zero.".into();
                self.wrong(at, path, what, "Give at least \"1ms\".");
                None
            }
            Some(span) => Some(span),
        }
    }
}

/// A key or value fit to be printed: short and without control characters.
fn shown(text: &str) -> String {
    text.chars()
        .take(64)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The section a name belongs to when it was written above the first one.
fn home_of(name: &str) -> Option<&'static str> {
    if name == CONCURRENCY || Timing::NAMES.contains(&name) {
        Some("[engine]")
    } else if UI_KEYS.contains(&name) {
        Some("[ui]")
    } else if NETWORKS.contains(&name) {
        Some("[networks.NAME]")
    } else {
        None
    }
}

fn did_you_mean(name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|candidate| (distance(&name.to_lowercase(), candidate), candidate))
        .min();
    match nearest {
        Some((far, candidate)) if far <= 1 + candidate.len() / 4 => {
            format!("Did you mean {candidate}?")
        }
        _ => format!("Known are: {}.", known.join(", ")),
    }
}

/// How many letters must be changed, added, removed or swapped with their
/// neighbour to get from one name to the other.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(64).collect();
    let other: Vec<char> = other.chars().take(64).collect();
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=one.len() {
        for j in 1..=other.len() {
            let same = usize::from(one[i - 1] != other[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<ConfigError> {
        Config::parse(text).unwrap_err().0
    }

    fn table<'i>(table: &DeTable<'i>, name: &str) -> DeTable<'i> {
        match table.get(name).map(Spanned::get_ref) {
            Some(DeValue::Table(inner)) => inner.clone(),
            _ => panic!("[{name}] is missing in the template"),
        }
    }

    #[test]
    fn a_missing_or_empty_file_means_the_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("config.toml");
        assert_eq!(Config::load(&missing).unwrap(), Config::default());
        std::fs::write(&missing, "").unwrap();
        assert_eq!(Config::load(&missing).unwrap(), Config::default());
    }

    #[test]
    fn what_cannot_be_read_is_said_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let error = Config::load(dir.path()).unwrap_err();
        assert_eq!(error.0[0].line, 0);
        assert!(error.to_string().contains("not a file"), "{error}");
        let latin = dir.path().join("latin");
        std::fs::write(&latin, b"# \xe9").unwrap();
        assert_eq!(Config::load(&latin).unwrap_err().0.len(), 1);
        let large = dir.path().join("large");
        std::fs::write(&large, vec![b'\n'; (1 << 20) + 1]).unwrap();
        assert!(Config::load(&large).is_err());
    }

    #[test]
    fn every_setting_is_read() {
        let config = Config::parse(
            r#"
            [networks.bluesky]
            api_base = "http://127.0.0.1:4601/bluesky"
            directory_url = "https://plc.example.org"
            allow_private_hosts = true
            [engine]
            settle = "500ms"
            probe_every = "2d"
            catch_up_spacing = "0s"
            concurrency = 1_000
            [ui]
            ssh_host = "me@example.org"
            ascii = true
            "#,
        )
        .unwrap();
        let bluesky = &config.networks["bluesky"];
        assert_eq!(
            bluesky.api_base.as_deref(),
            Some("http://127.0.0.1:4601/bluesky")
        );
        assert_eq!(
            bluesky.directory_url.as_deref(),
            Some("https://plc.example.org")
        );
        assert!(bluesky.allow_private_hosts);
        assert_eq!(config.engine.settle, Duration::from_millis(500));
        assert_eq!(config.engine.probe_every, Duration::from_secs(2 * 86_400));
        assert_eq!(config.engine.catch_up_spacing, Duration::ZERO);
        assert_eq!(config.engine.concurrency, 1000);
        assert_eq!(config.ui.ssh_host.as_deref(), Some("me@example.org"));
        assert!(config.ui.ascii);
    }

    #[test]
    fn the_template_uncommented_says_the_defaults_and_leaves_nothing_out() {
        assert_eq!(Config::parse(TEMPLATE).unwrap(), Config::default());
        // Settings are `#name = value`, prose is `# text`.
        let open: String = TEMPLATE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        assert_eq!(Config::parse(&open).unwrap(), Config::default());
        let root = DeTable::parse(&open).unwrap().into_inner();
        let engine = table(&root, "engine");
        for name in Timing::NAMES.iter().chain(&[CONCURRENCY]) {
            assert!(engine.contains_key(*name), "{name} is missing");
        }
        let ui = table(&root, "ui");
        assert!(UI_KEYS.iter().all(|key| ui.contains_key(*key)));
        let networks = table(&root, "networks");
        for name in NETWORKS {
            let network = table(&networks, name);
            assert!(NETWORK_KEYS.iter().all(|key| network.contains_key(*key)));
        }
    }

    #[test]
    fn all_errors_are_told_at_once_with_their_lines() {
        let found = errors(
            "[engine]\nprobe_evry = \"1h\"\nsettle = 90\npark = \"0s\"\nconcurrency = 0\n\
             \n[networks.blusky]\n[networks.x]\napi_bse = \"\"\n[uii]\n",
        );
        let told: Vec<(usize, &str)> = found
            .iter()
            .map(|error| (error.line, error.key.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (2, "engine.probe_evry"),
                (3, "engine.settle"),
                (4, "engine.park"),
                (5, "engine.concurrency"),
                (7, "networks.blusky"),
                (9, "networks.x.api_bse"),
                (10, "uii"),
            ]
        );
        assert_eq!(found[0].hint, "Did you mean probe_every?");
        assert_eq!(found[4].hint, "Did you mean bluesky?");
        assert_eq!(found[5].hint, "Did you mean api_base?");
        assert_eq!(found[6].hint, "Did you mean ui?");
        let all = ConfigErrors(found).to_string();
        assert_eq!(all.lines().count(), 7);
        assert!(all.starts_with(
            "line 2: engine.probe_evry: There is no such setting. Did you mean probe_every?\n"
        ));
    }

    #[test]
    fn a_syntax_error_is_one_error_with_its_line() {
        let found = errors("[engine]\nsettle = \"90s\"\npark = \n[ui\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 3);
        let twice = errors("[ui]\nascii = true\nascii = true\n");
        assert_eq!((twice.len(), twice[0].line), (1, 3));
    }

    #[test]
    fn a_setting_above_its_section_is_sent_there() {
        let found = errors("settle = \"90s\"\nascii = true\nnetworks = 1\n");
        assert_eq!(found[0].hint, "It belongs below [engine].");
        assert_eq!(found[1].hint, "It belongs below [ui].");
        assert_eq!(found[2].what, "This must be a section.");
        assert!(
            errors("[zzzzzz]\n")[0]
                .hint
                .contains("networks, engine, ui")
        );
    }

    #[test]
    fn durations_have_bounds() {
        for bad in [
            "", "s", "90", "-1s", "1.5h", "1 h", "1w", "1h30m", "366d", "０s",
        ] {
            let found = errors(&format!("[engine]\nsettle = \"{bad}\"\n"));
            assert_eq!(found.len(), 1, "{bad}");
        }
        assert!(duration("99999999999999999999d").is_none());
        assert!(duration("18446744073709551615d").is_none());
        assert!(Config::parse("[engine]\nsettle = \"365d\"\n").is_ok());
        for name in Timing::NAMES {
            let zero = Config::parse(&format!("[engine]\n{name} = \"0ms\"\n"));
            assert_eq!(zero.is_ok(), MAY_BE_ZERO.contains(name), "{name}");
        }
        for name in MAY_BE_ZERO {
            assert!(Timing::NAMES.contains(name), "{name} is no duration");
        }
    }

    #[test]
    fn addresses_and_hosts_are_checked_without_repeating_a_password() {
        let network = |line: &str| Config::parse(&format!("[networks.x]\n{line}\n"));
        for bad in [
            "api_base = \"ftp://a.example\"",
            "api_base = \"nonsense\"",
            "api_base = \"http://a.example\"",
            "api_base = \"https://a.example/?a=b\"",
            "directory_url = \"https://me:hunter2@a.example\"",
            "api_base = 3",
            "allow_private_hosts = \"true\"",
        ] {
            let error = network(bad).unwrap_err();
            assert_eq!(error.0.len(), 1, "{bad}");
            assert_eq!(error.0[0].line, 2);
            assert!(!error.to_string().contains("hunter2"));
        }
        assert!(network("api_base = \"http://[::1]:9\"\nallow_private_hosts = true").is_ok());
        assert!(Config::parse("[ui]\nssh_host = \"-oProxy\"").is_err());
        assert!(Config::parse("[ui]\nssh_host = \"a; rm\"").is_err());
    }

    #[test]
    fn control_characters_never_reach_the_message() {
        let text = "\"\\u001b]0;x\" = 1\n[engine]\nsettle = \"\\u001b[2J\"\n";
        assert!(!ConfigErrors(errors(text)).to_string().contains('\u{1b}'));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}|(\\[(engine|ui|networks\\.x)\\]\n([a-z_]{1,9} = (1|\"1h\"|true|\\{\\})\n){0,3}){0,3}") {
            if let Err(errors) = Config::parse(&text) {
                proptest::prop_assert!(!errors.0.is_empty());
            }
        }
    }
}
