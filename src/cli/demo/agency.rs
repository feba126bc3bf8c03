//! The agency of the demo: 12 brands, 60 channels, 300 posts, some of it broken.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::super::context::Context;
use super::super::output::Failure;
use super::super::sandbox::defect;
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
use crate::sandbox::faults::{Fault, Times};
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
const CHANNELS: [&str; 5] = ["", "shop", "news", "jobs", "help"];

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

/// Channels that are broken from the start: access taken away, then one
/// deactivated, then one suspended.
const BROKEN: [usize; 6] = [0, 6, 14, 41, 9, 22];

struct Channel {
    handle: String,
    workspace: WorkspaceId,
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
    break_some(networks, &channels)?;
    for at in BROKEN {
        probe::probe(&today, &channels[at].id).await?;
    }
    pause::pause(&today, &channels[17].id).await?;
    // One pass of the publisher: proofs, what is late, what is broken.
    let pass = publisher::engine(&today).once(Once::Everything).await;
    pass.map_err(defect)?;
    // Last, so that it is on top.
    say_how(&today).await
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
    });
    Ok(hub.await?)
}

/// Brands, accounts and channels.
async fn connect_all(hub: &Hub, networks: &Sandbox) -> Result<Vec<Channel>, Failure> {
    let bluesky = networks.bluesky();
    let mut work = Vec::new();
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
            work.push((handle, workspace.clone(), password));
        }
    }
    let connecting = work.into_iter().map(async |(handle, workspace, password)| {
        let credential = Credential::AppPassword {
            handle: handle.clone(),
            server: None,
            password: Secret::new(password),
        };
        let connected = connect(hub, &workspace, Network::Bluesky, credential).await?;
        Ok::<_, Failure>(Channel {
            handle,
            workspace,
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
            });
        }
    }
    let writing = posts.into_iter().map(|post| create(hub, post));
    try_join_all(writing).await?;
    Ok(())
}

/// What is broken, and an answer that gets lost: it is looked up before
/// anything is done about it.
fn break_some(networks: &Sandbox, channels: &[Channel]) -> Result<(), Failure> {
    let bluesky = networks.bluesky();
    let [revoked @ .., deactivated, suspended] = BROKEN.map(|at| &channels[at].handle);
    for handle in revoked {
        bluesky
            .revoke_app_password(handle, "allgreen")
            .map_err(defect)?;
    }
    bluesky.deactivate(deactivated, true).map_err(defect)?;
    bluesky.takedown(suspended, true).map_err(defect)?;
    bluesky.fault(
        "com.atproto.repo.putRecord",
        None,
        Fault::DropAnswer,
        Times::Count(1),
    );
    Ok(())
}

/// What whoever looks around needs to know.
async fn say_how(hub: &Hub) -> Result<(), Failure> {
    let (now, entropy) = (hub.clock.now(), hub.entropy.clone());
    let notice = NewNotice {
        kind: "demo",
        text: format!(
            "Demo: r mends a broken channel; every account takes the app password {APP_PASSWORD}"
        ),
        ..NewNotice::default()
    };
    let written = hub
        .store
        .write(move |tx| tx.add_notice(&notice, Severity::Info, now, &entropy));
    written.await.map(drop).map_err(defect)
}
