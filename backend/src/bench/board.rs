//! What was sent, answered and seen. Every message carries its sender and its number in the client-made id, so
//! that an answer or a delivery finds its message without a search.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Instant, SystemTime};

use tokio::sync::Notify;
use uuid::Uuid;

use super::histogram::Histogram;
use super::link::Link;
use super::polling::Outbox;
use super::scan;

// An id is a UUIDv7, as clients make them: 48 bits of time; 4 of version and 12 that name the run; 2 of variant and 10
// that name the run; the sender; the sender's number of the message.

/// Bits of an id that count a sender's messages.
const NUMBER_BITS: u32 = 32;
/// Bits above them, which name the sender.
const SENDER_BITS: u32 = 20;
/// Bits of the first half that name the run, with the version.
const FIRST_TAG: u64 = 0xFFFF;
/// Bits of the second half that name the run, with the variant.
const SECOND_TAG: u64 = !0 << (NUMBER_BITS + SENDER_BITS);

/// Who writes, and where what is written goes.
pub(super) struct Sender {
    /// How it leaves.
    pub(super) way: Way,
    /// Connection that the sender reads on: what comes back there is not a delivery.
    pub(super) reads_on: usize,
    /// What follows the id in a command.
    pub(super) tail: String,
}

/// How a message leaves.
#[derive(Clone)]
pub(super) enum Way {
    /// As a frame.
    Link(Rc<Link>),
    /// With the next `POST /v1/commands`.
    Outbox(Rc<Outbox>),
}

/// One message.
#[derive(Clone, Copy)]
struct Sent {
    /// When it was due, in microseconds since the start.
    due: u64,
    acked: bool,
    refused: bool,
    seen: bool,
}

/// What happened so far.
#[derive(Default, Clone)]
pub(super) struct Tally {
    /// Everything sent, warm-up included.
    pub(super) sent: u64,
    /// Everything acknowledged.
    pub(super) acked: u64,
    /// Everything seen by the other side.
    pub(super) seen: u64,
    /// Answered with a refusal.
    pub(super) refused: u64,
    /// The first refusal.
    pub(super) refusal: Option<String>,
    /// Acknowledged or seen more than once.
    pub(super) duplicates: u64,
    /// Seen after a later message of the same sender.
    pub(super) disordered: u64,
    /// Acknowledged while measuring.
    pub(super) acked_in_time: u64,
    /// Seen while measuring.
    pub(super) seen_in_time: u64,
    /// From due to acknowledged, of what was due while measuring.
    pub(super) ack: Histogram,
    /// From due to seen, of what was due while measuring.
    pub(super) see: Histogram,
    /// Connections that ended, with how.
    pub(super) ended: Vec<String>,
    /// Acknowledgements of commands that are not messages.
    pub(super) others: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    WarmUp,
    Measure,
    Drain,
}

/// Everything about one run.
pub(super) struct Board {
    /// What the halves of every id of this run have in common.
    tag: (u64, u64),
    started: Instant,
    phase: Cell<Phase>,
    from: Cell<u64>,
    until: Cell<u64>,
    closed_loop: bool,
    /// Messages that may still be sent while measuring.
    quota: Cell<u64>,
    senders: RefCell<Vec<(Sender, Vec<Sent>, usize)>>,
    tally: RefCell<Tally>,
    /// Rings when the quota is used up or a connection ended.
    pub(super) over: Notify,
}

/// The name of a run, in the places of an id that belong to it.
fn tag(id: Uuid, chance: u64) -> (u64, u64) {
    let (first, second) = id.as_u64_pair();
    let variant = second & 0b11 << 62;
    (first & FIRST_TAG & 0xF000 | chance & 0x0FFF, variant | (chance << 40) & SECOND_TAG & !(0b11 << 62))
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}

impl Board {
    /// A board for a run; in a closed loop every sender sends again once it is answered.
    pub(super) fn new(closed_loop: bool, quota: Option<u64>) -> Rc<Self> {
        Rc::new(Self {
            tag: tag(Uuid::now_v7(), rand::random()),
            started: Instant::now(),
            phase: Cell::new(Phase::WarmUp),
            from: Cell::new(u64::MAX),
            until: Cell::new(u64::MAX),
            closed_loop,
            quota: Cell::new(quota.unwrap_or(u64::MAX)),
            senders: RefCell::default(),
            tally: RefCell::default(),
            over: Notify::new(),
        })
    }

    /// Adds somebody who writes.
    pub(super) fn join(&self, sender: Sender) {
        self.senders.borrow_mut().push((sender, Vec::new(), 0));
    }

    /// How many write.
    pub(super) fn senders(&self) -> usize {
        self.senders.borrow().len()
    }

