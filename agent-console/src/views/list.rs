//! The list of conversations.

use protocol::entry::AuthorKind;
use protocol::state::{ConversationState, Presence, Summary};
use web_sys::{HtmlInputElement, InputEvent};
use yew::{Html, TargetCast, classes, html};

use super::icons::{Icon, icon};
use super::ui::{avatar, empty, on};
use super::{Link, clock};
use crate::model::lists::{awaits_answer, lines, waits_since};
use crate::model::msg::{Do, See};
use crate::model::{Desk, List, Model, Msg, Sort};

/// A wait from here on is shown as long, and as too long, in milliseconds.
const LONG_MS: i64 = 2 * 60_000;
const TOO_LONG_MS: i64 = 5 * 60_000;

/// Draws the list.
pub(super) fn view(model: &Model, link: &Link) -> Html {
    let Some(desk) = &model.desk else {
        return Html::default();
    };
    let view = &model.view;
    let found = lines(desk, view.list, view.sort, &view.filter);
    let name = model.texts.get(&format!("list.{}", view.list.word())).to_owned();
    html! {
        <section class="list" aria-label={name.clone()}>
            <header class="list-head">
                <h1>{ name }</h1>
                { sort(model, link) }
            </header>
            { filter(model, link) }
            if found.is_empty() {
                { nothing(model) }
                { come_online(model, link) }
            } else {
                <ul class="rows">{ for found.iter().map(|line| row(model, link, desk, line)) }</ul>
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

fn nothing(model: &Model) -> Html {
    let texts = &model.texts;
    if !model.view.filter.is_empty() {
        return empty(Icon::Search, texts.get("empty.filter.title"), texts.get("empty.filter.text"));
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
                        <span class="site">{ &line.site_name }</span>
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

fn holder(model: &Model, desk: &Desk, line: &Summary) -> Html {
    let who = match line.state {
        ConversationState::Active | ConversationState::Closed => line.agent,
        ConversationState::Offered => line.offered_to,
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
    let key = if line.state == ConversationState::Offered { "list.offered_to" } else { "list.held_by" };
    html! { <span class="chip" title={model.texts.fill(key, &[("name", &name)])}>{ name.clone() }</span> }
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
