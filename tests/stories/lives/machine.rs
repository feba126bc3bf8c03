//! The machine judges, the store keeps what it says.

use super::*;

impl Life<'_> {
    pub(super) fn without_token(&self) -> bool {
        self.class == OutcomeClass::Key
    }

    /// Another post, due in a minute, takes a place.
    pub(super) fn schedule(&mut self, place: usize) {
        let due = self.now.plus(Duration::from_secs(60));
        let room = &self.lab.room;
        let born = room.deliveries(&self.channel, 1, due, State::Scheduled);
        self.current[place] = self.posts.len();
        self.posts.extend(born.into_iter().map(|id| Post {
            id,
            state: State::Scheduled,
            due,
            orders: 0,
        }));
    }

    pub(super) fn live(&self, post: usize) -> usize {
        self.ledger.iter().filter(|(of, _)| *of == post).count()
    }

    pub(super) fn under_way(&self, post: usize) -> bool {
        self.wire.iter().any(|flight| flight.post == post)
    }

    /// The network takes a request: once, where it keeps keys.
    pub(super) fn take(&mut self, post: usize, key: &str) {
        let known = self
            .ledger
            .iter()
            .any(|(of, one)| *of == post && one == key);
        if !(known && self.class == OutcomeClass::Key) {
            self.ledger.push((post, key.to_owned()));
        }
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        let now = self.now;
        let (done, wire) = std::mem::take(&mut self.wire)
            .into_iter()
            .partition(|flight| flight.done_at <= now);
        self.wire = wire;
        for flight in done {
            self.take(flight.post, &flight.key);
        }
    }

    /// Has the machine judge an event and writes down what it says, as the
    /// publisher and the acts of an operator do. Whether anything came of it.
    pub(super) fn happen(&mut self, post: usize, event: Event, brings: Brings) -> bool {
        let (id, class, rules, timing, now) = (
            self.posts[post].id.clone(),
            self.class,
            self.rules,
            self.timing.clone(),
            self.now,
        );
        let (without_token, by) = (self.without_token(), self.lab.room.operator.clone());
        let done = self.lab.write(move |tx| {
            let mut known = facts::read(tx, &id, class, without_token, &timing, &rules, now)?;
            let from = known.delivery.state;
            if let Some(attempt) = &brings.attempt {
                let newest = known.attempt.as_ref();
                known.facts.current = newest.is_some_and(|newest| newest.id == *attempt);
            }
            if brings.blind {
                known.facts.readable = without_token;
            }
            let absent = event == Event::Looked(Look::Absent);
            known.facts.absent_reads += u8::from(absent);
            let Ok(transition) = step(from, &event, &known.facts, &rules, now) else {
                return Ok(None);
            };
            let has = |write| transition.writes.contains(&write);
            // A repeat is armed like every send.
            let sends = |call: &Call| matches!(call, Call::Send { .. });
            let to = match transition.calls.iter().any(sends) {
                true => from,
                false => transition.to,
            };
            let time = |due| Time {
                due,
                civil: String::new(),
                timezone: "UTC".into(),
            };
            if let Some(due) = brings.due {
                tx.set_time(&id, &time(due), false)?;
            }
            if has(Write::DueNow) {
                tx.set_time(&id, &time(now), true)?;
            }
            if has(Write::DeriveKey) {
                tx.drop_key(&id)?;
            }
            if let Event::Decide(decision) = event {
                tx.set_decision(&id, Some((decision, &by, now)))?;
            }
            if has(Write::RecordCancelled) {
                tx.cancel_delivery(&id, &by, now)?;
            } else if has(Write::ClearCancelled) && to != State::Published {
                tx.uncancel_delivery(&id, to)?;
            } else {
                let mut record = Record::new(&id, to);
                record.attempt = brings.attempt.as_ref();
                record.verdict = brings.verdict.map(|kind| NewVerdict {
                    kind,
                    ..NewVerdict::default()
                });
                let closes = |write: &Write| matches!(write, Write::CloseAttempt(_));
                record.close = to != from && transition.writes.iter().any(closes);
                record.new_key = has(Write::NewKey) && to != from;
                record.ask = transition.writes.iter().find_map(|write| match write {
                    Write::Ask(why) => Some(*why),
                    _ => None,
                });
                if matches!(event, Event::Looked(_)) {
                    record.absent = (known.delivery.absent_reads, known.delivery.first_absent_at);
                }
                if absent {
                    let first = known.delivery.first_absent_at.unwrap_or(now);
                    record.absent = (u32::from(known.facts.absent_reads), Some(first));
                }
                tx.record(&record, now)?;
            }
            Ok(Some((to, has(Write::DueNow))))
        });
        let Some((to, due_now)) = done.unwrap() else {
            return false;
        };
        self.posts[post].due = match (brings.due, due_now) {
            (Some(due), _) => due,
            (None, true) => now,
            (None, false) => self.posts[post].due,
        };
        self.moved(post, to);
        true
    }

    pub(super) fn moved(&mut self, post: usize, to: State) {
        let from = std::mem::replace(&mut self.posts[post].state, to);
        let mut seen = self.lab.seen.borrow_mut();
        *seen.entry((from.name(), to.name())).or_default() += 1;
    }

    /// Arms what the machine lets go, as the sender does.
    pub(super) fn arm(&mut self, post: usize) -> Result<(), TestCaseError> {
        let (id, class, rules, timing, now, term) = (
            self.posts[post].id.clone(),
            self.class,
            self.rules,
            self.timing.clone(),
            self.now,
            self.term,
        );
        let (without_token, entropy) =
            (self.without_token(), self.lab.room.store.entropy().clone());
        let armed = self.lab.write(move |tx| {
            let known = facts::read(tx, &id, class, without_token, &timing, &rules, now)?;
            let event = match known.delivery.state {
                State::Unknown => Event::Resend,
                _ => Event::Arm,
            };
            if step(known.delivery.state, &event, &known.facts, &rules, now).is_err() {
                return Ok(None);
            }
            let mut key = format!("{id}-{}", known.delivery.key_number);
            if rules.new_key_per_attempt && known.delivery.ever_armed {
                key = format!("{key}-{}", known.delivery.attempt_no);
            }
            let (epoch, generation) = (known.channel.epoch, known.channel.token.generation);
            let attempt = tx.prepare(&id, term, epoch, generation, &key, now, &entropy)?;
            tx.arm(&attempt, term, epoch, "the request", "hash", &rules, now)?;
            Ok(Some((attempt.id, key)))
        });
        let Some((attempt, key)) = armed.unwrap() else {
            return Ok(());
        };
        prop_assert!(!self.health.holds(), "armed while the channel is held");
        prop_assert!(self.now >= self.posts[post].due, "armed before its time");
        self.moved(post, State::Sending);
        let at = self.now;
        self.armed.push(Armed {
            post,
            attempt,
            key,
            at,
        });
        Ok(())
    }
}
