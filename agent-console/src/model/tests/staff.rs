//! Who takes conversations: an agent's own state, and what supervisors do about colleagues.

use protocol::command::{Command, Release, SetPresence};
use protocol::event::{Ack, Event};
use protocol::state::{AwayReason, Colleague, ConversationState as S, Pause, Presence, Role};

use super::fixture::*;
use crate::model::keys::Press;
use crate::model::msg::{Do, Net, See};
use crate::model::{Dialog, List, Msg, Pane, Popover};

fn ack() -> Ack {
    Ack { id: 1, conversation: None, cmid: None, seq: None, at: None }
}

fn press(tab: &mut Tab, key: &str) {
    tab.tell(Msg::See(See::Key(Press { key: key.into(), ..Press::default() })));
}

/// The server's state with a change about this agent.
fn state(server: &Server, change: impl FnOnce(&mut Colleague)) -> Event {
    let mut state = server.state();
    if let Event::Agent(state) = &mut state {
        change(&mut state.colleagues[0]);
    }
    state
}

#[test]
fn away_is_two_keys_with_a_reason_and_one_back() {
    let server = Server::new();
    let mut tab = Tab::new(&server);
    tab.take();
    press(&mut tab, "b");
    assert_eq!(tab.model.view.popover, Some(Popover::Pauses));
    press(&mut tab, "3");
    let lunch = SetPresence { presence: Presence::Away, pause: Some(Pause::Lunch) };
    assert_eq!(tab.sent(), [Command::SetPresence(lunch.clone())]);
    assert_eq!((tab.model.view.popover, tab.model.view.list), (None, List::Mine), "the digit chose no list");
    let me = tab.model.own_state().unwrap();
    assert_eq!((me.presence, me.pause), (Presence::Away, Some(Pause::Lunch)), "shown before it is confirmed");

    tab.model.now += 1_000;
    tab.tell(Msg::Net(Net::Done(Command::SetPresence(lunch), ack())));
    assert_eq!(tab.model.away_since(), Some(NOW + 1_000));
    tab.events(vec![state(&server, |me| {
        (me.presence, me.pause, me.since) = (Presence::Away, Some(Pause::Lunch), Some(NOW + 900));
    })]);
    assert_eq!(tab.model.away_since(), Some(NOW + 900));
    assert_eq!(tab.model.set_away(), None, "the agent chose it");
    press(&mut tab, "o");
    assert_eq!(tab.sent(), [Command::SetPresence(SetPresence { presence: Presence::Online, pause: None })]);
}

#[test]
fn away_without_a_reason_and_a_server_that_knows_none() {
    let server = Server::new();
    let mut tab = Tab::new(&server);
    tab.take();
    press(&mut tab, "b");
    press(&mut tab, "1");
    let sent = tab.sent();
    assert!(matches!(&sent[..], [Command::SetPresence(set)] if set.pause.is_none()));
    press(&mut tab, "b");
    press(&mut tab, "Escape");
    assert_eq!(tab.model.view.popover, None);
    tab.tell(Msg::Net(Net::Done(sent[0].clone(), ack())));
    tab.events(vec![state(&server, |me| me.presence = Presence::Away)]);
    assert_eq!(tab.model.away_since(), None);
}

#[test]
fn what_the_server_set_is_explained_until_the_agent_returns() {
    let server = Server::new();
    let mut tab = Tab::new(&server);
    tab.events(vec![state(&server, |me| {
        (me.presence, me.away) = (Presence::Away, Some(AwayReason::MissedOffers));
    })]);
    assert_eq!(tab.model.set_away(), Some(AwayReason::MissedOffers));
    tab.take();
    press(&mut tab, "o");
    assert_eq!(tab.model.set_away(), None, "on the way back");
    let sent = tab.sent().pop().unwrap();
    tab.tell(Msg::Net(Net::Done(sent, ack())));
    assert_eq!((tab.model.set_away(), tab.model.presence()), (None, Presence::Online));
}

#[test]
fn what_is_folded_out_is_in_sight_on_a_narrow_screen() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    let mut tab = Tab::new(&server);
    tab.tell(Msg::See(See::Narrow(true)));
    tab.open(chat(1), &server);
    press(&mut tab, "b");
    assert_eq!((tab.model.view.popover, tab.model.view.pane), (Some(Popover::Pauses), Pane::List));
}

#[test]
fn a_suspended_tenant_has_nobody_to_take_conversations() {
    let mut server = Server::new();
    server.suspended = true;
    let mut tab = Tab::new(&server);
    tab.take();
    press(&mut tab, "b");
    press(&mut tab, "2");
    assert_eq!(tab.sent(), []);
    assert_eq!(tab.model.presence_wish, None);
}

#[test]
fn a_supervisor_releases_what_a_colleague_holds_after_a_question() {
    for (role, may) in [(Role::Supervisor, true), (Role::Agent, false)] {
        let mut server = Server::new();
        server.role = role;
        server.add(1, S::Active, Some(BOB));
        server.add(2, S::Active, Some(BOB));
        server.add(3, S::Closed, Some(BOB));
        server.add(4, S::Active, Some(ME));
        let mut tab = Tab::new(&server);
        tab.take();
        tab.tell(Msg::See(See::Colleague(agent(BOB))));
        assert_eq!(tab.model.view.dialog, Some(Dialog::Colleague(agent(BOB))));
        let held: Vec<_> = tab.model.desk.as_ref().unwrap().held_by(agent(BOB)).iter().map(|line| line.id).collect();
        assert_eq!(held, [chat(2), chat(1)]);
        tab.tell(Msg::Do(Do::AskRelease(agent(BOB))));
        assert_eq!(tab.model.view.dialog == Some(Dialog::Release(agent(BOB))), may);
        tab.tell(Msg::Do(Do::Release));
        let sent = tab.sent();
        let expected = may.then_some(Command::Release(Release { agent: agent(BOB) }));
        assert_eq!(sent, expected.into_iter().collect::<Vec<_>>());
        tab.tell(Msg::Do(Do::AskRelease(agent(ME))));
        assert_eq!(tab.model.view.dialog, None, "what one holds oneself is transferred one by one");
    }
}

#[test]
fn a_dialog_about_somebody_who_left_goes() {
    let server = Server::new();
    let mut tab = Tab::new(&server);
    tab.tell(Msg::See(See::Colleague(agent(BOB))));
    let mut state = server.state();
    if let Event::Agent(state) = &mut state {
        state.colleagues.truncate(1);
    }
    tab.events(vec![state]);
    assert_eq!(tab.model.view.dialog, None);
    tab.tell(Msg::See(See::Colleague(agent(BOB))));
    assert_eq!(tab.model.view.dialog, None);
}
