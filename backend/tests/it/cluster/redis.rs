//! F10: Redis is killed, emptied, cut, paused and frozen under three servers. Everything sent is acknowledged all the
//! same, reaches the other server within twenty seconds, and at once again when Redis is back (C7, C15). F11: what the
//! servers tell each other is lost, repeated, late and out of order.

use std::time::{Duration, Instant};

use faults::proxy::Proxy;
use protocol::ids::ConversationId;
use protocol::state::Presence;
use serde_json::json;

use crate::basics::{DEADLINE, eventually, eventually_within};
use crate::checker::check;
use crate::people::{Agent, Visitor};
use crate::redis_server::RedisServer;
use crate::wire::Over;
use crate::world::{Plan, World};

use super::talks::{Talk, at, plan, progress, still, while_all_talk};

/// Longest from sending to seeing on another server while Redis is away (C7).
const SEEN_WITHIN: Duration = Duration::from_secs(20);
/// Longest for the answer to a send meanwhile.
const ACKED_WITHIN: Duration = Duration::from_secs(3);
/// What is seen sooner came by Redis and not by looking where conversations stand.
const LIVE: Duration = Duration::from_secs(1);

/// Something that is done to Redis, and undone.
struct Fault {
    name: &'static str,
    begins: fn(&RedisServer),
    ends: fn(&RedisServer),
}

const FAULTS: [Fault; 5] = [
    Fault {
        name: "subscribers are cut",
        begins: |redis| says(redis, &["CLIENT", "KILL", "TYPE", "pubsub"]),
        ends: |_| {},
    },
    Fault { name: "everything is forgotten", begins: |redis| says(redis, &["FLUSHALL"]), ends: |_| {} },
    Fault { name: "it is paused", begins: |redis| says(redis, &["CLIENT", "PAUSE", "15000"]), ends: |_| {} },
    Fault { name: "it dies and comes back empty", begins: RedisServer::stop, ends: RedisServer::start_again },
    Fault { name: "it is frozen", begins: RedisServer::freeze, ends: RedisServer::thaw },
];

fn says(redis: &RedisServer, command: &[&str]) {
    let answer = redis.cli(command);
    assert!(!answer.contains("ERR"), "{command:?}: {answer}");
}

/// Vera on the first server with a polling tab on the third, Ann and Ben on the second.
struct Scene {
    vera: Visitor,
    polling: Visitor,
    ann: Agent,
    ben: Agent,
    conversation: ConversationId,
    said: u32,
}

impl Scene {
    async fn of(world: &World) -> Self {
        let mut ann = at(world, 1, world.agent("Ann").await);
        ann.starts_work(Over::Socket).await;
        let mut vera = at(world, 0, world.visitor().await);
        vera.connect(Over::Socket).await;
        let conversation = vera.asks("hello?").await;
        ann.is_offered_this(conversation).await;
        ann.accepts(conversation).await;
        let mut polling = at(world, 2, vera.another_tab());
        polling.connect(Over::Poll).await;
        let mut ben = at(world, 2, world.agent("Ben").await);
        ben.starts_work(Over::Socket).await;
        // There, and offered nothing.
        ben.goes(Presence::Away).await;
        ann.sees_presence("Ben", Presence::Away).await;
        Self { vera, polling, ann, ben, conversation, said: 0 }
    }

    /// One line each way, from server to server. Gives how long the slower took to be seen everywhere.
    async fn crosses(&mut self, within: Duration) -> Duration {
        self.said += 1;
        let Self { vera, polling, ann, conversation, said, .. } = self;
        let (question, answer) = (format!("question {said}"), format!("answer {said}"));
        let begun = Instant::now();
        tokio::join!(vera.says(&question), ann.says(*conversation, &answer));
        assert!(begun.elapsed() < ACKED_WITHIN, "acknowledged only after {:?}", begun.elapsed());
        for (who, client, text) in
            [("Ann", &**ann, &question), ("Vera", &**vera, &answer), ("Vera's polling tab", &**polling, &answer)]
        {
            let what = format!("{who} sees {text:?}");
            let left = within.saturating_sub(begun.elapsed());
            client.until_within(left, &what, |view| view.texts(*conversation).contains(text).then_some(())).await;
        }
        begun.elapsed()
    }

    /// What crosses does so live again, soon.
    async fn is_live(&mut self, name: &str) {
        let begun = Instant::now();
        while self.crosses(SEEN_WITHIN).await > LIVE {
            assert!(begun.elapsed() < DEADLINE, "{name}: still not live");
        }
    }

    /// Ann kept the conversation.
    fn ann_kept_it(&self, name: &str) {
        let queued = |view: &crate::wire::View| {
            let items = view.items(self.conversation).iter();
            items.filter(|item| matches!(item.body, Some(protocol::entry::EntryBody::Queued(_)))).count()
        };
        assert_eq!(self.vera.look(queued), 1, "{name}: Ann's conversation went back to the queue");
    }

    /// Nobody was taken for gone who was there all the time.
    fn everybody_stayed(&self, name: &str) {
        let ben = self.ann.look(|view| {
            let colleagues = &view.agent.as_ref().expect("a state").colleagues;
            colleagues.iter().find(|it| it.name == "Ben").map(|it| it.presence)
        });
        assert_ne!(ben, Some(Presence::Offline), "{name}: Ben seems to be gone");
        self.ann_kept_it(name);
    }
}

