//! Apps, and how one is registered.

use serde_json::{Value, json};
use url::Url;

use super::{known_scopes, redirects, words};
use crate::sandbox::mastodon::state::World;
use crate::sandbox::mastodon::{Done, Refused, no};
use crate::sandbox::params::Params;
use crate::sandbox::wire::Request;

/// A registered app.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub name: String,
    pub secret: String,
    pub redirects: Vec<String>,
    pub scopes: Vec<String>,
}

/// Source: <https://docs.joinmastodon.org/methods/apps/#create> and
/// <https://github.com/mastodon/mastodon/blob/main/app/lib/application_extension.rb>
pub(in crate::sandbox::mastodon) fn register(world: &mut World, req: &Request) -> Done {
    let params = Params::of(req).ok_or_else(|| no(400, "Bad Request"))?;
    let old = world.settings.before_4_3;
    let name = params.text("client_name").unwrap_or_default();
    let website = params.text("website").filter(|site| !site.is_empty());
    let redirects = redirects_of(&params, old);
    let scopes = params.text("scopes").unwrap_or_else(|| "read".to_owned());
    let scopes = words(&scopes);
    let mut flaws: Vec<String> = Vec::new();
    if name.trim().is_empty() {
        flaws.push("Application name can't be blank".to_owned());
    }
    if name.chars().count() > 60 {
        flaws.push("Application name is too long (maximum is 60 characters)".to_owned());
    }
    if redirects.is_empty() {
        flaws.push("Redirect URI can't be blank".to_owned());
    }
    if redirects.join("\n").chars().count() > 2000 {
        flaws.push("Redirect URI is too long (maximum is 2000 characters)".to_owned());
    }
    let bad = redirects.iter().filter_map(|one| redirects::flaw(one));
    flaws.extend(bad.map(|flaw| format!("Redirect URI {flaw}")));
    let known: Vec<&str> = known_scopes(&world.settings).collect();
    if !scopes.iter().all(|scope| known.contains(&scope.as_str())) {
        flaws.push("Scopes doesn't match those configured on the server.".to_owned());
    }
    if website.as_deref().is_some_and(|site| !is_page(site)) {
        flaws.push("Application website is invalid".to_owned());
    }
    if !flaws.is_empty() {
        return Err(invalid(&flaws));
    }
    let (id, client_id, secret) = (world.id(), world.secret(), world.secret());
    let mut body = json!({
        "id": id, "name": name, "website": website, "scopes": scopes,
        "redirect_uri": redirects.join("\n"),
        "client_id": client_id, "client_secret": secret,
    });
    if !old {
        body["redirect_uris"] = json!(redirects);
        // Never ends.
        body["client_secret_expires_at"] = json!(0);
    }
    let app = App {
        name,
        secret,
        redirects,
        scopes,
    };
    world.oauth.apps.insert(client_id, app);
    Ok((200, body))
}

/// One per line, or a list; a list is read since 4.3 only.
fn redirects_of(params: &Params, old: bool) -> Vec<String> {
    let list = params.json("redirect_uris").filter(Value::is_array);
    let mut listed = params.all("redirect_uris[]");
    if let Some(list) = &list {
        let texts = list.as_array().into_iter().flatten();
        listed.extend(texts.filter_map(|one| Some(one.as_str()?.to_owned())));
    }
    if list.is_none() && listed.is_empty() {
        return words(&params.text("redirect_uris").unwrap_or_default());
    }
    if old {
        return Vec::new();
    }
    listed.iter().flat_map(|one| words(one)).collect()
}

fn is_page(website: &str) -> bool {
    Url::parse(website).is_ok_and(|url| ["http", "https"].contains(&url.scheme()))
}

fn invalid(flaws: &[String]) -> Refused {
    no(422, &format!("Validation failed: {}", flaws.join(", ")))
}
