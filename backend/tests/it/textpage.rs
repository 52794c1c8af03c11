//! The chat without JavaScript: the whole story by forms and pages, with an agent on the other end.

use protocol::ids::ConversationId;
use protocol::state::{ConversationState, Presence};
use reqwest::header::HeaderMap;
use serde_json::json;
use uuid::Uuid;

use crate::basics::eventually;
use crate::browser::Driver;
use crate::departments::{self, Department};
use crate::pictures::look;
use crate::tenancy::dump;
use crate::text_browser::{Kind, TextBrowser};
use crate::uploads::{png, posting, uploaded};
use crate::wire::Over;
use crate::world::{Plan, World};

#[tokio::test]
async fn a_visitor_and_an_agent_talk_without_a_script() {
    for kind in [Kind::Text, Kind::Graphical] {
        let world = World::with(Plan::default().unlimited()).await;
        let mut ann = world.agent("Ann").await;
        ann.starts_work(Over::Socket).await;
        let mut vera = TextBrowser::new(&world, kind);
        vera.opens().await;
        assert!(vera.page.contains("Hi there"), "{}", vera.page);
        vera.sends("start", &[("name", "Vera"), ("text", "Is the tea <b>fresh</b>?")]).await;
        let conversation = ConversationId(vera.conversation());
        ann.is_offered_this(conversation).await;
        vera.sees("Connecting you with an agent").await;
        ann.accepts(conversation).await;
        vera.sees("Ann joined the conversation").await;
        vera.sees("You are talking to Ann").await;
        ann.sees(conversation, "Is the tea <b>fresh</b>?").await;
        ann.says(conversation, "Picked last week & packed today.").await;
        vera.sees("Picked last week &#38; packed today.").await;
        let online = |view: &crate::wire::View| view.summary(conversation)?.visitor_online.then_some(());
        ann.until("the visitor is present", online).await;
        let leaf = uploaded(&ann, conversation, ("leaf.png", "image/png"), png(20, 10)).await;
        ann.must(posting(conversation, leaf)).await;
        vera.sees("leaf.png").await;
        let file = vera.fetches(&format!("{}/files/{leaf}", vera.address())).await;
        assert_eq!(file.status(), 200);
        let header = |name: &str| file.headers()[name].to_str().expect("text").to_owned();
        assert!(header("content-disposition").starts_with("attachment"), "{:?}", file.headers());
        assert!(header("content-security-policy").contains("sandbox"), "{:?}", file.headers());
        if kind == Kind::Text {
            vera.goes(&vera.link("Write a message")).await;
        }
        vera.sends("send", &[("text", "Lovely.\r\nTwo ounces, please.")]).await;
        vera.sees("Two ounces, please.").await;
        ann.sees(conversation, "Lovely.\nTwo ounces, please.").await;
        let said = [
            (true, "Is the tea <b>fresh</b>?"),
            (false, "Picked last week & packed today."),
            (false, ""),
            (true, "Lovely.\nTwo ounces, please."),
        ];
        assert_eq!(vera.said(), said.map(|(mine, text)| (mine, text.to_owned())));
        ann.closes(conversation).await;
        vera.sees("How was this conversation?").await;
        vera.sends("rate", &[("score", "5"), ("comment", "quick")]).await;
        vera.sees("Thank you for your rating.").await;
        assert_eq!(world.count("select rating from conversation where rating is not null").await, 5);
        vera.goes(&vera.link("Start a new conversation")).await;
        assert!(vera.page.contains("Earlier conversations") && vera.page.contains("Ended"), "{}", vera.page);
        assert!(!vera.page.contains("<script"), "{}", vera.page);
    }
}

