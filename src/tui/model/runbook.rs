//! The health check and the handover as sheets. What they show comes from the
//! store; here is which row has the cursor, and what was asked for.

use super::requests::RequestId;
use crate::ops::OpError;
use crate::ops::handover::Handover;
use crate::ops::runbook::{Key, Of, Step, Walk};
use crate::tui::words::Wall;

/// The health check.
#[derive(Debug)]
pub struct Runbook {
    /// What it is about.
    pub of: Of,
    /// How people name that.
    pub name: String,
    /// The request under way.
    pub asked: Option<RequestId>,
    /// Something changed since it was asked.
    pub stale: bool,
    /// How it stands, once known.
    pub walk: Option<Box<Walk>>,
    /// The row with the cursor.
    cursor: Option<Key>,
    /// Why it could not be read.
    pub error: Option<OpError>,
}

impl Runbook {
    /// A health check, not known yet.
    pub fn new(of: Of, name: String, asked: RequestId) -> Self {
        Self {
            of,
            name,
            asked: Some(asked),
            stale: false,
            walk: None,
            cursor: None,
            error: None,
        }
    }

    /// The rows; none before they are known.
    pub fn steps(&self) -> &[Step] {
        self.walk.as_ref().map_or(&[], |walk| &walk.steps)
    }

    /// Takes what the store says now. A row that was finished under the cursor
    /// gives it to the next below it that is open, at the end to the first one.
    pub fn take(&mut self, walk: Walk) {
        let was_open = self.chosen().is_none_or(Step::is_open);
        // What stood below the cursor, nearest first.
        let below: Vec<Key> = self
            .steps()
            .iter()
            .skip(self.index().map_or(0, |at| at + 1))
            .map(|step| step.key.clone())
            .collect();
        self.walk = Some(Box::new(walk));
        self.error = None;
        let still_open = self.chosen().is_some_and(Step::is_open);
        let there = self.chosen().is_some();
        if there && (still_open || !was_open) {
            return;
        }
        let steps = self.steps();
        let open = |key: &&Key| steps.iter().any(|step| step.key == **key && step.is_open());
        let first = || steps.iter().find(|step| step.is_open());
        let other = || first().or(steps.last()).map(|step| step.key.clone());
        self.cursor = below.iter().find(open).cloned().or_else(other);
    }

    /// Whether every row is done or somebody's.
    pub fn is_over(&self) -> bool {
        self.walk.as_ref().is_some_and(|walk| walk.is_over())
    }

    /// The index of the row with the cursor.
    pub fn index(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.steps().iter().position(|step| step.key == *cursor)
    }

    /// The row with the cursor.
    pub fn chosen(&self) -> Option<&Step> {
        self.steps().get(self.index()?)
    }

    /// Moves the cursor by rows.
    pub fn step(&mut self, by: isize) {
        let last = self.steps().len().saturating_sub(1);
        let here = self.index().unwrap_or(0);
        let to = here.saturating_add_signed(by).min(last);
        self.cursor = self.steps().get(to).map(|step| step.key.clone());
    }
}

/// A text to read and to copy: what is handed over, what went and what stayed.
#[derive(Debug)]
pub struct HandingOver {
    /// What the sheet is called.
    pub title: String,
    /// Of what, as people name it.
    pub name: String,
    /// The request for it.
    pub asked: RequestId,
    /// What there is, once known.
    pub told: Option<Told>,
    /// Why it could not be read.
    pub error: Option<OpError>,
    /// The first line on the screen.
    pub scroll: usize,
}

/// The text itself.
#[derive(Debug)]
pub enum Told {
    /// Of a handover, said by the clock of who reads it.
    Handover(Box<Handover>),
    /// Lines.
    Lines(Vec<String>),
}

impl HandingOver {
    /// Lines that are known already.
    pub fn of(title: String, lines: Vec<String>, asked: RequestId) -> Self {
        Self {
            title,
            name: String::new(),
            asked,
            told: Some(Told::Lines(lines)),
            error: None,
            scroll: 0,
        }
    }

    /// Its lines, once they are known.
    pub fn lines(&self, wall: &Wall) -> Option<Vec<String>> {
        Some(match self.told.as_ref()? {
            Told::Handover(told) => told.lines(&self.name, wall),
            Told::Lines(lines) => lines.clone(),
        })
    }
}
