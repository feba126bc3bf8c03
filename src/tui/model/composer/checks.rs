//! What the networks say of a post that is being written: how long it is as
//! each counts it, and what none of them would take.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::{Composer, Target};
use crate::domain::network::Network;
use crate::networks::{Count, MediaItem, Networked, Problem};
use crate::ops::posts::item;

/// The networks that are built in, for their rules.
#[derive(Clone, Default)]
pub struct Networks(Arc<HashMap<Network, Arc<dyn Networked>>>);

impl Networks {
    /// These networks.
    pub fn new(all: impl IntoIterator<Item = (Network, Arc<dyn Networked>)>) -> Self {
        Self(Arc::new(all.into_iter().collect()))
    }
}

impl fmt::Debug for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a network says of the text for one of its channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// How long it is, and may be.
    pub count: Option<Count>,
    /// What keeps it from going out.
    pub problems: Vec<Problem>,
    /// From which byte on the text is too long.
    pub over: Option<usize>,
}

impl Composer {
    /// Looks at it anew, after a change.
    pub fn check(&mut self, networks: &Networks) {
        let media: Vec<MediaItem> = self.media.iter().map(item).collect();
        let all: Vec<Checks> = self
            .targets
            .iter()
            .enumerate()
            .map(
                |(at, target)| match target.ticked || at + 1 == self.chosen {
                    true => self.checked(networks, target, &media),
                    false => Checks::default(),
                },
            )
            .collect();
        for (target, checks) in self.targets.iter_mut().zip(all) {
            target.checks = checks;
        }
    }

    fn checked(&self, networks: &Networks, target: &Target, media: &[MediaItem]) -> Checks {
        let network = target.kind.network();
        let Some(rules) = networks.0.get(&network) else {
            return Checks {
                problems: vec![Problem {
                    what: format!("{} is not built in yet.", network.title()),
                    hint: "Choose another channel.".into(),
                }],
                ..Checks::default()
            };
        };
        let text = self.text_for(target);
        let limits = self
            .limits
            .get(&target.channel)
            .cloned()
            .unwrap_or_default();
        let count = |text: &str| rules.count(text, media.len(), &self.options, &limits);
        let whole = count(text);
        let problems = match self.is_blank() {
            // Nothing is wrong with what was not begun.
            true => Vec::new(),
            false => rules.problems(text, media, &self.options, &limits),
        };
        let fits = |part: &str| count(part).is_none_or(|count| count.over() == 0);
        Checks {
            over: whole
                .filter(|count| count.over() > 0)
                .map(|_| fitting(text, fits)),
            count: whole,
            problems,
        }
    }
}

/// How many bytes of a text fit, up to the end of a grapheme. A text of any
/// length is looked at only a bit further than it fits.
fn fitting(text: &str, fits: impl Fn(&str) -> bool) -> usize {
    let mut graphemes = text.grapheme_indices(true);
    let mut ends: Vec<usize> = Vec::new();
    let mut known = 0;
    loop {
        let wanted = (known * 2).max(64);
        let more = graphemes.by_ref().take(wanted - ends.len());
        ends.extend(more.map(|(at, grapheme)| at + grapheme.len()));
        let all = ends.last().is_none_or(|end| fits(&text[..*end]));
        if !all || ends.len() < wanted {
            break;
        }
        known = ends.len();
    }
    let most = known + ends[known..].partition_point(|end| fits(&text[..*end]));
    most.checked_sub(1).map_or(0, |at| ends[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_ends_between_graphemes_and_the_rest_is_not_looked_at() {
        let upto = |most: usize| move |text: &str| text.graphemes(true).count() <= most;
        assert_eq!(fitting("abcdef", upto(4)), 4);
        assert_eq!(fitting("日本語", upto(2)), 6);
        assert_eq!(fitting("abc", upto(0)), 0);
        assert_eq!(fitting("", upto(3)), 0);
        assert_eq!(fitting(&"x".repeat(1_000), upto(300)), 300);
        let endless = "é".repeat(400_000);
        let seen = std::cell::Cell::new(0);
        let fit = fitting(&endless, |text| {
            seen.set(seen.get().max(text.len()));
            upto(300)(text)
        });
        assert_eq!((fit, seen.get() < 4_000), (600, true));
    }
}
