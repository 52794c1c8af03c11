//! What other nodes said of who is connected to them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::doubt::Doubt;
use crate::presence::local::{FORGOTTEN_AFTER_MS, Seen};
use crate::presence::{Silent, Who};
use crate::shared::message::NodeId;
use crate::shared::voice::MARK_EVERY;

/// A node of which nothing was heard for so long may be dead: several signs of life were missed.
const SILENT: Duration = Duration::from_secs(12);
/// While a node was not heard for so long, somebody may have come to it.
const QUIET: Duration = Duration::from_secs(6);
/// So long after a node began to hear, every other that lives has spoken.
const HEARD_BY_ALL: Duration = MARK_EVERY.saturating_mul(2);
/// People who are remembered of dead nodes, and of each that lives, before those long gone are forgotten.
const REMEMBERED: usize = 100_000;
/// How often the others are asked for everything while some of it is missing: a question or an answer may be lost.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// How often this node says everything at most: when many begin at once each of them asks, and one answer is for all.
const ANSWERED_EVERY: Duration = Duration::from_secs(1);

/// The other nodes, as far as this one knows.
#[derive(Default)]
pub(super) struct Others {
    nodes: HashMap<NodeId, Node>,
    /// Nodes that said that they stop; what they say until they have is not listened to.
    stopped: HashSet<NodeId>,
    /// Who was connected to nodes that are no more.
    past: HashMap<Who, Seen>,
    /// Whether nodes can be heard, and since when without a break.
    hears_since: Option<Instant>,
    /// There was certainly no other node when the connection was lost: so it stays, and nobody is held for others.
    is_alone: bool,
    /// Whether all of it can be relied on.
    pub(super) doubt: Doubt,
    /// Who came or went without this node's doing.
    pub(super) moved: Vec<Who>,
    /// Who is marked as idle, connected here or not: the next sign may come by any node.
    pub(super) idle: HashSet<Who>,
    /// When the others were last asked for everything.
    asked_at: Option<Instant>,
    /// Whether somebody asked this node since, and when it last said everything.
    pub(super) is_asked: bool,
    answered_at: Option<Instant>,
}

/// One of them.
struct Node {
    heard_at: Instant,
    people: HashMap<Who, Seen>,
    /// People of whom nothing was said yet since the node began to say everything.
    unsaid: Option<HashMap<Who, Seen>>,
    whole: Whole,
    /// With how many people those long gone are looked for.
    pruned_from: usize,
}

/// Whether everything that a node says was heard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    /// Something is missing, and the node has not begun to say everything since.
    Missing,
    /// It is saying everything, and nothing of that is missing.
    Hearing,
    /// Nothing is missing.
    Yes,
}

impl Node {
    fn new(heard_at: Instant) -> Self {
        Self { heard_at, people: HashMap::new(), unsaid: None, whole: Whole::Missing, pruned_from: REMEMBERED }
    }

    /// Forgets who is long gone at `now` (Unix milliseconds), as the node itself does.
    fn prune(&mut self, now: i64) {
        if self.people.len() > self.pruned_from {
            let last = |seen: &Seen| seen.left_at.max(seen.active_at);
            self.people.retain(|_, seen| seen.is_here || now - last(seen) < FORGOTTEN_AFTER_MS);
            // So many may be here that looking at each finds little: not again before there are twice as many.
            self.pruned_from = REMEMBERED.max(self.people.len() * 2);
        }
    }

    fn seen(&self, who: Who) -> Option<Seen> {
        self.people.get(&who).or_else(|| self.unsaid.as_ref()?.get(&who)).copied()
    }
}

impl Others {
    /// What other nodes, and nodes that are no more, know of somebody: the best of it.
    pub(super) fn seen(&self, who: Who) -> Option<Seen> {
        let nodes = self.nodes.values().filter_map(|node| node.seen(who));
        nodes.chain(self.past.get(&who).copied()).reduce(Seen::merged)
    }

