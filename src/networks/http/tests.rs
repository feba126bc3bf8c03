//! What the client promises, held against servers that misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

mod secure;

use super::*;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// A server that does `act` with each connection once the request's head came.
/// Its address, and how many requests came.
async fn server<F, A>(act: A) -> (String, Arc<AtomicUsize>)
where
    A: Fn(TcpStream, String) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let act = Arc::new(act);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (act, seen) = (Arc::clone(&act), Arc::clone(&seen));
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                    let mut byte = [0];
                    match stream.read(&mut byte).await {
                        Ok(1) => head.push(byte[0]),
                        _ => return,
                    }
                }
                seen.fetch_add(1, Ordering::SeqCst);
                act(stream, String::from_utf8(head).unwrap()).await;
            });
        }
    });
    (base, count)
}

/// A server that gives one answer to everything.
async fn answers(answer: impl Into<String>) -> (String, Arc<AtomicUsize>) {
    let answer = answer.into();
    server(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn client(call_timeout: u64) -> Http {
    let timing = Timing {
        call_timeout: Duration::from_millis(call_timeout),
        connect_timeout: Duration::from_millis(500),
        ..Timing::default()
    };
    Http::new(&timing, Clock::real()).unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn get(base: &str) -> Request<'static> {
    let mut request = Request::get("test", url(base));
    request.private = true;
    request
}

fn post(base: &str) -> Request<'static> {
    let mut request = Request::post("test", url(base), Body::Json("{}".into()));
    request.private = true;
    request
}

#[tokio::test]
async fn row_02_a_refused_connection_is_proven_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/x?token=canary", listener.local_addr().unwrap());
    drop(listener);
    let error = client(5000).send(&post(&base)).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unconnected);
    assert!(!error.sent());
    assert!(!error.what.contains("canary"), "{error}");
}

#[tokio::test]
async fn row_01_a_name_that_does_not_resolve_is_proven_not_sent() {
    let error = client(5000)
        .send(&post("http://no-such-host.invalid/"))
        .await
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Unresolved, "{error}");
    assert!(!error.sent());
}

#[tokio::test]
async fn row_02_an_untrusted_certificate_is_proven_not_sent() {
    // Plain text where TLS was expected fails the handshake as a bad
    // certificate does: before a byte of the request left.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"not tls at all\r\n").await;
        }
    });
    let error = client(5000).send(&post(&base)).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unconnected, "{error}");
    assert!(!error.sent());
}

#[tokio::test]
async fn row_03_a_connection_that_closes_without_an_answer_is_unclear() {
    let (base, count) = server(|stream, _| async move { drop(stream) }).await;
    let error = client(5000).send(&post(&base)).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Broken, "{error}");
    assert!(error.sent());
    assert_eq!(
        count.load(Ordering::SeqCst),
        1,
        "never sent again by itself"
    );
}

#[tokio::test]
async fn row_04_an_answer_that_breaks_off_is_unclear_and_keeps_its_status() {
    let (base, _) = answers("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"uri\":").await;
    let error = client(5000).send(&post(&base)).await.unwrap_err();
    assert_eq!((error.trouble, error.status), (Trouble::Broken, Some(200)));
    assert!(error.sent());
}

