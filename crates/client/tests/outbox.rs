//! What becomes of sends: order, refusals, age, storage.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use client::{
    Client, ClientEvent, Config, Effect, HAND_OVER_MS, Input, LOAD_WITHIN_MS, ReadThrottle, Tick, TimerId, TypingStep,
    TypingThrottle,
};
use protocol::codec::{from_json, to_json};
use protocol::command::{Command, LeaveMessage, Post, PostBody, Start};
use protocol::entry::Text;
use protocol::error::ErrorCode;
use protocol::event::{Ack, Event, Refused};
use protocol::frame::CommandFrame;
use protocol::ids::{Cmid, ConversationId, VisitorId};
use protocol::timeline::SendState;
use uuid::Uuid;

const A: ConversationId = ConversationId(Uuid::from_u128(0xa));
const B: ConversationId = ConversationId(Uuid::from_u128(0xb));
const WELCOME: &str =
    "{\"type\":\"welcome\",\"protocol\":1,\"build\":\"b\",\"at\":0,\"epoch\":\"00000000-0000-0000-0000-000000000006\"}";
const ANNA: VisitorId = VisitorId(Uuid::from_u128(0xa11a));
const BEN: VisitorId = VisitorId(Uuid::from_u128(0xbe0));
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn cmid(number: u128) -> Cmid {
    Cmid(Uuid::from_u128(number))
}

struct Rig {
    client: Client,
    tick: Tick,
}

impl Rig {
    /// Nobody yet.
    fn unknown() -> Self {
        let config = Config { client: cmid(1), token: None, tenant: None, scope: "site".to_owned() };
        Self { client: Client::new(config), tick: Tick { now: 1_000, wall: 1_000_000, random: 0 } }
    }

    /// The owner of an empty outbox.
    fn new() -> Self {
        Self::restored("")
    }

    /// The owner of an outbox in which an earlier page left something.
    fn restored(lines: &str) -> Self {
        let mut rig = Self::unknown();
        rig.open(ANNA);
        rig.feed(Input::Owner);
        rig.feed(Input::Loaded(lines));
        // Ownership asked again what is there.
        rig.feed(Input::Loaded(lines));
        rig
    }

    /// One of several tabs, not the owner.
    fn second() -> Self {
        let mut rig = Self::unknown();
        rig.open(ANNA);
        rig.feed(Input::Loaded(""));
        rig
    }

