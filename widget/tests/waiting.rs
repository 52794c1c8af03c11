//! Departments, opening times, waiting and who the visitor is.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod rig;

use protocol::command::{Command, LeaveMessage, Start};
use protocol::entry::{AuthorKind, Called, EntryBody, LeftOffline, PlaceKept, Transferred};
use protocol::ids::{DepartmentId, VisitorId};
use protocol::site::FieldRule;
use protocol::state::{Availability, ConversationState, DepartmentChoice, VisitorConversation};
use rig::{C, Rig, WALL, line, told};
use uuid::Uuid;
use widget::state::{Effect, Msg, Screen, Timer};

const ORDERS: DepartmentId = DepartmentId(Uuid::from_u128(0x70));
const RETURNS: DepartmentId = DepartmentId(Uuid::from_u128(0x71));
const HOUR: i64 = 3_600_000;

fn choice(id: DepartmentId, name: &str, opens_at: Option<i64>) -> DepartmentChoice {
    let availability = if opens_at.is_some() { Availability::Offline } else { Availability::Online };
    DepartmentChoice { id, name: name.to_owned(), availability, opens_at }
}

/// A site that asks for a department: orders is open, returns opens tomorrow at nine.
fn asks(rule: FieldRule) -> Rig {
    let mut config = rig::config();
    config.site.ask_department = Some(rule);
    let choices = vec![choice(ORDERS, "Orders", None), choice(RETURNS, "Returns", Some(WALL + 25 * HOUR))];
    config.departments = Some(choices.clone());
    let mut rig = Rig::with(config);
    rig.state.departments = Some(choices);
    rig
}

fn started(effects: &[Effect]) -> Option<Start> {
    effects.iter().find_map(|effect| match effect {
        Effect::Post(command) => match &**command {
            Command::Start(start) => Some(start.clone()),
            _ => None,
        },
        _ => None,
    })
}

fn left(effects: &[Effect]) -> Option<LeaveMessage> {
    effects.iter().find_map(|effect| match effect {
        Effect::Post(command) => match &**command {
            Command::LeaveMessage(message) => Some(message.clone()),
            _ => None,
        },
        _ => None,
    })
}

fn waiting(place: Option<u32>) -> VisitorConversation {
    VisitorConversation { position: place, can_keep: Some(true), ..line(ConversationState::Waiting) }
}

/// On the screen of a conversation that waits.
fn in_queue(place: Option<u32>) -> Rig {
    let mut rig = Rig::connected();
    rig.state.conversations = vec![waiting(place)];
    rig.push_state();
    rig.act("chat");
    rig
}

fn moves(rig: &mut Rig, place: u32) -> Vec<Effect> {
    rig.state.conversations[0].position = Some(place);
    rig.push_state()
}

