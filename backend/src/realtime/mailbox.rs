//! Where the hub leaves what a session has not sent yet. Bounded: a session that does not keep up is ended
//! instead of growing (C9). Allocates nothing while empty, because most sessions are idle most of the time.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use protocol::error::CloseCode;
use protocol::ids::ConversationId;

use crate::bus::Note;
use crate::planted::{Bug, planted};

/// Most notes that wait for one session. A busy moment of a busy tenant is a few hundred, which a connection takes
/// in milliseconds; who has this many waiting is not keeping up.
pub const CAPACITY: usize = 4096;
/// Most bytes of frames that wait for one session.
pub const CAPACITY_BYTES: usize = 1024 * 1024;
/// Room that an emptied queue keeps; a longer one is given back.
const KEPT: usize = 4;

/// Which of a note's frames a session may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Entries that everyone may see; bare placeholders for the rest.
    Everyone,
    /// Agents' notes too.
    Agents,
}

/// One thing for a session to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mail {
    /// A conversation grew.
    Entries {
        /// Which.
        conversation: ConversationId,
        /// seq of the first entry in `frame`.
        from: u64,
        /// seq of the last entry in `frame`.
        last_seq: u64,
        /// The encoded `entries` event for this session's audience.
        frame: Arc<str>,
    },
    /// An encoded event to pass on.
    Frame(Arc<str>),
    /// The newest line of a conversation, encoded.
    Line {
        /// Which.
        conversation: ConversationId,
        /// Of two lines the one with more is newer.
        updated_at: i64,
        /// The encoded `conversation` event.
        frame: Arc<str>,
    },
    /// The session's state may have another version.
    StateChanged,
    /// The session is over. Nothing comes after it.
    Ended(End),
}

impl Mail {
    /// Bytes it keeps from being freed, at most.
    fn bytes(&self) -> usize {
        match self {
            Self::Entries { frame, .. } | Self::Frame(frame) | Self::Line { frame, .. } => frame.len(),
            Self::StateChanged | Self::Ended(_) => 0,
        }
    }

    /// When it changed, if both are lines of the same conversation.
    fn changed_at(&self, other: &Self) -> Option<i64> {
        match (self, other) {
            (Self::Line { conversation, updated_at, .. }, Self::Line { conversation: of, .. }) => {
                (conversation == of).then_some(*updated_at)
            }
            _ => None,
        }
    }
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It did not keep up.
    Slow,
    /// The person lost the right to be here (C20).
    Revoked(CloseCode),
    /// The server stops; come back after this many milliseconds.
    Drain {
        /// Milliseconds to wait.
        after_ms: u64,
    },
    /// A newer poll of the same client took over (C11).
    Superseded,
}

/// The queue of one session.
pub struct Mailbox {
    id: u64,
    audience: Audience,
    // A std mutex: held for a queue operation, never across an await.
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    queue: VecDeque<Mail>,
    /// Of what is queued.
    bytes: usize,
    state_changed: bool,
    end: Option<End>,
    waker: Option<Waker>,
}

impl Inner {
    /// Queues it, or ends the session if that is too much.
    fn put(&mut self, mail: Mail) {
        let known = self.queue.iter_mut().rev().find_map(|queued| queued.changed_at(&mail).map(|at| (at, queued)));
        if let (Some((known_at, known)), Mail::Line { updated_at, .. }) = (known, &mail) {
            if *updated_at < known_at {
                // Another node read it earlier and told it later.
                return;
            }
            // In its place: a line may come early, but never later than what was told after it.
            self.bytes = self.bytes + mail.bytes() - known.bytes();
            *known = mail;
        } else {
            self.bytes += mail.bytes();
            self.queue.push_back(mail);
        }
        if self.queue.len() > CAPACITY || self.bytes > CAPACITY_BYTES {
            self.finish(End::Slow);
        }
    }

    fn pop(&mut self) -> Option<Mail> {
        let mail = self.queue.pop_front()?;
        self.bytes -= mail.bytes();
        if self.queue.is_empty() && self.queue.capacity() > KEPT {
            self.queue = VecDeque::new();
        }
        Some(mail)
    }

    fn finish(&mut self, end: End) {
        self.queue = VecDeque::new();
        self.bytes = 0;
        self.end = Some(end);
    }
}

impl Mailbox {
    /// An empty mailbox. `id` is unique on this node.
    pub fn new(id: u64, audience: Audience) -> Self {
        Self { id, audience, inner: Mutex::default() }
    }

