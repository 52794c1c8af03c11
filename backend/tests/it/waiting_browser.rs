//! Waiting as visitors see it: departments to choose from, opening times, the place and how it moves, keeping it,
//! and where a conversation goes when an agent gives it away.

use protocol::command::{Command, Transfer};
use protocol::ids::ConversationId;
use protocol::state::ConversationState;
use serde_json::{Value, json};

use crate::browser::{Driver, patiently};
use crate::departments::{self, Department};
use crate::mailbox::Mailbox;
use crate::people::{Agent, Visitor};
use crate::pictures::look;
use crate::shop::Shop;
use crate::widget_page::Widget;
use crate::wire::Over;
use crate::world::{Plan, World};

struct Scene {
    world: World,
    shop: Shop,
    driver: Driver,
}

impl Scene {
    async fn with(policy: Value, environment: Vec<(String, String)>) -> Self {
        let shop = Shop::open().await;
        let plan = Plan { shop: shop.origin(), policy, environment, ..Plan::default() };
        let world = World::with(plan.unlimited()).await;
        shop.sells("/", "Tea house", &world.acme.snippet);
        Self { world, shop, driver: Driver::start().await }
    }

    /// A visitor on the shop's page with the chat open.
    async fn vera(&self) -> Widget {
        let vera = Widget::in_window(self.driver.window("vera").await);
        vera.window.opens(&self.shop.page("/")).await;
        vera.opens().await;
        vera
    }

    async fn at_work(&self, name: &str) -> Agent {
        self.world.at_work(name).await
    }

    /// Somebody whom the agent serves, so that others wait.
    async fn busy_with(&self, agent: &Agent) -> (Visitor, ConversationId) {
        let mut first = self.world.visitor().await;
        first.connect(Over::Socket).await;
        let conversation = first.asks("me first").await;
        agent.is_offered_this(conversation).await;
        agent.accepts(conversation).await;
        first.sees_state(ConversationState::Active).await;
        (first, conversation)
    }
}

/// Hours that began long ago and never come: open on one minute of one day a week, which is not today.
fn closed_today() -> Value {
    let days = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    // 1970-01-01 was a Thursday.
    let in_three_days = days[usize::try_from((seconds / 86_400 + 3) % 7).expect("a day")];
    json!({ "time_zone": "UTC", "week": [{ "day": in_three_days, "from": 540, "to": 600 }] })
}

#[tokio::test]
async fn a_visitor_chooses_a_department_and_a_closed_one_takes_a_message() {
    let scene = Scene::with(json!({}), vec![]).await;
    let ben = scene.at_work("Ben").await;
    let orders = departments::add(&scene.world, &Department::new("Orders", &["Ben"])).await;
    let closed = Department { hours: Some(closed_today()), ..Department::new("Returns", &["Ben"]) };
    let returns = departments::add(&scene.world, &closed).await;
    departments::ask(&scene.world, "required").await;
    let vera = scene.vera().await;
    vera.window.clicks("#main").await;
    vera.window.reads("#department", "Orders").await;
    let options = vera.window.texts("#department option").await;
    let shown = options.iter().find(|option| option.starts_with("Returns · Opens ")).expect("when it opens");
    assert!(shown.contains(" at "), "{shown}");
    look(&vera.window, "widget-departments").await;
    vera.window.types("#text", "where is my order?").await;
    vera.window.clicks("form button.main").await;
    vera.window.reads("#department-error", "Please choose").await;
    choose(&vera, &orders.to_string()).await;
    vera.window.clicks("form button.main").await;
    let conversation = ben.is_offered().await;
    let line = ben.look(|view| view.summary(conversation).cloned()).expect("its line");
    assert_eq!(line.department, Some(orders));
    ben.accepts(conversation).await;
    vera.sees_note("Ben").await;
    ben.closes(conversation).await;
    vera.window.clicks("footer.closed .plain").await;
    choose(&vera, &returns.to_string()).await;
    vera.window.reads(".intro", "Opens ").await;
    look(&vera.window, "widget-department-closed").await;
    vera.leaves_message("Vera", "vera@example.com", "I want to send it back").await;
    vera.window.reads("main", "vera@example.com").await;
    let left = "select count(*) from conversation c join department d on d.id = c.department_id \
                where d.name = 'Returns' and c.state = 'offline'";
    assert_eq!(scene.world.count(left).await, 1);
}

