//! Who takes conversations and who does not: this agent's own state, and what supervisors do about colleagues'.

use protocol::command::{Command, DeclineReason, Release, SetPresence};
use protocol::state::{AwayReason, Colleague, Pause, Presence};

use super::effect::Effect;
use super::msg::Do;
use super::{Desk, Dialog, Model};

/// What the agent chose but the server has not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// Whether to take conversations.
    pub presence: Presence,
    /// Why not.
    pub pause: Option<Pause>,
}

/// What an agent may say when going away, in the order of the menu.
pub const PAUSES: [Option<Pause>; 6] =
    [None, Some(Pause::Break), Some(Pause::Lunch), Some(Pause::Meeting), Some(Pause::Training), Some(Pause::OtherWork)];

/// What an agent may say when declining, in the order of the menu.
pub const REASONS: &[DeclineReason] = DeclineReason::ALL;

impl Model {
    /// The presence to show: the chosen one, else the one the server knows.
    pub fn presence(&self) -> Presence {
        let known = || self.desk.as_ref().map_or(Presence::Unknown, Desk::presence);
        self.presence_wish.map_or_else(known, |chosen| chosen.presence)
    }

    /// This agent as to be shown: what was chosen a moment ago counts before what the server knows.
    pub fn own_state(&self) -> Option<Colleague> {
        let mut me = self.desk.as_ref()?.myself()?.clone();
        if let Some(chosen) = self.presence_wish {
            (me.presence, me.pause, me.away, me.since) = (chosen.presence, chosen.pause, None, None);
        }
        Some(me)
    }

    /// Why the server set this agent to away, while it is so.
    pub fn set_away(&self) -> Option<AwayReason> {
        let me = self.desk.as_ref()?.myself()?;
        me.away.filter(|_| me.presence == Presence::Away && self.presence_wish.is_none())
    }

    /// Since when this agent is away, Unix milliseconds.
    pub fn away_since(&self) -> Option<i64> {
        self.own_state().filter(|me| me.presence == Presence::Away)?.since
    }
}

/// Handles what agents do about themselves and supervisors about others.
pub(super) fn update(model: &mut Model, msg: Do, effects: &mut Vec<Effect>) {
    match msg {
        Do::SetPresence(presence) => choose(model, Chosen { presence, pause: None }, effects),
        Do::Pause(pause) => choose(model, Chosen { presence: Presence::Away, pause }, effects),
        Do::AskRelease(agent) => {
            let may = model.desk.as_ref().is_some_and(|desk| desk.may_release(agent));
            model.view.dialog = may.then_some(Dialog::Release(agent));
        }
        Do::Release => {
            if let Some(Dialog::Release(agent)) = model.view.dialog.take() {
                effects.push(Effect::Send(Command::Release(Release { agent })));
            }
        }
        _ => {}
    }
}

fn choose(model: &mut Model, chosen: Chosen, effects: &mut Vec<Effect>) {
    model.view.popover = None;
    if model.desk.as_ref().is_none_or(|desk| desk.suspended) {
        return;
    }
    model.presence_wish = Some(chosen);
    let Chosen { presence, pause } = chosen;
    effects.push(Effect::Send(Command::SetPresence(SetPresence { presence, pause })));
}

/// The server took what the agent chose; the next state says since when.
pub(super) fn chosen(model: &mut Model, set: &SetPresence) {
    let now = model.server_now();
    model.presence_wish = None;
    let Some(desk) = &mut model.desk else {
        return;
    };
    let me = desk.me;
    if let Some(line) = desk.colleagues.iter_mut().find(|one| one.id == me) {
        let same = line.presence == set.presence && line.pause == set.pause && line.away.is_none();
        line.since = line.since.filter(|_| same).or(Some(now));
        (line.presence, line.pause, line.away) = (set.presence, set.pause, None);
    }
}

impl Desk {
    /// Whether this agent may send everything a colleague holds back to the queue, and there is something.
    pub fn may_release(&self, agent: protocol::ids::AgentId) -> bool {
        !self.suspended && self.may_take_over() && agent != self.me && !self.held_by(agent).is_empty()
    }
}
