//! Drafts, sending, files, reconnecting.

use protocol::command::{Command, PostBody};
use protocol::entry::{AuthorKind, File, Text};
use protocol::error::ErrorCode;
use protocol::event::{Event, Reset, ResetReason, TypingShown};
use protocol::ids::AttachmentId;
use protocol::limits::{ATTACHMENT_BYTES, MESSAGE_CHARS};
use protocol::state::{ConversationState as S, Role};
use protocol::timeline::{Pending, SendState};

use super::fixture::*;
use crate::model::msg::{Do, Net, See, Write};
use crate::model::rows::{Content, Reader, Row, SentMark, rows};
use crate::model::transfer::Target;
use crate::model::{Composer, Effect, Link, Msg};

fn active(role: Role, agent: u128) -> (Server, Tab) {
    let mut server = Server::new();
    server.role = role;
    server.add(1, S::Active, Some(agent));
    let mut tab = Tab::new(&server);
    tab.open(chat(1), &server);
    tab.take();
    (server, tab)
}

fn draft(tab: &mut Tab, text: &str) {
    tab.tell(Msg::Write(Write::Draft(chat(1), text.into())));
}

fn shown(tab: &Tab) -> Vec<Row> {
    let reader = Reader { me: id(ME), visitor_read_seq: 1, day: &|at| at / 86_400_000, files: &tab.model.files };
    rows(&tab.model.threads[&chat(1)], &reader)
}

#[test]
fn the_outbox_echo_becomes_the_stored_message() {
    let (mut server, mut tab) = active(Role::Agent, ME);
    draft(&mut tab, "  hello\nthere ");
    tab.tell(Msg::Write(Write::Send(cmid(1))));
    let effects = tab.take();
    let post = effects.iter().position(|effect| matches!(effect, Effect::Post(post) if post.cmid == cmid(1)));
    let saved = effects.iter().position(|effect| matches!(effect, Effect::SaveDraft(_, text) if text.is_empty()));
    assert!(post.unwrap() < saved.unwrap(), "the draft is forgotten only when the outbox has the text");
    assert!(!tab.model.drafts.contains_key(&chat(1)));
    let key = |rows: &[Row]| match &rows[1] {
        Row::Bubble(bubble) => (bubble.key, bubble.content.clone(), bubble.mark),
        other => panic!("{other:?}"),
    };
    let before = key(&shown(&tab));
    assert_eq!(before.1, Content::Text("hello\nthere".into()));
    assert_eq!(before.2, Some(SentMark::Unsent(SendState::Sending)));
    let events = server.write(chat(1), AuthorKind::Agent, "hello\nthere", Some(cmid(1)));
    tab.events(events);
    let rows = shown(&tab);
    assert_eq!(rows.len(), 2);
    assert_eq!(key(&rows), (before.0, before.1, Some(SentMark::Read)));
}

#[test]
fn empty_and_too_long_drafts_are_not_sent() {
    let (_, mut tab) = active(Role::Agent, ME);
    for text in [String::from(" \n "), "x".repeat(MESSAGE_CHARS + 1)] {
        draft(&mut tab, &text);
        tab.tell(Msg::Write(Write::Send(cmid(1))));
        assert!(tab.model.threads[&chat(1)].timeline.pending().is_empty());
        assert_eq!(tab.model.drafts[&chat(1)], text);
    }
}

#[test]
fn failed_sends_can_be_repeated_and_dropped() {
    let (_, mut tab) = active(Role::Agent, ME);
    draft(&mut tab, "hello");
    tab.tell(Msg::Write(Write::Send(cmid(1))));
    let state = |tab: &Tab| tab.model.threads[&chat(1)].timeline.pending().first().map(|pending| pending.state);
    let failed = SendState::Failed(ErrorCode::Forbidden);
    tab.tell(Msg::Net(Net::Settled(cmid(1), failed)));
    assert_eq!(state(&tab), Some(failed));
    tab.tell(Msg::Write(Write::Retry(cmid(1))));
    assert_eq!(state(&tab), Some(SendState::Sending));
    assert!(tab.take().contains(&Effect::Resend(cmid(1))));
    tab.tell(Msg::Write(Write::Discard(cmid(1))));
    assert_eq!(state(&tab), None);
    assert!(tab.take().contains(&Effect::Discard(cmid(1))));
}

