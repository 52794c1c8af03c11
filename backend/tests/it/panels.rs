//! The tenant's panel: what people do in it, what it makes of hostile texts, and what it refuses.

use protocol::command::{Command, LeaveMessage, Page};
use protocol::ids::{ConversationId, TenantId};
use reqwest::StatusCode;
use serde_json::json;

use crate::basics::{Scratch, eventually};
use crate::mailbox::Mailbox;
use crate::people::{cmid, sign_in};
use crate::wire::Over;
use crate::world::{Person, Plan, World};

/// Somebody in a browser without JavaScript.
pub(crate) struct Reader {
    base: String,
    origin: String,
    cookie: String,
}

impl Reader {
    /// Signs in.
    pub(crate) async fn signs_in(world: &World, person: &Person) -> Self {
        Self::signs_in_at(&world.url(), &world.origin(), person).await
    }

    /// Signs in where a server or a proxy listens.
    pub(crate) async fn signs_in_at(base: &str, origin: &str, person: &Person) -> Self {
        let cookie = sign_in(base, origin, &person.email, &person.password).await;
        Self { base: base.to_owned(), origin: origin.to_owned(), cookie }
    }

    /// Opens a page; gives its status and text.
    pub(crate) async fn opens(&self, path: &str) -> (StatusCode, String) {
        let request = reqwest::Client::new().get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let response = request.send().await.expect("an answer");
        (response.status(), response.text().await.expect("a page"))
    }

    /// Sends a form and follows the redirect.
    pub(crate) async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let response = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client")
            .post(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .header("origin", &self.origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .expect("an answer");
        match response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned) {
            Some(next) => self.opens(&next).await,
            None => (response.status(), response.text().await.expect("a page")),
        }
    }

    /// Sends a form in a browser of this language.
    pub(crate) async fn sends_in(&self, language: &str, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = reqwest::Client::new()
            .post(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .header("origin", &self.origin)
            .header("accept-language", language)
            .header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().await.expect("an answer");
        (response.status(), response.text().await.expect("a page"))
    }

    /// Another tab of the same browser, where another tenant is chosen: one cookie for both.
    pub(crate) async fn chooses(&mut self, tenant: TenantId) {
        let response = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client")
            .post(format!("{}/admin/switch", self.base))
            .header("cookie", &self.cookie)
            .header("origin", &self.origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("tenant={tenant}"))
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), 303);
        let set = response.headers().get("set-cookie").and_then(|value| value.to_str().ok()).expect("a cookie");
        let choice = set.split(';').next().expect("its value");
        let kept = self.cookie.split("; ").filter(|cookie| !cookie.starts_with("fd_tenant="));
        self.cookie = kept.chain([choice]).collect::<Vec<_>>().join("; ");
    }

    async fn is_shown(&self, path: &str, text: &str) {
        let (status, page) = self.opens(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(page.contains(text), "{path} does not show {text}: {page}");
    }
}

/// A visitor leaves a message while nobody is there.
pub(crate) async fn leaves_message(world: &World, name: &str, text: &str) -> ConversationId {
    let mut visitor = world.visitor().await;
    visitor.connect(Over::Poll).await;
    let page = Page {
        url: "http://shop.example/tea?<script>".to_owned(),
        title: Some(text.chars().take(100).collect()),
        referrer: Some("http://search.example/?q=<img src=x>".to_owned()),
        language: Some("en".to_owned()),
    };
    let message = LeaveMessage {
        cmid: cmid(),
        conversation: None,
        name: name.to_owned(),
        email: "vera@example.com".to_owned(),
        text: text.to_owned(),
        page: Some(page),
        department: None,
    };
    visitor.must(Command::LeaveMessage(message)).await.conversation.expect("a conversation")
}

