//! Lists, offers, alerts, unread counts.

use protocol::command::{Active, Command};
use protocol::entry::AuthorKind;
use protocol::error::ErrorCode;
use protocol::event::{Ack, ReadMoved, Refused};
use protocol::state::{AwayReason, ConversationState as S, Presence, ReadMark, Role};

use super::fixture::*;
use crate::model::lists::{Look, count, lines};
use crate::model::msg::{Do, Net, See};
use crate::model::offers::offers;
use crate::model::{Desk, Dialog, Effect, Link, List, Msg, Scope, Sort};

fn ack() -> Ack {
    Ack { id: 1, conversation: None, cmid: None, seq: None, at: None }
}

fn refused(code: ErrorCode) -> Refused {
    Refused { id: 1, code, message: String::new(), cmid: None, field: None, limit: None, retry_after_ms: None }
}

#[test]
fn line_updates_give_what_a_fresh_state_gives() {
    let mut server = Server::new();
    server.add(1, S::Waiting, None);
    server.add(2, S::Active, Some(ME));
    server.add(3, S::Closed, Some(BOB));
    server.marks.push(ReadMark { conversation: chat(2), seq: 0, unread: 0 });
    let mut tab = Tab::new(&server);
    tab.focus(false);

    let mut events = vec![server.offer(chat(1), NOW + 30_000), server.assign(chat(1), ME)];
    events.extend(server.write(chat(2), AuthorKind::Visitor, "one", None));
    events.extend(server.write(chat(2), AuthorKind::Visitor, "two", None));
    events.extend(server.write(chat(2), AuthorKind::Agent, "three", None));
    server.add(4, S::Offline, None);
    events.push(server.change(chat(4), |line| line.visitor_email = Some("v@x.test".into())));
    events.push(server.change(chat(2), |line| line.visitor_read_seq = 3));
    tab.events(events);

    server.marks = vec![ReadMark { conversation: chat(2), seq: 0, unread: 2 }];
    let protocol::event::Event::Agent(state) = server.state() else { panic!() };
    assert_eq!(tab.model.desk, Some(Desk::new(&state)));
}

#[test]
fn a_line_that_comes_late_changes_nothing() {
    let mut server = Server::new();
    server.add(1, S::Waiting, None);
    let mut tab = Tab::new(&server);
    let waits = server.change(chat(1), |line| line.position = Some(1));
    let offered = server.offer(chat(1), NOW + 30_000);
    tab.events(vec![offered.clone(), waits.clone()]);
    assert_eq!(offers(&tab.model).len(), 1, "an offer writes nothing into the log, and is newer all the same");
    // A server that read the line before it was offered may tell of it behind the whole state.
    tab.events(vec![server.state(), waits]);
    assert_eq!(offers(&tab.model).len(), 1);
    let newest = server.assign(chat(1), ME);
    tab.events(vec![newest, offered]);
    assert_eq!(tab.model.desk.as_ref().unwrap().lines[&chat(1)].state, S::Active);
    assert!(offers(&tab.model).is_empty());
}

#[test]
fn only_the_fifty_newest_closed_stay() {
    let mut server = Server::new();
    let mut tab = Tab::new(&server);
    for n in 1..=60 {
        server.add(n, S::Closed, Some(ME));
        let event = server.change(chat(n), |_| {});
        tab.events(vec![event]);
    }
    let desk = tab.model.desk.as_ref().unwrap();
    assert_eq!(count(desk, List::Closed, Scope::All), 50);
    assert!(desk.lines.contains_key(&chat(60)) && !desk.lines.contains_key(&chat(10)));
}

#[test]
fn an_offer_rings_until_it_is_answered() {
    let mut server = Server::new();
    server.add(1, S::Waiting, None);
    let mut tab = Tab::new(&server);
    tab.take();

    tab.events(vec![server.offer(chat(1), NOW + 30_000)]);
    let effects = tab.take();
    assert!(effects.contains(&Effect::Ring(true)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Title(title) if title.contains("Visitor 1"))));
    assert_eq!(offers(&tab.model)[0].left_ms, 30_000);

    tab.tell(Msg::Do(Do::Accept(None)));
    let effects = tab.take();
    assert!(effects.contains(&Effect::Ring(false)));
    let accept = effects.iter().find_map(|effect| match effect {
        Effect::Send(command @ Command::Accept(_)) => Some(command.clone()),
        _ => None,
    });
    tab.events(vec![server.assign(chat(1), ME)]);
    tab.tell(Msg::Net(Net::Done(accept.unwrap(), ack())));
    assert_eq!(tab.model.view.selected, Some(chat(1)));
    assert_eq!(tab.model.view.list, List::Mine);
    assert!(tab.model.busy.is_empty() && tab.model.answered.is_empty());
}

