//! Does what `update` asked for, on tasks of their own, and answers with
//! messages. Reads and writes of the store happen on its threads.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::act::{Act, Answered, Done, Load, SignIn, Window};
use super::acting::{self, done};
use super::logins::{Tasks, made};
use super::model::beside::{Page, Pages, Tab};
use super::model::requests::RequestId;
use super::msg::{Loaded, Msg};
use super::writers::Writers;
use crate::domain::delivery::Shown;
use crate::domain::filter::Filter;
use crate::domain::ids::{ChannelId, WorkspaceId};

use crate::ops::login::{Callback, Paster, Purpose};
use crate::ops::posts::Writing;
use crate::ops::views::{self, QueueFilter};
use crate::ops::{
    Hub, OpError, Scope, connect, disconnect, handover, posts, release, runbook, workspaces,
};
use crate::store::disconnect::DisconnectCounts;
use crate::support::fault;
use crate::support::secret::Secret;
use crate::tui::model::calendar::{LIMIT, Span};
use crate::tui::model::news;
use crate::tui::words;

/// Runs effects until it is dropped.
pub struct Runner {
    hub: Hub,
    to: Sender<Msg>,
    tasks: JoinSet<()>,
    /// What is written down, which nothing cuts off.
    lasting: JoinSet<Option<String>>,
    logins: Tasks,
    writers: Writers,
}

impl Runner {
    /// A runner that answers to `to`.
    pub fn new(hub: Hub, to: Sender<Msg>) -> Self {
        Self {
            writers: Writers::new(hub.clone()),
            hub,
            logins: Tasks::new(to.clone()),
            to,
            tasks: JoinSet::new(),
            lasting: JoinSet::new(),
        }
    }

    /// Reads something.
    pub fn load(&mut self, id: RequestId, load: Load) {
        let (hub, writers) = (self.hub.clone(), self.writers.clone());
        self.answer(async move { read(&hub, &writers, id, load).await });
    }

    /// Changes something.
    pub fn act(&mut self, id: RequestId, act: Act) {
        let (hub, writers) = (self.hub.clone(), self.writers.clone());
        let lasts = matches!(act, Act::Finish(..));
        let work = async move {
            let done = perform(&hub, &writers, act).await;
            Msg::Answered(id, Answered::Act(done))
        };
        match lasts {
            true => self.last(async move { (work.await, None) }),
            false => self.answer(work),
        }
    }

    /// Keeps what is written in a composer.
    pub fn keep(&mut self, id: RequestId, composer: RequestId, writing: Writing) {
        let writers = self.writers.clone();
        self.last(async move {
            let text = writing.text.clone();
            let kept = writers.keep(composer, writing).await;
            // Should nobody be there any more to try again.
            let lost = kept.as_ref().err().map(|error| {
                format!("The draft could not be kept: {error}\nIts text was:\n{text}")
            });
            (Msg::Answered(id, Answered::Kept(kept)), lost)
        });
    }

    fn last(&mut self, work: impl Future<Output = (Msg, Option<String>)> + Send + 'static) {
        let to = self.to.clone();
        self.lasting.spawn(async move {
            let (msg, lost) = work.await;
            // A screen that is gone needs no answer, and takes none.
            let _ = to.try_send(msg);
            lost
        });
    }

    fn answer(&mut self, work: impl Future<Output = Msg> + Send + 'static) {
        let to = self.to.clone();
        self.tasks.spawn(async move {
            let msg = work.await;
            // A screen that is gone needs no answer.
            let _ = to.send(msg).await;
        });
    }

    /// Begins a login in the browser.
    pub fn begin(&mut self, id: RequestId, purpose: Purpose) {
        self.logins.begin(&self.hub, id, purpose);
    }

    /// Hands a pasted answer to its login.
    pub fn hand_over(&self, id: RequestId, paster: &Paster, answer: Callback) {
        self.logins.hand_over(id, paster, answer);
    }

    /// Gives a login up, unless an answer is being checked.
    pub fn give_up(&mut self, id: RequestId) {
        self.logins.give_up(id);
    }

    /// Takes the end of a task; whether it panicked. Waits for good while
    /// there is none.
    pub async fn ended(&mut self) -> bool {
        let ended = tokio::select! {
            Some(ended) = self.tasks.join_next() => ended,
            Some(ended) = self.logins.ended() => ended,
            Some(ended) = self.lasting.join_next() => ended.map(|_| ()),
            else => std::future::pending().await,
        };
        ended.is_err_and(|error| error.is_panic())
    }