    /// Everybody who is connected to other nodes. Who is connected to two may come twice.
    pub(super) fn here(&self) -> impl Iterator<Item = Who> {
        let people = self.nodes.values().flat_map(|node| node.people.iter().chain(node.unsaid.iter().flatten()));
        people.filter(|(_, seen)| seen.is_here).map(|(who, _)| *who)
    }

    /// Whether somebody was connected to a node that is no more.
    pub(super) fn is_mourned(&self, who: Who) -> bool {
        self.past.contains_key(&who)
    }

    /// Whether a node said that it stops.
    pub(super) fn has_stopped(&self, from: NodeId) -> bool {
        self.stopped.contains(&from)
    }

    /// A node lives at `at`. True when nothing was known of it.
    pub(super) fn lives(&mut self, from: NodeId, at: Instant) -> bool {
        let is_new = !self.nodes.contains_key(&from);
        if is_new {
            self.is_alone = false;
            self.doubt.begins();
        }
        self.nodes.entry(from).or_insert_with(|| Node::new(at)).heard_at = at;
        is_new
    }

    /// A node said how it is with somebody.
    pub(super) fn said(&mut self, from: NodeId, who: Who, seen: Seen) {
        let Some(node) = self.nodes.get_mut(&from) else { return };
        if let Some(unsaid) = &mut node.unsaid {
            unsaid.remove(&who);
        }
        node.people.insert(who, seen);
    }

    /// The connection was made again at `at`, and all are asked: of every node something may be missing.
    pub(super) fn hears_again(&mut self, at: Instant) {
        self.is_alone = false;
        self.doubt.begins();
        self.hears_since = Some(at);
        self.asked_at = Some(at);
        self.nodes.values_mut().for_each(|node| node.whole = Whole::Missing);
    }

    /// The connection is gone, at `at`.
    pub(super) fn hears_nothing(&mut self, at: Instant) {
        self.is_alone |= self.nodes.is_empty() && self.doubt.is_sure(at);
        if !self.is_alone {
            self.doubt.begins();
        }
        self.hears_since = None;
    }

    /// Something that a node said is lost.
    pub(super) fn missed(&mut self, from: NodeId) {
        if let Some(node) = self.nodes.get_mut(&from) {
            self.doubt.begins();
            node.whole = Whole::Missing;
        }
    }

    /// Whether to ask the others for everything now, at `at`.
    pub(super) fn asks(&mut self, at: Instant) -> bool {
        let misses = self.nodes.values().any(|node| node.whole == Whole::Missing);
        let asks = misses && self.asked_at.is_none_or(|asked| at - asked >= ASKED_EVERY);
        if asks {
            self.asked_at = Some(at);
        }
        asks
    }

    /// Whether this node is to say everything now, at `at`.
    pub(super) fn answers(&mut self, at: Instant) -> bool {
        let answers = self.is_asked && self.answered_at.is_none_or(|answered| at - answered >= ANSWERED_EVERY);
        if answers {
            self.is_asked = false;
            self.answered_at = Some(at);
        }
        answers
    }

    /// A node begins to say everything.
    pub(super) fn begins(&mut self, from: NodeId) {
        let Some(node) = self.nodes.get_mut(&from) else { return };
        let known = std::mem::take(&mut node.people);
        node.unsaid.get_or_insert_default().extend(known);
        node.whole = Whole::Hearing;
    }

    /// A node has said everything: of whom it said nothing is gone. When some of it was lost, the next time tells.
    pub(super) fn ends(&mut self, from: NodeId) {
        let Some(node) = self.nodes.get_mut(&from).filter(|node| node.whole == Whole::Hearing) else { return };
        node.whole = Whole::Yes;
        let unsaid = node.unsaid.take().unwrap_or_default();
        self.moved.extend(unsaid.into_iter().filter(|(_, seen)| seen.is_here).map(|(who, _)| who));
    }