#[tokio::test]
async fn f10_whatever_happens_to_redis_costs_time_and_nothing_else() {
    let world = World::with(plan()).await;
    let mut scene = Scene::of(&world).await;
    scene.is_live("before").await;
    let mut talks = Talk::many(&world, 2).await;
    let (slowest, sent) = while_all_talk(&mut talks, async |acked| {
        let mut slowest = Vec::new();
        for Fault { name, begins, ends } in FAULTS {
            begins(&world.front().redis);
            let took = scene.crosses(SEEN_WITHIN).await;
            progress(acked, 20).await;
            scene.everybody_stayed(name);
            ends(&world.front().redis);
            scene.is_live(name).await;
            scene.everybody_stayed(name);
            slowest.push((name, took));
        }
        slowest
    })
    .await;
    assert!(slowest.iter().all(|(_, took)| *took < SEEN_WITHIN), "{slowest:?}");
    let Scene { vera, polling, ann, ben, conversation, .. } = scene;
    assert_eq!(ben.look(|view| view.closed), None, "nobody was disconnected");
    check(&world, conversation, &[], &[&vera, &polling, &ann]).await;
    still(&world, &talks, &sent).await.assert_clean();
}

#[tokio::test]
async fn f10_who_changes_server_while_redis_is_away_is_not_gone_and_who_left_is_when_it_is_back() {
    // Of an offer nobody answers it is known soon after who left is gone, were it known who left.
    let policy =
        json!({ "capacity": 50, "agent_grace_ms": 5_000, "offer_deadline_ms": 10_000, "missed_offers_before_away": 3 });
    let world = World::with(Plan { policy, ..plan() }).await;
    let mut scene = Scene::of(&world).await;
    scene.is_live("before").await;
    world.front().redis.stop();
    scene.ben.vanish();
    scene.ann.vanish();
    scene.ann.base = world.servers()[0].url();
    scene.ann.connect(Over::Socket).await;
    // The server that Ann left offers her this until the time is over.
    let mut walt = at(&world, 1, world.visitor().await);
    walt.connect(Over::Socket).await;
    walt.asks("hello?").await;
    let lapsed = "select count(*) from offer where outcome = 'missed'";
    eventually("the offer lapses", || async { (world.count(lapsed).await == 1).then_some(()) }).await;
    scene.crosses(SEEN_WITHIN).await;
    scene.everybody_stayed("Redis is away");
    world.front().redis.start_again();
    // Ben is gone: now everybody has said who is there.
    scene.ann.sees_presence("Ben", Presence::Offline).await;
    scene.is_live("Redis is back").await;
    scene.ann_kept_it("Redis is back");
}

#[tokio::test]
async fn f10_a_server_that_alone_does_not_reach_redis_keeps_its_agents_and_a_frozen_one_does_not() {
    // What nobody answers is offered for longer than a server may be silent.
    let policy =
        json!({ "capacity": 50, "agent_grace_ms": 5_000, "offer_deadline_ms": 20_000, "missed_offers_before_away": 3 });
    let mut world = World::prepare(Plan { policy, ..plan() });
    let network = Proxy::bind().await.expect("a proxy");
    network.forward_to(world.front().redis.port());
    world.servers_mut()[2].set("REDIS_URL", &format!("redis://127.0.0.1:{}", network.port()));
    world.serve().await;
    let mut ben = at(&world, 2, world.agent("Ben").await);
    ben.starts_work(Over::Socket).await;
    let mut vera = at(&world, 0, world.visitor().await);
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("hello?").await;
    ben.is_offered_this(conversation).await;
    ben.accepts(conversation).await;
    let mut ann = at(&world, 1, world.agent("Ann").await);
    ann.starts_work(Over::Socket).await;
    ann.sees_presence("Ben", Presence::Online).await;
    network.goes_dark();
    vera.says("are you still there?").await;
    let mut walt = at(&world, 0, world.visitor().await);
    walt.connect(Over::Socket).await;
    walt.asks("hello?").await;
    let lapsed = "select count(*) from offer where outcome = 'missed'";
    let is_over = async || (world.count(lapsed).await == 1).then_some(());
    eventually_within(DEADLINE * 2, "the offer lapses", is_over).await;
    let requeued = "select count(*) from entry where kind = 'queued'";
    assert_eq!(world.count(requeued).await, 2, "each once: Ben keeps his");
    ben.says(conversation, "I am").await;
    vera.sees("I am").await;
    world.servers()[2].signal("STOP");
    ann.until_within(DEADLINE * 2, "that Ben is gone", |view| {
        let colleagues = &view.agent.as_ref()?.colleagues;
        (colleagues.iter().find(|it| it.name == "Ben")?.presence == Presence::Offline).then_some(())
    })
    .await;
    world.servers()[2].kill9();
}

#[tokio::test]
async fn f11_servers_that_hear_each_other_badly_lose_nothing_for_anybody() {
    let world = World::with(plan().with("FRONTDESK_PLANTED_BUG", "unreliable-bus")).await;
    let mut talks = Talk::many(&world, 5).await;
    let ((), sent) = while_all_talk(&mut talks, async |acked| progress(acked, 300).await).await;
    // Nobody connects again: what was lost between the servers has to be noticed by the connections themselves.
    still(&world, &talks, &sent).await.assert_clean();
}
