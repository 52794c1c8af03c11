//! Pieces that several screens share.

use protocol::state::{Availability, Presence};

use crate::node::{Node, el};
use crate::state::Model;
use crate::texts::{Key, key};

/// A picture drawn by one line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Icon {
    Back,
    Close,
    Send,
    Clip,
    File,
    Down,
    Check,
    Checks,
    Exit,
    Star,
    Warn,
    Next,
    Clock,
}

pub(super) fn icon(icon: Icon) -> Node {
    let path = match icon {
        Icon::Back => "M15 5l-7 7 7 7",
        Icon::Next => "M9 5l7 7-7 7",
        Icon::Close => "M6 6l12 12M18 6L6 18",
        Icon::Send => "M12 19V5M5.5 11.5L12 5l6.5 6.5",
        Icon::Clip => {
            "M20 11.5l-8.3 8.3a5 5 0 0 1-7-7l8.2-8.4a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.3a1.7 1.7 0 0 1-2.4-2.4l7.6-7.6"
        }
        Icon::File => "M13 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9zM13 3v6h6",
        Icon::Down => "M12 5v14M5.5 12.5L12 19l6.5-6.5",
        Icon::Check => "M5 12.5l4.5 4.5L19 7.5",
        Icon::Checks => "M2 12.5L6.5 17 16 7.5M11 16l1 1 10-9.5",
        Icon::Exit => "M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9",
        Icon::Star => "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z",
        Icon::Warn => "M12 8v5M12 16.5v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
        Icon::Clock => "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
    };
    el("svg", "i").attr("viewBox", "0 0 24 24").attr("aria-hidden", "true").child(el("path", "").attr("d", path))
}

/// A button that does something.
pub(super) fn button(class: &str, action: &str) -> Node {
    el("button", class).attr("type", "button").act(action)
}

/// A button with a picture and a name that is only read out.
pub(super) fn icon_button(model: &Model, picture: Icon, name: Key, action: &str) -> Node {
    button("icon", action).attr("aria-label", model.text(name)).attr("title", model.text(name)).child(icon(picture))
}

/// A round sign with the first letter of a name.
pub(super) fn avatar(name: &str) -> Node {
    let mut letter = alloc::string::String::new();
    letter.extend(name.chars().find(|c| c.is_alphanumeric()));
    el("span", "avatar").attr("aria-hidden", "true").say(&letter)
}

/// The dot before "online".
pub(super) fn dot(availability: Availability) -> Node {
    el(
        "span",
        match availability {
            Availability::Online => "dot on",
            Availability::OnlineForQueue => "dot busy",
            _ => "dot",
        },
    )
}

pub(super) fn presence_dot(presence: Presence) -> Node {
    dot(match presence {
        Presence::Online => Availability::Online,
        Presence::Away => Availability::OnlineForQueue,
        _ => Availability::Offline,
    })
}

/// "We are online", "Everybody is busy", ...
pub(super) fn availability_words(availability: Availability) -> (Key, Key) {
    match availability {
        Availability::Online => (key::ONLINE, key::ONLINE_HINT),
        Availability::OnlineForQueue => (key::QUEUE, key::QUEUE_HINT),
        Availability::Offline => (key::OFFLINE, key::OFFLINE_HINT),
        Availability::Unavailable => (key::UNAVAILABLE, key::UNAVAILABLE_HINT),
    }
}

/// The way out, where there is a page around.
pub(super) fn close_button(model: &Model) -> Option<Node> {
    (!model.alone).then(|| icon_button(model, Icon::Close, key::CLOSE, "close"))
}

/// The bar of a screen that one gets to from home.
pub(super) fn bar(model: &Model, middle: Node) -> Node {
    el("header", "bar").child(icon_button(model, Icon::Back, key::BACK, "home")).child(middle)
}

/// A bar with a plain title.
pub(super) fn title_bar(model: &Model, title: Key) -> Node {
    bar(model, el("h1", "grow").say(model.text(title))).maybe(close_button(model))
}
