//! Files from both sides: what is taken, what is refused and why, how they are served, and to whom.

use std::io::{Read, Write};
use std::time::Duration;

use image::{ImageBuffer, ImageFormat, Rgb};
use protocol::command::{Command, Post, PostBody, PostFile};
use protocol::entry::{EntryBody, File};
use protocol::error::ErrorCode;
use protocol::frame::UploadReply;
use protocol::ids::{AttachmentId, ConversationId};
use protocol::limits::ATTACHMENT_BYTES;
use protocol::state::ConversationState;
use serde_json::Value;
use uuid::Uuid;

use crate::connections::trickle_by;
use crate::people::{Agent, Visitor, cmid, code_of};
use crate::wire::{BOTH, Client, Credentials, Over, request};
use crate::world::{Plan, World};

struct Chat {
    world: World,
    vera: Visitor,
    ann: Agent,
    conversation: ConversationId,
}

async fn chat(over: Over) -> Chat {
    let world = World::with(Plan { second: true, ..Plan::default() }.unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(over).await;
    let mut vera = world.visitor().await;
    vera.connect(over).await;
    let conversation = vera.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    vera.sees_state(ConversationState::Active).await;
    Chat { world, vera, ann, conversation }
}

/// Uploads bytes; gives status and body.
pub(crate) async fn upload(
    client: &Client,
    conversation: ConversationId,
    (name, media_type): (&str, &str),
    bytes: Vec<u8>,
) -> (u16, Value) {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("conversation", &conversation.to_string())
        .append_pair("name", name)
        .finish();
    let tenant = match &client.credentials {
        Credentials::Cookie(_, Some(tenant)) => format!("&tenant={tenant}"),
        _ => String::new(),
    };
    let url = format!("{}/v1/files?{query}{tenant}", client.base);
    let http = reqwest::Client::new();
    let mut sending = request(&http, url, &client.origin, &client.credentials).body(bytes).build().expect("a request");
    let media_type = media_type.parse().expect("a header value");
    sending.headers_mut().insert("content-type", media_type);
    let response = http.execute(sending).await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}")))
}

/// Uploads what must be taken.
pub(crate) async fn uploaded(
    client: &Client,
    conversation: ConversationId,
    name: (&str, &str),
    bytes: Vec<u8>,
) -> AttachmentId {
    let (status, body) = upload(client, conversation, name, bytes).await;
    assert_eq!(status, 200, "{name:?}: {body}");
    serde_json::from_value::<UploadReply>(body).expect("an upload reply").attachment
}

/// The command that shows an upload in a conversation.
pub(crate) fn posting(conversation: ConversationId, attachment: AttachmentId) -> Command {
    let body = PostBody::File(PostFile { attachment });
    Command::Post(Post { cmid: cmid(), conversation: Some(conversation), body })
}

/// Asks for a file as this client.
pub(crate) async fn download(client: &Client, file: AttachmentId) -> reqwest::Response {
    let tenant = match &client.credentials {
        Credentials::Cookie(_, Some(tenant)) => format!("?tenant={tenant}"),
        _ => String::new(),
    };
    let request = reqwest::Client::new().get(format!("{}/v1/files/{file}{tenant}", client.base));
    let request = match &client.credentials {
        Credentials::None => request,
        Credentials::Token(token) => request.bearer_auth(token),
        Credentials::Cookie(cookie, _) => request.header("cookie", cookie),
    };
    request.send().await.expect("an answer")
}

/// A picture.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = ImageBuffer::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 90]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

/// The file of a conversation as somebody sees it.
fn file_seen(client: &Client, conversation: ConversationId) -> Option<File> {
    client.look(|view| {
        view.items(conversation).iter().rev().find_map(|item| match &item.body {
            Some(EntryBody::File(file)) => Some(file.clone()),
            _ => None,
        })
    })
}

async fn sees_file(client: &Client, conversation: ConversationId, name: &str) -> File {
    client
        .until(&format!("the file {name}"), |view| {
            view.items(conversation).iter().find_map(|item| match &item.body {
                Some(EntryBody::File(file)) if file.name == name => Some(file.clone()),
                _ => None,
            })
        })
        .await
}

