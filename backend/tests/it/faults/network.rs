//! F14: connections reset at every byte. F16: middle boxes that hold responses back or know no upgrade. F19:
//! answers to polls that come late, twice, in another order or in part.

use faults::checker::{Answer, Sent};
use faults::proxy::{End, Proxy, Responses, Upgrades};
use protocol::command::{Command, Fetch};
use protocol::event::Event;
use protocol::frame::{Events, Poll};
use protocol::ids::{Cmid, ConversationId};
use uuid::Uuid;

use crate::basics::eventually;
use crate::checker::check;
use crate::people::{Agent, Visitor, cmid, in_conversation, message};
use crate::senders::Sender;
use crate::wire::{Client, Over, request};
use crate::world::{Plan, World};

/// A server behind a proxy, Ann on a good line, and Vera's tab behind the proxy, not connected yet.
async fn behind(proxy: &Proxy) -> (World, Visitor, Agent, ConversationId) {
    let world = World::with(Plan::default().unlimited()).await;
    proxy.forward_to(world.port());
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let far = Visitor::returns(&proxy.url(), &world.origin(), &world.acme.site, Some(&vera.reply.token)).await;
    (world, far, ann, conversation)
}

#[tokio::test]
async fn f14_a_reset_at_each_byte_of_ack_and_event_loses_nothing() {
    let proxy = Proxy::bind().await.expect("a proxy");
    let (world, mut vera, ann, conversation) = behind(&proxy).await;
    vera.connect(Over::Socket).await;
    let mut sent = Vec::new();
    let mut offset = 0;
    let mut whole = false;
    while !whole {
        let line = proxy.connections().pop().expect("an open connection");
        let cmid = cmid();
        // Always the same length, so that offsets mean the same.
        let text = format!("at byte {offset:06} {cmid}");
        let command = message(Some(conversation), cmid, &text);
        line.change(|weather| weather.to_client.until = Some((offset, End::Reset)));
        let mut answers = Vec::new();
        if let Ok(ack) = vera.ask(command.clone()).await {
            answers.push(crate::checker::answer_of(&ack));
        } else {
            answers.push(Answer::Info);
        }
        // An answer may be through and the event after it cut: past both, the line stays open.
        let own = vera.within(std::time::Duration::from_secs(5), |view| {
            view.closed.is_some() || view.texts(conversation).contains(&text)
        });
        assert!(own.await, "byte {offset}: neither seen nor cut");
        whole = vera.look(|view| view.closed.is_none()) && matches!(answers[..], [Answer::Ok(_)]);
        if whole {
            line.change(|weather| weather.to_client.until = None);
        } else {
            vera.connect(Over::Socket).await;
        }
        let mut sender = Sender::new(&mut vera, "vera", [Over::Socket; 2], conversation);
        sender.settle(&command, &mut answers).await;
        sent.push(Sent { sender: "vera".to_owned(), cmid, text: Some(text), answers });
        offset += 1;
    }
    assert!(offset > 300, "an ack and an event have more than {offset} bytes");
    check(&world, conversation, &sent, &[&vera, &ann]).await;
}

#[tokio::test]
async fn f16_without_upgrades_or_with_responses_held_back_polls_carry_everything_and_sockets_come_back() {
    let proxy = Proxy::bind().await.expect("a proxy");
    let (world, mut vera, ann, conversation) = behind(&proxy).await;
    let mut sent = Vec::new();
    let middle_boxes = [
        (Upgrades::Strip, Responses::Stream),
        (Upgrades::Refuse, Responses::Stream),
        (Upgrades::Strip, Responses::Whole),
        (Upgrades::Strip, Responses::Old),
        (Upgrades::Pass, Responses::Old),
    ];
    for (number, (upgrades, responses)) in middle_boxes.into_iter().enumerate() {
        proxy.change_new(|weather| {
            weather.upgrades = upgrades;
            weather.responses = responses;
        });
        proxy.cut();
        vera.vanish();
        let tried = vera.try_connect(Over::Socket).await;
        let opened =
            tried.is_ok() && vera.within(std::time::Duration::from_secs(2), |view| view.closed.is_none()).await;
        assert!(tried.is_err() || !opened, "a WebSocket through {upgrades:?} and {responses:?}");
        vera.connect(Over::Poll).await;
        sent.extend(Sender::new(&mut vera, &format!("vera {number}"), [Over::Poll; 2], conversation).times(5).await);
        ann.says(conversation, &format!("do you hear me? {number}")).await;
        vera.sees(&format!("do you hear me? {number}")).await;
        proxy.change_new(|weather| {
            weather.upgrades = Upgrades::Pass;
            weather.responses = Responses::Stream;
        });
        vera.connect(Over::Socket).await;
        sent.extend(
            Sender::new(&mut vera, &format!("vera back {number}"), [Over::Socket; 2], conversation).times(5).await,
        );
    }
    check(&world, conversation, &sent, &[&vera, &ann]).await;
}

