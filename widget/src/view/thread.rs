//! A conversation.

use protocol::entry::{AuthorKind, Item};
use protocol::ids::ConversationId;
use protocol::state::{ConversationState, VisitorConversation};
use protocol::timeline::Timeline;

use super::bubble::{self, Place};
use super::parts::{availability_words, avatar, close_button, dot, open_bar, presence_dot};
use super::{banner, composer, footer};
use crate::clock;
use crate::page::{Page, m};
use crate::texts::{key, t};

/// Messages of one person closer than this stand together, in milliseconds.
const TOGETHER_MS: i64 = 5 * 60_000;

pub(super) fn thread(p: &mut Page<'_>, id: Option<&ConversationId>) {
    let model = p.model;
    let line = id.and_then(|id| model.conversation(id));
    p.put(m!("<main k='thread' class='page thread' tabindex='-1'>"));
    header(p, line);
    banner(p);
    log(p, id);
    footer::said(p, line);
    p.put(m!("<div class='over'>"));
    if !model.at_end {
        p.put(m!("<button type='button' class='pill' data-a='to-end' aria-label='", t!(to_end), "'><svg i='down'>"));
        if line.is_some_and(|line| model.unread(line) > 0) {
            p.put(m!("<span>", t!(new_messages), "</>"));
        }
        p.end();
    }
    p.end();
    match line {
        Some(line) if line.state == ConversationState::Closed => footer::closed(p, line),
        _ => {
            if let Some(line) = line {
                footer::waiting(p, line);
                footer::left(p);
            }
            composer::composer(p, id);
        }
    }
    p.put(m!("<div k='drop' class='drop'><svg i='clip'>", t!(drop_here), "</></>"));
}

fn header(p: &mut Page<'_>, line: Option<&VisitorConversation>) {
    let model = p.model;
    let agent = line.and_then(|line| line.agent.as_ref());
    let state = line.map(|line| line.state);
    let name = agent.map_or(model.config.site.name.as_str(), |agent| agent.name.as_str());
    open_bar(p);
    p.put(m!("<div class='who grow'>"));
    avatar(p, name);
    p.el_say(m!("<div class='grow'><h1 class='cut'>"), name);
    p.put(m!("<p class='dim cut'>"));
    match (agent, state) {
        (Some(agent), Some(ConversationState::Active)) => {
            presence_dot(p, agent.presence);
            p.say(&model.config.site.name);
        }
        (_, Some(ConversationState::Closed)) => p.put(key::STATE_CLOSED),
        _ => {
            dot(p, model.availability());
            p.put(availability_words(model.availability()).0);
        }
    }
    p.put(m!("</></></>"));
    if matches!(state, Some(ConversationState::Active | ConversationState::Waiting | ConversationState::Offered)) {
        p.put(m!(
            "<button k='end' type='button' class='icon' data-a='end' aria-label='",
            t!(end),
            "' title='",
            t!(end),
            "'><svg i='exit'></>"
        ));
    }
    close_button(p);
    p.end();
}

fn together(one: &Item, other: Option<&Item>) -> bool {
    let (Some(other), Some(author)) = (other, &one.author) else {
        return false;
    };
    let same = other.author.as_ref().is_some_and(|it| it.kind == author.kind && it.id == author.id);
    let apart = one.at.unwrap_or(0) - other.at.unwrap_or(0);
    same && one.is_message() && other.is_message() && apart.abs() < TOGETHER_MS
}

fn log(p: &mut Page<'_>, id: Option<&ConversationId>) {
    let model = p.model;
    p.put(m!("<div id='log' class='log' role='log' tabindex='0' aria-label='", t!(log), "'>"));
    let before = p.out.len();
    if let Some(timeline) = model.timeline() {
        entries(p, id, timeline);
        let pending = timeline.pending();
        for (index, it) in pending.iter().enumerate() {
            let place = Place { joined: index > 0, goes_on: index + 1 < pending.len() };
            bubble::pending(p, it, place);
        }
    }
    if let Some(typist) = &model.typist
        && id == Some(&typist.conversation)
    {
        bubble::typing(p, typist.name.as_deref());
    }
    if p.out.len() == before {
        beginning(p, id);
    }
    p.end();
}

/// What stands in an empty thread.
fn beginning(p: &mut Page<'_>, id: Option<&ConversationId>) {
    p.put(m!("<div k='empty' class='centre'>"));
    if id.is_some() {
        p.put(m!("<span class='spinner big'></>"));
    } else {
        avatar(p, &p.model.config.site.name);
        p.put(m!("<h2>"));
        p.own(p.model.own_text(|texts| &texts.greeting), key::GREETING);
        p.put(m!("</><p class='dim'>", t!(write_first), "</>"));
    }
    p.end();
}

/// The stored entries with the days between them.
fn entries(p: &mut Page<'_>, id: Option<&ConversationId>, timeline: &Timeline) {
    let model = p.model;
    let items = timeline.items();
    let thread = id.and_then(|id| model.thread(id));
    let new_from = thread.and_then(|thread| thread.new_from);
    let agent_read = thread.map_or(0, |thread| thread.agent_read);
    let is_mine =
        |item: &&Item| item.is_message() && item.author.as_ref().is_some_and(|it| it.kind == AuthorKind::Visitor);
    let last_mine = items.iter().rev().find(is_mine).map_or(0, |item| item.seq);
    let mut day = i64::MIN;
    let mut before = None;
    let mut rest = items.iter();
    while let Some(item) = rest.next() {
        let last = before.replace(item);
        let shown =
            item.is_message() || item.body.as_ref().is_some_and(|body| bubble::note_words(model, body).is_some());
        if !shown {
            continue;
        }
        let place = Place {
            joined: together(item, last) && new_from != Some(item.seq),
            goes_on: together(item, rest.as_slice().first()),
        };
        let day_of = clock::day(item.at.unwrap_or(0), model.offset);
        if day != day_of {
            day = day_of;
            p.put(m!("<div k='day"));
            p.number(day.unsigned_abs());
            p.put(m!("' class='day'><span>"));
            p.words(&clock::day_label(day, clock::day(p.now, model.offset)));
            p.put(m!("</></>"));
        }
        if new_from == Some(item.seq) {
            p.put(m!("<div k='new' class='new'><span>", t!(new_messages), "</></>"));
        }
        let read = (item.seq == last_mine).then_some(agent_read >= item.seq);
        bubble::entry(p, item, place, read);
    }
}