    /// Before it is dropped: waits for the drafts that are being kept and the
    /// logins that must not be cut off; what went wrong, or how they ended.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(ended) = self.lasting.join_next().await {
            said.extend(ended.ok().flatten());
        }
        said.extend(self.logins.rest().await);
        said
    }
}

async fn read(hub: &Hub, writers: &Writers, id: RequestId, load: Load) -> Msg {
    if load == Load::Hub {
        fault::panics("screen.task");
    }
    match load {
        Load::BrokenChannels => {
            let broken = views::broken_channels(hub).await;
            Msg::Loaded(id, Loaded::BrokenChannels(broken))
        }
        Load::SomeChannels(from) => {
            let portion = views::some_channels(hub, from).await;
            Msg::Loaded(id, Loaded::SomeChannels(portion))
        }
        Load::AllChannels => Msg::Loaded(id, Loaded::AllChannels(views::every_channel(hub).await)),
        Load::Channels(ids) => Msg::Loaded(id, Loaded::Channels(channels(hub, ids).await)),
        Load::ChannelsOf(deliveries) => {
            let found = hub
                .store
                .read(move |q| {
                    let mut ids: Vec<ChannelId> = Vec::new();
                    for one in &deliveries {
                        // A removed draft leaves only its event behind.
                        if let Ok(delivery) = q.delivery(one) {
                            ids.push(delivery.channel_id);
                        }
                    }
                    ids.sort();
                    ids.dedup();
                    Ok(ids)
                })
                .await;
            let ids = found.unwrap_or_default();
            Msg::Loaded(id, Loaded::Channels(channels(hub, ids).await))
        }
        Load::Queue {
            workspace,
            channels,
            filter,
            past,
            future,
        } => {
            let scope = scope(workspace);
            let window = windows(hub, scope, channels, filter, past, future).await;
            Msg::Loaded(id, Loaded::Queue(window))
        }
        Load::Calendar(span) => Msg::Loaded(id, Loaded::Calendar(days(hub, span).await)),
        Load::News(workspace) => {
            let scope = scope(workspace);
            let both = async {
                let notices = views::notices(hub, &scope, false, news::LIMIT).await?;
                let incidents = views::incidents(hub, &scope, true, news::LIMIT).await?;
                Ok((notices, incidents))
            };
            Msg::Loaded(id, Loaded::News(both.await))
        }
        Load::Hub => {
            let both = async {
                let workspaces = workspaces::list(hub).await?;
                let people = hub.store.read(|q| q.people()).await?;
                let names: HashMap<_, _> =
                    people.into_iter().map(|one| (one.id, one.name)).collect();
                Ok((workspaces, names))
            };
            Msg::Loaded(id, Loaded::Hub(both.await))
        }
        Load::Since(workspace, at) => {
            let since = views::since(hub, &scope(workspace), at).await;
            Msg::Loaded(id, Loaded::Since(since))
        }
        Load::Days(channels, midnights) => {
            let days = views::days(hub, &channels, midnights).await;
            Msg::Loaded(id, Loaded::Days(days))
        }
        Load::Dues(channels, midnight) => {
            let dues = views::dues(hub, &channels, midnight).await;
            Msg::Loaded(id, Loaded::Dues(dues))
        }
        Load::DueSoon => {
            let due = views::due_within(hub, A_DAY).await;
            Msg::Loaded(id, Loaded::DueSoon(due))
        }
        Load::Page(channels, tab) => {
            let pages = pages(hub, channels, tab).await;
            Msg::Loaded(id, Loaded::Page(Box::new(pages)))
        }
        Load::Why(delivery) => {
            let why = views::why(hub, &delivery).await.map(Box::new);
            Msg::Answered(id, Answered::Why(why))
        }
        Load::Plan(channels) => {
            let plans = release::plans(hub, &channels).await;
            Msg::Answered(id, Answered::Plan(plans))
        }
        Load::Runbook(of, begun) => {
            let walk = match begun {
                Some(_) => runbook::walk(hub, &of, begun).await,
                None => runbook::open(hub, &of).await,
            };
            Msg::Answered(id, Answered::Runbook(walk.map(Box::new)))
        }
        Load::Handover(scope) => {
            let told = handover::handover(hub, &scope, None).await;
            Msg::Answered(id, Answered::Handover(told.map(Box::new)))
        }
        Load::Counts(channel) => {
            let counts = disconnect::preview(hub, &channel).await;
            Msg::Answered(id, Answered::Counts(counts.map(|preview| preview.counts)))
        }
        Load::Desk(workspace) => {
            let desk = posts::desk(hub, &workspace).await.map(Box::new);
            Msg::Answered(id, Answered::Desk(desk))
        }
        Load::Near(place) => Msg::Answered(id, Answered::Near(posts::near(hub, place).await)),
        Load::File(path) => {
            let file = posts::take(hub, path, String::new()).await;
            Msg::Answered(id, Answered::File(file.map(Box::new)))
        }
        Load::Post(composer, post, opening) => {
            let view = writers.open(composer, &post, opening).await;
            Msg::Answered(id, Answered::Post(view.map(Box::new)))
        }
        Load::Find(search) => {
            Msg::Answered(id, Answered::Found(views::find_posts(hub, search).await))
        }
    }
}

