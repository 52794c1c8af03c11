//! Offers that ring: cards above everything that take the cursor from nobody.

use protocol::command::DeclineReason;
use protocol::ids::ConversationId;
use protocol::state::Summary;
use yew::{Html, html};

use super::Link;
use super::icons::{Icon, icon};
use super::popover::{Choice, block};
use super::ui::{avatar, marks, on};
use crate::model::msg::{Do, See};
use crate::model::offers::{Offer, offers};
use crate::model::staff::REASONS;
use crate::model::{Model, Msg, Popover};

/// The circumference of the countdown's circle, radius 16.
const ROUND: i64 = 101;
/// A full circle stands for this time, or longer.
const FULL_MS: i64 = 30_000;

/// Draws the offers.
pub(super) fn view(model: &Model, link: &Link) -> Html {
    let found = offers(model);
    html! {
        <section class="offers" aria-live="assertive" aria-label={model.texts.get("offer.region").to_owned()}>
            { for found.iter().enumerate().map(|(index, offer)| card(model, link, offer, index == 0)) }
        </section>
    }
}

fn card(model: &Model, link: &Link, offer: &Offer<'_>, first: bool) -> Html {
    let texts = &model.texts;
    let line = offer.line;
    let name = model.visitor_name(line);
    let waited = line.waiting_since.map(|since| texts.wait(model.server_now() - since));
    let accept = Msg::Do(Do::Accept(Some(line.id)));
    html! {
        <article key={line.id.to_string()} class="offer">
            <header>
                <span class="offer-avatar">{ avatar(&name, line.visitor.0, None) }</span>
                <div class="offer-who">
                    <p class="offer-kicker">{ texts.get("offer.title") }</p>
                    <h2>{ name }</h2>
                    <p class="muted">
                        { origin(model, line) }
                        if let Some(waited) = waited { { " · " }{ texts.fill("offer.waited", &[("span", &waited)]) } }
                    </p>
                </div>
                { countdown(model, offer.left_ms) }
            </header>
            if let Some(preview) = &line.preview { <p class="offer-preview">{ preview }</p> }
            if line.priority.is_some() || line.kept == Some(true) { <p class="offer-marks">{ marks(model, line, false) }</p> }
            if offer.others > 0 { <p class="offer-others">{ icon(Icon::People) }{ texts.count("offer.others", offer.others as u64) }</p> }
            if model.view.sound_blocked { <p class="offer-hint">{ texts.get("offer.sound_blocked") }</p> }
            <footer>
                { decline(model, link, line.id, first) }
                <button type="button" class="button primary" onclick={on(link, accept)}>
                    { texts.get("offer.accept") } if first { <kbd>{ "A" }</kbd> }
                </button>
            </footer>
            if model.view.popover == Some(Popover::Reasons(line.id)) { { reasons(model, link, line.id) } }
        </article>
    }
}

/// Where the visitor is: the site, and the department where there are several.
pub(super) fn origin(model: &Model, line: &Summary) -> String {
    match model.desk.as_ref().and_then(|desk| desk.department_of(line)) {
        Some(department) => format!("{} · {}", line.site_name, department.name),
        None => line.site_name.clone(),
    }
}

/// Declining needs no reason; who wants to give one finds them beside it.
fn decline(model: &Model, link: &Link, id: ConversationId, first: bool) -> Html {
    let texts = &model.texts;
    let open = model.view.popover == Some(Popover::Reasons(id));
    let next = (!open).then_some(Popover::Reasons(id));
    let label = texts.get("offer.reasons").to_owned();
    html! {
        <div class="split">
            <button type="button" class="button" onclick={on(link, Msg::Do(Do::Decline(Some(id), None)))}>
                { texts.get("offer.decline") } if first { <kbd>{ "D" }</kbd> }
            </button>
            <button type="button" class="button more" aria-label={label.clone()} title={label} aria-expanded={open.to_string()}
                aria-controls="reasons" onclick={on(link, Msg::See(See::Popover(next)))}>{ icon(Icon::Down) }</button>
        </div>
    }
}

fn reasons(model: &Model, link: &Link, id: ConversationId) -> Html {
    let choice = |reason: &DeclineReason| Choice {
        text: model.texts.get(&format!("decline.{}", reason.as_str())).to_owned(),
        detail: None,
        current: false,
        msg: Msg::Do(Do::Decline(Some(id), Some(*reason))),
    };
    let label = model.texts.get("offer.reasons");
    block(link, ("reasons", "reasons"), label, REASONS.iter().map(choice).collect())
}

fn countdown(model: &Model, left_ms: i64) -> Html {
    let seconds = (left_ms + 999) / 1000;
    let gone = ROUND - ROUND * left_ms.min(FULL_MS) / FULL_MS;
    let label = model.texts.fill("offer.left", &[("n", &seconds.to_string())]);
    html! {
        <span class="countdown" role="timer" aria-live="off" aria-label={label}>
            <svg viewBox="0 0 36 36" aria-hidden="true" focusable="false">
                <circle class="track" cx="18" cy="18" r="16" />
                <circle class="left" cx="18" cy="18" r="16" stroke-dasharray={ROUND.to_string()} stroke-dashoffset={gone.to_string()} />
            </svg>
            <span aria-hidden="true">{ seconds }</span>
        </span>
    }
}
