//! The agent's menu: sounds, notices, language, tenants, the way out.

use yew::{Html, classes, html};

use super::icons::{Icon, icon};
use super::ui::on;
use super::{Link, rail};
use crate::model::msg::{Do, See};
use crate::model::{Desk, Membership, Model, Msg, Permission, Popover};
use crate::text::Locale;

/// Draws the button and, when open, the menu.
pub(super) fn view(model: &Model, link: &Link, desk: &Desk) -> Html {
    let open = model.view.popover == Some(Popover::Menu);
    let next = (!open).then_some(Popover::Menu);
    html! {
        <div class="me">
            <button type="button" class="me-button" aria-expanded={open.to_string()} aria-controls="menu"
                aria-label={model.texts.get("menu.label").to_owned()} onclick={on(link, Msg::See(See::Popover(next)))}>
                { rail::myself(model, desk) }
                { icon(Icon::More) }
            </button>
            if open {
                <div class="shade" onclick={on(link, Msg::See(See::Popover(None)))}></div>
                <div class="menu" id="menu">{ items(model, link) }</div>
            }
        </div>
    }
}

fn items(model: &Model, link: &Link) -> Html {
    let texts = &model.texts;
    let muted = model.prefs.muted;
    let sound = if muted { Icon::SoundOff } else { Icon::Sound };
    let sound_key = if muted { "menu.unmute" } else { "menu.mute" };
    html! {
        <>
            { tenants(model, link) }
            { item(link, sound, texts.get(sound_key), Msg::See(See::Mute(!muted))) }
            { notices(model, link) }
            <span class="only-strip">{ item(link, Icon::People, texts.get("team.title"), Msg::See(See::Team)) }</span>
            { item(link, Icon::Keyboard, texts.get("menu.shortcuts"), Msg::See(See::Help)) }
            { languages(model, link) }
            if let Some(me) = model.me() {
                <a class="menu-item" href={me.admin_url.clone()}>{ icon(Icon::Gear) }<span>{ texts.get("menu.admin") }</span></a>
            }
            <hr />
            if let Some(me) = model.me() { <p class="menu-note">{ &me.email }</p> }
            { item(link, Icon::Leave, texts.get("menu.sign_out"), Msg::Do(Do::SignOut)) }
        </>
    }
}

fn item(link: &Link, picture: Icon, text: &str, msg: Msg) -> Html {
    html! {
        <button type="button" class="menu-item" onclick={on(link, msg)}>{ icon(picture) }<span>{ text }</span></button>
    }
}

fn notices(model: &Model, link: &Link) -> Html {
    let texts = &model.texts;
    match model.view.permission {
        Permission::Ask => item(link, Icon::Bell, texts.get("menu.allow_notices"), Msg::See(See::AllowNotices)),
        Permission::Granted => html! { <p class="menu-note">{ texts.get("menu.notices_on") }</p> },
        Permission::Denied => html! { <p class="menu-note">{ texts.get("menu.notices_denied") }</p> },
        Permission::Unsupported => Html::default(),
    }
}

fn languages(model: &Model, link: &Link) -> Html {
    let now = model.texts.locale();
    let option = |locale: Locale| {
        // A language is written in itself, whatever the language of the page.
        let name = match locale {
            Locale::En => model.texts.get("language.en"),
            Locale::ZhCn => model.texts.get("language.zh-CN"),
        };
        html! {
            <button type="button" key={locale.tag()} lang={locale.tag()} aria-pressed={(now == locale).to_string()}
                onclick={on(link, Msg::See(See::Language(locale)))}>{ name }</button>
        }
    };
    html! {
        <div class="menu-item plain">
            { icon(Icon::Globe) }
            <div class="segments" role="group" aria-label={model.texts.get("menu.language").to_owned()}>
                { for Locale::ALL.into_iter().map(option) }
            </div>
        </div>
    }
}

fn tenants(model: &Model, link: &Link) -> Html {
    let Some(me) = model.me().filter(|me| me.memberships.len() > 1) else {
        return Html::default();
    };
    let one = |member: &Membership| {
        let current = model.tenant == Some(member.tenant);
        html! {
            <button type="button" key={member.tenant.to_string()} class={classes!("menu-item", current.then_some("current"))}
                aria-pressed={current.to_string()} onclick={on(link, Msg::Do(Do::Tenant(member.tenant)))}>
                <span class="logo small" aria-hidden="true"></span>
                <span>{ &member.tenant_name }</span>
                if member.suspended { <span class="chip">{ model.texts.get("menu.suspended") }</span> }
            </button>
        }
    };
    html! {
        <>
            <p class="menu-note">{ model.texts.get("menu.tenants") }</p>
            { for me.memberships.iter().map(one) }
            <hr />
        </>
    }
}
