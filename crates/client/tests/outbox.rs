//! What becomes of sends: order, refusals, age, storage.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use client::{
    Client, ClientEvent, Config, Effect, Input, Outgoing, ReadThrottle, Tick, TimerId, TypingStep, TypingThrottle,
};
use protocol::codec::{from_json, to_json};
use protocol::command::{Command, Post, PostBody, Start};
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::event::{Ack, Event, Refused};
use protocol::frame::CommandFrame;
use protocol::ids::{Cmid, ConversationId};
use protocol::timeline::SendState;
use uuid::Uuid;

const A: ConversationId = ConversationId(Uuid::from_u128(0xa));
const B: ConversationId = ConversationId(Uuid::from_u128(0xb));
const WELCOME: &str =
    "{\"type\":\"welcome\",\"protocol\":1,\"build\":\"b\",\"at\":0,\"epoch\":\"00000000-0000-0000-0000-000000000006\"}";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn cmid(number: u128) -> Cmid {
    Cmid(Uuid::from_u128(number))
}

struct Rig {
    client: Client,
    tick: Tick,
}

impl Rig {
    fn new() -> Self {
        Self {
            client: Client::new(Config { client: cmid(1), token: None, tenant: None }),
            tick: Tick { now: 1_000, wall: 1_000_000, random: 0 },
        }
    }

    fn live() -> Self {
        let mut rig = Self::new();
        rig.connect();
        rig
    }

    fn connect(&mut self) -> Vec<Effect> {
        self.feed(Input::Start);
        self.feed(Input::SocketOpened);
        self.feed(Input::SocketText(WELCOME))
    }

    fn feed(&mut self, input: Input<'_>) -> Vec<Effect> {
        self.client.handle(input, &self.tick);
        self.client.take_effects()
    }

    fn event(&mut self, event: Event) -> Vec<Effect> {
        self.feed(Input::SocketText(&to_json(&event)))
    }

    fn post(&mut self, number: u128, conversation: Option<ConversationId>) -> Vec<Effect> {
        let outgoing = Outgoing { command: post(number, conversation), at: self.tick.wall };
        self.client.post(outgoing, &self.tick);
        self.client.take_effects()
    }

    fn refuse(&mut self, id: u64, code: ErrorCode, retry_after_ms: Option<u64>) -> Vec<Effect> {
        self.event(Event::Refused(Refused {
            id,
            code,
            message: String::new(),
            cmid: None,
            field: None,
            limit: None,
            retry_after_ms,
        }))
    }

    fn ack(&mut self, id: u64, conversation: ConversationId) -> Vec<Effect> {
        self.event(Event::Ack(Ack { id, conversation: Some(conversation), cmid: None, seq: Some(1), at: None }))
    }
}

fn post(number: u128, conversation: Option<ConversationId>) -> Command {
    Command::Post(Post {
        cmid: cmid(number),
        conversation,
        body: PostBody::Message(Text { text: "hi \"there\"\n你好".to_owned() }),
    })
}

fn sent(effects: &[Effect]) -> Vec<CommandFrame> {
    let frame = |effect: &Effect| match effect {
        Effect::SendText(text) => from_json::<CommandFrame>(text),
        _ => None,
    };
    effects.iter().filter_map(frame).collect()
}

fn told(effects: &[Effect], number: u128, wanted: SendState) -> bool {
    effects.iter().any(|effect| {
        matches!(effect, Effect::Tell(ClientEvent::Sent { cmid: it, state, .. })
            if *it == cmid(number) && *state == wanted)
    })
}

#[test]
fn one_conversation_sends_one_at_a_time_and_two_do_not_wait_for_each_other() {
    let mut rig = Rig::live();
    let first = sent(&rig.post(10, Some(A)));
    assert_eq!(first[0].command, post(10, Some(A)));
    assert!(sent(&rig.post(11, Some(A))).is_empty());
    assert_eq!(sent(&rig.post(20, Some(B)))[0].command, post(20, Some(B)));
    let effects = rig.ack(first[0].id, A);
    assert!(told(&effects, 10, SendState::Stored));
    assert!(effects.contains(&Effect::Unstore(cmid(10))));
    assert_eq!(sent(&effects)[0].command, post(11, Some(A)));
}

#[test]
fn what_follows_a_start_goes_where_the_start_went() {
    let mut rig = Rig::live();
    let start = Outgoing {
        command: Command::Start(Start {
            cmid: cmid(10),
            name: None,
            email: None,
            text: Some("first".to_owned()),
            page: None,
        }),
        at: rig.tick.wall,
    };
    rig.client.post(start, &rig.tick);
    let id = sent(&rig.client.take_effects())[0].id;
    assert!(sent(&rig.post(11, None)).is_empty());
    assert!(sent(&rig.post(12, Some(A))).is_empty());
    let effects = rig.ack(id, A);
    assert_eq!(sent(&effects)[0].command, post(11, Some(A)));
}

