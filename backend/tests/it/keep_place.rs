//! Keeping a place in the queue: it waits for its visitor, who is called by mail and comes back by a link that is good
//! once.

use protocol::command::{Command, KeepPlace};
use protocol::entry::EntryBody;
use protocol::error::ErrorCode;
use protocol::ids::ConversationId;
use protocol::state::ConversationState;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::basics::{Scratch, eventually};
use crate::browser::Driver;
use crate::mailbox::Mailbox;
use crate::people::{Agent, Visitor, code_of, in_conversation};
use crate::pictures::look;
use crate::text_browser::{Kind, TextBrowser};
use crate::widget_page::Widget;
use crate::wire::{Failure, Over, View};
use crate::world::{Plan, World};

const EMAIL: &str = "vera@example.com";

/// A world that sends mail, in which Ann can hold one conversation.
struct Scene {
    world: World,
    mailbox: Mailbox,
    ann: Agent,
    /// What Ann holds.
    held: ConversationId,
    _held_by: Visitor,
    _folder: Scratch,
}

impl Scene {
    async fn with(policy: Value) -> Self {
        let folder = Scratch::new("keep");
        let mut mailbox = Mailbox::closed(folder.path().join("mails"));
        mailbox.opens().await;
        let mut all = json!({"capacity": 1});
        all.as_object_mut().expect("settings").extend(policy.as_object().expect("settings").clone());
        let plan = Plan { policy: all, agents: vec!["Ann"], ..Plan::default() }
            .unlimited()
            .with("FRONTDESK_SMTP_URL", &mailbox.url())
            .with("FRONTDESK_MAIL_FROM", "Frontdesk <chat@acme.example>");
        let world = World::with(plan).await;
        let (visitor, ann, held) = in_conversation(&world, Over::Socket).await;
        Self { world, mailbox, ann, held, _held_by: visitor, _folder: folder }
    }

    async fn start() -> Self {
        Self::with(json!({})).await
    }

    /// Somebody who waits, and the conversation.
    async fn waiting(&self, text: &str, over: Over) -> (Visitor, ConversationId) {
        let mut visitor = self.world.visitor().await;
        visitor.connect(over).await;
        let conversation = visitor.asks(text).await;
        visitor.sees_state(ConversationState::Waiting).await;
        (visitor, conversation)
    }

    /// Vera, who keeps her place and is away.
    async fn away(&self) -> (Visitor, ConversationId) {
        let (mut vera, conversation) = self.waiting("is the tea fresh?", Over::Socket).await;
        keeps(&vera, conversation).await;
        self.leaves(&mut vera, conversation).await;
        (vera, conversation)
    }

    async fn leaves(&self, visitor: &mut Visitor, conversation: ConversationId) {
        visitor.vanish();
        let away = |view: &View| (!view.summary(conversation)?.visitor_online).then_some(());
        self.ann.until("the visitor is away", away).await;
    }

    /// Ann is free, and the mail that calls Vera has arrived; the address of the way back.
    async fn calls(&self, conversation: ConversationId) -> String {
        self.ann.closes(self.held).await;
        self.ann.opens(conversation).await;
        let called = |view: &View| body_of(view, conversation, |body| matches!(body, EntryBody::Called(_)));
        self.ann.until("she is called", called).await;
        let mail = self.mail("It is your turn at Shop").await;
        let text = mail["text"].as_str().expect("text");
        let start = format!("{}/back/", self.world.origin());
        assert!(text.contains("is held for 10 minutes"), "{text}");
        let token = text.split_once(&start).expect("a link").1.split_whitespace().next().expect("a token");
        format!("/back/{token}")
    }

    /// A mail to Vera with this subject.
    async fn mail(&self, subject: &str) -> Value {
        eventually(&format!("the mail \"{subject}\" arrives"), || async {
            let mails = self.mailbox.mails();
            mails.into_iter().find(|mail| mail["to"] == json!([EMAIL]) && mail["subject"] == json!(subject))
        })
        .await
    }

    /// Follows the link, or presses the button of its page.
    async fn visits(&self, way: &str, press: bool) -> (u16, String) {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
        let address = format!("{}{way}", self.world.url());
        let request = if press { http.post(address).header("origin", self.world.origin()) } else { http.get(address) };
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        (answer.status().as_u16(), answer.text().await.expect("a page"))
    }

    /// How many places are kept.
    async fn kept(&self) -> i64 {
        self.world.count("select count(*) from conversation where kept_at is not null").await
    }

    /// Somebody new makes the dispatcher look.
    async fn somebody_asks(&self) -> (Visitor, ConversationId) {
        let mut visitor = self.world.visitor().await;
        visitor.connect(Over::Poll).await;
        let conversation = visitor.asks("anybody?").await;
        (visitor, conversation)
    }
}

