//! What only PostgreSQL does: the second wall between tenants (T2), the rights of the role that serves, what is
//! refused at start. Everything else is tested by running the other files with
//! `FRONTDESK_TEST_DATABASE=postgres`.

use std::time::{Duration, Instant};

use protocol::command::{Command, ShowVisitor};
use protocol::error::ErrorCode;
use protocol::event::ResetReason;
use sqlx::{Connection, PgConnection};

use crate::basics::DEADLINE;
use crate::database::{Database, on_postgres};
use crate::people::{Agent, cmid, in_conversation, message};
use crate::uploads::{download, uploaded};
use crate::wire::{Client, Failure, Over, View};
use crate::world::{Plan, World};

async fn world() -> World {
    World::with(Plan { on_postgres: true, second: true, ..Plan::default() }).await
}

/// A connection as the role that serves.
async fn serving(world: &World) -> PgConnection {
    PgConnection::connect(&world.database_url("frontdesk")).await.expect("the role that serves connects")
}

async fn counts(conn: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(conn).await.expect("a number")
}

async fn refusal(conn: &mut PgConnection, sql: &'static str) -> String {
    let mut inside = conn.begin().await.expect("a transaction");
    let outcome = sqlx::query(sql).execute(&mut *inside).await;
    outcome.expect_err(sql).to_string()
}

