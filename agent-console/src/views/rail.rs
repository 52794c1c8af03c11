//! The outer column: tenant, availability, lists, colleagues, the agent.

use protocol::state::Presence;
use yew::{Html, classes, html};

use super::icons::{Icon, icon};
use super::ui::{avatar, colleague_key, on, presence_key};
use super::{Link, menu, state, team};
use crate::model::lists::{count, unread};
use crate::model::msg::See;
use crate::model::{Desk, List, Model, Msg};

/// Draws the column.
pub(super) fn view(model: &Model, link: &Link) -> Html {
    let Some(desk) = &model.desk else {
        return Html::default();
    };
    html! {
        <aside class="rail" aria-label={model.texts.get("rail.label").to_owned()}>
            <div class="brand">
                <span class="logo" aria-hidden="true"></span>
                <span class="brand-name">{ &desk.tenant_name }</span>
            </div>
            { state::view(model, link, desk) }
            <nav class="lists" aria-label={model.texts.get("rail.lists").to_owned()}>
                { for List::ALL.into_iter().map(|list| tab(model, link, desk, list)) }
            </nav>
            { team::view(model, link, desk) }
            { menu::view(model, link, desk) }
        </aside>
    }
}

fn picture(list: List) -> Icon {
    match list {
        List::Mine => Icon::Inbox,
        List::Waiting => Icon::Clock,
        List::Active => Icon::Chats,
        List::Offline => Icon::Envelope,
        List::Closed => Icon::Check,
    }
}

fn tab(model: &Model, link: &Link, desk: &Desk, list: List) -> Html {
    let texts = &model.texts;
    let name = texts.get(&format!("list.{}", list.word())).to_owned();
    let current = model.view.list == list;
    let scope = model.view.scope;
    let (count, unread) = (count(desk, list, scope), unread(desk, list, scope));
    let urgent = list == List::Waiting && count > 0;
    html! {
        <button type="button" key={list.word()} class="tab" aria-current={current.then_some("page")} title={name.clone()}
            onclick={on(link, Msg::See(See::List(list)))}>
            { icon(picture(list)) }
            <span class="label">{ name }</span>
            if unread > 0 {
                <span class="badge" aria-label={texts.count("list.unread", u64::from(unread))}>{ unread }</span>
            } else if count > 0 && list != List::Closed {
                <span class={classes!("count", urgent.then_some("urgent"))}>{ count }</span>
            }
        </button>
    }
}

/// The agent's own picture for the foot of the column.
pub(super) fn myself(model: &Model, desk: &Desk) -> Html {
    let name = desk.myself().map_or("", |me| me.name.as_str());
    let presence = model.presence();
    let key = model.own_state().as_ref().map_or(presence_key(presence), colleague_key);
    html! {
        <>
            { avatar(name, desk.me.0, Some(presence == Presence::Online)) }
            <span class="who">
                <span class="name">{ name }</span>
                <span class="muted">{ model.texts.get(key) }</span>
            </span>
        </>
    }
}
