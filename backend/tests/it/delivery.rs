//! The delivery contract (C1-C13): nothing lost, nothing doubled, one order, on both transports, through
//! disconnects, kills and stops.

use std::time::Duration;

use protocol::command::{Command, Fetch};
use protocol::entry::EntryBody;
use protocol::event::ResetReason;
use protocol::ids::{ConversationId, Epoch};
use protocol::limits::ENTRIES_PAGE;
use tokio::sync::watch;
use uuid::Uuid;

use crate::checker::{check, stored};
use crate::people::{Visitor, cmid, in_conversation};
use crate::senders::{Sender, patiently};
use crate::wire::{BOTH, Over};
use crate::world::{Plan, World};

#[tokio::test]
async fn what_one_says_the_other_sees() {
    for over in BOTH {
        let world = World::start().await;
        let (vera, ann, conversation) = in_conversation(&world, over).await;
        ann.sees(conversation, "hello?").await;
        vera.is_served_by("Ann").await;
        ann.says(conversation, "how can I help?").await;
        vera.sees("how can I help?").await;
        vera.says("is the tea black?").await;
        ann.sees(conversation, "is the tea black?").await;
        // A typing notice is not kept for somebody who is between two polls (C19): who types says so again.
        let preview = ann.until("the typing preview", |view| {
            view.typing.iter().any(|it| it.preview.as_deref() == Some("or is it gre")).then_some(())
        });
        let typing = async {
            let mut again = tokio::time::interval(std::time::Duration::from_millis(500));
            loop {
                again.tick().await;
                vera.types(conversation, "or is it gre").await;
            }
        };
        tokio::select! {
            () = preview => {}
            () = typing => {}
        }
        ann.reads(conversation, 4).await;
        vera.until("the agent has read", |view| (view.current()?.agent_read_seq >= 4).then_some(())).await;
        check(&world, conversation, &[], &[&vera, &ann]).await;
    }
}

#[tokio::test]
async fn a_client_that_was_away_gets_exactly_what_it_missed() {
    for (before, after) in [(Over::Socket, Over::Socket), (Over::Socket, Over::Poll), (Over::Poll, Over::Socket)] {
        let world = World::start().await;
        let (mut vera, mut ann, conversation) = in_conversation(&world, before).await;
        vera.vanish();
        for number in 1..=5 {
            ann.says(conversation, &format!("while you were away {number}")).await;
        }
        vera.connect(after).await;
        vera.sees("while you were away 5").await;
        ann.vanish();
        vera.says("now you were away").await;
        ann.connect(after).await;
        ann.opens(conversation).await;
        ann.sees(conversation, "now you were away").await;
        check(&world, conversation, &[], &[&vera, &ann]).await;
        let first_seq = vera.look(|view| view.items(conversation)[0].seq);
        assert_eq!(first_seq, 1);
    }
}

#[tokio::test]
async fn the_same_start_again_begins_one_conversation() {
    let world = World::start().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let same = cmid();
    let start = || {
        Command::Start(protocol::command::Start {
            cmid: same,
            name: Some("Vera".to_owned()),
            email: None,
            text: Some("hello".to_owned()),
            page: None,
            department: None,
        })
    };
    let first = vera.must(start()).await;
    let mut tab = vera.another_tab();
    tab.connect(Over::Poll).await;
    let again = tab.must(start()).await;
    assert_eq!((first.conversation, first.seq), (again.conversation, again.seq));
    let leaving = vera.must(start()).await;
    assert_eq!(first.conversation, leaving.conversation);
    assert_eq!(world.count("select count(*) from conversation").await, 1);
}

#[tokio::test]
async fn several_senders_make_one_order_without_gaps() {
    let world = World::start().await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut tab = vera.another_tab();
    tab.connect(Over::Poll).await;
    let mut ann_at_home = ann.another_tab();
    ann_at_home.connect(Over::Poll).await;
    ann_at_home.opens(conversation).await;
    let (one, two, three, four) = tokio::join!(
        Sender::new(&mut vera, "vera", [Over::Socket; 2], conversation).times(12),
        Sender::new(&mut tab, "vera's tab", [Over::Poll; 2], conversation).times(12),
        Sender::new(&mut ann, "ann", [Over::Socket; 2], conversation).times(12),
        Sender::new(&mut ann_at_home, "ann at home", [Over::Poll; 2], conversation).times(12),
    );
    let sent = [one, two, three, four].concat();
    assert_eq!(sent.len(), 48);
    check(&world, conversation, &sent, &[&vera, &tab, &ann, &ann_at_home]).await;
}