/// Sends until it is acked, as long as the refusal says that trying again helps.
async fn patiently(client: &Client, command: Command) {
    let begun = Instant::now();
    while let Err(failure) = client.ask(command.clone()).await {
        let Failure::Refused(refused) = &failure else { panic!("{failure:?}") };
        assert!(refused.retry_after_ms.is_some() && begun.elapsed() < DEADLINE, "{failure:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn the_role_that_serves_sees_one_tenant_at_a_time() {
    let world = world().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    vera.asks("who sees this?").await;
    let mut conn = serving(&world).await;
    const OF_TENANTS: [&str; 5] = [
        "select count(*) from tenant",
        "select count(*) from site",
        "select count(*) from agent",
        "select count(*) from conversation",
        "select count(*) from entry",
    ];
    for sql in OF_TENANTS {
        assert_eq!(counts(&mut conn, sql).await, 0, "no tenant is set: {sql}");
    }
    let other = world.other.as_ref().expect("planned").id;
    for (tenant, expected) in [(world.acme.id, [1, 1, 3]), (other, [1, 1, 2])] {
        let mut inside = conn.begin().await.expect("a transaction");
        sqlx::query("select set_config('frontdesk.tenant', $1, true)")
            .bind(tenant.to_string())
            .execute(&mut *inside)
            .await
            .expect("the tenant is set");
        for (sql, expected) in OF_TENANTS.iter().zip(expected) {
            assert_eq!(counts(&mut inside, sql).await, expected, "{sql}");
        }
        let conversations = counts(&mut inside, "select count(*) from conversation").await;
        assert_eq!(conversations, i64::from(tenant == world.acme.id));
        // A row of the other tenant can be neither added nor changed.
        let theirs = if tenant == other { world.acme.id } else { other };
        let changed = sqlx::query("update tenant set name = 'mine' where id = $1").bind(theirs.0);
        assert_eq!(changed.execute(&mut *inside).await.expect("it runs").rows_affected(), 0);
        let added = sqlx::query("insert into department (tenant_id, id, name, created_at) values ($1, $1, 'x', 0)");
        let added = added.bind(theirs.0).execute(&mut *inside).await.expect_err("not theirs").to_string();
        assert!(added.contains("row-level security"), "{added}");
    }
    assert_eq!(counts(&mut conn, OF_TENANTS[0]).await, 0, "what a transaction saw ends with it");
}

/// What an agent of the other tenant gets who asks for a visitor of the first, from a server whose statement
/// forgot to ask for the tenant.
async fn forgetful(on_postgres: bool) -> Result<(), ErrorCode> {
    let plan = Plan { on_postgres, second: true, ..Plan::default() };
    let world = World::with(plan.with("FRONTDESK_PLANTED_BUG", "forgotten-tenant")).await;
    let (_vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let line = |view: &View| view.summary(conversation).map(|line| line.visitor);
    let visitor = ann.look(line).expect("her visitor");
    ann.must(Command::ShowVisitor(ShowVisitor { visitor })).await;
    let other = world.other.as_ref().expect("planned");
    let mut zoe = Agent::signs_in(&world.url(), &world.origin(), other, "Zoe").await;
    zoe.connect(Over::Socket).await;
    match zoe.ask(Command::ShowVisitor(ShowVisitor { visitor })).await {
        Ok(_) => Ok(()),
        Err(Failure::Refused(refused)) => Err(refused.code),
        Err(Failure::Gone) => panic!("the connection went"),
    }
}

#[tokio::test]
async fn a_statement_that_forgot_its_tenant_finds_nothing_of_others() {
    assert_eq!(forgetful(true).await, Err(ErrorCode::NotFound));
    if !on_postgres() {
        assert_eq!(forgetful(false).await, Ok(()), "without the wall the planted bug shows");
    }
}

#[tokio::test]
async fn the_role_that_serves_can_change_neither_records_nor_tables() {
    let world = world().await;
    let mut conn = serving(&world).await;
    for sql in [
        "update audit set actor = 'nobody'",
        "delete from audit",
        "delete from _sqlx_migrations",
        "alter table entry disable row level security",
        "drop policy tenant_wall on entry",
        "create table mine (id bigint)",
        "set role frontdesk_owner",
    ] {
        let why = refusal(&mut conn, sql).await;
        assert!(why.contains("permission denied") || why.contains("must be owner"), "{sql}: {why}");
    }
}

#[tokio::test]
async fn every_table_of_tenants_stands_behind_the_wall() {
    let world = world().await;
    let mut conn = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let open: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' \
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace \
         and not (c.relrowsecurity and c.relforcerowsecurity)",
    )
    .fetch_all(&mut conn)
    .await
    .expect("the tables");
    assert_eq!(open, Vec::<String>::new());
    let walls = "select count(*) from pg_policy where polname = 'tenant_wall'";
    assert!(counts(&mut conn, walls).await >= 12);
}

#[tokio::test]
async fn content_of_files_lies_in_small_parts_of_its_tenant_and_goes_with_its_file() {
    let world = world().await;
    let (vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let text = "tea, black, 100 g\n".repeat(40_000).into_bytes();
    uploaded(&vera, conversation, ("list.txt", "text/plain"), text.clone()).await;
    uploaded(&vera, conversation, ("again.txt", "text/plain"), text.clone()).await;
    assert!(std::fs::read_dir(world.data().join("files")).expect("a folder").count() <= 1, "only uploads under way");
    let mut all = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let stored = "select sum(length(content))::bigint from attachment_part";
    assert_eq!(counts(&mut all, stored).await, 2 * text.len() as i64);
    assert_eq!(counts(&mut all, "select max(length(content))::bigint from attachment_part").await, 256 * 1024);
    let mut conn = serving(&world).await;
    assert_eq!(counts(&mut conn, "select count(*) from attachment_part").await, 0, "no tenant is set");
    let mut inside = conn.begin().await.expect("a transaction");
    sqlx::query("select set_config('frontdesk.tenant', $1, true)")
        .bind(world.acme.id.to_string())
        .execute(&mut *inside)
        .await
        .expect("the tenant is set");
    sqlx::query("delete from attachment where name = 'list.txt'").execute(&mut *inside).await.expect("it is erased");
    inside.commit().await.expect("a commit");
    assert_eq!(counts(&mut all, stored).await, text.len() as i64, "the other stays");
}

#[tokio::test]
async fn a_database_it_cannot_work_with_is_refused_in_one_sentence() {
    let world = World::prepare(Plan { on_postgres: true, ..Plan::default() });
    let mut all = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let alone = ("FRONTDESK_DATABASE_OWNER_URL", "");
    let refused = |environment: &[(&str, &str)], expected: &str| {
        let (done, says) = world.run_with(environment, &["migrate"]);
        assert!(!done && says.contains(expected), "expected {expected:?}: {says}");
        assert!(says.trim().lines().count() <= 2, "one sentence: {says}");
    };
    assert!(world.run_with(&[alone], &["migrate"]).0, "a current schema needs no owner");
    let superuser = world.database_url("tests");
    refused(&[("DATABASE_URL", &superuser), alone], "superuser");
    refused(&[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/x"), alone], "cannot use the database 127.0.0.1:1/x");
    let name = world.database_url("frontdesk");
    let wrong = name.replace("frontdesk@", "somebody@");
    refused(&[("DATABASE_URL", &wrong), alone], "as somebody");
    let change = async |all: &mut PgConnection, sql: &'static str| {
        sqlx::raw_sql(sql).execute(all).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    const WEAK: &str = "do $$ begin \
         execute format('alter database %I set synchronous_commit = off', current_database()); end $$";
    change(&mut all, WEAK).await;
    refused(&[alone], "synchronous_commit=off");
    change(&mut all, "do $$ begin execute format('alter database %I reset all', current_database()); end $$").await;
    change(&mut all, "alter table offer no force row level security").await;
    refused(&[alone], "offer has no row-level security");
    assert!(world.run(&["migrate"]).0, "the owner builds it again");
    assert!(world.run_with(&[alone], &["migrate"]).0);
    change(&mut all, "insert into _sqlx_migrations select 9999, 'later', now(), true, '', 0").await;
    refused(&[alone], "newer than this build");
    refused(&[], "newer than this build");
    change(&mut all, "update _sqlx_migrations set success = false where version = 9999").await;
    refused(&[alone], "half migrated");
    refused(&[], "half migrated");
    change(&mut all, "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)").await;
    change(&mut all, "delete from _sqlx_migrations").await;
    refused(&[alone], "may not change it");
}

#[tokio::test]
async fn connections_that_break_are_replaced() {
    let world = world().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("before").await;
    let mut all = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    for round in 0..3 {
        let ended = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where datname = current_database() and application_name = 'frontdesk'";
        assert!(counts(&mut all, ended).await > 0, "there were connections to end");
        let text = format!("after {round}");
        patiently(&vera, message(Some(conversation), cmid(), &text)).await;
    }
    let said = "select count(*) from entry where kind = 'message'";
    assert_eq!(world.count(said).await, 4);
}

/// A dump as docs/operators.md says, put back into a new database.
#[tokio::test]
async fn a_dump_taken_by_the_owner_is_put_back_whole() {
    let mut world = World::with(Plan { on_postgres: true, ..Plan::default() }).await;
    let (mut vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let text = b"1 kg of tea".to_vec();
    let file = uploaded(&vera, conversation, ("list.txt", "text/plain"), text.clone()).await;
    let dump = world.file("frontdesk.dump");
    let dump = dump.to_str().expect("a path");
    let tool = |program: &str, arguments: &[&str], options: &str| {
        let mut command = std::process::Command::new(program);
        let output = command.args(arguments).env("PGOPTIONS", options).output().expect("the tools of PostgreSQL");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let owner = world.database_url("frontdesk_owner");
    let arguments = ["--enable-row-security", "--format=custom", "--file", dump, &owner];
    let (good, said) = tool("pg_dump", &arguments, "-c frontdesk.tenant=*");
    assert!(good, "{said}");
    let (good, _) = tool("pg_dump", &["--format=custom", "--file=/dev/null", &owner], "");
    assert!(!good, "rather no dump than one without rows");
    vera.says("not in the dump").await;
    ann.sees(conversation, "not in the dump").await;
    world.kill9();

    let again = Database::new_postgres_without_tables();
    let into = format!("--dbname={}", again.url("frontdesk_owner"));
    let (good, said) = tool("pg_restore", &["--no-owner", "--no-privileges", "--exit-on-error", &into, dump], "");
    assert!(good, "{said}");
    world.lives_on(again);
    let (good, printed) = world.run(&["restore", "--renew-history"]);
    assert!(good, "{printed}");
    world.serve().await;
    vera.connect(Over::Socket).await;
    vera.until("a reset", |view| (view.resets.last()?.reason == ResetReason::EpochChanged).then_some(())).await;
    vera.says("after the dump").await;
    let texts = vera.look(|view| view.texts(conversation));
    assert!(!texts.iter().any(|text| text == "not in the dump"), "{texts:?}");
    assert_eq!(download(&vera, file).await.bytes().await.expect("a body"), text);
}
