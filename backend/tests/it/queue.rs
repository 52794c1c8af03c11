//! The queue: order, capacity, offers with a deadline, what happens when an agent goes, transfers, and what
//! visitors are told about it.

use protocol::command::{Active, Command, LeaveMessage, Start};
use protocol::entry::{EntryBody, QueuedReason};
use protocol::error::ErrorCode;
use protocol::ids::ConversationId;
use protocol::state::{Availability, AwayReason, ConversationState, Presence};
use serde_json::{Value, json};

use crate::people::{Visitor, cmid, code_of, message};
use crate::wire::{BOTH, Over};
use crate::world::{Plan, World};

async fn world_with(policy: Value) -> World {
    World::with(Plan { policy, ..Plan::default() }).await
}

async fn visitor(world: &World, over: Over) -> Visitor {
    let mut visitor = world.visitor().await;
    visitor.connect(over).await;
    visitor
}

#[tokio::test]
async fn first_come_first_served_and_everyone_knows_the_place() {
    let world = world_with(json!({ "capacity": 1 })).await;
    let ann = world.at_work("Ann").await;
    let (_vera, first) = world.asking("I am first").await;
    ann.is_offered_this(first).await;
    ann.accepts(first).await;
    let walt = visitor(&world, Over::Poll).await;
    let second = walt.asks("I am second").await;
    walt.waits_at(1).await;
    let (xena, third) = world.asking("I am third").await;
    xena.waits_at(2).await;
    let (yuri, fourth) = world.asking("I am fourth").await;
    yuri.waits_at(3).await;
    assert_eq!(ann.look(|view| view.offers()), Vec::new(), "never above the capacity");
    for (conversation, next) in [(first, second), (second, third), (third, fourth)] {
        ann.closes(conversation).await;
        ann.is_offered_this(next).await;
        assert_eq!(ann.look(|view| view.offers()), vec![next], "one at a time, in order");
        ann.accepts(next).await;
    }
    yuri.is_served_by("Ann").await;
    walt.sees_state(ConversationState::Closed).await;
}

#[tokio::test]
async fn an_agent_holds_as_many_as_the_capacity_and_no_more() {
    let world = world_with(json!({ "capacity": 2 })).await;
    let ann = world.at_work("Ann").await;
    let mut visitors = Vec::new();
    for number in 0..4 {
        visitors.push(world.asking(&format!("question {number}")).await);
    }
    for (_, conversation) in &visitors[..2] {
        ann.is_offered_this(*conversation).await;
        ann.accepts(*conversation).await;
    }
    visitors[2].0.waits_at(1).await;
    visitors[3].0.waits_at(2).await;
    let load = ann.look(|view| {
        let state = view.agent.as_ref().expect("a state");
        let held = state.conversations.iter();
        held.filter(|it| it.agent == Some(state.me) && it.state == ConversationState::Active).count()
    });
    assert_eq!(load, 2);
    assert_eq!(ann.look(|view| view.offers()), Vec::new());
    ann.closes(visitors[0].1).await;
    ann.is_offered_this(visitors[2].1).await;
    visitors[3].0.waits_at(2).await;
}

#[tokio::test]
async fn an_offer_that_is_not_taken_goes_to_the_next_agent() {
    let world = world_with(json!({ "offer_deadline_ms": 5_000, "missed_offers_before_away": 1 })).await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    let ben = world.at_work("Ben").await;
    ben.is_offered_this(conversation).await;
    ann.sees_presence("Ann", Presence::Away).await;
    let late = ann.ask(Command::Accept(protocol::command::Accept { conversation })).await;
    assert_eq!(code_of(late), ErrorCode::Conflict);
    ben.accepts(conversation).await;
    vera.is_served_by("Ben").await;
    let outcomes = world.count("select count(*) from offer where outcome = 'missed' or outcome = 'accepted'").await;
    assert_eq!(outcomes, 2, "every offer and what came of it is stored");
}

