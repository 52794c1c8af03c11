//! News from outside.

use protocol::command::Command;
use protocol::error::ErrorCode;
use protocol::event::{Event, Refused, Reset, ResetReason, Welcome};
use protocol::ids::{Cmid, ConversationId};
use protocol::state::{AgentState, Summary};
use protocol::timeline::{Applied, Pending, SendState};

use super::effect::{Effect, Spot};
use super::msg::Net;
use super::{Boot, Desk, Dialog, Link, List, Me, Model, Prefs, compose, staff};
use crate::text::Texts;

/// Handles news.
pub(super) fn update(model: &mut Model, msg: Net, effects: &mut Vec<Effect>) {
    match msg {
        Net::Me(me) => signed_in(model, me, effects),
        Net::MeFailed => model.boot = Boot::Failed,
        Net::Link(link) => linked(model, link),
        Net::Events(events) => {
            for event in events {
                apply(model, event, effects);
            }
        }
        Net::Done(command, _) => done(model, &command, effects),
        Net::Refused(command, refused) => refuse(model, &command, &refused),
        Net::Settled(cmid, state) => settle(model, cmid, state),
        Net::Restored(list) => restore(model, list),
        Net::Unsaid(cmid) => unsaid(model, cmid),
        Net::Drafts(list) => model.drafts.extend(list),
        Net::DraftElsewhere(id, text) => draft_elsewhere(model, id, text),
        Net::Uploaded(cmid, Ok(file)) => compose::uploaded(model, cmid, file, effects),
        Net::Uploaded(cmid, Err(code)) => {
            model.uploads.retain(|upload| upload.cmid != cmid);
            model.complain(refusal_text(&model.texts, code));
        }
        Net::UploadBroken(cmid) => {
            if let Some(upload) = model.uploads.iter_mut().find(|upload| upload.cmid == cmid) {
                upload.broken = true;
            }
        }
        Net::Permission(permission) => model.view.permission = permission,
        Net::Prefs(prefs) => settings(model, prefs, effects),
        Net::NoStorage => model.view.no_storage = true,
        Net::SoundBlocked(blocked) => model.view.sound_blocked = blocked,
    }
}

fn signed_in(model: &mut Model, me: Option<Me>, effects: &mut Vec<Effect>) {
    let Some(me) = me else {
        model.boot = Boot::SignedOut;
        effects.push(Effect::GoSignIn);
        return;
    };
    let tenant = model
        .prefs
        .tenant
        .filter(|tenant| me.membership(*tenant).is_some())
        .or_else(|| me.memberships.first().map(|one| one.tenant));
    let Some(tenant) = tenant else {
        model.boot = Boot::NoTenant(me);
        return;
    };
    model.boot = Boot::Ready(me);
    model.tenant = Some(tenant);
    effects.push(Effect::Connect(tenant));
}

fn linked(model: &mut Model, link: Link) {
    model.link = link;
    if !model.is_live() {
        for thread in model.threads.values_mut() {
            thread.typists.clear();
        }
    }
}

fn settings(model: &mut Model, prefs: Prefs, effects: &mut Vec<Effect>) {
    model.prefs = prefs;
    model.view.sort = prefs.sort;
    model.view.list = prefs.list;
    model.view.scope = prefs.scope;
    if let Some(locale) = prefs.locale.filter(|locale| *locale != model.texts.locale()) {
        model.texts = Texts::new(locale);
    }
    effects.push(Effect::Language(model.texts.locale().tag()));
}

