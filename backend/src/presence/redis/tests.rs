//! What a node makes of what it hears, without a server in between.

use tokio::sync::mpsc;
use uuid::Uuid;

use super::*;
use protocol::ids::{AgentId, TenantId};

const NOW: i64 = 1_000_000;
const OTHER: NodeId = NodeId(2);

/// A node that hears, and what it says.
struct Alone {
    presence: RedisPresence,
    said: mpsc::Receiver<(Channel, Vec<u8>)>,
}

impl Alone {
    fn new() -> Self {
        let (voice, said) = Voice::kept(NodeId(1));
        let presence = RedisPresence::new(NOW, voice, &Ears::new().0);
        presence.back();
        Self { presence, said }
    }

    /// What it said since it was last asked: the first letter of each record.
    fn said(&mut self) -> String {
        std::iter::from_fn(|| self.said.try_recv().ok()).map(|(_, record)| char::from(record[0])).collect()
    }

    /// It looks after the others, and takes whoever is silent for dead.
    fn looks(&self, now: i64, at: Instant) {
        for silent in self.presence.look(now, at) {
            self.presence.bury(silent);
            self.presence.look(now, at);
        }
    }

    /// Another node says something about who is connected.
    fn hears(&self, from: NodeId, record: &[u8]) {
        self.presence.alive(from);
        self.presence.heard(Channel::People, from, record);
    }

    /// Another node says that it knows these and nobody else.
    fn hears_all(&self, from: NodeId, people: &[(Who, Seen)]) {
        self.hears(from, b"<");
        self.hears_of(from, people);
        self.hears(from, b">");
    }

    fn hears_of(&self, from: NodeId, people: &[(Who, Seen)]) {
        self.hears(from, &states(people));
    }
}

fn agent(number: u128) -> Who {
    Who::Agent(TenantId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(number)))
}

const HERE: Seen = Seen { is_here: true, left_at: 0, active_at: NOW };

/// So long after now.
fn later(seconds: u64) -> Instant {
    Instant::now() + std::time::Duration::from_secs(seconds)
}

#[tokio::test]
async fn who_left_while_nobody_could_be_heard_is_gone_only_when_the_others_have_said_so() {
    let node = Alone::new();
    let (ann, ben, zoe) = (agent(1), agent(2), agent(3));
    for who in [ann, ben, zoe] {
        node.presence.joined(who, NOW);
    }
    node.presence.left(zoe, NOW + 1);
    node.hears_all(OTHER, &[]);
    let grace_ms = 45_000;
    // So long ago that Zoe is gone already.
    let now = NOW + grace_ms + 1;
    node.looks(now, later(4));
    assert!(node.presence.is_sure() && !node.presence.is_here(zoe, now, grace_ms));
    node.presence.gone();
    node.presence.left(ann, now + 1);
    node.presence.left(ben, now + 2);
    let now = now + 10 * grace_ms;
    let both_are_here = |what: &str| {
        for who in [ann, ben] {
            assert_eq!(node.presence.gone_since(who), None, "{what}");
            assert!(node.presence.is_here(who, now, grace_ms), "{what}");
        }
        assert!(!node.presence.is_here(zoe, now, grace_ms) && node.presence.gone_since(zoe).is_some(), "{what}");
    };
    node.looks(now, later(4));
    both_are_here("nobody is heard");
    node.presence.back();
    node.presence.alive(OTHER);
    node.looks(now, later(4));
    both_are_here("the other has not said who is there");
    node.hears_all(OTHER, &[(ann, HERE)]);
    node.looks(now, later(1));
    both_are_here("there may be a third");
    let _ = node.presence.moved().now_or_never();
    node.looks(now, later(4));
    assert!(node.presence.is_sure() && node.presence.is_here(ann, now, grace_ms), "she came to the other");
    assert!(!node.presence.is_here(ben, now, grace_ms) && node.presence.gone_since(ben).is_some());
    let moved = node.presence.moved().now_or_never().unwrap();
    assert!(moved.contains(&ben), "he is looked at again: {moved:?}");
}

#[tokio::test]
async fn a_node_of_which_nothing_is_heard_may_have_whoever_left() {
    let node = Alone::new();
    node.presence.joined(agent(1), NOW);
    node.hears_all(OTHER, &[]);
    node.looks(NOW, later(4));
    node.presence.left(agent(1), NOW + 1);
    assert_eq!(node.presence.gone_since(agent(1)), Some(NOW + 1), "the other would say so");
    node.looks(NOW + 4_000, later(8));
    assert_eq!(node.presence.gone_since(agent(1)), None);
    node.looks(NOW + 8_000, later(12));
    assert_eq!(node.presence.gone_since(agent(1)), Some(NOW + 1), "it is dead");
}

