//! One login from its link to a proved account.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::listener::{Bound, Listener, PATH};
use super::paste::Callback;
use super::words::{same, secret_word};
use crate::domain::network::Network;
use crate::networks::login::{Authorize, DeviceCode, Grant, LoginAsk, OAuthClient, SHOWN, refused};
use crate::networks::token_endpoint;
use crate::networks::{Net, Networked, SignInError, SignedIn};
use crate::support::entropy::Entropy;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// Answers that wait to be looked at; more are turned away.
const WAITING: usize = 4;

/// What a login is begun with.
#[derive(Clone, Debug)]
pub struct Begin {
    /// The server the account lives on, where there are many.
    pub server: Option<String>,
    /// The account that is wanted, for networks that can ask for it.
    pub account: Option<String>,
    /// Which ways are wanted.
    pub ways: Ways,
    /// How long it may take.
    pub limit: Duration,
}

/// The ways an answer can come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// A browser, here or by paste.
    Browser,
    /// A browser, and a code for another device where there is one.
    BrowserAndDevice,
    /// A code for another device alone.
    Device,
}

/// A login that was begun. Dropping it closes its port.
pub struct Attempt {
    networked: Arc<dyn Networked>,
    net: Net,
    client: OAuthClient,
    ask: Authorize,
    link: Url,
    port: Option<u16>,
    /// Until when an answer is taken.
    ends: UtcMs,
    answers: mpsc::Receiver<Answer>,
    pasted: mpsc::Sender<Answer>,
    device: Option<token_endpoint::Device>,
    no_device: Option<SignInError>,
    ways: Ways,
    listener: Option<Listener>,
}

/// The code for another device, as it is shown.
pub type Device = DeviceCode;

/// What came back, by whichever way.
#[derive(Debug)]
pub struct Answer {
    what: What,
    /// The browser that waits for the end.
    page: Option<oneshot::Sender<bool>>,
}

#[derive(Debug)]
enum What {
    Callback(Callback),
    Granted(Grant),
    Failed(SignInError),
}

impl Answer {
    pub(super) fn came(callback: Callback, page: oneshot::Sender<bool>) -> Self {
        Self {
            what: What::Callback(callback),
            page: Some(page),
        }
    }

    /// Tells the browser that waits, if one does, how the login ended.
    pub fn tell_browser(&mut self, worked: bool) {
        if let Some(page) = self.page.take() {
            // The browser may have gone.
            let _ = page.send(worked);
        }
    }
}

/// Takes what people paste, from anywhere: it finds its login by the secret
/// word. Cheap to clone.
#[derive(Clone)]
pub struct Paster {
    state: String,
    into: mpsc::Sender<Answer>,
}

impl Paster {
    /// One of a login with this secret word, and where its answers come out.
    #[cfg(test)]
    pub(crate) fn of(state: &str) -> (Self, mpsc::Receiver<Answer>) {
        let (into, answers) = mpsc::channel(WAITING);
        let state = state.to_owned();
        (Self { state, into }, answers)
    }

    /// Whether an answer belongs to this login; one without a secret word may
    /// belong to any.
    pub fn is_for(&self, callback: &Callback) -> Option<bool> {
        let state = callback.state.as_deref()?;
        Some(same(state, &self.state))
    }

    /// Hands an answer over; the login judges it.
    ///
    /// # Errors
    /// The answer itself, when the login is over or has enough to look at.
    pub fn give(&self, callback: Callback) -> Result<(), Callback> {
        let Ok(place) = self.into.try_reserve() else {
            return Err(callback);
        };
        place.send(Answer {
            what: What::Callback(callback),
            page: None,
        });
        Ok(())
    }
}