#[tokio::test]
async fn both_sides_send_pictures_and_documents() {
    for over in BOTH {
        let Chat { vera, ann, conversation, world } = chat(over).await;
        let leaf = uploaded(&vera, conversation, ("leaf.png", "image/png"), png(40, 30)).await;
        vera.must(posting(conversation, leaf)).await;
        let seen = sees_file(&ann, conversation, "leaf.png").await;
        assert_eq!((seen.media_type.as_str(), seen.width, seen.height), ("image/png", Some(40), Some(30)));
        let bill = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n".to_vec();
        let bill = uploaded(&ann, conversation, ("bill.pdf", "application/pdf"), bill).await;
        ann.must(posting(conversation, bill)).await;
        let seen = sees_file(&vera, conversation, "bill.pdf").await;
        assert_eq!(seen.attachment, bill);
        for (client, file) in [(&*vera, leaf), (&*ann, leaf), (&*vera, bill), (&*ann, bill)] {
            let response = download(client, file).await;
            assert_eq!(response.status(), 200);
            let header = |name: &str| {
                response.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
            };
            assert!(header("content-disposition").starts_with("attachment"), "{:?}", response.headers());
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert!(header("content-security-policy").contains("sandbox"));
            assert!(header("content-security-policy").contains("default-src 'none'"));
            let length: usize = header("content-length").parse().expect("a length");
            assert_eq!(response.bytes().await.expect("the file").len(), length);
        }
        drop(world);
    }
}

#[tokio::test]
async fn what_is_not_what_it_says_is_refused() {
    let Chat { vera, conversation, world, .. } = chat(Over::Socket).await;
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>"#.to_vec();
    let html = b"<!doctype html><script>alert(1)</script>".to_vec();
    let exe = [b"MZ\x90\x00".as_slice(), &[0; 200]].concat();
    let polyglot = [png(4, 4), html.clone()].concat();
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("a.svg", "image/svg+xml", svg.clone()),
        ("a.png", "image/png", svg),
        ("a.html", "text/html", html.clone()),
        ("a.png", "image/png", html.clone()),
        ("a.pdf", "application/pdf", html),
        ("a.exe", "application/octet-stream", exe.clone()),
        ("a.png", "image/png", exe.clone()),
        ("a.png.exe", "image/png", png(4, 4)),
        ("a.jpg", "image/jpeg", png(4, 4)),
        ("a", "image/png", png(4, 4)),
        ("a.png", "text/html", png(4, 4)),
        ("a.zip", "application/zip", exe),
    ];
    for (name, media_type, bytes) in cases {
        let (status, body) = upload(&vera, conversation, (name, media_type), bytes).await;
        assert_eq!((status, &body["code"]), (415, &Value::from("unsupported_type")), "{name} {media_type}: {body}");
        assert_eq!(body["field"], "file", "{name}: {body}");
    }
    // A picture with something behind it is taken as the picture alone.
    let clean = uploaded(&vera, conversation, ("a.png", "image/png"), polyglot).await;
    let kept = download(&vera, clean).await.bytes().await.expect("the picture");
    assert!(!String::from_utf8_lossy(&kept).contains("script"), "what hid behind the picture was kept");
    assert_eq!(world.count("select count(*) from attachment").await, 1);
    assert_eq!(incoming(&world), 0, "refused files are not left lying");
}

