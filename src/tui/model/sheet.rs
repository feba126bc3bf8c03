//! Sheets over the panes, as data. Nothing that deletes or sends is reachable
//! but through one that was on the screen long enough to be read.

use std::time::Duration;

use super::aside::Taking;
use super::calendar::Calendar;
use super::find::Find;
use super::plan::Plan;
use super::requests::RequestId;
use super::runbook::{HandingOver, Runbook};
use super::time::Timing;
use super::wall::Tiles;
use crate::domain::ids::{ChannelId, DeliveryId, LoginId, WorkspaceId};
use crate::domain::network::Network;
use crate::networks::{Credential, Way};
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
    /// Every workspace as a tile, over the whole screen.
    Wall(Box<Tiles>),
    /// The posts of some days side by side, over the whole screen.
    Calendar(Box<Calendar>),
    /// Anything, by its name.
    Find(Box<Find>),
    /// Which workspace to look at.
    Workspaces(Choice),
    /// Which network to connect.
    Networks(Choice),
    /// The details of a channel, where there is no pane for them.
    Channel(ChannelId),
    /// The details of a login that mends several, where there is no pane.
    Group(LoginId),
    /// Log in with what is typed.
    Login(Box<Login>),
    /// Log in on the network's own page.
    Browser(Box<Browser>),
    /// Disconnect for good.
    Disconnect(Box<Disconnect>),
    /// Did it go out?
    Story(Box<Story>),
    /// Cancel several posts at once.
    CancelMarked(Box<CancelMarked>),
    /// What becomes of late and missed posts.
    Plan(Box<Plan>),
    /// Another time for posts.
    Time(Box<Timing>),
    /// A post that is being written: which one, over the whole screen.
    Composer(RequestId),
    /// Drafts to go on with.
    Drafts(Choice),
    /// Set aside until a time, with a note.
    Aside(Box<Taking>),
    /// The health check.
    Runbook(Box<Runbook>),
    /// What is handed over.
    Handover(Box<HandingOver>),
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
    /// Of workspaces: a post is written in the one that is chosen.
    pub to_write: bool,
}

/// A question with two answers.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// When it was opened; keys right after are dropped.
    pub since: Duration,
}

/// Posts that are about to be cancelled together.
#[derive(Debug)]
pub struct CancelMarked {
    /// Which.
    pub posts: Vec<DeliveryId>,
    /// What to say of the marks: ` of 4 marked; not 1: it is live already`.
    pub of: String,
    /// When it was opened; keys right after are dropped.
    pub since: Duration,
}

/// The fields of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginField {
    /// Who: the handle, or the chat of a bot.
    Who,
    /// Server.
    Server,
    /// App password or token.
    Secret,
}

