//! What a screen is made of besides logs: state with a version, sent when it changes, never stored in a log.

use alloc::string::String;
use alloc::vec::Vec;

use crate::entry::{AuthorKind, EntryBody};
use crate::ids::{AgentId, ConversationId, DepartmentId, Epoch, SiteId, TenantId, VisitorId};

wire_text! {
    /// State of a conversation.
    pub enum ConversationState {
        /// In the queue.
        Waiting = "waiting",
        /// Offered to one agent, who has until a deadline to accept.
        Offered = "offered",
        /// An agent holds it.
        Active = "active",
        /// Ended; reopens when the visitor writes within the window.
        Closed = "closed",
        /// A message left while nobody was there.
        Offline = "offline",
    }
}

wire_text! {
    /// Whether a person is there.
    pub enum Presence {
        /// Connected and taking conversations.
        Online = "online",
        /// Connected, not taking new conversations.
        Away = "away",
        /// Not connected, or signed out.
        Offline = "offline",
        /// Not known right now.
        Unknown = "unknown",
    }
}

wire_text! {
    /// Why the server set an agent to away.
    pub enum AwayReason {
        /// No sign of the agent for a while; the next one ends it.
        Idle = "idle",
        /// Offers went unanswered; the agent ends it.
        MissedOffers = "missed_offers",
    }
}

wire_text! {
    /// Why an agent chose away.
    pub enum Pause {
        /// A short break.
        Break = "break",
        /// Lunch.
        Lunch = "lunch",
        /// A meeting.
        Meeting = "meeting",
        /// Training.
        Training = "training",
        /// Work besides conversations.
        OtherWork = "other_work",
    }
}

wire_text! {
    /// Whether a site's visitors can chat now.
    pub enum Availability {
        /// An agent is free: an answer comes at once.
        Online = "online",
        /// Agents are there but busy: the visitor waits in the queue.
        OnlineForQueue = "online_for_queue",
        /// Nobody is there: the visitor can leave a message.
        Offline = "offline",
        /// The tenant is suspended: no chat, no message.
        Unavailable = "unavailable",
    }
}

wire_text! {
    /// What an agent may do in a tenant, from most to least.
    pub enum Role {
        /// Everything, including other owners.
        Owner = "owner",
        /// Sites, people, transcripts.
        Admin = "admin",
        /// Sees every conversation and may take over.
        Supervisor = "supervisor",
        /// Answers visitors.
        Agent = "agent",
    }
}

wire_struct! {
    /// How long a waiting visitor will probably wait, from measured service times.
    pub struct Estimate {
        /// Half of the visitors in this place waited less, in seconds.
        p50_s: u32,
        /// Nine of ten waited less, in seconds.
        p90_s: u32,
    }
}

wire_struct! {
    /// An agent as a visitor sees one.
    pub struct AgentCard {
        /// The agent.
        id: AgentId,
        /// Display name.
        name: String,
        /// Whether the agent is there.
        presence: Presence,
    }
}

wire_struct! {
    /// A department as visitors choose one.
    pub struct DepartmentChoice {
        /// The department.
        id: DepartmentId,
        /// Its name.
        name: String,
        /// Whether its visitors can chat now.
        availability: Availability,
        /// When it opens next, Unix milliseconds; only while it is closed and that is known.
        opens_at: Option<i64>,
    }
}

wire_struct! {
    /// A department as agents see it.
    pub struct Department {
        /// The department.
        id: DepartmentId,
        /// Its name.
        name: String,
        /// Whether its visitors can chat now.
        availability: Availability,
    }
}

