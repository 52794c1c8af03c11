//! Real headless browsers. One browser test at a time; every process is ended on every path.

use std::future::Future;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::basics::{DEADLINE, Scratch, eventually, eventually_within, free_port};

/// Two cores carry two browsers, not eight.
static TURN: Mutex<()> = Mutex::const_new(());

/// How a window behaves.
#[derive(Debug, Clone, Copy, Default)]
struct Manner {
    /// It does not wait for pages.
    impatient: bool,
    /// It lets no page store anything.
    forgetful: bool,
}

/// A driver process and the browsers it starts.
pub(crate) struct Driver {
    port: u16,
    process: Child,
    profiles: Scratch,
    _turn: MutexGuard<'static, ()>,
}

impl Driver {
    /// Waits for this test's turn and starts a driver.
    pub(crate) async fn start() -> Self {
        let turn = TURN.lock().await;
        let port = free_port();
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver (scripts/setup-test.sh installs it)");
        let driver = Self { port, process, profiles: Scratch::new("browser"), _turn: turn };
        eventually("the driver answers", || async move {
            reqwest::get(format!("http://127.0.0.1:{port}/status")).await.ok()
        })
        .await;
        driver
    }

    /// Opens a desktop window with a profile of its own.
    pub(crate) async fn window(&self, name: &str) -> Window {
        self.window_with(name, (1280, 860), &[]).await
    }

    /// Opens a window with a size and more flags.
    pub(crate) async fn window_with(&self, name: &str, size: (u32, u32), flags: &[&str]) -> Window {
        self.window_that(name, size, flags, Manner::default()).await
    }

    /// Opens a window that looks at pages while they still come: some stay open.
    pub(crate) async fn window_without_patience(&self, name: &str) -> Window {
        self.window_that(name, (1280, 860), &[], Manner { impatient: true, ..Manner::default() }).await
    }

    /// Opens a window that lets no page store anything.
    pub(crate) async fn window_without_storage(&self, name: &str) -> Window {
        self.window_that(name, (1280, 860), &[], Manner { forgetful: true, ..Manner::default() }).await
    }

    async fn window_that(&self, name: &str, (width, height): (u32, u32), flags: &[&str], manner: Manner) -> Window {
        let profile = self.profiles.path().join(name);
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--lang=en".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.display()),
        ];
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let mut options = json!({ "args": arguments });
        if manner.forgetful {
            options["prefs"] = json!({ "profile.default_content_setting_values.cookies": 2 });
        }
        if Path::new("/usr/bin/chromium").exists() {
            options["binary"] = json!("/usr/bin/chromium");
        }
        let wanted = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "pageLoadStrategy": if manner.impatient { "none" } else { "normal" },
            "timeouts": { "script": 15_000, "pageLoad": 20_000 },
        });
        let Value::Object(wanted) = wanted else { unreachable!("an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .expect("a browser session");
        let session = client.session_id().await.expect("a session").expect("its id");
        let url = format!("http://127.0.0.1:{}/session/{session}", self.port);
        Window { client, session: url, name: name.to_owned() }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        end_processes_of(self.profiles.path());
    }
}

/// Ends the browsers that use a profile below this folder, which only this test knows.
fn end_processes_of(profiles: &Path) {
    let mark = profiles.display().to_string();
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let Ok(line) = std::fs::read(process.path().join("cmdline")) else { continue };
        if String::from_utf8_lossy(&line).contains(&mark) {
            let id = process.file_name();
            let _ = Command::new("kill").arg("-KILL").arg(id).stderr(Stdio::null()).status();
        }
    }
}

/// A browser window.
#[derive(Clone)]
pub(crate) struct Window {
    /// The driver's client.
    pub(crate) client: Client,
    session: String,
    name: String,
}

impl Window {
    /// Opens an address.
    pub(crate) async fn opens(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{} opens {url}: {error}", self.name));
    }

    /// Waits for an element in the current frame.
    pub(crate) async fn finds(&self, css: &str) -> Element {
        self.until(&format!("finds {css}"), || async move { self.client.find(Locator::Css(css)).await.ok() }).await
    }

    /// Waits for a visible element in the current frame.
    pub(crate) async fn shows(&self, css: &str) -> Element {
        self.until(&format!("shows {css}"), || async move {
            for element in self.client.find_all(Locator::Css(css)).await.ok()? {
                if element.is_displayed().await.ok()? {
                    return Some(element);
                }
            }
            None
        })
        .await
    }

    /// Clicks an element as soon as it can be clicked.
    pub(crate) async fn clicks(&self, css: &str) {
        self.until(&format!("clicks {css}"), || async move {
            for element in self.client.find_all(Locator::Css(css)).await.ok()? {
                if element.is_displayed().await.ok()? {
                    return press(&element).await;
                }
            }
            None
        })
        .await;
    }

    /// Clicks an element by its accessible name.
    pub(crate) async fn clicks_named(&self, css: &str, name: &str) {
        self.until(&format!("clicks {css} named \"{name}\""), || async move {
            for element in self.client.find_all(Locator::Css(css)).await.ok()? {
                if element.is_displayed().await.ok()? && self.label(&element).await?.contains(name) {
                    return press(&element).await;
                }
            }
            None
        })
        .await;
    }

