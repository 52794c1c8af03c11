//! `frontdesk doctor` before set-ups that are wrong in one way each, and as the operators' page. It runs while the test
//! waits for it: proxies and shops of the test need threads of their own.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use faults::proxy::{Proxy, Responses, Upgrades};
use serde_json::Value;

use crate::basics::{DEADLINE, free_port};
use crate::cluster::haproxy::{Entrance, Haproxy};
use crate::database::Pool;
use crate::mailbox::Mailbox;
use crate::people::sign_in;
use crate::world::{Plan, World};

/// What the doctor said: each check that was not well by its name, with its status, words and advice.
struct Said {
    success: bool,
    checks: Vec<Value>,
    text: String,
}

impl Said {
    /// Status and words of what was not well.
    fn wrong(&self) -> BTreeMap<&str, (&str, String)> {
        let wrong = self.checks.iter().filter(|check| check["status"] != "ok");
        let word = |check: &'_ Value, name| check[name].as_str().expect("a text").to_owned();
        wrong
            .map(|check| {
                let both = format!("{} {}", word(check, "says"), word(check, "do"));
                (check["name"].as_str().expect("a name"), (check["status"].as_str().expect("a status"), both))
            })
            .collect()
    }

    /// Fails unless this check failed, in these words.
    fn failed(&self, name: &str, words: &[&str]) {
        let wrong = self.wrong();
        let (status, said) = wrong.get(name).unwrap_or_else(|| panic!("{name} was well: {}", self.text));
        assert_eq!(*status, "failed", "{said}");
        for word in words {
            assert!(said.contains(word), "{name} does not say {word}: {said}");
        }
        assert!(!self.success, "the doctor ended well");
    }

    /// Whether a check was made and went well.
    fn is_well(&self, name: &str) -> bool {
        self.checks.iter().any(|check| check["name"] == name)
            && self.checks.iter().all(|check| check["name"] != name || check["status"] == "ok")
    }
}

/// The doctor of a world, told its public address.
fn doctor(world: &World, more: &[(&str, &str)], arguments: &[&str]) -> Said {
    let origin = world.origin();
    let environment = [&[("FRONTDESK_PUBLIC_URL", origin.as_str())], more].concat();
    let (success, text) = world.run_with(&environment, &[&["doctor", "--json"], arguments].concat());
    let checks = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    Said { success, checks, text }
}

fn quick(world: &World, more: &[(&str, &str)]) -> Said {
    doctor(world, more, &["--quick"])
}

