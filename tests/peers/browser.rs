//! A real browser through a consent page: it comes back to the listener, and on
//! another machine its dead address is pasted.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use crate::chromium::Chromium;
use crate::common::PATIENCE;
use crate::common::program::Desk;
use crate::common::simulated::sandbox;
use crate::oauth_server::OAuthServer;

#[test]
fn chromium_goes_through_the_pages_of_a_server_and_back_into_the_listener() {
    let server = OAuthServer::start(&[("PAGES", "1")]);
    let desk = Desk::new(&server.config());
    let words = [
        "connect",
        "mastodon",
        "--server",
        &server.api,
        "--no-browser",
    ];
    let login = desk.log_in(&words);
    let browser = Chromium::start();
    browser.open(&login.link);
    browser.type_into("input[name=login]", "carol");
    browser.type_into("input[name=password]", "anything");
    browser.click("button[type=submit]");
    // The next page asks whether the program may.
    browser.click("form[action*='/interaction/'] button[type=submit]");
    browser.wait_for_address(login.redirect().as_str());
    let page = browser.text();
    assert!(page.contains("Logged in"), "{page}");
    let channel = login.connected();
    assert_eq!(channel["lamp"], "green");
    assert!(channel["handle"].as_str().unwrap().starts_with("carol@"));
}

#[test]
fn chromium_on_another_machine_ends_on_a_dead_page_whose_address_is_pasted() {
    let sandbox = sandbox();
    sandbox.mastodon().create_account("acme").unwrap();
    let desk = Desk::new("[networks.mastodon]\nallow_private_hosts = true\n");
    let mut terminal = Terminal::run(
        &desk,
        &[
            "channel",
            "connect",
            "mastodon",
            "--server",
            sandbox.mastodon_base(),
        ],
    );
    let link = terminal.line("authorize: ");
    let tunnel = terminal.line("tunnel: ");
    let port: u16 = tunnel
        .split(':')
        .nth(2)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        tunnel,
        format!("ssh -L {port}:127.0.0.1:{port} 203.0.113.5")
    );
    let browser = Chromium::elsewhere(port);
    browser.open(&link);
    browser.click("form[action='/auth/sign_in'] button");
    browser.click("form[action='/oauth/authorize'] button");
    browser.wait_for_address(&format!("http://127.0.0.1:{port}/callback?"));
    assert!(
        !browser.text().contains("Logged in"),
        "nothing answered there"
    );
    terminal.type_line(&browser.address());
    terminal.wait_for("may publish");
    assert_eq!(desk.json(&["channel", "list"])[0]["lamp"], "green");
}

#[test]
fn the_relay_page_shows_what_to_paste_and_hides_it_from_the_address_bar() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/oauth-relay.html");
    let page = format!("file://{page}");
    let browser = Chromium::start();
    for (sent, shown) in [
        (
            "?code=abc%2F1&state=s-1&iss=https%3A%2F%2Fa.example",
            "code=abc%2F1&state=s-1&iss=https%3A%2F%2Fa.example",
        ),
        ("#code=abc&state=s", "code=abc&state=s"),
        ("?code=abc&state=s#_=_", "code=abc&state=s"),
        (
            "?error=access_denied&error_description=No.&state=s",
            "error=access_denied&state=s",
        ),
    ] {
        browser.open("about:blank");
        browser.open(&format!("{page}{sent}"));
        assert_eq!(browser.value("#paste"), shown, "{sent}");
        assert_eq!(
            browser.address(),
            page,
            "the address bar no longer shows it"
        );
        let answer = allgreen::ops::login::parse(shown).unwrap();
        assert_eq!(answer.code.is_some(), sent.contains("code="));
    }
    browser.open("about:blank");
    browser.open(&page);
    assert!(browser.text().contains("Nothing to paste yet"));
    browser.open(&format!(
        "{page}?code=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&state=s"
    ));
    assert!(
        browser.value("#paste").starts_with("code=%3Cimg"),
        "text, and nothing else"
    );
}

/// The program in a terminal that is seen over SSH.
struct Terminal {
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    said: String,
    child: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    fn run(desk: &Desk, words: &[&str]) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_allgreen"));
        command.args(["--home", desk.home.path().to_str().unwrap()]);
        command.args(words);
        command.env("TERM", "xterm-256color");
        command.env("SSH_CONNECTION", "192.0.2.7 50022 203.0.113.5 22");
        // A display that the operator's own machine forwards is not used.
        command.env("DISPLAY", "localhost:10.0");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (tell, bytes) = channel();
        std::thread::spawn(move || {
            // Kept open as long as it is read.
            let _master = pair.master;
            let mut buffer = [0; 65536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if tell.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keys,
            bytes,
            said: String::new(),
            child,
        }
    }

    /// The rest of the whole line that begins like this.
    fn line(&mut self, start: &str) -> String {
        self.until(|said| {
            let (_, rest) = said.split_once(start)?;
            Some(rest.split_once("\r\n")?.0.to_owned())
        })
    }

    fn wait_for(&mut self, text: &str) {
        self.until(|said| said.contains(text).then_some(()));
    }

    fn until<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> T {
        loop {
            if let Some(found) = find(&self.said) {
                return found;
            }
            let more = self.bytes.recv_timeout(PATIENCE);
            let more = more.unwrap_or_else(|_| panic!("only this was said: {}", self.said));
            self.said.push_str(&String::from_utf8_lossy(&more));
        }
    }

    fn type_line(&mut self, text: &str) {
        write!(self.keys, "{text}\r").unwrap();
        self.keys.flush().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
