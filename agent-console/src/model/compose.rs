//! Writing: drafts, typing notices, sending, files.

use protocol::command::{Command, Post, PostBody, PostFile, Typing};
use protocol::entry::{File, Text};
use protocol::error::ErrorCode;
use protocol::ids::{AgentId, Cmid, ConversationId};
use protocol::limits::{ATTACHMENT_BYTES, MESSAGE_CHARS, TYPING_EVERY_MS};
use protocol::state::{ConversationState, Summary};
use protocol::timeline::{Pending, SendState};

use super::effect::Effect;
use super::msg::Write;
use super::net::refusal_text;
use super::{Model, Upload};

/// What can be written into the shown conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Composer {
    /// Messages, notes and files.
    Open,
    /// Notes only: it has to be taken first; with it goes the state that says what taking means.
    Take(ConversationState),
    /// Notes only: a colleague holds it; true when this agent may take it over.
    Colleague(AgentId, bool),
    /// Notes only: it is on offer to others; true when this agent may take it all the same.
    Offered(bool),
    /// Notes only: the visitor keeps the place and is away, and is called when it is their turn.
    Kept,
    /// Nothing: an earlier conversation outside the lists.
    Earlier,
    /// Nothing: the tenant is suspended.
    Suspended,
}

impl Composer {
    /// Whether notes can be written.
    pub fn takes_notes(self) -> bool {
        !matches!(self, Self::Earlier | Self::Suspended)
    }
}

impl Model {
    /// What can be written into the shown conversation; `None` when none is shown.
    pub fn composer(&self) -> Option<Composer> {
        self.view.selected?;
        let desk = self.desk.as_ref()?;
        if desk.suspended {
            return Some(Composer::Suspended);
        }
        let Some(line) = self.selected_line() else {
            return Some(Composer::Earlier);
        };
        let may = desk.may_take_over();
        Some(match (line.state, line.agent) {
            (ConversationState::Active, Some(agent)) if agent != desk.me => Composer::Colleague(agent, may),
            (ConversationState::Active | ConversationState::Offline, _) => Composer::Open,
            (ConversationState::Waiting, _) if is_kept(line) => Composer::Kept,
            (ConversationState::Offered, _) if !desk.is_offered(line) => Composer::Offered(may),
            (state, _) => Composer::Take(state),
        })
    }
}

/// Whether its visitor keeps the place and is away: there is nobody to talk to yet.
pub(super) fn is_kept(line: &Summary) -> bool {
    line.kept == Some(true) && !line.visitor_online
}

/// Handles writing.
pub(super) fn update(model: &mut Model, msg: Write, effects: &mut Vec<Effect>) {
    match msg {
        Write::Draft(id, text) => draft(model, id, text, effects),
        Write::Note(note) => {
            if note {
                stop_typing(model, effects);
            }
            model.view.note = note;
        }
        Write::Send(cmid) => send(model, cmid, effects),
        Write::Retry(cmid) => {
            set_state(model, cmid, SendState::Sending);
            effects.push(Effect::Resend(cmid));
        }
        Write::Discard(cmid) => {
            for thread in model.threads.values_mut() {
                thread.timeline.discard(cmid);
            }
            effects.push(Effect::Discard(cmid));
        }
        Write::Attach(cmid, name, size) => attach(model, cmid, name, size, effects),
        Write::RetryUpload(cmid) => {
            if let Some(upload) = model.uploads.iter_mut().find(|upload| upload.cmid == cmid) {
                upload.broken = false;
                effects.push(Effect::Upload(cmid, upload.conversation));
            }
        }
        Write::DropUpload(cmid) => {
            model.uploads.retain(|upload| upload.cmid != cmid);
            effects.push(Effect::DropUpload(cmid));
        }
    }
}

fn set_state(model: &mut Model, cmid: Cmid, state: SendState) {
    for thread in model.threads.values_mut() {
        thread.timeline.settle(cmid, state);
    }
}

