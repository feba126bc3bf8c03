//! What was asked for: answers carry their number, and one that was overtaken
//! is dropped.

/// A thing that is read whole, one read at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Every channel.
    Channels,
    /// The window of the queue.
    Queue,
    /// Notices and incidents.
    News,
    /// Workspaces and people.
    Hub,
    /// What happened since the operator was here last.
    Since,
    /// The last days of what is chosen.
    Days,
    /// What it has due.
    Dues,
    /// The open page of its details.
    Page,
    /// The days of the calendar.
    Calendar,
    /// How much is due within a day.
    DueSoon,
}

const SLOTS: usize = 10;

/// The number of a request.
pub type RequestId = u64;

/// Numbers requests and knows which answers count.
#[derive(Debug, Default)]
pub struct Requests {
    last: RequestId,
    open: [Option<RequestId>; SLOTS],
    again: [bool; SLOTS],
}

impl Requests {
    /// A fresh number.
    pub fn fresh(&mut self) -> RequestId {
        self.last += 1;
        self.last
    }

    /// Begins a read, unless one is under way: then it is repeated after that.
    pub fn begin(&mut self, slot: Slot) -> Option<RequestId> {
        let at = slot as usize;
        if self.open[at].is_some() {
            self.again[at] = true;
            return None;
        }
        let id = self.fresh();
        self.open[at] = Some(id);
        Some(id)
    }

    /// Begins a read that overtakes one under way.
    pub fn overtake(&mut self, slot: Slot) -> RequestId {
        let id = self.fresh();
        self.open[slot as usize] = Some(id);
        self.again[slot as usize] = false;
        id
    }

    /// Whether a read is under way.
    pub fn is_open(&self, slot: Slot) -> bool {
        self.open[slot as usize].is_some()
    }

    /// Whether an answer counts that is not the last one of its read.
    pub fn counts(&self, slot: Slot, id: RequestId) -> bool {
        self.open[slot as usize] == Some(id)
    }

    /// Ends a read; whether its answer counts.
    pub fn end(&mut self, slot: Slot, id: RequestId) -> bool {
        let counts = self.counts(slot, id);
        if counts {
            self.open[slot as usize] = None;
        }
        counts
    }

    /// Whether a read was wanted while another was under way; asked once.
    pub fn take_again(&mut self, slot: Slot) -> bool {
        std::mem::take(&mut self.again[slot as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overtaken_answer_does_not_count() {
        let mut requests = Requests::default();
        let first = requests.begin(Slot::Queue).unwrap();
        assert_eq!(requests.begin(Slot::Queue), None);
        let second = requests.overtake(Slot::Queue);
        assert!(!requests.end(Slot::Queue, first));
        assert!(requests.end(Slot::Queue, second));
        assert!(!requests.end(Slot::Queue, second));
    }

    #[test]
    fn a_read_wanted_meanwhile_is_repeated_once() {
        let mut requests = Requests::default();
        let first = requests.begin(Slot::News).unwrap();
        requests.begin(Slot::News);
        requests.begin(Slot::News);
        assert!(requests.end(Slot::News, first));
        assert!(requests.take_again(Slot::News));
        assert!(!requests.take_again(Slot::News));
    }
}
