//! Metrics, readiness and logs: what whoever runs it sees.

use std::collections::BTreeMap;

use protocol::ids::ConversationId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::basics::{DEADLINE, eventually, free_port};
use crate::database::Pool;
use crate::people::{cmid, in_conversation, message};
use crate::wire::Over;
use crate::world::{Plan, World};

/// A world that serves metrics, and their address.
async fn watched(plan: Plan) -> (World, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let world = World::with(plan.with("FRONTDESK_METRICS_LISTEN", &listen)).await;
    (world, format!("http://{listen}"))
}

async fn get(url: &str) -> reqwest::Response {
    reqwest::Client::new().get(url).timeout(DEADLINE).send().await.expect("an answer")
}

/// Every line of a scrape: series with labels, and value.
async fn scrape(watch: &str) -> BTreeMap<String, f64> {
    let answer = get(&format!("{watch}/metrics")).await;
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = answer.text().await.expect("text");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
        })
        .collect()
}

/// Waits until a series has a value.
async fn reads(watch: &str, series: &str, value: f64) {
    eventually(&format!("{series} is {value}"), || async {
        let found = scrape(watch).await.get(series).copied();
        (found == Some(value)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_numbers_move_with_a_chat() {
    let (world, watch) = watched(Plan { policy: json!({ "capacity": 1 }), ..Plan::default() }).await;
    let before = scrape(&watch).await;
    assert_eq!(before["frontdesk_connections{transport=\"websocket\",role=\"visitor\"}"], 0.0);
    let (mut vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut polling = world.visitor().await;
    polling.connect(Over::Poll).await;
    for number in 0..5 {
        ann.says(conversation, &format!("word {number}")).await;
    }
    vera.sees("word 4").await;
    let refused = vera.ask(message(Some(ConversationId(Uuid::new_v4())), cmid(), "into nothing")).await;
    assert!(refused.is_err());
    reads(&watch, "frontdesk_connections{transport=\"poll\",role=\"visitor\"}", 1.0).await;
    let after = scrape(&watch).await;
    let grew = |series: &str| after[series] - before.get(series).copied().unwrap_or(0.0);
    assert_eq!(after["frontdesk_connections{transport=\"websocket\",role=\"visitor\"}"], 1.0);
    assert_eq!(after["frontdesk_connections{transport=\"websocket\",role=\"agent\"}"], 1.0);
    assert_eq!(after["frontdesk_connections{transport=\"websocket\",role=\"unknown\"}"], 0.0);
    assert_eq!(grew("frontdesk_connections_opened_total{transport=\"websocket\"}"), 2.0);
    // The visitor's first message and five of the agent's.
    assert!(grew("frontdesk_messages_acked_total") >= 6.0);
    assert_eq!(grew("frontdesk_commands_refused_total{code=\"not_found\"}"), 1.0);
    assert_eq!(grew("frontdesk_offers_total{outcome=\"made\"}"), 1.0);
    assert_eq!(grew("frontdesk_offers_total{outcome=\"accepted\"}"), 1.0);
    assert_eq!(after["frontdesk_conversations_active"], 1.0);
    assert_eq!(after["frontdesk_queue_length"], 0.0);
    for series in [
        "frontdesk_commit_batch_size_count",
        "frontdesk_commit_duration_seconds_sum",
        "frontdesk_bus_published_total",
        "frontdesk_bus_delivered_total",
        "frontdesk_http_requests_total{status=\"2xx\"}",
    ] {
        assert!(grew(series) > 0.0, "{series} did not move");
    }
    assert!(after["frontdesk_process_resident_memory_bytes"] > 1_000_000.0);
    assert!(
        after["frontdesk_descriptors"] > 5.0 && after["frontdesk_descriptors"] < after["frontdesk_descriptors_limit"]
    );
    assert_eq!((after["frontdesk_ready"], after["frontdesk_database_up"]), (1.0, 1.0));
    // One is all that Ann takes: the second waits.
    polling.asks("anybody?").await;
    reads(&watch, "frontdesk_queue_length", 1.0).await;
    vera.vanish();
    reads(&watch, "frontdesk_connections{transport=\"websocket\",role=\"visitor\"}", 0.0).await;
    reads(&watch, "frontdesk_connections_closed_total{transport=\"websocket\",code=\"none\"}", 1.0).await;
}

#[tokio::test]
async fn t4_no_label_names_a_tenant_or_a_person_and_the_public_sees_no_numbers() {
    let (world, watch) = watched(Plan::default()).await;
    let (vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let text = get(&format!("{watch}/metrics")).await.text().await.expect("text");
    let vera = vera.reply.visitor.to_string();
    let acme = &world.acme;
    for secret in [vera, conversation.to_string(), acme.id.to_string(), acme.slug.clone(), acme.site.clone()] {
        assert!(!text.contains(&secret), "{secret} is in the metrics");
    }
    assert_eq!(get(&format!("{}/metrics", world.url())).await.status(), 404, "the public listener serves no metrics");
    assert_eq!(get(&format!("{watch}/readyz")).await.status(), 200);
    assert_eq!(get(&format!("{watch}/sign-in")).await.status(), 404, "the listener of metrics serves no pages");
}

#[tokio::test]
async fn readiness_says_why_not() {
    let (world, watch) = watched(Plan::default()).await;
    let ready: Value = get(&format!("{}/readyz", world.url())).await.json().await.expect("JSON");
    assert_eq!(ready, json!({ "status": "ready", "reasons": [] }));
    // A database that somebody put back from before an upgrade.
    let sql = "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
    match world.database().await {
        Pool::Postgres(pool) => sqlx::query(sql).execute(&pool).await.map(|_| ()),
        // What looks at files only reads them.
        Pool::Sqlite(_) => {
            let file = format!("sqlite:{}", world.data().join("frontdesk.db").display());
            let pool = sqlx::SqlitePool::connect(&file).await.expect("the database");
            sqlx::query(sql).execute(&pool).await.map(|_| ())
        }
    }
    .expect("one migration less");
    let answer = get(&format!("{}/readyz", world.url())).await;
    assert_eq!(answer.status(), 503);
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(told, json!({ "status": "not_ready", "reasons": ["migrations"] }));
    assert_eq!(scrape(&watch).await["frontdesk_ready"], 0.0);
    assert_eq!(get(&format!("{}/healthz", world.url())).await.status(), 200, "the process lives");
}

/// The lines of the server's log about requests to a route, each a JSON object.
fn lines(world: &World, route: &str) -> Vec<Value> {
    let log = world.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["route"] == route).collect()
}

#[tokio::test]
async fn every_request_has_an_id_and_a_line_without_secrets() {
    let plan = Plan::default().with("FRONTDESK_LOG_FORMAT", "json").with("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1");
    let world = World::with(plan).await;
    let ask = |path: &str, id: &str| {
        let request = reqwest::Client::new().get(format!("{}{path}", world.url())).timeout(DEADLINE);
        request.header("x-request-id", id).send()
    };
    let given = ask("/setup/a-one-time-link", "edge-7.f:3").await.expect("an answer");
    assert_eq!(given.headers()["x-request-id"], "edge-7.f:3");
    let own = ask("/sign-in", "two words").await.expect("an answer");
    let own = own.headers()["x-request-id"].to_str().expect("text").to_owned();
    assert!(own.len() == 16 && own.chars().all(|it| it.is_ascii_hexdigit()), "{own}");
    let line = lines(&world, "/setup/{token}").pop().expect("a line");
    assert_eq!((&line["span"]["id"], &line["method"]), (&Value::from("edge-7.f:3"), &Value::from("GET")));
    assert_eq!(lines(&world, "/sign-in").pop().expect("a line")["span"]["id"], own.as_str());
    let log = world.log();
    assert!(!log.contains("a-one-time-link") && !log.contains("two words"), "{log}");
    let visitor = world.visitor().await;
    let me = reqwest::Client::new().get(format!("{}/v1/files/{}", world.url(), Uuid::new_v4()));
    let answer = me.bearer_auth(&visitor.reply.token).timeout(DEADLINE).send().await.expect("an answer");
    assert_eq!(answer.status(), 404);
    let line = lines(&world, "/v1/files/{id}").pop().expect("a line");
    assert_eq!(line["span"]["tenant"], world.acme.id.to_string());
    assert!(!world.log().contains(&visitor.reply.token));
}

#[tokio::test]
async fn a_stranger_cannot_choose_the_id_of_a_request() {
    let world = World::start().await;
    let request = reqwest::Client::new().get(format!("{}/sign-in", world.url())).header("x-request-id", "chosen");
    let answer = request.timeout(DEADLINE).send().await.expect("an answer");
    assert_ne!(answer.headers()["x-request-id"], "chosen");
}

#[tokio::test]
async fn f27_running_out_of_descriptors_is_a_number_that_can_ring() {
    let (world, watch) = watched(Plan::default()).await;
    let series = "frontdesk_descriptors_exhausted_seconds_total";
    assert_eq!(scrape(&watch).await[series], 0.0);
    world.limit_files(8);
    eventually("the server notices", || async { world.log().contains("limit of open files is reached").then_some(()) })
        .await;
    world.limit_files(1_000);
    eventually("it is counted", || async { scrape(&watch).await.get(series).filter(|it| **it >= 1.0).map(|_| ()) })
        .await;
    let now = scrape(&watch).await;
    assert_eq!(now["frontdesk_descriptors_limit"], 1_000.0);
}