impl Attempt {
    /// Begins a login: binds a port, registers this program where that is
    /// wanted, and makes the link. Nothing is changed anywhere by it.
    ///
    /// # Errors
    /// When the network has no such login, cannot be reached, or no port is
    /// free.
    pub async fn begin(
        networked: Arc<dyn Networked>,
        net: Net,
        entropy: &Entropy,
        begin: Begin,
    ) -> Result<Self, SignInError> {
        let (redirect, bound) = redirect(net.settings.redirect_uri.as_deref()).await?;
        let ask = LoginAsk {
            server: begin.server,
            account: begin.account,
            redirect: redirect.clone(),
        };
        let client = networked.oauth_client(&net, &ask).await?;
        let ask = Authorize {
            state: secret_word(entropy),
            verifier: secret_word(entropy),
            redirect,
        };
        let link = networked.authorize(&net, &client, &ask).await?;
        // The other ways live on without it.
        let (device, no_device) = if begin.ways != Ways::Browser {
            match token_endpoint::device(&net, &client).await {
                Ok(device) => (device, None),
                Err(failed) => (None, Some(refused(&failed, &client.server))),
            }
        } else {
            (None, None)
        };
        let (pasted, answers) = mpsc::channel(WAITING);
        let path =
            Url::parse(&ask.redirect).map_or_else(|_| PATH.into(), |url| url.path().to_owned());
        let port = bound.as_ref().map(Bound::port);
        let listener = bound
            .map(|bound| bound.serve(path, ask.state.clone(), pasted.clone(), net.clock.clone()));
        let now = net.clock.now();
        Ok(Self {
            networked,
            client,
            ask,
            link,
            port,
            ends: now.plus(begin.limit),
            answers,
            pasted,
            device,
            no_device,
            ways: begin.ways,
            net,
            listener,
        })
    }

    /// Where the operator logs in. It holds the secret word: shown to the
    /// operator, kept out of logs.
    pub fn link(&self) -> &Url {
        &self.link
    }

    /// The port that waits for the browser; `None` where none does.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Until when an answer is taken.
    pub fn ends(&self) -> UtcMs {
        self.ends
    }

    /// The stable id of the account that is wanted, where it was known before.
    pub fn wanted(&self) -> Option<&str> {
        self.client.account.as_deref()
    }

    /// The code for another device, where there is one.
    pub fn device(&self) -> Option<&Device> {
        self.device.as_ref().map(|device| &device.code)
    }

    /// Why there is no code for another device, when the network refused one.
    pub fn no_device(&self) -> Option<&SignInError> {
        self.no_device.as_ref()
    }

    /// Where pasted addresses go.
    pub fn paster(&self) -> Paster {
        Paster {
            state: self.ask.state.clone(),
            into: self.pasted.clone(),
        }
    }

