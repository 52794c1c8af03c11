//! The list of conversations.

use protocol::entry::AuthorKind;
use protocol::state::{ConversationState, Presence, Summary};
use web_sys::{HtmlInputElement, InputEvent};
use yew::{Html, TargetCast, classes, html};

use super::icons::{Icon, icon};
use super::offers::origin;
use super::ui::{avatar, empty, marks, on};
use super::{Link, clock, header, scopes};
use crate::model::lists::{Group, Look, awaits_answer, count, groups, waits_since};
use crate::model::msg::{Do, See};
use crate::model::{Desk, List, Model, Msg, Scope, Sort};

/// A wait from here on is shown as long, and as too long, in milliseconds.
const LONG_MS: i64 = 2 * 60_000;
const TOO_LONG_MS: i64 = 5 * 60_000;

/// Draws the list.
pub(super) fn view(model: &Model, link: &Link) -> Html {
    let Some(desk) = &model.desk else {
        return Html::default();
    };
    let view = &model.view;
    let found = groups(desk, view.look());
    let name = model.texts.get(&format!("list.{}", view.list.word())).to_owned();
    html! {
        <section class="list" aria-label={name.clone()}>
            <header class="list-head">
                <h1>{ name }</h1>
                { sort(model, link) }
            </header>
            { scopes::view(model, link, desk) }
            { filter(model, link) }
            if found.is_empty() {
                { nothing(model, desk) }
                { elsewhere(model, link, desk) }
                { come_online(model, link) }
            } else {
                <ul class="rows">{ for found.iter().map(|group| queue(model, link, desk, group)) }</ul>
            }
        </section>
    }
}

fn sort(model: &Model, link: &Link) -> Html {
    if model.view.list == List::Waiting {
        return html! { <span class="muted small">{ model.texts.get("sort.queue") }</span> };
    }
    let (now, other) = match model.view.sort {
        Sort::Newest => ("sort.newest", Sort::Longest),
        Sort::Longest => ("sort.longest", Sort::Newest),
    };
    html! {
        <button type="button" class="quiet-button" title={model.texts.get("sort.label").to_owned()}
            onclick={on(link, Msg::See(See::Sort(other)))}>
            { icon(Icon::Sort) }<span>{ model.texts.get(now) }</span>
        </button>
    }
}

fn filter(model: &Model, link: &Link) -> Html {
    let oninput = link
        .reform(|event: InputEvent| Msg::See(See::Filter(event.target_unchecked_into::<HtmlInputElement>().value())));
    let label = model.texts.get("list.filter").to_owned();
    html! {
        <div class="filter">
            { icon(Icon::Search) }
            <input id="filter" type="search" autocomplete="off" placeholder={label.clone()} aria-label={label}
                value={model.view.filter.clone()} {oninput} />
            if model.view.filter.is_empty() { <kbd aria-hidden="true">{ "/" }</kbd> }
        </div>
    }
}

/// The lines of one department below its name, or all of them where nothing is told apart.
fn queue(model: &Model, link: &Link, desk: &Desk, group: &Group<'_>) -> Html {
    let rows = group.lines.iter().map(|line| row(model, link, desk, line));
    let Some(department) = group.department else {
        return rows.collect();
    };
    let (id, waiting) = (format!("queue-{}", department.id), group.lines.len() as u64);
    html! {
        <li key={id.clone()} class="queue">
            <h2 id={id.clone()}>{ &department.name }<span class="count">{ model.texts.count("list.in_queue", waiting) }</span></h2>
            <ul aria-labelledby={id}>{ for rows }</ul>
        </li>
    }
}

/// When the chosen departments have nothing, but others do.
fn elsewhere(model: &Model, link: &Link, desk: &Desk) -> Html {
    let there = count(desk, model.view.list, Scope::All) as u64;
    let all = Look { scope: Scope::All, ..model.view.look() };
    let hidden = model.view.list != List::Mine && desk.scope(model.view.scope) != Scope::All;
    if there == 0 || !hidden || groups(desk, all).is_empty() {
        return Html::default();
    }
    html! {
        <button type="button" class="button come-online" onclick={on(link, Msg::See(See::Scope(Scope::All)))}>
            { model.texts.count("scope.elsewhere", there) }
        </button>
    }
}

fn nothing(model: &Model, desk: &Desk) -> Html {
    let texts = &model.texts;
    if !model.view.filter.is_empty() {
        return empty(Icon::Search, texts.get("empty.filter.title"), texts.get("empty.filter.text"));
    }
    if model.view.list != List::Mine && desk.scope(model.view.scope) != Scope::All {
        let name = scopes::name(model, desk, model.view.scope);
        return empty(
            Icon::People,
            &texts.fill("empty.scope.title", &[("name", &name)]),
            texts.get("empty.scope.text"),
        );
    }
    let (picture, word) = match model.view.list {
        List::Mine => (Icon::Inbox, "mine"),
        List::Waiting => (Icon::Clock, "waiting"),
        List::Active => (Icon::Chats, "active"),
        List::Offline => (Icon::Envelope, "offline"),
        List::Closed => (Icon::Check, "closed"),
    };
    empty(picture, texts.get(&format!("empty.{word}")), texts.get(&format!("empty_text.{word}")))
}