    /// Number of the session, unique on this node; for logs.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Adds a note. Never waits. Of a conversation's line only the newest is kept. A mailbox that gets too full is
    /// emptied and ends its session: what it held is sent again on resume.
    pub fn push(&self, note: &Note) {
        let mail = match note {
            Note::Entries { .. } if planted(Bug::LostWakeUp) => return,
            Note::StateChanged => None,
            Note::Revoked(code) => return self.end(End::Revoked(*code)),
            Note::Frame(frame) => Some(Mail::Frame(Arc::clone(frame))),
            Note::Line { conversation, updated_at, frame } => {
                Some(Mail::Line { conversation: *conversation, updated_at: *updated_at, frame: Arc::clone(frame) })
            }
            Note::Entries { conversation, from, last_seq, everyone, agents } => Some(Mail::Entries {
                conversation: *conversation,
                from: *from,
                last_seq: *last_seq,
                frame: Arc::clone(match self.audience {
                    Audience::Everyone => everyone,
                    Audience::Agents => agents,
                }),
            }),
        };
        let mut inner = self.lock();
        if inner.end.is_some() {
            return;
        }
        match mail {
            None => inner.state_changed = true,
            Some(mail) => inner.put(mail),
        }
        wake(inner);
    }

    /// Ends the session. The first reason stands, except that a revocation overrides any other.
    pub fn end(&self, end: End) {
        let mut inner = self.lock();
        if inner.end.is_none() || matches!(end, End::Revoked(_)) {
            inner.finish(end);
            wake(inner);
        }
    }

    /// Whether the session is over.
    pub fn is_over(&self) -> bool {
        self.lock().end.is_some()
    }

    /// The next thing to look at. A change of state comes after what was queued, so that several of them
    /// cost one read. The end is repeated for ever.
    pub fn take(&self) -> Option<Mail> {
        let mut inner = self.lock();
        if let Some(end) = inner.end {
            return Some(Mail::Ended(end));
        }
        inner.pop().or_else(|| std::mem::take(&mut inner.state_changed).then_some(Mail::StateChanged))
    }

    /// Waits until [`Mailbox::take`] has something. For one waiter at a time; may be dropped at any moment.
    pub async fn ready(&self) {
        poll_fn(|context| {
            let mut inner = self.lock();
            if inner.end.is_some() || inner.state_changed || !inner.queue.is_empty() {
                return Poll::Ready(());
            }
            match &mut inner.waker {
                Some(waker) => waker.clone_from(context.waker()),
                None => inner.waker = Some(context.waker().clone()),
            }
            Poll::Pending
        })
        .await;
    }

