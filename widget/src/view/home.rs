//! Greeting, the way in, and earlier conversations.

use protocol::state::{Availability, ConversationState, VisitorConversation};

use super::banner;
use super::parts::{self, availability_words, avatar, close_button, dot, icon, title_bar};
use crate::clock;
use crate::page::Page;
use crate::texts::{Key, key};

/// Conversations shown before "all conversations".
const SHOWN: usize = 3;

pub(super) fn home(p: &mut Page<'_>) {
    let model = p.model;
    p.put("<main k='home' class='home' tabindex='-1'><header class='hero'><div class='row'>");
    avatar(p, &model.config.site.name);
    p.el_say("<span class='grow brand'>", &model.config.site.name);
    close_button(p);
    p.end();
    let greeting = model.own_text(|texts| &texts.greeting);
    p.el_say("<h1>", greeting.unwrap_or(model.text(key::GREETING)));
    let welcome = model.own_text(|texts| &texts.welcome);
    p.el_say("<p>", welcome.unwrap_or(model.text(key::WELCOME)));
    p.end();
    banner(p);
    p.put("<div class='cards'>");
    let current = model.current();
    match current {
        Some(line) => {
            p.el("<section class='card list'><h2>", key::CONVERSATION_NOW);
            row(p, line, true);
            p.end();
        }
        None => way_in(p),
    }
    let skip = usize::from(current.is_some());
    let earlier = model.conversations().get(skip..).unwrap_or(&[]);
    if !earlier.is_empty() {
        p.el("<section k='earlier' class='card list'><h2>", key::EARLIER);
        for line in earlier.iter().take(SHOWN) {
            row(p, line, false);
        }
        if earlier.len() > SHOWN {
            p.el("<button type='button' class='link more' data-a='history'>", key::ALL_CONVERSATIONS);
        }
        p.end();
    }
    p.put("</></>");
}

/// Whether somebody is there, and the button that follows from it.
fn way_in(p: &mut Page<'_>) {
    let availability = p.model.availability();
    let (title, hint) = availability_words(availability);
    let offline = availability == Availability::Offline;
    p.put("<section class='card'><h2 class='status'>");
    dot(p, availability);
    p.t(title);
    p.end();
    let own = p.model.own_text(|texts| &texts.offline).filter(|_| offline);
    p.el_say("<p class='dim'>", own.unwrap_or(p.model.text(hint)));
    p.put("<button type='button' class='main' id='main' data-a='chat'>");
    p.t(if offline { key::LEAVE_MESSAGE } else { key::START_CHAT });
    icon(p, parts::NEXT);
    p.put("</></>");
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
    p.put("<button k='");
    p.say(&id);
    p.put("' type='button' class='line' data-a='open:");
    p.say(&id);
    p.put(if current { "' id='main'>" } else { "'>" });
    let agent = line.agent.as_ref().map(|agent| agent.name.as_str());
    let name = agent.unwrap_or(&model.config.site.name);
    avatar(p, name);
    p.el_say("<span class='grow'><span class='two'><b class='cut'>", name);
    let when = clock::moment(line.updated_at, p.now, model.offset, model.locale);
    p.el_say("<small>", &when);
    let preview = line.preview.as_deref().unwrap_or(model.text(key::CHAT));
    p.el_say("</><span class='two'><span class='cut dim'>", preview);
    let unread = u64::from(model.unread(line));
    if unread > 0 {
        let key = if unread == 1 { key::UNREAD_ONE } else { key::UNREAD_OTHER };
        p.put("<span class='badge' aria-label='");
        p.say(&model.locale.count(key, "n", unread));
        p.put("'>");
        p.number(unread);
        p.end();
    } else if line.state == ConversationState::Closed {
        p.el("<small>", state_words(line.state));
    } else {
        p.el("<small class='chip'>", state_words(line.state));
    }
    p.put("</></></>");
}

pub(super) fn history(p: &mut Page<'_>) {
    let lines = p.model.conversations();
    p.put("<main k='history' class='page' tabindex='-1'>");
    title_bar(p, key::ALL_CONVERSATIONS);
    banner(p);
    p.put("<div class='scroll list'>");
    for line in lines {
        row(p, line, false);
    }
    if lines.is_empty() {
        p.el("<p class='empty'>", key::NO_CONVERSATIONS);
    }
    p.put("</></>");
}

/// The tenant is suspended.
pub(super) fn unavailable(p: &mut Page<'_>) {
    p.put("<main k='unavailable' class='page' tabindex='-1'><header class='bar'>");
    p.el_say("<h1 class='grow'>", &p.model.config.site.name);
    close_button(p);
    p.put("</><div class='centre'><span class='sign'>");
    icon(p, parts::CLOCK);
    p.end();
    p.el("<h2>", key::UNAVAILABLE);
    p.el("<p class='dim'>", key::UNAVAILABLE_HINT);
    p.put("</></>");
}
