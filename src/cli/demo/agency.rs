//! The agency of the demo: 12 brands, 60 channels, 300 posts, some of it broken.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::super::context::Context;
use super::super::output::Failure;
use super::super::sandbox::{self, defect};
use super::super::{config, publisher};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::domain::post_options::PostOptions;
use crate::engine::Once;
use crate::networks::Credential;
use crate::ops::connect::connect;
use crate::ops::hub::HubOptions;
use crate::ops::posts::{NewPost, PostTime, create};
use crate::ops::workspaces::{NewWorkspace, WorkspaceChange, add, list, set};
use crate::ops::{Hub, pause, probe};
use crate::sandbox::Sandbox;
use crate::sandbox::faults::Fault;
use crate::sandbox::telegram::Rights;
use crate::store::notices::NewNotice;
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// The app password that every account takes, so that whoever looks around can
/// mend what is broken.
const APP_PASSWORD: &str = "demo-demo-demo-demo";

/// How long ago the posts were written.
const BEFORE: Duration = Duration::from_secs(26 * 3600);

/// Slug, name and zone of each brand.
const BRANDS: [(&str, &str, &str); 12] = [
    ("acme", "Acme", "America/New_York"),
    ("birch", "Birch", "Europe/Berlin"),
    ("corvid", "Corvid", "Europe/Vienna"),
    ("dune", "Dune", "Europe/Paris"),
    ("elm", "Elm & Sons", "Europe/London"),
    ("falk", "Falk Bakery", "Europe/Berlin"),
    ("gull", "Gull Media", "America/Chicago"),
    ("hafen", "Hafen Hotel", "Europe/Berlin"),
    ("iris", "Iris Optik", "Europe/Zurich"),
    ("jay", "Jay Films", "America/Los_Angeles"),
    ("kite", "Kite Cycles", "Europe/Amsterdam"),
    ("lark", "Lark Books", "Europe/Dublin"),
];

/// The channels of each brand, by the first label of the handle; empty is the
/// brand itself.
const CHANNELS: [&str; 4] = ["", "shop", "jobs", "help"];

/// So many brands have their last channel on Mastodon, the others on Bluesky.
const ON_MASTODON: usize = 8;

const TEXTS: [&str; 10] = [
    "New in the shop: the red ones are back, in every size",
    "Open until six today, and there is cake",
    "How it is made, in eleven small steps",
    "Meet the team: the people who pack your parcels",
    "We are hiring two more, come and talk to us",
    "Friday treat: two for one until midnight",
    "Behind the counter on a rainy morning",
    "Weekend hours are back to normal",
    "A question we hear every day, answered at last",
    "Sunday read: why slow is quicker",
];

/// Bluesky channels that are broken from the start: access taken away, then one
/// deactivated, then one suspended. Every fifth channel is one of Telegram.
const BROKEN: [usize; 4] = [0, 6, 41, 22];

/// Mastodon channels that are broken: the tokens ended, the account frozen.
const BROKEN_ACCOUNTS: [usize; 2] = [13, 33];

/// The token that mends the first of them.
const ACCESS_TOKEN: &str = "demo-token";

/// Telegram channels that are broken: the bot thrown out, its right to post
/// taken away, its token revoked.
const BROKEN_BOTS: [usize; 3] = [19, 49, 34];

/// Brands whose chats one bot posts to, the first one's: its token is the one
/// that is revoked.
const SHARE_A_BOT: [usize; 3] = [6, 7, 8];

/// A bot that may post everywhere, so that its token mends what is broken.
const HELPER: &str = "demo_bot";

/// When networks lift what they did to accounts.
const LIFTED_AFTER: Duration = Duration::from_secs(180);

struct Channel {
    /// At its network: the handle, or the name of the chat.
    named: String,
    id: ChannelId,
}

/// Makes the agency.
///
/// # Errors
/// When the program itself refuses something of it, which is a defect.
pub async fn seed(context: &Context, networks: &Sandbox, seed: u64) -> Result<(), Failure> {
    let now = context.now();
    let today = open(context, context.clock.clone()).await?;
    let channels = connect_all(&today, networks).await?;
    let past = open(context, Clock::manual(now.minus(BEFORE))).await?;
    write_posts(&past, &channels, now, seed).await?;
    let renewed = break_some(networks, &channels)?;
    for at in BROKEN.into_iter().chain(BROKEN_ACCOUNTS).chain(BROKEN_BOTS) {
        probe::probe(&today, &channels[at].id).await?;
    }
    pause::pause(&today, &channels[17].id).await?;
    // One pass of the publisher: proofs, what is late, what is broken.
    let pass = publisher::engine(&today).once(Once::Everything).await;
    pass.map_err(defect)?;
    // Last, so that it is on top.
    let token = helper(networks, &channels).map_err(defect)?;
    say_how(&today, &token, &renewed, &channels).await?;
    lift_later(context.clock.clone(), networks, &channels);
    Ok(())
}

