//! What the widget decides.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod rig;

use client::{ClientEvent, Status};
use protocol::command::{Command, PostBody};
use protocol::entry::AuthorKind;
use protocol::error::ErrorCode;
use protocol::event::{Event, Refused, TypingShown};
use protocol::site::FieldRule;
use protocol::state::{Availability, ConversationState};
use protocol::timeline::SendState;
use rig::{C, Rig, line, told};
use uuid::Uuid;
use widget::state::{Effect, Identity, Msg, NewFile, Screen, Timer};

fn posts(effects: &[Effect]) -> Vec<Command> {
    let post = |effect: &Effect| match effect {
        Effect::Post(command) => Some(Command::clone(command)),
        _ => None,
    };
    effects.iter().filter_map(post).collect()
}

fn sends(effects: &[Effect]) -> Vec<Command> {
    let send = |effect: &Effect| match effect {
        Effect::Send(command) => Some(Command::clone(command)),
        _ => None,
    };
    effects.iter().filter_map(send).collect()
}

#[test]
fn nothing_is_asked_of_the_server_before_the_visitor_opens() {
    let mut rig = Rig::new();
    let effects = rig.host(r#"{"t":"init","open":false,"resume":false}"#);
    assert!(!effects.iter().any(|it| matches!(it, Effect::BecomeVisitor(_))), "{effects:?}");
    assert_eq!(rig.model.identity, Identity::Unknown);
    let effects = rig.host(r#"{"t":"open"}"#);
    assert!(effects.contains(&Effect::BecomeVisitor(None)));
}

#[test]
fn a_conversation_of_an_earlier_page_goes_on_in_the_background() {
    let mut rig = Rig::new();
    let effects = rig.host(r#"{"t":"init","open":false,"resume":true,"token":"old"}"#);
    assert!(effects.contains(&Effect::BecomeVisitor(Some("old".to_owned()))));
}

#[test]
fn the_first_message_starts_a_conversation_and_is_shown_at_once() {
    let mut rig = Rig::connected();
    rig.act("chat");
    assert_eq!(rig.model.screen, Screen::Thread(None));
    rig.input("composer", "  Hello  ");
    let effects = rig.act("send");
    let [Command::Start(start)] = &posts(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(start.text.as_deref(), Some("Hello"));
    let cmid = start.cmid;
    assert!(rig.view().contains("Hello"));
    // The next one waits behind it without a conversation.
    rig.input("composer", "Anyone?");
    let second = posts(&rig.act("send"));
    assert!(matches!(&second[..], [Command::Post(post)] if post.conversation.is_none()));
    rig.msg(Msg::Client(ClientEvent::Sent { cmid, conversation: Some(C), state: SendState::Stored }));
    assert_eq!(rig.model.screen, Screen::Thread(Some(C)));
    assert!(rig.model.draft.pending().is_empty());
    assert_eq!(rig.model.thread(&C).unwrap().timeline.pending().len(), 2);
}

#[test]
fn forms_come_first_where_the_site_asks() {
    let mut config = rig::config();
    config.site.ask_name = FieldRule::Required;
    config.site.ask_email = FieldRule::Optional;
    let mut rig = Rig::with(config).connect();
    rig.act("chat");
    assert_eq!(rig.model.screen, Screen::PreChat);
    assert!(posts(&rig.act("form")).is_empty());
    assert!(rig.view().contains("Please enter your name."));
    rig.input("name", "Ada");
    rig.input("email", "not an address");
    rig.input("text", "Hello");
    let effects = rig.act("form");
    assert!(posts(&effects).is_empty());
    assert!(effects.contains(&Effect::Focus("email")));
    rig.input("email", "ada@example.org");
    let effects = rig.act("form");
    let [Command::Start(start)] = &posts(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((start.name.as_deref(), start.email.as_deref()), (Some("Ada"), Some("ada@example.org")));
    assert_eq!(rig.model.screen, Screen::Thread(None));
}

#[test]
fn a_known_visitor_is_not_asked_again() {
    let mut config = rig::config();
    config.site.ask_name = FieldRule::Required;
    let mut rig = Rig::with(config).connect();
    rig.state.name = Some("Ada".to_owned());
    rig.push_state();
    rig.act("chat");
    assert_eq!(rig.model.screen, Screen::Thread(None));
}

#[test]
fn nobody_there_leads_to_the_offline_form_and_its_thanks() {
    let mut rig = Rig::connected();
    rig.state.availability = Availability::Offline;
    rig.push_state();
    rig.act("chat");
    assert_eq!(rig.model.screen, Screen::Offline(None));
    rig.input("name", "Ada");
    rig.input("email", "ada@example.org");
    rig.input("text", "Call me");
    let effects = rig.act("form");
    let [Command::LeaveMessage(message)] = &posts(&effects)[..] else { panic!("{effects:?}") };
    let cmid = message.cmid;
    assert!(posts(&rig.act("form")).is_empty(), "sent twice");
    rig.msg(Msg::Client(ClientEvent::Sent { cmid, conversation: Some(C), state: SendState::Stored }));
    assert_eq!(rig.model.screen, Screen::Left);
    assert!(rig.view().contains("ada@example.org"));
}

#[test]
fn a_full_queue_turns_the_message_into_the_offline_form() {
    let mut rig = Rig::connected();
    rig.act("chat");
    rig.input("composer", "Hello");
    rig.act("send");
    let cmid = rig.cmid();
    rig.msg(Msg::Client(ClientEvent::Sent {
        cmid,
        conversation: None,
        state: SendState::Failed(ErrorCode::QueueFull),
    }));
    assert_eq!(rig.model.screen, Screen::Offline(None));
    assert_eq!(rig.model.form.text, "Hello");
    assert!(rig.view().contains("No more visitors can be taken right now"));
}

#[test]
fn every_message_that_a_full_queue_refuses_stands_in_the_form() {
    let mut rig = Rig::connected();
    rig.act("chat");
    let cmids = ["Hello", "Anyone?"].map(|text| {
        rig.input("composer", text);
        rig.act("send");
        rig.cmid()
    });
    let mut effects = Vec::new();
    for (cmid, typed) in cmids.into_iter().zip([" It is me.", ""]) {
        let state = SendState::Failed(ErrorCode::QueueFull);
        effects = rig.msg(Msg::Client(ClientEvent::Sent { cmid, conversation: None, state }));
        let text = format!("{}{typed}", rig.model.form.text);
        rig.input("text", &text);
    }
    assert_eq!(rig.model.form.text, "Hello It is me.\nAnyone?");
    assert!(effects.contains(&Effect::SetValue("text", "Hello It is me.\nAnyone?".to_owned())), "{effects:?}");
    assert!(rig.model.draft.pending().is_empty());
}

#[test]
fn waiting_can_be_turned_into_a_message_in_the_same_thread() {
    let mut rig = Rig::connected();
    rig.state.conversations = vec![line(ConversationState::Waiting)];
    rig.push_state();
    rig.act("chat");
    rig.act("offline");
    assert_eq!(rig.model.screen, Screen::Offline(Some(C)));
}

#[test]
fn typing_is_told_with_what_is_written_only_where_the_site_says_so() {
    let mut rig = Rig::active();
    let effects = rig.input("composer", "Hel");
    let [Command::Typing(typing)] = &sends(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(typing.preview.as_deref(), Some("Hel"));
    let effects = rig.input("composer", "Hello");
    assert!(matches!(&effects[..], [Effect::Later(Timer::Typing, _)]));
    let mut config = rig::config();
    config.site.typing_preview = false;
    let mut rig = Rig::with(config).connect();
    rig.state.conversations = vec![line(ConversationState::Active)];
    rig.push_state();
    rig.act(&format!("open:{C}"));
    let effects = rig.input("composer", "secret");
    let [Command::Typing(typing)] = &sends(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!(typing.preview, None);
}

#[test]
fn what_is_in_view_is_read_and_what_is_not_is_counted() {
    let mut rig = Rig::active();
    let effects = rig.says(AuthorKind::Agent, "Hi");
    assert!(matches!(&sends(&effects)[..], [Command::Read(read)] if read.seq == 1));
    rig.host(r#"{"t":"close"}"#);
    let effects = rig.says(AuthorKind::Agent, "Still there?");
    assert!(sends(&effects).is_empty());
    let notes = told(&effects);
    assert!(notes.contains(&r#"{"t":"unread","v":1}"#.to_owned()), "{notes:?}");
    assert!(notes.contains(&r#"{"t":"event","name":"message","text":"Still there?","agent":"Mia"}"#.to_owned()));
    let effects = rig.host(r#"{"t":"open"}"#);
    assert!(matches!(&sends(&effects)[..], [Command::Read(read)] if read.seq == 2));
    assert!(told(&effects).contains(&r#"{"t":"unread","v":0}"#.to_owned()));
    assert!(rig.view().contains("New messages"));
}

#[test]
fn scrolled_up_means_not_read_yet() {
    let mut rig = Rig::active();
    rig.says(AuthorKind::Agent, "Hi");
    rig.msg(Msg::AtEnd(false));
    let effects = rig.says(AuthorKind::Agent, "More");
    assert!(sends(&effects).is_empty() && !rig.model.at_end);
    assert!(rig.view().contains("data-a='to-end'"));
    assert!(matches!(&sends(&rig.act("to-end"))[..], [Command::Read(read)] if read.seq == 2));
}

#[test]
fn a_failed_send_can_be_tried_again_or_dropped() {
    let mut rig = Rig::active();
    rig.input("composer", "Hello");
    rig.act("send");
    let cmid = rig.cmid();
    rig.msg(Msg::Client(ClientEvent::Sent {
        cmid,
        conversation: Some(C),
        state: SendState::Failed(ErrorCode::RateLimited),
    }));
    let view = rig.view();
    assert!(view.contains("Not sent") && view.contains(&format!("retry:{cmid}")), "{view}");
    assert!(rig.act(&format!("retry:{cmid}")).contains(&Effect::Retry(cmid)));
    assert!(rig.act(&format!("discard:{cmid}")).contains(&Effect::Discard(cmid)));
    assert!(rig.model.thread(&C).unwrap().timeline.pending().is_empty());
}

#[test]
fn a_typing_notice_lapses_and_ends_with_the_message() {
    let mut rig = Rig::active();
    let typing = TypingShown {
        conversation: C,
        kind: AuthorKind::Agent,
        id: Uuid::nil(),
        name: Some("Mia".to_owned()),
        active: true,
        preview: None,
    };
    rig.event(Event::Typing(typing.clone()));
    assert!(rig.view().contains("Mia is typing"));
    rig.says(AuthorKind::Agent, "Hi");
    assert!(!rig.view().contains("Mia is typing"));
    rig.event(Event::Typing(typing));
    rig.now += 6_000;
    rig.msg(Msg::Timer(Timer::Typist));
    assert!(!rig.view().contains("Mia is typing"));
}

#[test]
fn files_go_one_at_a_time_and_then_as_a_post() {
    let mut rig = Rig::active();
    let file = |number, size| NewFile { number, name: format!("{number}.pdf"), size };
    let mut effects = Vec::new();
    for file in [file(1, 10), file(2, 10), file(3, 100 << 20)] {
        effects.extend(rig.msg(Msg::File(file)));
    }
    assert!(effects.contains(&Effect::DropFile(3)));
    assert!(rig.view().contains("3.pdf is too large"));
    let uploads = |effects: &[Effect]| effects.iter().filter(|it| matches!(it, Effect::Upload { .. })).count();
    assert_eq!(uploads(&effects), 1);
    let effects = rig.msg(Msg::UploadDone { number: 1, status: 201, text: &C.text() });
    assert!(matches!(&posts(&effects)[..], [Command::Post(post)] if matches!(post.body, PostBody::File(_))));
    assert_eq!(uploads(&effects), 1);
    rig.msg(Msg::UploadDone { number: 2, status: 415, text: "unsupported_type" });
    assert!(rig.view().contains("Files of this kind are not accepted."));
    assert_eq!(uploads(&rig.act("file-retry:2")), 1);
    rig.act("file-drop:2");
    assert!(rig.model.uploads.is_empty());
}

#[test]
fn a_suspended_tenant_is_unavailable() {
    let mut rig = Rig::new();
    rig.host(r#"{"t":"init","open":true}"#);
    rig.msg(Msg::Visitor { status: 403, text: "", wait_ms: 0 });
    assert!(rig.view().contains("Chat is not available"));
    let mut rig = Rig::connected();
    rig.event(Event::Refused(Refused {
        id: 1,
        code: ErrorCode::TenantSuspended,
        message: String::new(),
        cmid: None,
        field: None,
        limit: None,
        retry_after_ms: None,
    }));
    assert!(rig.view().contains("Chat is not available"));
}

#[test]
fn a_server_that_does_not_answer_is_asked_again() {
    let mut rig = Rig::new();
    rig.host(r#"{"t":"init","open":true,"token":"old"}"#);
    let effects = rig.msg(Msg::Visitor { status: 0, text: "", wait_ms: 0 });
    assert!(effects.iter().any(|it| matches!(it, Effect::Later(Timer::Visitor, _))));
    let effects = rig.msg(Msg::Visitor { status: 429, text: "", wait_ms: 90_000 });
    assert!(effects.iter().any(|it| matches!(it, Effect::Later(Timer::Visitor, 90_000..))), "{effects:?}");
    let effects = rig.msg(Msg::Timer(Timer::Visitor));
    assert!(effects.contains(&Effect::BecomeVisitor(Some("old".to_owned()))));
}

#[test]
fn a_token_that_ran_out_is_renewed() {
    let mut rig = Rig::connected();
    let effects = rig.msg(Msg::Client(ClientEvent::Status(Status::NeedToken)));
    assert!(effects.contains(&Effect::BecomeVisitor(Some("tok".to_owned()))));
}

#[test]
fn the_page_around_hears_of_queue_agent_and_end() {
    let mut rig = Rig::connected();
    let mut waiting = line(ConversationState::Waiting);
    waiting.position = Some(2);
    rig.state.conversations = vec![waiting];
    let notes = told(&rig.push_state());
    assert!(notes.contains(&r#"{"t":"event","name":"queued","position":2}"#.to_owned()), "{notes:?}");
    assert!(notes.contains(&r#"{"t":"live","v":1}"#.to_owned()));
    rig.state.conversations = vec![line(ConversationState::Active)];
    let notes = told(&rig.push_state());
    assert!(notes.contains(&r#"{"t":"event","name":"assigned","agent":"Mia"}"#.to_owned()), "{notes:?}");
    rig.state.conversations = vec![line(ConversationState::Closed)];
    let notes = told(&rig.push_state());
    assert!(notes.contains(&r#"{"t":"event","name":"closed"}"#.to_owned()), "{notes:?}");
    assert!(notes.contains(&r#"{"t":"live","v":0}"#.to_owned()));
}

#[test]
fn ending_asks_first_and_rating_follows() {
    let mut rig = Rig::active();
    rig.act("end");
    assert!(rig.view().contains("End this chat?"));
    rig.act("escape");
    assert!(!rig.view().contains("End this chat?"));
    rig.act("end");
    assert!(matches!(&sends(&rig.act("really-end"))[..], [Command::Close(_)]));
    rig.state.conversations = vec![line(ConversationState::Closed)];
    rig.push_state();
    assert!(rig.view().contains("How was this conversation?"));
    assert!(sends(&rig.act("rate")).is_empty());
    rig.act("score:4");
    rig.input("comment", " Fine ");
    let effects = rig.act("rate");
    let [Command::Rate(rate)] = &sends(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((rate.score, rate.comment.as_deref()), (4, Some("Fine")));
    assert!(rig.view().contains("Thank you for your rating."));
}

#[test]
fn the_api_can_write_for_the_visitor() {
    let mut rig = Rig::connected();
    let effects = rig.host(r#"{"t":"send","text":"Hello from the page"}"#);
    assert!(
        matches!(&posts(&effects)[..], [Command::Start(start)] if start.text.as_deref() == Some("Hello from the page"))
    );
    let mut config = rig::config();
    config.site.ask_email = FieldRule::Required;
    let mut rig = Rig::with(config).connect();
    let effects = rig.host(r#"{"t":"send","text":"Hello"}"#);
    assert!(posts(&effects).is_empty());
    assert_eq!((rig.model.screen, rig.model.form.text.as_str()), (Screen::PreChat, "Hello"));
}

#[test]
fn junk_from_the_page_around_changes_nothing() {
    let mut rig = Rig::connected();
    for text in ["", "{", "[]", "{\"t\":1}", "{\"t\":\"page\"}", "{\"t\":\"theme\",\"v\":\"x\"}", "{\"t\":\"send\"}"] {
        assert!(rig.host(text).is_empty(), "{text}");
    }
}

#[test]
fn language_and_theme_can_be_chosen() {
    let mut rig = Rig::connected();
    rig.host(r#"{"t":"locale","v":"zh-CN"}"#);
    assert!(rig.view().contains("客服在线"));
    rig.host(r#"{"t":"locale","v":"tlh"}"#);
    assert!(rig.view().contains("客服在线"));
    assert!(rig.host(r#"{"t":"theme","v":"dark"}"#).contains(&Effect::Dress));
}
