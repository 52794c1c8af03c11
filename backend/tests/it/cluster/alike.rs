//! Any server serves anybody: what people do on one is seen on the others, and what a server was doing is done by
//! another when it dies.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use protocol::command::{Command, LeaveMessage};
use protocol::error::ErrorCode;
use protocol::state::{ConversationState, Presence};
use serde_json::json;

use crate::basics::{Scratch, eventually};
use crate::faults::clock::Clock;
use crate::mailbox::Mailbox;
use crate::people::{Agent, Visitor, cmid, code_of, sign_in};
use crate::uploads::{download, png, posting, uploaded};
use crate::wire::{Over, View};
use crate::world::{Plan, World};

use super::talks::{NODES, Talk, at, plan, progress, verdict, while_all_talk};

/// Longest until people of a dead server count as gone, with the time it takes to tell.
const GONE_WITHIN: Duration = Duration::from_secs(25);
/// Longest until another server does what a dead one did for a queue.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);

/// A visitor who is connected to a server.
async fn visitor(world: &World, node: usize, over: Over) -> Visitor {
    let mut visitor = at(world, node, world.visitor().await);
    visitor.connect(over).await;
    visitor
}

/// An agent who works on a server.
async fn at_work(world: &World, node: usize, name: &str) -> Agent {
    let mut agent = at(world, node, world.agent(name).await);
    agent.starts_work(Over::Socket).await;
    agent
}

#[tokio::test]
async fn people_on_different_servers_see_each_other_type_read_come_and_go() {
    let policy = json!({ "capacity": 50, "agent_grace_ms": 5_000 });
    let world = World::with(Plan { policy, ..plan() }).await;
    let ann = at_work(&world, 1, "Ann").await;
    let mut ben = at_work(&world, 2, "Ben").await;
    ann.sees_presence("Ben", Presence::Online).await;
    ben.goes(Presence::Away).await;
    ann.sees_presence("Ben", Presence::Away).await;
    let mut vera = visitor(&world, 0, Over::Socket).await;
    let conversation = vera.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    vera.is_served_by("Ann").await;
    vera.types(conversation, "is the tea gre").await;
    let preview = |view: &View| view.typing.iter().any(|it| it.preview.as_deref() == Some("is the tea gre"));
    ann.until("the preview", |view| preview(view).then_some(())).await;
    let typing = protocol::command::Typing { conversation, active: true, preview: None };
    ann.must(Command::Typing(typing)).await;
    vera.until("that Ann types", |view| view.typing.iter().any(|it| it.active).then_some(())).await;
    ann.reads(conversation, 3).await;
    vera.until("that Ann has read", |view| view.reads.iter().any(|it| it.seq == 3).then_some(())).await;
    let online = |wanted: bool| move |view: &View| (view.summary(conversation)?.visitor_online == wanted).then_some(());
    ann.until("that Vera is there", online(true)).await;
    vera.vanish();
    ann.until("that Vera went", online(false)).await;
    let mut vera = at(&world, 2, vera);
    vera.connect(Over::Poll).await;
    ann.until("that Vera is back", online(true)).await;
    // With a server go those who were connected to it, and nobody else.
    world.servers()[2].kill9();
    ann.until_within(GONE_WITHIN, "that Ben is gone", |view| {
        let colleagues = &view.agent.as_ref()?.colleagues;
        (colleagues.iter().find(|it| it.name == "Ben")?.presence == Presence::Offline).then_some(())
    })
    .await;
    ben = at(&world, 0, ben);
    ben.connect(Over::Socket).await;
    ann.sees_presence("Ben", Presence::Away).await;
    vera = at(&world, 0, vera);
    vera.connect(Over::Socket).await;
    ann.until("that Vera is back again", online(true)).await;
    vera.is_served_by("Ann").await;
}

