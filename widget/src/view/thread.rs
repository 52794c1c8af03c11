//! A conversation.

use alloc::vec::Vec;

use protocol::entry::{AuthorKind, Item};
use protocol::ids::ConversationId;
use protocol::state::ConversationState;
use protocol::timeline::Timeline;

use super::bubble::{self, Place};
use super::parts::{Icon, availability_words, avatar, bar, button, close_button, dot, icon, icon_button, presence_dot};
use super::{banner, composer, footer};
use crate::clock;
use crate::node::{Node, el};
use crate::state::{Model, from_agent};
use crate::texts::{key, number};

/// Messages of one person closer than this stand together, in milliseconds.
const TOGETHER_MS: i64 = 5 * 60_000;

pub(super) fn thread(model: &Model, id: Option<ConversationId>, now: i64) -> Node {
    let closed = id.is_some_and(|id| !model.is_open(id));
    el("main", "page thread")
        .key("thread")
        .child(header(model, id))
        .child(banner(model))
        .child(log(model, id, now))
        .child(el("div", "over").maybe((!model.at_end).then(|| {
            button("pill", "to-end")
                .attr("aria-label", model.text(key::TO_END))
                .child(icon(Icon::Down))
                .maybe(has_news(model, id).then(|| el("span", "").say(model.text(key::NEW_MESSAGES))))
        })))
        .maybe(id.and_then(|id| footer::waiting(model, id)))
        .child(if closed { footer::closed(model, id) } else { composer::composer(model, id) })
        .maybe(model.dragging.then(|| el("div", "drop").child(icon(Icon::Clip)).say(model.text(key::DROP_HERE))))
}

fn has_news(model: &Model, id: Option<ConversationId>) -> bool {
    id.and_then(|id| model.conversation(id)).is_some_and(|line| model.unread(line) > 0)
}

fn header(model: &Model, id: Option<ConversationId>) -> Node {
    let line = id.and_then(|id| model.conversation(id));
    let agent = line.and_then(|line| line.agent.as_ref());
    let name = agent.map_or(model.config.site.name.as_str(), |agent| agent.name.as_str());
    let status = match (agent, line.map(|line| line.state)) {
        (Some(agent), Some(ConversationState::Active)) => {
            el("p", "dim").child(presence_dot(agent.presence)).say(&model.config.site.name)
        }
        (_, Some(ConversationState::Closed)) => el("p", "dim").say(model.text(key::STATE_CLOSED)),
        _ => {
            el("p", "dim").child(dot(model.availability())).say(model.text(availability_words(model.availability()).0))
        }
    };
    let can_end = matches!(
        line.map(|line| line.state),
        Some(ConversationState::Active | ConversationState::Waiting | ConversationState::Offered)
    );
    bar(
        model,
        el("div", "who grow")
            .child(avatar(name))
            .child(el("div", "grow").child(el("h1", "cut").say(name)).child(status)),
    )
    .maybe(can_end.then(|| icon_button(model, Icon::Exit, key::END, "end")))
    .maybe(close_button(model))
}

fn together(one: &Item, other: Option<&Item>) -> bool {
    other.is_some_and(|other| {
        let same = match (&one.author, &other.author) {
            (Some(one), Some(other)) => one.kind == other.kind && one.id == other.id,
            _ => false,
        };
        let (one_at, other_at) = (one.at.unwrap_or(0), other.at.unwrap_or(0));
        same && one.is_message() && other.is_message() && (one_at - other_at).abs() < TOGETHER_MS
    })
}

fn log(model: &Model, id: Option<ConversationId>, now: i64) -> Node {
    let empty = Timeline::default();
    let timeline = model.timeline().unwrap_or(&empty);
    let mut lines = entries(model, id, timeline, now);
    let count = timeline.pending().len();
    for (index, pending) in timeline.pending().iter().enumerate() {
        let place = Place { joined: index > 0, goes_on: index + 1 < count };
        lines.push(bubble::pending(model, pending, place));
    }
    let typist = model.typist.as_ref().filter(|typist| Some(typist.conversation) == id);
    lines.extend(typist.map(|typist| bubble::typing(model, typist.name.as_deref())));
    let started = !lines.is_empty();
    el("div", "log")
        .attr("id", "log")
        .attr("role", "log")
        .attr("aria-label", model.text(key::LOG))
        .attr("tabindex", "0")
        .maybe((!started).then(|| beginning(model, id)))
        .all(lines)
}

/// What stands in an empty thread.
fn beginning(model: &Model, id: Option<ConversationId>) -> Node {
    if id.is_some() {
        return el("div", "centre").child(el("span", "spinner big"));
    }
    let greeting = model.own_text(|texts| &texts.greeting);
    el("div", "centre")
        .child(avatar(&model.config.site.name))
        .child(el("h2", "").say(greeting.unwrap_or(model.text(key::GREETING))))
        .child(el("p", "dim").say(model.text(key::WRITE_FIRST)))
}

/// The stored entries with the days between them.
fn entries(model: &Model, id: Option<ConversationId>, timeline: &Timeline, now: i64) -> Vec<Node> {
    let items = timeline.items();
    let thread = id.and_then(|id| model.thread(id));
    let new_from = thread.and_then(|thread| thread.new_from);
    let agent_read = thread.map_or(0, |thread| thread.agent_read);
    let last_mine = items
        .iter()
        .rev()
        .find(|item| item.is_message() && item.author.as_ref().is_some_and(|it| it.kind == AuthorKind::Visitor));
    let last_mine = last_mine.map_or(0, |item| item.seq);
    let mut day = i64::MIN;
    let mut lines = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| items.get(index));
        let place = Place {
            joined: together(item, before) && new_from != Some(item.seq),
            goes_on: together(item, items.get(index + 1)),
        };
        let read = (item.seq == last_mine).then_some(agent_read >= item.seq);
        let Some(node) = bubble::entry(model, item, place, read) else {
            continue;
        };
        let day_of = clock::day(item.at.unwrap_or(0), model.offset);
        if day != day_of {
            day = day_of;
            let label = clock::day_label(day, clock::day(now, model.offset), model.locale);
            lines.push(el("div", "day").key(&number(day.unsigned_abs())).child(el("span", "").say(&label)));
        }
        if new_from == Some(item.seq) && from_agent(item) {
            lines.push(el("div", "new").key("new").child(el("span", "").say(model.text(key::NEW_MESSAGES))));
        }
        lines.push(node);
    }
    lines
}