const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// How many lines of a channel's history a screen shows.
const HISTORY: u32 = 200;

async fn pages(hub: &Hub, channels: Vec<ChannelId>, tab: Tab) -> Result<Pages, OpError> {
    let mut pages = Vec::with_capacity(channels.len());
    for id in channels {
        let page = page(hub, &id, tab).await?;
        pages.push((id, page));
    }
    Ok(pages)
}

async fn page(hub: &Hub, channel: &ChannelId, tab: Tab) -> Result<Page, OpError> {
    Ok(match tab {
        Tab::Posts => Page::Posts(views::recent_posts(hub, channel).await?),
        Tab::Metrics => Page::Metrics(views::metrics(hub, channel).await?),
        Tab::Comments => Page::Comments(views::comments(hub, channel).await?),
        Tab::Overview | Tab::History => Page::History(views::history(hub, channel, HISTORY).await?),
    })
}

fn scope(workspace: Option<WorkspaceId>) -> Scope {
    workspace.map_or(Scope::All, Scope::Workspace)
}

async fn channels(hub: &Hub, ids: Vec<ChannelId>) -> Vec<(ChannelId, Option<views::ChannelView>)> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        // Not to be seen is as good as gone.
        let view = views::channel(hub, &id).await.ok();
        found.push((id, view));
    }
    found
}

/// The timeline around now, of some channels or of all.
async fn windows(
    hub: &Hub,
    scope: Scope,
    channels: Vec<ChannelId>,
    filter: Filter,
    past: u32,
    future: u32,
) -> Result<Window, OpError> {
    if channels.is_empty() {
        return window(hub, scope, None, filter, past, future).await;
    }
    let mut all = Window {
        views: Vec::new(),
        more_past: false,
        more_future: false,
    };
    for channel in channels {
        let (scope, filter) = (scope.clone(), filter.clone());
        let one = window(hub, scope, Some(channel), filter, past, future).await?;
        all.views.extend(one.views);
        all.more_past |= one.more_past;
        all.more_future |= one.more_future;
    }
    Ok(all)
}

async fn window(
    hub: &Hub,
    scope: Scope,
    channel: Option<ChannelId>,
    filter: Filter,
    past: u32,
    future: u32,
) -> Result<Window, OpError> {
    let now = hub.clock.now();
    let states = states(&filter);
    let part = |backwards: bool, limit: u32| QueueFilter {
        scope: scope.clone(),
        channel: channel.clone(),
        states: states.clone(),
        filter: filter.clone(),
        from: (!backwards).then_some(now),
        until: backwards.then_some(now),
        backwards,
        limit,
        ..QueueFilter::default()
    };
    let mut views = views::queue(hub, part(true, past)).await?;
    let more_past = views.len() >= past as usize;
    let coming = views::queue(hub, part(false, future)).await?;
    let more_future = coming.len() >= future as usize;
    views.extend(coming);
    Ok(Window {
        views,
        more_past,
        more_future,
    })
}

fn states(filter: &Filter) -> Vec<Shown> {
    let all = Shown::ALL.iter().copied();
    // Drafts have no place in time, and are shown to who asks for them.
    all.filter(|state| *state != Shown::Draft || filter.asks_for_state("draft"))
        .collect()
}

