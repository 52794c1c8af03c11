//! Which departments the lists show.

use yew::{Html, html};

use super::Link;
use super::icons::{Icon, icon};
use super::popover::{Choice, choices};
use super::ui::on;
use crate::model::lists::count;
use crate::model::msg::See;
use crate::model::{Desk, List, Model, Msg, Popover, Scope};

/// Draws the switch where there is a choice; an agent's own conversations are shown whatever is chosen.
pub(super) fn view(model: &Model, link: &Link, desk: &Desk) -> Html {
    let list = model.view.list;
    let scopes = desk.scopes();
    if list == List::Mine || scopes.is_empty() {
        return Html::default();
    }
    let now = desk.scope(model.view.scope);
    let open = model.view.popover == Some(Popover::Scopes);
    let next = (!open).then_some(Popover::Scopes);
    let label = model.texts.get("scope.label");
    let choice = |scope: &Scope| Choice {
        text: name(model, desk, *scope),
        detail: Some(count(desk, list, *scope).to_string()),
        current: *scope == now,
        msg: Msg::See(See::Scope(*scope)),
    };
    html! {
        <div class="scopes">
            <button type="button" class="scope" aria-expanded={open.to_string()} aria-controls="scopes" title={label.to_owned()}
                onclick={on(link, Msg::See(See::Popover(next)))}>
                { icon(Icon::People) }
                <span class="label"><span class="hidden">{ label }{ ": " }</span>{ name(model, desk, now) }</span>
                <span class="count">{ count(desk, list, now) }</span>
                { icon(Icon::Down) }
            </button>
            if open { { choices(link, "scopes", label, scopes.iter().map(choice).collect()) } }
        </div>
    }
}

/// What a scope is called.
pub(super) fn name(model: &Model, desk: &Desk, scope: Scope) -> String {
    match desk.scope(scope) {
        Scope::All => model.texts.get("scope.all").to_owned(),
        Scope::Own => model.texts.get("scope.own").to_owned(),
        Scope::One(id) => desk.department(id).map_or_else(String::new, |one| one.name.clone()),
    }
}
