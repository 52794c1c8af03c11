//! Whom a conversation can be given to, and giving it.

use protocol::command::{Command, Transfer};
use protocol::ids::{AgentId, ConversationId, DepartmentId};
use protocol::limits::MESSAGE_CHARS;
use protocol::state::{Colleague, ConversationState, Department, Presence, Summary};

use super::departments::rank;
use super::effect::Effect;
use super::msg::Do;
use super::{Desk, Dialog, List, Model, compose};

/// Who may get a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The queue it came from.
    Queue,
    /// Another department's queue.
    Department(DepartmentId),
    /// A colleague.
    Agent(AgentId),
}

/// What is filled in so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transferring {
    /// Which conversation.
    pub conversation: ConversationId,
    /// To whom, once chosen.
    pub to: Option<Target>,
    /// Part of a name that is looked for.
    pub search: String,
    /// A note for the next agent.
    pub note: String,
}

/// Everybody who can be chosen, as they are listed.
#[derive(Debug, Clone, PartialEq)]
pub struct Choices<'a> {
    /// Whether the queue it came from is one.
    pub queue: bool,
    /// The departments, this agent's own first.
    pub departments: Vec<&'a Department>,
    /// The colleagues: who is there and has room first.
    pub agents: Vec<&'a Colleague>,
}

impl Choices<'_> {
    /// Whether nothing can be chosen.
    pub fn is_empty(&self) -> bool {
        !self.queue && self.departments.is_empty() && self.agents.is_empty()
    }

    /// The first that can be chosen.
    pub fn first(&self) -> Option<Target> {
        let agent = self.agents.iter().find(|one| is_there(one)).map(|one| Target::Agent(one.id));
        let department = self.departments.first().map(|one| Target::Department(one.id));
        let queue = self.queue.then_some(Target::Queue);
        queue.or(department).or(agent)
    }

    fn has(&self, target: Target) -> bool {
        match target {
            Target::Queue => self.queue,
            Target::Department(id) => self.departments.iter().any(|one| one.id == id),
            Target::Agent(id) => self.agents.iter().any(|one| one.id == id),
        }
    }
}

/// Whether a colleague can be given something: with somebody who is not there a visitor would wait for nobody.
pub fn is_there(one: &Colleague) -> bool {
    one.presence != Presence::Offline
}

/// Whether a colleague holds as much as the capacity allows.
pub fn is_full(one: &Colleague) -> bool {
    one.load >= one.capacity
}

/// Who can be given a line, those whose name has `search` in it.
pub fn choices<'a>(desk: &'a Desk, line: &Summary, search: &str) -> Choices<'a> {
    let needle = search.trim().to_lowercase();
    let named = |name: &str| name.to_lowercase().contains(&needle);
    let departments: Vec<&Department> = match desk.has_departments() {
        true => desk.in_order().into_iter().filter(|one| Some(one.id) != line.department && named(&one.name)).collect(),
        false => Vec::new(),
    };
    let holds = |one: &Colleague| line.state == ConversationState::Active && line.agent == Some(one.id);
    let mut agents: Vec<&Colleague> = desk.colleagues.iter().filter(|one| one.id != desk.me && !holds(one)).collect();
    agents.retain(|one| named(&one.name) || desk.departments_of(one).iter().any(|name| named(name)));
    let fits = |one: &Colleague| {
        line.department.is_some_and(|id| one.departments.as_ref().is_some_and(|theirs| theirs.contains(&id)))
    };
    agents.sort_by_key(|one| (rank(one.presence), is_full(one), !fits(one), one.load, one.name.to_lowercase(), one.id));
    // What waits is in its queue already.
    Choices { queue: line.state == ConversationState::Active && needle.is_empty(), departments, agents }
}

/// Asks whom to give the shown conversation to.
pub(super) fn ask(model: &mut Model) {
    let (Some(line), Some(desk)) = (model.selected_line(), &model.desk) else {
        return;
    };
    if desk.may_transfer(line) && !model.busy.contains(&line.id) {
        let form = Transferring { conversation: line.id, to: None, search: String::new(), note: String::new() };
        model.view.dialog = Some(Dialog::Transfer(form));
    }
}

/// Handles the form.
pub(super) fn update(model: &mut Model, msg: Do, effects: &mut Vec<Effect>) {
    let (Some(Dialog::Transfer(form)), Some(desk)) = (&mut model.view.dialog, &model.desk) else {
        return;
    };
    let Some(line) = desk.lines.get(&form.conversation) else {
        return;
    };
    match msg {
        Do::TransferTo(chosen) => form.to = Some(chosen),
        Do::TransferFirst => form.to = choices(desk, line, &form.search).first().or(form.to),
        Do::TransferSearch(text) => {
            // What is out of sight must not stay chosen.
            form.to = form.to.filter(|to| choices(desk, line, &text).has(*to));
            form.search = text;
        }
        Do::TransferNote(text) => form.note = text.chars().take(MESSAGE_CHARS).collect(),
        _ => {
            let Some(to) = form.to else {
                return;
            };
            let (conversation, own) = (form.conversation, desk.is_mine(line));
            let note = Some(form.note.trim().to_owned()).filter(|note| !note.is_empty());
            model.view.dialog = None;
            if own {
                compose::stop_typing(model, effects);
                model.view.list = List::Mine;
            }
            model.busy.insert(conversation);
            effects.push(Effect::Send(Command::Transfer(command(conversation, to, note))));
        }
    }
}

fn command(conversation: ConversationId, target: Target, note: Option<String>) -> Transfer {
    let (to, department) = match target {
        Target::Queue => (None, None),
        Target::Department(id) => (None, Some(id)),
        Target::Agent(id) => (Some(id), None),
    };
    Transfer { conversation, to, note, department }
}
