//! What the keys are about: the thing under the cursor, or in the sheet.

use super::{Group, Model, Pane, Row, Sheet, Subject};
use crate::ops::views::{ChannelView, DeliveryView};

impl Model {
    /// The channel under the cursor, or of the delivery or notice under it.
    pub fn channel(&self) -> Option<&ChannelView> {
        let id = match self.sheet() {
            Some(Sheet::Story(story)) => Some(&story.delivery.delivery.channel_id),
            Some(Sheet::Calendar(calendar)) => {
                calendar.chosen().map(|view| &view.delivery.channel_id)
            }
            Some(Sheet::Channel(id)) => Some(id),
            Some(Sheet::Group(_)) => None,
            _ => match self.list {
                Pane::Queue => self.queue.selected().map(|view| &view.delivery.channel_id),
                Pane::Notices => self
                    .news
                    .selected()
                    .and_then(|notice| notice.channel_id.as_ref()),
                _ => self.channels.selected_id(),
            },
        };
        self.channels.get(id?)
    }

    /// The login under the cursor, or in the sheet.
    pub fn login(&self) -> Option<&Group> {
        match self.sheet() {
            Some(Sheet::Group(id)) => self.channels.group(id),
            Some(Sheet::Story(_) | Sheet::Channel(_) | Sheet::Calendar(_)) => None,
            _ => match self.list {
                Pane::Queue | Pane::Notices => None,
                _ => self.channels.selected_login(),
            },
        }
    }

    /// The channel that a login from here is for, and whose workspace counts
    /// here: the one here, else the first of the login here.
    pub fn nearest(&self) -> Option<&ChannelView> {
        let first = || self.channels.get(&self.login()?.first);
        self.channel().or_else(first)
    }

    /// The delivery under the cursor or in the sheet.
    pub fn delivery(&self) -> Option<&DeliveryView> {
        match self.sheet() {
            Some(Sheet::Story(story)) => Some(&story.delivery),
            Some(Sheet::Calendar(calendar)) => calendar.chosen(),
            Some(_) => None,
            None if self.list == Pane::Queue => self.queue.selected(),
            None => None,
        }
    }

    /// What the details are about.
    pub fn subject(&self) -> Option<Subject> {
        match self.sheet() {
            Some(Sheet::Channel(id)) => return Some(Subject::Channel(id.clone())),
            Some(Sheet::Group(id)) => return Some(Subject::Login(id.clone())),
            _ => {}
        }
        match self.list {
            Pane::Queue => self
                .queue
                .selected()
                .map(|view| Subject::Delivery(view.delivery.id.clone())),
            Pane::Notices => self
                .channel()
                .map(|view| Subject::Channel(view.summary.channel.id.clone())),
            _ => self.channels.rows().selected().map(|row| match row {
                Row::Channel(id) => Subject::Channel(id.clone()),
                Row::Login(id) => Subject::Login(id.clone()),
                Row::Section(lamp) => Subject::Section(*lamp),
            }),
        }
    }
}
