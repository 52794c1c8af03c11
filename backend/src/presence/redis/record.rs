//! People as bytes, as nodes say them to each other.

use protocol::ids::{AgentId, TenantId, VisitorId};

use crate::presence::Who;
use crate::presence::local::Seen;
use crate::shared::message::Reader;

pub(super) fn person(who: Who) -> Vec<u8> {
    let (letter, tenant, id) = match who {
        Who::Agent(tenant, id) => (b'a', tenant, id.0),
        Who::Visitor(tenant, id) => (b'v', tenant, id.0),
    };
    [&[letter][..], tenant.0.as_bytes(), id.as_bytes()].concat()
}

pub(super) fn read_person(reader: &mut Reader<'_>) -> Option<Who> {
    let letter = reader.byte()?;
    let (tenant, id) = (TenantId(reader.id()?), reader.id()?);
    match letter {
        b'a' => Some(Who::Agent(tenant, AgentId(id))),
        b'v' => Some(Who::Visitor(tenant, VisitorId(id))),
        _ => None,
    }
}

/// A record about people.
pub(super) fn states(people: &[(Who, Seen)]) -> Vec<u8> {
    let mut out = vec![b's'];
    for (who, seen) in people {
        out.extend(person(*who));
        out.push(u8::from(seen.is_here));
        out.extend_from_slice(&seen.left_at.to_le_bytes());
        out.extend_from_slice(&seen.active_at.to_le_bytes());
    }
    out
}

pub(super) fn read_state(reader: &mut Reader<'_>) -> Option<(Who, Seen)> {
    let who = read_person(reader)?;
    let is_here = reader.byte()? == 1;
    Some((who, Seen { is_here, left_at: reader.time()?, active_at: reader.time()? }))
}
