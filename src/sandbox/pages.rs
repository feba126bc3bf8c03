//! What the consent pages of every network share: their frame, their forms, the
//! cookie that tells one browser from another.

use url::Url;

use super::wire::{Answer, Request};

/// A page of this title; the body is HTML.
pub(in crate::sandbox) fn page(status: u16, title: &str, body: &str) -> Answer {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title} - \
         Sandbox</title></head>\n<body>\n{body}\n</body>\n</html>\n"
    );
    Answer::typed(status, "text/html; charset=utf-8", html.into_bytes())
}

/// A page that says what is wrong.
pub(in crate::sandbox) fn error(status: u16, words: &str) -> Answer {
    let words = escape(words);
    page(status, "Error", &format!("<p class=\"error\">{words}</p>"))
}

/// Sends the browser on, 302 or 303.
pub(in crate::sandbox) fn sent_on(status: u16, to: &str) -> Answer {
    let mut answer = Answer::empty(status);
    answer.headers.push(("location", to.to_owned()));
    answer
}

/// A field of a form that nobody sees.
pub(in crate::sandbox) fn hidden(name: &str, value: &str) -> String {
    let value = escape(value);
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
}

/// Text that is safe within a page.
pub(in crate::sandbox) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// An address with more in its query; empty values are left out.
pub(in crate::sandbox) fn with(address: &str, more: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return address.to_owned();
    };
    let more = more.iter().filter(|(_, value)| !value.is_empty());
    url.query_pairs_mut().extend_pairs(more);
    url.into()
}

/// Every value the browser sends under a cookie's name.
pub(in crate::sandbox) fn cookies<'r>(
    req: &'r Request,
    name: &'r str,
) -> impl Iterator<Item = &'r str> {
    let all = req.header("cookie").unwrap_or_default().split(';');
    let named = all.filter_map(|cookie| cookie.trim().split_once('='));
    named
        .filter(move |(one, _)| *one == name)
        .map(|(_, value)| value)
}

/// Gives the browser its cookie.
pub(in crate::sandbox) fn set_cookie(mut answer: Answer, name: &str, value: &str) -> Answer {
    let cookie = format!("{name}={value}; path=/; HttpOnly; SameSite=Lax");
    answer.headers.push(("set-cookie", cookie));
    answer
}
