//! What travels between nodes: a version, who speaks, a number that counts up in each channel, and records.
//!
//! Pub/sub loses silently. The number makes that visible: who hears 7 after 5 knows that 6 is lost. A *mark* has no
//! records and repeats the last number, so that the loss of the last message shows too.

use protocol::ids::TenantId;
use uuid::Uuid;

/// The layout of messages. Nodes of another layout are not understood, which is as if they were not heard: what they
/// write is found in the database.
const VERSION: u8 = 1;

/// A running server process, for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u64);

/// What nodes speak about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Who is connected.
    People,
    /// What concerns every node.
    News,
    /// Notes for the sessions of a tenant.
    Tenant(TenantId),
}

impl Channel {
    /// Its name, without the installation's.
    pub fn name(&self) -> String {
        match self {
            Self::People => "people".to_owned(),
            Self::News => "news".to_owned(),
            Self::Tenant(tenant) => format!("tenant:{tenant}"),
        }
    }

    /// The channel with this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "people" => Some(Self::People),
            "news" => Some(Self::News),
            _ => name.strip_prefix("tenant:").and_then(TenantId::parse).map(Self::Tenant),
        }
    }
}

/// A message: records, or a mark when there are none.
pub(super) fn write(from: NodeId, number: u64, records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(17 + records.iter().map(|record| record.len() + 4).sum::<usize>());
    out.push(VERSION);
    out.extend_from_slice(&from.0.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    for record in records {
        put_bytes(&mut out, record);
    }
    out
}

/// A message that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) from: NodeId,
    pub(super) number: u64,
    /// Empty for a mark.
    pub(super) records: Vec<&'a [u8]>,
}

/// Reads a message. `None` when it is not one of ours.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader(bytes);
    if reader.byte()? != VERSION {
        return None;
    }
    let (from, number) = (NodeId(reader.number()?), reader.number()?);
    let mut records = Vec::new();
    while !reader.0.is_empty() {
        records.push(reader.bytes()?);
    }
    Some(Message { from, number, records })
}

/// Adds bytes with their length before them.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Takes a record apart. Every step is `None` when the record is too short.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Eight bytes, the lowest first.
    pub fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A time.
    pub fn time(&mut self) -> Option<i64> {
        self.number().map(u64::cast_signed)
    }

    /// An id.
    pub fn id(&mut self) -> Option<Uuid> {
        Uuid::from_slice(self.take(16)?).ok()
    }

    /// What [`put_bytes`] added.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        self.take(usize::try_from(length).ok()?)
    }

    /// The same, as text.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let records = [b"one".to_vec(), Vec::new(), b"three".to_vec()];
        let bytes = write(NodeId(7), 9, &records);
        let message = read(&bytes).unwrap();
        assert_eq!((message.from, message.number), (NodeId(7), 9));
        assert_eq!(message.records, [&b"one"[..], b"", b"three"]);
        assert!(read(&write(NodeId(7), 9, &[])).unwrap().records.is_empty());
    }

    #[test]
    fn what_is_cut_or_of_another_version_is_not_read() {
        let bytes = write(NodeId(7), 9, &[b"one".to_vec()]);
        for cut in (0..bytes.len()).filter(|cut| *cut != 17) {
            assert_eq!(read(&bytes[..cut]), None, "{cut}");
        }
        let mut other = bytes;
        other[0] = VERSION + 1;
        assert_eq!(read(&other), None);
    }

    #[test]
    fn channels_have_names() {
        for channel in [Channel::People, Channel::News, Channel::Tenant(TenantId(Uuid::from_u128(5)))] {
            assert_eq!(Channel::parse(&channel.name()), Some(channel));
        }
        assert_eq!(Channel::parse("tenant:x"), None);
    }
}
