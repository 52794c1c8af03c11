//! Proof of the checker: one bug after the other is planted into the server, and each is found under its name;
//! without a bug nothing is found. One scenario for all: two visitors with Ann, sends that are repeated, a tab
//! that comes back, pages of history, several commands in a request, a kill right after an answer.

use std::time::Duration;

use faults::checker::{Answer, Report, Sent};
use protocol::command::{Accept, Command, Fetch, Watch};
use protocol::event::Event;
use protocol::frame::{CommandFrame, Events};
use protocol::ids::{Cmid, ConversationId};
use protocol::state::ConversationState;
use serde_json::json;

use crate::checker::{Reading, answer_of, judge, wait};
use crate::people::{Agent, Visitor, cmid, message};
use crate::senders::Sender;
use crate::wire::{Over, request};
use crate::world::{Plan, World};

/// How long entries may take to arrive when nothing is wrong with the network.
const SETTLE: Duration = Duration::from_secs(4);

/// Each bug and what it must be found as. A bug may break more promises than one.
const BUGS: [(&str, &str); 12] = [
    ("dedupe-off", "duplicate"),
    ("ack-before-commit", "lost-write"),
    ("ack-differs", "ack-change"),
    ("event-rolled-back", "aborted-read"),
    ("resume-by-time", "unseen"),
    ("lost-wake-up", "unseen"),
    ("drop-on-reconnect", "poll-skip"),
    ("leak", "leak"),
    ("skip-in-catch-up", "poll-skip"),
    ("catch-up-backwards", "nonmonotonic-poll"),
    ("commands-reversed", "nonmonotonic-send"),
    ("broken-chain", "broken-log"),
];

#[tokio::test]
async fn the_checker_is_content_when_nothing_is_wrong() {
    let report = scenario("none").await;
    report.assert_clean();
    assert!(report.acknowledged > 15, "{report:?}");
}

#[tokio::test]
async fn every_planted_bug_is_found_under_its_name() {
    for (bug, name) in BUGS {
        let found = scenario(bug).await;
        let violations = &found.violations;
        assert!(found.kinds().contains(name), "{bug} was not found as {name}, but as {violations:?}");
    }
}

/// Plays the scenario on a server with a bug and gives what the checker finds.
async fn scenario(bug: &str) -> Report {
    let world = World::with(Plan::default().unlimited().with("FRONTDESK_PLANTED_BUG", bug)).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let (mut vera, talk) = arrival(&world, &ann).await;
    let (viktor, other) = arrival(&world, &ann).await;
    let mut sent = Vec::new();
    sent.extend(Sender::new(&mut vera, "vera", [Over::Socket; 2], talk).times(6).await);
    sent.push(twice(&vera, talk).await);
    vera.vanish();
    sent.extend(Sender::new(&mut ann, "ann", [Over::Socket; 2], talk).times(6).await);
    vera.connect(Over::Socket).await;
    sent.extend(Sender::new(&mut ann, "ann", [Over::Socket; 2], talk).times(2).await);
    sent.extend(in_one_request(&vera, talk).await);
    let mut late = vera.another_tab();
    late.connect(Over::Socket).await;
    let fetched = late.ask(Command::Fetch(Fetch { conversation: talk, after: 0 })).await;
    fetched.expect("a fetch is answered");
    sent.push(the_last_before_a_kill(&world, &vera, talk).await);
    for client in [&mut *late, &mut *ann, &mut *vera] {
        client.connect(Over::Socket).await;
    }
    // Whoever is still catching up would find the last message there, whether told of it or not.
    let tabs = [("vera", &*vera), ("vera's late tab", &late)].map(|(name, client)| Reading {
        name,
        client,
        complete: vec![talk],
        may_see: vec![],
    });
    wait(&world, &tabs, SETTLE).await;
    sent.extend(Sender::new(&mut ann, "ann", [Over::Socket; 2], talk).times(1).await);
    let [vera, late] = tabs;
    let readings = [
        vera,
        late,
        Reading { name: "viktor", client: &viktor, complete: vec![], may_see: vec![other] },
        Reading { name: "ann", client: &ann, complete: vec![talk, other], may_see: vec![] },
    ];
    judge(&world, &sent, &readings, SETTLE).await
}

/// A visitor whom Ann takes.
async fn arrival(world: &World, ann: &Agent) -> (Visitor, ConversationId) {
    let mut visitor = world.visitor().await;
    visitor.connect(Over::Socket).await;
    let conversation = visitor.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.must(Command::Accept(Accept { conversation })).await;
    let after = ann.look(|view| view.items(conversation).len() as u64);
    ann.must(Command::Watch(Watch { conversation, after })).await;
    visitor.sees_state(ConversationState::Active).await;
    (visitor, conversation)
}

/// One send, and the same again.
async fn twice(vera: &Visitor, conversation: ConversationId) -> Sent {
    let cmid = cmid();
    let text = format!("twice {cmid}");
    let command = message(Some(conversation), cmid, &text);
    let answers = vec![answer_of(&vera.must(command.clone()).await), answer_of(&vera.must(command).await)];
    Sent { sender: "vera, twice".to_owned(), cmid, text: Some(text), answers }
}

/// Two messages in one request run in its order.
async fn in_one_request(vera: &Visitor, conversation: ConversationId) -> Vec<Sent> {
    let sends: Vec<(Cmid, String)> = (0..2).map(|_| cmid()).map(|cmid| (cmid, format!("of two {cmid}"))).collect();
    let commands: Vec<CommandFrame> = sends
        .iter()
        .zip(1..)
        .map(|((cmid, text), id)| CommandFrame { id, command: message(Some(conversation), *cmid, text) })
        .collect();
    let url = format!("{}/v1/commands", vera.base);
    let body = json!({ "commands": commands }).to_string();
    let response = request(&reqwest::Client::new(), url, &vera.origin, &vera.credentials).body(body).send().await;
    let events: Events = response.expect("an answer").json().await.expect("events");
    let ack = |wanted: Cmid| {
        events.events.iter().find_map(|event| match event {
            Event::Ack(ack) if ack.cmid == Some(wanted) => Some(answer_of(ack)),
            _ => None,
        })
    };
    let sent = |(cmid, text): (Cmid, String)| {
        let answers = vec![ack(cmid).unwrap_or(Answer::Info)];
        Sent { sender: "vera, two at once".to_owned(), cmid, text: Some(text), answers }
    };
    sends.into_iter().map(sent).collect()
}

/// A send that is answered, and a power cut at that moment.
async fn the_last_before_a_kill(world: &World, vera: &Visitor, conversation: ConversationId) -> Sent {
    let cmid = cmid();
    let text = format!("the last {cmid}");
    let ack = vera.must(message(Some(conversation), cmid, &text)).await;
    world.restart().await;
    Sent { sender: "vera, the last".to_owned(), cmid, text: Some(text), answers: vec![answer_of(&ack)] }
}
