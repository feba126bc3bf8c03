//! Maps for tables of thousands whose keys are our own: identifiers made here,
//! at random, so that nobody can choose keys that fall together. Quicker than
//! the standard ones, which guard against that.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// A map by keys of our own.
pub type Map<K, V> = HashMap<K, V, RandomState>;

/// A set of keys of our own.
pub type Set<K> = HashSet<K, RandomState>;
