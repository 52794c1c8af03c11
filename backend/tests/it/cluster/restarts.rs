//! F6: servers are replaced one by one while everybody talks. C13: a server dies every few seconds. F7, F8: the
//! database they share goes away and cuts their connections.

use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use faults::checker::{Answer, Sent};
use faults::proxy::Proxy;
use rand::RngExt;
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

use crate::basics::{eventually, eventually_within};
use crate::browser::Driver;
use crate::checker::check;
use crate::shop::Shop;
use crate::widget_page::Widget;
use crate::wire::Over;
use crate::world::{Plan, World};

use super::talks::{NODES, Talk, plan, progress, verdict, while_all_talk};

/// Longest from SIGTERM to the end of the process (C12).
const ENDS_WITHIN: Duration = Duration::from_secs(15);
/// How soon everything has to go on when the database is back (C14).
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// Replaces every server, one after the other, as a deployment does.
async fn roll(world: &World) {
    for server in world.servers() {
        let asked = Instant::now();
        server.signal("TERM");
        let status = server.ended().await;
        assert!(status.success(), "{status}");
        assert!(asked.elapsed() < ENDS_WITHIN, "it took {:?}", asked.elapsed());
        server.serve(&[]).await;
        world.front().sees(NODES).await;
    }
}

/// Opens pages one after the other until told to stop; every one has to come. Gives how many did.
async fn opens_pages(world: &World, stopped: watch::Receiver<bool>) -> usize {
    let http = reqwest::Client::new();
    let pages = [format!("/w/{}.js", world.acme.site), format!("/frame/{}", world.acme.site), "/sign-in".to_owned()];
    let mut opened = 0;
    for page in pages.iter().cycle() {
        if *stopped.borrow() {
            break;
        }
        let answer = http.get(format!("{}{page}", world.url())).timeout(ENDS_WITHIN).send().await;
        let status = answer.unwrap_or_else(|error| panic!("{page}: {error}")).status();
        assert_eq!(status, 200, "{page}, after {opened} pages");
        opened += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    opened
}

/// Sends that were refused for good: what a person would be shown as an error.
fn shown_errors(sent: &[Sent]) -> usize {
    sent.iter().filter(|sent| sent.answers.contains(&Answer::Fail)).count()
}

#[tokio::test]
async fn f06_a_rolling_restart_under_load_shows_nobody_an_error() {
    let world = World::with(plan()).await;
    let mut talks = Talk::many(&world, 6).await;
    let (stop, stopped) = watch::channel(false);
    let rolling = while_all_talk(&mut talks, async |acked: &AtomicUsize| {
        progress(acked, 50).await;
        roll(&world).await;
        progress(acked, 50).await;
        stop.send_replace(true);
    });
    let (((), sent), opened) = tokio::join!(rolling, opens_pages(&world, stopped));
    assert!(opened > 10, "only {opened} pages");
    assert_eq!(shown_errors(&sent), 0);
    let report = verdict(&world, &mut talks, &sent).await;
    report.assert_clean();
    assert_eq!(report.unknown, 0, "every send was settled by its retry");
}

#[tokio::test]
async fn f06_a_widget_chats_through_a_rolling_restart_without_a_word_of_error() {
    let shop = Shop::open().await;
    let world = World::with(Plan { shop: shop.origin(), ..plan() }).await;
    shop.sells("/", "Tea house", &world.acme.snippet);
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let driver = Driver::start().await;
    let vera = Widget::in_window(driver.window("shop").await);
    vera.window.opens(&shop.page("/")).await;
    vera.opens().await;
    vera.starts("before").await;
    let conversation = ann.is_offered().await;
    ann.accepts(conversation).await;
    vera.sees_note("Ann").await;
    let mut wrote = 0;
    let (stop, stopped) = watch::channel(false);
    let rolling = async {
        roll(&world).await;
        stop.send_replace(true);
    };
    let writing = async {
        while !*stopped.borrow() {
            vera.says(&format!("line {wrote}")).await;
            wrote += 1;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::join!(rolling, writing);
    vera.has_sent_everything().await;
    ann.connect(Over::Socket).await;
    ann.opens(conversation).await;
    ann.sees(conversation, &format!("line {}", wrote - 1)).await;
    let texts = ann.look(|view| view.texts(conversation));
    assert_eq!(texts.len(), wrote + 1, "{texts:?}");
    vera.shows_exactly(&texts).await;
    check(&world, conversation, &[], &[&ann]).await;
}

#[tokio::test]
async fn c13_a_server_that_dies_every_few_seconds_takes_nothing_with_it() {
    let world = World::with(plan()).await;
    let mut talks = Talk::many(&world, 6).await;
    let ((), sent) = while_all_talk(&mut talks, async |acked| {
        for round in 0..9 {
            let server = &world.servers()[round % NODES];
            progress(acked, rand::rng().random_range(5..60)).await;
            server.kill9();
            // The others carry on meanwhile.
            progress(acked, 20).await;
            server.serve(&[]).await;
        }
    })
    .await;
    let report = verdict(&world, &mut talks, &sent).await;
    report.assert_clean();
    assert_eq!(report.unknown, 0);
}

/// Ends every connection of the servers to their database.
async fn cuts_connections(world: &World) -> i64 {
    world
        .count(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where datname = current_database() and application_name like 'frontdesk%'",
        )
        .await
}

async fn statuses(world: &World) -> Vec<u16> {
    let mut statuses = Vec::new();
    for server in world.servers() {
        let asked = reqwest::Client::new().get(format!("{}/readyz", server.url())).timeout(ENDS_WITHIN).send().await;
        statuses.push(asked.expect("the process answers").status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn f07_f08_the_database_of_three_servers_cuts_their_connections_and_goes_away() {
    let network = Proxy::bind().await.expect("a proxy");
    let mut world = World::prepare(plan().with("FRONTDESK_DATABASE_TIMEOUT", "1"));
    network.forward_to(world.reach_database_by(network.port()));
    world.serve().await;
    let mut talks = Talk::many(&world, 4).await;
    let ((), sent) = while_all_talk(&mut talks, async |acked| {
        for _ in 0..3 {
            assert!(cuts_connections(&world).await > 0, "there were connections to end");
            progress(acked, 30).await;
        }
        network.goes_dark();
        eventually("no server is ready", || async { (statuses(&world).await == [503; NODES]).then_some(()) }).await;
        network.comes_back();
        eventually_within(BACK_WITHIN, "every server is ready again", || async {
            (statuses(&world).await == [200; NODES]).then_some(())
        })
        .await;
        progress(acked, 30).await;
    })
    .await;
    verdict(&world, &mut talks, &sent).await.assert_clean();
}

/// The changes a release makes before the servers that know them run: more columns, tables and indexes.
const EXPANSION: [&str; 6] = [
    "alter table entry add column later text",
    "alter table conversation add column later bigint not null default 0",
    "alter table agent add column later text",
    "alter table site add column later text",
    "create table later (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id))",
    "create index later_entry on entry (tenant_id, at)",
];

/// The note that a release leaves of them.
const NOTED: &str = "insert into _sqlx_migrations select 9999, 'later', now(), true, '', 0";

#[tokio::test]
async fn f36_servers_live_on_with_a_schema_that_grew_and_go_back_to_the_one_before() {
    let world = World::with(plan()).await;
    let mut owner = PgConnection::connect(&world.database_url("frontdesk_owner")).await.expect("the owner connects");
    let mut talks = Talk::many(&world, 4).await;
    let ((), sent) = while_all_talk(&mut talks, async |acked| {
        progress(acked, 30).await;
        for sql in EXPANSION.into_iter().chain([NOTED]) {
            sqlx::raw_sql(sql).execute(&mut owner).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        progress(acked, 60).await;
        // A server of this release does not start on it; those that run stay.
        let (started, says) = world.run(&["migrate"]);
        assert!(!started && says.contains("newer than this build"), "{says}");
        // The release is taken back: what it added stays and is in nobody's way.
        let gone = sqlx::raw_sql("delete from _sqlx_migrations where version = 9999").execute(&mut owner).await;
        gone.expect("the owner may");
        roll(&world).await;
        progress(acked, 30).await;
    })
    .await;
    verdict(&world, &mut talks, &sent).await.assert_clean();
}
