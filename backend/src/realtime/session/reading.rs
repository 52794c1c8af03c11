//! What the session reads by itself: its state, and the entries its client does not have.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::anyhow;
use protocol::codec::to_json;
use protocol::error::{CloseCode, ErrorCode};
use protocol::event::{Event, Reset, ResetReason};
use protocol::state::Cursor;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::answering::{ack, refused};
use super::{Outgoing, Pages, RETRY_AFTER_MS, Session, Step, close_for};
use crate::actions::{Done, view};
use crate::auth::{Principal, VisitorIdentity, visitor};
use crate::bus::Topic;
use crate::error::{AppError, AppResult};
use crate::planted::{Bug, planted};

/// Meanwhile no command is taken from the connection, so that it must not take as long as a pool may.
const READ_WITHIN: Duration = Duration::from_secs(4);
/// Failed reads in a row after which the connection is given up.
const RETRIES: u32 = 5;

impl Session {
    /// Prepares what a client that is at `cursor` has missed.
    pub(super) async fn resume(&mut self, cursor: Cursor) -> AppResult<()> {
        let conversation = cursor.conversation;
        if matches!(self.who, Principal::Agent(_)) {
            self.subscriptions.add(Topic::Conversation(self.who.tenant(), conversation));
        }
        let mut after = cursor.seq;
        let _turn = Arc::clone(&self.realtime.reads).acquire_owned().await.ok();
        if let Err(reason) = Box::pin(view::check_cursor(&self.realtime.app, &self.who, &cursor)).await? {
            self.queue(&Event::Reset(Reset { conversation, reason }));
            if reason == ResetReason::NoAccess {
                self.forget(conversation);
                return Ok(());
            }
            after = 0;
        }
        if planted(Bug::DropOnReconnect) {
            let newest = view::entries_after(&self.realtime.app, &self.who, conversation, after).await?.last_seq;
            self.cursors.set(conversation, newest);
            return Ok(());
        }
        self.cursors.set(conversation, after);
        self.steps.push_back(Step::Pages(Pages { conversation, after, asked_by: None }));
        Ok(())
    }

    /// Reads the state. `None` when the client has it, or the read has to be tried again.
    pub(super) async fn state(&mut self) -> Option<Outgoing> {
        self.state_read_at = Some(Instant::now());
        let read = in_time(async {
            let app = &self.realtime.app;
            match &self.who {
                Principal::Visitor(visitor) => {
                    self.may_be_here(visitor).await?;
                    let state = view::visitor_state(app, visitor).await?;
                    Ok((state.version.clone(), Event::Visitor(state)))
                }
                Principal::Agent(agent) => {
                    let state = view::agent_state(app, agent).await?;
                    Ok((state.version.clone(), Event::Agent(state)))
                }
            }
        });
        match read.await {
            Ok((version, event)) => {
                self.read_worked();
                if self.state_version.as_ref() == Some(&version) {
                    return None;
                }
                self.state_version = Some(version);
                Some(Outgoing::Text(to_json(&event).into()))
            }
            Err(AppError::Refused(refusal)) => {
                let code = match refusal.code {
                    // Who may something else now comes back as who they are.
                    ErrorCode::Unavailable => CloseCode::Restart,
                    code => close_for(code),
                };
                self.steps.push_front(Step::Close(code));
                self.refusal = Some(Box::new(refusal.clone()));
                Some(Outgoing::Text(to_json(&refused(0, None, refusal)).into()))
            }
            Err(error) => {
                self.retry(Step::State, &error);
                None
            }
        }
    }

    /// Whether the site still allows the page around the chat (F33).
    async fn may_be_here(&self, visitor: &VisitorIdentity) -> AppResult<()> {
        match &self.origin {
            Some(origin) => visitor::check_origin(&self.realtime.app, visitor, origin).await,
            None => Ok(()),
        }
    }

