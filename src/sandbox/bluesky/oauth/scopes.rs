//! What a login may do.
//!
//! Source: <https://atproto.com/specs/permission>, and what was observed.

use crate::sandbox::bluesky::errors;
use crate::sandbox::wire::Answer;

/// The scopes that are no single right.
pub(super) const TRANSITIONAL: [&str; 4] = [
    "atproto",
    "transition:email",
    "transition:generic",
    "transition:chat.bsky",
];

/// Who answers what the server hands on.
///
/// Source: `did:web:api.bsky.app` is the AppView of the reference server; how
/// the name is written in a refusal was not observed.
const APP_VIEW: &str = "did:web:api.bsky.app#bsky_appview";

/// What a server knows of the scopes that are asked for; it leaves out others.
pub(super) fn known(asked: &str) -> Vec<String> {
    let granular = ["repo:", "blob:", "rpc:"];
    let mut all: Vec<String> = Vec::new();
    for one in asked.split(' ') {
        let is_known =
            TRANSITIONAL.contains(&one) || granular.iter().any(|kind| one.starts_with(kind));
        if is_known && !all.iter().any(|have| have == one) {
            all.push(one.to_owned());
        }
    }
    all
}

/// What a call needs.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox::bluesky) enum Right<'a> {
    /// Changing records of a collection: `create`, `update`, `delete`.
    Records(&'a str, &'a str),
    /// Uploading a blob of a type.
    Blob(&'a str),
    /// Calling a method of somebody else.
    Call(&'a str, &'a str),
}

impl<'a> Right<'a> {
    /// A method of the AppView.
    pub fn app_view(method: &'a str) -> Self {
        Self::Call(method, APP_VIEW)
    }

    /// Whether one of these scopes gives it.
    pub fn of(self, scopes: &[String]) -> Result<(), Answer> {
        if scopes.iter().any(|scope| self.given_by(scope)) {
            return Ok(());
        }
        let needed = match self {
            Self::Records(collection, action) => format!("repo:{collection}?action={action}"),
            Self::Blob(mime) => format!("blob:{mime}"),
            Self::Call(method, aud) => format!("rpc:{method}?aud={aud}"),
        };
        Err(errors::error(
            403,
            "ScopeMissingError",
            &format!("Missing required scope \"{needed}\""),
        ))
    }

    fn given_by(self, scope: &str) -> bool {
        let chat = |method: &str| method.starts_with("chat.bsky.");
        match scope {
            "transition:generic" => !matches!(self, Self::Call(method, _) if chat(method)),
            "transition:chat.bsky" => matches!(self, Self::Call(method, _) if chat(method)),
            _ => self.named_by(scope),
        }
    }

    fn named_by(self, scope: &str) -> bool {
        let Some((kind, rest)) = scope.split_once(':') else {
            return false;
        };
        let (what, query) = rest.split_once('?').unwrap_or((rest, ""));
        let values = |name: &str| {
            let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
            let named = pairs.filter(|(key, _)| key == name);
            named.map(|(_, value)| value).collect::<Vec<String>>()
        };
        match (kind, self) {
            ("repo", Self::Records(collection, action)) => {
                let actions = values("action");
                let fits = actions.is_empty() || actions.iter().any(|one| one == action);
                (what == "*" || what == collection) && fits
            }
            ("blob", Self::Blob(mime)) => {
                let family = mime.split('/').next().unwrap_or_default();
                what == "*/*" || what == mime || what == format!("{family}/*")
            }
            ("rpc", Self::Call(method, aud)) => {
                let fits = values("aud").iter().any(|one| one == "*" || one == aud);
                (what == "*" || what == method) && fits
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_gives_what_it_names_and_nothing_else() {
        let post = "app.bsky.feed.post";
        let create = Right::Records(post, "create");
        let cases = [
            (create, "transition:generic", true),
            (create, "atproto", false),
            (create, "repo:app.bsky.feed.post", true),
            (create, "repo:*?action=create", true),
            (create, "repo:app.bsky.feed.post?action=update", false),
            (create, "repo:app.bsky.feed.like", false),
            (Right::Blob("image/png"), "blob:*/*", true),
            (Right::Blob("image/png"), "blob:image/*", true),
            (Right::Blob("image/png"), "blob:video/*", false),
            (Right::app_view("a.b"), "rpc:a.b?aud=*", true),
            (Right::app_view("a.b"), "rpc:a.b", false),
            (Right::app_view("chat.bsky.x"), "transition:generic", false),
        ];
        for (right, scope, given) in cases {
            let scopes = [scope.to_owned()];
            assert_eq!(right.of(&scopes).is_ok(), given, "{right:?} of {scope}");
        }
    }
}
