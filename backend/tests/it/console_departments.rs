//! The console where there are departments: queues apart, offers to several, going away and why, and what
//! supervisors do about colleagues.

use protocol::command::{Command, KeepPlace, SetPresence};
use protocol::state::Presence;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::browser::{Driver, Window};
use crate::console_page::Console;
use crate::people::Visitor;
use crate::pictures::look;
use crate::wire::Over;
use crate::world::{Plan, World};

/// A world with one more department, *Returns*, whose members are these people.
async fn with_returns(policy: Value, members: &[&str]) -> World {
    let world = World::prepare(Plan { policy, ..Plan::default() });
    let (tenant, department) = (world.literal(world.acme.id.0), world.literal(Uuid::new_v4()));
    let names: Vec<String> = members.iter().map(|name| format!("'{name}'")).collect();
    world
        .change(format!(
            "insert into department (tenant_id, id, name, created_at) values ({tenant}, {department}, 'Returns', 0);
             insert into department_agent (tenant_id, department_id, agent_id, priority)
             select tenant_id, {department}, id, 0 from agent where tenant_id = {tenant} and name in ({})",
            names.join(", ")
        ))
        .await;
    world.serve().await;
    world
}

async fn visitor(world: &World) -> Visitor {
    let mut visitor = world.visitor().await;
    visitor.connect(Over::Socket).await;
    visitor
}

async fn console(driver: &Driver, world: &World, name: &str) -> Console {
    Console::signs_in(driver.window(name).await, world, world.acme.person(name)).await
}

async fn keys(window: &Window, keys: &[&str]) {
    for key in keys {
        window.types("body", key).await;
    }
}

/// Waits until nothing matches any more.
async fn loses(window: &Window, css: &str) {
    window.until(&format!("{css} is gone"), || async { window.texts(css).await.is_empty().then_some(()) }).await;
}

#[tokio::test]
async fn an_offer_to_several_rings_everywhere_and_goes_to_the_first() {
    let world = with_returns(json!({"strategy": "broadcast", "offer_deadline_ms": 120_000}), &["Ben"]).await;
    let driver = Driver::start().await;
    let ann = console(&driver, &world, "Ann").await;
    let ben = console(&driver, &world, "Ben").await;
    ann.goes_online().await;
    ben.goes_online().await;
    let vera = visitor(&world).await;
    vera.asks("who is fastest?").await;
    ann.is_offered("who is fastest?").await;
    ben.is_offered("who is fastest?").await;
    ben.window.reads(".offer .offer-others", "1 other").await;
    look(&ben.window, "console-offer-several").await;
    keys(&ben.window, &["D"]).await;
    ben.window.reads("#reasons", "Not my topic").await;
    look(&ben.window, "console-offer-reasons").await;
    keys(&ben.window, &["\u{e00c}"]).await;
    loses(&ben.window, "#reasons").await;
    ann.accepts().await;
    loses(&ben.window, ".offer").await;
    ben.window.clicks_named(".lists .tab", "All active").await;
    ben.window.reads(".rows .row", "Ann").await;
    ann.says("I am").await;
    vera.sees("I am").await;
    ann.window.closes().await;
    ben.window.closes().await;
}

#[tokio::test]
async fn a_reason_for_declining_is_kept_and_the_next_one_is_asked() {
    let world = World::start().await;
    let driver = Driver::start().await;
    let ann = console(&driver, &world, "Ann").await;
    ann.goes_online().await;
    let vera = visitor(&world).await;
    let conversation = vera.asks("do you speak Dutch?").await;
    ann.is_offered("do you speak Dutch?").await;
    ann.window.clicks(".split .more").await;
    ann.window.clicks_named("#reasons button", "Not my language").await;
    loses(&ann.window, ".offer").await;
    let ben = world.at_work("Ben").await;
    ben.is_offered_this(conversation).await;
    assert_eq!(world.count("select count(*) from offer where decline_reason = 'other_language'").await, 1);
    ann.window.closes().await;
}

#[tokio::test]
async fn going_away_says_why_and_colleagues_see_it() {
    let world = with_returns(json!({}), &["Ann"]).await;
    let driver = Driver::start().await;
    let ann = console(&driver, &world, "Ann").await;
    let ben = console(&driver, &world, "Ben").await;
    ann.goes_online().await;
    keys(&ann.window, &["b"]).await;
    ann.window.reads("#pauses", "Lunch").await;
    look(&ann.window, "console-pauses").await;
    keys(&ann.window, &["3"]).await;
    ann.window.reads(".own .standing", "Lunch · since").await;
    look(&ann.window, "console-lunch").await;
    ben.window.clicks_named(".team .mate", "Ann").await;
    ben.window.reads("dialog", "Lunch · since").await;
    ben.window.reads("dialog", "Returns").await;
    look(&ben.window, "console-colleague").await;
    ben.window.clicks("dialog .dialog-head .icon-button").await;
    ann.window.clicks_named(".availability button", "Away").await;
    ann.window.clicks_named("#pauses button", "Meeting").await;
    ann.window.reads(".own .standing", "Meeting").await;
    ann.window.clicks(".me-button").await;
    ann.window.clicks_text(".menu button", "中文").await;
    look(&ann.window, "console-menu-chinese").await;
    keys(&ann.window, &["\u{e00c}"]).await;
    ann.window.reads(".own .standing", "会议").await;
    keys(&ann.window, &["o"]).await;
    ann.window.reads(".own .standing", "在线").await;
    ben.window.finds(".team .mate .dot.online").await;
    ann.window.closes().await;
    ben.window.closes().await;
}