    /// Reads one page of entries. `None` when there are none, or the read has to be tried again.
    pub(super) async fn page(&mut self, mut pages: Pages) -> Option<Outgoing> {
        let conversation = pages.conversation;
        let read = in_time(view::entries_after(&self.realtime.app, &self.who, conversation, pages.after));
        match read.await {
            Ok(entries) => {
                self.read_worked();
                let sent = entries.items.last().map_or(pages.after, |item| item.seq);
                let is_new = sent > pages.after;
                if pages.after > entries.last_seq && self.cursors.contains(conversation) {
                    // A client that claims to be ahead must not miss what comes until then.
                    self.cursors.set(conversation, entries.last_seq);
                }
                pages.after = sent;
                self.cursors.advance(conversation, sent.min(entries.last_seq));
                if is_new && sent < entries.last_seq {
                    self.steps.push_front(Step::Pages(pages));
                } else if let Some(asked) = pages.asked_by {
                    let done = Done { conversation: Some(conversation), ..Done::default() };
                    self.steps.push_front(Step::Text(ack(asked.id, done)));
                }
                is_new.then(|| Outgoing::Text(to_json(&Event::Entries(entries)).into()))
            }
            Err(error) => {
                self.page_failed(pages, &error);
                None
            }
        }
    }

    fn page_failed(&mut self, pages: Pages, error: &AppError) {
        let refused = matches!(error, AppError::Refused(_));
        if refused || pages.asked_by.is_some_and(|asked| asked.watches) {
            self.forget(pages.conversation);
        }
        match pages.asked_by {
            Some(asked) => self.fail(asked.id, None, Some(pages.conversation), error),
            None if refused => {
                let reset = Reset { conversation: pages.conversation, reason: ResetReason::NoAccess };
                self.queue(&Event::Reset(reset));
            }
            None => self.retry(Step::Pages(pages), error),
        }
    }

    /// Puts a read that failed back and waits a little: an outage of the storage must not cut every
    /// connection (C14). The error is logged here, once per failure.
    fn retry(&mut self, step: Step, error: &AppError) {
        self.retries += 1;
        tracing::warn!(connection = self.mailbox.id(), %error, "a read failed");
        if self.retries > RETRIES {
            self.steps.push_front(Step::Close(CloseCode::Internal));
            self.retry_at = None;
            return;
        }
        self.steps.push_front(step);
        let jitter = rand::random_range(0..RETRY_AFTER_MS / 2);
        self.retry_at = Some(Instant::now() + Duration::from_millis(RETRY_AFTER_MS + jitter));
    }

    fn read_worked(&mut self) {
        self.retries = 0;
        self.retry_at = None;
    }

    /// Whether a turn to read is what the session waits for.
    pub(super) fn wants_turn(&self) -> bool {
        let reads = self.steps.front().is_some_and(Step::is_own_read);
        reads && !self.over && self.retry_at.is_none_or(|at| at <= Instant::now()) && self.held_turn().is_none()
    }

    /// Takes a turn if there is one now.
    pub(super) fn has_turn_now(&self) -> bool {
        let turn = Arc::clone(&self.realtime.reads).try_acquire_owned().ok();
        let taken = turn.is_some();
        *self.held_turn() = turn;
        taken
    }

    /// Waits for a turn to read.
    pub(super) async fn take_turn(&self) {
        // The semaphore is never closed.
        let turn = Arc::clone(&self.realtime.reads).acquire_owned().await.ok();
        *self.held_turn() = turn;
    }

    /// The turn that was waited for. It is given back when dropped.
    pub(super) fn use_turn(&self) -> Option<OwnedSemaphorePermit> {
        self.held_turn().take()
    }

    fn held_turn(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read, given up after [`READ_WITHIN`].
async fn in_time<T>(read: impl Future<Output = AppResult<T>>) -> AppResult<T> {
    match timeout(READ_WITHIN, read).await {
        Ok(read) => read,
        Err(_) => Err(AppError::Internal(anyhow!("it took longer than {READ_WITHIN:?}"))),
    }
}
