//! Before there is a desk: loading, failed, no tenant, refused.

use yew::{Html, html};

use super::Link;
use super::ui::on;
use crate::model::msg::Do;
use crate::model::{Boot, Link as Wire, Model, Msg};

/// Draws the page without a desk.
pub(super) fn view(model: &Model, link: &Link) -> Html {
    let retry = ("boot.retry", Msg::Do(Do::Reconnect));
    match (&model.boot, model.link) {
        (Boot::Failed, _) => screen(model, link, "boot.failed", Some(retry)),
        (Boot::SignedOut, _) | (Boot::Ready(_), Wire::SignedOut) => signed_out(model),
        (Boot::NoTenant(_), _) => screen(model, link, "boot.no_tenant", Some(("menu.sign_out", Msg::Do(Do::SignOut)))),
        (Boot::Ready(_), Wire::Forbidden) => {
            screen(model, link, "boot.forbidden", Some(("menu.sign_out", Msg::Do(Do::SignOut))))
        }
        (Boot::Ready(_), Wire::TooOld) => {
            screen(model, link, "boot.too_old", Some(("boot.reload", Msg::Do(Do::Reload))))
        }
        (Boot::Ready(_), Wire::Down(_)) => screen(model, link, "boot.down", Some(retry)),
        (Boot::Asking | Boot::Ready(_), _) => skeleton(model),
    }
}

fn screen(model: &Model, link: &Link, key: &str, action: Option<(&str, Msg)>) -> Html {
    html! {
        <main class="screen">
            <h1>{ model.texts.get(&format!("{key}.title")) }</h1>
            <p>{ model.texts.get(&format!("{key}.text")) }</p>
            if let Some((label, msg)) = action {
                <button type="button" class="button primary" onclick={on(link, msg)}>{ model.texts.get(label) }</button>
            }
        </main>
    }
}

fn signed_out(model: &Model) -> Html {
    html! {
        <main class="screen">
            <h1>{ model.texts.get("boot.signed_out.title") }</h1>
            <p>{ model.texts.get("boot.signed_out.text") }</p>
            <a class="button primary" href="/sign-in?next=/console">{ model.texts.get("boot.sign_in") }</a>
        </main>
    }
}

/// The page's outline while the first state is on its way.
fn skeleton(model: &Model) -> Html {
    let row = |key: usize| {
        html! {
            <div class="skeleton-row" key={key}>
                <span class="bone round"></span>
                <span class="bones"><span class="bone wide"></span><span class="bone"></span></span>
            </div>
        }
    };
    html! {
        <div class="app skeleton" role="status" aria-label={model.texts.get("boot.loading").to_owned()}>
            <div class="panes">
                <div class="rail"><span class="bone"></span><span class="bone wide"></span><span class="bone wide"></span></div>
                <div class="list">{ for (0..7).map(row) }</div>
                <div class="thread"></div>
            </div>
        </div>
    }
}
