//! Who may do what: asked in the very transaction, so that no way in forgets.

use std::pin::Pin;

use allgreen::domain::ids::{ChannelId, DeliveryId, WorkspaceId};
use allgreen::domain::network::Network;
use allgreen::domain::publisher::CommandKind;
use allgreen::domain::role::Role;
use allgreen::networks::Credential;
use allgreen::ops::connect::{connect, reconnect};
use allgreen::ops::disconnect::{disconnect, preview};
use allgreen::ops::posts::{self, Answer, How, PostChange, PostTime};
use allgreen::ops::probe::ask;
use allgreen::ops::release::{ReleaseAnswer, release};
use allgreen::ops::workspaces::{self, NewWorkspace, WorkspaceChange};
use allgreen::ops::{ErrorKind, Hub, OpError, Operator, Scope, pause, people, views};
use allgreen::support::secret::Secret;

use crate::office::{Office, minutes, new_post};

type Refusal<'a> = Pin<Box<dyn Future<Output = Result<(), OpError>> + Send + 'a>>;

/// One thing somebody may want to do, and how.
struct Act<'a> {
    name: &'static str,
    done: Refusal<'a>,
}

fn act<'a, T>(
    name: &'static str,
    done: impl Future<Output = Result<T, OpError>> + Send + 'a,
) -> Act<'a> {
    let done = Box::pin(async move { done.await.map(drop) });
    Act { name, done }
}

fn credential() -> Credential {
    Credential::AppPassword {
        handle: "ann.test".into(),
        server: None,
        password: Secret::new("aaaa-bbbb-cccc-dddd"),
    }
}

/// What an editor may do.
fn of_editors<'a>(hub: &'a Hub, channel: &'a ChannelId, post: &'a DeliveryId) -> Vec<Act<'a>> {
    let one = std::slice::from_ref(post);
    let posted = async move {
        let id = post.clone();
        let post = hub.store.read(move |q| q.delivery(&id)).await?.post_id;
        posts::edit(
            hub,
            &post,
            PostChange {
                text: Some("other".into()),
                ..PostChange::default()
            },
        )
        .await
    };
    vec![
        act(
            "write a post",
            posts::create(hub, new_post(channel, "text", PostTime::Now)),
        ),
        act("edit it", posted),
        act("cancel it", posts::cancel(hub, one)),
        act("cancel all held", posts::cancel_held(hub, channel)),
        act("delete it", posts::delete(hub, one)),
        act("send it again", posts::retry(hub, one)),
        act("send it now", posts::send_now(hub, one)),
        act("move it", posts::reschedule(hub, one, How::By("1h".into()))),
        act(
            "decide about it",
            posts::resolve(hub, post, Answer::Live(None)),
        ),
        act(
            "release a channel",
            release(hub, channel, ReleaseAnswer::default()),
        ),
        act("pause a channel", pause::pause(hub, channel)),
        act("resume a channel", pause::resume(hub, channel)),
        act(
            "prove a channel",
            ask(hub, CommandKind::Probe, channel.as_str()),
        ),
        act(
            "refresh a channel",
            ask(hub, CommandKind::Refresh, channel.as_str()),
        ),
        act(
            "look a post up",
            ask(hub, CommandKind::LookUp, post.as_str()),
        ),
    ]
}

/// What needs an admin of the workspace.
fn of_admins<'a>(hub: &'a Hub, workspace: &'a WorkspaceId, channel: &'a ChannelId) -> Vec<Act<'a>> {
    vec![
        act(
            "connect",
            connect(hub, workspace, Network::Bluesky, credential()),
        ),
        act("reconnect", reconnect(hub, channel, credential())),
        act("see what a disconnect takes", preview(hub, channel)),
        act("disconnect", disconnect(hub, channel)),
        act(
            "change the workspace",
            workspaces::set(
                hub,
                workspace,
                WorkspaceChange {
                    name: Some("Mine".into()),
                    ..WorkspaceChange::default()
                },
            ),
        ),
        act(
            "give a role",
            people::set_role(hub, workspace, "ann", Some(Role::Viewer)),
        ),
    ]
}

/// What needs a hub admin.
fn of_hub_admins<'a>(hub: &'a Hub, workspace: &'a WorkspaceId) -> Vec<Act<'a>> {
    vec![
        act(
            "change the plan",
            workspaces::set(
                hub,
                workspace,
                WorkspaceChange {
                    plan: Some("free".into()),
                    ..WorkspaceChange::default()
                },
            ),
        ),
        act(
            "add a workspace",
            workspaces::add(
                hub,
                NewWorkspace {
                    name: "Mine".into(),
                    ..NewWorkspace::default()
                },
            ),
        ),
        act("archive a workspace", workspaces::archive(hub, workspace)),
        act("add an operator", people::add(hub, "mallory", true)),
        act("stop the publisher", ask(hub, CommandKind::Stop, "")),
        act("make a backup", ask(hub, CommandKind::Backup, "")),
    ]
}

