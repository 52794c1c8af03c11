//! Lists by department, offers to several, and giving conversations to departments and colleagues.

use protocol::command::{Command, DeclineReason, Transfer};
use protocol::error::ErrorCode;
use protocol::event::Refused;
use protocol::state::{ConversationState as S, Presence, Role};

use super::fixture::*;
use crate::model::compose::Composer;
use crate::model::keys::Press;
use crate::model::lists::{Look, count, groups, lines};
use crate::model::msg::{Do, Net, See};
use crate::model::offers::offers;
use crate::model::transfer::{Target, choices};
use crate::model::{Desk, Dialog, Effect, List, Model, Msg, Popover, Scope};

/// Bob works for Returns and Zen, this agent for Orders and Tea.
fn shop() -> Server {
    let mut server = Server::new();
    server.departments =
        vec![(1, "Returns", vec![BOB]), (2, "Tea", vec![ME]), (3, "Orders", vec![ME, BOB]), (4, "Zen", vec![BOB])];
    server
}

fn desk(tab: &Tab) -> &Desk {
    tab.model.desk.as_ref().unwrap()
}

fn press(tab: &mut Tab, key: &str) {
    tab.tell(Msg::See(See::Key(Press { key: key.into(), ..Press::default() })));
}

fn shown(model: &Model) -> Vec<(Option<String>, Vec<protocol::ids::ConversationId>)> {
    groups(model.desk.as_ref().unwrap(), model.view.look())
        .iter()
        .map(|group| (group.department.map(|one| one.name.clone()), group.lines.iter().map(|line| line.id).collect()))
        .collect()
}

#[test]
fn every_queue_stands_for_itself_and_own_ones_first() {
    let mut server = shop();
    server.queue(1, 1, 1);
    server.queue(2, 2, 2);
    server.queue(3, 2, 1);
    server.queue(4, 3, 1);
    let mut tab = Tab::new(&server);
    tab.tell(Msg::See(See::List(List::Waiting)));
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(
        shown(&tab.model),
        [(name("Orders"), vec![chat(4)]), (name("Tea"), vec![chat(3), chat(2)]), (name("Returns"), vec![chat(1)])]
    );

    tab.tell(Msg::See(See::Scope(Scope::Own)));
    assert_eq!(count(desk(&tab), List::Waiting, tab.model.view.scope), 3);
    tab.tell(Msg::See(See::Scope(Scope::One(department(2)))));
    assert_eq!(shown(&tab.model), [(None, vec![chat(3), chat(2)])]);
    tab.tell(Msg::Do(Do::Step(1)));
    assert_eq!(tab.model.view.selected, Some(chat(3)));
    tab.tell(Msg::See(See::Filter("orders".into())));
    tab.tell(Msg::See(See::Scope(Scope::All)));
    assert_eq!(shown(&tab.model), [(name("Orders"), vec![chat(4)])]);
}

#[test]
fn an_agents_own_conversations_are_in_every_scope() {
    let mut server = shop();
    server.queue(1, 1, 1);
    server.assign(chat(1), ME);
    let mut tab = Tab::new(&server);
    tab.tell(Msg::See(See::Scope(Scope::One(department(2)))));
    assert_eq!(count(desk(&tab), List::Mine, tab.model.view.scope), 1);
    assert_eq!(count(desk(&tab), List::Active, tab.model.view.scope), 0);
}

#[test]
fn departments_are_chosen_by_number_and_the_choice_is_kept() {
    let mut tab = Tab::new(&shop());
    let (returns, tea, orders, zen) = (department(1), department(2), department(3), department(4));
    let each = [orders, tea, returns, zen].map(Scope::One);
    assert_eq!(desk(&tab).scopes(), [vec![Scope::All, Scope::Own], each.to_vec()].concat());
    press(&mut tab, "q");
    assert_eq!(tab.model.view.popover, None, "an own list has no departments to choose");
    press(&mut tab, "2");
    press(&mut tab, "q");
    assert_eq!(tab.model.view.popover, Some(Popover::Scopes));
    tab.take();
    press(&mut tab, "4");
    assert_eq!((tab.model.view.popover, tab.model.view.list), (None, List::Waiting));
    assert_eq!(tab.model.view.scope, Scope::One(tea));
    let kept = |effect: &Effect| matches!(effect, Effect::SavePrefs(prefs) if prefs.scope == Scope::One(tea));
    assert!(tab.take().iter().any(kept));
    for scope in [Scope::All, Scope::Own, Scope::One(tea)] {
        assert_eq!(Scope::of_word(&scope.word()), scope);
    }
}