fn apply(model: &mut Model, event: Event, effects: &mut Vec<Effect>) {
    match event {
        Event::Welcome(welcome) => welcomed(model, &welcome),
        Event::Agent(state) => state_came(model, &state),
        Event::Conversation(changed) => line_came(model, &changed.conversation),
        Event::Entries(entries) => {
            let selected = model.view.selected == Some(entries.conversation);
            let thread = model.threads.entry(entries.conversation).or_default();
            let applied = thread.timeline.apply(&entries);
            if let Applied::From(index) = applied {
                thread.wrote(index);
                if selected && model.view.at_end {
                    effects.push(Effect::ToEnd);
                } else if !selected || !model.view.at_end {
                    // Nothing that is being read may jump or leave the screen.
                    thread.shown += thread.timeline.items().len() - index;
                }
            }
            thread.loaded |= thread.timeline.seq() >= entries.last_seq;
        }
        Event::Reset(reset) => reset_came(model, &reset),
        Event::Typing(typing) => {
            let mine = model.desk.as_ref().is_some_and(|desk| desk.me.0 == typing.id);
            let now = model.now;
            if let Some(thread) = model.threads.get_mut(&typing.conversation).filter(|_| !mine) {
                thread.typing(&typing, now);
            }
        }
        Event::ReadMoved(moved) => {
            let thread = model.threads.get(&moved.conversation);
            let items = thread.map_or(&[][..], |thread| thread.timeline.items());
            if let Some(desk) = &mut model.desk {
                desk.read(&moved, items);
            }
        }
        Event::Profile(profile) => {
            model.profiles.insert(profile.id, profile);
        }
        Event::Ack(_)
        | Event::Refused(_)
        | Event::Visitor(_)
        | Event::Reconnect(_)
        | Event::Ping(_)
        | Event::Token(_)
        | Event::Unknown => {}
    }
}

fn welcomed(model: &mut Model, welcome: &Welcome) {
    model.clock_offset = welcome.at - model.now;
    model.epoch = Some(welcome.epoch);
    match &model.build.first {
        None => model.build.first = Some(welcome.build.clone()),
        Some(first) => model.build.newer = *first != welcome.build,
    }
}

fn state_came(model: &mut Model, state: &AgentState) {
    let mut desk = Desk::new(state);
    if let Some(old) = model.desk.as_ref().filter(|old| old.tenant == desk.tenant) {
        desk.keep_marks(&old.marks);
    }
    model.answered.retain(|id| desk.lines.get(id).is_some_and(|line| desk.is_offered(line)));
    if let Some(Dialog::Colleague(agent) | Dialog::Release(agent)) = model.view.dialog
        && desk.colleague(agent).is_none()
    {
        model.view.dialog = None;
    }
    model.desk = Some(desk);
}

fn line_came(model: &mut Model, line: &Summary) {
    let Some(desk) = &mut model.desk else {
        return;
    };
    desk.put(line);
    if !desk.lines.get(&line.id).is_some_and(|line| desk.is_offered(line)) {
        model.answered.remove(&line.id);
    }
    if let Some(thread) = model.threads.get_mut(&line.id) {
        // What was out of reach may have been given to this agent since.
        thread.failed = None;
    }
    if let Some(profile) = model.profiles.get_mut(&line.visitor) {
        profile.online = line.visitor_online;
    }
}

fn reset_came(model: &mut Model, reset: &Reset) {
    let Some(thread) = model.threads.get_mut(&reset.conversation) else {
        return;
    };
    thread.timeline.reset();
    thread.loaded = false;
    if reset.reason == ResetReason::NoAccess {
        thread.failed = Some(ErrorCode::NotFound);
    }
    thread.watched = false;
}

fn done(model: &mut Model, command: &Command, effects: &mut Vec<Effect>) {
    match command {
        Command::Accept(accept) => taken(model, accept.conversation, effects),
        Command::Pick(pick) => taken(model, pick.conversation, effects),
        Command::Decline(decline) => {
            model.busy.remove(&decline.conversation);
        }
        Command::Watch(watch) => {
            if let Some(thread) = model.threads.get_mut(&watch.conversation) {
                thread.loaded = true;
            }
        }
        Command::Close(close) => {
            model.busy.remove(&close.conversation);
            model.tell(model.texts.get("done.closed").to_owned());
        }
        Command::Transfer(transfer) => {
            model.busy.remove(&transfer.conversation);
            let desk = model.desk.as_ref();
            let agent = transfer.to.and_then(|to| desk?.colleague(to).map(|one| one.name.clone()));
            let department = transfer.department.and_then(|to| desk?.department(to).map(|one| one.name.clone()));
            let name = agent.or(department);
            let text = match name {
                Some(name) => model.texts.fill("done.transferred", &[("name", &name)]),
                None => model.texts.get("done.requeued").to_owned(),
            };
            model.tell(text);
        }
        Command::Release(release) => {
            let name = model.desk.as_ref().and_then(|desk| desk.colleague(release.agent)).map(|one| one.name.clone());
            let text = model.texts.fill("done.released", &[("name", &name.unwrap_or_default())]);
            model.tell(text);
        }
        Command::SetPresence(set) => staff::chosen(model, set),
        _ => {}
    }
}

