//! The widget in merchants' pages: quiet before intent, at home under strict policies, refused elsewhere, once
//! on a page, scriptable, and whole on a phone.

use serde_json::{Value, json};

use crate::browser::{Driver, Window};
use crate::identity::Key;
use crate::people::Agent;
use crate::shop::{Shop, document};
use crate::widget_page::{HOST, Widget};
use crate::wire::Over;
use crate::world::{Plan, World};

struct Street {
    world: World,
    shop: Shop,
    driver: Driver,
}

async fn street() -> Street {
    let shop = Shop::open().await;
    let world = World::with(Plan { shop: shop.origin(), ..Plan::default() }).await;
    shop.sells("/", "Tea house", &world.acme.snippet);
    shop.sells("/tea", "Green tea", &world.acme.snippet);
    let driver = Driver::start().await;
    Street { world, shop, driver }
}

impl Street {
    async fn visit(&self, path: &str) -> Widget {
        let vera = Widget::in_window(self.driver.window("shop").await);
        vera.window.opens(&self.shop.page(path)).await;
        vera
    }

    async fn ann_at_work(&self) -> Agent {
        let mut ann = self.world.agent("Ann").await;
        ann.starts_work(Over::Socket).await;
        ann
    }
}

/// What the shop's page has asked for besides itself, and what it stores.
async fn traces(window: &Window) -> Value {
    let script = "const done = arguments[0]; indexedDB.databases().then(found => done({\
        asked: performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.endsWith('favicon.ico')),\
        local: localStorage.length, session: sessionStorage.length, cookie: document.cookie,\
        databases: found.length, globals: Object.keys(window).filter(k => /front|chat/i.test(k))}))";
    window.awaits(script, vec![]).await
}

#[tokio::test]
async fn before_a_visitor_shows_interest_nothing_is_asked_and_nothing_stored() {
    let street = street().await;
    let vera = street.visit("/").await;
    vera.bubble().await;
    let seen = traces(&vera.window).await;
    let loader = format!("{}/w/{}.js", street.world.origin(), street.world.acme.site);
    assert_eq!(seen["asked"], json!([loader]));
    for nothing in ["local", "session", "databases"] {
        assert_eq!(seen[nothing], json!(0), "{nothing}: {seen}");
    }
    assert_eq!(seen["cookie"], json!(""));
    assert_eq!(seen["globals"], json!(["Frontdesk"]));
    assert_eq!(street.world.count("select count(*) from visitor").await, 0, "nobody was counted");
    vera.opens().await;
    vera.window.leaves_frames().await;
    let seen = traces(&vera.window).await;
    let asked = seen["asked"].as_array().expect("a list");
    assert!(asked.len() > 1, "now the frame is asked for: {seen}");
    assert_eq!(seen["cookie"], json!(""), "no cookie even then");
}

