//! The verdict of `check` as JSON.

use serde::Serialize;

use super::{ChannelJson, PublisherJson};
use crate::ops::views::{CheckView, Checked};

/// Deliveries that are lost to their time unless somebody acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct AtRiskJson {
    pub h1: u64,
    pub h24: u64,
    pub d7: u64,
}

/// A channel with what mends it and what is at risk.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct CheckChannelJson {
    #[serde(flatten)]
    pub channel: ChannelJson,
    pub fix: Option<String>,
    pub at_risk: AtRiskJson,
}

/// `check --json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the contract names and explains the fields")]
pub struct CheckJson {
    pub verdict: &'static str,
    pub green: u64,
    pub attention: u64,
    pub broken: u64,
    pub waits: Option<&'static str>,
    pub publisher: PublisherJson,
    pub channels: Vec<CheckChannelJson>,
}

impl From<&CheckView> for CheckJson {
    fn from(view: &CheckView) -> Self {
        Self {
            verdict: view.verdict.name(),
            green: view.green,
            attention: view.attention,
            broken: view.broken,
            waits: view.waits.map(crate::domain::delivery::Blocker::name),
            publisher: PublisherJson::from(&view.publisher),
            channels: view.channels.iter().map(CheckChannelJson::from).collect(),
        }
    }
}

impl From<&Checked> for CheckChannelJson {
    fn from(checked: &Checked) -> Self {
        Self {
            channel: ChannelJson::from(&checked.channel),
            fix: Some(checked.channel.fix.clone()).filter(|fix| !fix.is_empty()),
            at_risk: AtRiskJson {
                h1: checked.at_risk.h1,
                h24: checked.at_risk.h24,
                d7: checked.at_risk.d7,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::channel::tests::{KEYS, bare};
    use super::super::tests::assert_keys;
    use super::*;

    #[test]
    fn check_lists_whole_channels_with_what_mends_them() {
        let check = CheckJson {
            verdict: "green",
            green: 1,
            attention: 0,
            broken: 0,
            waits: None,
            publisher: PublisherJson::default(),
            channels: vec![CheckChannelJson {
                channel: ChannelJson::new(&bare(), "green", None, 0, None),
                fix: None,
                at_risk: AtRiskJson::default(),
            }],
        };
        assert_keys(
            &check,
            "verdict, green, attention, broken, publisher, channels",
        );
        assert_keys(&check.channels[0], KEYS);
        assert_keys(&check.channels[0], "fix, atRisk");
        assert_keys(&check.channels[0].at_risk, "h1, h24, d7");
    }
}
