//! Rows of a conversation.

use protocol::entry::{AuthorKind, ClosedBy, EntryBody, File, Item, QueuedReason};
use protocol::timeline::SendState;
use yew::{Html, classes, html};

use super::icons::{Icon, icon};
use super::ui::{avatar, on};
use super::{Link, clock, header};
use crate::model::msg::Write;
use crate::model::rows::{Bubble, Content, Key, SentMark};
use crate::model::{Desk, Model, Msg, Upload};

/// Draws what somebody wrote; `marked`: the newest own message, which shows whether it was read.
pub(super) fn view(model: &Model, link: &Link, bubble: &Bubble, marked: bool) -> Html {
    let key = match bubble.key {
        Key::Send(cmid) => cmid.to_string(),
        Key::Seq(seq) => seq.to_string(),
    };
    let note = matches!(bubble.content, Content::Note(_));
    let side = if bubble.own { "own" } else { "other" };
    let failed = matches!(bubble.mark, Some(SentMark::Unsent(SendState::Failed(_) | SendState::Stale)));
    let class =
        classes!("entry", side, note.then_some("note"), bubble.first.then_some("first"), failed.then_some("failed"));
    html! {
        <li {key} class={class}>
            if !bubble.own { { portrait(model, bubble) } }
            <div class="entry-main">
                if bubble.first { { byline(model, bubble, note) } }
                <div class="bubble" title={clock::full(&model.texts, bubble.at)}>{ content(model, &bubble.content) }</div>
                { mark(model, link, bubble, marked) }
            </div>
        </li>
    }
}

fn author_name(model: &Model, bubble: &Bubble) -> String {
    let Some(author) = &bubble.author else {
        return String::new();
    };
    match author.kind {
        AuthorKind::Visitor => author.name.clone().unwrap_or_else(|| header::name(model)),
        _ => author.name.clone().unwrap_or_else(|| model.texts.get("people.somebody").to_owned()),
    }
}

fn portrait(model: &Model, bubble: &Bubble) -> Html {
    let id = bubble.author.as_ref().and_then(|author| author.id).unwrap_or_default();
    html! {
        <span class="portrait">
            if bubble.first { { avatar(&author_name(model, bubble), id, None) } }
        </span>
    }
}

fn byline(model: &Model, bubble: &Bubble, note: bool) -> Html {
    html! {
        <div class="byline">
            if note { <span class="note-mark">{ icon(Icon::Note) }{ model.texts.get("entry.note") }</span> }
            if !bubble.own { <span class="name">{ author_name(model, bubble) }</span> }
            <time>{ clock::time(&model.texts, bubble.at) }</time>
        </div>
    }
}

fn content(model: &Model, content: &Content) -> Html {
    match content {
        Content::Text(text) | Content::Note(text) => html! { <p class="text" dir="auto">{ text }</p> },
        Content::File(file) => stored_file(model, file),
        Content::Attached(_) => {
            html! { <span class="file">{ icon(Icon::File) }<span>{ model.texts.get("entry.file") }</span></span> }
        }
    }
}

fn stored_file(model: &Model, file: &File) -> Html {
    let tenant = model.tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
    let url = format!("/v1/files/{}?tenant={tenant}", file.attachment);
    if file.media_type.starts_with("image/") {
        return html! {
            <a class="picture" href={url.clone()} download={file.name.clone()}>
                <img src={url} alt={file.name.clone()} width={file.width.map(|n| n.to_string())} height={file.height.map(|n| n.to_string())} loading="lazy" />
            </a>
        };
    }
    html! {
        <a class="file" href={url} download={file.name.clone()}>
            { icon(Icon::File) }
            <span><span class="name">{ &file.name }</span><span class="muted">{ model.texts.size(file.size) }</span></span>
        </a>
    }
}

fn mark(model: &Model, link: &Link, bubble: &Bubble, marked: bool) -> Html {
    let texts = &model.texts;
    let word = match (bubble.mark, bubble.key) {
        (Some(SentMark::Unsent(SendState::Sending | SendState::Stored)), _) => "mark.sending",
        (Some(SentMark::Sent), _) if marked => "mark.sent",
        (Some(SentMark::Read), _) if marked => "mark.read",
        (Some(SentMark::Unsent(SendState::Failed(code))), Key::Send(cmid)) => {
            let why = texts.get(&format!("refused.{}", code.as_str())).to_owned();
            return again(model, link, &why, [Write::Retry(cmid), Write::Discard(cmid)]);
        }
        (Some(SentMark::Unsent(SendState::Stale)), Key::Send(cmid)) => {
            return again(model, link, texts.get("mark.stale"), [Write::Retry(cmid), Write::Discard(cmid)]);
        }
        _ => return Html::default(),
    };
    html! { <p class="mark">{ texts.get(word) }</p> }
}

