//! Server to client.

use alloc::string::String;
use alloc::vec::Vec;

use crate::entry::{AuthorKind, Item};
use crate::error::ErrorCode;
use crate::ids::{Cmid, ConversationId, Epoch};
#[cfg(feature = "agents")]
use crate::state::{AgentState, VisitorProfile};
use crate::state::{Summary, VisitorState};
use uuid::Uuid;

wire_enum! {
    /// What the server tells a client.
    pub enum Event {
        /// Answer to `hello`: the connection is live from here on.
        Welcome(Welcome) = "welcome",
        /// A command was carried out and what it wrote is durable.
        Ack(Ack) = "ack",
        /// A command was refused; nothing was written.
        Refused(Refused) = "refused",
        /// Entries of a conversation, in order.
        Entries(Entries) = "entries",
        /// The client's cursor in a conversation is of no use: start it again from 0.
        Reset(Reset) = "reset",
        /// Visitor: everything besides the logs.
        Visitor(VisitorState) = "visitor_state",
        /// Agent: everything besides the logs.
        #[cfg(feature = "agents")]
        Agent(AgentState) = "agent_state",
        /// Agent: one line of the lists changed or is new.
        #[cfg(feature = "agents")]
        Conversation(ConversationChanged) = "conversation",
        /// Somebody types, or stopped.
        Typing(TypingShown) = "typing",
        /// Somebody read up to here.
        ReadMoved(ReadMoved) = "read",
        /// Agent: answer to `show_visitor`.
        #[cfg(feature = "agents")]
        Profile(VisitorProfile) = "profile",
        /// Visitor: a fresh token, because the one this connection began with soon expires.
        Token(Token) = "token",
        /// Close this connection and connect again after a while: the server restarts.
        Reconnect(Reconnect) = "reconnect",
        /// Are you there? Answer `pong`.
        Ping(Ping) = "ping",
    }
}

wire_struct! {
    /// Answer to `hello`. Everything the client missed follows it.
    pub struct Welcome {
        /// Protocol version of the server.
        protocol: u32,
        /// Build of the server: a client of another build reloads itself when idle.
        build: String,
        /// Server time, Unix milliseconds.
        at: i64,
        /// The history the server holds (C5).
        epoch: Epoch,
        /// A fresh visitor token, when the one brought is soon to expire.
        token: Option<String>,
    }
}

wire_struct! {
    /// A command was carried out.
    pub struct Ack {
        /// The command's id.
        id: u64,
        /// The conversation it wrote to.
        conversation: Option<ConversationId>,
        /// The send it answers.
        cmid: Option<Cmid>,
        /// Where it was stored.
        seq: Option<u64>,
        /// When it was stored, Unix milliseconds.
        at: Option<i64>,
    }
}

wire_struct! {
    /// A command was refused.
    pub struct Refused {
        /// The command's id; 0 when the frame was unreadable.
        id: u64,
        /// What rule refused it.
        code: ErrorCode,
        /// English, for logs and developers; clients show their own text for `code`.
        message: String,
        /// The send it answers.
        cmid: Option<Cmid>,
        /// The field at fault.
        field: Option<String>,
        /// The limit it broke.
        limit: Option<u64>,
        /// Try again after this many milliseconds.
        retry_after_ms: Option<u64>,
    }
}

wire_struct! {
    /// Entries of a conversation. `items` holds every seq from `from` on without gaps.
    pub struct Entries {
        /// Which conversation.
        conversation: ConversationId,
        /// The history they belong to.
        epoch: Epoch,
        /// seq of the first item.
        from: u64,
        /// The newest entry the server had when it sent this: more follows while the last item is below it.
        last_seq: u64,
        /// The entries.
        items: Vec<Item>,
    }
}

wire_struct! {
    /// The position the client brought is not a position of this history.
    pub struct Reset {
        /// Which conversation.
        conversation: ConversationId,
        /// Why.
        reason: ResetReason,
    }
}

wire_text! {
    /// Why a resume is not possible (C5).
    pub enum ResetReason {
        /// The history was replaced by a backup.
        EpochChanged = "epoch_changed",
        /// The client is ahead of the server.
        AheadOfServer = "ahead_of_server",
        /// The reader may not see this conversation, or it does not exist.
        NoAccess = "no_access",
    }
}

wire_struct! {
    /// One line of the agents' lists.
    pub struct ConversationChanged {
        /// The line, whole. One whose `last_seq` is smaller than that of the line held is late: ignore it.
        conversation: Summary,
    }
}

wire_struct! {
    /// Somebody types. Shown until [`crate::limits::TYPING_SHOWN_MS`] passed without another.
    pub struct TypingShown {
        /// Where.
        conversation: ConversationId,
        /// Visitor or agent.
        kind: AuthorKind,
        /// Who.
        id: Uuid,
        /// The name to show.
        name: Option<String>,
        /// False: stopped.
        active: bool,
        /// What is in the visitor's input; agents only.
        preview: Option<String>,
    }
}

wire_struct! {
    /// A read mark moved.
    pub struct ReadMoved {
        /// Where.
        conversation: ConversationId,
        /// Visitor or agent.
        kind: AuthorKind,
        /// Who.
        id: Uuid,
        /// Read up to here.
        seq: u64,
    }
}

wire_struct! {
    /// A fresh token for a visitor on an open connection, sent before the old one expires (F30).
    pub struct Token {
        /// Use and keep it from now on; the connection itself goes on.
        token: String,
        /// When it expires, Unix milliseconds.
        expires_at: i64,
    }
}

wire_struct! {
    /// The server goes away.
    pub struct Reconnect {
        /// Connect again after this many milliseconds.
        after_ms: u64,
    }
}

wire_struct! {
    /// Heartbeat.
    pub struct Ping {
        /// Server time, Unix milliseconds.
        at: i64,
    }
}
