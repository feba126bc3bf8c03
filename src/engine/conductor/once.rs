//! One pass over what is due, by a process that does not go on leading.

use std::sync::Arc;

use super::super::begin::{Tasks, begin_looks, begin_scouts, begin_sends};
use super::super::{
    EngineError, Inner, Once, Pass, clock, leadership, rescue, resolver, upkeep, watchdog, weather,
};
use super::role::{begin_term, end_term};
use super::{Loop, begin_command, finish, settle, spawn_upkeep, take_commands};
use crate::domain::publisher::PublisherKind;
use crate::store::StoreError;

/// One pass without leading for longer than it takes.
pub async fn once(inner: &Arc<Inner>, what: Once) -> Result<Option<Pass>, EngineError> {
    let Some(_lease) = leadership::try_take(&inner.parts.lock)? else {
        return Ok(None);
    };
    if inner.parts.store.read(|q| q.restored()).await? {
        return Err(EngineError::Restored);
    }
    inner.parts.store.key_can_be_followed().await?;
    upkeep::check_after_crash(inner).await?;
    let term = begin_term(inner, PublisherKind::Command).await?;
    let mut tasks = Tasks::new();
    let mut state = Loop::new(inner);
    let done = one_pass(inner, &mut tasks, &mut state, term, what).await;
    finish(inner, &mut tasks, &mut state).await;
    end_term(inner, term).await?;
    done?;
    let now = inner.now();
    let (open, waiting) = inner
        .parts
        .store
        .read(move |q| Ok((q.open_deliveries()?.len(), q.due(now, 1000)?.len())))
        .await?;
    Ok(Some(Pass {
        published: state.published,
        open: open as u64,
        waiting: waiting as u64,
    }))
}

async fn one_pass(
    inner: &Arc<Inner>,
    tasks: &mut Tasks,
    state: &mut Loop,
    term: i64,
    what: Once,
) -> Result<(), StoreError> {
    rescue::import(inner).await?;
    for command in take_commands(inner, term, true).await? {
        begin_command(inner, tasks, command);
    }
    if what == Once::Commands {
        return Ok(());
    }
    weather::watch(inner).await?;
    resolver::adopt_orphans(inner).await?;
    spawn_upkeep(inner, tasks);
    loop {
        let in_doubt = clock::watch(inner).await?;
        let now = inner.now();
        begin_scouts(inner, tasks).await?;
        begin_looks(inner, tasks, now).await?;
        if in_doubt {
            clock::ask_witnesses(inner, tasks).await?;
        } else {
            begin_sends(inner, tasks, &mut state.waiting, now).await?;
        }
        match tasks.join_next().await {
            Some(done) => settle(inner, state, done),
            None if state.waiting.unread => {
                let clock = &inner.parts.clock;
                clock.sleep(state.waiting.rest(clock.boot())).await;
            }
            None => return watchdog::watch(inner).await,
        }
    }
}
