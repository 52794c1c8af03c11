//! Full-text search of conversations, as people use it on the page of transcripts: what is found, what is not, and by
//! whom; what is typed to break it; and what is left of it after a crash.

use std::collections::BTreeSet;

use domain::search::Docs;
use frontdesk::config::database::{Database, Postgres};
use frontdesk::store::{self, Store};
use protocol::command::{Command, Post, PostBody, PostFile};
use protocol::frame::UploadReply;
use protocol::ids::{ConversationId, TenantId};
use reqwest::StatusCode;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::basics::{DEADLINE, eventually};
use crate::database::{Pool, on_postgres};
use crate::panels::{Reader, harmless, leaves_message};
use crate::people::{Agent, Visitor, cmid};
use crate::uploads::upload;
use crate::wire::Over;
use crate::world::{Plan, World};

/// What somebody finds.
struct Found {
    status: StatusCode,
    page: String,
    /// Conversations, as they stand on the page.
    ids: Vec<String>,
}

async fn search(reader: &Reader, words: &str, more: &str) -> Found {
    let query: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
    follow(reader, &format!("/admin/transcripts?q={query}{more}")).await
}

async fn follow(reader: &Reader, path: &str) -> Found {
    let (status, page) = reader.opens(path).await;
    let rows = page.split("<th scope=\"row\"").skip(1);
    let id = |row: &str| row.split("/admin/transcripts/").nth(1)?.split('"').next().map(str::to_owned);
    let ids = rows.filter_map(id).collect();
    Found { status, page, ids }
}

async fn is_found(reader: &Reader, words: &str, conversations: &[ConversationId]) {
    let mut expected: Vec<String> = conversations.iter().map(ToString::to_string).collect();
    expected.sort();
    let what = format!("{words} finds {expected:?}");
    eventually(&what, || async {
        let mut found = search(reader, words, "").await.ids;
        found.sort();
        (found == expected).then_some(())
    })
    .await;
}

/// The part of a page that shows what was found in the first conversation, as text, with what was looked for in
/// brackets.
fn shown(page: &str) -> String {
    let part = page.split("class=\"sub found\"").nth(1).and_then(|rest| rest.split_once('>')).map(|(_, rest)| rest);
    let part = part.and_then(|rest| rest.split("</span>").next()).expect("something is shown");
    part.replace("<mark>", "[").replace("</mark>", "]").replace("<b>", "").replace("</b>", "")
}

/// Vera's conversation with Ann: words, an order number, a note, a file, Chinese; and messages left by others.
struct Story {
    world: World,
    olga: Reader,
    chat: ConversationId,
    linen: ConversationId,
    tea: ConversationId,
}

async fn story() -> Story {
    let world = World::with(Plan { second: true, ..Plan::default() }.unlimited()).await;
    let linen = leaves_message(&world, "Jürgen", "Is the 100% linen shirt_blue back?").await;
    let tea = leaves_message(&world, "王小明", "这款茶叶还有货吗\n谢谢 \"两盒\"").await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let chat = vera.asks("My kettle of order A-1234 arrived <b>broken</b>").await;
    ann.is_offered_this(chat).await;
    ann.accepts(chat).await;
    ann.says(chat, "Sorry! Please write to returns@acme.example, Crème brûlée is on us.").await;
    ann.notes(chat, "insists on a refund").await;
    let (status, reply) = upload(&vera, chat, ("broken-lid.txt", "text/plain"), b"see".to_vec()).await;
    assert!((200..300).contains(&status), "{reply}");
    let reply: UploadReply = serde_json::from_value(reply).expect("an upload reply");
    let body = PostBody::File(PostFile { attachment: reply.attachment });
    vera.must(Command::Post(Post { cmid: cmid(), conversation: Some(chat), body })).await;
    vera.says("我想要退款，谢谢").await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    is_found(&olga, "退款", &[chat]).await;
    is_found(&olga, "linen", &[linen]).await;
    is_found(&olga, "茶叶", &[tea]).await;
    Story { world, olga, chat, linen, tea }
}

