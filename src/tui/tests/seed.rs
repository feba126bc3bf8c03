//! A believable hub, fixed to a Saturday at two past two in Berlin.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::beside;
use super::look::DARK;
use crate::domain::channel::{Cause, Channel, Evidence, Expiry, Status, TokenFacts};
use crate::domain::delivery::{Blocker, Delivery, Shown, State};
use crate::domain::ids::{
    ChannelId, DeliveryId, LoginId, NoticeId, OperatorId, PostId, WorkspaceId,
};
use crate::domain::mend::Mend;
use crate::domain::network::{ChannelKind, Network};
use crate::domain::notice::Severity;
use crate::domain::publisher::PublisherKind;
use crate::domain::role::Role;
use crate::domain::words;
use crate::networks::bluesky::Bluesky;
use crate::networks::mastodon::Mastodon;
use crate::networks::telegram::Telegram;
use crate::networks::{Networked, Way};
use crate::ops::Operator;
use crate::ops::publisher::PublisherView;
use crate::ops::views::{ChannelView, DeliveryView, Lamp, Portion, Since};
use crate::ops::workspaces::WorkspaceView;
use crate::store::notices::Notice;
use crate::store::summaries::ChannelSummary;
use crate::store::workspaces::Workspace;
use crate::support::time::UtcMs;
use crate::tui::act::{Effect, Window};
use crate::tui::model::composer::Networks;
use crate::tui::model::{Model, Setting};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update;

/// Saturday 21 November 2026, 14:02 in Berlin.
pub fn now() -> UtcMs {
    UtcMs::parse_rfc3339("2026-11-21T13:02:00Z").unwrap()
}

/// Minutes before (negative) or after now.
pub fn minutes(by: i64) -> UtcMs {
    UtcMs(now().0 + by * 60_000)
}

/// An empty screen of a hub admin.
pub fn empty(width: u16, height: u16) -> Model {
    let set = Setting {
        look: DARK,
        keys: crate::tui::keys::TABLE,
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        operator: Operator {
            id: OperatorId::from_stored("opr_BOB"),
            name: "bob".into(),
            hub_admin: true,
        },
        notify: false,
        read_only: false,
        slow: false,
        no_publish: false,
        pid: 4711,
        over_ssh: false,
        local_display: false,
        links: true,
        confined: false,
        networks: Networks::new([
            (Network::Bluesky, Arc::new(Bluesky) as Arc<dyn Networked>),
            (Network::Mastodon, Arc::new(Mastodon)),
            (Network::Telegram, Arc::new(Telegram)),
        ]),
        ways: HashMap::from([
            (Network::Bluesky, &[Way::AppPassword, Way::Browser][..]),
            (Network::Mastodon, &[Way::Browser, Way::AccessToken][..]),
            (Network::Telegram, &[Way::BotToken][..]),
        ]),
        tips: HashMap::from([
            (
                Network::Bluesky,
                &[
                    "Make an app password under Settings, Privacy and security, App passwords.",
                    "A login in the browser instead ends after 14 days, whatever is done; an app password does not.",
                ][..],
            ),
            (
                Network::Mastodon,
                &[
                    "Be logged in on the account's server as that account, in the browser that opens the link.",
                    "A token instead: Preferences, Development, a new application with the scopes read and write.",
                ][..],
            ),
            (
                Network::Instagram,
                &["First be logged in at Facebook as the owner of the Page."][..],
            ),
            (
                Network::Facebook,
                &["First be logged in at Facebook as the owner of the Page."][..],
            ),
        ]),
    };
    let mut model = Model::new(set, (width, height), now(), Duration::from_secs(1000));
    model.slot = now();
    model
}

/// The four workspaces of the seed.
const WORKSPACES: &[(&str, &str)] = &[
    ("acme", "Acme"),
    ("birch", "Birch"),
    ("corvid", "Corvid"),
    ("dune", "Dune"),
];

fn workspace_id(slug: &str) -> WorkspaceId {
    WorkspaceId::from_stored(format!("wsp_{}", slug.to_uppercase()))
}

/// One channel in short.
pub struct Seed<'a> {
    pub id: &'a str,
    pub kind: ChannelKind,
    pub handle: &'a str,
    pub name: &'a str,
    pub workspace: usize,
    pub lamp: Lamp,
    pub cause: Cause,
    pub words: &'a str,
    pub scheduled: u64,
    pub due: Option<i64>,
    pub proof: i64,
}