/// A conversation became this agent's: show it, unless something is being written elsewhere.
fn taken(model: &mut Model, id: ConversationId, effects: &mut Vec<Effect>) {
    model.busy.remove(&id);
    let writing = model
        .view
        .selected
        .is_some_and(|open| open != id && model.drafts.get(&open).is_some_and(|text| !text.is_empty()));
    model.view.list = List::Mine;
    model.view.filter.clear();
    if !writing {
        super::act::open(model, id, effects);
        effects.push(Effect::Focus(Spot::ComposerIfKeyboard));
    }
}

fn refuse(model: &mut Model, command: &Command, refused: &Refused) {
    let conversation = match command {
        Command::Accept(it) => Some(it.conversation),
        Command::Decline(it) => Some(it.conversation),
        Command::Pick(it) => Some(it.conversation),
        Command::Close(it) => Some(it.conversation),
        Command::Transfer(it) => Some(it.conversation),
        Command::Watch(watch) => {
            if let Some(thread) = model.threads.get_mut(&watch.conversation) {
                thread.failed = Some(refused.code);
                thread.watched = false;
            }
            return;
        }
        Command::SetPresence(_) => {
            model.presence_wish = None;
            None
        }
        Command::Typing(_)
        | Command::Active(_)
        | Command::Read(_)
        | Command::Unwatch(_)
        | Command::Post(_)
        | Command::ShowVisitor(_) => return,
        _ => None,
    };
    let over = matches!(refused.code, ErrorCode::Conflict | ErrorCode::WrongState);
    if let Some(id) = conversation {
        model.busy.remove(&id);
        if !over {
            // Not answered after all: it may ring on.
            model.answered.remove(&id);
        }
    }
    match (command, conversation) {
        (Command::Accept(_) | Command::Pick(_), Some(id)) if over => missed(model, id, refused.code),
        _ => model.complain(refusal_text(&model.texts, refused.code)),
    }
}

/// Somebody else was first, or time was: that happens, and nobody did anything wrong.
fn missed(model: &mut Model, id: ConversationId, code: ErrorCode) {
    let (Some(line), Some(desk)) = (model.line(id), &model.desk) else {
        model.complain(refusal_text(&model.texts, code));
        return;
    };
    let visitor = model.visitor_name(line);
    let taker = line.agent.filter(|agent| *agent != desk.me && List::Active.holds(desk, line));
    let text = match (taker.and_then(|agent| desk.colleague(agent)), code) {
        (Some(one), _) => model.texts.fill("missed.taken", &[("name", &one.name), ("visitor", &visitor)]),
        (None, ErrorCode::Conflict) => model.texts.fill("missed.conflict", &[("visitor", &visitor)]),
        (None, _) => model.texts.fill("missed.over", &[("visitor", &visitor)]),
    };
    model.tell(text);
}

/// What a refusal means to a person.
pub(super) fn refusal_text(texts: &Texts, code: ErrorCode) -> String {
    let key = format!("refused.{}", code.as_str());
    texts.get(&key).to_owned()
}

fn settle(model: &mut Model, cmid: Cmid, state: SendState) {
    for thread in model.threads.values_mut() {
        thread.timeline.settle(cmid, state);
    }
}

fn restore(model: &mut Model, list: Vec<(ConversationId, Pending)>) {
    for (id, pending) in list {
        model.threads.entry(id).or_default().timeline.add_pending(pending);
    }
}

fn unsaid(model: &mut Model, cmid: Cmid) {
    for thread in model.threads.values_mut() {
        thread.timeline.discard(cmid);
    }
}

/// The other tab of this agent is where somebody writes; an input in use is left alone.
fn draft_elsewhere(model: &mut Model, id: ConversationId, text: String) {
    if model.view.focused && model.view.selected == Some(id) {
        return;
    }
    if text.is_empty() {
        model.drafts.remove(&id);
    } else {
        model.drafts.insert(id, text);
    }
    model.view.composer_version += 1;
}
