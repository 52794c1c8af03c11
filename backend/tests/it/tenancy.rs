//! Whose is it? Every command of the protocol and every route, without credentials, with those of another
//! tenant, of another visitor, and with an id that does not exist: refused, with the same answer for what
//! belongs to somebody else and for what does not exist, and nothing changes. Commands and routes are read
//! from the source, so that a new one fails this test until it is listed here.

use std::collections::BTreeMap;

use protocol::command::{
    Accept, Active, Close, Command, Decline, Fetch, KeepPlace, LeaveMessage, Page, Pick, Post, PostBody, PostFile,
    Rate, Read, Release, SetPresence, ShowVisitor, Start, Transfer, Typing, Unwatch, Watch,
};
use protocol::error::ErrorCode;
use protocol::event::Refused;
use protocol::ids::{AgentId, AttachmentId, ConversationId, TenantId, VisitorId};
use protocol::state::Presence;
use uuid::Uuid;

use crate::database::{Pool, both};
use crate::people::{Agent, Visitor, cmid, message};
use crate::wire::{BOTH, Client, Credentials, Failure, Over};
use crate::world::{Plan, World};

/// The ids a command may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    pub(crate) conversation: ConversationId,
    pub(crate) visitor: VisitorId,
    pub(crate) agent: AgentId,
    pub(crate) attachment: AttachmentId,
}

impl Ids {
    /// Ids of nothing.
    pub(crate) fn random() -> Self {
        Self {
            conversation: ConversationId(Uuid::new_v4()),
            visitor: VisitorId(Uuid::new_v4()),
            agent: AgentId(Uuid::new_v4()),
            attachment: AttachmentId(Uuid::new_v4()),
        }
    }
}

/// Every command that names something, by its word on the wire.
fn naming(ids: Ids) -> Vec<(&'static str, Command)> {
    let conversation = ids.conversation;
    let file = PostBody::File(PostFile { attachment: ids.attachment });
    let leave = LeaveMessage {
        cmid: cmid(),
        conversation: Some(conversation),
        name: "Mallory".to_owned(),
        email: "mallory@example.com".to_owned(),
        text: "hello".to_owned(),
        page: None,
        department: None,
    };
    vec![
        ("post", message(Some(conversation), cmid(), "hello")),
        ("post", Command::Post(Post { cmid: cmid(), conversation: Some(conversation), body: file })),
        ("leave_message", Command::LeaveMessage(leave)),
        ("keep_place", Command::KeepPlace(KeepPlace { conversation, email: "mallory@example.com".to_owned() })),
        ("typing", Command::Typing(Typing { conversation, active: true, preview: None })),
        ("read", Command::Read(Read { conversation, seq: 1 })),
        ("fetch", Command::Fetch(Fetch { conversation, after: 0 })),
        ("close", Command::Close(Close { conversation })),
        ("rate", Command::Rate(Rate { conversation, score: 1, comment: None })),
        ("accept", Command::Accept(Accept { conversation })),
        ("decline", Command::Decline(Decline { conversation, reason: None })),
        ("pick", Command::Pick(Pick { conversation })),
        ("transfer", Command::Transfer(Transfer { conversation, to: None, note: None, department: None })),
        ("release", Command::Release(Release { agent: ids.agent })),
        ("watch", Command::Watch(Watch { conversation, after: 0 })),
        ("show_visitor", Command::ShowVisitor(ShowVisitor { visitor: ids.visitor })),
    ]
}

/// Commands that name nothing of anybody's: they act on the sender alone.
fn naming_nothing() -> Vec<(&'static str, Command)> {
    let start =
        Start { cmid: cmid(), name: None, email: None, text: Some("hi".to_owned()), page: None, department: None };
    let page = Page { url: "http://shop.example/".to_owned(), title: None, referrer: None, language: None };
    vec![
        ("start", Command::Start(start)),
        ("page", Command::Page(page)),
        ("active", Command::Active(Active {})),
        ("set_presence", Command::SetPresence(SetPresence { presence: Presence::Away, pause: None })),
        ("unwatch", Command::Unwatch(Unwatch { conversation: ConversationId(Uuid::new_v4()) })),
    ]
}

#[test]
fn every_command_of_the_protocol_is_walked() {
    let source = include_str!("../../../crates/protocol/src/command.rs");
    let commands = source.split("pub enum Command {").nth(1).and_then(|rest| rest.split("\n    }\n").next());
    let mut words: Vec<&str> = commands
        .expect("the commands")
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\",")?.rsplit('"').next())
        .collect();
    words.sort_unstable();
    let mut walked: Vec<&str> = naming(Ids::random()).iter().chain(&naming_nothing()).map(|(word, _)| *word).collect();
    // These two have no answer of their own: the handshake, and the answer to a ping.
    walked.extend(["hello", "pong"]);
    walked.sort_unstable();
    walked.dedup();
    assert_eq!(words, walked, "a command is not walked");
}

/// A conversation of the first tenant, held by Ann, with its visitor; and its ids.
struct Victim {
    vera: Visitor,
    ann: Agent,
    ids: Ids,
}

