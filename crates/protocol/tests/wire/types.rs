//! Every wire type with its members.

use protocol::command::{
    Accept, Active, Close, Command, Decline, DeclineReason, Fetch, Hello, KeepPlace, LeaveMessage, Page, Pick, Pong,
    Post, PostBody, PostFile, Rate, Read, Release, SetPresence, ShowVisitor, Start, Transfer, Typing, Unwatch, Watch,
};
use protocol::entry::{
    Assigned, Author, AuthorKind, Called, Closed, ClosedBy, EntryBody, File, Item, LeftOffline, PlaceKept, Queued,
    QueuedReason, Rated, Reopened, Text, Transferred,
};
use protocol::error::ErrorCode;
use protocol::event::{
    Ack, ConversationChanged, Entries, Event, Ping, ReadMoved, Reconnect, Refused, Reset, ResetReason, Token,
    TypingShown, Welcome,
};
use protocol::frame::{
    CommandFrame, Commands, Events, Identity, Poll, Problem, UploadReply, VisitorReply, VisitorRequest,
};
use protocol::ids::{
    AccountId, AgentId, AttachmentId, Cmid, ConversationId, DepartmentId, Epoch, SiteId, TenantId, VisitorId,
};
use protocol::site::{FieldRule, FrameConfig, Side, SiteConfig, SiteTexts, Theme};
use protocol::state::{
    AgentCard, AgentState, Availability, AwayReason, Colleague, ConversationState, Cursor, Department,
    DepartmentChoice, Earlier, Estimate, Pause, Presence, ReadMark, Role, Summary, VisitorConversation, VisitorProfile,
    VisitorState,
};

use crate::any::{Any, Source, Tagged, any_enum, any_id, any_struct, any_word};

any_id! { TenantId SiteId VisitorId AgentId AccountId DepartmentId ConversationId AttachmentId Cmid Epoch }

any_word! {
    AuthorKind
    QueuedReason
    ClosedBy
    ErrorCode
    ResetReason
    Side
    Theme
    FieldRule
    ConversationState
    Presence
    AwayReason
    Pause
    DeclineReason
    Availability
    Role
}

any_enum! {
    Command {
        Hello = "hello",
        Pong = "pong",
        Post = "post",
        Start = "start",
        LeaveMessage = "leave_message",
        KeepPlace = "keep_place",
        Typing = "typing",
        Read = "read",
        Fetch = "fetch",
        Close = "close",
        Rate = "rate",
        Page = "page",
        SetPresence = "set_presence",
        Active = "active",
        Accept = "accept",
        Decline = "decline",
        Pick = "pick",
        Transfer = "transfer",
        Release = "release",
        Watch = "watch",
        Unwatch = "unwatch",
        ShowVisitor = "show_visitor",
    }
    PostBody {
        Message = "message",
        Note = "note",
        File = "file",
    }
    EntryBody {
        Message = "message",
        Note = "note",
        File = "file",
        Queued = "queued",
        Assigned = "assigned",
        Transferred = "transferred",
        LeftOffline = "left_offline",
        Closed = "closed",
        Reopened = "reopened",
        Rated = "rated",
        PlaceKept = "place_kept",
        Called = "called",
    }
    Event {
        Welcome = "welcome",
        Ack = "ack",
        Refused = "refused",
        Entries = "entries",
        Reset = "reset",
        Visitor = "visitor_state",
        Agent = "agent_state",
        Conversation = "conversation",
        Typing = "typing",
        ReadMoved = "read",
        Profile = "profile",
        Token = "token",
        Reconnect = "reconnect",
        Ping = "ping",
    }
}

any_struct! {
    Hello { protocol, token, tenant, resume, state }
    Pong {  }
    PostFile { attachment }
    Post { cmid, conversation, body }
    Start { cmid, name, email, text, page, department }
    LeaveMessage { cmid, conversation, name, email, text, page, department }
    KeepPlace { conversation, email }
    Typing { conversation, active, preview }
    Read { conversation, seq }
    Fetch { conversation, after }
    Close { conversation }
    Rate { conversation, score, comment }
    Page { url, title, referrer, language }
    SetPresence { presence, pause }
    Active {  }
    Accept { conversation }
    Decline { conversation, reason }
    Pick { conversation }
    Transfer { conversation, to, note, department }
    Release { agent }
    Watch { conversation, after }
    Unwatch { conversation }
    ShowVisitor { visitor }
    Author { kind, id, name }
    Item { seq, at, author, cmid, body }
    Text { text }
    File { attachment, name, media_type, size, width, height }
    Queued { reason }
    Assigned { agent, name }
    Transferred { from, to, name, department, department_name }
    PlaceKept { email }
    Called { until }
    LeftOffline { name, email }
    Closed { by }
    Reopened { continues }
    Rated { score, comment }
    Welcome { protocol, build, at, epoch, token }
    Ack { id, conversation, cmid, seq, at }
    Refused { id, code, message, cmid, field, limit, retry_after_ms }
    Entries { conversation, epoch, from, last_seq, items }
    Reset { conversation, reason }
    ConversationChanged { conversation }
    TypingShown { conversation, kind, id, name, active, preview }
    ReadMoved { conversation, kind, id, seq }
    Token { token, expires_at }
    Reconnect { after_ms }
    Ping { at }
    CommandFrame { id, command }
    Commands { tenant, commands }
    Poll { hello, generation, client }
    Events { events }
    VisitorRequest { site, token, origin, identity }
    Identity { token, id, hmac, name, email }
    VisitorReply { token, visitor, expires_at, ignored }
    UploadReply { attachment }
    Problem { code, message, field, limit, retry_after_ms }
    SiteConfig { key, name, color, side, theme, locale, ask_name, ask_email, typing_preview, texts, ask_department, departments }
    SiteTexts { locale, greeting, welcome, offline }
    FrameConfig { site, origins, availability, opens_at, departments, build }
    Estimate { p50_s, p90_s }
    AgentCard { id, name, presence }
    VisitorState { version, visitor, name, email, availability, conversations, opens_at, departments }
    DepartmentChoice { id, name, availability, opens_at }
    Department { id, name, availability }
    VisitorConversation {
        id,
        state,
        last_seq,
        created_at,
        updated_at,
        position,
        estimate,
        agent,
        visitor_read_seq,
        agent_read_seq,
        unread,
        preview,
        rating,
        can_keep,
        kept,
    }
    Colleague { id, name, role, presence, away, load, capacity, pause, since, departments }
    AgentState { version, me, tenant, tenant_name, suspended, colleagues, conversations, marks, departments }
    Summary {
        id,
        state,
        site,
        site_name,
        visitor,
        visitor_name,
        visitor_email,
        visitor_online,
        agent,
        offered_to,
        offered_also,
        offer_deadline_at,
        created_at,
        updated_at,
        waiting_since,
        position,
        last_seq,
        visitor_messages,
        last_author,
        preview,
        visitor_read_seq,
        agent_read_seq,
        rating,
        department,
        priority,
        kept,
    }
    ReadMark { conversation, seq, unread }
    VisitorProfile {
        id,
        name,
        email,
        browser,
        language,
        page_url,
        page_title,
        referrer,
        first_seen_at,
        last_seen_at,
        online,
        conversations,
        external_id,
        vip,
    }
    Earlier { id, state, created_at, preview, rating }
    Cursor { conversation, epoch, seq }
}