#[test]
fn a_scope_that_is_gone_shows_everything() {
    let mut server = shop();
    server.queue(1, 1, 1);
    let mut tab = Tab::new(&server);
    tab.tell(Msg::See(See::Scope(Scope::One(department(9)))));
    assert_eq!(count(desk(&tab), List::Waiting, tab.model.view.scope), 1);

    server.departments.clear();
    tab.tell(Msg::See(See::Scope(Scope::Own)));
    tab.connect(&server);
    assert_eq!(count(desk(&tab), List::Waiting, tab.model.view.scope), 1);
    assert_eq!(desk(&tab).scopes(), []);
    assert!(lines(desk(&tab), Look { list: List::Waiting, ..Look::default() }).len() == 1);
    assert!(!desk(&tab).is_nowhere(), "a server that tells of no departments has none to be left out of");
}

#[test]
fn an_offer_to_several_rings_and_the_slower_one_is_told_kindly() {
    let mut server = shop();
    server.queue(1, 3, 1);
    let mut tab = Tab::new(&server);
    let event = server.change(chat(1), |line| {
        line.state = S::Offered;
        line.offered_to = Some(agent(BOB));
        line.offered_also = Some(vec![agent(ME), agent(0xa3)]);
        line.offer_deadline_at = Some(NOW + 30_000);
    });
    tab.take();
    tab.events(vec![event]);
    assert!(tab.take().contains(&Effect::Ring(true)));
    assert_eq!(offers(&tab.model).iter().map(|offer| offer.others).collect::<Vec<_>>(), [2]);

    press(&mut tab, "a");
    let command = tab.sent().pop().unwrap();
    assert!(matches!(command, Command::Accept(_)));
    tab.events(vec![server.assign(chat(1), BOB)]);
    let refused = Refused {
        id: 1,
        code: ErrorCode::Conflict,
        message: String::new(),
        cmid: None,
        field: None,
        limit: None,
        retry_after_ms: None,
    };
    tab.tell(Msg::Net(Net::Refused(command, refused)));
    let notice = tab.model.notices.last().unwrap();
    assert!(!notice.error && notice.text.contains("Bob") && notice.text.contains("Visitor 1"), "{notice:?}");
    assert!(offers(&tab.model).is_empty() && tab.model.busy.is_empty());
}

#[test]
fn declining_takes_one_key_and_a_reason_two_more() {
    let mut server = shop();
    server.queue(1, 3, 1);
    server.queue(2, 3, 2);
    let mut tab = Tab::new(&server);
    tab.events(vec![server.offer(chat(1), NOW + 20_000), server.offer(chat(2), NOW + 30_000)]);
    tab.take();
    press(&mut tab, "d");
    let plain = tab.sent().pop();
    assert!(matches!(plain, Some(Command::Decline(it)) if it.conversation == chat(1) && it.reason.is_none()));
    press(&mut tab, "D");
    assert_eq!(tab.model.view.popover, Some(Popover::Reasons(chat(2))));
    press(&mut tab, "2");
    let said = tab.sent().pop();
    assert!(
        matches!(said, Some(Command::Decline(it)) if it.conversation == chat(2) && it.reason == Some(DeclineReason::OtherTopic))
    );
    assert_eq!(tab.model.view.popover, None, "the reasons go with the offer");
}

