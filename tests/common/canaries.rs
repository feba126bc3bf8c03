//! Secrets that are searched for in everything a program said, showed and left
//! behind.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use allgreen::domain::ids::LoginId;
use allgreen::store::{OpenOptions, Store, StorePaths};
use allgreen::support::entropy::Entropy;

use super::process::{Home, Outcome, Run, Running};
use super::proxy::Call;
use super::runtime;

/// Fields of requests and answers whose value is secret.
const FIELDS: &[&str] = &[
    "accessJwt",
    "refreshJwt",
    "access_token",
    "refresh_token",
    "client_secret",
    "code",
    "code_verifier",
    "password",
    "device_code",
];

/// What is searched for, by name.
#[derive(Default)]
pub struct Canaries(pub BTreeMap<String, String>);

impl Canaries {
    pub fn add(&mut self, name: &str, secret: &str) {
        assert!(secret.len() >= 8, "{name} is too short to be searched for");
        let name = format!("{name} {}", self.0.len());
        if !self.0.values().any(|known| known == secret) {
            self.0.insert(name, secret.to_owned());
        }
    }

    /// The secrets of everything that went over a wire.
    pub fn take_from(&mut self, calls: &[Call]) {
        for call in calls {
            let form: Vec<(String, String)> = url::form_urlencoded::parse(&call.body)
                .into_owned()
                .collect();
            for (name, value) in form {
                if FIELDS.contains(&name.as_str()) && value.len() >= 8 {
                    self.add(&name, &value);
                }
            }
            let bodies = call.server_bodies.iter().chain([&call.body]);
            for body in bodies {
                let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
                    continue;
                };
                for name in FIELDS {
                    if let Some(value) = json[*name].as_str().filter(|value| value.len() >= 8) {
                        self.add(name, value);
                    }
                }
            }
        }
    }

    /// Everything sealed in the store of a home: the tokens, passwords and keys
    /// of its logins.
    pub fn take_sealed(&mut self, home: &Home) {
        let options = OpenOptions {
            paths: StorePaths {
                database: home.file("allgreen.db"),
                key: home.file("key"),
                backups: home.file("backups"),
            },
            entropy: Entropy::os(),
            read_only: true,
            passkey: None,
            hears: None,
        };
        let db = rusqlite::Connection::open(home.file("allgreen.db")).unwrap();
        let mut owners = db
            .prepare("SELECT DISTINCT owner_id FROM secret WHERE owner_kind = 'login'")
            .unwrap();
        let owners: Vec<String> = owners
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let pairs = runtime().block_on(async {
            let store = tokio::task::spawn_blocking(|| Store::open(options).unwrap())
                .await
                .unwrap();
            let mut pairs = Vec::new();
            for owner in owners {
                let login = LoginId::from_stored(owner);
                pairs.push(store.read(move |q| q.open_pair(&login)).await.unwrap());
            }
            store.close().await;
            pairs
        });
        for pair in pairs {
            self.add("sealed access", pair.access.expose());
            for (name, one) in [
                ("sealed refresh", &pair.refresh),
                ("sealed password", &pair.password),
                ("sealed client secret", &pair.client_secret),
                ("sealed proof key", &pair.proof_key),
            ] {
                if let Some(secret) = one {
                    self.add(name, secret.expose());
                }
            }
        }
    }

    /// Whether there is a secret of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.keys().any(|known| known.starts_with(name))
    }

    /// The ends of the long ones as well: on a screen they are cut into lines.
    pub fn with_their_ends(mut self) -> Self {
        let long = self.0.iter().filter(|(_, secret)| secret.len() > 40);
        let ends: Vec<(String, String)> = long
            .filter_map(|(name, secret)| {
                let end = secret.get(secret.len() - 24..)?;
                Some((format!("end of {name}"), end.to_owned()))
            })
            .collect();
        self.0.extend(ends);
        self
    }

    /// One of this name.
    pub fn named(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(known, _)| known.starts_with(name));
        found.next().expect("a secret of this name").1
    }

    /// The names of the secrets that are in there, in any form.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let found = self.0.iter().filter(|(_, secret)| {
            forms(secret)
                .iter()
                .any(|form| memchr(bytes, form.as_bytes()))
        });
        found.map(|(name, _)| name.as_str()).collect()
    }
}

fn memchr(bytes: &[u8], wanted: &[u8]) -> bool {
    let first = wanted[0];
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|byte| *byte == first) {
        at += next;
        if bytes[at..].starts_with(wanted) {
            return true;
        }
        at += 1;
    }
    false
}

/// A secret as it is, in hexadecimal, in Base64 wherever it begins in a longer
/// text, and in addresses.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex];
    forms.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
    let all: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    forms.extend([all.to_lowercase(), all]);
    // A bot's token without its public half, a cut JWT.
    if let Some((_, half)) = secret.split_once(':') {
        forms.push(half.to_owned());
    }
    for shift in 0..3 {
        let shifted = [vec![b'x'; shift], secret.as_bytes().to_vec()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&shifted);
            // What is mixed with its neighbours is left out.
            let start = usize::from(shift > 0) * 4;
            let end = text.len() - text.len() % 4 - 4;
            forms.push(text[start..end].to_owned());
        }
    }
    forms
}

/// Everything that was printed, by command, and what other users could see.
#[derive(Default)]
pub struct Said(pub Vec<(String, Vec<u8>)>);

impl Said {
    pub fn note(&mut self, what: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((what.into(), bytes.into()));
    }

    pub fn outcome(&mut self, outcome: &Outcome) {
        self.note(
            format!("output of {}", outcome.shown),
            outcome.stdout.clone(),
        );
        self.note(
            format!("errors of {}", outcome.shown),
            outcome.stderr.clone(),
        );
    }

    pub fn run(&mut self, run: Run) -> Outcome {
        let outcome = run.run();
        self.outcome(&outcome);
        outcome
    }

    /// What everybody on this machine may read of a process.
    pub fn process(&mut self, running: &Running) {
        self.process_of(running.pid());
    }

    /// The same by its process id.
    pub fn process_of(&mut self, pid: u32) {
        for file in ["cmdline", "environ", "comm", "status"] {
            let path = format!("/proc/{pid}/{file}");
            if let Ok(bytes) = std::fs::read(&path) {
                self.note(path, bytes);
            }
        }
    }

    /// Every file below a directory: logs, database, backups and all.
    pub fn files(&mut self, below: &Path) {
        for entry in std::fs::read_dir(below).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                self.files(&path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                self.note(path.display().to_string(), bytes);
            }
        }
    }

    pub fn assert_clean_of(&self, canaries: &Canaries) {
        let leaks: Vec<String> = self
            .0
            .iter()
            .filter_map(|(place, bytes)| {
                let found = canaries.found_in(bytes);
                (!found.is_empty()).then(|| format!("{place}: {}", found.join(", ")))
            })
            .collect();
        assert!(
            leaks.is_empty(),
            "secrets were found in:\n{}",
            leaks.join("\n")
        );
    }

    pub fn holds(&self, place: &str, text: &str) -> bool {
        self.0
            .iter()
            .any(|(name, bytes)| name.contains(place) && memchr(bytes, text.as_bytes()))
    }

    /// Whether something of this name was searched.
    pub fn searched(&self, place: &str) -> bool {
        self.0.iter().any(|(name, _)| name.contains(place))
    }
}
