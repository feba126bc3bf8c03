//! What the screen asks of the rest of the house, and what comes back. Done
//! elsewhere (`runner`), answered with a message.

use std::path::PathBuf;

use crate::domain::filter::Filter;
use crate::domain::ids::{ChannelId, DeliveryId, NoticeId, PostId, WorkspaceId};
use crate::domain::network::Network;
use crate::domain::release::Then;
use crate::domain::when::Order;
use crate::networks::Credential;

use crate::ops::aside::Target;
use crate::ops::handover::Handover;
use crate::ops::login::{Callback, Paster, Purpose};
use crate::ops::posts::{Answer, Desk, Kept, Place, PostTime, Writing};
use crate::ops::release::ChannelPlan;
use crate::ops::runbook::{Begun, Of, Walk};
use crate::ops::views::{DeliveryView, PostSearch, PostView, Why};
use crate::ops::{OpError, Scope};
use crate::store::disconnect::DisconnectCounts;
use crate::store::posts::Medium;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

use super::model::beside::Tab;
use super::model::calendar::Span;
use super::model::requests::RequestId;

/// Something to be done outside of `update`.
#[derive(Debug)]
pub enum Effect {
    /// Read something.
    Load(RequestId, Load),
    /// Change something.
    Act(RequestId, Act),
    /// Begin a login in the browser; it waits until it is answered, given up or
    /// over.
    Begin(RequestId, Purpose),
    /// Hand a pasted answer to its login.
    Answer(RequestId, Paster, Callback),
    /// Give a login up, unless an answer is being checked.
    GiveUp(RequestId),
    /// Leave the full screen and show a link alone.
    Bare(Secret),
    /// Back to the full screen.
    FullScreen,
    /// Put text on the clipboard of the operator's terminal.
    Copy(String),
    /// Keep what is written in this composer as a draft.
    Keep(RequestId, RequestId, Box<Writing>),
    /// Give the terminal to an editor with this text in it.
    Editor(RequestId, String),
    /// Take the mouse, or give it back to the terminal.
    Mouse(bool),
    /// Tell the terminal's desktop of something that broke.
    Notify(String),
    /// Paint the whole screen again.
    Repaint,
    /// Stop this job.
    Suspend,
    /// Leave the screen.
    Quit,
    /// The terminal got or lost the focus: look for changes more or less often.
    Focus(bool),
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// The broken channels alone: what the screen begins with.
    BrokenChannels,
    /// Every channel, for a screen that has none yet.
    AllChannels,
    /// A portion of every channel, for a screen that has them; 0 begins.
    SomeChannels(i64),
    /// These channels.
    Channels(Vec<ChannelId>),
    /// The channels of these deliveries.
    ChannelsOf(Vec<DeliveryId>),
    /// The timeline: how many before now and after.
    Queue {
        /// Of which workspace.
        workspace: Option<WorkspaceId>,
        /// Of these channels; of all when there is none.
        channels: Vec<ChannelId>,
        /// Only what fits this.
        filter: Filter,
        /// At most this many due before now.
        past: u32,
        /// At most this many due after now.
        future: u32,
    },
    /// The posts of the days in the calendar.
    Calendar(Span),
    /// Notices and open incidents.
    News(Option<WorkspaceId>),
    /// Workspaces and people.
    Hub,
    /// What happened in a workspace, or in all, from an instant on.
    Since(Option<WorkspaceId>, UtcMs),
    /// How days were for channels: when each begins, and that after the last.
    Days(Vec<ChannelId>, Vec<UtcMs>),
    /// What channels have due, on a day that ends then.
    Dues(Vec<ChannelId>, UtcMs),
    /// How many posts of the hub are due within a day.
    DueSoon,
    /// What a tab of the details of these channels shows.
    Page(Vec<ChannelId>, Tab),
    /// The story of a delivery.
    Why(DeliveryId),
    /// What disconnecting would take away.
    Counts(ChannelId),
    /// Posts that fit a search.
    Find(PostSearch),
    /// What the late and missed posts of these channels do.
    Plan(Vec<ChannelId>),
    /// What a writer in a workspace needs.
    Desk(WorkspaceId),
    /// Other posts that go out near to one that is being written.
    Near(Place),
    /// A post to write on in this composer, or a copy of it.
    Post(RequestId, PostId, Opening),
    /// A file for a post that is being written.
    File(PathBuf),
    /// The health check: begun anew, or as it was begun.
    Runbook(Of, Option<Begun>),
    /// What there is to hand over.
    Handover(Scope),
}

