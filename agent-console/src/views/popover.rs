//! A short list of choices, folded out below the button it belongs to. Each has a number, which is its key.

use yew::{Html, html};

use super::Link;
use super::ui::on;
use crate::model::Msg;
use crate::model::msg::See;

/// Digits are keys for so many choices.
const NUMBERED: usize = 9;

/// One choice.
pub(super) struct Choice {
    /// What it says.
    pub(super) text: String,
    /// What stands at its end.
    pub(super) detail: Option<String>,
    /// Whether it is the one chosen now.
    pub(super) current: bool,
    /// What it means.
    pub(super) msg: Msg,
}

/// Draws the choices under an id and a label, above what is there. A click beside them folds them in.
pub(super) fn choices(link: &Link, id: &str, label: &str, list: Vec<Choice>) -> Html {
    html! {
        <>
            <div class="shade" onclick={on(link, Msg::See(See::Popover(None)))}></div>
            { block(link, (id, "menu drop"), label, list) }
        </>
    }
}

/// Draws the choices in their place among other things.
pub(super) fn block(link: &Link, (id, class): (&str, &'static str), label: &str, list: Vec<Choice>) -> Html {
    let row = |(index, one): (usize, Choice)| {
        html! {
            <button type="button" key={index} class="menu-item" aria-pressed={one.current.to_string()} onclick={on(link, one.msg)}>
                <span class="menu-text">{ one.text }</span>
                if let Some(detail) = one.detail { <span class="count">{ detail }</span> }
                if index < NUMBERED { <kbd aria-hidden="true">{ index + 1 }</kbd> }
            </button>
        }
    };
    html! {
        <div {class} id={id.to_owned()} role="group" aria-label={label.to_owned()}>
            <p class="menu-note">{ label }</p>
            { for list.into_iter().enumerate().map(row) }
        </div>
    }
}