#[test]
fn whom_to_transfer_to_is_ordered_and_searched() {
    let mut server = shop();
    server.role = Role::Supervisor;
    server.presence = vec![(BOB, Presence::Away)];
    server.queue(1, 3, 1);
    server.assign(chat(1), ME);
    server.queue(2, 3, 1);
    let tab = Tab::new(&server);
    let names = |n, search: &str| -> (bool, Vec<&str>, Vec<&str>) {
        let found = choices(desk(&tab), &desk(&tab).lines[&chat(n)], search);
        (
            found.queue,
            found.departments.iter().map(|one| one.name.as_str()).collect(),
            found.agents.iter().map(|one| one.name.as_str()).collect(),
        )
    };
    assert_eq!(names(1, ""), (true, vec!["Tea", "Returns", "Zen"], vec!["Bob"]));
    assert!(!names(2, "").0, "what waits is in its queue");
    assert_eq!(names(1, " RET "), (false, vec!["Returns"], vec!["Bob"]), "Bob is found by his department");
    assert_eq!(names(1, "bob"), (false, vec![], vec!["Bob"]));
    assert_eq!(names(1, "nobody"), (false, vec![], vec![]));
}

#[test]
fn what_a_search_hides_is_not_chosen_and_a_department_is_sent() {
    let mut server = shop();
    server.queue(1, 3, 1);
    server.assign(chat(1), ME);
    let mut tab = Tab::new(&server);
    tab.open(chat(1), &server);
    tab.take();
    press(&mut tab, "t");
    tab.tell(Msg::Do(Do::TransferTo(Target::Department(department(2)))));
    tab.tell(Msg::Do(Do::TransferSearch("zen".into())));
    tab.tell(Msg::Do(Do::Transfer));
    assert_eq!(tab.sent(), [], "Tea is out of sight");
    tab.tell(Msg::Do(Do::TransferFirst));
    tab.tell(Msg::Do(Do::Transfer));
    let sent =
        Command::Transfer(Transfer { conversation: chat(1), to: None, note: None, department: Some(department(4)) });
    assert_eq!(tab.sent(), std::slice::from_ref(&sent));
    let ack = protocol::event::Ack { id: 1, conversation: None, cmid: None, seq: None, at: None };
    tab.tell(Msg::Net(Net::Done(sent, ack)));
    assert!(tab.model.notices.last().unwrap().text.contains("Zen"));
}

#[test]
fn a_supervisor_assigns_what_waits_and_an_agent_may_not() {
    for (role, may) in [(Role::Supervisor, true), (Role::Agent, false)] {
        let mut server = shop();
        server.role = role;
        server.queue(1, 1, 1);
        let mut tab = Tab::new(&server);
        tab.tell(Msg::See(See::List(List::Waiting)));
        tab.open(chat(1), &server);
        tab.take();
        press(&mut tab, "t");
        assert_eq!(matches!(tab.model.view.dialog, Some(Dialog::Transfer(_))), may);
        tab.tell(Msg::Do(Do::TransferTo(Target::Agent(agent(BOB)))));
        tab.tell(Msg::Do(Do::Transfer));
        let sent = tab.sent();
        assert_eq!(matches!(&sent[..], [Command::Transfer(it)] if it.to == Some(agent(BOB))), may);
        assert_eq!(tab.model.view.list, List::Waiting, "the queue stays in sight");
    }
}

#[test]
fn nobody_takes_a_place_that_is_kept_for_somebody_who_is_away() {
    let mut server = shop();
    let chat = server.queue(1, 1, 1);
    let mut tab = Tab::new(&server);
    tab.open(chat, &server);
    let away = server.change(chat, |line| (line.kept, line.visitor_online) = (Some(true), false));
    tab.events(vec![away]);
    assert_eq!(tab.model.composer(), Some(Composer::Kept));
    tab.take();
    press(&mut tab, "p");
    let picks = |effect: &Effect| matches!(effect, Effect::Send(Command::Pick(_)));
    assert!(!tab.take().iter().any(picks));
    let back = server.change(chat, |line| line.visitor_online = true);
    tab.events(vec![back]);
    press(&mut tab, "p");
    assert!(tab.take().iter().any(picks));
}