#[test]
fn what_was_declined_can_be_taken_later_whatever_the_answer() {
    let mut server = Server::new();
    server.add(1, S::Waiting, None);
    let mut tab = Tab::new(&server);
    for answer in [None, Some(ErrorCode::WrongState), Some(ErrorCode::Unavailable)] {
        tab.events(vec![server.offer(chat(1), NOW + 30_000)]);
        tab.tell(Msg::Do(Do::Decline(Some(chat(1)), None)));
        let command = tab.sent().pop().unwrap();
        assert!(matches!(command, Command::Decline(_)) && tab.model.busy.contains(&chat(1)), "{command:?}");
        tab.tell(Msg::Net(match answer {
            None => Net::Done(command, ack()),
            Some(code) => Net::Refused(command, refused(code)),
        }));
        assert!(tab.model.busy.is_empty(), "{answer:?}");
        let back = server.change(chat(1), |line| {
            (line.state, line.offered_to, line.offer_deadline_at) = (S::Waiting, None, None);
        });
        tab.events(vec![back]);
        tab.tell(Msg::Do(Do::Open(chat(1))));
        tab.tell(Msg::Do(Do::Pick));
        let command = tab.sent().pop().unwrap();
        assert!(matches!(command, Command::Pick(_)), "{answer:?}: {command:?}");
        tab.tell(Msg::Net(Net::Refused(command, refused(ErrorCode::WrongState))));
    }
}

#[test]
fn an_offer_stops_ringing_when_it_lapses_or_goes_elsewhere() {
    let mut server = Server::new();
    server.add(1, S::Waiting, None);
    let mut tab = Tab::new(&server);
    tab.events(vec![server.offer(chat(1), NOW + 30_000)]);
    tab.take();
    tab.model.now = NOW + 29_999;
    tab.tell(Msg::See(See::Tick));
    assert!(!tab.take().contains(&Effect::Ring(false)));
    tab.model.now = NOW + 30_000;
    tab.tell(Msg::See(See::Tick));
    assert!(tab.take().contains(&Effect::Ring(false)));

    tab.events(vec![server.offer(chat(1), NOW + 90_000)]);
    assert!(tab.take().contains(&Effect::Ring(true)));
    tab.events(vec![server.assign(chat(1), BOB)]);
    assert!(tab.take().contains(&Effect::Ring(false)));
}

#[test]
fn a_refused_accept_says_so_and_a_failed_one_rings_on() {
    let mut server = Server::new();
    server.add(1, S::Waiting, None);
    let mut tab = Tab::new(&server);
    tab.events(vec![server.offer(chat(1), NOW + 30_000)]);
    for (code, rings) in [(ErrorCode::Unavailable, 1), (ErrorCode::Conflict, 0)] {
        tab.tell(Msg::Do(Do::Accept(Some(chat(1)))));
        let command = tab.sent().pop().unwrap();
        tab.tell(Msg::Net(Net::Refused(command, refused(code))));
        assert_eq!(offers(&tab.model).len(), rings, "{code}");
    }
    // A failure is told as one; that somebody was faster is no fault.
    let errors: Vec<bool> = tab.model.notices.iter().map(|notice| notice.error).collect();
    assert_eq!(errors, [true, false]);
}

#[test]
fn a_muted_console_does_not_ring() {
    let mut server = Server::new();
    server.add(1, S::Waiting, None);
    let mut tab = Tab::new(&server);
    tab.tell(Msg::See(See::Mute(true)));
    tab.events(vec![server.offer(chat(1), NOW + 30_000)]);
    assert!(!tab.take().contains(&Effect::Ring(true)));
    tab.tell(Msg::See(See::Mute(false)));
    assert!(tab.take().contains(&Effect::Ring(true)));
}