#[tokio::test]
async fn the_place_in_the_queue_is_told_as_it_changes_and_can_be_left() {
    let plan = Plan { policy: json!({"capacity": 1}), agents: vec!["Ann"], ..Plan::default() };
    let world = World::with(plan.unlimited()).await;
    let ann = world.at_work("Ann").await;
    let (_held, _) = world.held(&ann, "me first").await;
    let (before, second) = world.asking("me second").await;
    before.waits_at(1).await;
    for kind in [Kind::Graphical, Kind::Text] {
        let mut vera = TextBrowser::new(&world, kind);
        vera.opens().await;
        vera.sends("start", &[("text", "me third")]).await;
        if kind == Kind::Graphical {
            vera.sees("You are number 2.").await;
            before.must(protocol::command::Command::Close(protocol::command::Close { conversation: second })).await;
        }
        vera.sees("You are next.").await;
        vera.goes(&vera.link("Leave a message instead")).await;
        let thread = vera.form("leave");
        let thread = thread.iter().find(|(name, _)| name == "conversation").expect("the thread").1.clone();
        vera.sends("leave", &[("name", "Vera"), ("email", "vera@example.com"), ("text", "call me")]).await;
        vera.sees("We have your message and will answer by email.").await;
        assert_eq!(vera.conversation().to_string(), thread, "the message keeps the thread");
        assert!(vera.page.contains("me third") && vera.page.contains("call me"), "{}", vera.page);
    }
    assert_eq!(world.count("select count(*) from conversation where state = 'offline'").await, 2);
}

#[tokio::test]
async fn a_department_is_chosen_without_a_script() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ben = world.agent("Ben").await;
    ben.starts_work(Over::Socket).await;
    let orders = departments::add(&world, &Department::new("Orders", &["Ben"])).await;
    let nobody = departments::add(&world, &Department::new("Returns", &[])).await;
    departments::ask(&world, "required").await;
    for kind in [Kind::Text, Kind::Graphical] {
        let mut vera = TextBrowser::new(&world, kind);
        vera.opens().await;
        assert!(vera.page.contains(&format!("<option value=\"{orders}\">Orders</option>")), "{}", vera.page);
        assert!(vera.page.contains("Returns · Closed"), "{}", vera.page);
        vera.sends("start", &[("text", "where is it?")]).await;
        assert_eq!(vera.status, 422);
        assert!(vera.page.contains("Please choose a department.") && vera.page.contains("where is it?"));
        vera.sends("start", &[("department", &orders.to_string()), ("text", "where is it?")]).await;
        let conversation = ConversationId(vera.conversation());
        ben.is_offered_this(conversation).await;
        assert_eq!(ben.look(|view| view.summary(conversation)?.department), Some(orders));
        ben.accepts(conversation).await;
        vera.sees("You are talking to Ben").await;
        ben.closes(conversation).await;
        vera.sees("This conversation has ended").await;
        // Where nobody is, the same form leaves a message.
        vera.goes(&vera.link("Start a new conversation")).await;
        vera.sends("start", &[("department", &nobody.to_string()), ("text", "take it back")]).await;
        assert!(vera.page.contains(&format!("<option value=\"{nobody}\" selected>")), "{}", vera.page);
        let typed = [("name", "Vera"), ("email", "vera@example.com"), ("text", "take it back")];
        vera.sends("leave", &[&typed[..], &[("department", &nobody.to_string())]].concat()).await;
        vera.sees("We have your message").await;
    }
    let left = "select count(*) from conversation c join department d on d.id = c.department_id \
                where d.name = 'Returns' and c.state = 'offline'";
    assert_eq!(world.count(left).await, 2);
}

