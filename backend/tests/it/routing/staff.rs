use protocol::command::{Command, Release, SetPresence};
use protocol::error::ErrorCode;
use protocol::ids::AgentId;
use protocol::state::{ConversationState, Pause, Presence};
use serde_json::json;
use uuid::Uuid;

use super::{asking, gives, held_by, is_consistent, offers, world};
use crate::people::code_of;

#[tokio::test]
async fn a_supervisor_empties_the_list_of_who_is_absent() {
    let world = world(&json!({ "capacity": 2, "offers_at_once": 2 }), &["Ann", "Ben"]).await;
    let ann = world.at_work("Ann").await;
    let (vera, first) = held_by(&world, &ann, None).await;
    let (_walt, second) = held_by(&world, &ann, None).await;
    let (xena, third) = asking(&world, None).await;
    xena.waits_at(1).await;
    ann.goes(Presence::Away).await;
    let ben = world.at_work("Ben").await;
    ben.is_offered_this(third).await;
    let olga = {
        let mut olga = world.agent("Olga").await;
        olga.connect(crate::wire::Over::Poll).await;
        olga
    };
    let release = |agent: AgentId| Command::Release(Release { agent });
    let refused = ben.ask(release(ann.id())).await;
    assert_eq!(code_of(refused), ErrorCode::Forbidden);
    let unknown = olga.ask(release(AgentId(Uuid::now_v7()))).await;
    assert_eq!(code_of(unknown), ErrorCode::NotFound);
    olga.must(release(ann.id())).await;
    // Before who has waited in the queue.
    ben.is_offered_this(first).await;
    ben.accepts(first).await;
    vera.is_served_by("Ben").await;
    ben.opens(second).await;
    ann.until("she holds nothing", |view| {
        let state = view.agent.as_ref()?;
        let held =
            |line: &&protocol::state::Summary| line.agent == Some(state.me) && line.state == ConversationState::Active;
        (!state.conversations.iter().any(|line| held(&line))).then_some(())
    })
    .await;
    olga.must(release(ann.id())).await;
    let back = world.count("select count(*) from entry where kind = 'queued' and body like '%returned%'").await;
    assert_eq!(back, 2, "what is released goes back once");
    is_consistent(&world).await;
}

#[tokio::test]
async fn a_supervisor_gives_what_waits_to_anybody() {
    let world = world(&json!({}), &["Ann", "Ben"]).await;
    let ann = world.at_work("Ann").await;
    let (_vera, _) = held_by(&world, &ann, None).await;
    let (walt, conversation) = asking(&world, None).await;
    walt.waits_at(1).await;
    let mut ben = world.agent("Ben").await;
    ben.connect(crate::wire::Over::Socket).await;
    ben.goes(Presence::Away).await;
    let refused = gives(&ben, conversation, ann.id()).await;
    assert_eq!(code_of(refused), ErrorCode::Forbidden);
    let mut olga = world.agent("Olga").await;
    olga.connect(crate::wire::Over::Socket).await;
    // Above the limit, because somebody decided so.
    gives(&olga, conversation, ann.id()).await.expect("given");
    walt.is_served_by("Ann").await;
    ann.opens(conversation).await;
    ann.says(conversation, "good morning").await;
    walt.sees("good morning").await;
    is_consistent(&world).await;
}

#[tokio::test]
async fn colleagues_see_why_somebody_is_away() {
    let world = world(&json!({}), &["Ann", "Ben"]).await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    let pause = |view: &crate::wire::View| {
        let state = view.agent.as_ref()?;
        let ann = state.colleagues.iter().find(|colleague| colleague.name == "Ann")?;
        Some((ann.presence, ann.pause, ann.away))
    };
    let mut since = 0;
    for why in [Pause::Lunch, Pause::Meeting, Pause::Break, Pause::Training, Pause::OtherWork] {
        ann.must(Command::SetPresence(SetPresence { presence: Presence::Away, pause: Some(why) })).await;
        let seen = Some((Presence::Away, Some(why), None));
        let at = ben
            .until(&format!("Ann is away for {why:?}"), |view| {
                let state = view.agent.as_ref()?;
                let ann = state.colleagues.iter().find(|colleague| colleague.name == "Ann")?;
                (pause(view) == seen).then_some(ann.since?)
            })
            .await;
        assert!(at >= since, "since when, in order");
        since = at;
    }
    ann.must(Command::SetPresence(SetPresence { presence: Presence::Online, pause: Some(Pause::Lunch) })).await;
    let back = Some((Presence::Online, None, None));
    ben.until("Ann is back", |view| (pause(view) == back).then_some(())).await;
}

#[tokio::test]
async fn places_are_told_when_they_change_and_only_then() {
    let world = world(&json!({}), &["Ann"]).await;
    let ann = world.at_work("Ann").await;
    let (vera, held) = held_by(&world, &ann, None).await;
    let (walt, next) = asking(&world, None).await;
    walt.waits_at(1).await;
    let (xena, _) = asking(&world, None).await;
    xena.waits_at(2).await;
    let told = walt.look(|view| view.states);
    let mut more = Vec::new();
    for place in 3..6 {
        let (visitor, _) = asking(&world, None).await;
        visitor.waits_at(place).await;
        more.push(visitor);
    }
    vera.says("and another thing").await;
    ann.sees(held, "and another thing").await;
    ann.says(held, "of course").await;
    vera.sees("of course").await;
    assert_eq!(walt.look(|view| view.states), told, "nothing changed for him");
    let others: Vec<usize> = more.iter().map(|visitor| visitor.look(|view| view.states)).collect();
    ann.closes(held).await;
    ann.is_offered_this(next).await;
    walt.sees_state(ConversationState::Offered).await;
    ann.accepts(next).await;
    xena.waits_at(1).await;
    for ((visitor, place), before) in more.iter().zip(2..).zip(others) {
        visitor.waits_at(place).await;
        assert!(visitor.look(|view| view.states) > before);
    }
}

#[tokio::test]
async fn a_tenant_that_says_no_places_tells_none() {
    let world = world(&json!({ "show_position": "false", "show_estimate": "false" }), &["Ann"]).await;
    let ann = world.at_work("Ann").await;
    let (_vera, held) = held_by(&world, &ann, None).await;
    let (walt, conversation) = asking(&world, None).await;
    walt.sees_state(ConversationState::Waiting).await;
    assert_eq!(walt.look(|view| view.current().map(|it| (it.position, it.estimate.is_some()))), Some((None, false)));
    // Agents know it all the same.
    ann.until("his place", |view| (view.summary(conversation)?.position == Some(1)).then_some(())).await;
    assert_eq!(offers(&ann), []);
    ann.closes(held).await;
    ann.is_offered_this(conversation).await;
}
