//! The main story in two real browser windows, shop and console: from the bubble to the verified transcript,
//! through reload, navigation, kills and a network without WebSockets; and the message left when nobody is
//! there, up to the mail that arrives.

use std::path::PathBuf;

use faults::proxy::{Proxy, Upgrades};
use image::{ImageBuffer, Rgb};
use serde_json::{Value, json};

use crate::basics::eventually;
use crate::browser::{Driver, patiently};
use crate::console_page::Console;
use crate::mailbox::Mailbox;
use crate::people::sign_in;
use crate::shop::Shop;
use crate::widget_page::Widget;
use crate::wire::Over;
use crate::world::{Plan, World};

/// A shop, a proxy in front of a server, and the server.
struct Stage {
    world: World,
    shop: Shop,
    #[expect(dead_code, reason = "ends the proxy when the stage is struck")]
    proxy: Proxy,
}

async fn stage(upgrades: Upgrades) -> Stage {
    let shop = Shop::open().await;
    let proxy = Proxy::bind().await.expect("a proxy");
    let plan = Plan { shop: shop.origin(), public_port: Some(proxy.port()), ..Plan::default() };
    let world = World::with(plan).await;
    proxy.forward_to(world.port());
    proxy.upgrades(upgrades);
    for (path, title) in [("/", "Tea house"), ("/tea", "Green tea"), ("/checkout", "Checkout")] {
        shop.sells(path, title, &world.acme.snippet);
    }
    Stage { world, shop, proxy }
}

#[tokio::test]
async fn the_whole_story_over_websockets() {
    whole_story(Upgrades::Pass).await;
}

#[tokio::test]
async fn the_whole_story_where_websockets_are_refused() {
    whole_story(Upgrades::Refuse).await;
}

async fn whole_story(upgrades: Upgrades) {
    let stage = stage(upgrades).await;
    let driver = Driver::start().await;
    let ann = Console::signs_in(driver.window("console").await, &stage.world, stage.world.acme.person("Ann")).await;
    ann.goes_online().await;
    let vera = Widget::in_window(driver.window("shop").await);
    let mut said = meets(&stage, &vera, &ann).await;
    exchanges(&stage, &vera, &ann, &mut said).await;
    walks_through_the_shop(&stage, &vera, &mut said).await;
    survives_a_kill(&stage, &vera, &ann, &mut said).await;
    ends(&stage, &vera, &ann, &said).await;
    let violations = [vera.window.violations().await, ann.window.violations().await].concat();
    assert_eq!(violations, Vec::<String>::new(), "no policy is violated");
    vera.window.closes().await;
    ann.window.closes().await;
}

/// The visitor opens the widget and waits; the agent accepts.
async fn meets(stage: &Stage, vera: &Widget, ann: &Console) -> Vec<String> {
    vera.window.opens(&stage.shop.page("/")).await;
    vera.opens().await;
    vera.starts("is the green tea fresh?").await;
    ann.is_offered("is the green tea fresh?").await;
    vera.window.shows("section.wait").await;
    ann.accepts().await;
    ann.sees("is the green tea fresh?").await;
    vera.sees_note("Ann").await;
    vec!["is the green tea fresh?".to_owned()]
}

/// Text both ways, a typing preview, and a picture.
async fn exchanges(stage: &Stage, vera: &Widget, ann: &Console, said: &mut Vec<String>) {
    ann.says("picked last week").await;
    vera.sees("picked last week").await;
    vera.types("and the bla").await;
    ann.sees_typing("and the bla").await;
    vera.says("ck one?").await;
    ann.sees("and the black one?").await;
    said.extend(["picked last week".to_owned(), "and the black one?".to_owned()]);
    vera.attaches(&picture(&stage.world)).await;
    ann.sees_picture().await;
    vera.sees_picture().await;
}

fn picture(world: &World) -> PathBuf {
    let path = world.file("leaf.png");
    let leaf = ImageBuffer::from_fn(64, 48, |x, y| Rgb([40, (x * 3) as u8, (y * 4) as u8]));
    leaf.save(&path).expect("a picture");
    path
}