/// The view of a channel.
pub fn channel(seed: &Seed<'_>) -> ChannelView {
    let (slug, workspace) = WORKSPACES[seed.workspace];
    let broken = seed.lamp == Lamp::Broken;
    // One login mends four of them.
    let ann = ["A1", "A3", "A6", "A7"].contains(&seed.id);
    let login = if ann {
        "lgn_ANN".to_owned()
    } else {
        format!("lgn_{}", seed.id)
    };
    let channel = Channel {
        id: ChannelId::from_stored(format!("soc_{}", seed.id)),
        workspace_id: workspace_id(slug),
        kind: seed.kind,
        remote_id: format!("did:{}", seed.id),
        handle: seed.handle.into(),
        display_name: seed.name.into(),
        avatar_url: None,
        server: "https://net.example".into(),
        login_id: Some(LoginId::from_stored(login)),
        login_method: if ann { "browser" } else { "app_password" }.into(),
        login_user: if ann {
            "Ann Lee".into()
        } else {
            format!("did:{}", seed.id)
        },
        status: seed.cause.status().unwrap_or(Status::Active),
        cause: seed.cause,
        publishable: !broken,
        epoch: 1,
        change: 1,
        evidence: if broken {
            Evidence {
                http_status: Some(400),
                network_code: Some("ExpiredToken".into()),
                message: Some(
                    "Token has been revoked: the app password was removed by the account.".into(),
                ),
                seen_by: Some("refreshSession".into()),
            }
        } else {
            Evidence::default()
        },
        status_since: minutes(-119),
        scopes: Vec::new(),
        missing_scopes: Vec::new(),
        connected_at: UtcMs::parse_rfc3339("2026-05-03T08:00:00Z").unwrap(),
        connected_by: OperatorId::from_stored("opr_BOB"),
        reconnected_at: None,
        reconnected_by: None,
        last_proof_at: Some(minutes(-seed.proof)),
        last_published_at: Some(minutes(-300)),
        paused_at: None,
        paused_by: None,
        default_board_id: None,
        disconnected_at: None,
        previous_id: None,
        token: TokenFacts {
            generation: 1,
            token_expires_at: Some(minutes(60)),
            token_expiry: Expiry::Date,
            grant_expires_at: Some(minutes(60 * 24 * 60)),
            grant_expiry: Expiry::Estimated,
            last_refreshed_at: Some(minutes(-60)),
            ..TokenFacts::default()
        },
    };
    let next_due = seed.due.map(minutes);
    let mend = match seed.lamp {
        Lamp::Green => Mend::Nothing,
        Lamp::Attention => Mend::Proof,
        Lamp::Broken => seed.cause.mend(),
    };
    ChannelView {
        names: words::names(&channel).into(),
        summary: ChannelSummary {
            channel,
            workspace: Arc::new((slug.into(), workspace.into())),
            counts: match seed.id {
                "C2" => vec![(State::Scheduled, seed.scheduled), (State::Missed, 1)],
                "B3" => vec![
                    (State::Scheduled, seed.scheduled),
                    (State::NeedsDecision, 1),
                ],
                _ => vec![(State::Scheduled, seed.scheduled)],
            },
            next_due,
        },
        lamp: seed.lamp,
        blocker: None,
        aside: None,
        words: seed.words.into(),
        held: if broken { seed.scheduled } else { 0 },
        first_hit: next_due.filter(|_| seed.lamp != Lamp::Green),
        mend,
        fix: match mend {
            Mend::Nothing => String::new(),
            Mend::Login => "allgreen channel reconnect x".into(),
            _ => "allgreen channel probe x".into(),
        },
    }
}