fn draft(model: &mut Model, id: ConversationId, text: String, effects: &mut Vec<Effect>) {
    let blank = text.trim().is_empty();
    if text.is_empty() {
        model.drafts.remove(&id);
    } else {
        model.drafts.insert(id, text.clone());
    }
    effects.push(Effect::SaveDraft(id, text));
    if model.view.note {
        return;
    }
    if blank {
        stop_typing(model, effects);
        return;
    }
    let every = TYPING_EVERY_MS.cast_signed();
    if model.typing_said.is_none_or(|(said, at)| said != id || model.now - at >= every) {
        model.typing_said = Some((id, model.now));
        effects.push(say_typing(id, true));
    }
}

fn say_typing(conversation: ConversationId, active: bool) -> Effect {
    Effect::Send(Command::Typing(Typing { conversation, active, preview: None }))
}

/// Says that typing stopped, if it was said to have begun.
pub(super) fn stop_typing(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some((id, _)) = model.typing_said.take() {
        effects.push(say_typing(id, false));
    }
}

fn send(model: &mut Model, cmid: Cmid, effects: &mut Vec<Effect>) {
    let (Some(id), Some(composer)) = (model.view.selected, model.composer()) else {
        return;
    };
    if composer != Composer::Open && !(model.view.note && composer.takes_notes()) {
        return;
    }
    let text = model.drafts.get(&id).map_or("", |text| text.trim()).to_owned();
    if text.is_empty() || text.chars().count() > MESSAGE_CHARS {
        return;
    }
    let text = Text { text };
    let body = if model.view.note { PostBody::Note(text) } else { PostBody::Message(text) };
    model.drafts.remove(&id);
    // The message itself ends the notice on the other side.
    model.typing_said = None;
    model.view.note = false;
    model.view.at_end = true;
    model.view.composer_version += 1;
    // The outbox has the text before the draft is forgotten: a crash in between loses nothing.
    compose_post(model, id, cmid, body, effects);
    effects.push(Effect::SaveDraft(id, String::new()));
}

fn attach(model: &mut Model, cmid: Cmid, name: String, size: u64, effects: &mut Vec<Effect>) {
    let (Some(id), Some(Composer::Open)) = (model.view.selected, model.composer()) else {
        effects.push(Effect::DropUpload(cmid));
        return;
    };
    if size > ATTACHMENT_BYTES || size == 0 {
        let limit = model.texts.size(ATTACHMENT_BYTES);
        let text = match size {
            0 => refusal_text(&model.texts, ErrorCode::UnsupportedType),
            _ => model.texts.fill("file.too_large", &[("name", &name), ("limit", &limit)]),
        };
        model.complain(text);
        effects.push(Effect::DropUpload(cmid));
        return;
    }
    model.uploads.push(Upload { cmid, conversation: id, name, size, broken: false });
    effects.push(Effect::Upload(cmid, id));
    effects.push(Effect::ToEnd);
}

/// The file is stored: now its message can be sent.
pub(super) fn uploaded(model: &mut Model, cmid: Cmid, file: File, effects: &mut Vec<Effect>) {
    let Some(at) = model.uploads.iter().position(|upload| upload.cmid == cmid) else {
        return;
    };
    let upload = model.uploads.remove(at);
    let body = PostBody::File(PostFile { attachment: file.attachment });
    model.files.insert(file.attachment, file);
    effects.push(Effect::DropUpload(cmid));
    compose_post(model, upload.conversation, cmid, body, effects);
}

/// Shows a message at once and puts it into the outbox.
fn compose_post(model: &mut Model, id: ConversationId, cmid: Cmid, body: PostBody, effects: &mut Vec<Effect>) {
    let at = model.server_now();
    let thread = model.threads.entry(id).or_default();
    thread.timeline.add_pending(Pending { cmid, body: body.clone(), at, state: SendState::Sending });
    effects.push(Effect::Post(Post { cmid, conversation: Some(id), body }));
    if model.view.selected == Some(id) {
        effects.push(Effect::ToEnd);
    }
}