    /// Microseconds since the start.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// When the board was made.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Measures from now on.
    pub(super) fn measure(&self) {
        self.from.set(self.now());
        self.phase.set(Phase::Measure);
    }

    /// Sends nothing any more.
    pub(super) fn drain(&self) {
        if !self.is_draining() {
            self.until.set(self.now());
            self.phase.set(Phase::Drain);
        }
    }

    /// Whether nothing is sent any more.
    pub(super) fn is_draining(&self) -> bool {
        self.phase.get() == Phase::Drain
    }

    /// How long was measured, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.until.get().min(self.now()).saturating_sub(self.from.get()) as f64 / 1e6
    }

    /// What happened so far.
    pub(super) fn tally(&self) -> Tally {
        self.tally.borrow().clone()
    }

    /// Whether everything sent is answered and, if somebody reads, everything acknowledged was seen.
    pub(super) fn is_settled(&self, read: bool) -> bool {
        let tally = self.tally.borrow();
        tally.acked + tally.refused >= tally.sent && (!read || tally.seen >= tally.acked)
    }

    /// Acknowledged messages that nobody saw, and messages that nobody answered.
    pub(super) fn missing(&self) -> (u64, u64) {
        let senders = self.senders.borrow();
        let all = || senders.iter().flat_map(|(_, sent, _)| sent);
        let lost = all().filter(|it| it.acked && !it.seen).count();
        let unanswered = all().filter(|it| !it.acked && !it.refused).count();
        (lost as u64, unanswered as u64)
    }

    /// Lets a sender send the message that is due at `due`.
    pub(super) fn fire(&self, index: usize, due: u64) {
        match self.phase.get() {
            Phase::Drain => return,
            Phase::WarmUp => {}
            Phase::Measure => {
                let left = self.quota.get();
                if left == 0 {
                    self.drain();
                    return self.over.notify_one();
                }
                self.quota.set(left - 1);
            }
        }
        let mut senders = self.senders.borrow_mut();
        let Some((sender, sent, _)) = senders.get_mut(index) else { return };
        let number = sent.len() as u64;
        sent.push(Sent { due, acked: false, refused: false, seen: false });
        let cmid =
            Uuid::from_u64_pair(unix_ms() << 16 | self.tag.0, self.tag.1 | (index as u64) << NUMBER_BITS | number);
        let (way, tail) = (&sender.way, &sender.tail);
        let id = match way {
            Way::Link(link) => link.next_id(),
            Way::Outbox(_) => number + 1,
        };
        let text = format!("{{\"id\":{id},\"command\":{{\"type\":\"post\",\"cmid\":\"{cmid}\"{tail}");
        self.tally.borrow_mut().sent += 1;
        match way {
            Way::Link(link) => link.send(&text),
            Way::Outbox(outbox) => outbox.put(text),
        }
    }

    /// Takes in an event that came on connection `on`.
    pub(super) fn take(&self, on: usize, event: &str) {
        match scan::kind(event) {
            // "post" is what an echo server sends back.
            "ack" | "post" => match scan::cmids(event).next() {
                Some(cmid) => self.acked(cmid),
                None => self.tally.borrow_mut().others += 1,
            },
            "entries" => scan::cmids(event).for_each(|cmid| self.seen(on, cmid)),
            "refused" => self.refused(scan::cmids(event).next(), event),
            _ => {}
        }
    }

    /// A message was acknowledged.
    pub(super) fn acked(&self, cmid: Uuid) {
        let Some((index, number)) = self.find(cmid) else { return };
        let now = self.now();
        {
            let mut senders = self.senders.borrow_mut();
            let Some(message) = senders.get_mut(index).and_then(|(_, sent, _)| sent.get_mut(number)) else { return };
            let mut tally = self.tally.borrow_mut();
            if message.acked {
                tally.duplicates += 1;
                return;
            }
            message.acked = true;
            tally.acked += 1;
            if self.phase.get() == Phase::Measure {
                tally.acked_in_time += 1;
            }
            if self.is_measured(message.due) {
                tally.ack.add(now.saturating_sub(message.due));
            }
        }
        if self.closed_loop {
            self.fire(index, now);
        }
    }

    /// A message was seen on connection `on`.
    pub(super) fn seen(&self, on: usize, cmid: Uuid) {
        let Some((index, number)) = self.find(cmid) else { return };
        let now = self.now();
        let mut senders = self.senders.borrow_mut();
        let Some((sender, sent, newest)) = senders.get_mut(index) else { return };
        if sender.reads_on == on {
            return;
        }
        let Some(message) = sent.get_mut(number) else { return };
        let mut tally = self.tally.borrow_mut();
        if message.seen {
            tally.duplicates += 1;
            return;
        }
        message.seen = true;
        tally.seen += 1;
        if number < *newest {
            tally.disordered += 1;
        }
        *newest = number.max(*newest);
        if self.phase.get() == Phase::Measure {
            tally.seen_in_time += 1;
        }
        if self.is_measured(message.due) {
            tally.see.add(now.saturating_sub(message.due));
        }
    }

    /// A command was refused.
    pub(super) fn refused(&self, cmid: Option<Uuid>, why: &str) {
        let found = cmid.and_then(|cmid| self.find(cmid));
        {
            let mut tally = self.tally.borrow_mut();
            tally.refused += 1;
            tally.refusal.get_or_insert_with(|| why.to_owned());
            let mut senders = self.senders.borrow_mut();
            if let Some((index, number)) = found
                && let Some(message) = senders.get_mut(index).and_then(|(_, sent, _)| sent.get_mut(number))
            {
                message.refused = true;
            }
        }
        // Whatever is refused once is refused again: going on would measure refusals.
        self.drain();
        self.over.notify_one();
    }

    /// A connection ended.
    pub(super) fn ended(&self, how: String) {
        self.tally.borrow_mut().ended.push(how);
        self.over.notify_one();
    }

    fn is_measured(&self, due: u64) -> bool {
        due >= self.from.get() && due < self.until.get()
    }

    fn find(&self, cmid: Uuid) -> Option<(usize, usize)> {
        let (first, second) = cmid.as_u64_pair();
        let (sender, number) = ((second & !SECOND_TAG) >> NUMBER_BITS, second & ((1 << NUMBER_BITS) - 1));
        ((first & FIRST_TAG, second & SECOND_TAG) == self.tag)
            .then(|| (usize::try_from(sender).ok(), usize::try_from(number).ok()))
            .and_then(|(index, number)| Some((index?, number?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(closed_loop: bool, quota: Option<u64>) -> (Rc<Board>, Rc<Outbox>) {
        let (board, outbox) = (Board::new(closed_loop, quota), Rc::new(Outbox::default()));
        board.join(Sender { way: Way::Outbox(Rc::clone(&outbox)), reads_on: 0, tail: "}}".to_owned() });
        (board, outbox)
    }

    fn cmid(command: &str) -> Uuid {
        scan::cmids(command).next().unwrap()
    }

    #[test]
    fn what_is_not_seen_is_lost_and_what_is_seen_twice_is_a_duplicate() {
        let (board, outbox) = board(false, None);
        board.measure();
        for _ in 0..4 {
            board.fire(0, board.now());
        }
        let sent: Vec<Uuid> = outbox.take(10).iter().map(|command| cmid(command)).collect();
        for id in [sent[0], sent[1], sent[2]] {
            board.acked(id);
        }
        // On the sender's own connection it is no delivery.
        board.seen(0, sent[2]);
        for id in [sent[1], sent[0], sent[0], Uuid::nil()] {
            board.seen(1, id);
        }
        let tally = board.tally();
        assert_eq!((tally.sent, tally.acked, tally.seen), (4, 3, 2));
        assert_eq!((tally.duplicates, tally.disordered), (1, 1));
        assert_eq!(board.missing(), (1, 1));
        assert!(!board.is_settled(true));
        assert_eq!((tally.ack.count(), tally.see.count()), (3, 2));
    }

    #[test]
    fn a_closed_loop_sends_again_when_answered_until_the_quota_is_used() {
        let (board, outbox) = board(true, Some(2));
        board.fire(0, board.now());
        board.measure();
        for _ in 0..2 {
            let command = outbox.take(1).pop().unwrap();
            board.take(0, &format!("{{\"type\":\"ack\",\"id\":1,\"cmid\":\"{}\"}}", cmid(&command)));
        }
        let last = outbox.take(10);
        assert_eq!(last.len(), 1);
        board.acked(cmid(&last[0]));
        assert!(board.is_draining() && board.is_settled(false) && outbox.take(10).is_empty());
        assert_eq!(board.tally().sent, 3);
    }

    #[test]
    fn a_refusal_ends_the_run_and_is_kept() {
        let (board, outbox) = board(true, None);
        board.fire(0, board.now());
        let event =
            format!("{{\"type\":\"refused\",\"code\":\"rate_limited\",\"cmid\":\"{}\"}}", cmid(&outbox.take(1)[0]));
        board.take(0, &event);
        assert!(board.is_draining() && board.is_settled(true));
        assert_eq!(board.tally().refusal.as_deref(), Some(event.as_str()));
        assert_eq!(board.missing(), (0, 0));
    }
}
