//! The protocol as a client speaks it, over both transports. A [`Client`] keeps what it has seen across
//! connections, as a browser does, and says what it has when it connects again.

/// Long-poll and commands beside it.
mod poll;
/// WebSocket.
mod socket;
/// What a client has seen.
mod view;

pub(crate) use poll::request;
pub(crate) use socket::{Socket, handshake};
pub(crate) use view::{View, text_of};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::PROTOCOL_VERSION;
use protocol::command::{Command, Hello};
use protocol::error::ErrorCode;
use protocol::event::{Ack, Event, Refused};
use protocol::frame::CommandFrame;
use protocol::ids::{Cmid, ConversationId, Epoch, TenantId};
use protocol::state::Cursor;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::basics::DEADLINE;

/// A transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// `/v1/ws`.
    Socket,
    /// `/v1/poll` and `/v1/commands`.
    Poll,
}

/// Both transports: what holds on one must hold on the other.
pub(crate) const BOTH: [Over; 2] = [Over::Socket, Over::Poll];

/// What a client proves itself with.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    /// Nothing.
    None,
    /// A visitor's token.
    Token(String),
    /// An account's cookie (`name=value`) and the tenant meant.
    Cookie(String, Option<TenantId>),
}

/// The id of commands a client sends by itself; tests use smaller ones.
const REPAIR: u64 = 1 << 40;

/// Why a command was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A rule refused it.
    Refused(Refused),
    /// The connection went before an answer came: unknown whether it was carried out.
    Gone,
}

/// The answer to a command.
pub(crate) type Answer = Result<Ack, Failure>;

/// A command on its way to a connection's task.
struct Outgoing {
    text: String,
    id: u64,
    answer: Option<oneshot::Sender<Answer>>,
}

/// An open connection.
struct Line {
    out: mpsc::UnboundedSender<Outgoing>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One tab: credentials, what it has seen, and at most one connection.
pub(crate) struct Client {
    /// `http://host:port` it talks to, which may be a proxy.
    pub(crate) base: String,
    /// The origin it says it is on.
    pub(crate) origin: String,
    /// What it proves itself with.
    pub(crate) credentials: Credentials,
    view: Arc<watch::Sender<View>>,
    line: Option<Line>,
    next_id: AtomicU64,
    page: Cmid,
    generation: Arc<AtomicU64>,
}

impl Client {
    /// A tab that is not connected yet.
    pub(crate) fn new(base: &str, origin: &str, credentials: Credentials) -> Self {
        Self {
            base: base.to_owned(),
            origin: origin.to_owned(),
            credentials,
            view: Arc::new(watch::Sender::new(View::default())),
            line: None,
            next_id: AtomicU64::new(1),
            page: Cmid(Uuid::new_v4()),
            generation: Arc::new(AtomicU64::new(0)),
        }
    }

    /// What a connection starts with: who, and up to where everything is held.
    pub(crate) fn hello(&self) -> Hello {
        let view = self.view.borrow();
        hello_of(&view.renewed(&self.credentials), view.cursors(), view.version())
    }

    /// Connects and waits until the server says welcome.
    pub(crate) async fn connect(&mut self, over: Over) {
        let welcomed = self.view.borrow().welcomes;
        self.try_connect(over).await.expect("a connection");
        self.until("welcome", |view| (view.welcomes > welcomed).then_some(())).await;
    }

    /// Connects without waiting for the welcome.
    pub(crate) async fn try_connect(&mut self, over: Over) -> Result<(), String> {
        self.line = None;
        self.view.send_modify(|view| view.closed = None);
        let (out, inbox) = mpsc::unbounded_channel();
        let task = match over {
            Over::Socket => socket::open(self, inbox).await?,
            Over::Poll => poll::open(self, inbox),
        };
        self.line = Some(Line { out, task });
        Ok(())
    }

    /// Claims another position in a conversation than the one held.
    pub(crate) fn pretend(&mut self, conversation: ConversationId, epoch: Epoch, seq: u64) {
        self.view.send_modify(|view| view.pretended = Some(Cursor { conversation, epoch, seq }));
    }

    /// Loads the page again: everything seen is forgotten, and so is the connection.
    pub(crate) fn reload(&mut self) {
        self.line = None;
        self.view.send_modify(View::reload);
    }

