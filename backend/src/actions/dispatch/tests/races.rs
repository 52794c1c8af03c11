use domain::policy::{Policy, Strategy};
use futures_util::future::join_all;
use protocol::command::{Accept, Close, Decline, Transfer};
use protocol::entry::EntryBody;
use protocol::error::ErrorCode;
use protocol::ids::ConversationId;
use protocol::state::ConversationState;

use super::world::{Somebody, World, policy};
use crate::actions::Done;
use crate::actions::accept::accept_offer;
use crate::actions::close::close_conversation;
use crate::actions::decline::decline_offer;
use crate::actions::dispatch::{Told, round};
use crate::actions::transfer::transfer_conversation;
use crate::error::{AppError, AppResult};

/// How often each race is run.
const RUNS: usize = 12;

/// What is stored about offers agrees with the conversation and its log.
async fn is_consistent(world: &World, conversation: ConversationId) {
    let (row, offers) = (world.row(conversation).await, world.offers(conversation).await);
    let mut open: Vec<_> = offers.iter().filter(|offer| offer.outcome.is_none()).map(|offer| offer.agent_id).collect();
    let mut offered = row.offered();
    open.sort_unstable();
    offered.sort_unstable();
    assert_eq!(open, offered, "{:?}: {offers:?}", row.state);
    let accepted = offers.iter().filter(|offer| offer.outcome.as_deref() == Some("accepted")).count();
    let log = world.log(conversation).await;
    let assigned = log.iter().filter(|entry| matches!(entry, EntryBody::Assigned(_))).count();
    assert_eq!(accepted, assigned, "{log:?}");
    assert_eq!(
        row.agent_id.is_some(),
        row.state == ConversationState::Active || row.state == ConversationState::Closed
    );
}

fn code(result: &AppResult<Done>) -> Option<ErrorCode> {
    match result {
        Ok(_) => None,
        Err(AppError::Refused(refusal)) => Some(refusal.code),
        Err(error) => panic!("{error}"),
    }
}

#[actix_web::test]
async fn of_two_dispatchers_at_once_one_offers() {
    let mut world = World::with(Policy { capacity: 2, offers_at_once: 2, ..policy() }).await;
    let mut agents = Vec::new();
    for name in ["Ann", "Ben", "Cem", "Dea"] {
        agents.push(world.agent(name).await);
    }
    for _ in 0..RUNS {
        let start = join_all((0..6).map(|_| world.quiet_visitor())).await;
        let asked = join_all(start.iter().map(|visitor| world.asks_quietly(visitor))).await;
        let (mut one, mut two) = (Told::default(), Told::default());
        let rounds = tokio::join!(round(&world.app, world.tenant, &mut one), round(&world.app, world.tenant, &mut two));
        assert!(rounds.0.is_ok() && rounds.1.is_ok(), "{rounds:?}");
        let floor = world.floor().await;
        for now in &floor.agents {
            assert!(now.counted <= now.capacity && now.offers <= 2, "{}: {}", now.agent.name, now.counted);
        }
        for conversation in asked {
            is_consistent(&world, conversation).await;
            assert_eq!(world.offers(conversation).await.len(), 1);
            close_conversation(&world.app, &agents[0].who, Close { conversation }).await.ok();
        }
        for visitor in &start {
            world.ends(visitor).await;
        }
        world.settle().await;
    }
}

#[actix_web::test]
async fn an_offer_is_accepted_or_lapses_and_never_both() {
    let mut world = World::with(Policy { missed_offers_before_away: 20, ..policy() }).await;
    let ann = world.agent("Ann").await;
    for run in 0..RUNS {
        let (vera, conversation) = world.asking().await;
        let deadline = world.row(conversation).await.offer_deadline_at.unwrap();
        // A moment before the deadline or after it.
        let ahead = i64::try_from(run % 4).unwrap() * 2 - 3;
        world.app.clock.set(deadline + ahead, world.app.clock.monotonic());
        let mut told = Told::default();
        let accept = accept_offer(&world.app, &ann.who, Accept { conversation });
        let (accepted, rounds) = tokio::join!(accept, round(&world.app, world.tenant, &mut told));
        rounds.unwrap();
        is_consistent(&world, conversation).await;
        let outcomes = world.outcomes(conversation).await;
        match code(&accepted) {
            None => assert_eq!(world.state(conversation).await, ConversationState::Active),
            Some(ErrorCode::Conflict) => assert_eq!(outcomes[0].as_deref(), Some("missed")),
            other => panic!("{other:?}"),
        }
        world.ends(&vera).await;
        world.settle().await;
    }
}

