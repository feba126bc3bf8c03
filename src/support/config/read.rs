//! From TOML to the settings, collecting every error on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{
    Config, ConfigError, GLYPHS, KeySetting, LINKS, NETWORKS, NetworkSettings, THEMES, Ui,
};
use crate::support::duration;
use crate::support::nearest::nearest;
use crate::support::timing::Timing;

/// Durations that may be zero: waits, not loops or limits, and not what keeps
/// a post from going out twice or all at once.
const MAY_BE_ZERO: &[&str] = &[
    "late_live_wait",
    "proof_before_due",
    "refused_retry",
    "refresh_spacing",
    "counted_spacing",
    "park",
];

/// A loop that turns faster than this would only burn the machine.
const SHORTEST: Duration = Duration::from_millis(10);

/// No duration of ours is meant to be longer than this.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// The keys of the screen.
pub(super) const UI_KEYS: &[&str] = &[
    "ssh_host", "ascii", "theme", "glyphs", "mouse", "notify", "links",
];

type Entry<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

/// Reads the whole text.
pub(super) fn parse(text: &str) -> Result<Config, Vec<ConfigError>> {
    let mut reader = Reader {
        text,
        errors: Vec::new(),
    };
    let (root, broken) = DeTable::parse_recoverable(text);
    for error in broken {
        let line = error.span().map_or(1, |span| reader.line(span.start));
        let said = error.message().trim_end_matches('.').replace('\n', ", ");
        let what = format!("This is not TOML: {said}.");
        reader.say(
            line,
            what,
            "Compare it with the default configuration.".into(),
        );
    }
    let mut config = Config::default();
    // What could not be parsed would only be reported twice below.
    if reader.errors.is_empty() {
        for (key, value) in root.get_ref() {
            match key.get_ref().as_ref() {
                "networks" => reader.networks((key, value), &mut config.networks),
                "engine" => reader.engine((key, value), &mut config.engine),
                "ui" => reader.ui((key, value), &mut config.ui),
                "keys" => reader.keys((key, value), &mut config.keys),
                _ => reader.unknown(key, "table", &["networks", "engine", "ui", "keys"]),
            }
        }
    }
    if reader.errors.is_empty() {
        Ok(config)
    } else {
        Err(reader.errors)
    }
}