fn keep(conversation: ConversationId, email: &str) -> Command {
    Command::KeepPlace(KeepPlace { conversation, email: email.to_owned() })
}

async fn keeps(visitor: &Visitor, conversation: ConversationId) {
    visitor.until("she may keep it", |view| view.current()?.can_keep).await;
    visitor.must(keep(conversation, EMAIL)).await;
    visitor.until("it is kept", |view| view.current()?.kept).await;
}

fn body_of(view: &View, conversation: ConversationId, is: impl Fn(&EntryBody) -> bool) -> Option<()> {
    view.items(conversation).iter().any(|item| item.body.as_ref().is_some_and(&is)).then_some(())
}

fn token_in(page: &str) -> String {
    let rest = page.split_once("data-token=\"").unwrap_or_else(|| panic!("no token in {page}")).1;
    rest.split('"').next().expect("an end").to_owned()
}

#[tokio::test]
async fn whoever_keeps_the_place_is_called_and_comes_back_into_it() {
    let scene = Scene::start().await;
    let (vera, conversation) = scene.away().await;
    let way = scene.calls(conversation).await;
    // Scanners of mail follow links, more than once.
    for _ in 0..3 {
        let (status, page) = scene.visits(&way, false).await;
        assert_eq!(status, 200);
        assert!(page.contains("Your place is held for another") && page.contains("Come back to the chat"), "{page}");
        assert!(!page.contains("data-token"), "{page}");
    }
    assert_eq!(scene.kept().await, 1, "looking changes nothing");
    let (status, page) = scene.visits(&way, true).await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(scene.kept().await, 0);
    let token = token_in(&page);
    let (url, origin, site) = (scene.world.url(), scene.world.origin(), &scene.world.acme.site);
    assert!(page.contains(&format!("data-key=\"frontdesk:{site}\"")), "{page}");
    let mut back = Visitor::returns(&url, &origin, site, Some(&token)).await;
    assert_eq!(back.reply.visitor, vera.reply.visitor);
    back.connect(Over::Socket).await;
    back.sees("is the tea fresh?").await;
    scene.ann.is_offered_this(conversation).await;
    scene.ann.accepts(conversation).await;
    back.is_served_by("Ann").await;
    for press in [true, false] {
        let (status, page) = scene.visits(&way, press).await;
        assert_eq!(status, 410, "the link is good once");
        assert!(page.contains("This link is no longer good") && page.contains(&scene.world.acme.origin), "{page}");
        assert!(!page.contains("data-token"), "{page}");
    }
    // Nothing with which one could come in stays where others look.
    let secret = way.strip_prefix("/back/").expect("a token");
    let log = scene.world.log();
    assert!(!log.contains(secret) && !log.contains(&token), "{log}");
    let stored = format!("select count(*) from outbox where payload like '%{secret}%'");
    eventually("the mail's link is forgotten", || async {
        let left = scene.world.count(Box::leak(stored.clone().into_boxed_str())).await;
        (left == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_place_stays_in_the_order_while_its_visitor_is_away_and_being_away_closes_nothing() {
    let scene = Scene::start().await;
    let (_vera, first) = scene.away().await;
    let (mut walt, second) = scene.waiting("me second", Over::Socket).await;
    walt.waits_at(2).await;
    scene.leaves(&mut walt, second).await;
    let noted = "select count(*) from conversation where visitor_left_at is not null and state = 'waiting'";
    eventually("it is noted that both are away", || async { (scene.world.count(noted).await == 2).then_some(()) })
        .await;
    // Both are away for longer than anybody may be who does not keep the place.
    let long_ago = "update conversation set visitor_left_at = 1, waiting_since = waiting_since - 7200000 \
        where visitor_left_at is not null";
    scene.world.change(long_ago).await;
    let (xena, _) = scene.somebody_asks().await;
    scene.ann.sees_state(second, ConversationState::Closed).await;
    xena.waits_at(2).await;
    let state = scene.ann.look(|view| view.summary(first).map(|line| line.state));
    assert_eq!(state, Some(ConversationState::Waiting));
    // Ann talks to Xena meanwhile; who comes back is next, and not closed for having been away.
    let way = scene.calls(first).await;
    scene.ann.accepts(scene.ann.is_offered().await).await;
    let (yuri, _) = scene.somebody_asks().await;
    yuri.waits_at(2).await;
    let (_, page) = scene.visits(&way, true).await;
    let (url, origin, site) = (scene.world.url(), scene.world.origin(), &scene.world.acme.site);
    let mut back = Visitor::returns(&url, &origin, site, Some(&token_in(&page))).await;
    back.connect(Over::Poll).await;
    back.waits_at(1).await;
    back.until("the place is not kept any more", |view| view.current()?.kept.is_none().then_some(())).await;
    assert_eq!(back.conversation(), first);
}

#[tokio::test]
async fn whoever_does_not_come_finds_a_message_left_and_is_answered_by_mail() {
    let scene = Scene::start().await;
    let (mut vera, conversation) = scene.away().await;
    let way = scene.calls(conversation).await;
    scene.world.change("update conversation set call_deadline_at = 1 where call_deadline_at is not null").await;
    let (_xena, other) = scene.somebody_asks().await;
    scene.ann.sees_state(conversation, ConversationState::Offline).await;
    for press in [false, true] {
        let (status, page) = scene.visits(&way, press).await;
        assert_eq!(status, 410);
        assert!(page.contains("wait for an answer by e-mail"), "{page}");
    }
    scene.ann.is_offered_this(other).await;
    scene.ann.says(conversation, "Picked last week.").await;
    let mail = scene.mail("Answer from Shop").await;
    assert!(mail["text"].as_str().is_some_and(|text| text.contains("> Picked last week.")), "{mail}");
    vera.connect(Over::Socket).await;
    vera.sees("Picked last week.").await;
    let left = |view: &View| body_of(view, conversation, |body| matches!(body, EntryBody::LeftOffline(_)));
    vera.until("the thread was kept", left).await;
}

#[tokio::test]
async fn whoever_was_called_and_opens_the_widget_is_back_as_well() {
    let scene = Scene::start().await;
    let (mut vera, conversation) = scene.away().await;
    let way = scene.calls(conversation).await;
    vera.connect(Over::Poll).await;
    scene.ann.is_offered_this(conversation).await;
    vera.until("the place is not kept any more", |view| view.current()?.kept.is_none().then_some(())).await;
    assert_eq!(scene.visits(&way, true).await.0, 410);
    scene.ann.accepts(conversation).await;
    vera.is_served_by("Ann").await;
}

#[tokio::test]
async fn a_place_is_kept_only_where_it_is_offered() {
    let scene = Scene::start().await;
    let (vera, conversation) = scene.waiting("hello?", Over::Socket).await;
    for (email, limit) in
        [("", None), ("nonsense", None), ("a@b", None), (&*format!("{}@b.example", "a".repeat(300)), Some(254))]
    {
        let Err(Failure::Refused(refused)) = vera.ask(keep(conversation, email)).await else { panic!("{email}") };
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Invalid, Some("email")), "{email}");
        assert_eq!(refused.limit, limit, "{email}");
    }
    let (walt, _) = scene.waiting("me too", Over::Poll).await;
    assert_eq!(code_of(walt.ask(keep(conversation, EMAIL)).await), ErrorCode::NotFound, "somebody else's");
    assert_eq!(code_of(scene.ann.ask(keep(conversation, EMAIL)).await), ErrorCode::Forbidden, "an agent");
    keeps(&vera, conversation).await;
    let before = vera.look(|view| view.items(conversation).len());
    vera.must(keep(conversation, EMAIL)).await;
    vera.must(keep(conversation, "vera@work.example")).await;
    let corrected = |view: &View| {
        body_of(
            view,
            conversation,
            |body| matches!(body, EntryBody::PlaceKept(kept) if kept.email == "vera@work.example"),
        )
    };
    vera.until("another address", corrected).await;
    assert_eq!(vera.look(|view| view.items(conversation).len()), before + 1, "the same again writes nothing");
    scene.ann.closes(scene.held).await;
    scene.ann.is_offered_this(conversation).await;
    scene.ann.accepts(conversation).await;
    vera.sees_state(ConversationState::Active).await;
    assert_eq!(code_of(vera.ask(keep(conversation, EMAIL)).await), ErrorCode::WrongState, "she is served");
    assert!(scene.mailbox.mails().is_empty(), "who is there is not written to");

    let scene = Scene::with(json!({"keep_place": false})).await;
    let (vera, conversation) = scene.waiting("hello?", Over::Socket).await;
    assert_eq!(vera.look(|view| view.current().and_then(|line| line.can_keep)), None);
    assert_eq!(
        code_of(vera.ask(keep(conversation, EMAIL)).await),
        ErrorCode::WrongState,
        "the tenant does not offer it"
    );

    let plan = Plan { policy: json!({"capacity": 1}), agents: vec!["Ann"], ..Plan::default() };
    let world = World::with(plan).await;
    let (_held, _ann, _) = in_conversation(&world, Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let conversation = vera.asks("hello?").await;
    vera.waits_at(1).await;
    assert_eq!(vera.look(|view| view.current().and_then(|line| line.can_keep)), None);
    assert_eq!(code_of(vera.ask(keep(conversation, EMAIL)).await), ErrorCode::WrongState, "nobody could be called");
}

#[tokio::test]
async fn a_way_back_that_is_not_ours_leads_nowhere() {
    let scene = Scene::start().await;
    let (_vera, conversation) = scene.away().await;
    let way = scene.calls(conversation).await;
    // The last letter holds bits that say nothing; the one in the middle does not.
    let (start, rest) = way.split_at(way.len() / 2);
    let damaged = format!("{start}{}{}", if rest.starts_with('A') { 'B' } else { 'A' }, &rest[1..]);
    let long = format!("/back/{}", "x".repeat(3000));
    for bad in [damaged.as_str(), &way[..way.len() - 4], "/back/x", "/back/.", long.as_str(), "/back/%00"] {
        for press in [false, true] {
            let (status, page) = scene.visits(bad, press).await;
            assert_eq!(status, 404, "{bad}: {page}");
        }
    }
    // A page of somebody else cannot press the button for anybody.
    let http = reqwest::Client::new();
    for (name, value) in [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let request = http.post(format!("{}{way}", scene.world.url())).header(name, value);
        assert_eq!(request.send().await.expect("an answer").status(), 403, "{name}: {value}");
    }
    assert_eq!(scene.kept().await, 1);
}

#[tokio::test]
async fn without_a_script_the_way_leads_to_the_page_that_needs_none() {
    for kind in [Kind::Text, Kind::Graphical] {
        let scene = Scene::start().await;
        let (_vera, conversation) = scene.away().await;
        let way = scene.calls(conversation).await;
        let mut browser = TextBrowser::new(&scene.world, kind);
        browser.goes(&way).await;
        assert!(browser.page.contains("It is your turn"), "{}", browser.page);
        browser.presses(&way).await;
        assert_eq!(browser.status, 200, "{}", browser.page);
        browser.goes(&browser.link("Open the chat")).await;
        assert_eq!(browser.conversation(), conversation.0);
        scene.ann.is_offered_this(conversation).await;
        scene.ann.accepts(conversation).await;
        browser.sees("You are talking to Ann").await;
        assert!(browser.page.contains("is the tea fresh?"), "{}", browser.page);
    }
}

#[tokio::test]
async fn in_a_browser_one_press_opens_the_chat_where_it_was() {
    let scene = Scene::start().await;
    let (_vera, conversation) = scene.away().await;
    let way = scene.calls(conversation).await;
    let driver = Driver::start().await;
    let vera = Widget::in_window(driver.window("mail").await);
    vera.window.opens(&format!("{}{way}", scene.world.origin())).await;
    vera.window.reads("h1", "It is your turn").await;
    vera.window.clicks("button.main").await;
    vera.sees("is the tea fresh?").await;
    let address = vera.window.client.current_url().await.expect("an address");
    assert_eq!(address.path(), format!("/chat/{}", scene.world.acme.site));
    scene.ann.is_offered_this(conversation).await;
    scene.ann.accepts(conversation).await;
    vera.says("thank you for waiting").await;
    scene.ann.sees(conversation, "thank you for waiting").await;
    assert!(vera.window.violations().await.is_empty());
    vera.window.closes().await;
}

#[tokio::test]
async fn the_pages_of_the_way_fit_in_both_languages_and_need_no_storage() {
    let scene = Scene::start().await;
    let (_vera, conversation) = scene.away().await;
    let way = format!("{}{}", scene.world.origin(), scene.calls(conversation).await);
    let driver = Driver::start().await;
    let window = driver.window_without_storage("mail").await;
    let agent = window.runs("return navigator.userAgent;", vec![]).await;
    let speaks = async |language: &str| {
        let speaks = json!({"userAgent": agent, "acceptLanguage": language});
        window.devtools("Emulation.setUserAgentOverride", speaks).await;
        window.opens(&way).await;
    };
    for language in ["zh-CN", "en"] {
        speaks(language).await;
        look(&window, &format!("back-{language}")).await;
    }
    window.clicks("button.main").await;
    window.shows("#here a").await;
    look(&window, "back-here").await;
    for language in ["zh-CN", "en"] {
        speaks(language).await;
        window.shows("p.way a").await;
        look(&window, &format!("back-gone-{language}")).await;
    }
    window.opens(&format!("{}/back/nothing", scene.world.origin())).await;
    look(&window, "back-unknown").await;
    window.closes().await;
}
