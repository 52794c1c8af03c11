//! The form before a conversation, the offline form and its thanks.

use protocol::site::FieldRule;

use super::banner;
use super::parts::{self, icon, title_bar};
use crate::page::Page;
use crate::state::refusal;
use crate::texts::{Key, key};

/// One labelled field.
struct Field {
    id: &'static str,
    label: Key,
    rule: FieldRule,
    /// Its input's tag up to what every input has.
    open: &'static str,
}

fn field(p: &mut Page<'_>, field: &Field, error: Option<&str>) {
    let Field { id, label, rule, open } = *field;
    if rule == FieldRule::Off {
        return;
    }
    p.put("<div k='");
    p.put(id);
    p.put("' class='field'><label for='");
    p.put(id);
    p.put("'>");
    p.t(label);
    if rule == FieldRule::Optional {
        p.el("<small>", key::OPTIONAL);
    }
    p.end();
    p.put(open);
    p.put(" dir='auto' id='");
    p.put(id);
    p.put("' aria-describedby='");
    p.put(id);
    p.put(if rule == FieldRule::Required { "-error' required" } else { "-error'" });
    p.put(if error.is_some() { " aria-invalid='true'></>" } else { "></>" });
    p.put("<p class='error' id='");
    p.put(id);
    p.el_say("-error'>", error.unwrap_or(""));
    p.end();
}

fn fields(p: &mut Page<'_>, name: FieldRule, email: FieldRule) {
    let form = &p.model.form;
    let words = |error: Option<Key>| error.map(|key| p.model.text(key));
    let (name_error, email_error) = (words(form.name_error), words(form.email_error));
    let open = "<input type='text' autocomplete='name' maxlength='160'";
    field(p, &Field { id: "name", label: key::NAME, rule: name, open }, name_error);
    let open = "<input type='email' autocomplete='email' inputmode='email'";
    field(p, &Field { id: "email", label: key::EMAIL, rule: email, open }, email_error);
    let open = "<textarea rows='5'";
    let text = Field { id: "text", label: key::MESSAGE_LABEL, rule: FieldRule::Required, open };
    field(p, &text, form.text_error.as_deref());
}

/// Everything above the fields; the form is left open.
fn open_form(p: &mut Page<'_>, title: Key, intro: &str, form: &'static str) {
    title_bar(p, title);
    banner(p);
    p.el_say("<div class='scroll pad'><p class='intro'>", intro);
    if let Some(code) = p.model.form.refused {
        p.el("<p k='bad' class='banner bad' role='alert'>", refusal(code));
    }
    p.put(form);
}

pub(super) fn prechat(p: &mut Page<'_>) {
    let site = &p.model.config.site;
    p.put("<main k='prechat' class='page' tabindex='-1'>");
    open_form(p, key::START_CHAT, p.model.text(key::FORM_INTRO), "<form novalidate data-a='prechat'>");
    fields(p, site.ask_name, site.ask_email);
    p.el("<button type='submit' class='main'>", key::START_CHAT);
    p.put("</></></>");
}

pub(super) fn offline(p: &mut Page<'_>) {
    let intro = p.model.own_text(|texts| &texts.offline);
    p.put("<main k='offline' class='page' tabindex='-1'>");
    let intro = intro.unwrap_or(p.model.text(key::OFFLINE_HINT));
    open_form(p, key::LEAVE_MESSAGE, intro, "<form novalidate data-a='leave'>");
    fields(p, FieldRule::Required, FieldRule::Required);
    if p.model.leaving.is_some() {
        p.el("<button type='submit' class='main' disabled><span class='spinner'></>", key::SENDING);
    } else {
        p.el("<button type='submit' class='main'>", key::SEND);
    }
    p.put("</></></>");
}

/// The offline message was taken.
pub(super) fn left(p: &mut Page<'_>) {
    p.put("<main k='left' class='page' tabindex='-1'>");
    title_bar(p, key::LEAVE_MESSAGE);
    banner(p);
    p.put("<div class='centre' role='status'><span class='sign good'>");
    icon(p, parts::CHECK);
    p.end();
    p.el("<h2>", key::THANKS);
    let words = p.model.locale.fill(key::THANKS_LEFT, "email", p.model.form.email.trim());
    p.el_say("<p class='dim'>", &words);
    p.el("<button type='button' class='plain' data-a='home'>", key::DONE);
    p.put("</></>");
}
