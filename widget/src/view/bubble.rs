//! Messages, files and what the system notes, as lines of a thread.

use alloc::string::{String, ToString};

use protocol::command::PostBody;
use protocol::entry::{AuthorKind, ClosedBy, EntryBody, File, Item};
use protocol::ids::Cmid;
use protocol::timeline::{Pending, SendState};

use super::parts::{Icon, button, icon};
use crate::clock;
use crate::links::{Piece, pieces};
use crate::node::{Node, el, text};
use crate::state::{Model, PictureState, is_picture, refusal};
use crate::texts::{fill, key, number};

/// Where a message stands among its neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Follows a message of the same person closely.
    pub(super) joined: bool,
    /// The next message of the same person follows closely.
    pub(super) goes_on: bool,
}

fn class_of(mine: bool, place: Place) -> String {
    let mut class = String::from(if mine { "msg mine" } else { "msg theirs" });
    if place.joined {
        class.push_str(" joined");
    }
    if place.goes_on {
        class.push_str(" goes-on");
    }
    class
}

/// Plain text with its links. `dir=auto` isolates its direction from the rest.
fn words(body: &str) -> Node {
    let bubble = el("div", "bubble").attr("dir", "auto");
    bubble.all(
        pieces(body)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(words) => text(words),
                Piece::Link(address) => el("a", "")
                    .attr("href", address)
                    .attr("target", "_blank")
                    .attr("rel", "noopener noreferrer nofollow ugc")
                    .say(address),
            })
            .collect(),
    )
}

/// A size in the unit a person would use.
fn size_words(bytes: u64) -> String {
    let (value, unit) =
        if bytes < 1024 * 1024 { (bytes.div_ceil(1024), " KB") } else { (bytes.div_ceil(1024 * 1024), " MB") };
    let mut out = number(value);
    out.push_str(unit);
    out
}

fn save_action(file: &File) -> String {
    let mut action = String::from("save:");
    action.push_str(&file.attachment.to_string());
    action
}

fn file_row(model: &Model, name: &str, size: Option<u64>) -> Node {
    el("span", "file").child(el("span", "sign").child(icon(Icon::File))).child(
        el("span", "grow").child(el("b", "cut").attr("dir", "auto").say(name)).maybe(size.map(|size| {
            let mut words = size_words(size);
            words.push_str(" · ");
            words.push_str(model.text(key::DOWNLOAD));
            el("small", "").say(&words)
        })),
    )
}

fn file(model: &Model, file: &File) -> Node {
    let save = button("bubble plainly", &save_action(file));
    if !is_picture(&file.media_type) {
        return save.child(file_row(model, &file.name, Some(file.size)));
    }
    match model.picture(file.attachment) {
        Some(PictureState::Ready(url)) => {
            let mut alt = String::from(model.text(key::PICTURE));
            alt.push_str(": ");
            alt.push_str(&file.name);
            let mut picture = el("img", "").attr("src", url).attr("alt", &alt);
            if let (Some(width), Some(height)) = (file.width, file.height) {
                picture = picture.attr("width", &number(u64::from(width))).attr("height", &number(u64::from(height)));
            }
            save.attr("title", model.text(key::DOWNLOAD)).child(picture)
        }
        Some(PictureState::Gone) => el("div", "bubble dim").say(model.text(key::FILE_GONE)),
        _ => el("div", "bubble loading").child(el("span", "spinner")),
    }
}

/// A line of the log; `None` for what the visitor need not see.
pub(super) fn entry(model: &Model, item: &Item, place: Place, read: Option<bool>) -> Option<Node> {
    let body = item.body.as_ref()?;
    let content = match body {
        EntryBody::Message(message) => words(&message.text),
        EntryBody::File(it) => file(model, it),
        other => return note(model, item, other),
    };
    let author = item.author.as_ref()?;
    let mine = author.kind == AuthorKind::Visitor;
    let node = el("div", &class_of(mine, place)).key(&number(item.seq));
    let hidden = mine.then(|| el("span", "hidden").say(model.text(key::FROM_YOU)));
    let node = node.maybe(hidden).child(content);
    if place.goes_on && read.is_none() {
        return Some(node);
    }
    let mut meta = String::new();
    if !mine {
        meta.push_str(&model.agent_name(item));
        meta.push_str(" · ");
    }
    meta.push_str(&clock::time(item.at.unwrap_or(0), model.offset));
    let mark = read.map(|read| {
        let (picture, label) = if read { (Icon::Checks, key::READ) } else { (Icon::Check, key::SENT) };
        el("span", if read { "mark read" } else { "mark" }).child(icon(picture)).say(model.text(label))
    });
    Some(node.child(el("div", "meta").say(&meta).maybe(mark)))
}

