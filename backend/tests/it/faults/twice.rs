//! F17: the same send twenty times at once, over both transports. F18: its answer is lost.

use faults::checker::Sent;
use faults::proxy::{End, Proxy};
use futures_util::future::join_all;
use protocol::command::{Command, Fetch};
use protocol::ids::ConversationId;

use crate::checker::{answer_of, check, stored};
use crate::people::{Visitor, cmid, in_conversation, message};
use crate::senders::{Sender, patiently};
use crate::wire::{BOTH, Over};
use crate::world::{Plan, World};

#[tokio::test]
async fn f17_one_send_twenty_times_at_once_is_stored_once_and_answered_alike() {
    let world = World::with(Plan::default().unlimited()).await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let mut tabs = Vec::new();
    for number in 0..20 {
        let mut tab = vera.another_tab();
        tab.connect(BOTH[number % 2]).await;
        tabs.push(tab);
    }
    let sent = at_once(&world, conversation, &tabs).await;
    check(&world, conversation, &sent, &[&vera, &ann]).await;
}

/// Every tab sends the same ten times, all of them at once: one is stored, and everybody is answered alike.
pub(crate) async fn at_once(world: &World, conversation: ConversationId, tabs: &[Visitor]) -> Vec<Sent> {
    let mut sent = Vec::new();
    for round in 0..10 {
        let same = cmid();
        let text = format!("round {round} {same}");
        let other = format!("another text {same}");
        // The first to come wins, so all but one send the text that is to be found.
        let send =
            |(number, tab)| patiently(tab, message(Some(conversation), same, if number == 0 { &text } else { &other }));
        let acks = join_all(tabs.iter().map(|tab| &**tab).enumerate().map(send)).await;
        for ack in &acks {
            assert_eq!(answer_of(ack), answer_of(&acks[0]), "every ack says the same");
        }
        let times = stored(world, conversation).await.iter().filter(|(_, it)| *it == Some(same)).count();
        assert_eq!(times, 1);
        let answers = acks.iter().map(answer_of).collect();
        sent.push(Sent { sender: format!("round {round}"), cmid: same, text: None, answers });
    }
    sent
}

#[tokio::test]
async fn f18_an_answer_that_is_lost_is_given_again() {
    let world = World::with(Plan::default().unlimited()).await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let proxy = Proxy::bind().await.expect("a proxy");
    proxy.forward_to(world.port());
    let mut sent = Vec::new();
    for over in BOTH {
        for how in [End::Reset, End::Fin] {
            let mut far =
                Visitor::returns(&proxy.url(), &world.origin(), &world.acme.site, Some(&vera.reply.token)).await;
            far.connect(over).await;
            far.must(Command::Fetch(Fetch { conversation, after: 0 })).await;
            for number in 0..5 {
                let entries = stored(&world, conversation).await.len();
                let cmid = cmid();
                let text = format!("{over:?} {how:?} {number} {cmid}");
                let command = message(Some(conversation), cmid, &text);
                // From now on nothing comes back: not over open connections, not over those of a POST.
                proxy.change(|weather| weather.to_client.until = Some((0, how)));
                let lost = far.ask(command.clone()).await;
                assert!(lost.is_err(), "an answer came through: {lost:?}");
                proxy.change(|weather| weather.to_client.until = None);
                crate::basics::eventually("it is stored", || async {
                    (stored(&world, conversation).await.len() > entries).then_some(())
                })
                .await;
                let mut answers = vec![faults::checker::Answer::Info];
                let mut sender = Sender::new(&mut far, "vera", [over; 2], conversation);
                sender.settle(&command, &mut answers).await;
                sent.push(Sent { sender: "vera".to_owned(), cmid, text: Some(text), answers });
            }
            check(&world, conversation, &sent, &[&far, &ann]).await;
        }
    }
}
