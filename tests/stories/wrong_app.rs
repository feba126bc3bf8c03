//! Row 39 over HTTP: the token endpoint of a network does not know our app any
//! more. It is said once, nobody is blamed, and it ends by itself.

use allgreen::domain::channel::{Cause, Channel, Status};
use allgreen::domain::delivery::State;
use allgreen::ops::{Scope, views};
use allgreen::sandbox::faults::{Fault, Times};

use crate::bluesky_in_the_browser::channel;
use crate::office::{Office, minutes};

const LOGINS: usize = 12;
const SAYS: &str =
    r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#;

async fn all(office: &Office) -> Vec<Channel> {
    let found = views::channels(&office.hub, &Scope::All).await.unwrap();
    found.into_iter().map(|view| view.summary.channel).collect()
}

async fn open(office: &Office) -> Vec<(String, u32)> {
    let found = views::incidents(&office.hub, &Scope::All, true, 100)
        .await
        .unwrap();
    found
        .into_iter()
        .map(|one| (one.kind, one.failures))
        .collect()
}

async fn told(office: &Office, part: &str) -> usize {
    let said = views::notices(&office.hub, &Scope::All, false, 1000)
        .await
        .unwrap();
    said.iter().filter(|one| one.text.contains(part)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_39_an_app_the_token_endpoint_does_not_know_is_one_incident_and_expires_nobody() {
    let office = Office::open().await;
    let (mut people, mut posts) = (Vec::new(), Vec::new());
    for n in 0..LOGINS {
        let person = office.person(&format!("person{n}"));
        let id = channel(&office, &person).await;
        posts.push(office.post(&id, "late but once", minutes(180)).await);
        people.push(person);
    }
    let bluesky = office.sandbox.bluesky();
    let asked = || {
        let calls = bluesky.calls();
        calls.iter().filter(|call| call.endpoint == "token").count()
    };
    let before = asked();
    bluesky.fault(
        "token",
        None,
        Fault::Status(401, SAYS.into()),
        Times::UntilCleared,
    );
    // Six hours in which every proof and every refresh meets it.
    for _ in 0..12 {
        office.clock.advance(minutes(30));
        office.pass().await;
    }
    let tries = asked() - before;
    assert!(tries >= LOGINS, "every login met it: {tries} tries");
    assert!(tries <= LOGINS * 30, "no storm: {tries} tries");
    for channel in all(&office).await {
        assert_eq!(
            (channel.status, channel.cause, channel.publishable),
            (Status::Active, Cause::None, true),
            "{channel:#?}"
        );
        assert_eq!(channel.token.refresh_failures, 0, "{channel:#?}");
    }
    let incidents = open(&office).await;
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    assert_eq!(incidents[0].0, "app_fault");
    assert!(incidents[0].1 >= 2, "the others are counted on it");
    assert_eq!(told(&office, "refuses this app").await, 1);
    assert_eq!(told(&office, "econnect").await, 0);
    for (person, post) in people.iter().zip(&posts) {
        let id = post.clone();
        let store = &office.hub.store;
        let delivery = store.read(move |q| q.delivery(&id)).await.unwrap();
        assert_eq!(delivery.state, State::Scheduled, "{}", person.handle);
        assert!(bluesky.live_posts(&person.did).unwrap().is_empty());
    }

    // The app is known again: everything that waited goes out, once.
    bluesky.clear_faults();
    for _ in 0..8 {
        office.clock.advance(minutes(30));
        office.pass().await;
    }
    for person in &people {
        assert_eq!(bluesky.live_posts(&person.did).unwrap(), ["late but once"]);
    }
    assert_eq!(open(&office).await, Vec::new());
    assert_eq!(told(&office, "takes this app again").await, 1);
}
