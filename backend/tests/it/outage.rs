//! PostgreSQL goes away and comes back (F7, F8, C14): nothing is acknowledged meanwhile, whoever asks is told to
//! try again, readiness says 503 and health 200, and within ten seconds of its return everything goes on.

use std::time::{Duration, Instant};

use faults::proxy::Proxy;
use futures_util::future::join_all;
use protocol::command::Command;
use protocol::error::ErrorCode;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::basics::{DEADLINE, eventually_within};
use crate::checker::{check, stored};
use crate::people::{become_visitor, cmid, in_conversation, message};
use crate::wire::{Client, Failure, Over};
use crate::world::{Plan, World};

/// How soon everything has to go on (C14).
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// A server on PostgreSQL that gives a statement one second.
fn impatient() -> Plan {
    Plan { on_postgres: true, ..Plan::default() }.with("FRONTDESK_DATABASE_TIMEOUT", "1")
}

/// A world whose server reaches its database through a network that can fail.
async fn behind_a_network() -> (World, Proxy) {
    let network = Proxy::bind().await.expect("a proxy");
    let mut world = World::prepare(impatient());
    network.forward_to(world.reach_database_by(network.port()));
    world.serve().await;
    (world, network)
}

async fn status(world: &World, path: &str) -> u16 {
    let asked = reqwest::Client::new().get(format!("{}{path}", world.url())).timeout(DEADLINE).send().await;
    asked.expect("the process answers").status().as_u16()
}

async fn turns(world: &World, expected: u16, within: Duration) {
    let what = format!("/readyz says {expected}");
    eventually_within(within, &what, || async { (status(world, "/readyz").await == expected).then_some(()) }).await;
}

