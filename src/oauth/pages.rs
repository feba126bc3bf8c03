//! The pages a browser is shown when it comes back. They are the same whatever
//! came in: nothing of a request is ever repeated.

/// A page: its status and its two sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub status: u16,
    title: &'static str,
    text: &'static str,
}

/// The login worked.
pub(super) const DONE: Page = Page {
    status: 200,
    title: "Logged in",
    text: "You can close this page; Allgreen goes on in your terminal.",
};
/// The login did not work; why is on the screen.
pub(super) const FAILED: Page = Page {
    status: 200,
    title: "Not logged in",
    text: "Look at your terminal: it says what happened and what to do.",
};
/// The answer is here, and it takes long to check.
pub(super) const CHECKING: Page = Page {
    status: 200,
    title: "Received",
    text: "Look at your terminal: it says how the login ends.",
};
/// The same answer again, or another one after it.
pub(super) const AGAIN: Page = Page {
    status: 200,
    title: "Received already",
    text: "This login has its answer. Look at your terminal.",
};
/// Nothing that belongs to the login that waits.
pub(super) const NOT_OURS: Page = Page {
    status: 400,
    title: "Not this login",
    text: "This address does not belong to the login that waits. Open the link of your terminal again.",
};
/// Another path.
pub(super) const NOTHING: Page = Page {
    status: 404,
    title: "Nothing here",
    text: "Allgreen waits here for the end of a login and for nothing else.",
};
/// Another method.
pub(super) const ONLY_GET: Page = Page {
    status: 405,
    title: "Nothing to send here",
    text: "Allgreen waits here for the end of a login and for nothing else.",
};

impl Page {
    /// As HTML.
    pub fn html(self) -> String {
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{0} - Allgreen</title>\
             <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem;\
             color-scheme:light dark}}h1{{font-size:1.4rem}}</style></head>\
             <body><h1>{0}</h1><p>{1}</p></body></html>",
            self.title, self.text
        )
    }
}
