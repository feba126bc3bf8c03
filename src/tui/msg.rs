//! Everything that can happen to a screen.

use std::collections::HashMap;
use std::time::Duration;

use super::act::{Answered, Done, Window};
use super::model::beside::Pages;
use super::model::logins::Ready;
use super::model::requests::RequestId;
use super::term::gate::Input;
use super::term::signals::Asked;
use crate::domain::days::Days;
use crate::domain::dues::Dues;
use crate::domain::ids::{ChannelId, OperatorId};
use crate::ops::OpError;
use crate::ops::publisher::PublisherView;
use crate::ops::views::{ChannelView, Portion, Since};
use crate::ops::workspaces::WorkspaceView;
use crate::store::changes::Changes;
use crate::store::incidents::Incident;
use crate::store::notices::Notice;
use crate::support::time::UtcMs;

/// A message to `update`.
#[derive(Debug)]
pub enum Msg {
    /// What time it is: the hub's, and since boot.
    Now(UtcMs, Duration),
    /// Key, paste, size or focus; `None`: the terminal is gone.
    Input(Option<Input>),
    /// A signal.
    Signal(Asked),
    /// A frame is out; an error means that the terminal is gone.
    Written(bool),
    /// Something changed in the store.
    Changed(Changes),
    /// Who publishes changed.
    Publisher(PublisherView),
    /// Another process keeps the store locked, or no longer.
    StoreBusy(bool),
    /// Something that was asked for is there.
    Loaded(RequestId, Loaded),
    /// An act ended, or a sheet's question is answered.
    Answered(RequestId, Answered),
    /// Something happened to a login in the browser.
    Login(RequestId, LoginNews),
    /// A task that worked for the screen panicked.
    TaskPanicked,
}

/// What happened to a login in the browser.
#[derive(Debug)]
pub enum LoginNews {
    /// Its link is there.
    Ready(Box<Ready>),
    /// An answer came and is being checked.
    Checking,
    /// The answer did not do; the login waits for a better one.
    Again(OpError),
    /// It is over.
    Ended(Result<Done, OpError>),
}

/// What was read.
#[derive(Debug)]
pub enum Loaded {
    /// The broken channels alone.
    BrokenChannels(Result<Vec<ChannelView>, OpError>),
    /// Every channel.
    AllChannels(Result<Vec<ChannelView>, OpError>),
    /// A portion of every channel.
    SomeChannels(Result<Portion, OpError>),
    /// Some channels; `None` for one that is gone.
    Channels(Vec<(ChannelId, Option<ChannelView>)>),
    /// A window of the queue.
    Queue(Result<Window, OpError>),
    /// The posts of the days in the calendar.
    Calendar(Result<Window, OpError>),
    /// Notices and open incidents.
    News(Result<(Vec<Notice>, Vec<Incident>), OpError>),
    /// Workspaces and people.
    Hub(Result<(Vec<WorkspaceView>, HashMap<OperatorId, String>), OpError>),
    /// What happened since the operator was here last.
    Since(Result<Since, OpError>),
    /// The last days of what is chosen.
    Days(Result<Days, OpError>),
    /// What it has due.
    Dues(Result<Dues, OpError>),
    /// How many posts of the hub are due within a day.
    DueSoon(Result<u64, OpError>),
    /// A page of its details.
    Page(Box<Result<Pages, OpError>>),
}
