//! What stands under a thread that waits or is over.

use protocol::ids::ConversationId;
use protocol::state::{ConversationState, Estimate};

use super::parts::{Icon, button, icon};
use crate::node::{Node, el};
use crate::state::Model;
use crate::texts::{Key, fill, key, number};

/// The place in the queue; `None` when the conversation does not wait.
pub(super) fn waiting(model: &Model, id: ConversationId) -> Option<Node> {
    let line = model.conversation(id)?;
    let offered = line.state == ConversationState::Offered;
    if !offered && line.state != ConversationState::Waiting {
        return None;
    }
    let place = line.position.filter(|_| !offered);
    let title = match place {
        _ if offered => model.text(key::OFFERED).into(),
        Some(1) => model.text(key::WAITING_NEXT).into(),
        Some(place) => model.locale.count(key::WAITING_PLACE, "n", u64::from(place)),
        None => model.text(key::WAITING).into(),
    };
    let hint = match &line.estimate {
        Some(estimate) if !offered => estimate_words(model, estimate),
        _ => model.text(key::WAITING_SOON).into(),
    };
    let sign = match place {
        Some(place) => el("span", "place").say(&number(u64::from(place))),
        None => el("span", "place").child(el("span", "spinner")),
    };
    Some(
        el("section", "wait").attr("role", "status").child(sign.attr("aria-hidden", "true")).child(
            el("div", "grow")
                .child(el("b", "").say(&title))
                .child(el("p", "dim").say(&hint))
                .child(button("link", "offline").say(model.text(key::LEAVE_INSTEAD))),
        ),
    )
}

/// "Usually 4 to 9 minutes."
fn estimate_words(model: &Model, estimate: &Estimate) -> alloc::string::String {
    let from = u64::from(estimate.p50_s.div_ceil(60)).max(1);
    let to = u64::from(estimate.p90_s.div_ceil(60));
    if to <= 1 {
        return model.text(key::ESTIMATE_SHORT).into();
    }
    let from = if from >= to { to - 1 } else { from };
    let text = fill(model.text(key::ESTIMATE), "from", &number(from));
    fill(&text, "to", &number(to))
}

const SCORES: [Key; 5] = [key::RATE_1, key::RATE_2, key::RATE_3, key::RATE_4, key::RATE_5];

/// Rating, and the way to a new conversation.
pub(super) fn closed(model: &Model, id: Option<ConversationId>) -> Node {
    let rated = id.and_then(|id| model.conversation(id)).and_then(|line| line.rating);
    el("footer", "closed")
        .child(if model.rating.given || rated.is_some() {
            el("p", "dim").attr("role", "status").say(model.text(key::RATE_THANKS))
        } else {
            rating(model)
        })
        .child(button("plain", "chat").say(model.text(key::NEW_CONVERSATION)))
}

fn rating(model: &Model) -> Node {
    let chosen = model.rating.score;
    let stars = SCORES
        .iter()
        .enumerate()
        .map(|(index, label)| {
            let score = index as u8 + 1;
            let mut action = alloc::string::String::from("score:");
            action.push_str(&number(u64::from(score)));
            button(if score <= chosen { "star on" } else { "star" }, &action)
                .attr("role", "radio")
                .attr("aria-checked", if score == chosen { "true" } else { "false" })
                .attr("aria-label", model.text(*label))
                .attr("title", model.text(*label))
                .child(icon(Icon::Star))
        })
        .collect();
    let chosen_label = usize::from(chosen).checked_sub(1).and_then(|at| SCORES.get(at));
    el("form", "rating")
        .act("rate")
        .child(el("b", "").attr("id", "rate").say(model.text(key::RATE)))
        .child(el("div", "stars").attr("role", "radiogroup").attr("aria-labelledby", "rate").all(stars))
        .maybe(chosen_label.map(|label| el("small", "dim").say(model.text(*label))))
        .maybe((chosen > 0).then(|| {
            el("textarea", "")
                .attr("id", "comment")
                .attr("rows", "2")
                .attr("dir", "auto")
                .attr("maxlength", "1000")
                .attr("placeholder", model.text(key::COMMENT))
                .attr("aria-label", model.text(key::COMMENT))
        }))
        .maybe((chosen > 0).then(|| el("button", "main").attr("type", "submit").say(model.text(key::RATE_SEND))))
}