#[test]
fn a_passing_refusal_is_repeated_and_a_final_one_waits_for_the_person() {
    let mut rig = Rig::live();
    let id = sent(&rig.post(10, Some(A)))[0].id;
    let effects = rig.refuse(id, ErrorCode::RateLimited, Some(1_500));
    assert!(effects.contains(&Effect::SetTimer { timer: TimerId::Outbox, after_ms: 1_500 }));
    assert!(sent(&rig.post(11, Some(A))).is_empty());
    rig.tick.now += 1_500;
    let again = sent(&rig.feed(Input::Timer(TimerId::Outbox)));
    assert_eq!(again[0].command, post(10, Some(A)));

    let effects = rig.refuse(again[0].id, ErrorCode::Invalid, None);
    assert!(told(&effects, 10, SendState::Failed(ErrorCode::Invalid)));
    assert_eq!(sent(&effects)[0].command, post(11, Some(A)));
    rig.ack(sent(&effects)[0].id, A);
    rig.client.retry(cmid(10), &rig.tick);
    let effects = rig.client.take_effects();
    assert!(told(&effects, 10, SendState::Sending));
    assert_eq!(sent(&effects)[0].command, post(10, Some(A)));
}

#[test]
fn a_reload_brings_back_what_was_not_stored() {
    let mut rig = Rig::new();
    let mut kept = Vec::new();
    for number in [10, 11, 12] {
        for effect in rig.post(number, Some(A)) {
            if let Effect::Store { text, .. } = effect {
                kept.push(text);
            }
        }
    }
    kept.reverse();
    kept.push("not an item".to_owned());
    kept.push("{\"at\":1,\"order\":1,\"command\":{\"type\":\"of tomorrow\"}}".to_owned());
    let mut later = Rig::new();
    later.client.restore(&kept, &later.tick);
    let order: Vec<_> = later.client.outbox().iter().map(|item| item.cmid()).collect();
    assert_eq!(order, [Some(cmid(10)), Some(cmid(11)), Some(cmid(12))]);
    let pending = later.client.outbox()[0].pending().unwrap();
    assert_eq!((pending.cmid, pending.at), (cmid(10), 1_000_000));
    assert_eq!(sent(&later.connect()).last().unwrap().command, post(10, Some(A)));
}

#[test]
fn after_a_day_a_send_waits_for_a_tap_and_does_not_hold_others_up() {
    let mut rig = Rig::new();
    let kept: Vec<String> = rig
        .post(10, Some(A))
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Store { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    let mut later = Rig::new();
    later.tick.wall += DAY_MS + 1;
    later.client.restore(&kept, &later.tick);
    assert_eq!(later.client.outbox()[0].state, SendState::Stale);
    assert!(later.connect().iter().all(|it| !matches!(it, Effect::SendText(text) if text.contains("post"))));
    assert_eq!(sent(&later.post(11, Some(A)))[0].command, post(11, Some(A)));
    later.client.retry(cmid(10), &later.tick);
    assert_eq!(later.client.outbox()[1].state, SendState::Sending);
}

#[test]
fn a_send_grows_stale_on_an_open_page_too() {
    let mut rig = Rig::new();
    rig.post(10, Some(A));
    rig.tick.wall += DAY_MS + 1;
    assert!(told(&rig.connect(), 10, SendState::Stale));
}

#[test]
fn what_is_under_way_cannot_be_discarded() {
    let mut rig = Rig::live();
    let id = sent(&rig.post(10, Some(A)))[0].id;
    assert!(!rig.client.discard(cmid(10), &rig.tick));
    rig.refuse(id, ErrorCode::TooLarge, None);
    assert!(rig.client.discard(cmid(10), &rig.tick));
    assert!(rig.client.take_effects().contains(&Effect::Unstore(cmid(10))));
    assert!(rig.client.outbox().is_empty());
}

#[test]
fn typing_is_said_at_once_then_every_three_seconds_then_its_end() {
    let mut typing = TypingThrottle::default();
    assert_eq!(typing.changed(0, true), TypingStep::Nothing);
    assert_eq!(typing.changed(0, false), TypingStep::Say(true));
    assert_eq!(typing.changed(1_000, false), TypingStep::AskAgain(2_000));
    assert_eq!(typing.changed(3_000, false), TypingStep::Say(true));
    assert_eq!(typing.changed(3_100, true), TypingStep::Say(false));
    assert_eq!(typing.changed(3_200, true), TypingStep::Nothing);
    typing.changed(4_000, false);
    typing.sent();
    assert_eq!(typing.changed(4_100, true), TypingStep::Nothing);
}

#[test]
fn read_marks_only_grow() {
    let mut marks = ReadThrottle::default();
    assert!(!marks.advance(A, 0));
    assert!(marks.advance(A, 2));
    assert!(!marks.advance(A, 2));
    assert!(!marks.advance(A, 1));
    assert!(marks.advance(B, 1));
    assert!(marks.advance(A, 3));
}