#[tokio::test]
async fn row_05_silence_after_the_request_is_unclear() {
    let (base, count) = server(|stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let error = client(200).send(&post(&base)).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::TimedOut);
    assert!(error.sent());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn row_08_an_endless_body_is_cut_at_the_cap() {
    let wrote = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&wrote);
    let (base, _) = server(move |mut stream, _| {
        let counter = Arc::clone(&counter);
        async move {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await;
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
            // 100 MiB, if anybody took them.
            for _ in 0..1600 {
                if stream.write_all(chunk.as_bytes()).await.is_err() {
                    return;
                }
                counter.fetch_add(chunk.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    let error = client(20_000).send(&post(&base)).await.unwrap_err();
    assert_eq!((error.trouble, error.status), (Trouble::TooLong, Some(200)));
    assert!(error.sent());
    // What the sockets buffer comes on top of the 1 MiB that was read.
    assert!(wrote.load(Ordering::SeqCst) < 32 * 1024 * 1024);
}

#[tokio::test]
async fn row_10_a_body_that_drips_hits_the_deadline_of_the_whole_call() {
    let (base, _) = server(|mut stream, _| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            .await;
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        while stream.write_all(b"x").await.is_ok() {
            pause.tick().await;
        }
    })
    .await;
    let error = client(300).send(&get(&base)).await.unwrap_err();
    assert_eq!(
        (error.trouble, error.status),
        (Trouble::TimedOut, Some(200))
    );
}

#[tokio::test]
async fn row_11_a_redirect_of_a_post_is_an_answer_and_is_not_followed() {
    let (target, reached) = answers(ok("reached")).await;
    for status in [301, 302, 303, 307, 308] {
        let (base, _) = answers(format!(
            "HTTP/1.1 {status} Go\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ))
        .await;
        let mut request = post(&base);
        request.redirects = 3;
        assert_eq!(client(5000).send(&request).await.unwrap().status, status);
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn row_11_a_get_follows_three_redirects_when_asked_and_drops_the_token_abroad() {
    let (target, _) = server(|mut stream, head| async move {
        let body = if head.to_lowercase().contains("authorization") {
            "token came along"
        } else {
            "no token"
        };
        let _ = stream.write_all(ok(body).as_bytes()).await;
    })
    .await;
    let (base, count) = answers(format!(
        "HTTP/1.1 302 Go\r\nLocation: {target}/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ))
    .await;
    let token = Secret::new("canary");
    let mut request = get(&base);
    request.auth = Some(&token);
    let http = client(5000);
    assert_eq!(http.send(&request).await.unwrap().status, 302);
    request.redirects = 3;
    let reply = http.send(&request).await.unwrap();
    assert_eq!(reply.body, b"no token");
    // A circle ends.
    count.store(0, Ordering::SeqCst);
    let (round, count) = answers(
        "HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    )
    .await;
    let mut request = get(&round);
    request.redirects = 3;
    assert_eq!(http.send(&request).await.unwrap().status, 302);
    assert_eq!(count.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn row_11_each_redirect_is_judged_anew() {
    for target in ["ftp://127.0.0.1/", "http://me:canary@127.0.0.1/"] {
        let (base, _) = answers(format!(
            "HTTP/1.1 302 Go\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ))
        .await;
        let mut request = get(&base);
        request.redirects = 3;
        let error = client(5000).send(&request).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::Forbidden);
        assert!(!error.what.contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn row_11_a_redirect_to_a_clouds_credentials_ends_there_even_with_leave() {
    for target in [
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
    ] {
        let (base, count) = answers(format!(
            "HTTP/1.1 302 Go\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ))
        .await;
        let mut request = get(&base);
        request.redirects = 3;
        let error = client(5000).send(&request).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::Forbidden, "{error}");
        assert!(error.what.contains("never called"), "{error}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

/// Gives one address after the other, the last for good.
struct Rebinding(std::sync::Mutex<Vec<std::net::IpAddr>>);

#[async_trait::async_trait]
impl Names for Rebinding {
    async fn addresses(&self, _name: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        let mut left = self.0.lock().unwrap();
        let next = if left.len() > 1 {
            left.remove(0)
        } else {
            left[0]
        };
        Ok(vec![next])
    }
}

#[tokio::test]
async fn row_11_a_name_that_leads_inside_is_not_called_and_is_asked_once_for_each_connection() {
    let timing = Timing {
        connect_timeout: Duration::from_millis(200),
        ..Timing::default()
    };
    let call = async |addresses: &[&str], private: bool, url_: &str| {
        let list = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        let names = Arc::new(Rebinding(std::sync::Mutex::new(list)));
        let asked = Arc::clone(&names) as Arc<dyn Names>;
        let http = Http::with_names(&timing, Clock::real(), asked).unwrap();
        let mut request = Request::get("test", url(url_));
        request.private = private;
        let error = http.send(&request).await.unwrap_err();
        let left = names.0.lock().unwrap().len();
        (error, left)
    };
    for inside in [
        "127.0.0.1",
        "10.0.0.7",
        "169.254.169.254",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
    ] {
        let (error, _) = call(&[inside], false, "https://rebind.example/").await;
        assert_eq!(error.trouble, Trouble::Forbidden, "{inside}: {error}");
    }
    // Public when it is judged, inside when it would be asked again: what was
    // judged is where the connection goes, so nobody asks again.
    let (error, left) = call(
        &["192.0.0.9", "127.0.0.1"],
        false,
        "https://rebind.example/",
    )
    .await;
    assert_eq!((error.trouble, left), (Trouble::Forbidden, 1), "{error}");
    // Nobody listens on the first address, a server of ours on the second.
    let (base, reached) = answers(ok("reached")).await;
    let port = url(&base).port().unwrap();
    let rebind = format!("http://rebind.localhost:{port}/");
    let (error, left) = call(&["127.0.0.2", "127.0.0.1"], true, &rebind).await;
    assert_eq!(error.trouble, Trouble::Unconnected, "{error}");
    assert_eq!(left, 1, "one connection, one question");
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    // With leave for private hosts a cloud's credentials stay out of reach.
    let (error, _) = call(&["169.254.169.254"], true, "http://rebind.example/").await;
    assert_eq!(error.trouble, Trouble::Forbidden, "{error}");
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_meanwhile_is_replaced_and_nothing_doubled() {
    let (base, count) = server(|mut stream, _| async move {
        // Says that it keeps the connection, and does not.
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")
            .await;
    })
    .await;
    let http = client(5000);
    for sent in 1..=20 {
        match http.send(&post(&base)).await {
            Ok(reply) => assert_eq!(reply.body, b"ok"),
            // The only other end that is allowed: proven not begun.
            Err(error) => assert!(!error.sent(), "{error}"),
        }
        assert!(count.load(Ordering::SeqCst) <= sent);
    }
    assert!(count.load(Ordering::SeqCst) >= 1);
}

#[tokio::test]
async fn without_leave_nothing_inside_is_called_by_number_or_by_name() {
    let http = client(5000);
    for inside in [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "http://example.org/",
    ] {
        let request = Request::get("test", url(inside));
        let error = http.send(&request).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::Forbidden, "{inside}: {error}");
        assert!(!error.sent());
        assert!(error.what.contains("allow_private_hosts"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_is_read_whole_with_token_agent_and_clock_evidence() {
    let (base, _) = server(|mut stream, head| async move {
        let head = head.to_lowercase();
        let good = head.contains("authorization: bearer canary\r\n")
            && head.contains(concat!("user-agent: allgreen/", env!("CARGO_PKG_VERSION")));
        let answer = format!(
            "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 14:01:00 GMT\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{good}",
            good.to_string().len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let clock = Clock::manual(UtcMs::parse_rfc3339("2026-11-21T14:00:00Z").unwrap());
    let http = Http::new(&Timing::default(), clock).unwrap();
    let token = Secret::new("canary");
    let mut request = get(&base);
    request.auth = Some(&token);
    let reply = http.send(&request).await.unwrap();
    assert_eq!(reply.json::<bool>(), Some(true));
    let evidence = http.clock_evidence();
    assert_eq!(evidence.len(), 1);
    assert_eq!(
        (evidence[0].host.as_str(), evidence[0].offset_ms),
        ("127.0.0.1", 60_000)
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_a_header_is_not_sent_and_not_said() {
    let token = Secret::new("canary\nX: 1");
    let mut request = get("http://127.0.0.1:9/");
    request.auth = Some(&token);
    let error = client(5000).send(&request).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unbuildable);
    assert!(!error.what.contains("canary"));
}

#[tokio::test]
async fn a_host_has_places_and_who_finds_none_in_time_was_not_sent() {
    let (base, count) = server(|stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let http = client(10_000);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..PER_HOST {
        let (http, base) = (http.clone(), base.clone());
        calls.spawn(async move { http.send(&get(&base)).await.map(drop) });
    }
    while count.load(Ordering::SeqCst) < PER_HOST {
        tokio::task::yield_now().await;
    }
    let mut request = post(&base);
    request.wait = Some(Duration::from_millis(100));
    let error = http.send(&request).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Busy);
    assert!(!error.sent());
    assert_eq!(count.load(Ordering::SeqCst), PER_HOST);
}

#[test]
fn socket_limits_shrink_with_a_fast_clock_but_never_to_nothing() {
    let fast = Clock::scaled(UtcMs(0), 60);
    assert_eq!(
        real(Duration::from_secs(30), &fast),
        Duration::from_millis(500)
    );
    let held = Clock::scaled(UtcMs(0), 0);
    assert_eq!(
        real(Duration::from_secs(30), &held),
        Duration::from_secs(30)
    );
    let rushed = Clock::scaled(UtcMs(0), 100_000);
    assert_eq!(real(Duration::from_secs(30), &rushed), SHORTEST);
}

#[tokio::test]
async fn a_client_secret_goes_to_its_own_server_and_not_along_a_redirect() {
    let (target, _) = server(|mut stream, head| async move {
        let said = if head.to_lowercase().contains("authorization") {
            "secret came along"
        } else {
            "no secret"
        };
        let _ = stream.write_all(ok(said).as_bytes()).await;
    })
    .await;
    let (base, _) = server(move |mut stream, head| {
        let target = target.clone();
        async move {
            // "an app" and "s:cret", form-encoded before they are joined.
            let right = head.contains("Basic YW4rYXBwOnMlM0FjcmV0\r\n")
                || head.contains("basic YW4rYXBwOnMlM0FjcmV0\r\n");
            let status = if right { "302 Go" } else { "401 No" };
            let answer = format!(
                "HTTP/1.1 {status}\r\nLocation: {target}/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await;
    let secret = Secret::new("s:cret");
    let mut request = get(&base);
    request.basic = Some(("an app".into(), &secret));
    request.redirects = 1;
    let reply = client(5000).send(&request).await.unwrap();
    assert_eq!(reply.body, b"no secret");
}

#[tokio::test]
async fn forms_files_and_headers_arrive_as_they_were_given() {
    let (base, _) = server(|mut stream, head| async move {
        let (head, body) = head.split_once("\r\n\r\n").unwrap_or((&head, ""));
        let head = head.to_lowercase();
        let said = format!(
            "{}|{}|{body}",
            head.contains("idempotency-key: dlv_1"),
            head.contains("content-type: application/x-www-form-urlencoded"),
        );
        let _ = stream.write_all(ok(&said).as_bytes()).await;
    })
    .await;
    let fields = vec![("a b".to_owned(), "ü&=".to_owned())];
    let mut request = post(&base);
    request.body = Body::Form(fields);
    request.headers.push(("idempotency-key", "dlv_1".into()));
    let reply = client(5000).send(&request).await.unwrap();
    let said = String::from_utf8(reply.body).unwrap();
    assert!(said.starts_with("true|true|"), "{said}");
    // A header that would begin another one is not sent.
    request.headers[0].1 = "x\r\nEvil: 1".into();
    let error = client(5000).send(&request).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Unbuildable);
}
