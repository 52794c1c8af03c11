//! Pieces that several screens share.

use protocol::state::{Availability, Presence};

use crate::page::Page;
use crate::texts::{Key, key};

// Pictures drawn by one line.
pub(super) const BACK: &str = "M15 5l-7 7 7 7";
pub(super) const NEXT: &str = "M9 5l7 7-7 7";
pub(super) const CLOSE: &str = "M6 6l12 12M18 6L6 18";
pub(super) const SEND: &str = "M12 19V5M5.5 11.5L12 5l6.5 6.5";
pub(super) const CLIP: &str =
    "M20 11.5l-8.3 8.3a5 5 0 0 1-7-7l8.2-8.4a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.3a1.7 1.7 0 0 1-2.4-2.4l7.6-7.6";
pub(super) const FILE: &str = "M13 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9zM13 3v6h6";
pub(super) const DOWN: &str = "M12 5v14M5.5 12.5L12 19l6.5-6.5";
pub(super) const CHECK: &str = "M5 12.5l4.5 4.5L19 7.5";
pub(super) const CHECKS: &str = "M2 12.5L6.5 17 16 7.5M11 16l1 1 10-9.5";
pub(super) const EXIT: &str = "M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9";
pub(super) const STAR: &str = "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z";
pub(super) const WARN: &str = "M12 8v5M12 16.5v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18";
pub(super) const CLOCK: &str = "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18";

pub(super) fn icon(p: &mut Page<'_>, path: &'static str) {
    p.put("<svg class='i' viewBox='0 0 24 24' aria-hidden='true'><path d='");
    p.put(path);
    p.put("'></></>");
}

/// A button with a picture and a name that is only read out.
pub(super) fn icon_button(p: &mut Page<'_>, picture: &'static str, name: Key, action: &'static str) {
    p.put("<button k='");
    p.put(action);
    p.put("' type='button' class='icon' data-a='");
    p.put(action);
    p.put("' ");
    p.attr("aria-label", name);
    p.attr(" title", name);
    p.put(">");
    icon(p, picture);
    p.end();
}

/// A round sign with the first letter of a name.
pub(super) fn avatar(p: &mut Page<'_>, name: &str) {
    p.put("<span class='avatar' aria-hidden='true'>");
    let mut chars = name.chars();
    if let Some(first) = chars.find(|c| !c.is_ascii() || c.is_ascii_alphanumeric()) {
        p.say(first.encode_utf8(&mut [0; 4]));
    }
    p.end();
}

/// The dot before "online".
pub(super) fn dot(p: &mut Page<'_>, availability: Availability) {
    p.put(match availability {
        Availability::Online => "<span class='dot on'></>",
        Availability::OnlineForQueue => "<span class='dot busy'></>",
        _ => "<span class='dot'></>",
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
    match availability {
        Availability::Online => (key::ONLINE, key::ONLINE_HINT),
        Availability::OnlineForQueue => (key::QUEUE, key::QUEUE_HINT),
        Availability::Offline => (key::OFFLINE, key::OFFLINE_HINT),
        Availability::Unavailable => (key::UNAVAILABLE, key::UNAVAILABLE_HINT),
    }
}

/// The way out, where there is a page around.
pub(super) fn close_button(p: &mut Page<'_>) {
    if !p.model.alone {
        icon_button(p, CLOSE, key::CLOSE, "close");
    }
}

/// The bar of a screen that one gets to from home, left open.
pub(super) fn open_bar(p: &mut Page<'_>) {
    p.put("<header class='bar'>");
    icon_button(p, BACK, key::BACK, "home");
}

/// A bar with a plain title.
pub(super) fn title_bar(p: &mut Page<'_>, title: Key) {
    open_bar(p);
    p.el("<h1 class='grow'>", title);
    close_button(p);
    p.end();
}