/// What a post is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// To go on with a draft.
    Draft,
    /// To change what waits.
    Waiting,
    /// To write another one like it.
    Copy,
}

/// What becomes of what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It is scheduled, or sent now.
    Send(PostTime),
    /// It is put into the post that waits.
    Save,
}

/// What is changed.
#[derive(Debug)]
pub enum Act {
    /// Log in: a new channel of a workspace, or this channel again.
    SignIn(SignIn),
    /// Open a link in the browser of this machine.
    Browse(Secret),
    /// Ask the publisher for proofs and wait for them.
    Probe(Vec<ChannelId>),
    /// Pause or resume channels.
    Pause(Vec<ChannelId>, bool),
    /// Disconnect a channel for good, unless these numbers changed.
    Disconnect(ChannelId, DisconnectCounts),
    /// Cancel deliveries, as one act.
    Cancel(Vec<DeliveryId>),
    /// Send deliveries now.
    SendNow(Vec<DeliveryId>),
    /// Try failed deliveries again.
    Retry(Vec<DeliveryId>),
    /// Move deliveries in time.
    Reschedule(Vec<DeliveryId>, Order),
    /// Do what a release plan says; with the command line that does the same.
    Settle(Vec<(DeliveryId, Then)>, Option<String>),
    /// Decide about a delivery.
    Resolve(DeliveryId, Answer),
    /// Be done with what is written in this composer.
    Finish(RequestId, Box<Writing>, Finish),
    /// Take the last act on the queue back.
    Undo,
    /// Mark a notice as read.
    Read(NoticeId),
    /// Set things aside, or take them up again.
    Aside(Box<SetAside>),
}

/// What is set aside.
#[derive(Debug)]
pub struct SetAside {
    /// What.
    pub targets: Vec<Target>,
    /// Until when; `None` takes it up again.
    pub until: Option<UtcMs>,
    /// What the others should know.
    pub note: String,
    /// What to say when it is done.
    pub text: String,
    /// The command line that does the same.
    pub command: String,
}

/// What a login is made with.
#[derive(Debug)]
pub struct SignIn {
    /// At which network.
    pub network: Network,
    /// Where a new channel goes.
    pub workspace: WorkspaceId,
    /// The channel that is mended; `None` connects a new one.
    pub channel: Option<ChannelId>,
    /// What to log in with.
    pub credential: Credential,
}

/// How an act went.
#[derive(Debug)]
pub struct Done {
    /// One sentence for the status line.
    pub text: String,
    /// The command line that does the same.
    pub command: Option<String>,
    /// The channel it made or mended.
    pub channel: Option<ChannelId>,
    /// What went and what stayed, to read and to keep; empty where the sentence
    /// is enough.
    pub receipt: Vec<String>,
}

/// The answer to a question of a sheet, or the end of an act.
#[derive(Debug)]
pub enum Answered {
    /// An act.
    Act(Result<Done, OpError>),
    /// The story of a delivery.
    Why(Result<Box<Why>, OpError>),
    /// What disconnecting would take away.
    Counts(Result<DisconnectCounts, OpError>),
    /// Posts that fit a search.
    Found(Result<Vec<DeliveryView>, OpError>),
    /// The release plans of channels.
    Plan(Result<Vec<ChannelPlan>, OpError>),
    /// What a writer needs.
    Desk(Result<Box<Desk>, OpError>),
    /// Where another post is near, and when.
    Near(Result<Vec<(ChannelId, UtcMs)>, OpError>),
    /// A post to write on.
    Post(Result<Box<PostView>, OpError>),
    /// A file was taken in.
    File(Result<Box<Medium>, OpError>),
    /// A draft was kept.
    Kept(Result<Option<Kept>, OpError>),
    /// A text came back from an editor.
    Edited(Result<String, String>),
    /// The health check.
    Runbook(Result<Box<Walk>, OpError>),
    /// What there is to hand over.
    Handover(Result<Box<Handover>, OpError>),
}

/// A window of the queue.
#[derive(Debug)]
pub struct Window {
    /// Deliveries in any order.
    pub views: Vec<DeliveryView>,
    /// There is more before it.
    pub more_past: bool,
    /// There is more after it.
    pub more_future: bool,
}
