//! Pieces that several screens share.

use protocol::state::{Availability, Presence};

use crate::page::{Page, m};
use crate::texts::{Key, key, t};

/// A round sign with the first letter of a name.
pub(super) fn avatar(p: &mut Page<'_>, name: &str) {
    p.put(m!("<span class='avatar' aria-hidden='true'>"));
    let mut chars = name.chars();
    if let Some(first) = chars.find(|c| !c.is_ascii() || c.is_ascii_alphanumeric()) {
        p.say(first.encode_utf8(&mut [0; 4]));
    }
    p.end();
}

/// The dot before "online".
pub(super) fn dot(p: &mut Page<'_>, availability: Availability) {
    p.put(match availability {
        Availability::Online => m!("<span class='dot on'></>"),
        Availability::OnlineForQueue => m!("<span class='dot busy'></>"),
        _ => m!("<span class='dot'></>"),
    });
}

pub(super) fn presence_dot(p: &mut Page<'_>, presence: Presence) {
    dot(
        p,
        match presence {
            Presence::Online => Availability::Online,
            Presence::Away => Availability::OnlineForQueue,
            _ => Availability::Offline,
        },
    );
}

/// "We are online", "Everybody is busy", ...
pub(super) fn availability_words(availability: Availability) -> (Key, Key) {
    let title = match availability {
        Availability::Online => key::ONLINE,
        Availability::OnlineForQueue => key::QUEUE,
        Availability::Offline => key::OFFLINE,
        Availability::Unavailable => key::UNAVAILABLE,
    };
    (title, title.behind(1))
}

/// The way out, where there is a page around.
pub(super) fn close_button(p: &mut Page<'_>) {
    if !p.model.alone {
        p.put(m!(
            "<button k='close' type='button' class='icon' data-a='close' aria-label='",
            t!(close),
            "' title='",
            t!(close),
            "'><svg i='close'></>"
        ));
    }
}

/// The bar of a screen that one gets to from home, left open.
pub(super) fn open_bar(p: &mut Page<'_>) {
    p.put(m!(
        "<header class='bar'><button k='home' type='button' class='icon' data-a='home' aria-label='",
        t!(back),
        "' title='",
        t!(back),
        "'><svg i='back'></>"
    ));
}

/// A bar with a plain title.
pub(super) fn title_bar(p: &mut Page<'_>, title: Key) {
    open_bar(p);
    p.el(m!("<h1 class='grow'>"), title);
    close_button(p);
    p.end();
}
