//! The publisher beside a screen, as the screen sees it: something that rests
//! before the process is stopped, and goes on after it.

use tokio::sync::watch;

/// The screen's end: asks, and waits until it is so.
#[derive(Debug)]
pub struct Publisher {
    wanted: watch::Sender<bool>,
    works: watch::Receiver<bool>,
}

/// The engine's end: is asked, and says what is so.
#[derive(Debug)]
pub struct Asked {
    wanted: watch::Receiver<bool>,
    works: watch::Sender<bool>,
}

/// Both ends; the publisher is wanted from the start.
pub fn pair() -> (Publisher, Asked) {
    let (wanted, asked) = watch::channel(true);
    let (says, works) = watch::channel(true);
    (
        Publisher { wanted, works },
        Asked {
            wanted: asked,
            works: says,
        },
    )
}

impl Publisher {
    /// Gives the role up and returns once nothing is on the wire any more.
    pub async fn rest(&mut self) {
        let _ = self.wanted.send_replace(false);
        // An error means that its thread has ended, which is rest as well.
        let _ = self.works.wait_for(|works| !works).await;
    }

    /// May take the role again.
    pub fn go_on(&self) {
        let _ = self.wanted.send_replace(true);
    }
}

impl Asked {
    /// Waits until it is wanted; `false` when the screen has gone.
    pub async fn wanted(&mut self) -> bool {
        let _ = self.works.send_replace(false);
        let wanted = self.wanted.wait_for(|wanted| *wanted).await.is_ok();
        if wanted {
            let _ = self.works.send_replace(true);
        }
        wanted
    }

    /// Returns when it is no longer wanted.
    pub async fn unwanted(&mut self) {
        // An error means that the screen has gone.
        let _ = self.wanted.wait_for(|wanted| !wanted).await;
    }
}
