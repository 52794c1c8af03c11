//! What stands under a thread that waits or is over.

use alloc::string::String;

use protocol::ids::ConversationId;
use protocol::state::{ConversationState, Estimate};

use super::parts::{self, icon};
use crate::page::Page;
use crate::state::Model;
use crate::texts::{Key, fill, key, number};

/// The place in the queue, while the conversation waits.
pub(super) fn waiting(p: &mut Page<'_>, id: ConversationId) {
    let model = p.model;
    let Some(line) = model.conversation(id) else { return };
    let offered = line.state == ConversationState::Offered;
    if !offered && line.state != ConversationState::Waiting {
        return;
    }
    let place = line.position.filter(|_| !offered).map_or(0, u64::from);
    p.put("<section k='wait' class='wait' role='status'><span class='place' aria-hidden='true'>");
    if place > 0 {
        p.number(place);
    } else {
        p.put("<span class='spinner'></>");
    }
    p.put("</><div class='grow'><b>");
    match place {
        0 if offered => p.t(key::OFFERED),
        0 => p.t(key::WAITING),
        1 => p.t(key::WAITING_NEXT),
        _ => p.say(&model.locale.count(key::WAITING_PLACE, "n", place)),
    }
    p.put("</><p class='dim'>");
    match &line.estimate {
        Some(estimate) if !offered => p.say(&estimate_words(model, estimate)),
        _ => p.t(key::WAITING_SOON),
    }
    p.end();
    p.el("<button type='button' class='link' data-a='offline'>", key::LEAVE_INSTEAD);
    p.put("</></>");
}

/// "Usually 4 to 9 minutes."
fn estimate_words(model: &Model, estimate: &Estimate) -> String {
    let from = u64::from(estimate.p50_s.div_ceil(60)).max(1);
    let to = u64::from(estimate.p90_s.div_ceil(60));
    if to <= 1 {
        return model.text(key::ESTIMATE_SHORT).into();
    }
    let text = fill(model.text(key::ESTIMATE), "from", &number(from.min(to - 1)));
    fill(&text, "to", &number(to))
}

const SCORES: [Key; 5] = [key::RATE_1, key::RATE_2, key::RATE_3, key::RATE_4, key::RATE_5];

/// Rating, and the way to a new conversation.
pub(super) fn closed(p: &mut Page<'_>, id: ConversationId) {
    let rated = p.model.conversation(id).is_some_and(|line| line.rating.is_some());
    p.put("<footer k='closed' class='closed'>");
    if p.model.rating.given || rated {
        p.el("<p class='dim' role='status'>", key::RATE_THANKS);
    } else {
        rating(p);
    }
    p.el("<button type='button' class='plain' data-a='chat'>", key::NEW_CONVERSATION);
    p.end();
}

fn rating(p: &mut Page<'_>) {
    let chosen = u64::from(p.model.rating.score);
    p.put("<form class='rating' data-a='rate'>");
    p.el("<b id='rate'>", key::RATE);
    p.put("<div class='stars' role='radiogroup' aria-labelledby='rate'>");
    let mut chosen_label = None;
    for (score, label) in (1..).zip(SCORES) {
        p.put("<button type='button' role='radio' data-a='score:");
        p.number(score);
        p.put(if score <= chosen { "' class='star on'" } else { "' class='star'" });
        if score == chosen {
            chosen_label = Some(label);
        }
        p.put(if score == chosen { " aria-checked='true'" } else { " aria-checked='false'" });
        p.attr(" aria-label", label);
        p.attr(" title", label);
        p.put(">");
        icon(p, parts::STAR);
        p.end();
    }
    p.end();
    if let Some(label) = chosen_label {
        p.el("<small class='dim'>", label);
        p.put("<textarea id='comment' rows='2' dir='auto' maxlength='1000' ");
        p.attr("placeholder", key::COMMENT);
        p.attr(" aria-label", key::COMMENT);
        p.put("></>");
        p.el("<button type='submit' class='main'>", key::RATE_SEND);
    }
    p.end();
}
