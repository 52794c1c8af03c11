//! The widget as a visitor uses it: a bubble in a closed shadow root on the shop's page, a frame from the
//! chat host behind it.

use std::path::Path;

use fantoccini::Locator;
use fantoccini::elements::{Element, ShadowRoot};
use serde_json::{Value, json};

use crate::browser::Window;

/// What the loader adds to the page; the shop's pages have no other element like it.
pub(crate) const HOST: &str = "body > div";

/// One message as the visitor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Written by this visitor.
    pub(crate) mine: bool,
    /// Its text.
    pub(crate) text: String,
}

/// A visitor's browser window.
pub(crate) struct Widget {
    /// The window.
    pub(crate) window: Window,
}

impl Widget {
    /// A visitor in a window.
    pub(crate) fn in_window(window: Window) -> Self {
        Self { window }
    }

    async fn root(&self) -> ShadowRoot {
        self.window.leaves_frames().await;
        let host = self.window.finds(HOST).await;
        host.shadow_root().await.expect("a shadow root")
    }

    /// The bubble.
    pub(crate) async fn bubble(&self) -> Element {
        self.inside("button").await
    }

    async fn inside(&self, css: &'static str) -> Element {
        self.window
            .until(&format!("the loader shows {css}"), || async move {
                let host = self.window.client.find(Locator::Css(HOST)).await.ok()?;
                host.shadow_root().await.ok()?.find(Locator::Css(css)).await.ok()
            })
            .await
    }

    /// Whether the panel is open.
    pub(crate) async fn is_open(&self) -> bool {
        match self.root().await.find(Locator::Css("iframe")).await {
            Ok(frame) => frame.is_displayed().await.unwrap_or(false),
            Err(_) => false,
        }
    }

    /// Opens the panel, unless it is open, and goes into the frame.
    pub(crate) async fn opens(&self) {
        if !self.is_open().await {
            self.bubble().await.click().await.expect("a click on the bubble");
        }
        self.enters().await;
    }

    /// Goes into the frame.
    pub(crate) async fn enters(&self) {
        self.window.leaves_frames().await;
        let frame = self.inside("iframe").await;
        frame.enter_frame().await.expect("the frame");
        self.window.finds("main").await;
    }

    /// From the home screen into a conversation, filling the form if there is one.
    pub(crate) async fn starts(&self, text: &str) {
        // The panel may still be moving: a click that hits nothing is repeated, as a visitor would.
        self.window
            .until("the home screen gives way", || async {
                if self.window.client.find(Locator::Css("form #name, #composer")).await.is_ok() {
                    return Some(());
                }
                let button = self.window.client.find(Locator::Css("#main")).await.ok()?;
                let _ = button.click().await;
                None
            })
            .await;
        let form = self.window.client.find(Locator::Css("form #name")).await;
        if form.is_ok() {
            self.window.types("#name", "Vera").await;
            self.window.types("#text", text).await;
            self.window.clicks("form button.main").await;
        } else {
            self.says(text).await;
        }
    }

    /// Sends a message.
    pub(crate) async fn says(&self, text: &str) {
        self.window.types("#composer", text).await;
        self.window.clicks("form.composer button.send").await;
    }

    /// Types without sending.
    pub(crate) async fn types(&self, text: &str) {
        self.window.types("#composer", text).await;
    }

    /// Sees a message.
    pub(crate) async fn sees(&self, text: &str) {
        self.window.reads(".log .bubble", text).await;
    }

    /// Sees what the system noted.
    pub(crate) async fn sees_note(&self, text: &str) {
        self.window.reads(".log .note", text).await;
    }

    /// Is told a place in the queue.
    pub(crate) async fn waits_at(&self, place: u32) {
        let words = if place == 1 { "next".to_owned() } else { format!("number {place}") };
        self.window.reads("section.wait", &words).await;
    }

    /// The messages shown, in order. Read in one go, so that a list that grows is never read half.
    pub(crate) async fn thread(&self) -> Vec<Shown> {
        let script = "return [...document.querySelectorAll('.log .msg')].filter(m => !m.dataset.bad && m.querySelector('.bubble') && !m.querySelector('.dots')).map(m => [m.classList.contains('mine'), m.querySelector('.bubble').textContent])";
        let shown: Vec<(bool, String)> =
            serde_json::from_value(self.window.runs(script, vec![]).await).expect("a list of messages");
        shown.into_iter().map(|(mine, text)| Shown { mine, text }).collect()
    }

    /// The texts shown, in order.
    pub(crate) async fn texts(&self) -> Vec<String> {
        self.thread().await.into_iter().map(|shown| shown.text).collect()
    }

    /// Waits until exactly these texts are shown, in this order.
    pub(crate) async fn shows_exactly(&self, texts: &[String]) {
        let window = &self.window;
        window
            .until(&format!("the visitor sees exactly {texts:?}"), || async move {
                let shown = self.texts().await;
                (shown == texts).then_some(())
            })
            .await;
    }

    /// Nothing is on its way any more.
    pub(crate) async fn has_sent_everything(&self) {
        let script =
            "return [...document.querySelectorAll('.log .mark')].filter(m => m.textContent.includes('Sending')).length";
        self.window
            .until("everything is sent", || async move {
                (self.window.runs(script, vec![]).await == json!(0)).then_some(())
            })
            .await;
    }

    /// Sends a file.
    pub(crate) async fn attaches(&self, file: &Path) {
        let input = self.window.finds("input[type=file]").await;
        input.send_keys(&file.display().to_string()).await.expect("a file is chosen");
    }

    /// Sees a picture, loaded.
    pub(crate) async fn sees_picture(&self) {
        self.window
            .until("a picture is shown", || async move {
                let script =
                    "const p = document.querySelector('.log img'); return !!p && p.complete && p.naturalWidth > 0";
                (self.window.runs(script, vec![]).await == json!(true)).then_some(())
            })
            .await;
    }

    /// Rates the conversation that ended.
    pub(crate) async fn rates(&self, score: u8) {
        self.window.clicks(&format!("form.rating .star:nth-child({score})")).await;
        self.window.clicks("form.rating button.main").await;
        self.window.reads("footer.closed", "Thank you").await;
    }

    /// Fills and sends the offline form.
    pub(crate) async fn leaves_message(&self, name: &str, email: &str, text: &str) {
        self.window.types("#name", name).await;
        self.window.types("#email", email).await;
        self.window.types("#text", text).await;
        self.window.clicks("form button.main").await;
    }

    /// Calls the merchant's API in the page and waits for its promise.
    pub(crate) async fn calls(&self, arguments: Value) -> Value {
        self.window.leaves_frames().await;
        let script = "const done = arguments[1]; Promise.resolve(Frontdesk(...arguments[0])).then(v => done({ok: v === undefined ? null : v}), e => done({error: String(e)}))";
        self.window.awaits(script, vec![arguments]).await
    }
}