/// Every channel of the seed: 6 broken, of which one login mends 4, 4 to look
/// at, 12 healthy.
pub fn channels() -> Vec<ChannelView> {
    use ChannelKind as K;
    use Lamp::{Attention, Broken, Green};
    #[allow(clippy::too_many_arguments)]
    fn row(
        id: &str,
        kind: K,
        handle: &str,
        name: &str,
        workspace: usize,
        lamp: Lamp,
        cause: Cause,
        words: &str,
        scheduled: u64,
        due: Option<i64>,
        proof: i64,
    ) -> ChannelView {
        channel(&Seed {
            id,
            kind,
            handle,
            name,
            workspace,
            lamp,
            cause,
            words,
            scheduled,
            due,
            proof,
        })
    }
    let none = Cause::None;
    let mut all = vec![
        row(
            "A1",
            K::Instagram,
            "acme",
            "Acme",
            0,
            Broken,
            Cause::PasswordChanged,
            "password changed",
            3,
            Some(-62),
            124,
        ),
        row(
            "A2",
            K::Bluesky,
            "acme.example",
            "Acme",
            0,
            Broken,
            Cause::Expired,
            "token expired",
            2,
            Some(28),
            124,
        ),
        row(
            "A3",
            K::FacebookPage,
            "acmeshop",
            "Acme Shop",
            0,
            Broken,
            Cause::PasswordChanged,
            "password changed",
            1,
            Some(250),
            124,
        ),
        row(
            "A6",
            K::FacebookPage,
            "acme",
            "Acme",
            0,
            Broken,
            Cause::PasswordChanged,
            "password changed",
            3,
            Some(193),
            124,
        ),
        row(
            "A7",
            K::FacebookPage,
            "acmehome",
            "Acme Home",
            0,
            Broken,
            Cause::PasswordChanged,
            "password changed",
            0,
            None,
            124,
        ),
        row(
            "B1",
            K::LinkedinCompany,
            "birch-gmbh",
            "Birch GmbH",
            1,
            Broken,
            Cause::RoleLost,
            "role lost",
            0,
            None,
            1500,
        ),
        row(
            "B2",
            K::Youtube,
            "birchfilms",
            "Birch Films",
            1,
            Attention,
            none,
            "refresh failing",
            1,
            Some(58),
            40,
        ),
        row(
            "A4",
            K::TiktokBusiness,
            "acme.fun",
            "",
            0,
            Attention,
            none,
            "login ends Thu",
            12,
            Some(7200),
            44,
        ),
        row(
            "D1",
            K::Mastodon,
            "dune@mas.to",
            "Dune",
            3,
            Attention,
            none,
            "proof 3 h old",
            0,
            None,
            180,
        ),
        row(
            "C1",
            K::Pinterest,
            "corvid",
            "Corvid",
            2,
            Attention,
            none,
            "insights missing",
            0,
            None,
            50,
        ),
        row(
            "B3",
            K::Bluesky,
            "birch.example",
            "Birch",
            1,
            Green,
            none,
            "healthy",
            8,
            Some(3),
            12,
        ),
        row(
            "B4",
            K::Mastodon,
            "birch@mas.to",
            "Birch",
            1,
            Green,
            none,
            "healthy",
            8,
            Some(3),
            12,
        ),
        row(
            "A5",
            K::LinkedinCompany,
            "acme-inc",
            "Acme Inc.",
            0,
            Green,
            none,
            "healthy",
            5,
            Some(58),
            31,
        ),
        row(
            "C2",
            K::FacebookPage,
            "corvidoptik",
            "Corvid Optik",
            2,
            Green,
            none,
            "healthy",
            2,
            Some(1168),
            44,
        ),
    ];
    for n in 1..=8 {
        let handle = format!("shop{n}.dune.example");
        let id = format!("D{}", n + 10);
        all.push(row(
            &id,
            K::Bluesky,
            &handle,
            "Dune",
            3,
            Green,
            none,
            "healthy",
            n,
            Some(n as i64 * 1500),
            20 + n as i64,
        ));
    }
    all
}

/// A delivery on a channel of the seed.
pub fn delivery(id: &str, view: &ChannelView, due: i64, shown: Shown, text: &str) -> DeliveryView {
    let channel = &view.summary.channel;
    let state = match shown {
        Shown::Held => State::Scheduled,
        other => State::parse(other.name()).unwrap(),
    };
    let delivery = Delivery {
        id: DeliveryId::from_stored(format!("dlv_{id}")),
        post_id: PostId::from_stored(format!("pst_{id}")),
        workspace_id: channel.workspace_id.clone(),
        channel_id: channel.id.clone(),
        handle: channel.handle.clone(),
        root_id: None,
        part_no: 1,
        after_id: None,
        state,
        due: minutes(due),
        civil: "2026-11-21 08:00".into(),
        timezone: "Europe/Berlin".into(),
        only_on_time: false,
        text: None,
        attempt_no: 0,
        key_number: 0,
        idem_key: None,
        rendered: None,
        ever_armed: false,
        next_attempt_at: None,
        next_look_at: None,
        absent_reads: 0,
        first_absent_at: None,
        unknown_since: None,
        remote_id: None,
        permalink: (shown == Shown::Published).then(|| "https://net.example/p/1".into()),
        published_at: (shown == Shown::Published).then(|| minutes(due)),
        last_error: None,
        access_failure: false,
        decision: None,
        send_now: false,
        cancelled_at: (shown == Shown::Cancelled).then(|| minutes(-5)),
        cancelled_by: None,
        created_by: OperatorId::from_stored("opr_EVA"),
        created_at: minutes(-4000),
    };
    let late = due < 0 && !matches!(shown, Shown::Published | Shown::Cancelled);
    DeliveryView {
        parts: 1,
        upload: None,
        aside: None,
        shown,
        blocker: (shown == Shown::Held).then_some(Blocker::ChannelDisconnected),
        channel_kind: channel.kind,
        channel_handle: channel.handle.clone(),
        login_name: channel.login_name().to_owned(),
        workspace_slug: view.summary.workspace.0.clone(),
        text: text.into(),
        media_count: 0,
        late_by: late.then(|| Duration::from_secs(due.unsigned_abs() * 60)),
        delivery,
    }
}

