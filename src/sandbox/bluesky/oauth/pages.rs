//! The pages people see. The real ones are made by scripts; these ask the same
//! with plain forms.

use std::fmt::Write as _;

use crate::sandbox::pages::{escape, hidden, page, with};
use crate::sandbox::wire::Answer;

use super::authorize::{CONSENT, SIGN_IN};

/// Which request the pages are about, as every form and link repeats it.
pub(super) struct About<'a> {
    pub client: &'a str,
    pub request: &'a str,
    pub csrf: &'a str,
}

impl About<'_> {
    fn fields(&self) -> String {
        let mut all = hidden("csrf-token", self.csrf);
        all.push_str(&hidden("client_id", self.client));
        all.push_str(&hidden("request_uri", self.request));
        all
    }
}

pub(super) fn sign_in(about: &About<'_>, hint: &str, wrong: Option<&str>) -> Answer {
    let said = wrong.map_or_else(String::new, |words| {
        format!("<p class=\"error\">{}</p>\n", escape(words))
    });
    let (fields, hint) = (about.fields(), escape(hint));
    let body = format!(
        "<h1>Sign in</h1>\n{said}<form action=\"{SIGN_IN}\" method=\"post\">\n{fields}\
         <label>Handle <input type=\"text\" name=\"username\" value=\"{hint}\"></label>\n\
         <label>Password <input type=\"password\" name=\"password\"></label>\n\
         <button type=\"submit\">Sign in</button>\n</form>"
    );
    let status = if wrong.is_some() { 400 } else { 200 };
    page(status, "Sign in", &body)
}

/// The question: one form to allow, one to deny.
pub(super) fn question(about: &About<'_>, base: &str, handle: &str, scopes: &[String]) -> Answer {
    let (app, handle, fields) = (escape(about.client), escape(handle), about.fields());
    let mut list = String::new();
    for scope in scopes {
        let _ = writeln!(list, "<li>{}</li>", escape(scope));
    }
    let request = [("client_id", about.client), ("request_uri", about.request)];
    let other = escape(&with(&format!("{base}{SIGN_IN}"), &request));
    let form = |answer: &str, label: &str| {
        format!(
            "<form action=\"{CONSENT}\" method=\"post\">\n{fields}{}\
             <button type=\"submit\">{label}</button>\n</form>",
            hidden("answer", answer)
        )
    };
    let body = format!(
        "<h1>Authorize</h1>\n\
         <p>An application on your device wants to access your account: <code>{app}</code></p>\n\
         <p>Signed in as <strong class=\"account\">@{handle}</strong>\n\
         <a class=\"other-account\" href=\"{other}\">Use another account</a></p>\n\
         <ul>\n{list}</ul>\n{}\n{}",
        form("allow", "Authorize"),
        form("deny", "Deny"),
    );
    page(200, "Authorize", &body)
}