#[tokio::test]
async fn a_place_is_kept_without_a_script() {
    let plan = Plan { policy: json!({"capacity": 1}), agents: vec!["Ann"], ..Plan::default() };
    // Nothing has to arrive.
    let plan = plan.unlimited().with("FRONTDESK_SMTP_URL", "smtp://127.0.0.1:9");
    let world = World::with(plan.with("FRONTDESK_MAIL_FROM", "Frontdesk <chat@acme.example>")).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut held = world.visitor().await;
    held.connect(Over::Socket).await;
    let first = held.asks("me first").await;
    ann.is_offered_this(first).await;
    ann.accepts(first).await;
    for kind in [Kind::Text, Kind::Graphical] {
        let mut vera = TextBrowser::new(&world, kind);
        vera.opens().await;
        vera.sends("start", &[("text", "no time")]).await;
        vera.sees("Keep my place").await;
        vera.sends("keep", &[("email", "nowhere")]).await;
        assert_eq!(vera.status, 422);
        assert!(vera.page.contains("This does not look like an email address."), "{}", vera.page);
        vera.sends("keep", &[("email", "vera@example.com")]).await;
        vera.sees("Your place is kept. We will write to vera@example.com.").await;
        assert!(vera.page.contains("You can close this page."), "{}", vera.page);
    }
    assert_eq!(world.count("select count(*) from conversation where kept_email = 'vera@example.com'").await, 2);
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut vera = TextBrowser::new(&world, Kind::Graphical);
    vera.opens().await;
    // Nobody is there: it is a message for later.
    let long = "x".repeat(8_001);
    vera.sends("leave", &[("name", ""), ("email", "nonsense\"><script>"), ("text", &long)]).await;
    assert_eq!(vera.status, 422);
    for said in [
        "Please enter your name.",
        "This does not look like an email address.",
        "This message is too long: at most 8000 characters.",
        "value=\"nonsense&#34;&#62;&#60;script&#62;\"",
        &long,
    ] {
        assert!(vera.page.contains(said), "{said}: {}", vera.page);
    }
    assert!(!vera.page.contains("<script>"), "{}", vera.page);
    assert_eq!(world.count("select count(*) from visitor").await, 0, "nothing is stored half");
    let cmid = |browser: &TextBrowser| browser.form("leave").into_iter().find(|(name, _)| name == "cmid");
    let before = cmid(&vera);
    vera.sends("leave", &[("name", "Vera"), ("email", "vera@example.com"), ("text", "call me")]).await;
    assert!(before.is_some());
    vera.sees("We have your message and will answer by email.").await;
    vera.sends("send", &[("text", " \r\n ")]).await;
    assert_eq!(vera.status, 422);
    assert!(vera.page.contains("Please write a message.") && vera.page.contains("call me"), "{}", vera.page);
    for (name, value) in [("do", "nonsense"), ("cmid", "1"), ("conversation", "x")] {
        let mut fields = vera.form("send");
        fields.retain(|(field, _)| field != name);
        fields.extend([(name.to_owned(), value.to_owned()), ("text".to_owned(), "hello".to_owned())]);
        let answer = vera.posting(&fields, &[]).await;
        assert_eq!(answer.status(), 400, "{name}");
    }
    for address in ["?conversation=x", "?conversation=0192f0c1-2b3c-7d4e-8f50-616263646566"] {
        vera.goes(&format!("{}{address}", vera.address().to_owned())).await;
        assert_eq!(vera.status, 404, "{address}");
    }
    assert_eq!(world.count("select count(*) from entry where kind = 'message'").await, 1);
}

#[tokio::test]
async fn a_form_sent_twice_is_stored_once() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = TextBrowser::new(&world, Kind::Graphical);
    vera.opens().await;
    // A double click on the very first form: neither request knows of the other.
    let mut start = vera.form("start");
    start.push(("text".to_owned(), "hello?".to_owned()));
    let (one, two, three) =
        tokio::join!(vera.posting(&start, &[]), vera.posting(&start, &[]), vera.posting(&start, &[]));
    let led = [&one, &two, &three].map(|answer| (answer.status().as_u16(), answer.headers()["location"].clone()));
    assert!(led.iter().all(|it| it == &led[0]) && led[0].0 == 303, "{led:?}");
    vera.opens().await;
    vera.sees("hello?").await;
    let conversation = ConversationId(vera.conversation());
    let mut send = vera.form("send");
    send.push(("text".to_owned(), "once".to_owned()));
    for _ in 0..3 {
        vera.posts(&send).await;
        vera.sees("once").await;
    }
    let mut changed = send.clone();
    changed.pop();
    changed.push(("text".to_owned(), "twice".to_owned()));
    vera.posts(&changed).await;
    assert_eq!(vera.said().len(), 2, "{:?}", vera.said());
    ann.is_offered_this(conversation).await;
    assert_eq!(world.count("select count(*) from visitor").await, 1);
    assert_eq!(world.count("select count(*) from conversation").await, 1);
    assert_eq!(world.count("select count(*) from entry where kind = 'message'").await, 2);
}

