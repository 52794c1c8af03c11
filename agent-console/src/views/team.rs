//! Colleagues: the list, what one of them does, and sending what one holds back to the queue.

use protocol::ids::AgentId;
use protocol::state::{Colleague, Presence, Summary};
use yew::{Html, html};

use super::dialogs::{buttons, modal};
use super::icons::{Icon, icon};
use super::ui::{avatar, colleague_key, joined, meter, on, presence_dot};
use super::{Link, clock};
use crate::model::msg::{Do, See};
use crate::model::{Desk, Model, Msg};

/// Draws the colleagues in the outer column.
pub(super) fn view(model: &Model, link: &Link, desk: &Desk) -> Html {
    html! {
        <section class="team">
            <h2>{ model.texts.get("team.title") }</h2>
            { list(model, link, desk) }
        </section>
    }
}

/// Draws the same as a dialog, where the column has no room.
pub(super) fn dialog(model: &Model, link: &Link) -> Html {
    let list = model.desk.as_ref().map(|desk| list(model, link, desk)).unwrap_or_default();
    modal(model, link, "team.title", html! { <div class="team in-dialog" tabindex="-1">{ list }</div> })
}

fn list(model: &Model, link: &Link, desk: &Desk) -> Html {
    let others = desk.others();
    if others.is_empty() {
        return html! { <p class="muted">{ model.texts.get("team.empty") }</p> };
    }
    let row = |one: &&Colleague| {
        html! {
            <li key={one.id.to_string()}>
                <button type="button" class="mate" title={state(model, one)} onclick={on(link, Msg::See(See::Colleague(one.id)))}>
                    { presence_dot(model, one) }
                    <span class="name">{ &one.name }</span>
                    if one.pause.is_some() && one.presence == Presence::Away { { icon(Icon::Pause) } }
                    if one.presence != Presence::Offline {
                        { meter(one.load, one.capacity) }
                        <span class="count" title={model.texts.count("people.load", u64::from(one.load))}>{ load(one) }</span>
                    }
                </button>
            </li>
        }
    };
    html! { <ul>{ for others.iter().map(row) }</ul> }
}

/// Conversations held and the capacity, as `2/6`.
pub(super) fn load(one: &Colleague) -> String {
    format!("{}/{}", one.load, one.capacity)
}

/// What a colleague is doing, and since when.
pub(super) fn state(model: &Model, one: &Colleague) -> String {
    let state = model.texts.get(colleague_key(one));
    let since = one.since.filter(|_| matches!(one.presence, Presence::Online | Presence::Away));
    match since.map(|at| clock::short(&model.texts, at, model.server_now())) {
        Some(time) => format!("{state} · {}", model.texts.fill("own.since", &[("time", &time)])),
        None => state.to_owned(),
    }
}

/// Draws what a colleague does.
pub(super) fn colleague(model: &Model, link: &Link, id: AgentId) -> Html {
    let Some((desk, one)) = known(model, id) else {
        return Html::default();
    };
    let texts = &model.texts;
    let held = desk.held_by(id);
    let values = [("load", one.load.to_string()), ("capacity", one.capacity.to_string())];
    let load = texts.fill("own.load", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
    let body = html! {
        <>
            <div class="visitor-who">
                { avatar(&one.name, id.0, Some(one.presence == Presence::Online)) }
                <div>
                    <p class="name">{ &one.name }</p>
                    <p class="muted small">{ state(model, one) }</p>
                </div>
            </div>
            <dl class="facts in-dialog">
                <div class="fact"><dt>{ texts.get("team.load") }</dt><dd class="with-meter">{ meter(one.load, one.capacity) }{ load }</dd></div>
                if desk.has_departments() { { departments(model, desk, one) } }
            </dl>
            <h3 class="dialog-section">{ texts.get("team.holds") }</h3>
            if held.is_empty() {
                <p class="muted small">{ texts.get("team.holds_none") }</p>
            } else {
                <ul class="held">{ for held.iter().map(|line| conversation(model, link, line)) }</ul>
            }
            { release(model, link, desk, id) }
        </>
    };
    modal(model, link, "team.colleague", body)
}

fn departments(model: &Model, desk: &Desk, one: &Colleague) -> Html {
    let names = joined(model, &desk.departments_of(one));
    let names = if names.is_empty() { model.texts.get("team.no_department").to_owned() } else { names };
    html! { <div class="fact"><dt>{ model.texts.get("team.departments") }</dt><dd>{ names }</dd></div> }
}

fn conversation(model: &Model, link: &Link, line: &Summary) -> Html {
    let name = model.visitor_name(line);
    html! {
        <li key={line.id.to_string()}>
            <button type="button" class="earlier" onclick={on(link, Msg::Do(Do::Open(line.id)))}>
                <span class="row-top">
                    <span class="name">{ name }</span>
                    <time class="muted small">{ clock::short(&model.texts, line.updated_at, model.server_now()) }</time>
                </span>
                <span class="preview">{ line.preview.clone().unwrap_or_else(|| model.texts.get("list.no_message").to_owned()) }</span>
            </button>
        </li>
    }
}

fn release(model: &Model, link: &Link, desk: &Desk, id: AgentId) -> Html {
    if !desk.may_release(id) {
        return Html::default();
    }
    html! {
        <footer class="dialog-foot">
            <button type="button" class="button" onclick={on(link, Msg::Do(Do::AskRelease(id)))}>{ icon(Icon::Swap) }{ model.texts.get("team.release") }</button>
        </footer>
    }
}

/// Draws the question before everything a colleague holds goes back to the queue.
pub(super) fn release_question(model: &Model, link: &Link, id: AgentId) -> Html {
    let Some((desk, one)) = known(model, id) else {
        return Html::default();
    };
    let held = desk.held_by(id).len();
    let text = model.texts.count_fill("release.text", held as u64, &[("name", &one.name)]);
    let body = html! {
        <>
            <p class="dialog-text">{ text }</p>
            { buttons(model, link, "release.confirm", Do::Release, held == 0) }
        </>
    };
    modal(model, link, "release.title", body)
}

fn known(model: &Model, id: AgentId) -> Option<(&Desk, &Colleague)> {
    let desk = model.desk.as_ref()?;
    Some((desk, desk.colleague(id)?))
}