#[tokio::test]
async fn a_page_with_the_strictest_policy_chats_without_a_violation() {
    let street = street().await;
    let host = street.world.origin();
    let policy = format!(
        "default-src 'none'; script-src {host}; frame-src {host}; img-src 'self'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    street.shop.puts("/strict", Some(&policy), &document("Strict", &street.world.acme.snippet));
    let ann = street.ann_at_work().await;
    let vera = street.visit("/strict").await;
    vera.opens().await;
    vera.starts("hello from a strict page").await;
    let conversation = ann.is_offered().await;
    ann.accepts(conversation).await;
    ann.says(conversation, "hello to a strict page").await;
    vera.sees("hello to a strict page").await;
    assert_eq!(vera.window.violations().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_page_of_another_origin_gets_no_chat() {
    let street = street().await;
    let copycat = Shop::open().await;
    copycat.sells("/", "Copycat", &street.world.acme.snippet);
    let vera = Widget::in_window(street.driver.window("copycat").await);
    vera.window.opens(&copycat.page("/")).await;
    vera.bubble().await.click().await.expect("a click");
    vera.window
        .until("the browser refuses the frame", || async {
            vera.window.violations().await.iter().any(|line| line.contains("frame-ancestors")).then_some(())
        })
        .await;
    assert_eq!(street.world.count("select count(*) from visitor").await, 0);
}

#[tokio::test]
async fn twice_on_a_page_is_once_and_a_swapped_body_keeps_its_bubble() {
    let street = street().await;
    let twice = format!("{0}\n{0}", street.world.acme.snippet);
    street.shop.sells("/twice", "Twice", &twice);
    let vera = street.visit("/twice").await;
    vera.bubble().await;
    let hosts = format!("return document.querySelectorAll('{HOST}').length");
    assert_eq!(vera.window.runs(&hosts, vec![]).await, json!(1));
    vera.window.runs("document.body.replaceWith(document.createElement('body'))", vec![]).await;
    vera.bubble().await;
    vera.window.runs("document.body.textContent = ''", vec![]).await;
    vera.bubble().await;
    vera.opens().await;
    assert_eq!(street.world.count("select count(*) from conversation").await, 0);
}

#[tokio::test]
async fn merchants_script_the_widget_before_and_after_it_loads() {
    let street = street().await;
    let queue = "<script>window.Frontdesk=window.Frontdesk||function(){(Frontdesk.q=Frontdesk.q||[]).push([].slice.call(arguments))};\
        window.heard=[];for(const n of ['ready','open','close','message','queued','assigned','closed','rated','unread','availability'])\
        Frontdesk('on',n,e=>heard.push(n));</script>";
    street.shop.sells("/scripted", "Scripted", &format!("{queue}{}", street.world.acme.snippet));
    let ann = street.ann_at_work().await;
    let vera = street.visit("/scripted").await;
    hears(&vera, "ready").await;
    assert_eq!(vera.calls(json!(["open"])).await, json!({ "ok": null }));
    hears(&vera, "open").await;
    assert_eq!(vera.calls(json!(["sendMessage", "sent by the shop"])).await, json!({ "ok": null }));
    // The site asks for a name first: the merchant's text stands in the form.
    vera.enters().await;
    vera.window.clicks("form button.main").await;
    let conversation = ann.is_offered().await;
    hears(&vera, "queued").await;
    ann.accepts(conversation).await;
    ann.sees(conversation, "sent by the shop").await;
    hears(&vera, "assigned").await;
    vera.calls(json!(["close"])).await;
    hears(&vera, "close").await;
    ann.says(conversation, "are you there?").await;
    hears(&vera, "message").await;
    hears(&vera, "unread").await;
    let state = vera.calls(json!(["getState"])).await;
    assert_eq!((&state["ok"]["open"], &state["ok"]["unread"]), (&json!(false), &json!(1)), "{state}");
    ann.closes(conversation).await;
    hears(&vera, "closed").await;
    let wrong = vera.calls(json!(["explode"])).await;
    assert!(wrong["error"].as_str().is_some_and(|text| text.contains("explode")), "{wrong}");
    assert_eq!(vera.calls(json!(["setLocale", "zh-CN"])).await, json!({ "ok": null }));
    vera.calls(json!(["open"])).await;
    vera.enters().await;
    vera.window.reads("footer.closed", "满意").await;
    vera.calls(json!(["destroy"])).await;
    vera.window.leaves_frames().await;
    let script = format!("return [typeof window.Frontdesk, document.querySelectorAll('{HOST}').length]");
    assert_eq!(vera.window.runs(&script, vec![]).await, json!(["undefined", 0]));
}

async fn hears(vera: &Widget, event: &str) {
    vera.window.leaves_frames().await;
    vera.window
        .until(&format!("the shop hears {event}"), || async {
            let heard = vera.window.runs("return window.heard", vec![]).await;
            heard.as_array()?.iter().any(|it| it == event).then_some(())
        })
        .await;
}

#[tokio::test]
async fn on_a_phone_the_chat_fills_the_screen() {
    let street = street().await;
    let _ann = street.ann_at_work().await;
    let vera = Widget::in_window(street.driver.window("phone").await);
    let screen = json!({ "width": 390, "height": 780, "deviceScaleFactor": 2, "mobile": true });
    vera.window.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    vera.window.opens(&street.shop.page("/")).await;
    vera.opens().await;
    vera.starts("from my phone").await;
    vera.sees("from my phone").await;
    let script = "const c = document.querySelector('#composer'), e = document.documentElement; \
        return [innerWidth, innerHeight, parseFloat(getComputedStyle(c).fontSize), e.scrollWidth, c.getBoundingClientRect().bottom]";
    let [width, height, letters, content, bottom]: [f64; 5] =
        serde_json::from_value(vera.window.runs(script, vec![]).await).expect("numbers");
    assert_eq!((width, height), (390.0, 780.0), "the frame fills the screen");
    assert!(letters >= 16.0, "browsers zoom into smaller fields: {letters}");
    assert!(content <= width && bottom <= height, "{content} wide, composer ends at {bottom}");
}

#[tokio::test]
async fn a_visitor_who_comes_back_finds_the_conversation_and_after_logout_does_not() {
    let street = street().await;
    let ann = street.ann_at_work().await;
    let vera = street.visit("/").await;
    vera.opens().await;
    vera.starts("I will be back").await;
    let conversation = ann.is_offered().await;
    ann.accepts(conversation).await;
    ann.says(conversation, "see you").await;
    vera.sees("see you").await;
    vera.window.opens("about:blank").await;
    vera.window.opens(&street.shop.page("/tea")).await;
    vera.opens().await;
    vera.sees("I will be back").await;
    vera.sees("see you").await;
    assert_eq!(vera.calls(json!(["logout"])).await, json!({ "ok": null }));
    vera.window.leaves_frames().await;
    let kept = vera.window.runs("return localStorage.length", vec![]).await;
    assert_eq!(kept, json!(0));
    vera.opens().await;
    vera.window.shows("#main").await;
    assert_eq!(vera.texts().await, Vec::<String>::new());
    assert_eq!(street.world.count("select count(*) from conversation").await, 1);
}

#[tokio::test]
async fn the_page_says_who_the_visitor_is_as_often_as_it_is_asked() {
    let street = street().await;
    let vera = street.visit("/").await;
    vera.bubble().await;
    let script = "window.asked = 0; window.wrong = []; \
        Frontdesk('on', 'error', event => window.wrong.push(event.message)); \
        Frontdesk('identify', () => { window.asked += 1; return Promise.resolve('not.a.token') })";
    vera.window.runs(script, vec![]).await;
    assert_eq!(vera.window.runs("return window.asked", vec![]).await, json!(0), "nobody needs it yet");
    vera.opens().await;
    vera.window.leaves_frames().await;
    vera.window
        .until("the page hears that it was refused", || async {
            let said = vera.window.runs("return window.wrong", vec![]).await;
            (said == json!(["identify: not valid"])).then_some(())
        })
        .await;
    assert_eq!(vera.window.runs("return window.asked", vec![]).await, json!(1));
    // The visitor can chat all the same, also where it is no identity at all.
    vera.calls(json!(["identify", [42]])).await;
    let ann = street.ann_at_work().await;
    vera.enters().await;
    vera.starts("who am I?").await;
    let conversation = ann.is_offered().await;
    ann.accepts(conversation).await;
    vera.sees_note("Ann").await;
}

#[tokio::test]
async fn a_customer_is_known_and_the_next_one_at_the_same_computer_sees_nothing() {
    let street = street().await;
    let key = Key::of(&street.world, &street.world.acme).await;
    let signed = |id: &str| key.signs(json!({"sub": id, "name": "Vera Vogel"}));
    let ann = street.ann_at_work().await;
    let vera = street.visit("/").await;
    vera.bubble().await;
    assert_eq!(vera.calls(json!(["identify", signed("customer-7")])).await, json!({ "ok": null }));
    vera.opens().await;
    fills(&vera, "where is my order?").await;
    let conversation = ann.is_offered().await;
    ann.accepts(conversation).await;
    vera.sees_note("Ann").await;
    ann.looks_at_visitor(conversation).await;
    let shown = ann.look(|view| view.profile.clone()).expect("a profile");
    assert_eq!((shown.external_id.as_deref(), shown.name.as_deref()), (Some("customer-7"), Some("Vera Vogel")));
    // Said while the chat is open: it is somebody else's from here on.
    vera.calls(json!(["identify", signed("customer-8")])).await;
    vera.enters().await;
    vera.window.finds("main.home").await;
    assert_eq!(vera.window.texts(".line").await, Vec::<String>::new());
    fills(&vera, "hello from the next one").await;
    let second = ann.is_offered().await;
    assert_ne!(second, conversation);
    ann.accepts(second).await;
    ann.looks_at_visitor(second).await;
    let shown = ann.look(|view| view.profile.clone()).expect("a profile");
    assert_eq!(shown.external_id.as_deref(), Some("customer-8"));
}

/// Writes into the form, in which the name stands already.
async fn fills(vera: &Widget, text: &str) {
    vera.window.clicks("#main").await;
    vera.window.types("#text", text).await;
    vera.window.clicks("form button.main").await;
}
