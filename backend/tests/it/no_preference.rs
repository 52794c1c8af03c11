//! Visitors who choose no department while that of the site is closed: what they are told is what they get.

use protocol::command::{Command, Start};
use protocol::error::ErrorCode;
use protocol::ids::{ConversationId, DepartmentId};
use protocol::state::{Availability, Presence};
use serde_json::json;

use crate::departments::{self, Department};
use crate::people::{Agent, Visitor, cmid, code_of};
use crate::wire::Over;
use crate::world::{Plan, World};

/// What somebody asks who chose nothing.
fn question() -> Command {
    let text = Some("hello?".to_owned());
    Command::Start(Start { cmid: cmid(), name: None, email: None, text, page: None, department: None })
}

/// A visitor who is told so much of the site.
async fn told(world: &World, availability: Availability) -> Visitor {
    let mut visitor = world.visitor().await;
    visitor.connect(Over::Socket).await;
    visitor.is_told(availability).await;
    visitor
}

/// A visitor without a choice whose conversation is offered to an agent; and the department it went to.
async fn goes_to(world: &World, agent: &Agent) -> (ConversationId, Option<DepartmentId>) {
    let visitor = told(world, Availability::Online).await;
    let conversation = visitor.must(question()).await.conversation.expect("a conversation");
    agent.is_offered_this(conversation).await;
    (conversation, agent.look(|view| view.summary(conversation)?.department))
}

#[tokio::test]
async fn who_has_no_preference_goes_where_somebody_is() {
    let plan = Plan { policy: json!({"capacity": 9, "offers_at_once": 9}), ..Plan::default() };
    let world = World::with(plan.unlimited()).await;
    let mut ben = world.agent("Ben").await;
    ben.starts_work(Over::Socket).await;
    let (first, own) = goes_to(&world, &ben).await;
    ben.accepts(first).await;
    // Open on no day.
    let hours = json!({"time_zone": "UTC", "week": [], "holidays": []});
    world.change(format!("update department set hours = '{hours}'")).await;
    let returns = departments::add(&world, &Department::new("Returns", &["Ben"])).await;
    let orders = departments::add(&world, &Department::new("Orders", &["Ben"])).await;
    departments::add(&world, &Department::new("Archive", &[])).await;
    assert!(own.is_some_and(|own| own != returns && own != orders));

    // Where nobody is asked, the site's own department is all there is.
    let vera = told(&world, Availability::Offline).await;
    assert_eq!(code_of(vera.ask(question()).await), ErrorCode::QueueFull);
    departments::ask(&world, "optional").await;
    let (waits, department) = goes_to(&world, &ben).await;
    assert_eq!(department, Some(orders), "the first by name of those that are alike");
    let (_, department) = goes_to(&world, &ben).await;
    assert_eq!(department, Some(returns), "the one where nobody waits");
    ben.accepts(waits).await;
    let (_, department) = goes_to(&world, &ben).await;
    assert_eq!(department, Some(orders));
    world.change("update department set hours = null".to_owned()).await;
    assert_eq!(goes_to(&world, &ben).await.1, own, "the site's own while it takes anybody");
    ben.goes(Presence::Away).await;
    let vera = told(&world, Availability::Offline).await;
    assert_eq!(code_of(vera.ask(question()).await), ErrorCode::QueueFull);
}
