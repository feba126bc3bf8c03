//! Who is told while something takes long.

use std::sync::Arc;

/// Takes sentences about what is going on.
#[derive(Clone)]
pub struct Hears(Arc<dyn Fn(&str) + Send + Sync>);

impl Hears {
    /// Hands each sentence to `tell`.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Says a sentence.
    pub fn tell(&self, sentence: &str) {
        (self.0)(sentence);
    }
}

impl std::fmt::Debug for Hears {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hears").finish_non_exhaustive()
    }
}
