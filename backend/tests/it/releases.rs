//! Pages outlive releases: a shop's page keeps its loader, and an open chat its frame, while the server is
//! replaced below them (F38). `fixtures/release-1` holds the browser files of the first release as they were
//! built; they never change. The elements of its frame have names of their own here, because the helpers for the
//! present frame go with the present frame.

use std::sync::Arc;

use protocol::ids::ConversationId;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::browser::Driver;
use crate::checker::check;
use crate::people::Agent;
use crate::shop::{Shop, document};
use crate::widget_page::Widget;
use crate::wire::Over;
use crate::world::{Plan, World};

const LOADER: &str = include_str!("fixtures/release-1/loader.js");
const FRAME: &str = include_str!("fixtures/release-1/frame.html");
const SCRIPT: &[u8] = include_bytes!("fixtures/release-1/widget.js.gz");
const WASM: &[u8] = include_bytes!("fixtures/release-1/widget.wasm.gz");
const STYLE: &[u8] = include_bytes!("fixtures/release-1/widget.css.gz");
/// Where the site's configuration goes.
const CONFIG: &str = "__FRONTDESK_CONFIG__";

/// Answers with the first release's frame, and passes everything else to the present server.
struct Front {
    port: u16,
    listener: Option<TcpListener>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Front {
    async fn bind() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        Self { port, listener: Some(listener), task: None }
    }

    /// Starts answering. The frame gets the present site's configuration and policy.
    async fn before(&mut self, world: &World) {
        let present = reqwest::get(format!("{}/frame/{}", world.url(), world.acme.site)).await.expect("the frame");
        let policy = present.headers()["content-security-policy"].to_str().expect("text").to_owned();
        let page = present.text().await.expect("text");
        let config = page.split("id=\"frontdesk-config\">").nth(1).and_then(|rest| rest.split("</script>").next());
        let frame = FRAME.replace(CONFIG, config.expect("a configuration"));
        let files = Arc::new(Files { frame, policy });
        let (listener, port) = (self.listener.take().expect("not answering yet"), world.port());
        self.task = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(client, port, files.clone()));
            }
        }));
    }
}

/// What the front answers itself.
struct Files {
    frame: String,
    policy: String,
}

impl Files {
    fn find(&self, path: &str) -> Option<Vec<u8>> {
        let packed = "content-encoding: gzip\r\n";
        let (kind, more, body) = match path {
            _ if path.starts_with("/frame/") => {
                let policy = format!("content-security-policy: {}\r\n", self.policy);
                ("text/html; charset=utf-8", policy, self.frame.as_bytes())
            }
            "/assets/widget.a104639c6676182f.js" => ("text/javascript; charset=utf-8", packed.to_owned(), SCRIPT),
            "/assets/widget.3ff9d82fa4ccd21b.wasm" => ("application/wasm", packed.to_owned(), WASM),
            "/assets/widget.5dc34ae646a634ce.css" => ("text/css; charset=utf-8", packed.to_owned(), STYLE),
            _ => return None,
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{more}cross-origin-resource-policy: cross-origin\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        Some([head.as_bytes(), body].concat())
    }
}

async fn answer(mut client: TcpStream, server: u16, files: Arc<Files>) -> Option<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = client.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&buffer[..read]);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let path = text.split([' ', '?']).nth(1).unwrap_or("/");
    if let Some(reply) = files.find(path) {
        client.write_all(&reply).await.ok()?;
        return client.shutdown().await.ok();
    }
    // One request a connection, so that the next one is looked at too.
    let head = match text.to_lowercase().contains("\r\nupgrade: websocket") {
        true => head,
        false => text.replace("Connection: keep-alive", "Connection: close").into_bytes(),
    };
    let mut upstream = TcpStream::connect(("127.0.0.1", server)).await.ok()?;
    upstream.write_all(&head).await.ok()?;
    copy_bidirectional(&mut client, &mut upstream).await.ok().map(drop)
}

/// The loader of the first release, as a page had it.
fn first_loader(world: &World) -> String {
    let config = json!({
        "key": world.acme.site,
        "host": world.origin(),
        "frame": format!("{}/frame/{}", world.origin(), world.acme.site),
        "build": "0123456789abcdef",
        "color": "#1f6feb",
        "side": "end",
        "theme": "auto",
    });
    let mark = format!("\"{CONFIG}\"");
    assert_eq!(LOADER.matches(&mark).count(), 1);
    format!("<script>{}</script>", LOADER.replace(&mark, &config.to_string()))
}