wire_struct! {
    /// Everything a visitor's screen needs besides the logs.
    pub struct VisitorState {
        /// Hash of the rest: a client that brings the same is sent nothing.
        version: String,
        /// Who the visitor is.
        visitor: VisitorId,
        /// Name given earlier.
        name: Option<String>,
        /// E-mail address given earlier.
        email: Option<String>,
        /// Whether the site can chat now.
        availability: Availability,
        /// The visitor's conversations, newest first, at most 50. The first is the current one unless closed.
        conversations: Vec<VisitorConversation>,
        /// When the site opens next, Unix milliseconds; only while it is closed and that is known.
        opens_at: Option<i64>,
        /// Departments that visitors choose from; absent when there is no choice.
        departments: Option<Vec<DepartmentChoice>>,
    }
}

wire_struct! {
    /// One of a visitor's conversations.
    pub struct VisitorConversation {
        /// The conversation.
        id: ConversationId,
        /// Its state.
        state: ConversationState,
        /// Newest entry.
        last_seq: u64,
        /// When it began, Unix milliseconds.
        created_at: i64,
        /// When something was last written, Unix milliseconds.
        updated_at: i64,
        /// Place in the queue, 1 is next; only while waiting or offered.
        position: Option<u32>,
        /// Probable wait; only while waiting and only with enough measurements.
        estimate: Option<Estimate>,
        /// Who answers; only while active.
        agent: Option<AgentCard>,
        /// Up to where the visitor has read.
        visitor_read_seq: u64,
        /// Up to where any agent has read.
        agent_read_seq: u64,
        /// Messages of agents after `visitor_read_seq`.
        unread: u32,
        /// Start of the newest message.
        preview: Option<String>,
        /// The score given, if any.
        rating: Option<u8>,
        /// Whether a waiting visitor may leave an address and keep the place: absent when not.
        can_keep: Option<bool>,
        /// Whether the visitor did so: absent when not.
        kept: Option<bool>,
    }
}

wire_struct! {
    /// A colleague in the agent's tenant.
    pub struct Colleague {
        /// The agent.
        id: AgentId,
        /// Display name.
        name: String,
        /// Role in the tenant.
        role: Role,
        /// Whether the agent takes conversations now.
        presence: Presence,
        /// Why not, when the server and not the agent chose so; only while away.
        away: Option<AwayReason>,
        /// Conversations held now that count against the capacity.
        load: u32,
        /// How many conversations at once.
        capacity: u32,
        /// Why the agent chose away; only while away.
        pause: Option<Pause>,
        /// Since when the agent is what `presence` says, Unix milliseconds.
        since: Option<i64>,
        /// The departments the agent is a member of.
        departments: Option<Vec<DepartmentId>>,
    }
}

wire_struct! {
    /// Everything an agent's screen needs besides the logs.
    pub struct AgentState {
        /// Hash of the rest: a client that brings the same is sent nothing.
        version: String,
        /// The agent this screen belongs to; also in `colleagues`.
        me: AgentId,
        /// The tenant.
        tenant: TenantId,
        /// Name of the tenant.
        tenant_name: String,
        /// Suspended tenants are read-only.
        suspended: bool,
        /// Every agent of the tenant, this one included.
        colleagues: Vec<Colleague>,
        /// Conversations in `waiting`, `offered`, `active` and `offline`, and the 50 closed last.
        conversations: Vec<Summary>,
        /// This agent's read marks in those conversations.
        marks: Vec<ReadMark>,
        /// Every department of the tenant, by name.
        departments: Option<Vec<Department>>,
    }
}

