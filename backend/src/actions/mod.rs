//! One use-case a file: `check` everything that can be refused, then `do` it in one write, then publish.
//! The only layer that opens a transaction or publishes, and it publishes only after COMMIT returned.

/// Who changes tenants, sites and people.
pub mod actor;
/// What holds for every site.
pub mod site_rules;
/// Who may see a conversation.
mod access;
/// A message into a conversation that goes on: the way nearly everything takes.
mod append;
/// A visitor's new conversation.
mod begin;
/// Whether a log is whole.
mod chain;
/// The one way a conversation changes.
mod change;
/// The bytes of files.
pub mod content;
/// Who is at work and what they hold.
pub mod floor;
/// Lines of the agents' lists.
pub mod line;
/// Appending to a log.
mod log;
/// Rows and the state machine.
mod projection;
/// Telling sessions what they may have missed.
pub mod tell_positions;
/// Telling sessions.
pub(crate) mod publish;
/// What screens are made of.
pub mod view;
/// Names of agents and departments.
pub mod directory;
/// Supervisors: what goes on now, and why.
pub mod board;
/// How routing dealt with a conversation.
pub mod routing_history;
/// Platform: what other settings would have made of the visitors there were.
pub mod replay_routing;

/// Agent: take an offer.
pub mod accept;
/// End a conversation.
pub mod close;
/// Connections that open and close.
pub mod connected;
/// Agent: pass an offer on.
pub mod decline;
/// Files: store and find.
pub mod upload;
/// Change queue and routing settings.
pub mod set_policy;
/// The dispatcher's round: timers, offers, positions.
pub mod dispatch;
/// Visitor: leave a message for later.
pub mod leave_message;
/// Visitor: keep the place in the queue while away.
pub mod keep_place;
/// Visitor: come back to a kept place.
pub mod come_back;
/// E-mail that follows from what happened.
pub mod notify;
/// E-mail to a visitor whose turn it is.
pub mod notify_turn;
/// Visitor: the page being looked at.
pub mod page;
/// Agent: take from the list.
pub mod pick;
/// Agent: answer what was left while nobody was there.
pub mod answer_offline;
/// Write into a conversation.
pub mod post;
/// Agent: whether to take conversations.
pub mod presence;
/// Visitor: rate a conversation.
pub mod rate;
/// Move a read mark.
pub mod read;
/// Visitor: start a conversation.
pub mod start;
/// Agent: give away.
pub mod transfer;
/// Supervisor: empty an absent agent's list.
pub mod release;
/// Tell the other side about typing.
pub mod typing;

/// Platform: create a tenant.
pub mod create_tenant;
/// Platform: rename a tenant.
pub mod rename_tenant;
/// Platform: suspend a tenant.
pub mod suspend_tenant;
/// Platform: resume a tenant.
pub mod resume_tenant;
/// Create a login.
pub mod create_account;
/// Tenant: create a site.
pub mod create_site;
/// Tenant: change a site.
pub mod update_site;
/// Tenant: invite people; one-time links.
pub mod invite_agent;
/// Tenant: take an invitation back.
pub mod withdraw_invitation;
/// Tenant: try a mail again.
pub mod retry_mail;
/// Tenant: read and export a conversation.
pub mod read_transcript;
/// Find conversations by what was said.
pub mod find_transcripts;
/// Keep the search index up with the logs.
pub mod index_conversations;
/// Check an exported transcript.
pub mod verify_file;
/// Platform: move an installation to PostgreSQL.
pub mod migrate_data;
/// Platform: one tenant as one file.
pub mod tenant_file;
/// Use a one-time link.
pub mod accept_link;
/// Tenant: change a membership.
pub mod change_agent;
/// Tenant: end a membership and hand over what the agent holds.
pub mod disable_agent;
/// Tenant: create, change and remove departments.
pub mod departments;
/// Tenant: keys that say who a visitor is.
pub mod identity_keys;
/// Become a visitor of a site.
pub mod issue_visitor;
/// Who a visitor is in the merchant's own system.
mod identify;
/// Ask for a new password.
pub mod request_reset;
/// Sign in, sign out, change the password.
pub mod sign_in;
/// A second factor for signing in.
pub mod second_factor;

use protocol::ids::{Cmid, ConversationId};

use crate::planted::{Bug, planted};
use crate::store::entry::Stored;

/// What an action did: the parts of an `ack` that are not the command's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// The conversation it wrote to.
    pub conversation: Option<ConversationId>,
    /// The send it answers.
    pub cmid: Option<Cmid>,
    /// Where it was stored.
    pub seq: Option<u64>,
    /// When it was stored, Unix milliseconds.
    pub at: Option<i64>,
}

impl Done {
    /// The first answer again, for a send that was stored before (C2).
    fn stored(cmid: Cmid, stored: Stored) -> Self {
        Self {
            conversation: Some(stored.conversation_id),
            cmid: Some(cmid),
            seq: Some(view::unsigned(stored.seq) + u64::from(planted(Bug::AckDiffers))),
            at: Some(stored.at),
        }
    }
}
