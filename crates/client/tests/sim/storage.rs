//! What the tabs of one browser share: storage that takes its time, word of its changes, and locks.

use std::collections::{BTreeMap, HashMap};

use client::{Effect, Input};
use protocol::ids::Cmid;

use super::World;

/// One browser.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) kept: BTreeMap<Cmid, String>,
    /// Storage refuses everything.
    pub(crate) blocked: bool,
    /// A browser without locks: everybody is told to own.
    pub(crate) lockless: bool,
    /// Who holds which lock, and who waits for it, in order.
    locks: HashMap<String, Vec<usize>>,
    /// What is under way: when, in which order, for which tab.
    due: Vec<(u64, u64, usize, Due)>,
    order: u64,
    /// When the last operation of a tab takes effect: they keep their order.
    last: HashMap<usize, u64>,
}

enum Due {
    Load,
    Keep(Cmid, String),
    Drop(Cmid),
    Changed,
    Owner,
    NotKept,
}

impl Browser {
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.due.iter().map(|(at, ..)| *at).min()
    }

    fn add(&mut self, at: u64, tab: usize, due: Due) {
        self.order += 1;
        self.due.push((at, self.order, tab, due));
    }

    fn pop(&mut self, now: u64) -> Option<(usize, Due)> {
        let at = (0..self.due.len())
            .filter(|at| self.due[*at].0 <= now)
            .min_by_key(|at| (self.due[*at].0, self.due[*at].1))?;
        let (_, _, tab, due) = self.due.remove(at);
        Some((tab, due))
    }

    /// Whether a tab holds a lock.
    pub(crate) fn owns(&self, tab: usize) -> bool {
        self.locks.values().any(|queue| queue.first() == Some(&tab))
    }

    /// Gives up every lock of a tab; who comes next gets it.
    fn release(&mut self, now: u64, tab: usize) {
        let mut next = Vec::new();
        for queue in self.locks.values_mut() {
            let held = queue.first() == Some(&tab);
            queue.retain(|it| *it != tab);
            next.extend(queue.first().copied().filter(|_| held));
        }
        next.into_iter().for_each(|it| self.add(now + 5, it, Due::Owner));
    }
}

impl World {
    pub(super) fn storage_effect(&mut self, tab: usize, effect: Effect) {
        let delay = 1 + self.dice.below(60);
        let browser = &mut self.browser;
        let last = browser.last.entry(tab).or_default();
        *last = (*last).max(self.now + delay);
        let at = *last;
        match effect {
            Effect::Own(name) => {
                browser.release(self.now, tab);
                let queue = browser.locks.entry(name).or_default();
                queue.push(tab);
                if queue.len() == 1 || browser.lockless || browser.blocked {
                    browser.add(at, tab, Due::Owner);
                }
            }
            Effect::Load => browser.add(at, tab, Due::Load),
            Effect::Keep { .. } if browser.blocked => browser.add(at, tab, Due::NotKept),
            Effect::Keep { cmid, text } => browser.add(at, tab, Due::Keep(cmid, text)),
            Effect::Drop(cmid) => browser.add(at, tab, Due::Drop(cmid)),
            _ => {}
        }
    }

    /// A tab is gone: what it wrote last may arrive or not.
    pub(super) fn storage_gone(&mut self, tab: usize) {
        self.browser.release(self.now, tab);
        let lost = self.dice.one_in(2);
        self.browser.due.retain(|(_, _, it, due)| {
            let writes = matches!(due, Due::Keep(..) | Due::Drop(_));
            *it != tab || (writes && !lost)
        });
        self.browser.last.remove(&tab);
    }

    pub(super) fn storage_due(&mut self) {
        while let Some((tab, due)) = self.browser.pop(self.now) {
            let input = match due {
                Due::Load => {
                    let lines: Vec<String> = self.browser.kept.values().cloned().collect();
                    self.input(tab, Input::Loaded(&lines.join("\n")));
                    continue;
                }
                Due::Keep(cmid, text) => {
                    assert!(!text.contains('\n'), "a line");
                    self.browser.kept.insert(cmid, text);
                    self.others_hear(tab);
                    continue;
                }
                Due::Drop(cmid) => {
                    self.browser.kept.remove(&cmid);
                    self.others_hear(tab);
                    continue;
                }
                Due::Changed => Input::Changed,
                Due::Owner => Input::Owner,
                Due::NotKept => Input::NotKept,
            };
            if self.tabs[tab].open {
                self.input(tab, input);
            }
        }
    }

    fn others_hear(&mut self, tab: usize) {
        for other in (0..self.tabs.len()).filter(|other| *other != tab) {
            self.browser.add(self.now + 3, other, Due::Changed);
        }
    }
}
