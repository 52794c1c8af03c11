//! What can be asked of a conversation, by whom.

use protocol::entry::QueuedReason;
use protocol::ids::{AgentId, VisitorId};
use protocol::state::{Availability, Role};

use super::Written;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A visitor.
    Visitor(VisitorId),
    /// An agent of the conversation's tenant.
    Agent {
        /// Which.
        id: AgentId,
        /// The agent's role now.
        role: Role,
    },
    /// Frontdesk: the dispatcher and timers.
    System,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Write a message, file or note.
    Post {
        /// What.
        written: Written,
        /// Whether the site can chat now: decides whether a visitor's message in an offline or closed
        /// conversation enters the queue.
        availability: Availability,
    },
    /// Visitor: leave a message instead of waiting on.
    LeaveMessage {
        /// Name from the form.
        name: Option<String>,
        /// Address from the form.
        email: Option<String>,
        /// The message.
        message: Written,
    },
    /// System: offer a waiting conversation to an agent.
    Offer {
        /// To whom.
        to: AgentId,
        /// Until when, Unix milliseconds.
        deadline_at: i64,
    },
    /// System: the deadline of the offer has passed.
    OfferLapsed,
    /// System: take the offer back, because the agent went away or was disabled.
    WithdrawOffer,
    /// System: the visitor waited longer than allowed.
    WaitedTooLong,
    /// Agent: take what is offered to me.
    Accept,
    /// Agent: pass the offer on.
    Decline,
    /// Agent: take it from the list; with the right to take over, from a colleague.
    Pick,
    /// Agent: give it to a colleague, or back to the queue.
    Transfer {
        /// To whom; `None` means back to the queue.
        to: Option<AgentId>,
    },
    /// Agent: I am typing a reply, which stops the clock for the first one.
    StartReply,
    /// Back to the queue: by the system, or with [`QueuedReason::Returned`] by the holder.
    Requeue {
        /// Why.
        reason: QueuedReason,
    },
    /// End it. By the system this means that the visitor is gone.
    Close,
    /// Visitor: rate it; the newest rating counts.
    Rate {
        /// 1 (bad) to 5 (good).
        score: u8,
        /// What the visitor adds.
        comment: Option<String>,
    },
    /// Open a closed conversation again: by an agent, who then holds it, or by its visitor within the window.
    Reopen,
}