    /// A node says that it stops.
    pub(super) fn stops(&mut self, from: NodeId) {
        self.stopped.insert(from);
    }

    /// This node looks after the others at `at`, which is `now` in Unix milliseconds. When it was frozen before, it begins
    /// to hear now.
    pub(super) fn looks(&mut self, now: i64, at: Instant) {
        self.nodes.values_mut().for_each(|node| node.prune(now));
        if self.doubt.looks(at) && self.hears_since.is_some() {
            self.hears_since = Some(at);
        }
    }

    /// Judges at `at`, which is `now` in Unix milliseconds, whether it is certain who is here.
    pub(super) fn judge(&mut self, now: i64, at: Instant) {
        let hears = self.hears_since.is_some_and(|since| at - since >= HEARD_BY_ALL);
        let is_known = |node: &Node| node.whole == Whole::Yes && at - node.heard_at < QUIET;
        let is_sure = self.is_alone || (hears && self.nodes.values().all(is_known));
        let again = self.doubt.judged(is_sure, now);
        self.moved.extend(again);
    }

    /// Nodes of which nothing is heard any more at `at`, and until when they may have lived; it is `now` in Unix
    /// milliseconds.
    pub(super) fn silent(&self, now: i64, at: Instant) -> Vec<Silent> {
        let Some(since) = self.hears_since else { return Vec::new() };
        // Before this node heard they may have lived without being heard.
        let silent = self.nodes.iter().map(|(id, node)| (*id, at - node.heard_at.max(since)));
        let silent = silent.filter(|(_, time)| *time >= SILENT);
        silent.map(|(node, time)| Silent { node, since: now - millis(time) }).collect()
    }

    /// A node is no more: its people are gone. `own` is this node.
    pub(super) fn bury(&mut self, own: NodeId, dead: Silent) {
        let Some(node) = self.nodes.remove(&dead.node) else { return };
        // One of the others is enough to note of every visitor since when.
        let notes = self.nodes.keys().all(|other| own < *other);
        let people = node.people.into_iter().chain(node.unsaid.into_iter().flatten());
        for (who, seen) in people {
            if seen.is_here && (notes || matches!(who, Who::Agent(..))) {
                self.moved.push(who);
            }
            let gone = Seen { is_here: false, left_at: if seen.is_here { dead.since } else { seen.left_at }, ..seen };
            self.past.entry(who).and_modify(|known| *known = known.merged(gone)).or_insert(gone);
        }
        if self.past.len() > REMEMBERED {
            self.past.retain(|_, seen| dead.since - seen.left_at < FORGOTTEN_AFTER_MS);
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::{TenantId, VisitorId};
    use uuid::Uuid;

    #[test]
    fn who_is_long_gone_is_forgotten_once_there_are_many() {
        let (now, node) = (10 * FORGOTTEN_AFTER_MS, NodeId(2));
        let mut others = Others::default();
        others.lives(node, Instant::now());
        let visitor = |number: usize| Who::Visitor(TenantId(Uuid::nil()), VisitorId(Uuid::from_u128(number as u128)));
        let gone = |left_at| Seen { is_here: false, left_at, active_at: left_at };
        (0..REMEMBERED).for_each(|number| others.said(node, visitor(number), gone(1)));
        others.looks(now, Instant::now());
        assert!(others.seen(visitor(0)).is_some(), "there are not too many yet");
        let (here, went) = (visitor(REMEMBERED), visitor(REMEMBERED + 1));
        others.said(node, here, Seen { is_here: true, left_at: 0, active_at: 1 });
        others.said(node, went, gone(now - 1));
        others.looks(now, Instant::now());
        assert!(others.seen(visitor(0)).is_none());
        assert!(others.seen(here).is_some() && others.seen(went).is_some());
        assert_eq!(others.nodes[&node].people.len(), 2);
    }
}