/// A login under way.
#[derive(Debug)]
pub struct Login {
    /// At which network.
    pub network: Network,
    /// How.
    pub way: Way,
    /// The channel that is mended; `None` connects a new one.
    pub channel: Option<ChannelId>,
    /// Where a new channel goes.
    pub workspace: WorkspaceId,
    /// Handle without `@`, or the chat of a bot.
    pub who: Field,
    /// Server; empty finds it by the handle, where that is possible.
    pub server: Field,
    /// App password or token.
    pub secret: Field,
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
            LoginField::Who => &mut self.who,
            LoginField::Server => &mut self.server,
            LoginField::Secret => &mut self.secret,
        }
    }

    /// The fields in their order. The handle of a channel that is mended stays
    /// what it is; so does the server where ids are per server.
    pub fn fields(&self) -> &'static [LoginField] {
        use LoginField as F;
        match (self.way, self.channel.is_some()) {
            (Way::AppPassword, false) => &[F::Who, F::Secret, F::Server],
            (Way::AppPassword, true) => &[F::Secret, F::Server],
            (Way::BotToken, false) => &[F::Who, F::Secret],
            (Way::AccessToken | Way::Browser, false) => &[F::Server, F::Secret],
            (Way::BotToken | Way::AccessToken | Way::Browser, true) => &[F::Secret],
        }
    }

    /// The next field, or the previous one.
    pub fn turn(&mut self, forwards: bool) {
        let order = self.fields();
        let here = order.iter().position(|one| *one == self.focus).unwrap_or(0);
        let step = if forwards { 1 } else { order.len() - 1 };
        self.focus = order[(here + step) % order.len()];
    }

    /// Puts a paste where it belongs, wherever the cursor is: an app password
    /// has a form of its own, a link is a server, the rest goes where the
    /// cursor is.
    pub fn paste(&mut self, text: &str) {
        let line = crate::tui::widgets::text::one_line(text);
        let link = line.starts_with("https://") || line.starts_with("http://");
        let secret = match self.way {
            Way::AppPassword => is_app_password(&line),
            Way::BotToken => is_bot_token(&line),
            Way::AccessToken | Way::Browser => false,
        };
        let field = if secret {
            LoginField::Secret
        } else if link && self.fields().contains(&LoginField::Server) {
            LoginField::Server
        } else {
            self.focus
        };
        let text = line.as_str();
        let whole = field != self.focus || secret;
        self.focus = field;
        let into = self.field();
        if whole {
            into.clear();
        }
        into.paste(text);
    }

    /// The first field that has to be filled in and is not.
    pub fn first_empty(&self) -> Option<LoginField> {
        let needed = |field: &&LoginField| match field {
            LoginField::Who => self.who.is_empty(),
            LoginField::Secret => self.secret.is_empty(),
            // The server of a handle is found by itself.
            LoginField::Server => self.way != Way::AppPassword && self.server.is_empty(),
        };
        self.fields().iter().find(needed).copied()
    }

    /// What is typed, as a credential.
    pub fn credential(&self) -> Credential {
        let who = self.who.text().trim().trim_start_matches('@').to_owned();
        let server = self.server.text().trim().to_owned();
        match self.way {
            Way::AppPassword => Credential::AppPassword {
                handle: who,
                server: (!server.is_empty()).then_some(server),
                password: self.secret.secret(),
            },
            Way::BotToken => Credential::BotToken {
                chat: self.who.text().trim().to_owned(),
                token: self.secret.secret(),
            },
            Way::AccessToken | Way::Browser => Credential::AccessToken {
                server,
                token: self.secret.secret(),
            },
        }
    }
}

/// What a network has to know of a new account before it gives a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The server it lives on.
    Server,
    /// Its handle.
    Handle,
}

/// A login on the network's own page. Closing the sheet leaves it waiting.
#[derive(Debug)]
pub struct Browser {
    /// At which network.
    pub network: Network,
    /// The channel that is mended; `None` connects a new one.
    pub channel: Option<ChannelId>,
    /// Where a new channel goes.
    pub workspace: WorkspaceId,
    /// What has to be named of a new account before there is a link.
    pub named: Option<(Asks, Field)>,
    /// The login that waits; `None` before it is begun and when it is over.
    pub login: Option<RequestId>,
    /// The address of the last page, while it is typed instead of pasted.
    pub typed: Option<Field>,
    /// Why the last login ended.
    pub error: Option<OpError>,
}

impl Browser {
    /// Whether a server or a handle is asked for before anything else.
    pub fn asks(&self) -> bool {
        self.named.is_some() && self.login.is_none()
    }

    /// The field with the cursor, if one has it.
    pub fn field(&mut self) -> Option<&mut Field> {
        if self.asks() {
            return self.named.as_mut().map(|(_, field)| field);
        }
        self.typed.as_mut()
    }
}

/// `<digits>:<secret>`, the form BotFather gives tokens.
///
/// Source: <https://core.telegram.org/bots/api#authorizing-your-bot>
fn is_bot_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(bot, secret)| {
        (5..=20).contains(&bot.len())
            && bot.chars().all(|c| c.is_ascii_digit())
            && secret.len() >= 20
            && secret
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    })
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

    #[test]
    fn a_bot_token_is_known_by_its_form() {
        assert!(is_bot_token(
            "123456789:AAbbccddeeffgghhiijjkkllmmnnoopp_-1"
        ));
        assert!(!is_bot_token("https://t.me/acme"));
        assert!(!is_bot_token("123456789:short"));
        assert!(!is_bot_token("-1001234567890"));
    }
}