fn again(model: &Model, link: &Link, why: &str, acts: [Write; 2]) -> Html {
    let [retry, discard] = acts;
    html! {
        <p class="mark bad">
            <span>{ why }</span>
            <button type="button" class="text-button" onclick={on(link, Msg::Write(retry))}>{ model.texts.get("mark.retry") }</button>
            <button type="button" class="text-button" onclick={on(link, Msg::Write(discard))}>{ model.texts.get("mark.discard") }</button>
        </p>
    }
}

/// Draws a file on its way.
pub(super) fn upload(model: &Model, link: &Link, upload: &Upload) -> Html {
    let cmid = upload.cmid;
    html! {
        <li key={cmid.to_string()} class={classes!("entry", "own", "first", upload.broken.then_some("failed"))}>
            <div class="entry-main">
                <div class="bubble">
                    <span class="file">
                        { icon(Icon::File) }
                        <span><span class="name">{ &upload.name }</span><span class="muted">{ model.texts.size(upload.size) }</span></span>
                    </span>
                </div>
                if upload.broken {
                    { again(model, link, model.texts.get("mark.upload_broken"), [Write::RetryUpload(cmid), Write::DropUpload(cmid)]) }
                } else {
                    <p class="mark">{ model.texts.get("mark.uploading") }</p>
                }
            </div>
        </li>
    }
}

/// Draws what the system noted.
pub(super) fn line(model: &Model, desk: &Desk, item: &Item) -> Html {
    let time = item.at.map(|at| clock::time(&model.texts, at)).unwrap_or_default();
    html! {
        <li class="system" key={format!("s{}", item.seq)}>
            <span>{ words(model, desk, item) }{ " · " }<time>{ time }</time></span>
        </li>
    }
}

fn words(model: &Model, desk: &Desk, item: &Item) -> String {
    let texts = &model.texts;
    let by = item.author.as_ref().and_then(|author| author.name.clone());
    let by = by.unwrap_or_else(|| texts.get("people.somebody").to_owned());
    let fill = |key: &str, name: &str| texts.fill(key, &[("name", name)]);
    match &item.body {
        Some(EntryBody::Queued(queued)) => match queued.reason {
            None => texts.get("system.queued").to_owned(),
            Some(QueuedReason::AgentGone) => texts.get("system.queued_gone").to_owned(),
            Some(QueuedReason::NoReply) => texts.get("system.queued_no_reply").to_owned(),
            Some(QueuedReason::Returned) => fill("system.queued_returned", &by),
            Some(QueuedReason::AgentDisabled) => texts.get("system.queued_disabled").to_owned(),
        },
        Some(EntryBody::Assigned(to)) if to.agent == desk.me => texts.get("system.assigned_me").to_owned(),
        Some(EntryBody::Assigned(to)) => fill("system.assigned", &to.name),
        Some(EntryBody::Transferred(given)) => match &given.name {
            _ if given.to == Some(desk.me) => texts.get("system.transferred_me").to_owned(),
            Some(name) => fill("system.transferred", name),
            None => match &given.department_name {
                Some(name) => texts.fill("system.transferred_department", &[("name", &by), ("department", name)]),
                None => fill("system.queued_returned", &by),
            },
        },
        Some(EntryBody::PlaceKept(kept)) => texts.fill("system.place_kept", &[("email", &kept.email)]),
        Some(EntryBody::Called(called)) => {
            let time = clock::short(texts, called.until, model.server_now());
            texts.fill("system.called", &[("time", &time)])
        }
        Some(EntryBody::LeftOffline(_)) => texts.get("system.left_offline").to_owned(),
        Some(EntryBody::Closed(closed)) => match closed.by {
            ClosedBy::Visitor => texts.get("system.closed_visitor").to_owned(),
            ClosedBy::Agent => fill("system.closed_agent", &by),
            ClosedBy::VisitorGone => texts.get("system.closed_gone").to_owned(),
        },
        Some(EntryBody::Reopened(_)) => texts.get("system.reopened").to_owned(),
        Some(EntryBody::Rated(rated)) => {
            let score = texts.fill("system.rated", &[("n", &rated.score.to_string())]);
            match &rated.comment {
                Some(comment) => format!("{score}: “{comment}”"),
                None => score,
            }
        }
        _ => String::new(),
    }
}
