//! Questions and the help, in the browser's own dialog: it keeps the cursor inside and gives it back.

use web_sys::{Event, HtmlDialogElement};
use yew::{Callback, Children, Html, Properties, component, html, use_effect_with, use_node_ref};

use super::icons::Icon;
use super::ui::{icon_button, on};
use super::{Link, team, transfer};
use crate::model::keys::SHORTCUTS;
use crate::model::msg::{Do, See};
use crate::model::{Dialog, Model, Msg};

/// Draws the open dialog, if any.
pub(super) fn view(model: &Model, link: &Link) -> Html {
    let texts = &model.texts;
    match &model.view.dialog {
        None => Html::default(),
        Some(Dialog::Help) => modal(model, link, "help.title", help(model)),
        Some(Dialog::Close(_)) => modal(
            model,
            link,
            "close.title",
            question(model, link, texts.get("close.text"), ("close.confirm", Do::Close)),
        ),
        Some(Dialog::TakeOver(id)) => {
            let agent = model.line(*id).and_then(|line| line.agent);
            let name =
                agent.and_then(|agent| model.desk.as_ref()?.colleague(agent)).map_or("", |one| one.name.as_str());
            let text = texts.fill("take_over.text", &[("name", name)]);
            modal(model, link, "take_over.title", question(model, link, &text, ("foot.take_over", Do::TakeOver)))
        }
        Some(Dialog::Transfer(form)) => transfer::view(model, link, form),
        Some(Dialog::Team) => team::dialog(model, link),
        Some(Dialog::Colleague(agent)) => team::colleague(model, link, *agent),
        Some(Dialog::Release(agent)) => team::release_question(model, link, *agent),
    }
}

/// A dialog with a title and the way out.
pub(super) fn modal(model: &Model, link: &Link, title: &str, body: Html) -> Html {
    let texts = &model.texts;
    html! {
        <Modal key={title.to_owned()} title={texts.get(title).to_owned()} link={link.clone()}>
            <header class="dialog-head">
                <h2 id="dialog-title">{ texts.get(title) }</h2>
                { icon_button(link, Icon::Close, texts.get("dialog.close"), Msg::See(See::CloseDialog)) }
            </header>
            { body }
        </Modal>
    }
}

fn question(model: &Model, link: &Link, text: &str, (label, act): (&str, Do)) -> Html {
    html! {
        <>
            <p class="dialog-text">{ text }</p>
            { buttons(model, link, label, act, false) }
        </>
    }
}

/// The two buttons at the foot of a dialog.
pub(super) fn buttons(model: &Model, link: &Link, label: &str, act: Do, disabled: bool) -> Html {
    html! {
        <footer class="dialog-foot">
            <button type="button" class="button" onclick={on(link, Msg::See(See::CloseDialog))}>{ model.texts.get("dialog.cancel") }</button>
            <button type="button" class="button primary" autofocus={true} disabled={disabled} onclick={on(link, Msg::Do(act))}>{ model.texts.get(label) }</button>
        </footer>
    }
}

fn help(model: &Model) -> Html {
    let row = |(keys, text): &(&[&str], &str)| {
        html! {
            <div class="shortcut" key={(*text).to_owned()}>
                <dt>{ for keys.iter().map(|key| html! { <kbd key={(*key).to_owned()}>{ *key }</kbd> }) }</dt>
                <dd>{ model.texts.get(text) }</dd>
            </div>
        }
    };
    html! { <dl class="shortcuts" tabindex="-1" autofocus={true}>{ for SHORTCUTS.iter().map(row) }</dl> }
}

#[derive(Properties, PartialEq)]
struct ModalProps {
    title: String,
    link: Link,
    children: Children,
}

#[component]
fn Modal(props: &ModalProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>() {
                // It is drawn closed, so opening it cannot fail.
                let _ = dialog.show_modal();
            }
        });
    }
    let oncancel: Callback<Event> = props.link.reform(|event: Event| {
        event.prevent_default();
        Msg::See(See::CloseDialog)
    });
    html! {
        <dialog ref={node} class="dialog" aria-labelledby="dialog-title" {oncancel}>{ props.children.clone() }</dialog>
    }
}
