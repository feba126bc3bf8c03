//! As much of HTTP/1.1 as a test proxy needs: requests in, replies out, over one
//! connection that may carry several.

use std::io;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Fault;

pub(super) struct RequestLine {
    pub(super) verb: Method,
    pub(super) target: String,
}

impl RequestLine {
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(super) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    pub(super) fn name(&self) -> &str {
        let path = self.path();
        path.strip_prefix("/xrpc/").unwrap_or(path)
    }
}

pub(super) struct Request {
    pub(super) line: RequestLine,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn keeps_alive(&self) -> bool {
        !has_token(&self.headers, header::CONNECTION, "close")
    }

    /// What belongs to the call rather than to this connection. Packed answers
    /// are not asked for, since texts in them are replaced.
    pub(super) fn forwarded_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        for name in [
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::EXPECT,
            header::TE,
            header::ACCEPT_ENCODING,
        ] {
            headers.remove(name);
        }
        headers
    }
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn made_up(status: u16, body: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Self {
            status,
            headers,
            body: body.into_bytes(),
        }
    }
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .any(|t| t.trim().eq_ignore_ascii_case(token))
        })
    })
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A connection, with what arrived and was not needed yet.
pub(super) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub(super) fn of(stream: TcpStream) -> Self {
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// The first line of the next request; none when the client has finished.
    pub(super) async fn request_line(&mut self) -> io::Result<Option<RequestLine>> {
        let Some(line) = self.line().await? else {
            return Ok(None);
        };
        let mut words = line.split(' ');
        let (Some(verb), Some(target)) = (words.next(), words.next()) else {
            return Err(broken("no request line"));
        };
        Ok(Some(RequestLine {
            verb: Method::from_bytes(verb.as_bytes()).map_err(|_| broken("no verb"))?,
            target: target.to_owned(),
        }))
    }

    pub(super) async fn rest_of_request(&mut self, line: RequestLine) -> io::Result<Request> {
        let mut headers = HeaderMap::new();
        loop {
            let text = self.line().await?.ok_or_else(|| broken("cut in headers"))?;
            if text.is_empty() {
                break;
            }
            let (name, value) = text.split_once(':').ok_or_else(|| broken("no header"))?;
            headers.append(
                HeaderName::try_from(name.trim()).map_err(|_| broken("header name"))?,
                HeaderValue::try_from(value.trim()).map_err(|_| broken("header value"))?,
            );
        }
        if has_token(&headers, header::EXPECT, "100-continue") {
            self.stream
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .await?;
        }
        let body = if has_token(&headers, header::TRANSFER_ENCODING, "chunked") {
            self.chunks().await?
        } else {
            let length = headers
                .get(header::CONTENT_LENGTH)
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .unwrap_or(0);
            self.exactly(length).await?
        };
        Ok(Request {
            line,
            headers,
            body,
        })
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?.ok_or_else(|| broken("cut in chunks"))?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| broken("chunk size"))?;
            if size == 0 {
                // Trailers, which nobody here sends, up to the empty line.
                while self.line().await?.is_some_and(|line| !line.is_empty()) {}
                return Ok(body);
            }
            body.extend(self.exactly(size).await?);
            self.line().await?;
        }
    }

    /// One line without its end; none when the client has finished.
    async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.unread.drain(..at + 2).take(at).collect();
                return String::from_utf8(line)
                    .map(Some)
                    .map_err(|_| broken("no text"));
            }
            if self.more().await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < count {
            if self.more().await? == 0 {
                return Err(broken("cut in the body"));
            }
        }
        Ok(self.unread.drain(..count).collect())
    }

    async fn more(&mut self) -> io::Result<usize> {
        let mut part = [0; 16 * 1024];
        let count = self.stream.read(&mut part).await?;
        self.unread.extend_from_slice(&part[..count]);
        Ok(count)
    }

    /// Writing to a client that has gone succeeds once; reading tells at once.
    fn still_there(&mut self) -> io::Result<()> {
        let mut part = [0; 16 * 1024];
        match self.stream.try_read(&mut part) {
            Ok(0) => Err(io::ErrorKind::BrokenPipe.into()),
            Ok(count) => {
                self.unread.extend_from_slice(&part[..count]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends the connection with an RST instead of a farewell.
    pub(super) fn reset(self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }

    /// Writes a reply that goes wrong half way; the connection is of no more use.
    pub(super) async fn spoil(&mut self, reply: &Reply, how: &Fault) -> io::Result<()> {
        let status = format!("HTTP/1.1 {} Proxied\r\n", reply.status);
        let head = |length: usize| {
            format!("{status}content-type: application/json\r\ncontent-length: {length}\r\n\r\n")
        };
        match how {
            Fault::Truncate => {
                let half = &reply.body[..reply.body.len() / 2];
                self.stream
                    .write_all(head(reply.body.len()).as_bytes())
                    .await?;
                self.stream.write_all(half).await?;
                self.stream.flush().await
            }
            Fault::Flood(bytes) => {
                self.stream.write_all(head(*bytes).as_bytes()).await?;
                self.stream.write_all(b"{\"more\":\"").await?;
                let part = [b'x'; 64 * 1024];
                for _ in 0..bytes / part.len() {
                    self.stream.write_all(&part).await?;
                }
                Ok(())
            }
            _ => {
                self.stream.write_all(head(1 << 20).as_bytes()).await?;
                let mut pause = tokio::time::interval(Duration::from_millis(20));
                loop {
                    self.stream.write_all(b" ").await?;
                    pause.tick().await;
                }
            }
        }
    }

    pub(super) async fn write(&mut self, reply: &Reply, request: &Request) -> io::Result<()> {
        self.still_there()?;
        let mut bytes = format!("HTTP/1.1 {} Proxied\r\n", reply.status).into_bytes();
        let bodiless = request.line.verb == Method::HEAD || matches!(reply.status, 204 | 304);
        for (name, value) in &reply.headers {
            let ours = *name == header::CONNECTION
                || *name == header::TRANSFER_ENCODING
                || (*name == header::CONTENT_LENGTH && !bodiless)
                || *name == "keep-alive";
            if !ours {
                bytes.extend_from_slice(name.as_str().as_bytes());
                bytes.extend_from_slice(b": ");
                bytes.extend_from_slice(value.as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
        }
        if bodiless {
            bytes.extend_from_slice(b"\r\n");
        } else {
            let length = format!("content-length: {}\r\n\r\n", reply.body.len());
            bytes.extend_from_slice(length.as_bytes());
            bytes.extend_from_slice(&reply.body);
        }
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await
    }
}
