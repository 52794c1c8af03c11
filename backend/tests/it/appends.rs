//! Batches of messages on PostgreSQL, where what is kept of a conversation is compared when the next message is written.

use futures_util::future::join_all;
use protocol::error::ErrorCode;
use sqlx::{Connection, PgConnection};

use crate::people::{Agent, Visitor, cmid, code_of, in_conversation, message};
use crate::wire::Over;
use crate::world::{Plan, World};

async fn world() -> World {
    World::with(Plan { on_postgres: true, second: true, ..Plan::default() }.unlimited()).await
}

/// Changes the database as another node would, without telling anybody.
async fn changes(world: &World, sql: &'static str) {
    let mut all = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let done = sqlx::query(sql).execute(&mut all).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert!(done.rows_affected() > 0, "{sql}");
}

#[tokio::test]
async fn what_others_changed_counts_for_the_next_message() {
    const NAME: &str = "select count(*) from entry where author_name = 'Verena' and body like '%two%'";
    const LINKED: &str = "select count(*) from conversation c where last_seq = (select max(seq) from entry e \
         where e.conversation_id = c.id) and last_hash = (select hash from entry e where e.conversation_id = c.id \
         and e.seq = c.last_seq)";
    let world = world().await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    vera.says("one").await;
    ann.says(conversation, "yes?").await;
    changes(&world, "update visitor set name = 'Verena' where name is distinct from 'Verena'").await;
    vera.says("two").await;
    assert_eq!(world.count(NAME).await, 1, "the visitor's name is what it has become");
    changes(&world, "update conversation set preview = 'x' where state = 'active'").await;
    vera.says("three").await;
    assert_eq!(world.count(LINKED).await, 1);
    let before = world.count("select count(*) from entry").await;
    changes(&world, "update conversation set state = 'closed', closed_at = 1, settled_at = 1 where state = 'active'")
        .await;
    let refused = ann.ask(message(Some(conversation), cmid(), "too late")).await;
    assert_eq!(code_of(refused), ErrorCode::ConversationClosed);
    changes(&world, "update conversation set state = 'active', closed_at = null, settled_at = null").await;
    ann.says(conversation, "in time again").await;
    changes(&world, "update tenant set state = 'suspended', suspended_at = 1 where slug = 'acme'").await;
    ann.ask(message(Some(conversation), cmid(), "suspended")).await.expect_err("the tenant is suspended");
    assert_eq!(world.count("select count(*) from entry").await, before + 1);
    assert_eq!(world.count(LINKED).await, 1);
}

#[tokio::test]
async fn rows_that_moved_are_found_where_they_are() {
    let world = world().await;
    let (vera, ann, first) = in_conversation(&world, Over::Socket).await;
    let mut walt = world.visitor().await;
    walt.connect(Over::Socket).await;
    let second = walt.asks("hello?").await;
    ann.is_offered_this(second).await;
    ann.accepts(second).await;
    // Whoever names the conversation sends what batches are made of.
    let both = async |text: &str| {
        let sends = [vera.ask(message(Some(first), cmid(), text)), walt.ask(message(Some(second), cmid(), text))];
        assert!(join_all(sends).await.iter().all(Result::is_ok), "{text}");
    };
    for number in 0..20 {
        both(&format!("{number}")).await;
    }
    let mut all = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    // Every row gets another place, and keeps the transaction that wrote it.
    sqlx::query("vacuum full conversation").execute(&mut all).await.expect("it is vacuumed");
    both("moved").await;
    both("once more").await;
    let whole = "select count(*) from conversation c where last_seq = \
         (select count(*) from entry e where e.tenant_id = c.tenant_id and e.conversation_id = c.id)";
    assert_eq!(world.count(whole).await, 2);
    assert_eq!(world.count("select count(*) from entry where body like '%moved%'").await, 2);
}

#[tokio::test]
async fn tenants_share_a_commit_and_each_sees_its_own() {
    let world = world().await;
    let other = world.other.as_ref().expect("planned");
    let (vera, ann, acme) = in_conversation(&world, Over::Socket).await;
    let mut zoe = Agent::signs_in(&world.url(), &world.origin(), other, "Zoe").await;
    zoe.starts_work(Over::Socket).await;
    let mut otto = Visitor::arrives(&world.url(), &world.origin(), &other.site).await;
    otto.connect(Over::Socket).await;
    let beta = otto.asks("hello?").await;
    zoe.is_offered_this(beta).await;
    zoe.accepts(beta).await;
    let before = world.count("select count(*) from entry").await;
    for round in 0..5 {
        let text = |number: usize| format!("round {round}, {number}");
        let sends = (0..24).map(|number| match number % 4 {
            0 => vera.ask(message(Some(acme), cmid(), &text(number))),
            1 => ann.ask(message(Some(acme), cmid(), &text(number))),
            2 => otto.ask(message(Some(beta), cmid(), &text(number))),
            _ => zoe.ask(message(Some(beta), cmid(), &text(number))),
        });
        let mut seqs: Vec<_> = join_all(sends).await.into_iter().map(|answer| answer.expect("an ack").seq).collect();
        seqs.sort_unstable();
        seqs.dedup();
        assert!(seqs.len() >= 12, "each of a conversation has its place");
        // Somebody else's: refused, whosever session it was before.
        let stray = otto.ask(message(Some(acme), cmid(), "not mine")).await;
        assert_eq!(code_of(stray), ErrorCode::NotFound);
    }
    let whole = "select count(*) from conversation c where last_seq = \
         (select count(*) from entry e where e.tenant_id = c.tenant_id and e.conversation_id = c.id)";
    assert_eq!(world.count(whole).await, 2);
    assert_eq!(world.count("select count(*) from entry").await, before + 120);
}