/// Everything in the list is refused for the role, and no row changes.
async fn all_refused(office: &Office, acts: Vec<Act<'_>>, who: &str) {
    for act in acts {
        let before = office.dump();
        let error = act.done.await.expect_err(act.name);
        assert_eq!(
            error.kind,
            ErrorKind::NotAllowed,
            "{who} may not {}: {error}",
            act.name
        );
        assert!(
            error.hint.contains("ann"),
            "who can is named: {}",
            error.hint
        );
        assert_eq!(
            office.dump(),
            before,
            "{who} changed something: {}",
            act.name
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_a_viewer_is_refused_everything_but_looking_and_nothing_changes() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let post = office.post(&channel, "later", minutes(60)).await;
    let main = office.main().await;
    let vic = office.colleague("vic", &main, Role::Viewer).await;
    office.sandbox.bluesky().forget_calls();
    all_refused(&office, of_editors(&vic, &channel, &post), "a viewer").await;
    all_refused(&office, of_admins(&vic, &main, &channel), "a viewer").await;
    all_refused(&office, of_hub_admins(&vic, &main), "a viewer").await;
    assert!(
        office.sandbox.bluesky().calls().is_empty(),
        "no login was started for them"
    );
    assert_eq!(
        views::channels(&vic, &Scope::All).await.unwrap().len(),
        1,
        "but they may look"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_an_editor_manages_the_queue_but_not_channels_or_people() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let main = office.main().await;
    let eve = office.colleague("eve", &main, Role::Editor).await;
    all_refused(&office, of_admins(&eve, &main, &channel), "an editor").await;
    all_refused(&office, of_hub_admins(&eve, &main), "an editor").await;
    let new = new_post(&channel, "by eve", PostTime::Draft);
    posts::create(&eve, new).await.unwrap();
    pause::pause(&eve, &channel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_an_admin_of_one_workspace_sees_nothing_of_another() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let post = office.post(&channel, "secret plan", minutes(60)).await;
    let (main, other) = (office.main().await, office.workspace("Other").await);
    let adam = office.colleague("adam", &other, Role::Admin).await;
    all_refused(&office, of_editors(&adam, &channel, &post), "a stranger").await;
    all_refused(&office, of_admins(&adam, &main, &channel), "a stranger").await;
    all_refused(&office, of_hub_admins(&adam, &other), "an admin").await;
    for looked in [
        views::channel(&adam, &channel).await.map(drop),
        views::why(&adam, &post).await.map(drop),
        views::channels(&adam, &Scope::Workspace(main.clone()))
            .await
            .map(drop),
        workspaces::show(&adam, &main).await.map(drop),
    ] {
        assert_eq!(looked.unwrap_err().kind, ErrorKind::NotAllowed);
    }
    assert!(
        views::channels(&adam, &Scope::All)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        views::queue(&adam, views::QueueFilter::default())
            .await
            .unwrap()
            .is_empty()
    );
    let named = allgreen::ops::names::post(&adam, post.as_str()).await;
    assert_eq!(named.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_a_role_taken_away_counts_at_once_and_the_last_owner_stays() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let main = office.main().await;
    let eve = office.colleague("eve", &main, Role::Editor).await;
    people::set_role(&office.hub, &main, "eve", None)
        .await
        .unwrap();
    let new = new_post(&channel, "too late", PostTime::Draft);
    let refused = posts::create(&eve, new).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotAllowed);
    let last = people::set_role(&office.hub, &main, "ann", Some(Role::Viewer)).await;
    assert_eq!(last.unwrap_err().code, "last_owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_the_first_operator_owns_main_and_a_stranger_is_told_whom_to_ask() {
    let office = Office::open().await;
    let main = workspaces::show(&office.hub, &office.main().await)
        .await
        .unwrap();
    assert_eq!(
        (main.workspace.slug.as_str(), main.workspace.name.as_str()),
        ("main", "My workspace")
    );
    assert_eq!((main.role, main.allowed), (Some(Role::Owner), None));
    assert!(office.hub.operator.hub_admin);
    let home = office.home.path();
    let stranger = Office::hub_as(&office.sandbox, home, &office.clock, "zoe").await;
    let refused = stranger.err().unwrap();
    assert_eq!(
        (refused.kind, refused.code),
        (ErrorKind::NotAllowed, "unknown_operator")
    );
    assert!(refused.hint.contains("ann"), "{}", refused.hint);
    let again = Office::hub_as(&office.sandbox, home, &office.clock, "ann").await;
    assert_eq!(
        again.unwrap().operator,
        Operator {
            ..office.hub.operator.clone()
        }
    );
    let people = office.hub.store.read(|q| q.people()).await.unwrap();
    assert_eq!(people.len(), 1);
}
