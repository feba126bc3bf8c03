//! A server that takes posts as Bluesky does and remembers nothing, so that its
//! own work weighs as little as it can.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};

/// Loopback addresses it is reached by, as so many hosts.
pub const HOSTS: usize = 8;

/// A running server.
pub struct Server {
    port: u16,
}

impl Server {
    /// Starts it; every answer comes after `latency`.
    pub async fn start(latency: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new()
            .route("/xrpc/com.atproto.repo.putRecord", post(put))
            .with_state(latency);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { port }
    }

    /// Its base URL under the name of the n-th host.
    pub fn base(&self, n: usize) -> String {
        format!("http://127.0.0.{}:{}", 1 + n % HOSTS, self.port)
    }
}

async fn put(State(latency): State<Duration>, Json(record): Json<Value>) -> Json<Value> {
    if !latency.is_zero() {
        #[allow(
            clippy::disallowed_methods,
            reason = "the latency of a real server, in real time"
        )]
        tokio::time::sleep(latency).await;
    }
    let part = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let uri = format!(
        "at://{}/{}/{}",
        part("repo"),
        part("collection"),
        part("rkey")
    );
    Json(json!({ "uri": uri, "cid": "bafyreigh2akiscaildc" }))
}
