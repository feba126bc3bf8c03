//! Who a process is: its id alone is reused by the kernel, its start time and
//! boot are not.

use std::fs;

use crate::domain::publisher::PublisherKind;
use crate::store::terms::ProcessName;

/// This process.
pub fn this(kind: PublisherKind) -> ProcessName {
    let pid = std::process::id();
    ProcessName {
        pid,
        pid_start: start_of(pid).unwrap_or(0),
        boot_id: boot(),
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        kind,
    }
}

/// Whether the process is still the one that was written down.
pub fn is_alive(pid: u32, pid_start: i64, boot_id: &str) -> bool {
    boot_id == boot() && start_of(pid) == Some(pid_start)
}

/// The boot this machine runs in; empty where the system does not say.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// When a process started, in ticks since boot: field 22 of its `stat`, the
/// name before it may hold anything but ends with the last parenthesis.
fn start_of(pid: u32) -> Option<i64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_one_that_started_at_another_time_is_not() {
        let me = this(PublisherKind::Daemon);
        assert!(is_alive(me.pid, me.pid_start, &me.boot_id));
        assert!(!is_alive(me.pid, me.pid_start + 1, &me.boot_id));
        assert!(!is_alive(me.pid, me.pid_start, "another boot"));
    }
}
