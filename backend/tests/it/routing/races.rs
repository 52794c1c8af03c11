use std::time::Duration;

use futures_util::future::join_all;
use protocol::command::{Accept, Close, Command, Decline, SetPresence};
use protocol::error::ErrorCode;
use protocol::ids::ConversationId;
use protocol::state::{ConversationState, Presence};
use serde_json::json;

use super::{asking, department, gives, held_by, is_consistent, prepared, question, visitor, world};
use crate::basics::eventually;
use crate::people::code_of;
use crate::wire::{Answer, Over};
use crate::world::World;

fn accept(conversation: ConversationId) -> Command {
    Command::Accept(Accept { conversation })
}

/// What a command came to: nothing, or why it was refused.
fn code(answer: Answer) -> Option<ErrorCode> {
    answer.is_err().then(|| code_of(answer))
}

/// How many conversations are in a state.
async fn waiting(world: &World) -> i64 {
    world.count("select count(*) from conversation where state in ('waiting', 'offered')").await
}

#[tokio::test]
async fn an_offer_is_accepted_or_lapses_and_never_both() {
    let settings = json!({
        "capacity": 8, "offers_at_once": 8, "offer_deadline_ms": 5_000, "missed_offers_before_away": 20,
        "rejection_memory_ms": 60_000,
    });
    let world = world(&settings, &["Ann"]).await;
    let ann = world.at_work("Ann").await;
    let mut asked = Vec::new();
    for _ in 0..8 {
        let (visitor, conversation) = asking(&world, None).await;
        let deadline =
            ann.until("the offer", |view| view.summary(conversation).and_then(|line| line.offer_deadline_at)).await;
        asked.push((visitor, conversation, deadline));
    }
    let answers = asked.iter().zip(-4i64..).map(|((_, conversation, deadline), step)| {
        let ann = &ann;
        async move {
            // Around the deadline, a little before and a little after.
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
            let wait = deadline + step * 6 - i64::try_from(now.as_millis()).expect("a time");
            tokio::time::sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
            (*conversation, code(ann.ask(accept(*conversation)).await))
        }
    });
    for (conversation, refused) in join_all(answers).await {
        match refused {
            None => ann.sees_state(conversation, ConversationState::Active).await,
            Some(code) => {
                assert_eq!(code, ErrorCode::Conflict);
                ann.sees_state(conversation, ConversationState::Waiting).await;
            }
        }
    }
    let decided = world.count("select count(*) from offer where outcome in ('accepted', 'missed')").await;
    assert_eq!(decided, 8);
    is_consistent(&world).await;
}

#[tokio::test]
async fn one_declines_while_another_accepts() {
    let world = world(&json!({ "strategy": "broadcast" }), &["Ann", "Ben", "Cem"]).await;
    let agents = [world.at_work("Ann").await, world.at_work("Ben").await, world.at_work("Cem").await];
    for round in 0..6 {
        let (vera, conversation) = asking(&world, None).await;
        for agent in &agents {
            agent.is_offered_this(conversation).await;
        }
        let answers = agents.iter().enumerate().map(async |(number, agent)| {
            let accepts = (number + round) % 3 == 0;
            let decline = Command::Decline(Decline { conversation, reason: None });
            let command = if accepts { accept(conversation) } else { decline };
            (accepts, code(agent.ask(command).await))
        });
        for (is_accept, refused) in join_all(answers).await {
            assert!(refused.is_none() || (!is_accept && refused == Some(ErrorCode::Conflict)), "{refused:?}");
        }
        let winner = &agents[(3 - round % 3) % 3];
        vera.is_served_by(&winner.name).await;
        winner.closes(conversation).await;
    }
    assert_eq!(world.count("select count(*) from entry where kind = 'assigned'").await, 6);
    is_consistent(&world).await;
}

#[tokio::test]
async fn it_is_closed_or_given_away() {
    let world = world(&json!({}), &["Ann", "Ben"]).await;
    let ann = world.at_work("Ann").await;
    let mut ben = world.agent("Ben").await;
    ben.connect(Over::Socket).await;
    ben.goes(Presence::Away).await;
    let mut given = 0;
    for _ in 0..8 {
        let (vera, conversation) = held_by(&world, &ann, None).await;
        let close = vera.ask(Command::Close(Close { conversation }));
        let (closed, moved) = tokio::join!(close, gives(&ann, conversation, ben.id()));
        assert_eq!(code(closed), None);
        match code(moved) {
            None => given += 1,
            Some(code) => assert_eq!(code, ErrorCode::ConversationClosed),
        }
        vera.sees_state(ConversationState::Closed).await;
    }
    assert_eq!(world.count("select count(*) from entry where kind = 'transferred'").await, given);
    assert_eq!(world.count("select count(*) from entry where kind = 'closed'").await, 8);
    is_consistent(&world).await;
}

