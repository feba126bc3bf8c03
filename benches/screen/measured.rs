//! What is measured over a hub.

use std::time::{Duration, Instant};

use crate::figures::{percentile, sorted};
use crate::generated::Generated;
use crate::terminal::Terminal;

/// How often the screen is opened.
const STARTS: usize = 15;

/// How often each key is pressed.
const PRESSES: usize = 120;

/// How long one thing took, again and again.
pub struct Taken {
    /// What.
    pub what: &'static str,
    spans: Vec<f64>,
}

impl Taken {
    fn new(what: &'static str, spans: Vec<Duration>) -> Self {
        let spans = spans.iter().map(Duration::as_secs_f64).collect();
        Self {
            what,
            spans: sorted(spans),
        }
    }

    /// The middle one.
    pub fn middle(&self) -> Duration {
        Duration::from_secs_f64(percentile(&self.spans, 0.5))
    }

    fn print(&self) {
        let millis = |share| percentile(&self.spans, share) * 1e3;
        println!(
            "  {:<24} p50 {:7.2} ms   p99 {:7.2} ms   most {:7.2} ms",
            self.what,
            millis(0.5),
            millis(0.99),
            millis(1.0)
        );
    }
}

/// Measures and prints; the same things in the same order for every hub.
pub fn over(hub: &Generated) -> Vec<Taken> {
    let mut all = Vec::new();
    let mut add = |taken: Taken| {
        taken.print();
        all.push(taken);
    };
    // Counted as soon as all are read, not before.
    let all_there = format!("1 Channels {}", hub.channels);
    let [mut plain, mut first, mut broken, mut whole] = [const { Vec::new() }; 4];
    for _ in 0..STARTS {
        plain.push(plain_select(hub));
        let mut terminal = Terminal::open(&hub.home());
        first.push(terminal.shows("1 Channels"));
        broken.push(terminal.shows("Broken "));
        whole.push(terminal.shows(&all_there));
    }
    add(Taken::new("the same SELECT", plain));
    add(Taken::new("first frame", first));
    add(Taken::new("what is broken is there", broken));
    add(Taken::new("all channels are there", whole));

    let mut terminal = Terminal::open(&hub.home());
    terminal.shows(&all_there);
    terminal.shows("Post ");
    terminal.quiet(Duration::from_millis(500));
    // Each key changes what is seen; what is pressed afterwards is not measured.
    let mut presses = |what, keys: &[&str], afterwards: &str| {
        let (mut spans, mut most) = (Vec::new(), 0);
        while spans.len() < PRESSES {
            for key in keys {
                let (span, bytes) = terminal.press(key);
                spans.push(span);
                most = most.max(bytes);
            }
            terminal.unmeasured(afterwards);
        }
        let taken = Taken::new(what, spans);
        taken.print();
        println!("  {:<24} most {most} bytes", "");
        all.push(taken);
    };
    presses("down and up", &["j", "j", "j", "k", "k"], "");
    presses("pages", &["\x1b[6~", "\x1b[5~"], "");
    presses("last and first", &["G", "g"], "");
    presses("next pane", &["\t"], "");
    presses(
        "filter, letter by letter",
        &["/", "a", "c", "o", "u", "n"],
        "\x1b",
    );
    println!(
        "  memory: {:.0} MiB of its own, {:.0} MiB resident, {:.0} MiB at most",
        terminal.memory("RssAnon"),
        terminal.memory("VmRSS"),
        terminal.memory("VmHWM"),
    );
    all
}

/// What the first list shows, read with one statement and nothing made of it.
fn plain_select(hub: &Generated) -> Duration {
    let raw = hub.raw();
    let began = Instant::now();
    let mut statement = raw
        .prepare(
            "SELECT c.*, l.*, w.slug, w.name,
               (SELECT min(due) FROM delivery d WHERE d.channel_id = c.id AND d.state = 'scheduled'),
               (SELECT group_concat(state || n) FROM channel_count n WHERE n.channel_id = c.id)
             FROM channel c JOIN login l ON l.id = c.login_id JOIN workspace w ON w.id = c.workspace_id
             WHERE c.status <> 'DISCONNECTED'",
        )
        .unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut n = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column).unwrap());
        }
        n += 1;
    }
    assert_eq!(n, hub.channels);
    began.elapsed()
}
