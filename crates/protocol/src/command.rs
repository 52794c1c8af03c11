//! Client to server. Every command carries an id in its [`crate::frame::CommandFrame`] and is answered
//! once, by `ack` or `refused`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::entry::Text;
use crate::ids::{AgentId, AttachmentId, Cmid, ConversationId, DepartmentId, TenantId, VisitorId};
use crate::state::{Cursor, Pause, Presence};

wire_enum! {
    /// What a client asks for.
    pub enum Command {
        /// First frame on a socket: who I am and what I have.
        Hello(Hello) = "hello",
        /// Answer to `ping`; the one command without an answer.
        Pong(Pong) = "pong",
        /// Write into a conversation.
        Post(Post) = "post",
        /// Visitor: start a conversation (pre-chat form).
        Start(Start) = "start",
        /// Visitor: leave a message for later (offline form).
        LeaveMessage(LeaveMessage) = "leave_message",
        /// Visitor: keep my place in the queue and write to me when it is my turn.
        KeepPlace(KeepPlace) = "keep_place",
        /// I am typing, or stopped.
        Typing(Typing) = "typing",
        /// I have read up to here.
        Read(Read) = "read",
        /// Send me entries I do not have.
        Fetch(Fetch) = "fetch",
        /// End a conversation.
        Close(Close) = "close",
        /// Visitor: rate a conversation.
        Rate(Rate) = "rate",
        /// Visitor: the page I am on.
        Page(Page) = "page",
        /// Agent: whether I take conversations.
        #[cfg(feature = "agents")]
        SetPresence(SetPresence) = "set_presence",
        /// Agent: I am at work: a key, a click, a move of the pointer.
        Active(Active) = "active",
        /// Agent: take a conversation offered to me.
        #[cfg(feature = "agents")]
        Accept(Accept) = "accept",
        /// Agent: pass an offer on.
        #[cfg(feature = "agents")]
        Decline(Decline) = "decline",
        /// Agent: take a waiting, offline or closed conversation from the list, or (supervisor) from a colleague.
        #[cfg(feature = "agents")]
        Pick(Pick) = "pick",
        /// Agent: give a conversation to a colleague, to a department, or back to the queue.
        #[cfg(feature = "agents")]
        Transfer(Transfer) = "transfer",
        /// Agent (supervisor): send everything that a colleague holds back to the queue.
        #[cfg(feature = "agents")]
        Release(Release) = "release",
        /// Agent: send me this conversation's entries as they come.
        #[cfg(feature = "agents")]
        Watch(Watch) = "watch",
        /// Agent: stop sending them.
        #[cfg(feature = "agents")]
        Unwatch(Unwatch) = "unwatch",
        /// Agent: who is this visitor?
        #[cfg(feature = "agents")]
        ShowVisitor(ShowVisitor) = "show_visitor",
    }
}

wire_struct! {
    /// First frame on a WebSocket, and the body of every long-poll.
    pub struct Hello {
        /// Protocol version of the client.
        protocol: u32,
        /// Visitor token. Agents are known by their session cookie.
        token: Option<String>,
        /// Agent: which of the account's tenants; may be left out when there is one.
        tenant: Option<TenantId>,
        /// The conversations the client holds, and up to where.
        resume: Vec<Cursor>,
        /// `version` of the last `state` the client applied; nothing once a `conversation` event has changed a line of it.
        state: Option<String>,
    }
}

wire_struct! {
    /// Answer to a `ping`.
    pub struct Pong {}
}

wire_enum! {
    /// What a post contains.
    pub enum PostBody {
        /// A message.
        Message(Text) = "message",
        /// A note for agents only; visitors may not write one.
        Note(Text) = "note",
        /// A file uploaded before.
        File(PostFile) = "file",
    }
}

wire_struct! {
    /// A file uploaded before by the same person into the same conversation.
    pub struct PostFile {
        /// What the upload answered.
        attachment: AttachmentId,
    }
}

wire_struct! {
    /// Writes into a conversation. The same `cmid` again returns the first ack unchanged and stores nothing.
    pub struct Post {
        /// Client-made id of this send.
        cmid: Cmid,
        /// Where to. A visitor may leave it out: the current conversation, else a new one.
        conversation: Option<ConversationId>,
        /// What.
        body: PostBody,
    }
}

wire_struct! {
    /// Starts a conversation. The same `cmid` again returns the first ack.
    pub struct Start {
        /// Client-made id of this start, and of `text` when given.
        cmid: Cmid,
        /// Name from the form.
        name: Option<String>,
        /// E-mail address from the form.
        email: Option<String>,
        /// First message.
        text: Option<String>,
        /// Page the visitor is on.
        page: Option<Page>,
        /// The department chosen, by the visitor or the page; absent: that of the site.
        department: Option<DepartmentId>,
    }
}

