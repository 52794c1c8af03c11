//! What the screen shows, and that no text can become anything else.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod rig;

use client::{ClientEvent, Status, Transport};
use proptest::prelude::*;
use protocol::entry::{Assigned, AuthorKind, Closed, ClosedBy, EntryBody, File};
use protocol::ids::{AgentId, AttachmentId};
use protocol::site::SiteTexts;
use protocol::state::{Availability, ConversationState, Estimate};
use rig::{Rig, config, line};
use uuid::Uuid;
use widget::state::Msg;

/// Tags of a piece of markup, with what stands in them.
fn tags(markup: &str) -> Vec<&str> {
    let heads = markup.split('<').skip(1);
    heads.map(|head| head.split('>').next().unwrap()).collect()
}

#[test]
fn texts_of_the_merchant_replace_ours() {
    let mut config = config();
    config.site.texts = vec![SiteTexts {
        locale: "en".to_owned(),
        greeting: Some("Welcome to Acme".to_owned()),
        welcome: None,
        offline: Some("Back on Monday".to_owned()),
    }];
    let mut rig = Rig::with(config).connect();
    assert!(rig.view().contains("Welcome to Acme") && rig.view().contains("Ask us anything"));
    rig.state.availability = Availability::Offline;
    rig.push_state();
    assert!(rig.view().contains("Back on Monday"));
    rig.host(r#"{"t":"locale","v":"zh-CN"}"#);
    assert!(!rig.view().contains("Welcome to Acme"));
}

#[test]
fn the_place_in_the_queue_is_said_with_its_estimate() {
    let mut rig = Rig::connected();
    let mut waiting = line(ConversationState::Waiting);
    waiting.position = Some(3);
    waiting.estimate = Some(Estimate { p50_s: 200, p90_s: 500 });
    rig.state.conversations = vec![waiting];
    rig.push_state();
    rig.act("chat");
    let view = rig.view();
    assert!(view.contains("You are number 3") && view.contains("Usually 4 to 9 minutes."), "{view}");
    rig.state.conversations[0].position = Some(1);
    rig.state.conversations[0].estimate = None;
    rig.push_state();
    assert!(rig.view().contains("You are next"));
    rig.state.conversations[0].state = ConversationState::Offered;
    rig.push_state();
    assert!(rig.view().contains("Connecting you with an agent"));
}

#[test]
fn a_thread_shows_days_notes_names_and_marks() {
    let mut rig = Rig::active();
    rig.says(AuthorKind::Visitor, "Hello");
    let assigned = Assigned { agent: AgentId(Uuid::nil()), name: "Mia".to_owned() };
    rig.entry(AuthorKind::System, None, EntryBody::Assigned(assigned));
    rig.says(AuthorKind::Agent, "Hi");
    let view = rig.view();
    for text in ["Today", "Hello", "Mia joined the conversation", "Hi", "Mia · ", "Sent"] {
        assert!(view.contains(text), "{text}: {view}");
    }
    rig.state.conversations[0].agent_read_seq = 1;
    rig.push_state();
    assert!(rig.view().contains("mark read"));
    rig.entry(AuthorKind::Agent, None, EntryBody::Closed(Closed { by: ClosedBy::Agent }));
    assert!(rig.view().contains("The conversation was ended"));
}

#[test]
fn files_are_rows_and_pictures_are_pictures() {
    let mut rig = Rig::active();
    let id = AttachmentId(Uuid::from_u128(9));
    let file = |name: &str, media_type: &str| {
        EntryBody::File(File {
            attachment: id,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size: 1_500_000,
            width: Some(4),
            height: Some(3),
        })
    };
    rig.entry(AuthorKind::Agent, None, file("a.pdf", "application/pdf"));
    let view = rig.view();
    assert!(view.contains("a.pdf") && view.contains("2 MB") && !view.contains("<img"), "{view}");
    rig.entry(AuthorKind::Agent, None, file("b.svg", "image/svg+xml"));
    assert!(!rig.view().contains("<img"));
    rig.entry(AuthorKind::Agent, None, file("c.png", "image/png"));
    rig.msg(Msg::PictureLoaded { attachment: id, url: Some("blob:x".to_owned()) });
    assert!(rig.view().contains("<img src='blob:x'"));
}

#[test]
fn a_lost_connection_is_said_and_a_live_one_is_not() {
    let mut rig = Rig::connected();
    rig.msg(Msg::Client(ClientEvent::Status(Status::Waiting(5_000))));
    assert!(rig.view().contains("Trying again"));
    rig.msg(Msg::Client(ClientEvent::Status(Status::Live(Transport::Poll))));
    assert!(!rig.view().contains("Trying again"));
    rig.msg(Msg::Client(ClientEvent::Status(Status::Stopped(4410))));
    assert!(rig.view().contains("There is a newer version"));
    rig.msg(Msg::Client(ClientEvent::NotKept));
    assert!(rig.view().contains("cannot keep unsent messages"));
}

#[test]
fn only_three_kinds_of_address_become_links() {
    let mut rig = Rig::active();
    rig.says(AuthorKind::Agent, "https://a.example/x javascript:alert(1) mailto:b@c.example data:text/html,x");
    let view = rig.view();
    let links: Vec<&str> = tags(&view).into_iter().filter(|tag| tag.starts_with("a ")).collect();
    assert_eq!(links.len(), 2, "{links:?}");
    assert!(links.iter().all(|link| link.contains("rel='noopener noreferrer nofollow ugc'")));
}

proptest! {
    #[test]
    fn no_text_adds_a_tag_or_an_attribute(text in "[ -~<>'\"&\u{1}-\u{6}\u{100}\u{202e}é]{1,60}") {
        let screen = |text: &str| {
            let mut config = config();
            config.site.name = text.to_owned();
            let mut rig = Rig::with(config).connect();
            let mut active = line(ConversationState::Active);
            active.preview = Some(text.to_owned());
            active.agent.as_mut().unwrap().name = text.to_owned();
            rig.state.conversations = vec![active];
            rig.push_state();
            let home = rig.view();
            rig.act("chat");
            rig.says(AuthorKind::Visitor, text);
            let assigned = Assigned { agent: AgentId(Uuid::nil()), name: text.to_owned() };
            rig.entry(AuthorKind::System, None, EntryBody::Assigned(assigned));
            let file = File {
                attachment: AttachmentId(Uuid::from_u128(9)),
                name: text.to_owned(),
                media_type: "application/pdf".to_owned(),
                size: 1,
                width: None,
                height: None,
            };
            rig.entry(AuthorKind::Agent, None, EntryBody::File(file));
            home + &rig.view()
        };
        // Links apart, which are tags of our own.
        prop_assume!(!text.contains("://") && !text.to_lowercase().contains("mailto:"));
        let (with_text, plain) = (screen(&text), screen("x"));
        prop_assert_eq!(tags(&with_text).len(), tags(&plain).len());
        prop_assert_eq!(with_text.matches('\'').count(), plain.matches('\'').count());
    }
}
