//! What an AppView behind the server shows: an account's feed, posts with their
//! counts, notifications.
//!
//! Shapes: <https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky>
//! (`feed/getAuthorFeed`, `feed/getPosts`, `notification/listNotifications`);
//! not observed, since no AppView ran beside the reference server.

use serde_json::{Value, json};

use super::control::ControlError;
use super::input::param;
use super::records::{POST, made_elsewhere};
use super::sessions::caller;
use super::state::{Account, Record, World};
use super::{Bluesky, errors};
use crate::sandbox::wire::{Answer, Request};

/// Most posts `getPosts` takes.
const POSTS: usize = 25;
/// Entries per page when nothing is asked for, and at most.
const PAGE: usize = 50;
const LONGEST_PAGE: usize = 100;

/// A post with whose it is.
#[derive(Clone, Copy)]
struct Seen<'w> {
    by: &'w Account,
    rkey: &'w str,
    record: &'w Record,
}

impl Seen<'_> {
    fn uri(&self) -> String {
        format!("at://{}/{POST}/{}", self.by.did, self.rkey)
    }

    fn created(&self) -> &str {
        self.record.value["createdAt"].as_str().unwrap_or_default()
    }

    fn parent(&self) -> Option<&str> {
        self.record.value["reply"]["parent"]["uri"].as_str()
    }

    fn quoted(&self) -> Option<&str> {
        self.record.value["embed"]["record"]["uri"].as_str()
    }

    fn mentions(&self, did: &str) -> bool {
        let facets = self.record.value["facets"].as_array();
        let features = facets.into_iter().flatten();
        let features = features.filter_map(|facet| facet["features"].as_array());
        features.flatten().any(|one| one["did"] == did)
    }
}

/// Every post of every account that can be seen, newest first.
fn everything(world: &World) -> Vec<Seen<'_>> {
    let active = world.accounts.values().filter(|one| one.is_active());
    let mut all: Vec<Seen<'_>> = active
        .flat_map(|by| {
            let posts = by.records.iter().filter(|((name, _), _)| name == POST);
            posts.map(move |((_, rkey), record)| Seen { by, rkey, record })
        })
        .collect();
    all.sort_by(|a, b| (b.created(), b.rkey).cmp(&(a.created(), a.rkey)));
    all
}

fn view(world: &World, post: &Seen<'_>) -> Value {
    let uri = post.uri();
    let counted = world.counted.get(&uri).copied().unwrap_or_default();
    let all = everything(world);
    let answers = all.iter().filter(|one| one.parent() == Some(&uri)).count();
    let quotes = all.iter().filter(|one| one.quoted() == Some(&uri)).count();
    json!({
        "uri": uri,
        "cid": post.record.cid,
        "author": author(post.by),
        "record": post.record.value,
        "likeCount": counted.likes,
        "repostCount": counted.reposts,
        "replyCount": answers,
        "quoteCount": quotes,
        "bookmarkCount": counted.bookmarks,
        "indexedAt": post.created(),
        "viewer": {},
        "labels": [],
    })
}

fn author(account: &Account) -> Value {
    json!({
        "did": account.did, "handle": account.handle, "displayName": account.display_name,
        "viewer": {}, "labels": [],
    })
}

fn limit(req: &Request) -> Result<usize, Answer> {
    match req.query("limit").map(str::parse::<usize>) {
        None => Ok(PAGE),
        Some(Ok(limit @ 1..=LONGEST_PAGE)) => Ok(limit),
        Some(_) => Err(errors::invalid("Invalid limit at $.limit")),
    }
}

/// A page that begins behind the cursor, which is the number of what was shown.
fn page(req: &Request, name: &str, all: &[Value]) -> Result<Answer, Answer> {
    let limit = limit(req)?;
    let from: usize = req.query("cursor").map_or(Ok(0), str::parse).unwrap_or(0);
    let rest = all.get(from..).unwrap_or_default();
    let shown = &rest[..rest.len().min(limit)];
    let mut body = json!({ name: shown });
    if rest.len() > shown.len() {
        body["cursor"] = json!((from + shown.len()).to_string());
    }
    Ok(Answer::json(200, &body))
}

pub(super) fn author_feed(world: &World, req: &Request) -> Result<Answer, Answer> {
    let account = world
        .account(param(req, "actor")?)
        .filter(|account| account.is_active())
        .ok_or_else(|| errors::invalid("Profile not found"))?;
    let no_replies = match req.query("filter") {
        None | Some("posts_with_replies") => false,
        Some("posts_no_replies") => true,
        // The other filters of the lexicon are not simulated.
        Some(_) => return Err(errors::upstream()),
    };
    let all = everything(world);
    let mut feed: Vec<Value> = Vec::new();
    for post in &all {
        let uri = post.uri();
        let reposted = |(did, what): &(String, String)| *did == account.did && *what == uri;
        if world.reposted.iter().any(reposted) {
            let reason = json!({
                "$type": "app.bsky.feed.defs#reasonRepost", "by": author(account),
                "indexedAt": post.created(),
            });
            feed.push(json!({ "post": view(world, post), "reason": reason }));
        }
        if post.by.did == account.did && !(no_replies && post.parent().is_some()) {
            feed.push(json!({ "post": view(world, post) }));
        }
    }
    page(req, "feed", &feed)
}

