//! Whatever order entries arrive in, and however often, every reader ends with the same timeline (C3, C4, C8).

use proptest::prelude::*;
use protocol::command::PostBody;
use protocol::entry::{EntryBody, Item, Text};
use protocol::error::ErrorCode;
use protocol::event::Entries;
use protocol::ids::{Cmid, ConversationId, Epoch};
use protocol::timeline::{Applied, Pending, SendState, Timeline};
use uuid::Uuid;

const EPOCH: Epoch = Epoch(Uuid::from_u128(1));
const OTHER: Epoch = Epoch(Uuid::from_u128(2));

fn cmid(number: u64) -> Cmid {
    Cmid(Uuid::from_u128(1000 + u128::from(number)))
}

/// The stored entry `seq`; every third is a placeholder.
fn item(seq: u64) -> Item {
    let whole = !seq.is_multiple_of(3);
    let text = Text { text: format!("entry {seq}") };
    Item {
        seq,
        at: whole.then_some(1_000 + seq as i64),
        author: None,
        cmid: whole.then(|| cmid(seq)),
        body: whole.then_some(EntryBody::Message(text)),
    }
}

fn entries(epoch: Epoch, from: u64, to: u64) -> Entries {
    Entries {
        conversation: ConversationId(Uuid::from_u128(3)),
        epoch,
        from,
        last_seq: to,
        items: (from..=to).map(item).collect(),
    }
}

fn pending(number: u64) -> Pending {
    Pending {
        cmid: cmid(number),
        body: PostBody::Message(Text { text: format!("entry {number}") }),
        at: 1,
        state: SendState::Sending,
    }
}

fn whole(last: u64) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.apply(&entries(EPOCH, 1, last));
    timeline
}

/// What holds after every step.
fn check(timeline: &Timeline) -> Result<(), TestCaseError> {
    for (expected, held) in (1u64..).zip(timeline.items()) {
        prop_assert_eq!(held, &item(expected));
    }
    let stored = |pending: &Pending| timeline.items().iter().any(|item| item.cmid == Some(pending.cmid));
    prop_assert!(!timeline.pending().iter().any(stored), "an echo beside its entry");
    Ok(())
}

/// Slices of a log of `last` entries, in any order, overlapping and repeated, some empty.
fn slices(last: u64) -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((1..=last, 0u64..8), 0..30).prop_map(move |slices| {
        slices.into_iter().map(|(from, length)| (from, (from + length).min(last + 1) - 1)).collect()
    })
}

proptest! {
    #[test]
    fn any_order_converges(slices in slices(20), sends in prop::collection::vec(1u64..25, 0..10)) {
        let mut timeline = Timeline::default();
        let mut sends = sends.into_iter();
        for (from, to) in slices {
            if let Some(send) = sends.next() {
                timeline.add_pending(pending(send));
            }
            let before = timeline.clone();
            let applied = timeline.apply(&entries(EPOCH, from, to));
            match applied {
                Applied::Gap { after } => {
                    prop_assert!(from > before.seq() + 1);
                    prop_assert_eq!(after, before.seq());
                    prop_assert_eq!(&timeline, &before);
                }
                Applied::Nothing => {
                    prop_assert!(to <= before.seq());
                    prop_assert_eq!(&timeline, &before);
                }
                Applied::From(index) => {
                    prop_assert_eq!(index as u64, before.seq());
                    prop_assert_eq!(timeline.seq(), to);
                }
                Applied::OtherEpoch => prop_assert!(false, "there is one epoch"),
            }
            check(&timeline)?;
        }
        // What a fetch after the newest entry held brings.
        timeline.apply(&entries(EPOCH, timeline.seq() + 1, 20));
        let complete = whole(20);
        prop_assert_eq!(timeline.items(), complete.items());
        check(&timeline)?;
        // What the log does not have is still shown as pending, in the order sent.
        let unstored = timeline.pending().iter().all(|pending| pending.cmid > cmid(20) || item_is_placeholder(pending.cmid));
        prop_assert!(unstored);
    }

    /// Following the reported gaps is enough: a client that fetches after each gap misses nothing.
    #[test]
    fn fetching_after_each_gap_heals(slices in slices(20)) {
        let mut timeline = Timeline::default();
        for (from, to) in slices {
            if let Applied::Gap { after } = timeline.apply(&entries(EPOCH, from, to)) {
                timeline.apply(&entries(EPOCH, after + 1, to.max(from - 1)));
                prop_assert!(timeline.seq() >= from - 1);
                timeline.apply(&entries(EPOCH, from, to));
            }
            prop_assert!(timeline.seq() >= to);
            check(&timeline)?;
        }
    }

    /// A send is one bubble whatever comes first: the echo, the ack or the entry, and however often.
    #[test]
    fn one_bubble_per_send(steps in prop::collection::vec(0u8..4, 1..12)) {
        let mut timeline = whole(3);
        let mut sent = false;
        for step in steps {
            match step {
                0 => { timeline.add_pending(pending(4)); sent = true; }
                1 => timeline.settle(cmid(4), SendState::Stored),
                2 => timeline.settle(cmid(4), SendState::Failed(ErrorCode::Unavailable)),
                _ => { timeline.apply(&entries(EPOCH, 4, 4)); }
            }
            let stored = timeline.items().iter().filter(|item| item.cmid == Some(cmid(4))).count();
            let shown = timeline.pending().len();
            prop_assert!(stored + shown <= 1);
            prop_assert!(!sent || stored + shown == 1, "a send vanished");
        }
        timeline.apply(&entries(EPOCH, 4, 4));
        prop_assert_eq!(timeline.pending(), &[]);
    }
}

fn item_is_placeholder(send: Cmid) -> bool {
    (1..=20).filter(|seq: &u64| seq.is_multiple_of(3)).any(|seq| cmid(seq) == send)
}

#[test]
fn another_epoch_starts_over_and_keeps_what_is_unsent() {
    let mut timeline = whole(5);
    timeline.add_pending(pending(6));
    assert_eq!(timeline.apply(&entries(OTHER, 4, 5)), Applied::OtherEpoch);
    assert_eq!((timeline.seq(), timeline.epoch()), (0, None));
    assert_eq!(timeline.apply(&entries(OTHER, 1, 2)), Applied::From(0));
    assert_eq!((timeline.seq(), timeline.epoch()), (2, Some(OTHER)));
    assert_eq!(timeline.pending().len(), 1);

    let mut timeline = whole(5);
    assert_eq!(timeline.apply(&entries(OTHER, 1, 3)), Applied::From(0));
    assert_eq!(timeline.seq(), 3);
}

#[test]
fn a_discarded_or_failed_send_stays_what_it_is() {
    let mut timeline = Timeline::default();
    timeline.add_pending(pending(1));
    timeline.add_pending(pending(2));
    timeline.add_pending(pending(1));
    assert_eq!(timeline.pending().len(), 2);
    timeline.settle(cmid(1), SendState::Stale);
    assert_eq!(timeline.pending()[0].state, SendState::Stale);
    timeline.discard(cmid(1));
    assert_eq!(timeline.pending()[0].cmid, cmid(2));
    timeline.reset();
    assert_eq!(timeline.pending().len(), 1);
}
