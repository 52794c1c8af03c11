//! Conversations that nobody answered in time, and what their visitors are told of the address for an answer.

use protocol::state::{ConversationState, Presence};
use serde_json::json;

use crate::browser::Driver;
use crate::departments;
use crate::people::{Agent, Visitor};
use crate::pictures::look;
use crate::text_browser::{Kind, TextBrowser};
use crate::wire::{BOTH, View};
use crate::world::{Plan, World};

/// The address that the visitor's state tells, once there is a state with a conversation that was left.
fn told(view: &View) -> Option<Option<String>> {
    let state = view.visitor.as_ref()?;
    let is_left = state.conversations.first()?.state == ConversationState::Offline;
    is_left.then(|| state.email.clone())
}

/// Ann, who is busy with somebody, so that others wait.
async fn busy(world: &World) -> (Agent, Visitor) {
    let ann = world.at_work("Ann").await;
    let (first, _) = world.held(&ann, "me first").await;
    (ann, first)
}

async fn world() -> World {
    World::with(Plan { policy: json!({"capacity": 1}), ..Plan::default() }.unlimited()).await
}

#[tokio::test]
async fn an_address_that_belongs_to_the_conversation_alone_is_told() {
    let world = world().await;
    let (ann, _first) = busy(&world).await;
    let (vera, _) = world.asking("is anybody there?").await;
    vera.waits_at(1).await;
    departments::waits_run_out(&world, &ann).await;
    let email = vera.until("the wait is over", told).await;
    assert_eq!(email, None, "nothing to answer to");
    // As it is when the visitor kept the place, was called and did not come.
    world
        .change("update conversation set offline_email = 'vera@home.example' where state = 'offline'".to_owned())
        .await;
    for over in BOTH {
        let mut tab = vera.another_tab();
        tab.connect(over).await;
        let email = tab.until("the state", told).await;
        assert_eq!(email.as_deref(), Some("vera@home.example"));
    }
    assert_eq!(world.count("select count(*) from visitor where email is not null").await, 0);
}

#[tokio::test]
async fn a_browser_without_javascript_shows_the_way_to_the_form() {
    let world = world().await;
    let (ann, _first) = busy(&world).await;
    let driver = Driver::start().await;
    let vera = driver.window_without_patience("plain").await;
    vera.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    vera.opens(&format!("{}/chat/{}", world.origin(), world.acme.site)).await;
    vera.reads("button", "Start a chat").await;
    vera.types("textarea[name=text]", "is anybody there?").await;
    vera.clicks("button.main").await;
    vera.reads(".state", "You are next.").await;
    departments::waits_run_out(&world, &ann).await;
    vera.reads(".state", "Nobody could answer yet. Leave your email address").await;
    look(&vera, "text-unanswered").await;
    vera.clicks(".state a").await;
    vera.reads(".hero", "Nobody could answer yet.").await;
    look(&vera, "text-unanswered-form").await;
    vera.closes().await;
}

#[tokio::test]
async fn a_wait_that_ends_by_itself_asks_for_an_address_without_a_script() {
    let world = world().await;
    let (ann, _first) = busy(&world).await;
    for kind in [Kind::Text, Kind::Graphical] {
        ann.goes(Presence::Online).await;
        let mut vera = TextBrowser::new(&world, kind);
        vera.opens().await;
        vera.sends("start", &[("text", "is anybody there?")]).await;
        vera.sees("You are next.").await;
        departments::waits_run_out(&world, &ann).await;
        vera.sees("Nobody could answer yet. Leave your email address").await;
        assert!(vera.page.contains("Your message was left for us."), "{}", vera.page);
        assert!(!vera.page.contains("answer by email"), "{}", vera.page);
        let thread = vera.conversation();
        vera.goes(&vera.link("Leave a message")).await;
        assert!(vera.page.contains("Nobody could answer yet."), "{}", vera.page);
        vera.sends("leave", &[("name", "Vera"), ("email", "vera@example.com"), ("text", "call me")]).await;
        vera.sees("We have your message and will answer by email.").await;
        assert_eq!(vera.conversation(), thread, "the message keeps the thread");
        assert!(vera.page.contains("is anybody there?") && vera.page.contains("call me"), "{}", vera.page);
        assert!(!vera.page.contains("Nobody could answer yet"), "{}", vera.page);
    }
    let left = "select count(*) from conversation where state = 'offline' and offline_email = 'vera@example.com'";
    assert_eq!(world.count(left).await, 2);
}
