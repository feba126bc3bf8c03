//! Access that is taken away at a network, until somebody logs in again: the
//! channel must say so, its posts must wait, and then go out.

use std::time::{Duration, Instant};

use super::ground::{Loss, Way};
use super::{Soak, database, now, oracle};

/// How long a channel with a post that is due may look well after its access is
/// gone, whatever else goes wrong meanwhile.
const NOTICED: Duration = Duration::from_secs(60);

/// A time in which an account could not be written to.
#[derive(Clone, Debug)]
pub struct Dead {
    /// The account as the ledger names it.
    pub account: String,
    loss: Loss,
    /// Before it was taken away.
    pub begins: i64,
    /// When it was gone for certain.
    pub gone: i64,
    /// When it could be had again.
    pub back: i64,
    /// When somebody had logged in again.
    pub mended: i64,
}

impl Soak {
    /// A network takes the access to an account away.
    pub(super) fn loses_access(&mut self) -> &'static str {
        let at = usize::try_from(self.below(self.channels.len() as u64)).unwrap();
        let other = self.below(2) == 0;
        let affected: Vec<String> = match &self.channels[at].way {
            Way::Telegram { .. } if !other => self.telegram_accounts(),
            _ => vec![self.channels[at].account.clone()],
        };
        if affected.iter().any(|account| self.is_dead(account)) {
            return "access lost already";
        }
        self.loses_this(at, other, affected);
        "access lost"
    }

    pub(super) fn loses_this(&mut self, at: usize, other: bool, affected: Vec<String>) {
        let begins = now();
        let loss = self.ground.lose(&self.channels[at].way, other);
        for account in affected {
            self.acts.dead.push(Dead {
                account,
                loss,
                begins,
                gone: now(),
                back: i64::MAX,
                mended: i64::MAX,
            });
        }
    }

    /// Tokens run out, and a network may have forgotten what renews them: the
    /// program has to help itself, and nothing turns red. Not twice in the
    /// middle of one send, which is what a network does that takes no posts.
    pub(super) fn ages(&mut self) -> &'static str {
        let idle = "SELECT refused_writes = 0 AND NOT EXISTS (SELECT 1 FROM delivery WHERE channel_id = channel.id
              AND (state IN ('sending', 'unknown') OR (state = 'scheduled' AND due <= ?2)))
            FROM channel WHERE id = ?1";
        let store = database(&self.path());
        let mut aged = "tokens in use";
        for channel in &self.channels {
            let Way::Bluesky { handle, .. } = &channel.way else {
                continue;
            };
            if store
                .query_row(idle, (&channel.id, now()), |row| row.get(0))
                .unwrap()
            {
                let bluesky = self.ground.sandbox.bluesky();
                bluesky.expire_access_tokens(handle).unwrap();
                if self.below(2) == 0 {
                    bluesky.forget_refresh_tokens(Some(handle)).unwrap();
                }
                aged = "tokens ran out";
            }
        }
        aged
    }

    fn telegram_accounts(&self) -> Vec<String> {
        let mut channels = self.channels.clone();
        channels.retain(|one| matches!(one.way, Way::Telegram { .. }));
        channels.into_iter().map(|one| one.account).collect()
    }

    fn is_dead(&self, account: &str) -> bool {
        let mut all = self.acts.dead.iter();
        all.any(|one| one.account == account && one.mended == i64::MAX)
    }

    /// Where a channel is whose access is gone.
    pub(super) fn first_dead(&self) -> Option<usize> {
        (0..self.channels.len()).find(|at| self.is_dead(&self.channels[*at].account))
    }

    /// The network makes a login possible again; nothing when it is.
    pub(super) fn gives_back(&mut self, at: usize) {
        let number = self.acts.dead.len();
        let channel = &mut self.channels[at];
        let mut open = self.acts.dead.iter();
        let of = |one: &&Dead| one.account == channel.account && one.back == i64::MAX;
        let Some(loss) = open.find(of).map(|one| one.loss) else {
            return;
        };
        let back = now();
        self.ground.give_back(&mut channel.way, loss, number);
        let account = channel.account.clone();
        for one in &mut self.acts.dead {
            let shares = loss == Loss::Token && one.loss == Loss::Token;
            if one.back == i64::MAX && (one.account == account || shares) {
                one.back = back;
            }
        }
    }

    /// Somebody has logged in there again.
    pub(super) fn is_mended(&mut self, at: usize) {
        let account = &self.channels[at].account;
        let mut all = self.acts.dead.iter_mut();
        let of = |one: &&mut Dead| one.account == *account && one.mended == i64::MAX;
        let Some(loss) = all.find(of).map(|one| one.loss) else {
            return;
        };
        // One login serves every chat of the bot.
        let account = account.clone();
        for one in &mut self.acts.dead {
            let shares = loss == Loss::Token && one.loss == Loss::Token;
            if one.mended == i64::MAX && (one.account == account || shares) {
                one.mended = now();
            }
        }
    }

    /// Waits until a channel says that its access is gone, then somebody logs in
    /// again.
    pub(super) fn mends(&mut self, at: usize) -> &'static str {
        let channel = self.channels[at].clone();
        self.posted += 1;
        let text = format!("waiting {} of {}", self.posted, self.seed);
        let words = [
            "post",
            "create",
            "--to",
            &channel.id,
            "--text",
            &text,
            "--at",
            "in 1s",
        ];
        let done = self.patient(self.desk.home.allgreen(words));
        assert!(matches!(done.code, Some(0 | 7)), "{done:#?}");
        if !self.turns_red(&channel.id) {
            let mut open = oracle::rows(&database(&self.path()));
            open.retain(|row| row.channel == channel.id && row.state != "published");
            let what = format!("silently red: {channel:?} {:?} {open:?}", self.acts.dead);
            self.acts.wrong.push(what);
        }
        self.pause(0, 1500);
        // A reading with the dead token may be under way when the new one comes.
        let probe = ["channel", "probe", &channel.id];
        let probing = (self.below(2) == 0).then(|| self.desk.home.allgreen(probe).spawn());
        self.gives_back(at);
        let way = self.channels[at].way.clone();
        let patient = |run| self.patient(run);
        let mut said = Vec::new();
        for _ in 0..5 {
            match self.ground.connect(&self.desk, &way, &patient) {
                Ok(id) => {
                    assert_eq!(id, channel.id, "the same channel again");
                    self.is_mended(at);
                    if let Some(probing) = probing {
                        self.awaited(probing);
                    }
                    return "access mended";
                }
                Err(what) => said.push(what),
            }
        }
        panic!("{channel:?} cannot be logged in again: {said:#?}");
    }

    pub(super) fn turns_red(&mut self, channel: &str) -> bool {
        let last = Instant::now() + NOTICED;
        while Instant::now() < last {
            self.crew.complete(&self.desk.home, None);
            self.go_on();
            let publishable = database(&self.path()).query_row(
                "SELECT publishable FROM channel WHERE id = ?1",
                [channel],
                |row| row.get::<_, bool>(0),
            );
            if !publishable.unwrap() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }
}
