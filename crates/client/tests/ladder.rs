//! The ladder's timings and what each close code does.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use client::{Client, ClientEvent, Config, Effect, Input, Status, Tick, TimerId, Transport};
use protocol::codec::{from_json, to_json};
use protocol::command::{Close, Command, Fetch, Read, Typing};
use protocol::event::{Entries, Event, Ping, Reconnect, Reset, ResetReason, Token, Welcome};
use protocol::frame::{CommandFrame, Commands, Poll};
use protocol::ids::{Cmid, ConversationId, Epoch};
use uuid::Uuid;

const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(5));
const EPOCH: Epoch = Epoch(Uuid::from_u128(6));
const WELCOME: &str =
    "{\"type\":\"welcome\",\"protocol\":1,\"build\":\"b\",\"at\":0,\"epoch\":\"00000000-0000-0000-0000-000000000006\"}";
const EMPTY: &str = "{\"events\":[]}";

struct Rig {
    client: Client,
    now: u64,
    /// Numbers of the newest poll and the newest posted commands.
    poll: u32,
    batch: u32,
}

impl Rig {
    fn new() -> Self {
        let client = Client::new(Config {
            client: Cmid(Uuid::from_u128(1)),
            token: Some("secret".to_owned()),
            tenant: None,
            scope: "site".to_owned(),
        });
        Self { client, now: 10_000, poll: 0, batch: 0 }
    }

    fn tick(&self) -> Tick {
        Tick { now: self.now, wall: 0, random: u32::MAX }
    }

    fn feed(&mut self, input: Input<'_>) -> Vec<Effect> {
        let tick = self.tick();
        self.client.handle(input, &tick);
        self.effects()
    }

    fn effects(&mut self) -> Vec<Effect> {
        let effects = self.client.take_effects();
        for effect in &effects {
            match effect {
                Effect::Poll { number, .. } => self.poll = *number,
                Effect::PostCommands { number, .. } => self.batch = *number,
                _ => {}
            }
        }
        effects
    }

    fn poll_done(&mut self, status: u16, text: &str) -> Vec<Effect> {
        self.feed(Input::PollDone { number: self.poll, status, text })
    }

    fn commands_done(&mut self, status: u16, text: &str) -> Vec<Effect> {
        self.feed(Input::CommandsDone { number: self.batch, status, text })
    }

    fn send(&mut self, command: Command) -> Vec<Effect> {
        let tick = self.tick();
        self.client.send(&command, &tick);
        self.effects()
    }

    fn live() -> Self {
        let mut rig = Self::new();
        rig.feed(Input::Start);
        rig.feed(Input::SocketOpened);
        let effects = rig.feed(Input::SocketText(WELCOME));
        assert!(has_status(&effects, Status::Live(Transport::Socket)));
        rig.now += 10_000;
        rig
    }

    fn polling() -> Self {
        let mut rig = Self::new();
        rig.feed(Input::Start);
        rig.now += 4_000;
        let effects = rig.feed(Input::Timer(TimerId::Open));
        assert!(effects.contains(&Effect::CloseSocket(1000)));
        assert!(effects.iter().any(|it| matches!(it, Effect::Poll { .. })));
        let effects = rig.poll_done(200, EMPTY);
        assert!(has_status(&effects, Status::Live(Transport::Poll)));
        rig
    }
}

fn has_status(effects: &[Effect], status: Status) -> bool {
    effects.contains(&Effect::Tell(ClientEvent::Status(status)))
}

fn timer(effects: &[Effect], wanted: TimerId) -> Option<u64> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::SetTimer { timer, after_ms } if *timer == wanted => Some(*after_ms),
        _ => None,
    })
}

fn sent(effects: &[Effect]) -> Vec<Command> {
    let frame = |effect: &Effect| match effect {
        Effect::SendText(text) => Some(from_json::<CommandFrame>(text).unwrap().command),
        _ => None,
    };
    effects.iter().filter_map(frame).collect()
}

fn posted(effects: &[Effect]) -> Option<Vec<CommandFrame>> {
    effects.iter().find_map(|effect| match effect {
        Effect::PostCommands { body, .. } => Some(from_json::<Commands>(body).unwrap().commands),
        _ => None,
    })
}

/// What the poll among them says.
fn polled(effects: &[Effect]) -> Poll {
    let body = effects.iter().find_map(|effect| match effect {
        Effect::Poll { body, .. } => from_json(body),
        _ => None,
    });
    body.expect("a poll")
}

