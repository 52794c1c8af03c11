//! Messages, files and what the system notes, as lines of a thread.

use alloc::string::String;

use protocol::command::PostBody;
use protocol::entry::{AuthorKind, ClosedBy, EntryBody, File, Item};
use protocol::timeline::{Pending, SendState};

use super::parts::{self, icon};
use crate::clock;
use crate::links::{Piece, pieces};
use crate::page::Page;
use crate::state::{PictureState, is_picture, refusal};
use crate::texts::{Key, key};

/// Where a message stands among its neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Follows a message of the same person closely.
    pub(super) joined: bool,
    /// The next message of the same person follows closely.
    pub(super) goes_on: bool,
}

fn open_message(p: &mut Page<'_>, key: &str, mine: bool, place: Place) {
    p.put("<div k='");
    p.say(key);
    p.put(if mine { "' class='msg mine" } else { "' class='msg theirs" });
    p.put(if place.joined { " joined'>" } else { "'>" });
    if mine {
        p.el("<span class='hidden'>", key::FROM_YOU);
    }
}

/// Plain text with its links. `dir=auto` isolates its direction from the rest.
fn words(p: &mut Page<'_>, body: &str) {
    p.put("<div class='bubble' dir='auto'>");
    for piece in pieces(body) {
        match piece {
            Piece::Text(text) => p.say(text),
            Piece::Link(address) => {
                p.put("<a target='_blank' rel='noopener noreferrer nofollow ugc' href='");
                p.say(address);
                p.el_say("'>", address);
            }
        }
    }
    p.end();
}

/// A size in the unit a person would use.
fn size_words(p: &mut Page<'_>, bytes: u64) {
    let (shift, unit) = if bytes < 1 << 20 { (10, " KB") } else { (20, " MB") };
    p.number((bytes + (1 << shift) - 1) >> shift);
    p.put(unit);
}

fn file_row(p: &mut Page<'_>, name: &str, size: Option<u64>) {
    p.put("<span class='file'><span class='sign'>");
    icon(p, parts::FILE);
    p.el_say("</><span class='grow'><b class='cut' dir='auto'>", name);
    if let Some(size) = size {
        p.put("<small>");
        size_words(p, size);
        p.put(" · ");
        p.t(key::DOWNLOAD);
        p.end();
    }
    p.put("</></>");
}

fn file(p: &mut Page<'_>, file: &File) {
    let picture = is_picture(&file.media_type);
    let state = p.model.picture(file.attachment);
    match state {
        Some(PictureState::Gone) => return p.el("<div class='bubble dim'>", key::FILE_GONE),
        None | Some(PictureState::Loading) if picture => {
            return p.put("<div class='bubble loading'><span class='spinner'></></>");
        }
        _ => {}
    }
    p.put("<button type='button' class='bubble plainly' data-a='save:");
    p.say(&file.attachment.text());
    p.attr("' title", key::DOWNLOAD);
    p.put(">");
    if let Some(PictureState::Ready(url)) = state {
        p.put("<img src='");
        p.say(url);
        p.attr("' alt", key::PICTURE);
        if let (Some(width), Some(height)) = (file.width, file.height) {
            p.put(" width='");
            p.number(u64::from(width));
            p.put("' height='");
            p.number(u64::from(height));
            p.put("'");
        }
        p.put("></>");
    } else {
        file_row(p, &file.name, Some(file.size));
    }
    p.end();
}

fn mark(p: &mut Page<'_>, open: &'static str, picture: &'static str, label: Key) {
    p.put(open);
    icon(p, picture);
    p.t(label);
    p.end();
}

