//! Whom to give a conversation to.

use protocol::state::{Availability, Colleague, Department, Presence};
use web_sys::{Event, HtmlInputElement, HtmlTextAreaElement, InputEvent, KeyboardEvent};
use yew::{Callback, Html, TargetCast, classes, html};

use super::Link;
use super::dialogs::{buttons, modal};
use super::icons::{Icon, icon};
use super::team::state;
use super::ui::{avatar, joined, meter};
use crate::effects::is_composing;
use crate::model::lists::count;
use crate::model::msg::Do;
use crate::model::transfer::{Choices, Target, Transferring, choices, is_full, is_there};
use crate::model::{Desk, List, Model, Msg, Scope};

/// Draws the choice.
pub(super) fn view(model: &Model, link: &Link, form: &Transferring) -> Html {
    let (Some(desk), Some(line)) = (&model.desk, model.line(form.conversation)) else {
        return Html::default();
    };
    let texts = &model.texts;
    let found = choices(desk, line, &form.search);
    let oninput = link.reform(|event: InputEvent| {
        Msg::Do(Do::TransferNote(event.target_unchecked_into::<HtmlTextAreaElement>().value()))
    });
    let held = List::Active.holds(desk, line);
    let body = html! {
        <>
            { search(model, link, form) }
            <fieldset class="choices">
                <legend class="hidden">{ texts.get("transfer.to") }</legend>
                { list(model, link, desk, (&found, form.to)) }
            </fieldset>
            <label class="field">
                <span>{ texts.get("transfer.note") }</span>
                <textarea rows="3" dir="auto" value={form.note.clone()} {oninput} />
            </label>
            { buttons(model, link, if held { "transfer.confirm" } else { "assign.confirm" }, Do::Transfer, form.to.is_none()) }
        </>
    };
    modal(model, link, if held { "transfer.title" } else { "assign.title" }, body)
}

/// Enter takes the first that is found.
fn search(model: &Model, link: &Link, form: &Transferring) -> Html {
    let oninput = link.reform(|event: InputEvent| {
        Msg::Do(Do::TransferSearch(event.target_unchecked_into::<HtmlInputElement>().value()))
    });
    let link = link.clone();
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Enter" && !is_composing(&event) {
            event.prevent_default();
            link.emit(Msg::Do(Do::TransferFirst));
        }
    });
    let several = model.desk.as_ref().is_some_and(Desk::has_departments);
    let label = model.texts.get(if several { "transfer.search" } else { "transfer.search_agent" }).to_owned();
    // A screen keyboard would cover what is to be chosen from.
    let focus = !model.view.narrow;
    html! {
        <div class="filter in-dialog">
            { icon(Icon::Search) }
            <input type="search" autocomplete="off" autofocus={focus} placeholder={label.clone()} aria-label={label}
                value={form.search.clone()} {oninput} {onkeydown} />
        </div>
    }
}

fn list(model: &Model, link: &Link, desk: &Desk, (found, to): (&Choices<'_>, Option<Target>)) -> Html {
    let texts = &model.texts;
    if found.is_empty() {
        let alone = desk.others().is_empty() && !desk.has_departments();
        return html! { <p class="muted small nobody" role="status">{ texts.get(if alone { "team.empty" } else { "transfer.nobody" }) }</p> };
    }
    html! {
        <>
            if found.queue { { queue(model, link, to == Some(Target::Queue)) } }
            if !found.departments.is_empty() {
                <h3 class="choice-head" key="departments">{ texts.get("transfer.departments") }</h3>
                { for found.departments.iter().map(|one| department(model, link, (desk, one), to)) }
            }
            if !found.agents.is_empty() && (found.queue || !found.departments.is_empty()) {
                <h3 class="choice-head" key="agents">{ texts.get("transfer.agents") }</h3>
            }
            { for found.agents.iter().map(|one| colleague(model, link, (desk, one), to)) }
        </>
    }
}

fn chosen(link: &Link, to: Target) -> Callback<Event> {
    link.reform(move |_| Msg::Do(Do::TransferTo(to)))
}

fn queue(model: &Model, link: &Link, checked: bool) -> Html {
    html! {
        <label class="choice" key="queue">
            <input type="radio" name="to" {checked} onchange={chosen(link, Target::Queue)} />
            <span class="choice-main">
                <span class="name">{ model.texts.get("transfer.queue") }</span>
                <span class="muted small">{ model.texts.get("transfer.queue_text") }</span>
            </span>
        </label>
    }
}

fn department(model: &Model, link: &Link, (desk, one): (&Desk, &Department), to: Option<Target>) -> Html {
    let (texts, target) = (&model.texts, Target::Department(one.id));
    let waiting = count(desk, List::Waiting, Scope::One(one.id)) as u64;
    let online = desk.members_online(one.id) as u64;
    let dot = if one.availability == Availability::Offline { "offline" } else { "online" };
    html! {
        <label class="choice" key={one.id.to_string()}>
            <input type="radio" name="to" checked={to == Some(target)} onchange={chosen(link, target)} />
            <span class={classes!("dot", dot)} aria-hidden="true"></span>
            <span class="choice-main">
                <span class="name">{ &one.name }</span>
                <span class="muted small">
                    { texts.get(&format!("availability.{}", one.availability.as_str())) }
                    { " · " }{ texts.count("transfer.online", online) }{ " · " }{ texts.count("transfer.waiting", waiting) }
                </span>
            </span>
        </label>
    }
}

fn colleague(model: &Model, link: &Link, (desk, one): (&Desk, &Colleague), to: Option<Target>) -> Html {
    let (texts, target) = (&model.texts, Target::Agent(one.id));
    let load = texts.fill("own.load", &[("load", &one.load.to_string()), ("capacity", &one.capacity.to_string())]);
    let departments = if desk.has_departments() { joined(model, &desk.departments_of(one)) } else { String::new() };
    html! {
        <label class={classes!("choice", (!is_there(one)).then_some("gone"))} key={one.id.to_string()}>
            <input type="radio" name="to" checked={to == Some(target)} disabled={!is_there(one)} onchange={chosen(link, target)} />
            { avatar(&one.name, one.id.0, Some(one.presence == Presence::Online)) }
            <span class="choice-main">
                <span class="name">{ &one.name }</span>
                <span class="muted small">{ state(model, one) }</span>
                if !departments.is_empty() { <span class="muted small">{ departments }</span> }
            </span>
            if is_there(one) {
                <span class="choice-load small muted">
                    { meter(one.load, one.capacity) }
                    if is_full(one) { { texts.get("transfer.full") }{ " · " } }
                    { load }
                </span>
            }
        </label>
    }
}