#[tokio::test]
async fn reading_writes_nothing_and_the_cookie_is_for_these_pages_alone() {
    let world = World::with(Plan::default().unlimited()).await;
    let before = dump(&world, world.acme.id).await;
    let chat = format!("{}/chat/{}", world.url(), world.acme.site);
    let http = reqwest::Client::new();
    let cookies = |headers: &HeaderMap| -> Vec<String> {
        headers.get_all("set-cookie").iter().map(|it| it.to_str().expect("text").to_owned()).collect()
    };
    let hosted = http.get(&chat).send().await.expect("an answer");
    assert!(cookies(hosted.headers()).is_empty());
    let hosted = hosted.text().await.expect("text");
    assert!(hosted.contains("<noscript><meta http-equiv=\"refresh\" content=\"0; url=/chat/"), "{hosted}");
    // Who comes from another site is led on by a page of ours first, and keeps the cookie there may be.
    for from in ["cross-site", "same-site"] {
        let entered = http.get(format!("{chat}/text?here=1")).header("sec-fetch-site", from).send().await;
        let entered = entered.expect("an answer");
        assert!(cookies(entered.headers()).is_empty(), "{from}");
        assert!(entered.text().await.expect("text").contains("Continue to the chat"), "{from}");
    }
    let entered = http.get(format!("{chat}/text")).send().await.expect("an answer");
    assert!(cookies(entered.headers()).is_empty());
    let opened = http.get(format!("{chat}/text?here=1")).send().await.expect("an answer");
    let set = cookies(opened.headers());
    assert_eq!(set.len(), 1, "{set:?}");
    for flag in ["frontdesk-visitor=", "HttpOnly", "SameSite=Strict", "Max-Age=2592000"] {
        assert!(set[0].contains(flag), "{set:?}");
    }
    assert!(set[0].contains(&format!("Path=/chat/{};", world.acme.site)), "{set:?}");
    let token = set[0].split(['=', ';']).nth(1).expect("a value");
    assert!(!opened.text().await.expect("text").contains(token), "the token is in the page");
    for kind in [Kind::Text, Kind::Graphical] {
        let mut vera = TextBrowser::new(&world, kind);
        vera.opens().await;
        vera.goes(&format!("{}?leave=1", vera.address().to_owned())).await;
        vera.goes(&format!("{}?new=1", vera.address().to_owned())).await;
    }
    assert_eq!(dump(&world, world.acme.id).await, before);
}

#[tokio::test]
async fn only_forms_made_for_the_visit_are_taken() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = TextBrowser::new(&world, Kind::Text);
    vera.opens().await;
    let mut mallory = TextBrowser::new(&world, Kind::Text);
    mallory.opens().await;
    let start = |proof: &str| {
        let fields = [("do", "start"), ("proof", proof), ("text", "not mine"), ("conversation", "")];
        let mut fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        fields.push(("cmid".to_owned(), Uuid::new_v4().to_string()));
        fields
    };
    let of_mallory = mallory.form("start").into_iter().find(|(name, _)| name == "proof").expect("a proof").1;
    for proof in ["", "x", &of_mallory] {
        let answer = vera.posting(&start(proof), &[]).await;
        assert_eq!(answer.status(), 403, "{proof}");
        let page = answer.text().await.expect("text");
        assert!(page.contains("not mine") && page.contains("not from your own visit"), "{page}");
    }
    let proof = vera.form("start").into_iter().find(|(name, _)| name == "proof").expect("a proof").1;
    for headers in [[("origin", "http://evil.example")], [("sec-fetch-site", "cross-site")], [("origin", "null")]] {
        let answer = vera.posting(&start(&proof), &headers).await;
        assert_eq!(answer.status(), 403, "{headers:?}");
    }
    // A browser that keeps no cookies is told so.
    let answer = TextBrowser::new(&world, Kind::Text).posting(&start(&proof), &[]).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.expect("text").contains("allow cookies"));
    assert_eq!(world.count("select count(*) from visitor").await, 0);
    let answer = vera.posting(&start(&proof), &[]).await;
    assert_eq!(answer.status(), 303);
}