/// On a narrow screen the pane that offers this is out of sight.
fn come_online(model: &Model, link: &Link) -> Html {
    let suspended = model.desk.as_ref().is_some_and(|desk| desk.suspended);
    if suspended || model.view.list != List::Mine || model.presence() == Presence::Online {
        return Html::default();
    }
    html! {
        <button type="button" class="button primary only-narrow come-online" onclick={on(link, Msg::Do(Do::SetPresence(Presence::Online)))}>
            { model.texts.get("nothing.go_online") }
        </button>
    }
}

fn row(model: &Model, link: &Link, desk: &Desk, line: &Summary) -> Html {
    let name = model.visitor_name(line);
    let selected = model.view.selected == Some(line.id);
    let unread = if desk.is_mine(line) || line.state == ConversationState::Offline { desk.unread(line) } else { 0 };
    let now = model.server_now();
    html! {
        <li key={line.id.to_string()} id={format!("row-{}", line.id)}>
            <button type="button" class={classes!("row", (unread > 0).then_some("unread"))} aria-current={selected.then_some("true")}
                onclick={on(link, Msg::Do(Do::Open(line.id)))}>
                { avatar(&name, line.visitor.0, Some(line.visitor_online)) }
                <span class="row-main">
                    <span class="row-top">
                        <span class="name">{ name }</span>
                        <time class="muted">{ clock::short(&model.texts, line.updated_at, now) }</time>
                    </span>
                    <span class="row-middle">
                        <span class="preview">{ preview(model, desk, line) }</span>
                        if unread > 0 {
                            <span class="badge" aria-label={model.texts.count("list.unread", u64::from(unread))}>{ unread }</span>
                        }
                    </span>
                    <span class="row-foot">
                        { place(model, desk, line) }
                        <span class="site">{ site(model, desk, line) }</span>
                        { marks(model, line, true) }
                        { holder(model, desk, line) }
                        { wait(model, line, now) }
                        if let Some(score) = line.rating { <span class="chip" title={model.texts.get("visitor.rating").to_owned()}>{ "★ " }{ score }</span> }
                    </span>
                </span>
            </button>
        </li>
    }
}

fn preview(model: &Model, desk: &Desk, line: &Summary) -> Html {
    let texts = &model.texts;
    let draft = model.drafts.get(&line.id).filter(|text| !text.trim().is_empty());
    if let Some(draft) = draft.filter(|_| model.view.selected != Some(line.id)) {
        return html! { <><em class="draft">{ texts.get("list.draft") }</em>{ " " }{ draft }</> };
    }
    let typing = model
        .threads
        .get(&line.id)
        .is_some_and(|thread| thread.typists.iter().any(|typist| typist.kind == AuthorKind::Visitor));
    if typing {
        return html! { <em class="typing">{ texts.get("list.typing") }</em> };
    }
    let Some(text) = &line.preview else {
        return html! { <span class="muted">{ texts.get("list.no_message") }</span> };
    };
    let own = line.last_author == Some(AuthorKind::Agent) && desk.is_mine(line);
    html! { <>if own { { texts.get("list.you") }{ " " } }{ text }</> }
}

/// Its number in the queue.
fn place(model: &Model, desk: &Desk, line: &Summary) -> Html {
    let Some(place) = line.position.map(|place| place.to_string()) else {
        return Html::default();
    };
    let title = match desk.department_of(line) {
        Some(department) => model.texts.fill("list.place_in", &[("n", &place), ("department", &department.name)]),
        None => model.texts.fill("standing.place", &[("n", &place)]),
    };
    html! { <span class="place" title={title}>{ model.texts.fill("list.place", &[("n", &place)]) }</span> }
}

/// The site, and the department where no heading says it.
fn site(model: &Model, desk: &Desk, line: &Summary) -> String {
    let apart = matches!(desk.scope(model.view.scope), Scope::One(_)) && model.view.list != List::Mine;
    if apart || model.view.list == List::Waiting { line.site_name.clone() } else { origin(model, line) }
}

fn holder(model: &Model, desk: &Desk, line: &Summary) -> Html {
    if line.state == ConversationState::Offered {
        let name = header::offered(model, desk, line);
        return html! { <span class="chip" title={model.texts.fill("list.offered_to", &[("name", &name)])}>{ name.clone() }</span> };
    }
    let who = match line.state {
        ConversationState::Active | ConversationState::Closed => line.agent,
        _ => None,
    };
    let name = match who {
        Some(agent) if agent == desk.me && line.state == ConversationState::Active => return Html::default(),
        Some(agent) if agent == desk.me => model.texts.get("list.me").to_owned(),
        Some(agent) => match desk.colleague(agent) {
            Some(one) => one.name.clone(),
            None => return Html::default(),
        },
        None => return Html::default(),
    };
    html! { <span class="chip" title={model.texts.fill("list.held_by", &[("name", &name)])}>{ name.clone() }</span> }
}

fn wait(model: &Model, line: &Summary, now: i64) -> Html {
    let Some(since) = waits_since(line) else {
        return Html::default();
    };
    let ms = now - since;
    let grade = match ms {
        TOO_LONG_MS.. => "too-long",
        LONG_MS.. => "long",
        _ => "short",
    };
    let key = if awaits_answer(line) { "list.awaits_answer" } else { "list.waits" };
    html! {
        <span class={classes!("chip", "wait", grade)} title={model.texts.get(key).to_owned()}>
            { icon(Icon::Clock) }{ model.texts.wait(ms) }
        </span>
    }
}