/// A send that must be refused with the word that it may be tried again.
async fn is_put_off(client: &Client, command: &Command) {
    let begun = Instant::now();
    match client.ask(command.clone()).await {
        Err(Failure::Refused(refused)) => {
            assert_eq!(refused.code, ErrorCode::Unavailable, "{refused:?}");
            assert!(refused.retry_after_ms.is_some(), "{refused:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(begun.elapsed() < BACK_WITHIN, "{:?}", begun.elapsed());
}

/// Sends until it is acked; the refusals on the way must say that trying again helps.
async fn gets_through(client: &Client, command: &Command, since: Instant) {
    while let Err(failure) = client.ask(command.clone()).await {
        let Failure::Refused(refused) = &failure else { panic!("{failure:?}") };
        assert_eq!(refused.code, ErrorCode::Unavailable, "{refused:?}");
        assert!(since.elapsed() < BACK_WITHIN, "not within {BACK_WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_database_that_is_gone_costs_time_and_nothing_else() {
    let (world, network) = behind_a_network().await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    for half_open in [false, true] {
        let before = stored(&world, conversation).await.len();
        if half_open {
            network.pause(true)
        } else {
            network.goes_dark()
        }
        let send = message(Some(conversation), cmid(), "is anybody there?");
        is_put_off(&vera, &send).await;
        turns(&world, 503, BACK_WITHIN).await;
        assert_eq!(status(&world, "/healthz").await, 200);
        assert_eq!(stored(&world, conversation).await.len(), before, "nothing was stored");
        if half_open {
            network.pause(false)
        } else {
            network.comes_back()
        }
        let back = Instant::now();
        gets_through(&vera, &send, back).await;
        turns(&world, 200, BACK_WITHIN).await;
        assert_eq!(stored(&world, conversation).await.len(), before + 1);
    }
    check(&world, conversation, &[], &[&vera, &ann]).await;
}

#[tokio::test]
async fn a_row_that_somebody_holds_delays_and_blocks_nothing_for_good() {
    let (world, _network) = behind_a_network().await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut holder = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let mut held = holder.begin().await.expect("a transaction");
    sqlx::query("select id from conversation where id = $1 for update")
        .bind(conversation.0)
        .execute(&mut *held)
        .await
        .expect("the row is held");
    let send = message(Some(conversation), cmid(), "a held row");
    is_put_off(&vera, &send).await;
    held.rollback().await.expect("the row is let go");
    gets_through(&vera, &send, Instant::now()).await;
    check(&world, conversation, &[], &[&vera, &ann]).await;
}

#[tokio::test]
async fn an_offer_of_a_row_that_somebody_holds_keeps_no_other_from_being_made() {
    let policy = json!({ "capacity": 2, "offers_at_once": 2 });
    let world = World::with(Plan { policy, on_postgres: true, ..Plan::default() }.unlimited()).await;
    let (_vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut asked = Vec::new();
    for _ in 0..3 {
        let mut visitor = world.visitor().await;
        visitor.connect(Over::Socket).await;
        let waits = visitor.asks("and me?").await;
        asked.push((visitor, waits));
    }
    // One more is offered to Ann, who has a place left. The next two wait.
    ann.is_offered_this(asked[0].1).await;
    let mut holder = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let mut held = holder.begin().await.expect("a transaction");
    sqlx::query("select id from conversation where id = $1 for update")
        .bind(asked[1].1.0)
        .execute(&mut *held)
        .await
        .expect("the row is held");
    let mut ben = world.agent("Ben").await;
    ben.starts_work(Over::Socket).await;
    ben.is_offered_this(asked[2].1).await;
    assert_eq!(ben.look(|view| view.offers()), [asked[2].1], "the other is held");
    held.rollback().await.expect("the row is let go");
    ben.is_offered_this(asked[1].1).await;
    check(&world, conversation, &[], &[&ann]).await;
}

/// Reads that must be put off, of many people at once, each within the same time as one.
async fn many_are_put_off(world: &World) {
    let one = async || {
        let begun = Instant::now();
        let body = json!({ "site": world.acme.site });
        let (status, said) = become_visitor(&world.url(), &world.origin(), &body).await;
        let problem: Value = serde_json::from_str(&said).expect("a problem document");
        assert_eq!((status, problem["code"].as_str()), (503, Some("unavailable")), "{said}");
        assert!(problem["retry_after_ms"].is_u64(), "{said}");
        assert!(begun.elapsed() < BACK_WITHIN, "{:?}", begun.elapsed());
    };
    join_all((0..30).map(|_| one())).await;
}

#[tokio::test]
async fn f08_a_pool_that_is_used_up_refuses_in_time_and_recovers() {
    let world = World::with(impatient().unlimited().with("FRONTDESK_DATABASE_CONNECTIONS", "2")).await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut holder = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let mut held = holder.begin().await.expect("a transaction");
    // Both connections for reading wait for the table, and everybody else for them.
    sqlx::query("lock table site, conversation in access exclusive mode").execute(&mut *held).await.expect("held");
    let send = message(Some(conversation), cmid(), "a held table");
    tokio::join!(many_are_put_off(&world), is_put_off(&vera, &send));
    assert_eq!(status(&world, "/healthz").await, 200);
    held.rollback().await.expect("the table is let go");
    let back = Instant::now();
    gets_through(&vera, &send, back).await;
    turns(&world, 200, BACK_WITHIN).await;
    let mut other = world.visitor().await;
    other.connect(Over::Socket).await;
    assert!(back.elapsed() < BACK_WITHIN, "{:?}", back.elapsed());
    check(&world, conversation, &[], &[&vera, &ann]).await;
}

#[tokio::test]
async fn f08_every_connection_ended_and_no_room_for_new_ones_is_an_outage_that_ends() {
    let world = World::with(impatient().unlimited()).await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut root = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let name: String =
        sqlx::query_scalar("select current_database()::text").fetch_one(&mut root).await.expect("a name");
    let mut room = async |limit: i32| {
        let sql = format!("alter database {name} connection limit {limit}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut root).await.expect("a limit");
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
             and pid <> pg_backend_pid()";
        sqlx::query(end).execute(&mut root).await.expect("they are ended");
    };
    room(0).await;
    let send = message(Some(conversation), cmid(), "no room");
    is_put_off(&vera, &send).await;
    many_are_put_off(&world).await;
    turns(&world, 503, BACK_WITHIN).await;
    assert_eq!(status(&world, "/healthz").await, 200);
    room(-1).await;
    gets_through(&vera, &send, Instant::now()).await;
    turns(&world, 200, BACK_WITHIN).await;
    check(&world, conversation, &[], &[&vera, &ann]).await;
}
