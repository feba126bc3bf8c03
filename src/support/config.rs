//! The configuration file: what differs from the built-in defaults.

use std::collections::BTreeMap;
use std::path::Path;

use super::timing::Timing;

mod error;
mod read;
#[cfg(test)]
mod tests;

pub use error::{ConfigError, ConfigErrors};

/// The default configuration with a comment for every key.
pub const TEMPLATE: &str = include_str!("../../assets/config.toml");

/// The networks that may have a table of their own. This floor knows no
/// networks; a test above it holds the two lists together.
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
    "whatsapp",
];

/// The themes of the screen. This floor knows no screen; a test above it holds
/// the two lists together.
pub const THEMES: &[&str] = &[
    "auto",
    "dark",
    "light",
    "contrast",
    "blue-orange",
    "sixteen",
    "none",
];

/// The sets of shapes of the screen.
pub const GLYPHS: &[&str] = &["all", "safe"];

/// When words of the screen are links: where the terminal takes them, or not.
pub const LINKS: &[&str] = &["auto", "always", "never"];

/// What `config.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Per network, by its command line name.
    pub networks: BTreeMap<String, NetworkSettings>,
    /// The durations of the publisher.
    pub engine: Timing,
    /// The screen.
    pub ui: Ui,
    /// Keys of one's own, in the order of the file. This floor knows no actions;
    /// what is wrong with them is said by the screen and by `config check`.
    pub keys: Vec<KeySetting>,
}

/// An action of the screen and its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetting {
    /// The action's name.
    pub action: String,
    /// Keys, separated by blanks.
    pub keys: String,
    /// The line it is on.
    pub line: usize,
}

/// One network put in another place than its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Base URL of the API.
    pub api_base: Option<String>,
    /// Base URL of the service that takes uploads (Bluesky: videos).
    pub upload_base: Option<String>,
    /// Base URL of the directory (Bluesky: PLC).
    pub directory_url: Option<String>,
    /// The name this program is registered under at the network.
    pub client_id: Option<String>,
    /// Where a browser is sent after a login: on 127.0.0.1 this program waits
    /// there, anywhere else the address is pasted.
    pub redirect_uri: Option<String>,
    /// Where a browser is sent to log in.
    pub authorize_url: Option<String>,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: Option<String>,
    /// Where a code for another device is asked for.
    pub device_url: Option<String>,
    /// Where a token is given back.
    pub revoke_url: Option<String>,
    /// Allows loopback and private addresses, plain http and any port.
    pub allow_private_hosts: bool,
}

/// Settings of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ui {
    /// The host name printed in ssh lines.
    pub ssh_host: Option<String>,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// One of [`THEMES`].
    pub theme: &'static str,
    /// One of [`GLYPHS`].
    pub glyphs: &'static str,
    /// Clicks select and the wheel scrolls.
    pub mouse: bool,
    /// One of [`LINKS`].
    pub links: &'static str,
    /// The terminal is asked to show a notice on its desktop when something
    /// breaks.
    pub notify: bool,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            ssh_host: None,
            ascii: false,
            theme: "auto",
            glyphs: "all",
            mouse: false,
            links: "auto",
            notify: false,
        }
    }
}

/// No configuration is larger than this many bytes.
const MOST_BYTES: u64 = 1 << 20;

impl Config {
    /// Reads the file at `path`; a missing file means the defaults.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let whole =
            |what: String, hint: &str| ConfigErrors::one(path, ConfigError::whole_file(what, hint));
        let text = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Ok(meta) if meta.len() > MOST_BYTES => {
                let what = "The file is larger than 1 MiB.".into();
                return Err(whole(what, "Check that it is the configuration."));
            }
            Ok(_) => std::fs::read(path),
            Err(error) => Err(error),
        };
        let text = text.map_err(|error| {
            let what = format!("The file cannot be read: {error}.");
            whole(what, "Check who owns it and its mode.")
        })?;
        let text = String::from_utf8(text)
            .map_err(|_| whole("The file is not UTF-8 text.".into(), "Save it as UTF-8."))?;
        read::parse(&text).map_err(|errors| ConfigErrors::new(path, errors))
    }

    /// Reads a configuration from text; errors name no file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn parse(text: &str) -> Result<Self, ConfigErrors> {
        read::parse(text).map_err(|errors| ConfigErrors::new(Path::new("config.toml"), errors))
    }

    /// What is risky about the file at `path` though it can be read: somebody
    /// else may change it, and with it the servers our tokens are sent to.
    pub fn warnings(path: &Path) -> Vec<String> {
        use std::os::unix::fs::MetadataExt;
        let Ok(meta) = std::fs::metadata(path) else {
            return Vec::new();
        };
        let shown = path.display();
        let mut warnings = Vec::new();
        if meta.mode() & 0o022 != 0 {
            warnings.push(format!(
                "Others may change {shown} and so send our tokens elsewhere. \
                 Run: chmod 600 {shown}"
            ));
        }
        let owner = meta.uid();
        if owner != rustix::process::geteuid().as_raw() && owner != 0 {
            warnings.push(format!(
                "{shown} belongs to another user (uid {owner}). Make it your own file."
            ));
        }
        warnings
    }
}