/// One poll by hand: where the reader is, and which of its polls this is.
async fn poll(client: &Client, page: Cmid, generation: u64) -> reqwest::Result<Vec<Event>> {
    let hello = protocol::command::Hello { token: None, ..client.hello() };
    let body = serde_json::to_string(&Poll { hello, generation, client: page }).expect("JSON");
    let url = format!("{}/v1/poll", client.base);
    let request = request(&reqwest::Client::new(), url, &client.origin, &client.credentials).body(body);
    let text = request.send().await?.text().await?;
    Ok(serde_json::from_str::<Events>(&text).expect("events").events)
}

#[tokio::test]
async fn f19_answers_to_polls_late_twice_out_of_order_and_in_part_change_nothing() {
    let proxy = Proxy::bind().await.expect("a proxy");
    let (world, mut vera, ann, conversation) = behind(&proxy).await;
    vera.connect(Over::Poll).await;
    vera.must(Command::Fetch(Fetch { conversation, after: 0 })).await;
    vera.vanish();
    let page = Cmid(Uuid::new_v4());
    let mut kept: Vec<Vec<Event>> = Vec::new();
    for number in 0..8 {
        ann.says(conversation, &format!("line {number}")).await;
        let events = poll(&vera, page, 2 * number + 1).await.expect("an answer");
        // The same poll once more, without having taken anything in, says the same entries.
        let again = poll(&vera, page, 2 * number + 2).await.expect("an answer");
        assert!(!entries(&events).is_empty(), "nothing new in {events:?}");
        assert_eq!(entries(&events), entries(&again), "an answer deletes nothing");
        if number % 2 == 0 {
            // This answer is late: it is taken in after all others.
            kept.push(again);
        } else {
            take(&vera, &events);
            take(&vera, &again);
        }
    }
    for late in kept.iter().rev().chain(&kept) {
        take(&vera, late);
    }
    for part in [1, 40, 200, 300] {
        ann.says(conversation, &format!("cut at {part}")).await;
        proxy.change_new(|weather| weather.to_client.until = Some((part, End::Fin)));
        let cut = poll(&vera, page, 1_000 + 2 * part).await;
        assert!(cut.is_err(), "{cut:?}");
        proxy.change_new(|weather| weather.to_client.until = None);
        take(&vera, &poll(&vera, page, 1_001 + 2 * part).await.expect("an answer"));
    }
    // Of two polls of one page at once, the older ends itself and takes nothing from the newer.
    let (newer, older, _) = tokio::join!(poll(&vera, page, 9_001), poll(&vera, page, 9_000), async {
        ann.says(conversation, "to one of two polls").await
    });
    take(&vera, &newer.expect("an answer"));
    take(&vera, &older.expect("an answer"));
    vera.connect(Over::Poll).await;
    eventually("the last line", || async {
        vera.look(|view| view.texts(conversation).contains(&"to one of two polls".to_owned())).then_some(())
    })
    .await;
    check(&world, conversation, &[], &[&vera, &ann]).await;
}

fn entries(events: &[Event]) -> Vec<&Event> {
    events.iter().filter(|event| matches!(event, Event::Entries(_))).collect()
}

fn take(client: &Client, events: &[Event]) {
    for event in events {
        client.takes(event.clone());
    }
}
