//! What the screen should look like for a [`Model`]. Pure: the same model gives the same markup.

mod bubble;
mod composer;
mod footer;
mod form;
mod home;
mod parts;
mod thread;

use alloc::string::String;

use client::Status;
use protocol::state::Availability;

use crate::page::Page;
use crate::state::{Model, Screen};
use crate::texts::key;
use parts::icon;

/// The whole screen in the markup of [`crate::page`]; `now` in Unix milliseconds.
pub fn view(model: &Model, now: i64) -> String {
    let mut page = Page::new(model, now);
    let p = &mut page;
    match model.screen {
        _ if is_unavailable(model) => home::unavailable(p),
        Screen::Home => home::home(p),
        Screen::History => home::history(p),
        Screen::PreChat => form::prechat(p),
        Screen::Offline(_) => form::offline(p),
        Screen::Left => form::left(p),
        Screen::Thread(id) => thread::thread(p, id),
    }
    if model.ending {
        ending(p);
    }
    page.out
}

/// Nothing can be done here: not even an open conversation to go on with.
fn is_unavailable(model: &Model) -> bool {
    model.availability() == Availability::Unavailable && model.current().is_none()
}

/// What is wrong right now, under the header. The element is always there, so that it is read out when it
/// fills.
fn banner(p: &mut Page<'_>) {
    let model = p.model;
    p.put("<div class='banners' role='status'>");
    if model.outdated {
        p.el("<div class='banner'>", key::OUTDATED);
        p.el("<button type='button' class='link' data-a='reload'>", key::RELOAD);
    }
    let connection = match model.status {
        Status::Waiting(_) => Some(key::RECONNECTING),
        Status::Connecting if model.state.is_some() => Some(key::RECONNECTING),
        Status::Connecting => Some(key::CONNECTING),
        _ => None,
    };
    if let Some(words) = connection {
        p.put("<div class='banner busy'><span class='spinner'></>");
        p.t(words);
        p.end();
    }
    if model.not_kept {
        p.el("<div class='banner'>", key::NOT_KEPT);
    }
    if let Some(text) = &model.notice {
        p.el_say("<div class='banner bad'><span class='grow'>", text);
        p.put("<button type='button' class='icon small' data-a='dismiss' ");
        p.attr("aria-label", key::REMOVE);
        p.put(">");
        icon(p, parts::CLOSE);
        p.put("</></>");
    }
    p.end();
}

/// Asks before ending a conversation.
fn ending(p: &mut Page<'_>) {
    p.put("<div class='veil'><div class='sheet' role='alertdialog' aria-modal='true' aria-labelledby='ask'>");
    p.el("<h2 id='ask'>", key::END_QUESTION);
    p.el("<p class='dim'>", key::END_HINT);
    p.el("<div class='row'><button type='button' class='plain' id='keep' data-a='keep'>", key::END_KEEP);
    p.el("<button type='button' class='danger' data-a='really-end'>", key::END);
    p.put("</></></>");
}