#[tokio::test]
async fn an_agent_of_whom_nothing_is_heard_is_away_until_the_next_sign() {
    let world = world_with(json!({ "agent_idle_ms": 8_000 })).await;
    let why = |view: &crate::wire::View, name: &str| {
        let state = view.agent.as_ref()?;
        let colleague = state.colleagues.iter().find(|it| it.name == name)?;
        Some((colleague.presence, colleague.away))
    };
    let idle = Some((Presence::Away, Some(AwayReason::Idle)));
    let back = Some((Presence::Online, None));
    let mut ann = world.at_work("Ann").await;
    let ben = world.at_work("Ben").await;
    ben.until("Ann is idle", |view| (why(view, "Ann") == idle).then_some(())).await;
    ann.until("and sees why", |view| (why(view, "Ann") == idle).then_some(())).await;
    // Nobody is asked for her; what comes waits or goes to others.
    ben.must(Command::Active(Active {})).await;
    ben.until("Ben is here", |view| (why(view, "Ben") == back).then_some(())).await;
    let (vera, conversation) = world.asking("hello?").await;
    ben.is_offered_this(conversation).await;
    // A new connection is no sign; a key is.
    ann.connect(Over::Socket).await;
    ann.until("still idle", |view| (why(view, "Ann") == idle).then_some(())).await;
    ann.must(Command::Active(Active {})).await;
    ann.until("back online", |view| (why(view, "Ann") == back).then_some(())).await;
    // Whoever chose away stays away.
    ann.goes(Presence::Away).await;
    ann.must(Command::Active(Active {})).await;
    ann.until("away by choice", |view| (why(view, "Ann") == Some((Presence::Away, None))).then_some(())).await;
    ben.accepts(conversation).await;
    vera.is_served_by("Ben").await;
}

#[tokio::test]
async fn a_declined_offer_goes_to_the_next_agent_at_once() {
    let world = World::start().await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    let ben = world.at_work("Ben").await;
    ann.declines(conversation).await;
    ben.is_offered_this(conversation).await;
    vera.waits_at(1).await;
    ben.accepts(conversation).await;
    vera.is_served_by("Ben").await;
    let reasons = world.count("select count(*) from offer where length(reasons) > 2").await;
    assert_eq!(reasons, 2, "both offers say why");
}

#[tokio::test]
async fn what_a_vanished_agent_held_goes_back_to_the_head_of_the_queue() {
    let world = world_with(json!({ "capacity": 1, "agent_grace_ms": 5_000 })).await;
    let mut ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let (walt, later) = world.asking("me too").await;
    walt.waits_at(1).await;
    ann.vanish();
    vera.until("the conversation is queued again", |view| {
        let gone = |body: &Option<EntryBody>| {
            matches!(body, Some(EntryBody::Queued(it)) if it.reason == Some(QueuedReason::AgentGone))
        };
        view.items(conversation).iter().any(|item| gone(&item.body)).then_some(())
    })
    .await;
    vera.waits_at(1).await;
    walt.waits_at(2).await;
    let ben = world.at_work("Ben").await;
    ben.is_offered_this(conversation).await;
    ben.accepts(conversation).await;
    vera.is_served_by("Ben").await;
    walt.waits_at(1).await;
    ben.sees_state(later, ConversationState::Waiting).await;
}

#[tokio::test]
async fn an_agent_who_is_back_within_the_grace_keeps_everything() {
    for over in BOTH {
        let world = World::start().await;
        let mut ann = world.at_work("Ann").await;
        let (vera, conversation) = world.asking("hello?").await;
        ann.is_offered_this(conversation).await;
        ann.accepts(conversation).await;
        ann.vanish();
        vera.says("still there?").await;
        ann.connect(over).await;
        ann.opens(conversation).await;
        ann.sees(conversation, "still there?").await;
        ann.says(conversation, "yes").await;
        vera.sees("yes").await;
        vera.is_served_by("Ann").await;
    }
}

#[tokio::test]
async fn no_first_reply_sends_the_visitor_to_somebody_else() {
    let world = world_with(json!({ "first_reply_ms": 10_000 })).await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let ben = world.at_work("Ben").await;
    ben.is_offered_this(conversation).await;
    ben.accepts(conversation).await;
    ben.says(conversation, "sorry for the wait").await;
    vera.sees("sorry for the wait").await;
    let again = vera.look(|view| {
        let late = |body: &Option<EntryBody>| {
            matches!(body, Some(EntryBody::Queued(it)) if it.reason == Some(QueuedReason::NoReply))
        };
        view.items(conversation).iter().any(|item| late(&item.body))
    });
    assert!(again, "the log says why");
}

