//! Why routing decided as it did, as sentences in the reader's language. Agents for whom the same holds share one.

use domain::routing::{Choice, Reason, Skip};
use protocol::ids::{AgentId, DepartmentId};

use super::duration::duration;
use super::ui::Ui;
use crate::actions::directory::Directory;
use crate::actions::routing_history::Why;

/// Most agents that one sentence names.
const MOST_NAMED: usize = 12;

/// Says what agents and departments are called, and joins names.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    /// Language and texts.
    pub(super) ui: &'a Ui,
    /// The names.
    pub(super) directory: &'a Directory,
    /// The time it is, Unix milliseconds: what lies ahead is said as a time from now.
    pub(super) now: i64,
}

/// A sentence about one agent or more, before it is said.
struct Group {
    /// The text's key, without `reason.`.
    key: &'static str,
    /// A value of the sentence besides the agents.
    value: String,
    /// The agents as they are named.
    agents: Vec<String>,
}

impl Speaker<'_> {
    /// The name of an agent.
    pub(super) fn agent(&self, id: AgentId) -> String {
        self.directory.agent(id).unwrap_or(self.ui.t("reason.somebody")).to_owned()
    }

    /// The name of a department.
    pub(super) fn department(&self, id: DepartmentId) -> String {
        self.directory.department(id).unwrap_or(self.ui.t("reason.some_department")).to_owned()
    }

    /// Names, as a list in a sentence. Of very many, the first and how many more.
    pub(super) fn list(&self, names: &[String]) -> String {
        let shown = names.get(..MOST_NAMED).unwrap_or(names);
        let mut joined = shown.first().cloned().unwrap_or_default();
        for name in shown.iter().skip(1) {
            joined = self.ui.texts().fill("reason.joined", &[("names", &joined), ("name", name)]);
        }
        match names.len() - shown.len() {
            0 => joined,
            more => self.ui.texts().fill("reason.more", &[("names", &joined), ("n", &more.to_string())]),
        }
    }

    /// Stored reasons as sentences.
    pub(super) fn why(&self, why: &Why) -> Vec<String> {
        let mut sentences = self.sentences(&why.reasons);
        if why.unknown > 0 {
            sentences.push(self.ui.t("reason.unknown").to_owned());
        }
        sentences
    }

    /// Reasons as sentences, in their order.
    pub(super) fn sentences(&self, reasons: &[Reason]) -> Vec<String> {
        let mut groups: Vec<Group> = Vec::new();
        for reason in reasons {
            let said = self.say(reason);
            match groups.iter_mut().find(|group| (group.key, &group.value) == (said.key, &said.value)) {
                Some(group) => group.agents.extend(said.agents),
                None => groups.push(said),
            }
        }
        groups.iter().map(|group| self.sentence(group)).collect()
    }

    fn sentence(&self, group: &Group) -> String {
        let agents = self.list(&group.agents);
        self.ui.texts().fill(&format!("reason.{}", group.key), &[("agents", &agents), ("value", &group.value)])
    }

    fn say(&self, reason: &Reason) -> Group {
        let plain = |key, value| Group { key, value, agents: Vec::new() };
        match reason {
            Reason::Chosen { agent, why } => self.chosen(*agent, why),
            Reason::Skipped { agent, why } => self.skipped(*agent, why),
            Reason::Overflowed { department } => plain("overflowed", self.department(*department)),
            Reason::OverflowsAt { department, at } => {
                let values = [
                    ("department", self.department(*department)),
                    ("time", duration(self.ui, at.saturating_sub(self.now))),
                ];
                let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
                plain("said", self.ui.texts().fill("reason.overflows_at", &values))
            }
            Reason::NotMembers { count } => {
                plain("said", self.ui.texts().count("reason.not_members", i64::from(*count)))
            }
            Reason::NoMembers => plain("no_members", String::new()),
            Reason::NoAgents => plain("no_agents", String::new()),
            Reason::Manual => plain("manual", String::new()),
            Reason::Kept => plain("kept", String::new()),
            Reason::Called => plain("called", String::new()),
            Reason::UnknownDepartment { .. } => plain("unknown_department", String::new()),
        }
    }

    fn chosen(&self, agent: AgentId, why: &Choice) -> Group {
        let (key, value) = match why {
            Choice::PreviousAgent => ("chosen.previous_agent", String::new()),
            Choice::Only => ("chosen.only", String::new()),
            Choice::Broadcast => ("chosen.broadcast", String::new()),
            Choice::LeastLoaded { load, capacity } => ("chosen.least_loaded", self.places(*load, *capacity)),
            Choice::LongestIdle { idle_ms } => ("chosen.longest_idle", duration(self.ui, *idle_ms)),
            Choice::RoundRobin => ("chosen.round_robin", String::new()),
            Choice::NobodyElse => ("chosen.nobody_else", String::new()),
        };
        Group { key, value, agents: vec![self.agent(agent)] }
    }

    fn skipped(&self, agent: AgentId, why: &Skip) -> Group {
        // What differs from agent to agent stands behind the name, so that one sentence does for all.
        let (key, about) = match why {
            Skip::AtCapacity { load, capacity } => ("skipped.at_capacity", Some(self.places(*load, *capacity))),
            Skip::OfferPending => ("skipped.offer_pending", None),
            Skip::DeclinedRecently { ago_ms } => {
                ("skipped.declined_recently", Some(self.ui.t1("reason.ago", duration(self.ui, *ago_ms))))
            }
            Skip::RejectedEarlier => ("skipped.rejected_earlier", None),
            Skip::Away => ("skipped.away", None),
            Skip::OtherLanguage => ("skipped.other_language", None),
            Skip::MissingSkill { skill } => ("skipped.missing_skill", Some(skill.clone())),
            Skip::OtherDepartment => ("skipped.other_department", None),
            Skip::LaterPriority { priority } => {
                ("skipped.later_priority", Some(self.ui.t1("reason.rank", i64::from(*priority) + 1)))
            }
            Skip::NotPreferred => ("skipped.not_preferred", None),
            Skip::WrongDepartment => ("skipped.wrong_department", None),
        };
        let name = self.agent(agent);
        let named = about.map(|about| self.ui.texts().fill("reason.named", &[("name", &name), ("about", &about)]));
        Group { key, value: String::new(), agents: vec![named.unwrap_or(name)] }
    }

    fn places(&self, load: u32, capacity: u32) -> String {
        let (load, capacity) = (load.to_string(), capacity.to_string());
        self.ui.texts().fill("reason.places", &[("load", &load), ("capacity", &capacity)])
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::i18n;
    use uuid::Uuid;

    fn agent(number: u128) -> AgentId {
        AgentId(Uuid::from_u128(number))
    }

    fn department(number: u128) -> DepartmentId {
        DepartmentId(Uuid::from_u128(number))
    }

    pub(crate) fn directory() -> Directory {
        let agents = [(agent(1), "Ann"), (agent(2), "Ben")].map(|(id, name)| (id, name.to_owned()));
        Directory { agents: agents.into(), departments: [(department(1), "Sales".to_owned())].into() }
    }

    /// Every choice there is; the match makes the compiler ask for new ones.
    fn choices() -> Vec<Choice> {
        let all = vec![
            Choice::PreviousAgent,
            Choice::Only,
            Choice::Broadcast,
            Choice::LeastLoaded { load: 1, capacity: 6 },
            Choice::LongestIdle { idle_ms: 61_000 },
            Choice::RoundRobin,
            Choice::NobodyElse,
        ];
        for choice in &all {
            match choice {
                Choice::PreviousAgent
                | Choice::Only
                | Choice::Broadcast
                | Choice::LeastLoaded { .. }
                | Choice::LongestIdle { .. }
                | Choice::RoundRobin
                | Choice::NobodyElse => {}
            }
        }
        all
    }

    /// Every cause to pass somebody over.
    fn skips() -> Vec<Skip> {
        let all = vec![
            Skip::AtCapacity { load: 6, capacity: 6 },
            Skip::OfferPending,
            Skip::DeclinedRecently { ago_ms: 20_000 },
            Skip::RejectedEarlier,
            Skip::Away,
            Skip::OtherLanguage,
            Skip::MissingSkill { skill: "returns".to_owned() },
            Skip::OtherDepartment,
            Skip::LaterPriority { priority: 1 },
            Skip::NotPreferred,
            Skip::WrongDepartment,
        ];
        for skip in &all {
            match skip {
                Skip::AtCapacity { .. }
                | Skip::OfferPending
                | Skip::DeclinedRecently { .. }
                | Skip::RejectedEarlier
                | Skip::Away
                | Skip::OtherLanguage
                | Skip::MissingSkill { .. }
                | Skip::OtherDepartment
                | Skip::LaterPriority { .. }
                | Skip::NotPreferred
                | Skip::WrongDepartment => {}
            }
        }
        all
    }

    /// Every reason there is, with every choice and every cause.
    fn reasons() -> Vec<Reason> {
        let mut all = vec![
            Reason::Overflowed { department: department(1) },
            Reason::OverflowsAt { department: department(1), at: 100_000 },
            Reason::NotMembers { count: 1 },
            Reason::NotMembers { count: 4 },
            Reason::NoMembers,
            Reason::NoAgents,
            Reason::Manual,
            Reason::Kept,
            Reason::Called,
            Reason::UnknownDepartment { department: department(9) },
        ];
        for reason in &all {
            match reason {
                Reason::Chosen { .. }
                | Reason::Skipped { .. }
                | Reason::Overflowed { .. }
                | Reason::OverflowsAt { .. }
                | Reason::NotMembers { .. }
                | Reason::NoMembers
                | Reason::NoAgents
                | Reason::Manual
                | Reason::Kept
                | Reason::Called
                | Reason::UnknownDepartment { .. } => {}
            }
        }
        all.extend(choices().into_iter().map(|why| Reason::Chosen { agent: agent(1), why }));
        all.extend(skips().into_iter().map(|why| Reason::Skipped { agent: agent(1), why }));
        all
    }

    #[test]
    fn every_reason_has_a_sentence_of_its_own_in_every_language() {
        for language in ["en", "zh-CN"] {
            let (ui, directory) = (Ui::new(i18n::texts(language)), directory());
            let speaker = Speaker { ui: &ui, directory: &directory, now: 0 };
            let mut seen = std::collections::HashSet::new();
            for reason in reasons() {
                let said = speaker.sentences(std::slice::from_ref(&reason)).join(" ");
                assert!(said.chars().count() > 5 && !said.contains(['{', '}']), "{language} {reason:?}: {said}");
                assert!(!said.contains("reason."), "{language} lacks {reason:?}: {said}");
                if matches!(reason, Reason::Chosen { .. } | Reason::Skipped { .. }) {
                    assert!(said.contains("Ann"), "{language} {reason:?} does not say who: {said}");
                }
                assert!(seen.insert(said.clone()), "{language} {reason:?} sounds like another: {said}");
            }
        }
    }

    #[test]
    fn agents_with_the_same_reason_share_a_sentence() {
        let (ui, directory) = (Ui::new(i18n::texts("en")), directory());
        let speaker = Speaker { ui: &ui, directory: &directory, now: 0 };
        let full = |number, load| Reason::Skipped { agent: agent(number), why: Skip::AtCapacity { load, capacity: 6 } };
        let away = Reason::Skipped { agent: agent(3), why: Skip::Away };
        let said = speaker.sentences(&[full(1, 6), away, full(2, 7)]);
        assert_eq!(said, ["Fully occupied: Ann (6 of 6), Ben (7 of 6).", "Away or not connected: somebody."]);
        let many: Vec<Reason> = (0..30).map(|_| Reason::Skipped { agent: agent(1), why: Skip::OfferPending }).collect();
        let said = speaker.sentences(&many);
        assert!(said.len() == 1 && said[0].contains("and 18 more"), "{said:?}");
    }
}