#[tokio::test]
async fn an_agent_goes_away_while_accepting() {
    let world = world(&json!({ "capacity": 20 }), &["Ann", "Ben"]).await;
    let (ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    ben.goes(Presence::Away).await;
    for _ in 0..6 {
        let (vera, conversation) = asking(&world, None).await;
        ann.is_offered_this(conversation).await;
        let away = Command::SetPresence(SetPresence { presence: Presence::Away, pause: None });
        let (gone, accepted) = tokio::join!(ann.ask(away), ann.ask(accept(conversation)));
        assert_eq!(code(gone), None);
        // Either it was hers before she went, or it waits for the next.
        match code(accepted) {
            None => vera.is_served_by("Ann").await,
            Some(code) => {
                assert_eq!(code, ErrorCode::Conflict);
                vera.sees_state(ConversationState::Waiting).await;
            }
        }
        let conversation = vera.conversation();
        vera.must(Command::Close(Close { conversation })).await;
        ann.goes(Presence::Online).await;
    }
    is_consistent(&world).await;
}

#[tokio::test]
async fn a_department_is_removed_while_conversations_begin() {
    let world = prepared(&json!({ "capacity": 20, "offers_at_once": 10 }), &["Ann", "Ben"]);
    let sales = department(&world, "create", "Sales", &["--member", "Ben"]);
    department(&world, "set", "Support", &["--member", "Ann"]);
    world.serve().await;
    let (_ann, ben) = (world.at_work("Ann").await, world.at_work("Ben").await);
    let (_vera, held) = held_by(&world, &ben, Some(sales)).await;
    let visitors = join_all((0..12).map(|_| visitor(&world, Over::Socket))).await;
    let mut removal = world.command();
    removal.args(["department", "remove", "--tenant", "acme", "Sales", "--successor", "Support"]);
    let removed = tokio::task::spawn_blocking(move || removal.output().expect("frontdesk runs"));
    let asks = visitors.iter().enumerate().map(async |(number, visitor)| {
        tokio::time::sleep(Duration::from_millis(40 * number as u64)).await;
        visitor.must(question("en", Some(sales))).await.conversation.expect("a conversation")
    });
    let (asked, removed) = tokio::join!(join_all(asks), removed);
    let removed = removed.expect("an end");
    assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
    // Something happens afterwards, and the dispatcher looks.
    let (_last, last) = asking(&world, Some(sales)).await;
    eventually("everything that waits is in a department that is left", || async {
        let lost = "select count(*) from conversation c join department d on d.tenant_id = c.tenant_id \
                    and d.id = c.department_id where c.state in ('waiting', 'offered') and d.removed_at is not null";
        (world.count(lost).await == 0 && waiting(&world).await == 13).then_some(())
    })
    .await;
    ben.sees_state(held, ConversationState::Active).await;
    for conversation in asked.into_iter().chain([last]) {
        ben.until("it can be taken", |view| {
            let line = view.summary(conversation)?;
            matches!(line.state, ConversationState::Waiting | ConversationState::Offered).then_some(())
        })
        .await;
    }
    is_consistent(&world).await;
}

#[tokio::test]
async fn a_rush_on_every_server_gives_each_conversation_to_one_agent() {
    let settings = json!({ "capacity": 4, "offers_at_once": 4, "missed_offers_before_away": 20 });
    let world = world(&settings, &["Ann", "Ben", "Cem"]).await;
    let agents = [world.at_work("Ann").await, world.at_work("Ben").await, world.at_work("Cem").await];
    let visitors = join_all((0..18).map(|number| {
        let over = if number % 3 == 0 { Over::Poll } else { Over::Socket };
        visitor(&world, over)
    }))
    .await;
    let asked = join_all(
        visitors
            .iter()
            .map(async |visitor| visitor.must(question("en", None)).await.conversation.expect("a conversation")),
    )
    .await;
    let accepts = agents.iter().map(async |agent| {
        for _ in 0..4 {
            let conversation = agent.is_offered().await;
            agent.must(accept(conversation)).await;
            agent.until("it is taken", |view| (!view.offers().contains(&conversation)).then_some(())).await;
        }
    });
    join_all(accepts).await;
    assert_eq!(world.count("select count(*) from conversation where state = 'active'").await, 12);
    assert_eq!(world.count("select count(*) from entry where kind = 'assigned'").await, 12);
    let each = "select count(*) from (select agent_id from conversation where state = 'active' \
                group by agent_id having count(*) > 4) counted";
    assert_eq!(world.count(each).await, 0, "never above the capacity");
    assert_eq!(waiting(&world).await, 6);
    is_consistent(&world).await;
    // Places without gap or double.
    for agent in &agents {
        agent
            .until("places 1 to 6", |view| {
                let lines = asked.iter().filter_map(|conversation| view.summary(*conversation));
                let mut places: Vec<u32> = lines.filter_map(|line| line.position).collect();
                places.sort_unstable();
                (places == [1, 2, 3, 4, 5, 6]).then_some(())
            })
            .await;
    }
}
