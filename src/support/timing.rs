//! Every duration of the design in one value, so that tests can shorten it and
//! `[engine]` in the config can set it.

use std::time::Duration;

macro_rules! timing {
    ($($(#[$doc:meta])* $name:ident = $ms:expr;)*) => {
        /// The durations (and the one count) that govern publishing and proving.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Timing {
            $($(#[$doc])* pub $name: Duration,)*
            /// How many sends may be in flight at once, over all channels.
            pub concurrency: usize,
        }

        impl Default for Timing {
            fn default() -> Self {
                Self { $($name: Duration::from_millis($ms),)* concurrency: 64 }
            }
        }

        impl Timing {
            /// The names of the durations, as the config spells them.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// Sets one duration by its config name; `false` when there is none.
            pub fn set(&mut self, name: &str, to: Duration) -> bool {
                match name {
                    $(stringify!($name) => self.$name = to,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

timing! {
    /// How often a channel is proved.
    probe_every = HOUR;
    /// How long what a server says of its limits is believed.
    limits_every = 24 * HOUR;
    /// A due delivery wants a proof no older than this.
    proof_before_due = 15 * MINUTE;
    /// How often the refresh clocks are looked at.
    refresh_check_every = HOUR;
    /// How long to wait before reading the network about a lost answer.
    settle = 90 * SECOND;
    /// How far apart two reads that found nothing must be to count as absent.
    absent_spacing = MINUTE;
    /// How long reads may go on finding nothing to read before a person is asked.
    unknown_reads = 30 * MINUTE;
    /// How long a network may work on a post it accepted before a person is asked.
    confirming_most = 24 * HOUR;
    /// Distance of late posts on one channel.
    catch_up_spacing = MINUTE;
    /// How long late posts wait for the release plan's answer after a reconnect.
    late_live_wait = 2 * MINUTE;
    /// An overdue delivery without an attempt opens an incident after this.
    watchdog_after = 2 * MINUTE;
    /// How long trouble of a network counts for its weather.
    weather_window = 10 * MINUTE;
    /// How often one caller looks whether a server in bad weather answers again.
    weather_look = MINUTE;
    /// How long a channel is parked in memory after a first 401.
    park = MINUTE;
    /// Pause before the one confirming retry of a named refusal.
    refused_retry = 5 * SECOND;
    /// Least distance of two counted refresh failures.
    counted_spacing = HOUR;
    /// First pause after a send met the network's trouble; doubles each time.
    send_retry = 15 * SECOND;
    /// The longest such pause.
    send_retry_most = 15 * MINUTE;
    /// First pause after a refresh met the network's trouble; doubles up to
    /// `probe_every`.
    refresh_retry = MINUTE;
    /// How often posts, metrics and comments of a channel are read.
    harvest_every = HOUR;
    /// A login whose tokens are younger than this is not refreshed on request:
    /// ten who ask at once get one new pair.
    refresh_spacing = 10 * SECOND;
    /// Time to connect to a host.
    connect_timeout = 5 * SECOND;
    /// Time for a whole call without media.
    call_timeout = 30 * SECOND;
    /// How often the publisher says that it lives.
    heartbeat = 10 * SECOND;
    /// How old a heartbeat must be before a screen takes over a free role.
    takeover_after = MINUTE;
    /// Wall time may move by this beside boot time before the clock counts as set.
    clock_tolerance = 2 * SECOND;
    /// A clock that was set forward by more than this, or that other hosts
    /// contradict by more, is in doubt: nothing is sent.
    clock_doubt = MINUTE;
    /// How long a login may take.
    login_limit = 15 * MINUTE;
    /// How often a verified backup is made.
    backup_every = 24 * HOUR;
    /// How often the publisher asks the store whether another process changed it.
    store_poll = SECOND;
    /// How often a screen asks the store whether something changed.
    screen_poll = 250;
}