wire_struct! {
    /// One line of the agents' lists; the same for every agent of the tenant.
    pub struct Summary {
        /// The conversation.
        id: ConversationId,
        /// Its state.
        state: ConversationState,
        /// The site it came from.
        site: SiteId,
        /// The site's name.
        site_name: String,
        /// The visitor.
        visitor: VisitorId,
        /// Name the visitor gave.
        visitor_name: Option<String>,
        /// Address the visitor gave.
        visitor_email: Option<String>,
        /// Whether a connection of the visitor is open.
        visitor_online: bool,
        /// Who holds it; only while active, or the last holder when closed.
        agent: Option<AgentId>,
        /// Whom it is offered to; only while offered.
        offered_to: Option<AgentId>,
        /// Who else it is offered to at the same time: the first to accept gets it.
        offered_also: Option<Vec<AgentId>>,
        /// Until when the offer stands, Unix milliseconds; only while offered.
        offer_deadline_at: Option<i64>,
        /// When it began, Unix milliseconds.
        created_at: i64,
        /// When something was last changed, Unix milliseconds. Grows with each change of state, holder, offer or log: of two lines of
        /// a conversation the one with more is newer, in whichever order they come, and of two with as much the later.
        updated_at: i64,
        /// Since when it waits, Unix milliseconds; only while waiting or offered.
        waiting_since: Option<i64>,
        /// Place in the queue of its department, 1 is next; only while waiting or offered.
        position: Option<u32>,
        /// Newest entry.
        last_seq: u64,
        /// Number of messages the visitor wrote.
        visitor_messages: u32,
        /// Who wrote the newest message.
        last_author: Option<AuthorKind>,
        /// Start of the newest message.
        preview: Option<String>,
        /// Up to where the visitor has read.
        visitor_read_seq: u64,
        /// Up to where any agent has read.
        agent_read_seq: u64,
        /// The score given, if any.
        rating: Option<u8>,
        /// Whose queue it is or was in.
        department: Option<DepartmentId>,
        /// Higher goes first; absent for 0, which is normal.
        priority: Option<u8>,
        /// The visitor left an address and keeps the place: absent when not.
        kept: Option<bool>,
    }
}

wire_struct! {
    /// How far one agent has read one conversation.
    pub struct ReadMark {
        /// The conversation.
        conversation: ConversationId,
        /// Read up to here.
        seq: u64,
        /// Visitor messages after that.
        unread: u32,
    }
}

wire_struct! {
    /// What an agent sees beside a conversation.
    pub struct VisitorProfile {
        /// The visitor.
        id: VisitorId,
        /// Name given.
        name: Option<String>,
        /// Address given.
        email: Option<String>,
        /// Browser and system in words, from the user agent.
        browser: Option<String>,
        /// Preferred language (BCP 47).
        language: Option<String>,
        /// Page the visitor is or was last on.
        page_url: Option<String>,
        /// Title of that page.
        page_title: Option<String>,
        /// Where the visitor came from.
        referrer: Option<String>,
        /// First seen, Unix milliseconds.
        first_seen_at: i64,
        /// Last seen, Unix milliseconds.
        last_seen_at: i64,
        /// Whether a connection is open.
        online: bool,
        /// The visitor's conversations, newest first, at most 50.
        conversations: Vec<Earlier>,
        /// Who the visitor is in the merchant's own system, as the merchant's signature says.
        external_id: Option<String>,
        /// The merchant's signature says that the visitor goes first: absent when not.
        vip: Option<bool>,
    }
}

wire_struct! {
    /// An earlier conversation of a visitor, as an agent sees it.
    pub struct Earlier {
        /// The conversation.
        id: ConversationId,
        /// Its state.
        state: ConversationState,
        /// When it began, Unix milliseconds.
        created_at: i64,
        /// Start of the newest message.
        preview: Option<String>,
        /// The score given, if any.
        rating: Option<u8>,
    }
}

wire_struct! {
    /// Where a reader is in a conversation.
    pub struct Cursor {
        /// The conversation.
        conversation: ConversationId,
        /// The history the position belongs to.
        epoch: Epoch,
        /// The newest entry applied; 0 for none.
        seq: u64,
    }
}

/// The start of a message for lists: one line, at most 120 characters.
pub fn preview_of(body: &EntryBody) -> Option<String> {
    let text = match body {
        EntryBody::Message(text) => text.text.as_str(),
        EntryBody::File(file) => file.name.as_str(),
        _ => return None,
    };
    Some(text.chars().take(120).map(|c| if c.is_control() { ' ' } else { c }).collect())
}
