//! What the connection says, in the model's words.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use client::browser::wall;
use client::{ClientEvent, Status, Transport};
use protocol::command::Command;
use protocol::error::CloseCode;
use protocol::event::Event;
use yew::Callback;

use super::FileMap;
use crate::model::msg::Net;
use crate::model::{Link, Msg};

/// Chosen files by their send, shared by the composer and the upload.
pub(crate) type Files = Rc<RefCell<FileMap>>;

/// Pairs answers with the commands they answer.
pub(super) struct Answers {
    tell: Callback<Msg>,
    expected: RefCell<HashMap<u64, Command>>,
    retired: Cell<bool>,
}

impl Answers {
    pub(super) fn new(tell: Callback<Msg>) -> Self {
        Self { tell, expected: RefCell::default(), retired: Cell::new(false) }
    }

    /// A command was sent under this number.
    pub(super) fn expect(&self, id: u64, command: Command) {
        // Typing is forgotten with its connection, so its answer may never come.
        if !matches!(command, Command::Typing(_)) {
            self.expected.borrow_mut().insert(id, command);
        }
    }

    /// The connection is replaced by another one: what it still says does not count.
    pub(super) fn retire(&self) {
        self.retired.set(true);
    }

    /// Takes in what the connection says.
    pub(super) fn hear(&self, event: ClientEvent) {
        if self.retired.get() {
            return;
        }
        let net = match event {
            ClientEvent::Status(status) => Some(Net::Link(link(status))),
            ClientEvent::Event(event) => self.event(*event),
            ClientEvent::Sent { cmid, state, .. } => Some(Net::Settled(cmid, state)),
            ClientEvent::Unsent { conversation, pending, .. } => {
                conversation.zip(pending).map(|unsent| Net::Restored(vec![unsent]))
            }
            ClientEvent::Gone(cmid) => Some(Net::Unsaid(cmid)),
            ClientEvent::NotKept => Some(Net::NoStorage),
        };
        if let Some(net) = net {
            self.tell.emit(Msg::Net(net));
        }
    }

    fn event(&self, event: Event) -> Option<Net> {
        let answered = |id| self.expected.borrow_mut().remove(&id);
        match event {
            Event::Ack(ack) => answered(ack.id).map(|command| Net::Done(command, ack)),
            Event::Refused(refused) => answered(refused.id).map(|command| Net::Refused(command, refused)),
            event => Some(Net::Events(vec![event])),
        }
    }
}

fn link(status: Status) -> Link {
    match status {
        Status::Off | Status::Connecting => Link::Connecting,
        Status::Live(transport) => Link::Live(transport == Transport::Poll),
        Status::Waiting(ms) => Link::Down(Some(wall() + ms.cast_signed())),
        Status::NeedToken => Link::SignedOut,
        Status::Stopped(code) if code == CloseCode::TooOld.code() => Link::TooOld,
        Status::Stopped(_) => Link::Forbidden,
    }
}
