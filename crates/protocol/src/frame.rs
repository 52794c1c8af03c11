//! How commands and events are packed on each transport.

use alloc::string::String;
use alloc::vec::Vec;

use crate::command::{Command, Hello};
use crate::error::ErrorCode;
use crate::event::Event;
use crate::ids::{AttachmentId, TenantId, VisitorId};

wire_struct! {
    /// One command with its number: a WebSocket text frame, or one element of [`Commands`].
    pub struct CommandFrame {
        /// Chosen by the client, above 0, unique on the connection; comes back in the answer.
        id: u64,
        /// What is asked.
        command: Command,
    }
}

wire_struct! {
    /// Body of `POST /v1/commands`. A visitor's token is in the Authorization header.
    pub struct Commands {
        /// Agent: which of the account's tenants.
        tenant: Option<TenantId>,
        /// At most [`crate::limits::COMMANDS_PER_POST`], carried out in order.
        commands: Vec<CommandFrame>,
    }
}

wire_struct! {
    /// Body of `POST /v1/poll`.
    pub struct Poll {
        /// What the client has. Its `token` is ignored here: it is in the Authorization header.
        hello: Hello,
        /// Grows with every poll of one client: a newer poll ends the older one.
        generation: u64,
        /// Random id of this client, made once per page.
        client: crate::ids::Cmid,
    }
}

wire_struct! {
    /// Reply to `POST /v1/poll` and `POST /v1/commands`: events in order.
    pub struct Events {
        /// The events; empty when a poll was held without news.
        events: Vec<Event>,
    }
}

wire_struct! {
    /// Body of `POST /v1/visitor`: become a visitor of a site, or stay the one of `token`.
    pub struct VisitorRequest {
        /// Key of the site.
        site: String,
        /// Token from an earlier visit. It may have expired, though not longer ago than it was good.
        token: Option<String>,
        /// Origin of the page that the chat is embedded in; left out where there is none. The site must allow it.
        origin: Option<String>,
        /// Who the visitor is, as the merchant knows and signs it.
        identity: Option<Identity>,
    }
}

wire_struct! {
    /// Who a visitor is in the merchant's own system: a signed `token`, or an `id` with its `hmac`.
    pub struct Identity {
        /// JWT (HS256) signed with one of the tenant's identity keys; claims `sub`, `exp` and, if wanted, `name`, `email`,
        /// `vip`, `language`, `skills`.
        token: Option<String>,
        /// The merchant's id of the visitor.
        id: Option<String>,
        /// HMAC-SHA-256 of `id` with one of the tenant's identity keys, in hexadecimal.
        hmac: Option<String>,
        /// Name, with `id`.
        name: Option<String>,
        /// E-mail address, with `id`.
        email: Option<String>,
    }
}

wire_struct! {
    /// Reply to `POST /v1/visitor`.
    pub struct VisitorReply {
        /// Bring it in `hello` or the Authorization header; keep it for the next visit.
        token: String,
        /// Who the visitor is.
        visitor: VisitorId,
        /// When the token expires, Unix milliseconds.
        expires_at: i64,
        /// Member of the request that was ignored, because it is not valid: `identity`.
        ignored: Option<String>,
    }
}

wire_struct! {
    /// Reply to `POST /v1/files?conversation=ID&name=NAME`. The body of that request is the file itself, its
    /// Content-Type what the sender's system takes it for. A `post` with a `file` body shows it to the others.
    pub struct UploadReply {
        /// Name it in the post; fetch the file at `GET /v1/files/ID` with the same credentials.
        attachment: AttachmentId,
    }
}

wire_struct! {
    /// Body of every HTTP error of `/v1`.
    pub struct Problem {
        /// What rule refused it.
        code: ErrorCode,
        /// English, for logs and developers.
        message: String,
        /// The field at fault.
        field: Option<String>,
        /// The limit it broke.
        limit: Option<u64>,
        /// Try again after this many milliseconds.
        retry_after_ms: Option<u64>,
    }
}