async fn open(context: &Context, clock: Clock) -> Result<Hub, Failure> {
    let paths = config::places(context)?;
    let mut config = config::read(context, &paths)?;
    // Nobody waits here for a pause that is meant for real networks.
    config.engine.refused_retry = Duration::from_millis(10);
    paths.create()?;
    let hub = Hub::open(HubOptions {
        paths,
        config,
        clock,
        entropy: Entropy::os(),
        operator: context.flags.operator.clone(),
        read_only: false,
        passkey: None,
        hears: None,
    });
    Ok(hub.await?)
}

/// Brands, accounts and channels.
async fn connect_all(hub: &Hub, networks: &Sandbox) -> Result<Vec<Channel>, Failure> {
    let bluesky = networks.bluesky();
    let mut work = Vec::new();
    let mut shared: Option<(String, Secret)> = None;
    for (at, (slug, name, zone)) in BRANDS.into_iter().enumerate() {
        let workspace = if at == 0 {
            first(hub, name, zone).await?
        } else {
            let new = NewWorkspace {
                name: name.into(),
                slug: Some(slug.into()),
                timezone: Some(zone.into()),
                plan: None,
            };
            add(hub, new).await?.workspace.id
        };
        for label in CHANNELS {
            if label == "help" && at < ON_MASTODON {
                let account = format!("{slug}_help");
                let mastodon = networks.mastodon();
                mastodon.create_account(&account).map_err(defect)?;
                let token = mastodon.create_token(&account, &["read", "write"]);
                let credential = Credential::AccessToken {
                    server: networks.mastodon_base().to_owned(),
                    token: Secret::new(token.map_err(defect)?),
                };
                work.push((account, workspace.clone(), Network::Mastodon, credential));
                continue;
            }
            let (handle, display) = match label {
                "" => (format!("{slug}.test"), name.to_owned()),
                label => (format!("{label}.{slug}.test"), format!("{name} {label}")),
            };
            bluesky
                .create_account(&handle, "main-password", &display)
                .map_err(defect)?;
            bluesky
                .adopt_app_password(&handle, "demo", APP_PASSWORD)
                .map_err(defect)?;
            let password = bluesky
                .create_app_password(&handle, "allgreen")
                .map_err(defect)?;
            let credential = Credential::AppPassword {
                handle: handle.clone(),
                server: None,
                password: Secret::new(password),
            };
            work.push((handle, workspace.clone(), Network::Bluesky, credential));
        }
        let chat = format!("{slug}_news");
        let token = match &shared {
            Some((bot, token)) if SHARE_A_BOT.contains(&at) => {
                sandbox::chat(networks, bot, &chat).map_err(defect)?;
                Secret::new(token.expose())
            }
            _ => sandbox::bot(networks, &chat).map_err(defect)?,
        };
        if at == SHARE_A_BOT[0] {
            shared = Some((format!("{chat}_bot"), Secret::new(token.expose())));
        }
        let credential = Credential::BotToken {
            chat: format!("@{chat}"),
            token,
        };
        work.push((chat, workspace, Network::Telegram, credential));
    }
    let connecting = work
        .into_iter()
        .map(async |(named, workspace, network, credential)| {
            let connected = connect(hub, &workspace, network, credential).await?;
            Ok::<_, Failure>(Channel {
                named,
                id: connected.channel.channel.id,
            })
        });
    try_join_all(connecting).await
}

/// The workspace of the first run becomes the first brand's.
async fn first(hub: &Hub, name: &str, zone: &str) -> Result<WorkspaceId, Failure> {
    let all = list(hub).await?;
    let Some(view) = all.first() else {
        return Err(defect("the new store has no workspace"));
    };
    let change = WorkspaceChange {
        name: Some(name.into()),
        timezone: Some(zone.into()),
        ..WorkspaceChange::default()
    };
    Ok(set(hub, &view.workspace.id, change).await?.workspace.id)
}

/// Five posts per channel: one of every third channel is overdue, some of them
/// by more than a day.
async fn write_posts(
    hub: &Hub,
    channels: &[Channel],
    now: UtcMs,
    seed: u64,
) -> Result<(), Failure> {
    const DAY: u64 = 24 * 60;
    let dice = Entropy::seeded(seed);
    let between = |from: u64, to: u64| Duration::from_secs(60 * (from + dice.below(to - from)));
    let mut posts = Vec::new();
    for (at, channel) in channels.iter().enumerate() {
        for n in 0..5 {
            let due = match n {
                0 if at % 12 == 5 => now.minus(between(DAY + 10, DAY + 60)),
                0 if at % 3 == 0 => now.minus(between(5, 20 * 60)),
                0 => now.plus(between(2, 5 * 60)),
                n => now.plus(between(n * DAY - 600, n * DAY + 600)),
            };
            let text = TEXTS[(at + 3 * usize::try_from(n).unwrap_or(0)) % TEXTS.len()];
            posts.push(NewPost {
                to: vec![channel.id.clone()],
                text: text.into(),
                when: PostTime::At(due.to_string()),
                zone: None,
                only_on_time: false,
                media: Vec::new(),
                only_for: Vec::new(),
                options: PostOptions::default(),
                then: Vec::new(),
            });
        }
    }
    let writing = posts.into_iter().map(|post| create(hub, post));
    try_join_all(writing).await?;
    Ok(())
}