/// Files that wait in the incoming folder.
fn incoming(world: &World) -> usize {
    std::fs::read_dir(world.data().join("files").join("incoming")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn too_large_too_many_pixels_damaged_and_empty_files_are_refused() {
    let Chat { vera, conversation, world, .. } = chat(Over::Socket).await;
    let large = vec![b'x'; ATTACHMENT_BYTES as usize + 1];
    let (status, body) = upload(&vera, conversation, ("a.txt", "text/plain"), large).await;
    assert_eq!((status, &body["code"], &body["limit"]), (413, &"too_large".into(), &ATTACHMENT_BYTES.into()), "{body}");
    let (status, body) = upload(&vera, conversation, ("a.png", "image/png"), pixel_bomb()).await;
    assert_eq!((&body["code"], &body["field"]), (&"invalid".into(), &"file".into()), "{status} {body}");
    assert!(body["limit"].is_u64(), "{body}");
    let mut damaged = png(60, 60);
    damaged.truncate(damaged.len() / 2);
    let (_, body) = upload(&vera, conversation, ("a.png", "image/png"), damaged).await;
    assert_eq!((&body["code"], &body["field"]), (&"invalid".into(), &"file".into()), "{body}");
    let (_, body) = upload(&vera, conversation, ("a.txt", "text/plain"), Vec::new()).await;
    assert_eq!((&body["code"], &body["field"]), (&"invalid".into(), &"file".into()), "{body}");
    assert_eq!(world.count("select count(*) from attachment").await, 0);
    assert_eq!(incoming(&world), 0);
    vera.says("the conversation goes on").await;
}

/// A small file that says it is a picture of 60,000 by 60,000 pixels.
fn pixel_bomb() -> Vec<u8> {
    let mut bytes = png(1, 1);
    let side = 60_000_u32.to_be_bytes();
    bytes[16..20].copy_from_slice(&side);
    bytes[20..24].copy_from_slice(&side);
    // The checksum of the header must fit, or the picture is merely damaged.
    let sum = crc32(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&sum);
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

#[tokio::test]
async fn names_are_cleaned_of_paths_and_controls() {
    let Chat { vera, ann, conversation, world } = chat(Over::Socket).await;
    let names = [
        "../../etc/passwd.txt",
        "..\\..\\windows\\system.txt",
        "/etc/cron.d/job.txt",
        "a\r\nSet-Cookie: x=1.txt",
        "nul\0byte.txt",
        "\u{202e}txt.exe.txt",
        "quote\";filename=\"evil.html.txt",
    ];
    for name in names {
        let (status, body) = upload(&vera, conversation, (name, "text/plain"), b"plain words".to_vec()).await;
        if status != 200 {
            assert_eq!((&body["code"], &body["field"]), (&"invalid".into(), &"name".into()), "{name:?}: {body}");
            continue;
        }
        let reply: UploadReply = serde_json::from_value(body).expect("an upload reply");
        vera.must(posting(conversation, reply.attachment)).await;
        ann.until("the file", |view| {
            let last = view.items(conversation).last()?;
            matches!(&last.body, Some(EntryBody::File(file)) if file.attachment == reply.attachment).then_some(())
        })
        .await;
        let seen = file_seen(&ann, conversation).expect("a file").name;
        let bad = |c: char| c.is_control() || "/\\\u{202e}".contains(c);
        assert!(!seen.contains(bad) && !seen.starts_with('.'), "{name:?} became {seen:?}");
        let response = download(&ann, reply.attachment).await;
        assert_eq!(response.status(), 200);
        assert!(response.headers().get("set-cookie").is_none());
        let disposition = response.headers()["content-disposition"].to_str().expect("text").to_owned();
        assert_eq!(disposition.split(';').count(), 3, "a name adds no parameter: {disposition}");
    }
    assert!(!std::path::Path::new("/etc/cron.d/job.txt").exists());
    let outside = walk(&world.file(""), &world.data());
    assert!(outside.is_empty(), "written outside the data folder: {outside:?}");
}

/// Text files below a folder but outside another.
fn walk(root: &std::path::Path, except: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root).expect("a folder").flatten() {
        let path = entry.path();
        if path == except {
            continue;
        }
        if path.is_dir() {
            found.extend(walk(&path, except));
        } else if path.extension().is_some_and(|it| it == "txt") {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn files_are_for_the_people_of_the_conversation() {
    let Chat { vera, ann, conversation, world } = chat(Over::Socket).await;
    let file = uploaded(&vera, conversation, ("leaf.png", "image/png"), png(8, 8)).await;
    vera.must(posting(conversation, file)).await;
    sees_file(&ann, conversation, "leaf.png").await;
    let other = world.other.clone().expect("another tenant");
    let zoe = Agent::signs_in(&world.url(), &world.origin(), &other, "Zoe").await;
    let foreign = Visitor::arrives(&world.url(), &world.origin(), &other.site).await;
    let neighbour = world.visitor().await;
    let unknown = AttachmentId(Uuid::new_v4());
    for (who, client) in [("Zoe", &*zoe), ("a foreign visitor", &*foreign), ("a neighbour", &*neighbour)] {
        let (refused, at_random) = (download(client, file).await, download(client, unknown).await);
        assert_eq!((refused.status().as_u16(), at_random.status().as_u16()), (404, 404), "{who}");
        let (refused, at_random) = (refused.text().await.expect("text"), at_random.text().await.expect("text"));
        assert_eq!(refused, at_random, "{who} is told it exists");
        let (status, body) = upload(client, conversation, ("a.png", "image/png"), png(8, 8)).await;
        assert_eq!(status, 404, "{who}: {body}");
    }
    let nobody = Client::new(&world.url(), &world.origin(), Credentials::None);
    assert_eq!(download(&nobody, file).await.status(), 401);
    assert_eq!(upload(&nobody, conversation, ("a.png", "image/png"), png(8, 8)).await.0 / 100, 4);
    // Even the other side may not post a file it did not upload.
    let refused = ann.ask(posting(conversation, file)).await;
    assert_eq!(code_of(refused), ErrorCode::NotFound);
    assert_eq!(world.count("select count(*) from attachment").await, 1);
}

#[tokio::test]
async fn an_upload_that_lies_about_its_length_or_breaks_off_leaves_nothing() {
    let Chat { vera, conversation, world, .. } = chat(Over::Socket).await;
    let head = |length: &str| {
        format!(
            "POST /v1/files?conversation={conversation}&name=a.txt HTTP/1.1\r\nhost: 127.0.0.1\r\n\
             authorization: Bearer {}\r\ncontent-type: text/plain\r\n{length}\r\n\r\n",
            vera.reply.token
        )
    };
    let port = world.port();
    let (declared, chunked) = (head("content-length: 99999999999"), head("transfer-encoding: chunked"));
    let answers = tokio::task::spawn_blocking(move || {
        [talk(port, &declared, None), talk(port, &chunked, Some(b"5\r\nhello\r\n"))]
    });
    let [declared, broken] = answers.await.expect("both talk");
    assert!(declared.starts_with("HTTP/1.1 413"), "{declared}");
    assert!(broken.is_empty() || broken.starts_with("HTTP/1.1 4"), "{broken}");
    crate::basics::eventually("nothing is left lying", || async { (incoming(&world) == 0).then_some(()) }).await;
    assert_eq!(world.count("select count(*) from attachment").await, 0);
}

#[tokio::test]
async fn f26_an_upload_that_trickles_is_cut_off_and_a_slow_one_is_not() {
    let Chat { vera, conversation, world, .. } = chat(Over::Socket).await;
    let head = |length: usize| {
        format!(
            "POST /v1/files?conversation={conversation}&name=a.txt HTTP/1.1\r\nhost: 127.0.0.1\r\n\
             authorization: Bearer {}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\r\n",
            vera.reply.token
        )
    };
    // Sixteen seconds at 6 KiB a second.
    let (piece, pieces) = ([b'a'; 6 * 1024], 16);
    let (trickles, slow) = (head(1_000_000), head(piece.len() * pieces));
    let ((took, cut), (_, taken)) =
        tokio::join!(trickle_by(&world, &trickles, b"x"), trickle_by(&world, &slow, &piece));
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert!(cut.starts_with("HTTP/1.1 408") && cut.contains("\"too_slow\"") && cut.contains("4096"), "{cut}");
    assert!(taken.starts_with("HTTP/1.1 200"), "{taken}");
    crate::basics::eventually("nothing is left lying", || async { (incoming(&world) == 0).then_some(()) }).await;
    assert_eq!(world.count("select count(*) from attachment").await, 1);
}

/// Sends the head of a request, or with half a body and then hangs up; gives what was answered.
fn talk(port: u16, head: &str, half: Option<&[u8]>) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(crate::basics::DEADLINE)).expect("a timeout");
    stream.write_all(head.as_bytes()).expect("sent");
    if let Some(half) = half {
        stream.write_all(half).expect("sent");
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let mut answer = vec![0; 2048];
    let read = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).into_owned()
}
