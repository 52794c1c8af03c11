//! The log of a conversation.

use alloc::string::String;

use crate::ids::{AgentId, AttachmentId, Cmid, ConversationId, DepartmentId};
use uuid::Uuid;

wire_text! {
    /// What kind of participant wrote an entry or is typing.
    pub enum AuthorKind {
        /// The visitor of the conversation.
        Visitor = "visitor",
        /// An agent of the tenant.
        Agent = "agent",
        /// Frontdesk itself.
        System = "system",
    }
}

wire_struct! {
    /// Who wrote an entry.
    pub struct Author {
        /// Which kind of participant.
        kind: AuthorKind,
        /// The visitor's or agent's id; absent for the system.
        id: Option<Uuid>,
        /// The name shown at the time of writing.
        name: Option<String>,
    }
}

wire_struct! {
    /// One entry as a reader sees it. Outside its audience only `seq` is present, so that every reader's
    /// stream stays without gaps.
    pub struct Item {
        /// Position in the conversation: 1, 2, 3, ... without gaps.
        seq: u64,
        /// When it was stored, server time in Unix milliseconds; never decreasing in a conversation.
        at: Option<i64>,
        /// Who wrote it.
        author: Option<Author>,
        /// The client-made id of the send, for entries people wrote.
        cmid: Option<Cmid>,
        /// What it says.
        body: Option<EntryBody>,
    }
}

impl Item {
    /// Whether a person wrote something to read (message or file; not notes and not what the system noted).
    pub fn is_message(&self) -> bool {
        matches!(self.body, Some(EntryBody::Message(_) | EntryBody::File(_)))
    }
}

wire_enum! {
    /// What an entry says.
    pub enum EntryBody {
        /// A message.
        Message(Text) = "message",
        /// A note for agents only.
        Note(Text) = "note",
        /// A file with an optional caption.
        File(File) = "file",
        /// The visitor asked for a conversation and waits.
        Queued(Queued) = "queued",
        /// An agent took the conversation.
        Assigned(Assigned) = "assigned",
        /// An agent gave the conversation to another agent, to a department, or back to the queue.
        Transferred(Transferred) = "transferred",
        /// The conversation became a message left for later.
        LeftOffline(LeftOffline) = "left_offline",
        /// The conversation ended.
        Closed(Closed) = "closed",
        /// The visitor wrote again within the reopen window, or an agent answered an offline message.
        Reopened(Reopened) = "reopened",
        /// The visitor rated the conversation.
        Rated(Rated) = "rated",
        /// The visitor left an address and keeps the place in the queue.
        PlaceKept(PlaceKept) = "place_kept",
        /// It is the turn of a visitor who kept a place and is away: a mail went out.
        Called(Called) = "called",
    }
}

wire_struct! {
    /// Plain text. It is text everywhere: never HTML, never Markdown (rule C-8).
    pub struct Text {
        /// The text, 1 to [`crate::limits::MESSAGE_CHARS`] characters.
        text: String,
    }
}

wire_struct! {
    /// A stored file.
    pub struct File {
        /// Fetch it at `/v1/files/{attachment}`.
        attachment: AttachmentId,
        /// The sender's name for it, cleaned of paths and control characters.
        name: String,
        /// Media type found by looking at the content.
        media_type: String,
        /// Size in bytes.
        size: u64,
        /// Width in pixels, for pictures.
        width: Option<u32>,
        /// Height in pixels, for pictures.
        height: Option<u32>,
    }
}

wire_struct! {
    /// See [`EntryBody::Queued`].
    pub struct Queued {
        /// Why, when it is not the start of the conversation.
        reason: Option<QueuedReason>,
    }
}

wire_text! {
    /// Why a conversation went back to the queue.
    pub enum QueuedReason {
        /// The agent's connection was gone longer than the grace period.
        AgentGone = "agent_gone",
        /// The agent accepted but did not reply in time.
        NoReply = "no_reply",
        /// The agent gave it back.
        Returned = "returned",
        /// The agent's membership ended.
        AgentDisabled = "agent_disabled",
    }
}

wire_struct! {
    /// See [`EntryBody::Assigned`].
    pub struct Assigned {
        /// To whom.
        agent: AgentId,
        /// The agent's name at the time.
        name: String,
    }
}

wire_struct! {
    /// See [`EntryBody::Transferred`].
    pub struct Transferred {
        /// From whom, if anybody held it.
        from: Option<AgentId>,
        /// To whom; absent means to a department, or back to the queue.
        to: Option<AgentId>,
        /// The receiving agent's name.
        name: Option<String>,
        /// To which department's queue.
        department: Option<DepartmentId>,
        /// The department's name at the time.
        department_name: Option<String>,
    }
}

wire_struct! {
    /// See [`EntryBody::LeftOffline`].
    pub struct LeftOffline {
        /// Name the visitor gave.
        name: Option<String>,
        /// Address to answer to. Agents only: visitors see their own.
        email: Option<String>,
    }
}

wire_text! {
    /// Who or what ended a conversation.
    pub enum ClosedBy {
        /// The visitor.
        Visitor = "visitor",
        /// An agent.
        Agent = "agent",
        /// The visitor was away longer than allowed.
        VisitorGone = "visitor_gone",
    }
}

wire_struct! {
    /// See [`EntryBody::Closed`].
    pub struct Closed {
        /// By whom.
        by: ClosedBy,
    }
}

wire_struct! {
    /// See [`EntryBody::Reopened`].
    pub struct Reopened {
        /// The conversation it continues, when that is another one.
        continues: Option<ConversationId>,
    }
}

wire_struct! {
    /// See [`EntryBody::Rated`].
    pub struct Rated {
        /// 1 (bad) to 5 (good).
        score: u8,
        /// What the visitor added, at most [`crate::limits::RATING_COMMENT_CHARS`].
        comment: Option<String>,
    }
}

wire_struct! {
    /// See [`EntryBody::PlaceKept`].
    pub struct PlaceKept {
        /// Address to write to.
        email: String,
    }
}

wire_struct! {
    /// See [`EntryBody::Called`].
    pub struct Called {
        /// Until when the place is held, Unix milliseconds.
        until: i64,
    }
}
