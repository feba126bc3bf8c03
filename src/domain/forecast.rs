//! Will it go out? What is known now about a post that is to come, in one
//! answer: what it rests on, and honestly what is not known.

use jiff::tz::TimeZone;

use crate::support::time::{UtcMs, span_words};

/// What is known of the end of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It ends then, and nothing moves that end.
    Ends(UtcMs),
    /// The program renews it before it ends.
    Renewed,
    /// It does not end.
    Endless,
    /// Refreshing it failed so often in a row.
    Failing(u8),
    /// The network does not say.
    Unknown,
}

/// Who would send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A daemon.
    Daemon,
    /// A screen, which ends when somebody leaves it.
    Screen,
    /// A process that gives no sign of life.
    Silent,
    /// Nobody.
    Nobody,
}

/// What a forecast is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// When it is due.
    pub due: UtcMs,
    /// The zone it was written in.
    pub zone: String,
    /// The last proof of its channel.
    pub proof: Option<UtcMs>,
    /// Whether that proof still counts.
    pub proof_is_fresh: bool,
    /// The end of the access.
    pub access: Access,
    /// How many images go with it.
    pub images: usize,
    /// How many videos go with it.
    pub videos: usize,
    /// What its network would not take of it.
    pub problem: Option<String>,
    /// Who would send it.
    pub sender: Sender,
    /// That its network, or our app there, is in trouble now; in a sentence.
    pub trouble: Option<String>,
    /// When this is asked.
    pub now: UtcMs,
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// All it depends on is known to be well.
    Yes,
    /// Something it depends on is not known.
    Probably,
    /// As things are it does not.
    No,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// How sure it is.
    pub sure: Sure,
    /// What it rests on, in one sentence.
    pub facts: String,
}

impl Sure {
    /// The word the answer begins with.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "Yes",
            Self::Probably => "Probably",
            Self::No => "Not as things are",
        }
    }
}

/// What will become of a post that nothing holds.
pub fn forecast(outlook: &Outlook) -> Forecast {
    let all = [
        proof(outlook),
        access(outlook),
        content(outlook),
        sender(outlook),
    ];
    let trouble = outlook.trouble.as_ref().map(|text| {
        let text = text.trim_end_matches('.');
        (Sure::Probably, format!("but now: {text}"))
    });
    let all: Vec<(Sure, String)> = all.into_iter().chain(trouble).collect();
    let sure = all.iter().map(|(sure, _)| *sure).max();
    let facts: Vec<String> = all.into_iter().map(|(_, fact)| fact).collect();
    let mut facts = facts.join(", ");
    if let Some(first) = facts.get(..1).map(str::to_uppercase) {
        facts.replace_range(..1, &first);
    }
    Forecast {
        sure: sure.unwrap_or(Sure::Probably),
        facts: format!("{facts}."),
    }
}

fn proof(outlook: &Outlook) -> (Sure, String) {
    match outlook.proof {
        None => (Sure::Probably, "never proved".into()),
        Some(at) => {
            let age = span_words(outlook.now.since(at));
            match outlook.proof_is_fresh {
                true => (Sure::Yes, format!("proof {age} ago")),
                false => (Sure::Probably, format!("the last proof is {age} old")),
            }
        }
    }
}

fn access(outlook: &Outlook) -> (Sure, String) {
    let day = |at: UtcMs| {
        let zone = TimeZone::get(&outlook.zone).unwrap_or(TimeZone::UTC);
        let at = at.timestamp().to_zoned(zone);
        at.strftime("%-d %B %Y").to_string()
    };
    match outlook.access {
        Access::Ends(at) if at <= outlook.due => {
            (Sure::No, format!("the login ends before, on {}", day(at)))
        }
        Access::Ends(at) => (Sure::Yes, format!("login good until {}", day(at))),
        Access::Renewed => (Sure::Yes, "login renewed by itself".into()),
        Access::Endless => (Sure::Yes, "login without an end".into()),
        Access::Failing(times) => (
            Sure::Probably,
            format!("refreshing the login failed {times} times"),
        ),
        Access::Unknown => (
            Sure::Probably,
            "the network does not say when the login ends".into(),
        ),
    }
}

