//! The one HTTP client.

/// Makes every call of every network.
#[derive(Clone)]
pub struct Http;
