//! One use-case a file: `check` everything that can be refused, then `do` it in one write, then publish.
//! The only layer that opens a transaction or publishes, and it publishes only after COMMIT returned.

/// E-mail that follows from what happened.
pub mod notify;

use protocol::ids::{Cmid, ConversationId};

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
