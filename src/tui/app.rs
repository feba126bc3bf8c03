//! The loop: wait, drain, update, run effects elsewhere, draw.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::act::{Answered, Effect};
use super::deadline::deadline;
use super::editor::Editor;
use super::feed::Feed;
use super::model::{Dirty, Model};
use super::msg::Msg;
use super::publisher::Publisher;
use super::runner::Runner;
use super::term::gate::Input;
use super::term::guard::{on_screen, say};
use super::term::input::InputTask;
use super::term::signals::{Asked, Signals, stop_job};
use super::term::{Guard, Output, Screen};
use super::{ScreenError, farewell, update, view};
use crate::ops::Hub;
use crate::ops::views::Lamp;
use crate::support::clock::Clock;
use crate::support::fault;
use crate::support::surroundings::Surroundings;

/// Most messages, and longest time, before the next frame.
const DRAIN: (usize, Duration) = (1024, Duration::from_millis(8));

/// Least distance of frames that no key caused: here, and over SSH.
const BUDGET: [Duration; 2] = [Duration::from_millis(33), Duration::from_millis(150)];

/// How long the first frame waits for what is broken. It is there long before;
/// where it is not, a frame without it is better than none.
const BROKEN_WITHIN: Duration = Duration::from_millis(50);

/// How soon after our own stop a SIGCONT is the answer to it.
const CONTINUED: Duration = Duration::from_secs(1);

/// How long an answer of the terminal is waited for when the screen is left.
const ANSWER: Duration = Duration::from_millis(300);

/// One open screen.
pub struct App {
    model: Model,
    screen: Screen,
    output: Output,
    guard: Guard,
    signals: Signals,
    inbox: mpsc::Receiver<Msg>,
    sender: mpsc::Sender<Msg>,
    input: Option<InputTask>,
    runner: Runner,
    focus: watch::Sender<bool>,
    _feed: Feed,
    hub_clock: Clock,
    real: Clock,
    budget: Duration,
    drawn: Duration,
    continued: Duration,
    copies: Vec<u8>,
    /// What the loop itself answers, before anything else is looked at.
    answers: VecDeque<Msg>,
    home: PathBuf,
    editor: Option<String>,
}

impl App {
    /// Takes the terminal and starts everything around the loop.
    pub async fn open(
        hub: Hub,
        mut model: Model,
        around: &Surroundings,
    ) -> Result<Self, ScreenError> {
        let (sender, inbox) = mpsc::channel(4096);
        let (focus, focused) = watch::channel(true);
        let from = hub.store.read(|q| q.cursor()).await?;
        let signals = Signals::new()?;
        let guard = Guard::enter()?;
        if model.mouse {
            guard.mouse(true)?;
        }
        let tell = sender.clone();
        let file = super::term::guard::terminal_file()?;
        let output = Output::start(file, move |result| {
            let _ = tell.blocking_send(Msg::Written(result.is_ok()));
        })?;
        let real = Clock::real();
        Ok(Self {
            screen: Screen::new(model.size.0, model.size.1),
            input: Some(InputTask::start(sender.clone(), Msg::Input)),
            runner: Runner::new(hub.clone(), sender.clone()),
            _feed: Feed::start(hub.clone(), sender.clone(), focused, from),
            home: hub.paths.database.with_file_name(""),
            hub_clock: hub.clock,
            drawn: Duration::ZERO,
            continued: Duration::ZERO,
            budget: BUDGET[usize::from(around.over_ssh)],
            copies: question(&mut model),
            answers: VecDeque::new(),
            editor: around.editor.clone(),
            model,
            output,
            guard,
            signals,
            inbox,
            sender,
            focus,
            real,
        })
    }

    /// Runs until the operator leaves; then the terminal is given back.
    pub async fn run(mut self, publisher: &mut Publisher) {
        if !self.begin(publisher).await {
            self.go_on(publisher).await;
        }
        self.hear_out().await;
        if let Some(input) = self.input.take() {
            input.stop().await;
        }
        self.output.stop();
        let line = farewell::line(&self.model);
        let Self {
            guard, mut runner, ..
        } = self;
        drop(guard);
        // The terminal may be gone; then nobody reads what is said.
        if let Some(line) = line {
            let _ = say(&line);
        }
        for line in runner.rest().await {
            let _ = say(&line);
        }
    }

