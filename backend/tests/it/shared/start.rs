//! What a server refuses at start, in one sentence, so that several serve one installation only when they agree.

use crate::redis_server::RedisServer;
use crate::world::{Plan, World};

const SECRET: &str = "b25lIG9mIHRoZSBzZWNyZXRzIG9mIGEgdGVzdCwgbG9uZyBlbm91Z2g";
const OTHER_SECRET: &str = "YW5vdGhlciBvZiB0aGUgc2VjcmV0cyBvZiBhIHRlc3QsIGxvbmcgZW5vdWdo";

/// Starts a server beside the world's, which must end by itself, and gives what it says.
fn refused(world: &World, environment: &[(&str, &str)], expected: &str) {
    let data = world.file("beside");
    let data = data.to_str().expect("a path");
    let mut all = vec![("FRONTDESK_LISTEN", "127.0.0.1:0"), ("FRONTDESK_DATA", data), ("RUST_LOG", "error")];
    all.extend_from_slice(environment);
    let (done, says) = world.run_with(&all, &["serve"]);
    assert!(!done && says.contains(expected), "expected {expected:?}: {says}");
    assert!(says.trim().lines().count() <= 2, "one sentence: {says}");
    assert!(!says.contains("hidden"), "a secret is shown: {says}");
}

#[tokio::test]
async fn a_redis_server_that_cannot_be_used() {
    let world = World::prepare(Plan { on_postgres: true, ..Plan::default() });
    refused(
        &world,
        &[("REDIS_URL", "redis://127.0.0.1:1")],
        "REDIS_URL: the Redis server at 127.0.0.1:1 does not answer",
    );
    refused(&world, &[("REDIS_URL", "http://127.0.0.1:1")], "REDIS_URL");
    let server = RedisServer::start_with(&["--requirepass", "hidden-right"]);
    let at = |user: &str| format!("redis://{user}127.0.0.1:{}", server.port());
    refused(&world, &[("REDIS_URL", &at(""))], "REDIS_URL");
    refused(&world, &[("REDIS_URL", &at(":hidden-wrong@"))], "refuses the name or the password");
    let made = server.cli(&[
        "--no-auth-warning",
        "-a",
        "hidden-right",
        "ACL",
        "SETUSER",
        "narrow",
        "on",
        ">hidden-narrow",
        "~frontdesk:*",
        "&frontdesk:*",
        "+ping",
        "+set",
        "+get",
        "+client",
    ]);
    assert_eq!(made, "OK");
    refused(&world, &[("REDIS_URL", &at("narrow:hidden-narrow@"))], "may not run DEL");
    server.freeze();
    refused(&world, &[("REDIS_URL", &at(":hidden-right@"))], "does not answer");
    server.thaw();
}

#[tokio::test]
async fn redis_without_a_database_that_is_shared() {
    let world = World::prepare(Plan { on_postgres: true, ..Plan::default() });
    let file = [("DATABASE_URL", ""), ("REDIS_URL", "redis://127.0.0.1:1")];
    refused(&world, &file, "REDIS_URL is for several servers on one PostgreSQL database");
}

#[tokio::test]
async fn a_second_server_without_redis() {
    let world = World::with(Plan { on_postgres: true, ..Plan::default() }.with("FRONTDESK_SECRET", SECRET)).await;
    let server = RedisServer::start();
    let secret = ("FRONTDESK_SECRET", SECRET);
    refused(&world, &[secret], "another server has the database");
    refused(&world, &[secret, ("REDIS_URL", &server.url())], "a server that runs without REDIS_URL has the database");
    // It goes with the process, however that ends.
    world.restart().await;
}

#[tokio::test]
async fn servers_that_do_not_agree() {
    let server = RedisServer::start();
    let plan = Plan { on_postgres: true, ..Plan::default() };
    let url = server.url();
    let world = World::with(plan.with("FRONTDESK_SECRET", SECRET).with("REDIS_URL", &url)).await;
    let (secret, redis) = (("FRONTDESK_SECRET", SECRET), ("REDIS_URL", url.as_str()));
    refused(&world, &[secret], "another server has the database");
    refused(&world, &[redis], "give every server the same FRONTDESK_SECRET");
    refused(&world, &[redis, ("FRONTDESK_SECRET", OTHER_SECRET)], "give every server the same FRONTDESK_SECRET");
    refused(&world, &[redis, ("FRONTDESK_SECRET", "hidden")], "FRONTDESK_SECRET is not usable");
    let other = ("FRONTDESK_PUBLIC_URL", "http://elsewhere.example");
    refused(&world, &[redis, secret, other], "FRONTDESK_PUBLIC_URL is http://elsewhere.example/");
}
