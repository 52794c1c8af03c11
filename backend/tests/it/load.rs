//! `frontdesk bench`, run against a server of the test: tiny, to see that what it counts is true.

use serde_json::Value;

use crate::database::{Database, both};
use crate::redis_server::RedisServer;
use crate::world::{Plan, World};

/// Runs `frontdesk bench`; gives the result it printed, or panics with what it said.
fn measured(world: &World, arguments: &[&str], input: &str) -> Value {
    let (success, out, said) = world.feed(&[&["bench"], arguments, &["--json"]].concat(), input);
    assert!(success, "bench {arguments:?} failed: {out}{said}");
    serde_json::from_str(&out).expect("JSON")
}

fn number(result: &Value, name: &str) -> f64 {
    result[name].as_f64().unwrap_or_else(|| panic!("no number {name} in {result}"))
}

/// Everything that was sent was acknowledged and seen, once and in order; gives how much that was.
fn all_arrived(result: &Value) -> i64 {
    let sent = number(result, "sent") as i64;
    for name in ["acked", "seen"] {
        assert_eq!(number(result, name) as i64, sent, "{name}: {result}");
    }
    for name in ["lost", "duplicates", "disordered", "unanswered", "refused"] {
        assert_eq!(number(result, name) as i64, 0, "{name}: {result}");
    }
    sent
}

/// Folders of measurements that are still there.
fn left_behind(world: &World) -> Vec<String> {
    let names = std::fs::read_dir(world.data()).into_iter().flatten();
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with("bench-")).collect()
}

/// One number from a database that no world lives on.
async fn count(world: &World, database: &Database, sql: &'static str) -> i64 {
    let pool = database.open(&world.data()).await;
    let count = both!(&pool, it => sqlx::query_scalar(sql).fetch_one(it).await).expect("a number");
    pool.close().await;
    count
}

/// What points the load at a world: address, site, agent.
fn place(world: &World) -> [String; 6] {
    let ann = &world.acme.person("Ann").email;
    ["--url", &world.url(), "--site", &world.acme.site, "--agent", ann].map(str::to_owned)
}