async fn victim(world: &World) -> Victim {
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("a secret").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.says(conversation, "kept").await;
    vera.sees("kept").await;
    let ids =
        Ids { conversation, visitor: vera.reply.visitor, agent: ann.id(), attachment: AttachmentId(Uuid::new_v4()) };
    Victim { vera, ann, ids }
}

async fn two_tenants() -> World {
    World::with(Plan { second: true, ..Plan::default() }.unlimited()).await
}

async fn refusal(client: &Client, who: &str, word: &str, command: Command) -> Refused {
    match client.ask(command).await {
        Err(Failure::Refused(refused)) => refused,
        other => panic!("{who} was not refused {word}: {other:?}"),
    }
}

/// What a refusal says, apart from the number of its command and the sender's own cmid.
fn said(refused: &Refused) -> (ErrorCode, String, Option<String>, Option<u64>) {
    (refused.code, refused.message.clone(), refused.field.clone(), refused.limit)
}

#[tokio::test]
async fn commands_on_what_belongs_to_somebody_else_are_refused_as_if_it_did_not_exist() {
    let world = two_tenants().await;
    let victim = victim(&world).await;
    let other = world.other.clone().expect("a second tenant");
    let mut zoe = Agent::signs_in(&world.url(), &world.origin(), &other, "Zoe").await;
    zoe.starts_work(Over::Socket).await;
    let before = dump(&world, world.acme.id).await;
    for over in BOTH {
        let mut foreign = Visitor::arrives(&world.url(), &world.origin(), &other.site).await;
        foreign.connect(over).await;
        let mut neighbour = world.visitor().await;
        neighbour.connect(over).await;
        zoe.connect(over).await;
        let strangers: [(&str, &Client); 3] = [
            ("a visitor of another tenant", &foreign),
            ("another visitor", &neighbour),
            ("another tenant's agent", &zoe),
        ];
        for (who, client) in strangers {
            let random = naming(Ids::random());
            for ((word, command), (_, at_random)) in naming(victim.ids).into_iter().zip(random) {
                let refused = refusal(client, who, word, command).await;
                let unknown = refusal(client, who, word, at_random).await;
                let expected = [ErrorCode::NotFound, ErrorCode::Forbidden];
                assert!(expected.contains(&refused.code), "{who}, {word}: {refused:?}");
                assert_eq!(said(&refused), said(&unknown), "{who}, {word}: the answers tell it exists");
            }
            let leaked = client.look(|view| format!("{view:?}"));
            assert!(!leaked.contains("a secret") && !leaked.contains("kept"), "{who} saw it: {leaked}");
        }
    }
    let mut changed = dump(&world, world.acme.id).await;
    // The neighbours are visitors of the same tenant: they exist now, and nothing else.
    changed.insert("visitor".to_owned(), before["visitor"].clone());
    assert_eq!(changed, before, "something of the first tenant changed");
    victim.vera.says("still mine").await;
    victim.ann.sees(victim.ids.conversation, "still mine").await;
}

#[tokio::test]
async fn a_conversation_is_not_given_to_an_agent_of_another_tenant() {
    let world = two_tenants().await;
    let victim = victim(&world).await;
    let other = world.other.clone().expect("a second tenant");
    let mut zoe = Agent::signs_in(&world.url(), &world.origin(), &other, "Zoe").await;
    zoe.starts_work(Over::Socket).await;
    let conversation = victim.ids.conversation;
    let give = |to| Command::Transfer(Transfer { conversation, to: Some(to), note: None, department: None });
    let foreign = refusal(&victim.ann, "Ann", "transfer", give(zoe.id())).await;
    let unknown = refusal(&victim.ann, "Ann", "transfer", give(Ids::random().agent)).await;
    assert_eq!(foreign.code, ErrorCode::NotFound);
    assert_eq!(said(&foreign), said(&unknown));
}

#[tokio::test]
async fn visitors_may_not_do_what_agents_do() {
    let world = two_tenants().await;
    let victim = victim(&world).await;
    let Ids { conversation, visitor, .. } = victim.ids;
    let note = PostBody::Note(protocol::entry::Text { text: "psst".to_owned() });
    let for_agents = [
        Command::Post(Post { cmid: cmid(), conversation: Some(conversation), body: note }),
        Command::Accept(Accept { conversation }),
        Command::Decline(Decline { conversation, reason: None }),
        Command::Pick(Pick { conversation }),
        Command::Transfer(Transfer { conversation, to: None, note: None, department: None }),
        Command::Release(Release { agent: victim.ids.agent }),
        Command::ShowVisitor(ShowVisitor { visitor }),
        Command::SetPresence(SetPresence { presence: Presence::Online, pause: None }),
        Command::Watch(Watch { conversation, after: 0 }),
        Command::Active(Active {}),
    ];
    for command in for_agents {
        let shown = format!("{command:?}");
        let refused = refusal(&victim.vera, "the visitor", &shown, command).await;
        assert!([ErrorCode::Forbidden, ErrorCode::NotFound].contains(&refused.code), "{shown}: {refused:?}");
    }
    for command in [Command::Rate(Rate { conversation, score: 5, comment: None }), naming_nothing().remove(0).1] {
        let shown = format!("{command:?}");
        let refused = refusal(&victim.ann, "the agent", &shown, command).await;
        assert_eq!(refused.code, ErrorCode::Forbidden, "{shown}: {refused:?}");
    }
}