#[tokio::test]
async fn a_cursor_of_another_history_is_reset_and_everything_comes_again() {
    for over in BOTH {
        let world = World::start().await;
        let (mut vera, _ann, conversation) = in_conversation(&world, over).await;
        vera.says("one more").await;
        vera.sees("one more").await;
        let held = vera.look(|view| view.items(conversation).len());
        let (_, seq) = wrong_cursor(&mut vera, over, conversation, Some(Epoch(Uuid::from_u128(7))), None).await;
        vera.until("a reset", |view| {
            let reset = view.resets.last()?;
            (reset.conversation == conversation && reset.reason == ResetReason::EpochChanged).then_some(())
        })
        .await;
        vera.until("the whole history again", |view| (view.items(conversation).len() == held).then_some(())).await;
        assert!(seq > 0);
        wrong_cursor(&mut vera, over, conversation, None, Some(9_999)).await;
        vera.until("a reset of a cursor ahead of the server", |view| {
            (view.resets.last()?.reason == ResetReason::AheadOfServer).then_some(())
        })
        .await;
        vera.until("the whole history once more", |view| (view.items(conversation).len() == held).then_some(())).await;
    }
}

/// Connects again with a cursor that is wrong in epoch or seq. Gives the right ones.
async fn wrong_cursor(
    visitor: &mut Visitor,
    over: Over,
    conversation: ConversationId,
    epoch: Option<Epoch>,
    seq: Option<u64>,
) -> (Epoch, u64) {
    visitor.vanish();
    let cursor = visitor.look(|view| view.cursors()).remove(0);
    visitor.pretend(conversation, epoch.unwrap_or(cursor.epoch), seq.unwrap_or(cursor.seq));
    visitor.connect(over).await;
    (cursor.epoch, cursor.seq)
}

