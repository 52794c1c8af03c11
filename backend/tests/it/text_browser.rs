//! A browser without JavaScript: it keeps cookies, follows redirects and sends forms, and knows nothing else.

use std::time::Duration;

use reqwest::cookie::Jar;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use std::sync::Arc;
use uuid::Uuid;

use crate::basics::{DEADLINE, eventually};
use crate::world::World;

/// What kind of browser it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Shows a page when all of it has come, and says nothing about where a request comes from.
    Text,
    /// Shows a page while it comes, and says where a request comes from.
    Graphical,
}

/// A browser with a cookie jar and the page it shows.
pub(crate) struct TextBrowser {
    http: reqwest::Client,
    kind: Kind,
    origin: String,
    /// The page's address without the host.
    chat: String,
    /// Status of the page shown.
    pub(crate) status: u16,
    /// The page shown, as far as it has come.
    pub(crate) page: String,
    coming: Option<Response>,
}

impl TextBrowser {
    /// A new browser for the chat of the first tenant's site.
    pub(crate) fn new(world: &World, kind: Kind) -> Self {
        Self::on(world, &world.acme.site, kind)
    }

    /// A new browser for the chat of a site.
    pub(crate) fn on(world: &World, site: &str, kind: Kind) -> Self {
        let jar = Arc::new(Jar::default());
        let http = reqwest::Client::builder().redirect(Policy::none()).cookie_provider(jar).build().expect("a client");
        let (origin, chat) = (world.origin(), format!("/chat/{site}/text"));
        Self { http, kind, origin, chat, status: 0, page: String::new(), coming: None }
    }

    /// The same with a header on every request.
    fn asks(&self, request: RequestBuilder, writes: bool) -> RequestBuilder {
        let request = request.timeout(Duration::from_secs(120));
        match (self.kind, writes) {
            (Kind::Text, _) => request,
            (Kind::Graphical, false) => {
                request.header("sec-fetch-mode", "navigate").header("sec-fetch-site", "same-origin")
            }
            (Kind::Graphical, true) => request
                .header("sec-fetch-mode", "navigate")
                .header("sec-fetch-site", "same-origin")
                .header("origin", self.origin.clone()),
        }
    }

    /// Follows a link to a page of the host, and its redirects.
    pub(crate) async fn goes(&mut self, address: &str) {
        let request = self.http.get(format!("{}{address}", self.origin));
        let response = self.asks(request, false).send().await.expect("an answer");
        self.shows(response).await;
    }

    /// Opens the chat as the link on the hosted page does.
    pub(crate) async fn opens(&mut self) {
        let address = format!("{}?here=1", self.chat);
        self.goes(&address).await;
    }

    async fn shows(&mut self, mut response: Response) {
        // Redirects are followed as pages: a held request may stand behind one.
        while response.status() == 303 {
            let next = response.headers()["location"].to_str().expect("an address").to_owned();
            assert!(next.starts_with(&self.chat), "{next}");
            let request = self.http.get(format!("{}{next}", self.origin));
            response = self.asks(request, false).send().await.expect("an answer");
        }
        self.status = response.status().as_u16();
        let streams = response.headers().contains_key("x-accel-buffering");
        self.page.clear();
        self.coming = None;
        if streams {
            while !self.page.contains("role=\"log\"") {
                let piece = response.chunk().await.expect("a page").expect("the page's beginning");
                self.page.push_str(&String::from_utf8_lossy(&piece));
            }
            self.coming = Some(response);
        } else {
            self.page = response.text().await.expect("a page");
        }
    }

    /// Waits until the page shows something: a graphical browser while the page comes, a text browser by what
    /// the page says to load next.
    pub(crate) async fn until<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> T {
        let begin = std::time::Instant::now();
        loop {
            if let Some(found) = look(&self.page) {
                return found;
            }
            assert!(begin.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}\n{}", self.page);
            match &mut self.coming {
                Some(coming) => {
                    let piece = tokio::time::timeout(DEADLINE, coming.chunk()).await;
                    match piece.unwrap_or_else(|_| panic!("nothing came: {what}\n{}", self.page)) {
                        Ok(Some(piece)) => self.page.push_str(&String::from_utf8_lossy(&piece)),
                        Ok(None) | Err(_) => {
                            self.coming = None;
                            self.reloads().await;
                        }
                    }
                }
                None => self.reloads().await,
            }
        }
    }

