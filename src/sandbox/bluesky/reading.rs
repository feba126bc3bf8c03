//! `getRecord` and `listRecords`: public, without a session.

use serde_json::{Value, json};

use super::errors;
use super::input::param;
use super::state::{Account, World};
use crate::sandbox::wire::{Answer, Request};

/// Records per page when nothing is asked for, and at most.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 100;

pub(super) fn get(world: &World, req: &Request) -> Result<Answer, Answer> {
    let repo = param(req, "repo")?;
    let collection = param(req, "collection")?;
    let rkey = param(req, "rkey")?;
    // What is not in an active repository of this server is asked of the
    // AppView (source: the reference server; not observed).
    let account = active(world, repo).ok_or_else(errors::upstream)?;
    let uri = format!("at://{}/{collection}/{rkey}", account.did);
    let found = account
        .records
        .get(&(collection.to_owned(), rkey.to_owned()))
        .filter(|record| req.query("cid").is_none_or(|cid| cid == record.cid));
    let Some(found) = found else {
        let text = format!("Could not locate record: {uri}");
        return Err(errors::error(400, "RecordNotFound", &text));
    };
    Ok(Answer::json(
        200,
        &json!({ "uri": uri, "cid": found.cid, "value": found.value }),
    ))
}

pub(super) fn list(world: &World, req: &Request) -> Result<Answer, Answer> {
    let repo = param(req, "repo")?;
    let collection = param(req, "collection")?;
    let limit = match req.query("limit").map(str::parse::<usize>) {
        None => PAGE,
        Some(Ok(limit @ 1..=LONGEST_PAGE)) => limit,
        Some(_) => return Err(errors::invalid("Invalid limit at $.limit")),
    };
    let reverse = req.query("reverse") == Some("true");
    let account = active(world, repo)
        .ok_or_else(|| errors::invalid(format!("Could not find repo: {repo}")))?;
    // Newest first; `reverse` turns it round. The cursor is the last key.
    let mut rows: Vec<(&str, &super::state::Record)> = account
        .records
        .iter()
        .filter(|((name, _), _)| name == collection)
        .map(|((_, rkey), record)| (rkey.as_str(), record))
        .collect();
    if !reverse {
        rows.reverse();
    }
    if let Some(cursor) = req.query("cursor") {
        rows.retain(|(rkey, _)| {
            if reverse {
                *rkey > cursor
            } else {
                *rkey < cursor
            }
        });
    }
    rows.truncate(limit);
    let records: Vec<Value> = rows
        .iter()
        .map(|(rkey, record)| {
            json!({
                "uri": format!("at://{}/{collection}/{rkey}", account.did),
                "cid": record.cid,
                "value": record.value,
            })
        })
        .collect();
    let mut body = json!({ "records": records });
    if let Some((rkey, _)) = rows.last() {
        body["cursor"] = json!(rkey);
    }
    Ok(Answer::json(200, &body))
}

fn active<'a>(world: &'a World, who: &str) -> Option<&'a Account> {
    world.account(who).filter(|account| account.is_active())
}