#[tokio::test]
async fn conversations_are_found_by_what_was_said_in_them() {
    let Story { world: _world, olga, chat, linen, tea } = story().await;
    let (chat, linen, tea): (&[_], &[_], &[_]) = (&[chat], &[linen], &[tea]);
    let none: &[ConversationId] = &[];
    let all = [chat[0], linen[0], tea[0]];
    for (words, found) in [
        ("KETTLE", chat),
        ("ket", chat),
        ("ket order", none),
        ("kettle refund", chat),
        ("kettle linen", none),
        ("A-1234", chat),
        ("a-12", chat),
        ("1234", chat),
        ("A-1235", none),
        ("1234-A", none),
        ("returns@acme.example", chat),
        ("acme@returns.example", none),
        ("creme brulee", chat),
        ("\"kettle of order\"", chat),
        ("\"order of kettle\"", none),
        ("refund", chat),
        ("broken-lid.txt", chat),
        ("vera", &all),
        ("example.com", &[linen[0], tea[0]]),
        ("jurgen", linen),
        ("linen 100%", linen),
        ("shirt_blue", linen),
        ("blue", linen),
        ("shirtXblue", none),
        ("退款", chat),
        ("我想", chat),
        ("想退款", none),
        ("退", chat),
        ("款退", none),
        ("谢谢 退款", chat),
        ("茶叶还有", tea),
        ("\"两盒\"", tea),
        ("王小", tea),
        ("王明", none),
        ("vera@", &all),
        // Words of the form it is stored in are not said by anybody.
        ("message", none),
        ("text", none),
        ("attachment", none),
    ] {
        is_found(&olga, words, found).await;
    }
}

#[tokio::test]
async fn what_was_found_is_shown_as_text() {
    let Story { world: _world, olga, chat, .. } = story().await;
    let found = search(&olga, "broken kettle", "").await;
    assert_eq!(
        shown(&found.page),
        "Visitor: My [kettle] of order A-1234 arrived &lt;b&gt;[broken]&lt;/b&gt;"
            .replace("&lt;", "&#60;")
            .replace("&gt;", "&#62;")
    );
    assert_eq!(shown(&search(&olga, "brulee", "").await.page).split(' ').next_back(), Some("us."));
    assert!(shown(&search(&olga, "refund", "").await.page).starts_with("Note for agents: insists on a [refund]"));
    assert!(shown(&search(&olga, "退款", "").await.page).contains("我想要[退款]，"));
    let empty = search(&olga, "nowhere", "").await;
    assert!(empty.page.contains("Nothing fits"), "{}", empty.page);
    let short = search(&olga, "k", "").await;
    assert!(short.ids.is_empty() && short.page.contains("at least two letters"), "{}", short.page);
    for (more, count) in
        [("&state=active", 1), ("&state=closed", 0), ("&rating=5", 0), ("&from=2020-01-01&to=2020-02-01", 0)]
    {
        assert_eq!(search(&olga, "kettle", more).await.ids.len(), count, "{more}");
    }
    assert_eq!(search(&olga, "kettle", "&from=2020-01-01").await.ids, [chat.to_string()]);
}