/// What is said to the reader, and nothing of what need not be seen. `read`: this is the visitor's newest.
pub(super) fn entry(p: &mut Page<'_>, item: &Item, place: Place, read: Option<bool>) {
    let mine = item.author.as_ref().is_some_and(|author| author.kind == AuthorKind::Visitor);
    match &item.body {
        Some(EntryBody::Message(message)) => {
            open_message(p, &crate::texts::number(item.seq), mine, place);
            words(p, &message.text);
        }
        Some(EntryBody::File(it)) => {
            open_message(p, &crate::texts::number(item.seq), mine, place);
            file(p, it);
        }
        Some(other) => return note(p, item, other),
        None => return,
    }
    if !place.goes_on || read.is_some() {
        p.put("<div class='meta'><span>");
        if !mine {
            let name = item.author.as_ref().and_then(|author| author.name.as_deref());
            p.say(name.unwrap_or(p.model.text(key::TEAM)));
            p.put(" · ");
        }
        p.say(&clock::time(item.at.unwrap_or(0), p.model.offset));
        p.end();
        match read {
            Some(true) => mark(p, "<span class='mark read'>", parts::CHECKS, key::READ),
            Some(false) => mark(p, "<span class='mark'>", parts::CHECK, key::SENT),
            None => {}
        }
        p.end();
    }
    p.end();
}

/// What the system noted.
pub(super) fn note_words(p: &Page<'_>, body: &EntryBody) -> Option<String> {
    let locale = p.model.locale;
    let words = match body {
        EntryBody::Assigned(it) => return Some(locale.fill(key::JOINED, "name", &it.name)),
        EntryBody::Transferred(it) => match &it.name {
            Some(name) => return Some(locale.fill(key::TRANSFERRED, "name", name)),
            None => key::REQUEUED,
        },
        EntryBody::Rated(it) => return Some(locale.count(key::RATED, "n", u64::from(it.score))),
        EntryBody::Queued(it) if it.reason.is_some() => key::REQUEUED,
        EntryBody::LeftOffline(_) => key::LEFT_OFFLINE,
        EntryBody::Closed(it) => match it.by {
            ClosedBy::Visitor => key::CLOSED_VISITOR,
            ClosedBy::Agent => key::CLOSED_AGENT,
            ClosedBy::VisitorGone => key::CLOSED_GONE,
        },
        EntryBody::Reopened(_) => key::REOPENED,
        _ => return None,
    };
    Some(String::from(locale.text(words)))
}

fn note(p: &mut Page<'_>, item: &Item, body: &EntryBody) {
    if let Some(words) = note_words(p, body) {
        p.put("<div k='");
        p.number(item.seq);
        p.el_say("' class='note' dir='auto'><span>", &words);
        p.end();
    }
}

/// A message on its way.
pub(super) fn pending(p: &mut Page<'_>, pending: &Pending, place: Place) {
    let id = pending.cmid.text();
    open_message(p, &id, true, place);
    match &pending.body {
        PostBody::Message(message) | PostBody::Note(message) => words(p, &message.text),
        PostBody::File(file) => {
            let name = p.model.file_name(file.attachment);
            p.put("<div class='bubble plainly'>");
            file_row(p, &name, None);
            p.end();
        }
        PostBody::Unknown => {}
    }
    match pending.state {
        SendState::Failed(code) => {
            p.put("<div class='meta bad'>");
            icon(p, parts::WARN);
            p.el("<span>", key::NOT_SENT);
            p.el("<span>", refusal(code));
            again(p, &id);
        }
        SendState::Stale => {
            p.put("<div class='meta bad'>");
            icon(p, parts::WARN);
            p.el("<span>", key::STALE);
            again(p, &id);
        }
        SendState::Stored => {
            p.put("<div class='meta'>");
            mark(p, "<span class='mark'>", parts::CHECK, key::SENT);
        }
        SendState::Sending => {
            p.put("<div class='meta'>");
            mark(p, "<span class='mark'>", parts::CLOCK, key::SENDING);
        }
    }
    p.put("</></>");
}

fn again(p: &mut Page<'_>, id: &str) {
    p.put("<button type='button' class='link' data-a='retry:");
    p.say(id);
    p.el("'>", key::TRY_AGAIN);
    p.put("<button type='button' class='link' data-a='discard:");
    p.say(id);
    p.el("'>", key::DISCARD);
}

/// Somebody types.
pub(super) fn typing(p: &mut Page<'_>, name: Option<&str>) {
    p.put("<div k='typing' class='msg theirs'><div class='bubble dots' aria-hidden='true'><i></><i></><i></></>");
    let locale = p.model.locale;
    let words = name.map(|name| locale.fill(key::TYPING, "name", name));
    p.el_say("<div class='meta'>", words.as_deref().unwrap_or(locale.text(key::TYPING_NOBODY)));
    p.end();
}
