//! What stands under a thread that waits, was left or is over.

use protocol::site::FieldRule;
use protocol::state::{ConversationState, Estimate, VisitorConversation};

use super::form::{EMAIL, field};
use crate::page::{Page, m};
use crate::texts::{Key, key, number, t};

/// The place in the queue, while the conversation waits.
pub(super) fn waiting(p: &mut Page<'_>, line: &VisitorConversation) {
    let Some(offered) = waits(line) else {
        return;
    };
    let place = line.position.filter(|_| !offered).unwrap_or(0);
    p.put(m!("<section k='wait' class='wait'><span class='place' aria-hidden='true'>"));
    if place > 0 {
        p.number(u64::from(place));
    } else {
        p.put(m!("<span class='spinner'></>"));
    }
    p.put(m!("</><div class='grow'><b>"));
    place_words(p, place, offered);
    p.put(m!("</><p class='dim'>"));
    match &line.estimate {
        Some(estimate) if !offered => estimate_words(p, estimate),
        _ => p.put(key::WAITING_SOON),
    }
    p.end();
    if line.kept.is_some() {
        p.put(m!("<p class='dim'>", t!(keep_hint), "</>"));
    } else if p.model.keeping {
        let error = p.model.form.email_error.map(Key::text);
        p.put(m!("<form novalidate data-a='keep-place'><p class='dim'>", t!(keep_hint), "</>"));
        field(p, FieldRule::Required, EMAIL, error.as_deref());
        p.put(m!("<button type='submit' class='main'>", t!(keep_place), "</></>"));
    } else if line.can_keep.is_some() {
        p.put(m!("<button k='place' type='button' class='link' data-a='place'>", t!(keep_place), "</>"));
    }
    p.put(m!("<button k='offline' type='button' class='link' data-a='offline'>", t!(leave_instead), "</></></>"));
}

/// Asks for an address where there is none to answer to.
pub(super) fn left(p: &mut Page<'_>) {
    if p.model.lacks_address() {
        p.put(m!(
            "<section k='left' class='wait'><div class='grow'><p>",
            t!(left_ask),
            "</><button k='offline' type='button' class='link' data-a='offline'>",
            t!(leave_message),
            "</></></>"
        ));
    }
}

/// The same to be read out, apart from what is seen, which changes more often than anybody wants to hear. The element
/// is always there, so that it is read out when it fills.
pub(super) fn said(p: &mut Page<'_>, line: Option<&VisitorConversation>) {
    p.put(m!("<p k='said' class='hidden' role='status'>"));
    if let Some(offered) = line.and_then(waits) {
        place_words(p, p.model.said_place, offered);
    }
    p.end();
}

/// Whether a conversation that waits is offered to an agent; `None` when it does not wait.
fn waits(line: &VisitorConversation) -> Option<bool> {
    match line.state {
        ConversationState::Waiting => Some(false),
        ConversationState::Offered => Some(true),
        _ => None,
    }
}

fn place_words(p: &mut Page<'_>, place: u32, offered: bool) {
    match place {
        _ if offered => p.put(key::OFFERED),
        0 => p.put(key::WAITING),
        1 => p.put(key::WAITING_NEXT),
        _ => p.fill(key::WAITING_PLACE, &[&number(u64::from(place))]),
    }
}

/// "Usually 4 to 9 minutes."
fn estimate_words(p: &mut Page<'_>, estimate: &Estimate) {
    let to = estimate.p90_s.div_ceil(60);
    if to <= 1 {
        return p.put(key::ESTIMATE_SHORT);
    }
    let from = estimate.p50_s.div_ceil(60).max(1).min(to - 1);
    p.fill(key::ESTIMATE, &[&number(u64::from(from)), &number(u64::from(to))]);
}

/// Rating, and the way to a new conversation.
pub(super) fn closed(p: &mut Page<'_>, line: &VisitorConversation) {
    p.put(m!("<footer k='closed' class='closed'>"));
    if p.model.rating.given || line.rating.is_some() {
        p.put(m!("<p class='dim' role='status'>", t!(rate_thanks), "</>"));
    } else {
        rating(p);
    }
    p.put(m!("<button type='button' class='plain' data-a='chat'>", t!(new_conversation), "</></>"));
}

fn rating(p: &mut Page<'_>) {
    let chosen = p.model.rating.score;
    p.put(m!(
        "<form class='rating' data-a='rate'><b id='rate'>",
        t!(rate),
        "</><div class='stars' role='radiogroup' aria-labelledby='rate'>"
    ));
    let label = |score: u8| key::RATE_1.behind(u32::from(score) - 1);
    for score in 1..=5 {
        p.put(m!("<button type='button' role='radio' data-a='score:"));
        p.number(u64::from(score));
        p.put(if score <= chosen {
            m!("' class='star on' aria-checked='")
        } else {
            m!("' class='star' aria-checked='")
        });
        if score == chosen {
            p.put(m!("true"));
        } else {
            p.put(m!("false"));
        }
        p.put(m!("' aria-label='"));
        p.put(label(score));
        p.put(m!("' title='"));
        p.put(label(score));
        p.put(m!("'><svg i='star'></>"));
    }
    p.end();
    if chosen > 0 {
        p.el(m!("<small class='dim'>"), label(chosen));
        p.put(m!(
            "<textarea id='comment' rows='2' dir='auto' maxlength='1000' placeholder='",
            t!(comment),
            "' aria-label='",
            t!(comment),
            "'></><button type='submit' class='main'>",
            t!(rate_send),
            "</>"
        ));
    }
    p.end();
}
