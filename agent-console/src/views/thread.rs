//! The conversation: its head, its log, what is being typed, and the reply.

use protocol::entry::AuthorKind;
use protocol::state::ConversationState;
use web_sys::{Event, HtmlElement};
use yew::{Html, TargetCast, html};

use super::icons::Icon;
use super::ui::{empty, on};
use super::{Link, bubble, clock, composer, header};
use crate::effects::Files;
use crate::model::msg::{Do, See};
use crate::model::rows::{Reader, Row, newest_own, rows};
use crate::model::{Desk, List, Model, Msg, Thread, lists};

/// As near to the end as this still counts as there, in pixels.
const END_PX: i32 = 48;

/// Draws the conversation.
pub(super) fn view(model: &Model, link: &Link, files: &Files) -> Html {
    let Some(desk) = &model.desk else {
        return Html::default();
    };
    let Some(id) = model.view.selected else {
        return html! { <main class="thread">{ nothing_open(model, link, desk) }</main> };
    };
    html! {
        <main class="thread" key={id.to_string()} aria-label={model.texts.get("thread.label").to_owned()}>
            { header::view(model, link, desk) }
            { log(model, link, desk) }
            { composer::view(model, link, files) }
        </main>
    }
}

fn nothing_open(model: &Model, link: &Link, desk: &Desk) -> Html {
    let texts = &model.texts;
    let waiting = lists::count(desk, List::Waiting, model.view.scope);
    let (key, action) = match model.presence() {
        protocol::state::Presence::Online => ("open", None),
        _ if desk.suspended => ("open", None),
        _ => ("away", Some(("nothing.go_online", Msg::Do(Do::SetPresence(protocol::state::Presence::Online))))),
    };
    html! {
        <div class="nothing">
            { empty(Icon::Chats, texts.get(&format!("nothing_title.{key}")), texts.get(&format!("nothing_text.{key}"))) }
            if let Some((label, msg)) = action {
                <button type="button" class="button primary" onclick={on(link, msg)}>{ texts.get(label) }</button>
            }
            if waiting > 0 {
                <button type="button" class="button" onclick={on(link, Msg::See(See::List(List::Waiting)))}>
                    { texts.count("nothing.waiting", waiting as u64) }
                </button>
            }
            <p class="muted small keys">{ texts.get("nothing.keys") }{ " " }<kbd>{ "?" }</kbd></p>
        </div>
    }
}

fn log(model: &Model, link: &Link, desk: &Desk) -> Html {
    let onscroll = link.reform(|event: Event| {
        let top = event.target_unchecked_into::<HtmlElement>().scroll_top();
        Msg::See(See::AtEnd(top > -END_PX))
    });
    let texts = &model.texts;
    let Some(thread) = model.selected_thread() else {
        return html! { <div class="scroll" id="scroll"></div> };
    };
    if let Some(code) = thread.failed {
        let text = texts.get(&format!("refused.{}", code.as_str())).to_owned();
        return html! { <div class="scroll" id="scroll">{ empty(Icon::Warning, texts.get("thread.failed"), &text) }</div> };
    }
    let loading = !thread.loaded && thread.timeline.items().is_empty();
    html! {
        <div class="scroll-place">
            <div class="scroll" id="scroll" tabindex="0" {onscroll}>
                <div class="log-end">
                    { typing(model, thread) }
                </div>
                if loading { { skeleton(model) } } else { { entries(model, link, desk, thread) } }
                <div class="log-start">{ start(model, link, thread) }</div>
            </div>
            if !model.view.at_end {
                <button type="button" class="to-end button small" onclick={on(link, Msg::See(See::ToEnd))}>{ texts.get("thread.to_end") }</button>
            }
        </div>
    }
}

fn skeleton(model: &Model) -> Html {
    html! {
        <div class="log" role="status" aria-label={model.texts.get("boot.loading").to_owned()}>
            { for [60, 35, 50].into_iter().map(|n| html! { <div class="bone-bubble" key={n}><span class="bone wide"></span><span class="bone"></span></div> }) }
        </div>
    }
}

fn entries(model: &Model, link: &Link, desk: &Desk, thread: &Thread) -> Html {
    let visitor_read_seq = model.selected_line().map_or(0, |line| line.visitor_read_seq);
    let reader = Reader { me: desk.me.0, visitor_read_seq, day: &clock::day, files: &model.files };
    let rows = rows(thread, &reader);
    let marked = newest_own(&rows);
    let draw = |(index, row): (usize, &Row)| match row {
        Row::Day(at) => {
            let name = clock::day_name(&model.texts, *at, model.server_now());
            html! { <li class="day" key={format!("d{}", clock::day(*at))}><span>{ name }</span></li> }
        }
        Row::Bubble(content) => bubble::view(model, link, content, marked == Some(index)),
        Row::Line(item) => bubble::line(model, desk, item),
    };
    let uploads = model.uploads.iter().filter(|upload| Some(upload.conversation) == model.view.selected);
    html! {
        <ol class="log" role="log" aria-live="polite" aria-label={model.texts.get("thread.log").to_owned()}>
            { for rows.iter().enumerate().map(draw) }
            { for uploads.map(|upload| bubble::upload(model, link, upload)) }
        </ol>
    }
}

fn start(model: &Model, link: &Link, thread: &Thread) -> Html {
    let texts = &model.texts;
    if thread.has_earlier() {
        return html! {
            <button type="button" class="button small" onclick={on(link, Msg::See(See::Earlier))}>{ texts.get("thread.earlier") }</button>
        };
    }
    let Some(line) = model.selected_line().filter(|line| line.state == ConversationState::Offline) else {
        return Html::default();
    };
    html! {
        <div class="left-message">
            <p>{ texts.get("thread.offline") }</p>
            if let Some(email) = &line.visitor_email {
                <p>{ texts.get("thread.offline_email") }{ " " }<a href={format!("mailto:{email}")}>{ email }</a></p>
            }
        </div>
    }
}

fn typing(model: &Model, thread: &Thread) -> Html {
    let texts = &model.texts;
    let one = |typist: &crate::model::thread::Typist| {
        let name = match typist.kind {
            AuthorKind::Visitor => header::name(model),
            _ => typist.name.clone().unwrap_or_else(|| texts.get("people.somebody").to_owned()),
        };
        html! {
            <div class="typist" key={typist.id.to_string()}>
                <span class="typing-dots" aria-hidden="true"><i></i><i></i><i></i></span>
                <span class="muted">{ texts.fill("thread.typing", &[("name", &name)]) }</span>
                if let Some(preview) = &typist.preview { <p class="typing-preview">{ preview }</p> }
            </div>
        }
    };
    html! { <>{ for thread.typists.iter().map(one) }</> }
}
