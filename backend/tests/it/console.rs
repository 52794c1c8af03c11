//! The console beyond the main story: drafts, two tabs, notes, lists, transfer between two consoles, and the
//! queue as the visitor's browser shows it.

use serde_json::json;

use crate::browser::Driver;
use crate::console_page::Console;
use crate::people::{Agent, Visitor};
use crate::shop::Shop;
use crate::widget_page::Widget;
use crate::wire::Over;
use crate::world::{Plan, World};

async fn visitor(world: &World) -> Visitor {
    let mut visitor = world.visitor().await;
    visitor.connect(Over::Socket).await;
    visitor
}

/// Another tab of the same browser, signed in by the same cookie.
async fn another_tab(console: &Console, world: &World) -> Console {
    let first = console.window.client.window().await.expect("a tab");
    let tab = console.window.client.new_window(false).await.expect("a new tab");
    console.window.client.switch_to_window(tab.handle).await.expect("the new tab");
    console.window.opens(&format!("{}/console", world.origin())).await;
    console.window.shows(".rail").await;
    console.window.client.switch_to_window(first).await.expect("the first tab");
    Console { window: console.window.clone() }
}

/// Goes to the other one of two tabs.
async fn switch(console: &Console) {
    let now = console.window.client.window().await.expect("a tab");
    let all = console.window.client.windows().await.expect("the tabs");
    let other = all.into_iter().find(|tab| *tab != now).expect("another tab");
    console.window.client.switch_to_window(other).await.expect("the other tab");
}

#[tokio::test]
async fn a_draft_and_a_message_survive_reload_and_a_killed_server() {
    let world = World::start().await;
    let driver = Driver::start().await;
    let ann = Console::signs_in(driver.window("console").await, &world, world.acme.person("Ann")).await;
    ann.goes_online().await;
    let vera = visitor(&world).await;
    vera.asks("is anybody there?").await;
    ann.is_offered("is anybody there?").await;
    ann.accepts().await;
    ann.types("a thought half").await;
    ann.window.client.refresh().await.expect("a reload");
    ann.opens("My", "Vera").await;
    ann.window.until("the draft is back", || async { (ann.draft().await == "a thought half").then_some(()) }).await;
    world.kill9();
    ann.types(" finished").await;
    ann.says("").await;
    world.serve().await;
    ann.shows_exactly(&["is anybody there?".to_owned(), "a thought half finished".to_owned()]).await;
    ann.has_sent_everything().await;
    assert_eq!(ann.draft().await, "");
    assert_eq!(world.count("select count(*) from entry where kind = 'message'").await, 2);
    ann.window.closes().await;
}

#[tokio::test]
async fn two_tabs_of_one_agent_agree() {
    let world = World::start().await;
    let driver = Driver::start().await;
    let ann = Console::signs_in(driver.window("console").await, &world, world.acme.person("Ann")).await;
    ann.goes_online().await;
    let tab = another_tab(&ann, &world).await;
    let vera = visitor(&world).await;
    vera.asks("which tab sees this?").await;
    ann.is_offered("which tab sees this?").await;
    switch(&tab).await;
    tab.is_offered("which tab sees this?").await;
    tab.accepts().await;
    tab.says("this one").await;
    vera.sees("this one").await;
    switch(&ann).await;
    ann.window
        .until("the offer is gone here too", || async { ann.window.texts(".offer").await.is_empty().then_some(()) })
        .await;
    ann.opens("My", "this one").await;
    ann.shows_exactly(&["which tab sees this?".to_owned(), "this one".to_owned()]).await;
    vera.says("thank you").await;
    ann.sees("thank you").await;
    switch(&tab).await;
    tab.sees("thank you").await;
    assert_eq!(tab.window.violations().await, Vec::<String>::new());
    tab.window.closes().await;
}

#[tokio::test]
async fn a_conversation_goes_from_one_console_to_another_and_is_closed() {
    let world = World::start().await;
    let driver = Driver::start().await;
    let ann = Console::signs_in(driver.window("ann").await, &world, world.acme.person("Ann")).await;
    ann.goes_online().await;
    let vera = visitor(&world).await;
    let conversation = vera.asks("a hard question").await;
    ann.is_offered("a hard question").await;
    ann.accepts().await;
    ann.window.clicks_named(".composer-head button", "Note").await;
    ann.says("I do not know this").await;
    ann.window.reads(".log .entry.note", "I do not know this").await;
    let ben = Console::signs_in(driver.window("ben").await, &world, world.acme.person("Ben")).await;
    ben.goes_online().await;
    ann.transfers_to("Ben", "you know this better").await;
    ben.opens("My", "a hard question").await;
    ben.window.reads(".log .entry.note", "you know this better").await;
    ben.says("the answer is tea").await;
    vera.sees("the answer is tea").await;
    ben.closes().await;
    ben.opens("Closed", "the answer is tea").await;
    ben.window.shows(".foot-bar").await;
    let leaked = vera.look(|view| format!("{:?}", view.items(conversation)));
    assert!(!leaked.contains("you know this better") && !leaked.contains("I do not know"), "{leaked}");
    ann.window.closes().await;
    ben.window.closes().await;
}

#[tokio::test]
async fn a_waiting_visitor_sees_the_place_move_and_may_leave_a_message_instead() {
    let shop = Shop::open().await;
    let plan = Plan { shop: shop.origin(), policy: json!({ "capacity": 1 }), ..Plan::default() };
    let world = World::with(plan).await;
    shop.sells("/", "Tea house", &world.acme.snippet);
    let driver = Driver::start().await;
    let mut ann: Agent = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let (first, second) = (visitor(&world).await, visitor(&world).await);
    let held = first.asks("first").await;
    ann.is_offered_this(held).await;
    ann.accepts(held).await;
    let next = second.asks("second").await;
    let vera = Widget::in_window(driver.window("shop").await);
    vera.window.opens(&shop.page("/")).await;
    vera.opens().await;
    vera.starts("third").await;
    vera.waits_at(2).await;
    ann.closes(held).await;
    ann.is_offered_this(next).await;
    ann.accepts(next).await;
    vera.waits_at(1).await;
    vera.window.clicks_named("section.wait button", "Leave a message").await;
    vera.window.types("#email", "vera@example.com").await;
    vera.window.types("#text", "please write to me").await;
    vera.window.clicks("form button.main").await;
    vera.window.reads("main", "vera@example.com").await;
    assert_eq!(world.count("select count(*) from conversation where state = 'offline'").await, 1);
    vera.window.closes().await;
}

#[tokio::test]
async fn an_untouched_console_is_away_and_a_key_brings_it_back() {
    let plan = Plan { policy: json!({"agent_idle_ms": 6_000}), ..Plan::default() };
    let world = World::with(plan).await;
    let driver = Driver::start().await;
    let ann = Console::signs_in(driver.window("console").await, &world, world.acme.person("Ann")).await;
    ann.goes_online().await;
    ann.window.reads(".me .who", "Away: idle").await;
    ann.window.reads("body", "nothing happened here").await;
    // Escape does nothing here, and is a sign of life like any other key.
    ann.window.types("body", "\u{e00c}").await;
    ann.window.reads(".me .who", "Online").await;
    ann.window.closes().await;
}
