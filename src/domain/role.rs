//! Who may do what.

use crate::closed_list;

closed_list! {
    /// A role in one workspace, weakest first.
    Role {
        /// Looks.
        Viewer = "viewer",
        /// Composes and manages the queue.
        Editor = "editor",
        /// Connects, reconnects, disconnects, manages members.
        Admin = "admin",
        /// As admin; the workspace is theirs.
        Owner = "owner",
    }
}

closed_list! {
    /// Something an operator may want to do.
    Act {
        /// See channels, queue and history.
        Look = "look",
        /// Write, schedule, move and cancel posts.
        Queue = "queue",
        /// Pause and resume a channel, release what it holds.
        Pause = "pause",
        /// Probe and refresh a channel.
        Probe = "probe",
        /// Set a broken thing aside, with a note.
        Aside = "aside",
        /// Connect or reconnect a channel.
        Connect = "connect",
        /// Disconnect a channel for good.
        Disconnect = "disconnect",
        /// Change members and settings of a workspace.
        Workspace = "workspace",
        /// Add workspaces, operators, apps and plans; stop the publisher.
        Hub = "hub",
    }
}

impl Act {
    /// The weakest role that may do it, `None` when only a hub admin may.
    pub fn needs(self) -> Option<Role> {
        match self {
            Self::Look => Some(Role::Viewer),
            Self::Queue | Self::Pause | Self::Probe | Self::Aside => Some(Role::Editor),
            Self::Connect | Self::Disconnect | Self::Workspace => Some(Role::Admin),
            Self::Hub => None,
        }
    }
}

/// Whether an operator with `role` in the workspace (none: not a member) may do
/// `act`; a hub admin may do everything.
pub fn permits(role: Option<Role>, hub_admin: bool, act: Act) -> bool {
    hub_admin || matches!((role, act.needs()), (Some(role), Some(needed)) if role >= needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_a_viewer_only_looks_and_an_editor_never_disconnects() {
        assert!(permits(Some(Role::Viewer), false, Act::Look));
        assert!(!permits(Some(Role::Viewer), false, Act::Queue));
        assert!(permits(Some(Role::Editor), false, Act::Queue));
        assert!(!permits(Some(Role::Editor), false, Act::Disconnect));
        assert!(permits(Some(Role::Admin), false, Act::Disconnect));
        assert!(!permits(Some(Role::Owner), false, Act::Hub));
        assert!(!permits(None, false, Act::Look));
        assert!(permits(None, true, Act::Hub));
    }
}