fn read(seq: u64) -> Command {
    Command::Read(Read { conversation: CONVERSATION, seq })
}

fn entries(from: u64, to: u64) -> String {
    let items = (from..=to).map(|seq| protocol::entry::Item { seq, at: None, author: None, cmid: None, body: None });
    to_json(&Event::Entries(Entries {
        conversation: CONVERSATION,
        epoch: EPOCH,
        from,
        last_seq: to,
        items: items.collect(),
    }))
}

#[test]
fn the_first_frame_is_hello_with_token_and_cursors() {
    let mut rig = Rig::live();
    rig.feed(Input::SocketText(&entries(1, 3)));
    rig.feed(Input::SocketClosed(1006));
    rig.feed(Input::Timer(TimerId::Retry));
    let effects = rig.feed(Input::SocketOpened);
    let [Command::Hello(hello)] = &sent(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(hello.token.as_deref(), Some("secret"));
    assert_eq!((hello.resume[0].epoch, hello.resume[0].seq), (EPOCH, 3));
}

#[test]
fn a_socket_that_hangs_gives_way_to_a_poll_after_four_seconds() {
    let mut rig = Rig::new();
    let effects = rig.feed(Input::Start);
    assert!(effects.contains(&Effect::OpenSocket));
    assert_eq!(timer(&effects, TimerId::Open), Some(4_000));
    Rig::polling();
}

#[test]
fn two_early_failures_give_way_to_a_poll() {
    let mut rig = Rig::new();
    rig.feed(Input::Start);
    let effects = rig.feed(Input::SocketClosed(1006));
    assert!(timer(&effects, TimerId::Retry).unwrap() <= 500);
    let effects = rig.feed(Input::Timer(TimerId::Retry));
    assert!(effects.contains(&Effect::OpenSocket));
    let effects = rig.feed(Input::SocketClosed(1006));
    assert!(effects.iter().any(|it| matches!(it, Effect::Poll { .. })));
    assert_eq!(timer(&effects, TimerId::Upgrade), Some(30_000));
}

#[test]
fn a_settled_socket_that_breaks_is_opened_again() {
    let mut rig = Rig::live();
    rig.feed(Input::SocketClosed(1006));
    rig.feed(Input::Timer(TimerId::Retry));
    let effects = rig.feed(Input::SocketClosed(1006));
    assert!(!effects.iter().any(|it| matches!(it, Effect::Poll { .. })));
}

#[test]
fn the_way_back_from_poll_to_socket_keeps_the_cursor_and_unanswered_commands() {
    let mut rig = Rig::polling();
    let news = format!("{{\"events\":[{}]}}", entries(1, 2));
    assert_eq!(polled(&rig.feed_poll(200, &news)).hello.resume[0].seq, 2);
    assert_eq!(posted(&rig.send(read(2))).unwrap().len(), 1);
    rig.now += 30_000;
    let effects = rig.feed(Input::Timer(TimerId::Upgrade));
    assert!(effects.contains(&Effect::OpenSocket));
    assert!(!effects.iter().any(|it| matches!(it, Effect::AbortPoll)));
    let effects = rig.feed(Input::SocketOpened);
    assert!(matches!(&sent(&effects)[..], [Command::Hello(hello)] if hello.resume[0].seq == 2));
    let effects = rig.feed(Input::SocketText(WELCOME));
    assert!(effects.contains(&Effect::AbortPoll));
    assert_eq!(sent(&effects), [read(2)]);
}

#[test]
fn a_failed_upgrade_is_tried_again_later_and_later() {
    let mut rig = Rig::polling();
    let mut waits = Vec::new();
    for _ in 0..5 {
        rig.feed(Input::Timer(TimerId::Upgrade));
        waits.push(timer(&rig.feed(Input::SocketClosed(1006)), TimerId::Upgrade).unwrap());
    }
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= 375_000));
}

#[test]
fn thirty_five_silent_seconds_end_a_socket_and_a_frame_does_not() {
    let mut rig = Rig::live();
    rig.now += 20_000;
    let ping = to_json(&Event::Ping(Ping { at: 0 }));
    let effects = rig.feed(Input::SocketText(&ping));
    assert!(matches!(&sent(&effects)[..], [Command::Pong(_)]));
    rig.now += 15_000;
    let effects = rig.feed(Input::Timer(TimerId::Silence));
    assert_eq!(timer(&effects, TimerId::Silence), Some(20_000));
    rig.now += 20_000;
    let effects = rig.feed(Input::Timer(TimerId::Silence));
    assert!(effects.contains(&Effect::CloseSocket(1000)));
    assert!(timer(&effects, TimerId::Retry).is_some());
}