/// Reload and another page in the middle of the conversation: nothing is lost, nothing doubled.
async fn walks_through_the_shop(stage: &Stage, vera: &Widget, said: &mut Vec<String>) {
    vera.window.client.refresh().await.expect("a reload");
    vera.opens().await;
    vera.sees("picked last week").await;
    assert_texts(vera, said).await;
    vera.window.leaves_frames().await;
    vera.window.clicks("#checkout").await;
    vera.window
        .until("the other page", || async {
            let url = vera.window.client.current_url().await.ok()?;
            url.path().ends_with("/checkout").then_some(())
        })
        .await;
    vera.opens().await;
    assert_texts(vera, said).await;
    vera.says("I am at the checkout now").await;
    said.push("I am at the checkout now".to_owned());
    assert!(stage.shop.asked().iter().any(|path| path == "/checkout"));
}

async fn assert_texts(vera: &Widget, said: &[String]) {
    vera.window
        .until(&format!("the visitor sees {said:?}"), || async {
            let texts: Vec<String> = vera.texts().await.into_iter().filter(|text| !text.is_empty()).collect();
            (texts == said).then_some(())
        })
        .await;
}

/// The server is killed while both type and send; everything arrives once and in order.
async fn survives_a_kill(stage: &Stage, vera: &Widget, ann: &Console, said: &mut Vec<String>) {
    ann.types("half a sentence, ").await;
    stage.world.kill9();
    vera.says("can you still hear me?").await;
    ann.says("then the rest of it").await;
    vera.says("hello?").await;
    stage.world.serve().await;
    patiently("both have everything", || async {
        let (here, there) = (vera.texts().await, ann.texts().await);
        let texts = |all: &[String]| all.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>();
        (texts(&here) == texts(&there) && texts(&here).len() == said.len() + 3).then_some(())
    })
    .await;
    vera.has_sent_everything().await;
    ann.has_sent_everything().await;
    let texts: Vec<String> = ann.texts().await;
    assert_eq!(texts[..said.len()], said[..]);
    let tail = &texts[said.len()..];
    let place = |wanted: &str| tail.iter().position(|text| text == wanted);
    assert!(place("can you still hear me?") < place("hello?"), "{tail:?}");
    assert!(place("half a sentence, then the rest of it").is_some(), "{tail:?}");
    *said = texts;
}

/// Ann gives the conversation to Ben, Ben closes, Vera rates, and the transcript holds all of it.
async fn ends(stage: &Stage, vera: &Widget, ann: &Console, said: &[String]) {
    let world = &stage.world;
    let mut ben = world.agent("Ben").await;
    ben.starts_work(Over::Socket).await;
    ann.transfers_to("Ben", "she asks about black tea").await;
    vera.sees_note("Ben").await;
    let conversation = ben.look(|view| {
        let state = view.agent.as_ref().expect("a state");
        state.conversations.first().expect("the conversation").id
    });
    ben.opens(conversation).await;
    ben.sees_note(conversation, "she asks about black tea").await;
    ben.says(conversation, "the black tea arrives tomorrow").await;
    vera.sees("the black tea arrives tomorrow").await;
    ben.closes(conversation).await;
    vera.rates(5).await;
    ben.until("the rating", |view| (view.summary(conversation)?.rating == Some(5)).then_some(())).await;
    let mut all = said.to_vec();
    all.push("the black tea arrives tomorrow".to_owned());
    transcript_is_complete(world, &conversation.to_string(), &all).await;
}

