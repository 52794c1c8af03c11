//! The contract of the bus, for both implementations, and what only several nodes have.

use std::sync::Arc;
use std::time::{Duration, Instant};

use frontdesk::bus::local::LocalBus;
use frontdesk::bus::{Bus, Lost, News, Note, Topic};
use protocol::error::CloseCode;
use protocol::ids::{ConversationId, TenantId, VisitorId};
use uuid::Uuid;

use super::{Heard, Node, installation, until};
use crate::basics::DEADLINE;
use crate::redis_server::RedisServer;

fn tenant() -> TenantId {
    TenantId(Uuid::new_v4())
}

fn frame(text: impl ToString) -> Note {
    Note::Frame(text.to_string().into())
}

/// What everybody may rely on who publishes by `bus` and listens at `heard`.
async fn contract(bus: &dyn Bus, heard: &Heard) {
    let (mine, other) = (tenant(), tenant());
    let topic = Topic::Visitor(mine, VisitorId(Uuid::new_v4()));
    let listening = bus.listen(mine);
    listening.ready().await;
    for number in 0..1000 {
        bus.publish(topic, frame(number));
    }
    until("every note arrives", || heard.texts(topic).len() == 1000).await;
    assert!(heard.texts(topic).iter().enumerate().all(|(index, text)| *text == index.to_string()), "in order");
    assert_eq!(heard.texts(Topic::Visitors(mine)).len(), 0, "another topic");
    assert_eq!(heard.texts(Topic::Visitors(other)).len(), 0, "another tenant");
    let conversation = ConversationId(Uuid::new_v4());
    let entries =
        Note::Entries { conversation, from: 3, last_seq: 4, everyone: "everyone".into(), agents: "agents".into() };
    for note in [Note::StateChanged, Note::Revoked(CloseCode::Forbidden), entries] {
        bus.publish(Topic::Agents(mine), note);
    }
    until("notes of every kind arrive", || heard.texts(Topic::Agents(mine)).len() == 3).await;
    let kinds = heard.texts(Topic::Agents(mine));
    assert!(kinds[0] == "StateChanged" && kinds[1].contains("Forbidden"), "{kinds:?}");
    assert!(kinds[2].contains("agents") && kinds[2].contains("last_seq: 4"), "{kinds:?}");
}

#[tokio::test]
async fn inside_one_process() {
    let heard = Arc::new(Heard::default());
    contract(&LocalBus::new(Arc::clone(&heard) as Arc<_>), &heard).await;
}

#[tokio::test]
async fn over_redis_on_the_same_node() {
    let server = RedisServer::start();
    let node = Node::start(&server, &installation(), 0).await;
    contract(&*node.bus, &node.heard).await;
}

/// A bus whose two ends are two nodes.
struct Across<'a>(&'a Node, &'a Node);

impl Bus for Across<'_> {
    fn publish(&self, topic: Topic, note: Note) {
        self.0.bus.publish(topic, note);
    }

    fn listen(&self, tenant: TenantId) -> frontdesk::bus::Listening {
        self.1.bus.listen(tenant)
    }
}

#[tokio::test]
async fn over_redis_from_node_to_node() {
    let (server, name) = (RedisServer::start(), installation());
    let (one, two) = (Node::start(&server, &name, 0).await, Node::start(&server, &name, 0).await);
    contract(&Across(&one, &two), &two.heard).await;
    // Another installation on the same server.
    let stranger = Node::start(&server, &installation(), 0).await;
    let mine = tenant();
    let (here, there) = (two.bus.listen(mine), stranger.bus.listen(mine));
    here.ready().await;
    there.ready().await;
    one.bus.publish(Topic::Agents(mine), frame("ours"));
    one.bus.tell_nodes(News::Round { tenant: mine, wake_at: Some(7) });
    until("it arrives", || two.heard.texts(Topic::Agents(mine)) == ["ours"]).await;
    let news = tokio::time::timeout(DEADLINE, two.bus.news()).await.expect("news arrive");
    assert_eq!(news, News::Round { tenant: mine, wake_at: Some(7) });
    assert_eq!(stranger.heard.texts(Topic::Agents(mine)).len(), 0);
}