/// What is broken, and two answers that get lost: one is looked up before
/// anything is done about it. Gives the new token of the bot whose old one is
/// revoked.
fn break_some(networks: &Sandbox, channels: &[Channel]) -> Result<String, Failure> {
    let bluesky = networks.bluesky();
    let [revoked @ .., deactivated, suspended] = BROKEN.map(|at| &channels[at].named);
    for handle in revoked {
        bluesky
            .revoke_app_password(handle, "allgreen")
            .map_err(defect)?;
    }
    bluesky.deactivate(deactivated, true).map_err(defect)?;
    bluesky.takedown(suspended, true).map_err(defect)?;
    bluesky.fault_once("com.atproto.repo.putRecord", Fault::DropAnswer);
    let mastodon = networks.mastodon();
    let [unlinked, frozen] = BROKEN_ACCOUNTS.map(|at| &channels[at].named);
    mastodon.password_reset(unlinked).map_err(defect)?;
    mastodon
        .adopt_token(unlinked, &["read", "write"], ACCESS_TOKEN)
        .map_err(defect)?;
    mastodon.freeze(frozen, true).map_err(defect)?;
    let telegram = networks.telegram();
    let [thrown_out, silenced, revoked] = BROKEN_BOTS.map(|at| &channels[at].named);
    let rights = [
        (thrown_out, Rights::Kicked),
        (silenced, Rights::Administrator { post: false }),
    ];
    for (chat, rights) in rights {
        telegram
            .set_rights(&format!("{chat}_bot"), &format!("@{chat}"), rights)
            .map_err(defect)?;
    }
    let renewed = telegram
        .revoke_token(&format!("{revoked}_bot"))
        .map_err(defect)?;
    // Nobody can look this one up: a person decides.
    telegram.fault_once("sendMessage", Fault::DropAnswer);
    Ok(renewed)
}

/// The token of a bot that may post to every chat.
fn helper(
    networks: &Sandbox,
    channels: &[Channel],
) -> Result<String, crate::sandbox::telegram::ControlError> {
    let telegram = networks.telegram();
    let token = telegram.create_bot(HELPER, "Demo")?;
    for channel in channels.iter().skip(4).step_by(5) {
        let posts = Rights::Administrator { post: true };
        telegram.set_rights(HELPER, &format!("@{}", channel.named), posts)?;
    }
    Ok(token)
}

/// Lifts what keeps accounts from posting although their logins are fine.
fn lift_later(clock: Clock, networks: &Sandbox, channels: &[Channel]) {
    let (bluesky, mastodon) = (networks.bluesky().clone(), networks.mastodon().clone());
    let [.., deactivated, suspended] = BROKEN.map(|at| channels[at].named.clone());
    let [_, frozen] = BROKEN_ACCOUNTS.map(|at| channels[at].named.clone());
    tokio::spawn(async move {
        clock.sleep(LIFTED_AFTER).await;
        // They are there: they were broken above.
        let _ = bluesky.takedown(&suspended, false);
        let _ = bluesky.deactivate(&deactivated, false);
        let _ = mastodon.freeze(&frozen, false);
    });
}

/// What whoever looks around needs to know, the first thing on top.
async fn say_how(
    hub: &Hub,
    token: &str,
    renewed: &str,
    channels: &[Channel],
) -> Result<(), Failure> {
    let (now, entropy) = (hub.clock.now(), hub.entropy.clone());
    let minutes = LIFTED_AFTER.as_secs() / 60;
    let unlinked = &channels[BROKEN_ACCOUNTS[0]].named;
    let texts = [
        format!("Bluesky and Mastodon lift three restrictions in {minutes} minutes; p probes then"),
        format!("Mastodon: @{unlinked} takes this token: {ACCESS_TOKEN}"),
        format!("Telegram: every channel takes this token: {token}"),
        format!("Telegram: a bot of three channels, new token: {renewed}"),
        format!("Demo: r mends what is broken. Bluesky takes the app password {APP_PASSWORD}"),
    ];
    let written = hub.store.write(move |tx| {
        for (text, after) in texts.into_iter().zip(0..) {
            let notice = NewNotice {
                kind: "demo",
                text,
                ..NewNotice::default()
            };
            // A millisecond apart, so that their order is the one above.
            let at = now.plus(Duration::from_millis(after));
            tx.add_notice(&notice, Severity::Info, at, &entropy)?;
        }
        Ok(())
    });
    written.await.map_err(defect)
}
