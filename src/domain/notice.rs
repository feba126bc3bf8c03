//! How bad a notice or incident is.

use crate::closed_list;

closed_list! {
    /// Severity, mildest first.
    Severity {
        /// Nothing to do.
        Info = "info",
        /// Act soon.
        Attention = "attention",
        /// Act now.
        Broken = "broken",
    }
}
