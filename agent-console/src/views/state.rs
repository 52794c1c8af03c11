//! This agent's own state: whether conversations are taken, why not and since when, and how many are held.

use protocol::state::{Pause, Presence};
use yew::{Html, classes, html};

use super::icons::{Icon, icon};
use super::popover::{Choice, choices};
use super::ui::{colleague_key, meter, on, presence_key};
use super::{Link, clock, team};
use crate::model::msg::{Do, See};
use crate::model::staff::PAUSES;
use crate::model::{Desk, Model, Msg, Popover};

/// Draws the switch, with what is behind *away*, and one line about the state.
pub(super) fn view(model: &Model, link: &Link, desk: &Desk) -> Html {
    html! {
        <div class="own">
            <div class="drops">
                <div class="segments availability" role="group" aria-label={model.texts.get("presence.label").to_owned()}>
                    { segment(model, link, desk, Presence::Online) }
                    { away(model, link, desk) }
                    { segment(model, link, desk, Presence::Offline) }
                </div>
                if model.view.popover == Some(Popover::Pauses) { { pauses(model, link) } }
            </div>
            { standing(model) }
        </div>
    }
}

fn segment(model: &Model, link: &Link, desk: &Desk, presence: Presence) -> Html {
    let text = model.texts.get(presence_key(presence)).to_owned();
    html! {
        <button type="button" key={presence.as_str()} aria-pressed={(model.presence() == presence).to_string()} title={text.clone()}
            disabled={desk.suspended} onclick={on(link, Msg::Do(Do::SetPresence(presence)))}>
            { face(presence, &text) }
        </button>
    }
}

/// Going away asks why; saying nothing is the first of the answers.
fn away(model: &Model, link: &Link, desk: &Desk) -> Html {
    let text = model.texts.get(presence_key(Presence::Away)).to_owned();
    // Where the column is narrow, this is all that says why.
    let title = model.own_state().filter(|me| me.presence == Presence::Away);
    let title = title.map_or_else(|| text.clone(), |me| team::state(model, &me));
    let open = model.view.popover == Some(Popover::Pauses);
    let next = (!open).then_some(Popover::Pauses);
    html! {
        <button type="button" key="away" aria-pressed={(model.presence() == Presence::Away).to_string()} title={title}
            disabled={desk.suspended} aria-expanded={open.to_string()} aria-controls="pauses"
            onclick={on(link, Msg::See(See::Popover(next)))}>
            { face(Presence::Away, &text) }
        </button>
    }
}

fn face(presence: Presence, text: &str) -> Html {
    html! {
        <>
            <span class={classes!("dot", presence.as_str())} aria-hidden="true"></span>
            <span class="label">{ text }</span>
        </>
    }
}

fn pauses(model: &Model, link: &Link) -> Html {
    let now = model.own_state().filter(|me| me.presence == Presence::Away && me.away.is_none());
    let one = |pause: &Option<Pause>| Choice {
        text: model.texts.get(pause_key(*pause)).to_owned(),
        detail: None,
        current: now.as_ref().is_some_and(|me| me.pause == *pause),
        msg: Msg::Do(Do::Pause(*pause)),
    };
    let label = model.texts.get("presence.why");
    choices(link, "pauses", label, PAUSES.iter().map(one).collect())
}

fn pause_key(pause: Option<Pause>) -> &'static str {
    pause.map_or("presence.no_reason", super::ui::pause_key)
}

/// Why and since when, and the room that is left.
fn standing(model: &Model) -> Html {
    let (Some(me), texts) = (model.own_state(), &model.texts) else {
        return Html::default();
    };
    let state = texts.get(colleague_key(&me));
    let since = me.since.filter(|_| matches!(me.presence, Presence::Online | Presence::Away));
    let load = texts.fill("own.load", &[("load", &me.load.to_string()), ("capacity", &me.capacity.to_string())]);
    html! {
        <div class="standing">
            <p class="muted small">
                if me.presence == Presence::Away { { icon(Icon::Pause) } }
                <span>
                    { state }
                    if let Some(since) = since {
                        { " · " }{ texts.fill("own.since", &[("time", &clock::short(texts, since, model.server_now()))]) }
                    }
                    if let Some(since) = model.away_since() { { " · " }{ texts.span(model.server_now() - since) } }
                </span>
            </p>
            if me.presence != Presence::Offline {
                <p class="muted small">{ meter(me.load, me.capacity) }<span>{ load }</span></p>
            }
        </div>
    }
}
