//! Where the visitor writes.

use protocol::ids::ConversationId;
use protocol::limits::MESSAGE_CHARS;

use super::parts::{self, icon, icon_button};
use crate::page::Page;
use crate::state::{Upload, refusal};
use crate::texts::{count_chars, key};

/// The counter comes up when this few characters are left.
const COUNT_FROM: usize = 500;

pub(super) fn composer(p: &mut Page<'_>, id: Option<ConversationId>) {
    let length = count_chars(p.model.composer.trim());
    let too_long = length > MESSAGE_CHARS;
    p.put("<form k='composer' class='composer' data-a='send'>");
    if p.model.uploads.iter().any(|upload| Some(upload.conversation) == id) {
        p.put("<ul class='uploads'>");
        for upload in &p.model.uploads {
            if Some(upload.conversation) == id {
                row(p, upload);
            }
        }
        p.end();
    }
    p.put("<div class='field'>");
    if id.is_some() {
        icon_button(p, parts::CLIP, key::ATTACH, "attach");
    }
    p.put("<textarea id='composer' rows='1' dir='auto' enterkeyhint='send' ");
    p.attr("placeholder", key::PLACEHOLDER);
    p.attr(" aria-label", key::MESSAGE_LABEL);
    p.put(if too_long { " aria-invalid='true'></>" } else { "></>" });
    if length + COUNT_FROM > MESSAGE_CHARS {
        let locale = p.model.locale;
        let words = if too_long {
            p.put("<p class='counter bad' role='status'>");
            crate::state::too_long(locale, length)
        } else {
            p.put("<p class='counter' role='status'>");
            locale.count(key::CHARACTERS_LEFT, "n", (MESSAGE_CHARS - length) as u64)
        };
        p.say(&words);
        p.end();
    }
    p.put("<button k='send' class='send' type='submit' ");
    p.attr("aria-label", key::SEND);
    p.put(if length == 0 || too_long { " disabled>" } else { ">" });
    icon(p, parts::SEND);
    p.put("</></></>");
}

fn row(p: &mut Page<'_>, upload: &Upload) {
    let number = u64::from(upload.number);
    p.put("<li k='");
    p.number(number);
    p.put("'>");
    icon(p, parts::FILE);
    p.el_say("<span class='grow'><b class='cut' dir='auto'>", &upload.name);
    match upload.failed {
        Some(code) => p.el(
            "<small class='error' role='alert'>",
            match refusal(code) {
                key::ERROR_OTHER => key::FILE_FAILED,
                other => other,
            },
        ),
        None => {
            p.put("<progress max='100' value='");
            p.number(u64::from(upload.done.unwrap_or(0)));
            p.put("' aria-label='");
            p.say(&p.model.locale.fill(key::FILE_SENDING, "name", &upload.name));
            p.put("'></>");
        }
    }
    p.end();
    if upload.failed.is_some() {
        p.put("<button k='again' type='button' class='link' data-a='file-retry:");
        p.number(number);
        p.el("'>", key::TRY_AGAIN);
    }
    p.put("<button type='button' class='icon small' data-a='file-drop:");
    p.number(number);
    p.attr("' aria-label", key::REMOVE);
    p.put(">");
    icon(p, parts::CLOSE);
    p.put("</></>");
}
