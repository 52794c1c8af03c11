//! The visitor beside the conversation.

use protocol::state::{Earlier, VisitorProfile};
use yew::{Html, classes, html};

use super::icons::{Icon, icon};
use super::ui::{avatar, icon_button, on};
use super::{Link, clock, header};
use crate::model::msg::{Do, See};
use crate::model::{Model, Msg};

/// Draws the visitor.
pub(super) fn view(model: &Model, link: &Link) -> Html {
    if model.view.selected.is_none() {
        return Html::default();
    }
    let texts = &model.texts;
    html! {
        <aside class="visitor" aria-label={texts.get("visitor.label").to_owned()}>
            <header class="visitor-head">
                <span class="not-wide">{ icon_button(link, Icon::Back, texts.get("thread.back"), Msg::See(See::Back)) }</span>
                <h2>{ texts.get("visitor.label") }</h2>
            </header>
            <div class="visitor-body">
                { who(model) }
                if let Some(profile) = model.profile() {
                    { facts(model, profile) }
                    { earlier(model, link, profile) }
                } else {
                    <div class="bones" role="status" aria-label={texts.get("boot.loading").to_owned()}>
                        <span class="bone wide"></span><span class="bone"></span><span class="bone wide"></span>
                    </div>
                }
            </div>
        </aside>
    }
}

fn who(model: &Model) -> Html {
    let (Some(id), name) = (model.selected_visitor(), header::name(model)) else {
        return Html::default();
    };
    let online = model
        .profile()
        .map_or_else(|| model.selected_line().is_some_and(|line| line.visitor_online), |profile| profile.online);
    let vip = model.profile().is_some_and(|profile| profile.vip == Some(true));
    let word = if online { "visitor.online" } else { "visitor.offline" };
    html! {
        <div class="visitor-who">
            { avatar(&name, id.0, Some(online)) }
            <div>
                <p class="name">{ &name }if vip { <span class="chip priority" title={model.texts.get("visitor.vip_text").to_owned()}>{ model.texts.get("visitor.vip") }</span> }</p>
                <p class="muted small">{ model.texts.get(word) }</p>
            </div>
        </div>
    }
}

fn facts(model: &Model, profile: &VisitorProfile) -> Html {
    let texts = &model.texts;
    let none = || html! { <span class="muted">{ texts.get("visitor.unknown") }</span> };
    let fact = |key: &str, value: Html| {
        html! { <div class="fact" key={key.to_owned()}><dt>{ texts.get(key) }</dt><dd>{ value }</dd></div> }
    };
    let text = |value: &Option<String>| value.as_ref().map_or_else(none, |value| html! { value });
    let email =
        profile.email.as_ref().map_or_else(none, |email| html! { <a href={format!("mailto:{email}")}>{ email }</a> });
    let page = profile.page_url.as_ref().map_or_else(none, |url| address(url, profile.page_title.as_deref()));
    let referrer = profile.referrer.as_ref().map_or_else(none, |url| address(url, None));
    let now = model.server_now();
    let seen = |at: i64| {
        let ago = texts.fill("visitor.ago", &[("span", &texts.span(now - at))]);
        html! { <time title={clock::full(texts, at)}>{ ago }</time> }
    };
    let last = if profile.online {
        html! { { texts.get("visitor.now") } }
    } else {
        seen(profile.last_seen_at)
    };
    html! {
        <dl class="facts">
            { fact("visitor.email", email) }
            if let Some(id) = &profile.external_id { { fact("visitor.external_id", html! { <bdi>{ id }</bdi> }) } }
            { fact("visitor.page", page) }
            { fact("visitor.referrer", referrer) }
            { fact("visitor.browser", text(&profile.browser)) }
            { fact("visitor.language", text(&profile.language)) }
            { fact("visitor.first_seen", seen(profile.first_seen_at)) }
            { fact("visitor.last_seen", last) }
        </dl>
    }
}

/// A link only for what a browser opens as a page; anything else a visitor's page sends stays text.
fn address(url: &str, title: Option<&str>) -> Html {
    let shown = title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| bare(url)).to_owned();
    if url.starts_with("https://") || url.starts_with("http://") {
        let url = url.to_owned();
        html! { <a href={url.clone()} title={url} target="_blank" rel="noopener noreferrer nofollow">{ shown }</a> }
    } else {
        html! { shown }
    }
}

fn bare(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.strip_suffix('/').unwrap_or(rest)
}

fn earlier(model: &Model, link: &Link, profile: &VisitorProfile) -> Html {
    let texts = &model.texts;
    let others: Vec<&Earlier> =
        profile.conversations.iter().filter(|one| Some(one.id) != model.view.selected).collect();
    let row = |one: &&Earlier| {
        html! {
            <li key={one.id.to_string()}>
                <button type="button" class="earlier" onclick={on(link, Msg::Do(Do::Open(one.id)))}>
                    <span class="row-top">
                        <span class={classes!("chip", one.state.as_str())}>{ texts.get(&format!("state.{}", one.state.as_str())) }</span>
                        <time class="muted small">{ clock::short(texts, one.created_at, model.server_now()) }</time>
                    </span>
                    <span class="preview">{ one.preview.clone().unwrap_or_else(|| texts.get("list.no_message").to_owned()) }</span>
                    if let Some(score) = one.rating { <span class="muted small">{ "★ " }{ texts.fill("system.rated", &[("n", &score.to_string())]) }</span> }
                </button>
            </li>
        }
    };
    html! {
        <section class="earlier-list">
            <h3>{ icon(Icon::Clock) }{ texts.get("visitor.earlier") }</h3>
            if others.is_empty() {
                <p class="muted small">{ texts.get("visitor.earlier_none") }</p>
            } else {
                <ul>{ for others.iter().map(row) }</ul>
            }
        </section>
    }
}
