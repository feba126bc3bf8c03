//! Sheets over the panes, as data. Nothing that deletes or sends is reachable
//! but through one that was on the screen long enough to be read.

use std::time::Duration;

use super::requests::RequestId;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::network::Network;
use crate::ops::OpError;
use crate::ops::views::{DeliveryView, Why};
use crate::store::disconnect::DisconnectCounts;
use crate::tui::widgets::Field;

/// Keys of this long after the first paint are dropped by sheets that act.
pub const SETTLE: Duration = Duration::from_millis(300);

/// A sheet.
#[derive(Debug)]
pub enum Sheet {
    /// The keys of this place.
    Help(Help),
    /// Which workspace to look at.
    Workspaces(Choice),
    /// The details of a channel, where there is no pane for them.
    Channel(ChannelId),
    /// Log in.
    Login(Box<Login>),
    /// Disconnect for good.
    Disconnect(Box<Disconnect>),
    /// Did it go out?
    Story(Box<Story>),
    /// Quit although nobody would publish what is due.
    Quit(Question),
}

/// The help: a search over the keys.
#[derive(Debug, Default)]
pub struct Help {
    /// What is searched for.
    pub search: Field,
    /// Which of the found rows has the cursor.
    pub selected: usize,
}

/// A list to choose from.
#[derive(Debug, Default)]
pub struct Choice {
    /// What is searched for.
    pub search: Field,
    /// Which of the found rows has the cursor.
    pub selected: usize,
}

/// A question with two answers.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// When it was opened; keys right after are dropped.
    pub since: Duration,
}

/// The fields of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginField {
    /// Handle.
    Handle,
    /// Server.
    Server,
    /// App password.
    Password,
}

/// A login under way.
#[derive(Debug)]
pub struct Login {
    /// At which network.
    pub network: Network,
    /// The channel that is mended; `None` connects a new one.
    pub channel: Option<ChannelId>,
    /// Where a new channel goes.
    pub workspace: WorkspaceId,
    /// Handle, without `@`.
    pub handle: Field,
    /// Server; empty finds it by the handle.
    pub server: Field,
    /// App password.
    pub password: Field,
    /// The field with the cursor.
    pub focus: LoginField,
    /// The request under way.
    pub busy: Option<RequestId>,
    /// Why the last try did not work.
    pub error: Option<OpError>,
}

impl Login {
    /// The field with the cursor.
    pub fn field(&mut self) -> &mut Field {
        match self.focus {
            LoginField::Handle => &mut self.handle,
            LoginField::Server => &mut self.server,
            LoginField::Password => &mut self.password,
        }
    }

    /// The next field, or the previous one. The handle of a channel that is
    /// mended stays what it is.
    pub fn turn(&mut self, forwards: bool) {
        use LoginField as F;
        let order: &[F] = if self.channel.is_some() {
            &[F::Password, F::Server]
        } else {
            &[F::Handle, F::Password, F::Server]
        };
        let here = order.iter().position(|one| *one == self.focus).unwrap_or(0);
        let step = if forwards { 1 } else { order.len() - 1 };
        self.focus = order[(here + step) % order.len()];
    }

    /// Puts a paste where it belongs, wherever the cursor is: an app password
    /// has a form of its own, a link is a server, the rest goes where the
    /// cursor is.
    pub fn paste(&mut self, text: &str) {
        let line = crate::tui::widgets::text::one_line(text);
        let (field, text) = if is_app_password(&line) {
            (LoginField::Password, line.as_str())
        } else if line.starts_with("https://") || line.starts_with("http://") {
            (LoginField::Server, line.as_str())
        } else {
            (self.focus, line.as_str())
        };
        let whole = field != self.focus || is_app_password(text);
        self.focus = field;
        let into = self.field();
        if whole {
            into.clear();
        }
        into.paste(text);
    }

    /// Whether everything needed is there.
    pub fn is_complete(&self) -> bool {
        !self.handle.is_empty() && !self.password.is_empty()
    }
}

/// `xxxx-xxxx-xxxx-xxxx`, the form Bluesky gives app passwords.
fn is_app_password(text: &str) -> bool {
    let mut parts = text.split('-');
    let fits = |part: &str| part.len() == 4 && part.chars().all(|c| c.is_ascii_alphanumeric());
    text.len() == 19 && parts.by_ref().take(4).all(fits) && parts.next().is_none()
}

/// A disconnect that is being considered.
#[derive(Debug)]
pub struct Disconnect {
    /// The channel.
    pub channel: ChannelId,
    /// What has to be typed when posts would be cancelled.
    pub handle: String,
    /// What it takes away, once known.
    pub counts: Option<DisconnectCounts>,
    /// The request for it.
    pub asked: RequestId,
    /// What is typed.
    pub typed: Field,
    /// Without posts to cancel: whether the cursor is on Disconnect instead of
    /// Keep.
    pub go: bool,
    /// Why it did not work.
    pub error: Option<OpError>,
    /// When the numbers were first on the screen; keys right after are dropped.
    pub since: Option<Duration>,
}

impl Disconnect {
    /// How many posts would be cancelled.
    pub fn cancels(&self) -> u64 {
        self.counts
            .as_ref()
            .map_or(0, |counts| counts.scheduled + counts.missed + counts.failed)
    }

    /// Whether Enter disconnects.
    pub fn is_confirmed(&self) -> bool {
        let typed = self.typed.text().trim().trim_start_matches('@');
        match &self.counts {
            None => false,
            Some(_) if self.cancels() > 0 => typed.eq_ignore_ascii_case(&self.handle),
            Some(_) => self.go,
        }
    }
}

/// The story of a delivery, and the decision about it.
#[derive(Debug)]
pub struct Story {
    /// The delivery.
    pub delivery: DeliveryView,
    /// The answer and its facts, once known.
    pub why: Option<Why>,
    /// The request for it.
    pub asked: RequestId,
    /// The link of a post that is live, while it is asked for.
    pub link: Option<Field>,
    /// `2` was pressed: Enter sends it again.
    pub again: bool,
    /// The decision under way.
    pub busy: Option<RequestId>,
    /// Why it did not work.
    pub error: Option<OpError>,
    /// The first fact shown.
    pub scroll: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_password_is_known_by_its_form() {
        assert!(is_app_password("abcd-ef12-ghij-klmn"));
        assert!(!is_app_password("abcd-ef12-ghij"));
        assert!(!is_app_password("acme.bsky.social"));
        assert!(!is_app_password("abcd-ef12-ghij-klmn-opqr"));
    }
}