#[tokio::test]
async fn a_conversation_of_somebody_else_cannot_be_resumed() {
    let world = World::start().await;
    let (vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let epoch = vera.look(|view| view.welcome.as_ref().map(|it| it.epoch)).expect("welcome");
    for over in BOTH {
        let mut mallory = world.visitor().await;
        mallory.pretend(conversation, epoch, 1);
        mallory.connect(over).await;
        mallory.until("no access", |view| (view.resets.last()?.reason == ResetReason::NoAccess).then_some(())).await;
        assert_eq!(mallory.look(|view| view.texts(conversation)), Vec::<String>::new());
    }
}

#[tokio::test]
async fn long_histories_come_in_pages() {
    let world = World::with(Plan::default().unlimited()).await;
    let (mut vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let wanted = 2 * u64::from(ENTRIES_PAGE) + 50;
    let begun = ann.look(|view| view.items(conversation).len() as u64);
    for number in begun..wanted {
        patiently(&ann, note(conversation, &format!("note {number}"))).await;
    }
    ann.says(conversation, "the last one").await;
    vera.sees("the last one").await;
    for over in BOTH {
        vera.vanish();
        let mut fresh = vera.another_tab();
        fresh.connect(over).await;
        fresh.must(Command::Fetch(Fetch { conversation, after: 0 })).await;
        fresh.sees("the last one").await;
        let (pages, largest) = fresh.look(|view| view.pages);
        assert!(pages >= 3, "{pages} pages");
        assert!(largest <= ENTRIES_PAGE as usize, "{largest} entries in one event");
        check(&world, conversation, &[], &[&fresh]).await;
    }
}

fn note(conversation: ConversationId, text: &str) -> Command {
    let body = protocol::command::PostBody::Note(protocol::entry::Text { text: text.to_owned() });
    Command::Post(protocol::command::Post { cmid: cmid(), conversation: Some(conversation), body })
}

#[tokio::test]
async fn notes_are_placeholders_to_the_visitor() {
    for over in BOTH {
        let world = World::start().await;
        let (mut vera, ann, conversation) = in_conversation(&world, over).await;
        ann.notes(conversation, "she is a regular").await;
        ann.sees_note(conversation, "she is a regular").await;
        ann.says(conversation, "welcome back").await;
        vera.sees("welcome back").await;
        let place = ann.look(|view| {
            let is_note = |body: &Option<EntryBody>| matches!(body, Some(EntryBody::Note(_)));
            view.items(conversation).iter().position(|item| is_note(&item.body))
        });
        let place = place.expect("the note's place");
        let live = vera.look(|view| view.items(conversation)[place].clone());
        vera.vanish();
        let mut fresh = vera.another_tab();
        fresh.connect(over).await;
        fresh.must(Command::Fetch(Fetch { conversation, after: 0 })).await;
        fresh.sees("welcome back").await;
        let fetched = fresh.look(|view| view.items(conversation)[place].clone());
        for item in [live, fetched] {
            assert_eq!(item.seq, place as u64 + 1);
            assert_eq!((item.at, item.author, item.cmid, item.body), (None, None, None, None));
        }
        check(&world, conversation, &[], &[&fresh, &ann]).await;
    }
}

#[tokio::test]
async fn two_tabs_of_one_person_agree() {
    let world = World::start().await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut tab = vera.another_tab();
    tab.connect(Over::Poll).await;
    let mut desk = ann.another_tab();
    desk.connect(Over::Socket).await;
    desk.opens(conversation).await;
    vera.says("from the first tab").await;
    tab.sees("from the first tab").await;
    desk.says(conversation, "from the second desk").await;
    ann.sees(conversation, "from the second desk").await;
    ann.reads(conversation, 5).await;
    let mark = |view: &crate::wire::View| {
        let state = view.agent.as_ref()?;
        let mark = state.marks.iter().find(|mark| mark.conversation == conversation);
        let moved = view.reads.iter().any(|read| read.conversation == conversation && read.seq >= 5);
        (moved || mark.is_some_and(|mark| mark.seq >= 5)).then_some(())
    };
    desk.until("the other desk knows what was read", mark).await;
    vera.sees("from the second desk").await;
    tab.sees("from the second desk").await;
    let shown = vera.look(|view| view.texts(conversation));
    assert_eq!(shown, tab.look(|view| view.texts(conversation)));
    check(&world, conversation, &[], &[&vera, &tab, &ann, &desk]).await;
}

#[tokio::test]
async fn a_stop_drains_closes_with_1012_and_loses_nothing() {
    let world = World::start().await;
    let (mut vera, mut ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut poller = vera.another_tab();
    poller.connect(Over::Poll).await;
    let (stop, stopped) = watch::channel(false);
    let stopping = async {
        vera_and_ann_have_sent(&world, conversation).await;
        let begun = std::time::Instant::now();
        world.sigterm();
        let status = world.ended().await;
        assert!(status.success(), "{status}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        world.serve().await;
        stop.send_replace(true);
    };
    let watcher = async {
        let mut idle = ann.another_tab();
        idle.connect(Over::Socket).await;
        idle.until("a close frame", |view| view.closed).await;
        idle.look(|view| (view.closed, view.reconnect_ms))
    };
    let (closed, reconnect_ms) = {
        let mut desk = ann.another_tab();
        desk.connect(Over::Socket).await;
        let (_, one, two, seen) = tokio::join!(
            stopping,
            Sender::new(&mut vera, "vera", [Over::Socket; 2], conversation).until(stopped.clone()),
            Sender::new(&mut desk, "ann", [Over::Socket; 2], conversation).until(stopped.clone()),
            watcher,
        );
        ann.connect(Over::Socket).await;
        ann.opens(conversation).await;
        check(&world, conversation, &[one, two].concat(), &[&vera, &ann]).await;
        seen
    };
    assert_eq!(closed, Some(1012));
    assert!(reconnect_ms.is_some_and(|ms| ms <= 10_000), "{reconnect_ms:?}");
}

async fn vera_and_ann_have_sent(world: &World, conversation: ConversationId) {
    crate::basics::eventually("some messages are stored", || async {
        (stored(world, conversation).await.len() > 8).then_some(())
    })
    .await;
}
