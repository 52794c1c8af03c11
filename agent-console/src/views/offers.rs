//! Offers that ring: cards above everything that take the cursor from nobody.

use yew::{Html, html};

use super::Link;
use super::ui::{avatar, on};
use crate::model::msg::Do;
use crate::model::offers::{Offer, offers};
use crate::model::{Model, Msg};

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
    let (accept, decline) = (Msg::Do(Do::Accept(Some(line.id))), Msg::Do(Do::Decline(Some(line.id))));
    html! {
        <article key={line.id.to_string()} class="offer">
            <header>
                <span class="offer-avatar">{ avatar(&name, line.visitor.0, None) }</span>
                <div class="offer-who">
                    <p class="offer-kicker">{ texts.get("offer.title") }</p>
                    <h2>{ name }</h2>
                    <p class="muted">
                        { &line.site_name }
                        if let Some(waited) = waited { { " · " }{ texts.fill("offer.waited", &[("span", &waited)]) } }
                    </p>
                </div>
                { countdown(model, offer.left_ms) }
            </header>
            if let Some(preview) = &line.preview { <p class="offer-preview">{ preview }</p> }
            if model.view.sound_blocked { <p class="offer-hint">{ texts.get("offer.sound_blocked") }</p> }
            <footer>
                <button type="button" class="button" onclick={on(link, decline)}>
                    { texts.get("offer.decline") } if first { <kbd>{ "D" }</kbd> }
                </button>
                <button type="button" class="button primary" onclick={on(link, accept)}>
                    { texts.get("offer.accept") } if first { <kbd>{ "A" }</kbd> }
                </button>
            </footer>
        </article>
    }
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