pub(super) fn posts(world: &World, req: &Request) -> Result<Answer, Answer> {
    let wanted: Vec<&str> = req
        .query
        .iter()
        .filter(|(name, _)| name == "uris")
        .map(|(_, uri)| uri.as_str())
        .collect();
    if wanted.is_empty() {
        return Err(errors::invalid("Params must have the property \"uris\""));
    }
    if wanted.len() > POSTS {
        return Err(errors::invalid("uris must not have more than 25 elements"));
    }
    let all = everything(world);
    let found = all.iter().filter(|one| wanted.contains(&&*one.uri()));
    let found: Vec<Value> = found.map(|one| view(world, one)).collect();
    Ok(Answer::json(200, &json!({ "posts": found })))
}

pub(super) fn notifications(world: &World, req: &Request) -> Result<Answer, Answer> {
    let me = caller(world, req)?.did;
    let reasons: Vec<&str> = req
        .query
        .iter()
        .filter(|(name, _)| name == "reasons")
        .map(|(_, reason)| reason.as_str())
        .collect();
    let mine = |uri: Option<&str>| {
        let at = format!("at://{me}/");
        uri.filter(|uri| uri.starts_with(&at)).map(str::to_owned)
    };
    let mut all = Vec::new();
    for post in everything(world).iter().filter(|one| one.by.did != me) {
        let (reason, subject) = if let Some(parent) = mine(post.parent()) {
            ("reply", Some(parent))
        } else if let Some(quoted) = mine(post.quoted()) {
            ("quote", Some(quoted))
        } else if post.mentions(&me) {
            ("mention", None)
        } else {
            continue;
        };
        if !reasons.is_empty() && !reasons.contains(&reason) {
            continue;
        }
        let mut one = json!({
            "uri": post.uri(), "cid": post.record.cid, "author": author(post.by), "reason": reason,
            "record": post.record.value, "isRead": false, "indexedAt": post.created(),
        });
        if let Some(subject) = subject {
            one["reasonSubject"] = json!(subject);
        }
        all.push(one);
    }
    page(req, "notifications", &all)
}

type Done<T = ()> = Result<T, ControlError>;

/// What others do on the network.
impl Bluesky {
    /// So many people more like a post, named by its address.
    ///
    /// # Errors
    /// When there is no such post.
    pub fn like(&self, post: &str, by: u64) -> Done {
        self.cid_of(post)?;
        let mut world = self.world();
        let counted = world.counted.entry(post.to_owned()).or_default();
        counted.likes = counted.likes.saturating_add(by);
        Ok(())
    }

    /// An account shows a post to its followers.
    ///
    /// # Errors
    /// When account or post is not there.
    pub fn repost(&self, account: &str, post: &str) -> Done {
        self.cid_of(post)?;
        let did = self.did(account)?;
        let mut world = self.world();
        world.counted.entry(post.to_owned()).or_default().reposts += 1;
        world.reposted.push((did, post.to_owned()));
        Ok(())
    }

    /// An account answers a post; gives the answer's address.
    ///
    /// # Errors
    /// When account or post is not there.
    pub fn reply(&self, account: &str, post: &str, text: &str) -> Done<String> {
        let cid = self.cid_of(post)?;
        let parent = json!({ "uri": post, "cid": cid });
        self.post_as(
            account,
            text,
            "reply",
            json!({ "root": parent, "parent": parent }),
        )
    }

    /// An account names another one; gives the post's address.
    ///
    /// # Errors
    /// When one of the accounts is not there.
    pub fn mention(&self, account: &str, whom: &str, text: &str) -> Done<String> {
        let feature = json!({ "$type": "app.bsky.richtext.facet#mention", "did": self.did(whom)? });
        let facet = json!({ "index": { "byteStart": 0, "byteEnd": 1 }, "features": [feature] });
        self.post_as(account, text, "facets", json!([facet]))
    }

    /// An account quotes a post; gives the address of its own.
    ///
    /// # Errors
    /// When account or post is not there.
    pub fn quote(&self, account: &str, post: &str, text: &str) -> Done<String> {
        let record = json!({ "uri": post, "cid": self.cid_of(post)? });
        let embed = json!({ "$type": "app.bsky.embed.record", "record": record });
        self.post_as(account, text, "embed", embed)
    }

    fn post_as(&self, account: &str, text: &str, key: &str, what: Value) -> Done<String> {
        let (did, now) = (self.did(account)?, self.now());
        let mut value = json!({ "$type": POST, "text": text, "createdAt": now.to_string() });
        value[key] = what;
        let made = made_elsewhere(&mut self.world(), &did, value, now);
        made.ok_or_else(|| ControlError::NoAccount(account.to_owned()))
    }

    /// The identifier of the post at an address.
    fn cid_of(&self, post: &str) -> Done<String> {
        let world = self.world();
        let found = everything(&world).into_iter().find(|one| one.uri() == post);
        found
            .map(|one| one.record.cid.clone())
            .ok_or_else(|| ControlError::NoPost(post.to_owned()))
    }
}
