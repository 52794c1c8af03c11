//! Answering what was left while nobody was there, and putting it away: from a list, by people who may have had the page
//! open for long. So both ask inside the write whether it is still offline.

use domain::conversation::{Command, Written};
use domain::text::MessageText;
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::ids::{Cmid, ConversationId};
use protocol::state::{Availability, ConversationState};

use super::change::{self, Asker, Outcome, Request};
use super::{access, notify};
use crate::app::App;
use crate::auth::{AgentIdentity, Principal};
use crate::error::{AppError, AppResult, Refusal};
use crate::store::{Conn, conversation, visitor};

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Whether it goes out by e-mail too; it does not when no address is known.
    pub mailed: bool,
}

/// Writes an answer and mails it. The same `cmid` again changes nothing and gives the first answer (C2).
///
/// # Errors
/// `not_found`; `wrong_state` when it is not offline any more: the visitor came back, or somebody else was faster.
pub async fn answer_offline(
    app: &App,
    agent: &AgentIdentity,
    id: ConversationId,
    cmid: Cmid,
    text: MessageText,
) -> AppResult<Answered> {
    let who = Principal::Agent(agent.clone());
    access::acting_agent(&who)?;
    let (agent, tenant, text, now) = (agent.clone(), agent.tenant, text.into_string(), app.now());
    let written = Written::Message(Text { text: text.clone() });
    let command = Command::Post { written, availability: Availability::Online };
    let request = Request { cmid: Some(cmid), ..Request::new(Asker::Person(who), id, command) };
    let (outcome, mailed) = app
        .store
        .write((tenant, id), move |tx| {
            Box::pin(async move {
                let outcome = while_offline(tx, &request, now).await?;
                // A retransmission wrote nothing and sends nothing.
                if outcome.items.is_empty() {
                    let visitor = visitor::find(tx, tenant, outcome.row.visitor_id).await?;
                    let mailed = visitor.is_some_and(|it| notify::answer_address(&outcome.row, &it).is_some());
                    return Ok((outcome, mailed));
                }
                let mailed = notify::offline_answer(tx, &agent, &outcome.row, &text, now).await?;
                Ok((outcome, mailed))
            })
        })
        .await?;
    app.mailer.call(());
    change::announce(app, tenant, outcome);
    Ok(Answered { mailed })
}

/// Puts it away. What is closed already stays so.
///
/// # Errors
/// As [`answer_offline`].
pub async fn close_offline(app: &App, agent: &AgentIdentity, id: ConversationId) -> AppResult<()> {
    let who = Principal::Agent(agent.clone());
    access::acting_agent(&who)?;
    let (tenant, now) = (agent.tenant, app.now());
    let request = Request::new(Asker::Person(who), id, Command::Close);
    let outcome = app
        .store
        .write((tenant, id), move |tx| Box::pin(async move { while_offline(tx, &request, now).await }))
        .await?;
    change::announce(app, tenant, outcome);
    Ok(())
}

/// Carries a request out if the conversation is offline, or if it says nothing new.
async fn while_offline(tx: &mut Conn, request: &Request, now: i64) -> AppResult<Outcome> {
    let before = conversation::find(tx, request.by.tenant(), request.conversation).await?;
    let before = before.ok_or_else(|| AppError::not_found("conversation"))?;
    match change::write(tx, request, now).await {
        Ok(outcome) if outcome.items.is_empty() => Ok(outcome),
        // The error takes back whatever was written.
        Ok(_) | Err(AppError::Refused(_)) if before.state != ConversationState::Offline => {
            Err(Refusal::new(ErrorCode::WrongState, "the conversation is not offline any more").into())
        }
        result => result,
    }
}