#[tokio::test]
async fn visitors_are_told_when_agents_come_and_go() {
    let world = world_with(json!({ "capacity": 1 })).await;
    let watcher = visitor(&world, Over::Socket).await;
    let poller = visitor(&world, Over::Poll).await;
    let both_are_told = async |availability| {
        watcher.is_told(availability).await;
        poller.is_told(availability).await;
    };
    both_are_told(Availability::Offline).await;
    let ann = world.at_work("Ann").await;
    both_are_told(Availability::Online).await;
    let (_vera, conversation) = world.asking("hello?").await;
    both_are_told(Availability::OnlineForQueue).await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.closes(conversation).await;
    both_are_told(Availability::Online).await;
    ann.goes(Presence::Away).await;
    both_are_told(Availability::Offline).await;
}

#[tokio::test]
async fn a_conversation_is_given_to_a_colleague_with_a_note() {
    let world = World::start().await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("where is my tea?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.says(conversation, "let me ask Ben").await;
    let ben = world.at_work("Ben").await;
    ann.sees_presence("Ben", Presence::Online).await;
    ann.transfers(conversation, Some(ben.id()), "order 7 is late").await.expect("transferred");
    vera.is_served_by("Ben").await;
    ben.opens(conversation).await;
    ben.sees_note(conversation, "order 7 is late").await;
    ben.says(conversation, "it left yesterday").await;
    vera.sees("it left yesterday").await;
    let refused = ann.ask(message(Some(conversation), cmid(), "one more thing")).await;
    assert_eq!(code_of(refused), ErrorCode::Forbidden);
    let shown = vera.look(|view| format!("{:?}", view.items(conversation)));
    assert!(!shown.contains("order 7"), "a note reached the visitor: {shown}");
}

#[tokio::test]
async fn a_conversation_given_back_goes_to_another_agent() {
    let world = World::start().await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let ben = world.at_work("Ben").await;
    ann.transfers(conversation, None, "").await.expect("given back");
    ben.is_offered_this(conversation).await;
    ben.accepts(conversation).await;
    vera.is_served_by("Ben").await;
}

#[tokio::test]
async fn of_two_who_pick_the_same_conversation_one_wins() {
    let world = world_with(json!({ "strategy": "manual" })).await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    for round in 0..5 {
        let (vera, conversation) = world.asking(&format!("question {round}")).await;
        ann.sees_state(conversation, ConversationState::Waiting).await;
        ben.sees_state(conversation, ConversationState::Waiting).await;
        let (one, two) = tokio::join!(ann.picks(conversation), ben.picks(conversation));
        let (winner, lost) = match (one, two) {
            (Ok(_), lost @ Err(_)) => ("Ann", lost),
            (lost @ Err(_), Ok(_)) => ("Ben", lost),
            other => panic!("one winner and one loser: {other:?}"),
        };
        assert_eq!(code_of(lost), ErrorCode::Conflict);
        vera.is_served_by(winner).await;
        let assigned = vera.look(|view| {
            let items = view.items(conversation).iter();
            items.filter(|item| matches!(item.body, Some(EntryBody::Assigned(_)))).count()
        });
        assert_eq!(assigned, 1);
    }
}

#[tokio::test]
async fn an_offer_accepted_twice_is_accepted_once() {
    let world = World::start().await;
    let ann = world.at_work("Ann").await;
    let mut desk = ann.another_tab();
    desk.connect(Over::Poll).await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    let accept = || Command::Accept(protocol::command::Accept { conversation });
    let (one, two) = tokio::join!(ann.ask(accept()), desk.ask(accept()));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    vera.is_served_by("Ann").await;
    let assigned = world.count("select count(*) from entry where kind = 'assigned'").await;
    assert_eq!(assigned, 1);
}

#[tokio::test]
async fn a_full_queue_refuses_and_takes_a_message_instead() {
    let world = world_with(json!({ "capacity": 1, "max_queue": 1 })).await;
    let ann = world.at_work("Ann").await;
    let (_vera, first) = world.asking("first").await;
    ann.is_offered_this(first).await;
    ann.accepts(first).await;
    let (walt, second) = world.asking("second").await;
    walt.waits_at(1).await;
    let xena = visitor(&world, Over::Socket).await;
    xena.is_told(Availability::Offline).await;
    let start =
        Start { cmid: cmid(), name: None, email: None, text: Some("third".to_owned()), page: None, department: None };
    assert_eq!(code_of(xena.ask(Command::Start(start)).await), ErrorCode::QueueFull);
    let left = xena.must(Command::LeaveMessage(offline("please call me", None))).await;
    let message = left.conversation.expect("its thread");
    ann.sees_state(message, ConversationState::Offline).await;
    // Somebody who waits may leave a message instead, which keeps the thread and frees the place.
    walt.must(Command::LeaveMessage(offline("I cannot wait", Some(second)))).await;
    ann.sees_state(second, ConversationState::Offline).await;
    xena.is_told(Availability::OnlineForQueue).await;
}

fn offline(text: &str, conversation: Option<ConversationId>) -> LeaveMessage {
    LeaveMessage {
        cmid: cmid(),
        conversation,
        name: "Xena".to_owned(),
        email: "xena@example.com".to_owned(),
        text: text.to_owned(),
        page: None,
        department: None,
    }
}

#[tokio::test]
async fn a_message_left_while_nobody_is_there_is_answered_later() {
    let world = World::start().await;
    let vera = visitor(&world, Over::Poll).await;
    vera.is_told(Availability::Offline).await;
    let start =
        Start { cmid: cmid(), name: None, email: None, text: Some("hi".to_owned()), page: None, department: None };
    assert_eq!(code_of(vera.ask(Command::Start(start)).await), ErrorCode::QueueFull);
    let left = vera.must(Command::LeaveMessage(offline("do you ship abroad?", None))).await;
    let conversation = left.conversation.expect("its thread");
    let ann = world.at_work("Ann").await;
    ann.sees_state(conversation, ConversationState::Offline).await;
    ann.picks(conversation).await.expect("taken");
    ann.opens(conversation).await;
    ann.sees(conversation, "do you ship abroad?").await;
    ann.says(conversation, "yes, everywhere").await;
    vera.sees("yes, everywhere").await;
}

#[tokio::test]
async fn a_closed_conversation_goes_on_when_the_visitor_writes_again() {
    let world = World::start().await;
    let ann = world.at_work("Ann").await;
    let (vera, conversation) = world.asking("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.closes(conversation).await;
    vera.sees_state(ConversationState::Closed).await;
    vera.rates(conversation, 5).await;
    vera.until("the rating", |view| (view.current()?.rating == Some(5)).then_some(())).await;
    let refused = ann.ask(message(Some(conversation), cmid(), "bye")).await;
    assert_eq!(code_of(refused), ErrorCode::ConversationClosed);
    let ack = vera.says("one more question").await;
    assert_eq!(ack.conversation, Some(conversation), "within the reopen window");
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.sees(conversation, "one more question").await;
    assert_eq!(vera.conversation(), conversation);
}

#[tokio::test]
async fn a_killed_server_keeps_queue_and_assignments() {
    let world = world_with(json!({ "capacity": 1 })).await;
    let mut ann = world.at_work("Ann").await;
    let (mut vera, first) = world.asking("first").await;
    ann.is_offered_this(first).await;
    ann.accepts(first).await;
    let (mut walt, second) = world.asking("second").await;
    walt.waits_at(1).await;
    world.restart().await;
    ann.connect(Over::Socket).await;
    vera.connect(Over::Poll).await;
    walt.connect(Over::Socket).await;
    vera.is_served_by("Ann").await;
    walt.waits_at(1).await;
    ann.opens(first).await;
    ann.says(first, "back again").await;
    vera.sees("back again").await;
    ann.closes(first).await;
    ann.is_offered_this(second).await;
}
