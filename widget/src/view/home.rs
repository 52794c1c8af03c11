//! Greeting, the way in, and earlier conversations.

use alloc::string::ToString;

use protocol::state::{Availability, ConversationState, VisitorConversation};

use super::banner;
use super::parts::{Icon, availability_words, avatar, button, close_button, dot, icon, title_bar};
use crate::clock;
use crate::node::{Node, el};
use crate::state::Model;
use crate::texts::{Key, key};

/// Conversations shown before "all conversations".
const SHOWN: usize = 3;

pub(super) fn home(model: &Model, now: i64) -> Node {
    let greeting = model.own_text(|texts| &texts.greeting);
    let welcome = model.own_text(|texts| &texts.welcome);
    let hero = el("header", "hero")
        .child(
            el("div", "row")
                .child(avatar(&model.config.site.name))
                .child(el("span", "grow brand").say(&model.config.site.name))
                .maybe(close_button(model)),
        )
        .child(el("h1", "").say(greeting.unwrap_or(model.text(key::GREETING))))
        .child(el("p", "").say(welcome.unwrap_or(model.text(key::WELCOME))));
    let current = model.current();
    let earlier: alloc::vec::Vec<_> =
        model.conversations().iter().filter(|line| Some(line.id) != current.map(|current| current.id)).collect();
    let list = el("section", "card list")
        .child(el("h2", "").say(model.text(key::EARLIER)))
        .all(earlier.iter().take(SHOWN).map(|line| row(model, line, now)).collect())
        .maybe((earlier.len() > SHOWN).then(|| button("link more", "history").say(model.text(key::ALL_CONVERSATIONS))));
    el("main", "home").key("home").child(hero).child(banner(model)).child(
        el("div", "cards")
            .child(match current {
                Some(line) => el("section", "card list")
                    .child(el("h2", "").say(model.text(key::CONVERSATION_NOW)))
                    .child(row(model, line, now).attr("id", "main")),
                None => way_in(model),
            })
            .maybe((!earlier.is_empty()).then_some(list)),
    )
}

/// Whether somebody is there, and the button that follows from it.
fn way_in(model: &Model) -> Node {
    let availability = model.availability();
    let (title, hint) = availability_words(availability);
    let offline = availability == Availability::Offline;
    let own = model.own_text(|texts| &texts.offline).filter(|_| offline);
    let label = if offline { key::LEAVE_MESSAGE } else { key::START_CHAT };
    el("section", "card")
        .child(el("h2", "status").child(dot(availability)).say(model.text(title)))
        .child(el("p", "dim").say(own.unwrap_or(model.text(hint))))
        .child(button("main", "chat").attr("id", "main").say(model.text(label)).child(icon(Icon::Next)))
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
fn row(model: &Model, line: &VisitorConversation, now: i64) -> Node {
    let mut action = alloc::string::String::from("open:");
    action.push_str(&line.id.to_string());
    let unread = model.unread(line);
    let agent = line.agent.as_ref().map(|agent| agent.name.as_str());
    let name = agent.unwrap_or(&model.config.site.name);
    let preview = line.preview.as_deref().unwrap_or(model.text(key::CHAT));
    let when = clock::moment(line.updated_at, now, model.offset, model.locale);
    let badge = (unread > 0).then(|| {
        let key = if unread == 1 { key::UNREAD_ONE } else { key::UNREAD_OTHER };
        let words = model.locale.count(key, "n", u64::from(unread));
        el("span", "badge").attr("aria-label", &words).say(&crate::texts::number(u64::from(unread)))
    });
    button("line", &action).key(&action).child(avatar(name)).child(
        el("span", "grow")
            .child(el("span", "two").child(el("b", "cut").say(name)).child(el("small", "").say(&when)))
            .child(el("span", "two").child(el("span", "cut dim").say(preview)).child(badge.unwrap_or_else(|| {
                el("small", if line.state == ConversationState::Closed { "" } else { "chip" })
                    .say(model.text(state_words(line.state)))
            }))),
    )
}

pub(super) fn history(model: &Model, now: i64) -> Node {
    let lines = model.conversations();
    el("main", "page").key("history").child(title_bar(model, key::ALL_CONVERSATIONS)).child(banner(model)).child(
        el("div", "scroll list")
            .all(lines.iter().map(|line| row(model, line, now)).collect())
            .maybe(lines.is_empty().then(|| el("p", "empty").say(model.text(key::NO_CONVERSATIONS)))),
    )
}

/// The tenant is suspended.
pub(super) fn unavailable(model: &Model) -> Node {
    el("main", "page")
        .key("unavailable")
        .child(el("header", "bar").child(el("h1", "grow").say(&model.config.site.name)).maybe(close_button(model)))
        .child(
            el("div", "centre")
                .child(el("span", "sign").child(icon(Icon::Clock)))
                .child(el("h2", "").say(model.text(key::UNAVAILABLE)))
                .child(el("p", "dim").say(model.text(key::UNAVAILABLE_HINT))),
        )
}
