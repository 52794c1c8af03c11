//! Synthetic histories: one that is well, and one for every way to break a promise.

use super::*;
use domain::chain;
use domain::entry::author_key;
use protocol::entry::AuthorKind;
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));
const TALK: ConversationId = ConversationId(Uuid::from_u128(10));
const OTHER: ConversationId = ConversationId(Uuid::from_u128(11));

fn cmid(number: u64) -> Cmid {
    Cmid(Uuid::from_u128(100 + u128::from(number)))
}

fn text(number: u64) -> Option<String> {
    Some(format!("message {number}"))
}

/// A log of messages with these numbers, chained as the server does.
fn log(conversation: ConversationId, numbers: &[u64]) -> Log {
    let mut hash = chain::genesis(TENANT, conversation);
    let author = Author { kind: AuthorKind::Visitor, id: Some(Uuid::from_u128(5)), name: None };
    let mut entries = Vec::new();
    for (index, number) in numbers.iter().enumerate() {
        let (seq, at, commitment) = (index as i64 + 1, 1_000 + index as i64, [*number as u8; 32]);
        hash = chain::link(&hash, seq as u64, "message", &author_key(&author), at, &commitment);
        entries.push(Stored {
            seq,
            kind: "message".into(),
            author: author.clone(),
            cmid: Some(cmid(*number)),
            at,
            text: text(*number),
            agents_only: false,
            commitment,
            hash,
        });
    }
    Log { tenant: TENANT, last_seq: entries.len() as i64, last_hash: hash, entries }
}

fn place(seq: u64) -> Place {
    Place { conversation: TALK, seq, at: 999 + seq as i64 }
}

fn sent(number: u64, answers: &[Answer]) -> Sent {
    Sent { sender: "vera".into(), cmid: cmid(number), text: text(number), answers: answers.to_vec() }
}

fn shown(seq: u64, number: u64) -> Shown {
    Shown { seq, cmid: Some(cmid(number)), text: text(number), bare: false }
}

fn entries(from: u64, items: &[Shown]) -> Seen {
    Seen::Entries { conversation: TALK, from, items: items.to_vec() }
}

fn reader(log: Vec<Seen>) -> Reader {
    Reader { name: "ann".into(), may_see: BTreeSet::new(), complete: [TALK].into(), agent: true, log }
}

/// Three messages, one sent twice, seen live, from a page and after a reload.
fn good() -> History {
    let twice = [Answer::Info, Answer::Ok(place(2)), Answer::Ok(place(2))];
    History {
        sent: vec![
            sent(1, &[Answer::Ok(place(1))]),
            sent(2, &twice),
            sent(3, &[Answer::Ok(place(3))]),
            sent(4, &[Answer::Info]),
            sent(5, &[Answer::Info, Answer::Fail]),
        ],
        readers: vec![
            reader(vec![
                entries(1, &[shown(1, 1)]),
                entries(1, &[shown(1, 1), shown(2, 2)]),
                entries(3, &[shown(3, 3)]),
                Seen::Reload,
                entries(1, &[shown(1, 1), shown(2, 2), shown(3, 3)]),
            ]),
            reader(vec![entries(1, &[shown(1, 1)]), Seen::Reset(TALK), entries(1, &[shown(1, 1)])]),
        ]
        .into_iter()
        .map(|mut reader| {
            if reader.log.len() == 3 {
                reader.complete.clear();
                reader.may_see.insert(TALK);
            }
            reader
        })
        .collect(),
        database: [(TALK, log(TALK, &[1, 2, 3])), (OTHER, log(OTHER, &[7]))].into(),
    }
}

fn kinds(change: impl FnOnce(&mut History)) -> Vec<&'static str> {
    let mut history = good();
    change(&mut history);
    check(&history).kinds().into_iter().collect()
}

fn relog(history: &mut History, numbers: &[u64]) {
    history.database.insert(TALK, log(TALK, numbers));
}