#[tokio::test]
async fn what_belongs_to_another_visitor_does_not_exist() {
    let world = World::with(Plan { second: true, ..Plan::default() }.unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut victim = TextBrowser::new(&world, Kind::Text);
    victim.opens().await;
    victim.sends("start", &[("text", "a secret")]).await;
    let conversation = ConversationId(victim.conversation());
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    let leaf = uploaded(&ann, conversation, ("leaf.png", "image/png"), png(20, 10)).await;
    ann.must(posting(conversation, leaf)).await;
    victim.sees("leaf.png").await;
    let other = world.other.clone().expect("another tenant");
    let before = dump(&world, world.acme.id).await;
    for site in [world.acme.site.as_str(), other.site.as_str()] {
        let mut mallory = TextBrowser::on(&world, site, Kind::Text);
        mallory.opens().await;
        mallory.goes(&format!("{}?leave=1", mallory.address().to_owned())).await;
        mallory.sends("leave", &[("name", "M"), ("email", "m@example.com"), ("text", "mine")]).await;
        mallory.sees("mine").await;
        let own = mallory.form("close");
        for act in ["send", "close", "rate", "leave"] {
            let fields = |id: Uuid| {
                let mut fields = own.clone();
                fields.retain(|(name, _)| !["do", "conversation"].contains(&name.as_str()));
                let typed = [("text", "stolen"), ("score", "1"), ("name", "M"), ("email", "m@example.com")];
                fields.extend(typed.map(|(name, value)| (name.to_owned(), value.to_owned())));
                fields.push(("do".to_owned(), act.to_owned()));
                fields.push(("cmid".to_owned(), Uuid::new_v4().to_string()));
                fields.push(("conversation".to_owned(), id.to_string()));
                fields
            };
            let theirs = mallory.posting(&fields(conversation.0), &[]).await;
            let random = mallory.posting(&fields(Uuid::new_v4()), &[]).await;
            assert_eq!((theirs.status().as_u16(), random.status().as_u16()), (404, 404), "{act}");
            let (theirs, random) = (theirs.text().await.expect("text"), random.text().await.expect("text"));
            assert_eq!(theirs, random, "{act}: the answers tell that it exists");
        }
        for address in [format!("?conversation={conversation}"), format!("/files/{leaf}")] {
            let answer = mallory.fetches(&format!("{}{address}", mallory.address())).await;
            assert_eq!(answer.status(), 404, "{address}");
            assert!(!answer.text().await.expect("text").contains("secret"), "{address}");
        }
    }
    let after = dump(&world, world.acme.id).await;
    for (table, rows) in before {
        let missing: Vec<&str> = rows.lines().filter(|row| !after[&table].contains(row)).collect();
        assert!(missing.is_empty(), "{table} changed: {missing:?}");
    }
}

#[tokio::test]
async fn limits_hold_and_what_was_typed_stays() {
    let world = World::start().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = TextBrowser::new(&world, Kind::Text);
    vera.opens().await;
    vera.sends("start", &[("text", "hello?")]).await;
    vera.goes(&format!("{}&still=1", vera.link("Look for new messages"))).await;
    let limited = async {
        for n in 0..60 {
            let mut fields = vera.form("send");
            fields.retain(|(name, _)| name != "cmid");
            fields.push(("cmid".to_owned(), Uuid::new_v4().to_string()));
            fields.push(("text".to_owned(), format!("spam {n}")));
            let answer = vera.posting(&fields, &[]).await;
            if answer.status() == 429 {
                assert!(answer.headers().contains_key("retry-after"));
                return Some((n, answer.text().await.expect("text")));
            }
            assert_eq!(answer.status(), 303);
        }
        None
    };
    let (n, page) = limited.await.expect("a limit");
    assert!(page.contains("Too many messages at once") && page.contains(&format!("spam {n}</textarea>")), "{page}");
}

#[tokio::test]
async fn a_page_that_stays_open_survives_a_restart_and_a_suspension_ends_it() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = TextBrowser::new(&world, Kind::Graphical);
    vera.opens().await;
    vera.sends("start", &[("text", "hello?")]).await;
    let conversation = ConversationId(vera.conversation());
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    vera.sees("Ann joined the conversation").await;
    world.sigterm();
    world.ended().await;
    world.serve().await;
    ann.connect(Over::Socket).await;
    ann.opens(conversation).await;
    ann.says(conversation, "back again").await;
    vera.sees("back again").await;
    vera.sends("send", &[("text", "welcome back")]).await;
    ann.sees(conversation, "welcome back").await;
    let (done, report) = world.run(&["tenant", "suspend", &world.acme.slug]);
    assert!(done, "{report}");
    vera.sees("Chat is not available").await;
}