    /// Paints the first frame, with what is broken if that can be read at once,
    /// and asks for everything else; whether the screen is to be left.
    async fn begin(&mut self, publisher: &mut Publisher) -> bool {
        let until = self.real.boot() + BROKEN_WITHIN;
        let broken: Vec<_> = update::broken_channels(&mut self.model)
            .into_iter()
            .collect();
        let asked = !broken.is_empty();
        let mut left = self.perform(broken, publisher).await;
        while asked && !left && !self.model.channels.knows(Lamp::Broken) {
            let rest = until.saturating_sub(self.real.boot());
            let Ok(woken) = tokio::time::timeout(rest, self.wait()).await else {
                break;
            };
            let effects = self.drain(woken);
            left = self.perform(effects, publisher).await;
        }
        let first = update::first(&mut self.model);
        left |= self.perform(first, publisher).await;
        self.draw();
        left
    }

    async fn go_on(&mut self, publisher: &mut Publisher) {
        loop {
            let woken = self.wait().await;
            let effects = self.drain(woken);
            if self.perform(effects, publisher).await {
                break;
            }
            self.draw();
        }
    }

    async fn wait(&mut self) -> Option<Msg> {
        if let Some(answer) = self.answers.pop_front() {
            return Some(answer);
        }
        let next = deadline(&self.model);
        // A frame waits for its budget, or for the one that is being written.
        let frame = (self.model.dirty == Dirty::Background && self.output.is_free())
            .then(|| self.drawn + self.budget);
        let boot = [next.boot, frame].into_iter().flatten().min();
        let left = boot.map(|at| at.saturating_sub(self.real.boot()));
        tokio::select! {
            biased;
            asked = self.signals.next() => Some(Msg::Signal(asked)),
            msg = self.inbox.recv() => msg,
            panicked = self.runner.ended() => panicked.then_some(Msg::TaskPanicked),
            () = self.hub_clock.sleep_until(next.wall) => None,
            () = pause(&self.real, left) => None,
        }
    }

    fn drain(&mut self, woken: Option<Msg>) -> Vec<Effect> {
        let (model, inbox) = (&mut self.model, &mut self.inbox);
        let (now, boot) = (self.hub_clock.now(), self.real.boot());
        on_screen(|| {
            let mut effects = update::update(model, Msg::Now(now, boot));
            let mut waiting = woken;
            let mut taken = 0;
            while let Some(msg) = waiting.take().or_else(|| inbox.try_recv().ok()) {
                if matches!(msg, Msg::Input(_)) {
                    fault::panics("screen.key");
                }
                effects.extend(update::update(model, msg));
                taken += 1;
                if taken >= DRAIN.0 || self.real.boot().saturating_sub(boot) >= DRAIN.1 {
                    break;
                }
            }
            effects
        })
    }

    /// Hands effects on; whether the screen is to be left.
    async fn perform(&mut self, effects: Vec<Effect>, publisher: &mut Publisher) -> bool {
        for effect in effects {
            match effect {
                Effect::Load(id, load) => self.runner.load(id, load),
                Effect::Act(id, act) => self.runner.act(id, act),
                Effect::Begin(id, purpose) => self.runner.begin(id, purpose),
                Effect::Answer(id, paster, answer) => self.runner.hand_over(id, &paster, answer),
                Effect::GiveUp(id) => self.runner.give_up(id),
                Effect::Bare(link) => {
                    self.output.settle();
                    let _ = self.guard.bare(link.expose());
                }
                Effect::FullScreen => {
                    let _ = self.guard.cover();
                    self.paint_anew();
                }
                Effect::Copy(text) => self.copies.extend(super::term::screen::copy(&text)),
                Effect::Keep(id, composer, writing) => self.runner.keep(id, composer, *writing),
                Effect::Editor(id, text) => {
                    let text = self.edit(&text, publisher).await;
                    let msg = Msg::Answered(id, Answered::Edited(text));
                    self.answers.push_back(msg);
                }
                Effect::Mouse(on) => {
                    self.output.settle();
                    let _ = self.guard.mouse(on);
                }
                Effect::Notify(text) => self.copies.extend(super::term::screen::notice(&text)),
                Effect::Repaint => self.repaint(),
                Effect::Suspend => self.suspend(publisher).await,
                Effect::Focus(focused) => {
                    let _ = self.focus.send_replace(focused);
                }
                Effect::Quit => return true,
            }
        }
        false
    }

