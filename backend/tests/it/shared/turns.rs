//! What one server at a time has of a database that several share: a tenant's turn, and mails to be sent.

use std::collections::HashSet;
use std::time::Instant;

use frontdesk::config::Config;
use frontdesk::config::source::{Flags, Source};
use frontdesk::store::{EveryTenant, Store, outbox};
use protocol::ids::TenantId;
use uuid::Uuid;

use crate::basics::DEADLINE;
use crate::world::{Plan, World};

/// A world on PostgreSQL and two servers' stores on it.
async fn two() -> (World, Store, Store) {
    let world = World::prepare(Plan { on_postgres: true, ..Plan::default() });
    let url = world.database_url("frontdesk");
    let find = move |name: &str| (name == "DATABASE_URL").then(|| url.clone());
    let source = Source::with_environment(Flags::default(), find).expect("no file");
    let config = Config::load(&source).expect("it is allowed");
    let open = async || Store::open(&config.database).await.expect("the database opens");
    let (one, two) = (open().await, open().await);
    (world, one, two)
}

async fn has_turn(store: &Store, tenant: TenantId) -> bool {
    store.turn(tenant).await.expect("the database answers").is_some()
}

#[tokio::test]
async fn a_turn_is_one_servers_until_it_ends() {
    let (_world, one, two) = two().await;
    let (tenant, other) = (TenantId(Uuid::new_v4()), TenantId(Uuid::new_v4()));
    let turn = one.turn(tenant).await.expect("the database answers").expect("nobody has it");
    assert!(!has_turn(&two, tenant).await);
    assert!(!has_turn(&one, tenant).await, "nor another job of the same server");
    assert!(has_turn(&two, other).await, "another tenant");
    turn.end().await.expect("the database answers");
    let turn = two.turn(tenant).await.expect("the database answers").expect("it is free at once");
    // As when its server dies.
    drop(turn);
    let begun = Instant::now();
    while !has_turn(&one, tenant).await {
        assert!(begun.elapsed() < DEADLINE, "it is free soon");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(one.time().await.expect("the database answers").is_some_and(|now| now > 0));
}

#[tokio::test]
async fn a_mail_is_one_servers_for_a_while() {
    let (world, one, two) = two().await;
    let tenant = world.acme.id;
    let all: HashSet<Uuid> = (0..20).map(|_| Uuid::new_v4()).collect();
    let rows = all.clone();
    one.write(tenant, move |tx| {
        Box::pin(async move {
            for id in rows {
                outbox::add(tx, tenant, id, ("transcript", "{}"), 5).await?;
            }
            Ok(())
        })
    })
    .await
    .expect("stored");
    let take = async |store: &Store, now: i64| {
        let take = store.write(EveryTenant, move |tx| Box::pin(outbox::take(tx, now, now + 100, 4)));
        take.await.expect("taken").into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let mut taken = Vec::new();
    loop {
        let (mine, theirs) = tokio::join!(take(&one, 10), take(&two, 10));
        if mine.is_empty() && theirs.is_empty() {
            break;
        }
        taken.extend(mine.into_iter().chain(theirs));
    }
    assert_eq!(taken.len(), 20, "each once");
    assert_eq!(taken.into_iter().collect::<HashSet<_>>(), all);
    assert_eq!(take(&two, 111).await.len(), 4, "of a server that died, they are due again");
}