#[tokio::test]
async fn offers_and_places_cross_servers_and_of_two_who_pick_at_once_one_wins() {
    let world = World::with(Plan { policy: json!({ "capacity": 1 }), ..plan() }).await;
    let ann = at_work(&world, 1, "Ann").await;
    let mut waiting = Vec::new();
    for (number, over) in [Over::Socket, Over::Poll, Over::Socket, Over::Poll].into_iter().enumerate() {
        let vera = visitor(&world, number % NODES, over).await;
        let conversation = vera.asks(&format!("question {number}")).await;
        if number == 0 {
            ann.is_offered_this(conversation).await;
            ann.accepts(conversation).await;
            vera.is_served_by("Ann").await;
        } else {
            vera.waits_at(number as u32).await;
        }
        waiting.push((vera, conversation));
    }
    ann.closes(waiting[0].1).await;
    ann.is_offered_this(waiting[1].1).await;
    ann.accepts(waiting[1].1).await;
    waiting[2].0.waits_at(1).await;
    waiting[3].0.waits_at(2).await;
    let (set, said) = world.run(&["tenant", "set", &world.acme.slug, "strategy=manual", "capacity=50"]);
    assert!(set, "{said}");
    let ben = at_work(&world, 2, "Ben").await;
    for round in 0..5 {
        let vera = visitor(&world, round % NODES, Over::Socket).await;
        let conversation = vera.asks(&format!("who takes it? {round}")).await;
        ann.sees_state(conversation, ConversationState::Waiting).await;
        ben.sees_state(conversation, ConversationState::Waiting).await;
        let (one, two) = tokio::join!(ann.picks(conversation), ben.picks(conversation));
        let (winner, lost) = match (one, two) {
            (Ok(_), lost @ Err(_)) => ("Ann", lost),
            (lost @ Err(_), Ok(_)) => ("Ben", lost),
            other => panic!("one winner and one loser: {other:?}"),
        };
        assert_eq!(code_of(lost), ErrorCode::Conflict);
        vera.is_served_by(winner).await;
    }
}

#[tokio::test]
async fn whichever_server_dies_another_offers_what_waits_and_keeps_the_deadlines() {
    let policy = json!({ "capacity": 50, "offer_deadline_ms": 5_000, "missed_offers_before_away": 3 });
    let world = World::with(Plan { policy, ..plan() }).await;
    for dies in 0..NODES {
        let lives = (dies + 1) % NODES;
        let (ann, ben) = (at_work(&world, lives, "Ann").await, at_work(&world, lives, "Ben").await);
        let vera = visitor(&world, lives, Over::Socket).await;
        // A round of the queue has begun somewhere; an offer has a deadline there.
        let conversation = vera.asks(&format!("hello? {dies}")).await;
        let offered = |agent: &Agent| agent.look(|view| view.offers().contains(&conversation));
        eventually("it is offered", || async { (offered(&ann) || offered(&ben)).then_some(()) }).await;
        let (first, second) = if offered(&ann) { (&ann, &ben) } else { (&ben, &ann) };
        world.servers()[dies].kill9();
        let died = Instant::now();
        // Nobody answers it: the other is asked, by whichever server looks after the queue now.
        second
            .until_within(TAKEN_OVER_WITHIN, "the next offer", |view| {
                view.offers().contains(&conversation).then_some(())
            })
            .await;
        second.accepts(conversation).await;
        vera.is_served_by(&second.name).await;
        let walt = visitor(&world, lives, Over::Poll).await;
        let next = walt.asks(&format!("me too {dies}")).await;
        eventually("it is offered too", || async {
            let offered = |agent: &Agent| agent.look(|view| view.offers().contains(&next));
            (offered(first) || offered(second)).then_some(())
        })
        .await;
        assert!(died.elapsed() < TAKEN_OVER_WITHIN * 2, "{:?}", died.elapsed());
        let taker = if first.look(|view| view.offers().contains(&next)) { first } else { second };
        taker.accepts(next).await;
        walt.is_served_by(&taker.name).await;
        world.servers()[dies].serve(&[]).await;
    }
}

#[tokio::test]
async fn whatever_is_mailed_is_mailed_once() {
    let folder = Scratch::new("mails");
    let mut mailbox = Mailbox::closed(folder.path().join("mails"));
    mailbox.opens().await;
    let mailing = plan().with("FRONTDESK_SMTP_URL", &mailbox.url());
    let world = World::with(mailing.with("FRONTDESK_MAIL_FROM", "Frontdesk <chat@acme.example>")).await;
    const MESSAGES: usize = 12;
    for number in 0..MESSAGES {
        let mut vera = at(&world, number % NODES, world.visitor().await);
        vera.connect(Over::Poll).await;
        let message = LeaveMessage {
            cmid: cmid(),
            conversation: None,
            name: "Vera".to_owned(),
            email: format!("vera{number}@example.com"),
            text: format!("nobody there? {number}"),
            page: None,
            department: None,
        };
        vera.must(Command::LeaveMessage(message)).await;
    }
    let waiting = "select count(*) from outbox where sent_at is null";
    eventually("everything is sent", || async { (world.count(waiting).await == 0).then_some(()) }).await;
    let sent = world.count("select count(*) from outbox").await;
    let mails = mailbox.mails();
    let ids: BTreeSet<String> = mails.iter().map(|mail| mail["message_id"].to_string()).collect();
    assert!(sent >= MESSAGES as i64, "{sent}");
    assert_eq!((mails.len() as i64, ids.len() as i64), (sent, sent), "each once: {mails:?}");
}

