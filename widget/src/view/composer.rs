//! Where the visitor writes.

use protocol::ids::ConversationId;
use protocol::limits::MESSAGE_CHARS;

use crate::page::{Page, put};
use crate::state::{Upload, refusal, too_long};
use crate::texts::{count_chars, key, number, t};

/// The counter comes up when this few characters are left.
const COUNT_FROM: usize = 500;

pub(super) fn composer(p: &mut Page<'_>, id: Option<ConversationId>) {
    let length = count_chars(p.model.composer.trim());
    let too_many = length > MESSAGE_CHARS;
    p.put("<form k='composer' class='composer' data-a='send'><ul class='uploads'>");
    for upload in &p.model.uploads {
        if Some(upload.conversation) == id {
            row(p, upload);
        }
    }
    p.put("</><div class='field'>");
    if id.is_some() {
        put!(
            p,
            "<button k='attach' type='button' class='icon' data-a='attach' aria-label='",
            t!(attach),
            "' title='",
            t!(attach),
            "'><svg i='clip'></>"
        );
    }
    put!(
        p,
        "<textarea id='composer' rows='1' dir='auto' enterkeyhint='send' placeholder='",
        t!(placeholder),
        "' aria-label='",
        t!(message_label)
    );
    p.put(if too_many { "' aria-invalid='true'></>" } else { "'></>" });
    if length + COUNT_FROM > MESSAGE_CHARS {
        if too_many {
            p.put("<p class='counter bad' role='status'>");
            p.words(&too_long(length));
        } else {
            p.put("<p class='counter' role='status'>");
            p.fill(key::CHARACTERS_LEFT, &[&number((MESSAGE_CHARS - length) as u64)]);
        }
        p.end();
    }
    put!(p, "<button k='send' class='send' type='submit' aria-label='", t!(send));
    p.put(if length == 0 || too_many { "' disabled>" } else { "'>" });
    p.put("<svg i='send'></></></>");
}

fn row(p: &mut Page<'_>, upload: &Upload) {
    let name = number(u64::from(upload.number));
    p.put("<li k='");
    p.words(&name);
    p.el_say("'><svg i='file'><span class='grow'><b class='cut' dir='auto'>", &upload.name);
    match upload.failed {
        Some(code) => {
            let why = refusal(code);
            let why = if why == key::ERROR_OTHER { key::FILE_FAILED } else { why };
            p.el("<small class='error' role='alert'>", why);
            p.put("</><button k='again' type='button' class='link' data-a='file-retry:");
            p.words(&name);
            put!(p, "'>", t!(try_again), "</>");
        }
        None => {
            p.put("<progress max='100' value='");
            p.number(u64::from(upload.done.unwrap_or(0)));
            p.put("' aria-label='");
            p.fill(key::FILE_SENDING, &[&upload.name]);
            p.put("'></></>");
        }
    }
    p.put("<button type='button' class='icon small' data-a='file-drop:");
    p.words(&name);
    put!(p, "' aria-label='", t!(remove), "'><svg i='close'></></>");
}