#[tokio::test]
async fn nobody_finds_what_others_may_not_see() {
    let Story { world, olga, chat, .. } = story().await;
    let other = world.other.as_ref().expect("planned");
    let mut zoe = Agent::signs_in(&world.url(), &world.origin(), other, "Zoe").await;
    zoe.starts_work(Over::Socket).await;
    let mut visitor = Visitor::arrives(&world.url(), &world.origin(), &other.site).await;
    visitor.connect(Over::Poll).await;
    let theirs = visitor.asks("Another kettle, order B-777").await;
    let stranger = Reader::signs_in(&world, other.person("Olga")).await;
    is_found(&stranger, "kettle", &[theirs]).await;
    is_found(&olga, "kettle", &[chat]).await;
    for words in ["A-1234", "refund", "退款", "vera@example.com", "linen"] {
        assert_eq!(search(&stranger, words, "").await.ids, Vec::<String>::new(), "{words}");
    }
    assert_eq!(search(&olga, "B-777", "").await.ids, Vec::<String>::new());
    // An agent finds what she held; Ben held nothing, and asking for Ann's does not help.
    let ann = Reader::signs_in(&world, world.acme.person("Ann")).await;
    let ben = Reader::signs_in(&world, world.acme.person("Ben")).await;
    is_found(&ann, "kettle", &[chat]).await;
    assert_eq!(search(&ann, "linen", "").await.ids, Vec::<String>::new());
    let mut at_work = Agent::signs_in(&world.url(), &world.origin(), &world.acme, "Ann").await;
    at_work.starts_work(Over::Poll).await;
    let hers = format!("&agent={}", at_work.id());
    assert_eq!(search(&ben, "kettle", &hers).await.ids, Vec::<String>::new());
    assert_eq!(search(&olga, "kettle", &hers).await.ids, [chat.to_string()]);
}

/// The status that a query of so many characters is answered with; sent as bytes, because clients refuse to.
async fn longest(world: &World, characters: usize) -> u16 {
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", world.port())).await.expect("a connection");
    let query = "x+".repeat(characters / 2);
    let request = format!("GET /admin/transcripts?q={query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    // Who has heard enough answers before the end.
    let _ = socket.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no status: {}", answer.chars().take(200).collect::<String>()))
}

#[tokio::test]
async fn whatever_is_typed_is_words() {
    let Story { world, olga, .. } = story().await;
    let long = "x".repeat(3_000);
    let many = "kettle ".repeat(400);
    for words in [
        "\" OR 1=1 --",
        "kettle\" AND \"",
        "NEAR(kettle, 2)",
        "kettle*",
        "*",
        "^kettle",
        "col:kettle",
        "-kettle",
        "kettle' union select 1; drop table entry; --",
        "a & b | !c <-> d:*",
        "(((((",
        "%_\\",
        "\u{0}",
        "kettle\u{0}broken",
        "\u{202e}kettle\u{feff}",
        "🙂🙂",
        "e\u{301}\u{301}\u{301}",
        "<script>alert(1)</script><img src=x>",
        "\"'></textarea></title><script>alert(1)</script>",
        long.as_str(),
        many.as_str(),
    ] {
        for more in [
            "",
            "&before=nonsense",
            "&before=-9223372036854775808",
            "&before=99999999999999999999",
            "&agent=%00&site=%27",
        ] {
            let found = search(&olga, words, more).await;
            assert_eq!(found.status, 200, "{words:?}{more}");
            harmless(words, &found.page);
        }
    }
    assert!(longest(&world, 60_000).await < 500);
    assert!((400..500).contains(&longest(&world, 100_000).await), "more than a request may have");
    assert_eq!(search(&olga, "\u{0}kettle*\u{0}", "").await.ids.len(), 1);
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut all = BTreeSet::new();
    for number in 0..53 {
        all.insert(leaves_message(&world, "Vera", &format!("the same teapot, number {number}x")).await.to_string());
    }
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    let older = |page: &str| {
        let link = page.split("rel=\"next\" href=\"").nth(1)?.split('"').next()?;
        Some(link.replace("&#38;", "&").replace("&amp;", "&"))
    };
    let first = eventually("everything is found", || async {
        let first = search(&olga, "teapot", "").await;
        let second = follow(&olga, &older(&first.page)?).await;
        let found: BTreeSet<String> = first.ids.iter().chain(&second.ids).cloned().collect();
        (found == all && first.ids.len() + second.ids.len() == 53).then_some(first)
    })
    .await;
    assert_eq!(first.ids.len(), 50);
    let mut newest = first.ids.clone();
    newest.sort_by(|one, next| next.cmp(one));
    assert_eq!(first.ids, newest, "the latest begun first");
    assert_eq!(search(&olga, "teapot 7x", "").await.ids.len(), 1);
}

/// Takes the whole index away, as it is before an upgrade.
async fn empty_index(world: &World) {
    const TABLES: [&str; 4] = [
        "delete from search_posting",
        "delete from search_block",
        "delete from search_doc",
        "delete from search_tenant",
    ];
    for sql in TABLES {
        change(world, sql).await;
    }
}

/// Changes the database past the server.
async fn change(world: &World, sql: &'static str) {
    match world.database().await {
        Pool::Postgres(pool) => {
            sqlx::query(sql).execute(&pool).await.expect("it runs");
            pool.close().await;
        }
        Pool::Sqlite(pool) => {
            pool.close().await;
            let file = world.data().join("frontdesk.db");
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).pragma("secure_delete", "on");
            let pool = sqlx::SqlitePool::connect_with(options).await.expect("the database opens");
            sqlx::query(sql).execute(&pool).await.expect("it runs");
            pool.close().await;
        }
    }
}