#[test]
fn messages_count_as_unread_until_they_are_seen() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    server.add(2, S::Active, Some(ME));
    let mut tab = Tab::new(&server);
    tab.open(chat(1), &server);
    tab.take();

    let events = server.write(chat(1), AuthorKind::Visitor, "seen", None);
    tab.events(events);
    assert_eq!(tab.unread(chat(1)), 0);
    assert!(matches!(&tab.sent()[..], [Command::Read(read)] if read.seq == 1));

    let events = server.write(chat(2), AuthorKind::Visitor, "elsewhere", None);
    tab.events(events);
    assert_eq!(tab.unread(chat(2)), 1);
    let effects = tab.take();
    assert!(effects.contains(&Effect::Chime));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Title(title) if title.starts_with("(1)"))));
    tab.open(chat(2), &server);
    assert_eq!(tab.unread(chat(2)), 0);
    assert!(matches!(tab.sent().last(), Some(Command::Read(_))));

    tab.tell(Msg::See(See::AtEnd(false)));
    let events = server.write(chat(2), AuthorKind::Visitor, "below the fold", None);
    tab.events(events);
    assert_eq!(tab.unread(chat(2)), 1);
    tab.tell(Msg::See(See::AtEnd(true)));
    assert_eq!(tab.unread(chat(2)), 0);
}

#[test]
fn an_entry_that_comes_before_its_line_is_read_all_the_same() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    let mut tab = Tab::new(&server);
    tab.open(chat(1), &server);
    for text in ["one", "two"] {
        for event in server.write(chat(1), AuthorKind::Visitor, text, None) {
            tab.events(vec![event]);
        }
        assert_eq!(tab.unread(chat(1)), 0);
    }
}

#[test]
fn a_conversation_given_to_me_is_heard() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(BOB));
    let mut tab = Tab::new(&server);
    tab.take();
    tab.events(vec![server.assign(chat(1), ME)]);
    assert!(tab.take().contains(&Effect::Chime));
}

#[test]
fn nothing_is_read_while_the_page_is_not_looked_at() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    let mut tab = Tab::new(&server);
    tab.open(chat(1), &server);
    tab.focus(false);
    tab.take();
    let events = server.write(chat(1), AuthorKind::Visitor, "hello?", None);
    tab.events(events);
    let effects = tab.take();
    assert_eq!(tab.unread(chat(1)), 1);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Notify { body, .. } if body == "hello?")));
    tab.focus(true);
    let effects = tab.take();
    assert_eq!(tab.unread(chat(1)), 0);
    assert!(effects.contains(&Effect::ClearNotices));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Title(title) if !title.starts_with('('))));
}

#[test]
fn a_narrow_screen_reads_only_what_its_one_pane_shows() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    let mut tab = Tab::new(&server);
    tab.tell(Msg::See(See::Narrow(true)));
    tab.open(chat(1), &server);
    tab.tell(Msg::See(See::Back));
    let events = server.write(chat(1), AuthorKind::Visitor, "hi", None);
    tab.events(events);
    assert_eq!(tab.unread(chat(1)), 1);
    tab.tell(Msg::Do(Do::Open(chat(1))));
    assert_eq!(tab.unread(chat(1)), 0);
}

#[test]
fn looking_into_the_queue_or_over_a_shoulder_reads_nothing() {
    let mut server = Server::new();
    server.add(1, S::Waiting, None);
    server.add(2, S::Active, Some(BOB));
    for n in [1, 2] {
        server.write(chat(n), AuthorKind::Visitor, "hi", None);
    }
    let mut tab = Tab::new(&server);
    for n in [1, 2] {
        tab.open(chat(n), &server);
    }
    assert!(!tab.sent().iter().any(|command| matches!(command, Command::Read(_))));
}

#[test]
fn marks_only_grow_and_are_mine_alone() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    for text in ["a", "b"] {
        server.write(chat(1), AuthorKind::Visitor, text, None);
    }
    let mut tab = Tab::new(&server);
    tab.focus(false);
    let read = |agent, seq| {
        protocol::event::Event::ReadMoved(ReadMoved {
            conversation: chat(1),
            kind: AuthorKind::Agent,
            id: id(agent),
            seq,
        })
    };
    tab.events(vec![read(BOB, 2)]);
    assert_eq!(tab.unread(chat(1)), 2);
    tab.events(vec![server.log(chat(1)), read(ME, 1)]);
    assert_eq!(tab.unread(chat(1)), 1);
    tab.events(vec![read(ME, 2), read(ME, 1)]);
    assert_eq!(tab.unread(chat(1)), 0);
}