async fn ann_at_work(world: &World) -> Agent {
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    ann
}

/// Everybody sees these, and the database holds no more.
async fn agree(world: &World, ann: &Agent, vera: &Widget, conversation: ConversationId, texts: &[&str]) {
    ann.until("everything arrives", |view| (view.texts(conversation) == texts).then_some(())).await;
    let script = "return [...document.querySelectorAll('.log .bubble')].map(b => b.textContent)";
    let window = &vera.window;
    window
        .until(&format!("the visitor sees exactly {texts:?}"), || async move {
            (window.runs(script, vec![]).await == Value::from(texts)).then_some(())
        })
        .await;
    check(world, conversation, &[], &[ann]).await;
}

#[tokio::test]
async fn f38_the_first_loader_works_with_the_present_frame() {
    let shop = Shop::open().await;
    let world = World::with(Plan { shop: shop.origin(), ..Plan::default() }.unlimited()).await;
    shop.sells("/", "Tea house", &world.acme.snippet);
    shop.puts("/old", None, &document("Old page", &first_loader(&world)));
    let driver = Driver::start().await;
    let ann = ann_at_work(&world).await;
    let vera = Widget::in_window(driver.window("shop").await);
    vera.window.opens(&shop.page("/old")).await;
    vera.opens().await;
    vera.starts("from an old page").await;
    let conversation = ann.is_offered().await;
    ann.accepts(conversation).await;
    vera.sees_note("Ann").await;
    ann.says(conversation, "we know you").await;
    vera.sees("we know you").await;
    // Its API still speaks with the frame, and a page after it finds the conversation again.
    let state = vera.calls(json!(["getState"])).await;
    assert_eq!(state["ok"]["open"], true, "{state}");
    vera.window.opens(&shop.page("/")).await;
    vera.opens().await;
    vera.sees("we know you").await;
    vera.says("and now from a new page").await;
    let texts = ["from an old page", "we know you", "and now from a new page"];
    agree(&world, &ann, &vera, conversation, &texts).await;
    vera.window.closes().await;
}

#[tokio::test]
async fn f38_the_first_frame_works_with_the_present_loader_and_server() {
    let shop = Shop::open().await;
    let mut front = Front::bind().await;
    let plan = Plan { shop: shop.origin(), public_port: Some(front.port), ..Plan::default() };
    let world = World::with(plan.unlimited()).await;
    front.before(&world).await;
    shop.sells("/", "Tea house", &world.acme.snippet);
    shop.puts("/old", None, &document("Old page", &first_loader(&world)));
    let driver = Driver::start().await;
    let mut ann = ann_at_work(&world).await;
    for (page, name) in [("/", "present"), ("/old", "first")] {
        let vera = Widget::in_window(driver.window(name).await);
        let window = &vera.window;
        window.opens(&shop.page(page)).await;
        vera.opens().await;
        window.clicks("#main").await;
        window.types("#name", "Vera").await;
        window.types("#text", "hello?").await;
        window.clicks("form button.main").await;
        let conversation = ann.is_offered().await;
        ann.accepts(conversation).await;
        window.reads(".log .note", "Ann").await;
        ann.says(conversation, "welcome").await;
        window.reads(".log .bubble", "welcome").await;
        // The deploy: the server goes and comes back below the open page.
        world.restart().await;
        ann.connect(Over::Socket).await;
        ann.opens(conversation).await;
        ann.says(conversation, "we are back").await;
        window.reads(".log .bubble", "we are back").await;
        window.types("#composer", "so am I").await;
        window.clicks("form.composer button.send").await;
        agree(&world, &ann, &vera, conversation, &["hello?", "welcome", "we are back", "so am I"]).await;
        ann.closes(conversation).await;
        window.clicks("form.rating .star:nth-child(4)").await;
        window.clicks("form.rating button.main").await;
        window.reads("footer.closed", "Thank you").await;
        vera.window.closes().await;
    }
    assert_eq!(world.count("select count(*) from conversation where rating = 4").await, 2);
}
