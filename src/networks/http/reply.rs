//! An answer: status, the headers that matter, and a body of bounded size.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde::de::DeserializeOwned;
use url::Url;

use super::NetError;
use crate::support::time::UtcMs;

/// No pause a network asks for is believed beyond this.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body, at most the cap of the request.
    pub body: Vec<u8>,
    headers: HeaderMap,
    /// When it came, by our clock.
    came: UtcMs,
}

impl Reply {
    /// Whether the status is a success.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON of the wanted shape; `None` when it is not that.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The server's time.
    pub fn date(&self) -> Option<UtcMs> {
        http_date(self.header(DATE.as_str())?)
    }

    /// How long to wait from now on: `Retry-After` in seconds or as a date
    /// (judged by the server's own clock), or, on a refusal for now, the reset
    /// of the rate limit. At most a day; `None` when nothing is said.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>
    pub fn retry_after(&self) -> Option<Duration> {
        let now = self.date().unwrap_or(self.came);
        let named = self.header(RETRY_AFTER.as_str()).map(str::trim);
        let pause = match named.map(|text| (text.parse::<u64>(), http_date(text))) {
            Some((Ok(seconds), _)) => Some(Duration::from_secs(seconds)),
            Some((_, Some(at))) => Some(at.since(now)),
            // More digits than a number holds is a very long time.
            Some(_) if named.is_some_and(only_digits) => Some(LONGEST_PAUSE),
            _ => None,
        };
        pause
            .or_else(|| self.reset(now))
            .map(|pause| pause.min(LONGEST_PAUSE))
    }

    fn reset(&self, now: UtcMs) -> Option<Duration> {
        if !matches!(self.status, 429 | 503) {
            return None;
        }
        if let Some(text) = self.header("ratelimit-reset") {
            let at: i64 = text.trim().parse().ok()?;
            return Some(UtcMs(at.saturating_mul(1000)).since(now));
        }
        // Mastodon's is a date, and its only word on when to come back.
        // Source: <https://docs.joinmastodon.org/api/rate-limits/>
        let text = self
            .header("x-ratelimit-reset")
            .filter(|_| self.status == 429)?;
        Some(UtcMs::parse_rfc3339(text.trim()).ok()?.since(now))
    }

    /// Where a redirect leads.
    pub(super) fn location(&self, from: &Url) -> Option<Url> {
        if !matches!(self.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        from.join(self.header(LOCATION.as_str())?).ok()
    }

    /// An answer as a test writes it.
    #[cfg(test)]
    pub(crate) fn made(status: u16, headers: &[(&'static str, &str)], body: &str) -> Self {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Self {
            status,
            body: body.as_bytes().to_vec(),
            headers: map,
            came: UtcMs(1_795_226_400_000),
        }
    }
}

fn only_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads `Sat, 21 Nov 2026 14:02:00 GMT`.
fn http_date(text: &str) -> Option<UtcMs> {
    let parsed = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(parsed.timestamp().into())
}

/// Reads the body up to `cap` bytes, counted after unpacking.
pub(super) async fn read(
    host: &str,
    mut response: reqwest::Response,
    cap: usize,
    came: UtcMs,
) -> Result<Reply, NetError> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => break,
            Ok(Some(chunk)) if body.len() + chunk.len() > cap => {
                return Err(NetError::too_long(host, cap).with_status(status));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Err(NetError::from_read(host, error).with_status(status)),
        }
    }
    Ok(Reply {
        status,
        body,
        headers,
        came,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn outside_no_header_makes_a_pause_longer_than_a_day_or_a_panic(
            status in 100_u16..600,
            name in prop::sample::select(vec!["retry-after", "ratelimit-reset", "x-ratelimit-reset"]),
            value in "[ -~]{0,60}|-?[0-9]{1,40}|[A-Z][a-z]{2}, ?[0-9]{1,2} [A-Z][a-z]{2} -?[0-9]{1,6} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})? (GMT|[A-Z]{1,4}|[+-][0-9]{4})|[0-9]{1,5}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2})",
            date in prop::option::of("[ -~]{0,40}|[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{1,6} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"),
        ) {
            let mut headers = vec![(name, value.as_str())];
            headers.extend(date.as_deref().map(|date| ("date", date)));
            let reply = Reply::made(status, &headers, "");
            prop_assert!(reply.retry_after().is_none_or(|pause| pause <= LONGEST_PAUSE));
            let _ = reply.date();
        }

        #[test]
        fn outside_no_redirect_makes_it_panic(to in "[ -~]{0,80}|(https?:)?//[ -~]{0,40}") {
            let reply = Reply::made(302, &[("location", &to)], "");
            let from = Url::parse("https://mas.example/a").unwrap();
            let _ = reply.location(&from);
        }
    }

    fn pause(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        let reply = Reply::made(status, headers, "");
        reply.retry_after().map(|pause| pause.as_secs())
    }

    #[test]
    fn row_09_every_way_to_say_when_is_understood_and_none_is_believed_beyond_a_day() {
        let date = ("date", "Sat, 21 Nov 2026 14:00:00 GMT");
        assert_eq!(pause(429, &[("retry-after", "290")]), Some(290));
        assert_eq!(
            pause(
                503,
                &[date, ("retry-after", "Sat, 21 Nov 2026 14:02:00 GMT")]
            ),
            Some(120)
        );
        // Past is at once.
        assert_eq!(
            pause(
                503,
                &[date, ("retry-after", "Sat, 21 Nov 2026 13:00:00 GMT")]
            ),
            Some(0)
        );
        assert_eq!(
            pause(429, &[date, ("ratelimit-reset", "1795269700")]),
            Some(100)
        );
        assert_eq!(pause(429, &[("retry-after", "315360000")]), Some(86_400));
        assert_eq!(
            pause(429, &[("retry-after", "99999999999999999999999")]),
            Some(86_400)
        );
        assert_eq!(
            pause(
                429,
                &[date, ("retry-after", "Wed, 21 Nov 2046 14:00:00 GMT")]
            ),
            Some(86_400)
        );
        for nothing in ["", "soon", "-5", "1.5"] {
            assert_eq!(pause(429, &[("retry-after", nothing)]), None, "{nothing}");
        }
        assert_eq!(pause(429, &[]), None);
        let dated = ("x-ratelimit-reset", "2026-11-21T14:05:00.000000Z");
        assert_eq!(pause(429, &[date, dated]), Some(300));
        assert_eq!(pause(200, &[date, dated]), None);
        // The window's end on a success is no request to wait.
        assert_eq!(pause(200, &[date, ("ratelimit-reset", "1795269700")]), None);
    }
}
