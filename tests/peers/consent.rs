//! Somebody at the consent pages of the reference AT Protocol server. They are
//! made by scripts, so their calls are made here as the scripts make them.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use url::Url;

use crate::common::{http, runtime};

/// A browser before those pages.
#[derive(Default)]
struct Pages {
    cookies: BTreeMap<String, String>,
}

/// Opens the link, signs in, and allows the program or rejects it. Gives the
/// address the browser is sent to then.
pub fn answer(link: &str, handle: &str, password: &str, allow: bool) -> String {
    let mut pages = Pages::default();
    let page = Url::parse(link).expect("a link");
    let (status, _, text) = pages.open(&page, "cross-site", link);
    assert_eq!(status, 200, "{text}");
    let done = if allow {
        let who =
            json!({ "locale": "en", "username": handle, "password": password, "remember": false });
        let signed = pages.call(&page, "sign-in", who, None);
        let token = signed["ephemeralToken"].as_str().map(str::to_owned);
        let did = json!({ "did": account(&signed) });
        pages.call(&page, "consent", did, token.as_deref())
    } else {
        pages.call(&page, "reject", json!({}), None)
    };
    let url = done["url"]
        .as_str()
        .unwrap_or_else(|| panic!("no way back in {done}"));
    let back = page.join(url).expect("an address");
    let (status, location, text) = pages.open(&back, "same-origin", link);
    location.unwrap_or_else(|| panic!("HTTP {status}: {text}"))
}

fn account(signed: &Value) -> &str {
    let account = &signed["account"];
    let did = account["did"].as_str().or(account["sub"].as_str());
    did.unwrap_or_else(|| panic!("no account in {signed}"))
}

impl Pages {
    fn open(&mut self, url: &Url, site: &str, from: &str) -> (u16, Option<String>, String) {
        let request = http()
            .get(url.clone())
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-site", site)
            .header("accept-language", "en")
            .header("referer", from);
        self.send(request)
    }

    fn call(&mut self, page: &Url, name: &str, body: Value, bearer: Option<&str>) -> Value {
        let origin = page.origin().ascii_serialization();
        let url = format!("{origin}/@atproto/oauth-provider/~api/{name}");
        let csrf = self.cookies.get("csrf-token").cloned().unwrap_or_default();
        let mut request = http()
            .post(url)
            .header("content-type", "application/json")
            .header("sec-fetch-mode", "same-origin")
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-dest", "empty")
            .header("origin", origin)
            .header("referer", page.as_str())
            .header("x-csrf-token", csrf)
            .body(body.to_string());
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let (status, _, text) = self.send(request);
        assert!(status < 300, "{name}: HTTP {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    fn send(&mut self, request: reqwest::RequestBuilder) -> (u16, Option<String>, String) {
        let pairs = self.cookies.iter();
        let cookies: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let asked = async {
            let answer = request.header(COOKIE, cookies.join("; ")).send().await?;
            let kept: Vec<String> = answer
                .headers()
                .get_all(SET_COOKIE)
                .iter()
                .filter_map(|cookie| cookie.to_str().ok().map(str::to_owned))
                .collect();
            let location = answer.headers().get(LOCATION);
            let location = location.and_then(|to| to.to_str().ok()).map(str::to_owned);
            let status = answer.status().as_u16();
            Ok::<_, reqwest::Error>((status, location, answer.text().await?, kept))
        };
        let (status, location, text, kept) = runtime().block_on(asked).expect("an answer");
        for cookie in kept {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        (status, location, text)
    }
}
