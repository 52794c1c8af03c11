use protocol::command::{Command, Decline, DeclineReason};
use protocol::error::ErrorCode;
use protocol::state::{ConversationState, Presence};
use serde_json::json;

use super::{asking, department, held_by, is_consistent, offers, prepared, question, visitor, world};
use crate::people::{Agent, Visitor, code_of};
use crate::wire::Over;
use crate::world::World;

/// Says what an agent is good at, as the panel would.
async fn knows(world: &World, name: &str, languages: &[&str], skills: &[&str]) {
    let (languages, skills) = (json!(languages), json!(skills));
    world
        .change(format!("update agent set languages = '{languages}', skills = '{skills}' where name = '{name}'"))
        .await;
}

/// Says who a visitor is, as a signed identity would.
async fn is(world: &World, visitor: &Visitor, set: &str) {
    let id = world.literal(visitor.reply.visitor.0);
    world.change(format!("update visitor set {set} where id = {id}")).await;
}

#[tokio::test]
async fn members_with_a_smaller_number_are_asked_first() {
    let world = prepared(&json!({}), &["Ann", "Ben", "Cem"]);
    department(&world, "set", "Support", &["--member", "Ann:2", "--member", "Ben:1", "--member", "Cem"]);
    world.serve().await;
    let agents = [world.at_work("Ann").await, world.at_work("Ben").await, world.at_work("Cem").await];
    let mut visitors = Vec::new();
    for next in agents.iter().rev() {
        let (visitor, conversation) = asking(&world, None).await;
        next.is_offered_this(conversation).await;
        visitors.push(visitor);
    }
    assert!(agents.iter().all(|agent| offers(agent).len() == 1));
}

#[tokio::test]
async fn a_required_language_or_skill_is_waited_for() {
    let world = world(&json!({ "language": "require", "skills": "require" }), &["Ann", "Ben"]).await;
    knows(&world, "Ann", &["en"], &["billing"]).await;
    knows(&world, "Ben", &["de", "fr"], &["billing", "refunds"]).await;
    let ann = world.at_work("Ann").await;
    let greta = visitor(&world, Over::Socket).await;
    let german = greta.must(question("de-AT", None)).await.conversation.expect("a conversation");
    greta.waits_at(1).await;
    // Who comes later and can be helped is not held up.
    let (_vera, english) = asking(&world, None).await;
    ann.is_offered_this(english).await;
    let ben = world.at_work("Ben").await;
    ben.is_offered_this(german).await;
    assert_eq!((offers(&ann), offers(&ben)), (vec![english], vec![german]));
    ben.accepts(german).await;
    ben.closes(german).await;
    ann.accepts(english).await;
    ann.closes(english).await;
    let walt = visitor(&world, Over::Socket).await;
    is(&world, &walt, "skills = '[\"refunds\"]'").await;
    let refund = walt.must(question("fr", None)).await.conversation.expect("a conversation");
    ben.is_offered_this(refund).await;
    assert_eq!(offers(&ann), []);
}

#[tokio::test]
async fn a_preferred_language_goes_first_and_others_help() {
    let world = world(&json!({ "language": "prefer" }), &["Ann", "Ben"]).await;
    knows(&world, "Ann", &["en"], &[]).await;
    knows(&world, "Ben", &["de"], &[]).await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    let mut asked = Vec::new();
    for agent in [&ben, &ann] {
        let greta = visitor(&world, Over::Socket).await;
        let conversation = greta.must(question("de", None)).await.conversation.expect("a conversation");
        agent.is_offered_this(conversation).await;
        asked.push((greta, conversation));
    }
    assert_eq!((offers(&ann), offers(&ben)), (vec![asked[1].1], vec![asked[0].1]));
}

#[tokio::test]
async fn a_vip_goes_first() {
    let world = world(&json!({}), &["Ann"]).await;
    let ann = world.at_work("Ann").await;
    let (_xena, held) = held_by(&world, &ann, None).await;
    let (vera, _) = asking(&world, None).await;
    vera.waits_at(1).await;
    let walt = visitor(&world, Over::Poll).await;
    is(&world, &walt, "vip = true").await;
    let important = walt.must(question("en", None)).await.conversation.expect("a conversation");
    walt.waits_at(1).await;
    vera.waits_at(2).await;
    ann.closes(held).await;
    ann.is_offered_this(important).await;
}