/// The timeline of the seed.
pub fn queue(channels: &[ChannelView]) -> Vec<DeliveryView> {
    let of = |id: &str| {
        let id = ChannelId::from_stored(format!("soc_{id}"));
        channels
            .iter()
            .find(|view| view.summary.channel.id == id)
            .unwrap()
    };
    let row = |n: u32, id, due, shown, text| delivery(&format!("{n:02}"), of(id), due, shown, text);
    vec![
        row(
            1,
            "B4",
            -600,
            Shown::Published,
            "Good morning from the workshop",
        ),
        row(
            2,
            "C2",
            -400,
            Shown::Missed,
            "Opening hours on Saturday: ten to four",
        ),
        row(
            3,
            "B3",
            -152,
            Shown::NeedsDecision,
            "We are hiring two felters",
        ),
        row(
            4,
            "B4",
            -122,
            Shown::Published,
            "Open until six today, cake until it is gone",
        ),
        row(
            5,
            "A1",
            -62,
            Shown::Held,
            "New in the shop: red felt slippers in eleven colours",
        ),
        row(
            6,
            "B3",
            3,
            Shown::Scheduled,
            "New in the shop: birch bowls\nand a second line",
        ),
        row(7, "B4", 3, Shown::Scheduled, "New in the shop: birch bowls"),
        row(
            8,
            "A2",
            28,
            Shown::Held,
            "Flash sale: everything red, until midnight",
        ),
        row(9, "B2", 58, Shown::Scheduled, "How felt is made"),
        row(
            10,
            "A5",
            58,
            Shown::Scheduled,
            "Meet the team: Jo, who cuts the soles",
        ),
        row(11, "B4", 90, Shown::Cancelled, "Withdrawn"),
        row(12, "A1", 148, Shown::Held, "Behind the counter"),
        row(
            13,
            "A6",
            193,
            Shown::Held,
            "Weekend hours are 日本語 and 👩‍👩‍👧 wide",
        ),
        row(
            14,
            "C2",
            1168,
            Shown::Scheduled,
            "Sunday read: why lenses scratch",
        ),
        row(
            15,
            "C2",
            20_000,
            Shown::Scheduled,
            "Advent calendar, day one",
        ),
    ]
}

/// A notice.
pub fn notice(id: u32, ago: i64, severity: Severity, text: &str, read: bool) -> Notice {
    Notice {
        id: NoticeId::from_stored(format!("ntc_{id:02}")),
        workspace_id: None,
        channel_id: Some(ChannelId::from_stored("soc_A2")),
        delivery_id: None,
        incident_id: None,
        severity,
        kind: "reconnect".into(),
        text: text.into(),
        command: None,
        created_at: minutes(-ago),
        read_at: read.then(|| minutes(-1)),
    }
}

/// The notices of the seed.
pub fn notices() -> Vec<Notice> {
    use Severity::{Attention, Broken, Info};
    vec![
        notice(
            1,
            20,
            Broken,
            "Please reconnect acme.example (Bluesky): 2 posts held",
            false,
        ),
        notice(
            2,
            22,
            Attention,
            "Birch Films: refresh failed 2 of 3, next 14:40",
            false,
        ),
        notice(
            3,
            118,
            Broken,
            "Please reconnect @acme (Instagram): the password was changed, 3 posts held",
            false,
        ),
        notice(
            4,
            291,
            Info,
            "Access token refreshed for Corvid Optik",
            true,
        ),
        notice(5, 307, Info, "3 posts of @dune released, all on time", true),
        notice(
            6,
            1500,
            Broken,
            "Please reconnect Birch GmbH: admin role lost",
            true,
        ),
    ]
}

/// The workspaces of the seed.
pub fn workspaces() -> Vec<WorkspaceView> {
    WORKSPACES
        .iter()
        .map(|(slug, name)| WorkspaceView {
            workspace: Workspace {
                id: workspace_id(slug),
                slug: (*slug).into(),
                name: (*name).into(),
                timezone: "Europe/Berlin".into(),
                plan: "enterprise".into(),
                late_limit: Duration::from_secs(86_400),
                created_at: minutes(-100_000),
                archived_at: None,
            },
            channels: 5,
            allowed: None,
            role: Some(Role::Owner),
        })
        .collect()
}