async fn transcript_is_complete(world: &World, conversation: &str, said: &[String]) {
    let olga = world.acme.person("Olga");
    let cookie = sign_in(&world.url(), &world.origin(), &olga.email, &olga.password).await;
    let url = format!("{}/admin/transcripts/{conversation}/export", world.url());
    let request = reqwest::Client::new()
        .post(url)
        .header("cookie", cookie)
        .header("origin", world.origin())
        .header("content-type", "application/x-www-form-urlencoded");
    let response = request.body("format=json").send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let text = response.text().await.expect("a transcript");
    let transcript: Value = serde_json::from_str(&text).expect("JSON");
    let entries = transcript["entries"].as_array().expect("entries");
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry["seq"], json!(index + 1), "in order, without gaps");
    }
    assert_eq!(transcript["last_seq"], json!(entries.len()));
    let body = |entry: &Value| serde_json::from_str::<Value>(entry["body_json"].as_str()?).ok();
    let of_kind = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
    let texts: Vec<String> = entries
        .iter()
        .filter(|entry| entry["kind"] == "message")
        .filter_map(|entry| Some(body(entry)?["text"].as_str()?.to_owned()))
        .collect();
    assert_eq!(texts, said, "every message once, in order");
    let counts = ["file", "transferred", "note", "closed", "rated"].map(of_kind);
    assert_eq!(counts, [1, 1, 1, 1, 1], "{text}");
    let kept = world.file("transcript.json");
    std::fs::write(&kept, &text).expect("the transcript is kept");
    let (good, report) = world.run(&["verify", &kept.display().to_string()]);
    assert!(good, "{report}");
    let forged = world.file("forged.json");
    std::fs::write(&forged, text.replace("arrives tomorrow", "arrives never")).expect("a forgery");
    let (good, report) = world.run(&["verify", &forged.display().to_string()]);
    assert!(!good, "a forged transcript was accepted: {report}");
}

#[tokio::test]
async fn a_message_left_is_listed_and_mailed_even_when_the_mail_server_comes_up_later() {
    let folder = crate::basics::Scratch::new("mail");
    let mut mailbox = Mailbox::closed(folder.path().join("mails"));
    let shop = Shop::open().await;
    let environment = vec![
        ("FRONTDESK_SMTP_URL".to_owned(), mailbox.url()),
        ("FRONTDESK_MAIL_FROM".to_owned(), "Frontdesk <chat@acme.example>".to_owned()),
    ];
    let world = World::with(Plan { shop: shop.origin(), environment, ..Plan::default() }).await;
    shop.sells("/", "Tea house", &world.acme.snippet);
    let driver = Driver::start().await;
    let vera = Widget::in_window(driver.window("shop").await);
    vera.window.opens(&shop.page("/")).await;
    vera.opens().await;
    vera.window.clicks("#main").await;
    vera.leaves_message("Vera", "vera@example.com", "do you ship\nto Norway?").await;
    vera.window.reads("main", "vera@example.com").await;
    vera.window.closes().await;
    // The next browser test need not wait for the second attempt.
    drop(driver);
    listed_in_admin(&world, "do you ship").await;
    eventually("a failed attempt is kept", || async {
        (world.count("select count(*) from outbox where attempts > 0 and sent_at is null").await > 0).then_some(())
    })
    .await;
    mailbox.opens().await;
    let mails =
        patiently("the mail arrives", || async { Some(mailbox.mails()).filter(|mails| !mails.is_empty()) }).await;
    let mail = &mails[0];
    assert!(mail["text"].as_str().is_some_and(|text| text.contains("do you ship")), "{mail}");
    assert_eq!(mail["to"], json!([world.acme.person("Olga").email]), "{mail}");
    assert!(mail["reply_to"].as_str().is_some_and(|to| to.contains("vera@example.com")), "{mail}");
    assert!(mail["message_id"].as_str().is_some_and(|id| !id.is_empty()), "{mail}");
}

async fn listed_in_admin(world: &World, text: &str) {
    let olga = world.acme.person("Olga");
    let cookie = sign_in(&world.url(), &world.origin(), &olga.email, &olga.password).await;
    let url = format!("{}/admin/offline", world.url());
    let page = reqwest::Client::new().get(url).header("cookie", cookie).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    let page = page.text().await.expect("a page");
    assert!(page.contains(text), "not listed: {page}");
}
