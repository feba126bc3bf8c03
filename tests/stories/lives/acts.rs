//! What the network, the publisher and people do, and what must be true then.

use super::*;

impl Life<'_> {
    /// What was armed leaves, and its fate is written down.
    pub(super) fn leave(&mut self, post: usize, fate: Fate) {
        let Some(at) = self.armed.iter().position(|armed| armed.post == post) else {
            return;
        };
        let armed = self.armed.remove(at);
        let answered = |life: &mut Self, kind, verdict| {
            let brings = Brings {
                attempt: Some(armed.attempt.clone()),
                verdict: Some(verdict),
                ..Brings::default()
            };
            life.happen(post, Event::Answered(kind), brings);
        };
        let slept = self.now.since(armed.at) > Duration::from_secs(2);
        if slept && !self.rules.stealable_lease {
            return answered(self, AnswerKind::NotProcessed, "not_processed");
        }
        let later = |seconds: u64| self.now.plus(Duration::from_secs(seconds));
        let flight = |done_at| Flight {
            post,
            key: armed.key.clone(),
            done_at,
        };
        match fate {
            Fate::Answered => {
                self.take(post, &armed.key);
                answered(self, AnswerKind::Published, "published");
            }
            Fate::AnsweredTwice => {
                self.take(post, &armed.key);
                answered(self, AnswerKind::Unclear, "unclear");
                answered(self, AnswerKind::Published, "published");
                answered(self, AnswerKind::Published, "published");
            }
            Fate::Refused => answered(self, AnswerKind::RefusedForGood, "refused"),
            Fate::TooMany => answered(self, AnswerKind::NotProcessed, "not_processed"),
            Fate::NeverArrives => answered(self, AnswerKind::Unclear, "unclear"),
            Fate::AnswerLost | Fate::Lies => {
                self.take(post, &armed.key);
                answered(self, AnswerKind::Unclear, "unclear");
            }
            Fate::Delayed(seconds) => {
                let flight = flight(later(seconds.into()));
                self.wire.push(flight);
                answered(self, AnswerKind::Unclear, "unclear");
            }
            Fate::WorkedOn(minutes) => {
                let flight = flight(later(60 * u64::from(minutes)));
                self.wire.push(flight);
                answered(self, AnswerKind::Accepted, "accepted");
            }
            Fate::GivenUp => {
                answered(self, AnswerKind::Accepted, "accepted");
                let brings = Brings {
                    verdict: Some("different"),
                    ..Brings::default()
                };
                self.happen(post, Event::Polled(Poll::Failed), brings);
            }
            Fate::DiesSending(seconds) => {
                let flight = flight(later(seconds.into()));
                self.wire.push(flight);
                self.crash();
            }
        }
    }

    /// The publisher dies, or is thought to be dead, and another takes over.
    pub(super) fn crash(&mut self) {
        self.pass(0);
        if !self.rules.stealable_lease {
            self.armed.clear();
        }
        self.term = self.lab.runtime.block_on(self.lab.room.term(2));
        for post in 0..self.posts.len() {
            if self.posts[post].state == State::Sending {
                let brings = Brings {
                    verdict: Some("interrupted"),
                    ..Brings::default()
                };
                self.happen(post, Event::Orphaned, brings);
            }
        }
    }

    /// Reads the network and follows what the machine says.
    pub(super) fn look(&mut self, post: usize, can: bool) {
        let (id, class, rules, timing, now) = (
            self.posts[post].id.clone(),
            self.class,
            self.rules,
            self.timing.clone(),
            self.now,
        );
        let without_token = self.without_token();
        let store = &self.lab.room.store;
        let read =
            store.read(move |q| facts::read(q, &id, class, without_token, &timing, &rules, now));
        let known = self.lab.runtime.block_on(read).unwrap();
        if !known.facts.settled && !self.rules.no_settle {
            return;
        }
        let can = can && known.facts.readable && class != OutcomeClass::Unknowable;
        let key = known.attempt.map(|attempt| attempt.idem_key);
        let is_it = |(of, one): &(usize, String)| {
            *of == post && (class != OutcomeClass::Key || Some(one) == key.as_ref())
        };
        let found = can && self.ledger.iter().any(is_it);
        let (event, verdict) = match (self.posts[post].state, can, found) {
            (State::Unknown, _, true) => (Event::Looked(Look::Found), "published"),
            (State::Unknown, true, false) => (Event::Looked(Look::Absent), "absent"),
            (State::Unknown, false, false) => (Event::Looked(Look::Unreadable), "unreadable"),
            (State::Confirming, _, true) => (Event::Polled(Poll::Done), "published"),
            (State::Confirming, _, false) => (Event::Polled(Poll::Still), "absent"),
            _ => return,
        };
        let brings = Brings {
            verdict: Some(verdict),
            ..Brings::default()
        };
        self.happen(post, event, brings);
    }

    /// The channel can be used again.
    pub(super) fn usable(&mut self) {
        for post in 0..self.posts.len() {
            if self.posts[post].state == State::NeedsDecision && !self.health.holds() {
                self.happen(post, Event::TokenBack, Brings::default());
            }
        }
    }

    pub(super) fn health(&mut self, step: Step) {
        let (channel, now) = (self.channel.clone(), self.now);
        let (by, entropy) = (
            self.lab.room.operator.clone(),
            self.lab.room.store.entropy().clone(),
        );
        if self.health.gone {
            return;
        }
        let changed = self.lab.write(move |tx| {
            let said = Evidence::default();
            match step {
                Step::Pause => tx.set_pause(&channel, Some((now, &by))),
                Step::Resume => tx.set_pause(&channel, None),
                Step::Break => tx
                    .break_channel(&channel, Cause::Expired, &said, now, &entropy)
                    .map(drop),
                Step::Heal => tx
                    .prove_channel(&channel, now, Some(&by), now, &entropy)
                    .map(drop),
                _ => tx.disconnect_channel(&channel, &by, now, true).map(drop),
            }
        });
        changed.unwrap();
        match step {
            Step::Pause => self.health.paused = true,
            Step::Resume => self.health.paused = false,
            Step::Break => self.health.broken = true,
            Step::Heal => self.health.broken = false,
            _ => return self.gone(),
        }
        self.usable();
    }

    /// The store wrote it in one go; the machine must say the same of each.
    pub(super) fn gone(&mut self) {
        self.health.gone = true;
        let blind = !self.without_token();
        for post in 0..self.posts.len() {
            if self.posts[post].state == State::Sending {
                self.moved(post, State::Unknown);
            }
            let state = self.posts[post].state;
            // What is left open and cannot be read any more is asked about.
            if blind && matches!(state, State::Unknown | State::Confirming) {
                let brings = Brings {
                    blind,
                    ..Brings::default()
                };
                self.happen(post, Event::Disconnect, brings);
                continue;
            }
            let facts = Facts::fresh(self.class, NOW);
            let gone = step(state, &Event::Disconnect, &facts, &self.rules, self.now);
            self.moved(post, gone.unwrap().to);
        }
    }

    pub(super) fn take_step(&mut self, step: Step) -> Result<(), TestCaseError> {
        let nothing = Brings::default;
        match step {
            Step::Pass(seconds) => self.pass(seconds.into()),
            Step::Arm(i) => self.arm(self.current[i])?,
            Step::Leave(i, fate) => self.leave(self.current[i], fate),
            Step::Send(i, fate) => {
                let over = matches!(
                    self.posts[self.current[i]].state,
                    State::Published | State::Cancelled | State::Failed | State::Missed
                );
                if over && !self.health.gone {
                    self.schedule(i);
                    self.pass(61);
                }
                self.arm(self.current[i])?;
                self.leave(self.current[i], fate);
            }
            Step::Look(i, can) => self.look(self.current[i], can),
            Step::Settle(i) => {
                self.pass(91);
                self.look(self.current[i], true);
                self.pass(21);
                self.look(self.current[i], true);
            }
            Step::Twice(i) => {
                self.look(self.current[i], true);
                self.pass(21);
                self.look(self.current[i], true);
            }
            Step::LongAfter(i) => {
                self.pass(2_000);
                self.look(self.current[i], true);
            }
            Step::Crash => self.crash(),
            Step::Pause | Step::Resume | Step::Break | Step::Heal | Step::Disconnect => {
                self.health(step);
            }
            Step::Refuse(i) => self.does(i, Event::Refuse),
            Step::Late(i) => self.does(i, Event::Late),
            Step::Cancel(i) => self.does(i, Event::Cancel),
            Step::Retry(i) => self.does(i, Event::Retry),
            Step::LeaveIt(i) => self.does(i, Event::Decide(Decision::Left)),
            Step::Undo(i) => {
                let post = self.current[i];
                if self.posts[post].state == State::Cancelled {
                    self.does(i, Event::Undo(self.cancelled_from(post)));
                }
            }
            Step::Reschedule(i, minutes) => {
                let due = self.now.plus(Duration::from_secs(60 * u64::from(minutes)));
                let brings = Brings {
                    due: Some(due),
                    ..nothing()
                };
                self.happen(self.current[i], Event::Reschedule, brings);
            }
            Step::Seen(i) => {
                let post = self.current[i];
                let brings = Brings {
                    verdict: Some("published"),
                    ..nothing()
                };
                if self.live(post) > 0 {
                    self.happen(post, Event::VerdictPublished, brings);
                }
            }
            Step::Decide(i, looks) => {
                let post = self.current[i];
                let live = self.live(post) > 0;
                let (decision, verdict) = match live && looks {
                    true => (Decision::Live, "published"),
                    false => (Decision::NotLive, "decided"),
                };
                let brings = Brings {
                    verdict: Some(verdict),
                    ..nothing()
                };
                let decided = self.happen(post, Event::Decide(decision), brings);
                self.posts[post].orders += usize::from(decided && live && !looks);
            }
        }
        self.check(step)
    }

    pub(super) fn does(&mut self, i: usize, event: Event) {
        self.happen(self.current[i], event, Brings::default());
    }

    pub(super) fn cancelled_from(&self, post: usize) -> State {
        let sql = "SELECT cancelled_from FROM delivery WHERE id = ?1";
        let name: String = self
            .lab
            .raw
            .query_row(sql, [self.posts[post].id.as_str()], |row| row.get(0))
            .unwrap();
        State::parse(&name).unwrap()
    }

    /// What must be true whatever happened.
    pub(super) fn check(&self, step: Step) -> Result<(), TestCaseError> {
        let raw = &self.lab.raw;
        for (i, post) in self.posts.iter().enumerate() {
            let (live, state) = (self.live(i), post.state);
            prop_assert!(live <= 1 + post.orders, "live {live} times after {step:?}");
            let denied = matches!(state, State::Cancelled | State::Failed | State::Missed);
            let hidden = denied && live > post.orders && !self.under_way(i);
            prop_assert!(!hidden, "{state:?}, yet live, after {step:?}");
            let sql = "SELECT state FROM delivery WHERE id = ?1";
            let stored: String = raw
                .query_row(sql, [post.id.as_str()], |row| row.get(0))
                .unwrap();
            prop_assert_eq!(stored.as_str(), state.name(), "after {:?}", step);
            if !self.current.contains(&i) {
                continue;
            }
            raw.execute_batch("BEGIN IMMEDIATE").unwrap();
            for to in State::ALL.iter().filter(|to| !allowed(state, **to)) {
                let sql = "UPDATE delivery SET state = ?2, published_at = 1 WHERE id = ?1";
                let done = raw.execute(sql, [post.id.as_str(), to.name()]);
                prop_assert!(done.is_err(), "the database took {state:?} -> {to:?}");
            }
            raw.execute_batch("ROLLBACK").unwrap();
        }
        Ok(())
    }
}
