//! What the screen should look like for a [`Model`]. Pure: the same model gives the same tree.

mod bubble;
mod composer;
mod footer;
mod form;
mod home;
mod parts;
mod thread;

use alloc::vec::Vec;

use client::Status;
use protocol::state::Availability;

use crate::node::{Node, el};
use crate::state::{Model, Screen};
use crate::texts::key;
use parts::{Icon, button, icon};

/// The whole screen; `now` in Unix milliseconds.
pub fn view(model: &Model, now: i64) -> Vec<Node> {
    let screen = match model.screen {
        _ if is_unavailable(model) => home::unavailable(model),
        Screen::Home => home::home(model, now),
        Screen::History => home::history(model, now),
        Screen::PreChat => form::prechat(model),
        Screen::Offline(_) => form::offline(model),
        Screen::Left => form::left(model),
        Screen::Thread(id) => thread::thread(model, id, now),
    };
    let mut out = alloc::vec![screen];
    out.extend(ending(model));
    out
}

/// Nothing can be done here: not even an open conversation to go on with.
fn is_unavailable(model: &Model) -> bool {
    model.availability() == Availability::Unavailable && model.current().is_none()
}

/// What is wrong right now, in one line under the header. Always there, so that it is read out when it
/// fills.
fn banner(model: &Model) -> Node {
    let line = el("div", "banners").attr("role", "status");
    if model.outdated {
        return line.child(
            el("div", "banner")
                .say(model.text(key::OUTDATED))
                .child(button("link", "reload").say(model.text(key::RELOAD))),
        );
    }
    let connection = match model.status {
        Status::Waiting(_) => Some(key::RECONNECTING),
        Status::Connecting if model.state.is_some() => Some(key::RECONNECTING),
        Status::Connecting => Some(key::CONNECTING),
        _ => None,
    };
    let connection = connection.map(|key| el("div", "banner busy").child(el("span", "spinner")).say(model.text(key)));
    let kept = model.not_kept.then(|| el("div", "banner").say(model.text(key::NOT_KEPT)));
    let notice = model.notice.as_deref().map(|text| {
        el("div", "banner bad")
            .say(text)
            .child(button("icon small", "dismiss").attr("aria-label", model.text(key::REMOVE)).child(icon(Icon::Close)))
    });
    line.maybe(connection).maybe(kept).maybe(notice)
}

/// Asks before ending a conversation.
fn ending(model: &Model) -> Option<Node> {
    if !model.ending {
        return None;
    }
    let sheet = el("div", "sheet")
        .attr("role", "alertdialog")
        .attr("aria-modal", "true")
        .attr("aria-labelledby", "ask")
        .child(el("h2", "").attr("id", "ask").say(model.text(key::END_QUESTION)))
        .child(el("p", "dim").say(model.text(key::END_HINT)))
        .child(
            el("div", "row")
                .child(button("plain", "keep").attr("id", "keep").say(model.text(key::END_KEEP)))
                .child(button("danger", "really-end").say(model.text(key::END))),
        );
    Some(el("div", "veil").child(sheet))
}
