use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use url::Url;
use uuid::Uuid;

use super::{Mailer, SendError, decoded, is_loopback, transport};
use crate::config::Config;
use crate::mail::{Letter, Mail};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn only_this_machine_is_reached_without_encryption() {
    for (text, expected) in [
        ("smtp://localhost:2525", true),
        ("smtp://127.0.0.1", true),
        ("smtp://[::1]:25", true),
        ("smtp://mail.example", false),
        ("smtp://localhost.evil.example", false),
        ("smtp://10.0.0.1", false),
    ] {
        assert_eq!(is_loopback(&url(text)), expected, "{text}");
    }
}

#[tokio::test]
async fn other_schemes_are_refused() {
    assert!(transport(&url("http://mail.example")).is_err());
    assert!(transport(&url("smtp://mail.example")).is_ok());
    assert!(transport(&url("smtps://u:p@mail.example")).is_ok());
}

#[test]
fn names_and_passwords_are_decoded() {
    assert_eq!(decoded("a%40b%3a%25").unwrap(), "a@b:%");
    assert_eq!(decoded("100%").unwrap(), "100%");
    assert!(decoded("%ff").is_err());
}

/// A mail server that answers `RCPT` with `reply` and keeps what it is given.
struct Server {
    mailer: Mailer,
    got: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(reply: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let keep = Arc::clone(&keep);
                tokio::spawn(async move { talk(socket, reply, &keep).await });
            }
        });
        let mut config = Config::with_data(Path::new("data"));
        config.smtp_url = Some(url(&format!("smtp://127.0.0.1:{port}")));
        config.mail_from = Some("Desk <desk@shop.example>".to_owned());
        Self { mailer: Mailer::new(&config).unwrap().unwrap(), got }
    }

    async fn send(&self) -> Result<(), SendError> {
        let letter = Letter { subject: "Hi".into(), text: "你好".into(), html: "<p>你好</p>".into() };
        let mail = Mail { to: "ada@customer.example".into(), to_name: None, reply_to: None, thread: None, letter };
        self.mailer.send(&mail, Uuid::from_u128(1)).await
    }
}

async fn talk(socket: tokio::net::TcpStream, rcpt: &str, got: &Mutex<Vec<String>>) {
    let mut socket = BufReader::new(socket);
    let mut text = None::<String>;
    let mut line = String::new();
    socket.write_all(b"220 ready\r\n").await.unwrap();
    while socket.read_line(&mut line).await.unwrap_or(0) > 0 {
        let command = std::mem::take(&mut line);
        let reply = match (&mut text, command.get(..4).unwrap_or_default().to_ascii_uppercase().as_str()) {
            (Some(mail), _) if command == ".\r\n" => {
                got.lock().unwrap().push(std::mem::take(mail));
                text = None;
                "250 taken"
            }
            (Some(mail), _) => {
                mail.push_str(&command);
                continue;
            }
            (None, "DATA") => {
                text = Some(String::new());
                "354 go on"
            }
            (None, "RCPT") => rcpt,
            (None, "QUIT") => "221 bye",
            _ => "250 ok",
        };
        if socket.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let server = Server::start("250 ok").await;
    server.send().await.unwrap();
    let got = server.got.lock().unwrap();
    assert_eq!(got.len(), 1);
    for part in ["Subject: Hi\r\n", "To: ada@customer.example\r\n", "multipart/alternative", "text/plain", "text/html"]
    {
        assert!(got[0].contains(part), "{part} is missing in {}", got[0]);
    }
}

#[tokio::test]
async fn a_greylisted_mail_is_tried_again_and_a_refused_one_is_not() {
    let greylisted = Server::start("451 come back later").await.send().await.unwrap_err();
    assert!(!greylisted.is_permanent, "{greylisted:?}");
    let refused = Server::start("550 no such mailbox").await.send().await.unwrap_err();
    assert!(refused.is_permanent, "{refused:?}");
    assert!(refused.text.contains("550") || refused.text.contains("no such mailbox"), "{refused:?}");
}

#[tokio::test]
async fn what_is_wrong_with_our_side_is_tried_again() {
    for reply in ["530 encryption needed", "535 who are you", "421 closing"] {
        let error = Server::start(reply).await.send().await.unwrap_err();
        assert!(!error.is_permanent, "{error:?}");
    }
}

#[tokio::test]
async fn nobody_listening_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut config = Config::with_data(Path::new("data"));
    config.smtp_url = Some(url(&format!("smtp://127.0.0.1:{port}")));
    let mailer = Mailer::new(&config).unwrap().unwrap();
    let mail =
        Mail { to: "a@b.example".into(), to_name: None, reply_to: None, thread: None, letter: Letter::default() };
    assert!(!mailer.send(&mail, Uuid::nil()).await.unwrap_err().is_permanent);
}
