//! Pieces that many views share.

use protocol::state::{AwayReason, Colleague, Presence};
use uuid::Uuid;
use yew::{Callback, Html, MouseEvent, classes, html};

use super::Link;
use super::icons::{Icon, icon};
use crate::model::{Model, Msg};

/// A callback that says `msg`.
pub(super) fn on(link: &Link, msg: Msg) -> Callback<MouseEvent> {
    link.reform(move |_| msg.clone())
}

/// A button that is a pictogram alone; `label` is its name and its tooltip.
pub(super) fn icon_button(link: &Link, picture: Icon, label: &str, msg: Msg) -> Html {
    html! {
        <button type="button" class="icon-button" aria-label={label.to_owned()} title={label.to_owned()} onclick={on(link, msg)}>
            { icon(picture) }
        </button>
    }
}

/// A round picture of a person: initials on a colour of their own.
pub(super) fn avatar(name: &str, id: Uuid, online: Option<bool>) -> Html {
    let sum: usize = id.as_bytes().iter().map(|byte| usize::from(*byte)).sum();
    let dot = online.map(|online| if online { "online" } else { "offline" });
    html! {
        <span class={classes!("avatar", format!("hue-{}", sum % 8))} aria-hidden="true">
            { initials(name) }
            if let Some(dot) = dot { <span class={classes!("dot", dot)}></span> }
        </span>
    }
}

/// The first letters of the first and the last word; of a Chinese name its last character.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let Some(first) = words.next() else {
        return String::from("?");
    };
    if !first.is_ascii() && first.len_utf8() > 2 {
        return name.chars().rfind(|c| c.is_alphabetic()).into_iter().collect();
    }
    first.to_uppercase().chain(words.next_back().into_iter().flat_map(char::to_uppercase)).collect()
}

/// The text key of a presence.
pub(super) fn presence_key(presence: Presence) -> &'static str {
    match presence {
        Presence::Online => "presence.online",
        Presence::Away => "presence.away",
        Presence::Offline => "presence.offline",
        Presence::Unknown => "presence.unknown",
    }
}

/// The text key of a colleague's presence, with the reason where the server chose it.
pub(super) fn colleague_key(one: &Colleague) -> &'static str {
    match one.away {
        Some(AwayReason::Idle) => "presence.away.idle",
        Some(AwayReason::MissedOffers) => "presence.away.missed_offers",
        _ => presence_key(one.presence),
    }
}

/// A coloured dot for a colleague's presence; the words are in its title.
pub(super) fn presence_dot(model: &Model, one: &Colleague) -> Html {
    let text = model.texts.get(colleague_key(one)).to_owned();
    html! {
        <span class={classes!("dot", one.presence.as_str())} title={text.clone()}><span class="hidden">{ text }</span></span>
    }
}

/// A place where nothing is, and why.
pub(super) fn empty(picture: Icon, title: &str, text: &str) -> Html {
    html! {
        <div class="empty">
            <span class="empty-icon">{ icon(picture) }</span>
            <h3>{ title }</h3>
            <p>{ text }</p>
        </div>
    }
}
