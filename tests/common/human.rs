//! Somebody with a browser who is asked whether an app may use an account. Reads
//! the pages as they come and knows nothing of the server behind them.
//!
//! Unlike the rest of these helpers it does not block: a plain test runs it on
//! the runtime of the helpers.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use url::Url;

/// What is answered to the question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Yes, to all of it.
    Allow,
    /// No.
    Deny,
    /// Yes, but not to these scopes.
    Untick(Vec<&'static str>),
}

/// A page that leads nowhere: its status and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadEnd {
    pub status: u16,
    pub text: String,
}

/// A browser, and who sits before it.
#[derive(Debug, Default)]
pub struct Human {
    cookies: BTreeMap<String, String>,
    /// Typed where a page asks for one.
    password: String,
}

/// What a request led to.
struct Page {
    url: Url,
    status: u16,
    html: String,
}

/// Opens a link in a fresh browser, as [`Human::consent`].
///
/// # Errors
/// The page it ended on, when that leads nowhere.
pub async fn consent(link: &str, account: &str, answer: Answer) -> Result<Url, DeadEnd> {
    Human::default().consent(link, account, answer).await
}

impl Human {
    /// Somebody who knows the password of the account.
    pub fn knowing(password: &str) -> Self {
        Self {
            password: password.to_owned(),
            ..Self::default()
        }
    }

    /// Opens a link, signs in as `account` when asked to, and answers. Gives where
    /// the browser is sent then: an address of the app, which is not opened, or
    /// that of the page with the code.
    ///
    /// # Errors
    /// The page it ended on, when that leads nowhere.
    ///
    /// # Panics
    /// When a page does not offer what is to be chosen there.
    pub async fn consent(
        &mut self,
        link: &str,
        account: &str,
        answer: Answer,
    ) -> Result<Url, DeadEnd> {
        let home = Url::parse(link).expect("a link").origin();
        let mut next = Step::Open(Url::parse(link).expect("a link"));
        for _ in 0..12 {
            let page = match next {
                Step::Open(url) if url.origin() != home => return Ok(url),
                Step::Open(url) => self.open(url).await,
                Step::Send(url, fields) => self.send(url, &fields).await,
            };
            next = match page {
                Left::For(url) => Step::Open(url),
                Left::Stays(page) => match look(&page, account, &self.password, &answer) {
                    Some(step) => step,
                    None if page.status == 200 => return Ok(page.url),
                    None => {
                        return Err(DeadEnd {
                            status: page.status,
                            text: text(&page.html),
                        });
                    }
                },
            };
        }
        panic!("the pages of {link} go round in a circle");
    }

    /// Types a device code on the page for it, and allows it or not. Gives what
    /// the last page says.
    ///
    /// # Panics
    /// When the pages ask for something else.
    pub async fn type_code(&mut self, page: &str, code: &str, allow: bool) -> String {
        let mut next = Step::Open(Url::parse(page).expect("a page"));
        let mut answered = false;
        for _ in 0..20 {
            let left = match next {
                Step::Open(url) => self.open(url).await,
                Step::Send(url, fields) => self.send(url, &fields).await,
            };
            next = match left {
                Left::For(url) => Step::Open(url),
                Left::Stays(page) => {
                    let forms = forms(&page.html);
                    let question = forms.iter().find(|form| form.asks("xsrf"));
                    let Some(form) = question.filter(|_| !answered) else {
                        return text(&page.html);
                    };
                    let mut fields = form.fields(&[]);
                    fields.retain(|(name, _)| name == "xsrf");
                    fields.push(("user_code".to_owned(), code.to_owned()));
                    if !form.asks_for_typing("user_code") {
                        let answer = if allow { "confirm" } else { "abort" };
                        fields.push((answer.to_owned(), "yes".to_owned()));
                        answered = true;
                    }
                    Step::Send(form.action(&page), fields)
                }
            };
        }
        panic!("the pages of {page} go round in a circle");
    }

    async fn open(&mut self, url: Url) -> Left {
        let asked = super::http().get(url.clone());
        self.done(url, asked).await
    }

    async fn send(&mut self, url: Url, fields: &[(String, String)]) -> Left {
        let asked = super::http().post(url.clone()).form(fields);
        self.done(url, asked).await
    }

    async fn done(&mut self, url: Url, asked: reqwest::RequestBuilder) -> Left {
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = asked.header(COOKIE, cookies.join("; ")).send().await;
        let answer = answer.expect("an answer of the server");
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie in letters");
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            self.cookies.insert(name.trim().into(), value.trim().into());
        }
        if let Some(to) = answer.headers().get(LOCATION) {
            let to = to.to_str().expect("an address in letters");
            return Left::For(url.join(to).expect("an address to go to"));
        }
        Left::Stays(Page {
            url,
            status: answer.status().as_u16(),
            html: answer.text().await.expect("a page"),
        })
    }
}

enum Step {
    Open(Url),
    Send(Url, Vec<(String, String)>),
}

enum Left {
    For(Url),
    Stays(Page),
}