fn at<'a>(place: &'a [String; 6], more: &[&'a str]) -> Vec<&'a str> {
    place.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

fn password(world: &World) -> String {
    world.acme.person("Ann").password.clone()
}

#[tokio::test]
async fn a_run_counts_what_the_server_stored_and_leaves_nothing_open() {
    let world = World::with(Plan::default().unlimited()).await;
    let place = place(&world);
    let (mut stored, mut conversations) = (0, 0);
    let runs: [&[&str]; 3] = [&["--from", "both"], &["--rate", "200"], &["--transport", "poll", "--from", "both"]];
    for more in runs {
        let small = ["--visitors", "3", "--count", "60", "--warmup", "0"];
        let result = measured(&world, &at(&place, &[&small[..], more].concat()), &password(&world));
        let sent = all_arrived(&result);
        assert!(sent >= 60, "{result}");
        for latency in ["connect_ms", "ack_ms", "seen_ms"] {
            let of = |name: &str| number(&result[latency], name);
            let ordered = of("p50") <= of("p90") && of("p90") <= of("p99") && of("p99") <= of("max");
            assert!(of("p50") > 0.0 && ordered, "{latency}: {result}");
        }
        assert!(number(&result, "acked_per_s") > 0.0 && number(&result, "connects_per_s") > 0.0, "{result}");
        // One question and one greeting besides, in every conversation.
        stored += sent + 2 * 3;
        conversations += 3;
        assert_eq!(world.count("select count(*) from entry where kind = 'message'").await, stored);
        assert_eq!(world.count("select count(*) from conversation where state = 'closed'").await, conversations);
    }
}

#[tokio::test]
async fn idle_connections_are_held_and_their_memory_is_read() {
    let world = World::with(Plan::default().unlimited()).await;
    let pid = world.pid().to_string();
    for transport in ["ws", "poll"] {
        let url = world.url();
        let arguments = ["--url", &url, "--site", &world.acme.site, "--server-pid", &pid];
        let more = ["--idle", "40", "--hold", "0", "--transport", transport];
        let result = measured(&world, &[&arguments[..], &more].concat(), "");
        assert_eq!((number(&result, "connections") as i64, &result["disconnected"]), (40, &Value::Array(vec![])));
        assert!(number(&result["memory"], "rss_before") > 0.0, "{result}");
        assert!(result["memory"]["bytes_per_connection"].is_u64(), "{result}");
    }
}

#[tokio::test]
async fn a_throw_away_server_is_gone_afterwards() {
    let world = World::prepare(Plan::default());
    let result = measured(&world, &["--start", "--visitors", "2", "--count", "20", "--warmup", "0"], "");
    assert_eq!((number(&result, "lost") as i64, number(&result, "duplicates") as i64), (0, 0), "{result}");
    assert!(number(&result, "acked") >= 20.0 && number(&result, "server_rss_bytes") > 0.0, "{result}");
    assert_eq!(left_behind(&world), [""; 0]);
}

#[tokio::test]
async fn a_run_over_two_nodes_crosses_them_and_counts_what_both_stored() {
    let world = World::with(Plan { nodes: 2, ..Plan::default() }.unlimited()).await;
    let (urls, pids): (Vec<String>, Vec<String>) =
        world.servers().iter().map(|server| (server.url(), server.pid().to_string())).unzip();
    let origin = world.origin();
    let nodes = ["--url", &urls[0], "--url", &urls[1], "--server-pid", &pids[0], "--server-pid", &pids[1]];
    let people = ["--site", &world.acme.site, "--agent", &world.acme.person("Ann").email];
    let small = ["--visitors", "3", "--count", "60", "--warmup", "0", "--from", "both"];
    let mut stored = 0;
    for transport in ["ws", "poll"] {
        let arguments = [&nodes[..], &people, &small, &["--origin", &origin, "--transport", transport]].concat();
        let result = measured(&world, &arguments, &password(&world));
        // The agent is at the second node, and the first and third visitor at the first.
        let crossing = (number(&result, "nodes") as i64, number(&result, "conversations_across_nodes") as i64);
        assert_eq!(crossing, (2, 2), "{result}");
        assert!(number(&result, "server_rss_bytes") > 0.0, "{result}");
        stored += all_arrived(&result) + 2 * 3;
        assert_eq!(world.count("select count(*) from entry where kind = 'message'").await, stored);
    }
    // Their own addresses are not the one that browsers use.
    let (success, out, said) = world.feed(&[&["bench"], &nodes[..], &people, &small].concat(), &password(&world));
    assert!(!success && said.contains("403") && said.contains("--origin"), "{out}{said}");
}

#[tokio::test]
async fn throw_away_nodes_fill_an_empty_database_and_no_other() {
    let world = World::prepare(Plan::default());
    let (database, redis) = (Database::new_postgres_without_tables(), RedisServer::start());
    let (serves, owner, redis) = (database.url("frontdesk"), database.url("frontdesk_owner"), redis.url());
    let place = ["--start", "--nodes", "2", "--database-url", &serves, "--database-owner-url", &owner];
    let small = ["--database-connections", "4", "--visitors", "4", "--agents", "2", "--count", "40", "--warmup", "0"];
    let arguments = [&place[..], &small, &["--redis-url", &redis]].concat();
    let result = measured(&world, &arguments, "");
    let stored = all_arrived(&result) + 2 * 4;
    assert_eq!(number(&result, "nodes") as i64, 2, "{result}");
    assert!(number(&result, "server_rss_bytes") > 0.0, "{result}");
    assert_eq!(count(&world, &database, "select count(*) from entry where kind = 'message'").await, stored);

    let (success, out, said) = world.feed(&[&["bench"], &arguments[..]].concat(), "");
    assert!(!success && said.contains("is not empty"), "{out}{said}");
    assert_eq!(count(&world, &database, "select count(*) from entry where kind = 'message'").await, stored);
    assert_eq!(left_behind(&world), [""; 0]);
}

#[tokio::test]
async fn the_yardsticks_measure_something() {
    let world = World::prepare(Plan::default());
    let echo = measured(&world, &["echo", "--connections", "4", "--count", "100", "--warmup", "0"], "");
    assert!(number(&echo, "acked_per_s") > 0.0 && number(&echo["ack_ms"], "p50") > 0.0, "{echo}");
    let rates = measured(&world, &["database", "--rows", "1", "--rows", "20", "--duration", "1"], "");
    let rate = |index: usize| number(&rates[index], "rows_per_s");
    assert!(rate(0) > 0.0 && rate(1) > rate(0), "sharing a commit is faster: {rates}");
}

#[tokio::test]
async fn the_yardstick_of_postgres_leaves_nothing_behind() {
    let world = World::prepare(Plan::default());
    let database = Database::new_postgres_without_tables();
    let owner = database.url("frontdesk_owner");
    let arguments =
        ["database", "--on", &owner, "--connections", "2", "--rows", "1", "--rows", "50", "--duration", "1"];
    let rates = measured(&world, &arguments, "");
    let rate = |index: usize| number(&rates[index], "rows_per_s");
    assert!(rate(0) > 0.0 && rate(1) > rate(0), "sharing a commit is faster: {rates}");
    assert_eq!(number(&rates[0], "connections") as i64, 2, "{rates}");
    let (success, out) = world.run(&["bench", "database", "--on", &owner, "--rows", "5", "--duration", "1"]);
    assert!(success && out.contains("5 rows a commit") && out.contains("rows/s"), "{out}");
    let left = "select count(*) from pg_namespace where nspname like 'bench%'";
    assert_eq!(count(&world, &database, left).await, 0);
    // Who serves may make nothing.
    let (success, out) = world.run(&["bench", "database", "--on", &database.url("frontdesk"), "--duration", "1"]);
    assert!(!success && out.contains("cannot make a schema"), "{out}");
}

#[tokio::test]
async fn a_server_with_limits_refuses_and_the_run_says_so() {
    let world = World::start().await;
    let place = place(&world);
    let arguments = at(&place, &["--visitors", "2", "--count", "500", "--warmup", "0"]);
    let (success, out, said) = world.feed(&[&["bench"], &arguments[..]].concat(), &password(&world));
    assert!(!success && format!("{out}{said}").contains("FRONTDESK_RATE_LIMITS=off"), "{out}{said}");
}

#[tokio::test]
async fn options_that_are_wrong_are_named() {
    let world = World::prepare(Plan::default());
    let nowhere = "postgres://a@127.0.0.1:9/b";
    let cases: [(&[&str], &str); 24] = [
        (&[], "--url"),
        (&["--url", "http://127.0.0.1:9"], "--site"),
        (&["--url", "http://127.0.0.1:9", "--site", "x"], "--agent"),
        (&["--url", "http://127.0.0.1:9", "--site", "x", "--agent", "a@b.example"], "a@b.example"),
        (&["--url", "https://chat.example", "--site", "x", "--idle", "1"], "http://HOST:PORT"),
        (&["--url", "http://127.0.0.1:9", "--start"], "--start"),
        (&["--start", "--rate", "0"], "--rate"),
        (&["--start", "--size", "8001"], "8000"),
        (&["--start", "--visitors", "0"], "--visitors"),
        (&["--start", "--idle", "10", "--rate", "5"], "--rate"),
        (&["--start", "--idle", "1000000"], "ulimit -n"),
        (&["--start", "--visitors", "200", "--agents", "1"], "--agents"),
        (&["database", "--rows", "0"], "--rows"),
        (&["--origin", "https://chat.example"], "--url"),
        (&["--url", "http://127.0.0.1:9", "--site", "x", "--idle", "1", "--origin", "chat.example"], "--origin"),
        (&["--url", "http://127.0.0.1:9", "--site", "x", "--nodes", "2"], "--nodes"),
        (&["--url", "http://127.0.0.1:9", "--site", "x", "--database-url", nowhere], "--start"),
        (&["--start", "--nodes", "10", "--database-url", nowhere], "1..=9"),
        (&["--start", "--nodes", "2"], "--database-url"),
        (&["--start", "--nodes", "2", "--database-url", nowhere], "--redis-url"),
        (&["--start", "--database-lanes", "3"], "--database-url"),
        (&["--start", "--database-url", "sqlite:bench.db"], "PostgreSQL"),
        (&["database", "--connections", "3"], "--on"),
        (&["database", "--on", "sqlite:bench.db"], "postgres://"),
    ];
    for (arguments, named) in cases {
        let (success, out, said) = world.feed(&[&["bench"], arguments].concat(), "");
        assert!(!success && said.contains(named), "bench {arguments:?} said: {out}{said}");
    }
}
