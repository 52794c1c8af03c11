//! Messages, files and what the system notes, as lines of a thread.

use alloc::string::String;

use protocol::command::PostBody;
use protocol::entry::{AuthorKind, ClosedBy, EntryBody, File, Item};
use protocol::timeline::{Pending, SendState};

use crate::clock;
use crate::links::pieces;
use crate::page::{Page, m};
use crate::state::{Model, PictureState, is_picture, refusal};
use crate::texts::{fill, key, number, t};

/// Where a message stands among its neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Follows a message of the same person closely.
    pub(super) joined: bool,
    /// The next message of the same person follows closely.
    pub(super) goes_on: bool,
}

fn open_message(p: &mut Page<'_>, key: &str, mine: bool, place: Place) {
    p.put(m!("<div k='"));
    p.words(key);
    p.put(if mine { m!("' class='msg mine") } else { m!("' class='msg theirs") });
    p.put(if place.joined { m!(" joined'>") } else { m!("'>") });
    if mine {
        p.put(m!("<span class='hidden'>", t!(from_you), "</>"));
    }
}

/// Plain text with its links. `dir=auto` isolates its direction from the rest.
fn words(p: &mut Page<'_>, body: &str) {
    p.put(m!("<div class='bubble' dir='auto'>"));
    pieces(body, &mut |text, is_link| {
        if is_link {
            p.put(m!("<a target='_blank' rel='noopener noreferrer nofollow ugc' href='"));
            p.say(text);
            p.el_say(m!("'>"), text);
        } else {
            p.say(text);
        }
    });
    p.end();
}

fn file_row(p: &mut Page<'_>, name: &str, size: Option<u64>) {
    p.el_say(
        m!("<span class='file'><span class='sign'><svg i='file'></><span class='grow'><b class='cut' dir='auto'>"),
        name,
    );
    if let Some(bytes) = size {
        // In the unit a person would use.
        let (shift, unit) = if bytes < 1 << 20 { (10, m!(" KB · ")) } else { (20, m!(" MB · ")) };
        p.put(m!("<small>"));
        p.number((bytes + (1 << shift) - 1) >> shift);
        p.put(unit);
        p.put(m!(t!(download), "</>"));
    }
    p.put(m!("</></>"));
}

fn file(p: &mut Page<'_>, file: &File) {
    let picture = is_picture(&file.media_type);
    let state = p.model.picture(&file.attachment);
    match state {
        Some(PictureState::Gone) => return p.put(m!("<div class='bubble dim'>", t!(file_gone), "</>")),
        None | Some(PictureState::Loading) if picture => {
            return p.put(m!("<div class='bubble loading'><span class='spinner'></></>"));
        }
        _ => {}
    }
    p.put(m!("<button type='button' class='bubble plainly' data-a='save:"));
    p.say(&file.attachment.text());
    p.put(m!("' title='", t!(download), "'>"));
    if let Some(PictureState::Ready(url)) = state {
        p.put(m!("<img src='"));
        p.say(url);
        p.put(m!("' alt='", t!(picture)));
        if let (Some(width), Some(height)) = (file.width, file.height) {
            p.put(m!("' width='"));
            p.number(u64::from(width));
            p.put(m!("' height='"));
            p.number(u64::from(height));
        }
        p.put(m!("'></>"));
    } else {
        file_row(p, &file.name, Some(file.size));
    }
    p.end();
}

/// What is said to the reader, and nothing of what need not be seen. `read`: this is the visitor's newest.
pub(super) fn entry(p: &mut Page<'_>, item: &Item, place: Place, read: Option<bool>) {
    let mine = item.author.as_ref().is_some_and(|author| author.kind == AuthorKind::Visitor);
    let key = number(item.seq);
    match &item.body {
        Some(EntryBody::Message(message)) => {
            open_message(p, &key, mine, place);
            words(p, &message.text);
        }
        Some(EntryBody::File(it)) => {
            open_message(p, &key, mine, place);
            file(p, it);
        }
        Some(other) => {
            if let Some(words) = note_words(p.model, other) {
                p.put(m!("<div k='"));
                p.words(&key);
                p.put(m!("' class='note' dir='auto'><span>"));
                p.words(&words);
                p.put(m!("</></>"));
            }
            return;
        }
        None => return,
    }
    if !place.goes_on || read.is_some() {
        p.put(m!("<div class='meta'><span>"));
        if !mine {
            p.own(item.author.as_ref().and_then(|author| author.name.as_deref()), key::TEAM);
            p.put(m!(" · "));
        }
        p.words(&clock::time(item.at.unwrap_or(0), p.model.offset));
        p.end();
        match read {
            Some(true) => p.put(m!("<span class='mark read'><svg i='checks'>", t!(read), "</>")),
            Some(false) => p.put(m!("<span class='mark'><svg i='check'>", t!(sent), "</>")),
            None => {}
        }
        p.end();
    }
    p.end();
}

