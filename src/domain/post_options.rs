//! What may be chosen for a post besides its text and media. Each network uses
//! what it has and refuses, before anything is sent, what it cannot honour.

use serde::{Deserialize, Serialize};

use crate::closed_list;

closed_list! {
    /// Who may see a post, on networks that let its author choose.
    Visibility {
        /// Everybody, and in public timelines.
        Public = "public",
        /// Everybody, but in no public timeline.
        Unlisted = "unlisted",
        /// Those who follow the account.
        Private = "private",
        /// Those who are mentioned.
        Direct = "direct",
    }
}

/// What was chosen for a post; the default is what the network does by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostOptions {
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// Shown instead of the post until the reader asks for it.
    pub content_warning: Option<String>,
    /// The language of the text (ISO 639).
    pub language: Option<String>,
    /// A page whose preview is shown below the text.
    pub link_card: Option<LinkCard>,
}

impl PostOptions {
    /// What holds for a later part of a thread: the card is the first one's.
    #[must_use]
    pub fn of_later_part(&self) -> Self {
        Self {
            link_card: None,
            ..self.clone()
        }
    }
}

/// The preview of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCard {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// A sentence about it; may be empty.
    #[serde(default)]
    pub description: String,
}
