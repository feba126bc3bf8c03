//! Secrets in memory: no `Debug`, `Display`, `Serialize` or `Clone` by accident.

use secrecy::{ExposeSecret, SecretString};

use super::redact;

/// A token, password or key as text. Wiped when dropped; prints as `[secret]`.
pub struct Secret(SecretString);

impl Secret {
    /// Takes ownership of the plaintext. From here on no log, panic report or
    /// evidence of this process shows it.
    pub fn new(text: impl Into<String>) -> Self {
        let secret = Self(SecretString::from(text.into()));
        redact::shared().learn(&secret);
        secret
    }

    /// The plaintext. Every call site is a place where a secret leaves its
    /// wrapper: sealing, an `Authorization` header, a request body.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// A second owner of the same plaintext, for a call that outlives the first.
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}
