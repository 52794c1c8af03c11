//! The head of a conversation: who, where it stands, what can be done with it.

use protocol::ids::AgentId;
use protocol::state::{ConversationState, Summary};
use yew::{Html, html};

use super::Link;
use super::icons::{Icon, icon};
use super::offers::origin;
use super::ui::{avatar, icon_button, marks, on};
use crate::model::msg::{Do, See};
use crate::model::{Desk, List, Model, Msg};

/// Draws the head.
pub(super) fn view(model: &Model, link: &Link, desk: &Desk) -> Html {
    let texts = &model.texts;
    let visitor = model.selected_visitor();
    let online = model.selected_line().map(|line| line.visitor_online);
    let name = name(model);
    let hidden = model.view.column_hidden;
    html! {
        <header class="thread-head">
            <span class="only-narrow">{ icon_button(link, Icon::Back, texts.get("thread.back"), Msg::See(See::Back)) }</span>
            if let Some(visitor) = visitor { { avatar(&name, visitor.0, online) } }
            <div class="thread-who">
                <h1><span class="name">{ &name }</span>if let Some(line) = model.selected_line() { { marks(model, line, false) } }</h1>
                <p class="muted">{ standing(model, desk) }</p>
            </div>
            <div class="thread-acts">
                { acts(model, link, desk) }
                <span class="only-wide">
                    <button type="button" class="icon-button" aria-pressed={(!hidden).to_string()} title={texts.get("thread.visitor").to_owned()}
                        aria-label={texts.get("thread.visitor").to_owned()} onclick={on(link, Msg::See(See::Column(hidden)))}>
                        { icon(Icon::Person) }
                    </button>
                </span>
                <span class="not-wide">{ icon_button(link, Icon::Person, texts.get("thread.visitor"), Msg::See(See::Visitor)) }</span>
            </div>
        </header>
    }
}

/// What to call the visitor of the shown conversation.
pub(super) fn name(model: &Model) -> String {
    if let Some(line) = model.selected_line() {
        return model.visitor_name(line);
    }
    let given = model.profile().and_then(|profile| profile.name.clone().or_else(|| profile.email.clone()));
    given.or_else(|| model.selected_visitor().map(|id| model.nameless(id))).unwrap_or_default()
}

fn acts(model: &Model, link: &Link, desk: &Desk) -> Html {
    let Some(line) = model.selected_line() else {
        return Html::default();
    };
    let mine = desk.is_mine(line) && !desk.suspended;
    let give = if List::Active.holds(desk, line) { "thread.transfer" } else { "thread.assign" };
    let busy = model.view.selected.is_some_and(|id| model.busy.contains(&id));
    let button = |picture, key: &str, act: Do| {
        let text = model.texts.get(key).to_owned();
        html! {
            <button type="button" class="button small" disabled={busy} title={text.clone()} onclick={on(link, Msg::Do(act))}>
                { icon(picture) }<span class="label">{ text }</span>
            </button>
        }
    };
    html! {
        <>
            if desk.may_transfer(line) { { button(Icon::Swap, give, Do::AskTransfer) } }
            if mine { { button(Icon::Check, "thread.close", Do::AskClose) } }
        </>
    }
}

/// Where the conversation stands, in one line.
fn standing(model: &Model, desk: &Desk) -> String {
    let texts = &model.texts;
    let Some(line) = model.selected_line() else {
        let state = model.selected_state().map_or("closed", ConversationState::as_str);
        return texts.get(&format!("state.{state}")).to_owned();
    };
    let state = match line.state {
        ConversationState::Active if desk.is_mine(line) => texts.get("standing.mine").to_owned(),
        ConversationState::Active => texts.fill("standing.with", &[("name", &holder(model, desk, line.agent))]),
        ConversationState::Waiting => waiting(model, line),
        ConversationState::Offered => texts.fill("standing.offered", &[("name", &offered(model, desk, line))]),
        ConversationState::Closed => texts.get("state.closed").to_owned(),
        ConversationState::Offline => texts.get("state.offline").to_owned(),
    };
    format!("{state} · {}", origin(model, line))
}

fn waiting(model: &Model, line: &Summary) -> String {
    match line.position {
        Some(place) => model.texts.fill("standing.place", &[("n", &place.to_string())]),
        None => model.texts.get("state.waiting").to_owned(),
    }
}

/// What to call an agent.
fn holder(model: &Model, desk: &Desk, agent: Option<AgentId>) -> String {
    match agent {
        Some(id) if id == desk.me => model.texts.get("list.me").to_owned(),
        id => id
            .and_then(|id| desk.colleague(id))
            .map_or_else(|| model.texts.get("people.somebody").to_owned(), |one| one.name.clone()),
    }
}

/// Whom a conversation is offered to, this agent before all.
pub(super) fn offered(model: &Model, desk: &Desk, line: &Summary) -> String {
    let to = desk.offered(line);
    let first = to.iter().find(|agent| **agent == desk.me).or(to.first()).copied();
    let name = holder(model, desk, first);
    match to.len().saturating_sub(1) {
        0 => name,
        others => model.texts.count_fill("list.and_others", others as u64, &[("name", &name)]),
    }
}