/// A daemon that publishes.
pub fn daemon() -> PublisherView {
    PublisherView {
        running: true,
        silent: false,
        kind: Some(PublisherKind::Daemon),
        host: Some("hub".into()),
        pid: Some(812),
        since: Some(minutes(-600)),
        heartbeat_at: Some(minutes(0)),
        term: Some(3),
    }
}

/// Those of the channels that are broken.
pub fn broken() -> Vec<ChannelView> {
    let mut views = channels();
    views.retain(|view| view.lamp == Lamp::Broken);
    views
}

/// Answers every read of a model with the seed.
pub fn answer(model: &mut Model, effects: Vec<Effect>) -> Vec<Effect> {
    use crate::tui::act::Load;
    let mut rest = Vec::new();
    for effect in effects {
        let Effect::Load(id, load) = effect else {
            rest.push(effect);
            continue;
        };
        let loaded = match load {
            Load::BrokenChannels => Loaded::BrokenChannels(Ok(broken())),
            Load::SomeChannels(_) => Loaded::SomeChannels(Ok(Portion {
                views: channels(),
                next: None,
            })),
            Load::AllChannels => Loaded::AllChannels(Ok(channels())),
            Load::Queue {
                workspace,
                channels: only,
                filter,
                ..
            } => {
                let mut views = queue(&channels());
                views.retain(|view| only.is_empty() || only.contains(&view.delivery.channel_id));
                views.retain(|view| {
                    workspace
                        .as_ref()
                        .is_none_or(|id| *id == view.delivery.workspace_id)
                });
                let now = model.now;
                views.retain(|view| filter.fits(&view.subject(""), now));
                Loaded::Queue(Ok(Window {
                    views,
                    more_past: false,
                    more_future: false,
                }))
            }
            Load::Calendar(span) => {
                let mut views = queue(&channels());
                views.retain(|view| (span.from..span.until).contains(&view.delivery.due));
                views.retain(|view| {
                    let id = &view.delivery.workspace_id;
                    span.workspace.as_ref().is_none_or(|only| only == id)
                });
                let now = model.now;
                views.retain(|view| span.filter.fits(&view.subject(""), now));
                Loaded::Calendar(Ok(Window {
                    views,
                    more_past: false,
                    more_future: false,
                }))
            }
            Load::News(_) => Loaded::News(Ok((notices(), Vec::new()))),
            Load::Days(ids, midnights) => Loaded::Days(Ok(beside::days(&ids, &midnights))),
            Load::Dues(ids, midnight) => Loaded::Dues(Ok(super::dues::dues(&ids, midnight))),
            Load::DueSoon => {
                let end = model.now.plus(Duration::from_secs(24 * 3600));
                let queue = queue(&channels()).into_iter().map(|one| one.delivery);
                let due = queue.filter(|one| one.state == State::Scheduled && one.due <= end);
                Loaded::DueSoon(Ok(due.count() as u64))
            }
            Load::Page(ids, tab) => {
                let pages = ids.into_iter().map(|id| {
                    let page = beside::page(&id, tab);
                    (id, page)
                });
                Loaded::Page(Box::new(Ok(pages.collect())))
            }
            Load::Since(_, at) => Loaded::Since(Ok(Since::nothing(at))),
            Load::Hub => Loaded::Hub(Ok((
                workspaces(),
                HashMap::from([
                    (OperatorId::from_stored("opr_BOB"), "bob".to_owned()),
                    (OperatorId::from_stored("opr_EVA"), "eva".to_owned()),
                ]),
            ))),
            other => {
                rest.push(Effect::Load(id, other));
                continue;
            }
        };
        rest.extend(update::update(model, Msg::Loaded(id, loaded)));
    }
    rest
}

/// The screen of the seed.
pub fn model(width: u16, height: u16) -> Model {
    let mut model = empty(width, height);
    let effects = update::first(&mut model);
    let beside = answer(&mut model, effects);
    answer(&mut model, beside);
    update::update(&mut model, Msg::Publisher(daemon()));
    model
}

/// The screen was left on Friday at 18:10, and this happened since.
pub fn after_a_night(model: &mut Model) {
    model.news.since = Since {
        broke: 5,
        healed: 2,
        sent: 84,
        failed: 1,
        ..Since::nothing(minutes(-1192))
    };
}

/// Lets seconds go by.
pub fn later(model: &mut Model, seconds: u64) -> Vec<Effect> {
    let boot = model.boot + Duration::from_secs(seconds);
    let now = model.now.plus(Duration::from_secs(seconds));
    update::update(model, Msg::Now(now, boot))
}