#[tokio::test]
async fn the_index_catches_up_after_a_crash_and_from_nothing() {
    let world = World::with(Plan::default().unlimited()).await;
    let first = leaves_message(&world, "Vera", "written before the crash").await;
    // Acknowledged, and killed before the index can know.
    world.restart().await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    is_found(&olga, "crash", &[first]).await;
    let second = leaves_message(&world, "Vera", "another crash").await;
    is_found(&olga, "crash", &[first, second]).await;
    world.kill9();
    empty_index(&world).await;
    world.serve().await;
    let third = leaves_message(&world, "Vera", "crash after crash").await;
    is_found(&olga, "crash", &[first, second, third]).await;
    assert_eq!(search(&olga, "crash", "").await.ids, [third, second, first].map(|id| id.to_string()));
    let complete = "select count(*) from search_tenant where back_to is null";
    eventually("everything is read in", || async { (world.count(complete).await == 1).then_some(()) }).await;
    let page = search(&olga, "crash", "").await.page;
    assert!(!page.contains("still being prepared"), "{page}");
}

/// The database of a world whose server does not run, as the server opens it.
async fn store_of(world: &World) -> Store {
    let database = match on_postgres() {
        false => Database::Sqlite(world.data().join("frontdesk.db")),
        true => Database::Postgres(Postgres {
            url: world.database_url("frontdesk").parse().expect("an address"),
            owner_url: Some(world.database_url("frontdesk_owner").parse().expect("an address")),
            connections: 2,
            lanes: 1,
            timeout: DEADLINE,
        }),
    };
    Store::open(&database).await.expect("the database opens")
}

#[tokio::test]
async fn what_is_taken_away_is_nowhere_in_the_index() {
    const CANARY: &str = "zqcanaryx";
    let world = World::with(Plan::default().unlimited()).await;
    // A message that is left goes out by mail as well: this is about what is said in a chat.
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let (mut one, mut two) = (world.visitor().await, world.visitor().await);
    one.connect(Over::Socket).await;
    two.connect(Over::Socket).await;
    let kept = one.asks("canaries are kept").await;
    let gone = two.asks(&format!("the secret is {CANARY}")).await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    is_found(&olga, CANARY, &[gone]).await;
    is_found(&olga, "vera", &[kept, gone]).await;
    world.sigterm();
    world.ended().await;
    let (store, tenant) = (store_of(&world).await, world.acme.id);
    let forgotten = store.write(tenant, move |tx| Box::pin(store::search::forget(tx, tenant, 0, gone)));
    forgotten.await.expect("it is forgotten");
    store.close().await;
    let listed = "select count(*) from search_doc";
    assert_eq!(world.count(listed).await, 1);
    let words = match on_postgres() {
        true => "select count(*) from search_posting where term = 'zqcanaryx'::bytea",
        false => "select count(*) from search_posting where term = x'7a7163616e61727978'",
    };
    assert_eq!(world.count(words).await, 0);
    change(&world, "update entry set body = null, salt = null where body like '%zqcanaryx%'").await;
    change(&world, "update conversation set preview = null where preview like '%zqcanaryx%'").await;
    if !on_postgres() {
        let sealed = world.data().join("frontdesk.db");
        store::snapshot::seal_sqlite(&sealed).await.expect("nobody has it open");
        let bytes = std::fs::read(sealed).expect("the database");
        assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()), "it is still in the file");
    }
    // What is left of the conversation is read again.
    world.serve().await;
    is_found(&olga, "vera", &[kept, gone]).await;
    assert_eq!(search(&olga, CANARY, "").await.ids, Vec::<String>::new());
}

