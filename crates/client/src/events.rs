//! Reading what the server says. Without the feature `agents` the types only agents get are not read: they
//! would cost the widget several kilobytes.

use alloc::vec::Vec;

use protocol::codec::{Value, Wire, parse};
use protocol::event::Event;

/// One event; `None` when it does not fit.
#[cfg(feature = "agents")]
fn read(value: &Value) -> Option<Event> {
    Event::read(value)
}

#[cfg(not(feature = "agents"))]
fn read(value: &Value) -> Option<Event> {
    match value.get("type")?.text()? {
        "welcome" => Wire::read(value).map(Event::Welcome),
        "ack" => Wire::read(value).map(Event::Ack),
        "refused" => Wire::read(value).map(Event::Refused),
        "entries" => Wire::read(value).map(Event::Entries),
        "reset" => Wire::read(value).map(Event::Reset),
        "visitor_state" => Wire::read(value).map(Event::Visitor),
        "typing" => Wire::read(value).map(Event::Typing),
        "read" => Wire::read(value).map(Event::ReadMoved),
        "token" => Wire::read(value).map(Event::Token),
        "reconnect" => Wire::read(value).map(Event::Reconnect),
        "ping" => Wire::read(value).map(Event::Ping),
        _ => Some(Event::Unknown),
    }
}

/// One event from a text frame.
pub(crate) fn from_frame(text: &str) -> Option<Event> {
    read(&parse(text)?)
}

/// The events of a reply; `None` when the reply is not one.
pub(crate) fn from_reply(text: &str) -> Option<Vec<Event>> {
    match parse(text)?.get("events")? {
        Value::List(items) => items.iter().map(read).collect(),
        _ => None,
    }
}