/// What is read out.
fn said(rig: &Rig) -> String {
    let view = rig.view();
    let (_, rest) = view.split_once("class='hidden' role='status'>").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[test]
fn a_department_is_asked_for_and_goes_along() {
    let mut rig = asks(FieldRule::Required).connect();
    rig.act("chat");
    assert_eq!(rig.model.screen, Screen::PreChat);
    let view = rig.view();
    for text in ["Please choose", ">Orders</>", "Returns · Opens tomorrow at 09:00"] {
        assert!(view.contains(text), "{text}: {view}");
    }
    rig.input("text", "Hello");
    let effects = rig.act("form");
    assert!(started(&effects).is_none() && effects.contains(&Effect::Focus("department")));
    assert!(rig.view().contains("Please choose a department."));
    rig.input("department", &ORDERS.text());
    assert!(!rig.view().contains("Please choose a department."));
    assert_eq!(started(&rig.act("form")).unwrap().department, Some(ORDERS));
}

#[test]
fn one_need_not_choose_where_it_is_optional() {
    let mut rig = asks(FieldRule::Optional).connect();
    rig.act("chat");
    assert!(rig.view().contains("No preference"));
    rig.input("text", "Hello");
    assert_eq!(started(&rig.act("form")).unwrap().department, None);
}

#[test]
fn a_closed_department_takes_a_message_and_says_when_it_opens() {
    let mut rig = asks(FieldRule::Required).connect();
    rig.act("chat");
    rig.input("text", "Hello");
    rig.input("department", &RETURNS.text());
    let view = rig.view();
    assert!(view.contains("we will answer by email. Opens tomorrow at 09:00<"), "{view}");
    assert!(rig.act("form").contains(&Effect::Focus("name")));
    rig.input("name", "Ada");
    rig.input("email", "ada@example.org");
    let message = left(&rig.act("form")).unwrap();
    assert_eq!((message.department, message.conversation), (Some(RETURNS), None));
    let cmid = message.cmid;
    let stored = protocol::timeline::SendState::Stored;
    rig.msg(Msg::Client(client::ClientEvent::Sent { cmid, conversation: Some(C), state: stored }));
    assert_eq!(rig.model.screen, Screen::Left);
}

#[test]
fn the_page_may_choose_and_then_nobody_is_asked() {
    let mut rig = asks(FieldRule::Required).connect();
    rig.host(&format!(r#"{{"t":"department","v":"{ORDERS}"}}"#));
    rig.act("chat");
    assert_eq!(rig.model.screen, Screen::Thread(None));
    rig.input("composer", "Hello");
    assert_eq!(started(&rig.act("send")).unwrap().department, Some(ORDERS));
    // What it chose decides whether somebody is there.
    let mut rig = asks(FieldRule::Required);
    rig.host(&format!(r#"{{"t":"init","open":true,"department":"{RETURNS}"}}"#));
    assert!(rig.view().contains("Opens tomorrow at 09:00"), "{}", rig.view());
    rig.act("chat");
    assert_eq!(rig.model.screen, Screen::Offline(None));
    assert!(!rig.view().contains("<select"));
    // What is no department takes the choice back.
    rig.host(r#"{"t":"department","v":"null"}"#);
    assert!(rig.view().contains("<select"));
}

#[test]
fn a_closed_site_says_when_it_opens() {
    let mut rig = Rig::connected();
    rig.state.availability = Availability::Offline;
    for (after, words) in [(HOUR, "Opens at 09:00"), (49 * HOUR, "Opens 17 Jan 2027 at 09:00")] {
        rig.state.opens_at = Some(WALL + after);
        rig.push_state();
        assert!(rig.view().contains(words), "{}", rig.view());
    }
    rig.act("chat");
    assert!(rig.view().contains("Opens 17 Jan 2027 at 09:00"), "{}", rig.view());
    rig.host(r#"{"t":"locale","v":"zh-CN"}"#);
    assert!(rig.view().contains("2027年1月17日 09:00 开始服务"));
}

#[test]
fn a_conversation_that_waits_keeps_its_department() {
    let mut rig = asks(FieldRule::Required).connect();
    rig.state.conversations = vec![waiting(Some(2))];
    rig.push_state();
    rig.act("chat");
    rig.act("offline");
    assert_eq!(rig.model.screen, Screen::Offline(Some(C)));
    assert!(!rig.view().contains("<select"));
}

#[test]
fn a_place_can_be_kept_by_leaving_an_address() {
    let mut rig = in_queue(Some(3));
    assert!(rig.view().contains("Keep my place"));
    assert!(rig.act("place").contains(&Effect::Focus("email")));
    assert!(rig.act("keep-place").contains(&Effect::Focus("email")));
    assert!(rig.view().contains("Please enter your email address."));
    rig.input("email", "ada@example.org");
    let effects = rig.act("keep-place");
    let keeps = |effect: &Effect| match effect {
        Effect::Send(command) => match &**command {
            Command::KeepPlace(keep) => Some((keep.conversation, keep.email.clone())),
            _ => None,
        },
        _ => None,
    };
    assert_eq!(effects.iter().find_map(keeps), Some((C, "ada@example.org".to_owned())));
    rig.state.conversations[0].kept = Some(true);
    rig.push_state();
    let kept = EntryBody::PlaceKept(PlaceKept { email: "ada@example.org".to_owned() });
    rig.entry(AuthorKind::Visitor, None, kept);
    let view = rig.view();
    assert!(view.contains("Your place is kept. We will write to ada@example.org.") && !view.contains(">Keep my place"));
    rig.entry(AuthorKind::System, None, EntryBody::Called(Called { until: WALL + HOUR }));
    assert!(rig.view().contains("Your place is held until 09:00."));
}

#[test]
fn nothing_is_offered_or_said_that_the_server_does_not_tell() {
    let mut rig = in_queue(None);
    rig.state.conversations[0].can_keep = None;
    rig.push_state();
    let view = rig.view();
    assert!(view.contains("You are in the queue") && view.contains("Leave a message instead"), "{view}");
    assert!(!view.contains("Keep my place") && !view.contains("minutes"), "{view}");
}

#[test]
fn a_place_is_read_out_now_and_then_and_being_next_at_once() {
    let mut rig = in_queue(Some(9));
    assert_eq!(said(&rig), "You are number 9");
    let effects = moves(&mut rig, 8);
    assert!(effects.contains(&Effect::Later(Timer::Place, 20_000)), "{effects:?}");
    assert!(said(&rig) == "You are number 9" && rig.view().contains("<b>You are number 8"));
    moves(&mut rig, 7);
    rig.now += 20_000;
    rig.msg(Msg::Timer(Timer::Place));
    assert_eq!(said(&rig), "You are number 7");
    moves(&mut rig, 1);
    assert_eq!(said(&rig), "You are next");
    rig.state.conversations[0].state = ConversationState::Offered;
    rig.push_state();
    assert_eq!(said(&rig), "Connecting you with an agent");
}

#[test]
fn a_transfer_says_where_to() {
    let mut rig = Rig::active();
    let blank = Transferred { from: None, to: None, name: None, department: None, department_name: None };
    let to = Transferred { department_name: Some("Returns".to_owned()), ..blank.clone() };
    rig.entry(AuthorKind::Agent, None, EntryBody::Transferred(to));
    assert!(rig.view().contains("You are now in the queue of Returns"));
    rig.entry(AuthorKind::Agent, None, EntryBody::Transferred(blank));
    assert!(rig.view().contains("You are back at the head of the queue."));
}

#[test]
fn who_the_visitor_is_goes_to_the_server_once_the_chat_is_used() {
    let mut rig = Rig::new();
    let identify = r#"{"t":"identify","who":1}"#;
    rig.host(r#"{"t":"init","open":false}"#);
    assert!(!rig.host(identify).iter().any(|effect| matches!(effect, Effect::BecomeVisitor(_))));
    let mut rig = in_queue(Some(1));
    assert!(rig.host(identify).contains(&Effect::BecomeVisitor(Some("tok".to_owned()))));
    // Somebody else than before: nothing of the other one is shown.
    let other = VisitorId(Uuid::from_u128(0xe));
    let effects = rig.msg(Msg::Visitor { status: 200, text: &format!("{other}\nnew"), wait_ms: 0 });
    assert!(effects.contains(&Effect::Connect { token: "new".to_owned(), visitor: other }));
    assert_eq!((rig.model.screen, rig.model.conversations().len()), (Screen::Home, 0));
    assert!(told(&effects).contains(&r#"{"t":"token","v":"new"}"#.to_owned()));
}

/// Nobody came in time: the server turns the wait into a message left for later.
fn nobody_came(rig: &mut Rig) -> Vec<Effect> {
    rig.entry(AuthorKind::System, None, EntryBody::LeftOffline(LeftOffline { name: None, email: None }));
    rig.state.conversations[0] =
        VisitorConversation { last_seq: rig.items.len() as u64, ..line(ConversationState::Offline) };
    rig.push_state()
}

const ASKS: &str = "Nobody could answer yet. Leave your email address";
const MAILED: &str = "We will answer by email.";

#[test]
fn a_wait_that_ended_asks_for_an_address_and_keeps_the_thread() {
    let mut rig = in_queue(Some(3));
    rig.says(AuthorKind::Visitor, "Is anybody there?");
    let effects = nobody_came(&mut rig);
    assert_eq!(rig.model.screen, Screen::Offline(Some(C)));
    assert!(rig.view().contains(ASKS), "{}", rig.view());
    // Whoever is busy on the page around is not pulled away.
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Focus(_))), "{effects:?}");
    // The thread itself does not promise a mail that has no address, and leads to the form.
    rig.act("home");
    rig.act("chat");
    let view = rig.view();
    assert!(view.contains("Your message was left for us.</>") && view.contains(ASKS), "{view}");
    assert!(!view.contains(MAILED), "{view}");
    rig.act("offline");
    rig.input("name", "Ada");
    rig.input("email", "ada@example.org");
    rig.input("text", "Then write to me");
    let message = left(&rig.act("form")).unwrap();
    assert_eq!(message.conversation, Some(C));
    let stored = protocol::timeline::SendState::Stored;
    rig.msg(Msg::Client(client::ClientEvent::Sent { cmid: message.cmid, conversation: Some(C), state: stored }));
    assert_eq!(rig.model.screen, Screen::Left);
    rig.act("home");
    rig.act("chat");
    assert!(rig.view().contains(MAILED) && !rig.view().contains(ASKS), "{}", rig.view());
}

#[test]
fn who_is_writing_or_elsewhere_when_the_wait_ends_stays_there() {
    let mut rig = in_queue(Some(3));
    rig.says(AuthorKind::Visitor, "Is anybody there?");
    rig.input("composer", "I can wait a lit");
    nobody_came(&mut rig);
    assert_eq!((rig.model.screen, rig.model.composer.as_str()), (Screen::Thread(Some(C)), "I can wait a lit"));
    assert!(rig.view().contains(ASKS), "{}", rig.view());
    let mut rig = in_queue(Some(3));
    rig.says(AuthorKind::Visitor, "Is anybody there?");
    rig.act("home");
    nobody_came(&mut rig);
    assert_eq!(rig.model.screen, Screen::Home);
    rig.act("chat");
    assert!(rig.model.screen == Screen::Thread(Some(C)) && rig.view().contains(ASKS), "{}", rig.view());
}

#[test]
fn nobody_is_asked_for_an_address_that_is_known() {
    let mut rig = in_queue(Some(3));
    rig.state.email = Some("ada@example.org".to_owned());
    nobody_came(&mut rig);
    assert_eq!(rig.model.screen, Screen::Thread(Some(C)));
    assert!(rig.view().contains(MAILED) && !rig.view().contains(ASKS), "{}", rig.view());
}
