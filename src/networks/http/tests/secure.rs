//! The same over TLS: what a server with a trusted certificate can do to a
//! request, down to the frames of HTTP/2.

use std::io::{Read, Write};
use std::net::TcpListener;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;

type Stream = StreamOwned<ServerConnection, std::net::TcpStream>;

/// A server that does `act` with each connection, a client that trusts it, and
/// how many connections there were.
fn trusted(
    protocol: &[u8],
    act: impl Fn(&mut Stream) + Send + 'static,
) -> (Http, String, Arc<AtomicUsize>) {
    let (certificate, base, count) = serve(protocol, act);
    let tls = tls::trusting(move || {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        roots
    });
    let names = Arc::new(Here) as Arc<dyn Names>;
    let http = Http::build(&timing(), Clock::real(), names, tls.unwrap()).unwrap();
    (http, base, count)
}

fn timing() -> Timing {
    Timing {
        call_timeout: Duration::from_secs(5),
        ..Timing::default()
    }
}

/// A server that does `act` with each connection, its certificate, and how many
/// connections there were.
fn serve(
    protocol: &[u8],
    act: impl Fn(&mut Stream) + Send + 'static,
) -> (CertificateDer<'static>, String, Arc<AtomicUsize>) {
    let made = rcgen::generate_simple_self_signed(vec!["front.localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    server.alpn_protocols = vec![protocol.to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!(
        "https://front.localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let server = Arc::new(server);
    // Ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            seen.fetch_add(1, Ordering::SeqCst);
            let connection = ServerConnection::new(Arc::clone(&server)).unwrap();
            act(&mut StreamOwned::new(connection, stream));
        }
    });
    (made.cert.der().clone(), base, count)
}

/// Every name is this machine.
struct Here;

#[async_trait::async_trait]
impl Names for Here {
    async fn addresses(&self, _name: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        Ok(vec![std::net::Ipv4Addr::LOCALHOST.into()])
    }
}

/// Reads until the request is there, whole or as good as.
fn request(stream: &mut Stream) {
    let mut got = Vec::new();
    let mut part = [0; 4096];
    while !got.windows(6).any(|six| six == b"\r\n\r\n{}") {
        match stream.read(&mut part) {
            Ok(count @ 1..) => got.extend_from_slice(&part[..count]),
            _ => return,
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_trusted_is_asked_about_with_the_first_call() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (certificate, base, _) = serve(b"http/1.1", |stream| {
        request(stream);
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.flush();
    });
    let seen = Arc::clone(&asked);
    let tls = tls::trusting(move || {
        seen.fetch_add(1, Ordering::SeqCst);
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        roots
    });
    let names = Arc::new(Here) as Arc<dyn Names>;
    let http = Http::build(&timing(), Clock::real(), names, tls.unwrap()).unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody waits for the list");
    for _ in 0..2 {
        assert_eq!(http.send(&post(&base)).await.unwrap().status, 200);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "once for all calls");
}

#[tokio::test]
async fn row_03_a_tls_alert_after_the_request_is_unclear() {
    let (http, base, count) = trusted(b"http/1.1", |stream| {
        request(stream);
        // The farewell alert, and nothing else.
        stream.conn.send_close_notify();
        let _ = stream.flush();
    });
    let error = http.send(&post(&base)).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Broken, "{error}");
    assert!(error.sent());
    assert_eq!(
        count.load(Ordering::SeqCst),
        1,
        "never sent again by itself"
    );
}

#[tokio::test]
async fn a_stream_that_http_2_refused_is_proven_not_sent() {
    let (http, base, _) = trusted(b"h2", |stream| {
        let mut got = Vec::new();
        let mut part = [0; 4096];
        let mut told = false;
        while let Ok(count @ 1..) = stream.read(&mut part) {
            got.extend_from_slice(&part[..count]);
            if !told {
                // Empty settings.
                stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
                told = true;
            }
            // Whatever stream is opened is refused (RST_STREAM, code 7).
            for id in headers(&mut got) {
                let mut frame = vec![0, 0, 4, 3, 0];
                frame.extend(id.to_be_bytes());
                frame.extend(7_u32.to_be_bytes());
                stream.write_all(&frame).unwrap();
            }
            let _ = stream.flush();
        }
    });
    let error = http.send(&post(&base)).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::NotStarted, "{error}");
    assert!(!error.sent());
}

/// The streams whose HEADERS frames are whole in `got`, which they are taken
/// out of.
fn headers(got: &mut Vec<u8>) -> Vec<u32> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    if got.starts_with(PREFACE) {
        got.drain(..PREFACE.len());
    }
    let mut found = Vec::new();
    while let Some(&[a, b, c, kind, _, w, x, y, z]) = got.first_chunk::<9>() {
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
        if got.len() < 9 + length {
            break;
        }
        got.drain(..9 + length);
        if kind == 1 {
            found.push(u32::from_be_bytes([w, x, y, z]) & 0x7fff_ffff);
        }
    }
    found
}