/// Chooses in the form's list, as people do: the widget hears of it.
async fn choose(vera: &Widget, value: &str) {
    vera.window.clicks(&format!("#department option[value='{value}']")).await;
    let script = "return document.querySelector('#department').value";
    assert_eq!(vera.window.runs(script, vec![]).await, json!(value));
}

/// What a screen reader is given of the place.
async fn hears(vera: &Widget, words: &str) {
    let script = "return document.querySelector('main > p.hidden[role=status]').textContent";
    vera.window
        .until(&format!("\"{words}\" is read out"), || async {
            (vera.window.runs(script, vec![]).await == json!(words)).then_some(())
        })
        .await;
}

#[tokio::test]
async fn the_page_chooses_the_department_and_a_closed_site_says_when_it_opens() {
    let scene = Scene::with(json!({}), vec![]).await;
    let ben = scene.at_work("Ben").await;
    let orders = departments::add(&scene.world, &Department::new("Orders", &["Ben"])).await;
    departments::ask(&scene.world, "required").await;
    let vera = scene.vera().await;
    let answer = vera.calls(json!(["setDepartment", orders.to_string()])).await;
    assert_eq!(answer, json!({ "ok": null }));
    vera.enters().await;
    vera.starts("no form before this").await;
    let conversation = ben.is_offered().await;
    let line = ben.look(|view| view.summary(conversation).cloned()).expect("its line");
    assert_eq!(line.department, Some(orders));
    vera.window.closes().await;

    let hours = closed_today().to_string();
    scene.world.change(format!("update department set hours = '{hours}'")).await;
    let vera = Widget::in_window(scene.driver.window("late").await);
    vera.window.opens(&scene.shop.page("/")).await;
    vera.opens().await;
    vera.window.reads(".card", "Opens ").await;
    look(&vera.window, "widget-closed").await;
    vera.window.clicks("#main").await;
    vera.window.reads(".intro", "Opens ").await;
}

#[tokio::test]
async fn the_place_moves_the_agent_is_lost_and_found_and_a_department_takes_over() {
    let policy = json!({ "capacity": 1, "agent_grace_ms": 5_000 });
    let scene = Scene::with(policy, vec![]).await;
    let ann = scene.at_work("Ann").await;
    let returns = departments::add(&scene.world, &Department::new("Returns", &["Ben"])).await;
    let (first, busy) = scene.busy_with(&ann).await;
    let mut second = scene.world.visitor().await;
    second.connect(Over::Socket).await;
    let ahead = second.asks("me second").await;
    second.waits_at(1).await;
    let vera = scene.vera().await;
    vera.starts("me third").await;
    vera.waits_at(2).await;
    look(&vera.window, "widget-waiting").await;
    second.must(Command::Close(protocol::command::Close { conversation: ahead })).await;
    vera.waits_at(1).await;
    hears(&vera, "You are next").await;
    ann.closes(busy).await;
    drop(first);
    let conversation = ann.is_offered().await;
    vera.window.reads("section.wait", "Connecting you with an agent").await;
    look(&vera.window, "widget-offered").await;
    ann.accepts(conversation).await;
    vera.sees_note("Ann").await;
    // The agent is gone: back at the head of the queue, and told so.
    drop(ann);
    vera.sees_note("back at the head of the queue").await;
    vera.waits_at(1).await;
    let ann = scene.at_work("Ann").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let to = Transfer { conversation, to: None, note: None, department: Some(returns) };
    ann.must(Command::Transfer(to)).await;
    vera.sees_note("You are now in the queue of Returns").await;
    vera.window.reads("section.wait", "next").await;
    let ben = scene.at_work("Ben").await;
    ben.is_offered_this(conversation).await;
    ben.accepts(conversation).await;
    vera.sees_note("Ben").await;
    look(&vera.window, "widget-transferred").await;
}

