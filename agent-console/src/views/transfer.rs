//! Whom to give a conversation to.

use protocol::ids::AgentId;
use protocol::state::{Colleague, Presence};
use web_sys::{HtmlTextAreaElement, InputEvent};
use yew::{Callback, Html, TargetCast, html};

use super::dialogs::buttons;
use super::ui::{avatar, colleague_key};
use super::{Link, rail};
use crate::model::msg::Do;
use crate::model::{Model, Msg};

/// Draws the choice.
pub(super) fn view(model: &Model, link: &Link, to: Option<Option<AgentId>>, note: &str) -> Html {
    let Some(desk) = &model.desk else {
        return Html::default();
    };
    let texts = &model.texts;
    let mut others: Vec<&Colleague> = desk.colleagues.iter().filter(|one| one.id != desk.me).collect();
    others.sort_by_key(|one| (rail::rank(one.presence), one.load, one.name.to_lowercase(), one.id));
    let oninput = link.reform(|event: InputEvent| {
        Msg::Do(Do::TransferNote(event.target_unchecked_into::<HtmlTextAreaElement>().value()))
    });
    html! {
        <>
            <fieldset class="choices">
                <legend class="hidden">{ texts.get("transfer.to") }</legend>
                { queue(model, link, to == Some(None)) }
                { for others.iter().map(|one| colleague(model, link, one, to == Some(Some(one.id)))) }
            </fieldset>
            <label class="field">
                <span>{ texts.get("transfer.note") }</span>
                <textarea rows="3" dir="auto" value={note.to_owned()} {oninput} />
            </label>
            { buttons(model, link, "transfer.confirm", Do::Transfer, to.is_none()) }
        </>
    }
}

fn chosen(link: &Link, to: Option<AgentId>) -> Callback<yew::Event> {
    link.reform(move |_| Msg::Do(Do::TransferTo(to)))
}

fn queue(model: &Model, link: &Link, checked: bool) -> Html {
    html! {
        <label class="choice" key="queue">
            <input type="radio" name="to" {checked} onchange={chosen(link, None)} />
            <span class="choice-main">
                <span class="name">{ model.texts.get("transfer.queue") }</span>
                <span class="muted small">{ model.texts.get("transfer.queue_text") }</span>
            </span>
        </label>
    }
}

fn colleague(model: &Model, link: &Link, one: &Colleague, checked: bool) -> Html {
    let texts = &model.texts;
    let presence = texts.get(colleague_key(one));
    let load = format!("{}/{}", one.load, one.capacity);
    html! {
        <label class="choice" key={one.id.to_string()}>
            <input type="radio" name="to" {checked} onchange={chosen(link, Some(one.id))} />
            { avatar(&one.name, one.id.0, Some(one.presence == Presence::Online)) }
            <span class="choice-main">
                <span class="name">{ &one.name }</span>
                <span class="muted small">{ presence }{ " · " }{ texts.fill("transfer.load", &[("load", &load)]) }</span>
            </span>
        </label>
    }
}
