//! Looking around: lists, panes, dialogs, settings, the clock.

use protocol::command::{Active, Command};

use super::effect::{Effect, Spot};
use super::msg::See;
use super::thread::SHOWN_STEP;
use super::{Composer, Dialog, Link, Model, Pane, Popover, compose};
use crate::text::Texts;

/// Handles looking around.
pub(super) fn update(model: &mut Model, msg: See, effects: &mut Vec<Effect>) {
    match msg {
        See::Tick => tick(model),
        See::Active => {
            if matches!(model.link, Link::Live(_)) && model.desk.is_some() {
                effects.push(Effect::Send(Command::Active(Active {})));
            }
        }
        // Turned into what it means before it comes here.
        See::Key(_) => {}
        See::Focused(focused) => model.view.focused = focused,
        See::Narrow(narrow) => model.view.narrow = narrow,
        See::Filter(text) => model.view.filter = text,
        See::Back => back(model, effects),
        See::Column(shown) => model.view.column_hidden = !shown,
        See::Visitor => model.view.pane = Pane::Visitor,
        See::Popover(popover) => fold_out(model, popover),
        See::Help => show(model, Dialog::Help),
        See::Team => show(model, Dialog::Team),
        See::Colleague(agent) => {
            if model.desk.as_ref().is_some_and(|desk| desk.colleague(agent).is_some()) {
                show(model, Dialog::Colleague(agent));
            }
        }
        See::CloseDialog => model.view.dialog = None,
        See::Earlier => {
            if let Some(thread) = model.view.selected.and_then(|id| model.threads.get_mut(&id)) {
                thread.shown += SHOWN_STEP;
            }
        }
        See::ToEnd => {
            model.view.at_end = true;
            effects.push(Effect::ToEnd);
        }
        See::AtEnd(at_end) => model.view.at_end = at_end,
        See::Dismiss(id) => model.notices.retain(|notice| notice.id != id),
        See::List(_) | See::Scope(_) | See::Sort(_) | See::Mute(_) | See::Language(_) => choose(model, msg, effects),
        See::AllowNotices => effects.push(Effect::AskNotices),
        See::FocusFilter => {
            model.view.pane = Pane::List;
            effects.push(Effect::Focus(Spot::Filter));
        }
        See::FocusComposer(note) => {
            let composer = model.composer();
            let takes = composer == Some(Composer::Open);
            if takes || (note && composer.is_some_and(Composer::takes_notes)) {
                if note {
                    compose::stop_typing(model, effects);
                }
                model.view.note = note;
                model.view.pane = Pane::Thread;
                effects.push(Effect::Focus(Spot::Composer));
            }
        }
    }
}

fn fold_out(model: &mut Model, popover: Option<Popover>) {
    if model.view.narrow && matches!(popover, Some(Popover::Pauses | Popover::Scopes)) {
        // They hang on what only this pane shows.
        model.view.pane = Pane::List;
    }
    model.view.popover = popover;
}

fn show(model: &mut Model, dialog: Dialog) {
    model.view.popover = None;
    model.view.dialog = Some(dialog);
}

/// Settings that this browser keeps.
fn choose(model: &mut Model, msg: See, effects: &mut Vec<Effect>) {
    match msg {
        See::List(list) => {
            model.view.list = list;
            model.view.popover = None;
            model.view.pane = Pane::List;
            model.prefs.list = list;
        }
        See::Scope(scope) => {
            model.view.scope = scope;
            model.view.popover = None;
            model.prefs.scope = scope;
        }
        See::Sort(sort) => {
            model.view.sort = sort;
            model.prefs.sort = sort;
        }
        See::Mute(muted) => {
            model.prefs.muted = muted;
        }
        See::Language(locale) => {
            model.texts = Texts::new(locale);
            model.prefs.locale = Some(locale);
            effects.push(Effect::Language(locale.tag()));
        }
        _ => return,
    }
    effects.push(Effect::SavePrefs(model.prefs));
}

fn tick(model: &mut Model) {
    let now = model.now;
    model.notices.retain(|notice| notice.until > now);
    for thread in model.threads.values_mut() {
        thread.expire_typing(now);
    }
}

fn back(model: &mut Model, effects: &mut Vec<Effect>) {
    let view = &mut model.view;
    if view.popover.take().is_some() {
        return;
    }
    effects.push(Effect::Focus(Spot::Page));
    match view.pane {
        Pane::Visitor => view.pane = Pane::Thread,
        Pane::Thread => view.pane = Pane::List,
        Pane::List => view.filter.clear(),
    }
    if model.view.pane == Pane::List {
        compose::stop_typing(model, effects);
    }
}