#[tokio::test]
async fn an_offline_message_is_answered_by_mail_and_put_away() {
    let folder = Scratch::new("answer");
    let mut mailbox = Mailbox::closed(folder.path().join("mails"));
    mailbox.opens().await;
    let environment = vec![
        ("FRONTDESK_SMTP_URL".to_owned(), mailbox.url()),
        ("FRONTDESK_MAIL_FROM".to_owned(), "Frontdesk <chat@acme.example>".to_owned()),
    ];
    let world = World::with(Plan { environment, ..Plan::default() }).await;
    let id = leaves_message(&world, "Vera", "Do you ship to Norway?").await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    olga.is_shown("/admin/offline", "Do you ship to Norway?").await;

    let answer = format!("/admin/offline/{id}/answer");
    let (status, page) = olga.sends(&answer, &[("answer", " \n ")]).await;
    assert_eq!(status, 422);
    assert!(page.contains("Please fill this in."), "{page}");
    let (status, page) = olga.sends(&answer, &[("answer", "We do.\r\n<b>Three</b> days.")]).await;
    assert_eq!(status, 200);
    assert!(page.contains("Your answer is in the conversation"), "{page}");

    let mails = eventually("both mails arrive", || async { Some(mailbox.mails()).filter(|mails| mails.len() == 2) });
    let mails = mails.await;
    let mail = mails.iter().find(|mail| mail["to"] == json!(["vera@example.com"])).expect("the answer");
    let text = mail["text"].as_str().unwrap_or_default().replace("\r\n", "\n");
    assert!(text.contains("> We do.\n> <b>Three</b> days."), "{mail}");
    assert_eq!(
        mail["headers"],
        json!([
            "auto-submitted",
            "content-type",
            "date",
            "from",
            "message-id",
            "mime-version",
            "references",
            "subject",
            "to"
        ]),
    );
    olga.is_shown("/admin/mail", "Sent").await;

    let (status, page) = olga.sends(&format!("/admin/offline/{id}/close"), &[]).await;
    assert_eq!(status, 200);
    assert!(!page.contains("Do you ship"), "{page}");
    olga.is_shown(&format!("/admin/transcripts/{id}"), "Verified: all").await;
}

#[tokio::test]
async fn without_a_mail_server_mail_waits_and_says_so() {
    let world = World::start().await;
    leaves_message(&world, "Vera", "Anybody?").await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    olga.is_shown("/admin/mail", "No mail server is configured").await;
    olga.is_shown("/admin/mail", "Waiting").await;
    assert_eq!(world.count("select count(*) from outbox where sent_at is null and attempts = 0").await, 1);
}

#[tokio::test]
async fn hostile_texts_stay_text_on_every_page_and_in_every_file() {
    let evil = "\"'></textarea></title><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}";
    let world = World::start().await;
    let id = leaves_message(&world, "\"'><script>alert(1)</script><img src=x>", evil).await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    olga.sends(&format!("/admin/offline/{id}/answer"), &[("answer", evil)]).await;
    let query: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
    let search = format!("/admin/transcripts?q={query}");
    let show = format!("/admin/transcripts/{id}");
    let message = format!("/admin/offline/{id}");
    let pages =
        ["/admin", "/admin/transcripts", &search, &show, "/admin/offline", &message, "/admin/mail", "/admin/audit"];
    for path in pages {
        let (status, page) = olga.opens(path).await;
        assert_eq!(status, 200, "{path}");
        harmless(path, &page);
    }
    let (_, export) = olga.sends(&format!("{show}/export"), &[("format", "html")]).await;
    harmless("export", &export);
    assert!(export.contains("alert(1)"), "the words are still there: {export}");
    let (status, form) = olga.sends("/admin/sites", &[("name", evil), ("origins", evil), ("greeting_en", evil)]).await;
    assert_eq!(status, 422);
    harmless("a form shown again", &form);
}

/// Nothing that was typed is markup in a page.
pub(crate) fn harmless(what: &str, page: &str) {
    for bad in ["<script>alert", "<img src=x", "</textarea></title>", "\"'><"] {
        assert!(!page.contains(bad), "{what} contains {bad}: {page}");
    }
}

#[tokio::test]
async fn transcripts_are_filtered() {
    let world = World::start().await;
    leaves_message(&world, "Vera", "Is the linen shirt back?").await;
    leaves_message(&world, "王小明", "这款茶叶还有货吗").await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    for (query, found) in [
        ("state=offline", 2),
        ("state=closed", 0),
        ("from=2020-01-01&to=2020-01-02", 0),
        ("from=2020-01-01", 2),
        ("from=nonsense", 2),
        ("rating=5", 0),
        ("rating=9", 2),
        ("site=nonsense", 2),
    ] {
        let (_, page) = olga.opens(&format!("/admin/transcripts?{query}")).await;
        assert_eq!(page.matches("<th scope=\"row\"").count(), found, "{query}");
    }
}

