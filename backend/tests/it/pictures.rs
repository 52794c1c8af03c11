//! Every page at the sizes and in the colours people use: nothing wider than the window, no policy violated.
//! With `FRONTDESK_PICTURES=FOLDER` each page is also kept as a picture; `scripts/pictures.sh` makes those of
//! the README that way.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::basics::eventually;
use crate::browser::{Driver, Window};
use crate::console_page::Console;
use crate::shop::Shop;
use crate::widget_page::Widget;
use crate::world::{Plan, World};

/// Width and height of a window, and whether it is a phone's.
const SIZES: [(&str, u32, u32); 2] = [("desktop", 1280, 800), ("phone", 390, 844)];

const ADMIN: [&str; 14] = [
    "/admin",
    "/admin/board",
    "/admin/sites",
    "/admin/sites/new",
    "/admin/people",
    "/admin/departments",
    "/admin/departments/new",
    "/admin/routing",
    "/admin/identity",
    "/admin/transcripts",
    "/admin/offline",
    "/admin/mail",
    "/admin/audit",
    "/admin/profile",
];

const PLATFORM: [&str; 3] = ["/platform", "/platform/operators", "/platform/health"];

#[tokio::test]
async fn every_page_fits_its_window_in_light_and_dark() {
    let shop = Shop::open().await;
    let world = World::with(Plan { shop: shop.origin(), operator: true, ..Plan::default() }).await;
    shop.sells("/", "Tea house", &world.acme.snippet);
    let driver = Driver::start().await;

    let ann = Console::signs_in(driver.window("console").await, &world, world.acme.person("Ann")).await;
    look(&ann.window, "console-empty").await;
    ann.goes_online().await;
    let vera = Widget::in_window(driver.window("shop").await);
    vera.window.opens(&shop.page("/")).await;
    look(&vera.window, "shop").await;
    vera.opens().await;
    picture(&vera.window, "widget-home-desktop-light").await;
    vera.starts("Is the green tea fresh?").await;
    ann.is_offered("Is the green tea fresh?").await;
    look(&ann.window, "console-offer").await;
    picture(&vera.window, "widget-waiting-desktop-light").await;
    ann.accepts().await;
    vera.sees_note("Ann").await;
    ann.says("Picked last week, and packed this morning.").await;
    vera.sees("Picked last week").await;
    vera.says("Lovely. And the black one?").await;
    ann.sees("And the black one?").await;
    look(&ann.window, "console-thread").await;
    look(&vera.window, "widget-thread").await;

    let owner = Console::signs_in(driver.window("owner").await, &world, world.acme.person("Olga")).await;
    for path in ADMIN {
        owner.window.opens(&format!("{}{path}", world.origin())).await;
        look(&owner.window, &path.replace('/', "-")[1..]).await;
    }
    for (words, part, name) in [("tea", "mark", "found"), ("nowhere", ".empty", "nothing"), ("t", ".empty", "short")] {
        let address = format!("{}/admin/transcripts?q={words}", world.origin());
        // What was said a moment ago is found a moment later.
        eventually(&format!("{words}: {name}"), || async {
            owner.window.opens(&address).await;
            let script = "return document.querySelector(arguments[0]) !== null;";
            owner.window.runs(script, vec![json!(part)]).await.as_bool().filter(|shown| *shown)
        })
        .await;
        look(&owner.window, &format!("admin-transcripts-{name}")).await;
    }
    owner.window.closes().await;

    let otto = driver.window("operator").await;
    let person = world.operator.clone().expect("an operator");
    otto.opens(&format!("{}/sign-in?next=/platform", world.origin())).await;
    look(&otto, "sign-in").await;
    otto.types("input[name=email]", &person.email).await;
    otto.types("input[name=password]", &person.password).await;
    otto.clicks("button[type=submit]").await;
    for path in PLATFORM {
        otto.opens(&format!("{}{path}", world.origin())).await;
        look(&otto, &path.replace('/', "-")[1..]).await;
    }
    otto.clicks("form[action='/platform/health'] button").await;
    otto.shows(".findings").await;
    look(&otto, "platform-health-checked").await;
    otto.closes().await;
    ann.window.closes().await;
    vera.window.closes().await;
}

