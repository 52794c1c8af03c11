//! What an agent does with conversations.

use protocol::command::{Accept, Close, Command, Decline, Pick, ShowVisitor};
use protocol::ids::{ConversationId, TenantId};
use protocol::state::ConversationState;

use super::effect::{Effect, Spot};
use super::lists::lines;
use super::msg::Do;
use super::offers::most_urgent;
use super::thread::SHOWN_STEP;
use super::{Boot, Dialog, Link, Model, Pane, Prefs, View, compose, staff, transfer};

/// Handles what the agent does.
pub(super) fn update(model: &mut Model, msg: Do, effects: &mut Vec<Effect>) {
    match msg {
        Do::Tenant(tenant) => change_tenant(model, tenant, effects),
        Do::SetPresence(_) | Do::Pause(_) | Do::AskRelease(_) | Do::Release => staff::update(model, msg, effects),
        Do::Open(id) => {
            model.view.dialog = None;
            open(model, id, effects);
            effects.push(Effect::Focus(Spot::ComposerIfKeyboard));
        }
        Do::Step(by) => step(model, by, effects),
        Do::Accept(id) => {
            if let Some(conversation) = id.or_else(|| most_urgent(model)) {
                answer(model, conversation);
                effects.push(Effect::Send(Command::Accept(Accept { conversation })));
            }
        }
        Do::Decline(id, reason) => {
            if let Some(conversation) = id.or_else(|| most_urgent(model)) {
                answer(model, conversation);
                effects.push(Effect::Send(Command::Decline(Decline { conversation, reason })));
            }
        }
        Do::Pick => pick(model, effects),
        Do::TakeOver => {
            if let Some(Dialog::TakeOver(conversation)) = model.view.dialog.take() {
                send_pick(model, conversation, effects);
            }
        }
        Do::AskClose => {
            if let Some(id) = mine(model) {
                model.view.dialog = Some(Dialog::Close(id));
            }
        }
        Do::Close => {
            if let Some(Dialog::Close(conversation)) = model.view.dialog.take() {
                model.busy.insert(conversation);
                effects.push(Effect::Send(Command::Close(Close { conversation })));
            }
        }
        Do::AskTransfer => transfer::ask(model),
        Do::TransferTo(_) | Do::TransferFirst | Do::TransferSearch(_) | Do::TransferNote(_) | Do::Transfer => {
            transfer::update(model, msg, effects);
        }
        Do::SignOut => effects.push(Effect::SignOut),
        Do::Reconnect => reconnect(model, effects),
        Do::Reload => effects.push(Effect::Reload),
    }
}

fn answer(model: &mut Model, id: ConversationId) {
    model.answered.insert(id);
    model.busy.insert(id);
}

fn reconnect(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.boot {
        Boot::Failed => {
            model.boot = Boot::Asking;
            effects.push(Effect::LoadMe);
        }
        _ => effects.push(Effect::Retry),
    }
}

/// The shown conversation, if this agent holds it and nothing is under way with it.
fn mine(model: &Model) -> Option<ConversationId> {
    let line = model.selected_line()?;
    let desk = model.desk.as_ref()?;
    (desk.is_mine(line) && !desk.suspended && !model.busy.contains(&line.id)).then_some(line.id)
}

fn change_tenant(model: &mut Model, tenant: TenantId, effects: &mut Vec<Effect>) {
    if model.tenant == Some(tenant) {
        return;
    }
    let mut fresh = Model::new(model.texts.locale(), model.now);
    fresh.boot = model.boot.clone();
    fresh.build = model.build.clone();
    fresh.alerted = model.alerted.clone();
    fresh.tenant = Some(tenant);
    fresh.link = Link::Connecting;
    fresh.prefs = Prefs { tenant: Some(tenant), ..model.prefs };
    fresh.view = View {
        sort: model.view.sort,
        focused: model.view.focused,
        narrow: model.view.narrow,
        no_storage: model.view.no_storage,
        permission: model.view.permission,
        ..View::default()
    };
    *model = fresh;
    effects.push(Effect::SavePrefs(model.prefs));
    effects.push(Effect::Connect(tenant));
}

/// Shows a conversation.
pub(super) fn open(model: &mut Model, id: ConversationId, effects: &mut Vec<Effect>) {
    let visitor = match model.line(id) {
        Some(line) => Some(line.visitor),
        None => model.selected_visitor(),
    };
    let changed = model.view.selected != Some(id);
    if changed {
        compose::stop_typing(model, effects);
        model.view.note = false;
    }
    model.view.visitor = visitor;
    model.view.selected = Some(id);
    model.view.pane = Pane::Thread;
    model.view.popover = None;
    model.view.at_end = true;
    let thread = model.threads.entry(id).or_default();
    thread.shown = SHOWN_STEP;
    if thread.failed.is_some() {
        thread.failed = None;
    }
    effects.push(Effect::ToEnd);
    effects.push(Effect::RevealRow(id));
    if let Some(visitor) = visitor.filter(|_| changed) {
        effects.push(Effect::Send(Command::ShowVisitor(ShowVisitor { visitor })));
    }
}

fn step(model: &mut Model, by: i32, effects: &mut Vec<Effect>) {
    let Some(desk) = &model.desk else {
        return;
    };
    let shown = lines(desk, model.view.look());
    let at = shown.iter().position(|line| Some(line.id) == model.view.selected);
    let next = match (at, by < 0) {
        (None, false) => 0,
        (None, true) => shown.len().saturating_sub(1),
        (Some(at), false) => at + 1,
        (Some(at), true) => at.saturating_sub(1),
    };
    if let Some(id) = shown.get(next).map(|line| line.id) {
        open(model, id, effects);
    }
}

fn pick(model: &mut Model, effects: &mut Vec<Effect>) {
    let (Some(line), Some(desk)) = (model.selected_line(), &model.desk) else {
        return;
    };
    let id = line.id;
    if desk.suspended || desk.is_mine(line) || model.busy.contains(&id) {
        return;
    }
    match line.state {
        ConversationState::Waiting if compose::is_kept(line) => {}
        ConversationState::Active if desk.may_take_over() => model.view.dialog = Some(Dialog::TakeOver(id)),
        ConversationState::Active => {}
        ConversationState::Offered if desk.is_offered(line) => {
            answer(model, id);
            effects.push(Effect::Send(Command::Accept(Accept { conversation: id })));
        }
        _ => send_pick(model, id, effects),
    }
}

fn send_pick(model: &mut Model, conversation: ConversationId, effects: &mut Vec<Effect>) {
    model.busy.insert(conversation);
    effects.push(Effect::Send(Command::Pick(Pick { conversation })));
}
