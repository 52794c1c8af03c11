//! People who send one message after the other and do not give up, whatever happens to the network or the
//! server, and who log all of it for the checker.

use std::time::{Duration, Instant};

use faults::checker::{Answer, Sent};
use protocol::command::Command;
use protocol::error::ErrorCode;
use protocol::event::Ack;
use protocol::ids::ConversationId;
use rand::RngExt;
use tokio::sync::watch;

use crate::basics::DEADLINE;
use crate::checker::answer_of;
use crate::people::{cmid, message};
use crate::wire::{Client, Failure, Over};

/// How long a send may take, retries and restarts included.
const SETTLED_WITHIN: Duration = DEADLINE.saturating_mul(3);

/// Sends a command again and again until it is carried out, as long as the refusal says that this helps.
pub(crate) async fn patiently(client: &Client, command: Command) -> Ack {
    loop {
        match client.ask(command.clone()).await {
            Ok(ack) => return ack,
            Err(Failure::Refused(refused)) if refused.code == ErrorCode::RateLimited => {
                let wait = refused.retry_after_ms.expect("when to try again");
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            Err(failure) => panic!("{command:?}: {failure:?}"),
        }
    }
}

/// Somebody who sends.
pub(crate) struct Sender<'a> {
    /// The tab it sends from.
    pub(crate) client: &'a mut Client,
    /// Who; different for every sender of a test.
    pub(crate) name: String,
    /// The transports it takes in turn.
    pub(crate) ladder: [Over; 2],
    /// Where to.
    pub(crate) conversation: ConversationId,
    /// What it sent and was told.
    pub(crate) sent: Vec<Sent>,
    connections: usize,
}

impl<'a> Sender<'a> {
    /// Somebody who has sent nothing yet.
    pub(crate) fn new(client: &'a mut Client, name: &str, ladder: [Over; 2], conversation: ConversationId) -> Self {
        Self { client, name: name.to_owned(), ladder, conversation, sent: Vec::new(), connections: 0 }
    }

    /// Sends messages until told to stop, each until it is acknowledged.
    pub(crate) async fn until(mut self, stopped: watch::Receiver<bool>) -> Vec<Sent> {
        while !*stopped.borrow() {
            self.send().await;
        }
        self.sent
    }

    /// Sends that many messages, each until it is acknowledged.
    pub(crate) async fn times(mut self, count: usize) -> Vec<Sent> {
        for _ in 0..count {
            self.send().await;
        }
        self.sent
    }

    /// Sends one message until it is acknowledged; one of eight is then sent again, to hear the same.
    pub(crate) async fn send(&mut self) {
        let cmid = cmid();
        let text = format!("{} {} {cmid}", self.name, self.sent.len());
        let command = message(Some(self.conversation), cmid, &text);
        let mut answers = Vec::new();
        self.settle(&command, &mut answers).await;
        if rand::rng().random_range(0..8) == 0 {
            self.settle(&command, &mut answers).await;
        }
        self.sent.push(Sent { sender: self.name.clone(), cmid, text: Some(text), answers });
    }

    /// Sends a command until it is acknowledged.
    pub(crate) async fn settle(&mut self, command: &Command, answers: &mut Vec<Answer>) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < SETTLED_WITHIN, "{command:?} is not settled within {SETTLED_WITHIN:?}");
            if self.client.look(|view| view.closed.is_some()) {
                // A long-poll that has ended still lets commands through, but nobody listens.
                self.reconnect().await;
            }
            match self.client.ask(command.clone()).await {
                Ok(ack) => return answers.push(answer_of(&ack)),
                Err(Failure::Refused(refused)) if refused.code.is_retryable() => {
                    answers.push(Answer::Info);
                    let wait = refused.retry_after_ms.unwrap_or(50).min(2_000);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                Err(Failure::Refused(refused)) => panic!("{command:?}: {refused:?}"),
                Err(Failure::Gone) => {
                    answers.push(Answer::Info);
                    self.reconnect().await;
                }
            }
        }
    }

    async fn reconnect(&mut self) {
        self.connections += 1;
        let over = self.ladder[self.connections % 2];
        if self.client.try_connect(over).await.is_err() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}
