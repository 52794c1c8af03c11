//! The outer column: tenant, availability, lists, colleagues, the agent.

use protocol::state::{Colleague, Presence};
use yew::{Html, classes, html};

use super::icons::{Icon, icon};
use super::ui::{avatar, colleague_key, on, presence_dot, presence_key};
use super::{Link, menu};
use crate::model::lists::{count, unread};
use crate::model::msg::{Do, See};
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
            { availability(model, link) }
            <nav class="lists" aria-label={model.texts.get("rail.lists").to_owned()}>
                { for List::ALL.into_iter().map(|list| tab(model, link, desk, list)) }
            </nav>
            { team(model, desk) }
            { menu::view(model, link, desk) }
        </aside>
    }
}

fn availability(model: &Model, link: &Link) -> Html {
    let now = model.presence();
    let disabled = model.desk.as_ref().is_some_and(|desk| desk.suspended);
    let option = |presence: Presence| {
        let text = model.texts.get(presence_key(presence)).to_owned();
        html! {
            <button type="button" key={presence.as_str()} aria-pressed={(now == presence).to_string()} title={text.clone()}
                disabled={disabled} onclick={on(link, Msg::Do(Do::SetPresence(presence)))}>
                <span class={classes!("dot", presence.as_str())} aria-hidden="true"></span>
                <span class="label">{ text }</span>
            </button>
        }
    };
    html! {
        <div class="segments availability" role="group" aria-label={model.texts.get("presence.label").to_owned()}>
            { for [Presence::Online, Presence::Away, Presence::Offline].into_iter().map(option) }
        </div>
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
    let (count, unread) = (count(desk, list), unread(desk, list));
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

fn team(model: &Model, desk: &Desk) -> Html {
    let mut others: Vec<&Colleague> = desk.colleagues.iter().filter(|one| one.id != desk.me).collect();
    others.sort_by_key(|one| (rank(one.presence), one.name.to_lowercase(), one.id));
    let row = |one: &&Colleague| {
        let load = format!("{}/{}", one.load, one.capacity);
        let title = model.texts.count("people.load", u64::from(one.load));
        html! {
            <li key={one.id.to_string()}>
                { presence_dot(model, one) }
                <span class="name">{ &one.name }</span>
                if one.presence != Presence::Offline { <span class="count" title={title}>{ load }</span> }
            </li>
        }
    };
    html! {
        <section class="team">
            <h2>{ model.texts.get("team.title") }</h2>
            if others.is_empty() {
                <p class="muted">{ model.texts.get("team.empty") }</p>
            } else {
                <ul>{ for others.iter().map(row) }</ul>
            }
        </section>
    }
}

/// Who is there stands first.
pub(super) fn rank(presence: Presence) -> u8 {
    match presence {
        Presence::Online => 0,
        Presence::Away => 1,
        Presence::Unknown => 2,
        Presence::Offline => 3,
    }
}

/// The agent's own picture for the foot of the column.
pub(super) fn myself(model: &Model, desk: &Desk) -> Html {
    let name = desk.myself().map_or("", |me| me.name.as_str());
    let presence = model.presence();
    let key = desk.myself().filter(|me| me.presence == presence).map_or(presence_key(presence), colleague_key);
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