/// A world that browsers reach through a proxy.
async fn behind(port: u16, plan: Plan) -> World {
    World::with(Plan { public_port: Some(port), ..plan }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_installation_is_healthy() {
    let world = World::start().await;
    let said = quick(&world, &[]);
    assert!(said.success, "{}", said.text);
    // Nobody configured mail.
    let wrong = said.wrong();
    assert_eq!(wrong.keys().copied().collect::<Vec<_>>(), ["mail"], "{}", said.text);
    for name in ["data", "keys", "database", "schema", "address", "server", "client_ip", "buffering", "websocket"] {
        assert!(said.is_well(name), "{name}: {}", said.text);
    }
    // Without being told, it takes the address that the server last served.
    let (success, text) = world.run(&["doctor", "--quick"]);
    assert!(success, "{text}");
    assert!(text.contains(&world.origin()) && text.contains("ok  "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_address_that_is_wrong() {
    let world = World::start().await;
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let said = quick(&world, &[("FRONTDESK_PUBLIC_URL", &nobody)]);
    said.failed("address", &[&nobody, "FRONTDESK_PUBLIC_URL"]);
    let said = quick(&world, &[("FRONTDESK_PUBLIC_URL", "http://nobody.invalid")]);
    said.failed("address", &["nobody.invalid", "DNS"]);
    let shop = crate::shop::Shop::open().await;
    let said = quick(&world, &[("FRONTDESK_PUBLIC_URL", &shop.origin())]);
    said.failed("address", &["Something else"]);
    // The same server by another name: browsers that come by it are refused.
    let other = world.origin().replace("127.0.0.1", "localhost");
    let said = quick(&world, &[("FRONTDESK_PUBLIC_URL", &other)]);
    said.failed("public_url", &[&world.origin(), &other]);
    said.failed("websocket", &["403", "FRONTDESK_PUBLIC_URL"]);
    // Encrypted where nothing is.
    let said = quick(&world, &[("FRONTDESK_PUBLIC_URL", &world.origin().replace("http:", "https:"))]);
    said.failed("address", &["certificate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_strips_upgrades_and_one_that_holds_answers_back() {
    let proxy = Proxy::bind().await.expect("a port");
    let world = behind(proxy.port(), Plan::default()).await;
    proxy.forward_to(world.port());
    proxy.upgrades(Upgrades::Strip);
    let said = quick(&world, &[]);
    said.failed("websocket", &["Upgrade", "long-poll", "nginx.conf"]);
    assert!(said.is_well("address") && said.is_well("long_poll") && said.is_well("buffering"), "{}", said.text);
    proxy.upgrades(Upgrades::Swallow);
    quick(&world, &[]).failed("websocket", &["status 0"]);
    proxy.upgrades(Upgrades::Pass);
    proxy.change(|weather| weather.responses = Responses::Whole);
    let said = quick(&world, &[]);
    said.failed("buffering", &["until they are complete", "proxy_buffering off"]);
    assert!(said.is_well("address"), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_trusted_spoils_headers_and_has_no_patience() {
    let settings = &[
        "http-response del-header content-security-policy",
        "http-response add-header X-Frame-Options DENY",
        "http-response set-header Referrer-Policy unsafe-url",
        "timeout server 3s",
    ];
    let entrance = Entrance::new("bad", settings);
    let world = World::prepare(Plan { public_port: Some(entrance.port), ..Plan::default() });
    let haproxy = Haproxy::before(&[world.port()], vec![entrance]);
    haproxy.sees(1).await;
    world.serve().await;
    let said = doctor(&world, &[], &[]);
    said.failed("client_ip", &["127.0.0.1", "FRONTDESK_TRUSTED_PROXIES"]);
    said.failed("held_poll", &["after 3 s", "75 s"]);
    let headers: Vec<&str> = said
        .checks
        .iter()
        .filter(|check| check["name"] == "headers")
        .map(|check| check["says"].as_str().expect("words"))
        .collect();
    for words in [
        "content-security-policy of /sign-in does not arrive.",
        "referrer-policy of /sign-in arrives with another value.",
        "x-frame-options of /sign-in arrives twice.",
        "The proxy adds X-Frame-Options to the widget's page: no shop can show it.",
    ] {
        assert!(headers.contains(&words), "{words}: {headers:?}");
    }
    assert!(said.is_well("websocket") && said.is_well("buffering"), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_as_it_should_be_and_one_that_passes_claims_on() {
    let good = Entrance::new(
        "good",
        &["http-request set-header X-Forwarded-For %[src]", "option forwardfor except 127.0.0.0/8"],
    );
    let claims = Entrance::new("claims", &["option forwardfor except 127.0.0.0/8"]);
    let claimed = format!("http://127.0.0.1:{}", claims.port);
    let plan = Plan { public_port: Some(good.port), ..Plan::default() }.with("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1");
    let world = World::prepare(plan);
    let haproxy = Haproxy::before(&[world.port()], vec![good, claims]);
    haproxy.sees(1).await;
    world.serve().await;
    let said = quick(&world, &[]);
    assert!(said.success, "{}", said.text);
    assert!(said.is_well("client_ip") && said.is_well("headers") && said.is_well("websocket"), "{}", said.text);
    quick(&world, &[("FRONTDESK_PUBLIC_URL", &claimed)]).failed("client_ip", &["claim", "X-Forwarded-For"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_mail() {
    let folder = crate::basics::Scratch::new("doctor");
    let mut mailbox = Mailbox::closed(folder.path().join("mail"));
    let world = World::start().await;
    let url = mailbox.url().replace("smtp://", "smtp://name:a-mail-password@");
    let with_mail = [("FRONTDESK_SMTP_URL", url.as_str()), ("FRONTDESK_MAIL_FROM", "chat@shop.example")];
    let said = quick(&world, &with_mail);
    said.failed("mail", &["127.0.0.1", "FRONTDESK_SMTP_URL"]);
    assert!(!said.text.contains("a-mail-password"), "{}", said.text);
    mailbox.opens().await;
    let with_mail = [("FRONTDESK_SMTP_URL", mailbox.url()), ("FRONTDESK_MAIL_FROM", "chat@shop.example".to_owned())];
    let said = quick(&world, &with_mail.each_ref().map(|(name, value)| (*name, value.as_str())));
    assert!(said.is_well("mail") && mailbox.mails().is_empty(), "{}", said.text);

    let keys = world.data().join("keys");
    let allow = |mode| std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(mode)).expect("rights");
    allow(0o644);
    quick(&world, &[]).failed("keys", &["644", "chmod 600"]);
    allow(0o600);
    // The keys of another installation.
    let other = World::prepare(Plan::default());
    let other = other.data().join("keys").display().to_string();
    let said = quick(&world, &[("FRONTDESK_SECRET_FILE", &other)]);
    said.failed("server", &["other keys"]);
    let secret = std::fs::read_to_string(&keys).expect("keys");
    let secret = secret.lines().last().and_then(|line| line.split(' ').nth(1)).expect("a secret");
    assert!(!said.text.contains(secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_changes_nothing_in_a_database_it_finds_old() {
    let world = World::start().await;
    world.sigterm();
    world.ended().await;
    let sql = "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
    match world.database().await {
        Pool::Postgres(pool) => sqlx::query(sql).execute(&pool).await.map(|_| ()),
        Pool::Sqlite(_) => {
            let file = format!("sqlite:{}", world.data().join("frontdesk.db").display());
            let pool = sqlx::SqlitePool::connect(&file).await.expect("the database");
            let done = sqlx::query(sql).execute(&pool).await.map(|_| ());
            pool.close().await;
            done
        }
    }
    .expect("one migration less");
    let applied = "select count(*) from _sqlx_migrations";
    let before = world.count(applied).await;
    let said = quick(&world, &[]);
    said.failed("address", &[&world.origin()]);
    let (status, words) = &said.wrong()["schema"];
    assert_eq!(*status, "warning", "{words}");
    assert!(words.contains("lacks 1 migrations") && words.contains("frontdesk migrate"), "{words}");
    assert_eq!(world.count(applied).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_forgets() {
    let world = World::with(Plan { on_postgres: true, ..Plan::default() }).await;
    let said = quick(&world, &[]);
    assert!(said.success && said.is_well("database") && said.is_well("clock"), "{}", said.text);
    let Pool::Postgres(pool) = world.database().await else { panic!("PostgreSQL") };
    let (database,): (String,) = sqlx::query_as("select current_database()::text").fetch_one(&pool).await.expect("it");
    let sql = format!("alter database {database} set synchronous_commit = off");
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.expect("a setting");
    pool.close().await;
    let said = quick(&world, &[]);
    said.failed("database", &["synchronous_commit=off", "power cut"]);
    assert!(!said.text.contains("postgres://"), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_the_same_as_a_page_in_their_language() {
    let world = World::with(Plan { operator: true, ..Plan::default() }).await;
    let otto = world.operator.clone().expect("an operator");
    let cookie = sign_in(&world.url(), &world.origin(), &otto.email, &otto.password).await;
    let ask = async |language: &str| {
        let request = reqwest::Client::new().post(format!("{}/platform/health", world.url())).timeout(DEADLINE);
        let request = request.header("cookie", &cookie).header("origin", world.origin());
        let answer = request.header("accept-language", language).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("a page")
    };
    let page = ask("en").await;
    for words in
        ["A WebSocket opens, and frames pass both ways.", "No mail server is configured", "Set FRONTDESK_SMTP_URL"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = ask("zh-CN").await;
    assert!(page.contains("没有配置邮件服务器") && page.contains("设置 FRONTDESK_SMTP_URL"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_there_and_one_that_is_not() {
    let redis = crate::redis_server::RedisServer::start();
    let world = World::with(Plan { on_postgres: true, ..Plan::default() }.with("REDIS_URL", &redis.url())).await;
    let said = quick(&world, &[("REDIS_URL", &redis.url())]);
    assert!(said.success && said.is_well("redis"), "{}", said.text);
    let nobody = format!("redis://:a-redis-password@127.0.0.1:{}", free_port());
    let said = quick(&world, &[("REDIS_URL", &nobody)]);
    said.failed("redis", &["does not answer", "REDIS_URL"]);
    assert!(!said.text.contains("a-redis-password"), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_from_the_environment() {
    let secret = "aGVyZSBhcmUgbW9yZSB0aGFuIHRoaXJ0eS10d28gYnl0ZXMgZm9yIGFueWJvZHk";
    let world = World::with(Plan { on_postgres: true, ..Plan::default() }.with("FRONTDESK_SECRET", secret)).await;
    let said = quick(&world, &[("FRONTDESK_SECRET", secret)]);
    assert!(said.success && said.is_well("keys") && said.is_well("server"), "{}", said.text);
    let said = quick(&world, &[("FRONTDESK_SECRET", &secret.replace('a', "b"))]);
    said.failed("server", &["other keys"]);
    assert!(!said.text.contains(secret));
}