#[test]
fn a_lost_connection_keeps_drafts_and_unsent_messages() {
    let (mut server, mut tab) = active(Role::Agent, ME);
    tab.tell(Msg::Net(Net::Link(Link::Down(Some(NOW + 5_000)))));
    draft(&mut tab, "sent while offline");
    tab.tell(Msg::Write(Write::Send(cmid(1))));
    draft(&mut tab, "half a thou");
    let events = server.write(chat(1), AuthorKind::Visitor, "meanwhile", None);
    tab.connect(&server);
    tab.events(events);
    assert_eq!(tab.model.drafts[&chat(1)], "half a thou");
    let timeline = &tab.model.threads[&chat(1)].timeline;
    assert_eq!((timeline.items().len(), timeline.pending().len()), (1, 1));
    let events = server.write(chat(1), AuthorKind::Agent, "sent while offline", Some(cmid(1)));
    tab.events(events);
    assert!(tab.model.threads[&chat(1)].timeline.pending().is_empty());
}

#[test]
fn an_earlier_page_s_outbox_and_drafts_come_back() {
    let (_, mut tab) = active(Role::Agent, ME);
    let pending = Pending {
        cmid: cmid(7),
        body: PostBody::Message(Text { text: "old".into() }),
        at: NOW,
        state: SendState::Stale,
    };
    tab.tell(Msg::Net(Net::Restored(vec![(chat(1), pending.clone()), (chat(1), pending)])));
    tab.tell(Msg::Net(Net::Drafts(vec![(chat(1), "draft".into())])));
    assert_eq!(tab.model.threads[&chat(1)].timeline.pending().len(), 1);
    assert_eq!(tab.model.drafts[&chat(1)], "draft");
    tab.tell(Msg::Net(Net::Unsaid(cmid(7))));
    assert!(tab.model.threads[&chat(1)].timeline.pending().is_empty());
}

#[test]
fn typing_is_told_every_three_seconds_and_its_end_once() {
    let (_, mut tab) = active(Role::Agent, ME);
    let told = |tab: &mut Tab| -> Vec<bool> {
        let sent = tab.sent();
        sent.iter()
            .filter_map(|command| match command {
                Command::Typing(typing) => Some(typing.active),
                _ => None,
            })
            .collect()
    };
    draft(&mut tab, "h");
    draft(&mut tab, "he");
    assert_eq!(told(&mut tab), [true]);
    tab.model.now += 3_000;
    draft(&mut tab, "hel");
    assert_eq!(told(&mut tab), [true]);
    draft(&mut tab, "");
    draft(&mut tab, "");
    assert_eq!(told(&mut tab), [false]);
    tab.tell(Msg::Write(Write::Note(true)));
    draft(&mut tab, "secret");
    assert!(told(&mut tab).is_empty(), "the visitor must not see that a note is written");
}

#[test]
fn the_visitors_preview_shows_and_ends() {
    let (mut server, mut tab) = active(Role::Agent, ME);
    let visitor = server.line(chat(1)).visitor.0;
    let typing = |active, preview: &str| {
        Event::Typing(TypingShown {
            conversation: chat(1),
            kind: AuthorKind::Visitor,
            id: visitor,
            name: None,
            active,
            preview: Some(preview.into()),
        })
    };
    tab.events(vec![typing(true, "I wan")]);
    assert_eq!(tab.model.threads[&chat(1)].typists[0].preview.as_deref(), Some("I wan"));
    let events = server.write(chat(1), AuthorKind::Visitor, "I want", None);
    tab.events(events);
    assert!(tab.model.threads[&chat(1)].typists.is_empty());
    tab.events(vec![typing(true, "and"), typing(false, "")]);
    assert!(tab.model.threads[&chat(1)].typists.is_empty());
    tab.events(vec![typing(true, "and")]);
    tab.model.now += 6_001;
    tab.tell(Msg::See(See::Tick));
    assert!(tab.model.threads[&chat(1)].typists.is_empty());
}