#[tokio::test]
async fn a_node_asks_until_the_others_have_said_everything() {
    let mut node = Alone::new();
    assert_eq!(node.said(), "?<>");
    node.presence.alive(OTHER);
    assert_eq!(node.said(), "", "it has just asked");
    node.looks(NOW, later(1));
    assert_eq!(node.said(), "?", "the first or its answer was lost");
    node.hears_all(OTHER, &[(agent(1), HERE)]);
    node.looks(NOW, later(2));
    assert_eq!(node.said(), "", "nothing is missing");
    node.presence.missed(Channel::People, OTHER);
    node.looks(NOW, later(3));
    assert_eq!(node.said(), "?");
    node.presence.gone();
    node.presence.back();
    assert_eq!(node.said(), "?");
    node.looks(NOW, later(4));
    assert!(node.said().starts_with('?'), "what it asked may have been lost");
}

#[tokio::test]
async fn of_whom_it_was_lost_what_a_node_said_is_still_here() {
    let mut node = Alone::new();
    node.hears_all(OTHER, &[(agent(1), HERE), (agent(2), HERE)]);
    node.hears(OTHER, b"<");
    node.hears_of(OTHER, &[(agent(1), HERE)]);
    // The record about the second is lost.
    node.presence.missed(Channel::People, OTHER);
    node.hears(OTHER, b">");
    assert_eq!(node.presence.gone_since(agent(2)), None);
    node.said();
    node.looks(NOW, later(2));
    assert_eq!(node.said(), "?", "it asks again");
    node.hears_all(OTHER, &[(agent(1), HERE)]);
    assert!(node.presence.gone_since(agent(2)).is_some(), "nothing was lost this time");
}

#[tokio::test]
async fn however_many_ask_it_is_answered_once_a_second() {
    let mut node = Alone::new();
    assert_eq!(node.said(), "?<>");
    for from in 2..20 {
        node.hears_all(NodeId(from), &[]);
        node.hears(NodeId(from), b"?");
    }
    assert_eq!(node.said(), "", "it has just said everything");
    node.looks(NOW, later(1));
    assert_eq!(node.said(), "<>", "one answer for all");
    node.looks(NOW, later(2));
    assert_eq!(node.said(), "", "nobody asked since");
    node.hears(OTHER, b"?");
    node.looks(NOW, later(3));
    assert_eq!(node.said(), "<>");
}

#[tokio::test]
async fn a_node_that_was_frozen_takes_nobody_for_dead() {
    let node = Alone::new();
    node.hears_all(OTHER, &[(agent(1), HERE)]);
    let looks = |seconds: u64| node.looks(NOW + 1000 * seconds.cast_signed(), later(seconds));
    looks(0);
    looks(1);
    // A minute later it goes on; what the others said meanwhile is about to be heard.
    (61..73).for_each(looks);
    assert_eq!(node.presence.gone_since(agent(1)), None);
    looks(73);
    assert!(node.presence.gone_since(agent(1)).is_some(), "still nothing is heard of the other");
}

#[tokio::test]
async fn a_node_that_was_alone_goes_on_as_it_was_without_redis() {
    let node = Alone::new();
    let (ann, grace_ms) = (agent(1), 45_000);
    node.presence.joined(ann, NOW);
    node.looks(NOW, later(4));
    assert!(node.presence.is_sure());
    node.presence.gone();
    node.looks(NOW, later(5));
    node.presence.left(ann, NOW + 1);
    assert_eq!(node.presence.gone_since(ann), Some(NOW + 1));
    assert!(!node.presence.is_here(ann, NOW + 1 + grace_ms, grace_ms));
    // Somebody else may have come when it hears again.
    node.presence.back();
    assert!(!node.presence.is_sure());
    node.looks(NOW, later(6));
    assert!(node.presence.is_sure(), "nobody has spoken");
}

#[tokio::test]
async fn a_node_that_was_not_alone_lets_nobody_go_without_redis() {
    let node = Alone::new();
    let ann = agent(1);
    node.presence.joined(ann, NOW);
    node.hears_all(OTHER, &[]);
    node.looks(NOW, later(4));
    assert!(node.presence.is_sure());
    node.presence.gone();
    node.presence.left(ann, NOW + 1);
    assert_eq!(node.presence.gone_since(ann), None);
}
