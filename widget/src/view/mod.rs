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

use crate::page::{Page, m};
use crate::state::{Model, Screen};
use crate::texts::{Key, key, t};

/// What is left to show when nothing else works any more.
pub const BROKEN: Key = m!(
    "<div class='centre'><p>",
    t!(error_other),
    "</><button type='button' class='plain' data-a='reload'>",
    t!(reload),
    "</></>"
);

/// The whole screen in the markup of [`crate::page`]; `now` in Unix milliseconds.
pub fn view(model: &Model, now: i64) -> String {
    let mut page = Page::new(model, now);
    let p = &mut page;
    match &model.screen {
        _ if is_unavailable(model) => home::unavailable(p),
        Screen::Home => home::home(p),
        Screen::History => home::history(p),
        Screen::PreChat | Screen::Offline(_) => form::form(p),
        Screen::Left => form::left(p),
        Screen::Thread(id) => thread::thread(p, id.as_ref()),
    }
    if model.ending {
        // Asks before ending a conversation.
        p.put(m!(
            "<div class='veil'><div class='sheet' role='alertdialog' aria-modal='true' aria-labelledby='ask'>",
            "<h2 id='ask'>",
            t!(end_question),
            "</><p class='dim'>",
            t!(end_hint),
            "</><div class='row'><button type='button' class='plain' id='keep' data-a='keep'>",
            t!(end_keep),
            "</><button type='button' class='danger' data-a='really-end'>",
            t!(end),
            "</></></></>"
        ));
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
    p.put(m!("<div class='banners' role='status'>"));
    if model.outdated {
        p.put(m!(
            "<div class='banner'>",
            t!(outdated),
            "</><button type='button' class='link' data-a='reload'>",
            t!(reload),
            "</>"
        ));
    }
    let connection = match model.status {
        Status::Waiting(_) => Some(key::RECONNECTING),
        Status::Connecting if model.state.is_some() => Some(key::RECONNECTING),
        Status::Connecting => Some(key::CONNECTING),
        _ => None,
    };
    if let Some(words) = connection {
        p.el(m!("<div class='banner busy'><span class='spinner'></>"), words);
    }
    if model.not_kept {
        p.put(m!("<div class='banner'>", t!(not_kept), "</>"));
    }
    if let Some(words) = &model.notice {
        p.put(m!("<div class='banner bad'><span class='grow'>"));
        p.words(words);
        p.put(m!(
            "</><button type='button' class='icon small' data-a='dismiss' aria-label='",
            t!(remove),
            "'><svg i='close'></></>"
        ));
    }
    p.end();
}