#[tokio::test]
async fn all_are_asked_at_once_and_the_first_has_it() {
    let world = world(&json!({ "strategy": "broadcast", "capacity": 3 }), &["Ann", "Ben"]).await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    for round in 0..6 {
        let (vera, conversation) = asking(&world, None).await;
        ann.is_offered_this(conversation).await;
        ben.is_offered_this(conversation).await;
        let accept = || Command::Accept(protocol::command::Accept { conversation });
        let (one, two) = match round % 2 {
            0 => tokio::join!(ann.ask(accept()), ben.ask(accept())),
            _ => {
                let (two, one) = tokio::join!(ben.ask(accept()), ann.ask(accept()));
                (one, two)
            }
        };
        let (winner, lost): (&Agent, _) = match (one, two) {
            (Ok(_), lost) => (&ann, lost),
            (lost, Ok(_)) => (&ben, lost),
            other => panic!("nobody won: {other:?}"),
        };
        assert_eq!(code_of(lost), ErrorCode::Conflict);
        vera.is_served_by(&winner.name).await;
        for agent in [&ann, &ben] {
            agent.until("the offer is gone", |view| (!view.offers().contains(&conversation)).then_some(())).await;
        }
        winner.closes(conversation).await;
    }
    assert_eq!(world.count("select count(*) from entry where kind = 'assigned'").await, 6);
    let stored = world.count("select count(*) from offer where outcome in ('accepted', 'withdrawn')").await;
    assert_eq!(stored, 12, "every offer and what came of it");
    is_consistent(&world).await;
}

#[tokio::test]
async fn a_refusal_is_stored_with_its_reason_and_the_next_is_asked() {
    let world = world(&json!({ "rejection_memory_ms": 2_000 }), &["Ann", "Ben"]).await;
    let ann = world.at_work("Ann").await;
    let (_vera, conversation) = asking(&world, None).await;
    ann.is_offered_this(conversation).await;
    let ben = world.at_work("Ben").await;
    let decline = |reason| Command::Decline(Decline { conversation, reason: Some(reason) });
    ann.must(decline(DeclineReason::OtherTopic)).await;
    ben.is_offered_this(conversation).await;
    assert_eq!(offers(&ann), []);
    ben.must(decline(DeclineReason::Busy)).await;
    // All have been asked; the first is asked again when that is forgotten.
    ann.is_offered_this(conversation).await;
    let reasons = "select count(*) from offer where outcome = 'declined' and decline_reason in ('other_topic', 'busy')";
    assert_eq!(world.count(reasons).await, 2);
    let twice = ben.ask(decline(DeclineReason::Busy)).await;
    assert_eq!(code_of(twice), ErrorCode::Conflict);
    is_consistent(&world).await;
}

#[tokio::test]
async fn what_waits_in_the_morning_is_spread_over_those_who_come() {
    let world = world(&json!({ "capacity": 5, "offers_at_once": 1 }), &["Ann", "Ben"]).await;
    let ann = world.at_work("Ann").await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(asking(&world, None).await);
    }
    ann.is_offered_this(waiting[0].1).await;
    waiting[3].0.waits_at(4).await;
    let ben = world.at_work("Ben").await;
    ben.is_offered_this(waiting[1].1).await;
    assert_eq!((offers(&ann), offers(&ben)), (vec![waiting[0].1], vec![waiting[1].1]));
    waiting[2].0.sees_state(ConversationState::Waiting).await;
    ben.accepts(waiting[1].1).await;
    ben.is_offered_this(waiting[2].1).await;
    ann.accepts(waiting[0].1).await;
    ann.is_offered_this(waiting[3].1).await;
    ann.goes(Presence::Away).await;
    ben.accepts(waiting[2].1).await;
    ben.is_offered_this(waiting[3].1).await;
    is_consistent(&world).await;
}
