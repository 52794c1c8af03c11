//! Greeting, the way in, and earlier conversations.

use protocol::state::{Availability, ConversationState, VisitorConversation};

use super::banner;
use super::form::opens_then;
use super::parts::{availability_words, avatar, close_button, dot, title_bar};
use crate::clock;
use crate::page::{Page, m};
use crate::texts::{Key, key, number, t};

/// Conversations shown before "all conversations".
const SHOWN: usize = 3;

pub(super) fn home(p: &mut Page<'_>) {
    let model = p.model;
    p.put(m!("<main k='home' class='home' tabindex='-1'><header class='hero'><div class='row'>"));
    avatar(p, &model.config.site.name);
    p.el_say(m!("<span class='grow brand'>"), &model.config.site.name);
    close_button(p);
    p.put(m!("</><h1>"));
    p.own(model.own_text(|texts| &texts.greeting), key::GREETING);
    p.put(m!("</><p>"));
    p.own(model.own_text(|texts| &texts.welcome), key::WELCOME);
    p.put(m!("</></>"));
    banner(p);
    p.put(m!("<div class='cards'>"));
    let current = model.current();
    match current {
        Some(line) => {
            p.put(m!("<section class='card list'><h2>", t!(conversation_now), "</>"));
            row(p, line, true);
            p.end();
        }
        None => way_in(p),
    }
    let mut earlier = model.conversations().iter();
    if current.is_some() {
        earlier.next();
    }
    let count = earlier.len();
    if count > 0 {
        p.put(m!("<section k='earlier' class='card list'><h2>", t!(earlier), "</>"));
        for line in earlier.take(SHOWN) {
            row(p, line, false);
        }
        if count > SHOWN {
            p.put(m!("<button type='button' class='link more' data-a='history'>", t!(all_conversations), "</>"));
        }
        p.end();
    }
    p.put(m!("</></>"));
}

/// Whether somebody is there, and the button that follows from it.
fn way_in(p: &mut Page<'_>) {
    let standing = p.model.standing();
    let availability = standing.0;
    let (title, hint) = availability_words(availability);
    let offline = availability == Availability::Offline;
    p.put(m!("<section class='card'><h2 class='status'>"));
    dot(p, availability);
    p.put(title);
    p.put(m!("</><p class='dim'>"));
    p.own(p.model.own_text(|texts| &texts.offline).filter(|_| offline), hint);
    opens_then(p, standing);
    p.put(m!("</><button type='button' class='main' id='main' data-a='chat'>"));
    p.put(if offline { key::LEAVE_MESSAGE } else { key::START_CHAT });
    p.put(m!("<svg i='next'></></>"));
}

fn state_words(state: ConversationState) -> Key {
    match state {
        ConversationState::Waiting | ConversationState::Offered => key::STATE_WAITING,
        ConversationState::Active => key::STATE_ACTIVE,
        ConversationState::Closed => key::STATE_CLOSED,
        ConversationState::Offline => key::STATE_OFFLINE,
    }
}

/// One conversation in a list.
fn row(p: &mut Page<'_>, line: &VisitorConversation, current: bool) {
    let model = p.model;
    let id = line.id.text();
    p.put(m!("<button k='"));
    p.say(&id);
    p.put(m!("' type='button' class='line' data-a='open:"));
    p.say(&id);
    p.put(if current { m!("' id='main'>") } else { m!("'>") });
    let agent = line.agent.as_ref().map(|agent| agent.name.as_str());
    let name = agent.unwrap_or(&model.config.site.name);
    avatar(p, name);
    p.el_say(m!("<span class='grow'><span class='two'><b class='cut'>"), name);
    p.put(m!("<small>"));
    p.words(&clock::moment(line.updated_at, p.now, model.offset));
    p.put(m!("</></><span class='two'><span class='cut dim'>"));
    p.own(line.preview.as_deref(), key::CHAT);
    p.end();
    let unread = u64::from(model.unread(line));
    if unread > 0 {
        p.put(m!("<span class='badge' aria-label='"));
        match unread {
            1 => p.put(key::UNREAD_ONE),
            _ => p.fill(key::UNREAD_OTHER, &[&number(unread)]),
        }
        p.put(m!("'>"));
        p.number(unread);
        p.end();
    } else {
        let closed = line.state == ConversationState::Closed;
        p.el(if closed { m!("<small>") } else { m!("<small class='chip'>") }, state_words(line.state));
    }
    p.put(m!("</></></>"));
}

pub(super) fn history(p: &mut Page<'_>) {
    let lines = p.model.conversations();
    p.put(m!("<main k='history' class='page' tabindex='-1'>"));
    title_bar(p, key::ALL_CONVERSATIONS);
    banner(p);
    p.put(m!("<div class='scroll list'>"));
    for line in lines {
        row(p, line, false);
    }
    if lines.is_empty() {
        p.put(m!("<p class='empty'>", t!(no_conversations), "</>"));
    }
    p.put(m!("</></>"));
}

/// The tenant is suspended.
pub(super) fn unavailable(p: &mut Page<'_>) {
    p.put(m!("<main k='unavailable' class='page' tabindex='-1'><header class='bar'>"));
    p.el_say(m!("<h1 class='grow'>"), &p.model.config.site.name);
    close_button(p);
    p.put(m!(
        "</><div class='centre'><span class='sign'><svg i='clock'></><h2>",
        t!(unavailable),
        "</><p class='dim'>",
        t!(unavailable_hint),
        "</></></>"
    ));
}