#[tokio::test]
async fn an_agent_reads_own_transcripts_and_open_messages_only() {
    let world = World::start().await;
    let open = leaves_message(&world, "Vera", "Left for everybody").await;
    let closed = leaves_message(&world, "Vera", "Answered by Olga").await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    olga.sends(&format!("/admin/offline/{closed}/answer"), &[("answer", "Done.")]).await;
    olga.sends(&format!("/admin/offline/{closed}/close"), &[]).await;
    let ann = Reader::signs_in(&world, world.acme.person("Ann")).await;
    ann.is_shown(&format!("/admin/offline/{open}"), "Left for everybody").await;
    assert_eq!(ann.opens(&format!("/admin/transcripts/{closed}")).await.0, 404);
    let (_, page) = ann.opens("/admin/transcripts").await;
    assert!(!page.contains("Answered by Olga"), "{page}");
    for path in ["/admin/sites", "/admin/people", "/admin/mail", "/admin/audit", "/platform"] {
        assert_eq!(ann.opens(path).await.0, 403, "{path}");
    }
    ann.is_shown("/admin/profile", "Change the password").await;
}

#[tokio::test]
async fn a_site_form_keeps_what_was_typed_and_names_the_line() {
    let world = World::start().await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    let wrong = [("name", "Second"), ("origins", "https://ok.example\nnot an origin"), ("color", "#0a7f5a")];
    let (status, page) = olga.sends("/admin/sites", &wrong).await;
    assert_eq!(status, 422);
    assert!(page.contains("Line 2:") && page.contains("value=\"Second\"") && page.contains("#0a7f5a"), "{page}");
    let right = [
        ("name", "Second"),
        ("origins", "https://ok.example/"),
        ("color", "#0a7f5a"),
        ("side", "start"),
        ("ask_name", "required"),
        ("ask_email", "off"),
        ("greeting_en", "Welcome & hello"),
    ];
    let (status, page) = olga.sends("/admin/sites", &right).await;
    assert_eq!(status, 200);
    assert!(page.contains("The site is ready.") && page.contains("script async src="), "{page}");
    assert!(page.contains("https://ok.example\n") || page.contains("https://ok.example</textarea>"), "{page}");
    assert!(page.contains("Welcome &#38; hello") || page.contains("Welcome &amp; hello"), "{page}");
    olga.is_shown("/admin/audit", "Site created").await;
}

#[tokio::test]
async fn an_invitation_is_shown_once_and_can_be_withdrawn() {
    let world = World::start().await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    let form = [("email", "new@acme.example"), ("role", "supervisor")];
    let (status, page) = olga.sends("/admin/people/invite", &form).await;
    assert_eq!(status, 200);
    let link = page.split("id=\"link\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a link").to_owned();
    let path = link.strip_prefix(&world.origin()).expect("a link of our own").to_owned();
    olga.is_shown("/admin/people", "new@acme.example").await;
    let (_, people) = olga.opens("/admin/people").await;
    assert!(!people.contains(&path), "the link is shown again");
    assert_eq!(olga.opens(&path).await.0, 200);
    // The list sends it again: another link, and the first is void.
    assert!(people.contains("name=\"role\" value=\"supervisor\""), "{people}");
    let (_, page) = olga.sends("/admin/people/invite", &form).await;
    let again = page.split("id=\"link\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a link").to_owned();
    let second = again.strip_prefix(&world.origin()).expect("a link of our own").to_owned();
    assert_ne!(olga.opens(&path).await.0, 200, "the first link still works");
    assert_eq!(olga.opens(&second).await.0, 200);
    olga.sends("/admin/people/invite/withdraw", &[("email", "new@acme.example")]).await;
    assert_ne!(olga.opens(&second).await.0, 200, "a withdrawn link still works");
}

#[tokio::test]
async fn the_last_owner_stays() {
    let world = World::start().await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    let (_, people) = olga.opens("/admin/people").await;
    let row = people.split("/admin/people/").find(|part| part.contains("\">Olga")).expect("Olga's link");
    let id = row.split('"').next().expect("an id").to_owned();
    let form = [("name", "Olga"), ("role", "agent"), ("capacity", "6")];
    let (status, page) = olga.sends(&format!("/admin/people/{id}"), &form).await;
    assert_eq!(status, 422);
    assert!(page.contains("There must be an owner"), "{page}");
    let (_, page) = olga.sends(&format!("/admin/people/{id}/disable"), &[]).await;
    assert!(page.contains("There must be an owner"), "{page}");
    olga.is_shown("/admin", "Overview").await;
}
