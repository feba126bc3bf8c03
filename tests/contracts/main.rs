//! What each network promises, held against the sandbox.

mod networks_bluesky;
mod sandbox_bluesky;
