//! One line above everything when the connection or the account is not as it should be, and short notices.

use protocol::state::{AwayReason, Presence};
use yew::{Html, classes, html};

use super::Link;
use super::icons::{Icon, icon};
use super::ui::{icon_button, on};
use crate::model::msg::{Do, See};
use crate::model::{Desk, Link as Wire, Model, Msg};

/// Draws the banner, if there is something to say.
pub(super) fn view(model: &Model, link: &Link) -> Html {
    let texts = &model.texts;
    let suspended = model.desk.as_ref().is_some_and(|desk| desk.suspended);
    let retry = Some(button(model, link, "banner.retry", Do::Reconnect));
    let (class, text, action) = match model.link {
        Wire::SignedOut => {
            let sign_in =
                html! { <a class="banner-action" href="/sign-in?next=/console">{ texts.get("boot.sign_in") }</a> };
            ("bad", texts.get("banner.signed_out").to_owned(), Some(sign_in))
        }
        Wire::Forbidden => ("bad", texts.get("banner.forbidden").to_owned(), retry),
        Wire::TooOld => {
            ("bad", texts.get("banner.too_old").to_owned(), Some(button(model, link, "boot.reload", Do::Reload)))
        }
        Wire::Connecting => ("calm", texts.get("banner.connecting").to_owned(), None),
        Wire::Down(Some(at)) => {
            let seconds = ((at - model.now + 999) / 1000).max(0).to_string();
            ("bad", texts.fill("banner.down_until", &[("n", &seconds)]), retry)
        }
        Wire::Down(None) => ("bad", texts.get("banner.down").to_owned(), retry),
        Wire::Live(_) if suspended => ("bad", texts.get("banner.suspended").to_owned(), None),
        Wire::Live(_) if model.set_away().is_some() => {
            let key = match model.set_away() {
                Some(AwayReason::Idle) => "presence.set_idle",
                _ => "presence.set_away",
            };
            let back = button(model, link, "nothing.go_online", Do::SetPresence(Presence::Online));
            ("warn", texts.get(key).to_owned(), Some(back))
        }
        Wire::Live(_) if model.desk.as_ref().is_some_and(Desk::is_nowhere) => {
            ("calm", texts.get("banner.no_department").to_owned(), None)
        }
        Wire::Live(_) if model.build.newer => {
            ("calm", texts.get("banner.newer").to_owned(), Some(button(model, link, "boot.reload", Do::Reload)))
        }
        Wire::Live(true) => ("calm", texts.get("banner.polling").to_owned(), None),
        Wire::Live(false) if model.view.no_storage => ("calm", texts.get("banner.no_storage").to_owned(), None),
        Wire::Live(false) => return html! { <div class="banner-place" role="status"></div> },
    };
    html! {
        <div class="banner-place" role="status">
            <div class={classes!("banner", class)}>
                if class != "calm" { { icon(Icon::Warning) } } else { <span class="pulse" aria-hidden="true"></span> }
                <span>{ text }</span>
                { action.unwrap_or_default() }
            </div>
        </div>
    }
}

fn button(model: &Model, link: &Link, key: &str, act: Do) -> Html {
    html! { <button type="button" class="banner-action" onclick={on(link, Msg::Do(act))}>{ model.texts.get(key) }</button> }
}

/// Draws the short notices.
pub(super) fn notices(model: &Model, link: &Link) -> Html {
    let one = |notice: &crate::model::Notice| {
        html! {
            <li key={notice.id.to_string()} class={classes!("notice", notice.error.then_some("bad"))}>
                <span>{ &notice.text }</span>
                { icon_button(link, Icon::Close, model.texts.get("notice.dismiss"), Msg::See(See::Dismiss(notice.id))) }
            </li>
        }
    };
    html! { <ul class="notices" role="status" aria-live="polite">{ for model.notices.iter().map(one) }</ul> }
}