    fn open(&mut self, visitor: VisitorId) -> Vec<Effect> {
        self.client.open(Some(visitor), &self.tick);
        self.client.take_effects()
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
        self.client.post(&post(number, conversation), &self.tick);
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
    assert!(effects.contains(&Effect::Drop(cmid(10))));
    assert_eq!(sent(&effects)[0].command, post(11, Some(A)));
}

#[test]
fn what_follows_a_start_goes_where_the_start_went() {
    let mut rig = Rig::live();
    let start =
        Start { cmid: cmid(10), name: None, email: None, text: Some("first".to_owned()), page: None, department: None };
    rig.client.post(&Command::Start(start), &rig.tick);
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

/// What a client wants kept.
fn kept(effects: &[Effect]) -> Vec<String> {
    let text = |effect: &Effect| match effect {
        Effect::Keep { text, .. } => Some(text.clone()),
        _ => None,
    };
    effects.iter().filter_map(text).collect()
}

fn unsent(effects: &[Effect]) -> Vec<Cmid> {
    let cmid = |effect: &Effect| match effect {
        Effect::Tell(ClientEvent::Unsent { cmid, .. }) => Some(*cmid),
        _ => None,
    };
    effects.iter().filter_map(cmid).collect()
}

#[test]
fn a_reload_brings_back_what_was_not_stored() {
    let mut rig = Rig::new();
    let mut lines = Vec::new();
    for number in [10, 11, 12] {
        lines.extend(kept(&rig.post(number, Some(A))));
    }
    lines.reverse();
    lines.push("not an item".to_owned());
    lines.push("{\"at\":1,\"order\":1,\"command\":{\"type\":\"of tomorrow\"}}".to_owned());
    let mut later = Rig::unknown();
    later.open(ANNA);
    let effects = later.feed(Input::Loaded(&lines.join("\n")));
    let mut told = unsent(&effects);
    told.sort();
    assert_eq!(told, [cmid(10), cmid(11), cmid(12)]);
    later.feed(Input::Owner);
    let order: Vec<_> = later.client.outbox().iter().map(|item| item.cmid).collect();
    assert_eq!(order, [cmid(10), cmid(11), cmid(12)]);
    let pending = later.client.outbox()[0].pending().unwrap();
    assert_eq!((pending.cmid, pending.at), (cmid(10), 1_000_000));
    let Command::Post(posted) = post(10, None) else { unreachable!() };
    assert_eq!(pending.body, posted.body);
    assert_eq!(sent(&later.connect()).last().unwrap().command, post(10, Some(A)));
}

/// What the first build wrote: no visitor, and small numbers for the order.
#[test]
fn what_an_older_build_left_is_sent_first() {
    let old = |number: u128, order: u64| {
        let command = to_json(&post(number, Some(A)));
        format!("{{\"at\":900000,\"order\":{order},\"command\":{command}}}")
    };
    let mut rig = Rig::restored(&format!("{}\n{}", old(12, 2), old(11, 1)));
    rig.post(13, Some(A));
    let order: Vec<_> = rig.client.outbox().iter().map(|item| item.cmid).collect();
    assert_eq!(order, [cmid(11), cmid(12), cmid(13)]);
    assert_eq!(sent(&rig.connect()).last().unwrap().command, post(11, Some(A)));
}

#[test]
fn after_a_day_a_send_waits_for_a_tap_and_does_not_hold_others_up() {
    let lines = kept(&Rig::new().post(10, Some(A))).join("\n");
    let mut later = Rig::unknown();
    later.tick.wall += DAY_MS + 1;
    later.open(ANNA);
    later.feed(Input::Owner);
    later.feed(Input::Loaded(&lines));
    later.feed(Input::Loaded(&lines));
    assert_eq!(later.client.outbox()[0].state, SendState::Stale);
    assert!(later.connect().iter().all(|it| !matches!(it, Effect::SendText(text) if text.contains("post"))));
    assert_eq!(sent(&later.post(11, Some(A)))[0].command, post(11, Some(A)));
    later.client.retry(cmid(10), &later.tick);
    assert_eq!(later.client.outbox()[1].state, SendState::Sending);
    // Storage still holds the old item of it: that is not news.
    later.feed(Input::Changed);
    later.feed(Input::Loaded(&lines));
    assert_eq!(later.client.outbox()[1].state, SendState::Sending);
}

#[test]
fn what_was_written_before_the_visitor_was_known_is_kept_and_becomes_the_visitors() {
    let mut rig = Rig::unknown();
    let lines = kept(&rig.post(10, None)).join("\n");
    assert!(lines.contains("\"cmid\"") && !lines.contains("visitor"));
    // The page is reloaded before the token came.
    let mut later = Rig::unknown();
    later.open(ANNA);
    let effects = later.feed(Input::Loaded(&lines));
    assert_eq!(unsent(&effects), [cmid(10)]);
    assert!(kept(&effects).join("").contains(&ANNA.text()));
    later.feed(Input::Owner);
    assert_eq!(sent(&later.connect()).last().unwrap().command, post(10, None));
    // It is nobody else's then.
    let claimed = kept(&effects).join("\n");
    let mut other = Rig::unknown();
    other.open(BEN);
    assert!(unsent(&other.feed(Input::Loaded(&claimed))).is_empty());
    assert!(other.client.outbox().is_empty());
}

#[test]
fn nobody_sends_what_somebody_else_wrote() {
    let mut rig = Rig::live();
    let first = sent(&rig.post(10, Some(A)))[0].id;
    rig.post(11, Some(A));
    let effects = rig.open(BEN);
    assert!(effects.contains(&Effect::Own(format!("frontdesk.out.site.{}", BEN.text()))));
    assert!(rig.client.outbox().is_empty());
    assert!(sent(&rig.ack(first, A)).is_empty());
    rig.client.clear();
    assert!(!rig.client.take_effects().iter().any(|it| matches!(it, Effect::Drop(_))), "Anna's stay hers");
}

#[test]
fn logging_out_leaves_nothing_in_storage() {
    let mut rig = Rig::live();
    rig.post(10, Some(A));
    rig.post(11, Some(A));
    rig.client.clear();
    let effects = rig.client.take_effects();
    assert!(effects.contains(&Effect::Drop(cmid(10))) && effects.contains(&Effect::Drop(cmid(11))));
    assert!(rig.client.outbox().is_empty());
}

#[test]
fn nothing_is_sent_before_storage_told_what_is_older_unless_it_does_not_answer() {
    let mut rig = Rig::unknown();
    rig.open(ANNA);
    rig.feed(Input::Owner);
    rig.connect();
    let effects = rig.post(10, Some(A));
    assert!(sent(&effects).is_empty());
    assert!(effects.contains(&Effect::SetTimer { timer: TimerId::Outbox, after_ms: LOAD_WITHIN_MS }));
    rig.tick.now += LOAD_WITHIN_MS;
    assert_eq!(sent(&rig.feed(Input::Timer(TimerId::Outbox)))[0].command, post(10, Some(A)));
}

#[test]
fn an_answer_of_storage_that_was_overtaken_is_asked_for_again() {
    let mut rig = Rig::new();
    let line = kept(&rig.post(10, Some(A))).join("");
    assert_eq!(rig.feed(Input::Changed), [Effect::Load]);
    rig.client.discard(cmid(10), &rig.tick);
    assert_eq!(rig.client.take_effects(), [Effect::Drop(cmid(10))]);
    let effects = rig.feed(Input::Loaded(&line));
    assert_eq!(effects, [Effect::Load]);
    assert!(rig.feed(Input::Loaded("")).is_empty());
    assert!(rig.client.outbox().is_empty());
}

#[test]
fn another_tab_leaves_sending_to_the_owner_and_sees_how_it_goes() {
    let mut rig = Rig::second();
    rig.connect();
    let effects = rig.post(10, Some(A));
    assert!(sent(&effects).is_empty());
    assert!(effects.contains(&Effect::SetTimer { timer: TimerId::Outbox, after_ms: HAND_OVER_MS }));
    let line = kept(&effects).join("");
    // The owner says that the server refused it; the person sends it again from here.
    let failed = line.replacen("\"visitor\"", "\"failed\":\"too_large\",\"visitor\"", 1);
    rig.feed(Input::Changed);
    let effects = rig.feed(Input::Loaded(&failed));
    assert!(told(&effects, 10, SendState::Failed(ErrorCode::TooLarge)), "{effects:?}");
    rig.tick.wall += 5;
    rig.client.retry(cmid(10), &rig.tick);
    let effects = rig.client.take_effects();
    assert!(sent(&effects).is_empty() && kept(&effects).len() == 1);
    // It is gone from storage, so it was sent; the entry says where to.
    rig.feed(Input::Changed);
    assert!(!rig.feed(Input::Loaded("")).iter().any(|it| matches!(it, Effect::Tell(_))));
    let entry = format!(
        "{{\"type\":\"entries\",\"conversation\":\"{}\",\"epoch\":\"{}\",\"from\":1,\"last_seq\":1,\"items\":[{{\"seq\":1,\"cmid\":\"{}\"}}]}}",
        A.text(),
        cmid(6).text(),
        cmid(10).text(),
    );
    assert!(told(&rig.feed(Input::SocketText(&entry)), 10, SendState::Stored));
    assert!(rig.client.outbox().is_empty());
}

#[test]
fn another_tab_sends_by_itself_when_the_owner_does_nothing() {
    let mut rig = Rig::second();
    rig.connect();
    rig.post(10, Some(A));
    rig.tick.now += HAND_OVER_MS;
    assert_eq!(sent(&rig.feed(Input::Timer(TimerId::Outbox)))[0].command, post(10, Some(A)));
}

#[test]
fn a_send_discarded_in_another_tab_is_shown_no_longer() {
    let mut rig = Rig::live();
    let id = sent(&rig.post(10, Some(A)))[0].id;
    rig.refuse(id, ErrorCode::Invalid, None);
    rig.feed(Input::Changed);
    assert!(rig.feed(Input::Loaded("")).contains(&Effect::Tell(ClientEvent::Gone(cmid(10)))));
    assert!(rig.client.outbox().is_empty());
}

#[test]
fn what_storage_refuses_is_said_and_sent_all_the_same() {
    let mut rig = Rig::new();
    rig.post(10, Some(A));
    assert!(rig.feed(Input::NotKept).contains(&Effect::Tell(ClientEvent::NotKept)));
    rig.feed(Input::Changed);
    rig.feed(Input::Loaded(""));
    assert_eq!(sent(&rig.connect()).last().unwrap().command, post(10, Some(A)));
}

#[test]
fn an_offline_form_comes_back_as_one() {
    let left = LeaveMessage {
        cmid: cmid(10),
        conversation: None,
        name: "Ann".to_owned(),
        email: "ann@example.com".to_owned(),
        text: "Hello".to_owned(),
        page: None,
        department: None,
    };
    let mut rig = Rig::new();
    rig.client.post(&Command::LeaveMessage(left.clone()), &rig.tick);
    let line = kept(&rig.client.take_effects()).join("");
    let mut later = Rig::second();
    later.feed(Input::Changed);
    let effects = later.feed(Input::Loaded(&line));
    assert!(effects.iter().any(|it| matches!(it, Effect::Tell(ClientEvent::Unsent { left: true, .. }))));
    later.feed(Input::Owner);
    assert_eq!(sent(&later.connect()).last().unwrap().command, Command::LeaveMessage(left));
}

#[test]
fn a_send_grows_stale_on_an_open_page_too() {
    let mut rig = Rig::new();
    rig.post(10, Some(A));
    rig.tick.wall += DAY_MS + 1;
    assert!(told(&rig.feed(Input::Start), 10, SendState::Stale));
}

#[test]
fn what_is_under_way_cannot_be_discarded() {
    let mut rig = Rig::live();
    let id = sent(&rig.post(10, Some(A)))[0].id;
    assert!(!rig.client.discard(cmid(10), &rig.tick));
    rig.refuse(id, ErrorCode::TooLarge, None);
    assert!(rig.client.discard(cmid(10), &rig.tick));
    assert!(rig.client.take_effects().contains(&Effect::Drop(cmid(10))));
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