wire_struct! {
    /// Leaves a message while nobody is there, or instead of waiting on.
    pub struct LeaveMessage {
        /// Client-made id of this message.
        cmid: Cmid,
        /// A waiting conversation that becomes the message's thread.
        conversation: Option<ConversationId>,
        /// Name.
        name: String,
        /// Address to answer to.
        email: String,
        /// The message.
        text: String,
        /// Page the visitor is on.
        page: Option<Page>,
        /// The department chosen, by the visitor or the page; absent: that of the site.
        department: Option<DepartmentId>,
    }
}

wire_struct! {
    /// Keeps the visitor's place in the queue while the visitor is away: when it is the visitor's turn, a mail with a
    /// link brings the visitor back.
    pub struct KeepPlace {
        /// A conversation that waits.
        conversation: ConversationId,
        /// Address to write to.
        email: String,
    }
}

wire_struct! {
    /// Tells the other side about typing; never stored.
    pub struct Typing {
        /// Where.
        conversation: ConversationId,
        /// False when the input was cleared.
        active: bool,
        /// What is in the input; only visitors send it and only agents see it.
        preview: Option<String>,
    }
}

wire_struct! {
    /// Sets the reader's mark; marks only grow.
    pub struct Read {
        /// Where.
        conversation: ConversationId,
        /// Read up to here.
        seq: u64,
    }
}

wire_struct! {
    /// Asks for entries after a position. They come as `entries` before the ack.
    pub struct Fetch {
        /// Where.
        conversation: ConversationId,
        /// The newest entry the client has; 0 for none.
        after: u64,
    }
}

wire_struct! {
    /// Ends a conversation.
    pub struct Close {
        /// Which.
        conversation: ConversationId,
    }
}

wire_struct! {
    /// Rates a conversation; the newest rating counts.
    pub struct Rate {
        /// Which.
        conversation: ConversationId,
        /// 1 (bad) to 5 (good).
        score: u8,
        /// What the visitor adds.
        comment: Option<String>,
    }
}

wire_struct! {
    /// Where the visitor is.
    pub struct Page {
        /// Address.
        url: String,
        /// Title.
        title: Option<String>,
        /// Where the visitor came from.
        referrer: Option<String>,
        /// Preferred language of the browser (BCP 47).
        language: Option<String>,
    }
}

wire_struct! {
    /// Sets whether this agent takes conversations.
    pub struct SetPresence {
        /// `online`, `away` or `offline`.
        presence: Presence,
        /// Why away; only with `away`.
        pause: Option<Pause>,
    }
}

wire_struct! {
    /// Says that the agent is at work, at most every [`crate::limits::ACTIVE_EVERY_MS`]. An agent who is silent too
    /// long is set to away, and back to online by the next of these.
    pub struct Active {}
}

wire_struct! {
    /// Takes an offered conversation.
    pub struct Accept {
        /// Which.
        conversation: ConversationId,
    }
}

wire_struct! {
    /// Passes an offer on to the next agent.
    pub struct Decline {
        /// Which.
        conversation: ConversationId,
        /// Why.
        reason: Option<DeclineReason>,
    }
}

wire_text! {
    /// Why an agent does not take an offer.
    pub enum DeclineReason {
        /// Enough to do already.
        Busy = "busy",
        /// Somebody else knows this better.
        OtherTopic = "other_topic",
        /// Somebody else speaks this language.
        OtherLanguage = "other_language",
        /// About to leave.
        Leaving = "leaving",
        /// Anything else.
        Other = "other",
    }
}

wire_struct! {
    /// Takes a conversation from a list.
    pub struct Pick {
        /// Which.
        conversation: ConversationId,
    }
}

wire_struct! {
    /// Gives a conversation away.
    pub struct Transfer {
        /// Which.
        conversation: ConversationId,
        /// To whom; absent means to a department, or back to the queue.
        to: Option<AgentId>,
        /// A note for the next agent.
        note: Option<String>,
        /// To the head of which department's queue; not together with `to`.
        department: Option<DepartmentId>,
    }
}

wire_struct! {
    /// Sends everything that an agent holds back to the head of the queue.
    pub struct Release {
        /// Whose conversations.
        agent: AgentId,
    }
}

wire_struct! {
    /// Subscribes to a conversation's entries, typing and read marks; entries after `after` come first.
    pub struct Watch {
        /// Which.
        conversation: ConversationId,
        /// The newest entry the client has; 0 for none.
        after: u64,
    }
}

wire_struct! {
    /// Ends a subscription.
    pub struct Unwatch {
        /// Which.
        conversation: ConversationId,
    }
}

wire_struct! {
    /// Asks for a visitor's profile; it comes as `visitor` before the ack.
    pub struct ShowVisitor {
        /// Who.
        visitor: VisitorId,
    }
}