#[test]
fn waking_up_probes_and_an_unanswered_probe_reconnects() {
    let mut rig = Rig::live();
    let effects = rig.feed(Input::Visible);
    assert!(matches!(&sent(&effects)[..], [Command::Fetch(_)]));
    assert_eq!(timer(&effects, TimerId::Probe), Some(5_000));
    rig.now += 5_000;
    let effects = rig.feed(Input::Timer(TimerId::Probe));
    assert!(effects.contains(&Effect::CloseSocket(1000)));

    let mut rig = Rig::live();
    rig.feed(Input::Online);
    let effects =
        rig.feed(Input::SocketText("{\"type\":\"refused\",\"id\":2,\"code\":\"not_found\",\"message\":\"\"}"));
    assert!(effects.contains(&Effect::ClearTimer(TimerId::Probe)));
    assert!(!effects.iter().any(|it| matches!(it, Effect::Tell(_))));
    let effects = rig.feed(Input::Timer(TimerId::Probe));
    assert!(!effects.contains(&Effect::CloseSocket(1000)));
}

#[test]
fn waking_up_ends_a_wait() {
    let mut rig = Rig::live();
    rig.feed(Input::SocketClosed(1006));
    assert!(rig.feed(Input::Online).contains(&Effect::OpenSocket));
}

#[test]
fn close_codes_do_what_the_one_page_says() {
    for (code, status) in [
        (4401, Status::NeedToken),
        (4403, Status::Stopped(4403)),
        (4410, Status::Stopped(4410)),
        (4400, Status::Stopped(4400)),
    ] {
        let effects = Rig::live().feed(Input::SocketClosed(code));
        assert!(has_status(&effects, status), "{code}: {effects:?}");
        assert!(timer(&effects, TimerId::Retry).is_none());
    }
    for code in [1000, 1006, 1011, 1012, 4008, 4009, 4029] {
        let effects = Rig::live().feed(Input::SocketClosed(code));
        assert!(timer(&effects, TimerId::Retry).is_some(), "{code}");
    }
}

#[test]
fn a_new_token_starts_again() {
    let mut rig = Rig::live();
    rig.feed(Input::SocketClosed(4401));
    rig.client.set_token("fresh".to_owned());
    assert!(rig.feed(Input::Start).contains(&Effect::OpenSocket));
    let effects = rig.feed(Input::SocketOpened);
    assert!(matches!(&sent(&effects)[..], [Command::Hello(hello)] if hello.token.as_deref() == Some("fresh")));
}

#[test]
fn a_token_that_comes_on_an_open_connection_is_used_from_then_on() {
    let mut rig = Rig::live();
    let fresh = Event::Token(Token { token: "renewed".to_owned(), expires_at: 1 });
    let effects = rig.feed(Input::SocketText(&to_json(&fresh)));
    assert!(effects.contains(&Effect::Tell(ClientEvent::Event(Box::new(fresh)))));
    rig.feed(Input::SocketClosed(1006));
    rig.feed(Input::Timer(TimerId::Retry));
    let effects = rig.feed(Input::SocketOpened);
    assert!(matches!(&sent(&effects)[..], [Command::Hello(hello)] if hello.token.as_deref() == Some("renewed")));
}

#[test]
fn http_refusals_mean_the_same_as_close_codes() {
    for (http, status) in [(401, Status::NeedToken), (403, Status::Stopped(4403)), (426, Status::Stopped(4410))] {
        assert!(has_status(&Rig::polling().feed_poll(http, ""), status), "{http}");
    }
}

impl Rig {
    /// The empty first poll is followed by another after a pause.
    fn feed_poll(&mut self, status: u16, text: &str) -> Vec<Effect> {
        self.feed(Input::Timer(TimerId::Retry));
        self.poll_done(status, text)
    }
}

#[test]
fn an_overloaded_server_is_given_the_time_it_asks_for() {
    let problem = "{\"code\":\"unavailable\",\"message\":\"\",\"retry_after_ms\":60000}";
    let effects = Rig::polling().feed_poll(503, problem);
    assert_eq!(timer(&effects, TimerId::Retry), Some(60_000));
}

#[test]
fn a_server_that_restarts_says_when_to_come_back() {
    let mut rig = Rig::live();
    let text = to_json(&Event::Reconnect(Reconnect { after_ms: 7_000 }));
    let effects = rig.feed(Input::SocketText(&text));
    assert!(effects.contains(&Effect::CloseSocket(1000)));
    assert_eq!(timer(&effects, TimerId::Retry), Some(7_000));
}

