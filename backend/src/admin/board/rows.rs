//! The rows of the board's tables.

use protocol::state::Presence;

use super::super::duration::duration;
use super::super::reasons::Speaker;
use super::super::ui::Ui;
use super::table::{Part, Row};
use crate::actions::board::{AgentLine, Board, DepartmentLine, WaitingLine};

/// Makes rows of what is on the board.
pub(super) struct Rows<'a> {
    pub(super) ui: &'a Ui,
    pub(super) board: &'a Board,
    /// Whether the reader may empty an absent agent's list.
    pub(super) may_release: bool,
    /// What the address of a form ends in: see [`crate::admin::stamp`].
    pub(super) stamp: &'a str,
}

impl Rows<'_> {
    fn speaker(&self) -> Speaker<'_> {
        Speaker { ui: self.ui, directory: &self.board.directory, now: self.board.at }
    }

    /// The queue.
    pub(super) fn waiting(&self) -> Vec<Row> {
        self.board.waiting.iter().map(|line| self.waiting_row(line)).collect()
    }

    /// That the queue is longer than what is shown of it.
    pub(super) fn left_out(&self) -> Option<String> {
        let more = self.board.in_queue.saturating_sub(self.board.waiting.len());
        (more > 0).then(|| self.ui.texts().count("board.left_out", i64::try_from(more).unwrap_or(i64::MAX)))
    }

    /// The agents.
    pub(super) fn agents(&self) -> Vec<Row> {
        self.board.agents.iter().map(|line| self.agent_row(line)).collect()
    }

    /// The departments.
    pub(super) fn departments(&self) -> Vec<Row> {
        self.board.departments.iter().map(|line| self.department_row(line)).collect()
    }

    fn waiting_row(&self, line: &WaitingLine) -> Row {
        let ui = self.ui;
        let name = self.visitor(line.visitor.as_ref());
        let mut visitor = vec![Part::conversation(line.conversation, name)];
        match (line.called_ms, line.kept) {
            (Some(ms), _) => visitor.push(Part::note(ui.t1("board.called", duration(ui, ms)))),
            (None, true) => visitor.push(Part::note(ui.t("board.kept"))),
            (None, false) => {}
        }
        let mut place = vec![Part::text(line.place.to_string())];
        if line.at_head {
            place.push(Part::note(ui.t("board.at_head")));
        }
        if line.priority > 0 {
            place.push(Part::note(ui.t1("board.priority", line.priority)));
        }
        Row {
            key: line.conversation.to_string(),
            cells: vec![
                visitor,
                place,
                vec![Part::text(duration(ui, line.for_ms))],
                vec![Part::text(self.speaker().department(line.department))],
                self.needs(line),
                self.why(line),
            ],
        }
    }

    fn needs(&self, line: &WaitingLine) -> Vec<Part> {
        let language = line.language.clone().map(Part::text);
        let skills = (!line.skills.is_empty()).then(|| Part::note(self.speaker().list(&line.skills)));
        or_dash(language.into_iter().chain(skills).collect())
    }

    fn why(&self, line: &WaitingLine) -> Vec<Part> {
        let (ui, speaker) = (self.ui, self.speaker());
        let items = if line.offered.is_empty() {
            speaker.sentences(&line.reasons)
        } else {
            let agents: Vec<String> = line.offered.iter().map(|agent| speaker.agent(*agent)).collect();
            let (agents, time) = (speaker.list(&agents), duration(ui, line.offer_ms.unwrap_or(0)));
            vec![ui.texts().fill("board.offered", &[("agents", &agents), ("time", &time)])]
        };
        vec![Part::List { items }]
    }

    fn agent_row(&self, line: &AgentLine) -> Row {
        let (ui, speaker) = (self.ui, self.speaker());
        let mut load = vec![Part::text(format!("{} / {}", line.load, line.capacity))];
        if line.offers > 0 {
            load.push(Part::note(ui.texts().count("board.offers", i64::from(line.offers))));
        }
        let departments: Vec<String> = line.departments.iter().map(|id| speaker.department(*id)).collect();
        let departments = (!departments.is_empty()).then(|| Part::text(speaker.list(&departments)));
        Row {
            key: line.id.to_string(),
            cells: vec![
                vec![Part::text(speaker.agent(line.id))],
                vec![self.presence(line), Part::note(ui.t1("board.since", duration(ui, line.for_ms)))],
                load,
                or_dash(departments.into_iter().collect()),
                self.holds(line),
            ],
        }
    }

    fn presence(&self, line: &AgentLine) -> Part {
        let ui = self.ui;
        let tone = match line.presence {
            Presence::Online => "good",
            Presence::Away => "warn",
            _ => "",
        };
        let text = match (line.away, line.pause) {
            (Some(away), _) => ui.word("presence.away", away).to_owned(),
            (None, Some(pause)) => ui.t1("board.paused", ui.word("board.pause", pause)),
            (None, None) => ui.word("presence", line.presence).to_owned(),
        };
        Part::pill(tone, text)
    }

    fn holds(&self, line: &AgentLine) -> Vec<Part> {
        let ui = self.ui;
        let mut parts: Vec<Part> = Vec::new();
        for held in &line.holds {
            parts.push(Part::conversation(held.conversation, self.visitor(held.visitor.as_ref())));
        }
        if self.may_release && line.presence != Presence::Online && !line.holds.is_empty() {
            let count = line.holds.len().to_string();
            let name = self.speaker().agent(line.id);
            parts.push(Part::Release {
                action: format!("/admin/board/release{}", self.stamp),
                agent: line.id.to_string(),
                text: ui.t("board.release").to_owned(),
                label: ui.texts().fill("board.release_label", &[("agent", &name), ("n", &count)]),
            });
        }
        or_dash(parts)
    }

    fn department_row(&self, line: &DepartmentLine) -> Row {
        let ui = self.ui;
        let (tone, word) = if line.open { ("good", "board.open") } else { ("", "board.closed") };
        let mut state = vec![Part::pill(tone, ui.t(word))];
        state.extend(line.opens_at.map(|at| Part::time(ui.t("board.opens"), at)));
        let mut waiting = vec![Part::text(line.waiting.to_string())];
        if line.offered > 0 {
            let offered = i64::try_from(line.offered).unwrap_or(i64::MAX);
            waiting.push(Part::note(ui.texts().count("board.of_them_offered", offered)));
        }
        let longest = line.longest_ms.map(|ms| Part::text(duration(ui, ms)));
        let counts = [("online", line.online.to_string()), ("members", line.members.to_string())];
        let counts = counts.each_ref().map(|(name, value)| (*name, value.as_str()));
        Row {
            key: line.id.to_string(),
            cells: vec![
                vec![Part::text(self.speaker().department(line.id))],
                state,
                waiting,
                or_dash(longest.into_iter().collect()),
                vec![Part::text(line.active.to_string())],
                vec![
                    Part::text(ui.texts().fill("board.members_online", &counts)),
                    Part::note(ui.texts().count("board.free", i64::from(line.free))),
                ],
            ],
        }
    }

    fn visitor(&self, name: Option<&String>) -> String {
        name.cloned().unwrap_or_else(|| self.ui.t("entry.visitor").to_owned())
    }
}

/// A cell is never empty: a reader of tables would think it is missing.
fn or_dash(parts: Vec<Part>) -> Vec<Part> {
    if parts.is_empty() { vec![Part::text("–")] } else { parts }
}