    /// Loads what the page says comes next. While the server is away, it tries again as a person would.
    async fn reloads(&mut self) {
        let Some(next) = self.refresh() else { panic!("the page does not lead on\n{}", self.page) };
        let url = format!("{}{next}", self.origin);
        let response = eventually("the server answers", || {
            let request = self.asks(self.http.get(&url), false);
            async move { request.send().await.ok().filter(|response| response.status() != 503) }
        })
        .await;
        self.shows(response).await;
    }

    /// Sees a text on the page.
    pub(crate) async fn sees(&mut self, text: &str) {
        self.until(&format!("sees \"{text}\""), |page| page.contains(text).then_some(())).await;
    }

    /// The address the page leads on to by itself.
    pub(crate) fn refresh(&self) -> Option<String> {
        let content = between(&self.page, "http-equiv=\"refresh\" content=\"", "\"")?;
        let (_, address) = content.split_once("url=")?;
        Some(plain(address))
    }

    /// The address of a link by its text.
    pub(crate) fn link(&self, text: &str) -> String {
        let before = self.page.split(&format!(">{text}<")).next().filter(|before| before.len() < self.page.len());
        let tag = before.and_then(|before| before.rsplit("<a ").next()).unwrap_or_default();
        let href = between(tag, "href=\"", "\"").unwrap_or_else(|| panic!("no link \"{text}\"\n{}", self.page));
        plain(href)
    }

    /// The fields of a form, as the page fills them.
    pub(crate) fn form(&self, act: &str) -> Vec<(String, String)> {
        let mark = format!("name=\"do\" value=\"{act}\"");
        let mut forms = self.page.split("<form ").skip(1).filter_map(|form| form.split("</form>").next());
        let form = forms.find(|form| form.contains(&mark));
        let form = form.unwrap_or_else(|| panic!("no form \"{act}\"\n{}", self.page));
        let hidden = form.split("<input type=\"hidden\" ").skip(1);
        hidden
            .map(|input| {
                let name = between(input, "name=\"", "\"").expect("a name");
                let value = between(input, "value=\"", "\"").expect("a value");
                (plain(name), plain(value))
            })
            .collect()
    }

    /// Fills a form of the page and sends it.
    pub(crate) async fn sends(&mut self, act: &str, typed: &[(&str, &str)]) {
        let mut fields = self.form(act);
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.posts(&fields).await;
    }

    /// Sends fields as a form.
    pub(crate) async fn posts(&mut self, fields: &[(String, String)]) {
        let response = self.posting(fields, &[]).await;
        self.shows(response).await;
    }

    /// Presses the only button of a page of the host outside the chat.
    pub(crate) async fn presses(&mut self, address: &str) {
        let request = self.http.post(format!("{}{address}", self.origin));
        let response = self.asks(request, true).send().await.expect("an answer");
        self.shows(response).await;
    }

    /// Sends fields as a form, with headers; gives the answer as it is.
    pub(crate) async fn posting(&self, fields: &[(String, String)], headers: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(format!("{}{}", self.origin, self.chat));
        let mut request = self.asks(request, headers.is_empty());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        request.send().await.expect("an answer")
    }

    /// Fetches something of the host.
    pub(crate) async fn fetches(&self, address: &str) -> Response {
        let request = self.http.get(format!("{}{address}", self.origin));
        request.timeout(DEADLINE).send().await.expect("an answer")
    }

    /// What the conversation shows, in order: who and what.
    pub(crate) fn said(&self) -> Vec<(bool, String)> {
        let entries = self.page.split("<article class=\"entry ").skip(1);
        entries
            .map(|entry| {
                let text = between(entry, "<div class=\"bubble\" dir=\"auto\">", "</div>").unwrap_or_default();
                (entry.starts_with("mine"), plain(text))
            })
            .collect()
    }

    /// The id of the conversation shown.
    pub(crate) fn conversation(&self) -> Uuid {
        let id = between(&self.page, "name=\"conversation\" value=\"", "\"");
        id.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no conversation\n{}", self.page))
    }

    /// The chat's address.
    pub(crate) fn address(&self) -> &str {
        &self.chat
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(inner, _)| inner)
}

/// Text as a page's source escapes it.
fn plain(html: &str) -> String {
    let mut text = html.to_owned();
    for (escaped, c) in
        [("&#38;", "&"), ("&amp;", "&"), ("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'")]
    {
        text = text.replace(escaped, c);
    }
    text
}