#[tokio::test]
async fn f29_a_server_whose_clock_is_minutes_ahead_agrees_with_the_others() {
    let Some(clock) = Clock::new() else { return };
    clock.jumps("+5m");
    let mut world = World::prepare(plan());
    for (name, value) in clock.environment() {
        world.servers_mut()[2].set(name, &value);
    }
    world.serve().await;
    // Tokens and cookies of any server hold on any other at once.
    for issues in 0..NODES {
        let base = world.servers()[issues].url();
        let mut vera = Visitor::arrives(&base, &world.origin(), &world.acme.site).await;
        let mut ann = Agent::signs_in(&base, &world.origin(), &world.acme, "Ann").await;
        for takes in 0..NODES {
            (vera, ann) = (at(&world, takes, vera), at(&world, takes, ann));
            vera.connect(Over::Poll).await;
            ann.connect(Over::Socket).await;
        }
    }
    // An offer of a server that is ahead is not late on the others, and the reverse.
    for (node, other) in [(2, 0), (0, 2)] {
        let ann = at_work(&world, other, "Ann").await;
        let vera = visitor(&world, node, Over::Socket).await;
        let conversation = vera.asks("what time is it?").await;
        ann.is_offered_this(conversation).await;
        ann.accepts(conversation).await;
        vera.is_served_by("Ann").await;
    }
    assert_eq!(world.count("select count(*) from offer where outcome = 'missed'").await, 0);
    let mut talks = Talk::many(&world, 4).await;
    let ((), sent) = while_all_talk(&mut talks, async |acked| progress(acked, 150).await).await;
    verdict(&world, &mut talks, &sent).await.assert_clean();
    let told = "select max(at) - (extract(epoch from now()) * 1000)::bigint from entry";
    let ahead_ms = world.count(told).await;
    assert!(ahead_ms < 60_000, "an entry is stored {ahead_ms} ms in the future");
}

#[tokio::test]
async fn sessions_and_files_of_one_server_are_good_on_every_other() {
    let world = World::with(plan()).await;
    let ann = at_work(&world, 1, "Ann").await;
    let vera = visitor(&world, 0, Over::Socket).await;
    let conversation = vera.asks("a picture comes").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let bytes = png(40, 30);
    let file = uploaded(&vera, conversation, ("tea.png", "image/png"), bytes).await;
    vera.must(posting(conversation, file)).await;
    let mut copies = BTreeSet::new();
    let mut reader = ann.another_tab();
    for node in 0..NODES {
        reader = at(&world, node, reader);
        let answer = download(&reader, file).await;
        assert_eq!(answer.status(), 200, "server {node}");
        copies.insert(answer.bytes().await.expect("a file").to_vec());
    }
    assert_eq!(copies.len(), 1, "every server gives the same bytes");
    // Signed in on one, signed in on all; signed out on one, signed out on all.
    let olga = world.acme.person("Olga");
    let cookie = sign_in(&world.servers()[0].url(), &world.origin(), &olga.email, &olga.password).await;
    let statuses = async || {
        let mut statuses = Vec::new();
        for server in world.servers() {
            let asked = reqwest::Client::new().get(format!("{}/v1/me", server.url())).header("cookie", &cookie);
            statuses.push(asked.send().await.expect("an answer").status().as_u16());
        }
        statuses
    };
    assert_eq!(statuses().await, [200; NODES]);
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let out = http.post(format!("{}/sign-out", world.servers()[1].url()));
    let out = out.header("cookie", &cookie).header("origin", world.origin());
    let status = out.send().await.expect("an answer").status();
    assert!(status.is_redirection() || status.is_success(), "{status}");
    assert_eq!(statuses().await, [401; NODES]);
    assert_eq!(ann.look(|view| view.closed), None, "Ann stays");
}
