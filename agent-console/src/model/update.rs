//! The one function that changes the model.

use protocol::command::{Command, Read, Watch};
use protocol::ids::ConversationId;
use protocol::state::ConversationState;

use super::alerts::Snapshot;
use super::effect::Effect;
use super::keys::shortcut;
use super::msg::{Msg, See};
use super::rows::newest_readable;
use super::{Model, Notice, Pane, Popover, act, compose, net, offers, see};

/// How long a notice is shown, in milliseconds.
const NOTICE_MS: i64 = 7_000;

/// What to do first.
pub fn start() -> Vec<Effect> {
    vec![Effect::LoadMe]
}

/// Handles one message and says what is to be done outside. [`Model::now`] has to be set before.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::Net(msg) => net::update(model, msg, &mut effects),
        Msg::Do(msg) => act::update(model, msg, &mut effects),
        Msg::Write(msg) => compose::update(model, msg, &mut effects),
        Msg::See(See::Key(press)) => {
            return shortcut(&press, model).map_or_else(Vec::new, |msg| update(model, msg));
        }
        Msg::See(msg) => see::update(model, msg, &mut effects),
    }
    fold(model);
    follow(model, &mut effects);
    read(model, &mut effects);
    let after = Snapshot::of(model);
    effects.extend(model.alerted.effects(&after, model));
    model.alerted = after;
    effects
}

/// The reasons for declining go with the offer.
fn fold(model: &mut Model) {
    if let Some(Popover::Reasons(id)) = model.view.popover
        && !offers::offers(model).iter().any(|offer| offer.line.id == id)
    {
        model.view.popover = None;
    }
}

/// Follows the entries of this agent's conversations and of the shown one, and of no other.
fn follow(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(desk) = &model.desk else {
        return;
    };
    let wanted = |id: &ConversationId| {
        model.view.selected == Some(*id) || desk.lines.get(id).is_some_and(|line| desk.is_mine(line))
    };
    let mine = desk.lines.values().filter(|line| desk.is_mine(line)).map(|line| line.id);
    let ids: Vec<ConversationId> = mine.chain(model.view.selected).collect();
    for (id, thread) in &mut model.threads {
        if thread.watched && !wanted(id) {
            thread.watched = false;
            thread.typists.clear();
            effects.push(Effect::Unwatch(*id));
        }
    }
    for id in ids {
        let thread = model.threads.entry(id).or_default();
        if !thread.watched && thread.failed.is_none() {
            thread.watched = true;
            // From the start: the client holds no cursor of what it does not watch. What is held is not shown twice.
            effects.push(Effect::Send(Command::Watch(Watch { conversation: id, after: 0 })));
        }
    }
}

/// Sets the read mark of what is seen. Looking into the queue or over a colleague's shoulder reads nothing.
fn read(model: &mut Model, effects: &mut Vec<Effect>) {
    let view = &model.view;
    let (Some(id), Some(desk)) = (view.selected, &mut model.desk) else {
        return;
    };
    let in_view = view.at_end && (!view.narrow || view.pane == Pane::Thread);
    let seen = view.focused && in_view && !desk.suspended;
    let counts = desk.lines.get(&id).is_some_and(|line| {
        desk.is_mine(line) || matches!(line.state, ConversationState::Offline | ConversationState::Closed)
    });
    let Some(thread) = model.threads.get(&id) else {
        return;
    };
    let items = thread.timeline.items();
    let seq = newest_readable(items);
    if seen && counts && seq > desk.mark_of(id) {
        desk.mark(id, seq, items);
        effects.push(Effect::Send(Command::Read(Read { conversation: id, seq })));
    }
}

impl Model {
    /// Tells the agent something for a moment.
    pub(super) fn tell(&mut self, text: String) {
        self.push_notice(text, false);
    }

    /// Tells the agent that something went wrong.
    pub(super) fn complain(&mut self, text: String) {
        self.push_notice(text, true);
    }

    fn push_notice(&mut self, text: String, error: bool) {
        self.notices.retain(|notice| notice.text != text);
        self.last_notice += 1;
        self.notices.push(Notice { id: self.last_notice, error, text, until: self.now + NOTICE_MS });
    }
}
