use super::{Letter, Mail, MailError, build};
use lettre::message::Mailbox;
use uuid::Uuid;

fn from() -> Mailbox {
    "Front Desk <desk@shop.example>".parse().unwrap()
}

fn mail() -> Mail {
    Mail {
        to: "ada@customer.example".into(),
        to_name: Some("Ada, \"the\" 客户".into()),
        reply_to: Some("team@shop.example".into()),
        thread: None,
        letter: Letter { subject: "Grüße 你好".into(), text: "Hello".into(), html: "<p>Hello</p>".into() },
    }
}

/// Names of the header fields of the whole message, in lower case.
fn headers(message: &lettre::Message) -> Vec<String> {
    let text = String::from_utf8(message.formatted()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap().to_owned();
    head.split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap().to_ascii_lowercase())
        .collect()
}

#[test]
fn a_mail_has_exactly_the_expected_header_fields() {
    let mut found = headers(&build(&mail(), Uuid::nil(), &from()).unwrap());
    found.sort();
    assert_eq!(
        found,
        ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "reply-to", "subject", "to"]
    );
}

#[test]
fn the_message_id_comes_from_the_outbox_row() {
    let id = Uuid::from_u128(7);
    let first = String::from_utf8(build(&mail(), id, &from()).unwrap().formatted()).unwrap();
    let line = format!("Message-ID: <{}@shop.example>", id.hyphenated());
    assert!(first.contains(&line), "{first}");
}

#[test]
fn a_control_character_in_a_header_field_is_refused() {
    for evil in ["x\r\nBcc: all@victim.example", "x\nX: y", "x\0", "x\u{2028}y", "x\u{85}y", "x\u{7f}"] {
        let mut subject = mail();
        subject.letter.subject = evil.into();
        let mut name = mail();
        name.to_name = Some(evil.into());
        let mut to = mail();
        to.to = format!("a@b.example{evil}");
        let mut reply = mail();
        reply.reply_to = Some(format!("{evil}@b.example"));
        for bad in [subject, name, to, reply] {
            assert!(matches!(build(&bad, Uuid::nil(), &from()), Err(MailError::Control(_))), "{bad:?}");
        }
    }
}

#[test]
fn what_is_not_an_address_is_refused() {
    for bad in ["", "ada", "a@b, c@d", "a@b;c@d", "<a@b>", "a b@c"] {
        let mut mail = mail();
        mail.to = bad.into();
        assert!(build(&mail, Uuid::nil(), &from()).is_err(), "{bad:?}");
    }
}
