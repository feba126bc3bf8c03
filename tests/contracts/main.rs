//! What each network promises, held against the sandbox.