/// What somebody does with a page; nothing, when it asks nothing.
fn look(page: &Page, account: &str, password: &str, answer: &Answer) -> Option<Step> {
    let forms = forms(&page.html);
    let name = format!("@{account}");
    if let Some(form) = forms.iter().find(|form| form.has_button("Log in")) {
        let mut fields = form.fields(&[]);
        let option = form.tags("option");
        let option = option.iter().find(|(_, label)| *label == name);
        let (option, _) = option.unwrap_or_else(|| panic!("no account {name} to sign in with"));
        let select = form.tags("select");
        let select = attribute(&select[0].0, "name").expect("the choice has a name");
        let value = attribute(option, "value").unwrap_or_else(|| name.clone());
        fields.push((select, value));
        return Some(Step::Send(form.action(page), fields));
    }
    if let Some(form) = forms.iter().find(|form| form.has_button("Sign in")) {
        // Nobody types the same again where it was just refused.
        if page.status != 200 {
            return None;
        }
        let mut fields = form.fields(&[]);
        let typed = [("username", account), ("password", password)];
        for (name, value) in typed {
            assert!(form.asks(name), "no field for the {name}");
            fields.retain(|(one, _)| one != name);
            fields.push((name.to_owned(), value.to_owned()));
        }
        return Some(Step::Send(form.action(page), fields));
    }
    let allow = forms.iter().find(|form| form.has_button("Authorize"))?;
    if !text(&page.html).split_whitespace().any(|word| word == name) {
        let links = tags(&page.html, "a");
        let other = links
            .iter()
            .find(|(_, label)| label.contains("another account"));
        let (other, _) = other.expect("a way to another account");
        let to = attribute(other, "href").expect("a link leads somewhere");
        return Some(Step::Open(page.url.join(&to).expect("an address")));
    }
    let (form, without) = match answer {
        Answer::Allow => (allow, Vec::new()),
        Answer::Deny => {
            let deny = forms.iter().find(|form| form.has_button("Deny"));
            (deny.expect("a way to say no"), Vec::new())
        }
        Answer::Untick(scopes) => (allow, scopes.clone()),
    };
    for scope in &without {
        let boxes = form.tags("input");
        let there = boxes
            .iter()
            .any(|(tag, _)| is_box(tag) && attribute(tag, "value").as_deref() == Some(*scope));
        assert!(there, "no box for {scope} to untick");
    }
    Some(Step::Send(form.action(page), form.fields(&without)))
}

/// A form: its tag, and what is in it.
struct Form<'h> {
    tag: &'h str,
    inside: &'h str,
}

impl Form<'_> {
    fn tags(&self, name: &str) -> Vec<(String, String)> {
        tags(self.inside, name)
    }

    fn has_button(&self, label: &str) -> bool {
        self.tags("button").iter().any(|(_, on)| on == label)
    }

    fn asks(&self, name: &str) -> bool {
        let inputs = self.tags("input");
        inputs
            .iter()
            .any(|(tag, _)| attribute(tag, "name").as_deref() == Some(name))
    }

    fn asks_for_typing(&self, name: &str) -> bool {
        let inputs = self.tags("input");
        inputs.iter().any(|(tag, _)| {
            attribute(tag, "name").as_deref() == Some(name) && attribute(tag, "value").is_none()
        })
    }

    fn action(&self, page: &Page) -> Url {
        let action = attribute(self.tag, "action").unwrap_or_default();
        page.url.join(&action).expect("a form goes somewhere")
    }

    /// What a browser sends: hidden fields and ticked boxes.
    fn fields(&self, without: &[&str]) -> Vec<(String, String)> {
        let inputs = self.tags("input");
        let sent = inputs.iter().filter_map(|(tag, _)| {
            let name = attribute(tag, "name")?;
            let value = attribute(tag, "value").unwrap_or_default();
            let unticked = !has(tag, "checked") || without.contains(&value.as_str());
            (!is_box(tag) || !unticked).then_some((name, value))
        });
        sent.collect()
    }
}

fn is_box(tag: &str) -> bool {
    attribute(tag, "type").as_deref() == Some("checkbox")
}

fn forms(html: &str) -> Vec<Form<'_>> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once("<form") {
        let (tag, after) = after.split_once('>').expect("a tag ends");
        let (inside, after) = after.split_once("</form>").expect("a form ends");
        found.push(Form { tag, inside });
        rest = after;
    }
    found
}

/// The tags of a name, and the text behind each up to the next tag.
fn tags(html: &str, name: &str) -> Vec<(String, String)> {
    let opening = format!("<{name}");
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once(&opening) {
        rest = after;
        if !after.starts_with([' ', '\n', '>']) {
            continue;
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        let label = after.split('<').next().unwrap_or_default();
        found.push((tag.to_owned(), unescape(label.trim())));
        rest = after;
    }
    found
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.replace('\n', " ");
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescape(after.split_once('"')?.0))
}

fn has(tag: &str, name: &str) -> bool {
    tag.split_whitespace().any(|word| word == name)
}

/// The words of a page.
fn text(html: &str) -> String {
    let body = html.split_once("<body>").map_or(html, |(_, body)| body);
    let mut words = String::new();
    for piece in body.split('<') {
        let shown = piece.split_once('>').map_or(piece, |(_, shown)| shown);
        words.push_str(shown);
        words.push(' ');
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    unescape(&words.join(" "))
}

fn unescape(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
    ];
    let plain = pairs
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    plain.replace("&amp;", "&")
}
