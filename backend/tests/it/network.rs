//! Networks that misbehave: WebSockets refused in every way, connections cut, the network gone, bytes that
//! stop moving. Nothing is lost, nothing doubled, and people are told.

use std::time::Duration;

use faults::proxy::{Proxy, Upgrades};
use protocol::state::ConversationState;

use crate::browser::{Driver, patiently};
use crate::checker::check;
use crate::people::{Agent, Visitor};
use crate::shop::Shop;
use crate::widget_page::Widget;
use crate::wire::Over;
use crate::world::{Plan, World};

/// A server behind a proxy that all clients use, Ann at work on a good line.
async fn behind_a_proxy(shop: &Shop) -> (World, Proxy) {
    let proxy = Proxy::bind().await.expect("a proxy");
    let plan = Plan { shop: shop.origin(), public_port: Some(proxy.port()), ..Plan::default() };
    let world = World::with(plan).await;
    proxy.forward_to(world.port());
    shop.sells("/", "Tea house", &world.acme.snippet);
    (world, proxy)
}

async fn ann_at_work(world: &World) -> Agent {
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    ann
}

#[tokio::test]
async fn a_browser_chats_whatever_is_done_to_its_websockets() {
    let shop = Shop::open().await;
    let (world, proxy) = behind_a_proxy(&shop).await;
    let driver = Driver::start().await;
    let ann = ann_at_work(&world).await;
    for (name, upgrades) in [("stripped", Upgrades::Strip), ("swallowed", Upgrades::Swallow)] {
        proxy.upgrades(upgrades);
        let vera = Widget::in_window(driver.window(name).await);
        vera.window.opens(&shop.page("/")).await;
        vera.opens().await;
        vera.starts(&format!("my handshake is {name}")).await;
        let conversation = ann.is_offered().await;
        ann.accepts(conversation).await;
        ann.says(conversation, "you are heard all the same").await;
        vera.sees("you are heard all the same").await;
        vera.says("good").await;
        ann.sees(conversation, "good").await;
        ann.closes(conversation).await;
        vera.window.closes().await;
    }
}

#[tokio::test]
async fn what_is_written_while_the_network_is_gone_arrives_once_when_it_is_back() {
    let shop = Shop::open().await;
    let (world, proxy) = behind_a_proxy(&shop).await;
    let driver = Driver::start().await;
    let ann = ann_at_work(&world).await;
    let vera = Widget::in_window(driver.window("shop").await);
    vera.window.opens(&shop.page("/")).await;
    vera.opens().await;
    vera.starts("before the tunnel").await;
    let conversation = ann.is_offered().await;
    ann.accepts(conversation).await;
    vera.sees_note("Ann").await;
    proxy.goes_dark();
    vera.window.reads(".banners", "connection").await;
    vera.says("in the tunnel, first").await;
    vera.says("in the tunnel, second").await;
    ann.says(conversation, "are you still there?").await;
    proxy.comes_back();
    patiently("everything arrives", || async {
        let texts = ann.look(|view| view.texts(conversation));
        (texts.len() == 4).then_some(())
    })
    .await;
    vera.has_sent_everything().await;
    let texts = ann.look(|view| view.texts(conversation));
    vera.shows_exactly(&texts).await;
    let place = |text: &str| texts.iter().position(|it| it == text);
    assert!(place("in the tunnel, first") < place("in the tunnel, second"), "{texts:?}");
    proxy.cut();
    vera.says("and once more").await;
    ann.sees(conversation, "and once more").await;
    check(&world, conversation, &[], &[&ann]).await;
}

#[tokio::test]
async fn a_line_on_which_nothing_moves_is_noticed_and_nothing_is_lost() {
    let shop = Shop::open().await;
    let (world, proxy) = behind_a_proxy(&shop).await;
    let ann = ann_at_work(&world).await;
    let mut vera = Visitor::arrives(&proxy.url(), &world.origin(), &world.acme.site).await;
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    vera.sees_state(ConversationState::Active).await;
    let online = |wanted: bool| {
        move |view: &crate::wire::View| (view.summary(conversation)?.visitor_online == wanted).then_some(())
    };
    ann.until("the visitor is there", online(true)).await;
    proxy.pause(true);
    ann.says(conversation, "can you hear me?").await;
    // A ping every 25 s, 8 s for its answer.
    ann.until_within(Duration::from_secs(60), "the visitor is gone", online(false)).await;
    vera.vanish();
    proxy.pause(false);
    vera.connect(Over::Socket).await;
    vera.sees("can you hear me?").await;
    ann.until("the visitor is back", online(true)).await;
    check(&world, conversation, &[], &[&vera, &ann]).await;
}
