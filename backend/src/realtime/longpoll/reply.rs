//! The reply to a poll or to commands.

use std::sync::Arc;

use protocol::error::CloseCode;

use crate::realtime::session::{Outgoing, Session};

/// A reply is not made longer once it has this many bytes: the next poll brings the rest.
const REPLY_BYTES: usize = 1024 * 1024;

/// Encoded events on their way into one reply, shared with whoever else is sent them.
#[derive(Default)]
pub struct Reply {
    frames: Vec<Arc<str>>,
    bytes: usize,
    ended: Option<CloseCode>,
}

impl Reply {
    /// Takes what the session has now, up to the limit.
    pub(super) async fn gather(&mut self, session: &mut Session) {
        self.gather_until(session, REPLY_BYTES).await;
    }

    /// Takes what the session has now.
    pub(super) async fn gather_all(&mut self, session: &mut Session) {
        self.gather_until(session, usize::MAX).await;
    }

    async fn gather_until(&mut self, session: &mut Session, limit: usize) {
        while self.bytes < limit {
            match session.next().await {
                None => return,
                Some(Outgoing::Text(text)) => {
                    self.bytes += text.len();
                    self.frames.push(text);
                }
                Some(Outgoing::Close(code)) => {
                    self.ended = Some(code);
                    return;
                }
            }
        }
    }

    /// Whether no more goes into it.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= REPLY_BYTES
    }

    /// How many events are in it.
    pub(super) fn count(&self) -> usize {
        self.frames.len()
    }

    /// The code the session ended with, if it did.
    pub(super) fn ended(&self) -> Option<CloseCode> {
        self.ended
    }

    /// The body, in pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        let events = self.frames.iter().enumerate().flat_map(|(index, frame)| {
            let comma = if index > 0 { "," } else { "" };
            [comma, frame]
        });
        std::iter::once("{\"events\":[").chain(events).chain(std::iter::once("]}"))
    }
}