#[tokio::test]
async fn commands_without_credentials_are_refused() {
    let world = two_tenants().await;
    let victim = victim(&world).await;
    let ann_elsewhere = match &victim.ann.credentials {
        Credentials::Cookie(cookie, _) => {
            Credentials::Cookie(cookie.clone(), Some(world.other.as_ref().expect("another").id))
        }
        other => panic!("{other:?}"),
    };
    let forged = Credentials::Token(forge(&victim.vera.reply.token));
    let strangers = [
        ("nobody", Credentials::None),
        ("a forged token", forged),
        ("a made-up cookie", Credentials::Cookie("frontdesk=made-up".to_owned(), Some(world.acme.id))),
        ("an agent in a tenant of others", ann_elsewhere),
        ("an agent in no tenant", foreign_tenant(&victim.ann)),
    ];
    let before = dump(&world, world.acme.id).await;
    for (who, credentials) in strangers {
        for (word, command) in naming(victim.ids).into_iter().chain(naming_nothing()) {
            let status = http_command(&world, &credentials, command).await;
            assert!([401, 403, 404].contains(&status), "{who}: {word} was answered {status}");
        }
        let mut client = Client::new(&world.url(), &world.origin(), credentials);
        let _ = client.try_connect(Over::Socket).await;
        let code = client.until("the socket is closed", |view| view.closed).await;
        assert!([4401, 4403].contains(&code), "{who}: {code}");
    }
    assert_eq!(dump(&world, world.acme.id).await, before);
}

/// The same token with another signature.
fn forge(token: &str) -> String {
    let (head, signature) = token.rsplit_once('.').expect("a signed token");
    let swapped: String = signature.chars().rev().collect();
    assert_ne!(swapped, signature);
    format!("{head}.{swapped}")
}

fn foreign_tenant(agent: &Agent) -> Credentials {
    Credentials::Cookie(agent.cookie(), Some(TenantId(Uuid::new_v4())))
}

/// The HTTP status of one command over `POST /v1/commands`; 200 when it was looked at.
async fn http_command(world: &World, credentials: &Credentials, command: Command) -> u16 {
    let frame = protocol::frame::CommandFrame { id: 1, command };
    let tenant = match credentials {
        Credentials::Cookie(_, tenant) => *tenant,
        _ => None,
    };
    let body = protocol::frame::Commands { tenant, commands: vec![frame] };
    let url = format!("{}/v1/commands", world.url());
    let request = crate::wire::request(&reqwest::Client::new(), url, &world.origin(), credentials);
    let response = request.body(serde_json::to_string(&body).expect("JSON")).send().await.expect("an answer");
    response.status().as_u16()
}

/// Everything stored of a tenant, by table, without what only says when somebody was last seen, and without the search
/// index, which follows a moment later.
pub(crate) async fn dump(world: &World, tenant: TenantId) -> BTreeMap<String, String> {
    let pool = world.database().await;
    let volatile = ["last_seen_at", "seen_at", "visitor_left_at", "presence_at"];
    let tables = match &pool {
        Pool::Sqlite(_) => "select name from sqlite_master where type = 'table'",
        Pool::Postgres(_) => {
            "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        }
    };
    let columns = match &pool {
        Pool::Sqlite(_) => "select name from pragma_table_info($1)",
        Pool::Postgres(_) => {
            "select attname::text from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped"
        }
    };
    let tables: Vec<String> = both!(&pool, it => sqlx::query_scalar(tables).fetch_all(it).await).expect("the tables");
    let mut dump = BTreeMap::new();
    for table in tables.into_iter().filter(|table| !table.starts_with("search_")) {
        let columns: Vec<String> =
            both!(&pool, it => sqlx::query_scalar(columns).bind(&table).fetch_all(it).await).expect("the columns");
        if !columns.iter().any(|column| column == "tenant_id") {
            continue;
        }
        let quoted = |column: &&String| match &pool {
            Pool::Sqlite(_) => format!("quote(\"{column}\")"),
            Pool::Postgres(_) => format!("quote_nullable(\"{column}\")"),
        };
        let shown: Vec<String> =
            columns.iter().filter(|column| !volatile.contains(&column.as_str())).map(|it| quoted(&it)).collect();
        let lines = shown.join(" || ',' || ");
        let sql = format!("select {lines} as line from \"{table}\" where tenant_id = $1 order by 1");
        let lines: Vec<String> = both!(&pool, it => {
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(tenant.0).fetch_all(it).await
        })
        .expect("the rows");
        dump.insert(table, lines.join("\n"));
    }
    pool.close().await;
    dump
}
