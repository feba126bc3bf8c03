//! Allgreen.

fn main() {}