/// The plan of a statement.
async fn plan(conn: &mut PgConnection, sql: &str, tenant: TenantId, terms: &[&[u8]]) -> String {
    let sql = format!("explain {sql}");
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(tenant.0);
    let query = terms.iter().fold(query, |query, term| query.bind(*term));
    let lines: Vec<String> = query.bind(3_i64).bind(4_i64).fetch_all(conn).await.expect("a plan");
    lines.join("\n")
}

#[tokio::test]
async fn on_postgresql_terms_are_looked_up_behind_the_wall() {
    let world = World::with(Plan { on_postgres: true, second: true, ..Plan::default() }).await;
    let (mine, theirs) = (world.acme.id, world.other.as_ref().expect("planned").id);
    let mut all = PgConnection::connect(&world.database_url("tests")).await.expect("the superuser connects");
    let docs = [7, 9].iter().fold(Docs::default(), |mut docs, place| {
        docs.insert(*place);
        docs
    });
    for tenant in [mine, theirs] {
        const FILL: &str = "insert into search_posting (tenant_id, block, term, docs) \
             select $1, b, convert_to('word' || t, 'UTF8'), $2 from generate_series(1, 20) b, generate_series(1, 3000) t";
        sqlx::query(FILL).bind(tenant.0).bind(docs.encode()).execute(&mut all).await.expect("rows");
    }
    sqlx::query("analyze search_posting").execute(&mut all).await.expect("it runs");
    let mut conn =
        PgConnection::connect(&world.database_url("frontdesk")).await.expect("the role that serves connects");
    let mut inside = conn.begin().await.expect("a transaction");
    let set = sqlx::query("select set_config('frontdesk.tenant', $1, true)").bind(mine.to_string());
    set.execute(&mut *inside).await.expect("the tenant is set");
    let [exact, prefix] = frontdesk::store::search::lookups();
    for (sql, terms, condition) in
        [(exact, &[b"word7".as_slice()][..], "term = "), (prefix, &[b"word7".as_slice(), b"word7\xff"][..], "term >= ")]
    {
        let plan = plan(&mut inside, sql, mine, terms).await;
        let index = plan.lines().find(|line| line.contains("Index Cond")).unwrap_or_default();
        assert!(index.contains(condition) && index.contains("tenant_id = ") && index.contains("block = "), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
        for (tenant, expected) in [(mine, true), (theirs, false)] {
            let query = sqlx::query_as(sql).bind(tenant.0);
            let query = terms.iter().fold(query, |query, term| query.bind(*term));
            let rows: Vec<(i64, Vec<u8>)> = query.bind(3_i64).bind(4_i64).fetch_all(&mut *inside).await.expect("rows");
            assert_eq!(!rows.is_empty(), expected, "{tenant}: {}", rows.len());
        }
    }
    let forgotten: i64 = sqlx::query_scalar("select count(*) from search_posting where term = 'word7'::bytea")
        .fetch_one(&mut *inside)
        .await
        .expect("a number");
    assert_eq!(forgotten, 20, "a statement that forgot its tenant sees its own alone");
}
