//! Commands and their answers: every command is answered once.

use std::sync::Arc;

use protocol::codec::to_json;
use protocol::command::Command;
use protocol::error::{CloseCode, ErrorCode};
use protocol::event::{Ack, Event, Refused};
use protocol::frame::CommandFrame;
use protocol::ids::{Cmid, ConversationId};

use super::{Asked, Pages, Session, Step};
use crate::actions::Done;
use crate::auth::Principal;
use crate::auth::limiter::Rule;
use crate::bus::Topic;
use crate::error::{AppError, Refusal};
use crate::metrics::metrics;
use crate::planted::{Point, crash_point};
use crate::realtime::decode::Unreadable;
use crate::realtime::dispatch::{Outcome, cmid_of, conversation_of, dispatch};

/// Refused frames in a row, for rate or form, after which the connection is cut (C9).
const STRIKES: u32 = 100;

impl Session {
    pub(super) async fn run(&mut self, frame: Result<CommandFrame, Unreadable>) {
        if self.over || self.mailbox.is_over() {
            // Whoever lost the right to be here is not served a last command; others send it again.
            return;
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(unreadable) => {
                self.strike();
                return self.refuse(unreadable.id, None, unreadable.refusal);
            }
        };
        let cmid = cmid_of(&frame.command);
        match frame.command {
            Command::Pong(_) => return,
            Command::Hello(_) => {
                self.strike();
                let refusal = Refusal::new(ErrorCode::WrongState, "hello was said before");
                return self.refuse(frame.id, None, refusal);
            }
            _ => {}
        }
        if let Err(refusal) = self.spend(&frame.command).await {
            self.strike();
            return self.refuse(frame.id, cmid, refusal);
        }
        let conversation = conversation_of(&frame.command);
        let app = Arc::clone(&self.realtime.app);
        // Boxed: an idle connection must not carry the memory of every action.
        match Box::pin(dispatch(&app, &self.who, frame.command)).await {
            Ok(outcome) => {
                self.strikes = 0;
                self.finish(frame.id, outcome);
            }
            Err(error) => self.fail(frame.id, cmid, conversation, &error),
        }
    }

    fn finish(&mut self, id: u64, outcome: Outcome) {
        match outcome {
            Outcome::Done(done) => self.acknowledge(id, done),
            Outcome::Profile(profile) => {
                self.queue(&Event::Profile(profile));
                self.steps.push_back(Step::Text(ack(id, Done::default())));
            }
            Outcome::Watch { conversation, after } => {
                self.subscriptions.add(Topic::Conversation(self.who.tenant(), conversation));
                self.cursors.set(conversation, after);
                let asked_by = Some(Asked { id, watches: true });
                self.steps.push_back(Step::Pages(Pages { conversation, after, asked_by }));
            }
            Outcome::Unwatch(conversation) => {
                self.forget(conversation);
                self.acknowledge(id, Done { conversation: Some(conversation), ..Done::default() });
            }
            Outcome::Fetch { conversation, after } => {
                // What the client says it has is where live entries must continue.
                if matches!(self.who, Principal::Visitor(_)) || self.cursors.contains(conversation) {
                    self.cursors.set(conversation, after);
                }
                let asked_by = Some(Asked { id, watches: false });
                self.steps.push_back(Step::Pages(Pages { conversation, after, asked_by }));
            }
        }
    }

    /// Counts a command against the limits of the person.
    async fn spend(&self, command: &Command) -> Result<(), Refusal> {
        let app = &self.realtime.app;
        let (key, message) = match &self.who {
            Principal::Visitor(visitor) => (visitor.visitor.to_string(), Rule::VisitorMessage),
            Principal::Agent(agent) => (agent.agent.to_string(), Rule::AgentMessage),
        };
        let now = app.clock.monotonic();
        let rule = match command {
            Command::Post(_) => message,
            Command::Start(_) | Command::LeaveMessage(_) | Command::KeepPlace(_) => {
                // Rare, may end in a mail, and begun at any node: boxed, because every session would pay for its size.
                return Box::pin(async {
                    app.limiter.take_everywhere(Rule::NewConversationIp, &self.place, now).await?;
                    app.limiter.take_everywhere(Rule::NewConversation, &key, now).await
                })
                .await;
            }
            _ => Rule::Command,
        };
        app.limiter.take(rule, &key, now)
    }

    fn strike(&mut self) {
        self.strikes += 1;
        if self.strikes == STRIKES {
            self.steps.push_back(Step::Close(CloseCode::Flood));
        }
    }

    pub(super) fn acknowledge(&mut self, id: u64, done: Done) {
        crash_point(Point::BeforeAck);
        if done.cmid.is_some() {
            metrics().acked.increment(1);
        }
        self.steps.push_back(Step::Answer(ack(id, done)));
    }

    pub(super) fn fail(&mut self, id: u64, cmid: Option<Cmid>, conversation: Option<ConversationId>, error: &AppError) {
        if !matches!(error, AppError::Refused(_)) {
            let conversation = conversation.map(tracing::field::display);
            let tenant = self.who.tenant();
            tracing::error!(connection = self.mailbox.id(), %tenant, conversation, %error, "a command failed");
        }
        self.refuse(id, cmid, error.to_refusal());
    }

    fn refuse(&mut self, id: u64, cmid: Option<Cmid>, refusal: Refusal) {
        metrics().refused(refusal.code);
        self.steps.push_back(Step::Answer(to_json(&refused(id, cmid, refusal)).into()));
    }
}

/// The event that refuses a command.
pub(in crate::realtime) fn refused(id: u64, cmid: Option<Cmid>, refusal: Refusal) -> Event {
    Event::Refused(Refused {
        id,
        code: refusal.code,
        message: refusal.message,
        cmid,
        field: refusal.field.map(str::to_owned),
        limit: refusal.limit,
        retry_after_ms: refusal.retry_after_ms,
    })
}

/// The encoded event that acknowledges a command.
pub(super) fn ack(id: u64, done: Done) -> Arc<str> {
    let Done { conversation, cmid, seq, at } = done;
    to_json(&Event::Ack(Ack { id, conversation, cmid, seq, at })).into()
}
