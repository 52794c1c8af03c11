//! Where the visitor writes.

use alloc::string::String;

use protocol::ids::ConversationId;
use protocol::limits::MESSAGE_CHARS;

use super::parts::{Icon, button, icon, icon_button};
use crate::node::{Node, el};
use crate::state::{Model, Upload, refusal};
use crate::texts::{key, number};

/// The counter comes up when this few characters are left.
const COUNT_FROM: usize = 500;

pub(super) fn composer(model: &Model, id: Option<ConversationId>) -> Node {
    let length = model.composer.trim().chars().count();
    let too_long = length > MESSAGE_CHARS;
    let counter = (length + COUNT_FROM > MESSAGE_CHARS).then(|| {
        let mut words = String::new();
        if too_long {
            words.push('−');
        }
        words.push_str(&number(MESSAGE_CHARS.abs_diff(length) as u64));
        el("p", if too_long { "counter bad" } else { "counter" })
            .attr("id", "counter")
            .attr("role", "status")
            .say(&words)
    });
    let field = el("textarea", "")
        .attr("id", "composer")
        .attr("rows", "1")
        .attr("dir", "auto")
        .attr("enterkeyhint", "send")
        .attr("placeholder", model.text(key::PLACEHOLDER))
        .attr("aria-label", model.text(key::MESSAGE_LABEL));
    let field = if too_long { field.attr("aria-invalid", "true") } else { field };
    let send = el("button", "send")
        .attr("type", "submit")
        .attr("aria-label", model.text(key::SEND))
        .flag("disabled", length == 0 || too_long)
        .child(icon(Icon::Send));
    el("form", "composer").act("send").maybe(uploads(model, id)).child(
        el("div", "field")
            .maybe(id.map(|_| icon_button(model, Icon::Clip, key::ATTACH, "attach")))
            .child(field)
            .maybe(counter)
            .child(send),
    )
}

fn uploads(model: &Model, id: Option<ConversationId>) -> Option<Node> {
    let rows: alloc::vec::Vec<Node> = model
        .uploads
        .iter()
        .filter(|upload| Some(upload.conversation) == id)
        .map(|upload| row(model, upload))
        .collect();
    (!rows.is_empty()).then(|| el("ul", "uploads").all(rows))
}

fn row(model: &Model, upload: &Upload) -> Node {
    let action = |name: &str| {
        let mut action = String::from(name);
        action.push_str(&number(u64::from(upload.number)));
        action
    };
    let state = match upload.failed {
        Some(code) => el("small", "error").attr("role", "alert").say(model.text(match refusal(code) {
            key::ERROR_OTHER => key::FILE_FAILED,
            other => other,
        })),
        None => el("progress", "")
            .attr("max", "100")
            .attr("value", &number(u64::from(upload.done.unwrap_or(0))))
            .attr("aria-label", &model.locale.fill(key::FILE_SENDING, "name", &upload.name)),
    };
    el("li", "")
        .key(&action(""))
        .child(icon(Icon::File))
        .child(el("span", "grow").child(el("b", "cut").attr("dir", "auto").say(&upload.name)).child(state))
        .maybe(upload.failed.map(|_| button("link", &action("file-retry:")).say(model.text(key::TRY_AGAIN))))
        .child(
            button("icon small", &action("file-drop:"))
                .attr("aria-label", model.text(key::REMOVE))
                .child(icon(Icon::Close)),
        )
}