    /// Goes without a word, as a phone in a tunnel does.
    pub(crate) fn vanish(&mut self) {
        self.line = None;
    }

    /// Sends a command and waits for its answer.
    pub(crate) async fn ask(&self, command: Command) -> Answer {
        let Some(line) = &self.line else {
            return Err(Failure::Gone);
        };
        let id = self.next_id.fetch_add(1, Ordering::Relaxed) + 1;
        let text = serde_json::to_string(&CommandFrame { id, command }).expect("JSON");
        let (answer, answered) = oneshot::channel();
        let outgoing = Outgoing { text, id, answer: Some(answer) };
        if line.out.send(outgoing).is_err() {
            return Err(Failure::Gone);
        }
        match timeout(DEADLINE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Failure::Gone),
            Err(_) => panic!("command {id} was not answered within {DEADLINE:?}"),
        }
    }

    /// Waits until `look` finds what it wants, and says whether it did in time.
    pub(crate) async fn within(&self, deadline: std::time::Duration, look: impl Fn(&View) -> bool) -> bool {
        let mut seen = self.view.subscribe();
        timeout(deadline, seen.wait_for(|view| look(view))).await.is_ok()
    }

    /// Sends a command that must be carried out.
    pub(crate) async fn must(&self, command: Command) -> Ack {
        let shown = format!("{command:?}");
        match self.ask(command).await {
            Ok(ack) => ack,
            Err(failure) => panic!("{shown} was not carried out: {failure:?}"),
        }
    }

    /// Sends a command that must be carried out, again for as long as the server says that it cannot now, as an outbox does.
    pub(crate) async fn insists(&self, command: Command) -> Ack {
        let insisting = async {
            loop {
                match self.ask(command.clone()).await {
                    Ok(ack) => return ack,
                    Err(Failure::Refused(refused)) if refused.code == ErrorCode::Unavailable => {}
                    Err(failure) => panic!("{command:?} was not carried out: {failure:?}"),
                }
            }
        };
        timeout(2 * DEADLINE, insisting).await.unwrap_or_else(|_| panic!("{command:?} was never carried out"))
    }

    /// Sends text as it is, and does not wait.
    pub(crate) fn send_raw(&self, text: &str) {
        let line = self.line.as_ref().expect("a connection");
        let outgoing = Outgoing { text: text.to_owned(), id: 0, answer: None };
        line.out.send(outgoing).expect("a connection");
    }

    /// Takes in an event that came some other way than over its own connection.
    pub(crate) fn takes(&self, event: Event) {
        self.view.send_modify(|view| {
            view.apply(event);
        });
    }

    /// Looks at what was seen so far.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.view.borrow())
    }

    /// Waits until `look` finds what it wants; panics with `what` and everything seen after [`DEADLINE`].
    pub(crate) async fn until<T>(&self, what: &str, look: impl FnMut(&View) -> Option<T>) -> T {
        self.until_within(DEADLINE, what, look).await
    }

    /// [`Client::until`] with a deadline of its own.
    pub(crate) async fn until_within<T>(
        &self,
        deadline: std::time::Duration,
        what: &str,
        mut look: impl FnMut(&View) -> Option<T>,
    ) -> T {
        let mut seen = self.view.subscribe();
        let mut found = None;
        let waited = timeout(deadline, async {
            let _ = seen
                .wait_for(|view| {
                    found = look(view);
                    found.is_some()
                })
                .await;
        })
        .await;
        match (waited, found) {
            (_, Some(found)) => found,
            _ => panic!("not within {deadline:?}: {what}\nseen: {:#?}", *self.view.borrow()),
        }
    }
}

fn hello_of(credentials: &Credentials, resume: Vec<Cursor>, state: Option<String>) -> Hello {
    let (token, tenant) = match credentials {
        Credentials::None => (None, None),
        Credentials::Token(token) => (Some(token.clone()), None),
        Credentials::Cookie(_, tenant) => (None, *tenant),
    };
    Hello { protocol: PROTOCOL_VERSION, token, tenant, resume, state }
}

/// The answer an event is, with the id of its command.
fn answer_of(event: &Event) -> Option<(u64, Answer)> {
    match event {
        Event::Ack(ack) => Some((ack.id, Ok(ack.clone()))),
        Event::Refused(refused) => Some((refused.id, Err(Failure::Refused(refused.clone())))),
        _ => None,
    }
}
