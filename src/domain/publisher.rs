//! Who can be the publisher.

use crate::closed_list;

closed_list! {
    /// What sort of process holds or wants the publisher's role.
    PublisherKind {
        /// `allgreen daemon`.
        Daemon = "daemon",
        /// A screen.
        Screen = "screen",
        /// A command that took the role for its own work.
        Command = "command",
    }
}

closed_list! {
    /// What another process can ask the publisher to do.
    CommandKind {
        /// Prove a channel now.
        Probe = "probe",
        /// Refresh a channel's login now.
        Refresh = "refresh",
        /// Read the network about a delivery now.
        LookUp = "look_up",
        /// Read the posts, metrics and comments of a channel now.
        Read = "read",
        /// Look at the queue now.
        Wake = "wake",
        /// Give the role up and end.
        Stop = "stop",
        /// Make a verified backup now.
        Backup = "backup",
    }
}