    fn draw(&mut self) {
        if self.model.bare {
            // What is missed now is painted with the whole screen afterwards.
            self.model.dirty = Dirty::No;
            return;
        }
        let due = self.real.boot() >= self.drawn + self.budget;
        let wanted = match self.model.dirty {
            Dirty::No => !self.copies.is_empty(),
            Dirty::Background => due,
            Dirty::Input => true,
        };
        if !wanted || !self.output.is_free() {
            return;
        }
        let (width, height) = self.model.size;
        self.screen.resize(width, height);
        let (screen, model) = (&mut self.screen, &self.model);
        let mut bytes = std::mem::take(&mut self.copies);
        bytes.extend(on_screen(|| {
            screen.frame(|buffer| view::draw(model, buffer.area, buffer))
        }));
        self.model.dirty = Dirty::No;
        self.drawn = self.real.boot();
        if !bytes.is_empty() {
            self.output.send(bytes);
        }
    }

    fn repaint(&mut self) {
        // Continued by somebody else: the terminal may have been reset.
        if self.real.boot() >= self.continued + CONTINUED {
            self.output.settle();
            let _ = self.guard.leave();
            let _ = self.guard.enter_again();
        }
        self.paint_anew();
    }

    /// Gives the terminal to an editor with `text` in it; what stands there
    /// then, or why it is as it was. The publisher goes on.
    async fn edit(&mut self, text: &str, publisher: &mut Publisher) -> Result<String, String> {
        let home = &self.home;
        let editor = Editor::with(home, text, self.editor.as_deref())
            .map_err(|error| format!("No file could be written for the editor: {error}"))?;
        self.hear_out().await;
        if let Some(input) = self.input.take() {
            input.stop().await;
        }
        self.output.settle();
        let _ = self.guard.leave();
        let mut told = Vec::new();
        let ended = match editor.start() {
            Err(error) => Err(error),
            Ok(mut child) => loop {
                tokio::select! {
                    ended = child.wait() => break ended,
                    asked = self.signals.next() => match asked {
                        // Ctrl-z in the editor stops the whole job.
                        Asked::Suspend => {
                            publisher.rest().await;
                            stop_job();
                            publisher.go_on();
                        }
                        // Ctrl-c there is the editor's.
                        Asked::Continue | Asked::Interrupt => {}
                        asked => told.push(asked),
                    },
                }
            },
        };
        let _ = self.guard.enter_again();
        self.continued = self.real.boot();
        self.input = Some(InputTask::start(self.sender.clone(), Msg::Input));
        // The line fell, or the session ends: an editor that was told so saved
        // what it could and says that it failed.
        let cut = told.iter().any(|asked| *asked != Asked::Suspend);
        // Answered as soon as the text is taken.
        self.answers.extend(told.into_iter().map(Msg::Signal));
        self.paint_anew();
        editor.text(ended, cut)
    }

    async fn suspend(&mut self, publisher: &mut Publisher) {
        // A stopped process would keep the role and publish nothing.
        publisher.rest().await;
        self.hear_out().await;
        if let Some(input) = self.input.take() {
            input.stop().await;
        }
        self.output.settle();
        let _ = self.guard.leave();
        if let Some(line) = farewell::suspended(&self.model) {
            let _ = say(&line);
        }
        stop_job();
        publisher.go_on();
        let _ = self.guard.enter_again();
        self.continued = self.real.boot();
        self.input = Some(InputTask::start(self.sender.clone(), Msg::Input));
        self.paint_anew();
    }

    /// Waits a moment for what the terminal still has to answer: the shell
    /// would take it for something typed.
    async fn hear_out(&mut self) {
        let Some(until) = self.model.asked.take() else {
            return;
        };
        let until = until.min(self.real.boot() + ANSWER);
        let mut later = Vec::new();
        loop {
            let left = until.saturating_sub(self.real.boot());
            let msg = tokio::select! {
                msg = self.inbox.recv() => msg,
                () = self.real.sleep(left) => None,
            };
            match msg {
                None | Some(Msg::Input(None | Some(Input::Background(_)))) => break,
                Some(msg) => later.push(msg),
            }
        }
        for msg in later {
            let _ = self.sender.try_send(msg);
        }
    }

    /// The terminal shows something else: the next frame is all of it.
    fn paint_anew(&mut self) {
        self.screen.forget();
        self.model.touch(Dirty::Input);
        if let Ok(size) = crossterm::terminal::size() {
            self.model.size = size;
        }
    }
}

/// The bytes that ask the terminal for its background, if that matters.
fn question(model: &mut Model) -> Vec<u8> {
    if !model.set.look.asks_background() {
        return Vec::new();
    }
    update::asked(model);
    super::term::screen::BACKGROUND.into()
}

async fn pause(clock: &Clock, span: Option<Duration>) {
    match span {
        Some(span) => clock.sleep(span).await,
        None => std::future::pending().await,
    }
}
