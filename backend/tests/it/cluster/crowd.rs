//! F25: as many connections as come at once, and all of them again when their server dies. Whoever works already
//! does not notice much.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use protocol::ids::ConversationId;

use crate::basics::eventually;
use crate::checker::check;
use crate::faults::kills::raise_file_limit;
use crate::people::{Agent, Visitor, in_conversation};
use crate::wire::Over;
use crate::world::World;

use super::talks::{at, plan};

/// Tabs that come at once; on two cores, beside three servers without optimisation.
const TABS: usize = 1_200;
/// Visitors they belong to.
const VISITORS: usize = 30;
/// How soon all of them have to be served.
const SERVED_WITHIN: Duration = Duration::from_secs(30);
/// Longest a question and its answer may take between two who work meanwhile, all on the same two cores.
const WORKS_WITHIN: Duration = Duration::from_secs(15);

/// Connects and tries again at once when it is refused, which is worse than what browsers do.
async fn insists(tab: &mut Visitor, since: Instant) {
    let welcomed = tab.look(|view| view.welcomes);
    loop {
        let tried = tab.try_connect(Over::Socket).await;
        let left = SERVED_WITHIN.saturating_sub(since.elapsed());
        let settled = |view: &crate::wire::View| view.welcomes > welcomed || view.closed.is_some();
        if tried.is_ok() && tab.within(left, settled).await && tab.look(|view| view.welcomes > welcomed) {
            return;
        }
        assert!(since.elapsed() < SERVED_WITHIN, "not served within {SERVED_WITHIN:?}: {tried:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Ann and Vera talk until told to stop; gives the longest time from saying to seeing.
async fn works(vera: &Visitor, ann: &Agent, conversation: ConversationId, stop: &AtomicBool) -> Duration {
    let mut slowest = Duration::ZERO;
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        let (question, answer) = (format!("question {number}"), format!("answer {number}"));
        vera.says(&question).await;
        ann.sees(conversation, &question).await;
        ann.says(conversation, &answer).await;
        vera.sees(&answer).await;
        slowest = slowest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    slowest
}

#[tokio::test]
async fn f25_everybody_comes_at_once_and_again_when_a_server_dies() {
    raise_file_limit();
    let world = World::with(plan()).await;
    let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
    let visitors = join_all((0..VISITORS).map(|_| world.visitor())).await;
    let mut tabs: Vec<Visitor> = (0..TABS).map(|number| visitors[number % VISITORS].another_tab()).collect();
    // The two who work are on servers that stay.
    let (mut vera, mut ann) = (at(&world, 0, vera), at(&world, 1, ann));
    vera.connect(Over::Socket).await;
    ann.connect(Over::Socket).await;
    let stop = AtomicBool::new(false);
    let storm = async {
        let begun = Instant::now();
        join_all(tabs.iter_mut().map(|tab| insists(tab, begun))).await;
        let first = begun.elapsed();
        world.servers()[2].kill9();
        let died = Instant::now();
        let lost = |tab: &&mut Visitor| tab.look(|view| view.closed.is_some());
        // Those who were connected to it notice, and come back through the proxy.
        eventually("a third notices", || async {
            (tabs.iter().filter(|tab| tab.look(|view| view.closed.is_some())).count() > TABS / 5).then_some(())
        })
        .await;
        join_all(tabs.iter_mut().filter(lost).map(|tab| insists(tab, died))).await;
        let second = died.elapsed();
        stop.store(true, Ordering::Relaxed);
        (first, second)
    };
    let ((first, second), slowest) = tokio::join!(storm, works(&vera, &ann, conversation, &stop));
    assert!(first < SERVED_WITHIN && second < SERVED_WITHIN, "{first:?} {second:?}");
    assert!(slowest < WORKS_WITHIN, "a line took {slowest:?}");
    eprintln!("{TABS} tabs: served within {first:?}, back within {second:?}; a line took at most {slowest:?}");
    check(&world, conversation, &[], &[&vera, &ann]).await;
}
