//! Where the visitor writes.

use protocol::ids::ConversationId;
use protocol::limits::MESSAGE_CHARS;

use crate::page::{Page, m};
use crate::state::{Upload, refusal, too_long};
use crate::texts::{count_chars, key, number, t};

/// The counter comes up when this few characters are left.
const COUNT_FROM: usize = 500;

pub(super) fn composer(p: &mut Page<'_>, id: Option<&ConversationId>) {
    let length = count_chars(p.model.composer.trim_ascii());
    let too_many = length > MESSAGE_CHARS;
    p.put(m!("<form k='composer' class='composer' data-a='send'><ul class='uploads'>"));
    for upload in &p.model.uploads {
        if id == Some(&upload.conversation) {
            row(p, upload);
        }
    }
    p.put(m!("</><div class='field'>"));
    if id.is_some() {
        p.put(m!(
            "<button k='attach' type='button' class='icon' data-a='attach' aria-label='",
            t!(attach),
            "' title='",
            t!(attach),
            "'><svg i='clip'></>"
        ));
    }
    p.put(m!(
        "<textarea id='composer' rows='1' dir='auto' enterkeyhint='send' placeholder='",
        t!(placeholder),
        "' aria-label='",
        t!(message_label)
    ));
    p.put(if too_many { m!("' aria-invalid='true'></>") } else { m!("'></>") });
    if length + COUNT_FROM > MESSAGE_CHARS {
        if too_many {
            p.put(m!("<p class='counter bad' role='status'>"));
            p.words(&too_long(length));
        } else {
            p.put(m!("<p class='counter' role='status'>"));
            p.fill(key::CHARACTERS_LEFT, &[&number((MESSAGE_CHARS - length) as u64)]);
        }
        p.end();
    }
    p.put(m!("<button k='send' class='send' type='submit' aria-label='", t!(send)));
    p.put(if length == 0 || too_many { m!("' disabled>") } else { m!("'>") });
    p.put(m!("<svg i='send'></></></>"));
}

fn row(p: &mut Page<'_>, upload: &Upload) {
    let name = number(u64::from(upload.number));
    p.put(m!("<li k='"));
    p.words(&name);
    p.el_say(m!("'><svg i='file'><span class='grow'><b class='cut' dir='auto'>"), &upload.name);
    match upload.failed {
        Some(code) => {
            let why = refusal(code);
            let why = if why == key::ERROR_OTHER { key::FILE_FAILED } else { why };
            p.el(m!("<small class='error' role='alert'>"), why);
            p.put(m!("</><button k='again' type='button' class='link' data-a='file-retry:"));
            p.words(&name);
            p.put(m!("'>", t!(try_again), "</>"));
        }
        None => {
            p.put(m!("<progress max='100' value='"));
            p.number(u64::from(upload.done.unwrap_or(0)));
            p.put(m!("' aria-label='"));
            p.fill(key::FILE_SENDING, &[&upload.name]);
            p.put(m!("'></></>"));
        }
    }
    p.put(m!("<button type='button' class='icon small' data-a='file-drop:"));
    p.words(&name);
    p.put(m!("' aria-label='", t!(remove), "'><svg i='close'></></>"));
}
