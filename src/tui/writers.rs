//! What stands behind each composer: the draft it is kept in, and the post it
//! changes. One order of a composer at a time, in the order they came, so that
//! no second draft is begun while the first is on its way.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use tokio::sync::Mutex;

use super::act::{Done, Finish, Opening};
use super::model::requests::RequestId;
use super::words;
use crate::domain::delivery::Shown;
use crate::domain::ids::PostId;
use crate::ops::posts::{self, Kept, PostTime, Seen, Writing};
use crate::ops::views::PostView;
use crate::ops::{Hub, OpError};

/// What stands behind every composer; cheap to clone.
#[derive(Clone)]
pub struct Writers {
    hub: Hub,
    all: Arc<std::sync::Mutex<HashMap<RequestId, Arc<Mutex<Writer>>>>>,
}

/// What stands behind one.
#[derive(Default)]
struct Writer {
    /// The draft it is kept in.
    draft: Option<Seen>,
    /// The post it changes.
    original: Option<Seen>,
    /// The post it began as a copy of.
    copied: Option<PostId>,
    /// What was written is scheduled or saved: a draft of it would be sent again.
    finished: bool,
}

impl Writers {
    /// None yet.
    pub fn new(hub: Hub) -> Self {
        let all = Arc::default();
        Self { hub, all }
    }

    fn of(&self, composer: RequestId) -> Arc<Mutex<Writer>> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(composer).or_default())
    }

    /// Opens a post in a composer.
    pub async fn open(
        &self,
        composer: RequestId,
        post: &PostId,
        opening: Opening,
    ) -> Result<PostView, OpError> {
        let writer = self.of(composer);
        let mut writer = writer.lock().await;
        let opened = posts::open(&self.hub, post).await?;
        match opening {
            Opening::Draft if !opened.only_draft => return Err(not_in_place(post)),
            Opening::Draft => writer.draft = Some(opened.seen),
            Opening::Waiting => writer.original = Some(opened.seen),
            Opening::Copy => writer.copied = Some(post.clone()),
        }
        Ok(opened.view)
    }

    /// Keeps what is written in a composer; `None` when it is scheduled or saved
    /// already.
    pub async fn keep(
        &self,
        composer: RequestId,
        writing: Writing,
    ) -> Result<Option<Kept>, OpError> {
        let writer = self.of(composer);
        let mut writer = writer.lock().await;
        if writer.finished {
            return Ok(None);
        }
        let kept = posts::keep(&self.hub, writer.draft.clone(), writing).await?;
        writer.draft = Some(kept.seen.clone());
        Ok(Some(kept))
    }

    /// Schedules, sends or saves what is written in a composer.
    pub async fn finish(
        &self,
        composer: RequestId,
        writing: Writing,
        how: Finish,
    ) -> Result<Done, OpError> {
        let writer = self.of(composer);
        let mut writer = writer.lock().await;
        let (draft, original) = (writer.draft.clone(), writer.original.clone());
        let now = how == Finish::Send(PostTime::Now);
        let written = writing.clone();
        let (saved, done) = match (how, original) {
            (Finish::Save, Some(original)) => {
                let saved = posts::save(&self.hub, original, draft, writing).await;
                (true, saved.map(|saved| (saved.view, saved.undoable)))
            }
            (Finish::Save, None) => return Err(nothing_to_save()),
            (Finish::Send(when), _) => {
                let sent = posts::send_written(&self.hub, draft, writing, when).await;
                (false, sent.map(|view| (view, !now)))
            }
        };
        match done {
            Ok((view, undoable)) => {
                let command = match &writer.copied {
                    Some(post) if is_copy(&self.hub, post, &written).await => {
                        Some(duplicated(post, &view, now))
                    }
                    _ => None,
                };
                *writer = Writer {
                    finished: true,
                    ..Writer::default()
                };
                let done = told(&view, saved, now, undoable, command.is_some());
                Ok(Done { command, ..done })
            }
            Err(error) => {
                // Nobody may be there any more to do it again: what is written is
                // a draft, of its own where the one before is somebody else's.
                if let Ok(kept) = posts::keep(&self.hub, writer.draft.clone(), written).await {
                    writer.draft = Some(kept.seen);
                }
                // It was told: the next time is a decision.
                if error.code == "changed_meanwhile"
                    && let Some(seen) = writer.original.clone()
                    && let Ok(opened) = posts::open(&self.hub, &seen.post).await
                {
                    writer.original = Some(opened.seen);
                }
                Err(error)
            }
        }
    }
}

fn not_in_place(post: &PostId) -> OpError {
    OpError::new(
        crate::ops::ErrorKind::Failed,
        "not_only_a_draft",
        "A part of this post is scheduled already, or it is a thread.",
        format!("Change it with: allgreen post edit {post}"),
    )
}

/// Whether it is a copy and nothing else. What cannot be read is none.
async fn is_copy(hub: &Hub, post: &PostId, writing: &Writing) -> bool {
    let same = posts::is_duplicate(hub, post, writing).await;
    same.unwrap_or(false)
}

/// The command that writes a copy of a post for when this one goes out.
fn duplicated(post: &PostId, view: &PostView, now: bool) -> String {
    let when = match view.deliveries.first() {
        Some(one) if !now => format!("--at '{}'", one.delivery.civil),
        _ => "--now".to_owned(),
    };
    format!("allgreen post duplicate {post} {when}")
}

fn nothing_to_save() -> OpError {
    OpError::new(
        crate::ops::ErrorKind::Failed,
        "not_editable",
        "There is no post that this changes.",
        "Schedule it instead.",
    )
}

/// What became of it, in one sentence.
fn told(view: &PostView, saved: bool, now: bool, undoable: bool, copy: bool) -> Done {
    let open: Vec<_> = view
        .deliveries
        .iter()
        .filter(|one| one.shown != Shown::Cancelled)
        .collect();
    let n = open.len() as u64;
    let held = open.iter().filter(|one| one.shown == Shown::Held).count();
    let channels = words::count(n, "channel", "channels");
    let when = open.first().map_or_else(String::new, |one| {
        format!("{} {}", one.delivery.civil, one.delivery.timezone)
    });
    let mut text = match (saved, now) {
        (true, _) => format!("Saved on {channels}"),
        (false, true) => format!("The publisher sends it now to {channels}"),
        (false, false) => format!("Scheduled for {when} on {channels}"),
    };
    if held > 0 {
        text.push_str(&format!(", {held} held"));
    }
    if undoable {
        text.push_str(" · u takes that back");
    }
    let doubled = view.warnings.iter().find(|one| one.contains("same text"));
    // Of a copy that is no news.
    if let (Some(warning), false) = (doubled, copy) {
        text.push_str(&format!(" · {warning}"));
    }
    Done {
        text,
        // None says a whole post in one line, but for a copy.
        command: None,
        channel: None,
        receipt: Vec::new(),
    }
}
