//! What is read of statuses and who mentioned whom, and what others do.
//!
//! Sources: <https://docs.joinmastodon.org/methods/statuses/#index>,
//! <https://docs.joinmastodon.org/methods/notifications/#get> and
//! <https://docs.joinmastodon.org/entities/Status/>.

use serde_json::{Value, json};

use super::control::ControlError;
use super::state::{Account, Status, World};
use super::{Asked, Done, Mastodon, no};

/// Statuses of one bulk read; more are refused (not observed).
const BULK: usize = 20;
/// Notifications when nothing is asked for, and at most.
const PAGE: usize = 40;
const LONGEST_PAGE: usize = 80;

/// What people did, behind the same lock as the rest.
#[derive(Debug, Default)]
pub(super) struct Social {
    /// Likes per status.
    pub favourites: std::collections::BTreeMap<String, u64>,
    /// Boosts per status.
    pub reblogs: std::collections::BTreeMap<String, u64>,
    /// Account, status that mentions it, and the notification's id.
    pub mentions: Vec<(String, String, String)>,
    /// The HTML other servers sent for statuses, where it is not ours.
    pub html: std::collections::BTreeMap<String, String>,
}

impl Social {
    /// The counts of a status, for its JSON.
    pub fn counts(&self, world: &World, status: &Status) -> [(&'static str, Value); 3] {
        let of = |map: &std::collections::BTreeMap<String, u64>| map.get(&status.id).copied();
        let answers = world
            .statuses
            .iter()
            .filter(|one| one.in_reply_to.as_ref() == Some(&status.id));
        [
            (
                "favourites_count",
                json!(of(&self.favourites).unwrap_or_default()),
            ),
            (
                "reblogs_count",
                json!(of(&self.reblogs).unwrap_or_default()),
            ),
            ("replies_count", json!(answers.count())),
        ]
    }

    /// The text of a status as HTML: paragraphs, line breaks, links, and
    /// everything else escaped.
    pub fn content(&self, status: &Status) -> String {
        if let Some(html) = self.html.get(&status.id) {
            return html.clone();
        }
        let escaped = status
            .text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        let words: Vec<String> = escaped.split(' ').map(link).collect();
        let paragraphs: Vec<String> = words
            .join(" ")
            .split("\n\n")
            .map(|one| format!("<p>{}</p>", one.replace('\n', "<br />")))
            .collect();
        paragraphs.concat()
    }
}

/// An address as the server shows it: the scheme and what is too long are there
/// for those who copy only.
fn link(word: &str) -> String {
    let Some(rest) = word.strip_prefix("https://") else {
        return word.to_owned();
    };
    let cut = rest.char_indices().nth(30).map_or(rest.len(), |(at, _)| at);
    let (shown, hidden) = rest.split_at(cut);
    let class = if hidden.is_empty() { "" } else { "ellipsis" };
    format!(
        "<a href=\"{word}\" rel=\"nofollow noopener noreferrer\" target=\"_blank\"><span class=\"invisible\">https://</span><span class=\"{class}\">{shown}</span><span class=\"invisible\">{hidden}</span></a>"
    )
}

fn visible(world: &World, status: &Status, to: &str) -> bool {
    let mentioned = |(whom, id, _): &(String, String, String)| whom == to && *id == status.id;
    status.account == to
        || matches!(&*status.visibility, "public" | "unlisted")
        || world.social.mentions.iter().any(mentioned)
}

/// `GET /api/v1/statuses?id[]=`: those that are there, in the order asked for.
pub(super) fn bulk(world: &World, asked: &Asked<'_>) -> Done {
    if world.settings.before_4_3 {
        return Err(no(404, "Not Found"));
    }
    let ids = asked.params.all("id[]");
    if ids.len() > BULK {
        return Err(no(422, "Too many statuses were asked for"));
    }
    let find = |id: &String| world.statuses.iter().find(|status| status.id == *id);
    let found = ids.iter().filter_map(find);
    let found = found.filter(|status| visible(world, status, &asked.account));
    let found: Vec<Value> = found.map(|status| world.json_of(status)).collect();
    Ok((200, json!(found)))
}

/// `GET /api/v1/notifications`, newest first; only mentions are simulated.
pub(super) fn notifications(world: &World, asked: &Asked<'_>) -> Done {
    let limit = match asked.req.query("limit").map(str::parse::<usize>) {
        Some(Ok(limit)) => limit.min(LONGEST_PAGE),
        _ => PAGE,
    };
    let types = asked.params.all("types[]");
    let wanted = types.is_empty() || types.iter().any(|one| one == "mention");
    let since: u64 = asked
        .req
        .query("since_id")
        .map_or(0, |id| id.parse().unwrap_or(0));
    let listed = world
        .social
        .mentions
        .iter()
        .rev()
        .filter(|(whom, _, id)| wanted && *whom == asked.account && id.parse().unwrap_or(0) > since)
        .filter_map(|(_, status, id)| {
            let status = world.statuses.iter().find(|one| one.id == *status)?;
            let by = world.accounts.get(&status.account)?;
            Some(json!({
                "id": id, "type": "mention", "created_at": status.at.to_string(),
                "account": { "id": status.account, "acct": by.name, "username": by.name },
                "status": world.json_of(status),
            }))
        })
        .take(limit);
    let listed: Vec<Value> = listed.collect();
    Ok((200, json!(listed)))
}

/// What others do on the network.
impl Mastodon {
    /// So many people more like a status.
    ///
    /// # Errors
    /// When there is no such status.
    pub fn favourite(&self, status: &str, by: u64) -> Result<(), ControlError> {
        self.known(status)?;
        *self
            .world()
            .social
            .favourites
            .entry(status.to_owned())
            .or_default() += by;
        Ok(())
    }