#[tokio::test]
async fn whoever_waits_long_enough_is_helped_by_another_department() {
    let scene = Scene::with(json!({}), vec![]).await;
    let ben = scene.at_work("Ben").await;
    // Nobody of Orders is there, and Ben, who is, is none of them.
    let create = "department create --tenant acme Orders --member Ann --overflow Support --overflow-after 3s --json";
    let (made, said, error) = scene.world.feed(&create.split(' ').collect::<Vec<_>>(), "");
    assert!(made, "{error}");
    let orders: Value = serde_json::from_str(&said).expect("JSON");
    let vera = scene.vera().await;
    let answer = vera.calls(json!(["setDepartment", orders["id"]])).await;
    assert_eq!(answer, json!({ "ok": null }));
    vera.enters().await;
    vera.starts("where is my order?").await;
    vera.waits_at(1).await;
    let conversation = ben.is_offered().await;
    let line = ben.look(|view| view.summary(conversation).cloned()).expect("its line");
    assert_eq!(json!(line.department), orders["id"], "it stays in its department");
    vera.window.reads("section.wait", "Connecting you with an agent").await;
    ben.accepts(conversation).await;
    vera.sees_note("Ben").await;
    let early = "select count(*) from offer o join conversation c on c.tenant_id = o.tenant_id \
                 and c.id = o.conversation_id where o.offered_at < c.created_at + 3000";
    assert_eq!(scene.world.count(early).await, 0, "not before the wait was long enough");
}

#[tokio::test]
async fn leaving_a_message_instead_keeps_the_thread() {
    let scene = Scene::with(json!({ "capacity": 1 }), vec![]).await;
    let ann = scene.at_work("Ann").await;
    let (_first, _busy) = scene.busy_with(&ann).await;
    let vera = scene.vera().await;
    vera.starts("is anybody there?").await;
    vera.waits_at(1).await;
    vera.window.clicks("section.wait button[data-a=offline]").await;
    vera.leaves_message("Vera", "vera@example.com", "then write to me").await;
    vera.window.reads("main", "vera@example.com").await;
    vera.window.clicks("button[data-a=home]").await;
    vera.window.clicks("#main").await;
    vera.shows_exactly(&["is anybody there?".to_owned(), "then write to me".to_owned()]).await;
    vera.sees_note("Your message was left for us").await;
    assert_eq!(scene.world.count("select count(*) from conversation where state = 'offline'").await, 1);
}

#[tokio::test]
async fn a_wait_that_ends_by_itself_asks_for_an_address() {
    let scene = Scene::with(json!({ "capacity": 1 }), vec![]).await;
    let ann = scene.at_work("Ann").await;
    let (_first, _busy) = scene.busy_with(&ann).await;
    let vera = scene.vera().await;
    vera.starts("is anybody there?").await;
    vera.waits_at(1).await;
    departments::waits_run_out(&scene.world, &ann).await;
    vera.window.reads(".intro", "Nobody could answer yet. Leave your email address").await;
    look(&vera.window, "widget-unanswered-form").await;
    // Whoever leaves the form finds the way back under the thread, which promises no mail.
    vera.window.clicks("button[data-a=home]").await;
    vera.window.clicks("#main").await;
    vera.window.reads("section.wait", "Leave your email address").await;
    let notes = vera.window.texts(".log .note").await;
    assert_eq!(notes.last().map(String::as_str), Some("Your message was left for us."));
    look(&vera.window, "widget-unanswered").await;
    for (locale, words) in [("zh-CN", "请留下邮箱"), ("en", "Leave your email address")] {
        vera.calls(json!(["setLocale", locale])).await;
        vera.enters().await;
        vera.window.reads("section.wait", words).await;
        look(&vera.window, &format!("widget-unanswered-{locale}")).await;
    }
    vera.window.clicks("section.wait button[data-a=offline]").await;
    vera.leaves_message("Vera", "vera@example.com", "then write to me").await;
    vera.window.reads("main", "vera@example.com").await;
    vera.window.clicks("button[data-a=home]").await;
    vera.window.clicks("#main").await;
    vera.shows_exactly(&["is anybody there?".to_owned(), "then write to me".to_owned()]).await;
    vera.sees_note("We will answer by email.").await;
    look(&vera.window, "widget-unanswered-left").await;
    let left = "select count(*) from conversation where state = 'offline' and offline_email = 'vera@example.com'";
    assert_eq!(scene.world.count(left).await, 1, "the thread is kept");
}

