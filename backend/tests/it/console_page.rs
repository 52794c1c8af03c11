//! The console as an agent uses it.

use serde_json::json;

use crate::browser::Window;
use crate::world::{Person, World};

/// Enter, as a key.
const ENTER: &str = "\u{e007}";

/// An agent's browser window.
pub(crate) struct Console {
    /// The window.
    pub(crate) window: Window,
}

impl Console {
    /// Signs in by the form and lands in the console.
    pub(crate) async fn signs_in(window: Window, world: &World, person: &Person) -> Self {
        window.opens(&format!("{}/sign-in?next=/console", world.origin())).await;
        window.types("input[name=email]", &person.email).await;
        window.types("input[name=password]", &person.password).await;
        window.clicks("button[type=submit]").await;
        window.shows(".rail").await;
        Self { window }
    }

    /// Takes conversations.
    pub(crate) async fn goes_online(&self) {
        self.window.clicks_named(".availability button", "Online").await;
        self.window.finds(".availability button[aria-pressed=true] .dot.online").await;
    }

    /// Waits for an offer that counts down.
    pub(crate) async fn is_offered(&self, preview: &str) {
        self.window.reads(".offer .offer-preview", preview).await;
        self.window.shows(".offer .countdown").await;
    }

    /// Takes the offer.
    pub(crate) async fn accepts(&self) {
        self.window.clicks(".offer footer .primary").await;
        self.window.shows("#composer").await;
    }

    /// Opens the conversation of a visitor from the list.
    pub(crate) async fn opens(&self, list: &str, text: &str) {
        self.window.clicks_named(".lists .tab", list).await;
        self.window.clicks_named(".rows .row", text).await;
        self.window.shows(".thread .thread-head").await;
    }

    /// Sends a message by the keyboard.
    pub(crate) async fn says(&self, text: &str) {
        self.window.types("#composer", text).await;
        self.window.types("#composer", ENTER).await;
    }

    /// Types without sending.
    pub(crate) async fn types(&self, text: &str) {
        self.window.types("#composer", text).await;
    }

    /// What stands in the composer.
    pub(crate) async fn draft(&self) -> String {
        let field = self.window.finds("#composer").await;
        field.prop("value").await.expect("its value").unwrap_or_default()
    }

    /// Sees a message of the open conversation.
    pub(crate) async fn sees(&self, text: &str) {
        self.window.reads(".log .entry .bubble", text).await;
    }

    /// Sees what the visitor types.
    pub(crate) async fn sees_typing(&self, preview: &str) {
        self.window.reads(".typing-preview", preview).await;
    }

    /// Sees a picture, loaded.
    pub(crate) async fn sees_picture(&self) {
        self.window
            .until("a picture is shown", || async move {
                let script = "const p = document.querySelector('.log .picture img'); if (p) p.scrollIntoView(); return !!p && p.complete && p.naturalWidth > 0";
                (self.window.runs(script, vec![]).await == json!(true)).then_some(())
            })
            .await;
    }

    /// The texts of the open conversation, in order.
    pub(crate) async fn texts(&self) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll('.log .entry:not(.failed) .bubble .text')].map(t => t.textContent)";
        serde_json::from_value(self.window.runs(script, vec![]).await).expect("a list of texts")
    }

    /// Waits until exactly these texts are shown, in this order.
    pub(crate) async fn shows_exactly(&self, texts: &[String]) {
        self.window
            .until(&format!("the agent sees exactly {texts:?}"), || async move {
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

    /// Gives the conversation to a colleague with a note.
    pub(crate) async fn transfers_to(&self, name: &str, note: &str) {
        self.window.clicks_named(".thread-acts button", "Transfer").await;
        self.window.clicks_text("dialog .choice", name).await;
        self.window.types("dialog textarea", note).await;
        self.window.clicks("dialog .dialog-foot .primary").await;
        self.window.reads(".log .system", name).await;
    }

    /// Gives the conversation to whom the open dialog has found, with a note.
    pub(crate) async fn transfers_by_search(&self, name: &str, note: &str) {
        self.window.clicks_text("dialog .choice", name).await;
        self.window.types("dialog textarea", note).await;
        self.window.clicks("dialog .dialog-foot .primary").await;
    }

    /// Ends the conversation.
    pub(crate) async fn closes(&self) {
        self.window.clicks_named(".thread-acts button", "Close").await;
        self.window.clicks("dialog .dialog-foot .primary").await;
        self.window.reads(".log .system", "closed").await;
    }
}