    /// Clicks an element by the text it shows.
    pub(crate) async fn clicks_text(&self, css: &str, text: &str) {
        self.until(&format!("clicks {css} that shows \"{text}\""), || async move {
            for element in self.client.find_all(Locator::Css(css)).await.ok()? {
                if element.text().await.ok()?.contains(text) {
                    return press(&element).await;
                }
            }
            None
        })
        .await;
    }

    /// The accessible name the browser computed.
    async fn label(&self, element: &Element) -> Option<String> {
        let id = element.element_id();
        let url = format!("{}/element/{}/computedlabel", self.session, id.as_ref());
        let reply: Value = reqwest::get(url).await.ok()?.json().await.ok()?;
        reply["value"].as_str().map(str::to_owned)
    }

    /// Types into an element.
    pub(crate) async fn types(&self, css: &str, text: &str) {
        self.until(&format!("types into {css}"), || async move {
            for element in self.client.find_all(Locator::Css(css)).await.ok()? {
                if element.is_displayed().await.ok()? {
                    return element.send_keys(text).await.ok();
                }
            }
            None
        })
        .await;
    }

    /// The visible text of everything that matches, in order.
    pub(crate) async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.client.find_all(Locator::Css(css)).await.unwrap_or_default() {
            if let Ok(text) = element.text().await {
                texts.push(text);
            }
        }
        texts
    }

    /// Waits until an element's visible text contains something.
    pub(crate) async fn reads(&self, css: &str, wanted: &str) {
        self.until(&format!("reads \"{wanted}\" in {css}"), || async move {
            self.texts(css).await.iter().any(|text| text.contains(wanted)).then_some(())
        })
        .await;
    }

    /// Runs a script in the current frame.
    pub(crate) async fn runs(&self, script: &str, arguments: Vec<Value>) -> Value {
        let ran = self.client.execute(script, arguments).await;
        ran.unwrap_or_else(|error| panic!("{}: {script}: {error}", self.name))
    }

    /// Runs a script that ends by calling its last argument.
    pub(crate) async fn awaits(&self, script: &str, arguments: Vec<Value>) -> Value {
        let ran = self.client.execute_async(script, arguments).await;
        ran.unwrap_or_else(|error| panic!("{}: {script}: {error}", self.name))
    }

    /// Back to the page itself, out of every frame.
    pub(crate) async fn leaves_frames(&self) {
        // Frames here are one deep; from the page itself this changes nothing.
        self.client.enter_parent_frame().await.expect("the page");
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("goog/cdp/execute", body).await
    }

    /// What the browser's console said since the last look.
    pub(crate) async fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", json!({ "type": "browser" })).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect()
    }

    /// What the console said about violated policies since the last look.
    pub(crate) async fn violations(&self) -> Vec<String> {
        let marks = ["Content Security Policy", "TrustedHTML", "TrustedScript", "Refused to", "Trusted Types"];
        let said = self.console().await;
        said.into_iter().filter(|line| marks.iter().any(|mark| line.contains(mark))).collect()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let response = reqwest::Client::new()
            .post(format!("{}/{path}", self.session))
            .timeout(DEADLINE)
            .json(&body)
            .send()
            .await
            .expect("the driver answers");
        let mut reply: Value = response.json().await.expect("JSON");
        assert!(reply["value"]["error"].is_null(), "{path} {body}: {reply}");
        reply["value"].take()
    }

    /// Keeps a picture of the window.
    pub(crate) async fn screenshot(&self, path: &Path) {
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::write(path, png).expect("the picture is written");
    }

    /// Waits; panics with what the window shows when it takes too long.
    pub(crate) async fn until<T, F, R>(&self, what: &str, mut attempt: F) -> T
    where
        F: FnMut() -> R,
        R: Future<Output = Option<T>>,
    {
        let begin = std::time::Instant::now();
        while begin.elapsed() < DEADLINE {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        let script = "return [document.body.innerText, document.body.innerHTML.slice(-4000)]";
        let shown = self.client.execute(script, vec![]).await.unwrap_or_default();
        let console = self.console().await;
        panic!("{}: not within {DEADLINE:?}: {what}\nconsole: {console:#?}\npage: {shown:#}", self.name)
    }

    /// Closes the window.
    pub(crate) async fn closes(self) {
        let _ = self.client.close().await;
    }
}

/// Clicks an element that stands still: one that slides in would be missed.
async fn press(element: &Element) -> Option<()> {
    let before = element.rectangle().await.ok()?;
    tokio::time::sleep(Duration::from_millis(40)).await;
    if element.rectangle().await.ok()? != before {
        return None;
    }
    element.click().await.ok()
}

/// Waits as long as a browser may need for something slow, such as noticing a dead connection.
pub(crate) async fn patiently<T, F, R>(what: &str, attempt: F) -> T
where
    F: FnMut() -> R,
    R: Future<Output = Option<T>>,
{
    eventually_within(Duration::from_secs(60), what, attempt).await
}