/// Publishes until something arrives, and waits until the other node knows that it may have missed something.
async fn recovers(one: &Node, two: &Node, mine: TenantId, what: &str) {
    let lost = tokio::time::timeout(DEADLINE, two.bus.lost()).await;
    assert!(matches!(lost, Ok(Lost::Anything | Lost::Of(_))), "{what}: it is not noticed");
    let begun = Instant::now();
    while !two.heard.texts(Topic::Agents(mine)).iter().any(|text| text == what) {
        assert!(begun.elapsed() < DEADLINE, "{what}: nothing arrives any more");
        one.bus.publish(Topic::Agents(mine), frame(what));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn f10_redis_is_killed_emptied_frozen_and_started_again() {
    let (server, name) = (RedisServer::start(), installation());
    let (one, two) = (Node::start(&server, &name, 0).await, Node::start(&server, &name, 0).await);
    let mine = tenant();
    let listening = two.bus.listen(mine);
    listening.ready().await;
    // The first connection says that anything may be lost, too.
    recovers(&one, &two, mine, "the beginning").await;
    assert_ne!(server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]), "0");
    recovers(&one, &two, mine, "subscribers are killed").await;
    server.cli(&["FLUSHALL"]);
    one.bus.publish(Topic::Agents(mine), frame("emptied"));
    until("nothing was kept there", || two.heard.texts(Topic::Agents(mine)).contains(&"emptied".to_owned())).await;
    server.freeze();
    let begun = Instant::now();
    for _ in 0..20_000 {
        one.bus.publish(Topic::Agents(mine), frame("while it is frozen"));
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "whoever publishes does not wait: {:?}", begun.elapsed());
    until("it is noticed", || !one.bus.works() && !two.bus.works()).await;
    server.thaw();
    recovers(&one, &two, mine, "thawed").await;
    server.stop();
    until("it is noticed", || !two.bus.works()).await;
    let begun = Instant::now();
    listening.ready().await;
    assert!(begun.elapsed() < Duration::from_millis(500), "nobody waits for a server that is away");
    server.start_again();
    recovers(&one, &two, mine, "started again").await;
}

#[tokio::test]
async fn the_loss_of_the_last_note_shows_too() {
    let (server, name) = (RedisServer::start(), installation());
    let (one, two) = (Node::start(&server, &name, 0).await, Node::start(&server, &name, 0).await);
    let mine = tenant();
    let listening = two.bus.listen(mine);
    listening.ready().await;
    recovers(&one, &two, mine, "before").await;
    // Somebody speaks in the name of a node and skips a number, as when a message did not arrive.
    let channel = format!("frontdesk:{name}:tenant:{mine}");
    for number in [5, 5, 6] {
        publish(&server, &channel, &mark(number)).await;
    }
    let lost = tokio::time::timeout(DEADLINE, two.bus.lost()).await.expect("the mark shows it");
    assert_eq!(lost, Lost::Of([mine].into()));
}

#[tokio::test]
async fn what_a_node_loses_after_the_others_hear_again_shows() {
    let (server, name) = (RedisServer::start(), installation());
    let node = Node::start(&server, &name, 0).await;
    let mine = tenant();
    let listening = node.bus.listen(mine);
    listening.ready().await;
    let begun = tokio::time::timeout(DEADLINE, node.bus.lost()).await.expect("it begins");
    assert_eq!(begun, Lost::Anything);
    let channel = format!("frontdesk:{name}:tenant:{mine}");
    publish(&server, &channel, &mark(5)).await;
    assert_ne!(server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]), "0");
    let again = tokio::time::timeout(DEADLINE, node.bus.lost()).await.expect("it hears again");
    assert_eq!(again, Lost::Anything);
    // The other said something before its own connection was back; nobody heard it.
    publish(&server, &channel, &mark(6)).await;
    let lost = tokio::time::timeout(DEADLINE, node.bus.lost()).await.expect("the mark shows it");
    assert_eq!(lost, Lost::Of([mine].into()));
}

/// A mark of a node that nobody is.
fn mark(number: u64) -> Vec<u8> {
    [&[1][..], &77_u64.to_le_bytes(), &number.to_le_bytes()].concat()
}

async fn publish(server: &RedisServer, channel: &str, bytes: &[u8]) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", server.port())).await.expect("Redis answers");
    let head = format!("*3\r\n$7\r\nPUBLISH\r\n${}\r\n{channel}\r\n${}\r\n", channel.len(), bytes.len());
    socket.write_all(&[head.as_bytes(), bytes, b"\r\n"].concat()).await.expect("it is taken");
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b":1\r\n", "one node listens");
}
