//! What each network promises, held against the sandbox.

mod sandbox_bluesky;