struct Reader<'t> {
    text: &'t str,
    errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    fn say(&mut self, line: usize, what: String, hint: String) {
        self.errors.push(ConfigError { line, what, hint });
    }

    fn wrong(&mut self, (key, value): Entry<'_, '_>, wanted: &str, hint: &str) {
        let line = self.line(value.span().start);
        let what = format!("{} must be {wanted}.", key.get_ref());
        self.say(line, what, hint.to_owned());
    }

    fn unknown(&mut self, key: &Spanned<DeString<'_>>, sort: &str, known: &[&str]) {
        let line = self.line(key.span().start);
        let name = key.get_ref().as_ref();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("Did you mean {near}?"),
            None => format!("Known here: {}.", known.join(", ")),
        };
        self.say(line, format!("There is no {sort} \"{name}\"."), hint);
    }

    fn table<'a, 'i>(&mut self, entry: Entry<'a, 'i>) -> Option<&'a DeTable<'i>> {
        if let DeValue::Table(table) = entry.1.get_ref() {
            return Some(table);
        }
        let header = format!("Write it as [{}].", entry.0.get_ref());
        self.wrong(entry, "a table", &header);
        None
    }

    fn networks(&mut self, entry: Entry<'_, '_>, into: &mut BTreeMap<String, NetworkSettings>) {
        let Some(table) = self.table(entry) else {
            return;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if !NETWORKS.contains(&name) {
                self.unknown(key, "network", NETWORKS);
            } else if let Some(settings) = self.network((key, value)) {
                into.insert(name.to_owned(), settings);
            }
        }
    }

    fn network(&mut self, entry: Entry<'_, '_>) -> Option<NetworkSettings> {
        const KEYS: &[&str] = &[
            "api_base",
            "upload_base",
            "directory_url",
            "client_id",
            "redirect_uri",
            "authorize_url",
            "token_url",
            "device_url",
            "revoke_url",
            "allow_private_hosts",
        ];
        let table = self.table(entry)?;
        let mut settings = NetworkSettings::default();
        let mut urls = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let address = match name {
                "api_base" => Some(&mut settings.api_base),
                "upload_base" => Some(&mut settings.upload_base),
                "directory_url" => Some(&mut settings.directory_url),
                "authorize_url" => Some(&mut settings.authorize_url),
                "token_url" => Some(&mut settings.token_url),
                "device_url" => Some(&mut settings.device_url),
                "revoke_url" => Some(&mut settings.revoke_url),
                _ => None,
            };
            if let Some(address) = address {
                *address = self.url((key, value));
                urls.push((key, value, address.clone()));
                continue;
            }
            match name {
                "client_id" => settings.client_id = self.word((key, value)),
                "redirect_uri" => settings.redirect_uri = self.redirect((key, value)),
                "allow_private_hosts" => {
                    settings.allow_private_hosts = self.flag((key, value)).unwrap_or_default();
                }
                _ => self.unknown(key, "key of a network", KEYS),
            }
        }
        for (key, value, url) in urls {
            let plain = url.is_some_and(|url| url.starts_with("http://"));
            if plain && !settings.allow_private_hosts {
                let hint = "Use https, or set allow_private_hosts = true for a server of your own.";
                self.wrong((key, value), "an https address", hint);
            }
        }
        Some(settings)
    }

    fn engine(&mut self, entry: Entry<'_, '_>, into: &mut Timing) {
        let Some(table) = self.table(entry) else {
            return;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name == "concurrency" {
                let wanted = "a whole number from 1 to 1024";
                match value.get_ref() {
                    DeValue::Integer(number) => {
                        let digits = number.as_str().replace('_', "");
                        let parsed = usize::from_str_radix(&digits, number.radix());
                        match parsed {
                            Ok(number @ 1..=1_024) => into.concurrency = number,
                            _ => self.wrong((key, value), wanted, "The default is 64."),
                        }
                    }
                    _ => self.wrong((key, value), wanted, "The default is 64."),
                }
            } else if Timing::NAMES.contains(&name) {
                if let Some(span) = self.duration((key, value)) {
                    into.set(name, span);
                }
            } else {
                let known: Vec<&str> = Timing::NAMES
                    .iter()
                    .copied()
                    .chain(["concurrency"])
                    .collect();
                self.unknown(key, "duration", &known);
            }
        }
    }

    fn duration(&mut self, entry: Entry<'_, '_>) -> Option<Duration> {
        let example = "Write 500ms, 90s, 15m, 1h or 7d, in quotes.";
        let DeValue::String(text) = entry.1.get_ref() else {
            self.wrong(entry, "a duration", example);
            return None;
        };
        let Ok(span) = duration::parse(text) else {
            self.wrong(entry, "a duration", example);
            return None;
        };
        let zero = MAY_BE_ZERO.contains(&entry.0.get_ref().as_ref());
        if span < SHORTEST && !(zero && span.is_zero()) {
            let wanted = if zero {
                "0s, or 10ms or more"
            } else {
                "10ms or more"
            };
            self.wrong(entry, wanted, "Less would only keep the machine busy.");
            None
        } else if span > LONGEST {
            self.wrong(entry, "366d or less", "Write a shorter duration.");
            None
        } else {
            Some(span)
        }
    }

    fn ui(&mut self, entry: Entry<'_, '_>, into: &mut Ui) {
        let Some(table) = self.table(entry) else {
            return;
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "ssh_host" => into.ssh_host = self.host((key, value)),
                "ascii" => into.ascii = self.flag((key, value)).unwrap_or_default(),
                "links" => into.links = self.choice((key, value), LINKS).unwrap_or("auto"),
                "mouse" => into.mouse = self.flag((key, value)).unwrap_or_default(),
                "notify" => into.notify = self.flag((key, value)).unwrap_or_default(),
                "theme" => into.theme = self.choice((key, value), THEMES).unwrap_or("auto"),
                "glyphs" => into.glyphs = self.choice((key, value), GLYPHS).unwrap_or("all"),
                _ => self.unknown(key, "key of the screen", UI_KEYS),
            }
        }
    }

    fn keys(&mut self, entry: Entry<'_, '_>, into: &mut Vec<KeySetting>) {
        let Some(table) = self.table(entry) else {
            return;
        };
        for (key, value) in table {
            match value.get_ref() {
                DeValue::String(keys) => into.push(KeySetting {
                    action: key.get_ref().to_string(),
                    keys: keys.to_string(),
                    line: self.line(key.span().start),
                }),
                _ => self.wrong(
                    (key, value),
                    "keys in quotes",
                    "Write \"R\" or \"R Ctrl-y\".",
                ),
            }
        }
        into.sort_by_key(|one| one.line);
    }

    /// One word of a list.
    fn choice(&mut self, entry: Entry<'_, '_>, known: &[&'static str]) -> Option<&'static str> {
        let text = match entry.1.get_ref() {
            DeValue::String(text) => text.as_ref(),
            _ => "",
        };
        let found = known.iter().find(|one| **one == text).copied();
        if found.is_none() {
            let wanted = format!("one of {}", known.join(", "));
            let hint = match nearest(text, known.iter().copied()) {
                Some(near) => format!("Did you mean \"{near}\"?"),
                None => "Write it in quotes.".into(),
            };
            self.wrong(entry, &wanted, &hint);
        }
        found
    }

    fn flag(&mut self, entry: Entry<'_, '_>) -> Option<bool> {
        if let DeValue::Boolean(flag) = entry.1.get_ref() {
            return Some(*flag);
        }
        self.wrong(entry, "true or false", "Write it without quotes.");
        None
    }

    /// A host or `user@host`: it is printed into lines people paste into a shell.
    fn host(&mut self, entry: Entry<'_, '_>) -> Option<String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ':');
        match entry.1.get_ref() {
            DeValue::String(text)
                if (1..=253).contains(&text.len())
                    && !text.starts_with('-')
                    && text.chars().all(fits) =>
            {
                Some(text.to_string())
            }
            _ => {
                self.wrong(
                    entry,
                    "a host name",
                    "Write host.example or user@host.example.",
                );
                None
            }
        }
    }

    /// A public name: one word that may stand in an address.
    fn word(&mut self, entry: Entry<'_, '_>) -> Option<String> {
        match entry.1.get_ref() {
            DeValue::String(text)
                if (1..=512).contains(&text.len())
                    && text.chars().all(|c| c.is_ascii_graphic()) =>
            {
                Some(text.to_string())
            }
            _ => {
                self.wrong(
                    entry,
                    "one word",
                    "Copy it from the network's page for developers.",
                );
                None
            }
        }
    }

    /// Where a browser is sent after a login.
    fn redirect(&mut self, entry: Entry<'_, '_>) -> Option<String> {
        const SHOWN: &str = "urn:ietf:wg:oauth:2.0:oob";
        let text = match entry.1.get_ref() {
            DeValue::String(text) => text.to_string(),
            _ => String::new(),
        };
        let fits = url::Url::parse(&text).is_ok_and(|url| {
            let here = url.scheme() == "http" && url.host_str() == Some("127.0.0.1");
            (url.scheme() == "https" || here) && url.fragment().is_none()
        });
        if fits || text == SHOWN {
            return Some(text);
        }
        self.wrong(
            entry,
            "where a browser is sent after a login",
            "Write http://127.0.0.1:PORT/callback, or an https address that shows the code.",
        );
        None
    }

    /// A base URL, kept without the slash at its end.
    fn url(&mut self, entry: Entry<'_, '_>) -> Option<String> {
        let parsed = match entry.1.get_ref() {
            DeValue::String(text) => url::Url::parse(text).ok(),
            _ => None,
        };
        let fits = |url: &url::Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        match parsed.filter(fits) {
            Some(url) => Some(url.as_str().trim_end_matches('/').to_owned()),
            None => {
                let hint = "Write https://host or https://host/path, without a name, \
                            a password, ? or #.";
                self.wrong(entry, "a web address", hint);
                None
            }
        }
    }
}
