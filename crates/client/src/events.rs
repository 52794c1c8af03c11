//! Reading what the server says.

use alloc::boxed::Box;
use alloc::vec::Vec;

use protocol::codec::{Value, Wire, parse};
use protocol::event::Event;

/// One event; `None` when it does not fit.
pub(crate) fn read(value: &Value) -> Option<Box<Event>> {
    Wire::read(value)
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
