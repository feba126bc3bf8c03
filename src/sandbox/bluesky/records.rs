//! `com.atproto.repo.*Record`: writing and taking away.

use serde_json::{Map, Value, json};

use super::input::{object, text};
use super::lexicon;
use super::limits::{WRITES, WRITES_DAY};
use super::oauth::Right;
use super::sessions::{caller, usable};
use super::state::{Record, World};
use super::tid::is_tid;
use super::{blobs, cid, errors};
use crate::sandbox::ledger::{Act, LedgerEntry};
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// The collection of posts.
pub(super) const POST: &str = "app.bsky.feed.post";

/// A record that passed every check.
struct Checked {
    did: String,
    collection: String,
    rkey: Option<String>,
    value: Value,
    cid: String,
    /// `validationStatus`; absent when the client asked for no validation.
    status: Option<&'static str>,
}

/// What `swapRecord` or `swapCommit` demands: absent, `null`, or an identifier.
type Swap<'a> = Option<Option<&'a str>>;

fn swap<'a>(body: &'a Map<String, Value>, key: &str) -> Swap<'a> {
    body.get(key).map(Value::as_str)
}

pub(super) fn create(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let body = written(world, req, 3, &["create"])?;
    let mut checked = check(world, req, &body)?;
    let rkey = match checked.rkey.take() {
        Some(rkey) => rkey,
        None => world.tids.next(req.now),
    };
    // As observed: the repeat of a key is a bare 500, no refusal that a
    // client could tell from an outage.
    if stored(world, &checked, &rkey).is_some() {
        return Err(errors::internal());
    }
    commit_swap(world, &checked.did, &body)?;
    blobs::keep(world, &checked.did, &checked.value, req.now)?;
    Ok(commit(world, checked, &rkey, Act::Created, req.now))
}

pub(super) fn put(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let body = written(world, req, 2, &["create", "update"])?;
    text(&body, "rkey")?;
    let mut checked = check(world, req, &body)?;
    let rkey = checked.rkey.take().ok_or_else(errors::internal)?;
    let current = stored(world, &checked, &rkey);
    // The same content again changes nothing and is checked against nothing,
    // `swapRecord` included.
    if current.as_deref() == Some(checked.cid.as_str()) {
        let uri = format!("at://{}/{}/{rkey}", checked.did, checked.collection);
        let mut body = json!({ "uri": uri, "cid": checked.cid });
        if let Some(status) = checked.status {
            body["validationStatus"] = json!(status);
        }
        return Ok(Answer::json(200, &body));
    }
    record_swap(&body, current.as_deref())?;
    commit_swap(world, &checked.did, &body)?;
    blobs::keep(world, &checked.did, &checked.value, req.now)?;
    let act = match current {
        Some(_) => Act::Edited,
        None => Act::Created,
    };
    Ok(commit(world, checked, &rkey, act, req.now))
}

pub(super) fn delete(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let caller = caller(world, req)?;
    usable(world, &caller.did, false)?;
    let body = object(req)?;
    let repo = text(&body, "repo")?;
    let collection = text(&body, "collection")?.to_owned();
    let rkey = text(&body, "rkey")?.to_owned();
    caller.may(Right::Records(&collection, "delete"))?;
    world
        .limits
        .spend(&[WRITES, WRITES_DAY], &caller.did, 1, req.now)?;
    let account = world
        .account(repo)
        .ok_or_else(|| errors::invalid(format!("Could not find repo: {repo}")))?;
    if account.did != caller.did {
        return Err(errors::not_yours());
    }
    let key = (collection.clone(), rkey.clone());
    let Some(current) = account.records.get(&key).map(|r| r.cid.clone()) else {
        return Ok(Answer::json(200, &json!({})));
    };
    record_swap(&body, Some(&current))?;
    commit_swap(world, &caller.did, &body)?;
    if let Some(account) = world.account_mut(&caller.did) {
        account.records.remove(&key);
    }
    let made = advance(world, &caller.did, req.now);
    world.ledger.push(LedgerEntry {
        network: "bluesky".to_owned(),
        act: Act::Deleted,
        did: caller.did,
        collection,
        rkey,
        cid: String::new(),
        text: String::new(),
        at: req.now,
        copies: 0,
    });
    Ok(Answer::json(200, &json!({ "commit": made })))
}

/// Who writes, the body, what that needs, and the points it costs; in the real
/// order.
fn written(
    world: &mut World,
    req: &Request,
    points: u64,
    needs: &[&str],
) -> Result<Map<String, Value>, Answer> {
    let caller = caller(world, req)?;
    let body = object(req)?;
    text(&body, "repo")?;
    let collection = text(&body, "collection")?;
    for action in needs {
        caller.may(Right::Records(collection, action))?;
    }
    if !body.contains_key("record") {
        return Err(errors::missing_key("record"));
    }
    world
        .limits
        .spend(&[WRITES, WRITES_DAY], &caller.did, points, req.now)?;
    Ok(body)
}