fn seen(log: Vec<Seen>) -> impl FnOnce(&mut History) {
    move |history| history.readers = vec![reader(log)]
}

#[test]
fn a_history_that_is_well_is_clean_and_counted() {
    let report = check(&good());
    report.assert_clean();
    assert_eq!((report.acknowledged, report.unknown, report.refused), (3, 1, 1));
    assert_eq!((report.stored, report.shown), (4, 9));
}

#[test]
fn an_unknown_send_may_be_stored_once() {
    let all = [shown(1, 1), shown(2, 2), shown(3, 3), shown(4, 4)];
    let with_the_fourth = |history: &mut History| {
        relog(history, &[1, 2, 3, 4]);
        history.readers = vec![reader(vec![entries(1, &all)])];
    };
    assert_eq!(kinds(with_the_fourth), Vec::<&str>::new());
}

#[test]
fn lost_write() {
    let cut_off = |history: &mut History| {
        relog(history, &[1, 2]);
        history.readers = vec![reader(vec![entries(1, &[shown(1, 1), shown(2, 2)])])];
    };
    assert_eq!(kinds(cut_off), ["lost-write"]);
}

#[test]
fn duplicate_in_the_database_by_id_or_text() {
    let twice = |history: &mut History| {
        relog(history, &[1, 2, 3, 3]);
        history.readers.clear();
    };
    assert_eq!(kinds(twice), ["duplicate"]);
    let under_another_id = |history: &mut History| {
        let mut log = log(TALK, &[1, 2, 3, 9]);
        log.entries[3].text = text(2);
        history.database.insert(TALK, log);
        history.readers.clear();
    };
    assert_eq!(kinds(under_another_id), ["duplicate"]);
    let elsewhere = |history: &mut History| {
        history.database.insert(OTHER, log(OTHER, &[2]));
    };
    assert!(kinds(elsewhere).contains(&"duplicate"));
}

#[test]
fn duplicate_in_a_frame() {
    let all = [shown(1, 1), shown(2, 2), shown(2, 2), shown(3, 3)];
    assert_eq!(kinds(seen(vec![entries(1, &all)])), ["duplicate"]);
}

#[test]
fn unseen() {
    assert_eq!(kinds(seen(vec![entries(1, &[shown(1, 1), shown(2, 2)])])), ["unseen"]);
    let all = [shown(1, 1), shown(2, 2), shown(3, 3)];
    assert_eq!(kinds(seen(vec![entries(1, &all), Seen::Reload])), ["unseen"]);
    assert_eq!(kinds(seen(vec![entries(1, &all), Seen::Reset(TALK)])), ["unseen"]);
}

#[test]
fn poll_skip_between_and_inside_frames() {
    let then_all = entries(1, &[shown(1, 1), shown(2, 2), shown(3, 3)]);
    let between = vec![entries(1, &[shown(1, 1)]), entries(3, &[shown(3, 3)]), then_all.clone()];
    assert_eq!(kinds(seen(between)), ["poll-skip"]);
    assert_eq!(kinds(seen(vec![entries(1, &[shown(1, 1), shown(3, 3)]), then_all.clone()])), ["poll-skip"]);
    assert_eq!(kinds(seen(vec![entries(1, &[shown(2, 2)]), then_all])), ["poll-skip"]);
}

#[test]
fn nonmonotonic_poll() {
    let all = entries(1, &[shown(1, 1), shown(2, 2), shown(3, 3)]);
    let back = entries(2, &[shown(2, 2), shown(1, 1)]);
    assert_eq!(kinds(seen(vec![all, back])), ["nonmonotonic-poll"]);
}

#[test]
fn nonmonotonic_send() {
    assert_eq!(kinds(|history| history.sent.swap(0, 1)), ["nonmonotonic-send"]);
    let another_sender = |history: &mut History| {
        history.sent.swap(0, 1);
        history.sent[0].sender = "ann".into();
    };
    assert_eq!(kinds(another_sender), Vec::<&str>::new());
}