/// What the system noted.
pub(super) fn note_words(model: &Model, body: &EntryBody) -> Option<String> {
    let words = match body {
        EntryBody::Assigned(it) => return Some(fill(key::JOINED, &[&it.name])),
        EntryBody::Transferred(it) => match (&it.name, &it.department_name) {
            (Some(name), _) => return Some(fill(key::TRANSFERRED, &[name])),
            (_, Some(name)) => return Some(fill(key::TRANSFERRED_QUEUE, &[name])),
            _ => key::REQUEUED,
        },
        EntryBody::PlaceKept(it) => return Some(fill(key::PLACE_KEPT, &[&it.email])),
        EntryBody::Called(it) => return Some(fill(key::CALLED, &[&clock::time(it.until, model.offset)])),
        EntryBody::Rated(it) => return Some(fill(key::RATED, &[&number(u64::from(it.score))])),
        EntryBody::Queued(it) if it.reason.is_some() => key::REQUEUED,
        EntryBody::LeftOffline(_) if model.has_address() => key::LEFT_OFFLINE,
        EntryBody::LeftOffline(_) => key::LEFT_NOTED,
        EntryBody::Closed(it) => match it.by {
            ClosedBy::Visitor => key::CLOSED_VISITOR,
            ClosedBy::Agent => key::CLOSED_AGENT,
            ClosedBy::VisitorGone => key::CLOSED_GONE,
        },
        EntryBody::Reopened(_) => key::REOPENED,
        _ => return None,
    };
    Some(words.text())
}

/// A message on its way.
pub(super) fn pending(p: &mut Page<'_>, pending: &Pending, place: Place) {
    let id = pending.cmid.text();
    open_message(p, &id, true, place);
    match &pending.body {
        PostBody::Message(message) | PostBody::Note(message) => words(p, &message.text),
        PostBody::File(file) => {
            let name = p.model.file_name(&file.attachment);
            p.put(m!("<div class='bubble plainly'>"));
            file_row(p, name, None);
            p.end();
        }
        PostBody::Unknown => {}
    }
    let why = match pending.state {
        SendState::Failed(code) => {
            p.put(m!("<div class='meta bad'><svg i='warn'><span>", t!(not_sent), "</>"));
            refusal(code)
        }
        SendState::Stale => {
            p.put(m!("<div class='meta bad'><svg i='warn'>"));
            key::STALE
        }
        SendState::Stored => {
            return p.put(m!("<div class='meta'><span class='mark'><svg i='check'>", t!(sent), "</></></>"));
        }
        SendState::Sending => {
            return p.put(m!("<div class='meta'><span class='mark'><svg i='clock'>", t!(sending), "</></></>"));
        }
    };
    p.el(m!("<span>"), why);
    p.put(m!("<button type='button' class='link' data-a='retry:"));
    p.words(&id);
    p.put(m!("'>", t!(try_again), "</><button type='button' class='link' data-a='discard:"));
    p.words(&id);
    p.put(m!("'>", t!(discard), "</></></>"));
}

/// Somebody types.
pub(super) fn typing(p: &mut Page<'_>, name: Option<&str>) {
    p.put(m!(
        "<div k='typing' class='msg theirs'><div class='bubble dots' aria-hidden='true'><i></><i></><i></></>",
        "<div class='meta'>"
    ));
    match name {
        Some(name) => p.fill(key::TYPING, &[name]),
        None => p.put(key::TYPING_NOBODY),
    }
    p.put(m!("</></>"));
}
