//! One use-case a file: `check` everything that can be refused, then `do` it in one write, then publish.
//! The only layer that opens a transaction or publishes, and it publishes only after COMMIT returned.

/// Who may see a conversation.
mod access;
/// The one way a conversation changes.
mod change;
/// A visitor's new conversation.
mod begin;
/// Appending to a log.
mod log;
/// Rows and the state machine.
mod projection;
/// Telling sessions.
pub(crate) mod publish;
/// Who is at work and what they hold.
pub mod floor;
/// Lines of the agents' lists.
pub mod line;
/// What screens are made of.
pub mod view;

/// Visitor: start a conversation.
pub mod start;
/// Visitor: leave a message for later.
pub mod leave_message;
/// Write into a conversation.
pub mod post;
/// Tell the other side about typing.
pub mod typing;
/// Move a read mark.
pub mod read;
/// End a conversation.
pub mod close;
/// Visitor: rate a conversation.
pub mod rate;
/// Visitor: the page being looked at.
pub mod page;
/// Agent: whether to take conversations.
pub mod presence;
/// Agent: take an offer.
pub mod accept;
/// Agent: pass an offer on.
pub mod decline;
/// Agent: take from the list.
pub mod pick;
/// Agent: give away.
pub mod transfer;
/// Connections that open and close.
pub mod connected;
/// The dispatcher's round: timers, offers, positions.
pub mod dispatch;
/// E-mail that follows from what happened.
pub mod notify;

use protocol::ids::{Cmid, ConversationId};

use crate::store::entry::Stored;

/// What an action did: the parts of an `ack` that are not the command's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// The conversation it wrote to.
    pub conversation: Option<ConversationId>,
    /// The send it answers.
    pub cmid: Option<Cmid>,
    /// Where it was stored.
    pub seq: Option<u64>,
    /// When it was stored, Unix milliseconds.
    pub at: Option<i64>,
}

impl Done {
    /// The first answer again, for a send that was stored before (C2).
    fn stored(cmid: Cmid, stored: Stored) -> Self {
        Self {
            conversation: Some(stored.conversation_id),
            cmid: Some(cmid),
            seq: Some(view::unsigned(stored.seq)),
            at: Some(stored.at),
        }
    }
}