#[tokio::test]
async fn forms_of_departments_and_people_fit_in_both_languages() {
    let world = World::with(Plan { agents: vec!["Ann", "Ben", "Cat"], ..Plan::default() }).await;
    let sales = ["department", "create", "--tenant", "acme", "Sales and returns", "max_queue=5", "--member", "Ann:1"];
    let (made, _, error) = world.feed(&[&sales[..], &["--overflow", "Support", "--json"]].concat(), "");
    assert!(made, "{error}");
    let driver = Driver::start().await;
    let owner = Console::signs_in(driver.window("owner").await, &world, world.acme.person("Olga")).await.window;
    let agent = owner.runs("return navigator.userAgent;", vec![]).await;
    for language in ["en", "zh-CN"] {
        let speaks = json!({"userAgent": agent, "acceptLanguage": language});
        owner.devtools("Emulation.setUserAgentOverride", speaks).await;
        for path in ["/admin/departments", "/admin/departments/new", "/admin/routing", "/admin/identity"] {
            owner.opens(&format!("{}{path}", world.origin())).await;
            look(&owner, &format!("{}-{language}", path.replace('/', "-").trim_start_matches('-'))).await;
        }
        owner.opens(&format!("{}/admin/departments", world.origin())).await;
        owner.clicks("tbody tr:nth-child(2) th a").await;
        owner.shows("input[name=max_queue]").await;
        owner.clicks("#hours_on").await;
        look(&owner, &format!("admin-department-{language}")).await;
        owner.runs("document.getElementById('max_queue').value = '0';", vec![]).await;
        owner.runs("document.getElementById('hours_mon').value = '9-12, 11-13';", vec![]).await;
        owner.clicks("form[action*='/admin/departments/'] .form-foot button").await;
        owner.shows("#max_queue-error").await;
        look(&owner, &format!("admin-department-wrong-{language}")).await;
        owner.clicks("a[href$='/remove']").await;
        owner.shows("select[name=successor]").await;
        look(&owner, &format!("admin-department-remove-{language}")).await;
        for (list, name) in [("people", "person"), ("sites", "site")] {
            owner.opens(&format!("{}/admin/{list}", world.origin())).await;
            owner.clicks("tbody th a").await;
            owner.shows("form .form-foot button").await;
            look(&owner, &format!("admin-{name}-{language}")).await;
        }
    }
    owner.closes().await;
}

/// Looks at what a window shows in every size and colour.
pub(crate) async fn look(window: &Window, name: &str) {
    for (size, width, height) in SIZES {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"});
        window.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        for scheme in ["light", "dark"] {
            let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
            window.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
            let name = format!("{name}-{size}-{scheme}");
            fits(window, &name).await;
            picture(window, &name).await;
        }
    }
    window.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
    window.devtools("Emulation.setEmulatedMedia", json!({ "features": [] })).await;
    assert_eq!(window.violations().await, Vec::<String>::new(), "{name}");
}

/// Nothing reaches out of the window sideways.
async fn fits(window: &Window, name: &str) {
    let script = "const page = document.documentElement; return [page.scrollWidth, window.innerWidth];";
    let widths = window.runs(script, vec![]).await;
    let (content, room) = (number(&widths[0]), number(&widths[1]));
    assert!(content <= room, "{name}: {content} pixels of content in a window of {room}");
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a whole number of pixels")
}

async fn picture(window: &Window, name: &str) {
    if let Some(folder) = std::env::var_os("FRONTDESK_PICTURES").map(PathBuf::from) {
        std::fs::create_dir_all(&folder).expect("the folder of pictures");
        window.screenshot(&folder.join(format!("{name}.png"))).await;
    }
}
