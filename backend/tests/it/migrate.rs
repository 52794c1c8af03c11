//! `frontdesk migrate-data`: an installation on SQLite moves to PostgreSQL under clients that were open, is cut off
//! and goes on, and refuses what it cannot move.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use protocol::ids::ConversationId;
use serde_json::Value;
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::basics::{eventually, free_port};
use crate::checker::{acked, answer_of, check};
use crate::database::Database;
use crate::people::{Agent, cmid, in_conversation, message, sign_in};
use crate::redis_server::RedisServer;
use crate::uploads::{download, posting, uploaded};
use crate::wire::{Client, Over, View};
use crate::world::{Plan, World};

fn on_sqlite() -> Plan {
    Plan { on_sqlite: true, ..Plan::default() }.unlimited()
}

/// Runs `migrate-data` on a world's data; gives success and what it printed.
fn migrate(world: &World, target: &Database, more: &[&str]) -> (bool, String) {
    let environment = target.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.run_with(&environment, &[&["migrate-data"], more].concat())
}

/// The lines of `--json`.
fn events(printed: &str) -> Vec<Value> {
    let lines = printed.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn summary(printed: &str) -> Value {
    let done = events(printed).into_iter().find(|event| event["event"] == "done");
    done.unwrap_or_else(|| panic!("it did not finish: {printed}"))
}

/// A conversation as its owner exports it, without the time of the export.
pub(crate) async fn transcript(world: &World, conversation: ConversationId) -> String {
    let olga = world.acme.person("Olga");
    let cookie = sign_in(&world.url(), &world.origin(), &olga.email, &olga.password).await;
    let response = reqwest::Client::new()
        .post(format!("{}/admin/transcripts/{conversation}/export", world.url()))
        .header("cookie", cookie)
        .header("origin", world.origin())
        .header("content-type", "application/x-www-form-urlencoded")
        .body("format=json");
    let response = response.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let text = response.text().await.expect("a transcript");
    let (before, rest) = text.split_once("\"exported_at\":").expect("a time");
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    format!("{before}{after}")
}

fn no_reset(who: &str, client: &Client) {
    let resets = client.look(|view: &View| view.resets.len());
    assert_eq!(resets, 0, "{who} had to start over");
}

#[tokio::test]
async fn a_whole_installation_moves_and_open_clients_go_on() {
    for over in [Over::Socket, Over::Poll] {
        let plan = Plan { second: true, operator: true, ..on_sqlite() };
        let mut world = World::with(plan).await;
        let (mut vera, mut ann, conversation) = in_conversation(&world, over).await;
        let kept = cmid();
        let ack = vera.must(message(Some(conversation), kept, "before the move")).await;
        let kept = acked("vera", &[ack]);
        let content: Vec<u8> =
            (0..600_000u32).flat_map(|number| format!("{number}\n").into_bytes()).take(700_000).collect();
        let attachment = uploaded(&vera, conversation, ("list.txt", "text/plain"), content.clone()).await;
        vera.must(posting(conversation, attachment)).await;
        ann.notes(conversation, "only agents see this").await;
        ann.sees(conversation, "before the move").await;
        let before = transcript(&world, conversation).await;

        world.kill9();
        let target = Database::new_postgres();
        let (good, printed) = migrate(&world, &target, &["--json"]);
        assert!(good, "{printed}");
        let done = summary(&printed);
        assert_eq!((&done["chains"], &done["files"], &done["file_bytes"]), (&1.into(), &1.into(), &700_000.into()));
        assert_eq!((&done["tables"]["tenant"], &done["resumed"]), (&2.into(), &false.into()));
        // Nothing of the folder is needed any more but the keys.
        std::fs::remove_dir_all(world.data().join("files")).expect("the folder of files goes");
        std::fs::remove_file(world.data().join("frontdesk.db")).expect("the database goes");
        world.lives_on(target);
        world.serve().await;

        assert_eq!(transcript(&world, conversation).await, before, "the history is the same, byte for byte");
        vera.connect(over).await;
        ann.connect(over).await;
        let again = vera.must(message(Some(conversation), kept.cmid, "before the move")).await;
        assert_eq!(vec![answer_of(&again)], kept.answers, "what was acknowledged stays so");
        let unsent = cmid();
        let first = vera.must(message(Some(conversation), unsent, "waited in the outbox")).await;
        let second = vera.must(message(Some(conversation), unsent, "waited in the outbox")).await;
        assert_eq!(first.seq, second.seq);
        ann.sees(conversation, "waited in the outbox").await;
        ann.says(conversation, "welcome on the other side").await;
        vera.sees("welcome on the other side").await;
        no_reset("vera", &vera);
        no_reset("ann", &ann);
        let downloaded = download(&ann, attachment).await;
        assert_eq!(downloaded.status(), 200);
        assert_eq!(downloaded.bytes().await.expect("a body"), content, "from the database, in several parts");
        let sent = [kept, acked("vera", &[first, second])];
        check(&world, conversation, &sent, &[&vera, &ann]).await;
        // The index of words is made anew.
        let olga = world.acme.person("Olga");
        let cookie = sign_in(&world.url(), &world.origin(), &olga.email, &olga.password).await;
        let found = format!("{}/admin/transcripts?q=before", world.url());
        eventually("the words are found", || async {
            let page = reqwest::Client::new().get(&found).header("cookie", &cookie).send().await.ok()?;
            page.text().await.ok()?.contains(&conversation.to_string()).then_some(())
        })
        .await;
        // People sign in as before, operators too.
        let otto = world.operator.clone().expect("planned");
        sign_in(&world.url(), &world.origin(), &otto.email, &otto.password).await;
        let other = world.other.clone().expect("planned");
        Agent::signs_in(&world.url(), &world.origin(), &other, "Zoe").await;
    }
}

/// One more server of a world that lives on PostgreSQL, with a data folder of its own.
struct Node {
    child: Child,
    url: String,
}

impl Node {
    async fn start(world: &World, redis: &RedisServer, number: usize) -> Self {
        let port = free_port();
        let child = world
            .command()
            .env("FRONTDESK_DATA", world.file(&format!("node-{number}")))
            .env("FRONTDESK_SECRET_FILE", world.data().join("keys"))
            .env("FRONTDESK_LISTEN", format!("127.0.0.1:{port}"))
            .env("FRONTDESK_PUBLIC_URL", world.origin())
            .env("REDIS_URL", redis.url())
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("frontdesk runs");
        let node = Self { child, url: format!("http://127.0.0.1:{port}") };
        let ready = format!("{}/readyz", node.url);
        eventually("the node is ready", || async { (reqwest::get(&ready).await.ok()?.status() == 200).then_some(()) })
            .await;
        node
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The way of docs/moving-up.md to its end.
#[tokio::test]
async fn what_was_moved_is_served_by_three_nodes_that_share_nothing_but_the_database_redis_and_the_keys() {
    let mut world = World::with(on_sqlite()).await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let text = "1 kg of tea\n".repeat(30_000).into_bytes();
    let file = uploaded(&vera, conversation, ("list.txt", "text/plain"), text.clone()).await;
    vera.must(posting(conversation, file)).await;
    let before = transcript(&world, conversation).await;
    world.kill9();
    let target = Database::new_postgres();
    let (good, printed) = migrate(&world, &target, &[]);
    assert!(good, "{printed}");
    std::fs::remove_dir_all(world.data().join("files")).expect("the folder of files goes");
    world.lives_on(target);
    let redis = RedisServer::start();
    world.serve_with("REDIS_URL", &redis.url()).await;
    assert_eq!(transcript(&world, conversation).await, before);
    let (second, third) = (Node::start(&world, &redis, 2).await, Node::start(&world, &redis, 3).await);
    vera.base.clone_from(&second.url);
    ann.base.clone_from(&third.url);
    vera.connect(Over::Socket).await;
    ann.connect(Over::Poll).await;
    let unsent = cmid();
    let ack = vera.must(message(Some(conversation), unsent, "by the second")).await;
    ann.sees(conversation, "by the second").await;
    ann.says(conversation, "by the third").await;
    vera.sees("by the third").await;
    no_reset("vera", &vera);
    no_reset("ann", &ann);
    let again = uploaded(&ann, conversation, ("again.txt", "text/plain"), text.clone()).await;
    ann.must(posting(conversation, again)).await;
    for wanted in [file, again] {
        assert_eq!(download(&vera, wanted).await.bytes().await.expect("a body"), text);
    }
    check(&world, conversation, &[acked("vera", &[ack])], &[&vera, &ann]).await;
}

#[tokio::test]
async fn a_move_that_was_killed_goes_on_where_it_stopped() {
    let mut world = World::with(on_sqlite()).await;
    let (mut vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    for number in 0..12 {
        vera.says(&format!("message {number}")).await;
    }
    let text = b"1 kg of tea".to_vec();
    let attachment = uploaded(&vera, conversation, ("list.txt", "text/plain"), text.clone()).await;
    vera.must(posting(conversation, attachment)).await;
    let before = transcript(&world, conversation).await;
    world.kill9();

    let target = Database::new_postgres_without_tables();
    killed_at(&world, &target, r#""table":"entry","rows":5,"#);

    let environment = target.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for command in ["serve", "migrate"] {
        let (good, printed) = world.run_with(&environment, &[command, "--listen", "127.0.0.1:0"]);
        assert!(!good && printed.contains("half moved"), "{command}: {printed}");
    }
    let stranger = World::prepare(Plan { agents: vec![], ..on_sqlite() });
    let (good, printed) = migrate(&stranger, &target, &[]);
    assert!(!good && printed.contains("another installation is half moved"), "{printed}");

    // Whoever served the source again has to begin again.
    let kept = world.file("kept");
    copy_folder(&world.data(), &kept);
    assert!(world.run(&["tenant", "create", "late"]).0);
    let (good, printed) = migrate(&world, &target, &[]);
    assert!(!good && printed.contains("the source has changed"), "{printed}");
    std::fs::remove_dir_all(world.data()).expect("the changed source goes");
    copy_folder(&kept, &world.data());

    // Once more among the files, and once more when only the comparison was left.
    killed_at(&world, &target, r#""table":"attachment_part","rows":1,"#);
    killed_at(&world, &target, r#""event":"verified","what":"tenant""#);
    // A change that no count shows.
    let address = format!("sqlite:{}", world.data().join("frontdesk.db").display());
    let mut source = SqliteConnection::connect(&address).await.expect("the source opens");
    let mut change = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(&mut source).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    change("update tenant set name = name || '!'").await;
    let (good, printed) = migrate(&world, &target, &[]);
    assert!(!good && printed.contains("the rows of tenant differ"), "{printed}");
    change("update tenant set name = rtrim(name, '!')").await;
    source.close().await.expect("closed");
    let (good, printed) = migrate(&world, &target, &["--json", "--batch", "3"]);
    assert!(good, "{printed}");
    assert!(events(&printed).iter().any(|event| event["event"] == "resumed"));
    let again = events(&printed).iter().filter(|event| event["table"] == "tenant").count();
    assert_eq!(again, 0, "only compared, not copied again: {printed}");
    assert_eq!(summary(&printed)["resumed"], true);
    let (good, printed) = migrate(&world, &target, &[]);
    assert!(!good && printed.contains("is not empty"), "{printed}");
    world.lives_on(target);
    world.serve().await;
    assert_eq!(transcript(&world, conversation).await, before);
    vera.connect(Over::Socket).await;
    vera.says("and on").await;
    assert_eq!(download(&vera, attachment).await.bytes().await.expect("a body"), text);
    assert_eq!(world.count("select count(*) from moving").await, 0);
}

/// Begins the move, or goes on with it, in the smallest steps, and kills it when it says this.
fn killed_at(world: &World, target: &Database, said: &str) {
    let mut child = world
        .command()
        .envs(target.environment())
        .args(["migrate-data", "--json", "--batch", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("frontdesk runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let found = lines.by_ref().map_while(Result::ok).find(|line| line.contains(said));
    child.kill().expect("SIGKILL");
    child.wait().expect("its end");
    assert!(found.is_some(), "it never said {said}");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).expect("a copy");
        }
    }
}

/// A stopped world with a file in a conversation, and an empty target.
struct Ready {
    world: World,
    target: Database,
}

impl Ready {
    /// With a server that still runs.
    async fn make() -> Self {
        let world = World::with(on_sqlite()).await;
        let (vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
        uploaded(&vera, conversation, ("list.txt", "text/plain"), b"1 kg of tea".to_vec()).await;
        Self { world, target: Database::new_postgres() }
    }

    /// Refused before anything is moved.
    fn refused(&self, target: &[(&str, &str)], arguments: &[&str], why: &str) {
        let (good, printed) = self.world.run_with(target, &[&["migrate-data"], arguments].concat());
        assert!(!good && printed.contains(why), "expected {why:?}: {printed}");
        assert_eq!(printed.trim().lines().count(), 1, "one sentence: {printed}");
        assert!(!printed.contains("hidden"), "a password is shown: {printed}");
    }
}

#[tokio::test]
async fn a_source_or_target_that_cannot_be_used_is_refused_in_one_sentence() {
    let ready = Ready::make().await;
    let owned = ready.target.environment();
    let good: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ready.refused(&good, &[], "another server is running on the database");
    ready.world.kill9();
    ready.refused(&[], &[], "say where to move to");
    ready.refused(&[], &["--to", "mysql://root:hidden@db"], "--to");
    ready.refused(&[], &["--to-file", "/nowhere/url"], "/nowhere/url");
    ready.refused(&good, &["--from", "sqlite:/nowhere/frontdesk.db"], "there is no database at /nowhere");
    ready.refused(&good, &["--from", "postgres://a:hidden@b/c"], "--from");
    let nobody = "postgres://nobody:hidden@127.0.0.1:1/x";
    let cannot = "cannot use the database 127.0.0.1:1/x as nobody";
    ready.refused(&[("DATABASE_URL", nobody)], &[], cannot);
    let url = ready.world.file("url");
    std::fs::write(&url, format!("{nobody}\n")).expect("a file");
    ready.refused(&[], &["--to-file", url.to_str().expect("a path")], cannot);

    let bare = Database::new_postgres_without_tables();
    ready.refused(&[("DATABASE_URL", &bare.url("frontdesk"))], &[], "may not change it");
    let other = World::with(Plan { on_postgres: true, agents: vec![], ..Plan::default() }).await;
    let (there, owner) = (other.database_url("frontdesk"), other.database_url("frontdesk_owner"));
    let filled = [("DATABASE_URL", there.as_str()), ("FRONTDESK_DATABASE_OWNER_URL", owner.as_str())];
    ready.refused(&filled, &[], "a Frontdesk is connected to the database");
    other.kill9();
    ready.refused(&filled, &[], "is not empty: its table tenant holds 1 rows");
}

#[tokio::test]
async fn other_schemas_missing_files_and_damage_are_refused() {
    let ready = Ready::make().await;
    ready.world.kill9();
    let owned = ready.target.environment();
    let good: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut all = PgConnection::connect(&ready.target.url("tests")).await.expect("the superuser connects");
    let mut change = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(&mut all).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    change("insert into _sqlx_migrations select 9999, 'later', now(), true, '', 0").await;
    ready.refused(&good, &[], "newer than this build");
    change("delete from _sqlx_migrations where version = 9999").await;
    let address = format!("sqlite:{}", ready.world.data().join("frontdesk.db").display());
    let mut source = SqliteConnection::connect(&address).await.expect("the source opens");
    let mut change = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(&mut source).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    const LATER: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (9999, 'later', 1, x'', 0)";
    change(LATER).await;
    ready.refused(&good, &[], "newer than this build");
    change("delete from _sqlx_migrations where version = 9999").await;
    change("create table kept as select * from _sqlx_migrations").await;
    change("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)").await;
    ready.refused(&good, &[], "older than this build");
    change("delete from _sqlx_migrations; insert into _sqlx_migrations select * from kept; drop table kept").await;
    let elsewhere = ready.world.file("elsewhere");
    std::fs::rename(ready.world.data().join("files"), &elsewhere).expect("the folder moves");
    ready.refused(&good, &[], "1 attachments are missing");
    // What was changed behind the back of the product is found, and the target is not served.
    change("update entry set body = replace(body, 'hello?', 'jello?')").await;
    let files = elsewhere.to_str().expect("a path");
    let (moved, printed) = ready.world.run_with(&good, &["migrate-data", "--files", files]);
    assert!(!moved && printed.contains("is damaged: entry 2: was changed"), "{printed}");
    let (served, printed) = ready.world.run_with(&good, &["serve"]);
    assert!(!served && printed.contains("half moved"), "{printed}");
}

#[tokio::test]
async fn postgres_has_the_tables_of_the_list_and_no_others() {
    use frontdesk::store::copy::tables::{APART, TABLES};
    let target = Database::new_postgres();
    let mut all = PgConnection::connect(&target.url("tests")).await.expect("the superuser connects");
    let sql = "select table_name::text || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
         from information_schema.columns where table_schema = 'public'";
    let mut found: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut all).await.expect("the columns");
    found.retain(|line| !APART.iter().any(|(table, _)| line.starts_with(&format!("{table}."))));
    let mut listed: Vec<String> = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|column| (table.name, column)))
        .map(|(table, column)| {
            let kind = match format!("{:?}", column.kind).as_str() {
                "Id" => "uuid",
                "Text" => "text",
                "Number" => "bigint",
                "Bytes" => "bytea",
                _ => "boolean",
            };
            format!("{table}.{} {kind} {}", column.name, if column.null { "YES" } else { "NO" })
        })
        .collect();
    found.sort();
    listed.sort();
    assert_eq!(listed, found);
}
