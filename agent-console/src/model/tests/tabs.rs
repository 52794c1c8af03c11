//! Two tabs of one agent, fed with the same events, end the same.

use protocol::command::Command;
use protocol::entry::AuthorKind;
use protocol::event::{Event, ReadMoved};
use protocol::state::ConversationState as S;

use super::fixture::*;
use crate::model::Msg;
use crate::model::msg::{Net, Write};

#[test]
fn a_message_sent_in_one_tab_is_one_bubble_in_both() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    let mut one = Tab::new(&server);
    let mut two = Tab::new(&server);
    for tab in [&mut one, &mut two] {
        tab.open(chat(1), &server);
    }
    one.tell(Msg::Write(Write::Draft(chat(1), "hello".into())));
    one.tell(Msg::Write(Write::Send(cmid(1))));
    assert_eq!(one.model.threads[&chat(1)].timeline.pending().len(), 1);

    let events = server.write(chat(1), AuthorKind::Agent, "hello", Some(cmid(1)));
    one.events(events.clone());
    two.events(events.clone());
    // Delivered twice, as after a reconnect.
    one.events(events);
    for tab in [&one, &two] {
        let timeline = &tab.model.threads[&chat(1)].timeline;
        assert_eq!((timeline.items().len(), timeline.pending().len()), (1, 0));
    }
    assert_eq!(one.model.desk, two.model.desk);
}

#[test]
fn reading_in_one_tab_reads_in_the_other() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    let mut one = Tab::new(&server);
    let mut two = Tab::new(&server);
    one.open(chat(1), &server);
    two.focus(false);
    two.events(vec![server.log(chat(1))]);
    let events = server.write(chat(1), AuthorKind::Visitor, "hi", None);
    one.events(events.clone());
    two.events(events);
    assert_eq!((one.unread(chat(1)), two.unread(chat(1))), (0, 1));
    let Some(Command::Read(read)) = one.sent().pop() else { panic!("no read mark") };
    let moved =
        Event::ReadMoved(ReadMoved { conversation: chat(1), kind: AuthorKind::Agent, id: id(ME), seq: read.seq });
    for tab in [&mut one, &mut two] {
        tab.events(vec![moved.clone()]);
    }
    assert_eq!(one.model.desk, two.model.desk);
}

#[test]
fn a_draft_follows_to_the_other_tab_but_never_into_an_input_in_use() {
    let mut server = Server::new();
    server.add(1, S::Active, Some(ME));
    let mut tab = Tab::new(&server);
    tab.focus(false);
    let before = tab.model.view.composer_version;
    tab.tell(Msg::Net(Net::DraftElsewhere(chat(1), "from there".into())));
    assert_eq!(tab.model.drafts[&chat(1)], "from there");
    assert!(tab.model.view.composer_version > before);

    tab.focus(true);
    tab.open(chat(1), &server);
    tab.tell(Msg::Net(Net::DraftElsewhere(chat(1), "not here".into())));
    assert_eq!(tab.model.drafts[&chat(1)], "from there");
}