#[tokio::test]
async fn a_real_browser_without_javascript_talks_and_every_page_fits() {
    let world = World::with(Plan::default().unlimited()).await;
    let mut ann = world.agent("Ann").await;
    let driver = Driver::start().await;
    let vera = driver.window_without_patience("plain").await;
    vera.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    vera.opens(&format!("{}/chat/{}", world.origin(), world.acme.site)).await;
    vera.reads("h1", "Hi there").await;
    assert!(vera.client.current_url().await.expect("an address").path().ends_with("/text"));
    look(&vera, "text-offline").await;
    ann.starts_work(Over::Socket).await;
    vera.opens(&format!("{}/chat/{}/text", world.origin(), world.acme.site)).await;
    vera.reads("button", "Start a chat").await;
    look(&vera, "text-start").await;
    ann.goes(Presence::Online).await;
    vera.types("textarea[name=text]", "Is the green tea fresh?").await;
    vera.clicks("button.main").await;
    vera.reads(".mine .bubble", "Is the green tea fresh?").await;
    let conversation = ann.is_offered().await;
    vera.reads(".state", "Connecting you with an agent").await;
    look(&vera, "text-waiting").await;
    ann.accepts(conversation).await;
    vera.reads(".state", "You are talking to Ann").await;
    vera.types(".write textarea", "half a sen").await;
    ann.says(conversation, "Picked last week, and packed this morning.").await;
    vera.reads(".theirs .bubble", "Picked last week").await;
    vera.types(".write textarea", "tence").await;
    look(&vera, "text-thread").await;
    vera.clicks(".write button").await;
    ann.sees(conversation, "half a sentence").await;
    vera.reads(".mine .bubble", "half a sentence").await;
    // The server is killed: the page comes back by itself.
    world.restart().await;
    ann.connect(Over::Socket).await;
    ann.opens(conversation).await;
    ann.says(conversation, "Are you still there?").await;
    vera.reads(".theirs .bubble", "Are you still there?").await;
    ann.closes(conversation).await;
    vera.reads(".state", "How was this conversation?").await;
    look(&vera, "text-closed").await;
    vera.clicks("input[value='4']").await;
    vera.clicks(".state button.plain").await;
    vera.reads(".state", "Thank you for your rating.").await;
    eventually("the rating is stored", || async {
        (world.count("select count(*) from conversation where rating = 4").await == 1).then_some(())
    })
    .await;
    ann.sees_state(conversation, ConversationState::Closed).await;
    vera.closes().await;
}
