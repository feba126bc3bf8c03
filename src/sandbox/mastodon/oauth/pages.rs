//! The pages people see.

use std::fmt::Write as _;

pub(super) use crate::sandbox::pages::error;
use crate::sandbox::pages::{escape, hidden, page, sent_on};
use crate::sandbox::wire::Answer;

pub(super) fn redirect(to: &str) -> Answer {
    sent_on(302, to)
}

/// The code, to be copied by hand.
pub(super) fn code(code: &str) -> Answer {
    let code = escape(code);
    let body = format!(
        "<p>Copy this authorization code and paste it to the application.</p>\n\
         <input class=\"oauth-code\" readonly value=\"{code}\">"
    );
    page(200, "Authorization code", &body)
}

pub(super) fn sign_in<'a>(token: &str, accounts: impl Iterator<Item = &'a str>) -> Answer {
    let mut body =
        String::from("<h1>Sign in</h1>\n<form action=\"/auth/sign_in\" method=\"post\">\n");
    body.push_str(&hidden("authenticity_token", token));
    body.push_str("<label>Account <select name=\"account\">\n");
    for name in accounts {
        let name = escape(name);
        let _ = writeln!(body, "<option value=\"{name}\">@{name}</option>");
    }
    body.push_str("</select></label>\n<button type=\"submit\">Log in</button>\n</form>");
    page(200, "Sign in", &body)
}

/// What the question is about.
pub(super) struct Asked<'a> {
    pub token: &'a str,
    pub app: &'a str,
    pub account: &'a str,
    pub scopes: &'a [String],
    /// What the forms send back as it came.
    pub fields: &'a [(&'static str, String)],
}

/// The question: one form to allow, one to deny.
///
/// Each scope can be left out, which the real server has no means for. Others
/// that speak OAuth do, and a client must cope with less than it asked for.
pub(super) fn question(asked: &Asked<'_>) -> Answer {
    let (app, account) = (escape(asked.app), escape(asked.account));
    let mut shared = hidden("authenticity_token", asked.token);
    for (name, value) in asked.fields {
        shared.push_str(&hidden(name, value));
    }
    let mut scopes = String::new();
    for scope in asked.scopes {
        let scope = escape(scope);
        let _ = writeln!(
            scopes,
            "<label><input type=\"checkbox\" name=\"scopes[]\" value=\"{scope}\" checked> \
             {scope}</label>"
        );
    }
    let body = format!(
        "<h1>Authorization required</h1>\n\
         <p><strong>{app}</strong> would like permission to access your account. It is a \
         third-party application. If you do not trust it, then you should not authorize it.</p>\n\
         <p>Signed in as <strong class=\"account\">@{account}</strong>. \
         <a class=\"other-account\" href=\"/auth/sign_in\">Use another account</a></p>\n\
         <form action=\"/oauth/authorize\" method=\"post\">\n{shared}{scopes}\
         <button type=\"submit\">Authorize</button>\n</form>\n\
         <form action=\"/oauth/authorize\" method=\"post\">\n\
         {shared}{}<button type=\"submit\">Deny</button>\n</form>",
        hidden("_method", "delete"),
    );
    page(200, "Authorization required", &body)
}
