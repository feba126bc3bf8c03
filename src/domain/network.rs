//! The networks, and the kinds of channel each one gives.

use serde::{Deserialize, Serialize};

macro_rules! networks {
    ($($variant:ident $name:literal $short:literal $title:literal;)*) => {
        /// A social network.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Network { $(#[doc = $title] $variant,)* }

        impl Network {
            /// Every network, in the order screens list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used on the command line, in config and in the store.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The two letters of lists and of `acme/bs:@acme`.
            pub fn short(self) -> &'static str {
                match self { $(Self::$variant => $short,)* }
            }

            /// The name as the network writes itself.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// Reads the name or the two letters, in any case.
            pub fn parse(text: &str) -> Option<Self> {
                let text = text.to_ascii_lowercase();
                Self::ALL.iter().copied().find(|n| n.name() == text || n.short() == text)
            }
        }
    };
}

networks! {
    Facebook "facebook" "fb" "Facebook";
    Instagram "instagram" "ig" "Instagram";
    Threads "threads" "th" "Threads";
    X "x" "x" "X";
    Linkedin "linkedin" "li" "LinkedIn";
    Tiktok "tiktok" "tt" "TikTok";
    Youtube "youtube" "yt" "YouTube";
    Pinterest "pinterest" "pi" "Pinterest";
    Bluesky "bluesky" "bs" "Bluesky";
    Mastodon "mastodon" "ma" "Mastodon";
    Telegram "telegram" "tg" "Telegram";
    Whatsapp "whatsapp" "wa" "WhatsApp";
}

macro_rules! kinds {
    ($($variant:ident $name:literal $network:ident;)*) => {
        /// What sort of account a channel is; `platform` in JSON.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ChannelKind { $(#[doc = $name] #[serde(rename = $name)] $variant,)* }

        impl ChannelKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in JSON and in the store.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The network this kind lives on.
            pub fn network(self) -> Network {
                match self { $(Self::$variant => Network::$network,)* }
            }

            /// Reads the stored name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == text)
            }
        }
    };
}

kinds! {
    FacebookPage "FACEBOOK_PAGE" Facebook;
    Instagram "INSTAGRAM" Instagram;
    Threads "THREADS" Threads;
    X "X" X;
    LinkedinPerson "LINKEDIN_PERSON" Linkedin;
    LinkedinCompany "LINKEDIN_COMPANY" Linkedin;
    TiktokPersonal "TIKTOK_PERSONAL" Tiktok;
    TiktokBusiness "TIKTOK_BUSINESS" Tiktok;
    Youtube "YOUTUBE" Youtube;
    Pinterest "PINTEREST" Pinterest;
    Bluesky "BLUESKY" Bluesky;
    Mastodon "MASTODON" Mastodon;
    Telegram "TELEGRAM" Telegram;
}

impl ChannelKind {
    /// Whether the server is part of the account's identity. Only Mastodon's
    /// ids are per server; a Bluesky account may move its server and stay itself.
    pub fn server_is_identity(self) -> bool {
        self == Self::Mastodon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_knows_the_same_networks() {
        let names: Vec<_> = Network::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(names, crate::support::config::NETWORKS);
    }
}