/// What the system noted.
fn note(model: &Model, item: &Item, body: &EntryBody) -> Option<Node> {
    let locale = model.locale;
    let words = match body {
        EntryBody::Assigned(it) => locale.fill(key::JOINED, "name", &it.name),
        EntryBody::Transferred(it) => match &it.name {
            Some(name) => locale.fill(key::TRANSFERRED, "name", name),
            None => model.text(key::REQUEUED).to_string(),
        },
        EntryBody::Queued(it) if it.reason.is_some() => model.text(key::REQUEUED).to_string(),
        EntryBody::LeftOffline(_) => model.text(key::LEFT_OFFLINE).to_string(),
        EntryBody::Closed(it) => model
            .text(match it.by {
                ClosedBy::Visitor => key::CLOSED_VISITOR,
                ClosedBy::Agent => key::CLOSED_AGENT,
                ClosedBy::VisitorGone => key::CLOSED_GONE,
            })
            .to_string(),
        EntryBody::Reopened(_) => model.text(key::REOPENED).to_string(),
        EntryBody::Rated(it) => locale.count(key::RATED, "n", u64::from(it.score)),
        _ => return None,
    };
    let line = el("div", "note").key(&number(item.seq)).attr("dir", "auto");
    Some(line.child(el("span", "").say(&words)))
}

/// A message on its way.
pub(super) fn pending(model: &Model, pending: &Pending, place: Place) -> Node {
    let content = match &pending.body {
        PostBody::Message(message) | PostBody::Note(message) => words(&message.text),
        PostBody::File(file) => {
            let name = model.file_name(file.attachment);
            el("div", "bubble plainly").child(file_row(model, &name, None))
        }
        PostBody::Unknown => el("div", "bubble"),
    };
    let class = class_of(true, place);
    let node = el("div", &class).key(&pending.cmid.to_string()).child(content);
    match pending.state {
        SendState::Failed(code) => {
            let mut why = String::from(model.text(key::NOT_SENT));
            why.push_str(" · ");
            why.push_str(model.text(refusal(code)));
            node.attr("data-bad", "").child(failed(model, pending.cmid, &why))
        }
        SendState::Stale => node.child(failed(model, pending.cmid, model.text(key::STALE))),
        state => {
            let label = if state == SendState::Stored { key::SENT } else { key::SENDING };
            let picture = if state == SendState::Stored { Icon::Check } else { Icon::Clock };
            let mark = el("span", "mark").child(icon(picture)).say(model.text(label));
            node.child(el("div", "meta").child(mark))
        }
    }
}

fn failed(model: &Model, cmid: Cmid, why: &str) -> Node {
    let action = |name: &str| {
        let mut action = String::from(name);
        action.push_str(&cmid.to_string());
        action
    };
    el("div", "meta bad")
        .child(icon(Icon::Warn))
        .child(el("span", "").say(why))
        .child(button("link", &action("retry:")).say(model.text(key::TRY_AGAIN)))
        .child(button("link", &action("discard:")).say(model.text(key::DISCARD)))
}

/// Somebody types.
pub(super) fn typing(model: &Model, name: Option<&str>) -> Node {
    let words = match name {
        Some(name) => fill(model.text(key::TYPING), "name", name),
        None => model.text(key::TYPING_NOBODY).to_string(),
    };
    let dots = el("div", "bubble dots").child(el("i", "")).child(el("i", "")).child(el("i", ""));
    el("div", "msg theirs").key("typing").child(dots.attr("aria-hidden", "true")).child(el("div", "meta").say(&words))
}