    /// Waits until the session is over. As [`Mailbox::ready`], for one waiter at a time.
    pub async fn ended(&self) {
        poll_fn(|context| {
            let mut inner = self.lock();
            if inner.end.is_some() {
                return Poll::Ready(());
            }
            inner.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the session after the lock is released, so that it does not wake up only to wait for it.
fn wake(mut inner: MutexGuard<'_, Inner>) {
    let waker = inner.waker.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> Note {
        Note::Frame(text.into())
    }

    #[test]
    fn keeps_order_and_merges_state_changes_behind_frames() {
        let mailbox = Mailbox::new(1, Audience::Everyone);
        for note in [Note::StateChanged, frame("a"), Note::StateChanged, frame("b")] {
            mailbox.push(&note);
        }
        assert_eq!(mailbox.take(), Some(Mail::Frame("a".into())));
        assert_eq!(mailbox.take(), Some(Mail::Frame("b".into())));
        assert_eq!(mailbox.take(), Some(Mail::StateChanged));
        assert_eq!(mailbox.take(), None);
    }

    #[test]
    fn each_audience_gets_its_own_frame() {
        let note = Note::Entries {
            conversation: ConversationId(uuid::Uuid::from_u128(1)),
            from: 1,
            last_seq: 1,
            everyone: "placeholder".into(),
            agents: "note".into(),
        };
        for (audience, expected) in [(Audience::Everyone, "placeholder"), (Audience::Agents, "note")] {
            let mailbox = Mailbox::new(1, audience);
            mailbox.push(&note);
            match mailbox.take() {
                Some(Mail::Entries { frame, .. }) => assert_eq!(&*frame, expected),
                other => panic!("{other:?}"),
            }
        }
    }

    fn line(conversation: u128, text: &str) -> Note {
        line_of(conversation, 1, text)
    }

    fn line_of(conversation: u128, updated_at: i64, text: &str) -> Note {
        let conversation = ConversationId(uuid::Uuid::from_u128(conversation));
        Note::Line { conversation, updated_at, frame: text.into() }
    }

    fn frames(mailbox: &Mailbox) -> Vec<String> {
        let next = || match mailbox.take()? {
            Mail::Frame(frame) | Mail::Line { frame, .. } => Some(frame.to_string()),
            other => panic!("{other:?}"),
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn only_the_newest_line_waits_and_never_behind_what_came_after_it() {
        let mailbox = Mailbox::new(1, Audience::Agents);
        for note in [line(1, "1 old"), line(2, "2 old"), frame("typing"), line(2, "2 new"), line(1, "1 new")] {
            mailbox.push(&note);
        }
        assert_eq!(mailbox.lock().bytes, "1 new2 newtyping".len());
        assert_eq!(frames(&mailbox), ["1 new", "2 new", "typing"]);
        mailbox.push(&line(1, "1 newest"));
        assert_eq!(frames(&mailbox), ["1 newest"], "what was taken is not waited for");
        let left = mailbox.lock();
        assert!(left.bytes == 0 && left.queue.capacity() <= KEPT);
    }

    #[test]
    fn an_older_line_that_comes_last_is_not_kept() {
        let mailbox = Mailbox::new(1, Audience::Agents);
        for note in
            [line_of(1, 5, "offered"), line_of(1, 4, "waiting"), line_of(2, 3, "other"), line_of(1, 5, "place 2")]
        {
            mailbox.push(&note);
        }
        assert_eq!(mailbox.lock().bytes, "place 2other".len());
        assert_eq!(frames(&mailbox), ["place 2", "other"]);
    }

    #[test]
    fn lines_that_change_for_ever_never_overflow() {
        let mailbox = Mailbox::new(1, Audience::Agents);
        let text = "x".repeat(1_000);
        for number in 0..20_000 {
            mailbox.push(&line(number % 64, &text));
        }
        assert_eq!(frames(&mailbox).len(), 64);
    }

    #[test]
    fn too_many_bytes_end_the_session() {
        let mailbox = Mailbox::new(1, Audience::Everyone);
        let half = frame(&"x".repeat(CAPACITY_BYTES / 2));
        mailbox.push(&half);
        mailbox.push(&half);
        assert!(!mailbox.is_over());
        mailbox.push(&frame("x"));
        assert_eq!(mailbox.take(), Some(Mail::Ended(End::Slow)));
    }

    #[test]
    fn overflow_ends_the_session_and_frees_the_queue() {
        let mailbox = Mailbox::new(1, Audience::Everyone);
        for _ in 0..CAPACITY {
            mailbox.push(&frame("x"));
        }
        assert_eq!(mailbox.take(), Some(Mail::Frame("x".into())));
        mailbox.push(&frame("x"));
        mailbox.push(&frame("one too many"));
        assert_eq!(mailbox.take(), Some(Mail::Ended(End::Slow)));
        mailbox.push(&frame("late"));
        assert_eq!(mailbox.take(), Some(Mail::Ended(End::Slow)));
        assert_eq!(mailbox.lock().queue.capacity(), 0);
    }

    #[test]
    fn a_revocation_overrides_every_other_end() {
        let mailbox = Mailbox::new(1, Audience::Everyone);
        mailbox.end(End::Drain { after_ms: 5 });
        mailbox.end(End::Superseded);
        assert_eq!(mailbox.take(), Some(Mail::Ended(End::Drain { after_ms: 5 })));
        mailbox.push(&Note::Revoked(CloseCode::Forbidden));
        assert_eq!(mailbox.take(), Some(Mail::Ended(End::Revoked(CloseCode::Forbidden))));
    }

    #[tokio::test]
    async fn a_waiting_session_is_woken_by_each_kind_of_news() {
        for note in [frame("a"), Note::StateChanged, Note::Revoked(CloseCode::Unauthenticated)] {
            let mailbox = Arc::new(Mailbox::new(1, Audience::Agents));
            let waiting = tokio::spawn({
                let mailbox = Arc::clone(&mailbox);
                async move {
                    mailbox.ready().await;
                    mailbox.take()
                }
            });
            tokio::task::yield_now().await;
            mailbox.push(&note);
            assert!(waiting.await.unwrap().is_some());
        }
    }
}
