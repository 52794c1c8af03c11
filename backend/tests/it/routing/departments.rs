use protocol::command::{Command, SetPresence};
use protocol::entry::EntryBody;
use protocol::ids::DepartmentId;
use protocol::state::{Availability, ConversationState, Presence};
use serde_json::json;
use uuid::Uuid;

use super::{asking, department, gives_to, held_by, is_consistent, offers, prepared, question, visitor, world};
use crate::people::code_of;
use crate::wire::{BOTH, Over};

#[tokio::test]
async fn only_members_are_asked() {
    let world = prepared(&json!({}), &["Ann", "Ben"]);
    let sales = department(&world, "create", "Sales", &["--member", "Ben"]);
    department(&world, "set", "Support", &["--member", "Ann"]);
    world.serve().await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    for over in BOTH {
        let (vera, walt) = (visitor(&world, over).await, visitor(&world, over).await);
        let support = vera.must(question("en", None)).await.conversation.expect("a conversation");
        let sale = walt.must(question("en", Some(sales))).await.conversation.expect("a conversation");
        ann.is_offered_this(support).await;
        ben.is_offered_this(sale).await;
        assert_eq!((offers(&ann), offers(&ben)), (vec![support], vec![sale]));
        let of = |view: &crate::wire::View| view.summary(sale)?.department;
        assert_eq!(ben.look(of), Some(sales));
        // The other one is free, and is not asked.
        let (xena, third) = asking(&world, None).await;
        xena.waits_at(2).await;
        assert_eq!(offers(&ben), [sale]);
        for visitor in [&vera, &walt, &xena] {
            let conversation = visitor.conversation();
            visitor.must(Command::Close(protocol::command::Close { conversation })).await;
        }
        ann.sees_state(third, ConversationState::Closed).await;
    }
    is_consistent(&world).await;
}

#[tokio::test]
async fn an_agent_of_two_departments_has_one_capacity() {
    let world = prepared(&json!({ "capacity": 2 }), &["Ann"]);
    let sales = department(&world, "create", "Sales", &["--member", "Ann"]);
    world.serve().await;
    let ann = world.at_work("Ann").await;
    let (_vera, _) = held_by(&world, &ann, None).await;
    let (_walt, second) = held_by(&world, &ann, Some(sales)).await;
    let (xena, third) = asking(&world, Some(sales)).await;
    xena.waits_at(1).await;
    let (yuri, _) = asking(&world, None).await;
    yuri.waits_at(1).await;
    assert_eq!(offers(&ann), []);
    ann.closes(second).await;
    // Who waits longest, of whichever department.
    ann.is_offered_this(third).await;
    yuri.sees_state(ConversationState::Waiting).await;
}

#[tokio::test]
async fn a_department_nobody_offers_or_knows_is_ignored() {
    let world = prepared(&json!({ "capacity": 9, "offers_at_once": 9 }), &["Ann", "Ben"]);
    let hidden = department(&world, "create", "Complaints", &["--member", "Ben", "--listed", "false"]);
    department(&world, "set", "Support", &["--member", "Ann"]);
    world.serve().await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    for chosen in [hidden, DepartmentId(Uuid::now_v7())] {
        let (_visitor, conversation) = asking(&world, Some(chosen)).await;
        ann.is_offered_this(conversation).await;
    }
    assert_eq!(offers(&ben), []);
}

#[tokio::test]
async fn another_department_helps_after_a_wait() {
    let world = prepared(&json!({}), &["Ann", "Ben"]);
    department(&world, "create", "Sales", &["--member", "Ben"]);
    let more = ["--member", "Ann", "--overflow", "Sales", "--overflow-after", "3s"];
    let support = department(&world, "set", "Support", &more);
    world.serve().await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    let (_vera, _) = held_by(&world, &ann, None).await;
    let (walt, conversation) = asking(&world, None).await;
    walt.waits_at(1).await;
    ben.is_offered_this(conversation).await;
    let waited = world
        .count(
            "select min(o.offered_at - c.waiting_since) from offer o join conversation c \
             on c.tenant_id = o.tenant_id and c.id = o.conversation_id where o.outcome is null",
        )
        .await;
    assert!(waited >= 3_000, "after {waited} ms");
    assert_eq!(ben.look(|view| view.summary(conversation)?.department), Some(support));
    ben.accepts(conversation).await;
    walt.is_served_by("Ben").await;
}

