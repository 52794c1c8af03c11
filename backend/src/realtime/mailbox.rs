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

/// Most notes that wait for one session.
pub const CAPACITY: usize = 256;
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
    /// The session's state may have another version.
    StateChanged,
    /// The session is over. Nothing comes after it.
    Ended(End),
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
    state_changed: bool,
    end: Option<End>,
    waker: Option<Waker>,
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

    /// Adds a note. Never waits. A full mailbox is emptied and ends its session: what it held is sent again
    /// on resume.
    pub fn push(&self, note: &Note) {
        let mail = match note {
            Note::StateChanged => None,
            Note::Revoked(code) => return self.end(End::Revoked(*code)),
            Note::Frame(frame) => Some(Mail::Frame(Arc::clone(frame))),
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
            Some(_) if inner.queue.len() >= CAPACITY => {
                inner.queue = VecDeque::new();
                inner.end = Some(End::Slow);
            }
            Some(mail) => inner.queue.push_back(mail),
        }
        if planted(Bug::LostWakeUp) && matches!(note, Note::Entries { .. }) {
            return;
        }
        wake(inner);
    }

    /// Ends the session. The first reason stands, except that a revocation overrides any other.
    pub fn end(&self, end: End) {
        let mut inner = self.lock();
        if inner.end.is_none() || matches!(end, End::Revoked(_)) {
            inner.queue = VecDeque::new();
            inner.end = Some(end);
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
        let mail = inner.queue.pop_front();
        if inner.queue.is_empty() && inner.queue.capacity() > KEPT {
            inner.queue = VecDeque::new();
        }
        mail.or_else(|| std::mem::take(&mut inner.state_changed).then_some(Mail::StateChanged))
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