    /// So many people more show a status to their followers.
    ///
    /// # Errors
    /// When there is no such status.
    pub fn reblog(&self, status: &str, by: u64) -> Result<(), ControlError> {
        self.known(status)?;
        *self
            .world()
            .social
            .reblogs
            .entry(status.to_owned())
            .or_default() += by;
        Ok(())
    }

    /// Somebody of another server (`bob@elsewhere.example`) mentions an
    /// account, perhaps in answer to a status, with whatever HTML their server
    /// sends; gives the status's id.
    ///
    /// # Errors
    /// When account or status is not there.
    pub fn mention(
        &self,
        by: &str,
        account: &str,
        answers: Option<&str>,
        html: &str,
        visibility: &str,
    ) -> Result<String, ControlError> {
        let whom = self.id_of(account)?;
        if let Some(status) = answers {
            self.known(status)?;
        }
        let mut world = self.world();
        let found = world.accounts.iter().find(|(_, one)| one.name == by);
        let author = match found.map(|(id, _)| id.clone()) {
            Some(id) => id,
            None => {
                let id = world.id();
                let somebody = Account {
                    name: by.to_owned(),
                    ..Account::default()
                };
                world.accounts.insert(id.clone(), somebody);
                id
            }
        };
        let status = Status {
            id: world.id(),
            account: author,
            text: html.to_owned(),
            spoiler_text: String::new(),
            visibility: visibility.to_owned(),
            language: None,
            media: Vec::new(),
            in_reply_to: answers.map(str::to_owned),
            at: self.0.clock.now(),
        };
        let id = status.id.clone();
        let notification = world.id();
        world.social.html.insert(id.clone(), html.to_owned());
        world.statuses.push(status);
        world.social.mentions.push((whom, id.clone(), notification));
        Ok(id)
    }

    fn known(&self, status: &str) -> Result<(), ControlError> {
        let world = self.world();
        let there = world.statuses.iter().any(|one| one.id == status);
        let missing = || ControlError::NoStatus(status.to_owned());
        there.then_some(()).ok_or_else(missing)
    }
}
