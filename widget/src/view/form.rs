//! The form before a conversation, the offline form and its thanks.

use protocol::site::FieldRule;
use protocol::state::{Availability, DepartmentChoice};

use super::banner;
use super::parts::title_bar;
use crate::clock;
use crate::page::{Page, m};
use crate::state::{Screen, refusal};
use crate::texts::{Key, key, t};

/// A labelled field: its label up to the text, its input up to the attributes that vary, and what comes then.
pub(super) fn field(p: &mut Page<'_>, rule: FieldRule, parts: [Key; 3], error: Option<&str>) {
    field_with(p, rule, parts, error, &|_| {});
}

/// The same with what stands in the input.
fn field_with(
    p: &mut Page<'_>,
    rule: FieldRule,
    [label, input, end]: [Key; 3],
    error: Option<&str>,
    inside: &dyn Fn(&mut Page<'_>),
) {
    if rule == FieldRule::Off {
        return;
    }
    p.put(label);
    if rule == FieldRule::Optional {
        p.put(m!("<small>", t!(optional), "</>"));
    }
    p.end();
    p.put(input);
    if rule == FieldRule::Required {
        p.put(m!(" required"));
    }
    p.put(if error.is_some() { m!(" aria-invalid='true'>") } else { m!(">") });
    inside(p);
    p.put(end);
    p.words(error.unwrap_or(""));
    p.put(m!("</></>"));
}

const NAME: [Key; 3] = [
    m!("<div k='name' class='field'><label for='name'>", t!(name)),
    m!("<input type='text' autocomplete='name' maxlength='160' dir='auto' id='name' aria-describedby='name-error'"),
    m!("</><p class='error' id='name-error'>"),
];
pub(super) const EMAIL: [Key; 3] = [
    m!("<div k='email' class='field'><label for='email'>", t!(email)),
    m!(
        "<input type='email' autocomplete='email' inputmode='email' dir='auto' id='email' aria-describedby='email-error'"
    ),
    m!("</><p class='error' id='email-error'>"),
];
const TEXT: [Key; 3] = [
    m!("<div k='text' class='field'><label for='text'>", t!(message_label)),
    m!("<textarea rows='5' dir='auto' id='text' aria-describedby='text-error'"),
    m!("</><p class='error' id='text-error'>"),
];

const DEPARTMENT: [Key; 3] = [
    m!("<div k='department' class='field'><label for='department'>", t!(department)),
    m!("<select id='department' aria-describedby='department-error'"),
    m!("</><p class='error' id='department-error'>"),
];

fn fields(p: &mut Page<'_>) {
    let form = &p.model.form;
    let [name, email, department] = p.model.rules();
    let missing = form.department_error.then(|| key::DEPARTMENT_MISSING.text());
    field_with(p, department, DEPARTMENT, missing.as_deref(), &|p| {
        let must = department == FieldRule::Required;
        p.el(m!("<option k='' value=''>"), if must { key::DEPARTMENT_CHOOSE } else { key::DEPARTMENT_ANY });
        for choice in p.model.departments() {
            option(p, choice);
        }
    });
    field(p, name, NAME, form.name_error.map(Key::text).as_deref());
    field(p, email, EMAIL, form.email_error.map(Key::text).as_deref());
    field(p, FieldRule::Required, TEXT, form.text_error.as_deref());
}

/// A department to choose; of one that is closed it is said when it opens.
fn option(p: &mut Page<'_>, choice: &DepartmentChoice) {
    let id = choice.id.text();
    p.put(m!("<option k='"));
    p.words(&id);
    p.put(m!("' value='"));
    p.words(&id);
    p.put(m!("'>"));
    p.say(&choice.name);
    if choice.availability == Availability::Offline {
        p.put(m!(" · "));
        opens(p, choice.opens_at);
    }
    p.end();
}

/// When it opens, behind what else is said, while it is closed and that is known.
pub(super) fn opens_then(p: &mut Page<'_>, (availability, opens_at): (Availability, Option<i64>)) {
    if availability == Availability::Offline && opens_at.is_some() {
        p.put(m!(" "));
        opens(p, opens_at);
    }
}

/// When it opens.
fn opens(p: &mut Page<'_>, at: Option<i64>) {
    match at {
        Some(at) => p.words(&clock::opens(at, p.now, p.model.offset)),
        None => p.put(key::CLOSED),
    }
}

/// What the form is for.
fn intro(p: &mut Page<'_>, leaves: bool) {
    let model = p.model;
    if !leaves {
        return p.put(key::FORM_INTRO);
    }
    if model.lacks_address() {
        p.put(key::LEFT_ASK);
    } else {
        p.own(model.own_text(|texts| &texts.offline), key::OFFLINE_HINT);
    }
    let of_choice = model.choice().map(|choice| (choice.availability, choice.opens_at));
    opens_then(p, of_choice.unwrap_or_else(|| model.standing()));
}

/// The form before a conversation, or instead of one.
pub(super) fn form(p: &mut Page<'_>) {
    let model = p.model;
    let leaves = model.leaves();
    let is_offline = matches!(model.screen, Screen::Offline(_));
    p.put(if is_offline { m!("<main k='offline'") } else { m!("<main k='prechat'") });
    p.put(m!(" class='page' tabindex='-1'>"));
    title_bar(p, if leaves { key::LEAVE_MESSAGE } else { key::START_CHAT });
    banner(p);
    p.put(m!("<div class='scroll pad'><p class='intro' role='status'>"));
    intro(p, leaves);
    p.end();
    if let Some(code) = model.form.refused {
        p.el(m!("<p k='bad' class='banner bad' role='alert'>"), refusal(code));
    }
    p.put(m!("<form novalidate data-a='form'>"));
    fields(p);
    p.put(m!("<button type='submit' class='main'"));
    if model.leaving.is_some() {
        p.put(m!(" disabled><span class='spinner'></>", t!(sending)));
    } else {
        p.put(m!(">"));
        p.put(if is_offline {
            key::SEND
        } else if leaves {
            key::LEAVE_MESSAGE
        } else {
            key::START_CHAT
        });
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
