//! Leaving a message while nobody is there, or instead of waiting on.

use domain::conversation::{Command, Written};
use domain::text::{EmailAddress, MessageText, Name};
use protocol::command::LeaveMessage;
use protocol::entry::Text;

use super::Done;
use super::begin::{self, Opening, Profile};
use super::change::{self, Asker, Outcome, Request};
use super::notify::{self, OfflineNotice};
use super::view;
use crate::app::App;
use crate::auth::{Principal, VisitorIdentity};
use crate::error::{AppError, AppResult, OnField};
use crate::store::Conn;

/// Stores an offline message and the e-mail that tells the tenant, in one write.
pub async fn leave_message(app: &App, who: &Principal, command: LeaveMessage) -> AppResult<Done> {
    let Principal::Visitor(visitor) = who else { return Err(AppError::forbidden()) };
    let name = Name::parse(&command.name).on_field("name")?.into_string();
    let email = EmailAddress::parse(&command.email).on_field("email")?.into_string();
    let text = MessageText::parse(&command.text).on_field("text")?.into_string();
    let (department, _) = view::destination(app, visitor, command.department).await?;
    let page_url = command.page.as_ref().map(|page| page.url.clone());
    let leaving = Leaving {
        visitor: visitor.clone(),
        profile: Profile {
            name: Some(name),
            email: Some(email),
            page: command.page.clone(),
            department: Some(department),
        },
        text,
        page_url,
        origin: app.config.public_origin(),
        now: app.now(),
    };
    let tenant = visitor.tenant;
    let outcome = app
        .store
        .write((tenant, visitor.visitor), move |tx| Box::pin(async move { leaving.write(tx, &command).await }))
        .await?;
    app.mailer.call(());
    Ok(change::announce(app, tenant, outcome))
}

struct Leaving {
    visitor: VisitorIdentity,
    profile: Profile,
    text: String,
    page_url: Option<String>,
    origin: String,
    now: i64,
}

impl Leaving {
    async fn write(&self, tx: &mut Conn, command: &LeaveMessage) -> AppResult<Outcome> {
        let message = Written::Message(Text { text: self.text.clone() });
        let outcome = match command.conversation {
            None => {
                let opening = (self.profile.clone(), Opening::Offline(message));
                begin::begin(tx, &self.visitor, command.cmid, opening, self.now).await?
            }
            Some(conversation) => {
                begin::remember(tx, &self.visitor, &self.profile, self.now).await?;
                let asker = Asker::Person(Principal::Visitor(self.visitor.clone()));
                let leave = Command::LeaveMessage {
                    name: self.profile.name.clone(),
                    email: self.profile.email.clone(),
                    message,
                };
                let request = Request { cmid: Some(command.cmid), ..Request::new(asker, conversation, leave) };
                change::write(tx, &request, self.now).await?
            }
        };
        // A retransmission wrote nothing and sends nothing.
        if !outcome.items.is_empty() {
            notify::offline_message(tx, self.visitor.tenant, &self.notice(&outcome)).await?;
        }
        Ok(outcome)
    }

    fn notice(&self, outcome: &Outcome) -> OfflineNotice {
        OfflineNotice {
            conversation: outcome.row.id,
            name: self.profile.name.clone().unwrap_or_default(),
            email: self.profile.email.clone().unwrap_or_default(),
            text: self.text.clone(),
            page_url: self.page_url.clone(),
            origin: self.origin.clone(),
            at: self.now,
        }
    }
}
