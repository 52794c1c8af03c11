//! What can be asked of a conversation, by whom.

use protocol::entry::QueuedReason;
use protocol::ids::{AgentId, DepartmentId, VisitorId};
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

/// Where a conversation is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// An agent, who holds it then.
    Agent(AgentId),
    /// The head of a department's queue.
    Department(DepartmentId),
    /// The head of the queue of the department it is in.
    Queue,
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
    /// Visitor: keep my place in the queue while I am away, and write to me when it is my turn.
    KeepPlace {
        /// Address to write to.
        email: String,
    },
    /// System: offer a waiting conversation to an agent, or to several, of whom the first to accept gets it.
    Offer {
        /// To whom. Nobody: nothing happens.
        to: Vec<AgentId>,
        /// Until when, Unix milliseconds.
        deadline_at: i64,
    },
    /// System: the deadline of the offer has passed.
    OfferLapsed,
    /// System: take the offer back from one agent, who went away or was disabled. It stands for the others.
    WithdrawOffer {
        /// From whom.
        from: AgentId,
    },
    /// System: the visitor waited longer than allowed. Not of one who keeps the place.
    WaitedTooLong,
    /// System: it is the turn of a visitor who keeps the place and is away; a mail goes out.
    Call {
        /// Until when the place is held, Unix milliseconds.
        deadline_at: i64,
    },
    /// System: the visitor who was called has not come back in time.
    CallLapsed {
        /// The address the visitor left with the place.
        email: Option<String>,
    },
    /// System: a visitor who keeps the place is connected again.
    CameBack,
    /// Agent: take what is offered to me.
    Accept,
    /// Agent: pass the offer on. It stands for the others it was made to.
    Decline,
    /// Agent: take it from the list; with the right to take over, from a colleague.
    Pick,
    /// Give it to a colleague, to a department or back to the queue: by the holder and, also while it waits, by agents
    /// with the right to take over; to a department or queue also by the system.
    Transfer {
        /// Where to.
        to: Receiver,
    },
    /// Agent with the right to take over: send it back to the head of the queue from the list of a colleague who is absent.
    Release,
    /// Agent: I am typing a reply, which stops the clock for the first one.
    StartReply,
    /// Back to the queue: by the system, or with [`QueuedReason::Returned`] by the holder.
    Requeue {
        /// Why.
        reason: QueuedReason,
    },
    /// End it. By the system this means that the visitor is gone, which ends no place that is kept.
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
