//! Why a command was refused.

use protocol::error::ErrorCode;
use protocol::ids::AgentId;
use protocol::state::ConversationState;

/// A rule that forbids a command now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The conversation belongs to another visitor. Says no more than "does not exist" would.
    #[error("there is no such conversation")]
    NotFound,
    /// The actor may not do this at all.
    #[error("the role does not allow it")]
    Forbidden,
    /// Only the agent who holds the conversation may do this.
    #[error("only the agent who holds the conversation may do this")]
    NotHolder,
    /// The conversation has ended.
    #[error("the conversation has ended")]
    Closed,
    /// The conversation ended too long ago to go on: the visitor's message starts a new one.
    #[error("the conversation ended too long ago; start a new one")]
    StartNew,
    /// Another agent holds it or it is offered to another agent.
    #[error("another agent was first")]
    TakenBy(AgentId),
    /// The offer lapsed or was withdrawn.
    #[error("the offer no longer stands")]
    OfferGone,
    /// The state does not allow it.
    #[error("not possible while the conversation is {0}")]
    WrongState(ConversationState),
    /// Visitors cannot keep a place in this queue.
    #[error("places are not kept in this queue")]
    PlaceNotKept,
    /// A score is not 1 to 5.
    #[error("the score must be 1 to 5")]
    Score,
}

impl Refusal {
    /// The code that tells a client what to do.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::NotFound,
            Self::Forbidden | Self::NotHolder | Self::PlaceNotKept => ErrorCode::Forbidden,
            Self::Closed | Self::StartNew => ErrorCode::ConversationClosed,
            Self::TakenBy(_) | Self::OfferGone => ErrorCode::Conflict,
            Self::WrongState(_) => ErrorCode::WrongState,
            Self::Score => ErrorCode::Invalid,
        }
    }

    /// The field at fault, for [`ErrorCode::Invalid`].
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::Score => Some("score"),
            _ => None,
        }
    }
}
