//! The status line: what just happened, and what is about to.

use std::time::Duration;

use super::super::act::Act;

/// How long a message stays.
const SHOWN: Duration = Duration::from_secs(5);

/// How long an act that cannot be undone can be stopped.
pub const COUNTDOWN: Duration = Duration::from_secs(10);

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// It is under way, or a key does nothing here.
    Quiet,
    /// It did not work; stays until a key.
    Bad,
}

/// What the line says.
#[derive(Debug, Default)]
pub struct Line {
    message: Option<Message>,
}

/// One message.
#[derive(Debug)]
pub struct Message {
    /// How it is meant.
    pub tone: Tone,
    /// What it says.
    pub text: String,
    /// The command line that does the same.
    pub command: Option<String>,
    until: Option<Duration>,
}

impl Line {
    /// Says something.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>, now: Duration) {
        self.say_with(tone, text, None, now);
    }

    /// Says something and shows the command that does the same.
    pub fn say_with(
        &mut self,
        tone: Tone,
        text: impl Into<String>,
        command: Option<String>,
        now: Duration,
    ) {
        self.message = Some(Message {
            tone,
            text: text.into(),
            command,
            until: (tone != Tone::Bad).then(|| now + SHOWN),
        });
    }

    /// What it says now.
    pub fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    /// A key was pressed: errors were seen.
    pub fn key(&mut self) {
        if self
            .message
            .as_ref()
            .is_some_and(|message| message.tone == Tone::Bad)
        {
            self.message = None;
        }
    }

    /// When the message goes.
    pub fn deadline(&self) -> Option<Duration> {
        self.message.as_ref()?.until
    }

    /// Takes the message away when its time is over; whether it did.
    pub fn expire(&mut self, now: Duration) -> bool {
        let over = self.deadline().is_some_and(|until| until <= now);
        if over {
            self.message = None;
        }
        over
    }
}

/// An act that counts down before it is done.
#[derive(Debug)]
pub struct Pending {
    /// What is done at the end.
    pub act: Act,
    /// What the line says: `Disconnecting @acme`.
    pub text: String,
    /// When it is done.
    pub at: Duration,
}

impl Pending {
    /// Whole seconds left.
    pub fn left(&self, now: Duration) -> u64 {
        let left = self.at.saturating_sub(now);
        left.as_secs() + u64::from(left.subsec_nanos() > 0)
    }
}
