//! The form before a conversation, the offline form and its thanks.

use protocol::limits::NAME_CHARS;
use protocol::site::FieldRule;

use super::banner;
use super::parts::{Icon, button, icon, title_bar};
use crate::node::{Node, el};
use crate::state::{Model, refusal};
use crate::texts::{Key, key, number};

/// One labelled field.
struct Field<'a> {
    id: &'static str,
    label: Key,
    rule: FieldRule,
    error: Option<&'a str>,
}

fn error_id(id: &str) -> &'static str {
    match id {
        "name" => "name-error",
        "email" => "email-error",
        _ => "text-error",
    }
}

impl Field<'_> {
    fn view(&self, model: &Model, first: &mut bool) -> Option<Node> {
        if self.rule == FieldRule::Off {
            return None;
        }
        let input = match self.id {
            "text" => el("textarea", "").attr("rows", "5"),
            "email" => el("input", "").attr("type", "email").attr("autocomplete", "email").attr("inputmode", "email"),
            _ => el("input", "")
                .attr("type", "text")
                .attr("autocomplete", "name")
                .attr("maxlength", &number(NAME_CHARS as u64 * 2)),
        };
        let input = input
            .attr("id", self.id)
            .attr("name", self.id)
            .attr("dir", "auto")
            .flag("required", self.rule == FieldRule::Required)
            .flag("data-first", core::mem::take(first));
        let input = match self.error {
            Some(_) => input.attr("aria-invalid", "true").attr("aria-describedby", error_id(self.id)),
            None => input,
        };
        let optional = (self.rule == FieldRule::Optional).then(|| el("small", "").say(model.text(key::OPTIONAL)));
        let label = el("label", "").attr("for", self.id).say(model.text(self.label)).maybe(optional);
        let error = self.error.map(|text| el("p", "error").attr("id", error_id(self.id)).say(text));
        Some(el("div", "field").key(self.id).child(label).child(input).maybe(error))
    }
}

fn fields(model: &Model, name: FieldRule, email: FieldRule) -> alloc::vec::Vec<Node> {
    let form = &model.form;
    let words = |error: Option<Key>| error.map(|key| model.text(key));
    let mut first = true;
    [
        Field { id: "name", label: key::NAME, rule: name, error: words(form.name_error) },
        Field { id: "email", label: key::EMAIL, rule: email, error: words(form.email_error) },
        Field { id: "text", label: key::MESSAGE_LABEL, rule: FieldRule::Required, error: form.text_error.as_deref() },
    ]
    .iter()
    .filter_map(|field| field.view(model, &mut first))
    .collect()
}

fn page(model: &Model, title: Key, intro: &str, form: Node) -> Node {
    let refused =
        model.form.refused.map(|code| el("p", "banner bad").attr("role", "alert").say(model.text(refusal(code))));
    el("main", "page")
        .key(if title == key::START_CHAT { "prechat" } else { "offline" })
        .child(title_bar(model, title))
        .child(banner(model))
        .child(
            el("div", "scroll pad")
                .child(el("p", "intro").say(intro))
                .maybe(refused)
                .child(form.flag("novalidate", true)),
        )
}

pub(super) fn prechat(model: &Model) -> Node {
    let site = &model.config.site;
    let form = el("form", "")
        .act("prechat")
        .all(fields(model, site.ask_name, site.ask_email))
        .child(el("button", "main").attr("type", "submit").say(model.text(key::START_CHAT)));
    page(model, key::START_CHAT, model.text(key::FORM_INTRO), form)
}

pub(super) fn offline(model: &Model) -> Node {
    let sending = model.leaving.is_some();
    let form = el("form", "").act("leave").all(fields(model, FieldRule::Required, FieldRule::Required)).child(
        el("button", "main")
            .attr("type", "submit")
            .flag("disabled", sending)
            .maybe(sending.then(|| el("span", "spinner")))
            .say(model.text(if sending { key::SENDING } else { key::SEND })),
    );
    let intro = model.own_text(|texts| &texts.offline);
    let intro = intro.unwrap_or(model.text(key::OFFLINE_HINT));
    page(model, key::LEAVE_MESSAGE, intro, form)
}

/// The offline message was taken.
pub(super) fn left(model: &Model) -> Node {
    let words = model.locale.fill(key::THANKS_LEFT, "email", model.form.email.trim());
    el("main", "page").key("left").child(title_bar(model, key::LEAVE_MESSAGE)).child(banner(model)).child(
        el("div", "centre")
            .attr("role", "status")
            .child(el("span", "sign good").child(icon(Icon::Check)))
            .child(el("h2", "").say(model.text(key::THANKS)))
            .child(el("p", "dim").say(&words))
            .child(button("plain", "home").say(model.text(key::DONE))),
    )
}