fn content(outlook: &Outlook) -> (Sure, String) {
    if let Some(problem) = &outlook.problem {
        let problem = problem.trim_end_matches('.');
        return (
            Sure::No,
            format!("but the network would refuse it ({problem})"),
        );
    }
    let what = match (outlook.images, outlook.videos) {
        (0, 0) => "text checked".to_owned(),
        (1, 0) => "text and image checked".to_owned(),
        (0, 1) => "text and video checked".to_owned(),
        (1, 1) => "image and video checked".to_owned(),
        (2, 0) => "both images checked".to_owned(),
        (0, 2) => "both videos checked".to_owned(),
        (n, 0) => format!("all {n} images checked"),
        (0, n) => format!("all {n} videos checked"),
        (images, videos) => format!("all {} media checked", images + videos),
    };
    (Sure::Yes, what)
}

fn sender(outlook: &Outlook) -> (Sure, String) {
    match outlook.sender {
        Sender::Daemon => (Sure::Yes, "the daemon publishes".into()),
        Sender::Screen => (
            Sure::Probably,
            "an open screen publishes and stops when it is left".into(),
        ),
        Sender::Silent => (Sure::Probably, "the publisher gives no sign of life".into()),
        Sender::Nobody => (
            Sure::No,
            "nobody publishes now (start allgreen daemon)".into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMs {
        UtcMs::parse_rfc3339(text).unwrap()
    }

    fn well() -> Outlook {
        Outlook {
            due: at("2026-11-21T19:00:00Z"),
            zone: "America/New_York".into(),
            proof: Some(at("2026-11-21T12:59:00Z")),
            proof_is_fresh: true,
            access: Access::Ends(at("2027-03-14T12:00:00Z")),
            images: 2,
            videos: 0,
            problem: None,
            sender: Sender::Daemon,
            trouble: None,
            now: at("2026-11-21T13:02:00Z"),
        }
    }

    #[test]
    fn all_that_is_known_to_be_well_is_a_yes_with_its_reasons() {
        let said = forecast(&well());
        assert_eq!(said.sure, Sure::Yes);
        assert_eq!(
            said.facts,
            "Proof 3 m ago, login good until 14 March 2027, both images checked, the daemon publishes."
        );
    }

    #[test]
    fn what_was_checked_is_called_what_it_is() {
        for (images, videos, said) in [
            (0, 0, "text checked"),
            (1, 0, "text and image checked"),
            (0, 1, "text and video checked"),
            (0, 2, "both videos checked"),
            (1, 1, "image and video checked"),
            (4, 0, "all 4 images checked"),
            (0, 3, "all 3 videos checked"),
            (2, 1, "all 3 media checked"),
        ] {
            let outlook = Outlook {
                images,
                videos,
                ..well()
            };
            let facts = forecast(&outlook).facts;
            assert!(facts.contains(&format!(", {said}, ")), "{facts}");
        }
    }

    #[test]
    fn what_is_not_known_is_no_yes() {
        let unknown = [
            Outlook {
                proof: None,
                ..well()
            },
            Outlook {
                proof_is_fresh: false,
                ..well()
            },
            Outlook {
                access: Access::Unknown,
                ..well()
            },
            Outlook {
                access: Access::Failing(2),
                ..well()
            },
            Outlook {
                sender: Sender::Screen,
                ..well()
            },
            Outlook {
                sender: Sender::Silent,
                ..well()
            },
            Outlook {
                trouble: Some("X is down since 14:00.".into()),
                ..well()
            },
        ];
        for outlook in unknown {
            let said = forecast(&outlook);
            assert_eq!(said.sure, Sure::Probably, "{}", said.facts);
        }
    }

    #[test]
    fn what_would_stop_it_is_said_before_it_does() {
        let stops = [
            Outlook {
                access: Access::Ends(at("2026-11-21T18:59:00Z")),
                ..well()
            },
            Outlook {
                problem: Some("The text is 5 characters too long.".into()),
                // The worst counts.
                proof: None,
                ..well()
            },
            Outlook {
                sender: Sender::Nobody,
                ..well()
            },
        ];
        for outlook in stops {
            let said = forecast(&outlook);
            assert_eq!(said.sure, Sure::No, "{}", said.facts);
        }
    }
}