#[test]
fn lists_are_filtered_and_sorted() {
    let mut server = Server::new();
    for n in 1..=3 {
        server.add(n, S::Active, Some(ME));
    }
    server.add(4, S::Waiting, None);
    server.add(5, S::Active, Some(BOB));
    server.write(chat(2), AuthorKind::Visitor, "blue shoes", None);
    let mut tab = Tab::new(&server);
    let ids = |tab: &Tab, list, sort, filter: &str| -> Vec<_> {
        let look = Look { list, sort, filter, scope: Scope::All };
        lines(tab.model.desk.as_ref().unwrap(), look).iter().map(|line| line.id).collect()
    };
    assert_eq!(ids(&tab, List::Mine, Sort::Newest, ""), [chat(2), chat(3), chat(1)]);
    assert_eq!(ids(&tab, List::Mine, Sort::Longest, ""), [chat(2), chat(1), chat(3)]);
    assert_eq!(ids(&tab, List::Mine, Sort::Newest, "BLUE"), [chat(2)]);
    assert_eq!(ids(&tab, List::Active, Sort::Newest, "").len(), 4);
    assert_eq!(ids(&tab, List::Waiting, Sort::Newest, ""), [chat(4)]);

    tab.tell(Msg::Do(Do::Step(1)));
    tab.tell(Msg::Do(Do::Step(1)));
    assert_eq!(tab.model.view.selected, Some(chat(3)));
    tab.tell(Msg::Do(Do::Step(-1)));
    assert_eq!(tab.model.view.selected, Some(chat(2)));
}

#[test]
fn a_supervisor_is_asked_before_taking_over_and_an_agent_may_not() {
    for (role, asks) in [(Role::Supervisor, true), (Role::Agent, false)] {
        let mut server = Server::new();
        server.role = role;
        server.add(1, S::Active, Some(BOB));
        let mut tab = Tab::new(&server);
        tab.open(chat(1), &server);
        tab.take();
        tab.tell(Msg::Do(Do::Pick));
        assert_eq!(tab.model.view.dialog == Some(Dialog::TakeOver(chat(1))), asks);
        tab.tell(Msg::Do(Do::TakeOver));
        let picks = tab.sent().iter().any(|command| matches!(command, Command::Pick(_)));
        assert_eq!(picks, asks);
    }
}

#[test]
fn only_own_and_shown_conversations_are_followed() {
    let mut server = Server::new();
    for n in 1..=2 {
        server.add(n, S::Active, Some(ME));
    }
    server.add(3, S::Active, Some(BOB));
    let mut tab = Tab::new(&server);
    let watched = |tab: &mut Tab| -> Vec<_> {
        let sent = tab.sent();
        sent.iter()
            .filter_map(|command| match command {
                Command::Watch(watch) => Some(watch.conversation),
                _ => None,
            })
            .collect()
    };
    assert_eq!(watched(&mut tab), [chat(1), chat(2)]);
    tab.open(chat(3), &server);
    assert_eq!(watched(&mut tab), [chat(3)]);
    tab.tell(Msg::Do(Do::Open(chat(1))));
    assert!(tab.take().contains(&Effect::Unwatch(chat(3))));
    tab.events(vec![server.assign(chat(3), ME)]);
    assert_eq!(watched(&mut tab), [chat(3)]);
}

#[test]
fn work_is_told_while_connected_and_silence_is_explained() {
    let server = Server::new();
    let mut tab = Tab::new(&server);
    tab.take();
    tab.tell(Msg::See(See::Active));
    assert_eq!(tab.sent(), [Command::Active(Active {})]);
    let mut state = server.state();
    if let protocol::event::Event::Agent(state) = &mut state {
        state.colleagues[0].presence = Presence::Away;
        state.colleagues[0].away = Some(AwayReason::Idle);
    }
    tab.events(vec![state]);
    assert_eq!(tab.model.set_away(), Some(AwayReason::Idle));
    tab.tell(Msg::Net(Net::Link(Link::Down(None))));
    tab.take();
    tab.tell(Msg::See(See::Active));
    assert_eq!(tab.sent(), [], "nobody is there to hear it");
}
