//! Pieces that many views share.

use protocol::state::{AwayReason, Colleague, Pause, Presence, Summary};
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

/// The text key of a pause.
pub(super) fn pause_key(pause: Pause) -> &'static str {
    match pause {
        Pause::Break => "presence.pause.break",
        Pause::Lunch => "presence.pause.lunch",
        Pause::Meeting => "presence.pause.meeting",
        Pause::Training => "presence.pause.training",
        Pause::OtherWork => "presence.pause.other_work",
    }
}

/// The text key of a colleague's presence, with the reason where there is one.
pub(super) fn colleague_key(one: &Colleague) -> &'static str {
    if one.presence != Presence::Away {
        return presence_key(one.presence);
    }
    match (one.away, one.pause) {
        (Some(AwayReason::Idle), _) => "presence.away.idle",
        (Some(AwayReason::MissedOffers), _) => "presence.away.missed_offers",
        (None, Some(pause)) => pause_key(pause),
        (None, None) => presence_key(one.presence),
    }
}

/// A bar that shows how much of a capacity is used. The numbers stand beside it in words.
pub(super) fn meter(load: u32, capacity: u32) -> Html {
    let used = load.min(capacity) * 40 / capacity.max(1);
    let grade = if load >= capacity { "full" } else { "free" };
    html! {
        <svg class={classes!("meter", grade)} viewBox="0 0 40 4" aria-hidden="true" focusable="false">
            <rect class="track" width="40" height="4" rx="2" />
            <rect class="used" width={used.to_string()} height="4" rx="2" />
        </svg>
    }
}

/// A coloured dot for a colleague's presence; the words are in its title.
pub(super) fn presence_dot(model: &Model, one: &Colleague) -> Html {
    let text = model.texts.get(colleague_key(one)).to_owned();
    html! {
        <span class={classes!("dot", one.presence.as_str())} title={text.clone()}><span class="hidden">{ text }</span></span>
    }
}

/// What lifts a line out of the order: a priority, or a place kept for somebody who is away. With `short` the words
/// are left to the tooltip and to screen readers.
pub(super) fn marks(model: &Model, line: &Summary, short: bool) -> Html {
    let texts = &model.texts;
    let chip = |class: &'static str, picture, key: &str, title: String| {
        let word = texts.get(key).to_owned();
        html! {
            <span class={classes!("chip", class)} {title}>
                { icon(picture) }<span class={short.then_some("hidden")}>{ word }</span>
            </span>
        }
    };
    html! {
        <>
            if let Some(priority) = line.priority.filter(|priority| *priority > 0) {
                { chip("priority", Icon::Up, "list.priority", texts.fill("list.priority_text", &[("n", &priority.to_string())])) }
            }
            if line.kept == Some(true) {
                { chip("kept", Icon::Bookmark, "list.kept", texts.get("list.kept_text").to_owned()) }
            }
        </>
    }
}

/// Names one after the other, as the reader's language writes a list.
pub(super) fn joined(model: &Model, names: &[&str]) -> String {
    let mut names = names.iter();
    let first = names.next().map_or_else(String::new, |name| (*name).to_owned());
    names.fold(first, |list, name| model.texts.fill("list.join", &[("first", &list), ("second", name)]))
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
