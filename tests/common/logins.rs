//! A login on a network's own page, driven from the command line, with
//! somebody at a browser.

use serde_json::Value;
use url::Url;

use super::process::{Outcome, Run, Running};
use super::program::Desk;
use super::{PATIENCE, eventually_some, http, runtime};

/// `channel connect` or `channel reconnect` that waits for its answer.
pub struct Waiting {
    pub running: Running,
    /// What the operator opens.
    pub link: String,
}

impl Desk {
    /// Starts a login; `words` follow `channel`.
    pub fn log_in(&self, words: &[&str]) -> Waiting {
        let all = ["channel"].iter().chain(words).chain(&["--json"]);
        Waiting::of(self.home.allgreen(all))
    }
}

impl Waiting {
    /// Waits until the link is there.
    pub fn of(run: Run) -> Self {
        let running = run.typed().spawn();
        let link = eventually_some("the link of the login", PATIENCE, || {
            let said = running.stderr();
            let line = said.lines().find(|line| line.starts_with("authorize: "))?;
            said.contains(&format!("{line}\n"))
                .then(|| line["authorize: ".len()..].to_owned())
        });
        Self { running, link }
    }

    /// Where the browser is to come back to.
    pub fn redirect(&self) -> Url {
        let link = Url::parse(&self.link).unwrap();
        let (_, redirect) = link
            .query_pairs()
            .find(|(name, _)| name == "redirect_uri")
            .expect("a redirect");
        Url::parse(&redirect).unwrap()
    }

    /// The secret word of the login.
    pub fn state(&self) -> String {
        let link = Url::parse(&self.link).unwrap();
        let state = link.query_pairs().find(|(name, _)| name == "state");
        state.expect("a secret word").1.into_owned()
    }

    /// The end: what was connected.
    pub fn connected(self) -> Value {
        self.running.wait(PATIENCE).ok().json()
    }

    /// The end: what was refused.
    pub fn refused(self, code: &str) -> (Outcome, Value) {
        let outcome = self.running.wait(PATIENCE).expect_code(1);
        let error = outcome.stderr.lines().find_map(|line| {
            let value: Value = serde_json::from_str(line).ok()?;
            value.get("error").is_some().then_some(value)
        });
        let error = error.unwrap_or_else(|| panic!("no error in {}", outcome.stderr));
        assert_eq!(error["error"]["code"], code, "{error:#}");
        (outcome, error["error"].clone())
    }
}

/// A browser opens an address; status and page.
pub fn browse(url: &str) -> (u16, String) {
    let opened = async {
        let answer = http().get(url).send().await?;
        let status = answer.status().as_u16();
        Ok::<_, reqwest::Error>((status, answer.text().await?))
    };
    runtime().block_on(opened).expect("a page")
}