/// The account, then the key, then the record.
fn check(world: &World, req: &Request, body: &Map<String, Value>) -> Result<Checked, Answer> {
    let caller = caller(world, req)?;
    let account = usable(world, text(body, "repo")?, false)?;
    if account.did != caller.did {
        return Err(errors::not_yours());
    }
    let collection = text(body, "collection")?;
    let rkey = match body.get("rkey") {
        None => None,
        Some(_) => Some(text(body, "rkey")?.to_owned()),
    };
    let Some(Value::Object(record)) = body.get("record") else {
        return Err(errors::invalid("Expected object value type at $.record"));
    };
    let mut record = record.clone();
    let kind = record
        .entry("$type")
        .or_insert_with(|| Value::String(collection.to_owned()));
    if kind != collection {
        let kind = kind
            .as_str()
            .map_or_else(|| kind.to_string(), str::to_owned);
        return Err(errors::invalid(format!(
            "Invalid $type: expected {collection}, got {kind}"
        )));
    }
    let status = if body.get("validate") == Some(&Value::Bool(false)) {
        None
    } else if collection == POST {
        if let Some(rkey) = rkey.as_deref().filter(|rkey| !is_tid(rkey)) {
            return Err(errors::invalid(format!(
                "Invalid record key for {POST}: Invalid TID string (got \"{rkey}\") at $"
            )));
        }
        lexicon::post(&record)
            .map_err(|what| errors::invalid(format!("Invalid {POST} record: {what}")))?;
        Some("valid")
    } else {
        Some("unknown")
    };
    let value = Value::Object(record);
    // Fractions have no place in the data model; the text was not observed.
    let cid = cid::of_record(&value)
        .ok_or_else(|| errors::invalid("Record is not valid in the data model"))?;
    Ok(Checked {
        did: caller.did,
        collection: collection.to_owned(),
        rkey,
        value,
        cid,
        status,
    })
}

fn stored(world: &World, checked: &Checked, rkey: &str) -> Option<String> {
    let key = (checked.collection.clone(), rkey.to_owned());
    let record = world.account(&checked.did)?.records.get(&key)?;
    Some(record.cid.clone())
}

fn record_swap(body: &Map<String, Value>, current: Option<&str>) -> Result<(), Answer> {
    match swap(body, "swapRecord") {
        Some(wanted) if wanted != current => {
            let text = format!("Record was at {}", current.unwrap_or("null"));
            Err(errors::error(400, "InvalidSwap", &text))
        }
        _ => Ok(()),
    }
}

fn commit_swap(world: &World, did: &str, body: &Map<String, Value>) -> Result<(), Answer> {
    let current = world.account(did).map(|account| account.commit.as_str());
    match swap(body, "swapCommit") {
        Some(Some(wanted)) if Some(wanted) != current => {
            let text = format!("Commit was at {}", current.unwrap_or("null"));
            Err(errors::error(400, "InvalidSwap", &text))
        }
        _ => Ok(()),
    }
}

/// Puts a post into an account's repository, as its owner's app would; gives
/// its address. `None` when there is no such account.
pub(super) fn made_elsewhere(
    world: &mut World,
    did: &str,
    value: Value,
    now: UtcMs,
) -> Option<String> {
    let cid = cid::of_record(&value)?;
    let rkey = world.tids.next(now);
    let checked = Checked {
        did: world.account(did)?.did.clone(),
        collection: POST.to_owned(),
        rkey: None,
        value,
        cid,
        status: None,
    };
    let uri = format!("at://{}/{POST}/{rkey}", checked.did);
    commit(world, checked, &rkey, Act::Created, now);
    Some(uri)
}

/// Moves the repository on by one commit.
pub(super) fn advance(world: &mut World, did: &str, now: UtcMs) -> Value {
    let rev = world.tids.next(now);
    let cid = cid::of_commit(&format!("{did} {rev}"));
    if let Some(account) = world.account_mut(did) {
        account.rev.clone_from(&rev);
        account.commit.clone_from(&cid);
    }
    json!({ "cid": cid, "rev": rev })
}

fn commit(world: &mut World, checked: Checked, rkey: &str, act: Act, now: UtcMs) -> Answer {
    let Checked {
        did,
        collection,
        value,
        cid,
        status,
        ..
    } = checked;
    let made = advance(world, &did, now);
    let mut answer = json!({
        "uri": format!("at://{did}/{collection}/{rkey}"),
        "cid": cid,
        "commit": made,
    });
    if let Some(status) = status {
        answer["validationStatus"] = json!(status);
    }
    world.ledger.push(LedgerEntry {
        network: "bluesky".to_owned(),
        act,
        did: did.clone(),
        collection: collection.clone(),
        rkey: rkey.to_owned(),
        cid: cid.clone(),
        text: value["text"].as_str().unwrap_or_default().to_owned(),
        at: now,
        copies: 0,
    });
    if let Some(account) = world.account_mut(&did) {
        let key = (collection, rkey.to_owned());
        account.records.insert(key, Record { cid, value });
    }
    Answer::json(200, &answer)
}
