//! The form before a conversation, the offline form and its thanks.

use protocol::site::FieldRule;

use super::banner;
use super::parts::title_bar;
use crate::page::{Page, m};
use crate::state::refusal;
use crate::texts::{Key, key, t};

/// A labelled field: its label up to the text, its input up to the attributes that vary, and what comes then.
fn field(p: &mut Page<'_>, rule: FieldRule, parts: [Key; 3], error: Option<&str>) {
    if rule == FieldRule::Off {
        return;
    }
    let [label, input, end] = parts;
    p.put(label);
    if rule == FieldRule::Optional {
        p.put(m!("<small>", t!(optional), "</>"));
    }
    p.end();
    p.put(input);
    if rule == FieldRule::Required {
        p.put(m!(" required"));
    }
    if error.is_some() {
        p.put(m!(" aria-invalid='true'"));
    }
    p.put(end);
    p.words(error.unwrap_or(""));
    p.put(m!("</></>"));
}

const NAME: [Key; 3] = [
    m!("<div k='name' class='field'><label for='name'>", t!(name)),
    m!("<input type='text' autocomplete='name' maxlength='160' dir='auto' id='name' aria-describedby='name-error'"),
    m!("></><p class='error' id='name-error'>"),
];
const EMAIL: [Key; 3] = [
    m!("<div k='email' class='field'><label for='email'>", t!(email)),
    m!(
        "<input type='email' autocomplete='email' inputmode='email' dir='auto' id='email' aria-describedby='email-error'"
    ),
    m!("></><p class='error' id='email-error'>"),
];
const TEXT: [Key; 3] = [
    m!("<div k='text' class='field'><label for='text'>", t!(message_label)),
    m!("<textarea rows='5' dir='auto' id='text' aria-describedby='text-error'"),
    m!("></><p class='error' id='text-error'>"),
];

fn fields(p: &mut Page<'_>, name: FieldRule, email: FieldRule) {
    let form = &p.model.form;
    field(p, name, NAME, form.name_error.map(Key::text).as_deref());
    field(p, email, EMAIL, form.email_error.map(Key::text).as_deref());
    field(p, FieldRule::Required, TEXT, form.text_error.as_deref());
}

/// Everything above the fields; the form is left open.
fn open_form(p: &mut Page<'_>, title: Key, own: Option<&str>, intro: Key, form: Key) {
    title_bar(p, title);
    banner(p);
    p.put(m!("<div class='scroll pad'><p class='intro'>"));
    p.own(own, intro);
    p.end();
    if let Some(code) = p.model.form.refused {
        p.el(m!("<p k='bad' class='banner bad' role='alert'>"), refusal(code));
    }
    p.put(form);
}

pub(super) fn prechat(p: &mut Page<'_>) {
    let site = &p.model.config.site;
    p.put(m!("<main k='prechat' class='page' tabindex='-1'>"));
    open_form(p, key::START_CHAT, None, key::FORM_INTRO, m!("<form novalidate data-a='prechat'>"));
    fields(p, site.ask_name, site.ask_email);
    p.put(m!("<button type='submit' class='main'>", t!(start_chat), "</></></></>"));
}

pub(super) fn offline(p: &mut Page<'_>) {
    let own = p.model.own_text(|texts| &texts.offline);
    p.put(m!("<main k='offline' class='page' tabindex='-1'>"));
    open_form(p, key::LEAVE_MESSAGE, own, key::OFFLINE_HINT, m!("<form novalidate data-a='leave'>"));
    fields(p, FieldRule::Required, FieldRule::Required);
    if p.model.leaving.is_some() {
        p.put(m!("<button type='submit' class='main' disabled><span class='spinner'></>", t!(sending)));
    } else {
        p.put(m!("<button type='submit' class='main'>", t!(send)));
    }
    p.put(m!("</></></></>"));
}

/// The offline message was taken.
pub(super) fn left(p: &mut Page<'_>) {
    p.put(m!("<main k='left' class='page' tabindex='-1'>"));
    title_bar(p, key::LEAVE_MESSAGE);
    banner(p);
    p.put(m!(
        "<div class='centre' role='status'><span class='sign good'><svg i='check'></><h2>",
        t!(thanks),
        "</><p class='dim'>"
    ));
    p.fill(key::THANKS_LEFT, &[p.model.form.email.trim_ascii()]);
    p.put(m!("</><button type='button' class='plain' data-a='home'>", t!(done), "</></></>"));
}