#[test]
fn aborted_read() {
    let refused = |history: &mut History| history.sent[1].answers = vec![Answer::Fail];
    assert_eq!(kinds(refused), ["aborted-read"]);
    let rolled_back = vec![entries(1, &[shown(1, 1), shown(2, 2), shown(3, 3)]), entries(4, &[shown(4, 6)])];
    assert_eq!(kinds(seen(rolled_back)), ["aborted-read"]);
    let changed = vec![entries(1, &[shown(1, 1), shown(2, 9), shown(3, 3)])];
    assert_eq!(kinds(seen(changed)), ["aborted-read"]);
    let garbled = |history: &mut History| history.sent[0].text = text(99);
    assert_eq!(kinds(garbled), ["aborted-read"]);
}

#[test]
fn what_was_shown_of_a_history_that_was_replaced_is_not_judged() {
    let before = entries(1, &[shown(1, 1), shown(2, 8)]);
    let after = entries(1, &[shown(1, 1), shown(2, 2), shown(3, 3)]);
    assert_eq!(kinds(seen(vec![before.clone(), Seen::Replaced(TALK), after.clone()])), Vec::<&str>::new());
    assert_eq!(kinds(seen(vec![Seen::Replaced(TALK), before.clone(), after.clone()])), ["aborted-read"]);
    assert_eq!(kinds(seen(vec![before, Seen::Reset(TALK), after])), ["aborted-read"]);
}

#[test]
fn leak_of_a_conversation_a_message_or_a_note() {
    let all = entries(1, &[shown(1, 1), shown(2, 2), shown(3, 3)]);
    let foreign = Seen::Entries { conversation: OTHER, from: 1, items: vec![shown(1, 7)] };
    assert_eq!(kinds(seen(vec![all.clone(), foreign])), ["leak"]);
    assert_eq!(kinds(seen(vec![all.clone(), entries(1, &[shown(1, 7)])])), ["leak"]);
    let note = |agent: bool, item: Shown| {
        move |history: &mut History| {
            if let Some(log) = history.database.get_mut(&TALK) {
                log.entries[2].agents_only = true;
            }
            let log = vec![entries(1, &[shown(1, 1), shown(2, 2), item])];
            history.readers = vec![Reader { agent, ..reader(log) }];
        }
    };
    let bare = Shown { seq: 3, cmid: None, text: None, bare: true };
    assert_eq!(kinds(note(false, shown(3, 3))), ["leak"]);
    assert_eq!(kinds(note(false, bare.clone())), Vec::<&str>::new());
    assert_eq!(kinds(note(true, shown(3, 3))), Vec::<&str>::new());
    assert_eq!(kinds(note(true, bare)), ["aborted-read"]);
}

#[test]
fn ack_change() {
    let two = |history: &mut History| history.sent[1].answers.push(Answer::Ok(place(3)));
    assert_eq!(kinds(two), ["ack-change"]);
    let wrong = |history: &mut History| history.sent[0].answers = vec![Answer::Ok(Place { at: 5, ..place(1) })];
    assert_eq!(kinds(wrong), ["ack-change"]);
}

#[test]
fn broken_log() {
    let gap = |history: &mut History| {
        history.readers.clear();
        history.sent.remove(1);
        if let Some(log) = history.database.get_mut(&TALK) {
            log.entries.remove(1);
        }
    };
    assert_eq!(kinds(gap), ["broken-log"]);
    let forged = |history: &mut History| {
        if let Some(log) = history.database.get_mut(&TALK) {
            log.entries[1].commitment = [0; 32];
        }
    };
    assert_eq!(kinds(forged), ["broken-log"]);
    let projection = |history: &mut History| {
        if let Some(log) = history.database.get_mut(&TALK) {
            log.last_seq = 9;
        }
    };
    assert_eq!(kinds(projection), ["broken-log"]);
}