#[tokio::test]
async fn a_full_queue_offers_to_leave_a_message() {
    let scene = Scene::with(json!({ "capacity": 1, "max_queue": 1 }), vec![]).await;
    let ann = scene.at_work("Ann").await;
    let (_first, _busy) = scene.busy_with(&ann).await;
    let vera = scene.vera().await;
    // The place is taken while the visitor writes.
    vera.window.clicks("#main").await;
    vera.window.types("#text", "me too").await;
    let mut second = scene.world.visitor().await;
    second.connect(Over::Socket).await;
    second.asks("me second").await;
    second.waits_at(1).await;
    vera.window.clicks("form button.main").await;
    vera.window.reads("main", "Please leave a message").await;
    let text = vera.window.runs("return document.querySelector('#text').value", vec![]).await;
    assert_eq!(text, json!("me too"), "what was written stays");
    look(&vera.window, "widget-queue-full").await;
}

#[tokio::test]
async fn a_kept_place_brings_the_visitor_back_by_mail() {
    let folder = crate::basics::Scratch::new("mail");
    let mut mailbox = Mailbox::closed(folder.path().join("mails"));
    let environment = vec![
        ("FRONTDESK_SMTP_URL".to_owned(), mailbox.url()),
        ("FRONTDESK_MAIL_FROM".to_owned(), "Frontdesk <chat@acme.example>".to_owned()),
    ];
    let scene = Scene::with(json!({ "capacity": 1 }), environment).await;
    mailbox.opens().await;
    let ann = scene.at_work("Ann").await;
    let (_first, busy) = scene.busy_with(&ann).await;
    let vera = scene.vera().await;
    vera.starts("I have no time to wait").await;
    vera.waits_at(1).await;
    vera.window.clicks("section.wait button[data-a=place]").await;
    vera.window.clicks("section.wait form button.main").await;
    vera.window.reads("#email-error", "Please enter your email address.").await;
    look(&vera.window, "widget-keep-place").await;
    for (locale, words) in [("zh-CN", "保留我的排位"), ("en", "Keep my place")] {
        vera.calls(json!(["setLocale", locale])).await;
        vera.enters().await;
        vera.window.reads("section.wait", words).await;
        look(&vera.window, &format!("widget-keep-place-{locale}")).await;
    }
    vera.window.types("#email", "vera@example.com").await;
    vera.window.clicks("section.wait form button.main").await;
    vera.sees_note("Your place is kept. We will write to vera@example.com.").await;
    vera.window.reads("section.wait", "You can close this page.").await;
    look(&vera.window, "widget-kept").await;
    vera.window.closes().await;
    ann.closes(busy).await;
    let mails = patiently("the mail comes", || async {
        let mails = mailbox.mails();
        let to_vera = |mail: &Value| mail["to"] == json!(["vera@example.com"]);
        Some(mails.into_iter().filter(to_vera).collect::<Vec<_>>()).filter(|mails| !mails.is_empty())
    })
    .await;
    let text = mails[0]["text"].as_str().expect("a text");
    let at = text.find("/back/").unwrap_or_else(|| panic!("no link: {text}"));
    let token: String = text[at..].chars().take_while(|c| !c.is_whitespace()).collect();
    // Anywhere: this window has never seen the shop.
    let back = Widget::in_window(scene.driver.window("back").await);
    back.window.opens(&format!("{}{token}", scene.world.origin())).await;
    look(&back.window, "back").await;
    back.window.clicks("button[type=submit]").await;
    let conversation = ann.is_offered().await;
    back.window.finds("main").await;
    back.window.reads(".log .note", "Your place is held until").await;
    ann.accepts(conversation).await;
    back.sees_note("Ann").await;
    ann.says(conversation, "welcome back").await;
    back.sees("welcome back").await;
    back.says("here I am").await;
    ann.sees(conversation, "here I am").await;
    assert_eq!(back.window.violations().await, Vec::<String>::new());
}
