//! How the outcome of a send is found out when its answer was lost.

use crate::closed_list;

closed_list! {
    /// How a lost answer of a network is resolved.
    OutcomeClass {
        /// K: the server takes our key; the same send may be repeated with it.
        Key = "key",
        /// R: the exact thing can be read back.
        ReadBack = "read_back",
        /// L: our own posts can be listed and matched.
        ListMatch = "list_match",
        /// U: nobody can tell; a person decides.
        Unknowable = "unknowable",
    }
}
