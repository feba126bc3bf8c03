//! A real browser, driven through pages as a person would, by the WebDriver
//! protocol.
//!
//! Source: <https://www.w3.org/TR/webdriver2/>

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::common::{PATIENCE, eventually, eventually_some, http, runtime};

/// What an element is called in answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A headless Chromium with one window.
pub struct Chromium {
    driver: Child,
    session: String,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// A fresh one, with a profile of its own.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// One on a machine where nothing answers at this port of 127.0.0.1.
    pub fn elsewhere(port: u16) -> Self {
        let dead = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            free.local_addr().expect("an address").port()
        };
        let rule = format!("--host-resolver-rules=MAP 127.0.0.1:{port} 127.0.0.1:{dead}");
        Self::with(&[&rule])
    }

    fn with(more: &[&str]) -> Self {
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            free.local_addr().expect("an address").port()
        };
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver; Debian: apt-get install chromium chromium-driver");
        let base = format!("http://127.0.0.1:{port}");
        eventually("the driver is ready", PATIENCE, || {
            call("GET", &format!("{base}/status"), None).is_ok_and(|said| said["ready"] == true)
        });
        let profile = tempfile::tempdir().expect("a profile");
        let directory = format!("--user-data-dir={}", profile.path().display());
        let mut words = vec![
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            "--disable-background-networking",
            &directory,
        ];
        words.extend(more);
        let options = json!({ "capabilities": {
            "alwaysMatch": { "goog:chromeOptions": { "args": words } }
        } });
        let made = call("POST", &format!("{base}/session"), Some(options)).expect("a session");
        let id = made["sessionId"].as_str().expect("its id");
        Self {
            driver,
            session: format!("{base}/session/{id}"),
            _profile: profile,
        }
    }

    /// Opens an address. That it cannot be reached is no error: people see a
    /// page that says so.
    pub fn open(&self, url: &str) {
        let _ = self.ask("POST", "/url", Some(json!({ "url": url })));
    }

    /// The address shown.
    pub fn address(&self) -> String {
        let said = self.ask("GET", "/url", None).expect("an address");
        said.as_str().expect("text").to_owned()
    }

    /// The words of the page.
    pub fn text(&self) -> String {
        let Some(body) = self.find("body") else {
            return String::new();
        };
        let said = self.ask("GET", &format!("/element/{body}/text"), None);
        said.ok()
            .and_then(|said| said.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// What a field holds.
    pub fn value(&self, selector: &str) -> String {
        let element = self.wait(selector);
        let said = self.ask("GET", &format!("/element/{element}/property/value"), None);
        said.ok()
            .and_then(|said| said.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Waits for an element and clicks it.
    pub fn click(&self, selector: &str) {
        let element = self.wait(selector);
        self.ask(
            "POST",
            &format!("/element/{element}/click"),
            Some(json!({})),
        )
        .unwrap_or_else(|error| panic!("{selector} cannot be clicked: {error}"));
    }

    /// Waits for a field and types into it.
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.wait(selector);
        let keys = Some(json!({ "text": text }));
        self.ask("POST", &format!("/element/{element}/value"), keys)
            .unwrap_or_else(|error| panic!("nothing can be typed into {selector}: {error}"));
    }

    /// Waits until the address begins like this.
    pub fn wait_for_address(&self, start: &str) {
        eventually(
            &format!("an address that begins with {start}"),
            PATIENCE,
            || self.address().starts_with(start),
        );
    }

    fn wait(&self, selector: &str) -> String {
        eventually_some(selector, PATIENCE, || self.find(selector))
    }

    fn find(&self, selector: &str) -> Option<String> {
        let using = json!({ "using": "css selector", "value": selector });
        let found = self.ask("POST", "/element", Some(using)).ok()?;
        Some(found[ELEMENT].as_str()?.to_owned())
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        call(method, &format!("{}{path}", self.session), body)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.ask("DELETE", "", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn call(method: &str, url: &str, body: Option<Value>) -> Result<Value, String> {
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = http().request(method, url);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let asked = async { request.send().await?.bytes().await };
    let bytes = runtime()
        .block_on(asked)
        .map_err(|error| error.to_string())?;
    let said: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    match said["value"]["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(said["value"].clone()),
    }
}
