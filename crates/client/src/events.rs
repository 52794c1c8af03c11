//! Reading what the server says. Without the feature `agents` the types only agents get are not read: they
//! would cost the widget several kilobytes.

use alloc::boxed::Box;
use alloc::vec::Vec;

#[cfg(not(feature = "agents"))]
use protocol::codec::{Take, Wire};
use protocol::codec::{Value, parse};
use protocol::event::Event;

/// One event; `None` when it does not fit.
#[cfg(feature = "agents")]
pub(crate) fn read(value: &Value) -> Option<Box<Event>> {
    protocol::codec::Wire::read(value)
}

#[cfg(not(feature = "agents"))]
pub(crate) fn read(value: &Value) -> Option<Box<Event>> {
    // In place: an event is too large to be moved about.
    let mut event = Box::new(match value.get("type")?.text()? {
        "welcome" => Event::Welcome(Wire::blank()),
        "ack" => Event::Ack(Wire::blank()),
        "refused" => Event::Refused(Wire::blank()),
        "entries" => Event::Entries(Wire::blank()),
        "reset" => Event::Reset(Wire::blank()),
        "visitor_state" => Event::Visitor(Wire::blank()),
        "typing" => Event::Typing(Wire::blank()),
        "read" => Event::ReadMoved(Wire::blank()),
        "token" => Event::Token(Wire::blank()),
        "reconnect" => Event::Reconnect(Wire::blank()),
        "ping" => Event::Ping(Wire::blank()),
        _ => Event::Unknown,
    });
    let into: &mut dyn Take = match &mut *event {
        Event::Welcome(it) => it,
        Event::Ack(it) => it,
        Event::Refused(it) => it,
        Event::Entries(it) => it,
        Event::Reset(it) => it,
        Event::Visitor(it) => it,
        Event::Typing(it) => it,
        Event::ReadMoved(it) => it,
        Event::Token(it) => it,
        Event::Reconnect(it) => it,
        Event::Ping(it) => it,
        _ => return Some(event),
    };
    into.take(Some(value)).then_some(event)
}

/// One event from a text frame.
pub(crate) fn from_frame(text: &str) -> Option<Box<Event>> {
    read(&parse(text)?)
}

/// The events of a reply, to be read one by one; `None` when the reply is none.
pub(crate) fn in_reply(text: &str) -> Option<Vec<Value>> {
    let mut reply = parse(text)?;
    match core::mem::replace(reply.get_mut("events")?, Value::Null) {
        Value::List(events) => Some(events),
        _ => None,
    }
}
