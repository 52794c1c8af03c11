//! The two codecs are one: every wire type, with any value, is the same text in both and reads back as itself.

use crate::any::{check_equal, values};
use proptest::prelude::*;
use protocol::command::*;
use protocol::entry::*;
use protocol::error::*;
use protocol::event::*;
use protocol::frame::*;
use protocol::ids::*;
use protocol::site::*;
use protocol::state::*;

macro_rules! equal_in_both_codecs {
    ($($test:ident: $ty:ty;)*) => {
        proptest! {
            $(
                #[test]
                fn $test(value in values::<$ty>()) {
                    check_equal(&value)?;
                }
            )*
        }
    };
}

equal_in_both_codecs! {
    hello: Hello;
    pong: Pong;
    post_file: PostFile;
    post: Post;
    start: Start;
    leave_message: LeaveMessage;
    keep_place: KeepPlace;
    typing: Typing;
    read: Read;
    fetch: Fetch;
    close: Close;
    rate: Rate;
    page: Page;
    set_presence: SetPresence;
    active: Active;
    accept: Accept;
    decline: Decline;
    pick: Pick;
    transfer: Transfer;
    release: Release;
    watch: Watch;
    unwatch: Unwatch;
    show_visitor: ShowVisitor;
    author: Author;
    item: Item;
    text: Text;
    file: File;
    queued: Queued;
    assigned: Assigned;
    transferred: Transferred;
    left_offline: LeftOffline;
    closed: Closed;
    reopened: Reopened;
    rated: Rated;
    place_kept: PlaceKept;
    called: Called;
    welcome: Welcome;
    ack: Ack;
    refused: Refused;
    entries: Entries;
    reset: Reset;
    conversation_changed: ConversationChanged;
    typing_shown: TypingShown;
    read_moved: ReadMoved;
    token: Token;
    reconnect: Reconnect;
    ping: Ping;
    command_frame: CommandFrame;
    commands: Commands;
    poll: Poll;
    events: Events;
    visitor_request: VisitorRequest;
    identity: Identity;
    visitor_reply: VisitorReply;
    upload_reply: UploadReply;
    problem: Problem;
    site_config: SiteConfig;
    site_texts: SiteTexts;
    frame_config: FrameConfig;
    estimate: Estimate;
    agent_card: AgentCard;
    visitor_state: VisitorState;
    visitor_conversation: VisitorConversation;
    colleague: Colleague;
    department: Department;
    department_choice: DepartmentChoice;
    agent_state: AgentState;
    summary: Summary;
    read_mark: ReadMark;
    visitor_profile: VisitorProfile;
    earlier: Earlier;
    cursor: Cursor;
    command: Command;
    post_body: PostBody;
    entry_body: EntryBody;
    event: Event;
    author_kind: AuthorKind;
    queued_reason: QueuedReason;
    closed_by: ClosedBy;
    error_code: ErrorCode;
    reset_reason: ResetReason;
    side: Side;
    theme: Theme;
    field_rule: FieldRule;
    conversation_state: ConversationState;
    presence: Presence;
    pause: Pause;
    decline_reason: DeclineReason;
    availability: Availability;
    role: Role;
    conversation_id: ConversationId;
    cmid: Cmid;
}