    /// Waits for an answer, whichever way it comes.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn wait(&mut self) -> Result<Answer, SignInError> {
        loop {
            let device = async {
                match &self.device {
                    Some(device) => {
                        token_endpoint::device_answer(&self.net, &self.client, device).await
                    }
                    None => std::future::pending().await,
                }
            };
            let what = tokio::select! {
                Some(answer) = self.answers.recv() => return Ok(answer),
                granted = device => match granted {
                    Ok(grant) => What::Granted(grant),
                    // The code is over, the link is not.
                    Err(failed)
                        if self.ways != Ways::Device
                            && failed.error() != Some("access_denied") =>
                    {
                        self.device = None;
                        continue;
                    }
                    Err(failed) => What::Failed(refused(&failed, &self.client.server)),
                },
                () = self.net.clock.sleep_until(self.ends) => {
                    return Err(SignInError {
                        code: "login_timeout",
                        what: "The login was not finished in time; nothing was changed.".to_owned(),
                        hint: "Begin it again.".to_owned(),
                    });
                }
            };
            return Ok(Answer { what, page: None });
        }
    }

    /// Ends the login, and waits a moment for the page that a browser is still
    /// given.
    pub async fn close(self) {
        if let Some(listener) = self.listener {
            listener.close(&self.net.clock).await;
        }
    }

    /// Turns an answer into a proved login. With code `bad_code` the login may
    /// go on waiting for a better answer.
    ///
    /// # Errors
    /// What the network refused, and what does not fit this login.
    pub async fn finish(&self, answer: &mut Answer) -> Result<SignedIn, SignInError> {
        let used = What::Failed(SignInError {
            code: "bad_code",
            what: "That answer was used already.".to_owned(),
            hint: "Open the link again.".to_owned(),
        });
        let grant = match std::mem::replace(&mut answer.what, used) {
            What::Callback(callback) => self.exchange(callback).await?,
            What::Granted(grant) => grant,
            What::Failed(error) => return Err(error),
        };
        self.networked
            .identify(&self.net, &self.client, grant)
            .await
    }

    async fn exchange(&self, callback: Callback) -> Result<Grant, SignInError> {
        if callback
            .state
            .as_deref()
            .is_some_and(|state| !same(state, &self.ask.state))
        {
            return Err(SignInError {
                code: "bad_code",
                what: "That address belongs to another login.".to_owned(),
                hint: "Paste the address that this login's link led to.".to_owned(),
            });
        }
        // Another server may have been put in between (mix-up).
        // Source: <https://www.rfc-editor.org/rfc/rfc9207#section-2.4>
        if let Some(wanted) = &self.client.issuer {
            let fits = match &callback.issuer {
                Some(issuer) => same(issuer, wanted),
                // A bare code says nothing but itself.
                None => callback.state.is_none(),
            };
            if !fits {
                return Err(SignInError {
                    code: "wrong_issuer",
                    what: format!("The answer does not come from {wanted}; it was not used."),
                    hint: "Open the link of this login again.".to_owned(),
                });
            }
        }
        if let Some((name, words)) = callback.refused {
            return Err(denied(self.client.network, &name, &words));
        }
        let code = callback.code.unwrap_or_else(|| Secret::new(""));
        token_endpoint::exchange(&self.net, &self.client, &code, &self.ask)
            .await
            .map_err(|failed| refused(&failed, &self.client.server))
    }
}

/// Where the browser comes back to, and the port that waits there.
async fn redirect(configured: Option<&str>) -> Result<(String, Option<Bound>), SignInError> {
    let none = |what: String| SignInError {
        code: "no_listener",
        what,
        hint: "Free that port, or set another redirect_uri in the configuration.".to_owned(),
    };
    let here = match configured {
        None => Some((0, PATH.to_owned())),
        Some(text) if text == SHOWN => None,
        Some(text) => loopback(text),
    };
    let Some((port, path)) = here else {
        return Ok((configured.unwrap_or(SHOWN).to_owned(), None));
    };
    let bound = Bound::new(port).await;
    let bound = bound.map_err(|error| {
        none(format!(
            "No port on this machine can wait for the browser: {error}."
        ))
    })?;
    let redirect = match configured {
        Some(text) if port != 0 => text.to_owned(),
        _ => format!("http://127.0.0.1:{}{path}", bound.port()),
    };
    Ok((redirect, Some(bound)))
}

/// Port and path of a redirect that comes back to this machine; port 0 when it
/// names none.
fn loopback(text: &str) -> Option<(u16, String)> {
    let url = Url::parse(text).ok()?;
    let here = url.scheme() == "http" && url.host_str() == Some("127.0.0.1");
    here.then(|| (url.port().unwrap_or(0), url.path().to_owned()))
}

/// A refusal in words.
fn denied(network: Network, name: &str, words: &str) -> SignInError {
    let title = network.title();
    if name == "access_denied" {
        return SignInError {
            code: "access_denied",
            what: format!("The login was refused on {title}'s page; nothing was changed."),
            hint: "Begin it again and allow it, as somebody who may.".to_owned(),
        };
    }
    let said = if words.is_empty() { name } else { words };
    SignInError {
        code: "bad_code",
        what: format!("{title} ended the login: {said}"),
        hint: "Open the link again; if that repeats, begin the login anew.".to_owned(),
    }
}

impl std::fmt::Debug for Paster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the secret word.
        f.debug_struct("Paster").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