#[test]
fn a_file_is_uploaded_first_and_posted_second() {
    let (_, mut tab) = active(Role::Agent, ME);
    tab.tell(Msg::Write(Write::Attach(cmid(1), "a.png".into(), 10)));
    assert!(tab.take().contains(&Effect::Upload(cmid(1), chat(1))));
    tab.tell(Msg::Net(Net::UploadBroken(cmid(1))));
    assert!(tab.model.uploads[0].broken);
    tab.tell(Msg::Write(Write::RetryUpload(cmid(1))));
    let file = File {
        attachment: AttachmentId(id(9)),
        name: "a.png".into(),
        media_type: "image/png".into(),
        size: 10,
        width: Some(4),
        height: Some(3),
    };
    tab.tell(Msg::Net(Net::Uploaded(cmid(1), Ok(file.clone()))));
    assert!(tab.model.uploads.is_empty());
    let posted = tab.take();
    assert!(
        posted.iter().any(|effect| matches!(effect, Effect::Post(post) if matches!(&post.body, PostBody::File(_))))
    );
    assert!(matches!(&shown(&tab)[1], Row::Bubble(bubble) if bubble.content == Content::File(file)));
}

#[test]
fn oversized_files_are_refused_before_the_upload() {
    let (_, mut tab) = active(Role::Agent, ME);
    tab.tell(Msg::Write(Write::Attach(cmid(1), "film.mov".into(), ATTACHMENT_BYTES + 1)));
    assert!(tab.model.uploads.is_empty());
    assert!(tab.model.notices[0].text.contains("film.mov"));
    assert!(!tab.take().iter().any(|effect| matches!(effect, Effect::Upload(..))));
}

#[test]
fn what_can_be_written_depends_on_who_holds_it() {
    let (_, tab) = active(Role::Agent, ME);
    assert_eq!(tab.model.composer(), Some(Composer::Open));
    let (_, mut tab) = active(Role::Agent, BOB);
    assert!(matches!(tab.model.composer(), Some(Composer::Colleague(_, false))));
    draft(&mut tab, "psst");
    tab.tell(Msg::Write(Write::Send(cmid(1))));
    assert!(tab.model.threads[&chat(1)].timeline.pending().is_empty());
    tab.tell(Msg::Write(Write::Note(true)));
    tab.tell(Msg::Write(Write::Send(cmid(1))));
    assert!(matches!(tab.model.threads[&chat(1)].timeline.pending()[0].body, PostBody::Note(_)));

    let (mut server, mut tab) = active(Role::Owner, ME);
    server.suspended = true;
    tab.events(vec![server.state()]);
    assert_eq!(tab.model.composer(), Some(Composer::Suspended));
    tab.tell(Msg::Do(Do::AskClose));
    assert_eq!(tab.model.view.dialog, None);
}

#[test]
fn a_replaced_history_is_read_again_and_unsent_messages_stay() {
    let (mut server, mut tab) = active(Role::Agent, ME);
    let events = server.write(chat(1), AuthorKind::Visitor, "hi", None);
    tab.events(events);
    draft(&mut tab, "unsent");
    tab.tell(Msg::Write(Write::Send(cmid(1))));
    tab.take();
    tab.events(vec![Event::Reset(Reset { conversation: chat(1), reason: ResetReason::AheadOfServer })]);
    let thread = &tab.model.threads[&chat(1)];
    assert_eq!((thread.timeline.items().len(), thread.timeline.pending().len()), (0, 1));
    assert!(tab.sent().iter().any(|command| matches!(command, Command::Watch(watch) if watch.after == 0)));
}

#[test]
fn a_transfer_needs_a_choice_and_carries_the_note() {
    let (_, mut tab) = active(Role::Agent, ME);
    tab.tell(Msg::Do(Do::AskTransfer));
    tab.tell(Msg::Do(Do::Transfer));
    assert!(tab.sent().is_empty(), "nobody was chosen");
    tab.tell(Msg::Do(Do::TransferTo(Target::Queue)));
    tab.tell(Msg::Do(Do::TransferNote("  likes blue ".into())));
    tab.tell(Msg::Do(Do::Transfer));
    let sent = tab.sent();
    assert!(
        matches!(&sent[..], [Command::Transfer(transfer)] if transfer.to.is_none() && transfer.note.as_deref() == Some("likes blue"))
    );
}

#[test]
fn rows_have_days_groups_and_system_lines() {
    let (mut server, mut tab) = active(Role::Agent, ME);
    for text in ["one", "two"] {
        let events = server.write(chat(1), AuthorKind::Visitor, text, None);
        tab.events(events);
    }
    let rows = shown(&tab);
    let firsts: Vec<bool> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Bubble(bubble) => Some(bubble.first),
            _ => None,
        })
        .collect();
    assert!(matches!(rows[0], Row::Day(_)));
    assert_eq!(firsts, [true, false]);
}
