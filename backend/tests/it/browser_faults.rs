//! Faults that only a browser has: a line that is dead without saying so, several tabs, a lid that closes. Each
//! name starts with the fault's number.

use fantoccini::wd::WindowHandle;
use faults::proxy::Proxy;
use protocol::ids::ConversationId;
use serde_json::json;

use crate::browser::{Driver, Window, patiently};
use crate::checker::check;
use crate::faults::clock::Clock;
use crate::people::Agent;
use crate::shop::Shop;
use crate::widget_page::Widget;
use crate::wire::Over;
use crate::world::{Plan, World};

/// A shop, a server behind a proxy that browsers use, and Ann on a line of her own.
struct Stage {
    world: World,
    shop: Shop,
    proxy: Proxy,
    driver: Driver,
    ann: Agent,
}

async fn stage() -> Stage {
    stage_with(Plan::default()).await
}

async fn stage_with(plan: Plan) -> Stage {
    let shop = Shop::open().await;
    let proxy = Proxy::bind().await.expect("a proxy");
    let plan = Plan { shop: shop.origin(), public_port: Some(proxy.port()), ..plan };
    let world = World::with(plan.unlimited()).await;
    proxy.forward_to(world.port());
    shop.sells("/", "Tea house", &world.acme.snippet);
    let driver = Driver::start().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    Stage { world, shop, proxy, driver, ann }
}

impl Stage {
    /// A visitor in a window talks with Ann.
    async fn talk(&self, window: Window) -> (Widget, ConversationId) {
        let vera = Widget::in_window(window);
        vera.window.opens(&self.shop.page("/")).await;
        vera.opens().await;
        vera.starts("hello?").await;
        let conversation = self.ann.is_offered().await;
        self.ann.accepts(conversation).await;
        vera.sees_note("Ann").await;
        (vera, conversation)
    }

    /// Ann sees this many messages, the visitor the same, and the database no more.
    async fn agree(&self, vera: &Widget, conversation: ConversationId, messages: usize) {
        patiently("everything arrives", || async {
            (self.ann.look(|view| view.texts(conversation)).len() >= messages).then_some(())
        })
        .await;
        let texts = self.ann.look(|view| view.texts(conversation));
        assert_eq!(texts.len(), messages, "{texts:?}");
        vera.shows_exactly(&texts).await;
        vera.has_sent_everything().await;
        check(&self.world, conversation, &[], &[&self.ann]).await;
    }
}

async fn offline(window: &Window, offline: bool) {
    let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    window.devtools("Network.enable", json!({})).await;
    window.devtools("Network.emulateNetworkConditions", conditions).await;
}

#[tokio::test]
async fn f13_what_is_written_into_a_dead_line_arrives_once() {
    let stage = stage().await;
    let (vera, conversation) = stage.talk(stage.driver.window("shop").await).await;
    // The socket stays open as far as the browser knows, and nothing moves on it.
    offline(&vera.window, true).await;
    vera.says("into the void").await;
    vera.says("and again").await;
    stage.ann.says(conversation, "anybody there?").await;
    offline(&vera.window, false).await;
    stage.agree(&vera, conversation, 4).await;
    vera.window.closes().await;
}

async fn other_tab(window: &Window) -> WindowHandle {
    let tab = window.client.new_window(true).await.expect("a tab").handle;
    window.client.switch_to_window(tab.clone()).await.expect("the tab");
    tab
}

#[tokio::test]
async fn f20_two_tabs_of_one_visitor_send_and_one_closes() {
    let stage = stage().await;
    let (vera, conversation) = stage.talk(stage.driver.window("shop").await).await;
    let first = vera.window.client.window().await.expect("the first tab");
    let second = other_tab(&vera.window).await;
    vera.window.opens(&stage.shop.page("/")).await;
    vera.opens().await;
    vera.sees("hello?").await;
    vera.says("from the second").await;
    vera.window.client.switch_to_window(first.clone()).await.expect("the first tab");
    vera.enters().await;
    vera.sees("from the second").await;
    vera.says("from the first").await;
    stage.agree(&vera, conversation, 3).await;
    // What a tab could not send before it closed is sent by the other, or when the page is opened again.
    stage.proxy.goes_dark();
    vera.window.reads(".banners", "connection").await;
    vera.says("before the tab closes").await;
    vera.window.client.close_window().await.expect("the first tab closes");
    vera.window.client.switch_to_window(second).await.expect("the second tab");
    stage.proxy.comes_back();
    vera.window.opens(&stage.shop.page("/")).await;
    vera.opens().await;
    stage.agree(&vera, conversation, 4).await;
    vera.window.closes().await;
}

#[tokio::test]
async fn f20_a_browser_that_refuses_storage_chats_all_the_same() {
    let stage = stage().await;
    let (vera, conversation) = stage.talk(stage.driver.window_without_storage("shop").await).await;
    vera.says("I keep nothing").await;
    stage.ann.says(conversation, "that is fine").await;
    stage.agree(&vera, conversation, 3).await;
    stage.proxy.cut();
    vera.says("and still here").await;
    stage.agree(&vera, conversation, 4).await;
    vera.window.closes().await;
}

#[tokio::test]
async fn f21_a_lid_that_closes_loses_nothing_on_either_side() {
    let stage = stage().await;
    let (vera, conversation) = stage.talk(stage.driver.window("shop").await).await;
    stage.proxy.goes_dark();
    vera.window.reads(".banners", "connection").await;
    vera.says("just before the lid closed").await;
    vera.window.devtools("Page.setWebLifecycleState", json!({"state": "frozen"})).await;
    stage.proxy.comes_back();
    stage.ann.says(conversation, "while you slept").await;
    // The night is long: the server is another process in the morning.
    stage.world.restart().await;
    let mut ann = stage.ann.another_tab();
    ann.connect(Over::Socket).await;
    ann.opens(conversation).await;
    ann.says(conversation, "good morning").await;
    vera.window.devtools("Page.setWebLifecycleState", json!({"state": "active"})).await;
    let stage = Stage { ann, ..stage };
    stage.agree(&vera, conversation, 4).await;
    vera.window.closes().await;
}

#[tokio::test]
async fn f21_after_26_hours_the_visitor_is_the_same_and_what_was_unsent_is_sent() {
    let Some(clock) = Clock::new() else { return };
    let day = Plan::default().with("FRONTDESK_VISITOR_TOKEN_SECONDS", "86400");
    let stage = stage_with(clock.rules(day)).await;
    let (vera, conversation) = stage.talk(stage.driver.window("shop").await).await;
    stage.proxy.goes_dark();
    vera.window.reads(".banners", "connection").await;
    vera.says("just before the lid closed").await;
    vera.window.devtools("Page.setWebLifecycleState", json!({"state": "frozen"})).await;
    clock.jumps("+26h");
    stage.ann.says(conversation, "while you slept").await;
    stage.proxy.comes_back();
    vera.window.devtools("Page.setWebLifecycleState", json!({"state": "active"})).await;
    // The token expired two hours ago; the page gets another one for the same visitor by itself.
    stage.agree(&vera, conversation, 3).await;
    assert_eq!(stage.world.count("select count(*) from visitor").await, 1);
    vera.window.closes().await;
}