/// The days of the calendar: the first posts of them, and whether there are
/// more.
async fn days(hub: &Hub, span: Span) -> Result<Window, OpError> {
    let wanted = QueueFilter {
        scope: scope(span.workspace),
        states: states(&span.filter),
        filter: span.filter,
        from: Some(span.from),
        until: Some(span.until),
        limit: LIMIT + 1,
        ..QueueFilter::default()
    };
    let mut views = views::queue(hub, wanted).await?;
    let more_future = views.len() > LIMIT as usize;
    views.truncate(LIMIT as usize);
    Ok(Window {
        views,
        more_past: false,
        more_future,
    })
}

async fn perform(hub: &Hub, writers: &Writers, act: Act) -> Result<Done, OpError> {
    match act {
        Act::SignIn(sign_in) => log_in(hub, sign_in).await,
        Act::Browse(link) => browse(&link),
        Act::Probe(ids) => acting::probed(hub, &ids).await,
        Act::Pause(ids, stop) => acting::paused(hub, &ids, stop).await,
        Act::Disconnect(id, counts) => cut(hub, &id, &counts).await,
        Act::Cancel(ids) => acting::cancelled(hub, &ids).await,
        Act::SendNow(ids) => acting::sent(hub, &ids).await,
        Act::Retry(ids) => acting::retried(hub, &ids).await,
        Act::Reschedule(ids, order) => super::posts::reschedule(hub, &ids, order).await,
        Act::Settle(answers, command) => super::posts::settle(hub, &answers, command).await,
        Act::Resolve(id, answer) => {
            let word = match &answer {
                posts::Answer::Live(_) => "live",
                posts::Answer::NotLive => "not-live",
                posts::Answer::Leave => "leave",
            };
            posts::resolve(hub, &id, answer).await?;
            Ok(done(
                "Written down.",
                format!("allgreen post resolve {id} {word}"),
            ))
        }
        Act::Finish(composer, writing, how) => writers.finish(composer, *writing, how).await,
        Act::Aside(aside) => acting::set_aside(hub, *aside).await,
        Act::Undo => {
            let undone = posts::undo_last(hub).await?;
            let kept = match undone.kept.first() {
                None => String::new(),
                Some((_, why)) => format!(" {} stayed as they are: {why}", undone.kept.len()),
            };
            Ok(done(
                format!("Taken back: {}.{kept}", undone.what),
                "allgreen post undo",
            ))
        }
        Act::Read(id) => {
            crate::ops::notices::read(hub, std::slice::from_ref(&id)).await?;
            Ok(Done {
                text: String::new(),
                command: None,
                channel: None,
                receipt: Vec::new(),
            })
        }
    }
}

async fn log_in(hub: &Hub, sign_in: SignIn) -> Result<Done, OpError> {
    let credential = sign_in.credential;
    let connected = match &sign_in.channel {
        Some(id) => connect::reconnect(hub, id, credential).await?,
        None => connect::connect(hub, &sign_in.workspace, sign_in.network, credential).await?,
    };
    Ok(made(&connected))
}

/// Nobody can tell whether a browser really opened, so nothing depends on it.
fn browse(link: &Secret) -> Result<Done, OpError> {
    open::that_detached(link.expose()).map_err(|error| {
        OpError::new(
            crate::ops::ErrorKind::Failed,
            "no_browser",
            format!("No browser could be started here: {error}."),
            "y copies the link instead.",
        )
    })?;
    Ok(Done {
        text: String::new(),
        command: None,
        channel: None,
        receipt: Vec::new(),
    })
}

async fn cut(hub: &Hub, id: &ChannelId, seen: &DisconnectCounts) -> Result<Done, OpError> {
    let preview = disconnect::preview(hub, id).await?;
    let name = words::channel(&preview.channel.channel);
    if preview.counts != *seen {
        return Err(OpError::new(
            crate::ops::ErrorKind::Failed,
            "counts_changed",
            format!("{name} was not disconnected: its numbers changed meanwhile."),
            "Press D and look again.",
        ));
    }
    let receipt = disconnect::disconnect(hub, id).await?;
    let cancelled = receipt.counts.scheduled + receipt.counts.missed + receipt.counts.failed;
    let tokens = if receipt.wiped {
        "tokens wiped"
    } else {
        "tokens kept for other channels"
    };
    let posts = words::count(cancelled, "post cancelled", "posts cancelled");
    Ok(Done {
        receipt: receipt.words(&name),
        ..done(
            format!("Disconnected {name}: {posts}, {tokens}."),
            format!("allgreen channel disconnect {id}"),
        )
    })
}