#[tokio::test]
async fn missed_offers_are_explained_and_one_click_ends_the_absence() {
    let policy = json!({"missed_offers_before_away": 1, "offer_deadline_ms": 5_000});
    let world = World::with(Plan { policy, ..Plan::default() }).await;
    let driver = Driver::start().await;
    let ann = console(&driver, &world, "Ann").await;
    ann.goes_online().await;
    let vera = visitor(&world).await;
    vera.asks("anybody?").await;
    ann.is_offered("anybody?").await;
    ann.window.reads(".banner", "offers went unanswered").await;
    ann.window.reads(".own .standing", "missed offers").await;
    look(&ann.window, "console-missed").await;
    ann.window.clicks_named(".banner button", "Go online").await;
    loses(&ann.window, ".banner").await;
    ann.window.reads(".own .standing", "Online").await;
    ann.window.closes().await;
}

#[tokio::test]
async fn a_conversation_goes_to_another_department_and_waits_there() {
    let world = with_returns(json!({}), &["Ben"]).await;
    let driver = Driver::start().await;
    let ann = console(&driver, &world, "Ann").await;
    ann.goes_online().await;
    let vera = visitor(&world).await;
    vera.asks("it is broken").await;
    ann.is_offered("it is broken").await;
    ann.accepts().await;
    keys(&ann.window, &["\u{e00c}", "t"]).await;
    ann.window.types("dialog input[type=search]", "ret").await;
    ann.window.reads("dialog .choice", "Returns").await;
    look(&ann.window, "console-transfer").await;
    ann.transfers_by_search("Returns", "a return, with a photo").await;
    ann.window.reads(".log .system", "Ann transferred it to the department Returns").await;
    ann.window.clicks_named(".lists .tab", "Waiting").await;
    ann.window.reads(".rows .queue h2", "Returns").await;
    ann.window.reads(".rows .row .place", "#1").await;
    look(&ann.window, "console-queues").await;
    ann.window.clicks(".scopes .scope").await;
    ann.window.reads("#scopes", "All departments").await;
    look(&ann.window, "console-scopes").await;
    ann.window.clicks_named("#scopes button", "Returns").await;
    ann.window.reads(".rows .row", "it is broken").await;
    let ben = console(&driver, &world, "Ben").await;
    ben.goes_online().await;
    ben.is_offered("it is broken").await;
    ben.window.reads(".offer", "Returns").await;
    ben.accepts().await;
    ben.window.reads(".log .entry.note", "a return, with a photo").await;
    ben.says("we send you a new one").await;
    vera.sees("we send you a new one").await;
    ann.window.closes().await;
    ben.window.closes().await;
}

#[tokio::test]
async fn a_supervisor_assigns_what_waits_and_empties_an_absent_agents_list() {
    let world = with_returns(json!({"strategy": "manual"}), &["Ben"]).await;
    let driver = Driver::start().await;
    let ann = world.at_work("Ann").await;
    let olga = console(&driver, &world, "Olga").await;
    let (vera, wim) = (visitor(&world).await, visitor(&world).await);
    let first = vera.asks("the first of two").await;
    let second = wim.asks("the second of two").await;
    olga.opens("Waiting", "the first of two").await;
    olga.window.clicks_named(".thread-acts button", "Assign").await;
    look(&olga.window, "console-assign").await;
    olga.window.clicks_text("dialog .choice", "Ann").await;
    olga.window.clicks("dialog .dialog-foot .primary").await;
    ann.until("Ann was given the first", |view| {
        (view.summary(first)?.agent == Some(view.agent.as_ref()?.me)).then_some(())
    })
    .await;
    assert!(ann.picks(second).await.is_ok());

    ann.goes(Presence::Away).await;
    olga.window.clicks_named(".team .mate", "Ann").await;
    olga.window.reads("dialog .held", "the second of two").await;
    look(&olga.window, "console-colleague-held").await;
    olga.window.clicks_named("dialog .dialog-foot button", "Release all").await;
    olga.window.reads("dialog .dialog-text", "2 conversations of Ann").await;
    look(&olga.window, "console-release").await;
    olga.window.clicks("dialog .dialog-foot .primary").await;
    olga.window.reads(".notices", "Ann").await;
    olga.window.clicks_named(".lists .tab", "Waiting").await;
    for text in ["the first of two", "the second of two"] {
        olga.window.reads(".rows .row", text).await;
    }
    olga.window.closes().await;
}

#[tokio::test]
async fn what_lifts_a_visitor_out_of_the_order_is_seen() {
    // Nobody is called here: it is enough that mail could be sent.
    let plan = Plan::default()
        .with("FRONTDESK_SMTP_URL", "smtp://127.0.0.1:9")
        .with("FRONTDESK_MAIL_FROM", "chat@shop.example");
    let world = World::with(plan).await;
    let driver = Driver::start().await;
    let ann = world.at_work("Ann").await;
    let mut vera = world.visitor().await;
    world.change("update visitor set vip = true, external_id = 'customer-4711'").await;
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("am I next?").await;
    ann.is_offered_this(conversation).await;
    ann.must(Command::SetPresence(SetPresence { presence: Presence::Away, pause: None })).await;
    vera.must(Command::KeepPlace(KeepPlace { conversation, email: "vera@example.com".to_owned() })).await;
    let olga = console(&driver, &world, "Olga").await;
    olga.opens("Waiting", "am I next?").await;
    for mark in [".priority", ".kept"] {
        olga.window.shows(&format!(".rows .row {mark}")).await;
        olga.window.shows(&format!(".thread-head {mark}")).await;
    }
    olga.window.reads(".log .system", "will be called at vera@example.com").await;
    olga.window.reads(".visitor .facts", "customer-4711").await;
    olga.window.reads(".visitor .visitor-who", "VIP").await;
    vera.vanish();
    olga.window.reads(".foot-bar", "keeps the place and is away").await;
    look(&olga.window, "console-kept").await;
    olga.window.closes().await;
}