#[test]
fn typing_is_not_said_late_but_a_close_is() {
    let mut rig = Rig::live();
    rig.feed(Input::SocketClosed(1006));
    let typing = Command::Typing(Typing { conversation: CONVERSATION, active: true, preview: None });
    let close = Command::Close(Close { conversation: CONVERSATION });
    rig.send(typing);
    rig.send(close.clone());
    rig.send(read(1));
    rig.send(read(2));
    rig.feed(Input::Timer(TimerId::Retry));
    rig.feed(Input::SocketClosed(1006));
    rig.feed(Input::Timer(TimerId::Retry));
    rig.feed(Input::SocketOpened);
    let effects = rig.feed(Input::SocketText(WELCOME));
    assert_eq!(sent(&effects), [close, read(2)]);
}

#[test]
fn a_gap_is_fetched_once_and_not_shown() {
    let mut rig = Rig::live();
    rig.feed(Input::SocketText(&entries(1, 2)));
    let effects = rig.feed(Input::SocketText(&entries(5, 5)));
    assert!(matches!(&sent(&effects)[..], [Command::Fetch(Fetch { after: 2, .. })]));
    assert!(!effects.iter().any(|it| matches!(it, Effect::Tell(_))));
    assert!(sent(&rig.feed(Input::SocketText(&entries(6, 6)))).is_empty());
}

#[test]
fn commands_beside_a_poll_go_one_request_at_a_time() {
    let mut rig = Rig::polling();
    let first = posted(&rig.send(read(1))).unwrap();
    assert!(posted(&rig.send(read(2))).is_none());
    let answer = format!("{{\"events\":[{{\"type\":\"ack\",\"id\":{}}}]}}", first[0].id);
    let effects = rig.commands_done(200, &answer);
    assert_eq!(posted(&effects).unwrap()[0].command, read(2));
    let effects = rig.commands_done(0, "");
    assert!(timer(&effects, TimerId::Commands).is_some());
    let effects = rig.feed(Input::Timer(TimerId::Commands));
    assert_eq!(posted(&effects).unwrap()[0].command, read(2));
}

#[test]
fn late_repeated_and_reordered_answers_change_nothing() {
    let mut rig = Rig::polling();
    let news = format!("{{\"events\":[{}]}}", entries(1, 2));
    rig.feed_poll(200, &news);
    let older = rig.poll - 1;
    for late in [older, older - 1, rig.poll + 1] {
        for (status, text) in [(200, news.as_str()), (200, "{"), (0, ""), (401, "")] {
            let effects = rig.feed(Input::PollDone { number: late, status, text });
            assert!(effects.is_empty(), "{late} {status}: {effects:?}");
        }
    }
    let held = rig.poll;
    let more = format!("{{\"events\":[{}]}}", entries(3, 3));
    let effects = rig.poll_done(200, &more);
    assert!(effects.iter().any(
        |it| matches!(it, Effect::Poll { body, .. } if from_json::<Poll>(body).unwrap().hello.resume[0].seq == 3)
    ));
    assert!(rig.feed(Input::PollDone { number: held, status: 200, text: &more }).is_empty());

    rig.send(read(3));
    let done = rig.batch;
    rig.commands_done(200, "{\"events\":[{\"type\":\"ack\",\"id\":1}]}");
    rig.send(read(4));
    for number in [done, rig.batch + 1] {
        assert!(rig.feed(Input::CommandsDone { number, status: 401, text: "" }).is_empty());
    }
}

#[test]
fn a_poll_without_a_word_for_thirty_five_seconds_is_asked_again() {
    let mut rig = Rig::polling();
    let effects = rig.feed(Input::Timer(TimerId::Retry));
    assert_eq!(timer(&effects, TimerId::PollDeadline), Some(35_000));
    rig.now += 35_000;
    let effects = rig.feed(Input::Timer(TimerId::PollDeadline));
    assert!(effects.contains(&Effect::AbortPoll));
    assert!(timer(&effects, TimerId::Retry).is_some());
}

#[test]
fn waking_up_asks_again_beside_a_poll_that_may_be_dead() {
    let mut rig = Rig::polling();
    rig.feed(Input::Timer(TimerId::Retry));
    assert!(!rig.feed(Input::Visible).contains(&Effect::AbortPoll), "it is fresh");
    rig.now += 6_000;
    let effects = rig.feed(Input::Visible);
    assert!(effects.contains(&Effect::AbortPoll));
    assert!(effects.iter().any(|it| matches!(it, Effect::Poll { .. })));
}