#[actix_web::test]
async fn of_all_who_are_asked_at_once_the_first_wins_and_the_others_conflict() {
    let mut world = World::with(Policy { strategy: Strategy::Broadcast, ..policy() }).await;
    let mut agents = Vec::new();
    for name in ["Ann", "Ben", "Cem"] {
        agents.push(world.agent(name).await);
    }
    for _ in 0..RUNS {
        let (vera, conversation) = world.asking().await;
        assert_eq!(world.offered(conversation).await.len(), 3);
        let accept = |agent: &Somebody| {
            let who = agent.who.clone();
            let app = std::sync::Arc::clone(&world.app);
            async move { accept_offer(&app, &who, Accept { conversation }).await }
        };
        let answers = join_all(agents.iter().map(accept)).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.is_ok()).collect();
        assert_eq!(won.len(), 1);
        assert!(answers.iter().filter_map(code).all(|code| code == ErrorCode::Conflict), "{answers:?}");
        world.settle().await;
        is_consistent(&world, conversation).await;
        world.ends(&vera).await;
        world.settle().await;
    }
}

#[actix_web::test]
async fn one_declines_while_another_accepts() {
    let mut world = World::with(Policy { strategy: Strategy::Broadcast, ..policy() }).await;
    let (ann, ben) = (world.agent("Ann").await, world.agent("Ben").await);
    for run in 0..RUNS {
        let (vera, conversation) = world.asking().await;
        let accept = accept_offer(&world.app, &ann.who, Accept { conversation });
        let decline = decline_offer(&world.app, &ben.who, Decline { conversation, reason: None });
        let (accepted, declined) = match run % 2 {
            0 => tokio::join!(accept, decline),
            _ => {
                let (declined, accepted) = tokio::join!(decline, accept);
                (accepted, declined)
            }
        };
        assert_eq!(code(&accepted), None, "the offer stands for who did not decline");
        assert!(matches!(code(&declined), None | Some(ErrorCode::Conflict)), "{declined:?}");
        world.settle().await;
        is_consistent(&world, conversation).await;
        assert_eq!(world.row(conversation).await.agent_id, Some(ann.agent()));
        world.ends(&vera).await;
        world.settle().await;
    }
}

#[actix_web::test]
async fn it_is_closed_or_given_away() {
    let mut world = World::with(policy()).await;
    let (ann, ben) = (world.agent("Ann").await, world.agent("Ben").await);
    for run in 0..RUNS {
        let (vera, conversation) = world.asking().await;
        let holder = if world.offered(conversation).await == [ann.agent()] { &ann } else { &ben };
        world.accepts(holder, conversation).await;
        let other = if holder.agent() == ann.agent() { ben.agent() } else { ann.agent() };
        let close = close_conversation(&world.app, &vera.who, Close { conversation });
        let give = Transfer { conversation, to: Some(other), note: None, department: None };
        let give = transfer_conversation(&world.app, &holder.who, give);
        let (closed, given) = match run % 2 {
            0 => tokio::join!(close, give),
            _ => {
                let (given, closed) = tokio::join!(give, close);
                (closed, given)
            }
        };
        assert_eq!(code(&closed), None);
        let log = world.log(conversation).await;
        let transferred = log.iter().any(|entry| matches!(entry, EntryBody::Transferred(_)));
        assert_eq!(given.is_ok(), transferred, "{log:?}");
        assert!(matches!(log.last(), Some(EntryBody::Closed(_))), "{log:?}");
        world.settle().await;
        is_consistent(&world, conversation).await;
    }
}