#[tokio::test]
async fn a_conversation_given_to_a_department_goes_to_the_head_of_its_queue() {
    let world = prepared(&json!({}), &["Ann", "Ben"]);
    let sales = department(&world, "create", "Sales", &["--member", "Ben"]);
    department(&world, "set", "Support", &["--member", "Ann"]);
    world.serve().await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    let (_xena, held) = held_by(&world, &ben, Some(sales)).await;
    let (walt, _) = asking(&world, Some(sales)).await;
    walt.waits_at(1).await;
    let (vera, conversation) = held_by(&world, &ann, None).await;
    gives_to(&ann, conversation, sales, "wants forty boxes").await.expect("given");
    vera.waits_at(1).await;
    walt.waits_at(2).await;
    let told = |view: &crate::wire::View| {
        let transferred = view.items(conversation).iter().find_map(|item| match &item.body {
            Some(EntryBody::Transferred(transferred)) => Some(transferred.department_name.clone()),
            _ => None,
        });
        transferred.flatten()
    };
    assert_eq!(vera.until("she is told", told).await, "Sales");
    assert!(!vera.look(|view| format!("{:?}", view.items(conversation))).contains("forty boxes"));
    ben.closes(held).await;
    ben.is_offered_this(conversation).await;
    ben.accepts(conversation).await;
    ben.sees_note(conversation, "wants forty boxes").await;
    vera.is_served_by("Ben").await;
    let nowhere = gives_to(&ben, conversation, DepartmentId(Uuid::now_v7()), "").await;
    assert_eq!(code_of(nowhere), protocol::error::ErrorCode::NotFound);
    is_consistent(&world).await;
}

#[tokio::test]
async fn each_department_is_open_when_its_people_are_there() {
    let world = prepared(&json!({}), &["Ann", "Ben"]);
    let sales = department(&world, "create", "Sales", &["--member", "Ben"]);
    let support = department(&world, "set", "Support", &["--member", "Ann"]);
    world
        .change("update site set config = substr(config, 1, length(config) - 1) || ',\"ask_department\":\"optional\"}'")
        .await;
    world.serve().await;
    let vera = visitor(&world, Over::Socket).await;
    let is = async |department, availability| {
        vera.until(&format!("{department} is {availability:?}"), |view| {
            let choices = view.visitor.as_ref()?.departments.as_ref()?;
            let found = choices.iter().find(|choice| choice.id == department)?;
            (found.availability == availability).then_some(())
        })
        .await;
    };
    is(sales, Availability::Offline).await;
    let ben = world.at_work("Ben").await;
    is(sales, Availability::Online).await;
    is(support, Availability::Offline).await;
    let ann = world.at_work("Ann").await;
    is(support, Availability::Online).await;
    ben.must(Command::SetPresence(SetPresence { presence: Presence::Away, pause: None })).await;
    is(sales, Availability::Offline).await;
    is(support, Availability::Online).await;
    let refused = vera.ask(question("en", Some(sales))).await;
    assert_eq!(code_of(refused), protocol::error::ErrorCode::QueueFull);
    let (_walt, conversation) = asking(&world, None).await;
    ann.is_offered_this(conversation).await;
}

#[tokio::test]
async fn new_agents_are_in_the_first_department() {
    let world = world(&json!({}), &["Ann"]).await;
    let ann = world.at_work("Ann").await;
    let departments = ann.look(|view| {
        let state = view.agent.as_ref()?;
        let me = state.colleagues.iter().find(|colleague| colleague.id == state.me)?;
        Some((me.departments.clone()?.len(), state.departments.as_ref()?.len()))
    });
    assert_eq!(departments, Some((1, 1)));
}