#[test]
fn waits_between_attempts_are_spread_and_bounded() {
    for random in [0, u32::MAX / 2, u32::MAX] {
        let mut rig = Rig::polling();
        rig.feed(Input::Timer(TimerId::Retry));
        let mut waits = Vec::new();
        for _ in 0..9 {
            let tick = Tick { random, ..rig.tick() };
            rig.client.handle(Input::PollDone { number: rig.poll, status: 0, text: "" }, &tick);
            waits.push(timer(&rig.effects(), TimerId::Retry).unwrap());
            rig.feed(Input::Timer(TimerId::Retry));
        }
        let ceilings = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
        for (wait, ceiling) in waits.iter().zip(ceilings) {
            let share = (u64::from(random) * ceiling) >> 32;
            assert_eq!(*wait, share.max(100));
        }
    }
}

#[test]
fn another_history_empties_the_view_and_is_taken_from_the_start() {
    let mut rig = Rig::live();
    rig.feed(Input::SocketText(&entries(1, 3)));
    rig.feed(Input::SocketClosed(1012));
    rig.feed(Input::Timer(TimerId::Retry));
    rig.feed(Input::SocketOpened);
    rig.feed(Input::SocketText(WELCOME));
    let reset = Event::Reset(Reset { conversation: CONVERSATION, reason: ResetReason::EpochChanged });
    let effects = rig.feed(Input::SocketText(&to_json(&reset)));
    assert!(effects.contains(&Effect::Tell(ClientEvent::Event(Box::new(reset)))));
    assert!(matches!(&sent(&effects)[..], [Command::Fetch(Fetch { after: 0, .. })]));

    // Without a word of it, too: entries of another epoch continue nothing.
    let mut rig = Rig::live();
    rig.feed(Input::SocketText(&entries(1, 3)));
    let other = entries(4, 4).replace(&EPOCH.text(), "00000000-0000-0000-0000-000000000007");
    let effects = rig.feed(Input::SocketText(&other));
    assert!(matches!(&sent(&effects)[..], [Command::Fetch(Fetch { after: 0, .. })]));
}

#[test]
fn a_refused_request_refuses_its_commands() {
    let mut rig = Rig::polling();
    rig.send(read(1));
    let effects = rig.commands_done(413, "{\"code\":\"too_large\",\"message\":\"\"}");
    let refused = effects.iter().any(|it| {
        matches!(it, Effect::Tell(ClientEvent::Event(event))
            if matches!(&**event, Event::Refused(refused) if refused.code == protocol::error::ErrorCode::TooLarge))
    });
    assert!(refused, "{effects:?}");
}

#[test]
fn junk_from_the_server_changes_nothing() {
    let mut rig = Rig::live();
    for text in ["", "{", "[]", "{\"type\":\"of tomorrow\"}", "{\"type\":\"ack\"}", "null"] {
        let told = rig.feed(Input::SocketText(text)).into_iter().any(|it| matches!(it, Effect::Tell(_)));
        assert!(!told, "{text}");
    }
    let welcome: Event = from_json(WELCOME).unwrap();
    assert!(matches!(welcome, Event::Welcome(Welcome { protocol: 1, .. })));
}

#[test]
fn a_state_with_a_line_changed_is_not_said_to_be_held() {
    let mut rig = Rig::polling();
    let state = r#"{"type":"agent_state","version":"v1","me":"00000000-0000-0000-0000-000000000001","tenant":"00000000-0000-0000-0000-000000000002","tenant_name":"T","suspended":false,"colleagues":[],"conversations":[],"marks":[]}"#;
    let line = r#"{"type":"conversation","conversation":{"id":"00000000-0000-0000-0000-000000000005","state":"waiting","site":"00000000-0000-0000-0000-000000000003","site_name":"S","visitor":"00000000-0000-0000-0000-000000000004","visitor_online":false,"created_at":1,"updated_at":1,"last_seq":1,"visitor_messages":1,"visitor_read_seq":1,"agent_read_seq":0}}"#;
    let mut version = |event: &str| polled(&rig.feed_poll(200, &format!("{{\"events\":[{event}]}}"))).hello.state;
    assert_eq!(version(state).as_deref(), Some("v1"));
    assert_eq!(version(line), None);
    assert_eq!(version(state).as_deref(), Some("v1"));
}
